"""Leak cases at the command line: found, vouched for, assessed, dismissed, as by mail and as the operator's."""

from __future__ import annotations

import letters
from deeds import state_of
from world import world

OUT = "Embargo-Until: +30d\n\nA flaw.\n"


async def test_the_operator_opens_vouches_assesses_and_dismisses_and_all_coordinators_hear_of_it(
    tmp_path, people, beside
):
    async with world(tmp_path, people) as story:
        await story.post("alice", OUT)
        ident, shell = story.disclosure_id(), beside(story)

        what = ("--what", "the patch\nof  Northwind", "--to", "a mirror", "--how", " ")
        said = await shell.ok("leak", "open", "--disclosure", ident, *what)
        await story.settle()
        (found,) = await shell.json("leak", "ls")
        assert found["id"] in said
        assert (found["state"], found["verified"], found["reporter"], found["org"]) == ("open", True, "operator", None)
        assert (found["missing"], found["outcome"], found["retrospective"]) == (["when", "how"], None, "none")
        assert "the operator opened the case" in story.last("alice", "ALARM").text
        assert "What leaked: the patch of a member" in story.last("west", "leak").text
        assert story.last("west", "leak").text.startswith("The coordinators tell you"), "no member reported it"
        assert "Northwind" not in story.last("west", "leak").text

        await story.deliver(letters.unsigned(story, "Leak: all of it\n", who="south", answers=story.inbox("south")[0]))
        await story.settle()
        reported = next(case["id"] for case in await shell.json("leak", "ls") if not case["verified"])
        assert "vouched" in await shell.ok("leak", "vouch", reported)
        assert "already" in await shell.refuse("leak", "vouch", reported)
        await shell.refuse("leak", "dismiss", reported, "--reason", " ")
        await shell.ok("leak", "dismiss", reported, "--reason", "a fire drill")
        await story.settle()
        assert "a fire drill" in story.last("adam", f"Case {reported}").text
        shown = await shell.json("leak", "show", reported)
        assert (shown["state"], shown["outcome"], shown["assessment"]) == ("closed", "dismissed", "a fire drill")

        await shell.ok("leak", "assess", found["id"].lower(), "--outcome", "public")
        await story.settle()
        assert await state_of(story, ident) == "lifted"
        shown = await shell.json("leak", "show", found["id"])
        assert (shown["state"], shown["retrospective"]) == ("assessed", "due")
        assert shown["retrospective_due"].endswith("Z")
        assert "only ever gets graver" in await shell.refuse("leak", "assess", found["id"], "--outcome", "contained")
        told = await shell.json("disclosure", "show", ident)
        assert {case["id"]: (case["state"], case["verified"]) for case in told["leaks"]} == {
            found["id"]: ("assessed", True), reported: ("closed", True),
        }  # fmt: skip
        assert reported in await shell.ok("disclosure", "show", ident)
        odd = await shell.refuse("leak", "assess", found["id"], "--outcome", "odd", code=2)
        assert "'--outcome': 'odd' is not one of" in odd
        await shell.refuse("leak", "vouch", "LK-2026-0000")
        await shell.refuse("leak", "open", "--disclosure", "ED-2026-0000", "--what", "x")

        acts = [(row["event"], row["actor"]) for row in await shell.trail() if row["event"].startswith("leak-")]
        done = ["leak-opened", "leak-vouched", "leak-assessed", "leak-assessed"]
        assert acts == [(event, "operator") for event in done]
        assert (await shell.ok("audit", "verify")).strip()
        assert not any("fire drill" in str(row) for row in await shell.trail())
