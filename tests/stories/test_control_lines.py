"""Doubtful control lines: nothing reaches a member, and the block that comes back is accepted when pasted."""

from __future__ import annotations

from pathlib import Path

import pytest

from openpgp import Person
from storage import quarantine
from world import LIST, Copy, World, entity, envelope_mail, world

MEMBERS = ("north", "south", "west")
FIX = [("fix-for-the-parser-of-the-proxy.patch", b"--- a\n+++ b\n")]
DOUBTFUL = {
    "a slip in a name": ("Hold-Untill: +2h\nEmbargo-Until: +14d\n\nText.\n", "did you mean Hold-Until"),
    "a greeting before the block": ("Hi all,\n\nHold-Until: +2h\nEmbargo-Until: +14d\n\nText.\n", "very top"),
    "no zone": ("Embargo-Until: 2026-12-08 18:00\n\nText.\n", "zone"),
    "day and month": ("Embargo-Until: 02/06/2027\n\nText.\n", ""),
    "a wrong weekday": ("Embargo-Until: Mon, 08 Dec 2026 18:00 +0000\n\nText.\n", "Tue"),
    "a past instant": ("Hold-Until: 2020-01-01 10:00 UTC\nEmbargo-Until: +14d\n\nText.\n", "past"),
    "no date": ("TLP: RED\n\nText.\n", "Embargo-Until"),
    "too late": ("Embargo-Until: +300d\n\nText.\n", "90 days"),
    "an unknown name": ("Embargo-Until: +14d\nCelebrate: yes\n\nText.\n", "Celebrate"),
    "no block": ("Dear all,\n\nthere is a flaw.\n", "no control lines"),
}


async def test_whatever_is_doubtful_reaches_nobody_and_its_block_is_accepted_when_pasted_back(
    tmp_path: Path, people: dict[str, Person]
) -> None:
    async with world(tmp_path, people) as story:
        for number, (name, (text, why)) in enumerate(DOUBTFUL.items()):
            await story.post("alice", text, subject=f"Doubtful {number}")

            complaint = story.last("alice")
            assert "Kept back" in complaint.subject, name
            assert complaint.subject.endswith(f": Doubtful {number}"), name  # which of several mails it is about
            assert why in complaint.text, name
            assert all(story.inbox(member) == [] for member in MEMBERS), name
            assert "Kept back: QU-" in story.last("adam").subject
            pasted = f"Hold-Until: +1m\n{block_of(complaint)}\nText.\n"
            if "Hold-Until" in block_of(complaint):
                pasted = f"{block_of(complaint)}\nText.\n"
            before = len(story.inbox("adam"))
            await story.post("alice", pasted, subject=f"Pasted {number}")
            assert "Receipt" in story.last("alice", f"Pasted {number}").subject, (name, story.last("alice").text)
            assert len(story.inbox("adam")) == before + 2, name
        assert all(story.inbox(member) == [] for member in MEMBERS)


async def test_a_restriction_wrapped_at_72_columns_is_one_and_a_misspelled_one_sends_nothing(
    tmp_path: Path, people: dict[str, Person]
) -> None:
    async with world(tmp_path, people) as story:
        wrapped = "Embargo-Until: +14d\nRestrict: fix-for-the-parser-of-the-proxy.patch to\norg:Northwind\n\nText.\n"
        await story.post("alice", wrapped.replace("Restrict", "Restrct"), attachments=FIX)
        assert all(story.inbox(member) == [] for member in MEMBERS)

        await story.post("alice", wrapped, attachments=FIX)
        assert story.last("north").attachments == dict(FIX)
        assert story.last("west").attachments == {}

        await story.post("alice", wrapped.replace("for-the", "of-the"), attachments=FIX)
        assert len(story.inbox("west")) == 1


async def test_an_answer_to_the_complaint_sends_the_kept_mail_under_the_new_block(
    tmp_path: Path, people: dict[str, Person]
) -> None:
    async with world(tmp_path, people) as story:
        kept = "Hi all,\n\nHold-Untill: +1h\nEmbargo-Until: +14d\n\nThe kept text.\n"
        await story.post("alice", kept, attachments=FIX, message_id="<kept@project.example>", subject="The kept flaw")
        complaint = story.last("alice", "Kept back")

        await story.post("alice", "Hold-Untill: +1h\n\nStill wrong.\n", reply_to=complaint)
        again = story.last("alice", "Kept back")
        assert again.message_id != complaint.message_id
        await story.post("alice", f"{block_of(complaint)}\nThe text of the answer.\n", reply_to=again)

        receipt = story.last("alice", "Receipt: The kept flaw")
        assert "3 of 3 members" in receipt.text
        assert story.inbox("north") == []
        await story.pass_time(3600)
        copy = story.last("north")
        assert copy.text.partition("-" * 60)[2].split() == ["Hi", "all,", "The", "kept", "text."]
        assert copy.attachments == dict(FIX)
        assert "The kept flaw" in copy.subject
        assert all(
            "The text of the answer" not in copy.text for name in ("adam", *MEMBERS) for copy in story.inbox(name)
        )
        assert await states(story) == ["kept", "released"]

        await story.post("alice", "A follow-up from the Sent folder.\n", references=["<kept@project.example>"])
        assert "A follow-up from the Sent folder." in story.last("north").text
        await story.post("alice", f"{block_of(complaint)}\nOnce more.\n", reply_to=complaint)
        assert len(story.inbox("north")) == 2


@pytest.mark.parametrize(
    ("kept", "answer", "why"),
    [
        pytest.param(
            "Hi all,\nRestrict: fix* to org:Northwind\n\nText.\n",
            "Embargo-Until: +14d\n",
            "not in your block",
            id="a stray line that the new block leaves out",
        ),
        pytest.param(
            "Embargo-Until: +14 days please\nDear all, this is text.\n\nText.\n",
            "Embargo-Until: +14d\n",
            "your text",
            id="prose that ran into the old block",
        ),
    ],
)
async def test_where_it_is_not_certain_what_is_text_the_kept_mail_stays_kept(
    tmp_path: Path, people: dict[str, Person], kept: str, answer: str, why: str
) -> None:
    async with world(tmp_path, people) as story:
        await story.post("alice", kept, attachments=FIX)
        await story.post("alice", answer, reply_to=story.last("alice", "Kept back"))

        assert why in story.last("alice", "Kept back").text
        assert all(story.inbox(member) == [] for member in MEMBERS)
        assert await states(story) == ["kept", "kept"]


async def test_control_lines_in_html_alone_do_not_count(tmp_path: Path, people: dict[str, Person]) -> None:
    async with world(tmp_path, people) as story:
        alice = people["alice"]
        protected = {"Subject": "Flaw", "From": alice.address, "To": LIST, "Message-ID": "<html@project.example>"}
        html = entity("<p>Embargo-Until: +14d</p>\n<p>A flaw.</p>\n", protected=protected)
        ciphertext = alice.sign_encrypt(html.replace(b"text/plain", b"text/html"), [story.list_key])
        mail = envelope_mail(ciphertext, subject="...", sender=alice.address, message_id="<html@project.example>")
        await story.deliver(mail)
        await story.settle()

        assert "please send it as plain text" in story.last("alice", "Kept back").text
        assert all(story.inbox(member) == [] for member in MEMBERS)


def block_of(complaint: Copy) -> str:
    """The block of a complaint, as one copies it out: its last paragraph."""
    return complaint.text.rstrip().replace("\r\n", "\n").rpartition("\n\n")[2] + "\n"


async def states(story: World) -> list[str]:
    async with story.parts.database.reading() as tx:
        return sorted(entry.state for entry in await quarantine.ls(tx, state=None))
