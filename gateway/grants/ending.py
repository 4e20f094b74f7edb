"""A grant is over: nothing more goes to its holder, and he hears what still binds him."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.grants import lasting
from gateway.notices import grants as notices_grants
from gateway.sending import posting
from policy.audience import NO_GRANT
from policy.facts import CONTENT_KINDS, GrantKind, MessageKind, State
from policy.grants import standing_of
from storage import disclosures, grants, outbox, roster

if TYPE_CHECKING:
    from datetime import datetime

    from gateway.lists import MailingList
    from gateway.parts import Parts
    from gateway.scene import Scene
    from policy.facts import Disclosure
    from storage.database import Tx
    from storage.records import GrantRecord

NO_CONTENT = CONTENT_KINDS | {MessageKind.LEAK_NOTICE}
_ENDS_WITH = {
    State.LIFTED: frozenset({GrantKind.SHARE}),  # a guest stays in the thread, as a member does
    State.WITHDRAWN: frozenset(GrantKind),
    State.CLOSED: frozenset(GrantKind),
}


async def settle_standing(tx: Tx, person_id: int, now: datetime) -> None:
    """Let somebody stand where all his grants, as they are now, put him."""
    person = await roster.person(tx, person_id)
    if person is None:
        return
    states = {}
    for grant in person.grants:
        disclosure = await disclosures.get(tx, grant.disclosure_id)
        states[grant.disclosure_id] = disclosure.state if disclosure is not None else State.CLOSED
    standing = standing_of(person.grants, states, now)
    if standing is not person.standing:
        await roster.set_standing(tx, person_id, standing, now)


async def _stop(tx: Tx, person_id: int, disclosure_id: str, now: datetime) -> None:
    await outbox.cancel(
        tx, now=now, reason=NO_GRANT, person_id=person_id, disclosure_id=disclosure_id, kinds=NO_CONTENT
    )
    await settle_standing(tx, person_id, now)


async def end(scene: Scene, record: GrantRecord, reason: str) -> None:
    """End a grant: queued copies are cancelled, and whoever had got in is told, without content."""
    tx, now = scene.tx, scene.now
    await grants.update_one(tx, record.id, state="ended", ended_at=now)
    await scene.audit("grant-ended", record.disclosure_id, reason, {"grant": record.id, "person": record.person_id})
    if record.person_id is None:
        return
    await _stop(tx, record.person_id, record.disclosure_id, now)
    person = await roster.person(tx, record.person_id)
    if person is None or record.started_at is None:
        return
    disclosure = await disclosures.get(tx, record.disclosure_id)
    thread = await posting.thread_of(tx, disclosure)
    notice = notices_grants.ended(record.disclosure_id)
    kind = MessageKind.STANDING_NOTICE
    await posting.notify(scene.parts, tx, scene.mailing_list, [person], notice, kind=kind, now=now, thread=thread)


async def with_disclosure(
    parts: Parts, tx: Tx, mailing_list: MailingList, before: Disclosure | None, after: Disclosure, now: datetime
) -> None:
    """A disclosure moved on: the grants that end with it are over. What it says itself goes to all that are bound.

    Where its date alone moved, what is shared lasts as long as that lets it.
    """
    if before is not None and before.state is after.state:
        await lasting.follow(parts, tx, mailing_list, before, after, now)
        return
    kinds = _ENDS_WITH.get(after.state, frozenset())
    if after.state is State.LIFTED and after.released_at is None:
        kinds = frozenset(GrantKind)  # it never went out: nobody was let in, so nobody stays
    for record in await grants.of_disclosure(tx, after.id) if kinds else ():
        if record.kind not in kinds or record.ended_at is not None:
            if record.person_id is not None:
                await settle_standing(tx, record.person_id, now)
            continue
        await grants.update_one(tx, record.id, state="ended", ended_at=now)
        await parts.trail.append(
            tx,
            at=now,
            event="grant-ended",
            id=after.id,
            list_id=mailing_list.id,
            actor="gateway",
            reason=after.state.value,
            detail={"grant": record.id, "person": record.person_id},
        )
        if record.person_id is not None:
            await _stop(tx, record.person_id, after.id, now)
