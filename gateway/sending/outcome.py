"""What becomes of one copy: judged at sealing and at hand-over, settled, recorded, told to a human.

Everything here runs inside the caller's transaction, so that a copy's state, the audit trail and
what the coordinators are told of it never differ.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gateway.log import get_logger
from gateway.relay import Bounced, Deferred, Delivered
from gateway.sending import reports
from policy.facts import CopyState, MessageKind
from policy.release import Cancel, Go, HandOver, Withhold, judge_hand_over, may_wake, retry_at
from policy.upstream import DETAILS
from storage import disclosures, outbox, roster

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from gateway.parts import Parts
    from policy.facts import Disclosure
    from storage.database import Tx
    from storage.records import Copy

log = get_logger("delivery")
PUBLIC = "public"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one attempt to hand a copy over ended, and when."""

    copy: Copy
    result: Delivered | Deferred | Bounced
    at: datetime


async def judge(tx: Tx, copy: Copy, now: datetime) -> HandOver:
    """Judge one copy by the roster and the disclosure as they are now (law 2)."""
    return (await judge_all(tx, [copy], now))[copy.id]


async def judge_all(tx: Tx, copies: Iterable[Copy], now: datetime) -> dict[str, HandOver]:
    """Judge copies as ``judge`` does; by their ids."""
    about: dict[str, Disclosure | None] = {}
    verdicts: dict[str, HandOver] = {}
    for copy in copies:
        if copy.role == PUBLIC:
            verdicts[copy.id] = Go(())
            continue
        if copy.kind is MessageKind.KEY_NOTICE:
            # Sealed at once, to a key that is no longer pinned; it holds no content.
            verdicts[copy.id] = Go(copy.sealed_to or ())
            continue
        if copy.disclosure_id and copy.disclosure_id not in about:
            about[copy.disclosure_id] = await disclosures.get(tx, copy.disclosure_id)
        person = await roster.person(tx, copy.person_id) if copy.person_id is not None else None
        details = "" if DETAILS in copy.withheld else copy.message_id
        disclosure = about.get(copy.disclosure_id or "")
        verdicts[copy.id] = judge_hand_over(copy.kind, person, disclosure, now, details_of=details)
    return verdicts


async def wakes(tx: Tx, copy: Copy, now: datetime) -> bool:
    """Whether a withheld copy is to be tried again by itself now."""
    disclosure = await disclosures.get(tx, copy.disclosure_id) if copy.disclosure_id else None
    return may_wake(copy.reason, disclosure) and isinstance(await judge(tx, copy, now), Go)


async def keep(parts: Parts, tx: Tx, copy: Copy, verdict: Withhold | Cancel, now: datetime) -> None:
    """Settle a copy that may not leave now: it waits for a key, or is cancelled."""
    is_withheld = isinstance(verdict, Withhold)
    state = CopyState.WITHHELD if is_withheld else CopyState.CANCELLED
    if not await outbox.settle(tx, copy.id, state=state, reason=verdict.reason, now=now):
        return
    await _audit(parts, tx, copy, verdict.reason, now, state)
    if is_withheld:
        await reports.copy_withheld(parts, tx, copy, verdict.reason, now)
    await reports.when_all_settled(parts, tx, copy, now)


async def keep_if_still(parts: Parts, tx: Tx, copy: Copy, now: datetime) -> None:
    """Judge a copy again inside a writing transaction, and settle it where it still may not leave."""
    verdict = await judge(tx, copy, now)
    if isinstance(verdict, Go):
        await outbox.unseal(tx, copy.id)  # free again; it is sealed to what is pinned now
    else:
        await keep(parts, tx, copy, verdict, now)


async def settle(parts: Parts, tx: Tx, ended: Sequence[Outcome], jitter: Sequence[float]) -> None:
    """Record how attempts ended; ``jitter`` in -1..1 moves each one's next attempt."""
    for one, moved in zip(ended, jitter, strict=True):
        await _settle(parts, tx, one, moved)
    for copy in {one.copy.message_id: one.copy for one in ended}.values():
        await reports.when_all_settled(parts, tx, copy, ended[-1].at)


async def _settle(parts: Parts, tx: Tx, ended: Outcome, jitter: float) -> None:
    copy, now, relay = ended.copy, ended.at, parts.config.relay
    attempts = copy.attempts + 1
    state, reason, next_at = CopyState.SENT, "", None
    match ended.result:
        case Delivered():
            pass
        case Deferred(reason) if now < copy.created_at + relay.give_up:
            state, next_at = CopyState.DEFERRED, retry_at(attempts, relay.retry_pauses, now, jitter)
        case Deferred(reason) | Bounced(reason):
            state = CopyState.BOUNCED
    given = copy if state is CopyState.SENT else None
    changed = await outbox.settle(
        tx, copy.id, state=state, reason=reason or None, now=now, attempts=attempts, next_at=next_at, given=given
    )
    say = log.info if state is CopyState.SENT else log.warning
    say("copy", id=copy.message_id, state=state.value, reason=reason, attempts=attempts)
    if not changed:
        return  # cancelled meanwhile, and not delivered: it stays cancelled
    await _audit(parts, tx, copy, reason, now, state)
    if state is CopyState.BOUNCED:
        await reports.copy_bounced(parts, tx, copy, reason, now)


async def _audit(parts: Parts, tx: Tx, copy: Copy, reason: str, now: datetime, state: CopyState) -> None:
    await parts.trail.append(
        tx,
        at=now,
        event=f"copy-{state}",
        id=copy.message_id,
        list_id=copy.list_id,
        actor="gateway",
        reason=reason,
        detail={"copy": copy.id, "address": copy.address},
    )
