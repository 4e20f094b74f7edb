"""Header fields that matter: subject, addresses, message ids. Structure only, nothing is believed."""

from __future__ import annotations

import re
import unicodedata

from gateway.mail import fields, limits, words
from gateway.mail.fields import Field
from gateway.mail.model import Address, Headers

_ATOM = r"[A-Za-z0-9!#$&'*+/=?^_`{|}~-]+"  # RFC 5322 s3.2.3, less "%" (source routes in disguise)
_LOCAL = re.compile(rf"{_ATOM}(?:\.{_ATOM})*")
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_ID = re.compile(rb"<([!-;=?-~]+@[!-;=?A-~]+)>")  # RFC 5322 s3.6.4, without blanks and quotes' oddities

LOCAL_LENGTH = 64  # RFC 5321 s4.5.3.1.1
ADDRESS_LENGTH = 254  # RFC 5321 s4.5.3.1.3, less the angle brackets


def normal_address(text: str) -> str | None:
    """Return ``local@domain`` in the one spelling that addresses are compared in, else None.

    The local part stays exactly as it is; the domain becomes lower-case A-labels (RFC 5890). None
    for whatever is read in more than one way: routes, comments, quoted local parts, percent and
    bang paths, control characters, a trailing dot, domain literals, a local part beyond ASCII,
    and domains with characters that only look like others after mapping (THREATS T6, T19).
    """
    local, at, domain = text.partition("@")
    if not at or len(local) > LOCAL_LENGTH or "!" in local or not _LOCAL.fullmatch(local):
        return None
    labels = [_a_label(label) for label in domain.split(".")]
    if any(label is None for label in labels):
        return None
    whole = f"{local}@{'.'.join(label for label in labels if label)}"
    return whole if len(whole) <= ADDRESS_LENGTH else None


def _a_label(label: str) -> str | None:
    if label.isascii():
        lowered = label.lower()
        return lowered if _LABEL.fullmatch(lowered) else None
    folded = unicodedata.normalize("NFC", unicodedata.normalize("NFC", label).lower())
    # A character that compatibility mapping would change (a ligature, full width) is refused, not mapped: RFC 5892.
    if unicodedata.normalize("NFKC", folded) != folded:
        return None
    if not all(char.isalnum() or unicodedata.category(char)[0] == "M" or char == "-" for char in folded):
        return None
    encoded = "xn--" + folded.encode("punycode").decode("ascii")
    return encoded if _LABEL.fullmatch(encoded) else None


_TOKEN = re.compile(
    r'"(?P<quoted>(?:[^"\\]|\\.)*+)"|<(?P<angle>[^<>]*+)>|(?P<mark>[,:;])|(?P<atom>[^\s",:;<>()]++)|(?P<open>\()'
)


def read_addresses(value: bytes) -> tuple[Address, ...]:
    """Read an address list (RFC 5322 s3.4), group names dropped, encoded words decoded after splitting.

    Nothing is lost: what can't be read as a mailbox stands as an Address that equals no pinned one.

    Raises:
        Unreadable: too-complex, more than 1,000 addresses.
    """
    text = words.decode_bytes(value)
    if text.count("@") + text.count(",") > 2 * limits.ADDRESSES:
        raise limits.too_complex("more than 1,000 addresses")
    found: list[Address] = []
    name: list[str] = []
    angle: str | None = None
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:  # a blank, or a bracket or quote that nothing closes
            if not text[at].isspace():
                name.append(text[at])
            at += 1
            continue
        at = match.end()
        if match["open"]:
            at = _after_comment(text, at)
        elif match["angle"] is not None:
            name.extend([f"<{angle}>"] if angle is not None else [])
            angle = match["angle"]
        elif match["mark"] == ":":  # RFC 5322 s3.4: the name of a group
            name, angle = [], None
        elif match["mark"]:
            found.extend(_mailbox(name, angle))
            name, angle = [], None
        else:
            quoted = match["quoted"]
            name.append(match["atom"] if quoted is None else f'"{quoted}"')
    found.extend(_mailbox(name, angle))
    return tuple(found)


def _after_comment(text: str, at: int) -> int:
    """Return where the comment ends that was opened just before ``at``; counted, not recursed."""
    depth = 1
    for match in re.finditer(r"\\.|[()]", text[at:]):
        depth += {"(": 1, ")": -1}.get(match[0], 0)
        if depth == 0:
            return at + match.end()
    return len(text)


def _mailbox(name: list[str], angle: str | None) -> list[Address]:
    if angle is None:
        if not name:
            return []
        spec, shown = "".join(name), ""
    else:
        spec = angle.strip()
        shown = " ".join(part[1:-1] if part.startswith('"') else part for part in name)
    # "?" keeps a control character from vanishing: the result must not equal a pinned address.
    return [Address(words.decode(shown), normal_address(spec) or "?" + words.cleaned(spec))]


def read_ids(value: bytes) -> tuple[str, ...]:
    """Return the message ids in a field, in order and once each, at most ``limits.REFERENCES``.

    Of more, the first (the thread's root) and the last (the nearest) are kept.
    """
    found = [
        "<" + match[1].decode("ascii") + ">" for match in _ID.finditer(value) if len(match[1]) + 2 <= limits.ID_LENGTH
    ]
    unique = tuple(dict.fromkeys(found))
    if len(unique) <= limits.REFERENCES:
        return unique
    return (unique[0], *unique[1 - limits.REFERENCES :])


def read_headers(found: tuple[Field, ...]) -> Headers:
    """Decode the fields that matter.

    Raises:
        Unreadable: too-complex addresses.
    """
    ids = read_ids(fields.first(found, "message-id") or b"")
    in_reply_to = fields.first(found, "in-reply-to") or b""
    references = fields.first(found, "references") or b""
    return Headers(
        subject=words.decode(fields.first(found, "subject") or b""),
        sender=read_addresses(fields.first(found, "from") or b""),
        to=read_addresses(fields.first(found, "to") or b""),
        cc=read_addresses(fields.first(found, "cc") or b""),
        reply_to=read_addresses(fields.first(found, "reply-to") or b""),
        message_id=ids[0] if ids else None,
        in_reply_to=read_ids(in_reply_to),
        references=read_ids(references),
        is_threaded=bool(in_reply_to or references),
    )


_SALVAGED = re.compile(rb"^(in-reply-to|references|subject):([^\n]*(?:\n[ \t][^\n]*)*)", re.IGNORECASE | re.MULTILINE)


def salvage(raw: bytes) -> tuple[tuple[str, ...], str]:
    """Make out thread and subject at the top of a mail that can't be read; see ``Problem``."""
    threads: list[str] = []
    subject = ""
    top = raw[: limits.HEADER_BYTES]
    for match in _SALVAGED.finditer(top):
        if match[1].lower() != b"subject":
            threads.extend(read_ids(match[2]))
        elif not subject:
            subject = words.decode(match[2][: limits.HEADER_LINE])
    return tuple(dict.fromkeys(threads))[: limits.REFERENCES], subject
