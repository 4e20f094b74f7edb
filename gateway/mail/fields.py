"""Header sections and structured field values, read from raw bytes without mending anything.

Where programs disagree about a broken header (a field twice, a line without a colon, a blank
continuation), the mail is malformed: nobody may be shown another mail than the one we judged
(THREATS T16).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from gateway.mail import limits, words

_NAME = re.compile(rb"([!-9;-~]+):")  # RFC 5322 s3.6.8, no blank before the colon

# RFC 5322 s3.6: at most one of each in a message.
SINGLE_IN_MESSAGE = frozenset(
    ("date", "from", "sender", "reply-to", "to", "cc", "bcc", "message-id", "in-reply-to", "references", "subject")
)
# RFC 2045, RFC 2183: at most one of each in an entity (MIME-Version and Content-Description change nothing).
SINGLE_IN_ENTITY = frozenset(("content-type", "content-transfer-encoding", "content-id", "content-disposition"))


@dataclass(frozen=True, slots=True)
class Field:
    """One header field: the name in lower case, the value unfolded, its bytes otherwise as they came."""

    name: str
    value: bytes


@dataclass(frozen=True, slots=True)
class Structured:
    """A value with parameters (RFC 2045 s5.1): ``value`` and parameter names in lower case."""

    value: str
    params: tuple[tuple[str, str], ...] = ()

    def get(self, name: str) -> str | None:
        """Return the parameter, decoded, or None."""
        return dict(self.params).get(name)


def read_fields(block: bytes, *, is_message: bool) -> tuple[Field, ...]:
    """Take a header section apart.

    Raises:
        Unreadable: a cap is exceeded, a line is no field, or a field stands twice that may stand once.
    """
    limits.check_header(block)
    if b"\0" in block or b"\r" in block.replace(b"\r\n", b"\n"):
        raise limits.malformed("a bare carriage return or a NUL in a header")
    found: list[tuple[str, list[bytes]]] = []
    for line in block.replace(b"\r\n", b"\n").removesuffix(b"\n").split(b"\n") if block else ():
        if line[:1] in (b" ", b"\t"):
            if not found or not line.strip():
                raise limits.malformed("a header line that continues nothing, or with nothing")
            found[-1][1].append(line.strip(b" \t"))
        elif match := _NAME.match(line):
            found.append((match[1].decode("ascii").lower(), [line[match.end() :].strip(b" \t")]))
        else:
            raise limits.malformed("a header line without a field name")
    names = [name for name, _ in found]
    _check_single(names, SINGLE_IN_ENTITY | (SINGLE_IN_MESSAGE if is_message else frozenset()))
    return tuple(Field(name, b" ".join(lines).strip(b" ")) for name, lines in found)


def _check_single(names: list[str], single: frozenset[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name in single and name in seen:
            raise limits.malformed(f"more than one {name} field")
        seen.add(name)


def first(fields: tuple[Field, ...], name: str) -> bytes | None:
    """Return the value of the first field of that name (lower case), or None."""
    return next((field.value for field in fields if field.name == name), None)


def every(fields: tuple[Field, ...], name: str) -> tuple[bytes, ...]:
    """Return the values of all fields of that name (lower case)."""
    return tuple(field.value for field in fields if field.name == name)


# A parameter: a name, and a quoted string or anything up to the next semicolon (sloppy senders
# leave out the quotes around blanks and equal signs).
_PARAMETER = re.compile(r'\s*;\s*(?:([!#$&-+\-.0-9A-Z^-~%*\']+)\s*=\s*(?:"((?:[^"\\]|\\.)*+)"|([^";]*+))\s*)?')
_QUOTED_PAIR = re.compile(r"\\(.)")


def read_structured(value: bytes) -> Structured:
    """Take a Content-Type or Content-Disposition value apart, RFC 2231 pieces joined and decoded.

    Raises:
        Unreadable: it can't be read in one way only (a parameter twice, text between parameters).
    """
    text = words.decode_bytes(value)
    head, separator, rest = text.partition(";")
    rest = separator + rest
    if rest.count(";") > 2 * limits.PARAMETERS:
        raise limits.too_complex("more than 100 parameters in one header field")
    raw: dict[str, str] = {}
    at = 0
    while at < len(rest):
        match = _PARAMETER.match(rest, at)
        if match is None or match.end() == at:
            raise limits.malformed("a header field whose parameters can't be read")
        at = match.end()
        if match[1] is None:
            continue
        name = match[1].lower()
        if name in raw:
            raise limits.malformed("a parameter that stands twice in one header field")
        raw[name] = _QUOTED_PAIR.sub(r"\1", match[2]) if match[2] is not None else match[3].strip()
    return Structured(head.strip().lower(), tuple(_joined(raw).items()))


_PIECE = re.compile(r"([^*]+)\*(?:(0|[1-9][0-9]?)(\*)?)?")


def _joined(raw: dict[str, str]) -> dict[str, str]:
    """Join and decode RFC 2231 continuations; what is given both ways is taken from RFC 2231."""
    plain: dict[str, str] = {}
    pieces: dict[str, dict[int, tuple[str, bool]]] = {}
    for name, value in raw.items():
        match = _PIECE.fullmatch(name)
        if match is None:
            plain[name] = words.decode(value) if name in ("filename", "name") else value
            continue
        is_encoded = match[2] is None or match[3] is not None
        pieces.setdefault(match[1], {})[int(match[2] or 0)] = (value, is_encoded)
    for name, numbered in pieces.items():
        if name in ("boundary", "protocol", "charset", "micalg", "hp", "protected-headers"):
            raise limits.malformed("a parameter in pieces that decides how the mail is read")
        plain[name] = _from_pieces(numbered)
    return plain


def _from_pieces(numbered: dict[int, tuple[str, bool]]) -> str:
    charset = "utf-8"
    content = b""
    for number in range(len(numbered)):
        if number not in numbered:
            raise limits.malformed("a parameter with a piece missing")
        value, is_encoded = numbered[number]
        if is_encoded:
            if number == 0 and value.count("'") >= 2:  # noqa: PLR2004 - charset'language'text
                charset, _, value = value.split("'", 2)
            content += words.percent_decoded(value)
        else:
            content += value.encode("utf-8", "replace")
    return words.cleaned(words.decode_charset(content, charset))
