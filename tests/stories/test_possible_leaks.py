"""Talk of a leak in prose: nobody but the coordinators reads it, at once, and its writer is asked."""

from __future__ import annotations

from pathlib import Path

import pytest

import letters
from letters import DISCLOSURE, MEMBERS, cases, kept, last_kept, sizes
from openpgp import Person
from world import world

TEAM = ("alice", "adam", *MEMBERS)
TALK = "It seems the fix was pushed to a public repository by mistake, zebrastripe.\n"


async def test_talk_of_a_leak_goes_to_the_coordinators_and_its_writer_is_asked(
    tmp_path: Path, people: dict[str, Person]
) -> None:
    async with world(tmp_path, people, pinned=TEAM, list={"discussion": "audience"}) as story:
        await story.post("alice", DISCLOSURE)
        copy, before = story.last("north", "Flaw"), sizes(story)
        await story.post("north", TALK, reply_to=copy)

        assert (await last_kept(story)).reasons == ("possible-leak",)
        assert await cases(story) == []
        assert {who: sizes(story)[who] - before[who] for who in TEAM} == {
            "alice": 1, "adam": 1, "north": 1, "south": 0, "west": 0,
        }  # fmt: skip
        for coordinator in ("alice", "adam"):
            assert "zebrastripe" in story.last(coordinator).text
        question = story.last("north")
        assert "Leak: yes" in question.text
        assert "zebrastripe" not in question.text

        before = sizes(story)
        await story.post("north", "Leak: no\n\nIt was a private mirror after all, okapi.\n", reply_to=question)
        assert await cases(story) == []
        assert "no leak" in story.last("adam").subject
        assert "okapi" in story.last("adam").text
        assert {who: sizes(story)[who] - before[who] for who in MEMBERS} == dict.fromkeys(MEMBERS, 0)

        before = sizes(story)
        await story.post("north", "Leak: yes\n", reply_to=question)
        (case,) = await cases(story)
        assert (case.verified, case.disclosure_id, case.missing) == (
            True,
            story.disclosure_id(),
            ("what", "to", "when", "how"),
        )
        assert {who: sizes(story)[who] - before[who] for who in MEMBERS} == {"north": 1, "south": 1, "west": 1}


@pytest.mark.side
async def test_talk_of_a_leak_in_a_mail_that_is_kept_anyway_is_read_at_once_too(
    tmp_path: Path, people: dict[str, Person]
) -> None:
    async with world(tmp_path, people, pinned=TEAM) as story:
        await story.post("alice", "Scope: org:Northwind\n" + DISCLOSURE)
        copy = story.last("north", "Flaw")
        mails = {
            "in clear": letters.clear(TALK, answers=copy),
            "not signed": letters.unsigned(story, TALK, who="north", answers=copy),
            "not in the audience": story.compose("west", TALK, references=[copy.message_id]),
            "new": story.compose("north", TALK),
            "with a control line": story.compose("north", "Scope: all\n\n" + TALK, reply_to=copy),
        }
        reasons = {"in clear": "cleartext", "not signed": "unsigned", "not in the audience": "not-in-audience",
                   "new": "member-new-thread", "with a control line": "possible-leak"}  # fmt: skip
        for name, raw in mails.items():
            count = len(story.inbox("adam"))
            await letters.hand_in(story, raw)
            await story.settle()
            entry = await last_kept(story)
            assert (entry.reason, "possible-leak" in entry.reasons) == (reasons[name], True), name
            assert any("zebrastripe" in told.text for told in story.inbox("adam")[count:]), name
        assert story.subjects("south") == []

        count = len(await kept(story))
        await story.post("adam", TALK, reply_to=story.last("adam", "Flaw"))  # a coordinator need not be asked
        assert len(await kept(story)) == count
