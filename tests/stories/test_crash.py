"""A process that ends between two steps: what it had in hand is taken back at once, under the same Message-ID."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

from deeds import AT_ONCE, HELD, started_again, states, until
from openpgp import Person
from storage import outbox
from world import World, world

MEMBERS = ("north", "south", "west")


async def claim(story: World, *, sealed: bool) -> int:
    """Take leases as a process does that dies before its next step."""
    now = story.clock.now()
    lease = timedelta(minutes=15)
    async with story.parts.database.transaction() as tx:
        if sealed:
            return len(await outbox.claim_due(tx, owner=story.parts.node, now=now, lease_for=lease, limit=100))
        return len(await outbox.claim_unsealed(tx, owner=story.parts.node, now=now, lease_for=lease))


async def test_leases_of_a_dead_process_are_taken_back_at_the_start_whatever_step_it_died_in(
    tmp_path: Path, people: dict[str, Person]
) -> None:
    async with world(tmp_path, people) as story:
        await story.post("alice", HELD)
        message = f"{story.disclosure_id()}/1"
        story.clock.advance(3600)
        assert await story.gateway.release.step(story.clock.now())
        assert await claim(story, sealed=False) == 3

        async with started_again(story) as second:
            await second.gateway.delivery._sealing.step(second.clock.now(), nothing)
            assert await claim(second, sealed=True) == 3
            async with started_again(second) as third:
                await third.settle()
                assert set((await states(third, message)).values()) == {"sent"}
                for name in MEMBERS:
                    assert len(third.inbox(name)) == 1
                assert len({third.inbox(name)[0].message_id for name in MEMBERS}) == 1


async def nothing() -> None:
    """What follows a sealed content, here."""


async def test_a_crash_after_the_hand_over_and_before_it_is_written_down_repeats_the_very_same_mail(
    tmp_path: Path, people: dict[str, Person]
) -> None:
    async with world(tmp_path, people) as story:
        await story.deliver(story.compose("alice", AT_ONCE))
        delivery = story.gateway.delivery
        while await story.gateway.release.step(story.clock.now()):
            continue
        await delivery._sealing.step(story.clock.now(), nothing)
        await delivery._start_due()
        await asyncio.gather(*delivery._sending.values())
        delivery._ended.clear()  # the process ends here: the relay has them, and we do not know it

        async with started_again(story) as again:
            await again.settle()
            for name in MEMBERS:
                mails = again.box.to(people[name].address)
                assert len(mails) >= 1
                assert len({mail.content for mail in mails}) == 1, "byte for byte, so a mail program shows it once"
            assert sum(len(again.box.to(people[name].address)) for name in MEMBERS) > len(MEMBERS)
            message = f"{again.disclosure_id()}/1"
            assert set((await states(again, message)).values()) == {"sent"}


async def test_an_orderly_stop_gives_back_what_it_had_claimed(tmp_path: Path, people: dict[str, Person]) -> None:
    async with world(tmp_path, people, relay={"connections": 1}) as story:
        story.box.script("hang", forever=True)
        await story.deliver(story.compose("alice", AT_ONCE))
        running = asyncio.create_task(story.gateway.run())
        await story.box.wait_until(lambda: story.box.hung == 1)
        story.gateway.stop()
        await asyncio.wait_for(running, 30)
        async with asyncio.timeout(30):
            await story.gateway.close()
        async with story.parts.database.reading() as tx:
            assert (await outbox.waiting(tx, story.clock.now())).sealed, "nothing of it waits for a lease to run out"


async def test_the_loops_themselves_carry_a_hold_of_a_day_through(tmp_path: Path, people: dict[str, Person]) -> None:
    async with world(tmp_path, people) as story:
        running = asyncio.create_task(story.gateway.run())
        await story.deliver(story.compose("alice", "Hold-Until: +1d\nEmbargo-Until: +2d\n\nLater.\n"))
        await story.box.wait_until(lambda: len(story.box.mails) >= 2)  # both coordinators: receipt and content
        for _ in range(24):
            assert [name for name in MEMBERS if story.inbox(name)] == []
            story.clock.advance(3599.5)
            await asyncio.sleep(0)
        story.clock.advance(12)
        expected = {people[name].address for name in MEMBERS}
        await story.box.wait_until(lambda: expected <= {mail.recipient for mail in story.box.mails})
        message = f"{story.disclosure_id()}/1"

        async def is_sent() -> bool:
            return set((await states(story, message)).values()) == {"sent"}

        await until(is_sent)
        story.clock.advance(86400)
        await story.box.wait_until(lambda: all(len(story.box.to(people[name].address)) == 2 for name in MEMBERS))
        assert all(len(set(story.subjects(name))) == 2 for name in MEMBERS), "it, and the end of its embargo"
        story.gateway.stop()
        await asyncio.wait_for(running, 30)
