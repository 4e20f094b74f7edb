"""The way out: hands one sealed copy to the configured relay and says what became of it.

TRUST: the relay is told nothing but envelopes and bytes that are sealed already. Where TLS is asked
for, it is verified and never optional: nothing is sent in clear instead. What the relay answers is
reduced to its code (RFC 5321 s4.2, RFC 3463): the text behind it could hold anything (law 8).

What an answer means: 4xx, and any trouble with the connection, the certificate or the login, is
ours to try again (``Deferred``). 5xx to MAIL, RCPT, DATA or the mail itself is final (``Bounced``).
A lost answer after the dot is tried again too: a copy twice, with the same Message-ID, rather than
none (RFC 1047).
"""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
from collections.abc import Awaitable
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

import aiosmtplib

IDLE_LIMIT = 60.0  # seconds; most servers close at 300
IDLE_CHECK = 5.0  # seconds; after more than that a connection is tried with RSET before it is used
MESSAGES_LIMIT = 100  # a connection; relays look askance at endless ones
QUIT_LIMIT = 1.0  # seconds given to a polite goodbye
# RFC 5321 s4.5.3.2.6: ten minutes after the dot, for the relay may be working; giving up early doubles mails.
AFTER_DOT_LIMIT = 600.0

_ADDRESS = re.compile(r"[^\x00-\x20\"(),:;<>@\[\\\]\x7f-\U0010ffff]+@[A-Za-z0-9.-]+")
_STATUS = re.compile(r"[245]\.\d{1,3}\.\d{1,3}(?!\S)")
# Refusals at MAIL that are about us and our relay (RFC 4954 s6, RFC 3207 s4), not about the mail.
_OURS_TO_MEND = frozenset({530, 534, 535, 538})
_CLOSING = 421
_LOWEST, _PERMANENT, _OVER = 200, 500, 600


@dataclass(frozen=True, slots=True)
class Delivered:
    """The relay has it. ``reply`` is its code, as in "250 2.0.0"."""

    reply: str


@dataclass(frozen=True, slots=True)
class Deferred:
    """Not now. ``reason`` is a code, as in "451 4.3.0", or a few words of ours."""

    reason: str


@dataclass(frozen=True, slots=True)
class Bounced:
    """Never. ``reason`` is a code, as in "550 5.1.1", or a few words of ours."""

    reason: str


class _TroubleError(Exception):
    """The connection could not be made, or was not what was asked for; the text is ours."""


@dataclass(slots=True)
class _Link:
    """One open connection."""

    client: aiosmtplib.SMTP
    used_at: float  # the loop's time
    messages: int = 0
    is_fresh: bool = True
    needs_reset: bool = False


class Relay:
    """A bounded set of connections to one relay, opened when needed and reused."""

    def __init__(
        self,
        host: str,
        port: int,
        tls: Literal["none", "starttls", "implicit"],
        username: str = "",
        password: str = "",
        connections: int = 4,
        hostname: str = "localhost",
        timeout: float = 60.0,
        tls_context: ssl.SSLContext | None = None,
        *,
        after_dot: float = AFTER_DOT_LIMIT,
    ) -> None:
        """Set up; nothing is opened before the first mail.

        ``hostname`` is our own name, for EHLO. ``timeout`` (seconds) is for each step, ``after_dot``
        for the last answer. ``tls_context`` is for tests and private authorities; the default one
        trusts the system's authorities and demands the host's name and TLS 1.2.
        """
        self._host = host
        self._port = port
        self._tls = tls
        self._username = username
        self._password = password
        self._hostname = hostname
        self._timeout = timeout
        self._after_dot = after_dot
        self._tls_context = tls_context
        self._turn = asyncio.Semaphore(connections)
        self._idle: list[_Link] = []
        self._reaper: asyncio.TimerHandle | None = None
        self._is_closed = False

    async def hand_over(self, sender: str, recipient: str, message: bytes) -> Delivered | Deferred | Bounced:
        """Give one mail to the relay, for one recipient; waits for a free connection.

        ``sender`` is "" for the null sender. ``message`` is sent as it is, its line ends made CR LF.
        Cancelling drops the connection; whether the relay has the mail is then unknown.
        """
        if not _ADDRESS.fullmatch(recipient) or (sender and not _ADDRESS.fullmatch(sender)):
            return Bounced("an address that mail can't be sent to")
        async with self._turn:
            try:
                link = await self._begin(sender, message)
            except _TroubleError as trouble:
                return Deferred(str(trouble))
            except aiosmtplib.SMTPSenderRefused as refusal:
                return _refused(refusal, ours=_OURS_TO_MEND)
            return await self._finish(link, recipient, message)

    async def reachable(self) -> str | None:
        """Try the relay with a connection of its own, up to the login: None, or what is wrong."""
        try:
            link = await self._open()
        except _TroubleError as trouble:
            return str(trouble)
        await _say_goodbye(link)
        return None

    async def close(self) -> None:
        """Close the connections that nobody uses; one in use closes when its mail is settled."""
        self._is_closed = True
        if self._reaper is not None:
            self._reaper.cancel()
        links, self._idle = self._idle, []
        await asyncio.gather(*(_say_goodbye(link) for link in links))

    # One transaction.

    async def _begin(self, sender: str, message: bytes) -> _Link:
        """Get a connection on which MAIL was accepted.

        A reused connection may have died, or be closing (421), without our having noticed. That is
        no failure of the mail's: it is replaced by a new one, once.
        """
        link = self._pick()
        if link is not None:
            try:
                if link.needs_reset or _now() - link.used_at > IDLE_CHECK:
                    await link.client.rset()
                    link.needs_reset = False
                await self._mail(link, sender, message)
                return link
            except (aiosmtplib.SMTPException, OSError) as error:
                if isinstance(error, aiosmtplib.SMTPSenderRefused) and error.code != _CLOSING:
                    self._put_back(link, needs_reset=True)
                    raise
                link.client.close()
            except BaseException:
                link.client.close()
                raise
        link = await self._open()
        try:
            await self._mail(link, sender, message)
        except aiosmtplib.SMTPSenderRefused:
            self._put_back(link, needs_reset=True)
            raise
        except (aiosmtplib.SMTPException, OSError) as error:
            link.client.close()
            raise _TroubleError(_what(error)) from error
        except BaseException:
            link.client.close()
            raise
        return link

    @staticmethod
    async def _mail(link: _Link, sender: str, message: bytes) -> None:
        options = []
        if link.client.supports_extension("size"):
            options.append(f"SIZE={len(message)}")
        if not message.isascii() and link.client.supports_extension("8bitmime"):
            options.append("BODY=8BITMIME")
        await link.client.mail(sender, options=options)

    async def _finish(self, link: _Link, recipient: str, message: bytes) -> Delivered | Deferred | Bounced:
        """Send recipient and mail over a connection on which MAIL was accepted."""
        is_given = False
        try:
            await link.client.rcpt(recipient)
            is_given = True
            response = await link.client.data(message, timeout=self._after_dot)
        except aiosmtplib.SMTPResponseException as refusal:
            self._put_back(link, needs_reset=True)
            return _refused(refusal)
        except (aiosmtplib.SMTPException, OSError) as error:
            link.client.close()
            return Deferred("reply lost" if is_given else _what(error))
        except BaseException:
            link.client.close()
            raise
        self._put_back(link, needs_reset=False)
        return Delivered(_code(response.code, response.message))

    # The connections.

    def _pick(self) -> _Link | None:
        """Take the connection used last, if there is one that still looks alive."""
        self._reap()
        while self._idle:
            link = self._idle.pop()
            if link.client.is_connected:
                return link
        return None

    def _put_back(self, link: _Link, *, needs_reset: bool) -> None:
        link.messages += 1
        link.used_at = _now()
        link.needs_reset = needs_reset
        if self._is_closed or link.messages >= MESSAGES_LIMIT or not link.client.is_connected:
            link.client.close()
            return
        self._idle.append(link)
        if self._reaper is None:
            self._reaper = asyncio.get_running_loop().call_later(IDLE_LIMIT, self._reap_later)

    def _reap_later(self) -> None:
        self._reaper = None
        self._reap()
        if self._idle:
            self._reaper = asyncio.get_running_loop().call_later(IDLE_LIMIT, self._reap_later)

    def _reap(self) -> None:
        """Close what nobody used for a while."""
        oldest = _now() - IDLE_LIMIT
        for link in [link for link in self._idle if link.used_at < oldest]:
            self._idle.remove(link)
            link.client.close()

    async def _open(self) -> _Link:
        """Open a connection, with TLS and login where asked for; raises ``_TroubleError``."""
        client = aiosmtplib.SMTP(
            hostname=self._host,
            port=self._port,
            local_hostname=self._hostname,
            timeout=self._timeout,
            use_tls=self._tls == "implicit",
            # Never None: that would be TLS where offered, and clear text where somebody strips the offer.
            start_tls=self._tls == "starttls",
            tls_context=await self._context() if self._tls != "none" else None,
        )
        try:
            await self._step(client.connect(), "STARTTLS not offered")
            await self._step(client.ehlo(), "EHLO refused")
            if self._username:
                await self._step(client.login(self._username, self._password), "no login offered")
        except BaseException:
            client.close()
            raise
        return _Link(client, used_at=_now())

    @staticmethod
    async def _step(step: Awaitable[object], otherwise: str) -> None:
        """Take one step; ``otherwise`` says what the library's bare exception means there."""
        try:
            await step
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            raise _TroubleError(otherwise if type(error) is aiosmtplib.SMTPException else _what(error)) from error

    async def _context(self) -> ssl.SSLContext:
        if self._tls_context is None:
            # Reading the system's authorities takes a while.
            self._tls_context = await asyncio.to_thread(_verifying_context)
        return self._tls_context


def _verifying_context() -> ssl.SSLContext:
    """Demand a trusted certificate of the host's own name and TLS 1.2 (RFC 9325 s3.1.1)."""
    context = ssl.create_default_context(ssl.Purpose.SERVER_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.check_hostname = True
    context.verify_mode = ssl.CERT_REQUIRED
    return context


async def _say_goodbye(link: _Link) -> None:
    with suppress(aiosmtplib.SMTPException, OSError, TimeoutError):
        await link.client.quit(timeout=QUIT_LIMIT)
    link.client.close()


def _refused(refusal: aiosmtplib.SMTPResponseException, ours: frozenset[int] = frozenset()) -> Deferred | Bounced:
    """Judge a refusal by its code."""
    code = _code(refusal.code, refusal.message)
    if _PERMANENT <= refusal.code < _OVER and refusal.code not in ours:
        return Bounced(code)
    return Deferred(code)


def _code(code: int, message: str) -> str:
    """Reduce an answer to its code and, where it has one of the same class, its enhanced code."""
    if not _LOWEST <= code < _OVER:
        return "unreadable answer"
    status = _STATUS.match(message)
    return f"{code} {status[0]}" if status and status[0][0] == str(code)[0] else str(code)


def _what(error: BaseException) -> str:
    """Say in a few words of ours what went wrong with a connection; the most telling cause counts."""
    if isinstance(error, aiosmtplib.SMTPResponseException):
        return _code(error.code, error.message)
    cause: BaseException | None = error
    while cause is not None:
        for kind, words in _WORDS:
            if isinstance(cause, kind):
                return words
        cause = cause.__cause__
    return "connection failed"


_WORDS: tuple[tuple[type[BaseException], str], ...] = (
    (ssl.SSLCertVerificationError, "certificate not trusted"),
    (ssl.SSLError, "TLS failed"),
    (ConnectionRefusedError, "connection refused"),
    (aiosmtplib.SMTPServerDisconnected, "connection lost"),
    (ConnectionResetError, "connection lost"),
    (socket.gaierror, "host name not found"),
    (TimeoutError, "timed out"),
)


def _now() -> float:
    return asyncio.get_running_loop().time()
