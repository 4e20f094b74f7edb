"""One mail at the door: what is handed over, how much of it is allowed, and which spellings of an address count.

Values and plain functions; the sessions that use them are in ``gateway.smtp``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime

END_OF_DATA = b"\r\n.\r\n"  # RFC 5321 s4.1.1.4, and nothing else ends a mail
_LOCAL_PART = r"[a-z0-9][a-z0-9._+=-]*"
_DOMAIN = r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*"
_OUR_SPELLING = re.compile(rf"{_LOCAL_PART}@{_DOMAIN}", re.ASCII)
_PATH = re.compile(r"<([^<>]*)>(?:[ ]+(.*))?", re.ASCII)
# RFC 5321 s4.1.2, Mailbox, less source routes.
_MAILBOX = re.compile(
    r'(?:[^\x00-\x20"(),:;<>@\[\\\]\x7f]{1,64}|"[ !#-\[\]-~]{1,62}")@(?:[A-Za-z0-9.-]{1,255}|\[[0-9A-Za-z.:]{1,80}\])',
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Envelope:
    """One mail as handed over: ``content`` is exact, dots unstuffed, every line ended by CR LF.

    ``sender`` is "" for the null sender; ``recipient`` is one of our addresses, in lower case;
    ``peer`` is the client's IP address.
    """

    sender: str = field(repr=False)
    recipient: str = field(repr=False)
    content: bytes = field(repr=False)
    received_at: datetime
    peer: str


@dataclass(frozen=True, slots=True)
class Limits:
    """What clients may use up. Times are seconds.

    Over ``connections`` or ``per_peer`` the client that has been idle longest has to go.
    ``idle`` runs anew with each command; ``data`` is for one whole mail, until its dot.
    """

    connections: int = 200
    per_peer: int = 100
    idle: float = 300.0  # RFC 5321 s4.5.3.2.7: at least five minutes
    data: float = 600.0


def normalise(address: str) -> str | None:
    """Give the one spelling in which our addresses are compared, or None where it can't be one of ours.

    Upper and lower case are the same. Routes, comments, quotes, percent signs, blanks, a trailing
    dot, a missing domain: None (THREATS T6).
    """
    lowered = address.lower() if address.isascii() else ""
    return lowered if _OUR_SPELLING.fullmatch(lowered) else None


def holds_bare_bytes(content: bytes | bytearray) -> bool:
    """Whether there is a CR without LF, a LF without CR, or a NUL (RFC 5321 s2.3.8)."""
    pairs = content.count(b"\r\n")
    return content.count(b"\r") != pairs or content.count(b"\n") != pairs or b"\0" in content


def unstuff(read: bytearray) -> bytearray:
    """Take what was read, from the line end before the first line to the dot, down to the mail alone."""
    # RFC 5321 s4.5.2: of a line that begins with a dot, that dot goes.
    content = read[: -len(b".\r\n")].replace(b"\r\n.", b"\r\n")
    del content[: len(b"\r\n")]
    return content


def read_path(argument: str) -> tuple[str, str] | None:
    """Take "<address> parameters" apart (RFC 5321 s4.1.2), or None; the address is not judged."""
    match = _PATH.fullmatch(argument)
    return (match[1], match[2] or "") if match else None


def is_sender(address: str) -> bool:
    """Whether an envelope sender may stand: a plain mailbox. It is only recorded, never believed."""
    return _MAILBOX.fullmatch(address) is not None
