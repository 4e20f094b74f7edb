"""What coordinators and members do by mail: post, steer, follow up, reply, acknowledge, stop."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from gateway import content, keeping, notices, posting, release, safe
from gateway.content import Opened, Setting
from gateway.mail.model import Payload
from gateway.particulars import MessageFacts, Particulars, PublicNotice, path_text
from policy.audience import Holding, judge_seats, matches, reply_reaches, withheld_names
from policy.disclosure import Event
from policy.facts import CONTENT_KINDS, CopyState, Disclosure, MessageKind, Person, Role, State
from policy.instants import in_words
from policy.intake import Door, Kept, Posted, Reach, Replied, Steered
from policy.control import Complaint
from policy.orders import Order
from policy.prose import find_stop_codes, unquoted
from policy.reasons import Reason
from policy.scopes import read_scope
from policy.steering import Defaults, Faults, SteerPlan, plan_post, plan_steering
from storage import audit, disclosures, messages, outbox
from storage.ids import disclosure_id as new_disclosure_id
from storage.ids import message_id, stop_code
from storage.records import Message

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway.intake import Incoming
    from policy.audience import Seat


class _PreviewOverError(Exception):
    """Takes a preview's changes back; never leaves this module."""


@dataclass(frozen=True, slots=True)
class _Told:
    """A receipt, composed, not sent yet."""

    notice: notices.Notice
    disclosure: Disclosure


def stop_hash(list_id: str, code: str) -> str:
    """How a stop code stands in the database: nobody who reads it there can use it."""
    return hashlib.sha256(f"{list_id}:{code}".encode()).hexdigest()


def _defaults(incoming: Incoming) -> Defaults:
    config = incoming.mailing_list.config
    return Defaults(config.default_scope, incoming.mailing_list.default_embargo, config.default_tlp.value, config.patch_day)


async def _keep_back(incoming: Incoming, writer: Person, faults: Faults) -> None:
    incoming.taken_for = "quarantine"
    kept = Kept((Reason.CONTROL_LINES,), writer, at_once=True, complaints=faults.complaints, corrected=faults.corrected)
    await keeping.keep_back(incoming, kept)


# --- a new disclosure (row 1) -----------------------------------------------------------------


async def post(incoming: Incoming, verdict: Posted) -> None:
    """A coordinator's new mail becomes a disclosure; with ``Preview`` it only shows what would happen."""
    plan = plan_post(verdict.order, incoming.mailing_list.rules, _defaults(incoming), incoming.now)
    if isinstance(plan, Faults):
        await _keep_back(incoming, verdict.writer, plan)
        return
    faults = _notice_faults(incoming, verdict.order) or _scope_faults(incoming, plan.scope, verdict.order)
    if faults:
        await _keep_back(incoming, verdict.writer, faults)
        return
    code = stop_code()
    disclosure = Disclosure(
        id=await _fresh_id(incoming),
        list_id=incoming.mailing_list.id,
        state=State.HELD,
        posted_by=verdict.writer.id,
        poster_address=verdict.writer.address,
        poster_name=verdict.writer.name,
        posted_at=incoming.now,
        hold_until=plan.hold_until,
        embargo_until=plan.embargo_until,
        tlp=plan.tlp,
        scope=plan.scope,
    )
    particulars = Particulars(subject=_subject(incoming), stop_code=code)
    try:
        async with incoming.tx.begin_nested():
            told = await _post(incoming, verdict, disclosure, particulars)
            if verdict.order.preview:
                raise _PreviewOverError
    except _PreviewOverError:
        await _show_preview(incoming, verdict.writer, told)
        return
    await _send_receipt(incoming, told)


async def _post(incoming: Incoming, verdict: Posted, disclosure: Disclosure, particulars: Particulars) -> _Told:
    tx, now = incoming.tx, incoming.now
    particulars = _with_order(particulars, verdict.order, f"{disclosure.id}/1", incoming)
    item = await safe.keep_json(incoming.parts, tx, particulars.to_json(), now)
    await disclosures.add(
        tx,
        disclosure,
        stop_hash=stop_hash(disclosure.list_id, particulars.stop_code),
        particulars_item=item,
    )
    incoming.disclosure, incoming.particulars = disclosure, particulars
    await release.transition(
        incoming.parts, tx, None, disclosure, now, actor=verdict.writer.address, reason="post"
    )
    opened = await _store(incoming, verdict.writer, MessageKind.DISCLOSURE, "Disclosure", waiting=True)
    setting = Setting(incoming.mailing_list, disclosure, particulars)
    await content.queue_for_coordinators(incoming.parts, tx, setting, opened, now, but=verdict.writer.id)
    headline = "Your disclosure is kept" if not verdict.order.preview else "This is what would happen; nothing is stored"
    return await _receipt(incoming, setting, opened, headline, is_preview=verdict.order.preview)


async def _fresh_id(incoming: Incoming) -> str:
    while True:
        found = new_disclosure_id(incoming.mailing_list.config.id_prefix, incoming.now)
        if await disclosures.get(incoming.tx, found) is None:
            return found


def _subject(incoming: Incoming) -> str:
    return notices.untagged(incoming.read.headers.subject) or "(no subject)"


def _scope_faults(incoming: Incoming, scope: str, order: Order) -> Faults | None:
    people = [person for person in incoming.people if person.role is Role.MEMBER]
    if any(seat.inside for seat in judge_seats(people, read_scope(scope), None, incoming.now)):
        return None
    return Faults((Complaint("Scope:", "no active member is in this scope", ()),), order.corrected)


def _notice_faults(incoming: Incoming, order: Order) -> Faults | None:
    """The public notice must be a text that can be published."""
    if order.public_notice is None or incoming.read.payload is None:
        return None
    parts = [p for p in incoming.read.payload.parts if p.is_attachment and matches(p.filename, (order.public_notice,))]
    if parts and parts[0].text is None:
        why = "the public notice must be a plain text file, as it is published as a mail's text"
        return Faults((Complaint(f"Public-Notice: {order.public_notice}", why, ()),), order.corrected)
    return None


def _with_order(particulars: Particulars, order: Order, message: str, incoming: Incoming) -> Particulars:
    """The particulars as the order changes them."""
    patterns = {pattern for rule in order.restrict for pattern in rule.patterns}
    kept = tuple(rule for rule in particulars.restrict if not patterns & set(rule.patterns))
    changed = replace(
        particulars,
        cve=order.cve or particulars.cve,
        references=order.refs or particulars.references,
        permit=order.permit or particulars.permit,
        restrict=(*kept, *order.restrict),
    )
    payload = incoming.read.payload
    if order.public_notice is None or payload is None:
        return changed
    for part in payload.parts:
        if part.is_attachment and part.text is not None and matches(part.filename, (order.public_notice,)):
            return replace(changed, notice=PublicNotice(message, part.filename, part.text))
    return changed


async def _store(
    incoming: Incoming, writer: Person, kind: MessageKind, label: str, *, waiting: bool, audience: str = "audience"
) -> Opened:
    """Store what somebody wrote as a message of the disclosure: payload and facts sealed, headers known."""
    tx, now, disclosure = incoming.tx, incoming.now, incoming.disclosure
    payload = incoming.read.payload
    if disclosure is None or payload is None:
        error = "only a readable mail in a known thread is stored"
        raise ValueError(error)
    number = await disclosures.take_number(tx, disclosure.id)
    headers = incoming.read.headers
    notice = incoming.particulars.notice if incoming.particulars else None
    attachments = tuple((path_text(part.path), part.filename) for part in payload.parts if part.is_attachment)
    message_ref = f"{disclosure.id}/{number}"
    facts = MessageFacts(
        subject=_subject(incoming) if number == 1 else _reply_subject(incoming),
        is_subject_signed=incoming.read.header_protected,
        writer=writer.name,
        label=label,
        block_lines=incoming.facts.block.taken if incoming.facts and incoming.facts.block else 0,
        attachments=attachments,
        hidden=tuple(path for path, name in attachments if notice and notice.message == message_ref and name == notice.name),
    )
    thread = await posting.thread_of(tx, disclosure, incoming.answered.id if incoming.answered else None)
    message = Message(
        id=message_ref,
        list_id=disclosure.list_id,
        kind=kind,
        message_id=message_id(incoming.mailing_list.domain),
        dated_at=disclosure.hold_until if waiting else now,
        created_at=now,
        audience=audience,
        disclosure_id=disclosure.id,
        number=number,
        references=thread.references,
        answers=thread.answers,
        author_id=writer.id,
        mail_id=incoming.mail_id,
        waiting=waiting,
        payload_item=await safe.keep(incoming.parts, tx, payload.raw, now),
        facts_item=await safe.keep_json(incoming.parts, tx, facts.to_json(), now),
    )
    await messages.add(tx, message)
    for header in (message.message_id, headers.message_id):
        if header:
            await messages.link_header(tx, list_id=message.list_id, header=header, message_id=message.id)
    return Opened(message, facts, payload)


def _reply_subject(incoming: Incoming) -> str:
    return notices.untagged(incoming.read.headers.subject) or (incoming.particulars.subject if incoming.particulars else "")


# --- receipts ---------------------------------------------------------------------------------


async def _receipt(
    incoming: Incoming,
    setting: Setting,
    opened: Opened | None,
    headline: str,
    *,
    is_preview: bool = False,
    readers: Sequence[Person] | None = None,
    extra: Sequence[str] = (),
) -> _Told:
    """Compose a receipt: instants, audience, what is withheld, the proofs, stop code, audit head."""
    disclosure, particulars = setting.disclosure, setting.particulars
    seats = await release.seats_of(incoming.tx, disclosure, incoming.now)
    inside = [seat.person for seat in seats if seat.inside] if readers is None else list(readers)
    stored = [opened] if opened else []
    if opened is None and disclosure.state in {State.HELD, State.PENDING}:
        stored = [
            await content.open_message(incoming.parts, incoming.tx, message)
            for message in await messages.waiting(incoming.tx, disclosure.id)
        ]
    proofs = [proof for item in stored for proof in content.proofs(setting, item, inside)]
    unreleased = disclosure.state in {State.HELD, State.PENDING}
    head = await audit.head(incoming.tx)
    receipt = notices.Receipt(
        disclosure=disclosure,
        subject=particulars.subject,
        zone=setting.mailing_list.config.timezone,
        now=incoming.now,
        headline=headline,
        seats=seats,
        withheld=_withheld(setting, stored, seats),
        stop_code=particulars.stop_code if unreleased and not is_preview else None,
        audit_head=f"{head[0]}:{head[1]}" if head else None,
        notes=(*incoming.notes, *extra, *await _reach_warnings(incoming)),
        is_preview=is_preview,
    )
    return _Told(receipt.notice(_numbered(proofs)), disclosure)


def _numbered(proofs: Sequence[notices.Attachment]) -> tuple[notices.Attachment, ...]:
    return tuple(replace(proof, filename=f"proof-{number}.eml") for number, proof in enumerate(proofs, start=1))


def _withheld(setting: Setting, stored: Sequence[Opened], seats: Sequence[Seat]) -> dict[int, tuple[str, ...]]:
    names = [name for opened in stored for name in opened.facts.names]
    found = {
        seat.person.id: tuple(sorted(withheld_names(seat.person, setting.particulars.restrict, names))) for seat in seats
    }
    return {person_id: parts for person_id, parts in found.items() if parts}


async def _reach_warnings(incoming: Incoming) -> list[str]:
    """Coordinators who can't read this very mail are named in it."""
    people = await posting.coordinators(incoming.tx, incoming.mailing_list.id)
    return [
        f"Coordinator {person.name} can't be reached: {trouble}."
        for person in people
        if (trouble := person.key_trouble(incoming.now))
    ]


async def _send_receipt(incoming: Incoming, told: _Told) -> None:
    await posting.tell_coordinators(
        incoming.parts,
        incoming.tx,
        incoming.mailing_list,
        told.notice,
        now=incoming.now,
        kind=MessageKind.RECEIPT,
        disclosure=told.disclosure,
        answered=incoming.answered.id if incoming.answered else None,
        mail_id=incoming.mail_id,
    )


async def _show_preview(incoming: Incoming, writer: Person, told: _Told) -> None:
    """A preview goes back to its writer alone; nothing of it is stored or scheduled."""
    incoming.taken_for = "preview"
    if incoming.disclosure is not None and await disclosures.get(incoming.tx, incoming.disclosure.id) is None:
        incoming.disclosure = None
    await incoming.audit("preview", incoming.mail_id)
    thread = await posting.thread_of(
        incoming.tx, incoming.disclosure, incoming.answered.id if incoming.answered else None
    )
    await posting.notify(
        incoming.parts,
        incoming.tx,
        incoming.mailing_list,
        [writer],
        told.notice,
        kind=MessageKind.RECEIPT,
        now=incoming.now,
        thread=thread,
    )


# --- a coordinator's reply (rows 2, 5, 5a, 6, 10a, 13) ----------------------------------------


async def steer(incoming: Incoming, verdict: Steered) -> None:
    """A coordinator's reply: its control lines act, its text goes to those whom it may reach."""
    disclosure = incoming.disclosure
    if disclosure is None:
        await _among_coordinators(incoming, verdict)
        return
    plan = plan_steering(verdict.order, disclosure, incoming.mailing_list.rules, incoming.now)
    faults = plan if isinstance(plan, Faults) else _notice_faults(incoming, verdict.order)
    if faults is None and isinstance(plan, SteerPlan) and plan.after.state is State.HELD and verdict.order.scope:
        faults = _scope_faults(incoming, plan.after.scope, verdict.order)
    if faults is not None or isinstance(plan, Faults):
        await _keep_back(incoming, verdict.writer, faults or Faults((), ""))
        return
    if disclosure.state in {State.WITHDRAWN, State.CLOSED} and _has_text(incoming):
        complaint = Complaint("", f"it is {disclosure.state}, so nothing more is sent in this thread", ())
        await _keep_back(incoming, verdict.writer, Faults((complaint,), ""))
        return
    try:
        async with incoming.tx.begin_nested():
            told = await _steer(incoming, verdict, plan)
            if verdict.order.preview:
                raise _PreviewOverError
    except _PreviewOverError:
        await _show_preview(incoming, verdict.writer, told)
        return
    await _send_receipt(incoming, told)


async def _steer(incoming: Incoming, verdict: Steered, plan: SteerPlan) -> _Told:
    tx, now, parts = incoming.tx, incoming.now, incoming.parts
    before, order = incoming.disclosure, verdict.order
    particulars = incoming.particulars
    if before is None or particulars is None:
        error = "a known disclosure is steered"
        raise ValueError(error)
    done: list[str] = []
    sends_text = _has_text(incoming)
    number = f"{before.id}/{await disclosures.next_number(tx, before.id)}"
    particulars = _with_order(particulars, order, number, incoming)
    after = plan.after
    item = await disclosures.particulars_item(tx, before.id)
    await safe.change_json(parts, tx, item, particulars.to_json())
    if after != before:
        await disclosures.update(
            tx,
            before.id,
            **{
                name: getattr(after, name)
                for name in ("hold_until", "embargo_until", "scope", "tlp", "stopped", "state", "ended_at", "cause")
                if getattr(after, name) != getattr(before, name)
            },
        )
        for event in plan.events:
            if event is not Event.LIFT_NOW:
                await release.transition(
                    parts, tx, before, after, now, actor=verdict.writer.address, reason=str(event)
                )
    incoming.disclosure, incoming.particulars = after, particulars
    setting = Setting(incoming.mailing_list, after, particulars)
    if plan.has(Event.LIFT_NOW):
        publish = order.public_notice is not None
        await release.lift(
            parts, tx, before, now, cause=after.cause or "other", actor=verdict.writer.address, publish=publish
        )
        done.append("The embargo is lifted.")
    elif plan.has(Event.WITHDRAW):
        await release.withdraw(parts, tx, setting, order.withdraw or "", now)
        done.append("The disclosure is withdrawn.")
    else:
        setting = replace(setting, disclosure=await _apply_changes(incoming, setting, before, plan, done))
    opened, readers = None, ()
    if sends_text:
        opened, readers = await _follow_up(incoming, verdict, setting, done)
    return await _receipt(
        incoming,
        setting,
        opened,
        " ".join(done) or "Your reply is kept; it changed nothing.",
        is_preview=order.preview,
        readers=readers if opened else None,
    )


async def _apply_changes(
    incoming: Incoming, setting: Setting, before: Disclosure, plan: SteerPlan, done: list[str]
) -> Disclosure:
    """Carry out changed dates and scope; give the disclosure as it is then."""
    after, now, config = setting.disclosure, incoming.now, incoming.mailing_list.config
    if after.hold_until != before.hold_until:
        await messages.date_waiting(incoming.tx, after.id, after.hold_until)
        done.append(f"Members get it {in_words(after.hold_until, config.timezone, now)}.")
    if plan.has(Event.NEW_DATE):
        done.append(f"The public date is now {in_words(after.embargo_until, config.timezone, now)}.")
        if before.state is State.EMBARGOED:
            notice = notices.new_date(after, setting.particulars.subject, before.embargo_until, config.timezone, now)
            await release.tell_bound(incoming.parts, incoming.tx, setting, notice, MessageKind.DATE_NOTICE, now)
    if after.scope != before.scope:
        done.append(f"The scope is now: {after.scope}.")
    if before.state is State.EMBARGOED and plan.has(Event.CHANGE) and incoming.facts and _names_scope(incoming):
        after = await _rescope(incoming, setting, done)
    if not done and plan.events:
        done.append("Your control lines are in force.")
    return after


def _names_scope(incoming: Incoming) -> bool:
    block = incoming.facts.block if incoming.facts else None
    return block is not None and any(line.name == "Scope" for line in block.lines)


async def _rescope(incoming: Incoming, setting: Setting, done: list[str]) -> Disclosure:
    """A Scope line after the release: who is newly in gets what went before; who is out gets no more."""
    tx, now = incoming.tx, incoming.now
    people = [person for person in incoming.people if person.role is Role.MEMBER]
    inside = [
        seat.person for seat in judge_seats(people, read_scope(setting.disclosure.scope), None, now) if seat.inside
    ]
    admitted = frozenset(person.id for person in inside)
    old = setting.disclosure.admitted or frozenset()
    after = replace(setting.disclosure, admitted=admitted)
    await disclosures.update(tx, after.id, admitted=admitted)
    incoming.disclosure = after
    for person_id in old - admitted:
        await outbox.cancel(
            tx, now=now, reason="scope", person_id=person_id, disclosure_id=after.id, kinds=CONTENT_KINDS
        )
    newcomers = [person for person in inside if person.id not in old]
    for message in await content.content_messages(tx, after):
        if message.audience == "audience" and not message.waiting:
            opened = await content.open_message(incoming.parts, tx, message)
            await content.queue_for_members(
                incoming.parts, tx, replace(setting, disclosure=after), opened, newcomers, now
            )
    if newcomers:
        done.append(f"{len(newcomers)} more get what went before: {', '.join(p.name for p in newcomers)}.")
    return after


def _has_text(incoming: Incoming) -> bool:
    """Whether a reply says anything beside its control lines and what it quotes."""
    facts = incoming.facts
    if facts is None or facts.block is None:
        return False
    own = unquoted(facts.block.body).partition("\n-- \n")[0]
    return bool(own.strip()) or bool(facts.attachments)


async def _follow_up(
    incoming: Incoming, verdict: Steered, setting: Setting, done: list[str]
) -> tuple[Opened, tuple[Person, ...]]:
    """Row 6: the reply's text, to those whom it may reach; under the same hold as its disclosure."""
    tx, now, parts = incoming.tx, incoming.now, incoming.parts
    disclosure = setting.disclosure
    waiting = disclosure.state in {State.HELD, State.PENDING}
    reach = verdict.reach
    readers = await _readers(incoming, reach, disclosure)
    audience = "coordinators" if reach is Reach.NOBODY else "audience"
    if not waiting and audience == "audience" and reach is Reach.ANSWERED and not await _answers_audience(incoming):
        audience = "named"
    opened = await _store(
        incoming,
        verdict.writer,
        MessageKind.FOLLOW_UP,
        "Follow-up",
        waiting=waiting and audience == "audience",
        audience=audience,
    )
    await incoming.audit("follow-up", opened.message.id, str(reach), {"readers": [person.id for person in readers]})
    await content.queue_for_coordinators(parts, tx, setting, opened, now, but=verdict.writer.id)
    if audience == "coordinators":
        done.append("Your text went to the coordinators alone (to reach members, add `Send-To: audience`).")
        return opened, ()
    if waiting:
        done.append("Your text waits with its disclosure.")
        return opened, readers
    await content.queue_for_members(parts, tx, setting, opened, readers, now)
    await release.watch(tx, opened.message, now)
    done.append(f"Your text goes to {len(readers)} members.")
    return opened, readers


async def _answers_audience(incoming: Incoming) -> bool:
    answered = incoming.answered
    return answered is not None and answered.audience == "audience"


async def _readers(incoming: Incoming, reach: Reach, disclosure: Disclosure) -> tuple[Person, ...]:
    """Members whom a coordinator's text reaches: in the audience now, and among those who got what it answers."""
    if reach is Reach.NOBODY:
        return ()
    seats = await release.seats_of(incoming.tx, disclosure, incoming.now)
    inside = tuple(seat.person for seat in seats if seat.inside)
    if reach is Reach.AUDIENCE or disclosure.state in {State.HELD, State.PENDING}:
        return inside
    if incoming.answered is None:
        return ()
    reached = await content.members_reached(incoming.tx, incoming.answered)
    return tuple(person for person in inside if person.id in reached)


async def _among_coordinators(incoming: Incoming, verdict: Steered) -> None:
    """A coordinator's reply to something of ours without a disclosure: to the other coordinators."""
    order = verdict.order
    acts = order.lift_now or order.withdraw or order.hold_until or order.hold_now or order.embargo_until or order.scope
    if acts:
        why = "there is no disclosure in this thread that the lines could act on; send a new mail"
        await _keep_back(incoming, verdict.writer, Faults((Complaint("", why, ()),), order.corrected))
        return
    await _pass_on(incoming, verdict.writer)


async def _pass_on(incoming: Incoming, writer: Person) -> None:
    payload = incoming.read.payload
    notice = notices.forwarded(
        incoming.envelope.sender,
        f"{writer.name} <{writer.address}>",
        (),
        incoming.read.headers.subject,
        payload.text if payload else "",
        () if payload and len(payload.parts) == 1 else incoming.raw_attachment(),
    )
    await posting.tell_coordinators(
        incoming.parts,
        incoming.tx,
        incoming.mailing_list,
        notice,
        now=incoming.now,
        kind=MessageKind.FORWARD,
        but=writer.id,
        answered=incoming.answered.id if incoming.answered else None,
        mail_id=incoming.mail_id,
    )
    await incoming.audit("forwarded", incoming.mail_id)


# --- members ----------------------------------------------------------------------------------


async def reply(incoming: Incoming, verdict: Replied) -> None:
    """Row 6: a member's reply, to the coordinators, and where the list says so to those who may read it."""
    tx, now, parts, writer = incoming.tx, incoming.now, incoming.parts, verdict.writer
    disclosure, particulars = incoming.disclosure, incoming.particulars
    if disclosure is None or particulars is None:
        await _pass_on(incoming, writer)
        return
    if verdict.acknowledges:
        await disclosures.acknowledge(tx, disclosure.id, writer.id, now)
    setting = Setting(incoming.mailing_list, disclosure, particulars)
    opened = await _store(incoming, writer, MessageKind.REPLY, "Reply", waiting=False, audience="named")
    readers = await _reply_readers(incoming, writer, disclosure)
    names = ", ".join(person.name for person in readers) or "no other member"
    reaches = f"This went to the coordinators and {names}. Your reply reaches them and {writer.name}."
    await content.queue_for_coordinators(parts, tx, setting, opened, now, but=None, reaches=reaches)
    await content.queue_for_members(parts, tx, setting, opened, readers, now)
    await incoming.audit("reply", opened.message.id, "", {"readers": [person.id for person in readers]})


async def _reply_readers(incoming: Incoming, writer: Person, disclosure: Disclosure) -> tuple[Person, ...]:
    facts = incoming.facts
    is_open = incoming.mailing_list.config.discussion == "audience"
    if not is_open or incoming.answered is None or facts is None or facts.answered is None or facts.answered.by_tag:
        return ()
    if disclosure.state is not State.EMBARGOED and disclosure.state is not State.LIFTED:
        return ()
    reached = await content.members_reached(incoming.tx, incoming.answered)
    seats = await release.seats_of(incoming.tx, disclosure, incoming.now)
    return reply_reaches(
        [seat.person for seat in seats if seat.person.id in reached],
        writer=writer,
        holdings=await _holdings(incoming, disclosure),
        audience=frozenset(seat.person.id for seat in seats if seat.inside),
    )


async def _holdings(incoming: Incoming, disclosure: Disclosure) -> dict[int, Holding]:
    """What each member holds of a disclosure, by the copies that left or will."""
    held: dict[int, dict[str, frozenset[str]]] = {}
    for copy in await outbox.of_disclosure(incoming.tx, disclosure.id, roles={Role.MEMBER}, kinds=CONTENT_KINDS):
        if copy.person_id is not None and copy.state not in {CopyState.CANCELLED, CopyState.WITHHELD, CopyState.BOUNCED}:
            held.setdefault(copy.person_id, {})[copy.message_id] = frozenset(copy.withheld)
    for message in await messages.of_disclosure(incoming.tx, disclosure.id, {MessageKind.REPLY}):
        if message.author_id is not None:  # what he wrote himself he holds
            held.setdefault(message.author_id, {})[message.id] = frozenset()
    return {person_id: Holding(found) for person_id, found in held.items()}


async def acknowledge(incoming: Incoming, writer: Person) -> None:
    """A member's "received": counted, shown in the disclosure, distributed to nobody."""
    if incoming.disclosure is None:
        return
    await disclosures.acknowledge(incoming.tx, incoming.disclosure.id, writer.id, incoming.now)
    await incoming.audit("acknowledged", incoming.disclosure.id)


# --- the stop code and bounces ----------------------------------------------------------------


async def stop_by_code(incoming: Incoming) -> None:
    """Row 3a: any mail to the list or -owner that holds the stop code stops the release, and only that."""
    if incoming.door not in {Door.LIST, Door.OWNER} or incoming.read.payload is None:
        return
    payload: Payload = incoming.read.payload
    texts = [incoming.read.headers.subject, incoming.read.outer.subject]
    texts += [part.text for part in payload.parts if part.text]
    codes = {code for text in texts for code in find_stop_codes(text)}
    for code in sorted(codes):
        for found in await disclosures.by_stop_hash(
            incoming.tx, incoming.mailing_list.id, stop_hash(incoming.mailing_list.id, code)
        ):
            await stop(incoming, found)


async def stop(incoming: Incoming, disclosure: Disclosure) -> None:
    """Stop an unreleased disclosure and tell the coordinators."""
    if disclosure.state not in {State.HELD, State.PENDING} or disclosure.stopped:
        return
    await release.stop(
        incoming.parts,
        incoming.tx,
        disclosure,
        incoming.now,
        actor="stop-code",
        by="somebody who sent its stop code",
    )
    if incoming.disclosure is not None and incoming.disclosure.id == disclosure.id:
        incoming.disclosure = replace(incoming.disclosure, stopped=True)
    incoming.notes.append(f"The release of {disclosure.id} was stopped: this mail held its stop code.")
