"""A gateway with nothing to do: it costs next to nothing, and still sees at once what a command changed."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from gateway.app import LOOK
from gateway.watching import POLL
from openpgp import Person
from storage import alarms
from storage.database import Database
from storage.records import Alarm
from world import World, world

LOOPS = 4  # release, delivery, pager, and the one that watches the database


def counted(real: Callable[..., Any], looks: Counter[str], name: str) -> Callable[..., Any]:
    def counting(*given: object) -> Any:
        looks[name] += 1
        return real(*given)

    return counting


async def until(claim: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not claim():  # noqa: ASYNC110 - a file and a count ring no bell
            await asyncio.sleep(0.02)


def count_looks(story: World) -> Counter[str]:
    """Count from now on how often each loop looks at the database."""
    looks: Counter[str] = Counter()
    gateway = story.gateway
    for name, owner, step in (
        ("release", gateway.release, "step"),
        ("delivery", gateway.delivery, "step"),
        ("pager", gateway, "page_due"),
    ):
        setattr(owner, step, counted(getattr(owner, step), looks, name))
    return looks


async def at_rest(story: World) -> None:
    """Wait until all of them wait for the clock again, however long what they do takes."""
    async with asyncio.timeout(60):
        while True:
            for _ in range(20):
                await asyncio.sleep(0)  # whoever was woken goes on
            due = story.clock.next_due
            if len(story.clock._waiting) == LOOPS and due is not None and due > story.clock.now():
                return
            await asyncio.sleep(0.002)


async def tick(story: World, times: int) -> None:
    """Let so many looks at the clock go by."""
    await at_rest(story)
    for _ in range(times):
        story.clock.advance(POLL)
        await at_rest(story)


async def test_with_nothing_to_do_it_looks_seldom_and_what_another_process_does_is_seen_at_once(
    tmp_path: Path, people: dict[str, Person]
) -> None:
    told = tmp_path / "told"
    async with world(tmp_path, people, alarm={"command": ["/bin/sh", "-c", f"cat >> {told}"]}) as story:
        await story.settle()
        looks = count_looks(story)
        running = asyncio.create_task(story.gateway.run())
        await until(lambda: len(looks) == 3)
        await tick(story, 4)
        looks.clear()

        await tick(story, 40)

        most = 40 * POLL / LOOK + 2
        assert all(count <= most for count in looks.values()), looks

        # Another process commits: each loop looks at the next tick, long before its own time.
        other = Database(story.parts.config.database_url)
        await other.open()
        now = story.clock.now()
        async with other.transaction() as tx:
            at = now + timedelta(seconds=1.5)
            await alarms.add(tx, Alarm(id="AL-2026-AAAA", kind="test", ref=None, list_id=None, at=now, next_at=at))
        await other.close()
        looks.clear()
        await tick(story, 2)
        assert set(looks) == {"release", "delivery", "pager"}
        assert not told.exists()
        await tick(story, 2)
        await until(lambda: told.exists() and "test" in told.read_text())

        story.gateway.stop()
        await asyncio.wait_for(running, 30)
