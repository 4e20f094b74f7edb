"""Before a hold ends and before the public date the coordinators hear what is not right yet, the members the date."""

from __future__ import annotations

from pathlib import Path

import pytest

from deeds import pages
from openpgp import Person
from world import World, world

DAY, HOUR = 86400, 3600


def reminded(story: World, who: str) -> list[str]:
    return [copy.text for copy in story.inbox(who) if "Reminder" in copy.subject]


async def test_what_comes_near_is_told_with_what_is_not_right_yet(tmp_path: Path, people: dict[str, Person]) -> None:
    async with world(tmp_path, people, list={"date_change": "agreement"}) as story:
        await story.post("alice", "Hold-Until: +2d\nEmbargo-Until: +12d\n\nA flaw.\n")
        await story.pass_time(DAY)
        assert [text.split(" {")[0][:11] for text in reminded(story, "adam")] == ["Members get"]
        assert "Everything is in order." in reminded(story, "adam")[0]
        assert reminded(story, "north") == []

        await story.pass_time(DAY - HOUR)
        await story.pass_time(HOUR)
        assert len(reminded(story, "alice")) == 2
        await story.post("north", "Ack: yes\n", reply_to=story.last("north"))

        await story.pass_time(3 * DAY)  # seven days before the public date
        told = reminded(story, "alice")[-1]
        assert "goes public" in told
        assert "not acknowledged by Southgate, Westlake" in told
        assert "Northwind" not in told
        assert reminded(story, "north") == []

        await story.pass_time(6 * DAY - HOUR)
        await story.post("south", "Propose-Embargo-Until: +20d\nReason: x\n", reply_to=story.last("south"))
        await story.pass_time(HOUR)
        assert "* DP-2" in reminded(story, "alice")[-1]
        assert "you have not confirmed it: `Confirm: DP-2" in reminded(story, "alice")[-1]
        (text,) = reminded(story, "north")
        assert "in 24 hours" in text or "in 1 day" in text
        assert "A flaw." not in text
        assert len(reminded(story, "alice")) == 4


@pytest.mark.side
async def test_a_new_date_is_reminded_of_and_the_old_one_no_more(tmp_path: Path, people: dict[str, Person]) -> None:
    async with world(tmp_path, people, list={"reminders": ["1h"], "member_reminder": ""}) as story:
        await story.post("alice", "Embargo-Until: +2d\n\nA flaw.\n")
        await story.post("alice", "Embargo-Until: +4d\n", reply_to=story.last("alice", "Receipt"))
        await story.pass_time(2 * DAY - HOUR)
        assert reminded(story, "alice") == []
        await story.pass_time(2 * DAY)
        assert len(reminded(story, "alice")) == 1
        assert reminded(story, "north") == []
        await story.pass_time(HOUR)
        assert "lifted" in story.last("north").text.lower() or "over" in story.last("north").text.lower()

        # From then on somebody is asked, twice, until it is on record that it is public.
        assert await pages(story, "no-public-post") == []
        await story.pass_time(HOUR)
        assert "\nPublic-Post: https://" in story.last("adam", "No public notice yet").text.replace("\r", "")
        assert "nobody but members knows of the flaw yet" in story.last("adam", "No public notice yet").text
        await story.pass_time(DAY)
        assert [page.kind for page in await pages(story)] == ["no-public-post"] * 2
        assert sum("No public notice" in subject for subject in story.subjects("alice")) == 2
        assert "No public notice" not in " ".join(story.subjects("north"))

        await story.post("alice", "Embargo-Until: +2h\n\nAnother.\n", subject="Another flaw")
        await story.pass_time(2 * HOUR)
        asked = story.last("alice", "Lifted: Another")
        await story.post("alice", "Public-Post: https://blog.example/2\n", reply_to=asked)
        await story.pass_time(HOUR)
        assert len(await pages(story, "no-public-post")) == 2, "it is on record"


async def test_an_embargo_shorter_than_a_reminder_has_none(tmp_path: Path, people: dict[str, Person]) -> None:
    async with world(tmp_path, people) as story:
        await story.post("alice", "Hold-Until: +10m\nEmbargo-Until: +30m\n\nA flaw.\n")
        await story.pass_time(600)
        await story.pass_time(1200)
        assert reminded(story, "alice") == reminded(story, "north") == []
