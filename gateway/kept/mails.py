"""What may be done with a mail that was kept back: have it judged again, or destroy it.

The operator does so at the command line, and a coordinator by mail: both come here, in a transaction
of theirs.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gateway.envelope import Envelope
from gateway.facts import gather
from gateway.incoming import Incoming
from gateway.kept import keeping
from gateway.notices import common as notices
from gateway.operator.acts import audit, tell
from gateway.operator.base import Actor, Done, RefusedError
from gateway.operator.show import open_kept
from gateway.reading import Read, read
from policy.grants import OPEN
from policy.intake import judge_mail
from policy.reasons import UNPROVED, Reason
from policy.verdicts import Kept, Verdict
from storage import disclosures, mails, quarantine

if TYPE_CHECKING:
    from datetime import datetime

    from gateway.lists import Addressed
    from gateway.parts import Parts
    from keys.results import Ring
    from policy.control import Complaint
    from policy.facts import Disclosure
    from storage.database import Tx
    from storage.records import MailRecord, Quarantined

NEVER_WAIVED = UNPROVED | {Reason.UNSUPPORTED, Reason.TWO_PERSON}
"""What nobody can wave through: unread, unproved, or for somebody else to decide."""
KEPT = "kept"

Apply = Callable[[Incoming, Verdict], Awaitable[None]]
"""Carrying a verdict out, as ``Incoming.carry_out`` does: handed in, as it may itself be what calls here."""


@dataclass(frozen=True, slots=True)
class KeptMail:
    """A kept mail that may be judged again, as it came."""

    entry: Quarantined
    mail: MailRecord
    addressed: Addressed
    content: bytes = field(repr=False)


async def take_out(parts: Parts, tx: Tx, entry: Quarantined, *, is_approved: bool = False) -> KeptMail:
    """Open what is kept, to be judged again. Raises RefusedError for what never can be.

    ``is_approved``: a second coordinator agreed, so what waited for that may go on.
    """
    mail = await mails.get(tx, entry.mail_id)
    _refuse_hopeless(entry, is_approved=is_approved)
    content = await open_kept(parts, tx, entry, mail)
    addressed = parts.lists.find(mail.recipient) if mail is not None else None
    if mail is None or addressed is None:
        raise RefusedError(f"{entry.id} came to an address that is not in {parts.config.path} any more")
    return KeptMail(entry, mail, addressed, content)


def _refuse_hopeless(entry: Quarantined, *, is_approved: bool) -> None:
    if entry.state != KEPT:
        raise RefusedError(f"{entry.id} is {entry.state} already")
    for reason in entry.reasons:
        if reason == Reason.TWO_PERSON:
            if is_approved:
                continue
            why = f"{entry.id} waits for a second coordinator: `Approve: {entry.id}` by mail"
            raise RefusedError(why, Reason.TWO_PERSON)
        if reason in NEVER_WAIVED:
            raise RefusedError(
                f"{entry.id} can't be released: {Reason(reason).meaning} ({reason}); "
                "have it sent again, signed and encrypted as it should be",
                Reason(reason),
            )


async def release(
    parts: Parts, tx: Tx, kept: KeptMail, seen: Read, now: datetime, actor: Actor, carry_out: Apply
) -> Done:
    """Judge a kept mail again as if just come, the rules that kept it back waived by whoever acts.

    Where it would be kept back again RefusedError is raised: the caller takes its transaction back.
    """
    entry, mail = kept.entry, kept.mail
    envelope = Envelope(mail.envelope_from, mail.recipient, kept.content, mail.received_at, "")
    # It was fresh when it came, or stale is what is waived: waiting here must not make it stale.
    waived = frozenset({*(Reason(reason) for reason in entry.reasons), Reason.STALE_SIGNATURE})
    if not await quarantine.set_state(tx, entry.id, "released", now):
        raise RefusedError(f"{entry.id} was decided by somebody else meanwhile")
    addressed = kept.addressed
    to = addressed.mailing_list
    incoming = Incoming(parts, tx, to, addressed.door, envelope, seen, now, mail.id, mail.digest, carry_out)
    taken_for = await _judge_again(incoming, entry, waived)
    detail = {"taken_for": taken_for}
    await audit(parts, tx, now, "quarantine-released", entry.id, entry.list_id, entry.reason, detail, actor=actor)
    lines = [f"Waived: {', '.join(entry.reasons)}", f"Taken for: {taken_for}"]
    await _tell(parts, tx, entry, now, "released", lines, actor)
    return Done(f"released {entry.id}: taken for {taken_for}, with {', '.join(entry.reasons)} waived")


async def read_ahead(parts: Parts, refs: Iterable[str]) -> dict[str, Read]:
    """Read kept mails before a transaction needs them, as that waits for GnuPG and the parser; by their ids.

    A disclosure's id stands for all that waits in it for a second coordinator. What can't be read is left out.
    """
    found: dict[str, Read] = {}
    for ref in refs:
        async with parts.database.reading() as tx:
            opened = [await _opened(parts, tx, entry) for entry in await _entries(tx, ref)]
        for entry, ring, mail, raw in filter(None, opened):
            found[entry.id] = await read(parts, ring, raw, mail.envelope_from)
    return found


async def _entries(tx: Tx, ref: str) -> list[Quarantined]:
    entry = await quarantine.get(tx, ref)
    if entry is not None:
        return [entry] if entry.state == KEPT else []
    disclosure = await disclosures.get(tx, ref)
    kept = await quarantine.ls(tx, disclosure.list_id) if disclosure else ()
    return [one for one in kept if one.disclosure_id == ref and one.reasons == (Reason.TWO_PERSON.value,)]


async def _opened(parts: Parts, tx: Tx, entry: Quarantined) -> tuple[Quarantined, Ring, MailRecord, bytes] | None:
    mail = await mails.get(tx, entry.mail_id)
    if mail is None or parts.lists.get(entry.list_id) is None:
        return None
    try:
        raw = await open_kept(parts, tx, entry, mail)
    except RefusedError:
        return None
    return entry, await parts.lists.ring(parts, tx, entry.list_id), mail, raw


async def let_go(
    parts: Parts,
    tx: Tx,
    entry: Quarantined,
    now: datetime,
    actor: Actor,
    carry_out: Apply,
    *,
    ahead: Mapping[str, Read],
    is_approved: bool = False,
) -> Done:
    """Have a kept mail judged again, in a transaction that is open already: by a mail's word.

    ``ahead``: mails that were read before it (``read_ahead``); any other is read now.
    """
    kept = await take_out(parts, tx, entry, is_approved=is_approved)
    seen = ahead.get(entry.id)
    if seen is None:
        ring = await parts.lists.ring(parts, tx, entry.list_id)
        seen = await read(parts, ring, kept.content, kept.mail.envelope_from)
    return await release(parts, tx, kept, seen, now, actor, carry_out)


class _TakenBackError(Exception):
    """Takes back what was only tried; never leaves this module."""


async def try_out(
    parts: Parts, tx: Tx, entry: Quarantined, now: datetime, carry_out: Apply, ahead: Mapping[str, Read]
) -> str | None:
    """Why approving a kept mail would do nothing, by doing it and taking it back; None where it would be done."""
    try:
        async with tx.begin_nested():
            actor = Actor("gateway", "The gateway")
            await let_go(parts, tx, entry, now, actor, carry_out, ahead=ahead, is_approved=True)
            raise _TakenBackError
    except RefusedError as error:
        return str(error)
    except _TakenBackError:
        return None


async def _judge_again(incoming: Incoming, entry: Quarantined, waived: frozenset[Reason]) -> str:
    """Judge and apply in the caller's transaction; what would be kept again is refused, and all of it taken back."""
    incoming.facts = await gather(incoming, waived)
    verdict = judge_mail(incoming.facts, incoming.now)
    if isinstance(verdict, Kept):
        raise RefusedError(_kept_again(entry, verdict, incoming.disclosure))
    await incoming.carry_out(incoming, verdict)
    if incoming.taken_for == "quarantine":  # its lines were clear, but can't be carried out now
        raise RefusedError(_kept_again(entry, incoming.kept, incoming.disclosure))
    if incoming.refused is not None and Reason.TWO_PERSON in waived:  # what was approved is done, or waits on
        raise RefusedError(_not_now(entry, incoming.refused.complaints, incoming.disclosure))
    about = incoming.disclosure.id if incoming.disclosure else None
    await mails.set_taken_for(incoming.tx, incoming.mail_id, incoming.taken_for, disclosure_id=about)
    return incoming.taken_for


def _kept_again(entry: Quarantined, kept: Kept | None, disclosure: Disclosure | None) -> str:
    if kept is not None and kept.complaints and Reason.TWO_PERSON.value in entry.reasons:
        return _not_now(entry, kept.complaints, disclosure)  # its lines were fine when they were asked for
    reasons = kept.reasons if kept is not None else (Reason.CONTROL_LINES,)
    why = "; ".join(reason.meaning for reason in reasons)
    return f"{entry.id} would be kept back again ({', '.join(reasons)}): {why}; it stays where it is"


def _not_now(entry: Quarantined, complaints: Iterable[Complaint], disclosure: Disclosure | None) -> str:
    why = "; ".join(complaint.why for complaint in complaints)
    if disclosure is not None and disclosure.state not in OPEN:
        why = f"{disclosure.id} is {disclosure.state}; {why}"
    return f"{entry.id} can't be done now: {why}; it stays where it is, and what is wanted still is asked for anew"


async def discard(parts: Parts, tx: Tx, entry: Quarantined, now: datetime, actor: Actor) -> Done:
    """Destroy a kept mail's content for good; its facts stay. Raises RefusedError where it is decided already."""
    if not await quarantine.set_state(tx, entry.id, "discarded", now):
        raise RefusedError(f"{entry.id} is {entry.state} already")
    await keeping.destroy(tx, entry, now)
    await audit(parts, tx, now, "quarantine-discarded", entry.id, entry.list_id, entry.reason, actor=actor)
    if entry.known:  # a stranger's is gone unread every day; what concerns somebody known is missed
        await _tell(parts, tx, entry, now, "discarded", ["Its content is destroyed."], actor)
    return Done(f"discarded {entry.id}: its content is destroyed")


async def _tell(
    parts: Parts, tx: Tx, entry: Quarantined, now: datetime, what: str, lines: list[str], actor: Actor
) -> None:
    mailing_list = parts.lists.get(entry.list_id)
    if mailing_list is None:
        return
    disclosure = await disclosures.get(tx, entry.disclosure_id) if entry.disclosure_id else None
    notice = notices.happened(entry.disclosure_id, f"{actor.named} {what} {entry.id}", lines)
    await tell(parts, tx, mailing_list, notice, now, disclosure=disclosure, actor=actor)
