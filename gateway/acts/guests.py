"""``Guest:`` a coordinator lets somebody who is no member into this one disclosure, or ends that."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway import storing
from gateway.grants import ending, entering, keyfiles, sharing
from gateway.scene import scene_of
from gateway.sending.content import Setting
from policy.control import Complaint
from policy.facts import GrantKind
from policy.grants import OPEN_STATES, Admission, InviteGuest, admit, invited, who_text
from storage import grants, roster
from storage.records import GrantRecord

if TYPE_CHECKING:
    from datetime import datetime

    from gateway.incoming import Incoming
    from gateway.scene import Scene
    from policy.facts import Disclosure, Person
    from policy.grants import EndGuest
    from storage.database import Tx

NOBODY = "nobody of that address is a guest of this disclosure"


async def refuse(incoming: Incoming, _writer: Person, act: InviteGuest) -> Complaint | None:
    """Say why the guest can't be let in: no key, another's key, on the list already, the wrong moment."""
    judged, _ = await _judge(incoming, act)
    why = judged if isinstance(judged, str) else _refuse_beside(incoming, act)
    return Complaint(act.line, why) if why is not None else None


def _refuse_beside(incoming: Incoming, act: InviteGuest) -> str | None:
    """Where members read control lines as they were written, none that names a guest stands above their text."""
    payload = incoming.read.payload
    is_named = (
        payload is not None and act.address.casefold() in payload.text.casefold()
    )  # not so in a kept mail's answer
    if not (is_named and storing.shows_lines(incoming)):
        return None
    return "on this list members read control lines as they were written: send it in a mail of its own, without a text"


async def _judge(incoming: Incoming, act: InviteGuest) -> tuple[Admission | str, tuple[keyfiles.KeyFile, ...]]:
    if incoming.disclosure is None and incoming.answered is not None:
        return "there is no disclosure in this thread that a guest could be let into", ()
    if incoming.parts.lists.find(act.address.lower()) is not None:
        return "that is an address of a list itself", ()
    found = await roster.find(incoming.tx, address=act.address, list_id=incoming.mailing_list.id)
    files = await keyfiles.of(incoming)
    keys = [one.offered for one in files]
    known = found[0] if found else None
    block = incoming.facts.block if incoming.facts else None
    alone = len(invited(line.value for line in block.lines if line.name == "Guest")) == 1 if block else True
    return admit(act.address, keys, known, incoming.disclosure, incoming.now, alone=alone), files


async def invite(incoming: Incoming, writer: Person, act: InviteGuest) -> str:
    """Let the guest in: he gets what went before, and from now on what a member in the audience gets."""
    judged, files = await _judge(incoming, act)
    disclosure, particulars = incoming.disclosure, incoming.particulars
    if isinstance(judged, str) or disclosure is None or particulars is None:
        return f"{act.address} is not let in: {judged}."  # another line of the same mail has ended it
    setting = Setting(incoming.mailing_list, disclosure, particulars)
    key = next((one for one in files if one.offered == judged.key), None)
    return await let_in(scene_of(incoming, writer), setting, act, key, writer.id)


async def let_in(
    scene: Scene, setting: Setting, act: InviteGuest, key: keyfiles.KeyFile | None, asked_by: int | None = None
) -> str:
    """Let in who was judged to be admitted, by the key that came along or (None) the one that is pinned."""
    disclosure, now = setting.disclosure, scene.now
    replaced = await _end_offers(scene, setting, act.address)
    record = GrantRecord(
        id=await grants.new_id(scene.tx, "GR", now),
        list_id=disclosure.list_id,
        disclosure_id=disclosure.id,
        kind=GrantKind.GUEST,
        state="active",
        address=act.address,
        asked_at=now,
        fingerprint=key.offered.fingerprint if key else None,
        asked_by=asked_by,
        decided_by=scene.actor,
        decided_at=now,
        started_at=now,
    )
    await grants.add(scene.tx, record)
    person = await entering.know(scene, record, act.name, key)
    detail = {"grant": record.id, "person": person.id, "keys": [one.fingerprint for one in person.keys]}
    await scene.audit("guest-let-in", disclosure.id, "", detail)
    sent = await entering.catch_up(scene, setting, (person,))
    said = [f"{who_text(person.name, person.address)} is a guest of this disclosure ({record.id})."]
    said += [f"What went before goes there now ({len(sent)} mails)."] if sent else []
    said += [f"{one} is denied by that: there is one way in." for one in replaced]
    return " ".join([*said, *_key_words(person, key)])


async def _end_offers(scene: Scene, setting: Setting, address: str) -> list[str]:
    """Turn down what is asked or offered to a guest of the same disclosure: no old word lets him in again."""
    offers = [
        one
        for one in await grants.of_disclosure(scene.tx, setting.disclosure.id)
        if one.state in OPEN_STATES and one.address.casefold() == address.casefold()
    ]
    for one in offers:
        await sharing.deny(scene, setting, one)
    return [one.id for one in offers]


def _key_words(person: Person, key: keyfiles.KeyFile | None) -> list[str]:
    if key is None:
        return [f"It is sealed to the key that was pinned before: {person.keys[0].fingerprint}."]
    named = ", ".join(key.offered.addresses) or "no address"
    fits = person.address.casefold() in {one.casefold() for one in key.offered.addresses}
    hint = "" if fits else f" Its user ids name {named}: please make sure that it is the right key."
    return [f"The key pinned: {key.offered.fingerprint}.{hint}"]


async def refuse_end(incoming: Incoming, _writer: Person, act: EndGuest) -> Complaint | None:
    """It must be somebody who has this disclosure by a grant."""
    if incoming.disclosure is None or not await live(incoming.tx, incoming.disclosure, act.address, incoming.now):
        return Complaint(act.line, NOBODY)
    return None


async def end(incoming: Incoming, writer: Person, act: EndGuest) -> str:
    """End it: nothing more goes there."""
    if incoming.disclosure is None:
        return ""
    return await let_go(scene_of(incoming, writer), incoming.disclosure, act.address)


async def let_go(scene: Scene, disclosure: Disclosure, address: str, by: str = "coordinator") -> str:
    """End every grant by which an address has a disclosure; ``by`` is who, in the trail."""
    for record in await live(scene.tx, disclosure, address, scene.now):
        await ending.end(scene, record, by)
    return f"{address} gets nothing more of this disclosure, and stays bound until the lift."


async def live(tx: Tx, disclosure: Disclosure, address: str, now: datetime) -> list[GrantRecord]:
    """The grants by which an address has a disclosure now."""
    records = await grants.of_disclosure(tx, disclosure.id)
    return [one for one in records if one.address.casefold() == address.casefold() and one.grant.is_live(now)]
