"""What coordinators and members say by mail: post, reply, acknowledge. Steering is in ``gateway.steering``."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from gateway import receipts, release, safe, storing
from gateway.acts import table as acts
from gateway.holdings import holdings
from gateway.kept import approvals
from gateway.particulars import Particulars
from gateway.passing import pass_on
from gateway.receipts import Sent, Told
from gateway.sending import content
from gateway.sending.content import Setting
from gateway.steering import PreviewOverError, keep_back, scope_faults
from policy.audience import reply_reaches
from policy.facts import Disclosure, MessageKind, Person, State
from policy.steering import Defaults, Faults, plan_post
from policy.upstream import restricting
from storage import disclosures
from storage.ids import stop_code

if TYPE_CHECKING:
    from gateway.incoming import Incoming
    from policy.orders import Order
    from policy.steering import PostPlan
    from policy.verdicts import Posted, Replied

TO_COORDINATORS = "it goes to the coordinators alone"


def stop_hash(list_id: str, code: str) -> str:
    """How a stop code stands in the database: nobody who reads it there can use it."""
    return hashlib.sha256(f"{list_id}:{code}".encode()).hexdigest()


# --- a new disclosure (row 1) -----------------------------------------------------------------


async def post(incoming: Incoming, verdict: Posted) -> bool:
    """Make a coordinator's new mail a disclosure; with ``Preview`` only show what would happen.

    False where it is kept back instead, or only shown.
    """
    order = verdict.order
    plan = _plan(incoming, order)
    refused = await acts.refusals(incoming, verdict.writer, order) if not isinstance(plan, Faults) else ()
    if refused:
        plan = Faults(refused, order.corrected)
    if isinstance(plan, Faults):
        await keep_back(incoming, verdict.writer, plan, is_preview=order.preview)
        return False
    try:
        async with incoming.tx.begin_nested():
            told = await _post(incoming, verdict, await _disclosure(incoming, verdict, plan))
            if order.preview:
                raise PreviewOverError(told)
    except PreviewOverError as over:
        await receipts.show_preview(incoming, verdict.writer, over.told)
        return False
    await receipts.send(incoming, told)
    return True


def _plan(incoming: Incoming, order: Order) -> PostPlan | Faults:
    plan = plan_post(order, incoming.mailing_list.rules, _defaults(incoming), incoming.now)
    if isinstance(plan, Faults):
        return plan
    return storing.notice_faults(incoming, order) or scope_faults(incoming, plan.scope, order) or plan


def _defaults(incoming: Incoming) -> Defaults:
    config = incoming.mailing_list.config
    return Defaults(config.default_scope, incoming.mailing_list.default_embargo, config.default_tlp.value)


async def _disclosure(incoming: Incoming, verdict: Posted, plan: PostPlan) -> Disclosure:
    prefix, writer = incoming.mailing_list.config.id_prefix, verdict.writer
    is_unapproved = approvals.needs_second_to_post(incoming, verdict.order)
    return Disclosure(
        id=await disclosures.new_id(incoming.tx, prefix, incoming.now),
        list_id=incoming.mailing_list.id,
        state=State.PENDING if is_unapproved else State.HELD,
        unapproved=is_unapproved,
        posted_by=writer.id,
        poster_address=writer.address,
        poster_name=writer.name,
        posted_at=incoming.now,
        hold_until=plan.hold_until,
        embargo_until=plan.embargo_until,
        tlp=plan.tlp,
        scope=plan.scope,
        upstreams=plan.upstreams,
    )


async def _post(incoming: Incoming, verdict: Posted, disclosure: Disclosure) -> Told:
    tx, now, order, writer = incoming.tx, incoming.now, verdict.order, verdict.writer
    blank = Particulars(subject=storing.subject_of(incoming), stop_code=stop_code())
    particulars = await storing.with_order(incoming, blank, order, f"{disclosure.id}/1")
    await disclosures.add(
        tx,
        disclosure,
        stop_hash=stop_hash(disclosure.list_id, particulars.stop_code),
        particulars_item=await safe.keep_json(incoming.parts, tx, particulars.to_json(), now),
    )
    incoming.disclosure, incoming.particulars = disclosure, particulars
    await release.transition(incoming.parts, tx, None, disclosure, now, actor=writer.address, reason="post")
    opened = await storing.store(incoming, writer, MessageKind.DISCLOSURE, "Disclosure", waiting=True)
    setting = Setting(incoming.mailing_list, disclosure, particulars)
    await content.queue_for_coordinators(incoming.parts, tx, setting, opened, now, but=writer.id)
    incoming.notes += await acts.perform(incoming, writer, order)
    if (
        incoming.facts
        and incoming.facts.block
        and all(one.name != "Embargo-Until" for one in incoming.facts.block.lines)
    ):
        incoming.notes.append("The public date is this list's default, as no `Embargo-Until:` names one.")
    headline = "This is what would happen; nothing is stored" if order.preview else "Your disclosure is kept"
    if disclosure.unapproved:
        headline += f"; {await approvals.ask(incoming, disclosure)}"
    return await receipts.compose(
        incoming, setting, headline, sent=[Sent(opened, ())], is_preview=order.preview, judges_dates=True
    )


# --- members ----------------------------------------------------------------------------------


async def reply(incoming: Incoming, verdict: Replied) -> None:
    """Row 6: a member's reply, to the coordinators, and where the list says so to those who may read it."""
    tx, now, parts, writer = incoming.tx, incoming.now, incoming.parts, verdict.writer
    disclosure, particulars = incoming.disclosure, incoming.particulars
    if disclosure is None or particulars is None:
        await pass_on(incoming, writer)
        return
    if verdict.acknowledges:
        await disclosures.acknowledge(tx, disclosure.id, writer.id, now)
    setting = Setting(incoming.mailing_list, disclosure, particulars)
    readers = await _reply_readers(incoming, writer, disclosure)  # by what they hold before this one
    opened = await storing.store(incoming, writer, MessageKind.REPLY, "Reply", waiting=False, audience="named")
    # A count, no names: a coordinator may quote this to members (CONTRACT s7: no names of other members).
    others = {0: "no other member", 1: "1 other member"}.get(len(readers), f"{len(readers)} other members")
    reaches = f"This went to the coordinators and {others}. Your reply reaches them and {writer.name}."
    await content.queue_for_coordinators(parts, tx, setting, opened, now, but=None, reaches=reaches)
    await content.queue_for_members(parts, tx, setting, opened, readers, now)
    await incoming.audit("reply", opened.message.id, "", {"readers": [person.id for person in readers]})


def why_to_coordinators(incoming: Incoming, disclosure: Disclosure) -> str | None:
    """Why a member's reply goes to the coordinators alone, whoever holds what; None where it may reach members."""
    answered = incoming.facts.answered if incoming.facts else None
    if incoming.mailing_list.config.discussion != "audience":
        return "the list sends replies to the coordinators alone"
    if restricting(disclosure):  # a reply may tell details
        return f"{TO_COORDINATORS}: a third party's embargo holds"
    is_told = answered is not None and not answered.by_tag and answered.is_sole
    is_out = disclosure.state is State.EMBARGOED or disclosure.state is State.LIFTED
    return None if is_told and is_out else TO_COORDINATORS


async def _reply_readers(incoming: Incoming, writer: Person, disclosure: Disclosure) -> tuple[Person, ...]:
    if incoming.answered is None or why_to_coordinators(incoming, disclosure) is not None:
        return ()
    reached = await content.members_reached(incoming.tx, incoming.answered)
    seats = await release.seats_of(incoming.tx, disclosure, incoming.now)
    return reply_reaches(
        [seat.person for seat in seats if seat.person.id in reached],
        writer=writer,
        holdings=await holdings(incoming.tx, disclosure, writer),
        audience=frozenset(seat.person.id for seat in seats if seat.inside),
    )


async def acknowledge(incoming: Incoming, writer: Person) -> None:
    """A member's "received": counted, shown in the disclosure, distributed to nobody."""
    if incoming.disclosure is None:
        return
    await disclosures.acknowledge(incoming.tx, incoming.disclosure.id, writer.id, incoming.now)
    await incoming.audit("acknowledged", incoming.disclosure.id)
