"""Facts that become known before the date: reported by members, confirmed by coordinators, and what follows."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import letters
from deeds import pages, state_of
from gateway.life import gathering, words
from letters import MEMBERS, sizes
from openpgp import Person
from storage import disclosures, facts
from storage.records import FactRecord
from world import LIST, Copy, World, world

TEAM = ("alice", "adam", *MEMBERS)


async def reported(story: World, ident: str) -> tuple[FactRecord, ...]:
    async with story.parts.database.reading() as tx:
        found = await facts.of_disclosure(tx, ident)
    return tuple(sorted(found, key=lambda fact: fact.kind))


async def date_of(story: World, ident: str) -> object:
    async with story.parts.database.reading() as tx:
        found = await disclosures.get(tx, ident)
    assert found is not None
    return found.embargo_until


async def test_what_members_report_changes_nothing_until_a_coordinator_confirms_it(
    tmp_path: Path, people: dict[str, Person]
) -> None:
    notice = [("notice.txt", b"Public notice\n\nzirconium\n")]
    async with world(tmp_path, people, pinned=TEAM, list={"public_address": "oss@public.example"}) as story:
        await story.post("alice", "Embargo-Until: +30d\nPublic-Notice: notice.txt\n\nA flaw.\n", attachments=notice)
        ident, copy = story.disclosure_id(), story.inbox("north")[0]
        date, before = await date_of(story, ident), sizes(story)
        await story.post("north", "Fact: attacks\nWhere: honeypot quokka\n", reply_to=copy)
        await story.post("south", "Fact: public\n\nIt leaked; a blog has it.\n", reply_to=story.inbox("south")[0])
        attacks, public = await reported(story, ident)
        assert {attacks.state, public.state} == {"reported"}
        assert (await state_of(story, ident), await date_of(story, ident)) == ("embargoed", date)
        assert "honeypot quokka" in story.last("adam", f"({attacks.id})").text
        more = {name: count - before[name] for name, count in sizes(story).items()}
        assert more["adam"] == 3, "the lines alone come once, in the notice; a text beside them comes as well"
        assert sizes(story)["west"] == before["west"], "no other member hears of it"
        assert not any("quokka" in f"{record.detail}{record.reason}" for record in await letters.trail(story))

        await story.post("alice", f"Show: {ident}\n", to=LIST.replace("@", "-request@"))
        assert f"{attacks.id}  attacks, reported" in story.last("alice").text
        await story.post("alice", "Public-Post: https://blog.example/1\n", reply_to=copy_of(story, "alice"))
        assert "its embargo is not over" in story.last("alice").text
        asked = story.last("alice", f"({attacks.id})")
        for writer in ("south", "north"):
            await story.post(writer, f"Confirm: {public.id}\n", reply_to=story.inbox(writer)[0])
        await story.deliver(letters.unsigned(story, f"Confirm: {public.id}\n", who="alice", answers=asked))
        await story.settle()
        assert (await reported(story, ident))[1].state == "reported"
        assert await state_of(story, ident) == "embargoed"

        await story.post("alice", f"Confirm: {attacks.id}\n", reply_to=asked)
        assert "please decide" in story.last("adam", "Attacks are seen").text.casefold()
        assert (await state_of(story, ident), await date_of(story, ident)) == ("embargoed", date)
        await story.post("alice", "Embargo-Until: +40d\n", reply_to=copy_of(story, "alice"))
        assert "attacks are seen" in story.last("alice").text
        assert "could mean" not in story.last("alice").text, "no date is offered that would be refused"
        assert await date_of(story, ident) == date

        confirmed = await story.post("adam", f"Confirm: {public.id}\n", reply_to=story.last("adam", f"({public.id})"))
        assert await state_of(story, ident) == "lifted"
        for member in MEMBERS:
            assert sum("Lifted" in subject for subject in story.subjects(member)) == 1
        assert "it is public" in story.last("west", "Lifted").text
        await story.post(
            "alice", "Public-Post: https://blog.example/zirconium\n", reply_to=story.last("alice", "Receipt")
        )
        assert "Where the public notice stands is noted" in story.last("adam", "Receipt").text
        async with story.parts.database.reading() as tx:
            noted = await disclosures.get(tx, ident)
        assert noted is not None
        assert noted.public_post_at == story.clock.now()
        assert story.box.to("oss@public.example") == [], "the public notice takes a fresh order"
        before = sizes(story)
        await story.deliver(letters.again(confirmed))
        await story.settle()
        assert {who: sizes(story)[who] for who in MEMBERS} == {who: before[who] for who in MEMBERS}


def copy_of(story: World, who: str) -> object:
    return story.last(who, "Receipt")


def holding(story: World, who: str, text: str) -> Copy:
    return next(copy for copy in story.inbox(who) if text in copy.text)


@pytest.mark.side
async def test_what_is_held_and_known_is_lifted_unsent_or_sent_and_lifted_in_one_step(
    tmp_path: Path, people: dict[str, Person]
) -> None:
    async with world(tmp_path, people, pinned=TEAM, list={"discussion": "audience"}) as story:
        await story.post("alice", "Hold-Until: +2d\nEmbargo-Until: +30d\n\nzirconium\n", subject="First")
        first = story.disclosure_id()
        await story.post("alice", "Fact: exploit\nWhere: a blog\n", reply_to=story.last("alice", "Receipt"))
        assert await state_of(story, first) == "lifted"
        assert "Members never got this" in story.last("alice", "Receipt").text
        assert "an exploit is public" in story.last("adam", "Lifted").text, "which says nothing of attacks"
        life = await gathering.gather(story.parts, first)
        assert ": an exploit was public" in dict(words.facts(life))["Ended"]
        assert "Lifted: an exploit was public" in {moment.what for moment in life.moments}
        await story.pass_time(3 * 86_400)
        assert all(story.inbox(member) == [] for member in MEMBERS), "unsent stays unsent, and nobody is bound"

        await story.post("alice", "Hold-Until: +2d\nEmbargo-Until: +30d\n\nbismuth\n", subject="Second")
        second, receipt = story.disclosure_id(), story.last("alice", "Receipt")
        await story.post("alice", "Lift: now\nCause: leaked\n", reply_to=receipt)
        assert "`Send: now` beside the lift" in story.last("alice").text
        await story.post("alice", "Lift: now\nCause: weather\nSend: now\n", reply_to=receipt)
        assert "it says one of public, exploited, leaked, ready, other" in story.last("alice").text
        await story.post("alice", "Cause: leaked\n\nNothing else.\n", reply_to=receipt)
        assert "it belongs to one of the lines Lift" in story.last("alice").text
        await story.post("alice", "Preview: yes\nLift: now\nSend: now\n", reply_to=receipt)
        assert await state_of(story, second) == "held"
        assert all(story.inbox(member) == [] for member in MEMBERS)

        (code,) = re.findall(r"Stop code: (\S+)", receipt.text)
        await story.post("mallory", f"{code}\n", reply_to=receipt)
        await story.pass_time(3 * 86_400)
        await story.post("alice", "Lift: now\nCause: leaked\nSend: now\n", reply_to=receipt)
        assert await state_of(story, second) == "lifted"
        told = story.last("alice", "Receipt").text
        assert "stopped" not in told
        async with story.parts.database.reading() as tx:
            sent = await disclosures.get(tx, second)
        assert sent is not None
        assert sent.hold_until == sent.released_at == story.clock.now(), "nothing left before its hold, nor late"
        assert (await pages(story, "late-release"), "late" in story.last("alice", "Release report").text) == ([], False)
        for member in MEMBERS:
            text, lift = story.inbox(member)
            assert "bismuth" in text.text
            assert "The embargo is over since" in text.text, "nothing is promised that was given up"
            assert "EMBARGOED" not in text.text
            assert "in 2 days" not in text.text, "and it counts from the sending, not from the hold"
            assert "it leaked." in lift.text, "not that it is public, which nobody said"

        await _unsent_reaches_its_audience_on_a_fresh_order(story, first)


async def _unsent_reaches_its_audience_on_a_fresh_order(story: World, ident: str) -> None:
    """Row 14: what was lifted unsent; an order of its own, and nothing less, brings members a text."""
    receipt = holding(story, "alice", "Members never got this")
    before = sizes(story)
    await story.post("alice", "Hold-Until: now\n", reply_to=receipt)
    assert "members never got it" in story.last("alice").text
    assert "`Send-To: audience`" in story.last("alice").text
    await story.post("adam", "Gallium.\n", reply_to=holding(story, "adam", "zirconium"))
    assert "`Send-To: audience`" in " ".join(story.last("adam", "Receipt").text.split())
    assert {who: sizes(story)[who] for who in MEMBERS} == {who: before[who] for who in MEMBERS}

    fix = [("fix.patch", b"a fix\n")]
    await story.post("alice", "Preview: yes\nSend-To: audience\n\nArsenic.\n", reply_to=receipt, attachments=fix)
    assert "Your text goes to 3 members." in story.last("alice", "Preview").text
    assert sizes(story)["north"] == before["north"]
    await story.post("alice", "Send-To: audience\n\nArsenic.\n", reply_to=receipt, attachments=fix)
    told = " ".join(story.last("adam", "] Receipt").text.split())
    assert "Your text goes to 3 members." in told
    assert "Members got nothing of this before its embargo was over" in told
    assert "nobody was let in" not in told
    for member in MEMBERS:
        copy = story.last(member)
        assert ident in copy.subject
        assert "Arsenic." in copy.text
        assert "The embargo is over since" in copy.text
        assert copy.attachments == {"fix.patch": b"a fix\n"}
    await story.post("alice", "Send-To: audience\n\nSelenium.\n", reply_to=receipt)
    second = story.last("north")
    assert all("Selenium." in story.last(member).text for member in MEMBERS)
    await story.post("adam", "Bromine.\n", reply_to=holding(story, "adam", "Selenium."))
    assert all("Bromine." in story.last(member).text for member in MEMBERS)
    await story.post("north", "Krypton?\n", reply_to=second)
    assert all("Krypton?" in story.last(who).text for who in ("alice", "adam", "south", "west"))
    assert "audience-let-in" in [record.event for record in await letters.trail(story)]

    south = story.people["south"].address
    again = f"Suspend: {south}\nReinstate: {south}\nShow: {ident}\n"
    await story.post("alice", again, to=LIST.replace("@", "-request@"), subject="please")
    assert "Members got nothing of it before its embargo was over." in story.last("alice", "Answer").text
    assert "In its audience: 3 members" in story.last("alice", "Answer").text
    held = [copy for who in MEMBERS for copy in story.inbox(who) if "zirconium" in copy.text or "Gallium" in copy.text]
    assert held == [], "what was not sent stays unsent, whoever comes back"
