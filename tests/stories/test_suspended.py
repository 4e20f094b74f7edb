"""A member suspended or removed gets no content from that instant on, whatever is on its way."""

from __future__ import annotations

from pathlib import Path

import pytest

from deeds import AT_ONCE, HELD, set_standing, states
from openpgp import Person
from policy.facts import Standing
from storage import items, messages
from storage.records import Item
from world import LIST, world

REQUEST = LIST.replace("@", "-request@")


@pytest.mark.side
async def test_a_member_suspended_during_the_hold_gets_nothing_also_not_when_reinstated(
    tmp_path: Path, people: dict[str, Person]
) -> None:
    async with world(tmp_path, people) as story:
        await story.post("alice", HELD)
        message = f"{story.disclosure_id()}/1"
        await set_standing(story, people["west"], Standing.SUSPENDED)
        await story.pass_time(3600)

        assert story.inbox("west") == []
        assert await states(story, message) == {"northwind": "sent", "southgate": "sent", "westlake": "withheld"}
        report = story.last("alice", "")
        assert any("suspended" in copy.text for copy in story.inbox("alice")), report.text

        await set_standing(story, people["west"], Standing.ACTIVE)
        await story.pass_time(60)
        assert story.inbox("west") == [], "who was not let in at the release needs a new Scope line"

        await story.post("alice", "Scope: all\n", reply_to=story.last("alice", "Receipt"))
        (copy,) = story.inbox("west")
        assert "A flaw in the parser." in copy.text, "and then gets what went before, whole"

        # South is suspended with a copy on its way, and reinstated: what that kept from it follows, and nothing twice.
        south, receipt = people["south"].address, story.last("alice", "Receipt")
        north, west = len(story.inbox("north")), len(story.inbox("west"))
        story.box.script("451 4.3.0 later", recipient=south)
        await story.post("alice", "Send-To: audience\n\nOne thing more.\n", reply_to=receipt)
        await story.post("alice", f"Suspend: {south}\n", to=REQUEST, subject="please")
        await story.post("alice", "Send-To: audience\n\nAnd another.\n", reply_to=receipt)
        await story.pass_time(7200)
        assert len(story.inbox("south")) == 2, "the disclosure, and that it is suspended"
        await story.post("alice", f"Reinstate: {south}\n", to=REQUEST, subject="please")

        did = story.disclosure_id()
        assert f", 2 mails follow: {did}/2, {did}/3." in story.last("alice", "Answer").text
        (told,) = [copy for copy in story.inbox("south") if "reinstated" in copy.subject]
        news = [copy.message_id for copy in story.inbox("north")[1:]]
        found = {copy.message_id: copy for copy in story.inbox("south")}
        second, third = found[news[0]], found[news[1]]
        assert "2 mails that were kept from you meanwhile follow." in told.text
        assert len(found) == len(story.inbox("south"))
        assert "One thing more." in second.text
        assert "And another." in third.text
        assert [len(story.inbox(who)) for who in ("north", "west")] == [north + 2, west + 2]

        await story.post("alice", f"Suspend: {south}\nReinstate: {south}\n", to=REQUEST, subject="please")
        assert "follow" not in story.last("alice", "Answer").text, "nothing is lacking"
        await story.post("alice", "Scope: org:Northwind\n", reply_to=receipt)
        await story.post("alice", "Scope: all\n", reply_to=receipt)
        assert "In again, with all that went before: Southgate, Westlake." in story.last("alice", "Receipt").text
        assert [len(story.inbox(who)) for who in ("north", "south", "west")] == [north + 2, 7, west + 2]


@pytest.mark.side
@pytest.mark.parametrize("standing", [Standing.SUSPENDED, Standing.REMOVED])
async def test_between_release_and_hand_over_a_change_of_the_roster_alone_cancels_the_copy(
    tmp_path: Path, people: dict[str, Person], standing: Standing
) -> None:
    async with world(tmp_path, people) as story:
        await story.box.stop()
        await story.post("alice", AT_ONCE)
        await set_standing(story, people["west"], standing)
        await story.box.start()
        await story.pass_time(72)

        message = f"{story.disclosure_id()}/1"
        assert await states(story, message) == {"northwind": "sent", "southgate": "sent", "westlake": "cancelled"}
        assert story.inbox("west") == []
        assert people["west"].address not in story.box.attempts

        await set_standing(story, people["north"], standing)
        await story.post("alice", "Send-To: audience\n\nAnd one thing more.\n", reply_to=story.last("alice", "Receipt"))
        assert len(story.inbox("north")) == 1, "no follow-up either"
        assert len(story.inbox("south")) == 2

        await story.pass_time(14 * 86400)
        assert any("over" in subject.lower() or "lift" in subject.lower() for subject in story.subjects("north")), (
            "still told of the end of what binds him"
        )
        assert not any("A flaw" in copy.text for copy in story.inbox("west"))


@pytest.mark.side
async def test_what_a_suspension_kept_back_follows_also_of_leaks_and_under_a_third_partys_embargo(
    tmp_path: Path, people: dict[str, Person]
) -> None:
    told = {"upstreams": {"envoy": {"mode": "mechanics"}}}
    async with world(tmp_path, people, pinned=("alice", "adam", "north", "south"), list=told) as story:
        south = people["south"].address
        which = "Embargo-Until: +14d\nUpstream: envoy until +20d\nMechanics-Version: 1.2\n\nA canary.\n"
        await story.post("alice", which, attachments=[("fix.patch", b"x\n")])
        first, receipt = story.last("south"), story.last("alice", "Receipt")
        await story.post("alice", f"Suspend: {south}\n", to=REQUEST, subject="please")
        await story.post("adam", "Upstream: envoy over\n", reply_to=story.last("adam", "Receipt"))
        await story.post("north", "Leak: the patch, to a friend\n", reply_to=story.last("north"))
        assert "A leak is reported" not in "".join(story.subjects("south"))
        await story.post("alice", f"Reinstate: {south}\n", to=REQUEST, subject="please")
        did = story.disclosure_id()
        assert f", 1 mail follows: {did}/2." in story.last("alice", "Answer").text
        assert story.last("south", "Flaw").text.startswith(f"Details of {did}/1")
        assert story.last("south", "Flaw").attachments.keys() == {"fix.patch"}
        assert "canary" not in first.text

        story.box.script("451 4.3.0 later", recipient=south)
        await story.post("north", "Leak: more of it, to a friend\n", reply_to=story.last("north", "Flaw"))
        await story.post("alice", f"Suspend: {south}\nReinstate: {south}\n", to=REQUEST, subject="please")
        assert ", 1 mail follows: MS-" in story.last("alice", "Answer").text
        assert "leak" in story.last("south", "leak").subject

        # What does not open keeps nobody from being reinstated.
        story.box.script("451 4.3.0 later", recipient=south)
        await story.post("alice", "Send-To: audience\n\nNews.\n", reply_to=receipt)
        async with story.parts.database.transaction() as tx:
            message = await messages.get(tx, f"{did}/3")
            assert message is not None
            assert message.payload_item is not None
            await items.replace(tx, Item(message.payload_item, b"no key", b"", 0))
        await story.post("alice", f"Suspend: {south}\nReinstate: {south}\n", to=REQUEST, subject="please")
        assert "reinstated Southgate" in story.last("alice", "Answer").text
        assert "follow" not in story.last("alice", "Answer").text
