"""Keys that are attached to a mail for somebody whom it lets in: read as key files, and sent on to no member."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gateway.mail import tree
from gateway.particulars import path_text
from keys import packets
from keys.errors import BadKeyFile
from policy.grants import OfferedKey
from storage import roster

if TYPE_CHECKING:
    from datetime import datetime

    from gateway.incoming import Incoming
    from gateway.mail.model import Payload
    from gateway.parts import Parts
    from keys.results import KeyFacts
    from storage.database import Tx

KEY_TYPE = "application/pgp-keys"  # RFC 3156 s7
LINES = frozenset({"Guest", "Share-With"})
"""Control lines beside which an attached key is that of somebody to be let in."""
_ARMOR = re.compile(rb"^-----BEGIN PGP (?:PUBLIC|PRIVATE) KEY BLOCK-----", re.MULTILINE)
_TOP = 4096  # bytes in which armor begins
_VERSIONS = (b"\x03", b"\x04", b"\x05", b"\x06")
MOST = 10  # keys of one mail that are looked at


@dataclass(frozen=True, slots=True)
class KeyFile:
    """A key that is attached: what the core judges, and what is pinned."""

    offered: OfferedKey
    facts: KeyFacts | None
    public: bytes = field(repr=False)


def are_meant(incoming: Incoming) -> bool:
    """Whether the keys attached to a mail are for the gateway: its block has a line that lets somebody in."""
    block = incoming.facts.block if incoming.facts else None
    return block is not None and any(line.name in LINES for line in block.lines)


def found_in(payload: Payload) -> dict[tuple[int, ...], tuple[str, bytes]]:
    """The key files among the attachments: name and content, by their paths."""
    entities = {entity.path: entity for entity in tree.read_tree(payload.raw).walk()}
    contents = {
        part.path: (part.filename, tree.content(payload.raw, entities[part.path]))
        for part in payload.parts
        if part.is_attachment and part.path in entities
    }
    types = {part.path: part.content_type for part in payload.parts}
    return {
        path: (name, content)
        for path, (name, content) in contents.items()
        if types[path] == KEY_TYPE or _ARMOR.search(content[:_TOP]) or _is_binary_key(content)
    }


def _is_binary_key(content: bytes) -> bool:
    """Whether a file begins as a key does that is not armored, whatever it is called."""
    try:
        first = next(packets.walk(content), None)
    except ValueError:
        return False
    is_key = first is not None and first.tag in {packets.Tag.PUBLIC_KEY, packets.Tag.SECRET_KEY}
    return first is not None and is_key and first.content(content)[:1] in _VERSIONS


def paths(payload: Payload) -> tuple[str, ...]:
    """The paths of the key files among the attachments."""
    return tuple(path_text(path) for path in found_in(payload))


async def of(incoming: Incoming) -> tuple[KeyFile, ...]:
    """The keys that came with a mail, each fingerprint once; also those of the answer that brought it back."""
    files: list[tuple[str, bytes]] = []
    for payload in (incoming.read.payload, incoming.beside):
        if payload is not None:
            files += found_in(payload).values()
    found: dict[str, KeyFile] = {}
    for name, content in files[:MOST]:
        one = await judged(incoming.parts, incoming.tx, incoming.mailing_list.id, name, content, incoming.now)
        found.setdefault(one.offered.fingerprint or f"file {len(found)}", one)
    return tuple(found.values())


async def judged(parts: Parts, tx: Tx, list_id: str, name: str, content: bytes, now: datetime) -> KeyFile:
    """One key file, read in a throw-away home; what is wrong with it is told in ``offered.trouble``."""
    try:
        facts, public = await parts.engine.inspect(content, now=now)
    except BadKeyFile as error:
        return KeyFile(OfferedKey(name, trouble=error.reason), None, b"")
    return KeyFile(await offered(tx, list_id, name, facts), facts, public)


async def offered(tx: Tx, list_id: str, name: str, facts: KeyFacts) -> OfferedKey:
    """A key as the core judges it: what it says, and whose it is on that list."""
    own = await roster.list_key(tx, list_id)
    return OfferedKey(
        name,
        facts.fingerprint,
        facts.addresses,
        holder=await roster.by_fingerprint(tx, list_id, facts.fingerprint),
        is_lists_own=own is not None and own.fingerprint == facts.fingerprint,
    )
