"""What waits for somebody: copies for another try, alarms for a person who takes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway import reviving
from gateway.notices import common as notices
from gateway.operator.acts import audit, tell
from gateway.operator.base import THE_OPERATOR, Actor, Done, RefusedError
from policy.facts import CopyState
from policy.instants import rfc3339
from storage import alarms, disclosures, items, leaks, messages, outbox
from storage.records import Alarm

if TYPE_CHECKING:
    from datetime import datetime

    from gateway.parts import Parts
    from policy.facts import Disclosure
    from storage.database import Tx
    from storage.records import Copy


# --- copies -----------------------------------------------------------------------------------


async def retry(parts: Parts, copy_id: str | None) -> Done:
    """Make one copy due now, or those of one disclosure, also bounced ones; or all that are queued or deferred."""
    now = parts.clock.now()
    async with parts.database.transaction() as tx:
        if copy_id is None:
            count = await outbox.retry_now(tx, now)
            if count:
                await audit(parts, tx, now, "queue-retried", "all", detail={"copies": count})
            return Done(f"{count} copies are due now" if count else "no copy waits")
        disclosure = await disclosures.get(tx, copy_id.strip().upper())
        if disclosure is not None and parts.lists.get(disclosure.list_id) is not None:
            return await retry_disclosure(parts, tx, disclosure, now, THE_OPERATOR)
        copy = await outbox.get(tx, copy_id.strip().upper())
        if copy is None:
            raise RefusedError(f"no copy {copy_id}: see `embargo queue ls`")
        if not await _due_now(parts, tx, copy, now):
            why = f" ({copy.reason})" if copy.reason else ""
            raise RefusedError(f"{copy.id} is {copy.state}{why}: {_way_out(copy)}")
        await audit(parts, tx, now, "copy-retried", copy.message_id, copy.list_id, copy.reason or "", {"copy": copy.id})
    return Done(f"{copy.id} for {copy.address} is due now (it was {copy.state})")


async def retry_disclosure(parts: Parts, tx: Tx, disclosure: Disclosure, now: datetime, actor: Actor) -> Done:
    """Make every copy of a disclosure, of all its messages, that is deferred or bounced due now."""
    waiting = {CopyState.DEFERRED, CopyState.BOUNCED}
    found = [copy for copy in await outbox.of_disclosure(tx, disclosure.id) if copy.state in waiting]
    due = [copy for copy in found if await _due_now(parts, tx, copy, now)]
    if not due:
        return Done(f"{disclosure.id}: no copy was deferred or bounced, so there is nothing to try again")
    said = f"{len(due)} {'copy is' if len(due) == 1 else 'copies are'} due now"
    detail = {"copies": [copy.id for copy in due]}
    await audit(parts, tx, now, "copies-retried", disclosure.id, disclosure.list_id, detail=detail, actor=actor)
    lines = [f"{copy.address}: was {copy.state}{f' ({copy.reason})' if copy.reason else ''}" for copy in due]
    notice = notices.happened(disclosure.id, f"{actor.named} has copies tried again: {said}", lines)
    await tell(parts, tx, parts.lists[disclosure.list_id], notice, now, disclosure=disclosure, actor=actor)
    return Done(f"{disclosure.id}: {said}: {', '.join(sorted({copy.address for copy in due}))}")


async def _due_now(parts: Parts, tx: Tx, copy: Copy, now: datetime) -> bool:
    if copy.state is CopyState.BOUNCED and await _is_destroyed(tx, copy):
        return False
    if copy.state is CopyState.BOUNCED:
        return await reviving.revive(parts, tx, copy, now)
    return await outbox.retry_now(tx, now, copy.id) == 1


async def _is_destroyed(tx: Tx, copy: Copy) -> bool:
    content = await messages.content(tx, copy.content_id)
    return content is None or await items.get(tx, content.item) is None


def _way_out(copy: Copy) -> str:
    if copy.state is CopyState.BOUNCED:
        return "what it held was destroyed after its time"
    if copy.state is CopyState.WITHHELD:
        return f"it goes out by itself when {copy.address} has a usable key again (`embargo key replace`)"
    return "there is nothing to try again"


# --- alarms -----------------------------------------------------------------------------------


async def test_alarm(parts: Parts) -> Done:
    """Run the pager command now with an alarm of kind "test". Raises RefusedError where it is not told."""
    if not parts.pager.configured:
        raise RefusedError(f"no alarm command in {parts.config.path}: set command in [alarm]")
    now = parts.clock.now()
    program = parts.config.alarm.command[0]
    told = await parts.pager.tell({"kind": "test", "id": None, "list": None, "at": rfc3339(now)})
    async with parts.database.transaction() as tx:
        await audit(parts, tx, now, "alarm-tested", "test", reason="told" if told else "failed")
        if told:  # it stands among the alarms as what it is, and waits for nothing
            kept = Alarm(
                id=await alarms.new_id(tx, now),
                kind="test",
                ref=None,
                list_id=None,
                at=now,
                state="told",
                attempts=1,
                told_at=now,
            )
            await alarms.add(tx, kept)
    if not told:
        raise RefusedError(f"{program} did not exit 0 within its time: the alarm would not be told; run it by hand")
    return Done(f"{program} was told: kind test at {rfc3339(now)}")


async def acknowledge_alarm(parts: Parts, alarm_id: str) -> Done:
    """Note that a person has taken an alarm; also by what it is about, which is all that a pager shows."""
    wanted = alarm_id.strip().upper()
    now = parts.clock.now()
    async with parts.database.transaction() as tx:
        found = [alarm for alarm in await alarms.ls(tx) if alarm.id == wanted or (alarm.ref or "").upper() == wanted]
        if not found:
            raise RefusedError(f"no alarm {alarm_id}: see `embargo alarm ls`")
        fresh = [alarm for alarm in found if alarm.state != "acked"]
        if not fresh:
            raise RefusedError(f"{alarm_id} was acknowledged already")
        for alarm in fresh:
            await alarms.ack(tx, alarm.id, now)
            await audit(parts, tx, now, "alarm-acked", alarm.id, alarm.list_id or "", alarm.kind)
        for ref in sorted({alarm.ref for alarm in fresh if alarm.kind == "leak" and alarm.ref}):
            case = await leaks.get(tx, ref)
            if case is not None and case.acked_at is None:  # nor is it sounded again
                await leaks.change(tx, ref, acked_at=now)
    return Done(f"acknowledged {', '.join(alarm.id for alarm in fresh)}")
