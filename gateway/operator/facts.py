"""Facts by the operator's word: said as a coordinator may, or confirmed where a member reported them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway import release
from gateway.acts import facts as factacts
from gateway.acts import proposals
from gateway.notices import common as notices
from gateway.operator.acts import tell as tell_coordinators
from gateway.operator.base import OPERATOR, Done, RefusedError
from gateway.operator.show import find_disclosure
from gateway.scene import Scene
from policy.knowledge import FactKind, known_since
from storage import facts

if TYPE_CHECKING:
    from gateway.parts import Parts
    from policy.facts import Disclosure
    from storage.database import Tx
    from storage.records import FactRecord


def _scene(parts: Parts, tx: Tx, disclosure: Disclosure) -> Scene:
    mailing_list = parts.lists.get(disclosure.list_id)
    if mailing_list is None:
        where = f"which is not in {parts.config.path} any more"
        raise RefusedError(f"{disclosure.id} belongs to list {disclosure.list_id}, {where}")
    return Scene(parts, tx, mailing_list, parts.clock.now(), OPERATOR)


async def tell(parts: Parts, disclosure_id: str, kind: FactKind, where: str | None) -> Done:
    """Say what is known of a disclosure. Raises RefusedError where it is known already."""
    plain = " ".join(where.split()) if where else None
    async with parts.database.transaction() as tx:
        disclosure = await find_disclosure(tx, disclosure_id)
        if known_since(disclosure, kind) is not None:
            raise RefusedError(f"{disclosure.id}: that is known and confirmed already")
        scene = _scene(parts, tx, disclosure)
        fact = await factacts.keep(scene, disclosure, kind, plain)
        return await _make_known(scene, fact, disclosure, plain)


async def confirm(parts: Parts, fact_id: str) -> Done:
    """Confirm what was reported. Raises RefusedError where there is no such report, or it is confirmed."""
    wanted = fact_id.strip().upper()
    async with parts.database.transaction() as tx:
        fact = await facts.get(tx, wanted)
        if fact is None:
            raise RefusedError(f"no report {fact_id}: the alarm, and the mail to the coordinators, name it")
        if fact.state == "confirmed":
            raise RefusedError(f"{fact.id} is confirmed already")
        disclosure = await find_disclosure(tx, fact.disclosure_id)
        return await _make_known(_scene(parts, tx, disclosure), fact, disclosure, None)


async def _make_known(scene: Scene, fact: FactRecord, disclosure: Disclosure, where: str | None) -> Done:
    after, said = await factacts.make_known(scene, fact, disclosure)
    await proposals.look_at(scene, await release.setting_of(scene.parts, scene.tx, after))
    lines = [said, *([f"Where: {where}"] if where else [])]
    notice = notices.happened(disclosure.id, "The operator confirmed a fact", lines)
    await tell_coordinators(scene.parts, scene.tx, scene.mailing_list, notice, scene.now, disclosure=after)
    return Done(f"{disclosure.id}: {said.rstrip('.')}")
