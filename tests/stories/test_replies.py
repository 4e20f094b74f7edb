"""Members' replies: to the coordinators, to those who may read them, and acknowledgements to nobody."""

from __future__ import annotations

from pathlib import Path

from openpgp import Person
from storage import disclosures
from world import World, world

POST = "Embargo-Until: +14d\nRestrict: fix.patch to group:distributors\n\nA flaw.\n"
FIX = [("fix.patch", b"+++ the secret fix\n")]


async def test_with_discussion_among_coordinators_a_reply_goes_to_them_alone(
    tmp_path: Path, people: dict[str, Person]
) -> None:
    async with world(tmp_path, people) as story:
        await story.post("alice", POST, attachments=FIX)
        await story.post("north", "A remark.\n", reply_to=story.last("north"))

        for name in ("alice", "adam"):
            copy = story.last(name, "Re: Flaw")
            assert "A remark." in copy.text
            assert "Posted by Northwind" in copy.text
            assert story.inbox("north")[0].message_id in str(copy.outer["References"])
        assert [len(story.inbox(name)) for name in ("north", "south", "west")] == [1, 1, 1]


async def test_a_full_quote_never_reaches_one_from_whom_the_quoted_part_is_withheld(
    tmp_path: Path, people: dict[str, Person]
) -> None:
    async with world(tmp_path, people, list={"discussion": "audience"}) as story:
        await story.post("alice", POST, attachments=FIX)
        await story.post("north", "> +++ the secret fix\n\nIt misses a case.\n", reply_to=story.last("north"))
        assert "It misses a case." in story.last("south").text
        assert len(story.inbox("west")) == 1
        assert b"secret fix" not in b"".join(copy.plaintext for copy in story.inbox("west"))

        await story.post("west", "> A flaw.\n\nWe are affected.\n", reply_to=story.last("west"))
        for name in ("north", "south"):
            assert "We are affected." in story.last(name).text

        await story.post("south", "> It misses a case.\n\nIndeed.\n", reply_to=story.inbox("south")[1])
        assert "Indeed." in story.last("north").text
        assert not any("Indeed." in copy.text for copy in story.inbox("west"))
        tagged = f"Re: [{story.disclosure_id()}] Flaw"
        await story.post("south", "By the tag.\n", subject=tagged)
        assert not any("By the tag." in copy.text for name in ("north", "west") for copy in story.inbox(name))
        assert "By the tag." in story.last("alice").text
        again = "> By the tag.\n> It misses a case.\n\nSaid again.\n"
        await story.post("south", again, reply_to=story.inbox("south")[1])
        assert "Said again." in story.last("north").text, "what south wrote itself is its to tell"
        assert not any("Said again." in copy.text for copy in story.inbox("west")), "what it got of another is not"


async def test_an_acknowledgement_is_counted_and_goes_to_nobody(tmp_path: Path, people: dict[str, Person]) -> None:
    async with world(tmp_path, people, list={"discussion": "audience"}) as story:
        await story.post("alice", POST, attachments=FIX)
        before = {name: len(story.inbox(name)) for name in people}
        await story.post("north", "Ack: yes\n", reply_to=story.last("north"))
        await story.post(
            "south", "Received, thanks.\n\nOn Sunday Alice wrote:\n> A flaw.\n", reply_to=story.last("south")
        )
        assert {name: len(story.inbox(name)) for name in people} == before
        assert await acknowledged(story) == 2

        await story.post("west", "Ack: yes\n\nWhen is the call?\n", reply_to=story.last("west"))
        assert await acknowledged(story) == 3
        assert "When is the call?" in story.last("alice").text
        assert "Ack: yes" not in story.last("alice").text

        await story.post("west", "Hold-Until: now\n\nPlease.\n", reply_to=story.last("west"))
        assert "only coordinators steer" in story.last("west", "Kept back").text
        assert "write `Propose-Embargo-Until:` with a `Reason:`" in story.last("west", "Kept back").text


async def acknowledged(story: World) -> int:
    async with story.parts.database.reading() as tx:
        return len(await disclosures.acknowledged(tx, story.disclosure_id()))
