"""Writes header fields and MIME entities: CRLF lines, printable ASCII headers, the same bytes for the same content.

No clock, no randomness: boundaries come from a digest of what they enclose, and tell nothing.
Every value is checked here, whatever it went through before: the libraries of the supported
distributions let a line break in a value end the header section (THREATS T17, CVE-2024-6923).
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from gateway.mail import headers, words

LINE = 76  # RFC 5322 s2.1.1 wants 78, RFC 2045 s6.7 and s6.8 want 76
HARD_LINE = 998  # RFC 5322 s2.1.1

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]*")
_VALUE = re.compile(r"[\x20-\x7e]*")
_TYPE = re.compile(r"[A-Za-z0-9!#$&^_.+-]{1,127}/[A-Za-z0-9!#$&^_.+-]{1,127}")
_MESSAGE_ID = re.compile(r"<[!-;=?-~]+@[!-;=?A-~]+>")


@dataclass(frozen=True, slots=True)
class Content:
    """A MIME entity ready to be sent or sealed: its content fields and its encoded body (CRLF lines)."""

    content_type: str
    body: bytes = field(repr=False)
    encoding: str = "7bit"
    more: tuple[tuple[str, str], ...] = field(default=(), repr=False)

    def render(self) -> bytes:
        """Return the entity as it stands inside a multipart."""
        return header((("Content-Type", self.content_type), *self.tail())) + b"\r\n" + self.body

    def tail(self) -> tuple[tuple[str, str], ...]:
        """Return the content fields that follow the Content-Type."""
        return (("Content-Transfer-Encoding", self.encoding), *self.more)


def header(fields: Sequence[tuple[str, str]]) -> bytes:
    """Write header fields, folded.

    Raises:
        ValueError: a name or value that must not be sent; the text quotes neither.
    """
    return b"".join(_field(name, value) for name, value in fields)


def _field(name: str, value: str) -> bytes:
    if not _NAME.fullmatch(name) or not _VALUE.fullmatch(value):
        raise ValueError("a header field with characters that must not be sent")
    return folded(name, value).encode("ascii")


def folded(name: str, value: str) -> str:
    """Return a whole header field, folded at blanks, each blank kept.

    Raises:
        ValueError: a word too long for any line.
    """
    lines = [f"{name}:"]
    for word in re.findall(r" *[^ ]+", " " + value.strip(" ")):
        if len(lines[-1]) + len(word) > LINE and lines[-1] != f"{name}:":
            lines.append(word)
        else:
            lines[-1] += word
    if any(len(line) > HARD_LINE for line in lines):
        raise ValueError("a header field with a word too long for a line")
    return "\r\n".join(lines) + "\r\n"


def mailbox(name: str, address: str) -> str:
    """Return a mailbox with a display name that can't break out of it.

    Raises:
        ValueError: the address is no plain one.
    """
    if headers.normal_address(address) is None:
        raise ValueError("an address that can't stand in a header")
    clean = " ".join(words.cleaned(name).split())
    if not clean:
        return address
    encoded = words.encode(clean)
    if encoded == clean:
        escaped = clean.replace("\\", "\\\\").replace('"', '\\"')
        encoded = f'"{escaped}"'
    return f"{encoded} <{address}>"


def ids(values: Sequence[str]) -> str:
    """Return message ids as the value of a field.

    Raises:
        ValueError: one is none.
    """
    if not all(_MESSAGE_ID.fullmatch(value) and len(value) <= HARD_LINE // 2 for value in values):
        raise ValueError("a message id that is none")
    return " ".join(values)


def parameter(name: str, value: str) -> str:
    """Return ``; name=...``: a quoted string, or RFC 2231 where it takes more than ASCII."""
    clean = words.cleaned(value).strip()
    if clean.isascii() and len(clean) <= LINE:
        escaped = clean.replace("\\", "\\\\").replace('"', '\\"')
        return f'; {name}="{escaped}"'
    encoded = re.sub(
        rb"[^A-Za-z0-9._-]", lambda match: b"%%%02X" % match[0][0], clean.encode("utf-8", "replace")
    ).decode("ascii")
    if len(encoded) <= LINE:
        return f"; {name}*=utf-8''{encoded}"
    # RFC 2231 s3: in pieces, none of which ends inside an escape (a piece too long for a line breaks the field).
    pieces = re.findall(r"(?:%[0-9A-F]{2}|[^%]){1,20}", encoded)[:50]
    return "".join(
        f"; {name}*{number}*={'' if number else 'utf-8' + chr(39) * 2}{piece}" for number, piece in enumerate(pieces)
    )


def text(content: str) -> Content:
    """Return a text/plain entity that survives any transport, and signing (RFC 3156 s3)."""
    lines = content.replace("\r\n", "\n").replace("\r", "\n").removesuffix("\n").split("\n")
    kind = 'text/plain; charset="utf-8"'
    if all(_is_plain(line) for line in lines):
        return Content(kind, "".join(f"{line}\r\n" for line in lines).encode("ascii"))
    quoted = b"".join(_quoted_line(line.encode("utf-8", "replace")) for line in lines)
    encoded = base64_lines("".join(f"{line}\r\n" for line in lines).encode("utf-8", "replace"))
    if len(quoted) <= len(encoded) + len(encoded) // 3:
        return Content(kind, quoted, "quoted-printable")
    return Content(kind, encoded, "base64")


def _is_plain(line: str) -> bool:
    """RFC 3156 s3: 7 bits, nothing blank at the end of a line, no line that begins with "From "."""
    return (
        len(line) <= HARD_LINE - LINE
        and re.fullmatch(r"[\t -~]*", line) is not None
        and not line.endswith((" ", "\t"))
        and not line.startswith("From ")
    )


def _quoted_line(line: bytes) -> bytes:
    """RFC 2045 s6.7."""
    encoded = re.sub(rb"[^\t -<>-~]", lambda match: b"=%02X" % match[0][0], line)
    if encoded.endswith((b" ", b"\t")):
        encoded = encoded[:-1] + b"=%02X" % encoded[-1]
    if encoded.startswith(b"From "):
        encoded = b"=46" + encoded[1:]
    pieces = re.findall(rb"(?:=[0-9A-F]{2}|[^=]){1,24}", encoded)  # 24 escapes of 3 fill 72 of 76
    rows = [b""]
    for piece in pieces:
        if len(rows[-1]) + len(piece) >= LINE:
            rows.append(b"")
        rows[-1] += piece
    return b"=\r\n".join(rows) + b"\r\n"


def base64_lines(data: bytes) -> bytes:
    """Return base64 in lines of 76 (RFC 2045 s6.8)."""
    encoded = base64.b64encode(data)
    return b"".join(encoded[at : at + LINE] + b"\r\n" for at in range(0, len(encoded), LINE))


def attachment(filename: str, content_type: str, data: bytes) -> Content:
    """Return an attached part whose decoded content is ``data``, byte for byte."""
    kind = content_type if _TYPE.fullmatch(content_type) else "application/octet-stream"
    disposition = (("Content-Disposition", "attachment" + (parameter("filename", filename) if filename else "")),)
    if kind.lower().startswith("message/"):
        # RFC 2046 s5.2.1: an encapsulated message takes no transfer encoding; inside a sealed content none is needed.
        return Content(kind, data, _identity(data), disposition)
    return Content(kind, base64_lines(data), "base64", disposition)


def _identity(data: bytes) -> str:
    if b"\0" in data or any(len(line) > HARD_LINE + 1 for line in data.split(b"\n")):
        return "binary"
    return "7bit" if data.isascii() else "8bit"


def crlf_lines(armored: bytes) -> bytes:
    """Return an armored text with CRLF line ends, one at its end."""
    bare = armored.strip()
    if b"\r" in bare:
        bare = bare.replace(b"\r\n", b"\n")
    return bare.replace(b"\n", b"\r\n") + b"\r\n"


def boundary_for(children: Sequence[bytes]) -> str:
    """Return a boundary that none of the parts holds: the digest of them, so it is the same each time."""
    seed = hashlib.sha256(b"".join(hashlib.sha256(child).digest() for child in children)).digest()
    while True:
        boundary = "=_" + seed.hex()[:32]  # RFC 2045 s6.7 advises "=_": it never stands in quoted-printable
        if not any(boundary.encode("ascii") in child for child in children):
            return boundary
        seed = hashlib.sha256(seed).digest()


def multipart(subtype: str, children: Sequence[bytes], parameters: str = "") -> Content:
    """Return a multipart of entities as they are, byte for byte."""
    boundary = boundary_for(children)
    delimiter = b"--" + boundary.encode("ascii")
    body = b"".join(delimiter + b"\r\n" + child + b"\r\n" for child in children) + delimiter + b"--\r\n"
    encoding = "7bit" if body.isascii() else "8bit"
    if b"inary" in body and b"\ncontent-transfer-encoding: binary" in body.lower():
        encoding = "binary"  # RFC 2045 s6.4: a container is at least what it holds
    return Content(f'multipart/{subtype}{parameters}; boundary="{boundary}"', body, encoding)
