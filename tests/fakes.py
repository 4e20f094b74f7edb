"""Stand-ins that are real implementations of a narrow seam."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

START = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


class FakeClock:
    """A clock that stands still until a test moves it.

    It is a ``gateway.clock.Clock``: whoever waits for an instant goes on when ``advance`` reaches it.
    """

    def __init__(self, start: datetime = START) -> None:
        if start.tzinfo is None:
            raise ValueError("a clock tells aware instants")
        self._now = start.astimezone(UTC)
        self._waiting: dict[asyncio.Event, datetime] = {}

    def now(self) -> datetime:
        return self._now

    def advance(self, by: float | timedelta) -> datetime:
        """Move on by seconds or a timedelta (back, too: clocks are set); wake whoever is due."""
        self._now += by if isinstance(by, timedelta) else timedelta(seconds=by)
        for moved, due in self._waiting.items():
            if due <= self._now:
                moved.set()
        return self._now

    def move_to(self, instant: datetime) -> datetime:
        """Set the clock to ``instant``."""
        return self.advance(instant - self._now)

    @property
    def next_due(self) -> datetime | None:
        """The earliest instant that anybody waits for; None while nobody waits."""
        return min(self._waiting.values(), default=None)

    async def wait(self, until: datetime | None, wake: asyncio.Event, at_most: float) -> None:
        due = self._now + timedelta(seconds=at_most)
        if until is not None:
            due = min(due, until)
        if due <= self._now or wake.is_set():
            await asyncio.sleep(0)
            return
        moved = asyncio.Event()
        self._waiting[moved] = due
        waits = [asyncio.ensure_future(moved.wait()), asyncio.ensure_future(wake.wait())]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            del self._waiting[moved]
            for one in waits:
                one.cancel()
            await asyncio.gather(*waits, return_exceptions=True)
