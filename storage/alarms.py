"""What the pager command is told, and whether it took it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Select, bindparam, exists, func, insert, or_, select, update

from policy.facts import MessageKind
from storage import ids
from storage import tables as t
from storage.database import Tx
from storage.records import Alarm
from storage.rows import free_id, record_of, values_of

_DUE = "due"
_IN_ORDER = (t.alarms.c.at, t.alarms.c.id)
_IS_NOW = or_(t.alarms.c.next_at.is_(None), t.alarms.c.next_at <= bindparam("now"))
_DUE_AT = select(t.alarms).where(t.alarms.c.state == _DUE, _IS_NOW).order_by(*_IN_ORDER)


async def new_id(tx: Tx, now: datetime) -> str:
    """Return a free id: AL-2026-...."""
    return await free_id(tx, t.alarms.c.id, lambda: ids.disclosure_id("AL", now))


async def add(tx: Tx, alarm: Alarm) -> None:
    """Raise an alarm; without ``next_at`` it is due at once."""
    await tx.execute(insert(t.alarms), values_of(alarm))


async def get(tx: Tx, alarm_id: str) -> Alarm | None:
    """Return an alarm."""
    found = await _all(tx, select(t.alarms).where(t.alarms.c.id == alarm_id))
    return found[0] if found else None


async def ls(tx: Tx) -> tuple[Alarm, ...]:
    """Return all alarms, oldest first."""
    return await _all(tx, select(t.alarms))


async def due(tx: Tx, now: datetime) -> tuple[Alarm, ...]:
    """Return the alarms that the command has to be told now."""
    return tuple(record_of(Alarm, row) for row in (await tx.execute(_DUE_AT, {"now": now})).mappings())


async def next_due(tx: Tx) -> datetime | None:
    """Return the earliest instant, gone by or ahead, at which the command has to be told something."""
    due_at = func.coalesce(t.alarms.c.next_at, t.alarms.c.at)
    found: datetime | None = await tx.scalar(select(func.min(due_at)).where(t.alarms.c.state == _DUE))
    return found


async def leaks_rung(tx: Tx, list_id: str, since: datetime) -> tuple[str | None, ...]:
    """Return the disclosure of each leak alarm (None: about none) that a list had after an instant.

    Those that rang by what came in; what the clock repeats until somebody takes it is left out.
    """
    by_mail = exists().where(
        t.leak_messages.c.leak_id == t.leaks.c.id,
        t.messages.c.id == t.leak_messages.c.message_id,
        t.messages.c.kind == MessageKind.ALARM,
        t.messages.c.mail_id.is_not(None),
        t.messages.c.created_at == t.alarms.c.at,
    )
    query = (
        select(t.leaks.c.disclosure_id)
        .join(t.alarms, t.alarms.c.ref == t.leaks.c.id)
        .where(t.alarms.c.kind == "leak", t.alarms.c.list_id == list_id, t.alarms.c.at > since)
        .where(or_(t.alarms.c.at == t.leaks.c.reported_at, by_mail))
    )
    return tuple(await tx.scalars(query))


async def settle(tx: Tx, alarm_id: str, *, told: bool, now: datetime, next_at: datetime | None = None) -> None:
    """Count an attempt: told, or to be tried again at ``next_at``. One acknowledged meanwhile stays so."""
    row: dict[str, Any] = {"attempts": t.alarms.c.attempts + 1, "next_at": None if told else next_at}
    if told:
        row |= {"state": "told", "told_at": now}
    await tx.execute(update(t.alarms).where(t.alarms.c.id == alarm_id, t.alarms.c.state == _DUE).values(**row))


async def ack(tx: Tx, alarm_id: str, now: datetime) -> bool:
    """Note that a person has taken an alarm, so that it is not repeated; False for an unknown one."""
    done = await tx.execute(
        update(t.alarms).where(t.alarms.c.id == alarm_id).values(state="acked", acked_at=now, next_at=None)
    )
    return done.rowcount == 1


async def _all(tx: Tx, query: Select[Any]) -> tuple[Alarm, ...]:
    rows = (await tx.execute(query.order_by(*_IN_ORDER))).mappings()
    return tuple(record_of(Alarm, row) for row in rows)
