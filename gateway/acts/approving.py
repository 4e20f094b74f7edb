"""``Approve:`` a second coordinator agrees, and what waited for it goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway import release
from gateway.acts import shares
from gateway.kept import mails as kept_mails
from gateway.kept.approvals import APPROVAL
from gateway.operator.base import Actor, RefusedError
from gateway.sending import posting
from gateway.upstreams import letting
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
    if act.ref.startswith("SR-"):
        return await shares.refuse_approve(incoming, writer, act)
    said, disclosure = f"Approve: {act.ref}", incoming.disclosure
    if disclosure is not None and act.ref.startswith(f"{disclosure.id}/"):
        return await letting.refuse(incoming, writer, act, disclosure)
    if disclosure is not None and disclosure.unapproved and act.ref == disclosure.id:
        judged = await _approved(incoming, writer, disclosure)
        return Complaint(said, judged.why) if isinstance(judged, Refusal) else None
    found = await _kept_for(incoming, writer, act, disclosure)
    return Complaint(said, found) if isinstance(found, str) else None


async def _approved(incoming: Incoming, writer: Person, disclosure: Disclosure) -> Disclosure | Refusal:
    """A new disclosure as it is once he has approved it, or why he can't."""
    coordinators = await posting.coordinator_ids(incoming.tx, disclosure.list_id)
    return table.approve(disclosure, writer.id, coordinators, incoming.mailing_list.rules, incoming.now)


async def _kept_for(
    incoming: Incoming, writer: Person, act: Approve, disclosure: Disclosure | None
) -> Quarantined | str:
    """The one kept mail that is meant, or why there is none. Of several none is guessed: one may be a lift.

    What is about no disclosure (the roster, a leak that is bound to none) is named by its own id.
    """
    about = disclosure.id if disclosure else None
    kept = await quarantine.ls(incoming.tx, incoming.mailing_list.id)
    waiting = [one for one in kept if one.disclosure_id == about and one.reasons == (Reason.TWO_PERSON.value,)]
    if act.ref != about and act.ref not in {one.id for one in waiting}:
        return f"this thread is about {about or 'no disclosure'}, and nothing of that id waits in it"
    named = [one for one in waiting if act.ref in {one.id, about}]
    if not named:
        return "there is nothing to approve"
    others = [one for one in named if await _is_anothers(incoming.tx, one, writer)]
    if not others:
        return "a second coordinator approves, not the one who asked"
    if len(others) > 1:
        return "several mails wait; name one: " + ", ".join(f"`Approve: {one.id}`" for one in others)
    return others[0]


async def _is_anothers(tx: Tx, entry: Quarantined, writer: Person) -> bool:
    mail = await mails.get(tx, entry.mail_id)
    return mail is not None and mail.signer_id not in {None, writer.id}


async def approve(incoming: Incoming, writer: Person, act: Approve) -> str:
    """Row 2, or what a kept mail or a share request asks for: it goes on."""
    if act.ref.startswith("SR-"):
        return await shares.approve(incoming, writer, act)
    disclosure = incoming.disclosure
    if disclosure is not None and act.ref.startswith(f"{disclosure.id}/"):
        return await letting.let_go(incoming, act, disclosure)
    if disclosure is None or not (disclosure.unapproved and act.ref == disclosure.id):
        found = await _kept_for(incoming, writer, act, disclosure)
        return f"Not done: {found}." if isinstance(found, str) else await _approve_kept(incoming, writer, found)
    after = await _approved(incoming, writer, disclosure)
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


async def _approve_kept(incoming: Incoming, writer: Person, entry: Quarantined) -> str:
    """A kept mail is judged again as if just come; where it can't be done now, it stays kept."""
    parts, tx = incoming.parts, incoming.tx
    actor = Actor(writer.address, f"{writer.name} <{writer.address}>", writer.id, incoming.mail_id)
    try:
        async with tx.begin_nested():
            await kept_mails.let_go(
                parts, tx, entry, incoming.now, actor, incoming.carry_out, ahead=incoming.ahead, is_approved=True
            )
    except RefusedError as error:
        return f"Not done: {error}."
    await duties.finish(tx, kind=APPROVAL, ref=entry.id, now=incoming.now)
    disclosure = await disclosures.get(tx, entry.disclosure_id) if entry.disclosure_id else None
    if disclosure is not None:  # as that mail left it
        setting = await release.setting_of(parts, tx, disclosure)
        incoming.disclosure, incoming.particulars = setting.disclosure, setting.particulars
    return f"Approved: what {entry.id} asked for is done, and told as such."
