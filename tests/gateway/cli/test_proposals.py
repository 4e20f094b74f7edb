"""Proposed public dates: listed with their votes, and confirmed by the operator."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from world import world

LISTED = {
    "id", "disclosure", "state", "proposed", "stands", "by", "until", "confirmed_by", "agree", "object",
}  # fmt: skip


async def test_an_operator_lists_and_confirms_and_an_ended_one_is_refused(tmp_path, people, beside):
    async with world(tmp_path, people, list={"date_change": "agreement"}) as story:
        shell = beside(story)
        assert "no proposed date" in await shell.ok("proposal", "ls")
        await story.post("alice", "Embargo-Until: +14d\n\nA flaw.\n")
        await story.post("north", "Propose-Embargo-Until: +10d\n", reply_to=story.last("north"))

        (listed,) = await shell.json("proposal", "ls")
        assert listed.keys() == LISTED
        assert (listed["state"], listed["by"]) == ("open", people["north"].address)
        assert (listed["agree"], listed["object"], listed["confirmed_by"]) == (["Northwind"], [], None)
        length = datetime.fromisoformat(listed["until"]) - datetime.fromisoformat(listed["proposed"])
        assert length < timedelta()
        (shown,) = (await shell.json("disclosure", "show", listed["disclosure"]))["proposals"]
        assert shown == listed
        assert listed["id"] in await shell.ok("disclosure", "show", listed["disclosure"])

        assert "is agreed" in await shell.ok("proposal", "confirm", listed["id"].lower())
        await story.settle()
        (done,) = await shell.json("proposal", "ls")
        assert (done["state"], done["confirmed_by"]) == ("agreed", "operator")
        (disclosure,) = await shell.json("disclosure", "ls")
        assert disclosure["embargo_until"] == listed["proposed"]
        assert "New public date" in story.last("south").subject
        assert "is agreed" in story.last("alice", "The operator confirmed").text
        assert "not open any more" in await shell.refuse("proposal", "confirm", listed["id"])
        assert "no proposal DP-2020-AAAA" in await shell.refuse("proposal", "confirm", "DP-2020-AAAA")


@pytest.mark.side
async def test_where_two_coordinators_lift_no_operator_confirms_an_earlier_date(tmp_path, people, beside):
    rules = {"date_change": "agreement", "two_person": ["lift"]}
    async with world(tmp_path, people, list=rules) as story:
        await story.post("alice", "Embargo-Until: +14d\n\nA flaw.\n")
        await story.post("north", "Propose-Embargo-Until: +10d\n", reply_to=story.last("north"))
        shell = beside(story)
        shell.house.configure(story.box.port, more_of_list='two_person = ["lift"]')
        (listed,) = await shell.json("proposal", "ls")

        assert "two coordinators decide" in await shell.refuse("proposal", "confirm", listed["id"])
        assert "two coordinators lift" in await shell.refuse("disclosure", "lift", listed["disclosure"])
        (still,) = await shell.json("proposal", "ls")
        assert (still["state"], still["confirmed_by"]) == ("open", None)
