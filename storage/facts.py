"""Facts that were reported of disclosures: public, exploit, attacks; and which of them coordinators confirmed."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import insert, select, update

from storage import ids
from storage import tables as t
from storage.database import Tx
from storage.records import FactRecord
from storage.rows import clip, free_id, record_of, values_of


async def new_id(tx: Tx, now: datetime) -> str:
    """Return a free id: FA-2026-...."""
    return await free_id(tx, t.facts.c.id, lambda: ids.disclosure_id("FA", now))


async def add(tx: Tx, fact: FactRecord) -> None:
    """Keep a report."""
    await tx.execute(insert(t.facts), values_of(fact) | {"reporter": clip(fact.reporter, 320)})


async def get(tx: Tx, fact_id: str) -> FactRecord | None:
    """Return a report."""
    row = (await tx.execute(select(t.facts).where(t.facts.c.id == fact_id))).mappings().first()
    return record_of(FactRecord, row) if row is not None else None


async def of_disclosure(tx: Tx, disclosure_id: str) -> tuple[FactRecord, ...]:
    """Return the reports about a disclosure, oldest first."""
    query = select(t.facts).where(t.facts.c.disclosure_id == disclosure_id)
    rows = (await tx.execute(query.order_by(t.facts.c.reported_at, t.facts.c.id))).mappings()
    return tuple(record_of(FactRecord, row) for row in rows)


async def confirm(tx: Tx, fact_id: str, *, by: str, now: datetime) -> None:
    """Note who confirmed a report, and when."""
    row = {"state": "confirmed", "confirmed_at": now, "confirmed_by": clip(by, 320)}
    await tx.execute(update(t.facts).where(t.facts.c.id == fact_id).values(**row))
