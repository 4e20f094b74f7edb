"""Two people: what a list says a second coordinator has to agree to waits until one does, and is asked for again.

A new disclosure waits as ``pending``; any other mail waits in quarantine (``two-person``), whole, and is
judged again as if just come when it is approved. Nothing of either is half done meanwhile.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from gateway import keeping, notices, posting, reports
from gateway.settings import TwoPerson
from policy.audience import judge_seats
from policy.disclosure import Event
from policy.facts import Role, State
from policy.reasons import Reason
from policy.scopes import read_scope
from policy.verdicts import Kept
from storage import disclosures, duties, quarantine

if TYPE_CHECKING:
    from datetime import datetime

    from gateway.incoming import Incoming
    from gateway.parts import Parts
    from policy.facts import Disclosure, Person
    from policy.orders import Order
    from policy.steering import SteerPlan
    from storage.database import Tx

APPROVAL = "approval"
ASK_AGAIN = timedelta(hours=24)
FIRST_AFTER = timedelta(hours=1)


# --- what waits -------------------------------------------------------------------------------


async def ask(incoming: Incoming, disclosure: Disclosure) -> str:
    """Have the clock ask again for an approval that is missing; give the words that ask for it now."""
    await duties.put(
        incoming.tx,
        kind=APPROVAL,
        ref=disclosure.id,
        list_id=disclosure.list_id,
        due_at=max(disclosure.hold_until, incoming.now + FIRST_AFTER),
    )
    return f"it waits until another coordinator answers this with `Approve: {disclosure.id}`"


def needs_second(incoming: Incoming, disclosure: Disclosure, plan: SteerPlan, order: Order) -> bool:
    """Whether a reply does what this list leaves to two, and nobody has approved it yet."""
    asked = incoming.mailing_list.config.two_person
    if not asked or (incoming.facts is not None and Reason.TWO_PERSON in incoming.facts.waived):
        return False
    is_earlier = plan.has(Event.NEW_DATE) and plan.after.embargo_until < disclosure.embargo_until
    lifts = plan.has(Event.LIFT_NOW) or plan.has(Event.SEND_AND_LIFT)
    if lifts or (is_earlier and disclosure.state is State.EMBARGOED):
        return TwoPerson.LIFT in asked  # a date a minute ahead would be a lift by one
    return TwoPerson.WIDEN in asked and order.scope is not None and _widens(incoming, disclosure, plan.after)


def _widens(incoming: Incoming, before: Disclosure, after: Disclosure) -> bool:
    members = [person for person in incoming.people if person.role is Role.MEMBER]
    had, has = (
        {seat.person.id for seat in judge_seats(members, read_scope(one.scope), admitted, incoming.now) if seat.inside}
        for one, admitted in ((before, before.admitted), (after, None))
    )
    return bool(has - had)


async def keep(incoming: Incoming, writer: Person) -> None:
    """Keep a mail until a second coordinator approves it; all are told at once how to."""
    incoming.taken_for = "quarantine"
    kept_id = await keeping.keep_back(incoming, Kept((Reason.TWO_PERSON,), writer, at_once=True))
    if incoming.disclosure is None:
        return
    await duties.put(
        incoming.tx,
        kind=APPROVAL,
        ref=kept_id,
        list_id=incoming.mailing_list.id,
        due_at=incoming.now + FIRST_AFTER,
    )
    lines = [
        f"{writer.name} <{writer.address}> asks for what two coordinators decide on this list ({kept_id}).",
        "It happens when another coordinator answers with this line:",
        "",
        f"Approve: {incoming.disclosure.id}",
    ]
    await posting.tell_coordinators(
        incoming.parts,
        incoming.tx,
        incoming.mailing_list,
        notices.happened(incoming.disclosure.id, "A second coordinator is asked", lines),
        now=incoming.now,
        disclosure=incoming.disclosure,
    )


# --- what is missing --------------------------------------------------------------------------


async def still_missing(parts: Parts, tx: Tx, ref: str, now: datetime) -> None:
    """Nobody has approved yet: the coordinators are asked again, the pager is told, and so every day."""
    disclosure_id, list_id = await _of(tx, ref)
    if disclosure_id is None or parts.lists.get(list_id) is None:
        return
    disclosure = await disclosures.get(tx, disclosure_id)
    lines = [
        f"{ref} still waits for a second coordinator. Whoever did not ask for it answers with this line:",
        "",
        f"Approve: {disclosure_id}",
    ]
    await posting.tell_coordinators(
        parts,
        tx,
        parts.lists[list_id],
        notices.happened(disclosure_id, "A second coordinator is still missing", lines),
        now=now,
        disclosure=disclosure,
    )
    await reports.raise_alarm(parts, tx, kind="not-approved", ref=ref, list_id=list_id, now=now)
    await duties.put(tx, kind=APPROVAL, ref=ref, list_id=list_id, due_at=now + ASK_AGAIN)


async def _of(tx: Tx, ref: str) -> tuple[str | None, str]:
    """The disclosure and the list of what waits; None where it waits no more."""
    disclosure = await disclosures.get(tx, ref)
    if disclosure is not None:
        waits = disclosure.unapproved and disclosure.state is State.PENDING
        return (disclosure.id if waits else None), disclosure.list_id
    kept = await quarantine.get(tx, ref)
    if kept is None or kept.state != "kept":
        return None, ""
    return kept.disclosure_id, kept.list_id
