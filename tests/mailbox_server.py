"""A mailbox server on loopback for tests: keeps every byte it is given, and fails as it is told to.

box = Mailbox()
await box.start()                                # box.host, box.port
box.script("551 5.7.1 no", recipient="a@x.example")          # the next one to this recipient
box.script("451 4.3.0 later", "451 4.3.0 later")             # the next two, to anybody
box.script("550 5.1.1 no", recipient="b@x.example", forever=True)
box.script(CLOSE, at="data")                     # the connection ends instead of the reply after the dot
mails = await box.wait_for(3)
await box.stop(); await box.start()              # the same port again
"""

# ruff: noqa: ASYNC109, N802 - time limits are for tests to shorten; aiosmtpd finds the commands by their names

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
import warnings
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal

import trustme
from aiosmtpd.smtp import SMTP, Envelope, Session


class Trouble(StrEnum):
    CLOSE = "close"  # the connection ends without a reply
    HANG = "hang"  # no reply comes until the server stops


CLOSE, HANG = Trouble.CLOSE, Trouble.HANG
Stage = Literal["connect", "mail", "rcpt", "data"]


@dataclass(frozen=True, slots=True)
class Received:
    """One mail that was answered 250: envelope as written, content with its CR LF, and when (loop time)."""

    sender: str
    recipient: str
    content: bytes = field(repr=False)
    at: float
    connection: int
    under_tls: bool


@dataclass(slots=True)
class _Line:
    answers: deque[str]
    last: str | None


class Mailbox:
    """The server. ``mails`` are those taken; ``attempts`` are the recipients of all RCPT commands."""

    def __init__(
        self,
        *,
        tls: Literal["none", "starttls", "implicit"] = "none",
        names: tuple[str, ...] = ("127.0.0.1", "localhost"),
        refuse_clear: bool = False,
        login: tuple[str, str] | None = None,
    ) -> None:
        self.host = "127.0.0.1"
        self.port = 0
        self.tls = tls
        self.mails: list[Received] = []
        self.attempts: list[str] = []
        self.senders: list[str] = []
        self.connections = 0
        self.open_now = 0
        self.most_open = 0
        self.hung = 0
        self.refuse_clear = refuse_clear
        self.login = login
        self.authority: trustme.CA | None = None
        self._context: ssl.SSLContext | None = None
        self._scripts: dict[tuple[Stage, str | None], _Line] = {}
        self._server: asyncio.Server | None = None
        self._held: socket.socket | None = None  # bound and never listening: nobody else is given the port
        self._sessions: set[_Session] = set()
        self._news = asyncio.Condition()
        self._notes: set[asyncio.Task[None]] = set()
        self._stopping = asyncio.Event()
        if tls != "none":
            self.authority = trustme.CA()
            self._context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            self.authority.issue_cert(*names).configure_cert(self._context)
        logger = logging.getLogger("mail.log")
        logger.setLevel(logging.CRITICAL + 1)
        logger.propagate = False

    def client_context(self) -> ssl.SSLContext:
        """What a client needs to trust this server."""
        assert self.authority is not None
        context = ssl.create_default_context()
        self.authority.configure_trust(context)
        return context

    async def start(self) -> Mailbox:
        loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        if self._held is None:
            self._held = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            self._held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self._held.bind((self.host, 0))
            self.port = self._held.getsockname()[1]
        self._server = await loop.create_server(
            lambda: _Session(self, loop),
            self.host,
            self.port,
            ssl=self._context if self.tls == "implicit" else None,
            reuse_address=True,
        )
        return self

    async def stop(self) -> None:
        """Stop listening and drop every connection; the port stays ours for the next start, and refuses meanwhile."""
        self._stopping.set()
        if self._server is not None:
            self._server.close()
            self._server = None
        for session in tuple(self._sessions):
            session.drop()
        await self.wait_until(lambda: not self._sessions)

    async def __aenter__(self) -> Mailbox:
        return await self.start()

    async def __aexit__(self, *_: object) -> None:
        await self.stop()
        if self._held is not None:
            self._held.close()
            self._held = None

    def script(self, *answers: str, recipient: str | None = None, at: Stage = "rcpt", forever: bool = False) -> None:
        """Give the next answers at a stage, to one recipient or to anybody; then 250 again, or the last for ever."""
        self._scripts[at, recipient] = _Line(deque(answers), answers[-1] if forever else None)

    def to(self, recipient: str) -> list[Received]:
        return [mail for mail in self.mails if mail.recipient == recipient]

    async def wait_for(self, count: int, timeout: float = 45.0) -> list[Received]:
        """Wait until so many mails came in all."""
        await self.wait_until(lambda: len(self.mails) >= count, timeout)
        return list(self.mails)

    async def wait_for_attempts(self, count: int, timeout: float = 45.0) -> list[str]:
        """Wait until so many RCPT commands came in all, whatever was answered."""
        await self.wait_until(lambda: len(self.attempts) >= count, timeout)
        return list(self.attempts)

    async def wait_until(self, claim: Callable[[], bool], timeout: float = 45.0) -> None:
        """Wait until a claim about this mailbox holds; looked at after each command, mail, hang and goodbye."""
        async with asyncio.timeout(timeout), self._news:
            await self._news.wait_for(claim)

    async def answer(self, stage: Stage, recipient: str | None) -> str | None:
        """What the script says, or None; hangs where it says so."""
        for key in ((stage, recipient), (stage, None)):
            line = self._scripts.get(key)
            if line is None:
                continue
            said = line.answers.popleft() if line.answers else line.last
            if said == HANG:
                self.hung += 1
                await self.note()
                await self._stopping.wait()
                return CLOSE
            if said is not None:
                return said
        return None

    def note_soon(self) -> None:
        task = asyncio.get_running_loop().create_task(self.note())
        self._notes.add(task)
        task.add_done_callback(self._notes.discard)

    async def note(self) -> None:
        async with self._news:
            self._news.notify_all()


class _Keeper:
    async def handle_DATA(self, server: _Session, session: Session, envelope: Envelope) -> str:
        box = server.box
        sender, recipient = str(envelope.mail_from).strip("<>"), envelope.rcpt_tos[0].strip("<>")
        said = await box.answer("data", recipient)
        if said == CLOSE:
            server.drop()
            return "421 dropped"
        if said is not None and not said.startswith("250"):
            return said
        assert isinstance(envelope.content, bytes)
        at = asyncio.get_running_loop().time()
        box.mails.append(
            Received(
                sender,
                recipient,
                envelope.content,
                at,
                server.number,
                server._tls_protocol is not None or box.tls == "implicit",
            )
        )
        await box.note()
        return said or "250 2.0.0 taken"


class _Session(SMTP):
    line_length_limit = 2**20  # what is too long for others is kept here, to be seen by the test

    def __init__(self, box: Mailbox, loop: asyncio.AbstractEventLoop) -> None:
        self.box = box
        self.number = 0
        under_login: dict[str, Any] = {}
        if box.login is not None:
            under_login = {"auth_required": True, "auth_require_tls": False, "auth_callback": self._check}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # a login in clear, on loopback, is what is wanted here
            super().__init__(
                _Keeper(),
                hostname="box.example",
                tls_context=box._context if box.tls == "starttls" else None,
                require_starttls=box.refuse_clear,
                data_size_limit=None,
                loop=loop,
                **under_login,
            )

    def _check(self, _mechanism: str, username: bytes, password: bytes) -> bool:
        return self.box.login == (username.decode(), password.decode())

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if self._original_transport is None:
            box = self.box
            box.connections += 1
            box.open_now += 1
            box.most_open = max(box.most_open, box.open_now)
            self.number = box.connections
            box._sessions.add(self)
        super().connection_made(transport)
        assert self._handler_coroutine is not None
        self._handler_coroutine.add_done_callback(lambda task: task.cancelled() or task.exception())
        if self.box._stopping.is_set():
            self.drop()  # it was accepted a moment before the server stopped

    def connection_lost(self, error: Exception | None) -> None:
        super().connection_lost(error)
        if self in self.box._sessions:
            self.box._sessions.remove(self)
            self.box.open_now -= 1
            self.box.note_soon()

    def drop(self) -> None:
        transport = self._original_transport or self.transport
        if transport is not None:
            transport.abort()

    async def _handle_client(self) -> None:
        said = await self.box.answer("connect", None)
        if said is not None:
            if said != CLOSE:
                await self.push(said)
            self.drop()
            return
        await super()._handle_client()

    def _getaddr(self, arg: str) -> tuple[str | None, str | None]:
        address, _, rest = arg.partition(">")
        return address + ">", rest

    async def smtp_STARTTLS(self, arg: str) -> None:
        await super().smtp_STARTTLS(arg)
        if self._tls_protocol is not None and self.session is not None and self.session.ssl is None:
            self.connection_lost(None)  # the client left during the handshake, and the library did not see it

    async def smtp_MAIL(self, arg: str) -> None:
        self.box.senders.append(arg)
        if not await self._said("mail", None):
            await super().smtp_MAIL(arg)

    async def smtp_RCPT(self, arg: str) -> None:
        address = arg[len("TO:") :].strip().partition(">")[0].removeprefix("<")
        self.box.attempts.append(address)
        await self.box.note()
        if not await self._said("rcpt", address):
            await super().smtp_RCPT(arg)

    async def _said(self, stage: Stage, recipient: str | None) -> bool:
        said = await self.box.answer(stage, recipient)
        if said == CLOSE:
            self.drop()
        elif said is not None:
            await self.push(said)
        return said is not None
