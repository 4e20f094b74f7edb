"""A coordinator's reply: its control lines act, its text goes to those whom it may reach."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from gateway import changing, receipts, release, safe, storing
from gateway.acts import corrections
from gateway.acts import table as acts
from gateway.kept import approvals, keeping
from gateway.notices import common as notices
from gateway.passing import pass_on
from gateway.receipts import UNRELEASED, Sent
from gateway.scene import scene_of
from gateway.sending import content, posting
from gateway.sending.content import Setting
from gateway.settings import TwoPerson
from gateway.upstreams import letting, waiting
from gateway.upstreams import lines as upstream_lines
from policy.audience import admitted_by, is_unsent, judge_seats, let_in
from policy.closing import ended_thread
from policy.control import Complaint
from policy.disclosure import Event
from policy.facts import CONTENT_KINDS, CopyState, Disclosure, MessageKind, Person, Role, State
from policy.instants import in_words
from policy.reasons import Reason
from policy.scopes import read_scope
from policy.steering import Faults, SteerPlan, plan_steering
from policy.upstream import why_not_yet
from policy.verdicts import Kept, Reach
from storage import disclosures, messages, outbox

if TYPE_CHECKING:
    from gateway.incoming import Incoming
    from gateway.receipts import Told
    from gateway.scene import Scene
    from policy.orders import Order
    from policy.verdicts import Steered


class PreviewOverError(Exception):
    """Takes a preview's changes back, and carries its receipt; never leaves the modules that carry orders out."""

    def __init__(self, told: Told) -> None:
        """Take the receipt."""
        super().__init__()
        self.told = told


@dataclass(slots=True)
class _Doings:
    """What was done, in words for the receipt, and what is on its way to members."""

    words: list[str] = field(default_factory=list)
    sent: list[Sent] = field(default_factory=list)


async def keep_back(
    incoming: Incoming, writer: Person, faults: Faults, *, is_preview: bool = False, anew: bool = False
) -> None:
    """Keep a mail back for its control lines and ask its writer; of a preview nothing is kept.

    ``anew``: nothing is wrong with its block, which is to be sent with another mail.
    """
    kept = Kept((Reason.CONTROL_LINES,), writer, at_once=True, complaints=faults.complaints, corrected=faults.corrected)
    if not anew:
        kept = await acts.offering(incoming, kept)
    if is_preview:
        await answer_preview(incoming, kept)
        return
    incoming.taken_for = "quarantine"
    await keeping.keep_back(incoming, kept)


async def answer_preview(incoming: Incoming, kept: Kept) -> None:
    """Tell a preview's writer what is wrong with its lines; nothing of it is kept, and nobody else is told."""
    incoming.taken_for = "preview"
    await incoming.audit("preview", incoming.mail_id, Reason.CONTROL_LINES)
    await keeping.ask_writer(incoming, replace(kept, is_preview=True))


def scope_faults(incoming: Incoming, scope: str, order: Order) -> Faults | None:
    """A scope that leaves nobody is kept back."""
    people = [person for person in incoming.people if person.role is Role.MEMBER]
    if any(seat.inside for seat in judge_seats(people, read_scope(scope), None, incoming.now)):
        return None
    return Faults((Complaint(f"Scope: {scope}", "no active member is in this scope", ()),), order.corrected)


async def steer(incoming: Incoming, verdict: Steered) -> None:
    """Carry a coordinator's reply out (rows 2, 5, 5a, 6, 10a, 13); nothing of it is half done."""
    disclosure = incoming.disclosure
    if disclosure is None:
        await _among_coordinators(incoming, verdict)
        return
    order = verdict.order
    plan = await _plan(incoming, verdict, disclosure)
    if isinstance(plan, Faults):
        await keep_back(incoming, verdict.writer, plan, is_preview=order.preview)
        return
    if approvals.needs_second(incoming, disclosure, plan, order):
        if not order.preview:
            await approvals.keep(incoming, verdict.writer, [*_said(incoming), *_meant(incoming, order)])
            return
        incoming.notes.append("It would wait for a second coordinator's `Approve:`.")
    try:
        async with incoming.tx.begin_nested():
            told = await _steer(incoming, verdict, disclosure, plan)
            if order.preview:
                raise PreviewOverError(told)
    except PreviewOverError as over:
        await receipts.show_preview(incoming, verdict.writer, over.told)
    else:
        await receipts.send(incoming, told)


def _said(incoming: Incoming) -> list[str]:
    """The mail's own control lines."""
    block = incoming.facts.block if incoming.facts else None
    return [line.said for line in block.lines] if block else []


def _meant(incoming: Incoming, order: Order) -> list[str]:
    """The instants that its lines name, in words: they stand, however long it waits."""
    dates = [("Hold-Until", order.hold_until), ("Embargo-Until", order.embargo_until)]
    dates += [(f"Upstream: {one.name} until", one.until) for one in order.upstreams]
    zone = incoming.mailing_list.config.timezone
    return [f"({name} {in_words(at, zone, incoming.now)})" for name, at in dates if at is not None]


async def _plan(incoming: Incoming, verdict: Steered, disclosure: Disclosure) -> SteerPlan | Faults:
    """What a reply changes, or everything that keeps it back."""
    order = verdict.order
    plan = plan_steering(order, disclosure, incoming.mailing_list.rules, incoming.now)
    if isinstance(plan, Faults):
        return plan
    faults = storing.notice_faults(incoming, order)
    if faults is None and order.scope is not None:
        faults = scope_faults(incoming, plan.after.scope, order)
    ended = ended_thread(disclosure)
    if faults is None and ended is not None and storing.has_text(incoming):
        faults = Faults((ended,), "")
    if faults is not None:
        return faults
    has_own = storing.has_text(incoming) and _reach(incoming, verdict) is not Reach.NOBODY
    refused = await letting.refuse_all(incoming, verdict.writer, order, disclosure, has_own=has_own)
    refused = refused or await acts.refusals(incoming, verdict.writer, order)
    return Faults(refused, order.corrected) if refused else plan


async def _steer(incoming: Incoming, verdict: Steered, before: Disclosure, plan: SteerPlan) -> Told:
    tx, order, doings = incoming.tx, verdict.order, _Doings()
    if incoming.particulars is None:
        error = "a known disclosure has particulars"
        raise ValueError(error)
    # Taken, not foretold: what an act lets go of first (a kept mail) has a number of its own.
    number = await disclosures.take_number(tx, before.id) if storing.has_text(incoming) else None
    particulars = await storing.with_order(incoming, incoming.particulars, order, f"{before.id}/{number}", before)
    if plan.has(Event.WITHDRAW):
        particulars = replace(particulars, withdrawn=order.withdraw)
    await safe.change_json(incoming.parts, tx, await disclosures.particulars_item(tx, before.id), particulars.to_json())
    is_lift = plan.has(Event.LIFT_NOW) or plan.has(Event.SEND_AND_LIFT)
    if not is_lift:  # that is stored with its notices
        await changing.store(scene_of(incoming, verdict.writer), before, plan)
    setting = Setting(incoming.mailing_list, plan.after, particulars)
    incoming.disclosure, incoming.particulars = plan.after, particulars
    if is_lift:
        publish, actor = order.public_notice is not None, verdict.writer.address
        cause = plan.after.cause or "other"
        standing = replace(before, upstreams=plan.after.upstreams)
        standing = await upstream_lines.before_lift(scene_of(incoming, verdict.writer), before, standing, particulars)
        lift = release.send_and_lift if plan.has(Event.SEND_AND_LIFT) else release.lift
        incoming.disclosure = await lift(
            incoming.parts, tx, standing, incoming.now, cause=cause, actor=actor, publish=publish
        )
        doings.words += ["Members get the text, and then the lift."] if plan.has(Event.SEND_AND_LIFT) else []
        doings.words.append("The embargo is lifted.")
        doings.words += ["The public notice goes out."] if publish else []
    elif plan.has(Event.PUBLISH):
        doings.words += await _publish(incoming, setting, verdict.writer)
    elif plan.has(Event.WITHDRAW):
        ended = await release.withdraw(incoming.parts, tx, setting, order.withdraw or "", incoming.now)
        doings.words += [
            "The disclosure is withdrawn.",
            *(f"No retrospective of {one} is due any more." for one in ended),
        ]
    else:
        after = await _apply_changes(incoming, setting, before, verdict, plan, doings)
        setting = replace(setting, disclosure=after)
    doings.words += await acts.perform(incoming, verdict.writer, order)
    if approvals.is_first_text(incoming, incoming.disclosure, order):
        incoming.disclosure = await _let_in(incoming, before, incoming.disclosure)
    setting = Setting(incoming.mailing_list, incoming.disclosure, incoming.particulars)  # as the acts left it
    if order.public_notice is not None and not is_lift and _is_over_now(before, incoming.disclosure):
        doings.words += await _publish(incoming, setting, verdict.writer)
    if number is not None:
        await _follow_up(incoming, verdict, setting, plan, doings, number)
    headline = " ".join(doings.words) or "Your reply is kept; it changed nothing."
    after = setting.disclosure
    dates = plan.has(Event.NEW_DATE) or (before.hold_until, before.embargo_until) != (
        after.hold_until,
        after.embargo_until,
    )
    return await receipts.compose(
        incoming, setting, headline, sent=doings.sent, is_preview=order.preview, judges_dates=dates
    )


def _is_over_now(before: Disclosure, after: Disclosure) -> bool:
    """Whether an act of this mail ended the embargo: a public notice that the mail names is ordered anew with it."""
    return before.state is not State.LIFTED and after.state is State.LIFTED


async def _publish(incoming: Incoming, setting: Setting, writer: Person) -> list[str]:
    """A fresh order for the public notice, after the lift; what is done in words."""
    parts, tx, now = incoming.parts, incoming.tx, incoming.now
    waits = why_not_yet(setting.disclosure)
    if waits is not None:
        return [f"The public notice does not go out: {waits}, and name the notice again."]
    if await _is_published(incoming, setting):
        return ["That public notice went out already; it is not sent twice."]
    is_sent = await release.send_public_notice(parts, tx, setting, now, actor=writer.address)
    return ["The public notice goes out."] if is_sent else []


async def _is_published(incoming: Incoming, setting: Setting) -> bool:
    """Whether a notice with these very words went out, or is about to; one that bounced may be sent again."""
    tx, notice = incoming.tx, setting.particulars.notice
    for message in await messages.of_disclosure(tx, setting.disclosure.id, {MessageKind.PUBLIC_NOTICE}):
        copies = await outbox.of_message(tx, message.id)
        if notice is None or all(copy.state in GIVEN_UP for copy in copies):
            continue
        for one in await messages.contents(tx, message.id):
            if await safe.find(incoming.parts, tx, one.item) == notice.text.encode():
                return True
    return False


GIVEN_UP = frozenset({CopyState.BOUNCED, CopyState.CANCELLED})


async def _apply_changes(
    incoming: Incoming, setting: Setting, before: Disclosure, verdict: Steered, plan: SteerPlan, doings: _Doings
) -> Disclosure:
    """Carry out changed dates and scope; give the disclosure as it is then."""
    after, order = setting.disclosure, verdict.order
    says_hold = order.hold_until is not None or order.hold_now
    scene = scene_of(incoming, verdict.writer)
    doings.words += await changing.carry_out(scene, setting, before, plan, says_hold=says_hold)
    if order.scope is not None:
        doings.words.append(f"The scope is now: {after.scope}.")
        if before.state not in UNRELEASED:
            after = await _rescope(incoming, setting, scene, doings)
    if not doings.words and plan.events:
        doings.words.append("Your control lines are in force.")
    return after


async def _rescope(incoming: Incoming, setting: Setting, scene: Scene, doings: _Doings) -> Disclosure:
    """A Scope line after the release: who is newly in gets what went before; who is out gets no more."""
    tx, now = incoming.tx, incoming.now
    people = [person for person in incoming.people if person.role is Role.MEMBER]
    scope, old = read_scope(setting.disclosure.scope), setting.disclosure.admitted or frozenset()
    admitted = admitted_by(people, scope, old, now)
    after = replace(setting.disclosure, admitted=admitted)
    await disclosures.update(tx, after.id, admitted=admitted)
    incoming.disclosure = after
    for person_id in old - admitted:
        await outbox.cancel(
            tx, now=now, reason="scope", person_id=person_id, disclosure_id=after.id, kinds=CONTENT_KINDS
        )
    if old - admitted:
        await waiting.tell_less_outside(scene, after)
    newcomers = tuple(person for person in people if person.id in admitted - old)
    if newcomers:
        await _catch_up(incoming, replace(setting, disclosure=after), newcomers, doings)
    return after


async def _catch_up(incoming: Incoming, setting: Setting, newcomers: tuple[Person, ...], doings: _Doings) -> None:
    """What went to the audience before goes to those who come in now, as the coordinators' line says."""
    tx, now = incoming.tx, incoming.now
    lacked: set[int] = set()
    for message in await content.content_messages(tx, setting.disclosure):
        if message.audience == "audience" and not message.waiting:
            opened = await content.open_message(incoming.parts, tx, message)
            readers = await content.queue_for_members(incoming.parts, tx, setting, opened, newcomers, now, at=now)
            if not readers:
                continue
            await release.watch(tx, message, now)
            doings.sent.append(Sent(opened, readers, now))
            lacked |= {person.id for person in readers}
    more = [person.name for person in newcomers if person.id in lacked]
    back = [person.name for person in newcomers if person.id not in lacked]
    doings.words += [f"{len(more)} more get what went before: {', '.join(more)}."] if more else []
    doings.words += [f"In again, with all that went before: {', '.join(back)}."] if back else []


async def _let_in(incoming: Incoming, before: Disclosure, disclosure: Disclosure) -> Disclosure:
    """Row 14: a fresh order for what was lifted unsent; its scope is judged now, and stands from then on.

    Where the release takes two and this very mail lifted it, nobody was asked: it takes another mail.
    """
    if not is_unsent(before) and TwoPerson.RELEASE in approvals.left_to_two(incoming):
        return disclosure
    members = [person for person in incoming.people if person.role is Role.MEMBER]
    seats = judge_seats(members, read_scope(disclosure.scope), let_in(disclosure, is_ordered=True), incoming.now)
    admitted = frozenset(seat.person.id for seat in seats if seat.inside)
    if not admitted:
        return disclosure
    await disclosures.update(incoming.tx, disclosure.id, admitted=admitted)
    await incoming.audit("audience-let-in", disclosure.id, "fresh-order", {"people": sorted(admitted)})
    return replace(disclosure, admitted=admitted)


# --- the text of a reply ------------------------------------------------------------------------


async def _follow_up(
    incoming: Incoming, verdict: Steered, setting: Setting, plan: SteerPlan, doings: _Doings, number: int
) -> None:
    """Row 6: the reply's text, to those whom it may reach; under the same hold as its disclosure."""
    tx, now, parts, disclosure = incoming.tx, incoming.now, incoming.parts, setting.disclosure
    reach = Reach.NOBODY if plan.has(Event.WITHDRAW) else _reach(incoming, verdict)
    readers = await _readers(incoming, reach, disclosure)
    is_for_audience = reach is Reach.AUDIENCE or (reach is Reach.ANSWERED and _answers_audience(incoming))
    audience = "coordinators" if reach is Reach.NOBODY else "audience" if is_for_audience else "named"
    waiting = disclosure.state in UNRELEASED and is_for_audience
    correction = await corrections.of(incoming, verdict.order)
    opened = await storing.store(
        incoming,
        verdict.writer,
        MessageKind.FOLLOW_UP,
        "CORRECTION" if correction else "Follow-up",
        waiting=waiting,
        audience=audience,
        correction=correction,
        number=number,
    )
    await incoming.audit("follow-up", opened.message.id, str(reach), {"readers": [person.id for person in readers]})
    await content.queue_for_coordinators(parts, tx, setting, opened, now, but=verdict.writer.id)
    if reach is Reach.NOBODY:
        doings.words.append("Your text went to the coordinators alone (to reach members, add `Send-To: audience`).")
        return
    if not readers and not waiting:
        doings.words.append(_nobody(disclosure))
        return
    doings.sent.append(Sent(opened, readers))
    if waiting:
        doings.words.append("Your text waits with its disclosure.")
        return
    await content.queue_for_members(parts, tx, setting, opened, readers, now)
    await release.watch(tx, opened.message, now)
    doings.words.append(f"Your text goes to {said_of(readers)}.")


def _nobody(disclosure: Disclosure) -> str:
    said = "Your text went to the coordinators alone: there is no member that it could reach"
    return (
        f"{said}, as nothing of it was sent. To send a text, answer anew with `Send-To: audience`."
        if is_unsent(disclosure)
        else f"{said}."
    )


def said_of(readers: tuple[Person, ...]) -> str:
    """How many members, and how many guests beside them."""
    guests = sum(person.role is Role.GUEST for person in readers)
    members = len(readers) - guests
    said = f"{members} {'member' if members == 1 else 'members'}"
    return f"{said} and {guests} {'guest' if guests == 1 else 'guests'}" if guests else said


def _reach(incoming: Incoming, verdict: Steered) -> Reach:
    """Nobody got what stayed among coordinators, so nobody gets an answer to it."""
    answered = incoming.answered
    if verdict.reach is Reach.ANSWERED and (answered is None or answered.audience == "coordinators"):
        return Reach.NOBODY
    return verdict.reach


def _answers_audience(incoming: Incoming) -> bool:
    return incoming.answered is not None and incoming.answered.audience == "audience"


async def _readers(incoming: Incoming, reach: Reach, disclosure: Disclosure) -> tuple[Person, ...]:
    """Members whom a text reaches: in the audience now, and among those who got what it answers."""
    if reach is Reach.NOBODY:
        return ()
    seats = await release.seats_of(incoming.tx, disclosure, incoming.now)
    inside = tuple(seat.person for seat in seats if seat.inside)
    if reach is Reach.AUDIENCE or (disclosure.state in UNRELEASED and _answers_audience(incoming)):
        return inside
    if incoming.answered is None:
        return ()
    reached = await content.members_reached(incoming.tx, incoming.answered)
    return tuple(person for person in inside if person.id in reached)


# --- where there is no disclosure ---------------------------------------------------------------


async def _among_coordinators(incoming: Incoming, verdict: Steered) -> None:
    """A coordinator's reply to something of ours without a disclosure: to the other coordinators."""
    order, writer = verdict.order, verdict.writer
    steers = order.lift_now or order.withdraw or order.hold_until or order.hold_now or order.embargo_until
    refused: tuple[Complaint, ...] = ()
    if steers or order.scope or order.send_to_audience or (order.acts and order.preview):
        why = "there is no disclosure in this thread that the lines could act on; send a new mail"
        refused = (Complaint("", why, ()),)
    refused = refused or await acts.refusals(incoming, writer, order)
    if refused:
        await keep_back(incoming, writer, Faults(refused, order.corrected), is_preview=order.preview)
        return
    if approvals.dismisses_alone(incoming, order):
        await approvals.keep(incoming, writer, _said(incoming))
        return
    words = await acts.perform(incoming, writer, order)
    if words:
        await posting.tell_coordinators(
            incoming.parts,
            incoming.tx,
            incoming.mailing_list,
            notices.happened(None, f"Done, as {writer.name} asked", words),
            now=incoming.now,
            answered=incoming.answered.id if incoming.answered else None,
        )
    await pass_on(incoming, writer)
