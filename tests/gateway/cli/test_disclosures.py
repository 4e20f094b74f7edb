"""Disclosures: shown as the contract says, and lifted, withdrawn, stopped and let go by the operator."""

from __future__ import annotations

from datetime import datetime

import pytest

from gateway.operator import disclosures as operator_disclosures
from world import world

HELD = "Hold-Until: +1h\nEmbargo-Until: +14d\nScope: group:distributors, security@westlake.example\n\nA flaw.\n"
OUT = "Embargo-Until: +14d\n\nA flaw.\n"
LISTED = {
    "id", "list", "subject", "state", "posted_by", "posted_at", "hold_until", "embargo_until", "tlp", "scope",
    "recipients",
}  # fmt: skip
COPY = {"address", "org", "message", "state", "attempts", "reason", "at"}


async def told(story, who):
    await story.settle()
    return story.last(who)


def is_instant(text):
    return text.endswith("Z") and datetime.fromisoformat(text).utcoffset() is not None


async def test_a_held_one_is_shown_as_the_contract_says(tmp_path, people, beside):
    async with world(tmp_path, people) as story:
        await story.post("alice", HELD)
        shell = beside(story)

        (listed,) = await shell.json("disclosure", "ls")
        shown = await shell.json("disclosure", "show", listed["id"].lower())

        assert listed.keys() == LISTED
        assert shown.keys() == LISTED | {
            "stopped", "copies", "acknowledged", "statuses", "proposals", "timeline", "public_post", "guests",
            "released_at", "ended_at", "closed_at", "destroyed_at", "upstreams", "content_class", "leaks", "facts",
        }  # fmt: skip
        assert {name: shown[name] for name in LISTED} == listed
        assert (listed["state"], listed["subject"], listed["tlp"]) == ("held", "Flaw in the parser", "AMBER+STRICT")
        assert listed["posted_by"] == people["alice"].address
        assert set(listed["scope"]) == {"group:distributors", "security@westlake.example"}
        assert all(is_instant(listed[name]) for name in ("posted_at", "hold_until", "embargo_until"))
        assert (listed["recipients"], shown["copies"]) == (3, [])
        assert [row["event"] for row in shown["timeline"]] == ["disclosure-held"]
        assert set(shown["timeline"][0]) == {"at", "event", "actor", "reason"}


@pytest.mark.side
async def test_copies_and_acknowledgements_of_the_members_are_in_it_and_nobody_elses(tmp_path, people, beside):
    async with world(tmp_path, people) as story:
        await story.post("alice", OUT)
        await story.post("alice", "More of it.\n", reply_to=story.last("north", "Flaw"))
        await story.post("north", "Ack: yes\n", reply_to=story.last("north", "Flaw"))
        shell = beside(story)
        (listed,) = await shell.json("disclosure", "ls")

        shown = await shell.json("disclosure", "show", listed["id"])

        members = {people[who].address for who in ("north", "south", "west")}
        assert shown["state"] == "embargoed"
        assert shown["recipients"] == 3
        assert all(copy.keys() == COPY and is_instant(copy["at"]) for copy in shown["copies"])
        assert {copy["message"] for copy in shown["copies"]} == {f"{listed['id']}/1", f"{listed['id']}/2"}
        assert {copy["address"] for copy in shown["copies"]} == members
        assert {(copy["state"], copy["attempts"], copy["reason"]) for copy in shown["copies"]} == {("sent", 1, None)}
        assert [(row["address"], row["org"]) for row in shown["acknowledged"]] == [
            (people["north"].address, "Northwind")
        ]


async def test_people_read_a_table_with_all_of_it_perhaps_of_some_states_only(tmp_path, people, beside):
    async with world(tmp_path, people) as story:
        await story.post("alice", OUT)
        shell = beside(story)
        (listed,) = await shell.json("disclosure", "ls")

        text = await shell.ok("disclosure", "show", listed["id"])

        for word in (listed["id"], "Flaw in the parser", "Northwind", people["south"].address, "disclosure-embargoed"):
            assert word in text
        assert len(await shell.json("disclosure", "ls", "--state", "embargoed")) == 1
        assert await shell.json("disclosure", "ls", "--state", "held", "--state", "lifted") == []


async def test_a_lift_tells_whoever_has_it_and_the_coordinators(tmp_path, people, beside):
    async with world(tmp_path, people) as story:
        await story.post("alice", OUT)
        shell = beside(story)
        (listed,) = await shell.json("disclosure", "ls")

        await shell.ok("disclosure", "lift", listed["id"])
        await story.settle()

        shown = await shell.json("disclosure", "show", listed["id"])
        assert shown["state"] == "lifted"
        assert shown["timeline"][-1]["actor"] == "operator"
        printed = await shell.ok("disclosure", "show", listed["id"])
        assert shown["ended_at"] in printed, "of what is over people read when it ended"
        assert shown["embargo_until"] not in printed, "and not the date that was planned, days ahead"
        for who in ("alice", "adam", "north", "south", "west"):
            assert "is over" in story.last(who, "Lifted").text
        assert "(it is lifted)" in await shell.refuse("disclosure", "lift", listed["id"])

        assert "(it is lifted)" in await shell.refuse("disclosure", "destroy", listed["id"])
        assert "closed ED" in await shell.ok("disclosure", "close", listed["id"])
        assert "closed it" in (await told(story, "adam")).subject
        assert "only what is lifted" in await shell.refuse("disclosure", "close", listed["id"])
        assert "record stays" in await shell.ok("disclosure", "destroy", listed["id"])
        assert "operator destroyed" in (await told(story, "adam")).subject
        gone = await shell.json("disclosure", "show", listed["id"])
        assert gone["state"] == "closed"
        assert is_instant(gone["closed_at"])
        assert is_instant(gone["destroyed_at"])
        assert gone["subject"].startswith("(content destroyed on 2")
        assert len(gone["copies"]) == 3
        assert [row["actor"] for row in await shell.trail() if row["event"] == "content-destroyed"] == ["operator"]


@pytest.mark.side
async def test_what_nobody_has_can_not_be_lifted_and_what_is_not_stopped_need_not_go(tmp_path, people, beside):
    async with world(tmp_path, people) as story:
        await story.post("alice", HELD)
        shell = beside(story)
        (listed,) = await shell.json("disclosure", "ls")

        assert "no embargo to lift" in await shell.refuse("disclosure", "lift", listed["id"])
        assert "is not stopped" in await shell.refuse("disclosure", "go", listed["id"])
        assert (await shell.json("disclosure", "ls"))[0]["state"] == "held"

        await shell.ok("disclosure", "lift", listed["id"], "--cause", "leaked", "--send")
        await story.settle()
        assert (await shell.json("disclosure", "ls"))[0]["state"] == "lifted"
        assert ["it leaked" in copy.text for copy in story.inbox("north")] == [False, True]


async def test_a_held_one_that_is_withdrawn_never_leaves(tmp_path, people, beside):
    async with world(tmp_path, people) as story:
        await story.post("alice", HELD)
        shell = beside(story)
        (listed,) = await shell.json("disclosure", "ls")

        await shell.ok("disclosure", "stop", listed["id"])
        await shell.ok("disclosure", "withdraw", listed["id"], "--reason", "found to be wrong")
        await story.pass_time(7200)

        shown = await shell.json("disclosure", "show", listed["id"])
        assert (shown["state"], shown["copies"], shown["recipients"]) == ("withdrawn", [], 0)
        assert shown["stopped"] is False, "nothing waits for `go` any more"
        assert "State: withdrawn\n" in await shell.ok("disclosure", "report", listed["id"])
        assert story.subjects("north") == []
        assert "found to be wrong" in story.last("adam", "withdrew").text


@pytest.mark.side
async def test_one_that_is_out_is_withdrawn_with_its_reason(tmp_path, people, beside):
    async with world(tmp_path, people) as story:
        await story.post("alice", OUT)
        shell = beside(story)
        (listed,) = await shell.json("disclosure", "ls")

        await shell.ok("disclosure", "withdraw", listed["id"])
        await story.settle()

        assert "called off by the operator" in story.last("north", "Withdrawn").text
        assert "called off by the operator" in story.last("adam", "Withdrawn").text


@pytest.mark.side
async def test_stopped_it_waits_until_it_may_go(tmp_path, people, beside):
    async with world(tmp_path, people) as story:
        await story.post("alice", HELD)
        shell = beside(story)
        (listed,) = await shell.json("disclosure", "ls")
        disclosure = listed["id"]

        await shell.ok("disclosure", "stop", disclosure)
        assert "stopped already" in await shell.refuse("disclosure", "stop", disclosure)
        assert "(stopped)" in await shell.ok("disclosure", "show", disclosure)
        await story.pass_time(7200)
        assert story.subjects("north") == []
        assert "by the operator" in story.last("alice", "Stopped").text

        await shell.ok("disclosure", "go", disclosure)
        await story.settle()
        assert len(story.subjects("north")) == 1
        assert "Members get it" in story.last("alice", "release go on").text
        events = [
            (row["actor"], row["reason"]) for row in (await shell.json("disclosure", "show", disclosure))["timeline"]
        ]
        assert events[1:3] == [("operator", "stop"), ("operator", "go")]


@pytest.mark.side
async def test_what_was_stopped_on_purpose_is_not_late_when_it_goes(tmp_path, people, beside):
    async with world(tmp_path, people) as story:
        await story.post("alice", HELD)
        shell = beside(story)
        (listed,) = await shell.json("disclosure", "ls")
        await shell.ok("disclosure", "stop", listed["id"])
        await story.pass_time(7200)

        await operator_disclosures.go(story.parts, listed["id"])  # at the story's own time
        await story.settle()
        (shown,) = await shell.json("disclosure", "ls")
        assert shown["state"] == "embargoed"
        assert shown["hold_until"] > listed["hold_until"]
        assert "late" not in story.last("alice", "Release report").text
        assert await shell.json("alarm", "ls") == []


@pytest.mark.side
async def test_what_is_out_can_be_neither_stopped_nor_let_go(tmp_path, people, beside):
    async with world(tmp_path, people) as story:
        await story.post("alice", OUT)
        shell = beside(story)
        (listed,) = await shell.json("disclosure", "ls")

        for verb in ("stop", "go"):
            assert "(it is embargoed)" in await shell.refuse("disclosure", verb, listed["id"])


@pytest.mark.side
async def test_a_suspended_member_is_shown_as_withheld_with_the_reason(tmp_path, people, beside):
    async with world(tmp_path, people) as story:
        await story.post("alice", HELD)
        shell = beside(story)
        (listed,) = await shell.json("disclosure", "ls")
        await shell.ok("member", "suspend", people["south"].address)
        assert (await shell.json("disclosure", "ls"))[0]["recipients"] == 2

        await story.pass_time(7200)

        copies = (await shell.json("disclosure", "show", listed["id"]))["copies"]
        assert {copy["org"]: (copy["state"], copy["reason"]) for copy in copies} == {
            "Northwind": ("sent", None),
            "Southgate": ("withheld", "suspended"),
            "Westlake": ("sent", None),
        }


async def test_facts_are_said_and_confirmed_by_the_operator_through_the_same_core(tmp_path, people, beside):
    async with world(tmp_path, people) as story:
        await story.post("alice", OUT)
        await story.post("north", "Fact: public\n", reply_to=story.last("north", "Flaw"))
        shell = beside(story)
        (listed,) = await shell.json("disclosure", "ls")
        (reported,) = [row["id"] for row in await shell.trail() if row["event"] == "fact-reported"]

        assert "Attacks are seen: confirmed" in await shell.ok(
            "disclosure", "fact", listed["id"], "attacks", "--where", "a honeypot"
        )
        await story.settle()
        assert "a honeypot" in story.last("adam", "operator confirmed a fact").text
        assert "please decide" in story.last("adam", "Attacks are seen").text.casefold()
        assert "known and confirmed already" in await shell.refuse("disclosure", "fact", listed["id"], "attacks")
        assert (await shell.json("disclosure", "show", listed["id"]))["state"] == "embargoed"

        assert "The embargo is lifted" in await shell.ok("disclosure", "confirm", reported.lower())
        await story.settle()
        assert "is over" in story.last("west", "Lifted").text
        assert "confirmed already" in await shell.refuse("disclosure", "confirm", reported)
        assert "no report FA-2026-0000" in await shell.refuse("disclosure", "confirm", "FA-2026-0000")
        assert [row["actor"] for row in await shell.trail() if row["event"] == "fact-confirmed"] == ["operator"] * 2
