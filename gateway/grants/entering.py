"""Letting somebody in who is no member: known by his pinned key, and given what went before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway import release
from gateway.grants.ending import settle_standing
from gateway.sending import content
from policy.facts import Role, State
from storage import grants, roster

if TYPE_CHECKING:
    from gateway.grants.keyfiles import KeyFile
    from gateway.scene import Scene
    from gateway.sending.content import Opened, Setting
    from policy.facts import Person
    from storage.records import GrantRecord


async def know(scene: Scene, record: GrantRecord, name: str, key: KeyFile | None) -> Person:
    """Put a grant's holder on record, by the key that came with the line; he stands where his grants put him."""
    tx, now, list_id = scene.tx, scene.now, scene.mailing_list.id
    known = next(iter(await roster.find(tx, address=record.address, list_id=list_id)), None)
    person_id = known.id if known is not None else None
    if person_id is None:
        person_id = await roster.add_person(
            tx,
            list_id=list_id,
            role=Role.GUEST,
            address=record.address,
            name=name,
            groups=(),
            policy_hash=None,
            now=now,
        )
    if key is not None and key.facts is not None:
        await roster.pin_key(
            tx,
            person_id=person_id,
            list_id=list_id,
            fingerprint=key.facts.fingerprint,
            public=key.public,
            algorithm=key.facts.algorithm,
            expires_at=key.facts.expires_at,
            flaw=None,
            now=now,
        )
    await grants.update_one(tx, record.id, person_id=person_id)
    await settle_standing(tx, person_id, now)
    person = await roster.person(tx, person_id)
    if person is None:
        error = "whoever was just put on record is there"
        raise LookupError(error)
    return person


async def catch_up(scene: Scene, setting: Setting, newcomers: tuple[Person, ...]) -> list[Opened]:
    """What went to the audience before goes to those who come in now; gives the messages."""
    if setting.disclosure.state not in {State.EMBARGOED, State.LIFTED}:
        return []  # they get it with all others
    sent = []
    for message in await content.content_messages(scene.tx, setting.disclosure):
        if message.audience == "audience" and not message.waiting:
            opened = await content.open_message(scene.parts, scene.tx, message)
            await content.queue_for_members(scene.parts, scene.tx, setting, opened, newcomers, scene.now, at=scene.now)
            await release.watch(scene.tx, message, scene.now)
            sent.append(opened)
    return sent
