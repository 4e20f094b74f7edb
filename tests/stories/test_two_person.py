"""Two people: what one coordinator asks for waits until another one agrees, and nothing of it happens before."""

from __future__ import annotations

from pathlib import Path

import pytest

from openpgp import Person
from policy.facts import Disclosure
from storage import alarms, disclosures, quarantine
from world import World, world

ALL = {"two_person": ["release", "lift", "widen"]}
POST = "Embargo-Until: +14d\n\nA flaw.\n"


async def stored(story: World) -> Disclosure:
    async with story.parts.database.reading() as tx:
        found = await disclosures.get(tx, story.disclosure_id())
    assert found is not None
    return found


async def test_a_post_is_pending_until_another_coordinator_approves_it(
    tmp_path: Path, people: dict[str, Person]
) -> None:
    async with world(tmp_path, people, list=ALL) as story:
        await story.post("alice", POST)
        which = story.disclosure_id()
        receipt = story.last("alice", "Receipt")
        assert (await stored(story)).state == "pending"
        assert f"Approve: {which}" in receipt.text

        for writer, line, why in (
            ("alice", f"Approve: {which}\n", "not the one who posted it"),
            ("adam", "Approve: ED-2026-K7QX\n", "this thread is about"),
            ("adam", "Approve: it\n", "it names what is approved by its id"),
        ):
            await story.post(writer, line, reply_to=receipt)
            assert why in story.last(writer).text
        await story.post("north", f"Approve: {which}\n", reply_to=receipt)  # who has nothing yet approves nothing
        await story.post("alice", "Embargo-Until: +20d\n", reply_to=receipt)  # a new date approves nothing
        assert (await stored(story)).state == "pending"
        assert all(story.inbox(name) == [] for name in ("north", "south", "west"))

        await story.pass_time(3600)
        assert "still missing" in story.last("adam").subject
        async with story.parts.database.reading() as tx:
            assert [alarm.kind for alarm in await alarms.ls(tx)] == ["not-approved"]

        await story.post("adam", f"Approve: {which}\n", reply_to=story.last("adam", "Receipt"))
        assert "Approved. Members get it" in story.last("alice", "Receipt").text
        assert (await stored(story)).state == "embargoed"
        assert all("A flaw." in story.last(name).text for name in ("north", "south", "west"))
        await story.post("adam", f"Approve: {which}\n", reply_to=story.last("adam", "Receipt"))
        assert "there is nothing to approve" in story.last("adam").text


@pytest.mark.side
async def test_an_approval_after_its_date_asks_for_a_new_one(tmp_path: Path, people: dict[str, Person]) -> None:
    async with world(tmp_path, people, list=ALL) as story:
        await story.post("alice", "Embargo-Until: +2d\nHold-Until: +1d\n\nA flaw.\n")
        await story.post("alice", "Hold-Until: +1h\n", reply_to=story.last("alice", "Receipt"))
        receipt = story.last("alice", "Receipt").text
        assert receipt.count(", once another coordinator has approved it.") == 2
        await story.pass_time(3600)
        assert "still missing" in story.last("adam").subject, "at the hold as it stands, not as it stood"
        await story.pass_time(2 * 86400)
        assert (await stored(story)).state == "pending"
        digest = story.last("adam", "Daily digest").text
        assert "members got nothing" in digest
        assert "Embargo-Until: patch-day" in digest
        assert "Approve:" not in digest, "that is refused before it has a date"
        approve = f"Approve: {story.disclosure_id()}\n"
        await story.post("adam", approve, reply_to=story.last("adam", "Receipt"))
        assert "a new `Embargo-Until:` first" in story.last("adam").text
        await story.post("alice", "Embargo-Until: +7d\n", reply_to=story.last("alice", "Receipt"))
        assert story.inbox("north") == []
        await story.post("adam", approve, reply_to=story.last("adam", "Receipt"))
        assert "A flaw." in story.last("north").text


async def test_a_lift_and_a_wider_scope_wait_for_another_coordinator(tmp_path: Path, people: dict[str, Person]) -> None:
    async with world(tmp_path, people, list={"two_person": ["lift", "widen"]}) as story:
        await story.post("alice", "Embargo-Until: +14d\nScope: group:distributors\n\nA flaw.\n")
        which, receipt = story.disclosure_id(), story.last("alice", "Receipt")
        before = [len(story.inbox(name)) for name in ("alice", "adam")]
        await story.post("alice", "Scope: all\n", reply_to=receipt)
        assert "Approve: QU-" in story.last("adam", "A second coordinator is asked").text
        assert [len(story.inbox(name)) for name in ("alice", "adam")] == [one + 1 for one in before]  # one mail each
        assert story.inbox("west") == []
        await story.post("alice", f"Approve: {which}\n", reply_to=receipt)
        assert "not the one who asked" in story.last("alice").text
        assert story.inbox("west") == []
        await story.post("adam", f"Approve: {which}\n", reply_to=story.last("adam", "asked"))
        assert "A flaw." in story.last("west").text

        await story.post("alice", "Scope: org:Northwind\n", reply_to=receipt)  # narrower: one is enough
        assert (await stored(story)).scope == "org:Northwind"
        date = (await stored(story)).embargo_until
        await story.post("alice", "Embargo-Until: +1h\n", reply_to=receipt)  # a lift by another name
        assert (await stored(story)).embargo_until == date
        async with story.parts.database.transaction() as tx:
            (kept,) = [one for one in await quarantine.ls(tx) if one.reason == "two-person"]
            await quarantine.set_state(tx, kept.id, "discarded", story.clock.now())

        await story.post("adam", "Lift: now\n\nIt is public.\n", reply_to=receipt)
        assert (await stored(story)).state == "embargoed"
        assert not any("It is public." in copy.text for copy in story.inbox("north"))
        await story.pass_time(3600)
        assert "still missing" in story.last("adam").subject
        await story.post("alice", f"Approve: {which}\n", reply_to=story.last("alice", "asked"))
        assert (await stored(story)).state == "lifted"
        told = [copy.subject for copy in story.inbox("west")]
        assert any("over" in subject.lower() or "lifted" in subject.lower() for subject in told), told
        count = len(story.inbox("alice"))
        await story.pass_time(3 * 86400)
        assert not any("still missing" in copy.subject for copy in story.inbox("alice")[count:])


@pytest.mark.side
async def test_what_was_lifted_unsent_reaches_nobody_by_one_coordinator(
    tmp_path: Path, people: dict[str, Person]
) -> None:
    async with world(tmp_path, people, list=ALL) as story:
        fix = [("fix.patch", b"a fix\n")]
        block = "Embargo-Until: +14d\nRestrict: fix.patch to org:Northwind\n\nA flaw.\n"
        await story.post("alice", block, attachments=fix)
        receipt = story.last("alice", "Receipt")
        await story.post("alice", "Fact: public\n", reply_to=receipt)
        assert (await stored(story)).state == "lifted"
        await story.post("alice", "Preview: yes\nSend-To: audience\n\nThe text.\n", reply_to=receipt, attachments=fix)
        assert "It would wait for a second coordinator" in story.last("alice", "Preview").text
        await story.post("alice", "Send-To: audience\n\nThe text.\n", reply_to=receipt, attachments=fix)
        assert all(story.inbox(name) == [] for name in ("north", "south", "west"))
        assert (await stored(story)).admitted is None
        asked = story.last("adam", "A second coordinator is asked")
        async with story.parts.database.reading() as tx:
            (kept,) = [one.id for one in await quarantine.ls(tx) if one.reason == "two-person"]
        await story.post("adam", f"Approve: {kept}\n", reply_to=asked)
        assert all("The text." in story.last(name).text for name in ("north", "south", "west"))
        assert list(story.last("north").attachments) == ["fix.patch"]
        assert list(story.last("south").attachments) == [], "what is restricted stays so"
        await story.post("alice", "Send-To: audience\n\nMore.\n", reply_to=receipt)  # as any follow-up
        assert "More." in story.last("south").text

        # One mail that lifts what nobody approved, and orders a text at once: the lift takes one, the text two.
        await story.post("alice", POST, subject="Another")
        count = len(story.inbox("north"))
        receipt = story.last("alice", "] Receipt: Another")
        await story.post("alice", "Fact: public\nSend-To: audience\n\nAt once.\n", reply_to=receipt)
        assert (await stored(story)).state == "lifted"
        assert "answer anew with `Send-To: audience`" in " ".join(
            story.last("alice", "] Receipt: Another").text.split()
        )
        assert len(story.inbox("north")) == count
