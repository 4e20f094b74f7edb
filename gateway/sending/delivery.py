"""The one way out of the house: copies are judged, sealed, handed over and settled, each on its own.

A crash before a copy is sealed repeats the sealing; after it, bytes and Message-ID stay the same,
so the worst is one copy twice, never none. Every copy is judged again at sealing and at hand-over.
"""

from __future__ import annotations

import asyncio
import random
from collections import deque
from functools import partial
from typing import TYPE_CHECKING

from gateway import safe
from gateway.log import describe, get_logger
from gateway.mail import compose
from gateway.relay import Deferred
from gateway.sending import clear, outcome, posting, reports
from gateway.sending.outcome import PUBLIC, Outcome
from gateway.sending.sealing import LEASE, Sealing, is_on_its_way
from keys import packets
from policy.release import Go
from storage import messages, outbox, roster
from storage.errors import StorageError

if TYPE_CHECKING:
    from datetime import datetime

    from gateway.parts import Parts
    from storage.records import Copy, Message

log = get_logger("delivery")
AHEAD = 2  # copies claimed ahead for each connection, so that one transaction serves several
GATHER = 0.02  # seconds
LARGE = 1 << 20  # bytes from which composing goes to a thread: the loop has others to release


class Delivery:
    """Seals what is due and hands it over. One per process; ``step`` until it says that nothing is left."""

    def __init__(self, parts: Parts) -> None:
        """Take the parts; remember which roster versions the withheld copies were judged by."""
        self._parts = parts
        self._sealing = Sealing(parts)
        self._judged: dict[str, int] = {}
        self._chance = random.SystemRandom()
        self._ready: deque[Copy] = deque()  # claimed, waiting for a connection of ours to be free
        self._sending: dict[str, asyncio.Task[None]] = {}
        self._carried: dict[str, Copy] = {}
        self._ended: list[Outcome] = []

    async def step(self, now: datetime) -> bool:
        """Do what is due once: settle, wake withheld copies, seal, hand over. Says whether anything was done."""
        if self._ended and self._sending:
            await asyncio.sleep(GATHER)  # those that end within the same blink share a transaction
        settled = await self._settle()
        woken = await self._wake_withheld(now)
        async with self._parts.database.reading() as tx:
            waiting = await outbox.waiting(tx, now)
        sealed = waiting.unsealed and await self._sealing.step(now, self._start_due)
        started = waiting.sealed and await self._start_due()
        return settled or woken or sealed or started

    @property
    def is_busy(self) -> bool:
        """Whether copies are being handed over right now, or how that ended is not written down yet."""
        return bool(self._sending or self._ended or self._ready)

    async def next_at(self) -> datetime | None:
        """The next instant at which a copy is due, None when none is."""
        async with self._parts.database.reading() as tx:
            return await outbox.next_due(tx)

    def stop(self) -> None:
        """Begin nothing more."""
        self._sealing.is_stopping = True

    async def finish(self) -> None:
        """Wait until what is being handed over is settled."""
        while self._sending or self._ended:
            while self._sending:
                await asyncio.gather(*self._sending.values(), return_exceptions=True)
                await asyncio.sleep(0)  # let the next ones begin
            await self._settle()

    async def abandon(self) -> None:
        """End what is being handed over; what is not settled goes on at the next start, or with another node."""
        self.stop()
        self._ready.clear()
        tasks = tuple(self._sending.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._settle()
        async with self._parts.database.transaction() as tx:
            await outbox.release_leases(tx, self._parts.node)

    # --- withheld copies come back when a key is good again (row 23) --------------------------

    async def _wake_withheld(self, now: datetime) -> bool:
        parts = self._parts
        woken = 0
        for mailing_list in parts.lists:
            async with parts.database.reading() as tx:
                version = await roster.version(tx, mailing_list.id)
                if self._judged.get(mailing_list.id) == version:
                    continue
                waiting = await outbox.withheld(tx, mailing_list.id)
                good = [copy for copy in waiting if await outcome.wakes(tx, copy, now)]
            if good:
                async with parts.database.transaction() as tx:
                    for copy in good:
                        if await outcome.wakes(tx, copy, now):
                            woken += await outbox.requeue(tx, copy.id, now)
            self._judged[mailing_list.id] = version
        return woken > 0

    # --- handing over -------------------------------------------------------------------------

    async def _start_due(self) -> bool:
        """Give what is due to the free connections, claiming a few ahead; asked where something is due."""
        parts = self._parts
        connections = parts.config.relay.connections
        if self._sealing.is_stopping or len(self._sending) >= connections:
            return False
        ready = sum(not self._is_behind(copy) for copy in self._ready)
        if ready < connections:
            await self._claim(parts.clock.now(), connections * (1 + AHEAD) - ready - len(self._sending))
        return self._fill()

    def _fill(self) -> bool:
        """Start what is ready on the connections that are free."""
        started = False
        while len(self._sending) < self._parts.config.relay.connections and (copy := self._next()) is not None:
            self._ready.remove(copy)
            task = asyncio.create_task(self._carry(copy))
            self._sending[copy.id] = task
            self._carried[copy.id] = copy
            task.add_done_callback(partial(self._let_go, copy.id))
            started = True
        return started

    def _next(self) -> Copy | None:
        """What goes next. Of one disclosure to one reader one goes after the other, by its messages' numbers."""
        for copy in self._ready:
            if not self._is_behind(copy):
                alike = [one for one in self._ready if _is_same(one, copy) and one.priority == copy.priority]
                return min(alike, key=outbox.place, default=copy)
        return None

    def _is_behind(self, copy: Copy) -> bool:
        """Whether it waits for another that is being handed over, and is not less urgent.

        What is for the public waits for everybody's copies of that disclosure.
        """
        first = [one for one in self._carried.values() if one.priority <= copy.priority]
        if copy.role == PUBLIC:
            return any(one.disclosure_id == copy.disclosure_id for one in first)
        return any(_is_same(one, copy) for one in first)

    async def _claim(self, now: datetime, limit: int) -> None:
        parts = self._parts
        async with parts.database.transaction() as tx:
            claimed = await outbox.claim_due(tx, owner=parts.node, now=now, lease_for=LEASE, limit=limit)
        # One whose lease ran out while we still have it in hand is ours already, and now for longer.
        in_hand = {*self._sending, *(copy.id for copy in self._ready), *(ended.copy.id for ended in self._ended)}
        fresh = [copy for copy in claimed if copy.id not in in_hand]
        self._ready = deque(sorted((*self._ready, *fresh), key=lambda copy: copy.priority))

    def _let_go(self, copy_id: str, _: asyncio.Task[None]) -> None:
        self._sending.pop(copy_id, None)
        self._carried.pop(copy_id, None)
        if not self._sealing.is_stopping:
            self._fill()
        self._parts.nudges.outbox.set()

    async def _carry(self, copy: Copy) -> None:
        """Hand one copy over; whatever goes wrong with it stays its own affair."""
        parts = self._parts
        try:
            if not await self._hand_over(copy):
                async with parts.database.transaction() as tx:
                    await outbox.unseal(tx, copy.id)  # it is in nobody's hands any more
        except StorageError as error:
            log.error("copy put off", id=copy.message_id, error=describe(error))
            parts.trouble.tell("database")
            self._ended.append(Outcome(copy, Deferred("database not available"), parts.clock.now()))
        except Exception as error:  # noqa: BLE001 - the others must not wait for this one's defect
            log.error("copy put off", id=copy.message_id, error=describe(error))
            parts.trouble.tell("defect", copy.message_id)
            self._ended.append(Outcome(copy, Deferred("it could not be composed"), parts.clock.now()))

    async def _hand_over(self, claimed: Copy) -> bool:
        """Hand a copy over, or settle why not; False where there is none to hand over."""
        parts = self._parts
        now = parts.clock.now()
        async with parts.database.reading() as tx:
            copy = await outbox.get(tx, claimed.id)
            if copy is None or not is_on_its_way(copy):
                return False  # cancelled or unsealed since it was claimed
            verdict = await outcome.judge(tx, copy, now)
            message = await messages.get(tx, copy.message_id)
            body = await messages.body(tx, copy.body_id or "")
            content = await messages.content(tx, copy.content_id) if copy.role == PUBLIC else None
            public = await safe.take(parts, tx, content.item) if content else b""
        if not isinstance(verdict, Go):
            async with parts.database.transaction() as tx:
                await outcome.keep_if_still(parts, tx, copy, now)
            return True
        if verdict.fingerprints != tuple(copy.sealed_to or ()):
            async with parts.database.transaction() as tx:  # its keys changed meanwhile: sealed anew
                await outbox.unseal(tx, copy.id)
            return True
        if message is None:
            raise StorageError("a copy without its message")
        data = await self._composed(copy, message, body, public)
        result = await parts.relay.hand_over(parts.lists[copy.list_id].bounces(copy.token), copy.address, data)
        self._ended.append(Outcome(copy, result, parts.clock.now()))
        return True

    async def _composed(self, copy: Copy, message: Message, body: bytes, public: bytes) -> bytes:
        mailing_list = self._parts.lists[copy.list_id]
        if copy.role == PUBLIC:
            text = public.decode()
            letter = posting.letter(mailing_list, message, reports.public_subject(text))
            signed = clear.signable(message.kind, text)
            return compose.signed_clear(letter, to=copy.address, signed=signed, signature=body)
        letter = posting.letter(mailing_list, message)

        def outer() -> bytes:
            armored = packets.armor((copy.packets or b"") + body)
            return compose.outer(letter, to=copy.address, ciphertext_armored=armored)

        return await asyncio.to_thread(outer) if len(body) > LARGE else outer()

    async def _settle(self) -> bool:
        """Write down how attempts ended, all that have in one transaction; what can't be written is kept."""
        ended, self._ended = self._ended, []
        if not ended:
            return False
        try:
            async with self._parts.database.transaction() as tx:
                await outcome.settle(self._parts, tx, ended, [self._chance.uniform(-1, 1) for _ in ended])
        except BaseException:
            self._ended = [*ended, *self._ended]
            raise
        return True


def _is_same(one: Copy, other: Copy) -> bool:
    """Whether two copies are of one disclosure to one reader."""
    return one.disclosure_id is not None and (one.disclosure_id, one.address) == (other.disclosure_id, other.address)
