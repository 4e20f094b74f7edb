"""What a mail is, once taken apart: structure only, nothing believed."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a mail or a payload could not be read; a value, never raised to a caller.

    ``what`` is for people and quotes nothing of the mail. ``threads`` and ``subject`` are what
    could still be made out at the top of it, so that a leak report that nobody can read is bound
    to its thread all the same (law 5); neither is believed.
    """

    reason: Literal["malformed", "too-complex"]
    what: str
    threads: tuple[str, ...] = ()
    subject: str = field(default="", repr=False)


class Form(StrEnum):
    """How a mail is wrapped, seen from outside."""

    ENCRYPTED = "encrypted"  # RFC 3156 s4: multipart/encrypted, exactly its two parts
    SIGNED = "signed"  # RFC 3156 s5: the whole mail is one multipart/signed
    PARTLY_SIGNED = "partly-signed"  # a multipart/signed or PGP part beside or inside other things
    CLEAR = "clear"  # neither
    UNSUPPORTED = "unsupported"  # inline PGP, S/MIME, message/partial, message/external-body, TNEF


@dataclass(frozen=True, slots=True)
class Address:
    """One mailbox of a header: ``address`` is local@domain, the domain in lower case A-labels."""

    name: str
    address: str


@dataclass(frozen=True, slots=True)
class Headers:
    """The fields that matter, decoded; of the outer mail or of a protected payload.

    Ids stand without angle brackets' neighbours: "<x@y>". ``in_reply_to`` and ``references`` keep
    their order. ``subject`` is "" where there is none. ``is_threaded``: has an In-Reply-To or a
    References field, also one without a readable id, so it is never taken for a new mail.
    An ``address`` that is no plain local@domain stands as it was written: it equals no pinned one.
    """

    subject: str = ""
    sender: tuple[Address, ...] = ()  # From
    to: tuple[Address, ...] = ()
    cc: tuple[Address, ...] = ()
    reply_to: tuple[Address, ...] = ()
    message_id: str | None = None
    in_reply_to: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    is_threaded: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """A leaf of a payload's MIME tree.

    ``start:end`` is its slice of the payload, MIME headers included, so that it can be copied byte
    for byte; ``path`` is its place in the tree (2, 1 = first child of the second child). ``text``
    is the decoded text of a text/* part (CRLF -> LF, format=flowed undone for text/plain), and of an
    application/octet-stream that holds nothing but text in UTF-8, else None. ``filename`` is decoded
    (RFC 2231, RFC 2047); "" where there is none. ``is_attachment``: has a file name or
    Content-Disposition: attachment, or is no text by its type.
    ``digest`` is the SHA-256 of the decoded content, in hex; ``size`` its length in bytes.
    """

    path: tuple[int, ...]
    content_type: str
    filename: str
    is_attachment: bool
    start: int
    end: int
    size: int
    digest: str
    text: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Payload:
    """A readable MIME entity, taken apart: what was inside the encryption, or a clear mail.

    ``text`` is that of the first text/plain part that is no attachment (of the first text/html,
    reduced to plain text, where there is no such text/plain; ``text_is_html`` says so).
    ``protected`` are the header fields found inside a payload with header protection
    (Content-Type with hp= (RFC 9788) or protected-headers= (its forerunner)), else None.
    ``form`` is CLEAR; PARTLY_SIGNED where a signed or encrypted part stands inside (never opened,
    never believed: a valid signature over the whole payload outranks it); UNSUPPORTED for a form
    that is not read here. ``automatic`` as in Mail: a read receipt, reaction or calendar reply.
    """

    raw: bytes = field(repr=False)
    parts: tuple[Part, ...] = field(repr=False)
    text: str = field(repr=False)
    text_is_html: bool
    protected: Headers | None = field(repr=False)
    form: Form = Form.CLEAR
    automatic: str | None = None


@dataclass(frozen=True, slots=True)
class SignedPayload:
    """A decrypted payload that is one multipart/signed as a whole (RFC 3156 s6.1).

    ``signed`` are the exact bytes under ``signature`` (CRLF lines); ``payload`` is what they say,
    read from those very bytes.
    """

    signed: bytes = field(repr=False)
    signature: bytes = field(repr=False)
    payload: Payload


@dataclass(frozen=True, slots=True)
class Mail:
    """An incoming mail, taken apart.

    Where ``form`` is ENCRYPTED, ``ciphertext`` holds the OpenPGP message (as it stands in the
    part, transfer encoding undone). Where SIGNED: ``signed`` the exact bytes under the signature
    (CRLF lines) and ``signature`` the detached one. ``payload`` is the readable part of a mail
    that is not encrypted, for judging and keeping it (where SIGNED: read from ``signed``).
    ``automatic`` says why a mail is one that no person wrote ("auto-submitted", "bounce",
    "vacation", "read-receipt", "loop", ...), else None (RFC 3834 s2, RFC 3464, RFC 8098, RFC 9078).
    """

    form: Form
    headers: Headers = field(repr=False)
    automatic: str | None
    ciphertext: bytes | None = field(default=None, repr=False)
    signed: bytes | None = field(default=None, repr=False)
    signature: bytes | None = field(default=None, repr=False)
    payload: Payload | None = field(default=None, repr=False)
