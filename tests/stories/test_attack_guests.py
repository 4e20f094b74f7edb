"""One disclosure for somebody who is no member, pushed at its edges: two ways in, old words, names told in passing."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

import letters
from deeds import LIST_ID, set_standing
from gateway.operator import roster as operator_roster
from gateway.operator import shares as operator_shares
from keys import packets
from openpgp import Person
from policy.facts import Standing
from storage import roster
from world import LIST, Copy, World, world

pytestmark = pytest.mark.side

TEAM = ("alice", "adam", "north", "south")
POST = "Embargo-Until: +14d\n\nA canary in the parser.\n"
FILES = [("fix.patch", b"--- a\n"), ("log.txt", b"log\n")]


async def ask(story: World, dear: Copy, friend: Person, who: str, more: str = "") -> str:
    """A member asks to share a patch; gives the id of the request."""
    lines = f"Share-With: {friend.address}\nShare-What: fix.patch\nShare-Why: she builds\n{more}"
    await story.post(who, lines, reply_to=dear, attachments=[("friend.asc", friend.public)])
    found = re.search(r"SR-\d{4}-[0-9A-Z]{4}", story.last("alice", "Asked to share").text)
    assert found is not None
    return found[0]


async def approve(story: World, share: str, *who: str) -> None:
    """Coordinators approve, each in a mail."""
    for coordinator in who:
        await story.post(coordinator, f"Approve: {share}\n", reply_to=story.last(coordinator, f"share: {share}"))


async def state(story: World, share: str) -> str:
    """Where a request stands."""
    return str((await operator_shares.one(story.parts, share))["state"])


def got(story: World, who: str) -> list[Copy]:
    """What came sealed, opened with that key alone; the terms came in clear."""
    person = story.people[who]
    sealed = [one for one in story.box.to(person.address) if b"multipart/encrypted" in one.content[:2000]]
    return [story.open(person, one) for one in sealed]


async def test_who_came_in_twice_is_out_at_once_and_no_guest_is_named_to_another(
    tmp_path: Path, people: dict[str, Person]
) -> None:
    (tmp_path / "policy.md").write_text("Keep it to yourself.\n")
    eve, west = people["mallory"], people["west"]
    async with world(tmp_path, people, pinned=TEAM, list={"two_person": ["share"]}) as story:
        await story.post("alice", POST, attachments=FILES)
        dear, receipt = story.last("north", "Flaw"), story.last("alice", "Receipt")

        # Offered by a share request, let in as a guest: then the offer is over, and so is all of it at the end.
        share = await ask(story, dear, eve, "north")
        await approve(story, share, "alice", "adam")
        assert await state(story, share) == "approved"
        await story.pass_time(60)
        invite = f"Guest: Eve <{eve.address}>\nSend-To: audience\n\nThe finder helps.\n"
        binary = packets.dearmor(eve.public, "PUBLIC KEY BLOCK")
        fixture = ("tests.patch", b"+-----BEGIN PGP PUBLIC KEY BLOCK-----\n+\n")
        await story.post("alice", invite, reply_to=receipt, attachments=[("eve.gpg", binary), fixture])
        assert await state(story, share) == "denied"
        assert "Sharing is denied" in story.last("north", "Sharing").subject
        mine = story.last("south", "Re: ")
        assert ("The finder helps." in mine.text, set(mine.attachments)) == (True, {"tests.patch"})
        assert {"fix.patch", "log.txt"} in [set(copy.attachments) for copy in got(story, "mallory")]
        await letters.hand_in(story, letters.signed_only(story, f"Accept: {share}\n", who="mallory"))
        await story.settle()
        await story.post("alice", f"Guest: end {eve.address}\n", reply_to=receipt)
        await story.post("alice", "Send-To: audience\n\nMore.\n", reply_to=receipt)
        assert not [copy for copy in got(story, "mallory") if "More." in copy.text]

        # One with whom a part is shared does not hear of another by the name of his key file.
        share = await ask(story, dear, west, "south")
        await approve(story, share, "alice", "adam")
        await letters.hand_in(story, letters.signed_only(story, f"Accept: {share}\n", who="west"))
        await story.settle()
        await story.post("alice", invite, reply_to=receipt, attachments=[("eve-finder.asc", eve.public), FILES[1]])
        copy = next(one for one in reversed(got(story, "west")) if "The finder helps." in one.text)
        assert "Withheld from you: log.txt" in copy.text
        assert "eve-finder" not in copy.text
        await story.post("alice", f"Guest: end {eve.address}\nGuest: end {west.address}\n", reply_to=receipt)


def _revoked(person_id: int, holder: Person) -> dict[str, Any]:
    """A key as it is pinned when it can't be used any more."""
    key = {"fingerprint": holder.fingerprint, "public": holder.public, "algorithm": "ed25519"}
    return {**key, "person_id": person_id, "list_id": LIST_ID, "expires_at": None, "flaw": "revoked"}


async def test_an_approval_is_of_this_moment(tmp_path: Path, people: dict[str, Person]) -> None:
    (tmp_path / "policy.md").write_text("Keep it to yourself.\n")
    eve, west = people["mallory"], people["west"]
    async with world(tmp_path, people, pinned=TEAM, list={"two_person": ["share"], "banner": "part"}) as story:
        await story.post("alice", POST, attachments=FILES)
        dear, receipt = story.last("north", "Flaw"), story.last("alice", "Receipt")

        # A member's own line welcomes nobody: whom he writes to beside the list is asked about.
        await story.post("north", f"Guest: {west.address}\n\nHi.\n", reply_to=dear, to=f"{LIST}, {west.address}")
        assert "outsider-addressed" in (await letters.last_kept(story)).reasons

        # Where members read control lines as they were written, a guest is let in by a mail without a text for them.
        line, key = f"Guest: Eve <{eve.address}>\n", [("eve.asc", eve.public)]
        await story.post("alice", f"{line}Send-To: audience\n\nHello.\n", reply_to=receipt, attachments=key)
        assert "in a mail of its own" in story.last("alice", "Kept back").text
        await story.post("alice", line, reply_to=receipt, attachments=key)
        assert b"canary" in bytes(story.last("mallory").inner)
        await story.post("alice", f"Guest: end {eve.address}\n", reply_to=receipt)

        await story.post("alice", POST, subject="Two", to=f"{LIST}, {eve.address}")
        await story.post("alice", f"Embargo-Until: +14d\n{line}\n", reply_to=story.last("alice", "Kept back: who else"))
        assert story.last("mallory").subject.endswith("Two")  # the kept mail's own lines name nobody
        assert eve.address.encode() not in bytes(story.last("north", "Two").inner)

        # The time that was asked for is over; the asker is suspended; who approved first is no coordinator any more.
        late = await ask(story, dear, eve, "north", "Share-Until: +1d\n")
        async with story.parts.database.transaction() as tx:  # what was pinned for her was revoked since
            pinned = await roster.by_fingerprint(tx, LIST_ID, eve.fingerprint)
            assert pinned is not None
            await roster.pin_key(tx, **_revoked(pinned.id, eve), now=story.clock.now())
        await approve(story, late, "alice")
        assert "can't be used: revoked" in story.last("alice", "Receipt").text
        stale = await ask(story, story.last("south", "Flaw"), west, "south")
        await story.pass_time(2 * 86400)
        await approve(story, late, "alice")
        assert "Share-Until" in story.last("alice", "Kept back").text
        await set_standing(story, people["south"], Standing.SUSPENDED)
        await approve(story, stale, "alice")
        assert "not in its audience" in story.last("alice", "Kept back").text
        assert [await state(story, one) for one in (late, stale)] == ["asked", "asked"]
        await set_standing(story, people["south"], Standing.ACTIVE)
        await approve(story, stale, "adam")
        await operator_roster.remove_coordinator(story.parts, people["adam"].address, None)
        await approve(story, stale, "alice")
        assert await state(story, stale) == "pending"
        assert (await operator_shares.one(story.parts, stale))["decided_by"] == people["alice"].address
        assert story.box.to(west.address) == []
