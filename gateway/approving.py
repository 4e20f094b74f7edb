"""``Approve:`` a second coordinator agrees, and what waited for it goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway import kept_mails, release, safe
from gateway.approvals import APPROVAL
from gateway.operator import Actor, RefusedError
from gateway.particulars import Particulars
from gateway.reading import read
from policy import disclosure as table
from policy.control import Complaint
from policy.disclosure import Event, Refusal
from policy.instants import in_words
from policy.reasons import Reason
from storage import disclosures, duties, mails, quarantine

if TYPE_CHECKING:
    from gateway.incoming import Incoming
    from policy.acts import Approve
    from policy.facts import Disclosure, Person
    from storage.database import Tx
    from storage.records import Quarantined


async def refuse(incoming: Incoming, writer: Person, act: Approve) -> Complaint | None:
    """Say why there is nothing that this coordinator can approve."""
    said, disclosure = f"Approve: {act.disclosure}", incoming.disclosure
    if disclosure is None or act.disclosure != disclosure.id:
        return Complaint(said, f"this thread is about {disclosure.id if disclosure else 'no disclosure'}")
    if disclosure.unapproved:
        judged = table.approve(disclosure, writer.id, incoming.mailing_list.rules, incoming.now)
        return Complaint(said, judged.why) if isinstance(judged, Refusal) else None
    waiting = await _waiting(incoming.tx, disclosure)
    if not waiting:
        return Complaint(said, "there is nothing to approve")
    if await _first_of_another(incoming.tx, waiting, writer) is None:
        return Complaint(said, "a second coordinator approves, not the one who asked")
    return None


async def _waiting(tx: Tx, disclosure: Disclosure) -> list[Quarantined]:
    kept = await quarantine.ls(tx, disclosure.list_id)
    return [one for one in kept if one.disclosure_id == disclosure.id and one.reasons == (Reason.TWO_PERSON.value,)]


async def _first_of_another(tx: Tx, waiting: list[Quarantined], writer: Person) -> Quarantined | None:
    for one in waiting:
        mail = await mails.get(tx, one.mail_id)
        if mail is not None and mail.signer_id not in {None, writer.id}:
            return one
    return None


async def approve(incoming: Incoming, writer: Person, _act: Approve) -> str:
    """Row 2, or what a kept mail asks for: it goes on."""
    disclosure = incoming.disclosure
    if disclosure is None:
        return ""
    if not disclosure.unapproved:
        return await _approve_kept(incoming, writer, disclosure)
    after = table.approve(disclosure, writer.id, incoming.mailing_list.rules, incoming.now)
    if isinstance(after, Refusal):
        return f"Not approved: {after.why}."
    await disclosures.update(
        incoming.tx, disclosure.id, state=after.state, unapproved=False, hold_until=after.hold_until
    )
    await duties.finish(incoming.tx, kind=APPROVAL, ref=disclosure.id, now=incoming.now)
    await release.transition(
        incoming.parts,
        incoming.tx,
        disclosure,
        after,
        incoming.now,
        actor=writer.address,
        reason=Event.APPROVE,
    )
    incoming.disclosure = after
    return (
        f"Approved. Members get it {in_words(after.hold_until, incoming.mailing_list.config.timezone, incoming.now)}."
    )


async def _approve_kept(incoming: Incoming, writer: Person, disclosure: Disclosure) -> str:
    """The mail that waits longest is judged again as if just come; where it can't be done now, it stays kept."""
    from gateway.intake import apply  # noqa: PLC0415 - what carries out a mail carries out this one as well

    parts, tx = incoming.parts, incoming.tx
    entry = await _first_of_another(tx, await _waiting(tx, disclosure), writer)
    if entry is None:
        return ""
    actor = Actor(writer.address, f"{writer.name} <{writer.address}>", writer.id, incoming.mail_id)
    try:
        kept = await kept_mails.take_out(parts, tx, entry, is_approved=True)
        ring = await parts.lists.ring(parts, tx, incoming.mailing_list.id)
        seen = await read(parts, ring, kept.content, kept.mail.envelope_from)
        async with tx.begin_nested():
            await kept_mails.release(parts, tx, kept, seen, incoming.now, actor, apply)
    except RefusedError as error:
        return f"Not done: {error}."
    await duties.finish(tx, kind=APPROVAL, ref=entry.id, now=incoming.now)
    incoming.disclosure = await disclosures.get(tx, disclosure.id)
    item = await disclosures.particulars_item(tx, disclosure.id)
    incoming.particulars = Particulars.from_json(await safe.take_json(parts, tx, item))
    return f"Approved: what {entry.id} asked for is done; its receipt tells what that was."
