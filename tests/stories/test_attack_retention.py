"""What a flood of reports and a long outage leave behind: nothing goes before its time or outlives it."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select

import letters
from deeds import state_of
from gateway import safe
from letters import cases, hand_in
from openpgp import Person
from storage import tables as t
from world import World, world

pytestmark = pytest.mark.side

TEAM = ("alice", "adam", "north")
DAY = 86_400
WORD = b"quokka"


async def that_open(story: World) -> int:
    """How many sealed items open and hold the word."""
    async with story.parts.database.reading() as tx:
        query = select(t.items.c.id).where(t.items.c.wrapped_key.is_not(None))
        ids = [one for one in (await tx.execute(query)).scalars() if not one.startswith("trail")]
        return sum([WORD in await safe.take(story.parts, tx, one) for one in ids])


async def test_a_flood_and_an_outage_of_a_year_destroy_nothing_early_and_leave_nothing_behind(
    tmp_path: Path, people: dict[str, Person]
) -> None:
    async with world(tmp_path, people, pinned=TEAM, list={"leak_flood": "1 in 10m"}) as story:
        await story.post("alice", "Embargo-Until: +10d\n\nA flaw: quokka.\n")
        which, copy = story.disclosure_id(), story.last("north")
        for number in range(3):
            text = f"Leak: number {number}, the quokka, to the world\n\nIt is quokka.\n"
            assert await hand_in(story, letters.unsigned(story, text, who="north", answers=copy)) == 250
        await story.pass_time(600)
        told = story.last("adam", "2 more leak reports")
        open_case, *others = await cases(story)
        for case in others:
            await story.post("adam", f"Assess: {case.id}\nOutcome: dismissed\nReason: noise\n", reply_to=told)

        await story.pass_time(400 * DAY)
        assert await state_of(story, which) == "lifted"
        await story.pass_time(110 * DAY)
        assert await state_of(story, which) == "lifted", "a case is open"
        assert await that_open(story) > 5
        line = f"Assess: {open_case.id}\nOutcome: dismissed\nReason: noise\n"
        await story.post("adam", line, reply_to=story.last("adam", "ALARM"))
        await story.pass_time(14 * DAY)
        assert await state_of(story, which) == "closed"
        await story.pass_time(89 * DAY)
        assert await that_open(story) > 5
        await story.pass_time(2 * DAY)
        assert await that_open(story) == 0
