"""Lines that stand beside others: none of them is lost, done twice, or done where the whole could not be meant."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gateway.particulars import proposals_of
from gateway.safe import take_json
from openpgp import Person
from storage import disclosures, facts, leaks, quarantine
from world import LIST, World, world

pytestmark = pytest.mark.side

REQUEST = LIST.replace("@", "-request@")
AGREED = {"date_change": "agreement", "vote_window": "72h", "min_notice": "2d"}
CAREFUL = {"two_person": ["widen"], "public_address": "public@elsewhere.example"}


async def waiting(story: World) -> list[str]:
    async with story.parts.database.reading() as tx:
        return [one.id for one in await quarantine.ls(tx) if one.reason == "two-person"]


async def ask(story: World, line: str) -> None:
    await story.post("alice", f"{line}\n", to=REQUEST, subject="please")


async def test_a_polite_word_beside_a_members_line_takes_nothing_from_it(
    tmp_path: Path, people: dict[str, Person]
) -> None:
    async with world(tmp_path, people, list=AGREED) as story:
        await story.post("alice", "Embargo-Until: +14d\n\nA flaw.\n")
        which = story.disclosure_id()
        await story.post("north", "Propose-Embargo-Until: +21d\n\nThanks!\n", reply_to=story.last("north", "Flaw"))
        asked = story.last("south", "Another public date is proposed")
        proposal = re.search(r"DP-\d{4}-[0-9A-Z]{4}", asked.text)
        assert proposal is not None
        await story.post("south", f"Object: {proposal[0]}\n\nReceived, thanks.\n", reply_to=asked)
        await story.post("west", "Ack: yes\nFact: attacks\nFact: attacks\n", reply_to=story.last("west", "Flaw"))
        async with story.parts.database.reading() as tx:
            item = await disclosures.particulars_item(tx, which)
            (told,) = proposals_of(await take_json(story.parts, tx, item))
            assert [vote.agrees for vote in told.votes] == [True, False]
            assert len(await facts.of_disclosure(tx, which)) == 1  # said twice, reported once
            assert len(await disclosures.acknowledged(tx, which)) == 3


async def test_one_coordinator_widens_by_no_detour_and_an_approval_stands_alone(
    tmp_path: Path, people: dict[str, Person]
) -> None:
    two = [("fix1.patch", b"+++ one\n"), ("fix2.patch", b"+++ two\n")]
    async with world(tmp_path, people, list=CAREFUL) as story:
        held = "Hold-Until: +2h\nEmbargo-Until: +14d\nScope: group:distributors\n"
        held += "Restrict: fix[12].patch to org:Northwind\n\nA flaw.\n"
        await story.post("alice", held, attachments=two)
        receipt = story.last("alice", "Receipt")
        await story.post("alice", "Restrict: fix[12].patch to all\n", reply_to=receipt)
        (rule,) = await waiting(story)
        await ask(story, f"Suspend: {people['west'].address}")
        await story.post("alice", "Scope: all\nSend-To: audience\n\nMore to know.\n", reply_to=receipt)
        await ask(story, f"Reinstate: {people['west'].address}")
        (wider,) = set(await waiting(story)) - {rule}

        beside = f"Approve: {wider}\nPublic-Notice: notice.txt\nSend-To: audience\n\nA word of mine.\n"
        asked, notice = story.last("adam", "A second coordinator is asked"), [("notice.txt", b"public\n")]
        await story.post("adam", beside, attachments=notice, reply_to=asked)
        assert "it stands alone, in a mail of its own" in story.last("adam").text
        assert wider in await waiting(story)

        await story.pass_time(2 * 3600)
        assert not any("Flaw" in subject for subject in story.subjects("west"))
        assert "fix1.patch" in story.last("north", "Flaw").attachments
        assert "fix1.patch" not in story.last("south", "Flaw").attachments

        await story.post("adam", f"Approve: {wider}\n\nFine by me.\n", reply_to=asked)
        assert any("More to know." in copy.text for copy in story.inbox("west"))  # in whichever order they leave
        assert not any("fix1.patch" in copy.attachments for copy in story.inbox("west"))
        assert await waiting(story) == [rule]

        await story.post("alice", "Withdraw: wrong\n", reply_to=receipt)
        await story.pass_time(86400)
        over = story.last("adam", f"{rule} waits no more for a second coordinator").text
        assert "It can't be done any more" in over
        assert "no attachment of this mail is called" in over
        assert "a control line is unknown" not in over
        await story.post("adam", f"Approve: {rule}\n", reply_to=asked)
        assert f"{story.disclosure_id()} is withdrawn" in story.last("adam").text
        told = len(story.inbox("adam"))
        await story.pass_time(3 * 86400)
        assert len(story.inbox("adam")) == told


async def test_what_is_withdrawn_or_in_anothers_place_speaks_to_nobody_and_a_scope_line_forgets_nobody(
    tmp_path: Path, people: dict[str, Person]
) -> None:
    async with world(tmp_path, people) as story:
        post = "Embargo-Until: +14d\nScope: group:distributors\nRestrict: fix.patch to org:Northwind\n\nA flaw.\n"
        await story.post("alice", post, attachments=[("fix.patch", b"+++ one\n")])
        receipt, south = story.last("alice", "Receipt"), people["south"].address
        await ask(story, f"Suspend: {south}")
        await story.post("alice", "Scope: all\n", reply_to=receipt)
        await ask(story, f"Reinstate: {south}")

        new = [("fix-v2.patch", b"+++ two\n"), ("notes.txt", b"notes\n")]
        block = (
            "Corrects: last\nReplaces: fix.patch\nSend-To: audience\nRestrict: notes.txt to org:Northwind\n{}\nNew.\n"
        )
        await story.post("alice", block.format(""), attachments=new, reply_to=receipt)
        assert "fix-v2.patch has none" in story.last("alice").text
        await story.post(
            "alice", block.format("Restrict: fix-v2.patch to org:Northwind\n"), attachments=new, reply_to=receipt
        )
        assert "fix-v2.patch" in story.last("north", "Flaw").attachments
        assert "New." in story.last("south", "Flaw").text  # who was suspended meanwhile
        assert "fix-v2.patch" not in story.last("south", "Flaw").attachments

        await story.post("north", "Ack: yes\n", reply_to=story.last("north", "Flaw"))
        await story.post("north", "Leak: the patch, to a list\n\nSorry.\n", reply_to=story.last("north", "Flaw"))
        async with story.parts.database.reading() as tx:
            (case,) = await leaks.ls(tx)
        await story.post("alice", f"Assess: {case.id}\nOutcome: contained\n", reply_to=story.last("alice"))
        for line in (f"Retrospective: {case.id}", "Corrects: last\nSend-To: audience"):
            await story.post("alice", f"Withdraw: wrong\n{line}\n\nWhat we learnt.\n", reply_to=receipt)
            assert "no text goes to members any more" in story.last("alice").text
        async with story.parts.database.reading() as tx:
            found = await disclosures.get(tx, story.disclosure_id())
            assert found is not None
            assert found.state == "embargoed"
            assert (await leaks.get(tx, case.id)).retrospective == "due"  # type: ignore[union-attr]
            assert len(await disclosures.acknowledged(tx, found.id)) == 1
