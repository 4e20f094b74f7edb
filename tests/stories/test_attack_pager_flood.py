"""Attacks on the pager: what anybody may cause again and again rings once."""

from __future__ import annotations

from pathlib import Path

import pytest

from deeds import pages, pin
from letters import address_of, clear, hand_in
from openpgp import Person
from world import world

pytestmark = pytest.mark.side


async def test_mails_under_a_forged_name_ring_once_for_a_coordinator_without_a_key(
    tmp_path: Path, people: dict[str, Person]
) -> None:
    async with world(tmp_path, people) as story:
        await pin(story, people["adam"], instead=[people["adam"].fingerprint])
        for number in range(5):
            raw = clear(f"Hello {number}\n", sender=address_of(story, "north"))
            assert await hand_in(story, raw) == 250
            await story.settle()

        assert len(story.inbox("alice")) >= 5, "the other coordinator is told of each"
        assert [page.kind for page in await pages(story)] == ["coordinator-unreachable"]

        await pin(story, people["adam"], people["adam"].public)
        await story.settle()
        assert len(story.inbox("adam")) >= 5, "and nothing was lost"
        await pin(story, people["adam"], instead=[people["adam"].fingerprint])
        await hand_in(story, clear("Hello again\n", sender=address_of(story, "north")))
        await story.settle()
        assert len(await pages(story)) == 2, "it rings when it begins anew"
