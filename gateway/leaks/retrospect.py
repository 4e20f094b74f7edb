"""What is to be learnt of a leak: a draft on the day it is due; while it is overdue the digest tells it."""

from __future__ import annotations

from operator import attrgetter, itemgetter
from typing import TYPE_CHECKING

from gateway.notices import leak as notices_leak
from gateway.sending import posting
from policy import leakcase as table
from policy.facts import CONTENT_KINDS, READERS, CopyState, State
from policy.steering import instant_value
from storage import audit, disclosures, duties, leaks, outbox, roster

if TYPE_CHECKING:
    from datetime import datetime

    from gateway.lists import MailingList
    from gateway.parts import Parts
    from policy.facts import Disclosure
    from storage.database import Tx
    from storage.records import AuditRecord, LeakRecord

DRAFT = "retrospective"
_STEPS = {
    "leak": "a leak was reported",
    "leak-opened": "a leak was found",
    "leak-added": "more became known of it",
    "leak-vouched": "the coordinators vouched for the report",
    "leak-acked": "a coordinator took the alarm",
    "fact-confirmed": "the coordinators confirmed a fact",
}
_REASONS = {
    "leak": "it was opened again, as a leak was reported",
    "publish": "the public notice was ordered",
}


async def send_draft(parts: Parts, tx: Tx, mailing_list: MailingList, ref: str, now: datetime) -> None:
    """The due date: a draft from the trail to the coordinators."""
    case = await leaks.get(tx, ref)
    disclosure = await disclosures.get(tx, case.disclosure_id) if case and case.disclosure_id else None
    if case is None or disclosure is None or case.retrospective != "due":
        return
    found = notices_leak.Draft(
        leak_id=case.id,
        disclosure_id=disclosure.id,
        outcome=case.outcome or "",
        steps=tuple(sorted(await _steps(tx, case, disclosure), key=itemgetter(0))),
        rows=tuple(await _rows(tx, disclosure)),
    )
    await posting.tell_coordinators(parts, tx, mailing_list, notices_leak.draft(found), now=now, disclosure=disclosure)
    await parts.trail.append(
        tx, at=now, event="retrospective-due", id=case.id, list_id=case.list_id, actor="gateway", reason=""
    )


async def end_withdrawn(parts: Parts, tx: Tx, disclosure: Disclosure, now: datetime) -> tuple[str, ...]:
    """Close what waits for its retrospective in a disclosure that is withdrawn; gives the cases."""
    ended = []
    for case in await leaks.of_disclosure(tx, disclosure.id):
        state = table.withdrawn(case.state)
        if state is not None:
            await leaks.change(tx, case.id, state=state.value, retrospective=None)
            await duties.finish(tx, kind=DRAFT, ref=case.id, now=now)
            await parts.trail.append(
                tx, at=now, event="leak-closed", id=case.id, list_id=case.list_id, actor="gateway", reason="withdrawn"
            )
            ended.append(case.id)
    return tuple(ended)


async def _steps(tx: Tx, case: LeakRecord, disclosure: Disclosure) -> list[tuple[datetime, str]]:
    """What happened and when, without a name: of the disclosure, of the case, and of the copies as numbers."""
    records = [*await audit.ls(tx, id=disclosure.id), *await audit.ls(tx, id=case.id)]
    records.sort(key=attrgetter("seq"))
    found = [(record.at, said) for record in records if (said := _said(record))]
    copies = await outbox.of_message(tx, f"{disclosure.id}/1")
    sent = sorted(
        copy.settled_at
        for copy in copies
        if copy.role in READERS and copy.state is CopyState.SENT and copy.settled_at is not None
    )
    if sent:
        found.append((sent[-1], f"the last of {len(sent)} delivered copies reached its member"))
    acknowledged = sorted((await disclosures.acknowledged(tx, disclosure.id)).values())
    if acknowledged:
        found.append((acknowledged[-1], f"the last of {len(acknowledged)} acknowledgements came"))
    return found


def _said(record: AuditRecord) -> str | None:
    """A record of the trail as a step; None for what members know anyway, or need not know."""
    if record.event == "leak-assessed":
        return f"the coordinators assessed it as {record.reason}"
    if record.reason == "post":
        return "the disclosure was posted"
    if record.event == "disclosure-embargoed" and record.reason in {"hold-over", "send-and-lift"}:
        return "it was released to members"
    if record.reason in {"new-date", "date-agreed"}:
        return "its public date was moved"
    if record.event == "disclosure-closed":
        return "it was closed"
    if record.reason in _REASONS and record.event == "disclosure-lifted":
        return _REASONS[record.reason]
    if record.event == "disclosure-lifted" and record.detail.get("from") != State.LIFTED.value:
        return f"the embargo was lifted ({record.reason.removeprefix('lift-')})"
    return _STEPS.get(record.event)


async def _rows(tx: Tx, disclosure: Disclosure) -> list[str]:
    """Who had what when, and who acknowledged when."""
    names = {person.id: person.name for person in await roster.people(tx, disclosure.list_id, with_removed=True)}
    acknowledged = await disclosures.acknowledged(tx, disclosure.id)
    rows = []
    for copy in await outbox.of_disclosure(tx, disclosure.id, roles=READERS, kinds=CONTENT_KINDS):
        at = instant_value(copy.settled_at or copy.changed_at or copy.created_at)
        rows.append(f"{copy.message_id}  {names.get(copy.person_id or 0, '')} <{copy.address}>  {copy.state} {at}")
    rows += [
        f"acknowledged  {names.get(person_id, '')}  {instant_value(at)}"
        for person_id, at in sorted(acknowledged.items(), key=lambda pair: pair[1])
    ]
    return rows or ["No member had it."]
