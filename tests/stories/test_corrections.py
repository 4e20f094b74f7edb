"""A coordinator puts a patch right: told as a correction, with what to discard, and acknowledged anew."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from openpgp import Person
from storage import disclosures
from world import World, world

OLD = b"--- a\n+++ b\n+wrong\n"
NEW = b"--- a\n+++ b\n+right\n"
POST = "Embargo-Until: +14d\nRestrict: fix.patch to group:distributors\n\nA flaw.\n"


async def acknowledged(story: World) -> int:
    async with story.parts.database.reading() as tx:
        return len(await disclosures.acknowledged(tx, story.disclosure_id()))


async def test_a_correction_says_what_to_discard_to_those_who_have_it_and_asks_for_a_new_acknowledgement(
    tmp_path: Path, people: dict[str, Person]
) -> None:
    async with world(tmp_path, people) as story:
        await story.post("alice", POST, attachments=[("fix.patch", OLD), ("poc.txt", b"poc\n")])
        first = story.last("north")
        await story.post("north", "Ack: yes\n", reply_to=first)
        assert await acknowledged(story) == 1

        block = "Corrects: last\nReplaces: fix.patch, poc.txt\n\nThe first patch was wrong.\n"
        await story.post("alice", block, reply_to=first, attachments=[("fix.patch", NEW)])

        north, west = story.last("north"), story.last("west")
        digest = hashlib.sha256(first.attachments["fix.patch"]).hexdigest()
        assert "CORRECTION" in north.text.splitlines()[0]
        assert f"This puts {story.disclosure_id()}/1 right" in north.text
        assert f"Discard fix.patch as you got it before (SHA-256 {digest})" in north.text
        assert north.attachments["fix.patch"].replace(b"\r\n", b"\n") == NEW
        assert "Discard poc.txt" in west.text
        assert "Discard fix.patch" not in west.text
        assert "fix.patch" not in west.attachments
        assert await acknowledged(story) == 0
        assert "asked to acknowledge anew" in story.last("alice", "Receipt").text

        # What is due at one moment comes in its order: nobody is told to discard what he gets after that.
        await story.post("alice", f"Hold-Until: +1h\n{POST}", subject="Another", attachments=[("fix.patch", OLD)])
        held = story.last("alice", "Receipt: Another")
        for number in range(2, 6):
            text = f"Corrects: last\nReplaces: fix.patch\nSend-To: audience\n\nTry {number}.\n"
            await story.post("alice", text, reply_to=held, attachments=[("fix.patch", NEW + b"%d\n" % number)])
        await story.pass_time(3600)
        for who in ("north", "south", "west"):
            read = [copy.text.rstrip().rpartition("\n")[2] for copy in story.inbox(who)[2:]]
            assert read == ["A flaw.", "Try 2.", "Try 3.", "Try 4.", "Try 5."], who


@pytest.mark.side
async def test_a_correction_of_nothing_or_into_the_wrong_hands_is_kept_back(
    tmp_path: Path, people: dict[str, Person]
) -> None:
    async with world(tmp_path, people) as story:
        await story.post("alice", POST, attachments=[("fix.patch", OLD), ("poc.py", OLD)])
        first, receipt = story.last("north"), story.last("alice", "Receipt")
        before = len(story.inbox("north"))
        for block, answered, why in (
            ("Corrects: last\n\nIt was wrong.\n", receipt, "a correction goes to those who got what it corrects"),
            ("Corrects: ED-2026-K7QX/7\n\nIt was wrong.\n", first, "there is no such mail"),
            ("Corrects: last\nReplaces: fix.pacth\n\nIt was wrong.\n", first, "did you mean fix.patch?"),
            ("Corrects: last\nReplaces: fix.patch\n\nIt was wrong.\n", first, "fix.patch is restricted"),
            ("Corrects: last\n", first, "it says nothing"),
            ("Replaces: fix.patch\n\nIt was wrong.\n", first, "it belongs to one of the lines Corrects"),
        ):
            await story.post("alice", block, reply_to=answered)
            assert why in story.last("alice").text
            assert "There is no block to paste here" in story.last("alice").text, block
        assert len(story.inbox("north")) == before

        await story.post("alice", "Corrects: last\nReplaces: poc.pyy\n\nIt was wrong.\n", reply_to=first)
        kept = story.last("alice", "Kept back").text
        assert "did you mean poc.py?" in kept
        offered = kept.rstrip().replace("\r\n", "\n").rpartition("\n\n")[2]
        assert sorted(offered.splitlines()) == ["Corrects: last", "Replaces: poc.py"]
        await story.post("alice", f"{offered}\n\nIt was wrong.\n", reply_to=first)
        assert len(story.inbox("north")) == before + 1, "what was offered is accepted"
