"""Sharing: a member asks, coordinators approve, the terms are accepted; only then something goes, and not for long."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest

import letters
from deeds import set_standing
from gateway.operator import shares as operator_shares
from gateway.operator import show as operator_show
from gateway.operator.base import RefusedError
from letters import last_kept, trail
from openpgp import Person
from policy.facts import Standing
from world import LIST, Copy, World, world

TEAM = ("alice", "adam", "north", "south")
EVE = "mallory@elsewhere.example"
POST = "Embargo-Until: +14d\nRestrict: poc.txt to org:Northwind\n\nA canary in the parser.\n"
FILES = [("fix.patch", b"--- a\n"), ("poc.txt", b"boom\n"), ("log.txt", b"log\n")]
ASK = f"Share-With: Eve Helper <{EVE}>\nShare-What: fix.patch, poc.txt\nShare-Why: she builds our\n packages\n"


async def in_clear(story: World) -> EmailMessage:
    """The latest mail to the one who is asked to accept the terms, which nobody has to open."""
    received = story.box.to(EVE)[-1]
    found = message_from_bytes(received.content, policy=policy.default)
    assert isinstance(found, EmailMessage)
    assert found.get_content_type() == "multipart/signed"
    return found


def terms_copy(story: World, terms: EmailMessage) -> Copy:
    """The terms as a mail that is answered."""
    copy = Copy(story.box.to(EVE)[-1], story.people["mallory"])
    copy.inner = terms
    return copy


async def request(story: World, dear: Copy, lines: str = ASK, who: str = "north") -> str:
    """A member asks; gives the id of the request."""
    key = [("eve.asc", story.people["mallory"].public)]
    await story.post(who, lines, reply_to=dear, attachments=key)
    found = re.search(r"SR-\d{4}-[0-9A-Z]{4}", story.last("alice", "Asked to share").text)
    assert found is not None
    return found[0]


async def ends(story: World, share: str) -> datetime:
    """Until when something is shared."""
    return datetime.fromisoformat((await operator_shares.one(story.parts, share))["until"])


async def test_a_disclosure_is_shared_when_it_is_approved_and_the_terms_are_accepted(
    tmp_path: Path, people: dict[str, Person]
) -> None:
    (tmp_path / "policy.md").write_text("Keep it to yourself.\n")
    async with world(tmp_path, people, pinned=TEAM, list={"two_person": ["share"], "share_expires": "3d"}) as story:
        eve = people["mallory"]
        await story.post("alice", POST, attachments=FILES)
        dear, disclosure = story.last("north", "Flaw"), story.disclosure_id()

        # What can't be asked for: without what, why or key; what the asker has not; by one who is suspended.
        await story.post("north", f"Share-With: {EVE}\n", reply_to=dear)
        assert "Share-What: all" in story.last("north", "Kept back").text
        await story.post("south", ASK, reply_to=story.last("south", "Flaw"), attachments=[("k.asc", eve.public)])
        assert "no attachment called 'poc.txt'" in story.last("south", "Kept back").text
        await set_standing(story, people["south"], Standing.SUSPENDED)
        await story.post("south", ASK.replace(", poc.txt", ""), reply_to=story.last("south", "Flaw"))
        assert (await last_kept(story)).reason == "not-in-audience"
        await set_standing(story, people["south"], Standing.ACTIVE)
        await story.post("north", ASK, reply_to=dear)
        assert "attach the public key" in story.last("north", "Kept back").text
        share = await request(story, dear)
        asked = story.last("alice", "Asked to share")
        for word in ("Eve Helper", "fix.patch, poc.txt", "she builds our packages", eve.fingerprint, "Northwind"):
            assert word in asked.text
        assert not [copy for copy in story.inbox("south") if share in copy.text]

        await story.post("alice", f"Show: {disclosure}, open\n", to=LIST.replace("@", "-request@"))
        said = f"{share}: a member asks to share it with {EVE}: `Approve: {share}` or `Deny: {share}`"
        assert story.last("alice", "Answer").text.count(said) == 2

        # Neither a member, nor one coordinator twice, nor the operator approves it.
        await story.post("north", f"Approve: {share}\n", reply_to=dear)
        assert "only coordinators" in story.last("north", "Kept back").text
        for _ in range(2):
            await story.post("alice", f"Approve: {share}\n", reply_to=asked)
        assert "not the one who approved it first" in story.last("alice", "Kept back").text
        with pytest.raises(RefusedError, match="two coordinators"):
            await operator_shares.approve(story.parts, share)
        assert story.box.to(EVE) == []
        await story.post("adam", f"Approve: {share}\n", reply_to=story.last("adam", "A second coordinator"))
        assert "is approved" in story.last("north", "Sharing").subject

        # The public date moves: its end is never later than that, and never later than was approved.
        until = await ends(story, share)
        for date, left in (("+2d", 2), ("+1d", 1), ("+14d", 3)):
            await story.post("alice", f"Embargo-Until: {date}\n", reply_to=story.last("alice", "Receipt"))
            assert await ends(story, share) - (until - timedelta(days=3)) == timedelta(days=left)

        # The terms go in clear and alone; they are accepted by that key's signature and by nothing else.
        terms = await in_clear(story)
        body = terms.get_body(("plain",))
        assert body is not None
        said = body.get_content()
        assert "Keep it to yourself." in said
        assert f"Accept: {share}" in said
        for secret in (disclosure, "canary", "parser", "Northwind", "fix.patch"):
            assert secret not in story.box.to(EVE)[-1].content.decode()
        line, answer = f"Accept: {share}\n", terms_copy(story, terms)
        how = {"answers": answer, "sender": f"Eve <{EVE}>"}
        await letters.hand_in(story, letters.clear(line, **how))
        await story.post("north", line, reply_to=dear)
        await letters.hand_in(story, letters.signed_only(story, line, who="west", answers=answer))
        await letters.hand_in(story, letters.signed_only(story, f"Hello\n\n{line}", who="mallory", answers=answer))
        await letters.hand_in(story, letters.unsigned(story, line, who="mallory", answers=answer))
        await story.settle()
        assert not [one for one in _sealed(story) if "canary" in one.text]
        assert (await operator_shares.one(story.parts, share))["accepted_at"] is None
        await letters.hand_in(story, letters.signed_only(story, line, who="mallory", answers=answer))
        await story.settle()

        # What went before comes, as far as it was asked for and not restricted, under its own name.
        (copy,) = [one for one in _sealed(story) if "canary" in one.text]
        assert set(copy.attachments) == {"fix.patch"}
        assert f"This one disclosure was shared with you ({share}), until" in copy.text
        assert "Withheld from you: poc.txt (it is not among what is shared with you)" in copy.text
        assert f"accepted the terms, and gets what is shared by {share}" in story.last("north", "The terms").text
        receipt = story.last("alice", "Receipt")
        await story.post("alice", "Send-To: audience\n\nNews.\n", reply_to=receipt, attachments=[("log2.txt", b"l\n")])
        news = next(one for one in _sealed(story) if "News." in one.text)
        assert news.attachments == {}
        shown = await operator_show.one(story.parts, disclosure)
        assert [(row["id"], row["kind"], row["state"]) for row in shown["guests"]] == [(share, "share", "active")]

        # After its time nothing more comes but what ends his bond.
        await story.pass_time(3 * 86400)
        assert "Sharing is over" in story.last("north", "Sharing").subject
        before = len(story.box.to(EVE))
        await story.post("alice", "Send-To: audience\n\nLater.\n", reply_to=receipt)
        await story.post("mallory", "And now?\n", reply_to=copy)
        assert (await last_kept(story)).reason == "not-in-audience"
        assert not [one for one in _sealed(story)[before - 1 :] if "Later." in one.text]
        await story.post("alice", "Lift: now\n", reply_to=receipt)
        assert [one.subject for one in _sealed(story) if "Lifted" in one.subject]
        assert [row["state"] for row in await operator_shares.every(story.parts, None)] == ["ended"]
        events = [record.event for record in await trail(story) if record.id == disclosure]
        for event in ("share-asked", "share-seconded", "share-approved", "terms-accepted", "grant-ended"):
            assert events.count(event) == 1


def _sealed(story: World) -> list[Copy]:
    """What came sealed, opened with that key alone."""
    eve = story.people["mallory"]
    found = [one for one in story.box.to(EVE) if b"multipart/encrypted" in one.content[:2000]]
    return [story.open(eve, one) for one in found]


@pytest.mark.side
async def test_what_is_denied_or_lifted_before_it_is_accepted_is_never_shared(
    tmp_path: Path, people: dict[str, Person]
) -> None:
    (tmp_path / "policy.md").write_text("Keep it to yourself.\n")
    async with world(tmp_path, people, pinned=TEAM) as story:
        await story.post("alice", POST, attachments=FILES)
        dear = story.last("north", "Flaw")
        share = await request(story, dear)
        await story.post("adam", f"Deny: {share}\n", reply_to=story.last("adam", "Asked to share"))
        assert "Sharing is denied" in story.last("north", "Sharing").subject
        share = await request(story, dear, ASK.replace("fix.patch, poc.txt", "all") + "Share-Until: +2d\n")
        assert "approved" in (await operator_shares.approve(story.parts, share)).line
        await story.settle()
        assert "The operator approved" in story.last("adam", "The operator").subject
        answer = terms_copy(story, await in_clear(story))
        await story.post("mallory", "I am curious.\n", reply_to=answer)
        assert (await operator_shares.one(story.parts, share))["state"] == "approved"
        await story.post("alice", "Lift: now\n", reply_to=story.last("alice", "Receipt"))
        await story.post("mallory", f"Accept: {share}\n", reply_to=answer, to=LIST)
        assert not [one for one in _sealed(story) if "canary" in one.text or "Lifted" in one.subject]
        assert {row["state"] for row in await operator_shares.every(story.parts, None)} == {"denied", "ended"}
        with pytest.raises(RefusedError, match="ended already"):
            await operator_shares.deny(story.parts, share)
