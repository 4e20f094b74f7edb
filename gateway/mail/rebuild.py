"""What members get of a poster's mail: the banner, the text, and each part that is theirs, byte for byte.

Parts are copied as slices of what was signed. What is written anew: the text that carries the
banner, the containers around it, and the root's own header, which may hold protected fields that
are the poster's and not the list's.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from gateway.mail import emit, parse, tree
from gateway.mail.emit import Content
from gateway.mail.limits import Unreadable
from gateway.mail.model import Part, Payload
from gateway.mail.tree import Entity

Path = tuple[int, ...]
_PROTECTION = ("hp", "protected-headers", "hp-legacy-display")
_LEGACY_DISPLAY = "text/rfc822-headers"  # the subject repeated in a part of its own, by programs of old


def distributed(
    payload: Payload,
    *,
    banner: str,
    banner_mode: Literal["inline", "part"] = "inline",
    drop: Collection[Path] = (),
    keep_html: bool = False,
    strip_block: int = 0,
    strip_lines: Collection[int] = (),
) -> Content:
    """Return a payload as members get it.

    ``banner`` (LF lines) stands on top of the first text part, or with ``banner_mode`` "part" in a
    text part of its own before the poster's tree, which is then left as it is. ``drop`` are the
    paths of parts that are withheld. An HTML alternative is left out unless ``keep_html`` (a banner
    in the plain text would then go unseen, so it gets its own part). ``strip_block`` is the number
    of leading lines of ``payload.text`` that were for the gateway and not for members; ``strip_lines``
    are others of them, counted from 0.

    Raises:
        ValueError: ``payload`` is none that ``read_payload`` made.
    """
    try:
        root = tree.read_tree(payload.raw)
    except Unreadable as unreadable:
        raise ValueError("not a payload that was read before") from unreadable
    chosen = parse.first_text_part(payload.parts)
    if payload.text_is_html:  # the plain text beside it is blank; nobody is to read that in its place
        drop = {*drop, *(part.path for part in payload.parts if _is_shown(part) and part.content_type == "text/plain")}
    if banner_mode == "part":
        plan = _Plan(payload.raw, frozenset(drop), keep_all=True)
        return _beside_banner(banner, plan, root)
    body = _without_block(payload.text, strip_block, strip_lines)
    gone = {*drop, *(entity.path for entity in root.walk() if _is_legacy(entity))}
    has_html = any(part.content_type == "text/html" and not part.is_attachment for part in payload.parts)
    if chosen is None or chosen.path in drop or (keep_html and has_html) or _is_below_text(chosen, payload.parts, gone):
        text = body if body != payload.text and chosen is not None and not payload.text_is_html else None
        plan = _Plan(payload.raw, frozenset(drop), keep_html=keep_html, text_at=_path(chosen), text=text)
        return _beside_banner(banner, plan, root)
    text = banner.rstrip("\n") + "\n\n" + body
    plan = _Plan(payload.raw, frozenset(drop), keep_html=keep_html, text_at=chosen.path, text=text)
    node = plan.node(root)
    if isinstance(node, Content):
        return node
    return emit.multipart("mixed", [node] if node is not None else [emit.text(text).render()])


def _is_shown(part: Part) -> bool:
    """Whether programs show a part as text of the mail."""
    return part.content_type.startswith("text/") and not part.is_attachment


def _is_legacy(entity: Entity) -> bool:
    """Whether it repeats the protected subject for programs of old."""
    return entity.kind.value == _LEGACY_DISPLAY and entity.kind.get("protected-headers") is not None


def _is_below_text(chosen: Part, parts: Collection[Part], gone: Collection[Path]) -> bool:
    """Whether another text is shown above the chosen one: what stands there could look like a banner of ours."""
    return any(_is_shown(part) and part.path < chosen.path and part.path not in gone for part in parts)


def _path(part: Part | None) -> Path | None:
    return None if part is None else part.path


def _without_block(text: str, block: int, lines: Collection[int]) -> str:
    if not block and not lines:
        return text
    kept = [line for number, line in enumerate(text.split("\n")) if number >= block and number not in lines]
    return "\n".join(kept).lstrip("\n")


def _beside_banner(banner: str, plan: _Plan, root: Entity) -> Content:
    """The banner in a part of its own, and the poster's tree after it."""
    node = plan.node(root)
    children = [emit.text(banner).render()]
    if node is not None:
        children.append(node.render() if isinstance(node, Content) else node)
    return emit.multipart("mixed", children)


@dataclass(frozen=True)
class _Plan:
    """What becomes of each entity: a slice of the raw bytes, a new content, or None."""

    raw: bytes
    drop: frozenset[Path]
    keep_html: bool = False
    keep_all: bool = False  # but what is withheld
    text_at: Path | None = None
    text: str | None = None

    def node(self, entity: Entity, *, is_alternative: bool = False) -> Content | bytes | None:
        """Return what stands for ``entity``; ``is_alternative``: the same is there as plain text."""
        if entity.path in self.drop:
            return None
        if entity.path == self.text_at and self.text is not None:
            return emit.text(self.text)
        if not entity.children:
            return self._leaf(entity, is_alternative=is_alternative)
        has_plain = entity.kind.value == "multipart/alternative" and any(
            below.kind.value == "text/plain" for below in entity.walk()
        )
        nodes = [self.node(child, is_alternative=is_alternative or has_plain) for child in entity.children]
        if all(node == self._slice(child) for node, child in zip(nodes, entity.children, strict=True)):
            return self._slice(entity)
        return self._container(entity, [node for node in nodes if node is not None])

    def _leaf(self, entity: Entity, *, is_alternative: bool) -> bytes | None:
        kind = entity.kind.value
        is_html = kind == "text/html" and entity.disposition.value != "attachment" and not parse.file_name(entity)
        if not self.keep_all and ((is_html and is_alternative and not self.keep_html) or _is_legacy(entity)):
            return None
        return self._slice(entity)

    def _slice(self, entity: Entity) -> bytes:
        if entity.path:
            return self.raw[entity.start : entity.end]
        return _root_header(entity) + b"\r\n" + self.raw[entity.body : entity.end]

    def _container(self, entity: Entity, nodes: list[Content | bytes]) -> Content | bytes | None:
        subtype = entity.kind.value.removeprefix("multipart/")
        if not nodes:
            return None
        if len(nodes) == 1 and subtype in ("alternative", "related", "signed"):
            return nodes[0]
        is_same = len(nodes) == len(entity.children)
        # With a child gone, the rest are no alternatives of each other any more, nor under one signature.
        kept = subtype if is_same and subtype in ("mixed", "alternative", "related", "digest") else "mixed"
        parameters = emit.parameter("type", entity.kind.get("type") or "") if kept == "related" else ""
        return emit.multipart(kept, [_rendered(node) for node in nodes], parameters)


def _rendered(node: Content | bytes) -> bytes:
    return node.render() if isinstance(node, Content) else node


def _root_header(root: Entity) -> bytes:
    """The content fields of the root, without its protected fields and the marks that protect them."""
    kind = root.kind.value + "".join(
        emit.parameter(name, value) for name, value in root.kind.params if name not in _PROTECTION
    )
    lines = [emit.folded("Content-Type", kind)]
    lines.extend(
        emit.folded(found.name.title(), found.value.decode("latin-1"))
        for found in root.fields
        if found.name.startswith("content-") and found.name != "content-type"
    )
    return "".join(lines).encode("latin-1", "replace")
