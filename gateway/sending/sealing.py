"""Sealing copies: each distinct content once, for the keys that its readers have pinned at this moment.

What can't be sealed for a reason of its own is put off alone: one content that does not open, or one
key that GnuPG refuses, delays nobody else (invariant 30).
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from gateway import safe
from gateway.log import get_logger
from gateway.sending import clear, outcome, reports
from keys.errors import EngineUnavailable
from keys.results import SealRequest
from policy.facts import CopyState
from policy.release import Go, HandOver, Withhold
from storage import messages, outbox
from storage.errors import StorageError, Unavailable
from storage.ids import row_id

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Sequence
    from datetime import datetime

    from gateway.parts import Parts
    from keys.results import Ring, Sealed
    from storage.database import Tx
    from storage.records import Copy

log = get_logger("sealing")
LEASE = timedelta(minutes=15)  # longer than the slowest hand-over; an own crash frees leases at the next start
AGAIN_AFTER = timedelta(seconds=30)  # until what could not be sealed is tried again
SHARED_FROM = 51  # seal = "auto": each copy on its own up to 50 (decision 0003)
AT_ONCE = 50  # copies sealed each on its own before they are stored: a stop loses no more than that
BYTES_AT_ONCE = 32 << 20  # and no more plaintext than that, whatever their number
CLAIM = 200


@dataclass(frozen=True, slots=True)
class Batch:
    """Copies of one content, sealed in one go."""

    content_id: str
    copies: tuple[Copy, ...]


@dataclass(frozen=True, slots=True)
class Judged:
    """The keys of a list, and what its copies may do, by the ids of these: of one moment."""

    ring: Ring
    verdicts: dict[str, HandOver]


class Sealing:
    """Seals what is queued. One per process."""

    def __init__(self, parts: Parts) -> None:
        """Take the parts."""
        self._parts = parts
        self.is_stopping = False

    async def step(self, now: datetime, after_each: Callable[[], Awaitable[object]]) -> bool:
        """Seal what is due, the most urgent first; ``after_each`` content, let what is sealed go out.

        Asked where something waits to be sealed: it takes the writers' lock.
        """
        parts = self._parts
        async with parts.database.transaction() as tx:
            claimed = await outbox.claim_unsealed(tx, owner=parts.node, now=now, lease_for=LEASE, limit=CLAIM)
        by_content: dict[str, list[Copy]] = defaultdict(list)
        for copy in claimed:
            by_content[copy.content_id].append(copy)
        for content_id, copies in by_content.items():
            if self.is_stopping:
                break  # their leases are given back by whoever stops us
            await self._guarded(Batch(content_id, tuple(copies)), now)
            await after_each()
        return bool(claimed)

    async def _guarded(self, batch: Batch, now: datetime) -> None:
        try:
            await self._seal(batch, now)
        except Unavailable:
            raise  # the database itself: nothing can be done for any of them
        except (EngineUnavailable, OSError) as error:
            await self._put_off(batch, now, error, "gnupg", "GnuPG does not answer")
        except Exception as error:  # noqa: BLE001 - the next content must not wait for this one's defect
            await self._put_off(batch, now, error, "defect", "it could not be sealed")

    async def _put_off(self, batch: Batch, now: datetime, error: Exception, trouble: str, reason: str) -> None:
        """Try again later, and let a human know now."""
        log.error("not sealed", id=batch.copies[0].message_id, error=type(error).__name__, copies=len(batch.copies))
        self._parts.trouble.tell(trouble, batch.copies[0].message_id)
        async with self._parts.database.transaction() as tx:
            for copy in batch.copies:
                fresh = await outbox.get(tx, copy.id)
                if fresh is not None and fresh.body_id is None and fresh.state in reports.UNSETTLED:
                    await outbox.settle(
                        tx, copy.id, state=fresh.state, reason=reason, now=now, next_at=now + AGAIN_AFTER
                    )

    async def _seal(self, batch: Batch, now: datetime) -> None:
        parts = self._parts
        if any(copy.role == outcome.PUBLIC for copy in batch.copies):
            await self._sign_public(batch, now)
            return
        async with parts.database.reading() as tx:
            plain = await self._plain(tx, batch.content_id)
            mode = parts.lists[batch.copies[0].list_id].config.seal
            is_shared = mode == "shared" or (mode == "auto" and len(batch.copies) >= SHARED_FROM)
            size = len(batch.copies) if is_shared else max(1, min(AT_ONCE, BYTES_AT_ONCE // max(1, len(plain))))
            first, *others = [Batch(batch.content_id, copies) for copies in _slices(batch.copies, size)]
            judged = await self._judge(tx, first, now)
        await self._seal_and_store(first, plain, judged, now, is_shared=is_shared)
        for part in others:
            if self.is_stopping:
                return
            async with parts.database.reading() as tx:
                judged = await self._judge(tx, part, now)
            await self._seal_and_store(part, plain, judged, now, is_shared=is_shared)

    async def _plain(self, tx: Tx, content_id: str) -> bytes:
        content = await messages.content(tx, content_id)
        if content is None:
            raise StorageError("a copy without content")
        return await safe.take(self._parts, tx, content.item)

    async def _judge(self, tx: Tx, batch: Batch, now: datetime) -> Judged:
        ring = await self._parts.lists.ring(self._parts, tx, batch.copies[0].list_id)
        return Judged(ring, await outcome.judge_all(tx, batch.copies, now))

    async def _seal_and_store(
        self, batch: Batch, plain: bytes, judged: Judged, now: datetime, *, is_shared: bool
    ) -> None:
        """One call for all of them, or one each: the same code with groups of many or of one."""
        verdicts = judged.verdicts
        requests = [
            SealRequest(copy_id, verdict.fingerprints)
            for copy_id, verdict in verdicts.items()
            if isinstance(verdict, Go)
        ]
        groups = [requests] if is_shared else [[request] for request in requests]
        calls = [self._parts.engine.seal_for(judged.ring, plain, group) for group in groups if group]
        results = await asyncio.gather(*calls, return_exceptions=True)
        await self._store(batch, judged, [result for result in results if not isinstance(result, BaseException)], now)
        for result in results:
            if isinstance(result, BaseException):
                raise result

    async def _store(self, batch: Batch, judged: Judged, sealed: Sequence[Sealed], now: datetime) -> None:
        parts, verdicts = self._parts, judged.verdicts
        refused = {name: why for group in sealed for name, why in group.refused.items()}
        async with parts.database.transaction() as tx:
            changed = await self._changed(tx, judged.ring)
            for group in sealed:
                if not group.packets:
                    continue
                body_id = row_id("BD")
                await messages.add_body(tx, body_id, batch.content_id, group.body)
                for copy_id, session_keys in group.packets.items():
                    verdict = verdicts[copy_id]
                    keys = verdict.fingerprints if isinstance(verdict, Go) else ()
                    is_kept = changed.isdisjoint(keys) and await outbox.mark_sealed(
                        tx,
                        copy_id,
                        body_id=body_id,
                        packets=session_keys,
                        sealed_to=keys,
                        now=now,
                        content_id=batch.content_id,
                    )
                    if not is_kept:  # cancelled; or composed anew, or its key's certificate is another: sealed again
                        await outbox.unseal(tx, copy_id)
            for copy in batch.copies:
                if copy.id in refused:
                    await outcome.keep(parts, tx, copy, Withhold(refused[copy.id]), now)
                elif not isinstance(verdicts[copy.id], Go):
                    # Judged again where nobody writes beside us: a key replaced this instant must not be missed.
                    await outcome.keep_if_still(parts, tx, copy, now)

    async def _changed(self, tx: Tx, ring: Ring) -> frozenset[str]:
        """The keys whose certificate is another one, or gone, since the ring was read."""
        fresh = await self._parts.lists.ring(self._parts, tx, ring.key.list_id)
        return frozenset(key.fingerprint for key in set(ring.pinned).difference(fresh.pinned))

    async def _sign_public(self, batch: Batch, now: datetime) -> None:
        """The public notice is signed, not sealed (law 1: only it, only after the lift)."""
        parts = self._parts
        async with parts.database.reading() as tx:
            plain = await self._plain(tx, batch.content_id)
            ring = await parts.lists.ring(parts, tx, batch.copies[0].list_id)
        signature = await parts.engine.sign(ring, clear.signable(batch.copies[0].kind, plain.decode()))
        async with parts.database.transaction() as tx:
            body_id = row_id("BD")
            await messages.add_body(tx, body_id, batch.content_id, signature)
            for copy in batch.copies:
                await outbox.mark_sealed(tx, copy.id, body_id=body_id, packets=b"", sealed_to=(), now=now)


def _slices(copies: Sequence[Copy], size: int) -> Iterator[tuple[Copy, ...]]:
    for start in range(0, len(copies), size):
        yield tuple(copies[start : start + size])


def is_on_its_way(copy: Copy | None) -> bool:
    """Whether a copy is sealed and still to be handed over."""
    return copy is not None and copy.body_id is not None and copy.state in {CopyState.QUEUED, CopyState.DEFERRED}
