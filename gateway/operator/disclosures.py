"""What the operator may do with a disclosure: lift, withdraw, stop, go."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from gateway import holdings, release
from gateway.notices import common as notices
from gateway.operator.acts import tell
from gateway.operator.base import OPERATOR, Done, RefusedError
from gateway.operator.show import CALLED_OFF, find_disclosure
from gateway.operator.wording import at_a_shell
from gateway.settings import TwoPerson
from policy.disclosure import Event, Refusal, judge_sending, move
from policy.facts import State
from policy.instants import in_words
from policy.upstream import why_not_yet
from storage import disclosures

if TYPE_CHECKING:
    from datetime import datetime

    from gateway.parts import Parts
    from policy.facts import Disclosure
    from storage.database import Tx


async def _may(parts: Parts, tx: Tx, disclosure_id: str, event: Event) -> Disclosure:
    """The disclosure, where ``event`` is possible for it now. Raises RefusedError saying why not."""
    found = await find_disclosure(tx, disclosure_id)
    if parts.lists.get(found.list_id) is None:
        raise RefusedError(f"{found.id} belongs to list {found.list_id}, which is not in {parts.config.path} any more")
    target = move(found.state, event)
    if isinstance(target, Refusal):
        raise RefusedError(f"{found.id}: {target.why}", target.reason)
    return found


async def lift(parts: Parts, disclosure_id: str, cause: str = "other", *, send: bool = False) -> Done:
    """End an embargo now; with ``send`` members get first what is still held.

    The public notice does not go out by it: that takes a coordinator's own word.
    """
    now = parts.clock.now()
    async with parts.database.transaction() as tx:
        held = send and (await find_disclosure(tx, disclosure_id)).state in {State.HELD, State.PENDING}
        disclosure = await _may(parts, tx, disclosure_id, Event.SEND_AND_LIFT if held else Event.LIFT_NOW)
        sent = judge_sending(disclosure, now) if held else None
        if isinstance(sent, Refusal):
            raise RefusedError(f"{disclosure.id}: {sent.why}", sent.reason)
        waits = why_not_yet(disclosure)
        if waits is not None:
            raise RefusedError(f"{disclosure.id}: {at_a_shell(waits)}")
        if TwoPerson.LIFT in parts.lists[disclosure.list_id].config.two_person:
            way = f"`Lift: now` by one and `Approve: {disclosure.id}` by another, by mail"
            raise RefusedError(f"{disclosure.id}: two coordinators lift on this list (two_person): {way}")
        lift_it = release.send_and_lift if held else release.lift
        await lift_it(parts, tx, disclosure, now, cause=cause, actor=OPERATOR, publish=False)
    return Done(f"lifted the embargo of {disclosure.id}: everybody who has it is told")


async def withdraw(parts: Parts, disclosure_id: str, reason: str) -> Done:
    """Call a disclosure off: what is queued never leaves, whoever has it is told."""
    now = parts.clock.now()
    plain = " ".join(reason.split()) or CALLED_OFF
    async with parts.database.transaction() as tx:
        disclosure = await _may(parts, tx, disclosure_id, Event.WITHDRAW)
        after = replace(disclosure, state=State.WITHDRAWN, ended_at=now)
        await disclosures.update(tx, disclosure.id, state=after.state, ended_at=now)
        await release.transition(parts, tx, disclosure, after, now, actor=OPERATOR, reason=Event.WITHDRAW.value)
        mailing_list = parts.lists[disclosure.list_id]
        setting = replace(await release.setting_of(parts, tx, disclosure), disclosure=after)
        bound = await holdings.bound_people(tx, after)
        ended = await release.withdraw(parts, tx, setting, plain, now)
        if not bound:  # else the coordinators read what the members read
            notice = notices.happened(
                disclosure.id,
                "The operator withdrew it",
                [f"Reason: {plain}", "No member had got it, so no member was told."],
            )
            await tell(parts, tx, mailing_list, notice, now, disclosure=after)
    said = [f"withdrew {disclosure.id}: {len(bound)} members who may have it are told"]
    return Done("; ".join([*said, *(f"no retrospective of {one} is due any more" for one in ended)]))


async def stop(parts: Parts, disclosure_id: str) -> Done:
    """Put an unreleased disclosure on hold until ``go`` (STATES row 3a)."""
    now = parts.clock.now()
    async with parts.database.transaction() as tx:
        disclosure = await _may(parts, tx, disclosure_id, Event.STOP)
        if disclosure.stopped:
            way_out = f"`embargo disclosure go {disclosure.id}` lets it go"
            raise RefusedError(f"{disclosure.id} is stopped already: {way_out}")
        await release.stop(parts, tx, disclosure, now, actor=OPERATOR, by="the operator")
    return Done(f"stopped {disclosure.id}: members get nothing until `embargo disclosure go {disclosure.id}`")


async def go(parts: Parts, disclosure_id: str) -> Done:
    """Let a stopped disclosure go: it is released at its hold, or at once where that has gone by."""
    now = parts.clock.now()
    async with parts.database.transaction() as tx:
        disclosure = await _may(parts, tx, disclosure_id, Event.GO)
        if not disclosure.stopped:
            raise RefusedError(f"{disclosure.id} is not stopped: it goes out {_when(parts, disclosure, now)} by itself")
        await release.go(parts, tx, disclosure, now, actor=OPERATOR)
        when = _when(parts, disclosure, now)
        notice = notices.happened(disclosure.id, "The operator lets the release go on", [f"Members get it {when}."])
        await tell(parts, tx, parts.lists[disclosure.list_id], notice, now, disclosure=disclosure)
    return Done(f"{disclosure.id} goes on: members get it {when}")


def _when(parts: Parts, disclosure: Disclosure, now: datetime) -> str:
    if disclosure.hold_until <= now:
        return "at once"
    return in_words(disclosure.hold_until, parts.lists[disclosure.list_id].config.timezone, now)
