"""The one way out of the house: copies are judged, sealed, handed over and settled, each on its own.

A crash before a copy is sealed repeats the sealing; after it, bytes and Message-ID stay the same,
so the worst is one copy twice, never none. Every copy is judged again at sealing and at hand-over.
"""

from __future__ import annotations

import asyncio
import random
from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from gateway import notices, posting, reports, safe
from gateway.log import get_logger
from gateway.mail import compose
from gateway.relay import Bounced, Deferred, Delivered
from keys import packets
from keys.results import SealRequest
from policy.facts import CONTENT_KINDS, CopyState, Disclosure, MessageKind, Person, Role
from policy.release import Cancel, Go, HandOver, Withhold, judge_hand_over, retry_at
from storage import disclosures, duties, messages, outbox, roster
from storage.ids import row_id

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from gateway.lists import MailingList
    from gateway.parts import Parts
    from keys.results import Ring, Sealed
    from storage.database import Tx
    from storage.records import Copy

log = get_logger("delivery")
LEASE = timedelta(minutes=15)  # longer than the slowest hand-over; an own crash frees leases at the next start
SHARED_FROM = 51  # seal = "auto": each copy on its own up to 50 (decision 0003)
PUBLIC = "public"


@dataclass(frozen=True, slots=True)
class Batch:
    """Copies of one content, with the people and the disclosure that they are judged by."""

    content_id: str
    copies: tuple[Copy, ...]


class Delivery:
    """Seals what is due and hands it over. One per process; ``step`` until it says that nothing is left."""

    def __init__(self, parts: Parts) -> None:
        """Take the parts; remember which roster versions the withheld copies were judged by."""
        self._parts = parts
        self._judged: dict[str, int] = {}
        self._chance = random.SystemRandom()
        self._sending: set[asyncio.Task[None]] = set()

    async def step(self, now: datetime) -> bool:
        """Do what is due once: wake withheld copies, seal, hand over. Says whether anything was done."""
        woken = await self._wake_withheld(now)
        sealed = await self._seal_due(now)
        started = await self._start_due(now)
        return woken or sealed or started

    @property
    def is_busy(self) -> bool:
        """Whether copies are being handed over right now."""
        return bool(self._sending)

    async def finish(self) -> None:
        """Wait until what is being handed over is settled."""
        while self._sending:
            await asyncio.gather(*self._sending, return_exceptions=True)

    async def abandon(self) -> None:
        """End what is being handed over: its leases are taken back at the next start."""
        for task in tuple(self._sending):
            task.cancel()
        await self.finish()

    # --- withheld copies come back when a key is good again (row 23) --------------------------

    async def _wake_withheld(self, now: datetime) -> bool:
        parts = self._parts
        woken = 0
        for mailing_list in parts.lists:
            async with parts.database.reading() as tx:
                version = await roster.version(tx, mailing_list.id)
            if self._judged.get(mailing_list.id) == version:
                continue
            async with parts.database.transaction() as tx:
                for copy in await outbox.withheld(tx, mailing_list.id):
                    if isinstance(await self._judge(tx, copy, now), Go):
                        await outbox.unseal(tx, copy.id)
                        await outbox.settle(tx, copy.id, state=CopyState.QUEUED, reason=None, now=now, next_at=now)
                        woken += 1
            self._judged[mailing_list.id] = version
        return woken > 0

    async def _judge(self, tx: Tx, copy: Copy, now: datetime) -> HandOver:
        if copy.role == PUBLIC:
            return Go(())
        person = await roster.person(tx, copy.person_id) if copy.person_id is not None else None
        disclosure = await disclosures.get(tx, copy.disclosure_id) if copy.disclosure_id else None
        if copy.kind is MessageKind.KEY_NOTICE:
            return Go(copy.sealed_to or ())
        return judge_hand_over(copy.kind, person, disclosure, now)

    # --- sealing ------------------------------------------------------------------------------

    async def _seal_due(self, now: datetime) -> bool:
        parts = self._parts
        async with parts.database.reading() as tx:
            if not await outbox.any_unsealed(tx, now):
                return False
        async with parts.database.transaction() as tx:
            claimed = await outbox.claim_unsealed(tx, owner=parts.node, now=now, lease_for=LEASE)
        by_content: dict[str, list[Copy]] = defaultdict(list)
        for copy in claimed:
            by_content[copy.content_id].append(copy)
        for content_id, copies in by_content.items():
            await self._seal(Batch(content_id, tuple(copies)), now)
        return bool(claimed)

    async def _seal(self, batch: Batch, now: datetime) -> None:
        parts = self._parts
        mailing_list = parts.lists[batch.copies[0].list_id]
        async with parts.database.reading() as tx:
            ring = await parts.lists.ring(parts, tx, mailing_list.id)
            content = await messages.content(tx, batch.content_id)
            plain = await safe.take(parts, tx, content.item)
            verdicts = {copy.id: await self._judge(tx, copy, now) for copy in batch.copies}
        if any(copy.role == PUBLIC for copy in batch.copies):
            await self._sign_public(batch, ring, plain, now)
            return
        requests = [
            SealRequest(copy_id, verdict.fingerprints) for copy_id, verdict in verdicts.items() if isinstance(verdict, Go)
        ]
        sealed = await self._seal_groups(mailing_list, ring, plain, requests)
        await self._store(batch, verdicts, sealed, now)

    async def _seal_groups(
        self, mailing_list: MailingList, ring: Ring, plain: bytes, requests: Sequence[SealRequest]
    ) -> list[Sealed]:
        """One call for all of them, or one each: the same code with groups of many or of one."""
        mode = mailing_list.config.seal
        is_shared = mode == "shared" or (mode == "auto" and len(requests) >= SHARED_FROM)
        groups = [requests] if is_shared else [[request] for request in requests]
        calls = [self._parts.engine.seal_for(ring, plain, group) for group in groups if group]
        return list(await asyncio.gather(*calls))

    async def _store(
        self, batch: Batch, verdicts: dict[str, HandOver], sealed: Sequence[Sealed], now: datetime
    ) -> None:
        parts = self._parts
        refused = {name: why for group in sealed for name, why in group.refused.items()}
        async with parts.database.transaction() as tx:
            for group in sealed:
                if group.packets:
                    body_id = row_id("BD")
                    await messages.add_body(tx, body_id, batch.content_id, group.body)
                    for copy_id, session_keys in group.packets.items():
                        verdict = verdicts[copy_id]
                        keys = verdict.fingerprints if isinstance(verdict, Go) else ()
                        await outbox.mark_sealed(
                            tx, copy_id, body_id=body_id, packets=session_keys, sealed_to=keys, now=now
                        )
            for copy in batch.copies:
                verdict = Withhold(refused[copy.id]) if copy.id in refused else verdicts[copy.id]
                await self._hold_or_cancel(tx, copy, verdict, now)

    async def _sign_public(self, batch: Batch, ring: Ring, plain: bytes, now: datetime) -> None:
        """The public notice is signed, not sealed (law 1: only it, only after the lift)."""
        parts = self._parts
        signable = compose.signable(plain.decode())
        signature = await parts.engine.sign(ring, signable)
        async with parts.database.transaction() as tx:
            body_id = row_id("BD")
            await messages.add_body(tx, body_id, batch.content_id, signature)
            for copy in batch.copies:
                await outbox.mark_sealed(tx, copy.id, body_id=body_id, packets=b"", sealed_to=(), now=now)

    async def _hold_or_cancel(self, tx: Tx, copy: Copy, verdict: HandOver, now: datetime) -> bool:
        """Settle a copy that may not leave; says whether it was one."""
        match verdict:
            case Go():
                return False
            case Withhold(reason):
                await outbox.settle(tx, copy.id, state=CopyState.WITHHELD, reason=reason, now=now)
                await reports.copy_withheld(self._parts, tx, copy, reason, now)
            case Cancel(reason):
                await outbox.settle(tx, copy.id, state=CopyState.CANCELLED, reason=reason, now=now)
        await self._audit(tx, copy, verdict.reason, now)
        return True

    async def _audit(self, tx: Tx, copy: Copy, reason: str, now: datetime, state: CopyState | None = None) -> None:
        event = f"copy-{state}" if state else "copy-kept"
        await self._parts.trail.append(
            tx,
            at=now,
            event=event,
            id=copy.message_id,
            list_id=copy.list_id,
            actor="gateway",
            reason=reason,
            detail={"copy": copy.id, "address": copy.address},
        )

    # --- handing over -------------------------------------------------------------------------

    async def _start_due(self, now: datetime) -> bool:
        parts = self._parts
        room = parts.config.relay.connections - len(self._sending)
        if room <= 0:
            return False
        async with parts.database.reading() as tx:
            if not await outbox.any_due(tx, now):
                return False
        async with parts.database.transaction() as tx:
            claimed = await outbox.claim_due(tx, owner=parts.node, now=now, lease_for=LEASE, limit=room)
        for copy in claimed:
            task = asyncio.create_task(self._hand_over(copy))
            self._sending.add(task)
            task.add_done_callback(self._ended)
        return bool(claimed)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._sending.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("copy-failed", kind=type(error).__name__)
        self._parts.nudges.outbox.set()

    async def _hand_over(self, copy: Copy) -> None:
        parts = self._parts
        now = parts.clock.now()
        mailing_list = parts.lists[copy.list_id]
        async with parts.database.reading() as tx:
            verdict = await self._judge(tx, copy, now)
            message = await messages.get(tx, copy.message_id)
            body = await messages.body(tx, copy.body_id or "")
            content = await messages.content(tx, copy.content_id)
            public = await safe.take(parts, tx, content.item) if copy.role == PUBLIC else b""
        if not isinstance(verdict, Go):
            async with parts.database.transaction() as tx:
                await self._hold_or_cancel(tx, copy, verdict, now)
            return
        if verdict.fingerprints != tuple(copy.sealed_to or ()):
            async with parts.database.transaction() as tx:  # its keys changed meanwhile: sealed anew
                await outbox.unseal(tx, copy.id)
            return
        if copy.role == PUBLIC:
            text = public.decode()
            letter = posting.letter(mailing_list, message, reports.public_subject(text))
            data = compose.signed_clear(letter, to=copy.address, signed=compose.signable(text), signature=body)
        else:
            armored = packets.armor((copy.packets or b"") + body)
            letter = posting.letter(mailing_list, message)
            data = compose.outer(letter, to=copy.address, ciphertext_armored=armored)
        result = await parts.relay.hand_over(mailing_list.bounces(copy.token), copy.address, data)
        await self._settle(copy, result)

    async def _settle(self, copy: Copy, result: Delivered | Deferred | Bounced) -> None:
        parts = self._parts
        now = parts.clock.now()
        attempts = copy.attempts + 1
        async with parts.database.transaction() as tx:
            match result:
                case Delivered():
                    state, reason, next_at = CopyState.SENT, None, None
                case Deferred(reason) if now < copy.created_at + parts.config.relay.give_up:
                    state = CopyState.DEFERRED
                    next_at = retry_at(attempts, parts.config.relay.retry_pauses, now, self._chance.uniform(-1, 1))
                case Deferred(reason) | Bounced(reason):
                    state, next_at = CopyState.BOUNCED, None
            await outbox.settle(
                tx, copy.id, state=state, reason=reason, now=now, attempts=attempts, next_at=next_at
            )
            await self._audit(tx, copy, reason or "", now, state)
            if state is CopyState.BOUNCED:
                await reports.copy_bounced(parts, tx, copy, reason or "", now)
            if state is not CopyState.DEFERRED and copy.kind in CONTENT_KINDS and copy.role == Role.MEMBER:
                await reports.when_all_settled(parts, tx, copy.message_id, now)
        log.info("copy", id=copy.message_id, state=state.value, reason=reason, attempts=attempts)


