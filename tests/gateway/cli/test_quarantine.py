"""Mails kept back: shown, released with their rule waived, discarded; what is kept again leaves no trace."""

from __future__ import annotations

import pytest

import letters
from gateway.operator import kept as operator_kept
from letters import DISCLOSURE
from world import world

LISTED = {"id", "list", "received_at", "envelope_from", "reason", "reasons", "size"}
NO_BLOCK = "Good morning, here is something new.\n"
LEAKY = "I fear that the embargo was broken: somebody pushed to the public repository.\n"


async def reasons(shell):
    return {row["reason"]: row["id"] for row in await shell.json("quarantine", "ls")}


async def test_a_kept_mail_is_shown_as_the_contract_says(tmp_path, people, beside):
    async with world(tmp_path, people) as story:
        raw = await story.post("mallory", DISCLOSURE)
        shell = beside(story)

        (listed,) = await shell.json("quarantine", "ls")
        shown = await shell.json("quarantine", "show", listed["id"])

        assert listed.keys() == LISTED
        assert (listed["reason"], listed["reasons"], listed["list"]) == ("stranger", ["stranger"], "early-disclosure")
        assert (listed["envelope_from"], listed["size"]) == ("someone@corp.example", len(raw))
        assert shown == {**listed, "state": "kept", "disclosure": None}
        assert "not pinned for this list" in await shell.ok("quarantine", "show", listed["id"])
        await shell.refuse("quarantine", "show", listed["id"], "--raw", "--json", code=2)
        assert (await shell.ok("quarantine", "show", listed["id"], "--raw")).encode() == raw.replace(b"\r\n", b"\n")


async def test_what_is_not_proved_is_never_released(tmp_path, people, beside):
    async with world(tmp_path, people) as story:
        await story.post("mallory", DISCLOSURE)
        await story.deliver(letters.unsigned(story, DISCLOSURE, who="alice"))
        await story.deliver(letters.clear(DISCLOSURE))
        shell = beside(story)
        found = await reasons(shell)

        for reason in ("stranger", "unsigned", "cleartext"):
            assert f"({reason})" in await shell.refuse("quarantine", "release", found[reason])

        assert await reasons(shell) == found
        assert story.subjects("north") == []


async def test_a_possible_leak_that_is_none_goes_on_as_a_reply(tmp_path, people, beside):
    async with world(tmp_path, people, list={"discussion": "audience"}) as story:
        await story.post("alice", DISCLOSURE)
        await story.post("north", LEAKY, reply_to=story.last("north", "Flaw"))
        shell = beside(story)
        shell.house.configure(story.box.port, more_of_list='discussion = "audience"')
        kept = (await reasons(shell))["possible-leak"]
        assert len(story.subjects("south")) == 1

        said = await shell.ok("quarantine", "release", kept)
        await story.settle()

        assert "taken for reply" in said
        assert "pushed to the public" in story.last("south", "Re:").text
        assert f"released {kept}" in story.last("adam", "released").text
        assert await shell.json("quarantine", "ls") == []
        assert "is released already" in await shell.refuse("quarantine", "release", kept)
        assert ("quarantine-released", "operator") in [
            (record["event"], record["actor"]) for record in await shell.trail() if record["id"] == kept
        ]


@pytest.mark.side
async def test_what_would_be_kept_again_stays_and_nothing_is_doubled(tmp_path, people, beside):
    async with world(tmp_path, people) as story:
        await story.post("alice", NO_BLOCK)
        await story.post("alice", "Hold-Untill: +1h\nEmbargo-Until: +14d\n\nText.\n")
        shell = beside(story)
        before = await shell.json("quarantine", "ls")
        found = await reasons(shell)
        records = len(await shell.trail())
        mails = letters.sizes(story)

        assert "(no-control-block)" in await shell.refuse("quarantine", "release", found["no-control-block"])
        assert "(control-lines)" in await shell.refuse("quarantine", "release", found["control-lines"])
        await story.settle()

        assert await shell.json("quarantine", "ls") == before
        assert len(await shell.trail()) == records
        assert letters.sizes(story) == mails
        assert await shell.json("disclosure", "ls") == []


@pytest.mark.side
async def test_a_mail_that_waited_for_weeks_is_not_stale_by_that(tmp_path, people):
    async with world(tmp_path, people) as story:
        await story.post("alice", "Embargo-Until: +60d\n\nA flaw in the parser.\n")
        await story.post("north", LEAKY, reply_to=story.last("north", "Flaw"))
        kept = await letters.last_kept(story)
        story.clock.advance(20 * 86400)

        done = await operator_kept.release(story.parts, kept.id)

        assert "taken for reply" in done.line


@pytest.mark.side
async def test_a_stale_signature_is_waived(tmp_path, people):
    async with world(tmp_path, people) as story:
        raw = story.compose("alice", DISCLOSURE, subject="New flaw")
        story.clock.advance(8 * 86400)
        await story.deliver(raw)
        kept = await letters.last_kept(story)
        assert kept.reasons == ("stale-signature",)

        done = await operator_kept.release(story.parts, kept.id)
        await story.settle()

        assert "taken for disclosure" in done.line
        assert "New flaw" in story.subjects("north")[0]


@pytest.mark.side
async def test_a_discarded_mail_leaves_its_facts_alone(tmp_path, people, beside):
    async with world(tmp_path, people) as story:
        await story.post("alice", NO_BLOCK)
        shell = beside(story)
        (listed,) = await shell.json("quarantine", "ls")

        await shell.ok("quarantine", "discard", listed["id"])
        await story.settle()

        assert await shell.json("quarantine", "ls") == []
        assert (await shell.json("quarantine", "show", listed["id"]))["state"] == "discarded"
        assert "destroyed" in await shell.refuse("quarantine", "show", listed["id"], "--raw")
        assert "is discarded already" in await shell.refuse("quarantine", "discard", listed["id"])
        assert "is discarded already" in await shell.refuse("quarantine", "release", listed["id"])
        assert f"discarded {listed['id']}" in story.last("adam", "discarded").text
