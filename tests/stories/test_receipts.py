"""Receipts: all that a coordinator needs to see that it went as meant, or to stop it in time."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from openpgp import Person
from policy.instants import in_words
from storage import audit
from storage import tables as t
from world import World, world

ZONE = "America/Los_Angeles"


async def test_a_receipt_tells_instants_audience_what_is_withheld_stop_code_and_audit_head(
    tmp_path: Path, people: dict[str, Person]
) -> None:
    async with world(tmp_path, people) as story:
        now = story.clock.now()
        await story.post(
            "alice",
            "Hold-Until: +3d\nEmbargo-Until: +14d\nScope: group:distributors\n"
            "Restrict: fix.patch to org:Northwind\n\nA flaw.\n",
            attachments=[("fix.patch", b"--- a\n")],
        )

        for name in ("alice", "adam"):
            receipt = story.last(name, "Receipt")
            hold, public = (in_words(now + timedelta(days=days), ZONE, now) for days in (3, 14))
            assert f"Members get this {hold}. Public {public}. 2 of 3 members; not: Westlake (scope)." in receipt.text
            assert "in 3 days" in receipt.text
            assert "Withheld: fix.patch from Southgate, Westlake" in receipt.text
            assert re.search(r"^Stop code: [0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}\s*$", receipt.text, re.MULTILINE)
            assert await heads(story, receipt.text)
            assert len(receipt.proofs) == 2
            assert receipt.good_signer()
        assert any("A flaw." in copy.text and copy.attachments for copy in story.inbox("adam"))
        assert len(story.inbox("alice")) == 1


@pytest.mark.side
async def test_each_change_before_the_release_yields_a_new_receipt_with_the_proof_as_it_then_is(
    tmp_path: Path, people: dict[str, Person]
) -> None:
    async with world(tmp_path, people) as story:
        await story.post("alice", "Hold-Until: +1h\nEmbargo-Until: +14d\n\nA flaw.\n")
        first = story.last("alice", "Receipt")

        await story.post("adam", "Permit: stage it\nCVE: CVE-2026-7\n", reply_to=story.last("adam", "Receipt"))
        await story.post(
            "adam", "CVE: CVE-2026-77777\nPermit: stage it\nTLP: RED\n", reply_to=story.last("adam", "Receipt")
        )
        changed = story.last("alice", "Receipt")
        assert changed.message_id != first.message_id
        assert "stage it" in changed.proofs[0].get_content()
        assert "Stop code" in changed.text

        await story.pass_time(3600)
        copy = story.last("north")
        assert copy.inner.get_content() == changed.proofs[0].get_content()
        assert "CVE-2026-77777" in copy.text

        await story.post("alice", "More.\n", reply_to=copy)
        after = story.last("alice", "Receipt")
        assert "Stop code" not in after.text
        assert "More." in after.proofs[0].get_content()
        assert "3 of 3 copies are delivered" in story.last("alice", "Release report").text


async def test_who_cannot_get_it_is_told_with_the_reason(tmp_path: Path, people: dict[str, Person]) -> None:
    async with world(tmp_path, people) as story:
        async with story.parts.database.transaction() as tx:
            gone = story.clock.now() - timedelta(days=1)
            where = t.keys.c.fingerprint == people["south"].fingerprint
            await tx.execute(update(t.keys).where(where).values(expires_at=gone))
        await story.post("alice", "Hold-Until: +1h\nEmbargo-Until: +14d\n\nA flaw.\n")
        assert "2 of 3 members; not: Southgate (key expired)." in story.last("alice", "Receipt").text
        await story.pass_time(3600)
        assert story.inbox("south") == []
        assert "withheld (key expired)" in story.last("alice", "Release report").text


@pytest.mark.side
async def test_a_full_quote_of_the_receipt_stops_and_a_hold_in_the_same_mail_lets_go(
    tmp_path: Path, people: dict[str, Person]
) -> None:
    async with world(tmp_path, people) as story:
        await story.post("alice", "Hold-Until: +1h\nEmbargo-Until: +14d\n\nA flaw.\n")
        receipt = story.last("alice", "Receipt")
        quoted = "".join(f"> {line}\n" for line in receipt.text.splitlines())
        await story.post("adam", f"Permit: stage it\n\n{quoted}", reply_to=receipt)
        stopped = story.last("alice", "Receipt")
        assert "held, stopped" in stopped.text
        await story.pass_time(3600)
        assert story.inbox("north") == []

        await story.post("adam", f"Hold-Until: now\n\n{quoted}", reply_to=receipt)
        await story.settle()
        assert "stage it" in story.last("north").text
        assert len(story.inbox("north")) == 1


async def heads(story: World, text: str) -> bool:
    """Whether the head that a receipt tells is one of the trail."""
    found = re.search(r"Audit head: ([0-9]+):([0-9a-f]{64})", text)
    assert found is not None
    async with story.parts.database.reading() as tx:
        records = await audit.ls(tx)
    return any(record.seq == int(found[1]) and record.hash == found[2] for record in records)
