"""What has to be done once, at its time: release reports, digests, warnings."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import bindparam, delete, select, update

from storage import tables as t
from storage.database import Tx
from storage.records import Duty
from storage.rows import insert_if_new, record_of

_IS_DUE = (t.duties.c.done_at.is_(None), t.duties.c.due_at <= bindparam("now"))
_DUE_AT = select(t.duties).where(*_IS_DUE).order_by(t.duties.c.due_at, t.duties.c.id)


async def add(tx: Tx, *, kind: str, ref: str, list_id: str, due_at: datetime, again: bool = False) -> None:
    """Take on a duty; one of that kind and ref that is there stays as it is.

    With ``again`` one that was done is taken on anew.
    """
    row = {"kind": kind, "ref": ref, "list_id": list_id, "due_at": due_at}
    if await insert_if_new(tx, t.duties, row) or not again:
        return
    await tx.execute(
        update(t.duties)
        .where(t.duties.c.kind == kind, t.duties.c.ref == ref, t.duties.c.done_at.is_not(None))
        .values(list_id=list_id, due_at=due_at, done_at=None)
    )


async def put(tx: Tx, *, kind: str, ref: str, list_id: str, due_at: datetime) -> None:
    """Take on a duty, or give the one of that kind and ref another time, done or not."""
    row = {"kind": kind, "ref": ref, "list_id": list_id, "due_at": due_at}
    if not await insert_if_new(tx, t.duties, row):
        where = (t.duties.c.kind == kind, t.duties.c.ref == ref)
        await tx.execute(update(t.duties).where(*where).values(due_at=due_at, done_at=None))


async def due(tx: Tx, now: datetime) -> tuple[Duty, ...]:
    """Return the duties whose time has come, the longest due first."""
    return tuple(record_of(Duty, row) for row in (await tx.execute(_DUE_AT, {"now": now})).mappings())


async def open_refs(tx: Tx, *, kind: str, list_id: str) -> tuple[str, ...]:
    """Return what a kind of duty of a list is still to be done about, in the order in which they are due."""
    where = (t.duties.c.kind == kind, t.duties.c.list_id == list_id, t.duties.c.done_at.is_(None))
    return tuple(await tx.scalars(select(t.duties.c.ref).where(*where).order_by(t.duties.c.due_at, t.duties.c.id)))


async def done(tx: Tx, duty_id: int, now: datetime) -> None:
    """Note that a duty is done; one that was given a later time meanwhile is still to do."""
    where = (t.duties.c.id == duty_id, t.duties.c.due_at <= now)
    await tx.execute(update(t.duties).where(*where).values(done_at=now))


async def finish(tx: Tx, *, kind: str, ref: str, now: datetime) -> bool:
    """Note that a duty is done, by kind and ref; False when it was done before, or never taken on."""
    done = await tx.execute(
        update(t.duties)
        .where(t.duties.c.kind == kind, t.duties.c.ref == ref, t.duties.c.done_at.is_(None))
        .values(done_at=now)
    )
    return bool(done.rowcount)


async def drop(tx: Tx, *, kind: str, ref: str) -> None:
    """Forget a duty, done or not."""
    await tx.execute(delete(t.duties).where(t.duties.c.kind == kind, t.duties.c.ref == ref))
