# ruff: noqa: ASYNC109, ASYNC110 - time limits are for tests to shorten; a turn of the loop is no sleep

"""An open door for tests, and a client that writes whatever bytes it is told to."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import trustme

from gateway import replies
from gateway.envelope import Envelope
from gateway.replies import Reply
from gateway.smtp import Door, _Session

LIST = "early-disclosure@lists.example"
DOMAIN = "lists.example"
NOW = datetime(2026, 12, 1, 12, 0, tzinfo=UTC)
MAIL = b"Subject: x\r\n\r\nhello\r\n"
PATIENCE = 60.0  # seconds: what never comes fails; a machine that stands still for a moment does not


class FrontDoor:
    """A door that keeps what it takes: ``async with FrontDoor() as front``."""

    def __init__(self, *, tls: bool = False, **settings: Any) -> None:
        self.kept: list[Envelope] = []
        self.asked: list[str] = []
        self.known = {LIST}
        self.authority = trustme.CA() if tls else None
        settings.setdefault("protocol", "smtp")
        settings.setdefault("max_bytes", 100_000)
        settings.setdefault("take", self.keep)
        settings.setdefault("is_known", self.is_known)
        self.door = Door(
            hostname="mx.lists.example",
            our_domains=frozenset({DOMAIN}),
            clock_now=lambda: NOW,
            tls=self._server_context() if tls else None,
            **settings,
        )
        self.host, self.port = "", 0
        self._clients: list[Client] = []

    def _server_context(self) -> ssl.SSLContext:
        assert self.authority is not None
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self.authority.issue_cert("localhost", "127.0.0.1").configure_cert(context)
        return context

    def client_context(self) -> ssl.SSLContext:
        assert self.authority is not None
        context = ssl.create_default_context()
        self.authority.configure_trust(context)
        return context

    async def is_known(self, address: str) -> bool:
        self.asked.append(address)
        return address in self.known

    async def keep(self, envelope: Envelope) -> Reply:
        self.kept.append(envelope)
        return replies.OK

    async def __aenter__(self) -> FrontDoor:
        self.host, self.port = await self.door.open("127.0.0.1", 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        for client in self._clients:
            await client.hang_up()
        await self.door.close(2)

    async def client(self, *, greet: bool = True) -> Client:
        """Connect; after EHLO unless told otherwise."""
        client = Client(*await asyncio.open_connection(self.host, self.port))
        self._clients.append(client)
        await client.answer()
        if greet:
            await client.say(b"LHLO me" if self.door.protocol == "lmtp" else b"EHLO me")
        return client

    def session(self) -> _Session:
        """The door's side of the one connection that there is."""
        (session,) = self.door._sessions
        return session

    def hurry(self, seconds: float) -> None:
        """Let the limit that runs for the one connection be up so many seconds from now."""
        self.session()._reset_timeout(seconds)

    async def send(self, content: bytes, *, sender: bytes = b"<a@x.example>") -> bytes:
        """Send one mail over a connection of its own: the reply after the dot."""
        client = await self.client()
        await client.begin(sender)
        return await client.say(content + b".", end=b"\r\n")


class Client:
    """One connection, spoken to in bytes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def write(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def answer(self, timeout: float = PATIENCE) -> bytes:
        """Read one whole reply; b"" where the connection is closed."""
        lines = b""
        async with asyncio.timeout(timeout):
            while True:
                line = await self.reader.readline()
                lines += line
                if line[3:4] != b"-":
                    return lines

    async def say(self, command: bytes, *, end: bytes = b"\r\n") -> bytes:
        await self.write(command + end)
        return await self.answer()

    async def begin(self, sender: bytes = b"<a@x.example>") -> None:
        """Go up to the 354."""
        assert (await self.say(b"MAIL FROM:" + sender)).startswith(b"250")
        assert (await self.say(b"RCPT TO:<" + LIST.encode() + b">")).startswith(b"250")
        assert (await self.say(b"DATA")).startswith(b"354")

    async def rest(self, timeout: float = PATIENCE) -> bytes:
        """Read until the server closes."""
        async with asyncio.timeout(timeout):
            return await self.reader.read()

    async def hang_up(self) -> None:
        self.writer.transport.abort()
        await asyncio.sleep(0)


async def until(claim: Callable[[], Awaitable[bool] | bool], timeout: float = PATIENCE) -> None:
    """Give the loop turns until a claim holds."""
    async with asyncio.timeout(timeout):
        while not claim():
            await asyncio.sleep(0)
