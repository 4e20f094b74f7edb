"""A report is read by people: what is attached to their notice must open, also where it came encrypted to the list."""

from __future__ import annotations

from pathlib import Path

import pytest

from deeds import AT_ONCE
from letters import hand_in, signed_payload
from openpgp import Person
from world import OWNER, world

pytestmark = pytest.mark.side

LOG = ("access.log", b"GET /the-fix from 192.0.2.7\n")


async def test_the_attachment_of_an_encrypted_report_or_letter_is_readable_in_what_coordinators_get(
    tmp_path: Path, people: dict[str, Person]
) -> None:
    async with world(tmp_path, people) as story:
        await story.post("alice", AT_ONCE)
        disclosure = story.last("north")
        await story.post("north", "Leak: it, see the log\n", reply_to=disclosure, attachments=[LOG])
        await story.post("north", "Please look at this.\n", to=OWNER, attachments=[LOG])
        await story.post("north", "Sorry, we pushed it to GitHub.\n", reply_to=disclosure, attachments=[LOG])

        for subject in ("ALARM", "To the coordinators", "Kept back"):
            attached = b"".join(story.last("adam", subject).attachments.values())
            assert b"GET /the-fix" in attached or b"R0VUIC90aGUtZml4" in attached, subject


async def test_a_report_that_nobody_can_take_apart_is_attached_as_it_stood_inside_the_encryption(
    tmp_path: Path, people: dict[str, Person]
) -> None:
    async with world(tmp_path, people) as story:
        await story.post("alice", AT_ONCE)
        broken = b"Content-Type: multipart/mixed\r\n\r\nLeak: GET /the-fix\r\n"
        await hand_in(story, signed_payload(story, broken, who="north", answers=story.last("north")))
        await story.settle()

        assert story.last("adam", "ALARM").attachments["as-it-came.eml"] == broken
