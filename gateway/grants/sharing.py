"""Sharing (row 20): asked for by a member, approved by coordinators, the terms accepted; and its end.

Shared by the lines in mails and by the operator's commands.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from gateway import release, safe
from gateway.grants import ending, entering, keyfiles, lasting
from gateway.grants.keyfiles import KeyFile
from gateway.grants.lasting import OVER, said
from gateway.kept.approvals import APPROVAL, FIRST_AFTER
from gateway.notices import grants as notices_grants
from gateway.scene import Scene
from gateway.sending import clear, posting
from gateway.settings import TwoPerson
from keys import packets
from keys.errors import BadKeyFile
from policy.disclosure import Refusal
from policy.facts import MessageKind, Role, Standing
from policy.grants import OPEN_STATES, admit, expires_at, refuse_approval, refuse_time
from policy.instants import in_words
from storage import disclosures, duties, grants, messages, roster

if TYPE_CHECKING:
    from gateway.lists import MailingList
    from gateway.notices.common import Notice
    from gateway.parts import Parts
    from gateway.release import DoDuty
    from gateway.sending.content import Setting
    from storage.database import Tx
    from storage.records import GrantRecord


async def _tell(scene: Scene, setting: Setting, record: GrantRecord, notice: Notice, *, asker: Notice | None) -> None:
    """Tell the coordinators, and whoever asked for it."""
    thread = await posting.thread_of(scene.tx, setting.disclosure)
    await posting.tell_coordinators(
        scene.parts, scene.tx, scene.mailing_list, notice, now=scene.now, disclosure=setting.disclosure
    )
    person = await roster.person(scene.tx, record.asked_by) if record.asked_by is not None else None
    if person is not None and asker is not None:
        kind = MessageKind.NOTE
        await posting.notify(
            scene.parts, scene.tx, scene.mailing_list, [person], asker, kind=kind, now=scene.now, thread=thread
        )


# --- approved, or not ---------------------------------------------------------------------------


async def refused_now(scene: Scene, setting: Setting, record: GrantRecord) -> str | None:
    """Why this can't be approved by the scene's actor now; None where it can."""
    asker = await roster.person(scene.tx, record.asked_by) if record.asked_by is not None else None
    return refuse_approval(
        record.state, record.decided_by, scene.actor, setting.disclosure, scene.now, asker
    ) or refuse_time(await _until(scene, setting, record), scene.now)


async def _until(scene: Scene, setting: Setting, record: GrantRecord) -> datetime:
    """Until when it would be shared, if it were approved now."""
    agreed = await lasting.agreed_of(scene.parts, scene.tx, scene.mailing_list, record, scene.now)
    return expires_at(agreed, setting.disclosure)


async def approve(scene: Scene, setting: Setting, record: GrantRecord) -> str | Refusal:
    """Approve what was asked for; where two decide, the first approval waits for the second."""
    why = await refused_now(scene, setting, record)
    if why is not None:
        return Refusal(why)
    key = await _key_of(scene, record)
    terms = _terms(scene.mailing_list)
    if isinstance(key, Refusal) or isinstance(terms, Refusal):
        return key if isinstance(key, Refusal) else Refusal(str(terms))
    if TwoPerson.SHARE in scene.mailing_list.config.two_person and not await _has_first(scene, record):
        return await _first(scene, setting, record)
    asked = await said(scene.parts, scene.tx, record)
    agreed = await lasting.agreed_of(scene.parts, scene.tx, scene.mailing_list, record, scene.now)
    until = expires_at(agreed, setting.disclosure)
    decided = {"state": "approved", "decided_by": scene.actor, "decided_at": scene.now, "expires_at": until}
    await lasting.agree(scene.parts, scene.tx, record, agreed)
    policy_hash = hashlib.sha256(terms.encode()).hexdigest()
    await grants.update_one(scene.tx, record.id, **decided, policy_hash=policy_hash)
    await entering.know(scene, record, asked.name, key)
    await duties.finish(scene.tx, kind=APPROVAL, ref=record.id, now=scene.now)
    list_id = scene.mailing_list.id
    await duties.put(scene.tx, kind=OVER, ref=record.id, list_id=list_id, due_at=until)
    await scene.audit(
        "share-approved", setting.disclosure.id, "", {"grant": record.id, "policy": policy_hash, "until": str(until)}
    )
    await _send_terms(scene, record, terms, policy_hash)
    words = in_words(until, scene.mailing_list.config.timezone, scene.now)
    notice = notices_grants.approved(setting.disclosure.id, record.id, asked.name, record.address, words)
    await _tell(scene, setting, record, notice, asker=notice)
    return f"{record.id} is approved: the terms go to {record.address}, and nothing else before they are accepted."


async def _has_first(scene: Scene, record: GrantRecord) -> bool:
    """Whether somebody approved it before who is a coordinator still."""
    if record.state != "pending" or record.decided_by is None:
        return False
    found = await roster.find(scene.tx, address=record.decided_by, list_id=scene.mailing_list.id)
    return any(one.role is Role.COORDINATOR and one.standing is Standing.ACTIVE for one in found)


async def _first(scene: Scene, setting: Setting, record: GrantRecord) -> str:
    now, list_id = scene.now, scene.mailing_list.id
    await grants.update_one(scene.tx, record.id, state="pending", decided_by=scene.actor, decided_at=now)
    await scene.audit("share-seconded", setting.disclosure.id, "", {"grant": record.id})
    await duties.put(scene.tx, kind=APPROVAL, ref=record.id, list_id=list_id, due_at=now + FIRST_AFTER)
    notice = notices_grants.second_asked(setting.disclosure.id, record.id, scene.actor)
    await _tell(scene, setting, record, notice, asker=None)
    return f"{record.id} waits until another coordinator answers with `Approve: {record.id}`."


async def _key_of(scene: Scene, record: GrantRecord) -> KeyFile | Refusal | None:
    """The key that came with the request, judged again at this moment; None where it is pinned for him already."""
    try:
        facts, public = await scene.parts.engine.inspect(record.public or b"", now=scene.now)
    except BadKeyFile as error:
        return Refusal(f"the key that came with the request can't be used: {error.reason}")
    key = KeyFile(await keyfiles.offered(scene.tx, scene.mailing_list.id, "key", facts), facts, public)
    found = await roster.find(scene.tx, address=record.address, list_id=scene.mailing_list.id)
    disclosure = await disclosures.get(scene.tx, record.disclosure_id)
    judged = admit(record.address, [key.offered], found[0] if found else None, disclosure, scene.now)
    if isinstance(judged, str):
        return Refusal(judged)
    stands = [one for one in found[0].keys if one.fingerprint == facts.fingerprint] if found else []
    if not stands:
        return key
    # What a member brings replaces no certificate that stands: it may be one from before a revocation.
    why = stands[0].reason_at(scene.now)
    return Refusal(f"the key that is pinned for {record.address} can't be used: {why}") if why else None


def _terms(mailing_list: MailingList) -> str | Refusal:
    try:
        return mailing_list.config.policy_file.read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return Refusal("the list's policy_file can't be read, and it is what has to be accepted first")


async def _send_terms(scene: Scene, record: GrantRecord, terms: str, policy_hash: str) -> None:
    """In clear and signed: whom it goes to has no key of the list yet, and nothing in it is secret."""
    tx, mailing_list = scene.tx, scene.mailing_list
    own = await roster.list_key(tx, mailing_list.id)
    key = packets.armor_key(own.public) if own else ""
    text = notices_grants.terms(
        mailing_list.name, record.id, record.fingerprint or "", terms, policy_hash, own.fingerprint if own else "", key
    )
    message = await clear.send(
        scene.parts, tx, mailing_list, record.address, text, kind=MessageKind.TERMS, now=scene.now
    )
    await messages.link_header(tx, list_id=mailing_list.id, header=message.message_id, message_id=message.id)


async def deny(scene: Scene, setting: Setting, record: GrantRecord) -> str | Refusal:
    """Turn down what was asked for, also while the terms are not accepted yet."""
    if record.state not in OPEN_STATES:
        way = f"; end it with `Guest: end {record.address}`" if record.state == "active" else ""
        return Refusal(f"it is {record.state} already{way}")
    decided = {"state": "denied", "decided_by": scene.actor, "decided_at": scene.now, "ended_at": scene.now}
    await grants.update_one(scene.tx, record.id, **decided)
    await duties.finish(scene.tx, kind=APPROVAL, ref=record.id, now=scene.now)
    if record.person_id is not None:
        await ending.settle_standing(scene.tx, record.person_id, scene.now)
    await scene.audit("share-denied", setting.disclosure.id, "", {"grant": record.id})
    notice = notices_grants.denied(setting.disclosure.id, record.id)
    await _tell(scene, setting, record, notice, asker=notice)
    return f"{record.id} is denied; who asked for it is told."


# --- the terms are accepted ----------------------------------------------------------------------


async def accept(scene: Scene, setting: Setting, record: GrantRecord) -> str:
    """He is in from now on: what went before goes to him, as far as it was asked for."""
    asked = await said(scene.parts, scene.tx, record)
    await grants.update_one(scene.tx, record.id, state="active", started_at=scene.now)
    await ending.settle_standing(scene.tx, record.person_id or 0, scene.now)
    shared = (*setting.particulars.shared, (record.id, asked.what))
    particulars = replace(setting.particulars, shared=shared)
    item = await disclosures.particulars_item(scene.tx, setting.disclosure.id)
    await safe.change_json(scene.parts, scene.tx, item, particulars.to_json())
    await scene.audit("terms-accepted", setting.disclosure.id, "", {"grant": record.id, "policy": record.policy_hash})
    person = await roster.person(scene.tx, record.person_id or 0)
    if person is None:
        error = "who accepted is on record"
        raise LookupError(error)
    await entering.catch_up(scene, replace(setting, particulars=particulars), (person,))
    notice = notices_grants.accepted(setting.disclosure.id, record.id, asked.name, record.address)
    await _tell(scene, setting, record, notice, asker=notice)
    return "You have accepted the terms. What is shared with you comes now, sealed to your key."


async def over(parts: Parts, tx: Tx, mailing_list: MailingList, ref: str, now: datetime) -> None:
    """The clock: what was shared until now is over, accepted or not."""
    record = await grants.get(tx, ref)
    if record is None or record.ended_at is not None or record.expires_at is None or record.expires_at > now:
        return
    scene = Scene(parts, tx, mailing_list, now, "gateway")
    await ending.end(scene, record, "expired")
    disclosure = await disclosures.get(tx, record.disclosure_id)
    if disclosure is not None:
        notice = notices_grants.expired(disclosure.id, record.id, record.address)
        await _tell(scene, await release.setting_of(parts, tx, disclosure), record, notice, asker=notice)


DUTIES: dict[str, DoDuty] = {OVER: over}
"""How each kind is done; handed to ``gateway.release.Release``."""
