"""Mails that were kept back, until somebody decides or their time is over."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Select, insert, select, update

from storage import ids
from storage import tables as t
from storage.database import Tx
from storage.records import Quarantined
from storage.rows import chunks, clip, free_id, record_of, values_of

KEPT = "kept"


async def new_id(tx: Tx, now: datetime) -> str:
    """Return a free id: QU-2026-...."""
    return await free_id(tx, t.quarantine.c.id, lambda: ids.disclosure_id("QU", now))


async def add(tx: Tx, kept: Quarantined) -> None:
    """Keep a mail back."""
    row = values_of(kept) | {"envelope_from": clip(kept.envelope_from, 320)}
    await tx.execute(insert(t.quarantine).values(**row))


async def get(tx: Tx, quarantine_id: str) -> Quarantined | None:
    """Return a mail that is or was kept back."""
    found = await _all(tx, select(t.quarantine).where(t.quarantine.c.id == quarantine_id))
    return found[0] if found else None


async def of_mail(tx: Tx, mail_id: str) -> Quarantined | None:
    """Return the entry of a mail that is or was kept back."""
    found = await _all(tx, select(t.quarantine).where(t.quarantine.c.mail_id == mail_id))
    return found[0] if found else None


async def ls(tx: Tx, list_id: str | None = None, state: str | None = KEPT) -> tuple[Quarantined, ...]:
    """Return those of a list (None: of all) in a state (None: in any), oldest first."""
    query = select(t.quarantine)
    if list_id is not None:
        query = query.where(t.quarantine.c.list_id == list_id)
    if state is not None:
        query = query.where(t.quarantine.c.state == state)
    return await _all(tx, query)


async def set_state(tx: Tx, quarantine_id: str, state: str, now: datetime) -> bool:
    """Release, discard or expire one that is kept; False when it no longer was, and nothing is changed."""
    done = await tx.execute(
        update(t.quarantine)
        .where(t.quarantine.c.id == quarantine_id, t.quarantine.c.state == KEPT)
        .values(state=state, decided_at=now)
    )
    return done.rowcount == 1


async def untold(tx: Tx, list_id: str) -> tuple[Quarantined, ...]:
    """Return those of which the coordinators were not told yet; what a person decided needs no telling."""
    return await _all(
        tx,
        select(t.quarantine).where(
            t.quarantine.c.list_id == list_id,
            t.quarantine.c.told_at.is_(None),
            t.quarantine.c.state.in_([KEPT, "expired"]),  # law 4: also what went by unseen
        ),
    )


async def mark_told(tx: Tx, quarantine_ids: Collection[str], now: datetime) -> None:
    """Note that the coordinators are told of these."""
    for chunk in chunks(quarantine_ids):
        await tx.execute(update(t.quarantine).where(t.quarantine.c.id.in_(chunk)).values(told_at=now))


async def expire(tx: Tx, list_id: str, before: datetime, now: datetime | None = None) -> tuple[Quarantined, ...]:
    """Expire strangers' mails that were received before an instant, and return them, as they now are.

    The sealed mail itself is the caller's to destroy. What is from or about a known signer or thread stays.
    """
    due = (
        t.quarantine.c.list_id == list_id,
        t.quarantine.c.state == KEPT,
        t.quarantine.c.known.is_(False),
        t.quarantine.c.received_at < before,
    )
    found = await _all(tx, select(t.quarantine).where(*due))
    await tx.execute(update(t.quarantine).where(*due).values(state="expired", decided_at=now))
    return tuple(replace(kept, state="expired") for kept in found)


async def _all(tx: Tx, query: Select[Any]) -> tuple[Quarantined, ...]:
    rows = (await tx.execute(query.order_by(t.quarantine.c.received_at, t.quarantine.c.id))).mappings()
    return tuple(record_of(Quarantined, row, {"reasons": tuple}) for row in rows)
