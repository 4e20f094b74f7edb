"""Seeing cheaply that something was changed: by another process, or by somebody who set the clock.

The loops would otherwise have to read all that may be due twice a second, which on a gateway with nothing to do is
most of what it does.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from storage.errors import StorageError

if TYPE_CHECKING:
    import asyncio

    from gateway.parts import Parts

POLL = 0.5  # seconds: how soon it is seen
JUMP = timedelta(seconds=2 * POLL)  # a step of the clock larger than this, or back, is no tick


async def watch(parts: Parts, stopping: asyncio.Event) -> None:
    """Wake all loops whenever something was committed or the clock was set, until ``stopping``.

    Where the database does not say, they are woken each time: each of them then finds out and tells.
    """
    token: str | None = None
    before = parts.clock.now()
    while not stopping.is_set():
        try:
            new: str | None = await parts.database.change_token()
        except StorageError:
            new = None
        now = parts.clock.now()
        if new is None or new != token or not before <= now <= before + JUMP:
            parts.nudges.ring()
        token, before = new, now
        await parts.clock.wait(None, stopping, POLL)
