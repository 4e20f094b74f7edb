"""Telling the pager of trouble that can't be written down first: the database itself, or a defect of ours."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gateway.alarm import Pager
    from gateway.clock import Clock

AGAIN_AFTER = timedelta(minutes=5)


class Trouble:
    """Rings the pager once for a kind of trouble, and again when it still lasts five minutes later."""

    def __init__(self, pager: Pager, clock: Clock) -> None:
        """Take the pager and the clock."""
        self._pager = pager
        self._clock = clock
        self._told: dict[str, datetime] = {}
        self._telling: set[asyncio.Task[bool]] = set()

    def tell(self, kind: str, ref: str | None = None) -> None:
        """Ring without waiting for it."""
        now = self._clock.now()
        last = self._told.get(kind)
        if last is not None and now - last < AGAIN_AFTER:
            return
        self._told[kind] = now
        event = {"kind": kind, "id": ref, "list": None, "at": now.isoformat().replace("+00:00", "Z")}
        task = asyncio.create_task(self._pager.tell(event))
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)

    async def finish(self) -> None:
        """Wait for what is being told."""
        if self._telling:
            await asyncio.gather(*self._telling, return_exceptions=True)
