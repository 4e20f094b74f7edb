"""Telling the coordinators how delivery went: withheld, bounced, the release report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway import safe
from gateway.notices import common as notices
from gateway.particulars import MessageFacts
from gateway.sending import posting
from policy.facts import CONTENT_KINDS, READERS, CopyState, MessageKind, Person, Role
from policy.release import SAY_LATE_AFTER
from storage import alarms, disclosures, duties, messages, outbox, roster
from storage.ids import disclosure_id as public_id
from storage.records import Alarm

if TYPE_CHECKING:
    from datetime import datetime

    from gateway.parts import Parts
    from policy.facts import Disclosure
    from storage.database import Tx
    from storage.records import Copy

RELEASE_REPORT = "release-report"
UNDELIVERED = "undelivered"
UNSETTLED = {CopyState.QUEUED, CopyState.DEFERRED}
# A report of an undelivered report would never end; whose key request is forged is nobody's concern.
NOT_REPORTED = {MessageKind.REPORT, MessageKind.KEY_NOTICE, MessageKind.KEY_ANSWER}


async def raise_alarm(parts: Parts, tx: Tx, *, kind: str, ref: str | None, list_id: str | None, now: datetime) -> Alarm:
    """Put an alarm into the pager's queue, in the transaction of what it tells of."""
    alarm = Alarm(id=public_id("AL", now), kind=kind, ref=ref, list_id=list_id, at=now, next_at=now)
    await alarms.add(tx, alarm)
    await parts.trail.append(
        tx,
        at=now,
        event="alarm",
        id=alarm.id,
        list_id=list_id or "",
        actor="gateway",
        reason=kind,
        detail={"about": ref},
    )
    return alarm


async def copy_withheld(parts: Parts, tx: Tx, copy: Copy, reason: str, now: datetime) -> None:
    """A copy has no usable key: the coordinators are told; where it is one of theirs, the pager as well.

    The pager once, while that lasts: every mail that a stranger sends may lead to such a copy.
    """
    if copy.role == Role.COORDINATOR and not await outbox.waits_already(tx, copy):
        await raise_alarm(parts, tx, kind="coordinator-unreachable", ref=copy.message_id, list_id=copy.list_id, now=now)
    if copy.kind in NOT_REPORTED:
        return
    mailing_list = parts.lists[copy.list_id]
    who = await _who(tx, copy)
    notice = notices.happened(
        copy.disclosure_id,
        f"Withheld from {who}: {reason}",
        [
            f"The copy of {copy.message_id} for {copy.address} can't be sealed: {reason}.",
            "Nothing is sent in clear. It goes out by itself when a usable key is pinned.",
        ],
    )
    await posting.tell_coordinators(
        parts, tx, mailing_list, notice, now=now, but=copy.person_id, disclosure=await _disclosure(tx, copy)
    )


async def copy_bounced(parts: Parts, tx: Tx, copy: Copy, reason: str, now: datetime) -> None:
    """A copy came back for good: the coordinators are told (law 4)."""
    if copy.role == Role.COORDINATOR:
        await raise_alarm(parts, tx, kind="coordinator-unreachable", ref=copy.message_id, list_id=copy.list_id, now=now)
    if copy.kind in NOT_REPORTED:
        return
    notice = notices.happened(
        copy.disclosure_id,
        f"Bounced: {await _who(tx, copy)} ({reason})",
        [
            f"The copy of {copy.message_id} for {copy.address} was refused for good: {reason}.",
            f"When the cause is mended: `embargo queue retry {copy.id}`",
            *([f"or `Retry: {copy.disclosure_id}` to the -request address."] if copy.disclosure_id else []),
        ],
    )
    await posting.tell_coordinators(
        parts,
        tx,
        parts.lists[copy.list_id],
        notice,
        now=now,
        but=copy.person_id,
        disclosure=await _disclosure(tx, copy),
    )


def named(person: Person) -> str:
    """What coordinators read somebody as who gets copies."""
    return f"{person.name} (guest)" if person.role is Role.GUEST else person.name


async def _who(tx: Tx, copy: Copy) -> str:
    person = await roster.person(tx, copy.person_id) if copy.person_id is not None else None
    return f"{person.name} <{copy.address}>" if person else copy.address


async def _disclosure(tx: Tx, copy: Copy) -> Disclosure | None:
    return await disclosures.get(tx, copy.disclosure_id) if copy.disclosure_id else None


async def when_all_settled(parts: Parts, tx: Tx, settled: Copy, now: datetime) -> None:
    """Send the release report of a copy's message as soon as none of its copies waits for delivery any more."""
    if settled.kind not in CONTENT_KINDS or settled.role not in READERS:
        return
    rows = await outbox.of_message(tx, settled.message_id)
    if any(copy.role in READERS and copy.state in UNSETTLED for copy in rows):
        return
    await release_report(parts, tx, settled.message_id, now)


async def release_report(parts: Parts, tx: Tx, message_id: str, now: datetime) -> None:
    """Send the release report of a message, once: delivered, waiting, why."""
    if not await duties.finish(tx, kind=RELEASE_REPORT, ref=message_id, now=now):
        return
    message = await messages.get(tx, message_id)
    if message is None or message.disclosure_id is None or message.facts_item is None:
        return
    disclosure = await disclosures.get(tx, message.disclosure_id)
    said = await safe.find_json(parts, tx, message.facts_item)
    if disclosure is None or said is None:
        return
    facts = MessageFacts.from_json(said)
    rows = []
    for copy in await outbox.of_message(tx, message_id):
        if copy.role in READERS and copy.person_id is not None:
            person = await roster.person(tx, copy.person_id)
            rows.append((named(person) if person else "", copy.address, copy.state.value, copy.reason))
    late = lateness(disclosure.hold_until, disclosure.released_at) if message.number == 1 else None
    notice = notices.release_report(disclosure, message.number or 0, facts.subject, rows, late)
    await posting.tell_coordinators(
        parts, tx, parts.lists[message.list_id], notice, now=now, disclosure=disclosure, answered=message_id
    )


def lateness(due_at: datetime, done_at: datetime | None) -> str | None:
    """How late something was done, in words; None when it was on time."""
    if done_at is None or done_at - due_at <= SAY_LATE_AFTER:
        return None
    minutes, seconds = divmod(int((done_at - due_at).total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min late"
    return f"{minutes} min late" if minutes else f"{seconds} s late"


async def undelivered(parts: Parts, tx: Tx, message_id: str, now: datetime) -> None:
    """Copies still undelivered half an hour later: the pager is told, once."""
    waiting = [copy for copy in await outbox.of_message(tx, message_id) if copy.state in UNSETTLED]
    if waiting:
        await raise_alarm(parts, tx, kind="undelivered", ref=message_id, list_id=waiting[0].list_id, now=now)


def public_subject(text: str) -> str:
    """The public notice's subject: its own first line, as that is public anyway."""
    first = next((line.strip() for line in text.splitlines() if line.strip()), "Public notice")
    subject = first.partition(":")[2].strip() if first.lower().startswith("subject:") else first
    return subject[:120]
