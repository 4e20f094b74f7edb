"""A list that agrees on its dates: proposed, voted on, confirmed, all by signed mail; and what changes nothing."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from deeds import set_standing
from gateway.particulars import proposals_of
from gateway.safe import take_json
from openpgp import Person
from policy.facts import Disclosure, Standing
from policy.proposals import Proposal
from storage import audit, disclosures
from world import LIST, Copy, World, entity, envelope_mail, world

AGREED = {"date_change": "agreement", "vote_window": "72h", "min_notice": "2d"}
DAY = 24 * 3600


async def found(story: World) -> tuple[Disclosure, tuple[Proposal, ...]]:
    """The disclosure as it is, and its proposals."""
    async with story.parts.database.reading() as tx:
        disclosure = await disclosures.get(tx, story.disclosure_id())
        assert disclosure is not None
        item = await disclosures.particulars_item(tx, disclosure.id)
        return disclosure, proposals_of(await take_json(story.parts, tx, item))


async def date_of(story: World) -> datetime:
    return (await found(story))[0].embargo_until


async def fates(story: World) -> list[str]:
    return [proposal.fate.value for proposal in (await found(story))[1]]


def ballot(story: World, reader: str = "south") -> tuple[str, Copy]:
    """The id of the latest proposal that a reader was told of, and the mail."""
    copy = story.last(reader, "Another public date is proposed")
    match = re.search(r"DP-\d{4}-[0-9A-Z]{4}", copy.text)
    assert match is not None
    return match[0], copy


def to_confirm(story: World, coordinator: str = "alice") -> Copy:
    """The latest mail that asks a coordinator for a confirmation."""
    return [copy for copy in story.inbox(coordinator) if "To confirm it" in copy.text][-1]


async def test_later_dates_need_everybody_and_earlier_ones_a_coordinator(
    tmp_path: Path, people: dict[str, Person]
) -> None:
    async with world(tmp_path, people, list=AGREED) as story:
        await story.post("alice", "Embargo-Until: +14d\n\nA flaw.\n")
        first, stands = story.last("north", "Flaw"), await date_of(story)

        # A later date is proposed and confirmed; one objects, and the date stands.
        await story.post("north", "Propose-Embargo-Until: +21d\nReason: the farm burnt\n", reply_to=first)
        old, asked = ballot(story)
        assert "It stands:" in asked.text
        told = to_confirm(story, "alice")
        assert "Reason: the farm burnt" in told.text
        assert f"Proposed by Northwind <{people['north'].address}>" in told.text
        await story.post("adam", f"Show: {story.disclosure_id()}, open\n", to=LIST.replace("@", "-request@"))
        shown = story.last("adam", "Answer").text
        assert shown.count(f"{old}: {people['north'].address} proposes the public date") == 2
        assert "Agree: Northwind; Object: nobody; open until" in shown
        assert f"`Confirm: {old}`" in shown
        await story.post("adam", f"Confirm: {old}\n", reply_to=to_confirm(story, "adam"))
        assert "comes to stand when all have agreed" in story.last("adam").text
        assert await date_of(story) == stands
        await story.post("south", f"Object: {old}\nReason: we ship\n", reply_to=asked)
        assert any("one objection defeats a later date" in copy.text for copy in story.inbox("west"))
        assert any("Reason: we ship" in copy.text for copy in story.inbox("adam"))
        assert (await date_of(story), await fates(story)) == (stands, ["objected"])

        # A vote on the old one is refused, and an earlier one comes with a coordinator's word, whoever objects.
        await story.post("west", f"Agree: {old}\n", reply_to=ballot(story, "west")[1])
        assert f"{old} is not open any more (objected); none is open" in story.last("west").text
        await story.post("west", "Propose-Embargo-Until: +10d\n", reply_to=story.last("west", "Flaw"))
        earlier, asked = ballot(story)
        await story.post("south", f"Object: {earlier}\n", reply_to=asked)
        assert (await fates(story))[-1] == "open"
        await story.post("alice", f"Confirm: {earlier}\n", reply_to=to_confirm(story, "alice"))
        moved = await date_of(story)
        assert moved < stands
        assert await fates(story) == ["objected", "agreed"]
        assert all(story.last(who, "New public date") for who in ("north", "south", "west", "adam"))

        # A coordinator's bare order is a proposal to paste; a counter-proposal takes its place, and votes on it.
        await story.post("alice", "Embargo-Until: +20d\n", reply_to=story.last("alice", "Receipt"))
        refused = story.last("alice").text
        assert "moves by agreement" in refused
        (line,) = re.findall(r"^Propose-Embargo-Until: .*$", refused, re.MULTILINE)
        await story.post("alice", f"{line.strip()}\n", reply_to=story.last("alice", "Receipt"))
        mine, asked = ballot(story)
        await story.post("south", f"Agree: {mine}\n", reply_to=asked)
        await story.post("north", "Propose-Embargo-Until: +18d\n", reply_to=first)
        counter, newest = ballot(story)
        assert f"It takes the place of {mine}" in newest.text
        await story.post("west", f"Agree: {mine}\n", reply_to=asked)
        assert f"(superseded); the one that is open is {counter}" in story.last("west").text
        assert [vote.org for vote in (await found(story))[1][-1].votes] == ["Northwind"]

        # Silence never extends: without a confirmation it falls with its window, in which the other one agreed.
        await story.pass_time(3 * DAY)
        assert "no coordinator confirmed it in time" in story.last("south", "stands").text
        assert await fates(story) == ["objected", "agreed", "superseded", "unconfirmed"]
        await story.post("north", "Propose-Embargo-Until: +16d\n", reply_to=first)
        last, asked = ballot(story)
        await story.post("south", f"Agree: {last}\n", reply_to=asked)
        await story.post("west", f"Agree: {last}\n", reply_to=ballot(story, "west")[1])
        assert "All organisations have voted" in story.last("alice", "All have voted").text
        await story.post("alice", f"Confirm: {last}\n", reply_to=story.last("alice", "All have voted"))
        assert await date_of(story) > moved
        assert (await fates(story))[-1] == "agreed"

        # Members read dates and ids; not who proposed or objected, nor why. The trail has who, and no words.
        everything = b"".join(copy.plaintext for who in ("south", "west") for copy in story.inbox(who))
        for secret in (b"the farm burnt", people["north"].address.encode(), b"Northwind"):
            assert secret not in everything
        assert b"we ship" not in b"".join(copy.plaintext for copy in story.inbox("west"))
        async with story.parts.database.reading() as tx:
            trail = await audit.ls(tx, id=story.disclosure_id())
        events = {record.event for record in trail}
        assert {"date-proposed", "date-vote", "date-confirmed", "date-stands"} <= events
        assert "date-agreed" in {record.reason for record in trail}
        assert not any("farm" in str(record.detail) for record in trail)


async def test_what_nobody_entitled_says_changes_neither_votes_nor_date(
    tmp_path: Path, people: dict[str, Person]
) -> None:
    async with world(tmp_path, people, list=AGREED) as story:
        await story.post("alice", "Embargo-Until: +14d\n\nA flaw.\n")
        stands = await date_of(story)
        await story.post("north", "Propose-Embargo-Until: +21d\n", reply_to=story.last("north"))
        proposal, asked = ballot(story)

        async def votes() -> dict[str, bool]:
            (one,) = (await found(story))[1]
            return {vote.org: vote.agrees for vote in one.votes}

        agreed = await story.post("west", f"Agree: {proposal}\n", reply_to=ballot(story, "west")[1])
        assert await votes() == {"Northwind": True, "Westlake": True}

        # The same mail again, also to another address; two votes in one mail; a coordinator's vote; a member's word.
        await story.deliver(agreed)
        await story.settle()
        await story.post("south", f"Agree: {proposal}\nObject: {proposal}\n", reply_to=asked)
        assert "a vote says one thing" in story.last("south").text
        await story.post("adam", f"Object: {proposal}\n", reply_to=to_confirm(story, "adam"))
        assert "it is for members to write" in story.last("adam").text
        await story.post("south", f"Confirm: {proposal}\n", reply_to=asked)
        assert "only coordinators" in story.last("south").text
        await story.post("south", "Embargo-Until: +2d\n", reply_to=asked)

        # A stranger under a coordinator's and a member's address, and words that nobody signed.
        for forged in ("alice", "south"):
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(people["mallory"], "address", people[forged].address)
                await story.post("mallory", f"Confirm: {proposal}\n", reply_to=asked)
                await story.post("mallory", f"Object: {proposal}\n", reply_to=asked)
        for number, text in enumerate((f"Object: {proposal}\n", "Propose-Embargo-Until: +3d\n")):
            unsigned = people["south"].encrypt(entity(text), [story.list_key])
            raw = envelope_mail(
                unsigned,
                subject=f"Re: {asked.subject}",
                sender=people["south"].address,
                to=LIST,
                message_id=f"<u{number}@southgate.example>",
                headers={"In-Reply-To": asked.message_id},
            )
            await story.deliver(raw)
            await story.settle()

        # Who is suspended has no vote, and the one that was given counts no more.
        await set_standing(story, people["south"], Standing.SUSPENDED)
        await story.post("south", f"Object: {proposal}\n", reply_to=asked)
        assert await votes() == {"Northwind": True, "Westlake": True}
        assert (await date_of(story), await fates(story)) == (stands, ["open"])

        # What was confirmed comes to stand with the end of its window, as nobody who may has objected.
        await set_standing(story, people["south"], Standing.ACTIVE)
        await story.post("alice", f"Confirm: {proposal}\n", reply_to=to_confirm(story, "alice"))
        assert await date_of(story) == stands
        await story.pass_time(3 * DAY)
        assert (await date_of(story), await fates(story)) == (stands + timedelta(days=7), ["agreed"])

        # Attacks that are seen end an extension (row 15); a lift closes what is open, and no more is told of it.
        await story.post("south", "Propose-Embargo-Until: +30d\n", reply_to=story.last("south", "Flaw"))
        await story.post("alice", "Fact: attacks\n", reply_to=story.last("alice", "Receipt"))
        assert "not possible any more" in story.last("west", "The public date stands").text
        assert await fates(story) == ["agreed", "impossible"]
        await story.post("south", "Propose-Embargo-Until: +9d\n", reply_to=story.last("south", "Flaw"))
        earlier, asked = ballot(story, "west")
        await story.post("west", f"Object: {earlier}\n", reply_to=asked)
        await set_standing(story, people["west"], Standing.SUSPENDED)
        await story.post("north", f"Agree: {earlier}\n", reply_to=ballot(story, "north")[1])
        assert "(0 object)" in story.last("alice", "All have voted").text, "nor is an objection told that is void"
        await set_standing(story, people["west"], Standing.ACTIVE)

        # A date beside an end can't both be meant: it is asked about, and the end stands in no block to paste.
        receipt = story.last("alice", "Receipt")
        for end, date in (
            ("Lift: now\nPublic-Notice: x", "Embargo-Until: 02/03/2027"),
            ("Lift: now", f"Confirm: {ballot(story, 'north')[0]}"),
            ("Withdraw: no flaw", "Propose-Embargo-Until: +9d"),
        ):
            await story.post("alice", f"{date}\n{end}\n", reply_to=receipt)
            refused, _, block = story.last("alice", "Kept back").text.partition("safest stands here).")
            assert "left out of the block below" in refused
            assert "Lift" not in block
            assert "Withdraw" not in block
        assert (await found(story))[0].state == "embargoed"
        await story.post("alice", "Lift: now\n", reply_to=story.last("alice", "Receipt"))
        told = len(story.inbox("south"))
        await story.pass_time(3 * DAY)
        assert len(story.inbox("south")) == told
        await story.post("north", f"Agree: {ballot(story, 'north')[0]}\n", reply_to=story.last("north", "Flaw"))
        assert "the embargo is over" in story.last("north").text
