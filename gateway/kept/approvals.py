"""Two people: what a list says a second coordinator has to agree to waits until one does, and is asked for again.

A new disclosure waits as ``pending``; any other mail waits in quarantine (``two-person``), whole, and is
judged again as if just come when it is approved. Nothing of either is half done meanwhile.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from gateway.kept import keeping
from gateway.notices import common as notices
from gateway.sending import posting, reports
from gateway.settings import TwoPerson
from policy.acts import ConfirmDate
from policy.audience import let_in
from policy.disclosure import Event
from policy.facts import State
from policy.grants import InviteGuest
from policy.reasons import Reason
from policy.scopes import read_scope
from policy.verdicts import Kept
from policy.widening import opens, widens
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
OVER = frozenset({State.LIFTED, State.CLOSED, State.WITHDRAWN})
"""States in which no scope, date or lift is left to approve."""


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
    if incoming.facts is not None and Reason.TWO_PERSON in incoming.facts.waived:
        return False
    lifts = TwoPerson.LIFT in asked and _lifts(incoming, disclosure, plan, order)
    return lifts or (TwoPerson.WIDEN in asked and _widens(incoming, disclosure, plan, order))


def _lifts(incoming: Incoming, before: Disclosure, plan: SteerPlan, order: Order) -> bool:
    """Whether it ends the embargo, now or sooner than it would: a date a minute ahead would be a lift by one."""
    if plan.has(Event.LIFT_NOW) or plan.has(Event.SEND_AND_LIFT):
        return True
    known = incoming.particulars.proposals if incoming.particulars else ()
    confirmed = {act.proposal_id for act in order.acts if isinstance(act, ConfirmDate)}
    if any(one.id in confirmed and one.at < before.embargo_until for one in known):
        return True
    return before.state is State.EMBARGOED and plan.after.embargo_until < before.embargo_until


def _widens(incoming: Incoming, before: Disclosure, plan: SteerPlan, order: Order) -> bool:
    """Whether anybody may get by it what he would not get without: the disclosure, or a part that is withheld."""
    if any(isinstance(act, InviteGuest) for act in order.acts):
        return True
    if order.scope is not None and widens(
        read_scope(before.scope), read_scope(plan.after.scope), incoming.people, let_in(before)
    ):
        return True
    ruled = incoming.particulars.restrict if incoming.particulars else ()
    return opens(ruled, order.restrict, incoming.people)


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
        f"Approve: {kept_id}",
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
    """Nobody has approved yet: the coordinators are asked again, the pager is told, and so every day.

    Where nothing of it can be done any more, as what it is about is over, that is told once.
    """
    disclosure, list_id = await _of(tx, ref)
    if disclosure is None or parts.lists.get(list_id) is None:
        return
    is_over = disclosure.state in OVER
    headline, lines = _lapsed(ref, disclosure) if is_over else _missing(ref)
    await posting.tell_coordinators(
        parts,
        tx,
        parts.lists[list_id],
        notices.happened(disclosure.id, headline, lines),
        now=now,
        disclosure=disclosure,
    )
    if is_over:
        return
    await reports.raise_alarm(parts, tx, kind="not-approved", ref=ref, list_id=list_id, now=now)
    await duties.put(tx, kind=APPROVAL, ref=ref, list_id=list_id, due_at=now + ASK_AGAIN)


def _missing(ref: str) -> tuple[str, list[str]]:
    lines = [
        f"{ref} still waits for a second coordinator. Whoever did not ask for it answers with this line:",
        "",
        f"Approve: {ref}",
    ]
    if ref.startswith("QU-"):
        lines += ["", f"If it is not wanted any more, send `Discard-Quarantine: {ref}` to the -request address."]
    return "A second coordinator is still missing", lines


def _lapsed(ref: str, disclosure: Disclosure) -> tuple[str, list[str]]:
    lines = [
        f"{ref} waited for a second coordinator. {disclosure.id} is {disclosure.state}, so it can't be done any more,",
        "and nobody is asked again. It stays in quarantine until it is discarded:",
        f"`Discard-Quarantine: {ref}`, sent to the -request address.",
    ]
    return "Nothing waits for a second coordinator any more", lines


async def _of(tx: Tx, ref: str) -> tuple[Disclosure | None, str]:
    """The disclosure that what waits is about, and its list; None where it waits no more."""
    disclosure = await disclosures.get(tx, ref)
    if disclosure is not None:
        waits = disclosure.unapproved and disclosure.state is State.PENDING
        return (disclosure if waits else None), disclosure.list_id
    kept = await quarantine.get(tx, ref)
    if kept is None or kept.state != "kept" or kept.disclosure_id is None:
        return None, ""
    return await disclosures.get(tx, kept.disclosure_id), kept.list_id
