"""Closing what is over, and destroying its content before its time: by the operator, the first also at -request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway import closing, destroying
from gateway.operator.base import THE_OPERATOR, Done, RefusedError
from gateway.operator.show import find_disclosure
from gateway.scene import Scene
from policy import closing as table

if TYPE_CHECKING:
    from datetime import datetime

    from gateway.operator.base import Actor
    from gateway.parts import Parts
    from policy.facts import Disclosure
    from storage.database import Tx


def _scene(parts: Parts, tx: Tx, disclosure: Disclosure, now: datetime, actor: Actor) -> Scene:
    mailing_list = parts.lists.get(disclosure.list_id)
    if mailing_list is None:
        where = f"which is not in {parts.config.path} any more"
        raise RefusedError(f"{disclosure.id} belongs to list {disclosure.list_id}, {where}")
    return Scene(parts, tx, mailing_list, now, actor.trail, actor.mail_id)


async def close(parts: Parts, disclosure_id: str) -> Done:
    """Close a disclosure; what is open of it is named where it can't be."""
    async with parts.database.transaction() as tx:
        disclosure = await find_disclosure(tx, disclosure_id)
        return await close_it(parts, tx, disclosure, parts.clock.now(), THE_OPERATOR)


async def close_it(parts: Parts, tx: Tx, disclosure: Disclosure, now: datetime, actor: Actor) -> Done:
    """Close one by whoever acts, in a transaction that is open already. Raises RefusedError."""
    scene = _scene(parts, tx, disclosure, now, actor)
    refused = await closing.judge(tx, disclosure)
    if refused is not None:
        raise RefusedError(f"{disclosure.id}: {refused.why}", refused.reason)
    words = await closing.close_and_tell(scene, disclosure, f"{actor.named} closed it", but=actor.person_id)
    return Done(f"closed {disclosure.id}", tuple(words[1:]))


async def destroy(parts: Parts, disclosure_id: str) -> Done:
    """Destroy the content of what is closed or withdrawn now, for ever; its record stays."""
    now = parts.clock.now()
    async with parts.database.transaction() as tx:
        disclosure = await find_disclosure(tx, disclosure_id)
        scene = _scene(parts, tx, disclosure, now, THE_OPERATOR)
        refused = table.judge_destroy(disclosure, await closing.what_is_left(tx, disclosure))
        if refused is not None:
            raise RefusedError(f"{disclosure.id}: {refused.why}", refused.reason)
        await destroying.destroy(scene, disclosure, now, "The operator destroyed its content")
        await destroying.destroy_loose(scene, now)
    await parts.database.checkpoint()
    return Done(f"destroyed the content of {disclosure.id}; its record stays")
