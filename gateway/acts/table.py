"""Carrying out the lines of ``policy.acts``: all of a mail's are looked at first, then each is done.

``HANDLERS`` is the one table of them. A handler's ``refuse`` says why an act can't be done, before
anything of its mail is done; its ``do`` does it, and gives a sentence for the writer.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from gateway.acts import approving, closings, corrections, guests, proposals, shares, statuses
from gateway.acts import facts as factacts
from gateway.acts import public_posts as publicposts
from gateway.kept import keeping
from gateway.leaks import acts as leakacts
from gateway.notices import common as notices
from gateway.passing import pass_on
from gateway.sending import posting
from policy.acts import (
    Act,
    Approve,
    AssessLeak,
    CastVote,
    Close,
    ConfirmDate,
    ConfirmFact,
    Correct,
    PostRetrospective,
    ProposeDate,
    TakeAlarm,
    TellFact,
    TellPublicPost,
    TellStatus,
    VouchLeak,
)
from policy.control import Complaint, read_block
from policy.facts import MessageKind, Role
from policy.grants import AcceptTerms, AskShare, DenyShare, EndGuest, InviteGuest
from policy.offers import Offer, offer
from policy.orders import Order, read_order
from policy.prose import says_nothing
from policy.reasons import Reason
from policy.steering import Faults, plan_steering
from policy.verdicts import Kept

if TYPE_CHECKING:
    from gateway.incoming import Incoming
    from policy.facts import Person
    from policy.verdicts import Acted

Refuse = Callable[["Incoming", "Person", Any], Awaitable[Complaint | None]]
Do = Callable[["Incoming", "Person", Any], Awaitable[str]]


@dataclass(frozen=True, slots=True)
class Handler:
    """How one kind of act is refused, and done; ``anywhere``: also in a thread that is of no disclosure."""

    refuse: Refuse
    do: Do
    anywhere: bool = False


HANDLERS: dict[type[Act], Handler] = {
    AskShare: Handler(shares.refuse, shares.ask),
    DenyShare: Handler(shares.refuse_deny, shares.deny),
    AcceptTerms: Handler(shares.refuse_accept, shares.accept, anywhere=True),
    InviteGuest: Handler(guests.refuse, guests.invite, anywhere=True),
    EndGuest: Handler(guests.refuse_end, guests.end),
    Approve: Handler(approving.refuse, approving.approve, anywhere=True),
    Close: Handler(closings.refuse, closings.close),
    TellStatus: Handler(statuses.refuse, statuses.tell),
    Correct: Handler(corrections.refuse, corrections.announce),
    TakeAlarm: Handler(leakacts.refuse_take, leakacts.take, anywhere=True),
    TellPublicPost: Handler(publicposts.refuse, publicposts.tell),
    VouchLeak: Handler(leakacts.refuse_vouch, leakacts.vouch, anywhere=True),
    AssessLeak: Handler(leakacts.refuse_assess, leakacts.assess, anywhere=True),
    TellFact: Handler(factacts.refuse_fact, factacts.tell),
    ConfirmFact: Handler(factacts.refuse_confirm, factacts.confirm),
    PostRetrospective: Handler(leakacts.refuse_retrospective, leakacts.post_retrospective),
    ProposeDate: Handler(proposals.refuse_proposal, proposals.propose),
    CastVote: Handler(proposals.refuse_vote, proposals.vote),
    ConfirmDate: Handler(proposals.refuse_confirmation, proposals.confirm_by_mail),
}


async def refusals(incoming: Incoming, writer: Person, order: Order) -> tuple[Complaint, ...]:
    """Why acts of a mail can't be done; () where all of them can."""
    if not order.acts:
        return ()
    if incoming.disclosure is None and not all(HANDLERS[type(act)].anywhere for act in order.acts):
        why = "there is no disclosure in this thread that the lines could act on"
        return (Complaint("", why),)
    found = [await HANDLERS[type(act)].refuse(incoming, writer, act) for act in order.acts]
    return tuple(complaint for complaint in found if complaint is not None)


async def offering(incoming: Incoming, kept: Kept) -> Kept:
    """A refused mail as it is kept: with the block that would be done if it is sent, where there is one."""
    facts, disclosure, writer = incoming.facts, incoming.disclosure, kept.writer
    if facts is None or facts.block is None or facts.surroundings is None or writer is None:
        return kept

    def accepts(order: Order) -> bool:
        if disclosure is None or writer.role is not Role.COORDINATOR:
            return True
        return not isinstance(plan_steering(order, disclosure, incoming.mailing_list.rules, incoming.now), Faults)

    found = offer(kept.complaints, kept.corrected, facts.block, facts.surroundings, accepts)
    if found.is_ready and await refusals(incoming, writer, read_order(read_block(found.block), facts.surroundings)):
        found = Offer()
    return replace(kept, corrected=found.block, mend=found.mend)


async def only_what_is_done(incoming: Incoming, kept: Kept) -> Kept:
    """A mail kept for how its lines read: where the block put right would be refused too, that is said instead."""
    facts, disclosure, writer = incoming.facts, incoming.disclosure, kept.writer
    if kept.reason is not Reason.CONTROL_LINES or not kept.corrected or facts is None or facts.surroundings is None:
        return kept
    order = read_order(read_block(kept.corrected), facts.surroundings)
    if disclosure is None or writer is None or order.complaints:
        return kept
    refused: tuple[Complaint, ...] = ()
    if writer.role is Role.COORDINATOR:
        plan = plan_steering(order, disclosure, incoming.mailing_list.rules, incoming.now)
        refused = plan.complaints if isinstance(plan, Faults) else ()
    refused = refused or await refusals(incoming, writer, order)
    return replace(kept, complaints=(*kept.complaints, *refused), corrected="") if refused else kept


async def perform(incoming: Incoming, writer: Person, order: Order) -> list[str]:
    """Do the acts of a mail, in the order of its lines' table, what it says twice once; give a sentence for each."""
    return [said for act in dict.fromkeys(order.acts) if (said := await HANDLERS[type(act)].do(incoming, writer, act))]


_TOLD_BY_NOTICE = frozenset({TellFact, ProposeDate})
"""What a member writes that the coordinators get a notice of, whole and with the lines to answer with."""


def _is_told(incoming: Incoming, order: Order) -> bool:
    """Whether a mail holds nothing but lines of which the coordinators have a notice already."""
    payload, block = incoming.read.payload, incoming.read.block
    if payload is None or block is None or len(payload.parts) != 1 or payload.text_is_html:
        return False
    if len(payload.text) > notices.MOST_VALUE:  # a notice may then leave out some of it
        return False
    return not order.ack and {type(act) for act in order.acts} <= _TOLD_BY_NOTICE and says_nothing(block.body)


async def take(incoming: Incoming, verdict: Acted) -> None:
    """Do what a member's lines ask for; what else it says goes to the coordinators, and its writer hears of it."""
    writer, order = verdict.writer, verdict.order
    complaints = await refusals(incoming, writer, order)
    if complaints:
        incoming.taken_for = "quarantine"
        kept = Kept((Reason.CONTROL_LINES,), writer, at_once=True, complaints=complaints, corrected=order.corrected)
        await keeping.keep_back(incoming, await offering(incoming, kept))
        return
    words = await perform(incoming, writer, order)
    if not _is_told(incoming, order):
        await pass_on(incoming, writer)
    about = incoming.disclosure.id if incoming.disclosure else None
    answered = incoming.answered.id if incoming.answered else None
    await posting.notify(
        incoming.parts,
        incoming.tx,
        incoming.mailing_list,
        [writer],
        notices.happened(about, "Done", words),
        kind=MessageKind.NOTE,
        now=incoming.now,
        thread=await posting.thread_of(incoming.tx, incoming.disclosure, answered),
    )
