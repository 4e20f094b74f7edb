"""The relay is away, or hangs for one recipient: nothing is lost, nobody else waits."""

from __future__ import annotations

import asyncio
from pathlib import Path

from deeds import AT_ONCE, copies, states, until
from openpgp import Person
from world import world


async def test_while_connections_are_refused_all_wait_and_all_follow_when_the_relay_is_back(
    tmp_path: Path, people: dict[str, Person]
) -> None:
    async with world(tmp_path, people) as story:
        await story.box.stop()
        await story.deliver(story.compose("alice", AT_ONCE))
        await story.settle()
        assert story.box.mails == []
        await story.box.start()

        await story.pass_time(72)
        message = f"{story.disclosure_id()}/1"
        assert set((await states(story, message)).values()) == {"sent"}
        assert {copy.attempts for copy in (await copies(story, message)).values()} == {2}
        for name in ("north", "south", "west"):
            assert len(story.inbox(name)) == 1


async def test_one_recipient_whose_server_hangs_delays_nobody_else(tmp_path: Path, people: dict[str, Person]) -> None:
    async with world(tmp_path, people, relay={"connections": 2}) as story:
        story.box.script("hang", recipient=people["north"].address, forever=True)
        running = asyncio.create_task(story.gateway.run())
        await story.deliver(story.compose("alice", AT_ONCE))
        expected = {people[name].address for name in ("alice", "adam", "south", "west")}
        await story.box.wait_until(lambda: expected <= {mail.recipient for mail in story.box.mails})
        assert story.box.most_open <= 2
        message = f"{story.disclosure_id()}/1"

        async def served() -> bool:
            now = await states(story, message)
            return (now["southgate"], now["westlake"], now["northwind"]) == ("sent", "sent", "queued")

        await until(served)
        story.gateway.stop()
        await asyncio.wait_for(running, 30)
