"""Leak reports: a case, an alarm, an acknowledgement and a notice, each to those who should have it and no other."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

import letters
from letters import DISCLOSURE, MEMBERS, cases, said, sizes
from openpgp import Person
from policy.facts import Standing
from storage import roster
from world import OWNER, World, entity, world

TEAM = ("alice", "adam", *MEMBERS)
LIST_BOUNCES = "early-disclosure-bounces+{token}@lists.example.org"


def pager(directory: Path) -> tuple[str, Path]:
    """A real command that writes what it is told to a file, a line an alarm."""
    told, command = directory / "paged", directory / "page"
    command.write_text(f"#!/bin/sh\ncat >> {told}\n")
    command.chmod(command.stat().st_mode | stat.S_IXUSR)
    return str(command), told


def paged(told: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in told.read_text().splitlines()] if told.exists() else []


async def standing(story: World, who: str, standing: Standing) -> None:
    async with story.parts.database.transaction() as tx:
        person = next(
            p
            for p in await roster.people(tx, "early-disclosure", with_removed=True)
            if p.address == story.people[who].address
        )
        await roster.set_standing(tx, person.id, standing, story.clock.now())


async def test_a_proved_report_is_a_case_an_alarm_an_acknowledgement_and_a_notice(
    tmp_path: Path, people: dict[str, Person]
) -> None:
    command, told = pager(tmp_path)
    async with world(tmp_path, people, pinned=TEAM, alarm={"command": [command]}) as story:
        await story.post("alice", DISCLOSURE, attachments=[("fix.patch", b"--- a\n+++ b\n")])
        copy, before = story.last("north"), sizes(story)
        await story.post(
            "north",
            "Leak: the patch that Northwind has, to a public mirror\n"
            "Hold-Untill: now\nScope: all\n\nquoteme, at 12:10.\n",
            reply_to=copy,
        )

        (case,) = await cases(story)
        assert (case.state, case.verified, case.reporter) == ("open", True, people["north"].address)
        assert (case.org, case.disclosure_id) == ("Northwind", story.disclosure_id())
        assert case.missing == ("to", "when", "how")
        assert (await said(story, case))["what"] == "the patch that Northwind has, to a public mirror"
        assert {who: count - before[who] for who, count in sizes(story).items()} == {
            "alice": 1, "adam": 1, "north": 1, "south": 1, "west": 1, "mallory": 0,
        }  # fmt: skip

        for coordinator in ("alice", "adam"):
            alarm = story.last(coordinator)
            assert "ALARM" in alarm.subject
            assert case.id in alarm.subject
            assert "quoteme" in alarm.text
            assert people["north"].address in alarm.text
        answer = story.last("north")
        assert case.id in answer.text
        assert "quoteme" not in answer.text
        assert "mirror" not in answer.text
        assert "Leak-To:" in answer.text
        assert "Leak-What:" not in answer.text
        assert "not acted on" in answer.text
        assert "Scope" in answer.text
        for member in ("south", "west"):
            notice = story.last(member)
            assert "to a public mirror" in notice.text
            assert "fix.patch" not in notice.attachments
            assert not any(word in notice.plaintext.decode() for word in ("quoteme", "Northwind", "northwind"))
        assert [(page["kind"], page["id"], page["list"]) for page in paged(told)] == [
            ("leak", case.id, "early-disclosure")
        ]
        assert "quoteme" not in told.read_text()
        await _adds_what_was_asked(story, told)
        await _joins(story, told)


async def _adds_what_was_asked(story: World, told: Path) -> None:
    """The reporter's answer to the acknowledgement fills the same case; nobody else is told again."""
    before = sizes(story)
    await story.post("north", "Leak-To: a mirror\nLeak-When: yesterday\n\n", reply_to=story.last("north"))
    (case,) = await cases(story)
    assert case.missing == ("how",)
    assert (await said(story, case))["to"] == "a mirror"
    assert "more on leak" in story.last("adam").subject
    assert "a mirror" in story.last("adam").text
    assert "Leak-How:" in story.last("north").text
    assert "Leak-To:" not in story.last("north").text
    assert {who: count - before[who] for who, count in sizes(story, *TEAM).items()} == {
        "alice": 1, "adam": 1, "north": 1, "south": 0, "west": 0,
    }  # fmt: skip
    assert {page["id"] for page in paged(told)} == {case.id}


async def _joins(story: World, told: Path) -> None:
    """Answers to the notice and to the alarm stay in the case, unless they report another leak."""
    before, pages = sizes(story), len(paged(told))
    await story.post("south", "We saw it by mistake on a public mirror as well.\n", reply_to=story.last("south"))
    assert len(await cases(story)) == 1
    assert "We saw it" in story.last("adam").text
    assert "(not said)" not in story.last("adam").text, "of what leaked words alone say no more and no less"
    assert "more on leak" in story.last("adam").subject
    await story.post("alice", "Asking the mirror now.\n", reply_to=story.last("alice", "ALARM: leak"))
    assert len(await cases(story)) == 1
    assert any("Asking the mirror" in copy.text for copy in story.inbox("adam")[-2:])
    assert {who: sizes(story)[who] - before[who] for who in MEMBERS} == dict.fromkeys(MEMBERS, 0)
    assert len(paged(told)) == pages
    events = [record.event for record in await letters.trail(story) if record.event.startswith("leak")]
    assert events == ["leak", "leak-added", "leak-added", "leak-discussed"]

    await story.post("south", "Leak-What: another file\n", reply_to=story.last("south"))
    assert len(await cases(story)) == 2


@pytest.mark.side
async def test_every_way_to_say_it_is_a_report(tmp_path: Path, people: dict[str, Person]) -> None:
    async with world(tmp_path, people, pinned=TEAM, list={"leak_notice": "coordinators"}) as story:
        await story.post("alice", DISCLOSURE)
        copy = story.last("north", "Flaw")
        ways = {
            "fields": {"text": "Leak-What: patch\nLeak-To: a list\nLeak-When: noon\nLeak-How: Cc\n"},
            "misspelled": {"text": "Leak-Whatt: patch\n"},
            "below a greeting": {"text": "Hi all,\n\nLeak: patch\n"},
            "in HTML alone": {"text": "", "html": "<p>Leak: patch</p>"},
            "by the subject": {"text": "See below.\n", "subject": f"Re: {copy.subject.replace('] ', '] LEAK ')}"},
        }
        for number, (way, mail) in enumerate(ways.items(), start=1):
            before = sizes(story)
            await story.post("north", reply_to=copy, **mail)
            found = await cases(story)
            assert len(found) == number, way
            assert found[-1].verified, way
            # leak_notice = "coordinators": nobody else hears of it
            more = {who: count - before[who] for who, count in sizes(story, *TEAM).items()}
            assert more == {"alice": 1, "adam": 1, "north": 1, "south": 0, "west": 0}, way
        first, *_, subject = await cases(story)
        assert first.missing == ()
        assert (await said(story, first))["how"] == "Cc"
        assert subject.missing == ("what", "to", "when", "how")


@pytest.mark.side
async def test_others_leaks_are_told_to_coordinators_alone(tmp_path: Path, people: dict[str, Person]) -> None:
    async with world(tmp_path, people, pinned=TEAM) as story:
        await story.post("alice", DISCLOSURE)
        copy = story.last("north", "Flaw")
        for by in ("other", "unknown", "a friend of ours"):
            before = sizes(story)
            await story.post("north", f"Leak-What: patch\nLeak-By: {by}\n", reply_to=copy)
            assert sizes(story)["south"] == before["south"], by
        assert [case.by for case in await cases(story)] == ["other", "unknown", "unknown"]

        await story.post("alice", "Hold-Until: +1h\n" + DISCLOSURE, subject="Second flaw")
        before = sizes(story)
        held = story.last("adam", "Second flaw")
        await story.post("alice", "Leak: it is on the web\n", reply_to=held)
        more = {who: count - before[who] for who, count in sizes(story, *TEAM).items()}
        assert more == {"alice": 2, "adam": 1, "north": 0, "south": 0, "west": 0}
        assert (await cases(story))[-1].org is None
        assert (await cases(story))[-1].verified


async def test_a_report_counts_whoever_and_wherever_it_comes_from(tmp_path: Path, people: dict[str, Person]) -> None:
    async with world(tmp_path, people, pinned=TEAM, list={"leak_flood": "99 in 10m"}) as story:
        await story.post("alice", DISCLOSURE)
        copy = story.last("north", "Flaw")
        known = story.disclosure_id()
        ref, text = [copy.message_id], "Leak: patch\n"
        other_key = people["south"].public
        tagged = f"Re: [{known}] something"
        token = await letters.token_of(story, f"{known}/1", people["north"].address)
        bounces = LIST_BOUNCES.format(token=token)
        sealed_away = people["north"].sign_encrypt(entity(text), [other_key])
        unproved = {
            "encrypted, not signed": (letters.unsigned(story, text, who="north", answers=copy), known),
            "in clear": (letters.clear(text, answers=copy, subject="Re: x"), known),
            "in clear, found by its tag": (letters.clear(text, subject=tagged), known),
            "signed, in clear": (letters.signed_only(story, text, who="north", answers=copy), known),
            "by a stranger": (story.compose("mallory", text, references=ref), known),
            "undecryptable, found by its id": (letters.encrypted(story, sealed_away, who="north", answers=copy), known),
            "undecryptable, found by its tag": (
                letters.encrypted(story, sealed_away, who="north", subject=tagged),
                known,
            ),
            "malformed": (b"From: x@y.example\r\n" + letters.clear("Hello\n", answers=copy), known),
            "opened by nobody": (
                letters.clear(sealed_away.decode(), sender=letters.address_of(story, "north"), answers=copy),
                known,
            ),
            "to another list": (story.compose("north", text, to="other@lists.example.org", references=ref), known),
            "in clear and new": (letters.clear(text, subject="New"), None),
        }
        before = sizes(story)
        for number, (way, (raw, disclosure)) in enumerate(unproved.items(), start=1):
            assert await letters.hand_in(story, raw) == 250, way
            await story.settle()
            found = await cases(story)
            assert len(found) == number, way
            case = found[-1]
            assert (case.verified, case.state, case.disclosure_id, case.org) == (
                False,
                "quarantined",
                disclosure,
                None,
            ), way
            assert "NOT PROVED" in story.last("adam").text, way
            assert "\nVouch: LK-" in story.last("adam").text, way
            unread = way.startswith(("undecryptable", "malformed", "opened by nobody"))
            assert ("as-it-came.eml" in story.last("adam").attachments) is unread, way
        more = {who: count - before[who] for who, count in sizes(story).items()}
        count = len(unproved)
        assert more == {"alice": count, "adam": count, "north": 0, "south": 0, "west": 0, "mallory": 0}
        assert await letters.kept(story) == []
        await _wrong_addresses(story, text, bounces, count)


async def _wrong_addresses(story: World, text: str, bounces: str, count: int) -> None:
    """A proved report to another address of the list is one like any other, and the same bytes to two are one."""
    for number, to in enumerate((OWNER, OWNER.replace("owner", "request"), bounces), start=1):
        await letters.hand_in(story, story.compose("north", text, to=to), to=to)
        await story.settle()
        found = await cases(story)
        assert len(found) == count + number, to
        assert (found[-1].verified, found[-1].disclosure_id) == (True, None), to
    before = sizes(story)
    raw = story.compose("north", text, to=f"early-disclosure@lists.example.org, {OWNER}")
    await letters.hand_in(story, raw)
    await letters.hand_in(story, raw, to=OWNER)
    await story.settle()
    assert len(await cases(story)) == count + 4
    assert sizes(story)["adam"] == before["adam"] + 1


@pytest.mark.side
async def test_a_suspended_member_is_proved_and_a_removed_one_is_not(tmp_path: Path, people: dict[str, Person]) -> None:
    async with world(tmp_path, people, pinned=TEAM) as story:
        await story.post("alice", DISCLOSURE)
        copy = story.last("north", "Flaw")
        own = "<mine@northwind.example>"
        await story.post("south", "Leak: notes of ours\n", message_id=own)
        await story.post(
            "south", "They are on a wiki.\n", references=[own], subject="Re: notes"
        )  # from the Sent folder
        assert [case.disclosure_id for case in await cases(story)] == [None]
        assert "They are on a wiki" in story.last("adam").text

        await standing(story, "north", Standing.SUSPENDED)
        await story.post("north", "Leak: patch\n", reply_to=copy)
        (_, case) = await cases(story)
        assert (case.verified, case.org) == (True, "Northwind")
        assert case.id in story.last("north").text

        await standing(story, "north", Standing.REMOVED)
        before = sizes(story)
        await story.post("north", "Leak: more\n", reply_to=copy)
        assert (await cases(story))[-1].verified is False
        assert sizes(story)["north"] == before["north"]
        assert sizes(story)["south"] == before["south"]


async def test_the_command_fires_while_the_relay_is_down_and_the_mails_follow(
    tmp_path: Path, people: dict[str, Person]
) -> None:
    command, told = pager(tmp_path)
    async with world(tmp_path, people, pinned=TEAM, alarm={"command": [command]}) as story:
        await story.post("alice", DISCLOSURE)
        copy = story.last("north", "Flaw")
        before = sizes(story)
        await story.box.stop()
        await story.post("north", "Leak: patch\n", reply_to=copy)
        (case,) = await cases(story)
        assert [page["id"] for page in paged(told)] == [case.id]
        assert sizes(story) == before

        await story.box.start()
        await story.pass_time(120)
        more = {who: count - before[who] for who, count in sizes(story, *TEAM).items()}
        assert more == dict.fromkeys(TEAM, 1)


@pytest.mark.side
async def test_a_leak_is_sent_before_all_other_work(tmp_path: Path, people: dict[str, Person]) -> None:
    async with world(tmp_path, people, pinned=TEAM, relay={"connections": 1}) as story:
        await story.post("alice", DISCLOSURE)
        copy = story.last("north", "Flaw")
        done = len(story.box.mails)
        for number in range(3):
            await story.deliver(story.compose("alice", DISCLOSURE, subject=f"Flaw {number}"))
        await story.deliver(story.compose("north", "Leak: patch\n", reply_to=copy))
        await story.settle()
        first = [story.open(_reader(story, mail.recipient), mail).subject for mail in story.box.mails[done : done + 5]]
        assert all("leak" in subject.lower() or "Your report" in subject for subject in first), first


def _reader(story: World, address: str) -> Person:
    return next(person for person in story.people.values() if person.address == address)
