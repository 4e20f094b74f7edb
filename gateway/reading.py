"""Taking an incoming mail apart and opening it: what is seen, nothing believed.

What the mail causes ends in a value here (malformed, undecryptable, ...). What our own side causes
(GnuPG or the parser silent) is raised, and the sender keeps the mail.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from gateway.mail.flowed import html_to_text
from gateway.mail.model import Form, Headers, Mail, Payload, Problem, SignedPayload
from gateway.mail.parse import first_text_part
from keys.results import OpenStatus, SignatureSeen
from policy.control import Block, read_block
from policy.intake import Heard, hear
from policy.prose import find_stop_codes
from policy.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gateway.parts import Parts
    from keys.results import Ring


@dataclass(frozen=True, slots=True)
class Read:
    """A mail as far as it could be read.

    ``headers`` are those that count: the protected ones where the payload has them, else the outer.
    ``opaque``: what the writer says stands in something that is not opened here. ``said`` is all text
    that is no attachment; ``block`` are the control lines of the first, ``heard`` what it all says of a
    leak, ``codes`` what may be stop codes, wherever they stand. ``inside`` is what was inside an encryption,
    also where nobody can take it apart.
    """

    headers: Headers = field(default_factory=Headers, repr=False)
    outer: Headers = field(default_factory=Headers, repr=False)
    automatic: str | None = None
    problem: Reason | None = None
    encrypted: bool = False
    undecryptable: bool = False
    opaque: bool = False
    partly_signed: bool = False
    seen: tuple[SignatureSeen, ...] = ()
    payload: Payload | None = field(default=None, repr=False)
    header_protected: bool = False
    said: str = field(default="", repr=False)
    inside: bytes | None = field(default=None, repr=False)
    block: Block | None = field(default=None, repr=False)
    heard: Heard | None = field(default=None, repr=False)
    codes: tuple[str, ...] = field(default=(), repr=False)


async def read(parts: Parts, ring: Ring, raw: bytes, envelope_from: str) -> Read:
    """Read a mail: RFC 3156 s4 and s5, combined (s6.2) and nested (s6.1). Raises what our own side causes."""
    seen = await _read(parts, ring, raw, envelope_from)
    # In a thread: the longest texts take seconds, and releases and alarms must not wait for a stranger's mail.
    return await asyncio.to_thread(_understood, seen, raw)


async def _read(parts: Parts, ring: Ring, raw: bytes, envelope_from: str) -> Read:
    mail = await parts.parser.mail(raw, envelope_from)
    if isinstance(mail, Problem):  # what could be salvaged binds a leak report to its thread (law 5)
        headers = Headers(subject=mail.subject, references=mail.threads, is_threaded=bool(mail.threads))
        return Read(problem=Reason(mail.reason), headers=headers, outer=headers)
    base = Read(headers=mail.headers, outer=mail.headers, automatic=mail.automatic, payload=mail.payload)
    match mail.form:
        case Form.UNSUPPORTED:
            return replace(base, problem=Reason.UNSUPPORTED, opaque=is_opaque(mail.payload))
        case Form.PARTLY_SIGNED:
            return replace(base, partly_signed=True, opaque=is_opaque(mail.payload))
        case Form.CLEAR:
            return base
        case Form.SIGNED:
            return await _read_signed(parts, ring, base, mail)
        case Form.ENCRYPTED:
            return await _read_encrypted(parts, ring, base, mail)


async def _read_signed(parts: Parts, ring: Ring, base: Read, mail: Mail) -> Read:
    seen = await parts.engine.verify(ring, mail.signed or b"", mail.signature or b"")
    return _with_payload(base, mail.payload, seen) if mail.payload else replace(base, seen=seen)


async def _read_encrypted(parts: Parts, ring: Ring, base: Read, mail: Mail) -> Read:
    opened = await parts.engine.open(ring, mail.ciphertext or b"")
    match opened.status:
        case OpenStatus.NOT_ENCRYPTED:
            return replace(base, opaque=True)  # an OpenPGP message in the clothes of an encrypted one: THREATS 0.3
        case OpenStatus.TOO_LARGE:
            return replace(base, encrypted=True, problem=Reason.TOO_COMPLEX)
        case OpenStatus.NOT_FOR_US | OpenStatus.DAMAGED:
            return replace(base, encrypted=True, undecryptable=True)
        case OpenStatus.OPENED:
            pass
    base = replace(base, encrypted=True, inside=opened.plaintext)
    payload = await parts.parser.payload(opened.plaintext or b"")
    match payload:
        case Problem():
            return replace(base, problem=Reason(payload.reason), seen=opened.signatures)
        case SignedPayload():  # RFC 3156 s6.1: one more signature, over the whole
            seen = await parts.engine.verify(ring, payload.signed, payload.signature)
            return _with_payload(base, payload.payload, (*opened.signatures, *seen))
        case Payload():
            return _with_payload(base, payload, opened.signatures)


OPAQUE = frozenset(
    {
        "application/pgp-encrypted",
        "application/pkcs7-mime",
        "application/x-pkcs7-mime",
        "application/ms-tnef",
        "application/vnd.ms-tnef",
    }
)
INLINE = "-----BEGIN PGP MESSAGE-----"


def is_opaque(payload: Payload | None) -> bool:
    """Whether a mail holds something sealed that is never opened here, so that nobody knows what it says."""
    if payload is None:
        return True
    return any(
        part.content_type in OPAQUE or (not part.is_attachment and INLINE in (part.text or ""))
        for part in payload.parts
    )


def _with_payload(base: Read, payload: Payload, seen: tuple[SignatureSeen, ...]) -> Read:
    return replace(
        base,
        payload=payload,
        seen=seen,
        automatic=base.automatic or payload.automatic,
        partly_signed=payload.form is Form.PARTLY_SIGNED and not seen,
        problem=Reason.UNSUPPORTED if payload.form is Form.UNSUPPORTED and not seen else base.problem,
        opaque=payload.form is not Form.CLEAR and not seen and is_opaque(payload),
        headers=payload.protected or base.outer,
        header_protected=payload.protected is not None,
    )


SEARCHED, SEARCHED_END = 200_000, 50_000  # characters of each text that are searched for stop codes,
SEARCHED_IN_ALL = 1_000_000  # and of one mail; nobody writes a code into the middle of more


def _understood(seen: Read, raw: bytes) -> Read:
    """Add what the texts of a mail say. Slow for the longest ones."""
    codes = tuple(dict.fromkeys(code for text in _searched(seen, raw) for code in find_stop_codes(text)))
    if seen.payload is None:
        return replace(seen, codes=codes)
    said = all_text(seen.payload)
    block, below = read_block(seen.payload.text), elsewhere(seen.payload)
    block = replace(block, strays=(*block.strays, *below.strays), is_cut=block.is_cut or below.is_cut)
    return replace(seen, codes=codes, said=said, block=block, heard=hear(said))


def elsewhere(payload: Payload) -> Block:
    """The control lines in further texts of a mail, which some programs split around an attachment."""
    chosen = first_text_part(payload.parts)
    found = [
        part.text
        for part in payload.parts
        if part.text and part.content_type == "text/plain" and not part.is_attachment and part is not chosen
    ]
    block = read_block("\n\n".join(found))
    strays = tuple(line for line in (*block.lines, *block.strays) if line.is_named or line.is_leak)
    return replace(block, lines=(), strays=strays)


def _searched(seen: Read, raw: bytes) -> Iterator[str]:
    left = SEARCHED_IN_ALL
    for text in _texts(seen, raw):
        piece = text if len(text) <= SEARCHED + SEARCHED_END else f"{text[:SEARCHED]}\n\n{text[-SEARCHED_END:]}"
        yield piece
        left -= len(piece)
        if left <= 0:
            return


def _texts(seen: Read, raw: bytes) -> Iterator[str]:
    yield seen.headers.subject
    yield seen.outer.subject
    for part in seen.payload.parts if seen.payload else ():
        if part.text:
            yield part.text
            if part.content_type == "text/html":  # where marks may stand between the groups of a code
                yield html_to_text(part.text)
    yield raw[:SEARCHED_IN_ALL].decode("ascii", "replace")  # also of a mail that nobody can read


def all_text(payload: Payload) -> str:
    """All text that is no attachment: some programs split it around a picture, or leave the plain part empty."""
    texts = [(part.content_type, part.text) for part in payload.parts if part.text and not part.is_attachment]
    plain = [text for kind, text in texts if kind == "text/plain"]
    if any(text.strip() for text in plain):
        return "\n\n".join(plain)
    return "\n\n".join(html_to_text(text) for kind, text in texts if kind == "text/html") or payload.text
