"""``Share-With:`` a member asks; ``Approve: SR-...`` and ``Deny:`` coordinators decide; ``Accept:`` the terms."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway import release, safe
from gateway.grants import keyfiles, sharing
from gateway.notices import grants as notices_grants
from gateway.scene import scene_of
from gateway.sending import content, posting
from gateway.sending.content import Setting
from policy.control import Complaint
from policy.disclosure import Refusal
from policy.facts import GrantKind, State
from policy.grants import OPEN_STATES, admit, refuse_what, who_text
from policy.instants import in_words
from storage import disclosures, grants, roster
from storage.records import GrantRecord

if TYPE_CHECKING:
    from gateway.incoming import Incoming
    from policy.acts import Approve
    from policy.facts import Person
    from policy.grants import AcceptTerms, AskShare, DenyShare


# --- a member asks ------------------------------------------------------------------------------


async def refuse(incoming: Incoming, writer: Person, act: AskShare) -> Complaint | None:
    """Say why it can't be asked for: no key, on the list already, no such attachment, the wrong moment."""
    found = await _chosen(incoming, writer, act)
    return Complaint(act.line, found) if isinstance(found, str) else None


async def _chosen(incoming: Incoming, writer: Person, act: AskShare) -> keyfiles.KeyFile | str:
    disclosure = incoming.disclosure
    if disclosure is None or disclosure.state is not State.EMBARGOED:
        return "only what is under embargo is shared so"
    if incoming.parts.lists.find(act.address.lower()) is not None:
        return "that is an address of a list itself"
    if act.until is not None and act.until > disclosure.embargo_until:
        return "Share-Until lies after the public date: the embargo's end is the last"
    records = await grants.of_disclosure(incoming.tx, disclosure.id)
    if any(one.state in OPEN_STATES and one.address.casefold() == act.address.casefold() for one in records):
        return "that is asked for already"
    why = refuse_what(act.what, await _names(incoming, writer))
    if why is not None:
        return why
    found = await roster.find(incoming.tx, address=act.address, list_id=incoming.mailing_list.id)
    files = await keyfiles.of(incoming)
    known = found[0] if found else None
    judged = admit(act.address, [one.offered for one in files], known, disclosure, incoming.now)
    if isinstance(judged, str):
        return judged
    key = next((one for one in files if one.offered == judged.key), None)
    return key or f"attach the public key of {act.address} to the mail (a file such as key.asc)"


async def _names(incoming: Incoming, writer: Person) -> list[str]:
    """The attachments that the asker has."""
    if incoming.disclosure is None or incoming.particulars is None:
        return []
    setting = Setting(incoming.mailing_list, incoming.disclosure, incoming.particulars)
    names: list[str] = []
    for message in await content.content_messages(incoming.tx, incoming.disclosure):
        opened = await content.open_message(incoming.parts, incoming.tx, message)
        cut = content.cut_for(setting, opened, writer)
        names += [name for name in opened.facts.open_names if not cut.is_bare and name not in cut.withheld]
    return names


async def ask(incoming: Incoming, writer: Person, act: AskShare) -> str:
    """Put it to the coordinators; nobody is let in by it."""
    key = await _chosen(incoming, writer, act)
    disclosure = incoming.disclosure
    if isinstance(key, str) or disclosure is None:
        return f"Not asked for: {key}."
    scene, now = scene_of(incoming, writer), incoming.now
    until = act.until.isoformat() if act.until else None
    text = {"name": act.name, "what": list(act.what), "why": act.why, "until": until}
    record = GrantRecord(
        id=await grants.new_id(scene.tx, "SR", now),
        list_id=disclosure.list_id,
        disclosure_id=disclosure.id,
        kind=GrantKind.SHARE,
        state="asked",
        address=act.address,
        asked_at=now,
        fingerprint=key.offered.fingerprint,
        public=key.public,
        asked_by=writer.id,
        request_item=await safe.keep_json(incoming.parts, scene.tx, text, now),
    )
    await grants.add(scene.tx, record)
    await scene.audit("share-asked", disclosure.id, "", {"grant": record.id, "person": writer.id})
    zone = incoming.mailing_list.config.timezone
    request = notices_grants.ShareRequest(
        disclosure.id,
        record.id,
        f"{writer.name} <{writer.address}>",
        who_text(act.name, act.address),
        ", ".join(act.what) if act.what != ("*",) else "all of it",
        act.why,
        in_words(act.until, zone, now) if act.until else None,
        key.offered.fingerprint,
        key.offered.addresses,
    )
    await posting.tell_coordinators(
        incoming.parts,
        scene.tx,
        incoming.mailing_list,
        request.notice(),
        now=now,
        disclosure=disclosure,
        answered=incoming.answered.id if incoming.answered else None,
    )
    return f"Your request {record.id} is with the coordinators. Please share nothing before they approve it."


# --- coordinators decide -------------------------------------------------------------------------


async def _found(incoming: Incoming, grant_id: str) -> tuple[GrantRecord, Setting] | str:
    record, disclosure = await grants.get(incoming.tx, grant_id), incoming.disclosure
    if disclosure is None:
        return "answer in the thread of the disclosure that it is about"
    if record is None or record.list_id != disclosure.list_id:
        return "there is no such request on this list"
    if record.kind is not GrantKind.SHARE or record.disclosure_id != disclosure.id or incoming.particulars is None:
        return f"that is about {record.disclosure_id}, and this thread about {disclosure.id}: answer there"
    return record, Setting(incoming.mailing_list, disclosure, incoming.particulars)


async def refuse_approve(incoming: Incoming, writer: Person, act: Approve) -> Complaint | None:
    """Say why a share request can't be approved."""
    found = await _found(incoming, act.ref)
    why = found if isinstance(found, str) else await sharing.refused_now(scene_of(incoming, writer), found[1], found[0])
    return Complaint(f"Approve: {act.ref}", why) if why is not None else None


async def approve(incoming: Incoming, writer: Person, act: Approve) -> str:
    """Approve it; give what was done, or why it could not be."""
    found = await _found(incoming, act.ref)
    done = found if isinstance(found, str) else await sharing.approve(scene_of(incoming, writer), found[1], found[0])
    return f"{act.ref} is not approved: {done.why}." if isinstance(done, Refusal) else done


async def refuse_deny(incoming: Incoming, _writer: Person, act: DenyShare) -> Complaint | None:
    """It must be a request that is open."""
    found = await _found(incoming, act.grant_id)
    if isinstance(found, str):
        return Complaint(f"Deny: {act.grant_id}", found)
    is_open = found[0].state in OPEN_STATES
    way = f"; `Guest: end {found[0].address}` ends it" if found[0].state == "active" else ""
    return None if is_open else Complaint(f"Deny: {act.grant_id}", f"it is {found[0].state} already{way}")


async def deny(incoming: Incoming, writer: Person, act: DenyShare) -> str:
    """Turn it down."""
    found = await _found(incoming, act.grant_id)
    done = found if isinstance(found, str) else await sharing.deny(scene_of(incoming, writer), found[1], found[0])
    return f"{act.grant_id} is not denied: {done.why}." if isinstance(done, Refusal) else done


# --- the terms -----------------------------------------------------------------------------------


async def refuse_accept(incoming: Incoming, writer: Person, act: AcceptTerms) -> Complaint | None:
    """It must be what was offered to this very person, and the offer must stand."""
    record = await grants.get(incoming.tx, act.grant_id)
    line = f"Accept: {act.grant_id}"
    if record is None or record.person_id != writer.id or record.list_id != incoming.mailing_list.id:
        return Complaint(line, "nothing of that id was offered to you")
    disclosure = await disclosures.get(incoming.tx, record.disclosure_id)
    is_late = record.expires_at is not None and incoming.now >= record.expires_at
    if record.state != "approved" or is_late or disclosure is None or disclosure.state is not State.EMBARGOED:
        return Complaint(line, "that was accepted already" if record.state == "active" else "that offer is over")
    return None


async def accept(incoming: Incoming, writer: Person, act: AcceptTerms) -> str:
    """Let him in."""
    record = await grants.get(incoming.tx, act.grant_id)
    disclosure = await disclosures.get(incoming.tx, record.disclosure_id) if record is not None else None
    if record is None or disclosure is None:
        error = "what was never offered is refused before"
        raise ValueError(error)
    setting = await release.setting_of(incoming.parts, incoming.tx, disclosure)
    return await sharing.accept(scene_of(incoming, writer), setting, record)
