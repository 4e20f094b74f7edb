"""Attacks on what is withheld: a later line, another part of the mail, or an empty plain text must open nothing."""

from __future__ import annotations

from email import policy
from email.message import EmailMessage
from pathlib import Path

import pytest

from deeds import AT_ONCE
from letters import hand_in, signed_payload
from openpgp import Person
from world import LIST, World, world

pytestmark = pytest.mark.side

FIX, POC = ("fix.patch", b"--- a\n+++ b\n"), ("poc.bin", b"\x00\x01")


async def test_a_new_restriction_of_one_part_opens_no_other_part_of_the_older_line(
    tmp_path: Path, people: dict[str, Person]
) -> None:
    async with world(tmp_path, people) as story:
        await story.post(
            "alice",
            "Hold-Until: +1h\nEmbargo-Until: +14d\nRestrict: fix.patch, poc.bin to org:Northwind\n\nA flaw.\n",
            attachments=[FIX, POC],
        )
        receipt = story.last("alice", "Receipt")
        await story.post("alice", "Restrict: fix.patch to org:Northwind, org:Southgate\n", reply_to=receipt)
        await story.pass_time(3600)

        assert set(story.last("north").attachments) == {"fix.patch", "poc.bin"}
        assert set(story.last("south").attachments) == {"fix.patch"}
        assert story.last("west").attachments == {}


async def test_a_control_line_in_a_second_text_part_keeps_the_mail_back_and_so_does_the_answer_to_the_complaint(
    tmp_path: Path, people: dict[str, Person]
) -> None:
    async with world(tmp_path, people) as story:
        await hand_in(story, signed_payload(story, split_by_its_attachment(), who="alice"))
        await story.settle()

        complaint = story.last("alice", "Kept back")
        assert "Restrict: fix.patch to org:Northwind" in complaint.text
        await story.post("alice", "Embargo-Until: +14d\n\n", reply_to=complaint)
        assert [story.inbox(name) for name in ("north", "south", "west")] == [[], [], []]
        assert "send your mail again" in story.last("alice", "Kept back").text


def split_by_its_attachment() -> bytes:
    """A mail whose text stands before and after its attachment, as Apple Mail makes it."""
    mail = EmailMessage(policy=policy.SMTP)
    for name, value in {"Subject": "Flaw", "From": "a@b.example", "To": LIST, "Message-ID": "<s@b.example>"}.items():
        mail[name] = value
    mail.set_content("Embargo-Until: +14d\n\nA flaw, see this:\n")
    mail.add_attachment(FIX[1], maintype="text", subtype="plain", filename=FIX[0])
    below = EmailMessage(policy=policy.SMTP)
    below.set_content("Restrict: fix.patch to org:Northwind\n")
    mail.attach(below)
    mail.set_param("hp", "cipher")
    return mail.as_bytes()


async def test_control_lines_in_html_beside_an_empty_plain_text_are_asked_about(
    tmp_path: Path, people: dict[str, Person]
) -> None:
    async with world(tmp_path, people) as story:
        await story.post("alice", AT_ONCE)
        await story.post(
            "alice",
            "\n",
            html="<p>Restrict: fix.patch to org:Northwind</p><p>See this.</p>",
            reply_to=story.last("north"),
            attachments=[FIX],
        )
        assert has_fix(story) == []
        assert "the mail is HTML alone" in story.last("alice", "Kept back").text

        await story.post("alice", "\n", html="<p>See <b>this</b>.</p>", reply_to=story.last("north"), attachments=[FIX])
        assert has_fix(story) == ["north", "south", "west"]
        assert story.last("west").text.startswith("Follow-up ")
        assert "See this." in story.last("west").text


def has_fix(story: World) -> list[str]:
    """The members who have the patch."""
    return [
        name
        for name in ("north", "south", "west")
        if any("fix.patch" in copy.attachments for copy in story.inbox(name))
    ]
