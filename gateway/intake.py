"""Story 1: an incoming mail.

1. The door hands over envelope and bytes, with the moment of receipt.
2. The bytes are taken apart and opened: structure only, nothing believed (``gateway.reading``).
3. In one transaction: who that key is, which thread this is (facts),
4. ``policy.judge_mail``: a verdict with its reason,
5. and what the verdict asks for: sealed content, state, notices to send, audit.
6. Only then 250. What our own side causes is 451, and the sender keeps the mail (law 4).
"""

from __future__ import annotations

import asyncio
import hashlib
from typing import TYPE_CHECKING

from gateway import bouncing, disclosing, leak, replies, safe, steering, stopping
from gateway.acts import table as acts
from gateway.facts import gather
from gateway.incoming import Incoming
from gateway.kept import keeping
from gateway.kept import mails as kept_mails
from gateway.kept import posts as kept_posts
from gateway.log import describe, get_logger
from gateway.notices import common as notices
from gateway.parser import ParserUnavailable
from gateway.reading import read
from gateway.requests import blocks as requests
from gateway.sending import posting
from keys.errors import EngineUnavailable
from keys.results import SignatureStatus
from policy.facts import MessageKind, Person
from policy.intake import judge_mail
from policy.requests import names_kept
from policy.verdicts import (
    Acknowledged,
    Acted,
    Forwarded,
    Kept,
    LeakReport,
    NoLeak,
    Posted,
    Recorded,
    Replied,
    Reposted,
    Requested,
    Steered,
    Verdict,
)
from storage import mails
from storage.errors import Unavailable
from storage.ids import row_id
from storage.records import MailRecord

if TYPE_CHECKING:
    from gateway.envelope import Envelope
    from gateway.lists import Addressed, MailingList
    from gateway.parts import Parts
    from gateway.replies import Reply
    from policy.reasons import Reason


log = get_logger("intake")


class Intake:
    """Takes mails one after the other from the door; each is decided when its reply is given."""

    def __init__(self, parts: Parts) -> None:
        """Take the parts."""
        self._parts = parts
        self._reading = asyncio.Semaphore(4)  # mails being opened at once; the others wait at the door

    async def take(self, envelope: Envelope) -> Reply:
        """Decide one mail, store what follows from it, and give the SMTP reply."""
        try:
            addressed = self._parts.lists.find(envelope.recipient)
            if addressed is None:
                return replies.UNKNOWN_USER
            await self.decide(envelope, addressed)
        except (EngineUnavailable, ParserUnavailable) as error:
            log.error("not-kept", reason="cannot open mail", error=describe(error))
            self._parts.trouble.tell("intake", type(error).__name__)
            return replies.LATER
        except Unavailable as error:
            log.error("not-kept", reason="database", error=describe(error))
            self._parts.trouble.tell("database")
            return replies.NO_SPACE if error.no_space else replies.LATER
        except Exception as error:  # noqa: BLE001 - a defect of ours: the sender keeps the mail, a human is told
            log.error("not-kept", reason="defect", error=describe(error))
            self._parts.trouble.tell("defect", type(error).__name__)
            return replies.LATER
        return replies.OK

    async def decide(self, envelope: Envelope, addressed: Addressed) -> Verdict | None:
        """Decide one mail. None: the same bytes came before."""
        parts = self._parts
        mailing_list = addressed.mailing_list
        digest = hashlib.sha256(envelope.content).hexdigest()
        if await self._seen_before(envelope, mailing_list, digest):
            return None
        async with self._reading:
            async with parts.database.reading() as tx:
                ring = await parts.lists.ring(parts, tx, mailing_list.id)
            seen = await read(parts, ring, envelope.content, envelope.sender)
            is_failure = await bouncing.tells_failure(parts, addressed.door, envelope)
            is_signed = any(one.status is SignatureStatus.GOOD for one in seen.seen)
            ahead = await kept_mails.read_ahead(parts, names_kept(seen.said)) if is_signed else {}
        async with parts.database.transaction() as tx:
            earlier = await mails.seen_before(tx, list_id=mailing_list.id, recipient=envelope.recipient, digest=digest)
            if earlier is not None:  # it came twice at once
                await mails.count_again(tx, earlier.id)
                return None
            incoming = Incoming(
                parts,
                tx,
                mailing_list,
                addressed.door,
                envelope,
                seen,
                envelope.received_at,
                row_id("ML"),
                digest,
                apply,
                tells_failure=is_failure,
                ahead=ahead,
            )
            verdict = await judge(incoming)
            await carry_out(incoming, verdict)
        parts.nudges.ring()
        log.info("mail", id=incoming.mail_id, list=mailing_list.id, kind=type(verdict).__name__.lower())
        return verdict

    async def _seen_before(self, envelope: Envelope, mailing_list: MailingList, digest: str) -> bool:
        async with self._parts.database.reading() as tx:
            earlier = await mails.seen_before(tx, list_id=mailing_list.id, recipient=envelope.recipient, digest=digest)
        if earlier is None:
            return False
        async with self._parts.database.transaction() as tx:
            await mails.count_again(tx, earlier.id)
        return True


async def judge(incoming: Incoming) -> Verdict:
    """Gather what is known of a mail, and judge it; nothing is stored yet."""
    incoming.facts = await gather(incoming, frozenset())
    return judge_mail(incoming.facts, incoming.now)


async def carry_out(incoming: Incoming, verdict: Verdict) -> None:
    """Store the mail and do all that follows from its verdict, in the transaction that it was judged in."""
    await _record(incoming, verdict)
    await stopping.stop_by_code(incoming)
    await apply(incoming, verdict)
    await mails.set_taken_for(
        incoming.tx,
        incoming.mail_id,
        incoming.taken_for,
        disclosure_id=incoming.disclosure.id if incoming.disclosure else None,
    )


async def _record(incoming: Incoming, verdict: Verdict) -> None:
    """Keep the mail itself, sealed; of an automatic one or a preview, that it came."""
    tx, now, envelope = incoming.tx, incoming.now, incoming.envelope
    order = verdict.order if isinstance(verdict, Posted | Reposted | Steered) else None
    is_preview = verdict.is_preview if isinstance(verdict, Kept) else order is not None and order.preview
    keeps = not isinstance(verdict, Recorded) and not is_preview
    raw_item = await safe.keep(incoming.parts, tx, envelope.content, now) if keeps else None
    signer = incoming.signer()
    record = MailRecord(
        id=incoming.mail_id,
        list_id=incoming.mailing_list.id,
        recipient=envelope.recipient,
        envelope_from=envelope.sender,
        received_at=envelope.received_at,
        digest=incoming.digest,
        size=len(envelope.content),
        taken_for="",
        signer_id=signer.id if signer else None,
        raw_item=raw_item,
    )
    await mails.add(tx, record)
    for seen in incoming.read.seen:
        if seen.signature_id and signer is not None:
            await mails.note_signature(
                tx,
                list_id=incoming.mailing_list.id,
                signature_id=seen.signature_id,
                mail_id=incoming.mail_id,
                now=now,
            )


async def apply(incoming: Incoming, verdict: Verdict) -> None:
    """Carry a verdict out, in the transaction that it was judged in."""
    match verdict:
        case Recorded(why):
            incoming.taken_for = "automatic"
            await incoming.audit("automatic", incoming.mail_id, why)
            await bouncing.take_bounce(incoming)
        case LeakReport():
            incoming.taken_for = "leak"
            await leak.take_report(incoming, verdict)
        case NoLeak():
            incoming.taken_for = "reply"
            await leak.no_leak(incoming, verdict)
        case Forwarded(reasons, writer):
            incoming.taken_for = "forward"
            await _forward(incoming, reasons, writer)
        case Kept():
            incoming.taken_for = "quarantine"
            await _keep_back(incoming, verdict)
        case Posted():
            incoming.taken_for = "disclosure"
            await disclosing.post(incoming, verdict)
        case Reposted():
            incoming.taken_for = "disclosure"
            await kept_posts.repost(incoming, verdict)
        case Steered():
            incoming.taken_for = "follow-up"
            await steering.steer(incoming, verdict)
            await leak.join_case(incoming)
        case Replied():
            incoming.taken_for = "reply"
            await disclosing.reply(incoming, verdict)
        case Acted() | Acknowledged() | Requested():
            incoming.taken_for = "command"
            await _command(incoming, verdict)


async def _command(incoming: Incoming, verdict: Acted | Acknowledged | Requested) -> None:
    """Do what lines ask for; no text of the mail goes to members."""
    match verdict:
        case Acted(writer, _, acknowledges):
            await acts.take(incoming, verdict)
            if acknowledges and incoming.taken_for == "command":
                await disclosing.acknowledge(incoming, writer)
        case Acknowledged(writer):
            await disclosing.acknowledge(incoming, writer)
        case Requested():
            await requests.carry_out(incoming, verdict)


async def _keep_back(incoming: Incoming, verdict: Kept) -> None:
    verdict = await acts.only_what_is_done(incoming, verdict)
    if verdict.is_preview:
        await steering.answer_preview(incoming, verdict)
        return
    kept_as = await keeping.keep_back(incoming, verdict)
    if verdict.leak is not None:
        await leak.take_report(incoming, verdict.leak, kept_as)


async def _forward(incoming: Incoming, reasons: tuple[Reason, ...], writer: Person | None) -> None:
    """Mail to -owner: to the coordinators, sealed, with sender and signature told."""
    payload = incoming.read.payload
    signer = f"{writer.name} <{writer.address}>" if writer else None
    named = ", ".join(address.address for address in incoming.read.outer.sender)
    notice = notices.forwarded(
        (incoming.envelope.sender or "<>") + (f" (From: {named})" if named else ""),
        signer,
        reasons,
        incoming.read.headers.subject,
        payload.text if payload else "(it could not be read as text; it is attached as it came)",
        incoming.attached_unless_told(),
    )
    await incoming.audit("forwarded", incoming.mail_id, reasons[0] if reasons else "")
    message = await posting.tell_coordinators(
        incoming.parts,
        incoming.tx,
        incoming.mailing_list,
        notice,
        now=incoming.now,
        kind=MessageKind.FORWARD,
        but=writer.id if writer else None,
        mail_id=incoming.mail_id,
    )
    if message is None and writer is None:
        await incoming.audit("nobody-to-tell", incoming.mail_id)
