"""A few values that all nodes share, by name."""

from __future__ import annotations

from sqlalchemy import select, update

from storage import tables as t
from storage.database import Tx
from storage.rows import insert_if_new


async def get(tx: Tx, name: str) -> str | None:
    """Return a value; None where it was never put."""
    return await tx.scalar(select(t.settings.c.value).where(t.settings.c.name == name))


async def put(tx: Tx, name: str, value: str) -> None:
    """Keep a value, in the place of the one before it."""
    if not await insert_if_new(tx, t.settings, {"name": name, "value": value}):
        await tx.execute(update(t.settings).where(t.settings.c.name == name).values(value=value))
