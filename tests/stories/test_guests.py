"""A guest: somebody who is no member, let into one disclosure by a coordinator's line and a key."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import letters
from gateway.operator import show as operator_show
from gateway.operator.explain import explain
from letters import cases, last_kept, trail
from openpgp import Person
from policy.facts import Standing
from storage import roster
from world import LIST, Copy, World, world

REQUEST = LIST.replace("@", "-request@")
TEAM = ("alice", "adam", "north", "south")
GUEST = "Guest: Eve Finder <mallory@elsewhere.example>\n"
POST = "Embargo-Until: +14d\n\nA flaw in the parser.\n"


def block_of(copy: Copy, first: str) -> str:
    """The lines to paste of a notice, from the first one on."""
    found = re.search(rf"^{first}: .*?\r?\n(?=\r?\n|\Z)", copy.text, re.MULTILINE | re.DOTALL)
    assert found is not None, copy.text
    return found[0].replace("\r\n", "\n")


async def standing(story: World, person: Person) -> Standing:
    """Where somebody stands who was a guest."""
    async with story.parts.database.reading() as tx:
        found = await roster.people(tx, "early-disclosure", with_removed=True)
    return next(one.standing for one in reversed(found) if one.address == person.address)


async def test_a_finder_who_was_addressed_becomes_a_guest_of_that_one_disclosure(
    tmp_path: Path, people: dict[str, Person]
) -> None:
    eve = people["mallory"]
    key = [("eve.asc", eve.public)]
    async with world(tmp_path, people, pinned=TEAM) as story:
        # The finder is in Cc: kept back, and the question offers the very block that lets her in.
        await story.post("alice", POST, to=f"{LIST}, {eve.address}", attachments=[("fix.patch", b"--- a\n")])
        question = story.last("alice", "Kept back: who else")
        pasted = block_of(question, "Embargo-Until")
        assert pasted.splitlines()[-1] == f"Guest: {eve.address}"
        await story.post("alice", f"{pasted}\n", reply_to=question)
        assert "attach the public key" in story.last("alice", "Kept back: please look").text
        assert story.box.to(eve.address) == []
        await story.post("alice", f"{pasted}\n", reply_to=question, attachments=key)

        receipt = story.last("alice", "Receipt")
        assert "2 of 2 members and 1 guest" in receipt.text
        assert f"The key pinned: {eve.fingerprint}." in receipt.text
        first = story.last("mallory", "Flaw")
        assert first.good_signer()
        assert "You have this as a guest of this one disclosure." in first.text
        assert set(first.attachments) == {"fix.patch"}
        mine = story.last("north", "Flaw")
        assert "guest" not in mine.text
        assert eve.address not in str(mine.inner)
        assert set(mine.attachments) == {"fix.patch"}

        # She answers, acknowledges and reports as one who is proved; the list's other disclosures are not hers.
        await story.post("mallory", "Ack: yes\n", reply_to=first)
        await story.post("mallory", "I tested the patch.\n", reply_to=first)
        assert "I tested the patch." in story.last("adam", "Re: Flaw").text
        await story.post("alice", "Send-To: audience\n\nThank you, finder.\n", reply_to=receipt)
        assert "Thank you, finder." in story.last("mallory").text
        await story.post("mallory", "Propose-Embargo-Until: +20d\n", reply_to=first)
        assert (await last_kept(story)).reason == "control-lines"
        await story.post("mallory", "Leak-What: the patch\nLeak-To: a friend\n", reply_to=first)
        (case,) = await cases(story)
        assert (case.verified, case.reporter, case.org) == (True, eve.address, None)
        assert story.last("north", "leak")
        await story.post("alice", POST, subject="Another flaw")
        assert not [subject for subject in story.subjects("mallory") if "Another" in subject]

        shown = await operator_show.one(story.parts, (disclosure := case.disclosure_id or ""))
        assert shown["recipients"] == 3
        assert {row["org"] for row in shown["copies"] if "guest" in row} == {"mallory@elsewhere.example"}
        assert [row["state"] for row in shown["guests"]] == ["active"]
        assert [row["address"] for row in shown["acknowledged"]] == [eve.address]

        await story.post("alice", f"Show: {case.id}, {disclosure}, open\n", to=REQUEST)
        answer = story.last("alice", "Answer").text
        assert f"Reported by {eve.address} (proved, a guest)" in answer
        assert "In its audience: 2 members and 1 guest" in answer
        assert answer.count(f"Guest: {eve.address}") == 2, "of the disclosure, and among what is open"

        # It ends by a coordinator's line: no content from then on, and the lift notice all the same.
        follow = story.compose("alice", "Send-To: audience\n\nMore.\n", reply_to=receipt)
        told = {one.address: (one.name, one.gets) for one in (await explain(story.parts, follow, None)).recipients}
        assert told[eve.address] == ("mallory@elsewhere.example (guest)", True)
        await story.post("alice", f"Suspend: {eve.address}\n", to=REQUEST)
        assert f"`Guest: end {eve.address}`" in story.last("alice").text, "what a guest is not, and what ends it"
        await story.post("alice", f"Guest: end {eve.address}\n", reply_to=receipt)
        assert "Your part in this disclosure has ended" in story.last("mallory").subject
        assert await standing(story, eve) is Standing.SUSPENDED
        await story.post("alice", f"Show: {disclosure}\n", to=REQUEST)
        assert "In its audience: 2 members\n" in story.last("alice", "Answer").text.replace("\r\n", "\n")
        assert f"Guest: {eve.address}" not in story.last("alice", "Answer").text
        await letters.hand_in(story, follow)
        await story.settle()
        assert "More." in story.last("north", "Re: Receipt").text
        assert "has ended" in story.last("mallory").subject
        await story.post("mallory", "And now?\n", reply_to=first)
        assert (await last_kept(story)).reason == "not-in-audience"
        await story.post("alice", "Lift: now\n", reply_to=receipt)
        assert disclosure in story.last("mallory", "Lifted").subject
        assert await standing(story, eve) is Standing.REMOVED
        events = [record.event for record in await trail(story) if record.id == disclosure]
        assert events.count("guest-let-in") == events.count("grant-ended") == 1


@pytest.mark.side
async def test_a_guest_let_in_later_is_for_two_coordinators_and_gets_what_went_before(
    tmp_path: Path, people: dict[str, Person]
) -> None:
    eve, west = people["mallory"], people["west"]
    key = [("eve.asc", eve.public)]
    async with world(tmp_path, people, pinned=TEAM, list={"two_person": ["widen"]}) as story:
        held = "Hold-Until: +1h\nEmbargo-Until: +14d\n\nA flaw in the parser.\n"
        await story.post("alice", held, attachments=[("fix.patch", b"--- a\n")])
        receipt = story.last("alice", "Receipt")
        # What can't be: a key of somebody else, a member, the list itself, no such guest, a member's line.
        for line, keys, why in (
            (GUEST, [("north.asc", people["north"].public)], "pinned for the member"),
            (f"Guest: {people['south'].address}\n", key, "is a member of this list"),
            (f"Guest: {LIST}\n", key, "an address of a list itself"),
            ("Guest: end nobody@elsewhere.example\n", [], "nobody of that address"),
            (GUEST, [("a.asc", west.public), ("b.asc", b"-----BEGIN PGP PUBLIC KEY BLOCK-----\n")], "2 keys are"),
        ):
            await story.post("alice", line, reply_to=receipt, attachments=keys)
            assert why in story.last("alice", "Kept back: please look").text

        await story.pass_time(3600)
        dear = story.last("north", "Flaw")
        await story.post("north", GUEST, reply_to=dear, attachments=key)
        assert "only coordinators" in story.last("north", "Kept back").text
        follow = f"{GUEST}Restrict: poc.txt to {eve.address}\nSend-To: audience\n\nThe finder helps.\n"
        await story.post("alice", follow, reply_to=receipt, attachments=[*key, ("poc.txt", b"boom\n")])
        (entry,) = [one for one in await letters.kept(story) if one.reason == "two-person"]
        assert story.box.to(eve.address) == []
        await story.post("adam", f"Approve: {entry.id}\n", reply_to=story.last("adam", "A second coordinator"))

        assert sorted(sorted(copy.attachments) for copy in story.inbox("mallory")) == [["fix.patch"], ["poc.txt"]]
        for copy in story.inbox("mallory"):
            assert "You have this as a guest of this one disclosure." in copy.text
        north = story.last("north", "Re: ")
        assert "The finder helps." in north.text
        assert (north.attachments, "Withheld from you: poc.txt" in north.text) == ({}, True)
        assert not [copy for copy in (*story.inbox("south"), north) if eve.address in copy.text]
        assert any("eve.asc" in copy.attachments for copy in story.inbox("adam"))
        # The key is hers alone while she is a guest: one of another disclosure needs none attached.
        await story.post("alice", POST.replace("\n\n", f"\n{GUEST}\n", 1), subject="Another flaw")
        receipt = story.last("adam", "Receipt: Another")
        assert not [one for one in story.subjects("mallory") if "Another flaw" in one], (
            "two for a guest from the start, too"
        )
        await story.post("adam", f"Approve: {story.disclosure_id('adam')}\n", reply_to=receipt)
        other = story.last("mallory", "Another flaw")
        assert "as a guest of this one disclosure" in other.text
        await story.post("alice", "Withdraw: void: a mistake\n", reply_to=story.last("alice", "Receipt: Another"))
        assert "void" in story.last("mallory", "Withdrawn").text
        assert await standing(story, eve) is Standing.ACTIVE
