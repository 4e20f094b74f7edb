"""Reminding of what comes near: coordinators of a hold or a date, with what is not right yet; members of the date."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway import holdings, publicposts
from gateway.kept import approvals
from gateway.notices import reminders as notices_reminders
from gateway.sending import posting, reports
from policy.audience import judge_seats
from policy.facts import CONTENT_KINDS, READERS, CopyState, MessageKind, Role, Standing
from policy.proposals import open_one
from policy.reminders import Offsets, Subject, due, next_at, reminders
from policy.scopes import read_scope
from policy.upstream import holding, not_before
from storage import disclosures, duties, outbox, roster

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from gateway.lists import MailingList
    from gateway.parts import Parts
    from gateway.sending.content import Setting
    from policy.audience import Seat
    from policy.facts import Disclosure, Person
    from policy.reminders import Reminder
    from storage.database import Tx
    from storage.records import Copy

REMINDER = "reminder"


def offsets_of(mailing_list: MailingList) -> Offsets:
    """How long before an instant the list reminds."""
    config = mailing_list.config
    return Offsets(tuple(config.reminders), config.member_reminder)


async def plan(parts: Parts, tx: Tx, disclosure: Disclosure, now: datetime) -> None:
    """Have the clock remind of a disclosure as it stands now; called whenever its state or instants change."""
    await publicposts.plan(tx, parts.lists[disclosure.list_id], disclosure, now)
    at = next_at(reminders(disclosure, offsets_of(parts.lists[disclosure.list_id])), now)
    if at is None:
        await duties.finish(tx, kind=REMINDER, ref=disclosure.id, now=now)
    else:
        await duties.put(tx, kind=REMINDER, ref=disclosure.id, list_id=disclosure.list_id, due_at=at)


async def remind(parts: Parts, tx: Tx, setting: Setting, due_at: datetime, now: datetime) -> None:
    """Say what is to be said now, and plan what comes next."""
    for one in due(reminders(setting.disclosure, offsets_of(setting.mailing_list)), due_at, now):
        await _say(parts, tx, setting, one, now)
    await plan(parts, tx, setting.disclosure, now)


async def _say(parts: Parts, tx: Tx, setting: Setting, one: Reminder, now: datetime) -> None:
    mailing_list, disclosure = setting.mailing_list, setting.disclosure
    thread = await posting.thread_of(tx, disclosure)
    zone, subject = mailing_list.config.timezone, setting.particulars.subject
    by_clock = mailing_list.by_clock
    readers: Sequence[Sequence[Person]]
    if one.for_members:
        seats = await _seats(tx, disclosure, now)
        informed = await holdings.informed(tx, disclosure, seats)
        readers = holdings.parted(await _members_who_have_it(tx, disclosure, seats), informed)
        subjects = (setting.told_subject, setting.for_outside().told_subject)
        said = [notices_reminders.for_members(disclosure, told, zone, now, by_clock=by_clock) for told in subjects]
        kind = MessageKind.DATE_NOTICE
    else:
        readers = (await posting.coordinators(tx, disclosure.list_id),)
        wrong = await _not_right_yet(tx, setting, one, now)
        by_agreement = mailing_list.is_by_agreement(disclosure)
        said = [
            notices_reminders.for_coordinators(
                disclosure, subject, one, wrong, zone, now, by_clock=by_clock, by_agreement=by_agreement
            )
        ]
        kind = MessageKind.REPORT
    for people, notice in zip(readers, said, strict=True):
        if people:
            await posting.notify(parts, tx, mailing_list, people, notice, kind=kind, now=now, thread=thread)
    await parts.trail.append(
        tx,
        at=now,
        event="reminder",
        id=disclosure.id,
        list_id=disclosure.list_id,
        actor="gateway",
        reason=one.subject,
        detail={"of": one.instant.isoformat(), "members": one.for_members},
    )


async def _members_who_have_it(tx: Tx, disclosure: Disclosure, seats: Iterable[Seat]) -> tuple[Person, ...]:
    """Active members and guests whom content has reached."""
    copies = await _copies(tx, disclosure)
    ids = {copy.person_id for copy in copies if copy.state is CopyState.SENT}
    return tuple(seat.person for seat in seats if seat.person.id in ids and _is_told(seat))


def _is_told(seat: Seat) -> bool:
    """An active member, also one whose scope was narrowed since; a guest while his grant lasts."""
    return seat.inside or (seat.person.role is Role.MEMBER and seat.person.standing is Standing.ACTIVE)


async def _seats(tx: Tx, disclosure: Disclosure, now: datetime) -> tuple[Seat, ...]:
    people = await roster.people(tx, disclosure.list_id, roles=READERS)
    return judge_seats(people, read_scope(disclosure.scope), disclosure.admitted, now, disclosure.id)


async def _copies(tx: Tx, disclosure: Disclosure) -> tuple[Copy, ...]:
    return await outbox.of_disclosure(tx, disclosure.id, roles=READERS, kinds=CONTENT_KINDS)


async def _not_right_yet(tx: Tx, setting: Setting, one: Reminder, now: datetime) -> list[str]:
    """What somebody may still want to mend before the instant; empty where all is well."""
    disclosure = setting.disclosure
    inside = [seat.person for seat in await _seats(tx, disclosure, now) if seat.inside]
    wrong = [f"{person.name} can't get it: {why}" for person in inside if (why := person.key_trouble(now))]
    wrong += [
        f"{person.name}: its key expires before the public date"
        for person in inside
        if person.key_trouble(now) is None and person.key_trouble(not_before(disclosure))
    ]
    if disclosure.unapproved:
        why = await approvals.alone(tx, disclosure)
        way = f"it waits for a second coordinator: answer with `Approve: {disclosure.id}`"
        wrong.append(f"it can't be approved: {why}" if why else way)
    if one.subject is Subject.HOLD and disclosure.stopped:
        wrong.append("it is stopped: it goes out only after a new Hold-Until or `embargo disclosure go`")
    wrong += [f"the lift waits for the embargo of {held_by.name}" for held_by in holding(disclosure)]
    proposed = open_one(setting.particulars.proposals)
    if proposed is not None and setting.mailing_list.is_by_agreement(disclosure):
        wrong.append(notices_reminders.open_proposal(proposed, setting.mailing_list.config.timezone, now))
    if one.subject is Subject.DATE:
        wrong += await _about_copies(tx, disclosure, inside)
    if setting.mailing_list.config.public_address and setting.particulars.notice is None:
        wrong.append("there is no public notice yet (`Public-Notice:`)")
    return wrong


async def _about_copies(tx: Tx, disclosure: Disclosure, inside: Sequence[Person]) -> list[str]:
    names = {person.id: person.name for person in inside}
    copies = [copy for copy in await _copies(tx, disclosure) if copy.person_id in names]
    waiting = [copy for copy in copies if copy.state in {*reports.UNSETTLED, CopyState.WITHHELD, CopyState.BOUNCED}]
    said = [
        f"{names[copy.person_id or 0]}: the copy of {copy.message_id} is {copy.state}"
        + (f" ({copy.reason})" if copy.reason else "")
        for copy in waiting
    ]
    acknowledged = await disclosures.acknowledged(tx, disclosure.id)
    silent = [name for person_id, name in names.items() if person_id not in acknowledged]
    return [*said, *([f"not acknowledged by {', '.join(silent)}"] if silent else [])]
