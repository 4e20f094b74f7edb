"""The copies: one for each recipient of a message; what is due, who has it in hand, how it ended.

A copy is ``queued``, then sealed (``mark_sealed``), then handed over and settled. Whoever works on one
takes a lease first: a crash frees it when the lease ends, or at once by ``release_leases``. Two workers
never get the same copy while a lease runs; after a crash the worst is one copy twice, never none.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Executable,
    Select,
    and_,
    bindparam,
    case,
    exists,
    func,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.sql.dml import ReturningUpdate

from policy.facts import READERS, CopyState, MessageKind
from storage import tables as t
from storage.database import Tx
from storage.records import Copy
from storage.rows import chunks, clip, is_there, plain, record_of, values_of, words

_ON_ITS_WAY = (CopyState.QUEUED.value, CopyState.DEFERRED.value)
_UNSETTLED = (*_ON_ITS_WAY, CopyState.WITHHELD.value)
_HANDED_OVER = (CopyState.SENT, CopyState.BOUNCED)
_FREE = {"lease_owner": None, "lease_until": None}
_UNSEALED = {"body_id": None, "packets": None, "sealed_to": None}
_HOW = {"kind": MessageKind, "state": CopyState, "sealed_to": tuple, "withheld": tuple, "packets": bytes}

_BY_ID = select(t.copies).where(t.copies.c.id == bindparam("wanted"))
_IS_DUE = and_(
    t.copies.c.state.in_(_ON_ITS_WAY),
    t.copies.c.next_at <= bindparam("now"),
    or_(t.copies.c.lease_until.is_(None), t.copies.c.lease_until <= bindparam("now")),
)
_UNSEALED_DUE = and_(_IS_DUE, t.copies.c.body_id.is_(None))
_SEALED_DUE = and_(_IS_DUE, t.copies.c.body_id.is_not(None))
_WAITING = select(exists().where(_UNSEALED_DUE), exists().where(_SEALED_DUE))


_IN_ORDER = (func.length(t.copies.c.message_id), t.copies.c.message_id)
"""The order of a disclosure's messages: ED-2026-K7QX/2 stands before ED-2026-K7QX/10."""


def _claiming(due: ColumnElement[bool], then_by: ColumnElement[Any]) -> ReturningUpdate[Any]:
    # One query for both: SQLite knows no FOR UPDATE and needs none, its writer is alone.
    chosen = (
        select(t.copies.c.id)
        .where(due)
        .order_by(t.copies.c.priority, then_by, *_IN_ORDER, t.copies.c.id)
        .limit(bindparam("most"))
        .with_for_update(skip_locked=True)
        .cte("chosen")
    )
    return (
        update(t.copies)
        .where(t.copies.c.id.in_(select(chosen.c.id)))
        .values(lease_owner=bindparam("owner"), lease_until=bindparam("until"))
        .returning(t.copies)
    )


_CLAIM_UNSEALED = _claiming(_UNSEALED_DUE, t.copies.c.created_at)
_CLAIM_SEALED = _claiming(_SEALED_DUE, t.copies.c.next_at)


async def put(tx: Tx, copy: Copy) -> None:
    """Queue a copy. Raises Conflict, with the transaction, when that address has one of that message already.

    A queued one without ``next_at`` is due from its creation on.
    """
    await tx.execute(insert(t.copies), _row(copy))


async def put_all(tx: Tx, copies: Sequence[Copy]) -> None:
    """Queue many copies in one statement, as ``put`` does."""
    if copies:
        await tx.execute(insert(t.copies), [_row(copy) for copy in copies])


async def get(tx: Tx, copy_id: str) -> Copy | None:
    """Return a copy as it is now."""
    row = (await tx.execute(_BY_ID, {"wanted": copy_id})).mappings().first()
    return record_of(Copy, row, _HOW) if row is not None else None


async def by_token(tx: Tx, token: str) -> Copy | None:
    """Return the copy to whose return path a bounce came."""
    found = await _all(tx, select(t.copies).where(t.copies.c.token == token.lower()))
    return found[0] if found else None


async def of_message(tx: Tx, message_id: str) -> tuple[Copy, ...]:
    """Return the copies of a message."""
    return await _all(tx, select(t.copies).where(t.copies.c.message_id == message_id))


async def of_disclosure(
    tx: Tx,
    disclosure_id: str,
    *,
    roles: Collection[str] | None = None,
    kinds: Collection[MessageKind] | None = None,
) -> tuple[Copy, ...]:
    """Return the copies that belong to a disclosure, for some roles and of some kinds (None: any)."""
    query = select(t.copies).where(t.copies.c.disclosure_id == disclosure_id)
    if roles is not None:
        query = query.where(t.copies.c.role.in_(words(roles)))
    if kinds is not None:
        query = query.where(t.copies.c.kind.in_(words(kinds)))
    return await _all(tx, query)


async def unsettled(tx: Tx, list_id: str | None = None) -> tuple[Copy, ...]:
    """Return the copies not yet delivered or given up: queued, deferred, withheld."""
    query = select(t.copies).where(t.copies.c.state.in_(_UNSETTLED))
    return await _all(tx, query if list_id is None else query.where(t.copies.c.list_id == list_id))


async def withheld(tx: Tx, list_id: str) -> tuple[Copy, ...]:
    """Return the copies that wait for a usable key."""
    query = select(t.copies).where(t.copies.c.list_id == list_id, t.copies.c.state == CopyState.WITHHELD.value)
    return await _all(tx, query)


async def in_hand(tx: Tx, disclosure_id: str) -> frozenset[str]:
    """Return the ids of a disclosure's copies that somebody works on: one may be with the next hop right now."""
    query = select(t.copies.c.id).where(t.copies.c.disclosure_id == disclosure_id, t.copies.c.lease_owner.is_not(None))
    return frozenset((await tx.execute(query)).scalars())


async def waits_already(tx: Tx, copy: Copy) -> bool:
    """Whether another copy for the same person waits for a usable key."""
    others = (t.copies.c.person_id == copy.person_id, t.copies.c.state == CopyState.WITHHELD.value)
    return await is_there(tx, and_(*others, t.copies.c.id != copy.id))


async def reached(tx: Tx, message_id: str) -> frozenset[int]:
    """Return the ids of the members and guests who got a message or will get it."""
    query = select(t.copies.c.person_id).where(
        t.copies.c.message_id == message_id,
        t.copies.c.role.in_(words(READERS)),
        t.copies.c.state != CopyState.CANCELLED.value,
        t.copies.c.person_id.is_not(None),
    )
    return frozenset((await tx.execute(query)).scalars())


@dataclass(frozen=True, slots=True)
class Waiting:
    """Whether copies wait to be sealed, and whether sealed ones wait to be handed over."""

    unsealed: bool
    sealed: bool


async def waiting(tx: Tx, now: datetime) -> Waiting:
    """Say what is due: asked before the writers' lock is taken."""
    row = (await tx.execute(_WAITING, {"now": now})).one()
    return Waiting(unsealed=bool(row[0]), sealed=bool(row[1]))


async def claim_unsealed(
    tx: Tx, *, owner: str, now: datetime, lease_for: timedelta, limit: int = 200
) -> tuple[Copy, ...]:
    """Take the lease of due copies that are not sealed yet, the most urgent and then the oldest first.

    Of one instant, those of a disclosure in the order of its messages' numbers.
    """
    claimed = await _claim(tx, _CLAIM_UNSEALED, owner, now, now + lease_for, limit)
    return tuple(sorted(claimed, key=lambda copy: (copy.priority, copy.created_at, place(copy), copy.id)))


async def claim_due(tx: Tx, *, owner: str, now: datetime, lease_for: timedelta, limit: int) -> tuple[Copy, ...]:
    """Take the lease of due copies that are sealed, the most urgent and then the longest due first.

    Of one instant, those of a disclosure in the order of its messages' numbers.
    """
    claimed = await _claim(tx, _CLAIM_SEALED, owner, now, now + lease_for, limit)
    return tuple(sorted(claimed, key=lambda copy: (copy.priority, copy.next_at or now, place(copy), copy.id)))


def place(copy: Copy) -> tuple[int, str]:
    """Where a copy stands among those of its disclosure, by its message's number."""
    return len(copy.message_id), copy.message_id


async def mark_sealed(
    tx: Tx,
    copy_id: str,
    *,
    body_id: str,
    packets: bytes,
    sealed_to: Collection[str],
    now: datetime,
    content_id: str | None = None,
) -> bool:
    """Keep what a copy was sealed to, and free its lease; False when it was cancelled or settled meanwhile.

    False as well, and it keeps its lease, where it holds another content than ``content_id`` by now.
    """
    where = [t.copies.c.id == copy_id, t.copies.c.state.in_(_ON_ITS_WAY)]
    if content_id is not None:
        where.append(t.copies.c.content_id == content_id)
    done = await tx.execute(
        update(t.copies)
        .where(*where)
        .values(body_id=body_id, packets=packets, sealed_to=sorted(sealed_to), changed_at=now, **_FREE)
    )
    return done.rowcount == 1


async def settle(
    tx: Tx,
    copy_id: str,
    *,
    state: CopyState,
    reason: str | None,
    now: datetime,
    attempts: int | None = None,
    next_at: datetime | None = None,
    given: Copy | None = None,
) -> bool:
    """Say how it went with a copy, and free its lease; queued and deferred ones are due at ``next_at`` (None: now).

    False, and nothing is changed, when a copy that was cancelled or settled meanwhile would come to life again:
    a hand-over in progress cannot undo a suspension. That it was handed over is always recorded, being true; so
    is what was: ``given`` is the copy as its reader got it, whatever it was to hold since.
    """
    on_its_way = state.value in _ON_ITS_WAY
    row: dict[str, Any] = {
        "state": state.value,
        "reason": _short(reason),
        "changed_at": now,
        "next_at": (next_at or now) if on_its_way else None,
        "settled_at": None if state.value in _UNSETTLED else now,
        **_FREE,
    }
    if attempts is not None:
        row["attempts"] = attempts
    query = update(t.copies).where(t.copies.c.id == copy_id)
    if state not in _HANDED_OVER:
        query = query.where(t.copies.c.state.in_(_UNSETTLED))
    found = (await tx.execute(query.values(**row).returning(t.copies.c.content_id, t.copies.c.body_id))).first()
    if found is not None and given is not None and tuple(found) != (given.content_id, given.body_id):
        had = {"content_id": given.content_id, "withheld": list(given.withheld), "body_id": None, "packets": None}
        had["sealed_to"] = list(given.sealed_to or ())
        await tx.execute(update(t.copies).where(t.copies.c.id == copy_id).values(**had))
    return found is not None


async def unseal(tx: Tx, copy_id: str) -> bool:
    """Forget what a copy was sealed to, and free its lease: it is to be sealed anew, under the same Message-ID."""
    done = await tx.execute(
        update(t.copies).where(t.copies.c.id == copy_id, t.copies.c.state.in_(_UNSETTLED)).values(**_UNSEALED, **_FREE)
    )
    return done.rowcount == 1


async def unseal_of_key(tx: Tx, list_id: str, fingerprint: str) -> None:
    """Forget what was sealed to a key whose certificate is another one now; whoever has one in hand keeps its lease.

    Not what tells its holder of that: it goes to the key as it was, on purpose.
    """
    query = select(t.copies.c.id, t.copies.c.sealed_to).where(
        t.copies.c.list_id == list_id,
        t.copies.c.state.in_(_UNSETTLED),
        t.copies.c.sealed_to.is_not(None),
        t.copies.c.kind != MessageKind.KEY_NOTICE.value,
    )
    found = [row.id for row in await tx.execute(query) if fingerprint in (row.sealed_to or ())]
    for some in chunks(found):
        await tx.execute(update(t.copies).where(t.copies.c.id.in_(some)).values(**_UNSEALED))


async def requeue(tx: Tx, copy_id: str, now: datetime) -> bool:
    """Begin anew with a copy that is withheld or came back: sealed anew, sent now, under the same Message-ID.

    The time after which it is given up runs from now. False for one that is on its way, was sent or cancelled.
    """
    done = await tx.execute(
        update(t.copies)
        .where(t.copies.c.id == copy_id, t.copies.c.state.in_((CopyState.WITHHELD.value, CopyState.BOUNCED.value)))
        .values(
            state=CopyState.QUEUED.value,
            reason=None,
            created_at=now,
            changed_at=now,
            next_at=now,
            settled_at=None,
            **_UNSEALED,
            **_FREE,
        )
    )
    return done.rowcount == 1


async def renew(
    tx: Tx, copy_id: str, *, content_id: str, person_id: int, withheld: Sequence[str], now: datetime
) -> bool:
    """Send a copy after all that was cancelled or withheld, with another content: its reader was let in again."""
    done = await tx.execute(
        update(t.copies)
        .where(t.copies.c.id == copy_id)
        .values(
            state=CopyState.QUEUED.value,
            reason=None,
            content_id=content_id,
            person_id=person_id,
            withheld=list(withheld),
            attempts=0,
            created_at=now,
            changed_at=now,
            next_at=now,
            settled_at=None,
            **_UNSEALED,
            **_FREE,
        )
    )
    return done.rowcount == 1


async def reword(tx: Tx, copy_ids: Collection[str], *, content_id: str, withheld: Sequence[str]) -> None:
    """Give copies that were not delivered yet another content; what else becomes of them, and when, stays as it is.

    Whoever has one in hand keeps its lease: nobody else sends it beside a hand-over that goes on.
    """
    changed = {"content_id": content_id, "withheld": list(withheld), **_UNSEALED}
    for some in chunks(copy_ids):
        await tx.execute(
            update(t.copies).where(t.copies.c.id.in_(some), t.copies.c.state.in_(_UNSETTLED)).values(**changed)
        )


async def cancel(
    tx: Tx,
    *,
    now: datetime,
    reason: str,
    person_id: int | None = None,
    disclosure_id: str | None = None,
    message_id: str | None = None,
    kinds: Collection[MessageKind] | None = None,
    roles: Collection[str] | None = None,
) -> int:
    """Cancel what is not yet delivered and meets all conditions given; return how many.

    Raises ValueError when none is given of whose or of what: nobody means everything.
    """
    named = {"person_id": person_id, "disclosure_id": disclosure_id, "message_id": message_id}
    conditions = [t.copies.c[name] == value for name, value in named.items() if value is not None]
    if not conditions:
        raise ValueError("cancelling needs a person, a disclosure or a message")
    if kinds is not None:
        conditions.append(t.copies.c.kind.in_(words(kinds)))
    if roles is not None:
        conditions.append(t.copies.c.role.in_(words(roles)))
    done = await tx.execute(
        update(t.copies)
        .where(t.copies.c.state.in_(_UNSETTLED), *conditions)
        .values(
            state=CopyState.CANCELLED.value,
            reason=_short(reason),
            next_at=None,
            settled_at=now,
            changed_at=now,
            **_FREE,
        )
    )
    return done.rowcount


async def release_leases(tx: Tx, owner: str) -> int:
    """Take back what an earlier process of that owner had in hand when it ended; return how many."""
    return (await tx.execute(update(t.copies).where(t.copies.c.lease_owner == owner).values(**_FREE))).rowcount


async def retry_now(tx: Tx, now: datetime, copy_id: str | None = None) -> int:
    """Make one copy, or all that are queued or deferred, due now; return how many."""
    query = update(t.copies).where(t.copies.c.state.in_(_ON_ITS_WAY))
    if copy_id is not None:
        query = query.where(t.copies.c.id == copy_id)
    return (await tx.execute(query.values(next_at=now))).rowcount


async def revive(tx: Tx, copy_id: str, now: datetime) -> bool:
    """Make a copy that bounced due again, by an operator's word; False where it did not bounce."""
    done = await tx.execute(
        update(t.copies)
        .where(t.copies.c.id == copy_id, t.copies.c.state == CopyState.BOUNCED.value)
        .values(state=CopyState.QUEUED.value, reason=None, next_at=now, settled_at=None, changed_at=now, **_FREE)
    )
    return done.rowcount == 1


async def next_due(tx: Tx) -> datetime | None:
    """Return the earliest instant, gone by or ahead, at which a copy can be claimed."""
    free_from = case(
        (t.copies.c.lease_until > t.copies.c.next_at, t.copies.c.lease_until),
        else_=t.copies.c.next_at,
    )
    found: datetime | None = await tx.scalar(select(func.min(free_from)).where(t.copies.c.state.in_(_ON_ITS_WAY)))
    return found


async def _claim(tx: Tx, claim: Executable, owner: str, now: datetime, until: datetime, limit: int) -> tuple[Copy, ...]:
    values = {"now": now, "owner": owner, "until": until, "most": limit}
    return tuple(record_of(Copy, row, _HOW) for row in (await tx.execute(claim, values)).mappings())


async def _all(tx: Tx, query: Select[Any]) -> tuple[Copy, ...]:
    ordered = query.order_by(t.copies.c.created_at, t.copies.c.message_id, t.copies.c.address)
    return tuple(record_of(Copy, row, _HOW) for row in (await tx.execute(ordered)).mappings())


def _row(copy: Copy) -> dict[str, Any]:
    row = values_of(copy)
    if row["next_at"] is None and row["state"] in _ON_ITS_WAY:
        row["next_at"] = copy.created_at
    row["changed_at"] = copy.changed_at or copy.created_at
    row["reason"] = _short(copy.reason)
    return row


def _short(reason: str | None) -> str | None:
    return None if reason is None else clip(str(plain(reason)), 200)
