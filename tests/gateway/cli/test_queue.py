"""Copies not delivered yet: listed, and tried again when the operator says so."""

from __future__ import annotations

import pytest

from world import world

OUT = "Embargo-Until: +14d\n\nA flaw.\n"
LISTED = {"id", "disclosure", "message", "address", "state", "attempts", "next_at", "reason"}


async def test_a_deferred_copy_is_listed_and_tried_again_at_once(tmp_path, people, beside):
    north = people["north"].address
    async with world(tmp_path, people) as story:
        story.box.script("451 4.3.0 later", recipient=north)
        await story.post("alice", OUT)
        shell = beside(story)

        (waiting,) = await shell.json("queue", "ls")
        assert waiting.keys() == LISTED
        assert (waiting["address"], waiting["state"], waiting["attempts"]) == (north, "deferred", 1)
        assert waiting["message"] == f"{waiting['disclosure']}/1"
        assert waiting["reason"].startswith("451")

        await shell.ok("queue", "retry", waiting["id"])
        await story.settle()

        assert len(story.box.to(north)) == 1
        assert await shell.json("queue", "ls") == []
        assert "no copy waits" in await shell.ok("queue", "ls")
        assert "is sent" in await shell.refuse("queue", "retry", waiting["id"])


@pytest.mark.side
async def test_all_that_wait_are_tried_again(tmp_path, people, beside):
    async with world(tmp_path, people) as story:
        story.box.script("451 4.3.0 later", "451 4.3.0 later", "451 4.3.0 later", at="connect")
        await story.post("alice", OUT)
        shell = beside(story)
        waiting = await shell.json("queue", "ls")
        assert waiting

        said = await shell.ok("queue", "retry")
        await story.settle()

        assert said.startswith(f"{len(waiting)} copies")
        assert await shell.json("queue", "ls") == []
        assert "no copy waits" in await shell.ok("queue", "retry")


@pytest.mark.side
async def test_a_bounced_copy_goes_out_again_by_its_id(tmp_path, people, beside):
    north = people["north"].address
    async with world(tmp_path, people) as story:
        story.box.script("550 5.1.1 no such user", recipient=north)
        await story.post("alice", OUT)
        shell = beside(story)
        report = story.last("alice", "Bounced").text
        copy = report.partition("embargo queue retry ")[2].partition("`")[0]

        said = await shell.ok("queue", "retry", copy.lower())
        await story.settle()

        assert "it was bounced" in said
        assert len(story.box.to(north)) == 1
        assert [record["actor"] for record in await shell.trail() if record["event"] == "copy-retried"] == ["operator"]


@pytest.mark.side
async def test_the_bounced_copies_of_a_disclosure_go_out_again_by_its_id(tmp_path, people, beside):
    north = people["north"].address
    async with world(tmp_path, people) as story:
        story.box.script("550 5.1.1 no such user", recipient=north)
        await story.post("alice", OUT)
        shell = beside(story)

        said = await shell.ok("queue", "retry", story.disclosure_id())
        await story.settle()

        assert f"1 copy is due now: {north}" in said
        assert len(story.box.to(north)) == 1
        assert "The operator has copies tried again" in story.last("adam", "tried again").text
        assert "nothing to try again" in await shell.ok("queue", "retry", story.disclosure_id())


@pytest.mark.side
async def test_a_withheld_copy_waits_for_a_key_and_not_for_a_try(tmp_path, people, beside):
    async with world(tmp_path, people) as story:
        await story.post("alice", "Hold-Until: +1h\nEmbargo-Until: +14d\n\nA flaw.\n")
        shell = beside(story)
        await shell.ok("member", "suspend", people["north"].address)
        await story.pass_time(7200)

        (waiting,) = await shell.json("queue", "ls")

        assert (waiting["state"], waiting["reason"], waiting["next_at"]) == ("withheld", "suspended", None)
        assert "is withheld (suspended)" in await shell.refuse("queue", "retry", waiting["id"])
