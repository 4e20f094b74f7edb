"""Attacks by size: whatever a stranger sends, it is taken, and a report in it is not lost (law 5)."""

from __future__ import annotations

from pathlib import Path

import pytest

from letters import cases, fresh_id, hand_in
from openpgp import Person
from world import LIST, world

pytestmark = pytest.mark.side

PARTS, LINES = 8, 40_000


def huge() -> bytes:
    """A leak report in clear, of texts that fill it."""
    head = f"From: a@b.example\r\nTo: {LIST}\r\nSubject: x\r\nMessage-ID: {fresh_id()}\r\n"
    head += 'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\n'
    part = "--b\r\nContent-Type: text/plain\r\n\r\nLeak: it\r\n" + "\r\n" * LINES
    return (head + part * PARTS + "--b--\r\n").encode()


async def test_a_huge_report_of_a_stranger_is_one_case_and_comes_whole(
    tmp_path: Path, people: dict[str, Person]
) -> None:
    async with world(tmp_path, people) as story:
        assert await hand_in(story, huge()) == 250
        await story.settle()

        assert len(await cases(story)) == 1
        assert "as-it-came.eml" in story.last("alice", "ALARM").attachments
