"""What an alarm offers to be pasted does what it says; and what is asked when an organisation leaks again."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from deeds import state_of
from gateway.notices.leak import Choices
from letters import MEMBERS, cases
from openpgp import Person
from policy.facts import Standing, State
from storage import disclosures, leaks, roster
from storage.records import LeakRecord
from world import Copy, World, world

pytestmark = pytest.mark.side

TEAM = ("alice", "adam", *MEMBERS)
BLOCK = re.compile(r"^\* ([^\n]+):\n\n((?:[A-Z][A-Za-z-]+: [^\n]*\n)+)", re.MULTILINE)


def offered(alarm: Copy, what: str) -> str:
    """The block that an alarm offers for something."""
    found = dict(BLOCK.findall(alarm.text.replace("\r", "") + "\n"))
    return next(block for words, block in found.items() if what in words)


def as_clients_write(block: str, alarm: Copy, *, outlook: bool = False) -> str:
    """A reply on top of the quoted alarm, as mail programs make it; an Outlook quotes without a mark."""
    said = alarm.text.replace("\r", "")
    if outlook:
        return f"{block}\n-----Original Message-----\nFrom: The list\nSent: Sunday\nTo: us\nSubject: ALARM\n\n{said}"
    quoted = "\n".join(f"> {line}".rstrip() for line in said.splitlines())
    return f"{block}\nOn Sun, 22 Nov 2026, the list wrote:\n{quoted}\n"


@pytest.mark.parametrize(
    ("state", "lines"),
    [
        (None, []),
        (State.PENDING, ["Outcome: public", "Scope: group:a"]),
        (State.HELD, ["Outcome: public", "Lift: now", "Send: now", "Scope: group:a"]),
        (State.EMBARGOED, ["Outcome: public", "Lift: now", "Scope: group:a"]),
        (State.LIFTED, ["Outcome: public"]),
        (State.WITHDRAWN, ["Outcome: public"]),
    ],
)
def test_nothing_is_offered_that_would_be_refused_as_the_disclosure_stands(
    state: State | None, lines: list[str]
) -> None:
    choices = Choices("LK-2026-0000", "ED-2026-0000" if state else None, state, ("group:a",))
    found, offered = choices.lines(), ("Outcome: public", "Lift", "Send", "Scope")

    assert [line for line in found if line.startswith(offered)] == lines
    while_another_holds = [line for line in replace(choices, waits=True).lines() if line.startswith(offered)]
    assert while_another_holds == [line for line in lines if not line.startswith(("Lift", "Send"))]
    assert {"Ack: LK-2026-0000", "Outcome: contained", "Outcome: dismissed"} <= set(found)


async def posted(story: World, head: str) -> str:
    story.sent += 1
    await story.post("alice", f"{head}Embargo-Until: +30d\n\nquokka\n", subject=f"Flaw {story.sent}")
    return story.disclosure_id()


async def alarmed(story: World, ident: str) -> tuple[LeakRecord, Copy]:
    """A leak of a disclosure, reported by a coordinator, as members don't have what is held."""
    await story.post("adam", "Leak: the patch, to the world\n", reply_to=story.last("adam", f"[{ident}] Receipt"))
    async with story.parts.database.reading() as tx:
        (case,) = await leaks.of_disclosure(tx, ident)
    return case, story.last("alice", "ALARM")


async def again(story: World, case: LeakRecord) -> LeakRecord:
    async with story.parts.database.reading() as tx:
        found = await leaks.get(tx, case.id)
    assert found is not None
    return found


def reading(story: World, ident: str) -> list[str]:
    """The members who have the text of a disclosure."""
    return [who for who in MEMBERS for copy in story.inbox(who) if ident in copy.subject and "quokka" in copy.text]


async def paste(story: World, alarm: Copy, what: str, *, outlook: bool = False) -> None:
    """Answer an alarm with what it offers, as it stands; nothing of it is complained of."""
    block = offered(alarm, what).replace("Reason: ...", "Reason: a fire drill")
    await story.post("alice", as_clients_write(block, alarm, outlook=outlook), reply_to=alarm)
    kept = [copy.text for copy in story.inbox("alice") if "Kept back" in copy.subject]
    assert not kept, (what, kept)


async def found(story: World, ident: str) -> tuple[str, str | None, int]:
    """State and cause of a disclosure, and how many members have its text."""
    async with story.parts.database.reading() as tx:
        one = await disclosures.get(tx, ident)
    assert one is not None
    return one.state.value, one.cause, len(reading(story, ident))


async def test_each_answer_that_an_alarm_offers_is_taken_as_it_is_pasted(
    tmp_path: Path, people: dict[str, Person]
) -> None:
    async with world(tmp_path, people, pinned=TEAM) as story:
        held = await posted(story, "Hold-Until: +2d\n")
        _, alarm = await alarmed(story, held)
        await paste(story, alarm, "Send members what is held, and lift")
        assert await found(story, held) == ("lifted", "leaked", 3)

        held = await posted(story, "Hold-Until: +2d\n")
        _, alarm = await alarmed(story, held)
        await paste(story, alarm, "to group:cloud")
        assert "The scope is now: group:cloud." in " ".join(story.last("alice", "Receipt").text.split())
        await paste(story, alarm, "It is public: lift, and send nothing")
        assert await found(story, held) == ("lifted", "leaked", 0)

        out = await posted(story, "")
        case, alarm = await alarmed(story, out)
        for what, outcome, state in (
            ("I have it in hand", None, "embargoed"),
            ("It was no leak", "dismissed", "embargoed"),
            ("contained", "contained", "embargoed"),
            ("It is public: lift", "public", "lifted"),
        ):
            await paste(story, alarm, what, outlook=True)
            after = await again(story, case)
            assert (after.outcome, after.acked_at is not None) == (outcome, True), what
            assert (await found(story, out))[0] == state, what
        await _narrows_what_is_out(story)


async def _narrows_what_is_out(story: World) -> None:
    ident = await posted(story, "")
    _, alarm = await alarmed(story, ident)
    assert alarm.text.count("\nScope: ") == 2, "by one group or the other"
    await paste(story, alarm, "to group:distributors")
    assert await state_of(story, ident) == "embargoed"
    await story.post("alice", "Send-To: audience\n\nwombat\n", reply_to=story.last("alice", "Receipt"))
    assert [who for who in MEMBERS if "wombat" in story.last(who).text] == ["north", "south"]
    await story.post("adam", "Leak: more of it, to all\n", reply_to=story.last("adam", f"[{ident}] Receipt"))
    later = story.last("alice", "ALARM")
    assert "Scope: group:" not in later.text, "that would let west in again, or leave nobody out"
    assert f"Scope: {story.people['south'].address}, {story.people['north'].address}" in later.text
    await paste(story, later, "Lift only")
    assert await found(story, ident) == ("lifted", "leaked", 3)


async def test_an_organisation_that_leaks_again_is_asked_about_and_removed_by_nobody(
    tmp_path: Path, people: dict[str, Person]
) -> None:
    async with world(tmp_path, people, pinned=TEAM) as story:
        await story.post("alice", "Embargo-Until: +30d\n\nA flaw.\n")
        first = story.inbox("north")[0]

        async def leaked(lines: str) -> None:
            await story.pass_time(1)  # one after the other
            await story.post("north", f"{lines}\n", reply_to=first)
            (case,) = [one for one in await cases(story) if one.outcome is None]
            text = f"Assess: {case.id}\nOutcome: contained\n"
            await story.post("alice", text, reply_to=story.last("alice", "ALARM"))

        def asked() -> int:
            return story.subjects("adam").count("Leaked again: Northwind")

        await leaked("Leak: one, to the world")
        await leaked("Leak: two, to the world\nLeak-By: other")
        assert asked() == 0
        await leaked("Leak: three, to the world")
        assert asked() == 1
        told = story.last("adam", "Leaked again").text
        counted = (await cases(story))[0], (await cases(story))[2]
        assert f"{counted[0].id}, {counted[1].id}." in told
        assert f"embargo member rm {story.people['north'].address} --list early-disclosure" in told
        await story.post("alice", f"Assess: {counted[1].id}\nOutcome: public\n", reply_to=story.last("alice", "ALARM"))
        assert asked() == 1, "the same leak, graver"
        assert not any("Leaked again" in subject for who in MEMBERS for subject in story.subjects(who))
        async with story.parts.database.reading() as tx:
            (north,) = await roster.find(tx, address=story.people["north"].address)
        assert north.standing is Standing.ACTIVE

        request = "early-disclosure-request@lists.example.org"
        line = re.search(r"^Suspend: .*$", told, re.MULTILINE)
        assert line is not None
        await story.post("alice", f"Show: {counted[0].id}\n{line[0].strip()}\n", to=request, subject="please")
        assert "Confirmed leaks of Northwind: 2" in story.last("alice").text
        async with story.parts.database.reading() as tx:
            (north,) = await roster.find(tx, address=story.people["north"].address)
        assert north.standing is Standing.SUSPENDED
