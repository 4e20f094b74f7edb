"""What the operator may do with proposed public dates: confirm one, as a coordinator may."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway import release
from gateway.acts import proposals
from gateway.notices import common as notices
from gateway.operator.acts import tell
from gateway.operator.base import OPERATOR, Done, RefusedError
from gateway.scene import Scene
from gateway.settings import TwoPerson
from policy.disclosure import Refusal
from policy.facts import State
from storage import disclosures

if TYPE_CHECKING:
    from gateway.parts import Parts
    from gateway.sending.content import Setting
    from storage.database import Tx


async def confirm(parts: Parts, proposal_id: str) -> Done:
    """Confirm a proposed date; the coordinators are told. Raises RefusedError."""
    wanted, now = proposal_id.strip().upper(), parts.clock.now()
    async with parts.database.transaction() as tx:
        setting = await _find(parts, tx, wanted)
        _refuse_alone(setting, wanted)
        scene = Scene(parts, tx, setting.mailing_list, now, OPERATOR)
        said, after = await proposals.confirm(scene, setting, wanted)
        if isinstance(said, Refusal):
            raise RefusedError(f"{wanted}: {said.why}", said.reason)
        notice = notices.happened(after.disclosure.id, f"The operator confirmed {wanted}", [said])
        await tell(parts, tx, setting.mailing_list, notice, now, disclosure=after.disclosure)
    return Done(said.rstrip("."))


def _refuse_alone(setting: Setting, proposal_id: str) -> None:
    """An earlier date is a lift by another name: where two coordinators lift, no operator confirms it."""
    ends = setting.disclosure.embargo_until
    is_earlier = any(one.id == proposal_id and one.at < ends for one in setting.particulars.proposals)
    if is_earlier and TwoPerson.LIFT in setting.mailing_list.config.two_person:
        way = f"`Confirm: {proposal_id}` by one and `Approve:` by another, by mail"
        raise RefusedError(f"{proposal_id}: two coordinators decide on an earlier date here (two_person): {way}")


async def _find(parts: Parts, tx: Tx, proposal_id: str) -> Setting:
    """The disclosure whose date it would change. Raises RefusedError."""
    found = []
    for disclosure in await disclosures.ls(tx, None, frozenset({State.EMBARGOED})):
        if parts.lists.get(disclosure.list_id) is not None:
            setting = await release.setting_of(parts, tx, disclosure)
            found += [setting for one in setting.particulars.proposals if one.id == proposal_id]
    if not found:
        raise RefusedError(f"no proposal {proposal_id} under embargo: see `embargo proposal ls`")
    if len(found) > 1:
        ids = " and ".join(setting.disclosure.id for setting in found)
        raise RefusedError(f"{proposal_id} stands in {ids}: a coordinator confirms it by an answer in its thread")
    return found[0]
