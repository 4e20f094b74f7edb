"""How an embargo ends: by the clock, by a coordinator's word, or called off; and who is told."""

from __future__ import annotations

from pathlib import Path

from openpgp import Person
from world import World, world

MEMBERS = ("north", "south", "west")
RELEASED = "Embargo-Until: +14d\nScope: group:distributors\n\nA flaw.\n"
HELD = "Hold-Until: +1h\nEmbargo-Until: +14d\n\nA flaw.\n"
DAY = 86400


async def test_at_its_date_the_embargo_is_lifted_to_the_second_and_all_who_got_it_are_told_once(
    tmp_path: Path, people: dict[str, Person]
) -> None:
    async with world(tmp_path, people) as story:
        await story.post("alice", RELEASED)
        await story.pass_time(14 * DAY - 1)
        assert not lifts(story, "north")

        await story.pass_time(1)
        await story.pass_time(DAY)

        for name in ("north", "south", "alice", "adam"):
            (lift,) = lifts(story, name)
            assert "its public date has come" in story.last(name, "Lifted").text
            assert lift.endswith("Lifted: Flaw in the parser")
        assert story.inbox("west") == []
        await story.post("alice", "After the lift.\n", reply_to=story.last("north"))
        assert "The embargo is over" in story.last("north").text


async def test_lift_now_ends_it_for_those_who_have_it_and_is_refused_while_nobody_does(
    tmp_path: Path, people: dict[str, Person]
) -> None:
    async with world(tmp_path, people) as story:
        await story.post("alice", HELD, subject="Held")
        await story.post("alice", "Lift: now\n", reply_to=story.last("alice", "Receipt"))
        assert "members don't have it" in story.last("alice", "Kept back").text
        assert all(story.inbox(name) == [] for name in MEMBERS)

        await story.post("alice", RELEASED, subject="Released")
        await story.post("adam", "Lift: now\n", reply_to=story.last("adam", "Receipt: Released"))
        assert "the coordinators lifted it" in story.last("south", "Lifted").text
        assert "The embargo is lifted." in story.last("alice", "Receipt: Released").text
        await story.post("adam", "Lift: now\n", reply_to=story.last("adam", "Receipt: Released"))
        assert len(lifts(story, "south")) == 1


async def test_a_held_disclosure_is_withdrawn_without_a_word_to_members(
    tmp_path: Path, people: dict[str, Person]
) -> None:
    async with world(tmp_path, people) as story:
        await story.post("alice", HELD)
        await story.post("alice", "Withdraw: found to be harmless\n\nSorry.\n", reply_to=story.last("alice", "Receipt"))
        receipt = story.last("alice", "Receipt")
        assert "withdrawn" in receipt.text
        assert "Stop code" not in receipt.text
        assert "members get nothing" in receipt.text.lower()

        await story.pass_time(15 * DAY)
        assert all(story.inbox(name) == [] for name in MEMBERS)
        await story.post("alice", "One more thing.\n", reply_to=receipt)
        assert "* it is withdrawn" in story.last("alice", "Kept back").text


async def test_an_embargoed_disclosure_is_withdrawn_and_the_bound_are_told(
    tmp_path: Path, people: dict[str, Person]
) -> None:
    async with world(tmp_path, people) as story:
        await story.post("alice", RELEASED)
        await story.post("alice", "Withdraw: duplicate of an older one\n", reply_to=story.last("alice", "Receipt"))

        told = story.last("north", "Withdrawn").text
        assert "duplicate of an older one" in told
        assert "stays confidential until" in told
        assert story.inbox("west") == []
        await story.pass_time(15 * DAY)
        assert not lifts(story, "north")

        await story.post("alice", RELEASED, subject="Another")
        await story.post("alice", "Withdraw: void: no flaw at all\n", reply_to=story.last("alice", "Receipt: Another"))
        assert "not bound by it any more" in story.last("north", "Withdrawn: Another").text


async def test_dates_change_by_reply_in_every_state_and_all_bound_are_told(
    tmp_path: Path, people: dict[str, Person]
) -> None:
    async with world(tmp_path, people, list={"min_notice": "2d", "max_embargo": "20d"}) as story:
        await story.post("alice", HELD)
        await story.post("alice", "Hold-Until: +3h\nEmbargo-Until: +10d\nTLP: RED\n", reply_to=story.last("alice"))
        receipt = story.last("alice", "Receipt")
        assert "in 3 hours" in receipt.text
        assert "TLP:RED" in receipt.proofs[0].get_content()
        await story.pass_time(3 * 3600 - 1)
        assert story.inbox("north") == []
        await story.pass_time(1)
        assert story.last("north").plaintext.endswith(b"A flaw.\r\n")

        await story.post("alice", "Embargo-Until: +1d\n", reply_to=receipt)
        assert "more notice" in story.last("alice", "Kept back").text
        await story.post("alice", "Embargo-Until: +21d\n", reply_to=receipt)
        assert "20 days" in story.last("alice", "Kept back").text
        await story.post("alice", "Hold-Until: +1h\n", reply_to=receipt)
        assert "no hold to change" in story.last("alice", "Kept back").text
        assert len(story.inbox("north")) == 1

        await story.post("alice", "Embargo-Until: +15d\n", reply_to=receipt)
        assert "in 15 days" in story.last("north", "New public date").text
        await story.pass_time(15 * DAY - 1)
        assert not lifts(story, "north")
        await story.pass_time(1)
        assert len(lifts(story, "north")) == 1
        await story.post("alice", "Embargo-Until: +3d\n", reply_to=receipt)
        assert "Kept back" in story.last("alice").subject


def lifts(story: World, name: str) -> list[str]:
    return [subject for subject in story.subjects(name) if "Lifted" in subject]
