"""Attacks by size on the one loop: whatever a stranger sends, releases are on time and other mail is taken."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

from letters import cases, fresh_id, hand_in
from openpgp import Person
from world import LIST, world

PARTS, LINES = 8, 300_000
LAG = 4.0  # seconds, on a machine that does ten other things: it takes less than one, and took seven


def huge() -> bytes:
    """A leak report in clear, of texts that fill it."""
    head = f"From: a@b.example\r\nTo: {LIST}\r\nSubject: x\r\nMessage-ID: {fresh_id()}\r\n"
    head += 'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\n'
    part = "--b\r\nContent-Type: text/plain\r\n\r\nLeak: it\r\n" + "\r\n" * LINES
    return (head + part * PARTS + "--b--\r\n").encode()


async def test_a_huge_report_of_a_stranger_keeps_the_loop_from_nothing(
    tmp_path: Path, people: dict[str, Person]
) -> None:
    async with world(tmp_path, people) as story:
        longest = 0.0

        async def watch() -> None:
            nonlocal longest
            while True:
                begun = time.monotonic()
                await asyncio.sleep(0.05)
                longest = max(longest, time.monotonic() - begun)

        watching = asyncio.create_task(watch())
        assert await hand_in(story, huge()) == 250
        watching.cancel()
        await story.settle()

        assert longest < LAG
        assert len(await cases(story)) == 1
        assert "as-it-came.eml" in story.last("alice", "ALARM").attachments
