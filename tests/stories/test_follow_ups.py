"""Coordinators' replies: which are follow-ups, which stay among coordinators, and what waits with the hold."""

from __future__ import annotations

from pathlib import Path

import pytest

from openpgp import Person
from world import Copy, World, world

MEMBERS = ("north", "south", "west")
POST = "Embargo-Until: +14d\n\nA flaw.\n"


@pytest.mark.side
async def test_a_follow_up_during_the_hold_waits_with_it(tmp_path: Path, people: dict[str, Person]) -> None:
    async with world(tmp_path, people) as story:
        await story.post("alice", f"Hold-Until: +1h\n{POST}", message_id="<own@project.example>")
        full = content(story, "adam", "A flaw.")

        await story.post("adam", "Second part.\n", reply_to=full, attachments=[("fix.patch", b"--- a\n")])
        assert "Second part." in content(story, "alice", "Second part.").text
        receipt = story.last("alice", "Receipt")
        assert "Your text waits with its disclosure." in receipt.text
        assert len(receipt.proofs) == 2
        await story.post("alice", "Third part, from the Sent folder.\n", references=["<own@project.example>"])
        await story.post("alice", "Among ourselves.\n", reply_to=story.last("alice", "Receipt"))
        private = content(story, "adam", "Among ourselves.")
        await story.post("adam", "An answer among ourselves.\n", reply_to=private)
        assert all(story.inbox(name) == [] for name in MEMBERS)

        await story.pass_time(3600)

        for name in MEMBERS:
            said = {copy.text.rstrip().rpartition("\n")[2]: copy for copy in story.inbox(name)}
            assert set(said) == {"A flaw.", "Second part.", "Third part, from the Sent folder."}
            first = said["A flaw."].message_id
            assert first in str(said["Second part."].outer["References"])
            assert said["Second part."].attachments == {"fix.patch": b"--- a\n"}


@pytest.mark.side
async def test_an_answer_to_what_the_gateway_wrote_reaches_no_member_unless_it_is_told_to(
    tmp_path: Path, people: dict[str, Person]
) -> None:
    async with world(tmp_path, people) as story:
        await story.post("alice", POST)
        await story.post("north", "Leak: the patch, to a customer\n", reply_to=story.last("north"))
        await story.post("alice", "Hold-Untill: now\n\nComplain.\n", reply_to=story.last("alice", "Receipt"))
        answered = [story.last("alice", s) for s in ("Receipt", "ALARM", "Kept back: please", "Release report")]
        before = {name: len(story.inbox(name)) for name in MEMBERS}

        for number, copy in enumerate(answered):
            await story.post("alice", f"Internal {number}.\n", reply_to=copy)
            assert f"Internal {number}." in content(story, "adam", f"Internal {number}.").text
        await story.post("alice", "By the tag.\n", subject=f"Re: [{story.disclosure_id()}] Flaw")
        assert "By the tag." in content(story, "adam", "By the tag.").text
        await story.post("alice", "TLP: RED\n\nInternal, with lines that act.\n", reply_to=answered[0])
        assert "TLP:RED" in story.last("alice", "Receipt").text
        assert {name: len(story.inbox(name)) for name in MEMBERS} == before

        await story.post("alice", "Send-To: audience\n\nFor all of you.\n", reply_to=answered[0])
        for name in MEMBERS:
            assert len(story.inbox(name)) == before[name] + 1
            assert "For all of you." in story.last(name).text
            assert "TLP:RED" in story.last(name).text


@pytest.mark.side
async def test_an_answer_to_a_members_reply_reaches_its_writer_and_nobody_else(
    tmp_path: Path, people: dict[str, Person]
) -> None:
    async with world(tmp_path, people) as story:
        await story.post("alice", POST)
        await story.post("north", "A question.\n", reply_to=story.last("north"))
        question = content(story, "adam", "A question.")
        assert "Your reply reaches them and Northwind." in question.text

        await story.post("adam", "> A question.\n\nAn answer.\n", reply_to=question)

        assert "An answer." in story.last("north").text
        assert len(story.inbox("south")) == 1
        assert len(story.inbox("west")) == 1
        assert "Your text goes to 1 member." in story.last("adam", "Receipt").text
        await story.post("north", "Thanks, one more question.\n", reply_to=story.last("north"))
        assert "one more question" in content(story, "alice", "one more question").text
        assert len(story.inbox("south")) == 1


async def test_a_reply_to_nothing_known_is_kept_and_its_writer_asked(tmp_path: Path, people: dict[str, Person]) -> None:
    async with world(tmp_path, people) as story:
        await story.post("alice", POST, references=["<unknown@elsewhere.example>"])
        assert "unknown-thread" in story.last("alice", "Kept back").subject
        assert all(story.inbox(name) == [] for name in MEMBERS)


def content(story: World, reader: str, text: str) -> Copy:
    """The mail to a reader in which somebody wrote a text; receipts and reports aside."""
    found = [copy for copy in story.inbox(reader) if text in copy.text and "Posted by" in copy.text]
    assert found, story.subjects(reader)
    return found[-1]
