"""Quarantine: what is kept back, who is told, and when."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from gateway import storing
from gateway.kept import keyanswers
from gateway.notices import common as notices
from gateway.notices import outsiders as notices_outsiders
from gateway.notices import requests as notices_requests
from gateway.sending import posting
from policy.facts import MessageKind, Role
from policy.intake import Door
from policy.orders import Order, read_order
from policy.outsiders import Ways, ways_in
from policy.reasons import Reason
from storage import items, mails, messages, quarantine
from storage.records import Quarantined

if TYPE_CHECKING:
    from datetime import datetime

    from gateway.incoming import Incoming
    from gateway.lists import MailingList
    from gateway.parts import Parts
    from policy.facts import Person
    from policy.verdicts import Kept
    from storage.database import Tx

ASKED_TO_WRITER = {Reason.CONTROL_LINES, Reason.NO_CONTROL_BLOCK}
ANSWERED = {
    Reason.UNKNOWN_THREAD,
    Reason.MEMBER_NEW_THREAD,
    Reason.STALE_SIGNATURE,
    Reason.WRONG_LIST,
}
NOTES_AN_HOUR = 6  # of mails kept back, to one address that may be forged: nobody is flooded in its name


async def keep_back(incoming: Incoming, verdict: Kept) -> str:
    """Put the mail into quarantine and tell those who should know; give the quarantine id."""
    tx, now, parts = incoming.tx, incoming.now, incoming.parts
    incoming.kept = verdict
    entry = Quarantined(
        id=await quarantine.new_id(tx, now),
        mail_id=incoming.mail_id,
        list_id=incoming.mailing_list.id,
        received_at=incoming.envelope.received_at,
        envelope_from=incoming.envelope.sender,
        reason=verdict.reason.value,
        reasons=tuple(reason.value for reason in verdict.reasons),
        size=len(incoming.envelope.content),
        known=verdict.at_once,
        told_at=now if verdict.at_once else None,
        disclosure_id=incoming.disclosure.id if incoming.disclosure else None,
    )
    await quarantine.add(tx, entry)
    await incoming.audit("quarantined", entry.id, verdict.reason, {"reasons": list(entry.reasons)})
    if incoming.door is Door.SENDKEY:
        incoming.key_sent = await keyanswers.answer(incoming)
    if not verdict.at_once:  # the next digest tells of it
        return entry.id
    if verdict.leak is not None:  # alarm and acknowledgement say all of it
        return entry.id
    if verdict.reason is Reason.TWO_PERSON:  # whoever approves is asked in a mail of its own, which all get
        return entry.id
    asked = await ask_writer(incoming, verdict, entry.id)
    signer, is_leak = verdict.writer, Reason.POSSIBLE_LEAK in verdict.reasons
    label = f"{signer.name} <{signer.address}>" if signer else None
    notice = notices.quarantined(entry.id, verdict.reasons, entry.envelope_from, entry.size, label, entry.disclosure_id)
    notice = notices_outsiders.told(notice, verdict.outsiders)
    if is_leak:
        notice = notices.with_report(notice, incoming.read.said, incoming.raw_attachment())
    await posting.tell_coordinators(
        parts,
        tx,
        incoming.mailing_list,
        notice,
        now=now,
        but=asked,
        disclosure=incoming.disclosure,
        priority=posting.LEAK if is_leak else posting.NOTICE,
        mail_id=incoming.mail_id,
    )
    return entry.id


async def ask_writer(incoming: Incoming, verdict: Kept, kept_as: str | None = None) -> int | None:
    """Ask or advise the one who wrote it, sealed; give the id of a coordinator who need not be told twice."""
    writer = verdict.writer
    if writer is None:
        await _advise_claimed(incoming, verdict)
        return None
    if Reason.REPLAY in verdict.reasons:
        return None  # somebody else may have sent it again: nobody is flooded with notes about his own mail
    disclosure_id = incoming.disclosure.id if incoming.disclosure else None
    kind = MessageKind.NOTE
    if Reason.POSSIBLE_LEAK in verdict.reasons and disclosure_id:
        notice = notices.possible_leak_question(disclosure_id)
    elif verdict.reason in ASKED_TO_WRITER:
        # A complaint is a coordinator's: an answer to it steers. A member gets a note that says the same.
        kind = MessageKind.COMPLAINT if writer.role is Role.COORDINATOR else MessageKind.NOTE
        if verdict.reason is Reason.NO_CONTROL_BLOCK:
            notice = notices.no_block(verdict.corrected)
        else:
            notice = notices.complaint(
                disclosure_id,
                verdict.reasons,
                verdict.complaints,
                verdict.corrected,
                verdict.mend,
                is_preview=verdict.is_preview,
            )
        notice = notices_outsiders.told(notice, verdict.outsiders)
    elif verdict.reason is Reason.OUTSIDER_ADDRESSED:
        kind = MessageKind.COMPLAINT if writer.role is Role.COORDINATOR else MessageKind.NOTE
        notice = _outsider_question(incoming, verdict, writer, kept_as)
    elif _is_at_side(incoming, verdict) and incoming.door is Door.REQUEST and writer.role is Role.COORDINATOR:
        notice = notices_requests.nothing_asked(incoming.mailing_list.address)
    elif _is_at_side(incoming, verdict):
        notice = notices.side_door(key_sent=incoming.key_sent)
    elif verdict.reason in ANSWERED:
        notice = notices.kept_note(verdict.reason, notices.ADVICE[verdict.reason])
    else:
        return None
    await _to_writer(incoming, writer, notices.naming(notice, incoming.read.headers.subject), kind)
    return writer.id


def _outsider_question(incoming: Incoming, verdict: Kept, writer: Person, kept_as: str | None) -> notices.Notice:
    mailing_list, order = incoming.mailing_list, _own_order(incoming)
    ways = _ways_in(incoming, verdict, order)
    return notices_outsiders.Question(
        disclosure_id=incoming.disclosure.id if incoming.disclosure else None,
        quarantine_id=kept_as,
        outsiders=verdict.outsiders,
        list_address=mailing_list.address,
        request_address=mailing_list.config.address_for("-request"),
        is_coordinator=writer.role is Role.COORDINATOR,
        guests=ways.guests,
        members=ways.members,
        block=order.corrected,
        is_new=incoming.disclosure is None,
    ).notice()


def _own_order(incoming: Incoming) -> Order:
    """The control lines of a kept mail."""
    facts = incoming.facts
    if facts is None or facts.block is None or facts.surroundings is None:
        return Order()
    return read_order(facts.block, facts.surroundings)


def _ways_in(incoming: Incoming, verdict: Kept, order: Order) -> Ways:
    """How those who were addressed as well could be let in, if the mail is sent again."""
    if incoming.disclosure is None and incoming.answered is not None and incoming.kept_post is None:
        return Ways()  # a thread without a disclosure
    lists = incoming.parts.lists
    ours = frozenset(address for address in verdict.outsiders if lists.find(address.lower()) is not None)
    ways = ways_in(verdict.outsiders, incoming.people, ours, incoming.disclosure, order)
    is_refused = incoming.disclosure is not None and storing.shows_lines(incoming)
    return replace(ways, guests=()) if is_refused else ways


async def _to_writer(incoming: Incoming, writer: Person, notice: notices.Notice, kind: MessageKind) -> None:
    thread = await posting.thread_of(
        incoming.tx, incoming.disclosure, incoming.answered.id if incoming.answered else None
    )
    message = await posting.notify(
        incoming.parts,
        incoming.tx,
        incoming.mailing_list,
        [writer],
        notice,
        kind=kind,
        now=incoming.now,
        thread=thread,
        mail_id=incoming.kept_post.mail_id if incoming.kept_post else incoming.mail_id,
    )
    if kind is MessageKind.COMPLAINT and incoming.read.headers.message_id:
        # An answer to the kept mail in the Sent folder is an answer to the complaint about it.
        await messages.link_header(
            incoming.tx,
            list_id=incoming.mailing_list.id,
            header=incoming.read.headers.message_id,
            message_id=message.id,
        )


def _is_at_side(incoming: Incoming, verdict: Kept) -> bool:
    """Whether it came to an address that only keeps mail for the coordinators."""
    return Reason.UNSUPPORTED in verdict.reasons and incoming.door in {Door.REQUEST, Door.SENDKEY}


async def _advise_claimed(incoming: Incoming, verdict: Kept) -> None:
    """Not encrypted or not signed, but a pinned key or address is recognisable: that address gets a sealed note."""
    reason = next((reason for reason in (Reason.CLEARTEXT, Reason.UNSIGNED) if reason in verdict.reasons), None)
    if reason is None:
        return
    person = incoming.recognised()
    if person is None:
        return
    since = incoming.now - timedelta(hours=1)
    if await messages.notes_of_kept_since(incoming.tx, person.id, since) >= NOTES_AN_HOUR:
        return
    notice = notices.kept_note(reason, notices.ADVICE[reason])
    if _is_at_side(incoming, verdict):
        notice = notices.side_door(key_sent=incoming.key_sent)
    await posting.notify(
        incoming.parts,
        incoming.tx,
        incoming.mailing_list,
        [person],
        notice,
        kind=MessageKind.NOTE,
        now=incoming.now,
        mail_id=incoming.mail_id,
    )


async def expire(parts: Parts, tx: Tx, mailing_list: MailingList, now: datetime) -> int:
    """Destroy strangers' mail after ``quarantine_keep``; what concerns somebody known waits for a decision."""
    expired = await quarantine.expire(tx, mailing_list.id, now - mailing_list.config.quarantine_keep, now)
    for entry in expired:
        await destroy(tx, entry, now)
        await parts.trail.append(
            tx,
            at=now,
            event="quarantine-expired",
            id=entry.id,
            list_id=entry.list_id,
            actor="gateway",
            reason=entry.reason,
        )
    return len(expired)


async def destroy(tx: Tx, entry: Quarantined, now: datetime) -> None:
    """Destroy a quarantined mail's content by dropping its data key."""
    mail = await mails.get(tx, entry.mail_id)
    if mail is not None and mail.raw_item is not None:
        await items.destroy(tx, mail.raw_item, now)
