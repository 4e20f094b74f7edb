"""What the gateway sends: messages, their distinct contents, the sealed bodies of these, and the threads."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, bindparam, func, insert, select, update

from policy.facts import MessageKind
from storage import tables as t
from storage.database import Tx
from storage.errors import StorageError
from storage.records import Content, Message
from storage.rows import chunks, insert_if_new, record_of, values_of, words

_HOW = {"kind": MessageKind, "references": tuple}
_BY_ID = select(t.messages).where(t.messages.c.id == bindparam("wanted"))
_CONTENT = select(t.contents).where(t.contents.c.id == bindparam("wanted"))
_BODY = select(t.bodies.c.ciphertext).where(t.bodies.c.id == bindparam("wanted"))
_LONGEST_HEADER = 180  # a longer Message-ID is known by its hash: no mail program makes one, the column is bounded


async def add(tx: Tx, message: Message) -> None:
    """Add a message; its copies follow in ``outbox``."""
    await tx.execute(insert(t.messages), values_of(message))


async def get(tx: Tx, message_id: str) -> Message | None:
    """Return a message by our id (not by its Message-ID)."""
    row = (await tx.execute(_BY_ID, {"wanted": message_id})).mappings().first()
    return record_of(Message, row, _HOW) if row is not None else None


async def of_disclosure(
    tx: Tx, disclosure_id: str, kinds: Collection[MessageKind] | None = None
) -> tuple[Message, ...]:
    """Return the messages of a disclosure, of some kinds (None: of any), in the order in which they were made."""
    query = select(t.messages).where(t.messages.c.disclosure_id == disclosure_id)
    if kinds is not None:
        query = query.where(t.messages.c.kind.in_(words(kinds)))
    return await _all(tx, query)


async def details_of(tx: Tx, message_id: str) -> Message | None:
    """Return the message that carries the details of another one."""
    row = (await tx.execute(select(t.messages).where(t.messages.c.details_of == message_id))).mappings().first()
    return record_of(Message, row, _HOW) if row is not None else None


async def set_waiting(tx: Tx, message_id: str, waiting: bool, *, dated_at: datetime | None = None) -> None:
    """Hold a message with its disclosure, or let it go, dated anew where an instant is given."""
    dated = {} if dated_at is None else {"dated_at": dated_at}
    await tx.execute(update(t.messages).where(t.messages.c.id == message_id).values(waiting=waiting, **dated))


async def date_waiting(tx: Tx, disclosure_id: str, dated_at: datetime) -> None:
    """Give what waits with a disclosure another date to show."""
    where = (t.messages.c.disclosure_id == disclosure_id, t.messages.c.waiting.is_(True))
    await tx.execute(update(t.messages).where(*where).values(dated_at=dated_at))


async def notes_of_kept_since(tx: Tx, person_id: int, since: datetime) -> int:
    """Count the notes on mails that were kept back which a person was sent from an instant on."""
    query = (
        select(func.count())
        .select_from(t.copies.join(t.messages, t.messages.c.id == t.copies.c.message_id))
        .where(
            t.messages.c.mail_id.in_(select(t.quarantine.c.mail_id)),
            t.copies.c.person_id == person_id,
            t.copies.c.kind == MessageKind.NOTE.value,
            t.copies.c.created_at >= since,
        )
    )
    return int(await tx.scalar(query) or 0)


async def sent_since(tx: Tx, kind: MessageKind, since: datetime, address: str | None = None) -> int:
    """Count the copies of a kind that were made after an instant, of all lists; perhaps for one address alone."""
    query = select(func.count()).select_from(t.copies)
    query = query.where(t.copies.c.kind == kind.value, t.copies.c.created_at > since)
    if address is not None:
        query = query.where(func.lower(t.copies.c.address) == address.lower())
    return int(await tx.scalar(query) or 0)


async def waiting(tx: Tx, disclosure_id: str) -> tuple[Message, ...]:
    """Return the messages that are held with a disclosure."""
    query = select(t.messages).where(t.messages.c.disclosure_id == disclosure_id, t.messages.c.waiting.is_(True))
    return await _all(tx, query)


async def add_content(tx: Tx, content: Content) -> None:
    """Add one distinct content of a message."""
    await tx.execute(insert(t.contents), values_of(content))


async def contents(tx: Tx, message_id: str) -> tuple[Content, ...]:
    """Return the distinct contents of a message."""
    query = select(t.contents).where(t.contents.c.message_id == message_id)
    rows = (await tx.execute(query.order_by(t.contents.c.created_at, t.contents.c.id))).mappings()
    return tuple(record_of(Content, row) for row in rows)


async def content(tx: Tx, content_id: str) -> Content | None:
    """Return one content."""
    row = (await tx.execute(_CONTENT, {"wanted": content_id})).mappings().first()
    return record_of(Content, row) if row is not None else None


async def link_header(tx: Tx, *, list_id: str, header: str, message_id: str) -> None:
    """Let replies to a Message-ID find a message of ours; the first link of a header stays.

    Nobody can so draw the replies to a known mail to another thread by sending its Message-ID again.
    """
    await insert_if_new(tx, t.threads, {"list_id": list_id, "header": _short(header), "message_id": message_id})


async def relink_header(tx: Tx, *, list_id: str, header: str, message_id: str) -> None:
    """Let replies to a Message-ID find another message of ours from now on."""
    where = (t.threads.c.list_id == list_id, t.threads.c.header == _short(header))
    await tx.execute(update(t.threads).where(*where).values(message_id=message_id))


async def by_headers(tx: Tx, list_id: str, headers: Sequence[str]) -> dict[str, Message]:
    """Return the messages of a list that some Message-IDs lead to; unknown ones are left out."""
    asked = {_short(header): header for header in headers}
    found: dict[str, Message] = {}
    for some in chunks(asked):
        query = (
            select(t.messages, t.threads.c.header)
            .join(t.threads, t.threads.c.message_id == t.messages.c.id)
            .where(t.threads.c.list_id == list_id, t.threads.c.header.in_(some))
        )
        for row in (await tx.execute(query)).mappings():
            found[asked[row["header"]]] = record_of(Message, row, _HOW)
    return found


async def add_body(tx: Tx, body_id: str, content_id: str, ciphertext: bytes) -> None:
    """Keep a content as sealed for its readers; once, however many they are."""
    await tx.execute(insert(t.bodies), {"id": body_id, "content_id": content_id, "ciphertext": ciphertext})


async def body(tx: Tx, body_id: str) -> bytes:
    """Return a sealed body. Raises StorageError for an unknown one."""
    found = await tx.scalar(_BODY, {"wanted": body_id})
    if found is None:
        raise StorageError("there is no such sealed body")
    return bytes(found)


def _short(header: str) -> str:
    # Hashed as well: what a database would refuse or change (NUL, lone surrogates).
    if len(header) <= _LONGEST_HEADER and header.isprintable():
        return header
    return "sha256:" + hashlib.sha256(header.encode("utf-8", "surrogatepass")).hexdigest()


async def _all(tx: Tx, query: Select[Any]) -> tuple[Message, ...]:
    ordered = query.order_by(t.messages.c.created_at, t.messages.c.number, t.messages.c.id)
    return tuple(record_of(Message, row, _HOW) for row in (await tx.execute(ordered)).mappings())
