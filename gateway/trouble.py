"""Telling the pager of trouble that can't be written down first: the database itself, or a defect of ours."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gateway.alarm import Pager
    from gateway.clock import Clock

AGAIN_AFTER = timedelta(minutes=5)
RETRY_AFTER = timedelta(seconds=30)  # until a pager that did not take it is tried again
GOODBYE = 1.0  # seconds for what is being told when the service stops


class Trouble:
    """Rings the pager once for a kind of trouble, and again when it still lasts five minutes later."""

    def __init__(self, pager: Pager, clock: Clock) -> None:
        """Take the pager and the clock."""
        self._pager = pager
        self._clock = clock
        self._not_before: dict[tuple[str, str | None], datetime] = {}
        self._telling: set[asyncio.Task[None]] = set()

    def tell(self, kind: str, ref: str | None = None) -> None:
        """Ring without waiting for it."""
        now = self._clock.now()
        if now < self._not_before.get((kind, ref), now):
            return
        self._not_before = {what: until for what, until in self._not_before.items() if until > now}
        self._not_before[kind, ref] = now + AGAIN_AFTER
        task = asyncio.create_task(self._tell(kind, ref, now))
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)

    async def _tell(self, kind: str, ref: str | None, now: datetime) -> None:
        at = now.isoformat().replace("+00:00", "Z")
        if not await self._pager.tell({"kind": kind, "id": ref, "list": None, "at": at}):
            self._not_before[kind, ref] = now + RETRY_AFTER

    async def finish(self) -> None:
        """Wait a moment for what is being told."""
        if self._telling:
            _, late = await asyncio.wait(tuple(self._telling), timeout=GOODBYE)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
