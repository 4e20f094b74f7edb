"""What the operator may do with leak cases: open one that was found, vouch, assess, dismiss."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.leaks import case as leakcase
from gateway.operator.base import OPERATOR, Done, RefusedError
from gateway.operator.show import find_disclosure
from gateway.scene import Scene
from gateway.settings import TwoPerson
from policy import leakcase as table
from policy.leakcase import Outcome
from storage import leaks

if TYPE_CHECKING:
    from gateway.parts import Parts
    from policy.leaklines import LeakLines
    from storage.database import Tx
    from storage.records import LeakRecord


def _scene(parts: Parts, tx: Tx, list_id: str, about: str) -> Scene:
    mailing_list = parts.lists.get(list_id)
    if mailing_list is None:
        raise RefusedError(f"{about} belongs to list {list_id}, which is not in {parts.config.path} any more")
    return Scene(parts, tx, mailing_list, parts.clock.now(), OPERATOR)


async def _find(tx: Tx, leak_id: str) -> LeakRecord:
    case = await leaks.get(tx, leak_id.strip().upper())
    if case is None:
        raise RefusedError(f"no leak report {leak_id}: see `embargo leak ls`")
    return case


async def open_case(parts: Parts, disclosure_id: str, lines: LeakLines) -> Done:
    """Open a case for a leak that was found: alarm, notice and all that follows are those of a proved report."""
    async with parts.database.transaction() as tx:
        disclosure = await find_disclosure(tx, disclosure_id)
        scene = _scene(parts, tx, disclosure.list_id, disclosure.id)
        leak_id, told = await leakcase.open_found(scene, disclosure, lines)
    return Done(f"opened {leak_id} on {disclosure.id}: the coordinators are alarmed, {told} members are told")


async def vouch(parts: Parts, leak_id: str) -> Done:
    """Make an unproved report as good as a proved one."""
    async with parts.database.transaction() as tx:
        case = await _find(tx, leak_id)
        why = table.refuse_vouch(case.state, verified=case.verified)
        if why:
            raise RefusedError(f"{case.id}: {why}")
        scene = _scene(parts, tx, case.list_id, case.id)
        said = await leakcase.vouch(scene, case)
        await leakcase.tell_coordinators(scene, case, "The operator vouched for it", [said])
    return Done(said)


async def assess(parts: Parts, leak_id: str, outcome: Outcome, reason: str | None) -> Done:
    """Say how a case ended, and do what follows."""
    plain = " ".join(reason.split()) if reason else None
    async with parts.database.transaction() as tx:
        case = await _find(tx, leak_id)
        scene = _scene(parts, tx, case.list_id, case.id)
        judged = await leakcase.judge(scene, case, outcome, plain)
        if isinstance(judged, str):
            raise RefusedError(f"{case.id}: {judged.replace('`Reason: ...`', '--reason TEXT')}")
        if outcome is Outcome.DISMISSED and TwoPerson.DISMISS in scene.mailing_list.config.two_person:
            way = f"`Assess: {case.id}` with `Outcome: dismissed` by one and `Approve:` by another, by mail"
            raise RefusedError(f"{case.id}: two coordinators dismiss on this list (two_person): {way}")
        said = await leakcase.assess(scene, case, outcome, plain)
        because = [f"Reason: {plain}"] if plain else []
        await leakcase.tell_coordinators(scene, case, f"The operator assessed it as {outcome}", [said, *because])
    return Done(said)
