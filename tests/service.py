"""The real service: ``embargo serve`` as a process of its own, with the machine's clock, its log on standard error."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import shutil
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fakes import FakeClock
from mailbox_server import Mailbox
from openpgp import Person
from world import World, configuration, enrol, initialise, open_parts, roster, table_of

START_WITHIN = 60.0
# Seconds. A stop takes five at most; a machine that stalls adds some, what hangs would take ten or more.
STOP_WITHIN = 9.0
ROOT = Path(__file__).parent.parent
ENVIRONMENT = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "NO_COLOR": "1"}


@dataclass
class Service:
    """One state directory with its configuration file; started, killed and started again at will."""

    directory: Path
    box: Mailbox
    people: dict[str, Person]
    list_key: bytes
    temporary: Path  # its TMPDIR: GnuPG's homes are made there, and nobody else's
    process: asyncio.subprocess.Process | None = None
    port: int = 0
    log: bytearray = field(default_factory=bytearray)
    writer: World = field(init=False)
    _reading: asyncio.Task[None] | None = None

    @property
    def config(self) -> Path:
        return self.directory / "config.toml"

    @property
    def environment(self) -> dict[str, str]:
        return ENVIRONMENT | {"TMPDIR": str(self.temporary)}

    def command(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "gateway", "--config", str(self.config), *words]

    async def run(self, *words: str) -> tuple[int, str, str]:
        """Run another command to its end: exit code, standard output, standard error."""
        process = await asyncio.create_subprocess_exec(
            *self.command(*words),
            cwd=ROOT,
            env=self.environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await asyncio.wait_for(process.communicate(), START_WITHIN)
        return process.returncode or 0, out.decode(), err.decode()

    async def json(self, *words: str) -> Any:
        code, out, err = await self.run(*words, "--json")
        assert code == 0, err
        return json.loads(out)

    async def start(self, preexec: Callable[[], None] | None = None) -> float:
        """Start it and wait for its ready line; gives how many seconds that took."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        self.process = await asyncio.create_subprocess_exec(
            *self.command("serve"),
            cwd=ROOT,
            env=self.environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            preexec_fn=preexec,
        )
        assert self.process.stdout is not None
        self._reading = asyncio.create_task(self._read(self.process))
        async with asyncio.timeout(START_WITHIN):
            line = (await self.process.stdout.readline()).decode()
        found = re.fullmatch(r"ready smtp=127\.0\.0\.1:(\d+)\n", line)
        if found is None:
            await self.process.wait()
            await self._reading
            raise AssertionError(f"not ready: {line!r} {self.log.decode(errors='replace')[-2000:]}")
        self.port = self.writer.port = int(found[1])
        return loop.time() - began

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        assert process.stderr is not None
        while chunk := await process.stderr.read(1 << 16):
            self.log += chunk

    async def end(self, number: int = signal.SIGTERM) -> tuple[int, float]:
        """End it by a signal; gives the exit code and how many seconds it took."""
        assert self.process is not None
        began = asyncio.get_running_loop().time()
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(number)
        code = await asyncio.wait_for(self.process.wait(), START_WITHIN)
        took = asyncio.get_running_loop().time() - began
        if self._reading is not None:
            await self._reading
        self.process = None
        return code, took

    async def kill(self) -> None:
        """What a power cut does, as far as a process can be made to feel it."""
        await self.end(signal.SIGKILL)

    async def deliver(self, raw: bytes) -> str:
        return await self.writer.deliver(raw)

    def homes(self) -> set[Path]:
        """The private directories of GnuPG that there are."""
        return set(self.temporary.glob("eg-*"))


def agents(homes: Sequence[Path]) -> list[int]:
    """The agents that live in these homes."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                words = (entry / "cmdline").read_bytes()
                if b"gpg-agent" in words and any(os.fsencode(home) in words for home in homes):
                    found.append(int(entry.name))
    return found


async def end_of_agents(homes: Sequence[Path]) -> None:
    """Wait until no agent lives in these homes: one that was killed is seen until the kernel has got round to it."""
    async with asyncio.timeout(START_WITHIN):
        while agents(homes):  # noqa: ASYNC110 - a process that is no child of ours rings no bell
            await asyncio.sleep(0.02)


def toml(table: dict[str, Any], path: str = "") -> str:
    """Write a configuration; only what ours holds: tables, strings, numbers, booleans, lists of strings."""
    plain = [f"{key} = {json.dumps(value)}" for key, value in table.items() if not isinstance(value, dict)]
    text = f"[{path}]\n" * bool(path) + "\n".join(plain) + "\n"
    for key, value in table.items():
        if isinstance(value, dict):
            text += "\n" + toml(value, f"{path}.{key}" if path else key)
    return text


@asynccontextmanager
async def service(
    directory: Path, people: dict[str, Person], *, box: Mailbox | None = None, **changes: dict[str, Any]
) -> AsyncIterator[Service]:
    """Set a gateway up, with the people on its list; nothing runs before ``start``."""
    async with contextlib.AsyncExitStack() as stack:
        hop = box or await stack.enter_async_context(Mailbox())
        changes["relay"] = {"retry_pauses": ["1s"], **changes.get("relay", {})}
        changes["log"] = {"level": "debug", **changes.get("log", {})}
        path = directory / "config.toml"
        path.write_text(toml(table_of(directory, hop.port, **changes)))
        config = configuration.load(path)
        await initialise(config)
        async with open_parts(config) as parts:
            await enrol(parts, people)
            async with parts.database.reading() as tx:
                row = await roster.list_key(tx, "early-disclosure")
            assert row is not None
        for person in people.values():
            person.know(row.public)
        temporary = Path(tempfile.mkdtemp(prefix="t", dir="/tmp"))
        stack.callback(shutil.rmtree, temporary, ignore_errors=True)
        running = Service(directory, hop, people, row.public, temporary)
        nobody: Any = None
        running.writer = World(nobody, nobody, _Machine(), hop, "127.0.0.1", 0, people, row.public)
        try:
            yield running
        finally:
            if running.process is not None:
                await running.end(signal.SIGKILL)
            for pid in agents([temporary]):
                with contextlib.suppress(ProcessLookupError):  # it has ended by itself meanwhile
                    os.kill(pid, signal.SIGKILL)


class _Machine(FakeClock):
    """The machine's clock, for who writes mail."""

    def now(self) -> datetime:
        return datetime.now(UTC)
