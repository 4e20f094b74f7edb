"""The MIME tree of raw bytes, by slices: what is judged, signed or copied is never written anew.

An encapsulated message (message/rfc822) is a leaf: it is an attachment, whatever it holds.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from gateway.mail import fields, limits, words
from gateway.mail.fields import Field, Structured

_TYPE = re.compile(r"[a-z0-9!#$&^_.+-]{1,127}/[a-z0-9!#$&^_.+-]{1,127}")
_IDENTITY = frozenset(("", "7bit", "8bit", "binary"))


@dataclass(frozen=True, slots=True)
class Entity:
    """One node: its slice ``start:end`` of the raw bytes, its body from ``body``.

    ``kind`` is the Content-Type with its default put in; ``encoding`` the transfer encoding in lower
    case; ``epilogue`` says that something other than blanks follows the last delimiter.
    """

    path: tuple[int, ...]
    start: int
    body: int
    end: int
    fields: tuple[Field, ...]
    kind: Structured
    disposition: Structured
    encoding: str
    children: tuple[Entity, ...] = ()
    epilogue: bool = False

    def walk(self) -> list[Entity]:
        """Return this entity and all below it, in the order of the mail."""
        found = [self]
        for child in self.children:
            found.extend(child.walk())
        return found


def read_tree(raw: bytes) -> Entity:
    """Read the whole tree.

    Raises:
        Unreadable: malformed or too-complex.
    """
    limits.check_lines(raw)
    return _Reader(raw).read((), 0, len(raw), "text/plain")


class _Reader:
    """Counts what only the whole mail has too much of."""

    def __init__(self, raw: bytes) -> None:
        self._raw = raw
        self._parts = 0
        self._header_bytes = 0

    def read(self, path: tuple[int, ...], start: int, end: int, default: str) -> Entity:
        self._parts += 1
        if self._parts > limits.PARTS:
            raise limits.too_complex("more than 500 parts")
        if len(path) > limits.DEPTH:
            raise limits.too_complex("more than 20 levels of parts")
        block, body = limits.header_section(self._raw, start, end)
        self._header_bytes += len(block)
        if self._header_bytes > limits.ALL_HEADER_BYTES:
            raise limits.too_complex("more than 1 MB of part headers")
        found = fields.read_fields(block, is_message=not path)
        kind = _content_type(fields.first(found, "content-type"), default)
        encoding = (fields.first(found, "content-transfer-encoding") or b"").decode("latin-1").strip().lower()
        disposition = fields.read_structured(fields.first(found, "content-disposition") or b"")
        entity = Entity(path, start, body, end, found, kind, disposition, encoding)
        return self._with_children(entity) if kind.value.startswith("multipart/") else entity

    def _with_children(self, entity: Entity) -> Entity:
        if entity.encoding not in _IDENTITY:
            raise limits.malformed("a multipart in a transfer encoding")  # RFC 2045 s6.4
        slices, after = self._slices(entity)
        default = "message/rfc822" if entity.kind.value == "multipart/digest" else "text/plain"
        children = tuple(
            self.read((*entity.path, number), start, end, default)
            for number, (start, end) in enumerate(slices, start=1)
        )
        return Entity(
            entity.path,
            entity.start,
            entity.body,
            entity.end,
            entity.fields,
            entity.kind,
            entity.disposition,
            entity.encoding,
            children,
            epilogue=bool(self._raw[after : entity.end].strip()),
        )

    def _slices(self, entity: Entity) -> tuple[list[tuple[int, int]], int]:
        """Return the slices between the delimiters, and where the epilogue begins (RFC 2046 s5.1.1)."""
        boundary = entity.kind.get("boundary") or ""
        if not _is_boundary(boundary):
            raise limits.malformed("a multipart without a usable boundary")
        # The search begins at the line feed before the body: with a literal first byte it runs at the speed of C.
        pattern = re.compile(rb"\n--" + re.escape(boundary.encode("ascii")) + rb"(--)?[ \t]*+(?=\r?\n|\Z)")
        slices: list[tuple[int, int]] = []
        begun: int | None = None
        for match in pattern.finditer(self._raw, max(entity.body - 1, 0), entity.end):
            if begun is not None:
                end = match.start()
                if self._raw[end - 1 : end] == b"\r" and end > begun:
                    end -= 1  # the line end before a delimiter belongs to the delimiter
                slices.append((begun, max(end, begun)))
                if len(slices) > limits.PARTS:
                    raise limits.too_complex("more than 500 parts")
            begun = self._next_line(match.end(), entity.end)
            if match[1] is not None:
                if not slices:
                    raise limits.malformed("a multipart without parts")
                return slices, match.end()
        raise limits.malformed("a multipart that is cut off")

    def _next_line(self, at: int, end: int) -> int:
        newline = self._raw.find(b"\n", at, end)
        return end if newline < 0 else newline + 1


def _is_boundary(boundary: str) -> bool:
    return (
        0 < len(boundary) <= 70  # noqa: PLR2004 - RFC 2046 s5.1.1
        and boundary.isascii()
        and boundary.isprintable()
        and not boundary.endswith(" ")
        and '"' not in boundary
    )


def _content_type(value: bytes | None, default: str) -> Structured:
    if value is None:
        return Structured(default)
    kind = fields.read_structured(value)
    if not _TYPE.fullmatch(kind.value):
        raise limits.malformed("a content type that is none")
    return kind


def content(raw: bytes, entity: Entity) -> bytes:
    """Return the body of a leaf, its transfer encoding undone (left as it is where it is unknown)."""
    body = raw[entity.body : entity.end]
    match entity.encoding:
        case "base64":
            return words.decode_base64(body)
        case "quoted-printable":
            return words.decode_quoted_printable(body)
        case _:
            return body


def is_readable(entity: Entity) -> bool:
    """Say whether the transfer encoding is one of RFC 2045's (of another, nothing is known: s6.4)."""
    return entity.encoding in _IDENTITY or entity.encoding in ("base64", "quoted-printable")
