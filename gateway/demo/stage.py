"""The stage of the demo: a temporary directory, a mailbox server, and a real gateway in a process of its own."""

from __future__ import annotations

import asyncio
import json
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from gateway import replies
from gateway.clock import SystemClock
from gateway.demo.cast import Letter
from gateway.smtp import Door

if TYPE_CHECKING:
    from pathlib import Path

    from gateway.demo.cast import Actor
    from gateway.envelope import Envelope
    from gateway.replies import Reply

LIST = "early-disclosure@lists.example"
PUBLIC = "announce@public.example"
ZONE = "America/Los_Angeles"
REMINDED = timedelta(days=3)  # before the public date
PATIENCE = 30.0  # seconds for anything that has to happen
LOOK_EVERY = 0.05


class StepFailedError(Exception):
    """A step of the demo did not do what it should; the text says which and what was seen."""


@dataclass(slots=True)
class Stage:
    """Where the story plays."""

    directory: Path
    mails: list[Envelope] = field(default_factory=list)
    opened: dict[int, Letter] = field(default_factory=dict, repr=False)
    mailbox: Door | None = None
    mailbox_port: int = 0
    service: asyncio.subprocess.Process | None = None
    host: str = ""
    port: int = 0

    @property
    def config(self) -> Path:
        """The configuration file."""
        return self.directory / "config.toml"

    @property
    def pages(self) -> Path:
        """Where the demo's alarm command writes what it is told."""
        return self.directory / "pager.jsonl"

    async def open_mailbox(self, addresses: set[str]) -> None:
        """Be the next hop: take mail for these addresses on a free loopback port, and keep every byte."""

        async def is_known(address: str) -> bool:
            return address in addresses

        async def take(envelope: Envelope) -> Reply:
            self.mails.append(envelope)
            return replies.OK

        self.mailbox = Door(
            hostname="mailbox.example",
            protocol="smtp",
            max_bytes=64 * 1024 * 1024,
            is_known=is_known,
            our_domains=frozenset(address.partition("@")[2] for address in addresses),
            take=take,
            clock_now=SystemClock().now,
        )
        _, self.mailbox_port = await self.mailbox.open("127.0.0.1", 0)

    def write_config(self) -> None:
        """Write the configuration and the alarm command."""
        pager = self.directory / "pager.py"
        pager.write_text(f"import sys\nopen({str(self.pages)!r}, 'a').write(sys.stdin.read())\n")
        self.config.write_text(
            f"""\
[gateway]
state_dir = "state"
hostname = "mx.lists.example"

[smtp]
listen = "127.0.0.1:0"

[relay]
host = "127.0.0.1"
port = {self.mailbox_port}

[alarm]
command = ["{sys.executable}", "{pager}"]

[lists.early-disclosure]
address = "{LIST}"
name = "Early disclosure"
release_grace = "0s"
timezone = "{ZONE}"
min_lead = "7d"
date_change = "agreement"
reminders = ["{REMINDED.days}d"]
member_reminder = "{REMINDED.days}d"
public_address = "{PUBLIC}"
retrospective_within = "1s"
"""
        )

    async def embargo(self, *arguments: str, may_fail: bool = False) -> str:
        """Run one ``embargo`` command, as an operator does; give what it printed."""
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "gateway", "--config", str(self.config), *arguments,
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        output, errors = await process.communicate()
        if process.returncode and not may_fail:
            message = f"`embargo {' '.join(arguments)}` ended with {process.returncode}: {errors.decode().strip()}"
            raise StepFailedError(message)
        return output.decode()

    async def embargo_json(self, *arguments: str) -> Any:  # noqa: ANN401 - whatever the command tells
        """Run one reading command with ``--json``."""
        return json.loads(await self.embargo(*arguments, "--json"))

    async def start(self) -> None:
        """Start ``embargo serve`` and wait for its ready line."""
        log = await asyncio.to_thread((self.directory / "serve.log").open, "wb")
        with log:
            self.service = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "gateway", "--config", str(self.config), "serve",
                stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=log,
            )  # fmt: skip
        if self.service.stdout is None:
            message = "the gateway has no output"
            raise StepFailedError(message)
        async with asyncio.timeout(PATIENCE):
            line = (await self.service.stdout.readline()).decode().strip()
        if not line.startswith("ready smtp="):
            message = f"the gateway did not start (see {self.directory / 'serve.log'})"
            raise StepFailedError(message)
        self.host, _, port = line.removeprefix("ready smtp=").rpartition(":")
        self.port = int(port)

    async def stop(self) -> int:
        """Stop the gateway; give its exit code."""
        if self.service is None or self.service.returncode is not None:
            return 0
        self.service.terminate()
        try:
            async with asyncio.timeout(PATIENCE):
                return await self.service.wait()
        except TimeoutError:
            self.service.kill()
            return await self.service.wait()

    async def close(self) -> None:
        """End everything that was started."""
        with suppress(ProcessLookupError):
            await self.stop()
        if self.mailbox is not None:
            await self.mailbox.close(1.0)

    async def wait_for(self, actor: Actor, words: str, list_fingerprint: str, *, inside: bool = False) -> Letter:
        """Wait for a mail to a person whose real subject (``inside``: whose text) holds some words.

        Each mail is opened once, with that person's own key. Raises StepFailedError where one does not open, or
        where none comes.
        """
        seen = 0
        try:
            async with asyncio.timeout(PATIENCE):
                while True:
                    mails = [(at, mail) for at, mail in enumerate(self.mails) if mail.recipient == actor.address]
                    for at, envelope in mails[seen:]:
                        letter = self.opened.get(at) or await actor.read(envelope.content, list_fingerprint)
                        if letter is None:
                            raise StepFailedError(f"{actor.name} can't open a mail that was sent to him")
                        self.opened[at] = letter
                        if words in (letter.text if inside else letter.subject):
                            return letter
                    seen = len(mails)
                    await asyncio.sleep(LOOK_EVERY)
        except TimeoutError as error:
            message = f"{actor.name} got no mail that says '{words}' within {PATIENCE:.0f} s"
            raise StepFailedError(message) from error
