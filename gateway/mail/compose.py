"""What is sent: the content to be sealed, and the envelope around it that tells nothing.

Outside stand an allowlist of fields and constants (CONTRACT s7, RFC 3156 s4); all else is inside,
with its header fields protected (RFC 9788). The same letter gives the same bytes, always.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime

from gateway.mail import emit, words
from gateway.mail.emit import Content


@dataclass(frozen=True, slots=True)
class Letter:
    """What all copies of one message have in common.

    ``date`` is aware; ``list_id`` stands without brackets. ``outer_subject`` is the list's constant.
    ``poster`` is a name from the roster, never from a mail; None where the gateway itself writes.
    ``auto_submitted`` ("auto-generated", "auto-replied") on what the gateway itself writes.
    """

    list_address: str
    list_name: str
    list_id: str
    outer_subject: str
    subject: str = field(repr=False)
    message_id: str
    date: datetime
    poster: str | None = field(default=None, repr=False)
    in_reply_to: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    auto_submitted: str | None = None


def inner(letter: Letter, content: Content) -> bytes:
    """Return the content to be sealed: ``content`` with protected header fields at its root.

    RFC 9788 s2.1.1 and s2.2 (hp="cipher", HP-Outer), and protected-headers="v1" for programs that
    read only its forerunner. The same for every recipient: To is the list.

    Raises:
        ValueError: an address or id that can't stand in a header.
    """
    name = f"{letter.poster} via {letter.list_name}" if letter.poster else letter.list_name
    return (
        emit.header(
            (
                ("Content-Type", f'{content.content_type}; hp="cipher"; protected-headers="v1"'),
                *content.tail(),
                ("MIME-Version", "1.0"),
                ("From", emit.mailbox(name, letter.list_address)),
                ("To", emit.mailbox(letter.list_name, letter.list_address)),
                ("Subject", words.encode(letter.subject)),
                *_identifying(letter),
                *(("HP-Outer", f"{name}: {value}") for name, value in _protected_outside(letter)),
            )
        )
        + b"\r\n"
        + content.body
    )


def outer(letter: Letter, *, to: str, ciphertext_armored: bytes) -> bytes:
    """Return the mail as it is sent: multipart/encrypted (RFC 3156 s4), fields from the allowlist only.

    Raises:
        ValueError: an address or id that can't stand in a header, or a ciphertext that is not armored.
    """
    if (
        not ciphertext_armored[:100].lstrip().startswith(b"-----BEGIN PGP MESSAGE-----")
        or not ciphertext_armored.isascii()
    ):
        raise ValueError("not an armored OpenPGP message")
    armored = emit.crlf_lines(ciphertext_armored)
    parts = (
        emit.header((("Content-Type", "application/pgp-encrypted"),)) + b"\r\nVersion: 1\r\n",
        emit.header((("Content-Type", "application/octet-stream"),)) + b"\r\n" + armored,
    )
    content = emit.multipart("encrypted", parts, '; protocol="application/pgp-encrypted"')
    return (
        emit.header(
            (
                *_protected_outside(letter)[:1],
                ("To", emit.mailbox("", to)),
                *_protected_outside(letter)[1:],
                ("List-Id", f"{_phrase(letter.list_name)}<{letter.list_id}>"),
                ("List-Post", f"<mailto:{letter.list_address}>"),  # RFC 2369 s3.4
                ("Precedence", "list"),
                *_automatic(letter),
                ("MIME-Version", "1.0"),
                ("Content-Type", content.content_type),
            )
        )
        + b"\r\n"
        + content.body
    )


def _automatic(letter: Letter) -> tuple[tuple[str, str], ...]:
    """RFC 3834 s5, and what Exchange knows of it."""
    submitted = letter.auto_submitted
    return (("Auto-Submitted", submitted), ("X-Auto-Response-Suppress", "All")) if submitted else ()


def _phrase(name: str) -> str:
    """RFC 2919 s2: an optional phrase before the list's identifier."""
    shown = emit.mailbox(name, "a@b.example")
    return shown.removesuffix("<a@b.example>") if shown.endswith(">") else ""


def _protected_outside(letter: Letter) -> tuple[tuple[str, str], ...]:
    """Return the fields that stand outside and, protected, inside, as they stand outside; From first."""
    return (
        ("From", emit.mailbox(letter.list_name, letter.list_address)),
        ("Subject", words.encode(letter.outer_subject)),
        *_identifying(letter),
    )


def _identifying(letter: Letter) -> tuple[tuple[str, str], ...]:
    fields = [("Date", rfc5322_date(letter.date)), ("Message-ID", emit.ids((letter.message_id,)))]
    if letter.in_reply_to:
        fields.append(("In-Reply-To", emit.ids(letter.in_reply_to)))
    if letter.references:
        fields.append(("References", emit.ids(letter.references)))
    return tuple(fields)


def rfc5322_date(at: datetime) -> str:
    """Return an instant as a Date field says it, in UTC: a zone would tell where somebody sits.

    Raises:
        ValueError: ``at`` is naive.
    """
    if at.tzinfo is None:
        raise ValueError("a date without a zone")
    return format_datetime(at.astimezone(UTC).replace(microsecond=0))


def text_entity(text: str, attachments: Sequence[tuple[str, str, bytes]] = ()) -> Content:
    """Return what the gateway itself writes: a text, with parts of (file name, content type, bytes)."""
    first = emit.text(text)
    if not attachments:
        return first
    parts = [emit.attachment(name, kind, data).render() for name, kind, data in attachments]
    return emit.multipart("mixed", [first.render(), *parts])


def signable(text: str) -> bytes:
    """Return the bytes of a public text that a detached signature is made over (RFC 3156 s3, s5)."""
    return emit.text(text).render()


def signed_clear(letter: Letter, *, to: str, signed: bytes, signature: bytes, hash_name: str = "pgp-sha512") -> bytes:
    """Return a public mail in clear, signed (RFC 3156 s5); ``signed`` is what ``signable`` gave.

    The only mail that is not encrypted (law 1); its subject is the letter's ``subject``.

    Raises:
        ValueError: an address or id that can't stand in a header, or a signature that is not armored.
    """
    if not signature.lstrip().startswith(b"-----BEGIN PGP SIGNATURE-----") or not signature.isascii():
        raise ValueError("not an armored OpenPGP signature")
    armored = emit.crlf_lines(signature)
    part = emit.header((("Content-Type", 'application/pgp-signature; name="signature.asc"'),)) + b"\r\n" + armored
    content = emit.multipart("signed", (signed, part), f'; micalg="{hash_name}"; protocol="application/pgp-signature"')
    return (
        emit.header(
            (
                ("From", emit.mailbox(letter.list_name, letter.list_address)),
                ("To", emit.mailbox("", to)),
                ("Subject", words.encode(letter.subject)),
                *_identifying(letter),
                *_automatic(letter),
                ("MIME-Version", "1.0"),
                ("Content-Type", content.content_type),
            )
        )
        + b"\r\n"
        + content.body
    )
