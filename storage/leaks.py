"""Leak reports: the cases, and which messages belong to which."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, insert, select, update

from storage import ids
from storage import tables as t
from storage.database import Tx
from storage.records import LeakRecord
from storage.rows import clip, free_id, insert_if_new, plain, record_of, values_of

_CHANGEABLE = {
    "state",
    "verified",
    "disclosure_id",
    "outcome",
    "assessed_at",
    "retrospective",
    "retrospective_due",
    "acked_at",
    "alarmed_at",
}


async def new_id(tx: Tx, now: datetime) -> str:
    """Return a free id: LK-2026-...."""
    return await free_id(tx, t.leaks.c.id, lambda: ids.disclosure_id("LK", now))


async def add(tx: Tx, leak: LeakRecord) -> None:
    """Open a case. Nothing of how long or strange a reporter's words are keeps it out (law 5)."""
    row = values_of(leak)
    row["reporter"] = clip(leak.reporter, 320)
    row["org"] = None if leak.org is None else clip(leak.org, 200)
    await tx.execute(insert(t.leaks).values(**row))


async def get(tx: Tx, leak_id: str) -> LeakRecord | None:
    """Return a case."""
    found = await _all(tx, select(t.leaks).where(t.leaks.c.id == leak_id))
    return found[0] if found else None


async def ls(tx: Tx, list_id: str | None = None) -> tuple[LeakRecord, ...]:
    """Return the cases of a list (None: of all), oldest first."""
    query = select(t.leaks)
    return await _all(tx, query if list_id is None else query.where(t.leaks.c.list_id == list_id))


async def of_same_bytes(tx: Tx, list_id: str, digest: str) -> LeakRecord | None:
    """Return the case that a mail of these very bytes opened, to whichever address of the list it came."""
    found = await _all(
        tx,
        select(t.leaks)
        .join(t.mails, t.mails.c.id == t.leaks.c.mail_id)
        .where(t.leaks.c.list_id == list_id, t.mails.c.digest == digest),
    )
    return found[0] if found else None


async def set_missing(tx: Tx, leak_id: str, missing: Sequence[str]) -> None:
    """Say what is still to be told of a case."""
    await tx.execute(update(t.leaks).where(t.leaks.c.id == leak_id).values(missing=list(missing)))


async def change(tx: Tx, leak_id: str, **changes: object) -> None:
    """Move a case on: fields of ``LeakRecord`` that tell how it stands. Raises TypeError for any other name."""
    unknown = changes.keys() - _CHANGEABLE
    if unknown:
        raise TypeError(f"not to be changed on a case: {', '.join(sorted(unknown))}")
    row = {name: plain(value) for name, value in changes.items()}
    await tx.execute(update(t.leaks).where(t.leaks.c.id == leak_id).values(**row))


async def of_disclosure(tx: Tx, disclosure_id: str) -> tuple[LeakRecord, ...]:
    """Return the cases about a disclosure, oldest first."""
    return await _all(tx, select(t.leaks).where(t.leaks.c.disclosure_id == disclosure_id))


async def overdue(tx: Tx, list_id: str, now: datetime) -> tuple[LeakRecord, ...]:
    """Return the cases of a list whose retrospective should have been posted by now."""
    late = (t.leaks.c.retrospective == "due", t.leaks.c.retrospective_due <= now)
    return await _all(tx, select(t.leaks).where(t.leaks.c.list_id == list_id, *late))


async def of_org(tx: Tx, list_id: str, org: str) -> tuple[LeakRecord, ...]:
    """Return the cases that an organisation is proved to have reported, oldest first."""
    where = (t.leaks.c.list_id == list_id, t.leaks.c.org == clip(org, 200), t.leaks.c.verified)
    return await _all(tx, select(t.leaks).where(*where))


async def unalarmed(tx: Tx, list_id: str) -> tuple[LeakRecord, ...]:
    """Return the cases of a list whose alarm waits to be told with others."""
    return await _all(tx, select(t.leaks).where(t.leaks.c.list_id == list_id, t.leaks.c.alarmed_at.is_(None)))


async def messages_of(tx: Tx, leak_id: str) -> tuple[str, ...]:
    """Return the ids of the messages of ours that are about a case."""
    query = select(t.leak_messages.c.message_id).where(t.leak_messages.c.leak_id == leak_id)
    return tuple(await tx.scalars(query.order_by(t.leak_messages.c.message_id)))


async def link_message(tx: Tx, *, message_id: str, leak_id: str) -> None:
    """Let replies to a message of ours (alarm, notice, acknowledgement) join a case; its first case stays."""
    await insert_if_new(tx, t.leak_messages, {"message_id": message_id, "leak_id": leak_id})


async def of_message(tx: Tx, message_id: str) -> str | None:
    """Return the id of the case that a message of ours is about."""
    return await tx.scalar(select(t.leak_messages.c.leak_id).where(t.leak_messages.c.message_id == message_id))


async def _all(tx: Tx, query: Select[Any]) -> tuple[LeakRecord, ...]:
    rows = (await tx.execute(query.order_by(t.leaks.c.reported_at, t.leaks.c.id))).mappings()
    return tuple(record_of(LeakRecord, row, {"missing": tuple}) for row in rows)
