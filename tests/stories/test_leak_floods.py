"""A flood of reports that nobody proved: each a case at once, no alarm lost, and none buried that counts."""

from __future__ import annotations

from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest

import letters
from deeds import pages, state_of
from letters import MEMBERS, cases, hand_in
from openpgp import Person
from world import Copy, World, world

pytestmark = pytest.mark.side

TEAM = ("alice", "adam", *MEMBERS)
MINUTES = 60


async def report(story: World, text: str, answers: Copy | None = None) -> None:
    raw = letters.unsigned(story, text, who="north", answers=answers)
    assert await hand_in(story, raw) == 250
    await story.pass_time(1)  # they come one after the other, and are told so


async def sounded(story: World) -> tuple[int, int]:
    """Alarm mails to a coordinator, and what the pager was told."""
    return sum("ALARM" in subject for subject in story.subjects("adam")), len(await pages(story))


async def test_more_reports_than_may_ring_are_told_together_and_those_that_count_at_once(
    tmp_path: Path, people: dict[str, Person]
) -> None:
    async with world(tmp_path, people, pinned=TEAM, list={"leak_flood": "2 in 10m"}) as story:
        await story.post("alice", "Embargo-Until: +30d\n\nA flaw.\n")
        first = story.inbox("north")[0]
        await story.post("alice", "Embargo-Until: +30d\n\nAnother.\n", subject="Another")
        second = story.last("north", "Another")

        await report(story, "Leak: number 1, to the world\n", first)
        await report(story, "Leak: number 2, to the world\n", first)
        assert await sounded(story) == (2, 2)
        await report(story, "Leak: number 3, to the world\n\nquokka three\n", first)
        await hand_in(story, letters.encrypted(story, b"\x85garbage", who="north", answers=first))
        await story.settle()
        assert len(await cases(story)) == 4, "each is a case as it comes"
        assert await sounded(story) == (2, 2)
        assert (await cases(story))[2].alarmed_at is None

        await report(story, "Leak: number 5, to the world\n", second)
        await report(story, "Leak: number 6, to the world\n")
        assert await sounded(story) == (4, 4), "the first about each disclosure, and about none"
        await story.post("north", "Leak: number 7, to the world\n", reply_to=first)
        assert await sounded(story) == (5, 5), "a proved one"
        assert "A leak is reported" in story.last("south").subject
        await story.post("alice", f"Ack: {(await cases(story))[6].id}\n", reply_to=story.last("alice", "ALARM"))

        await story.pass_time(10 * MINUTES)
        assert await sounded(story) == (6, 6)
        await _is_told(story)
        await story.pass_time(10 * MINUTES)
        assert await sounded(story) == (6, 6), "once"
        await report(story, "Leak: number 8, to the world\n", first)
        assert await sounded(story) == (7, 7), "the flood is over"


async def _is_told(story: World) -> None:
    """One mail with the alarm of each, and one word to the pager; each alarm can be answered."""
    waited = (await cases(story))[2:4]
    told = story.last("alice")
    assert "2 more leak reports" in told.subject
    assert all(f"{case.id} on {case.disclosure_id}, says to come from" in told.text for case in waited)
    alarms = [part.get_content() for part in told.inner.walk() if part.get_content_type() == "message/rfc822"]
    assert "quokka three" in alarms[0].get_body(("plain",)).get_content()
    assert any(part.get_filename() == "as-it-came.eml" for part in alarms[1].walk()), "one that can't be read"
    assert [(page.kind, page.ref) for page in await pages(story)][-1] == ("leak-flood", waited[0].id)
    assert all(case.alarmed_at == story.clock.now() for case in waited)

    answered = str(alarms[0]["Message-ID"])
    assert isinstance(message_from_bytes(bytes(alarms[0]), policy=policy.default), EmailMessage)
    await story.post("adam", f"Vouch: {waited[0].id}\n", references=[answered], subject=f"Re: {alarms[0]['Subject']}")
    assert [case.state for case in await cases(story)][2:4] == ["open", "quarantined"]
    assert "number 3, to the world" in story.last("south", "A leak is reported").text
    lines = f"Assess: {waited[1].id}\nOutcome: dismissed\nReason: noise\n"
    await story.post("adam", lines, reply_to=told)
    assert [case.state for case in await cases(story)][2:4] == ["open", "closed"]
    await story.post("adam", f"Assess: {waited[1].id}\nOutcome: public\n", reply_to=told)
    assert await state_of(story, waited[1].disclosure_id or "") == "lifted", "also in answer to the mail about many"


async def test_an_alarm_that_is_repeated_is_no_flood(tmp_path: Path, people: dict[str, Person]) -> None:
    escalate = ["0m", "20s", "40s", "60s"]
    async with world(tmp_path, people, pinned=TEAM, list={"escalate": escalate}) as story:
        await story.post("alice", "Embargo-Until: +30d\n\nA flaw.\n")
        first = story.inbox("north")[0]
        for number in (1, 2):
            await story.post("north", f"Leak: number {number}, to the world\n", reply_to=first)
        for _ in range(4):
            await story.pass_time(20)
        assert await sounded(story) == (8, 8), "each of the two proved ones four times"
        await report(story, "Leak: number 3, to the world\n", first)
        assert await sounded(story) == (9, 9), "the third case of five that may ring"

        answered = story.last("north", "Your report")
        await hand_in(story, letters.encrypted(story, b"\x85garbage", who="north", answers=answered))
        await story.settle()
        assert (len(await cases(story)), await sounded(story)) == (3, (10, 10)), "an addition that rings does count"
        await report(story, "Leak: number 4, to the world\n", first)
        assert await sounded(story) == (11, 11)
        await report(story, "Leak: number 5, to the world\n", first)
        assert await sounded(story) == (11, 11), "five rang of themselves"
