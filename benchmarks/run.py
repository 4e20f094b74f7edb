"""`make bench`: mails a second coming in, the fan-out to 100 members, and the trail verified; CPU and wall.

Real SMTP both ways, real GnuPG, SQLite with an fsync a commit. CPU is that of this process, of all its children
that ended (gpg, the parser) and of the gpg-agents, less that of the loopback mailbox and of writing the mails, which
are counted apart: the mailbox runs as a process of its own.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from deeds import AT_ONCE, LIST_ID  # noqa: E402
from fakes import FakeClock  # noqa: E402
from gateway import log  # noqa: E402
from gateway.clock import SystemClock  # noqa: E402
from gateway.operator.trail import verify_trail  # noqa: E402
from openpgp import Person  # noqa: E402
from policy.facts import Role  # noqa: E402
from storage import audit as trail  # noqa: E402
from world import World, configured, datetime, initialise, open_parts, roster, running  # noqa: E402

TICKS = os.sysconf("SC_CLK_TCK")
MIB = 1 << 20

# The next hop: takes everything, keeps nothing, and counts.
MAILBOX = """
import asyncio, sys
async def serve(reader, writer):
    writer.write(b"220 box\\r\\n")
    while line := await reader.readline():
        word = line[:4].upper()
        if word == b"DATA":
            writer.write(b"354 go\\r\\n")
            await writer.drain()
            tail = b""
            while not tail.endswith(b"\\r\\n.\\r\\n"):
                chunk = await reader.read(1 << 18)
                if not chunk: return
                tail = (tail + chunk)[-5:]
        writer.write(b"221 bye\\r\\n" if word == b"QUIT" else b"250 ok\\r\\n")
        await writer.drain()
        if word == b"QUIT": break
    writer.close()
async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", 0, limit=1 << 20)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()
asyncio.run(main())
"""


@dataclass(frozen=True)
class Spent:
    """CPU and wall seconds."""

    cpu: float
    wall: float


class Meter:
    """CPU of this process, its ended and living children, and its agents, since the meter was made."""

    def __init__(self, temporary: Path, leave_out: int) -> None:
        self._temporary, self._leave_out = temporary, leave_out
        self._cpu, self._wall = self._now(), time.perf_counter()

    def read(self) -> Spent:
        return Spent(self._now() - self._cpu, time.perf_counter() - self._wall)

    def _now(self) -> float:
        ended = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        return sum(one.ru_utime + one.ru_stime for one in ended) + sum(self._living())

    def _living(self) -> list[float]:
        found = []
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit() or int(entry.name) in {os.getpid(), self._leave_out}:
                continue
            try:
                words = (entry / "cmdline").read_bytes()
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            is_agent = b"gpg-agent" in words and os.fsencode(self._temporary) in words
            if is_agent or int(fields[1]) == os.getpid():
                found.append((int(fields[11]) + int(fields[12])) / TICKS)
        return found


async def set_up(directory: Path, port: int, people: dict[str, Person], seal: str) -> None:
    config = configured(directory, port, list={"seal": seal})
    await initialise(config)
    async with open_parts(config) as parts:
        now = datetime.now(parts.clock.now().tzinfo)
        async with parts.database.transaction() as tx:
            for name, person in people.items():
                facts, public = await parts.engine.inspect(person.public, now=now)
                who = await roster.add_person(
                    tx, list_id=LIST_ID, role=Role.COORDINATOR if name == "alice" else Role.MEMBER,
                    address=person.address, name=person.name, groups=(), policy_hash=None, now=now,
                )  # fmt: skip
                await roster.pin_key(
                    tx, person_id=who, list_id=LIST_ID, fingerprint=facts.fingerprint, public=public,
                    algorithm=facts.algorithm, expires_at=None, flaw=None, now=now,
                )  # fmt: skip


async def fan_out(story: World, size: int, meter_of: object) -> tuple[Spent, Spent]:
    """Post one disclosure; gives what taking it cost, and what its release and delivery to everybody cost."""
    assert callable(meter_of)
    attachments = [("fix.bin", os.urandom(size))] if size else []
    raw = story.compose("alice", AT_ONCE, attachments=attachments)
    await story.settle()
    meter = meter_of()
    await story.deliver(raw)
    taken = meter.read()
    meter = meter_of()
    await story.settle()
    return taken, meter.read()


async def intake(story: World, count: int, meter_of: object) -> Spent:
    """Take disclosures over several connections at once, none of them due."""
    assert callable(meter_of)
    raws = [story.compose("alice", f"Hold-Until: +30d\nEmbargo-Until: +60d\n\nNumber {n}.\n") for n in range(count)]
    meter = meter_of()
    for first in range(0, count, 8):
        await asyncio.gather(*(story.deliver(raw) for raw in raws[first : first + 8]))
    return meter.read()


async def measure(arguments: argparse.Namespace, base: Path, port: int, hop: int) -> list[tuple[str, ...]]:
    people = {"alice": Person("Alice Archer", "alice@project.example")}
    print(f"making {arguments.members} keys ...", file=sys.stderr)
    for number in range(arguments.members):
        people[f"m{number}"] = Person(f"Member {number}", f"security@m{number}.example")
        people[f"m{number}"].public  # noqa: B018 - exported now, not inside a measurement
    rows: list[tuple[str, ...]] = []
    nobody: Any = None
    writer = {"alice": people["alice"]}
    try:
        for seal in ("each", "shared"):
            directory = base / seal
            directory.mkdir()
            await set_up(directory, port, people, seal)
            clock = FakeClock(SystemClock().now())
            config = configured(directory, port, list={"seal": seal})
            async with open_parts(config, clock=clock) as parts, running(parts, nobody, writer) as story:
                story.people = people
                await story.deliver(story.compose("alice", "Preview: yes\nEmbargo-Until: +1d\n\nWarm.\n"))
                await story.settle()

                def meter_of() -> Meter:
                    return Meter(base, hop)

                if seal == "each":
                    spent = await intake(story, arguments.mails, meter_of)
                    rows.append(row("intake, small", arguments.mails, spent, "mail"))
                for name, size in (("4 KiB", 4096), ("1 MiB", MIB)):
                    clock.advance(timedelta(seconds=1))
                    taken, sent = await fan_out(story, size, meter_of)
                    rows.append(row(f"intake, {name} attached", 1, taken, "mail"))
                    rows.append(row(f"fan-out, seal={seal}, {name} attached", arguments.members, sent, "copy"))
                meter = meter_of()
                found = await verify_trail(config, None)
                if not found.ok:
                    raise SystemExit(f"the trail is broken: {found.why}")
                spent = meter.read()
                async with parts.database.reading() as tx:
                    head = await trail.head(tx)
                assert head is not None
                rows.append(row("audit verify", head[0], spent, "record"))
    finally:
        for person in people.values():
            person.close()
    return rows


def row(what: str, count: int, spent: Spent, unit: str) -> tuple[str, ...]:
    return (
        what, str(count), f"{spent.wall:.2f}", f"{spent.cpu:.2f}",
        f"{1000 * spent.cpu / count:.1f}", f"{count / spent.wall:.1f} {unit}/s",
    )  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--members", type=int, default=100)
    parser.add_argument("--mails", type=int, default=40)
    arguments = parser.parse_args()
    base = Path(tempfile.mkdtemp(prefix="b", dir="/tmp"))
    tempfile.tempdir = str(base)  # GnuPG's homes too, so that the agents counted are ours
    log.configure("error", "console", now=SystemClock().now)
    hop = subprocess.Popen([sys.executable, "-I", "-c", MAILBOX], stdout=subprocess.PIPE)
    try:
        assert hop.stdout is not None
        rows = asyncio.run(measure(arguments, base, int(hop.stdout.readline()), hop.pid))
    finally:
        hop.terminate()
        hop.wait()
        shutil.rmtree(base, ignore_errors=True)
    head = ("", "n", "wall s", "CPU s", "CPU ms each", "rate")
    widths = [max(len(line[column]) for line in (head, *rows)) for column in range(len(head))]
    for first, *others in (head, *rows):
        numbers = [text.rjust(width) for text, width in zip(others, widths[1:], strict=True)]
        print("  ".join([first.ljust(widths[0]), *numbers]))


if __name__ == "__main__":
    main()
