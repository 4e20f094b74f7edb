"""A member asks for another public date: a request to the coordinators alone, who grant it or let it be."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from openpgp import Person
from policy.instants import as_value
from storage import audit, disclosures
from world import World, world


async def date_of(story: World) -> str:
    async with story.parts.database.reading() as tx:
        found = await disclosures.get(tx, story.disclosure_id())
    assert found is not None
    return as_value(found.embargo_until)


def block_of(text: str, name: str) -> str:
    """The line of that name, as it stands in a mail to be pasted."""
    found = re.search(rf"^{name}: .*$", text, re.MULTILINE)
    assert found is not None, text
    return found[0].strip()


async def test_a_members_request_changes_nothing_until_a_coordinator_pastes_the_line(
    tmp_path: Path, people: dict[str, Person]
) -> None:
    async with world(tmp_path, people, list={"discussion": "audience", "min_notice": "2d"}) as story:
        await story.post("alice", "Embargo-Until: +14d\n\nA flaw.\n")
        first, stands = story.last("north"), await date_of(story)

        await story.post(
            "north", "Propose-Embargo-Until: +21d\nReason: the farm burnt\n\nWe are sorry.\n", reply_to=first
        )
        request = story.last("alice", "Another public date")
        assert f"{people['north'].address}> asks for a later public date" in request.text
        assert "Reason: the farm burnt" in request.text
        assert any("We are sorry." in copy.text for copy in story.inbox("alice"))
        assert "The coordinators are asked for" in story.last("north").text
        assert await date_of(story) == stands

        # What the list does not allow is answered at once, and the coordinators are not asked for it.
        before = len(story.inbox("alice"))
        for text, why in (
            ("Propose-Embargo-Until: +200d\n", "could mean:"),
            ("Propose-Embargo-Until: 2026-13-40\n", "Propose-Embargo-Until:"),
            ("Propose-Embargo-Until: +1d\n", "needs more notice"),
            (f"Propose-Embargo-Until: {stands}\n", "the public date that stands"),
            ("Propose-Embargo-Until: now\n", "tell the coordinators so"),
            ("Reason: none\n\nHm.\n", "it belongs to one of the lines"),
        ):
            await story.post("north", text, reply_to=first)
            assert why in story.last("north").text, text
        told = story.subjects("alice")[before:]
        assert not any("Another public date" in subject for subject in told)
        assert await date_of(story) == stands

        await story.post("alice", block_of(request.text, "Embargo-Until") + "\n", reply_to=request)
        assert await date_of(story) == block_of(request.text, "Embargo-Until").partition(": ")[2]
        everything = b"".join(copy.plaintext for name in ("south", "west") for copy in story.inbox(name))
        assert "New public date" in story.last("south").subject
        for secret in (b"the farm burnt", b"We are sorry", people["north"].address.encode(), b"Northwind"):
            assert secret not in everything
        async with story.parts.database.reading() as tx:
            trail = await audit.ls(tx)
        assert [record.actor for record in trail if record.event == "date-asked"] == [people["north"].address]
        assert not any("farm" in record.detail for record in trail)


@pytest.mark.side
async def test_an_asking_coordinator_is_told_to_decide_and_a_stranger_asks_nobody(
    tmp_path: Path, people: dict[str, Person]
) -> None:
    async with world(tmp_path, people) as story:
        await story.post("alice", "Embargo-Until: +14d\n\nA flaw.\n")
        stands = await date_of(story)
        await story.post("alice", "Propose-Embargo-Until: +21d\n", reply_to=story.last("alice"))
        asked = story.last("alice")
        assert "coordinators decide on this date" in asked.text
        assert await date_of(story) == stands
        await story.post("alice", block_of(asked.text, "Embargo-Until") + "\n", reply_to=asked)
        moved = await date_of(story)
        assert moved != stands

        # A stranger's words under North's address, and North's own after the lift.
        mallory, first = people["mallory"], story.last("north", "Flaw")
        with pytest.MonkeyPatch.context() as forged:
            forged.setattr(mallory, "address", people["north"].address)
            await story.post("mallory", "Propose-Embargo-Until: +20d\n", reply_to=first)
        await story.post("alice", "Lift: now\n", reply_to=story.last("alice"))
        await story.post("north", "Propose-Embargo-Until: +20d\n", reply_to=story.last("north"))
        assert "its embargo is over" in story.last("north").text
        assert not any("Another public date" in subject for subject in story.subjects("alice"))
