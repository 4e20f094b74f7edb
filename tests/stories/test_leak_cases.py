"""A leak case to its end: vouched for, assessed, learnt from; and what must not happen by the way."""

from __future__ import annotations

from pathlib import Path

import letters
from deeds import pages, state_of
from gateway.life import gathering
from letters import MEMBERS, cases, sizes
from openpgp import Person
from storage.records import LeakRecord
from world import World, world

TEAM = ("alice", "adam", *MEMBERS)
DAY = 86_400


async def only(story: World) -> LeakRecord:
    (case,) = await cases(story)
    return case


def unsigned_report(story: World) -> bytes:
    text = "Leak: the patch of Westlake, to a public mirror\n"
    return letters.unsigned(story, text, who="north", answers=story.inbox("north")[0])


async def test_an_unproved_report_is_vouched_for_assessed_and_learnt_from(
    tmp_path: Path, people: dict[str, Person]
) -> None:
    async with world(tmp_path, people, pinned=TEAM, list={"retrospective_within": "2d"}) as story:
        await story.post("alice", "Embargo-Until: +30d\n\nA flaw.\n")
        ident, first = story.disclosure_id(), story.inbox("south")[0]
        await story.post("south", "Ack: yes\n", reply_to=first)
        await story.deliver(unsigned_report(story))
        await story.settle()
        case = await only(story)
        assert (case.state, case.verified) == ("quarantined", False)
        before = sizes(story)
        alarm = story.last("alice", "ALARM")

        for text in (
            f"Vouch: {case.id}\n",
            f"Assess: {case.id}\nOutcome: public\n",
            f"Retrospective: {case.id}\n\nX\n",
        ):
            await story.post("south", text, reply_to=first)
        await story.deliver(letters.unsigned(story, f"Vouch: {case.id}\n", who="alice", answers=alarm))
        await story.settle()
        assert await only(story) == case, "nobody but a coordinator moves a case"
        assert await state_of(story, ident) == "embargoed"
        assert sizes(story)["west"] == before["west"]

        vouched = await story.post("alice", f"Vouch: {case.id}\n", reply_to=alarm)
        case = await only(story)
        assert (case.state, case.verified, case.org) == ("open", True, None)
        told = [story.last(member) for member in MEMBERS]
        assert all("to a public mirror" in copy.text and "A leak is reported" in copy.subject for copy in told)
        assert not any("Westlake" in copy.text for copy in told), "no organisation is named"
        before = sizes(story)
        await story.deliver(letters.again(vouched))
        await story.settle()
        assert {who: sizes(story)[who] for who in MEMBERS} == {who: before[who] for who in MEMBERS}, "a replay"

        await story.post("adam", f"Assess: {case.id}\nOutcome: contained\n\nThe mirror took it down.\n", reply_to=alarm)
        case = await only(story)
        assert (case.state, case.outcome, case.retrospective) == ("assessed", "contained", "due")
        assert "The mirror took it down" not in b"".join(copy.plaintext for copy in story.inbox("west")).decode()
        assert await state_of(story, ident) == "embargoed"
        await _learns(story, case)


async def _learns(story: World, case: LeakRecord) -> None:
    """A draft on the due date, a word a day, and the end."""
    await story.pass_time(2 * DAY)
    draft = story.last("alice", "Retrospective due")
    assert f"Retrospective: {case.id}" in draft.text
    assert "assessed it as contained" in draft.text
    assert not any(name in draft.text for name in ("Northwind", "Southgate", "Westlake"))
    assert "Southgate" in draft.attachments["who-had-what.txt"].decode()
    for _ in range(2):
        await story.pass_time(DAY)
    told = [copy for copy in story.inbox("adam") if "Retrospectives overdue" in copy.text]
    assert 2 <= len(told) <= 3
    assert case.id in told[-1].text

    await story.post("alice", f"Retrospective: {case.id}\n", reply_to=draft)
    assert "it says nothing" in story.last("alice").text
    posted = draft.text.partition("-" * 60)[2].strip().replace("...", "Ask before mirroring.")
    await story.post("alice", posted, reply_to=draft)
    assert ((await only(story)).state, (await only(story)).retrospective) == ("closed", "done")
    for member in MEMBERS:
        assert "Ask before mirroring." in story.last(member).text
        assert "Retrospective:" not in story.last(member).text
    await story.pass_time(2 * DAY)
    assert sum("Retrospectives overdue" in copy.text for copy in story.inbox("adam")) == len(told)


async def test_the_alarm_of_a_proved_leak_sounds_again_until_a_coordinator_takes_it(
    tmp_path: Path, people: dict[str, Person]
) -> None:
    async with world(tmp_path, people, pinned=TEAM) as story:
        await story.post("alice", "Embargo-Until: +30d\n\nA flaw.\n")
        first = story.inbox("north")[0]
        await story.post("north", "Leak: the patch, to the world\n", reply_to=first)
        case, alarm = await only(story), story.last("alice", "ALARM")

        async def sounded() -> tuple[int, int]:
            return len(await pages(story, "leak")), sum("ALARM" in subject for subject in story.subjects("adam"))

        assert await sounded() == (1, 1)
        await story.pass_time(299)
        assert await sounded() == (1, 1)
        await story.pass_time(1)
        assert await sounded() == (2, 2)
        again = story.last("adam", "ALARM, again")
        for line in (f"Ack: {case.id}", "Outcome: contained", "Cause: leaked", "Scope: group:cloud"):
            assert f"\n{line}" in again.text.replace("\r", "")
            assert f"\n{line}" in alarm.text.replace("\r", "")
        await story.pass_time(600)
        assert await sounded() == (3, 3)

        await story.post("north", f"Ack: {case.id}\n", reply_to=first)
        await story.deliver(letters.unsigned(story, f"Ack: {case.id}\n", who="alice", answers=again))
        await story.settle()
        assert (await only(story)).acked_at is None, "nobody but a coordinator takes it"
        before = sizes(story)
        await story.post("adam", f"Ack: {case.id}\n", reply_to=again)
        assert "in hand" in story.last("alice").text
        assert {who: sizes(story)[who] for who in MEMBERS} == {who: before[who] for who in MEMBERS}
        await story.post("alice", f"Ack: {case.id}\n", reply_to=again)
        assert "was taken already" in story.last("alice").text
        await story.pass_time(DAY)
        assert await sounded() == (3, 3)
        assert (await only(story)).state == "open", "to take it in hand decides nothing"
        assert all(page.state == "acked" for page in await pages(story, "leak"))

        await story.deliver(unsigned_report(story))
        await story.settle()
        told = len(await pages(story, "leak"))
        await story.pass_time(DAY)
        assert len(await pages(story, "leak")) == told, "what is not proved sounds once"


async def test_a_case_assessed_as_public_ends_the_embargo_for_everybody_who_ever_had_it(
    tmp_path: Path, people: dict[str, Person]
) -> None:
    notice = [("notice.txt", b"Public notice\n\nzirconium\n")]
    async with world(tmp_path, people, pinned=TEAM, list={"public_address": "oss@public.example"}) as story:
        await story.post("alice", "Embargo-Until: +30d\nPublic-Notice: notice.txt\n\nA flaw.\n", attachments=notice)
        ident = story.disclosure_id()
        await story.post("north", "We look into it.\n", reply_to=story.inbox("north")[0])
        assert all("We look into it." not in story.last(member).text for member in ("south", "west"))
        await story.post("north", "Leak: the patch, to the world\n", reply_to=story.inbox("north")[0])
        case, alarm = await only(story), story.last("alice", "ALARM")

        await story.post("alice", f"Assess: {case.id}\n", reply_to=alarm)
        assert "add `Outcome: dismissed`" in story.last("alice").text
        await story.post("alice", f"Assess: {case.id}\nOutcome: dismissed\n", reply_to=alarm)
        assert "a dismissal says why" in story.last("alice").text
        assert (await only(story)).state == "open"
        await story.post("alice", f"Preview: yes\nAssess: {case.id}\nOutcome: public\n", reply_to=alarm)
        assert (await only(story)).state == "open"
        assert await state_of(story, ident) == "embargoed"

        await story.post("alice", f"Assess: {case.id}\nOutcome: public\n", reply_to=alarm)
        assert await state_of(story, ident) == "lifted"
        for member in MEMBERS:
            assert sum("Lifted" in subject for subject in story.subjects(member)) == 1
        assert story.box.to("oss@public.example") == [], "the public notice takes a fresh order"
        await story.post("adam", f"Assess: {case.id}\nOutcome: contained\n", reply_to=alarm)
        assert "only ever gets graver" in story.last("adam").text

        answer = story.last("north", "Your report")
        await story.post("south", f"Retrospective: {case.id}\n\nquokka\n", reply_to=story.inbox("south")[0])
        assert "that you reported" in story.last("south").text
        await story.post("north", f"Retrospective: {case.id}\n\nOur leak was a typo in a script.\n", reply_to=answer)
        assert (await only(story)).state == "closed"
        assert all("a typo in a script" in story.last(member).text for member in ("south", "west"))
        assert any("a typo in a script" in copy.text for copy in story.inbox("adam")[-2:])
        assert "posted: to the coordinators and 2 other members" in story.last("north").text

        await story.post("alice", "Embargo-Until: +30d\nPublic-Notice: notice.txt\n\nB.\n", attachments=notice)
        await story.post("adam", "Leak: all, to all\n", reply_to=story.last("adam", "Receipt"))
        (case,) = [case for case in await cases(story) if case.state == "open"]
        block = f"Assess: {case.id}\nOutcome: public\nPublic-Notice: notice.txt\n"
        await story.post("alice", f"Preview: yes\n{block}", reply_to=story.last("alice", "ALARM"))
        assert story.box.to("oss@public.example") == []
        await story.post("alice", block, reply_to=story.last("alice", "ALARM"))
        assert await state_of(story, story.disclosure_id()) == "lifted"
        assert len(story.box.to("oss@public.example")) == 1, "the same mail orders it anew"
        assert "The public notice goes out." in story.last("alice", "Receipt").text

        # A notice that is ordered after the lift is no second lift, neither in the draft nor in the report.
        newer = [("newer.txt", b"A newer notice\n\nbismuth\n")]
        await story.post(
            "alice", "Public-Notice: newer.txt\n", reply_to=story.last("alice", "Receipt"), attachments=newer
        )
        assert len(story.box.to("oss@public.example")) == 2
        await story.pass_time(14 * DAY)
        draft = story.last("alice", "Retrospective due").text
        assert draft.count("the embargo was lifted") == 1
        assert "the public notice was ordered" in draft
        told = [moment.what for moment in (await gathering.gather(story.parts, story.disclosure_id())).moments]
        assert sum(what.startswith("Lifted") for what in told) == 1
        assert "Public notice ordered" in told
