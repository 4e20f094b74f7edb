"""What belongs to a disclosure that is over, and its destruction: keys dropped, bodies deleted, rows kept."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, delete, exists, or_, select, union, update

from policy.facts import CopyState, MessageKind, Role, State
from storage import tables as t
from storage.database import Tx
from storage.quarantine import KEPT
from storage.rows import chunks, words

_ON_THEIR_WAY = (CopyState.QUEUED.value, CopyState.DEFERRED.value)
_UNSETTLED = (*_ON_THEIR_WAY, CopyState.WITHHELD.value)
_ENDED = (State.CLOSED.value, State.WITHDRAWN.value)
_CASE_CLOSED = "closed"
_OF_THE_GATEWAY = words(
    (MessageKind.RECEIPT, MessageKind.REPORT, MessageKind.NOTE, MessageKind.COMPLAINT, MessageKind.ALARM)
)


@dataclass(frozen=True, slots=True)
class Belongings:
    """What there is of a disclosure: ids of sealed items, of messages, of mails, and of those still kept back."""

    items: frozenset[str]
    messages: frozenset[str]
    kept: frozenset[str]


async def on_their_way(tx: Tx, disclosure_id: str) -> int:
    """Count the copies of a disclosure for members and the public that are neither delivered nor given up."""
    query = select(t.copies.c.id).where(
        t.copies.c.disclosure_id == disclosure_id,
        t.copies.c.role != Role.COORDINATOR.value,
        t.copies.c.state.in_(_ON_THEIR_WAY),
    )
    return len((await tx.execute(query)).all())


async def unfinished(tx: Tx, list_id: str) -> tuple[str, ...]:
    """Return the ids of a list's disclosures with which the clock may have something to do: over, not destroyed."""
    query = select(t.disclosures.c.id).where(
        t.disclosures.c.list_id == list_id,
        or_(
            t.disclosures.c.state == State.LIFTED.value,
            t.disclosures.c.state.in_(_ENDED)
            & (t.disclosures.c.destroyed_at.is_(None) | (t.disclosures.c.destroyed_at < t.disclosures.c.closed_at)),
        ),
    )
    return tuple((await tx.execute(query.order_by(t.disclosures.c.id))).scalars())


async def with_late_mails(tx: Tx, list_id: str, before: datetime, but: Iterable[str] = ()) -> tuple[str, ...]:
    """Return the ids of destroyed disclosures to which mail came since, received before an instant.

    ``but`` are mails that nothing is to be done about.
    """
    query = (
        select(t.mails.c.id, t.mails.c.disclosure_id)
        .join(t.items, t.items.c.id == t.mails.c.raw_item)
        .join(t.disclosures, t.disclosures.c.id == t.mails.c.disclosure_id)
        .where(
            t.mails.c.list_id == list_id,
            t.mails.c.received_at <= before,
            t.items.c.wrapped_key.is_not(None),
            t.disclosures.c.destroyed_at.is_not(None),
            t.disclosures.c.state.in_(_ENDED),
        )
    )
    spared = frozenset(but)
    found = {row.disclosure_id for row in await tx.execute(query) if row.id not in spared}
    return tuple(sorted(found))


async def belongings(tx: Tx, disclosure_id: str, before: datetime, but: Iterable[str] = ()) -> Belongings:
    """Return what there is of a disclosure from before an instant, without its particulars.

    What it shares stays out: a mail with which an open case of something else came. ``but`` are mails to be
    spared as well.
    """
    cases = select(t.leaks.c.id).where(t.leaks.c.disclosure_id == disclosure_id)
    theirs = select(t.leaks.c.mail_id).where(t.leaks.c.disclosure_id == disclosure_id)
    others = exists().where(
        t.leaks.c.mail_id == t.mails.c.id,
        t.leaks.c.state != _CASE_CLOSED,
        or_(t.leaks.c.disclosure_id.is_(None), t.leaks.c.disclosure_id != disclosure_id),
    )
    query: Select[Any] = select(t.mails.c.id, t.mails.c.raw_item).where(
        or_(t.mails.c.disclosure_id == disclosure_id, t.mails.c.id.in_(theirs) & t.mails.c.disclosure_id.is_(None)),
        t.mails.c.received_at <= before,
        ~others,
    )
    spared = frozenset(but)
    mails = {row.id: row.raw_item for row in await tx.execute(query) if row.id not in spared}
    messages = await _messages(tx, disclosure_id, before, mails, cases)
    items = {item for item in mails.values() if item is not None}
    items |= await _items_of_messages(tx, messages)
    for table, at in ((t.leaks, t.leaks.c.reported_at), (t.facts, t.facts.c.reported_at)):
        said = select(table.c.report_item).where(table.c.disclosure_id == disclosure_id, at <= before)
        items |= set((await tx.execute(said)).scalars())
    asked = select(t.grants.c.request_item).where(
        t.grants.c.disclosure_id == disclosure_id, t.grants.c.asked_at <= before, t.grants.c.request_item.is_not(None)
    )
    items |= set((await tx.execute(asked)).scalars())
    kept = await _in_chunks(tx, select(t.quarantine.c.id).where(t.quarantine.c.state == KEPT),
                            t.quarantine.c.mail_id, mails)  # fmt: skip
    return Belongings(frozenset(items), frozenset(messages), frozenset(kept))


async def _messages(tx: Tx, disclosure_id: str, before: datetime, mails: Iterable[str], cases: Select[Any]) -> set[str]:
    """Messages of its thread; and those outside any thread that its mails or its leak cases led to."""
    own = select(t.messages.c.id).where(t.messages.c.disclosure_id == disclosure_id)
    of_cases = (
        select(t.messages.c.id)
        .join(t.leak_messages, t.leak_messages.c.message_id == t.messages.c.id)
        .where(t.leak_messages.c.leak_id.in_(cases), t.messages.c.disclosure_id.is_(None))
    )
    both = union(own.where(t.messages.c.created_at <= before), of_cases.where(t.messages.c.created_at <= before))
    found = set((await tx.execute(both)).scalars())
    loose = select(t.messages.c.id).where(t.messages.c.disclosure_id.is_(None), t.messages.c.created_at <= before)
    return found | await _in_chunks(tx, loose, t.messages.c.mail_id, mails)


async def _items_of_messages(tx: Tx, messages: Iterable[str]) -> set[str]:
    wanted = list(messages)
    found = await _in_chunks(tx, select(t.contents.c.item), t.contents.c.message_id, wanted)
    for column in (t.messages.c.payload_item, t.messages.c.facts_item):
        found |= await _in_chunks(tx, select(column).where(column.is_not(None)), t.messages.c.id, wanted)
    return found


async def loose_messages(tx: Tx, list_id: str, before: datetime) -> frozenset[str]:
    """Return what the gateway wrote before an instant that is of no disclosure, delivered or given up since.

    Answers to requests, previews, digests, the mail that tells of a flood: they may quote what is destroyed
    elsewhere. Not what passes a mail on, and not what belongs to a leak case that is not closed.
    """
    of_one = exists().where(t.mails.c.id == t.messages.c.mail_id, t.mails.c.disclosure_id.is_not(None))
    waits = exists().where(t.copies.c.message_id == t.messages.c.id, t.copies.c.state.in_(_UNSETTLED))
    in_case = exists().where(
        t.leak_messages.c.message_id == t.messages.c.id,
        t.leaks.c.id == t.leak_messages.c.leak_id,
        t.leaks.c.state != _CASE_CLOSED,
    )
    query = (
        select(t.messages.c.id)
        .join(t.contents, t.contents.c.message_id == t.messages.c.id)
        .join(t.items, t.items.c.id == t.contents.c.item)
        .where(
            t.messages.c.list_id == list_id,
            t.messages.c.disclosure_id.is_(None),
            t.messages.c.kind.in_(_OF_THE_GATEWAY),
            t.messages.c.created_at <= before,
            t.items.c.wrapped_key.is_not(None),
            ~of_one,
            ~waits,
            ~in_case,
        )
    )
    return frozenset((await tx.execute(query)).scalars())


async def loose_items(tx: Tx, messages: Iterable[str]) -> frozenset[str]:
    """Return the sealed items of such messages."""
    return frozenset(await _items_of_messages(tx, messages))


async def destroy(tx: Tx, items: Iterable[str], messages: Iterable[str], now: datetime) -> int:
    """Drop the data keys of items, and delete what was sealed of messages for their readers; return how many items.

    For ever. What tells that they were there stays: ids, sizes, instants, addresses, fingerprints, states.
    """
    destroyed = 0
    for chunk in chunks(items):
        done = await tx.execute(
            update(t.items)
            .where(t.items.c.id.in_(chunk), t.items.c.destroyed_at.is_(None))
            .values(wrapped_key=None, body=None, destroyed_at=now)
        )
        destroyed += done.rowcount
    for chunk in chunks(messages):
        its = t.contents.c.message_id.in_(chunk)
        await tx.execute(update(t.copies).where(t.copies.c.message_id.in_(chunk)).values(body_id=None, packets=None))
        await tx.execute(delete(t.bodies).where(t.bodies.c.content_id.in_(select(t.contents.c.id).where(its))))
    return destroyed


async def call_off(tx: Tx, messages: Iterable[str], reason: str, now: datetime) -> int:
    """Cancel every copy of messages that was not delivered or given up; return how many."""
    cancelled = 0
    for chunk in chunks(messages):
        done = await tx.execute(
            update(t.copies)
            .where(t.copies.c.message_id.in_(chunk), t.copies.c.state.in_(_UNSETTLED))
            .values(
                state=CopyState.CANCELLED.value,
                reason=reason,
                next_at=None,
                settled_at=now,
                changed_at=now,
                lease_owner=None,
                lease_until=None,
            )
        )
        cancelled += done.rowcount
    return cancelled


async def _in_chunks(tx: Tx, query: Select[Any], column: ColumnElement[Any], wanted: Iterable[str]) -> set[str]:
    found: set[str] = set()
    for chunk in chunks(wanted):
        found |= set((await tx.execute(query.where(column.in_(chunk)))).scalars())
    return found
