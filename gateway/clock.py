"""The only reader of time. Everything else is told what time it is, as ``now``."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """What time it is, and waiting for it. Tests bring a clock that moves when they say so."""

    def now(self) -> datetime:
        """The present instant, aware, in UTC."""
        ...

    async def wait(self, until: datetime | None, wake: asyncio.Event, at_most: float) -> None:
        """Return when ``until`` is there, when ``wake`` is set, or after ``at_most`` seconds.

        ``until`` None waits for the other two. It says nothing about which of them it was: the caller
        looks at ``now()`` again, and clears ``wake`` itself.
        """
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The present instant, aware, in UTC."""
        return datetime.now(UTC)

    async def wait(self, until: datetime | None, wake: asyncio.Event, at_most: float) -> None:
        """Return when ``until`` is there, when ``wake`` is set, or after ``at_most`` seconds.

        The wait itself runs on the monotonic clock, which knows nothing of an operator or a time
        server setting the date. A step forward is therefore seen after ``at_most`` seconds at the
        latest; after a step back the caller finds ``until`` still ahead and waits again, so that
        nothing is done before its instant.
        """
        seconds = at_most
        if until is not None:
            seconds = min(seconds, (until - self.now()).total_seconds())
        if seconds <= 0:
            await asyncio.sleep(0)  # a caller that is always late still lets others run
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await wake.wait()
