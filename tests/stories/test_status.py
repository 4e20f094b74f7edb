"""A member tells how far it is: the coordinators read it, and the latest one stands with the disclosure."""

from __future__ import annotations

from pathlib import Path

import pytest

from openpgp import Person
from storage import disclosures
from world import World, world


async def statuses(story: World) -> list[str]:
    """What stands with the disclosure."""
    from gateway import safe
    from gateway.particulars import Particulars

    parts = story.parts
    async with parts.database.reading() as tx:
        item = await disclosures.particulars_item(tx, story.disclosure_id())
        return [one.text for one in Particulars.from_json(await safe.take_json(parts, tx, item)).statuses]


async def test_the_latest_status_of_each_member_stands_and_no_member_reads_anothers(
    tmp_path: Path, people: dict[str, Person]
) -> None:
    async with world(tmp_path, people, list={"discussion": "audience"}) as story:
        await story.post("alice", "Embargo-Until: +14d\n\nA flaw.\n")
        first = story.last("north")
        await story.post("north", "Status: we are affected\n", reply_to=first)
        await story.post("north", "Status: patched, testing\n\nAll tests pass but one.\n", reply_to=first)
        await story.post("south", "Status: not affected\n", reply_to=story.last("south"))

        assert await statuses(story) == ["patched, testing", "not affected"]
        assert any("All tests pass but one." in copy.text for copy in story.inbox("alice"))
        assert "Your status is with the coordinators" in story.last("north").text
        forward = story.last("alice", "To the coordinators")
        await story.post("alice", "TLP: RED\n\nAmong us.\n", reply_to=forward)
        assert "Your control lines are in force." in story.last("adam", "Receipt").text
        assert not any("Among us." in copy.text for name in ("north", "south", "west") for copy in story.inbox(name))
        told = b"".join(copy.plaintext for name in ("south", "west") for copy in story.inbox(name))
        assert b"patched, testing" not in told
        assert b"All tests pass" not in told


@pytest.mark.side
async def test_a_coordinators_status_or_one_without_a_word_changes_nothing(
    tmp_path: Path, people: dict[str, Person]
) -> None:
    async with world(tmp_path, people) as story:
        await story.post("alice", "Embargo-Until: +14d\n\nA flaw.\n")
        await story.post("alice", "Status: all is well\n", reply_to=story.last("alice"))
        assert "it is for members to write" in story.last("alice").text
        await story.post("north", "Status:\n", reply_to=story.last("north"))
        assert "it says nothing" in story.last("north").text
        assert await statuses(story) == []
