"""Two people: what a list says a second coordinator has to agree to waits until one does, and is asked for again.

A new disclosure waits as ``pending``; any other mail waits in quarantine (``two-person``), whole, and is
judged again as if just come when it is approved. Nothing of either is half done meanwhile.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from gateway import storing
from gateway.kept import keeping
from gateway.notices import common as notices
from gateway.sending import posting
from gateway.settings import TwoPerson
from policy.acts import AssessLeak, ConfirmDate
from policy.audience import is_unsent, let_in
from policy.disclosure import Event, unseconded
from policy.facts import State
from policy.grants import InviteGuest
from policy.leakcase import Outcome
from policy.reasons import Reason
from policy.scopes import read_scope
from policy.upstream import ends_sooner, opens_sooner, restricting
from policy.verdicts import Kept
from policy.widening import opens, widens
from storage import disclosures, duties, grants, quarantine

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from gateway.incoming import Incoming
    from policy.facts import Disclosure, Person
    from policy.orders import Order
    from policy.steering import SteerPlan
    from storage.database import Tx
    from storage.records import Quarantined

APPROVAL, AGAIN = "approval", "approval-again"
"""Duties: the first word by mail, at the hold or an hour after it was asked for, and the pager's daily one."""
FIRST_AFTER = timedelta(hours=1)
TWO = 2


# --- what waits -------------------------------------------------------------------------------


async def ask(incoming: Incoming, disclosure: Disclosure) -> str:
    """Have the clock ask again for an approval that is missing; give the words that ask for it now."""
    await ask_again(incoming.tx, disclosure, incoming.now)
    return f"it waits until another coordinator answers this with `Approve: {disclosure.id}`"


async def ask_again(tx: Tx, disclosure: Disclosure, now: datetime) -> None:
    """Have the clock ask again at its hold, as that stands now, or in an hour."""
    due_at = max(disclosure.hold_until, now + FIRST_AFTER)
    await duties.put(tx, kind=APPROVAL, ref=disclosure.id, list_id=disclosure.list_id, due_at=due_at)


def left_to_two(incoming: Incoming) -> frozenset[TwoPerson]:
    """What of this list nobody does alone; nothing where a second coordinator has approved the mail."""
    if incoming.facts is not None and Reason.TWO_PERSON in incoming.facts.waived:
        return frozenset()
    return frozenset(incoming.mailing_list.config.two_person)


def needs_second(incoming: Incoming, disclosure: Disclosure, plan: SteerPlan, order: Order) -> bool:
    """Whether a reply does what this list leaves to two, and nobody has approved it yet."""
    asked = left_to_two(incoming)
    return (
        (TwoPerson.RELEASE in asked and is_first_text(incoming, disclosure, order))
        or (TwoPerson.LIFT in asked and _lifts(incoming, disclosure, plan, order))
        or (TwoPerson.WIDEN in asked and _widens(incoming, disclosure, plan, order))
        or dismisses_alone(incoming, order)
    )


def needs_second_to_post(incoming: Incoming, order: Order) -> bool:
    """Whether a new disclosure waits for a second coordinator: each does, or it lets in somebody who is no member."""
    asked = frozenset(incoming.mailing_list.config.two_person)
    return TwoPerson.RELEASE in asked or (TwoPerson.WIDEN in asked and _invites(order))


def _invites(order: Order) -> bool:
    return any(isinstance(act, InviteGuest) for act in order.acts)


def is_first_text(incoming: Incoming, disclosure: Disclosure, order: Order) -> bool:
    """Whether it orders the first text that members get of what was lifted unsent: that is a release."""
    return order.send_to_audience and is_unsent(disclosure) and storing.has_text(incoming)


def dismisses_alone(incoming: Incoming, order: Order) -> bool:
    """Whether one coordinator would dismiss a leak case that takes two."""
    dismissed = [act for act in order.acts if isinstance(act, AssessLeak) and act.outcome is Outcome.DISMISSED]
    return bool(dismissed) and TwoPerson.DISMISS in left_to_two(incoming)


def _lifts(incoming: Incoming, before: Disclosure, plan: SteerPlan, order: Order) -> bool:
    """Whether it ends the embargo, now or sooner than it would: a date a minute ahead would be a lift by one."""
    if plan.has(Event.LIFT_NOW) or plan.has(Event.SEND_AND_LIFT):
        return True
    known = incoming.particulars.proposals if incoming.particulars else ()
    confirmed = {act.proposal_id for act in order.acts if isinstance(act, ConfirmDate)}
    if any(one.id in confirmed and one.at < before.embargo_until for one in known):
        return True
    is_sooner = plan.after.embargo_until < before.embargo_until or ends_sooner(before, plan.after)
    return before.state is State.EMBARGOED and is_sooner


def _widens(incoming: Incoming, before: Disclosure, plan: SteerPlan, order: Order) -> bool:
    """Whether anybody may get by it what he would not get without: the disclosure, or a part that is withheld."""
    if _invites(order) or opens_sooner(before, plan.after):
        return True
    if order.scope is not None and widens(
        read_scope(before.scope), read_scope(plan.after.scope), incoming.people, let_in(before)
    ):
        return True
    kept_back = {one.name for one in restricting(plan.after)}
    if kept_back.intersection(order.shares) - {one.name for one in before.upstreams if one.shared}:
        return True
    ruled = incoming.particulars.restrict if incoming.particulars else ()
    return opens(ruled, order.restrict, incoming.people)


async def keep(incoming: Incoming, writer: Person, lines: Sequence[str]) -> None:
    """Keep a mail until a second coordinator approves it; all are told at once of its ``lines``, and how to."""
    incoming.taken_for = "quarantine"
    kept_id = await keeping.keep_back(incoming, Kept((Reason.TWO_PERSON,), writer, at_once=True))
    await duties.put(
        incoming.tx,
        kind=APPROVAL,
        ref=kept_id,
        list_id=incoming.mailing_list.id,
        due_at=incoming.now + FIRST_AFTER,
    )
    about = incoming.disclosure.id if incoming.disclosure else None
    told = [
        f"{writer.name} <{writer.address}> asks for what two coordinators decide on this list ({kept_id}):",
        "",
        *(f"    {line}" for line in lines),
        "",
        f"It happens when another coordinator answers with this line alone (`Show: {kept_id}`, sent to the",
        "-request address, shows the whole mail):",
        "",
        f"Approve: {kept_id}",
    ]
    if warning := too_few(await posting.coordinators(incoming.tx, incoming.mailing_list.id), incoming.now):
        told += ["", warning]
    await posting.tell_coordinators(
        incoming.parts,
        incoming.tx,
        incoming.mailing_list,
        notices.happened(about, "A second coordinator is asked", told),
        now=incoming.now,
        disclosure=incoming.disclosure,
    )


def too_few(people: Iterable[Person], now: datetime) -> str:
    """Say so where fewer coordinators can be reached than it takes; "" where enough can."""
    if sum(person.key_trouble(now) is None for person in people) >= TWO:
        return ""
    return "Nobody else can be reached who could approve: this list asks for two coordinators (two_person)."


# --- what is missing --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Waiting:
    """What waits, its list, the disclosure that it is about (of a kept mail perhaps none), and the mail.

    ``alone``: why nobody can approve a disclosure any more; "" while somebody can.
    """

    ref: str
    list_id: str
    disclosure: Disclosure | None
    entry: Quarantined | None
    alone: str = ""

    def needs_date(self, now: datetime) -> bool:
        """Whether it is a disclosure whose date went by: it can't be approved before it has a new one."""
        about = self.disclosure
        return about is not None and self.ref == about.id and about.embargo_until <= now


async def alone(tx: Tx, disclosure: Disclosure) -> str:
    """Why nobody can be the second one for a disclosure that waits; "" while somebody can."""
    refusal = unseconded(disclosure, await posting.coordinator_ids(tx, disclosure.list_id))
    return refusal.why if refusal is not None else ""


async def waiting(tx: Tx, ref: str) -> Waiting | None:
    """What waits under that id; None where it waits no more."""
    disclosure = await disclosures.get(tx, ref)
    if disclosure is not None:
        waits = disclosure.unapproved and disclosure.state is State.PENDING
        return Waiting(ref, disclosure.list_id, disclosure, None, await alone(tx, disclosure)) if waits else None
    granted = await grants.get(tx, ref)
    if granted is not None:
        about = await disclosures.get(tx, granted.disclosure_id)
        return Waiting(ref, granted.list_id, about, None) if granted.state == "pending" else None
    kept = await quarantine.get(tx, ref)
    if kept is None or kept.state != "kept":
        return None
    about = await disclosures.get(tx, kept.disclosure_id) if kept.disclosure_id else None
    return Waiting(ref, kept.list_id, about, kept)
