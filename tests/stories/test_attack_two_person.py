"""One coordinator alone tries to do what the list leaves to two: by another name, in good company, or by mistake."""

from __future__ import annotations

from pathlib import Path

import pytest

from openpgp import Person
from policy.facts import Disclosure
from storage import disclosures, quarantine
from storage.records import Quarantined
from world import World, world

pytestmark = pytest.mark.side

POST = "Embargo-Until: +14d\nScope: group:distributors\n\nA flaw.\n"
FIX = [("fix.patch", b"+++ the secret fix\n")]


async def stored(story: World, which: str) -> Disclosure:
    async with story.parts.database.reading() as tx:
        found = await disclosures.get(tx, which)
    assert found is not None
    return found


async def waiting(story: World) -> list[Quarantined]:
    async with story.parts.database.reading() as tx:
        return [one for one in await quarantine.ls(tx) if one.reason == "two-person"]


async def test_a_wider_scope_is_not_hidden_behind_an_earlier_date_and_a_wider_restriction_is_wider(
    tmp_path: Path, people: dict[str, Person]
) -> None:
    async with world(tmp_path, people, list={"two_person": ["widen"]}) as story:
        await story.post("alice", POST)
        await story.post("alice", "Embargo-Until: +10d\nScope: all\n", reply_to=story.last("alice", "Receipt"))
        assert story.inbox("west") == []
        assert len(await waiting(story)) == 1

        held = "Hold-Until: +2h\nEmbargo-Until: +14d\nRestrict: fix.patch to group:distributors\n\nAnother.\n"
        await story.post("alice", held, subject="The second", attachments=FIX)
        receipt = story.last("alice", "Receipt: The second")
        await story.post("alice", "Restrict: fix.patch to group:distributors, group:cloud\n", reply_to=receipt)
        assert len(await waiting(story)) == 2
        await story.post("alice", "Restrict: fix.patch to org:Northwind\n", reply_to=receipt)  # narrower
        assert len(await waiting(story)) == 2
        await story.pass_time(2 * 3600)
        assert "fix.patch" in story.last("north", "second").attachments
        assert "fix.patch" not in story.last("west", "second").attachments


async def test_of_two_that_wait_an_approval_names_one_and_the_other_waits_on(
    tmp_path: Path, people: dict[str, Person]
) -> None:
    async with world(tmp_path, people, list={"two_person": ["lift", "widen"]}) as story:
        await story.post("alice", POST)
        which, receipt = story.disclosure_id(), story.last("alice", "Receipt")
        await story.post("alice", "Lift: now\n", reply_to=receipt)
        (lift,) = await waiting(story)
        await story.post("alice", "Scope: all\n", reply_to=receipt)
        (wider,) = [one for one in await waiting(story) if one.id != lift.id]
        answered = story.last("adam", "A second coordinator is asked")

        await story.post("adam", f"Approve: {which}\n", reply_to=answered)
        assert all(f"Approve: {one.id}" in story.last("adam").text for one in (lift, wider))
        assert (await stored(story, which)).state == "embargoed"
        await story.post("alice", f"Approve: {wider.id}\n", reply_to=answered)
        assert story.inbox("west") == []

        await story.post("adam", f"Approve: {wider.id}\n", reply_to=answered)
        assert "A flaw." in story.last("west").text
        assert (await stored(story, which)).state == "embargoed"
        assert [one.id for one in await waiting(story)] == [lift.id]


async def test_an_earlier_date_by_agreement_is_no_lift_by_one(tmp_path: Path, people: dict[str, Person]) -> None:
    rules = {"two_person": ["lift"], "date_change": "agreement"}
    async with world(tmp_path, people, list=rules) as story:
        await story.post("alice", POST)
        which, first = story.disclosure_id(), story.last("north")
        date = (await stored(story, which)).embargo_until
        await story.post("alice", "Propose-Embargo-Until: +1h\n", reply_to=first)
        proposal = next(
            word for copy in story.inbox("north") for word in copy.text.replace("`", " ").split() if word[:3] == "DP-"
        ).strip(".,:;()")
        await story.post("alice", f"Confirm: {proposal}\n", reply_to=first)
        assert (await stored(story, which)).embargo_until == date
        (kept,) = await waiting(story)
        await story.post("adam", f"Approve: {kept.id}\n", reply_to=story.last("adam", "A second coordinator is asked"))
        assert (await stored(story, which)).embargo_until < date
