"""The main job: a coordinator's disclosure reaches every member at its hold, and nobody else."""

from __future__ import annotations

from pathlib import Path

from openpgp import Person
from world import world


async def test_a_disclosure_is_held_then_reaches_every_member_sealed_to_that_member_alone(
    tmp_path: Path, people: dict[str, Person]
) -> None:
    async with world(tmp_path, people) as story:
        await story.post(
            "alice",
            "Hold-Until: +1h\nEmbargo-Until: +14d\n\nA flaw, with a fix.\n",
            attachments=[("fix.patch", b"--- a\n+++ b\n")],
        )
        receipt = story.last("alice", "Receipt")
        assert "3 of 3 members" in receipt.text
        assert len(receipt.proofs) == 1
        assert story.inbox("north") == []

        await story.pass_time(3599)
        assert story.inbox("north") == []

        await story.pass_time(1)
        for name in ("north", "south", "west"):
            (copy,) = story.inbox(name)
            assert "A flaw, with a fix." in copy.text
            assert "Hold-Until" not in copy.text
            assert copy.attachments["fix.patch"] == b"--- a\n+++ b\n"
            assert copy.good_signer()
