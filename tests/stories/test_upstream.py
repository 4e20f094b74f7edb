"""Third parties' embargoes, told by what members' decrypted mails hold, and what they do not hold."""

from __future__ import annotations

from pathlib import Path

import pytest

from deeds import pages, state_of
from gateway.operator import disclosures as operator_disclosures
from gateway.operator.base import RefusedError
from openpgp import Person
from world import World, world

DAY = 24 * 3600
MEMBERS = ("north", "south", "west")
# What nobody may read before it may be told: in the text, the subject, an attachment, the references, the permits.
SECRETS = (
    b"smuggled",
    b"hpack",
    b"fix-canary",
    b"CVE-2026-4242",
    b"github.example",
    b"lab machines",
    b"envoy",
    b"cloud",
)
MECHANICS = (
    "Mechanics-Version: 1.19.2, 1.20.1\nMechanics-Branches: release-1.19\nMechanics-Action: upgrade the proxies\n"
)
DETAILS = "CVE: CVE-2026-4242\nRef: https://github.example/1\nPermit: deploy to lab machines\n"
POST = f"Embargo-Until: +14d\nUpstream: {{}}\n{MECHANICS}{DETAILS}\nRequests can be smuggled.\n"
FIX = ("hpack.patch", b"fix-canary\r\n")


def upstreams(**modes: str) -> dict[str, object]:
    return {"upstreams": {name: {"mode": mode} for name, mode in modes.items()}}


def read_by(story: World, name: str) -> bytes:
    """Everything that somebody got, as it was sealed and as it reads."""
    got = story.inbox(name)
    return b"".join(copy.plaintext + copy.text.encode() + b"".join(copy.attachments.values()) for copy in got)


def told_secrets(story: World, name: str) -> set[bytes]:
    """Which of the secrets stand in anything that somebody got."""
    read = read_by(story, name)
    return {secret for secret in SECRETS if secret in read}


def lifts(story: World, name: str) -> int:
    return sum("Lifted" in subject for subject in story.subjects(name))


async def post(story: World, upstream: str, **how: object) -> None:
    await story.post("alice", POST.format(upstream), subject="Flaw in hpack", attachments=[FIX], **how)


async def test_members_read_the_mechanics_until_it_is_over_and_the_lift_waits_for_both(
    tmp_path: Path, people: dict[str, Person]
) -> None:
    async with world(tmp_path, people, list=upstreams(envoy="mechanics") | {"discussion": "audience"}) as story:
        await post(story, "envoy until +20d")
        which, receipt = story.disclosure_id(), story.last("alice", "Receipt")
        assert "The embargo of envoy (mechanics) holds until" in receipt.text
        assert "in 20 days" in receipt.text
        assert "Withheld: the details from Northwind, Southgate, Westlake" in receipt.text
        assert len(receipt.proofs) == 1
        assert "hpack" not in receipt.proofs[0].as_string()
        assert b"fix-canary" in read_by(story, "adam")
        for name in MEMBERS:
            (copy,) = story.inbox(name)
            assert copy.subject == f"[{which}] A release is being prepared"
            assert "Fixed in: 1.19.2, 1.20.1" in copy.text
            assert "To be done: upgrade the proxies" in copy.text
            assert "in 20 days" in copy.text
            assert copy.attachments == {}

        await story.post("alice", "It is hpack.\n", reply_to=story.last("north"), subject="Re: hpack")
        assert "Follow-up" in story.last("north").text
        await story.post("north", "Is it hpack?\n", reply_to=story.last("north"))
        assert "hpack" in story.last("alice").text  # a guess of a member goes no further than to coordinators
        await story.post("north", "Leak: the hpack patch, to a friend\n", reply_to=story.last("north"))
        assert "A leak is reported" in story.last("south").subject
        assert "hpack" in story.last("alice", "ALARM").text
        await story.post("alice", "Lift: now\n", reply_to=receipt)
        assert "Upstream: envoy over" in story.last("alice", "Kept back").text
        with pytest.raises(RefusedError, match="waits for the embargo of envoy"):
            await operator_disclosures.lift(story.parts, which)

        await story.pass_time(14 * DAY)
        assert await state_of(story, which) == "embargoed"
        waits = story.last("adam", "Waits for envoy")
        await story.pass_time(DAY)
        assert story.last("adam", "Waits for").message_id == waits.message_id  # said once: its date is known
        await story.post("adam", "Upstream: envoy until +2d\n", reply_to=waits)
        assert "New end of the embargo" in story.last("west").subject
        await story.pass_time(2 * DAY - 1)
        assert all(told_secrets(story, name) == set() for name in MEMBERS)
        assert all(lifts(story, name) == 0 for name in MEMBERS)

        await story.pass_time(1)
        assert await state_of(story, which) == "lifted"
        for name in MEMBERS:
            assert lifts(story, name) == 1
            got = {copy.text.split()[2]: copy for copy in story.inbox(name) if copy.text.startswith("Details of")}
            first, second = got[f"{which}/1"], got[f"{which}/2"]
            assert first.attachments == {"hpack.patch": b"fix-canary\r\n"}
            assert "Requests can be smuggled." in first.text
            assert "CVE-2026-4242" in first.text
            assert "It is hpack." in second.text
            assert "Flaw in hpack" in story.last(name, "Lifted").subject
        assert not await pages(story, "late-lift")
