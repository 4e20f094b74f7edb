"""The way in: mail by SMTP or LMTP, up to the reply after the dot; what a mail means is decided elsewhere.

TRUST: nothing that a client says is believed; an accepted recipient is one of our own addresses, in
one spelling. A mail is either taken whole, byte for byte, or answered 4xx/5xx. The gateway never
relays, offers no AUTH, and tells nobody who is known. Replies are constants (``gateway.replies``).

The protocol is aiosmtpd's, on our own loop. What is ours, and why:

* content ends at CR LF . CR LF only, and bare CR, LF and NUL are refused (SMTP smuggling, THREATS T1);
* a command line ends in CR LF;
* a long line is no reason to refuse a mail (that is judged later), so content is read without line limit;
* a client that hangs up after the dot cancels its session, never the storing of its mail;
* idle and slow clients give way when there are too many.
"""

# ruff: noqa: N802 - aiosmtpd finds the commands by their names, smtp_EHLO

from __future__ import annotations

import asyncio
import logging
import re
import ssl
from collections.abc import Awaitable, Callable
from datetime import datetime
from enum import IntEnum
from typing import AnyStr, Literal

import structlog
from aiosmtpd.smtp import SMTP, TLSSetupException
from aiosmtpd.smtp import Envelope as LibraryEnvelope

from gateway import replies
from gateway.envelope import END_OF_DATA, Envelope, Limits, holds_bare_bytes, is_sender, normalise, read_path, unstuff
from gateway.log import describe
from gateway.replies import Reply

_log = structlog.get_logger(__name__)

_NULL_SENDER = "<>"  # the library holds "" for "no MAIL yet"
_LACKS_STATUS = re.compile(r"[245]\d\d (?!\d\.\d)")
_GOODBYE_LIMIT = 5.0  # seconds
_COMMANDS = {"*": 20, "MAIL": 1000, "RCPT": 2000, "DATA": 1000, "RSET": 2000}  # a connection; then 421


class _Phase(IntEnum):
    """What a session is doing, in the order in which sessions have to make room for others."""

    COMMAND = 0
    DATA = 1
    TAKING = 2  # never cut off: its mail is being stored


class Door:
    """Listens, and hands over one mail at a time per connection.

    ``is_known`` is asked with a normalised address; what it raises is answered 451. ``take`` decides
    and commits; its reply is what the client gets, and what it raises is answered 451. It is never
    cancelled by a client, only by ``close``, before an answer was given.
    """

    def __init__(
        self,
        *,
        hostname: str,
        protocol: Literal["smtp", "lmtp"],
        max_bytes: int,
        is_known: Callable[[str], Awaitable[bool]],
        our_domains: frozenset[str],
        take: Callable[[Envelope], Awaitable[Reply]],
        clock_now: Callable[[], datetime],
        tls: ssl.SSLContext | None = None,
        require_tls: bool = False,
        limits: Limits | None = None,
    ) -> None:
        """Set up; nothing listens before ``open``. ``max_bytes`` counts the content."""
        self.hostname = hostname
        self.protocol = protocol
        self.max_bytes = max_bytes
        self.our_domains = frozenset(domain.lower() for domain in our_domains)
        self.tls = tls
        self.require_tls = require_tls
        self.limits = limits or Limits()
        self.closing = False
        self._is_known = is_known
        self._take = take
        self._clock_now = clock_now
        self._server: asyncio.Server | None = None
        self._sessions: set[_Session] = set()
        self._in_hand: set[asyncio.Task[Reply]] = set()
        self._settled = asyncio.Event()
        _silence_library()

    async def open(self, host: str, port: int) -> tuple[str, int]:
        """Listen, and say where. Port 0: any free one.

        Raises OSError where the address can't be had.
        """
        session = _LmtpSession if self.protocol == "lmtp" else _Session
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: session(self, loop), host, port)
        bound = self._server.sockets[0].getsockname()
        return str(bound[0]), int(bound[1])

    async def close(self, timeout: float) -> None:  # noqa: ASYNC109 - the caller's share of its own limit
        """Stop listening, let the mails in hand end within ``timeout`` seconds, then drop all clients."""
        self.closing = True
        if self._server is not None:
            self._server.close()
        for session in tuple(self._sessions):
            if session.phase is _Phase.COMMAND:
                session.dismiss(replies.CLOSING)
        self.changed()
        try:
            async with asyncio.timeout(timeout):
                await self._settled.wait()
        except TimeoutError:
            _log.warning("mails in hand given back to their senders", count=len(self._in_hand))
        for task in tuple(self._in_hand):
            task.cancel()
        await asyncio.gather(*self._in_hand, return_exceptions=True)
        for session in tuple(self._sessions):
            session.abort()

    # What follows is for the sessions.

    def admit(self, session: _Session) -> bool:
        """Count a new session in; where there are too many, the idlest goes, or else the new one."""
        if self.closing:
            return False
        staying = [other for other in self._sessions if not other.dismissed]
        of_peer = [other for other in staying if other.peer == session.peer]
        if len(of_peer) >= self.limits.per_peer:
            has_room = _make_room(of_peer)
        else:
            has_room = len(staying) < self.limits.connections or _make_room(staying)
        if not has_room:
            return False
        self._sessions.add(session)
        return True

    def leave(self, session: _Session) -> None:
        """Count a session out."""
        self._sessions.discard(session)
        self.changed()

    def changed(self) -> None:
        """Notice that a session moved on: ``close`` may be waiting for the last one."""
        if self.closing and not self._in_hand and all(s.phase is _Phase.COMMAND for s in self._sessions):
            self._settled.set()

    async def judge_recipient(self, written: str) -> tuple[str, Reply]:
        """Say whether an address is one of ours: its spelling for us, and the reply."""
        address = normalise(written)
        if address is None:
            return "", replies.RELAYING
        if address.rpartition("@")[2] not in self.our_domains:
            return "", replies.RELAYING
        if not await self._is_known(address):
            return "", replies.UNKNOWN_USER
        return address, replies.TAKEN

    async def take(self, sender: str, recipient: str, content: bytes, peer: str) -> Reply:
        """Hand one mail over. Cancelling this leaves the storing alone: it goes on by itself."""
        envelope = Envelope(sender, recipient, content, self._clock_now(), peer)
        task = asyncio.get_running_loop().create_task(self._keep(envelope))
        self._in_hand.add(task)
        task.add_done_callback(self._let_go)
        return await asyncio.shield(task)

    async def _keep(self, envelope: Envelope) -> Reply:
        try:
            return await self._take(envelope)
        except Exception as error:  # noqa: BLE001 - one of the two places that catch all: 451, and the sender keeps it
            _log.error("mail not kept", error=describe(error))
            return replies.LATER

    def _let_go(self, task: asyncio.Task[Reply]) -> None:
        self._in_hand.discard(task)
        self.changed()


def _make_room(sessions: list[_Session]) -> bool:
    """Send away the session that waits longest for its client; False where all are storing a mail."""
    victims = [session for session in sessions if session.phase is not _Phase.TAKING]
    if not victims:
        return False
    min(victims, key=lambda session: (session.phase, session.since)).dismiss(replies.BUSY)
    return True


def _silence_library() -> None:
    """Keep the protocol library from logging at all: it logs each line of a mail (THREATS T40)."""
    logger = logging.getLogger("mail.log")
    logger.setLevel(logging.CRITICAL + 1)
    logger.propagate = False


def _forget(task: asyncio.Task[None]) -> None:
    """Take note of how a session ended, so that the loop does not report a client that went away."""
    if not task.cancelled():
        task.exception()


class _BareLineEndError(Exception):
    """A command line that does not end in CR LF; it is refused and nothing of it is done."""


class _Session(SMTP):
    """One connection."""

    def __init__(self, door: Door, loop: asyncio.AbstractEventLoop) -> None:
        self.door = door
        self.peer = ""
        self.phase = _Phase.COMMAND
        self.since = loop.time()
        self.dismissed = False
        self._is_counted = False
        self._cut_off: asyncio.TimerHandle | None = None
        super().__init__(
            object(),  # no hooks: the methods below are all there is
            data_size_limit=door.max_bytes,
            enable_SMTPUTF8=False,
            hostname=door.hostname,
            ident=door.protocol.upper().replace("SMTP", "ESMTP"),
            tls_context=door.tls,
            timeout=door.limits.idle,
            command_call_limit=_COMMANDS,
            loop=loop,
        )

    # The connection.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if self._original_transport is None:
            peername = transport.get_extra_info("peername")
            self.peer = str(peername[0]) if isinstance(peername, tuple) else "local"
            self._is_counted = self.door.admit(self)
        super().connection_made(transport)
        if self._handler_coroutine is not None:
            self._handler_coroutine.add_done_callback(_forget)
        if not self._is_counted:
            self.dismiss(replies.CLOSING if self.door.closing else replies.BUSY)

    def connection_lost(self, error: Exception | None) -> None:
        super().connection_lost(error)
        if self._cut_off is not None:
            self._cut_off.cancel()
        self.door.leave(self)

    def _timeout_cb(self) -> None:
        self.dismiss(replies.CLOSING)

    def dismiss(self, reply: Reply) -> None:
        """Say goodbye and close; what the client has sent and we have not read is not read any more."""
        if self.transport is None or self.dismissed:
            return
        self._writer.write(reply.line().encode("ascii") + b"\r\n")
        self._hang_up()

    def abort(self) -> None:
        """Drop the connection at once."""
        transport = self._original_transport or self.transport
        if isinstance(transport, asyncio.Transport):
            transport.abort()

    def _hang_up(self) -> None:
        self.dismissed = True
        self._reader._buffer.clear()  # type: ignore[attr-defined]  # noqa: SLF001 - as the library does after STARTTLS
        if self.transport is not None:
            self.transport.close()
        # A client that reads nothing, or ends TLS slowly, keeps no connection by that.
        self._cut_off = self.loop.call_later(_GOODBYE_LIMIT, self.abort)

    def _enter(self, phase: _Phase) -> None:
        self.phase = phase
        self.since = self.loop.time()
        self.door.changed()

    def _cb_client_connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        super()._cb_client_connected(reader, writer)
        read_plainly = reader.readuntil

        async def read_line(separator: bytes = b"\n") -> bytes:
            line = await read_plainly(separator)
            # The library takes a bare LF as the end of a command; two servers that differ in that are
            # what smuggling lives on (RFC 5321 s2.3.8).
            if separator == b"\n" and (not line.endswith(b"\r\n") or b"\r" in line[:-2]):
                raise _BareLineEndError
            self.since = self.loop.time()
            return line

        reader.readuntil = read_line  # type: ignore[method-assign,assignment]

    async def handle_exception(self, error: Exception) -> str:
        """Answer what nobody foresaw: never with its text, never for ever (THREATS, finding 7)."""
        if isinstance(error, _BareLineEndError):
            return replies.BAD_LINE.line()
        if not isinstance(error, TLSSetupException):  # the client's own affair, and its connection ends
            _log.error("session failed", error=describe(error))
        return replies.LATER.line()

    async def push(self, status: AnyStr) -> None:
        """Send a reply; one of the library's own gets a plain enhanced code (RFC 2034 s4)."""
        line: object = status
        if isinstance(line, str):
            # The greeting has its own form: the host's name right behind the code (RFC 5321 s4.2).
            is_whole = line.startswith(f"220 {self.hostname}") or not _LACKS_STATUS.match(line)
            line = (line if is_whole else f"{line[:4]}{line[:1]}.0.0 {line[4:]}").encode("ascii")
        if isinstance(line, bytes):
            await super().push(line)

    def _mail(self) -> LibraryEnvelope:
        """The transaction so far; there is one from the moment the connection is made."""
        if self.envelope is None:
            raise AssertionError("no connection yet")
        return self.envelope

    def _begin(self, hostname: str, *, extended: bool) -> None:
        self._set_rset_state()  # type: ignore[no-untyped-call]
        if self.session is not None:
            self.session.extended_smtp = extended
            self.session.host_name = hostname

    async def _say(self, reply: Reply) -> None:
        await self.push(reply.line())

    # Commands.

    async def smtp_EHLO(self, hostname: str | None) -> None:
        """Greet, and say what is offered: never AUTH, also not under TLS."""
        if not hostname:
            await self._say(replies.SYNTAX)
            return
        self._begin(hostname, extended=True)
        offers = [f"SIZE {self.door.max_bytes}", "8BITMIME", "PIPELINING", "ENHANCEDSTATUSCODES"]
        if self.door.tls is not None and not self._is_under_tls():
            offers.append("STARTTLS")
        lines = [self.door.hostname, *offers]
        text = "".join(f"250-{line}\r\n" for line in lines[:-1]) + f"250 {lines[-1]}"
        await self.push(text.encode("ascii"))

    async def smtp_HELO(self, hostname: str | None) -> None:
        """Greet without extensions."""
        if not hostname:
            await self._say(replies.SYNTAX)
            return
        self._begin(hostname, extended=False)
        await self.push(f"250 {self.door.hostname}".encode("ascii"))

    async def smtp_STARTTLS(self, arg: str | None) -> None:
        """Begin TLS, once; what came in clear behind the command is dropped (RFC 3207 s4.2, THREATS T3)."""
        if self._is_under_tls():
            await self._say(replies.TLS_TWICE)
            return
        await super().smtp_STARTTLS(arg)
        if self._original_transport is not None and not self._is_under_tls():
            # The connection was cut during the handshake; the library would wait on for its next command.
            self.connection_lost(None)

    def _is_under_tls(self) -> bool:
        return self.session is not None and self.session.ssl is not None

    async def smtp_AUTH(self, _arg: str | None) -> None:
        """Refuse: nobody logs in here."""
        await self._say(replies.NOT_HERE)

    async def smtp_EXPN(self, _arg: str | None) -> None:
        """Refuse: who is on a list is the secret that it keeps."""
        await self._say(replies.NOT_HERE)

    async def smtp_HELP(self, _arg: str | None) -> None:
        """Refuse."""
        await self._say(replies.NOT_HERE)

    async def smtp_VRFY(self, _arg: str | None) -> None:
        """Say the same about every address (RFC 5321 s7.3, THREATS T7)."""
        await self._say(replies.NO_ANSWER)

    async def smtp_MAIL(self, arg: str | None) -> None:
        """Begin a transaction."""
        if self.door.closing:
            self.dismiss(replies.CLOSING)
        elif self.door.require_tls and not self._is_under_tls():
            await self._say(replies.TLS_REQUIRED)
        else:
            await super().smtp_MAIL(arg)

    def _getaddr(self, arg: str) -> tuple[str | None, str | None]:
        """Read the path of a MAIL command; the library's reader takes whatever looks like an address."""
        path = read_path(arg)
        if path is None:
            return None, None
        address, parameters = path
        if address == "":
            return _NULL_SENDER, parameters
        return path if is_sender(address) else (None, None)

    async def smtp_RCPT(self, arg: str | None) -> None:
        """Take one recipient, and only one of our own addresses."""
        if await self.check_helo_needed():
            return
        if not self._mail().mail_from:
            await self._say(replies.SENDER_FIRST)
            return
        written = self._strip_command_keyword("TO:", arg or "")
        if not written:
            await self._say(replies.SYNTAX)
            return
        path, parameters = read_path(written) or ("", "")
        address, reply = await self.door.judge_recipient(path)
        if reply is replies.TAKEN:
            if parameters:
                reply = replies.NO_PARAMETERS
            elif self._mail().rcpt_tos:
                reply = replies.ONE_AT_A_TIME
            else:
                self._mail().rcpt_tos.append(address)
        await self._say(reply)

    async def smtp_DATA(self, arg: str | None) -> None:
        """Read a mail and hand it over; the reply after the dot is the taker's."""
        if await self.check_helo_needed():
            return
        if not self._mail().rcpt_tos:
            await self._say(replies.RECIPIENT_FIRST)
            return
        if arg:
            await self._say(replies.SYNTAX)
            return
        await self.push("354 send the mail, end it with <CR><LF>.<CR><LF>")
        self._enter(_Phase.DATA)
        self._reset_timeout(self.door.limits.data)
        reply = await self._answer(await self._read_content())
        self._set_post_data_state()  # type: ignore[no-untyped-call]
        self._reset_timeout()
        await self._say(reply)
        self._enter(_Phase.COMMAND)
        if reply is replies.BARE:
            # What follows may be what the sender's server took for the rest of the mail (THREATS T1).
            self._hang_up()
        elif self.door.closing:
            self.dismiss(replies.CLOSING)

    async def _answer(self, content: bytearray | None) -> Reply:
        if content is None:
            return replies.TOO_LARGE
        if holds_bare_bytes(content):
            return replies.BARE
        # No time runs while the mail is stored: cutting it off would only bring it again.
        if self._timeout_handle is not None:
            self._timeout_handle.cancel()
        self._enter(_Phase.TAKING)
        written = self._mail().mail_from
        sender = "" if written is None or written == _NULL_SENDER else written
        return await self.door.take(sender, self._mail().rcpt_tos[0], bytes(content), self.peer)

    async def _read_content(self) -> bytearray | None:
        """Read up to the dot; None where it is larger than allowed (then nothing of it is kept)."""
        # The line end of the DATA command is also that before the first line, so that a lone dot there
        # ends an empty mail (RFC 5321 s4.1.1.4).
        self._reader._buffer[:0] = b"\r\n"  # type: ignore[attr-defined]  # noqa: SLF001
        content = bytearray()
        is_too_large = False
        is_ended = False
        while not is_ended:
            try:
                chunk = await self._reader.readuntil(END_OF_DATA)
                is_ended = True
            except asyncio.LimitOverrunError as overrun:
                chunk = await self._reader.read(overrun.consumed)
            content += chunk
            # Dots doubled for transparency are not the mail's: in a mail of lone dots, one byte in three.
            if len(content) > self.door.max_bytes * 4 // 3 + len(END_OF_DATA) + 2:
                is_too_large = True
            if is_too_large:
                content.clear()
        if is_too_large:
            return None
        content = unstuff(content)
        return content if len(content) <= self.door.max_bytes else None


class _LmtpSession(_Session):
    """The same by LMTP (RFC 2033): another greeting; one recipient, so one reply after the dot."""

    async def smtp_LHLO(self, hostname: str | None) -> None:
        """Greet."""
        await super().smtp_EHLO(hostname)

    async def smtp_EHLO(self, _hostname: str | None) -> None:
        """Refuse (RFC 2033 s4.1)."""
        await self._say(replies.NOT_HERE)

    async def smtp_HELO(self, _hostname: str | None) -> None:
        """Refuse (RFC 2033 s4.1)."""
        await self._say(replies.NOT_HERE)
