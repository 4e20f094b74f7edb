"""Sealed items: the only place where anything that people wrote is kept, as ciphertext."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import bindparam, insert, select, update

from storage.database import Tx
from storage.records import Item
from storage.rows import record_of, values_of
from storage.tables import items

_BY_ID = select(items).where(items.c.id == bindparam("wanted"), items.c.wrapped_key.is_not(None))


async def put(tx: Tx, item: Item, now: datetime) -> None:
    """Keep a new item. Raises Conflict, with the transaction, for an id that is there."""
    await tx.execute(insert(items), values_of(item) | {"created_at": now})


async def get(tx: Tx, item_id: str) -> Item | None:
    """Return an item; None for one that is unknown or destroyed."""
    row = (await tx.execute(_BY_ID, {"wanted": item_id})).mappings().first()
    return record_of(Item, row) if row is not None else None


async def replace(tx: Tx, item: Item) -> bool:
    """Put an item sealed anew in the place of the old one; False (and nothing done) for a destroyed one."""
    done = await tx.execute(
        update(items)
        .where(items.c.id == item.id, items.c.wrapped_key.is_not(None))
        .values(wrapped_key=item.wrapped_key, body=item.body, size=item.size)
    )
    return done.rowcount == 1


async def destroy(tx: Tx, item_id: str, now: datetime) -> None:
    """Destroy an item for ever: without its data key no copy of its body opens. The row tells when."""
    await tx.execute(
        update(items)
        .where(items.c.id == item_id, items.c.destroyed_at.is_(None))
        .values(wrapped_key=None, body=None, destroyed_at=now)
    )
