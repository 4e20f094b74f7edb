"""A gateway that slept through an instant: it acts at its start, says how late it was, and never under a stale date."""

from __future__ import annotations

from pathlib import Path

import pytest

from deeds import AT_ONCE, HELD, pages, state_of, states
from openpgp import Person
from storage import items, messages
from world import World, world

MEMBERS = ("north", "south", "west")


async def test_a_public_date_slept_through_sends_nothing_and_asks_the_coordinators(
    tmp_path: Path, people: dict[str, Person]
) -> None:
    async with world(tmp_path, people) as story:
        await story.post("alice", HELD)
        disclosure = story.disclosure_id()
        await story.pass_time(15 * 86400)

        assert await state_of(story, disclosure) == "pending"
        assert [story.inbox(name) for name in MEMBERS] == [[], [], []]
        assert [alarm.kind for alarm in await pages(story)] == ["date-passed"]
        asked = story.last("alice", disclosure)
        assert "date" in asked.subject.lower()
        assert story.last("adam", disclosure).message_id == asked.message_id
        await story.pass_time(86400)
        again = [subject for subject in story.subjects("alice") if disclosure in subject]
        assert again.count(asked.subject) == 1, "asked once; from then on the daily digest has it"

        await story.post("alice", "Embargo-Until: +7d\nHold-Until: +1h\n", reply_to=asked)
        assert await state_of(story, disclosure) == "held"
        await story.pass_time(3600)
        assert [len(story.inbox(name)) for name in MEMBERS] == [1, 1, 1]


async def test_a_hold_due_during_an_outage_is_released_at_the_start_and_called_late(
    tmp_path: Path, people: dict[str, Person]
) -> None:
    async with world(tmp_path, people) as story:
        await story.post("alice", HELD)
        disclosure = story.disclosure_id()
        await story.pass_time(3600 + 2 * 3600 + 300)

        assert [len(story.inbox(name)) for name in MEMBERS] == [1, 1, 1]
        assert [(alarm.kind, alarm.ref) for alarm in await pages(story)] == [("late-release", disclosure)]
        assert any("2 h 5 min late" in copy.text for copy in story.inbox("alice"))


async def test_a_release_some_seconds_late_says_so_and_rings_nobody(tmp_path: Path, people: dict[str, Person]) -> None:
    async with world(tmp_path, people) as story:
        await story.post("alice", HELD)
        await story.pass_time(3612)
        assert any("12 s late" in copy.text for copy in story.inbox("alice"))
        assert await pages(story) == []


@pytest.mark.side
async def test_a_lift_due_during_an_outage_is_one_lift_and_tells_how_late(
    tmp_path: Path, people: dict[str, Person]
) -> None:
    async with world(tmp_path, people) as story:
        await story.post("alice", AT_ONCE)
        disclosure = story.disclosure_id()
        await story.pass_time(14 * 86400 + 7200)

        assert await state_of(story, disclosure) == "lifted"
        for name in (*MEMBERS, "alice"):
            notices = [copy for copy in story.inbox(name) if "2 h 0 min late" in copy.text]
            assert len(notices) == 1, name
        assert [(alarm.kind, alarm.ref) for alarm in await pages(story, "late-lift")] == [("late-lift", disclosure)]

        told = {name: len(story.inbox(name)) for name in MEMBERS}
        await story.pass_time(1)
        await story.pass_time(86400)
        assert {name: len(story.inbox(name)) for name in MEMBERS} == told, "firing again is no second lift"


@pytest.mark.side
async def test_both_instants_gone_by_in_one_outage_after_the_release_is_only_a_lift(
    tmp_path: Path, people: dict[str, Person]
) -> None:
    async with world(tmp_path, people) as story:
        await story.box.stop()
        await story.post("alice", AT_ONCE)
        await story.box.start()
        await story.pass_time(4 * 86400)
        message = f"{story.disclosure_id()}/1"
        assert set((await states(story, message)).values()) == {"sent"}


@pytest.mark.side
async def test_a_disclosure_that_cannot_be_released_keeps_no_other_from_its_moment(
    tmp_path: Path, people: dict[str, Person]
) -> None:
    async with world(tmp_path, people) as story:
        await story.post("alice", HELD, subject="First flaw")
        broken = story.disclosure_id()
        await story.post("alice", HELD, subject="Second flaw")
        await destroy_payload(story, f"{broken}/1")
        await story.pass_time(3600)

        assert await state_of(story, broken) == "held", "doubt means hold"
        for name in MEMBERS:
            (copy,) = story.inbox(name)
            assert "Second flaw" in copy.subject


async def destroy_payload(story: World, message_id: str) -> None:
    async with story.parts.database.transaction() as tx:
        message = await messages.get(tx, message_id)
        assert message is not None
        assert message.payload_item is not None
        await items.destroy(tx, message.payload_item, story.clock.now())
