"""What members ask to share: shown, approved and denied by the operator."""

from __future__ import annotations

from world import world

ASK = "Share-With: Eve <mallory@elsewhere.example>\nShare-What: all\nShare-Why: she builds it\n"
SHOWN = {
    "id", "list", "disclosure", "state", "address", "name", "what", "why", "fingerprint", "by", "asked_at",
    "decided_by", "decided_at", "policy", "accepted_at", "until", "ended_at",
}  # fmt: skip


async def test_an_operator_lists_approves_and_denies_and_the_coordinators_hear_of_it(tmp_path, people, beside):
    (tmp_path / "policy.md").write_text("Keep it to yourself.\n")
    async with world(tmp_path, people, pinned=("alice", "north")) as story:
        shell = beside(story)
        assert "nothing was asked for" in await shell.ok("share", "ls")
        await story.post("alice", "Embargo-Until: +14d\n\nA flaw.\n")
        key = [("eve.asc", people["mallory"].public)]
        await story.post("north", ASK, reply_to=story.last("north"), attachments=key)

        (listed,) = await shell.json("share", "ls")
        assert listed.keys() == SHOWN
        assert (listed["state"], listed["by"]) == ("asked", people["north"].address)
        assert (listed["what"], listed["why"]) == (["*"], "she builds it")
        assert listed["fingerprint"] == people["mallory"].fingerprint
        assert await shell.json("share", "show", listed["id"].lower()) == listed
        assert "she builds it" in await shell.ok("share", "show", listed["id"])
        assert "is approved" in await shell.ok("share", "approve", listed["id"])
        await story.settle()
        assert "The operator approved" in story.last("alice", "The operator").subject
        assert len(story.box.to("mallory@elsewhere.example")) == 1
        assert "it is approved already" in await shell.refuse("share", "approve", listed["id"])
        assert "is denied" in await shell.ok("share", "deny", listed["id"])
        assert "it is denied already" in await shell.refuse("share", "deny", listed["id"])
        assert "no share request SR-2020-AAAA" in await shell.refuse("share", "show", "SR-2020-AAAA")
        assert listed["id"] in await shell.ok("disclosure", "show", listed["disclosure"])
