"""Disclosures: their states and instants, and what is due."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, and_, bindparam, delete, exists, func, insert, not_, or_, select

from policy.facts import Disclosure, State, Upstream, UpstreamMode
from storage import ids
from storage import tables as t
from storage.database import Tx
from storage.errors import StorageError
from storage.rows import clip, free_id, insert_if_new, plain, record_of, words

LIFT_OVERDUE = "lift-overdue"
"""A duty about a public date that has come, where a coordinator and not the clock ends the embargo.

Done or not, it is the sign that the coordinators were asked; a new date takes it away."""
_CHANGEABLE = (frozenset(Disclosure.__dataclass_fields__) | {"stop_hash", "particulars_item"}) - {"id", "list_id"}
_IS_HELD = t.disclosures.c.state == State.HELD.value
_IS_EMBARGOED = t.disclosures.c.state == State.EMBARGOED.value
_GOES = t.disclosures.c.stopped.is_(False)
_IN_ORDER = (t.disclosures.c.posted_at, t.disclosures.c.id)
_BY_ID = select(t.disclosures).where(t.disclosures.c.id == bindparam("wanted"))
_IS_ASKED = and_(
    t.disclosures.c.list_id.in_(bindparam("by_hand", expanding=True)),
    exists().where(t.duties.c.kind == LIFT_OVERDUE, t.duties.c.ref == t.disclosures.c.id),
)
_WAITS_FOR_DATE = or_(_IS_HELD, and_(_IS_EMBARGOED, not_(_IS_ASKED), t.disclosures.c.upstream_holds.is_(False)))
_HOLD_IS_OVER = and_(_IS_HELD, _GOES, t.disclosures.c.hold_until <= bindparam("now"))
_DATE_CAME = and_(_WAITS_FOR_DATE, t.disclosures.c.embargo_until <= bindparam("now"))
_DUE = select(t.disclosures).where(or_(_HOLD_IS_OVER, _DATE_CAME)).order_by(*_IN_ORDER)

_NEXT = (
    select(func.min(t.disclosures.c.hold_until)).where(_IS_HELD, _GOES),
    select(func.min(t.duties.c.due_at)).where(t.duties.c.done_at.is_(None)),
)
_NEXT_DATE = select(func.min(t.disclosures.c.embargo_until)).where(_WAITS_FOR_DATE)


def _read_upstreams(text: str) -> tuple[Upstream, ...]:
    return tuple(
        Upstream(
            name=row["name"],
            mode=UpstreamMode(row["mode"]),
            until=_instant(row["until"]),
            over_at=_instant(row["over_at"]),
            opened=row["opened"],
            shared=row["shared"],
        )
        for row in json.loads(text)
    )


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _read_ids(text: str) -> frozenset[str]:
    return frozenset(json.loads(text))


_HOW: dict[str, Callable[[Any], Any]] = {
    "state": State,
    "admitted": frozenset,
    "upstreams": _read_upstreams,
    "detailed": _read_ids,
}


def _columns(values: Mapping[str, Any]) -> dict[str, object]:
    """Fields of ``Disclosure`` as a row holds them: upstreams with whether one of them holds."""
    row = {name: plain(value) for name, value in values.items() if name not in {"upstreams", "detailed"}}
    if "upstreams" in values:
        known: tuple[Upstream, ...] = values["upstreams"]
        instants = [{name: at and at.isoformat() for name, at in _ends(one)} for one in known]
        rows = [{**asdict(one), **ends} for one, ends in zip(known, instants, strict=True)]
        row |= {"upstreams": json.dumps(rows), "upstream_holds": any(one.holds for one in known)}
    if "detailed" in values:
        row["detailed"] = json.dumps(sorted(values["detailed"]))
    return row


def _ends(one: Upstream) -> tuple[tuple[str, datetime | None], ...]:
    return ("until", one.until), ("over_at", one.over_at)


async def new_id(tx: Tx, prefix: str, now: datetime) -> str:
    """Return a free id: ED-2026-...."""
    return await free_id(tx, t.disclosures.c.id, lambda: ids.disclosure_id(prefix, now))


async def add(tx: Tx, disclosure: Disclosure, *, stop_hash: str, particulars_item: str) -> None:
    """Add a disclosure; what people wrote of it is in the sealed item, and of the stop code only its hash."""
    fields = {name: getattr(disclosure, name) for name in Disclosure.__dataclass_fields__}
    row = _columns(fields) | {"poster_name": clip(disclosure.poster_name, 200)}
    await tx.execute(
        insert(t.disclosures).values(**row, stop_hash=stop_hash, particulars_item=particulars_item, last_number=0)
    )


async def get(tx: Tx, disclosure_id: str) -> Disclosure | None:
    """Return a disclosure."""
    row = (await tx.execute(_BY_ID, {"wanted": disclosure_id})).mappings().first()
    return record_of(Disclosure, row, _HOW) if row is not None else None


async def ls(tx: Tx, list_id: str | None = None, states: Collection[State] | None = None) -> tuple[Disclosure, ...]:
    """Return those of a list (None: of all) in some states (None: in any), oldest first."""
    conditions: list[ColumnElement[bool]] = []
    if list_id is not None:
        conditions.append(t.disclosures.c.list_id == list_id)
    if states is not None:
        conditions.append(t.disclosures.c.state.in_(words(states)))
    return await _where(tx, *conditions)


async def update(tx: Tx, disclosure_id: str, **changes: object) -> None:
    """Change a disclosure: fields of ``Disclosure`` (but ``id`` and ``list_id``), ``stop_hash``, ``particulars_item``.

    What was to be done about an old public date is forgotten with it. Raises TypeError for any other name
    and StorageError for an unknown disclosure.
    """
    unknown = changes.keys() - _CHANGEABLE
    if unknown:
        raise TypeError(f"not to be changed on a disclosure: {', '.join(sorted(unknown))}")
    row = _columns(changes)
    if not row:
        return
    done = await tx.execute(sa.update(t.disclosures).where(t.disclosures.c.id == disclosure_id).values(**row))
    if done.rowcount != 1:
        raise StorageError("there is no such disclosure to change")
    if "embargo_until" in changes:
        await tx.execute(delete(t.duties).where(t.duties.c.ref == disclosure_id, t.duties.c.kind == LIFT_OVERDUE))


async def particulars_item(tx: Tx, disclosure_id: str) -> str:
    """Return the id of the sealed particulars. Raises StorageError for an unknown disclosure."""
    found = await tx.scalar(select(t.disclosures.c.particulars_item).where(t.disclosures.c.id == disclosure_id))
    if found is None:
        raise StorageError("there is no such disclosure")
    return str(found)


async def by_stop_hash(tx: Tx, list_id: str, stop_hash: str) -> tuple[Disclosure, ...]:
    """Return those that a stop code, given as its hash, belongs to."""
    return await _where(tx, t.disclosures.c.list_id == list_id, t.disclosures.c.stop_hash == stop_hash)


async def take_number(tx: Tx, disclosure_id: str) -> int:
    """Take the next number of a message of a disclosure: 1, 2, ... Raises StorageError for an unknown disclosure."""
    number = await tx.scalar(
        sa.update(t.disclosures)
        .where(t.disclosures.c.id == disclosure_id)
        .values(last_number=t.disclosures.c.last_number + 1)
        .returning(t.disclosures.c.last_number)
    )
    if number is None:
        raise StorageError("there is no such disclosure")
    return int(number)


async def due(tx: Tx, now: datetime, by_hand: Collection[str] = ()) -> tuple[Disclosure, ...]:
    """Return those for which the clock has something to do: a hold that is over, or a public date that came.

    Which of the two, and whether a date went by while it was held, is for the core to say. ``by_hand`` are
    lists on which coordinators lift: what they have been asked to lift waits for them.
    """
    found = await tx.execute(_DUE, {"now": now, "by_hand": list(by_hand)})
    return tuple(record_of(Disclosure, row, _HOW) for row in found.mappings())


async def next_instant(tx: Tx, by_hand: Collection[str] = ()) -> datetime | None:
    """Return the earliest instant, gone by or ahead, at which a release, a lift or a duty is to be acted on."""
    found = [await tx.scalar(query) for query in _NEXT]
    found.append(await tx.scalar(_NEXT_DATE, {"by_hand": list(by_hand)}))
    return min((instant for instant in found if instant is not None), default=None)


async def acknowledge(tx: Tx, disclosure_id: str, person_id: int, now: datetime) -> None:
    """Note that somebody has received and understood; the first time counts."""
    row = {"disclosure_id": disclosure_id, "person_id": person_id, "at": now}
    await insert_if_new(tx, t.acknowledgements, row)


async def forget_acknowledgements(tx: Tx, disclosure_id: str) -> int:
    """Begin to count anew who has received and understood; return how many had."""
    done = await tx.execute(sa.delete(t.acknowledgements).where(t.acknowledgements.c.disclosure_id == disclosure_id))
    return done.rowcount


async def acknowledged(tx: Tx, disclosure_id: str) -> dict[int, datetime]:
    """Return who has acknowledged, and when, by the ids of people."""
    query = select(t.acknowledgements.c.person_id, t.acknowledgements.c.at).where(
        t.acknowledgements.c.disclosure_id == disclosure_id
    )
    return {row.person_id: row.at for row in await tx.execute(query)}


async def _where(tx: Tx, *conditions: ColumnElement[bool]) -> tuple[Disclosure, ...]:
    query = select(t.disclosures).where(*conditions).order_by(*_IN_ORDER)
    return tuple(record_of(Disclosure, row, _HOW) for row in (await tx.execute(query)).mappings())
