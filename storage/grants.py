"""Grants: one disclosure each, for somebody who is no member."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ColumnElement, insert, select, update

from policy.facts import Grant, GrantKind
from storage import ids
from storage import tables as t
from storage.database import Tx
from storage.records import GrantRecord
from storage.rows import clip, free_id, plain, record_of, values_of

_HOW = {"kind": GrantKind}
_SMALL = tuple(column for column in t.grants.c if column.name != "public")


async def new_id(tx: Tx, prefix: str, now: datetime) -> str:
    """Return a free id: GR-2026-...., SR-2026-....."""
    return await free_id(tx, t.grants.c.id, lambda: ids.disclosure_id(prefix, now))


async def add(tx: Tx, grant: GrantRecord) -> None:
    """Keep a grant, or what is asked for."""
    await tx.execute(insert(t.grants), values_of(grant) | {"address": clip(grant.address, 320)})


async def get(tx: Tx, grant_id: str) -> GrantRecord | None:
    """Return a grant."""
    found = await _where(tx, t.grants.c.id == grant_id)
    return found[0] if found else None


async def of_disclosure(tx: Tx, disclosure_id: str) -> tuple[GrantRecord, ...]:
    """Return the grants of a disclosure, oldest first."""
    return await _where(tx, t.grants.c.disclosure_id == disclosure_id)


async def ls(tx: Tx, list_id: str | None = None, kind: GrantKind | None = None) -> tuple[GrantRecord, ...]:
    """Return the grants of a list (None: of all), of one kind (None: of any), oldest first."""
    where = [t.grants.c.list_id == list_id] if list_id is not None else []
    return await _where(tx, *where, *([t.grants.c.kind == kind.value] if kind is not None else []))


async def update_one(tx: Tx, grant_id: str, **changes: object) -> None:
    """Change fields of a grant."""
    row = {name: plain(value) for name, value in changes.items()}
    await tx.execute(update(t.grants).where(t.grants.c.id == grant_id).values(**row))


async def held_by(tx: Tx, people: Collection[int]) -> dict[int, tuple[Grant, ...]]:
    """Return what some people were granted, oldest first, by their ids."""
    if not people:
        return {}
    query = select(*_SMALL).where(t.grants.c.person_id.in_(sorted(people))).order_by(t.grants.c.asked_at, t.grants.c.id)
    found: dict[int, tuple[Grant, ...]] = {}
    for row in (await tx.execute(query)).mappings():
        grant = record_of(Grant, row, _HOW)
        found[row["person_id"]] = (*found.get(row["person_id"], ()), grant)
    return found


async def _where(tx: Tx, *conditions: ColumnElement[bool]) -> tuple[GrantRecord, ...]:
    query = select(t.grants).where(*conditions).order_by(t.grants.c.asked_at, t.grants.c.id)
    return tuple(record_of(GrantRecord, row, _HOW) for row in (await tx.execute(query)).mappings())
