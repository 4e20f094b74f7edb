"""What must not happen around a leak case: words that are untrue, lines that are lost, names and parts that get out."""

from __future__ import annotations

from pathlib import Path

import pytest

import letters
import world as worlds
from deeds import state_of
from letters import MEMBERS, cases, hand_in, token_of
from openpgp import Person
from storage import duties
from storage.records import LeakRecord
from world import World, world

pytestmark = pytest.mark.side

TEAM = ("alice", "adam", *MEMBERS)
DAY = 86_400


async def assessed(story: World, outcome: str = "contained") -> LeakRecord:
    """The latest case, as the coordinators assess it."""
    case = (await cases(story))[-1]
    await story.post("alice", f"Assess: {case.id}\nOutcome: {outcome}\n", reply_to=story.last("alice", "ALARM"))
    return (await cases(story))[-1]


def bounce() -> bytes:
    head = 'MIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n'
    part = "Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; x.example\r\n\r\n"
    told = "Final-Recipient: rfc822; x@corp.example\r\nAction: failed\r\nStatus: 5.1.1\r\n"
    return (
        "From: MAILER-DAEMON@x.example\r\nTo: list\r\nSubject: failed\r\nMessage-ID: <b1@x.example>\r\n"
        f"Auto-Submitted: auto-replied\r\n{head}\r\n--b\r\n{part}{told}\r\n--b--\r\n"
    ).encode()


async def test_what_members_say_around_a_leak_reaches_whom_it_may_and_is_answered(
    tmp_path: Path, people: dict[str, Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(worlds.MEMBERS, "west", ("Lakeside  Systems", ("cloud",)))
    async with world(tmp_path, people, pinned=TEAM, list={"discussion": "audience"}) as story:
        await story.post(
            "alice",
            "Embargo-Until: +30d\nRestrict: fix.patch to group:cloud\n\nA flaw.\n",
            attachments=[("fix.patch", b"quokka\n")],
        )
        ident, first = story.disclosure_id(), story.inbox("south")[0]
        await _names_nobody(story)
        await _answers_that_it_is_no_leak(story)
        await _talks_of_it(story)
        await _asks_for_cases_of_others(story, ident)
        await _comes_back_after_it_was_delivered(story, ident)
        assert first.message_id == story.inbox("north")[0].message_id


async def _names_nobody(story: World) -> None:
    """The notice to members names none of them: not by name, by address or by domain; proved or vouched for."""
    west = story.people["west"].address
    named = f"a build by {west}, of Lakeside\n Systems and Southgate, on www.{west.partition('@')[2]}"
    await story.post("north", f"Leak: {named}\n", reply_to=story.inbox("north")[0])
    unproved = letters.unsigned(story, f"Leak: {named} again\n", who="north", answers=story.inbox("north")[0])
    await story.deliver(unproved)
    await story.settle()
    case = (await cases(story))[-1]
    await story.post("alice", f"Vouch: {case.id}\nVouch: {case.id}\n", reply_to=story.last("alice", "ALARM"))
    notices = [copy for copy in story.inbox("south") if "A leak is reported" in copy.subject]
    assert len(notices) == 2, "said twice in one mail, it is told once"
    for copy in notices:
        assert "a build by a member, of a member and a member, on www.a member" in copy.text
        assert not any(word in copy.text for word in (west, west.partition("@")[2], "Lakeside", "Southgate"))


async def _answers_that_it_is_no_leak(story: World) -> None:
    """All of the answer reaches the coordinators; what was not done of it is told to its writer."""
    before = len(story.inbox("south"))
    await story.post(
        "south",
        "Leak: no\nFact: public\nWhere: https://blog.example\n\nSee the log.\n",
        reply_to=story.inbox("south")[0],
        attachments=[("access.log.bin", b"quokka-log")],
    )
    told = story.last("alice", "no leak")
    assert b"access.log.bin" in told.attachments["as-it-came.eml"]
    assert "See the log." in told.text
    (answer,) = story.inbox("south")[before:]
    assert "not acted on, as your mail answers whether it was a leak: Fact" in answer.text


async def _talks_of_it(story: World) -> None:
    """A line that can't be done, in an answer to the notice: the talk goes on, and its writer hears of the line."""
    before = len(story.inbox("south"))
    notice = story.last("south", "A leak is reported")
    await story.post("south", "Propose-Embargo-Until: next tuesday\n\nLet us be quicker.\n", reply_to=notice)
    assert "Let us be quicker." in story.last("alice", "more on leak").text
    (answer,) = story.inbox("south")[before:]
    assert "Propose-Embargo-Until: next tuesday" in answer.text
    assert "LK-" not in answer.text


async def _asks_for_cases_of_others(story: World, ident: str) -> None:
    """A member learns nothing of a case that it did not report, nor of what its own was found to be about."""
    await story.post("alice", "Embargo-Until: +30d\nScope: group:cloud\n\nA secret flaw.\n", subject="Quite another")
    secret, receipt = story.disclosure_id(), story.last("alice", "Receipt")
    assert secret != ident
    await story.post("north", "Leak: something seen in the wild, to nobody yet\n", subject="Seen")
    await story.post("adam", "Leak: the secret flaw, to the world\n", reply_to=receipt)
    own, other = (await cases(story))[-2:]
    assert (own.disclosure_id, other.disclosure_id) == (None, secret)
    await story.post("alice", f"Ack: {own.id}\n", reply_to=receipt)
    said = []
    for case in (own.id, other.id, "LK-2026-0000"):
        await story.post("north", f"Retrospective: {case}\n\nwords\n", reply_to=story.inbox("north")[0])
        said.append(story.last("north").text)
    assert "is not of this thread" in said[0]
    assert said[1].replace(other.id, "") == said[2].replace("LK-2026-0000", "")
    assert not any(secret in copy.plaintext.decode(errors="replace") for copy in story.inbox("north"))


async def _comes_back_after_it_was_delivered(story: World, ident: str) -> None:
    """A bounce that comes after the delivery does not open what was withheld from others, by an answer to it."""
    token = await token_of(story, f"{ident}/1", story.people["west"].address)
    path = f"early-disclosure-bounces+{token}@lists.example.org"
    assert await hand_in(story, bounce(), to=path, sender="") == 250
    await story.settle()
    assert "Bounced" in story.last("alice").subject
    await story.post("west", "Another view: quokka two\n", reply_to=story.inbox("west")[0])
    assert "quokka two" in story.last("alice").text
    assert not any("quokka two" in copy.text for who in ("north", "south") for copy in story.inbox(who))


async def test_a_retrospective_is_told_every_day_and_called_posted_only_where_somebody_reads_it(
    tmp_path: Path, people: dict[str, Person]
) -> None:
    setting = {"retrospective_within": "2d", "public_lists": ["oss@public.example"]}
    async with world(tmp_path, people, pinned=TEAM, list=setting) as story:
        await story.post("alice", "Hold-Until: +9d\nEmbargo-Until: +30d\n\nA flaw.\n", subject="Held")
        held, receipt = story.disclosure_id(), story.last("alice", "Receipt")
        await story.post("alice", "Embargo-Until: +30d\n\nA flaw.\n")
        first = story.inbox("north")[0]
        for number in range(3):
            await story.post("north", f"Leak: thing {number}, to {number}\n", reply_to=first)
            await assessed(story)
            await story.pass_time(DAY * 0.9)
        for _ in range(6):
            await story.pass_time(DAY * 0.45)
        assert overdue_told(story) >= 2, "each new one put the daily word off"

        last = (await cases(story))[-1]
        await story.post("north", f"Retrospective: {last.id}\n\nquokka one\n", reply_to=first)
        assert "posted: to the coordinators and 2 other members" in story.last("north").text
        async with story.parts.database.reading() as tx:
            watched = {duty.kind for duty in await duties.due(tx, story.clock.now().replace(year=2099))}
        assert "undelivered" in watched, "somebody hears when it does not arrive"
        await _public_list_outside_the_signature(story)
        await _ends_with_the_withdrawal(story, last)
        await _of_what_nobody_has(story, held, receipt)


async def _public_list_outside_the_signature(story: World) -> None:
    """Its writer is proved, the address is not: it can be vouched for."""
    raw = story.compose("north", "A thought.\n", reply_to=story.inbox("north")[0])
    await story.deliver(raw.replace(b"MIME-Version", b"Cc: oss@public.example\r\nMIME-Version", 1))
    await story.settle()
    case = (await cases(story))[-1]
    assert (case.state, case.verified) == ("open", False)
    before = len(story.inbox("south"))
    await story.post("alice", f"Vouch: {case.id}\n", reply_to=story.last("alice", "ALARM"))
    assert (await cases(story))[-1].verified
    assert len(story.inbox("south")) == before, "found, not reported: no member is told"
    reason = f"Assess: {case.id}\nOutcome: dismissed\nReason: sealed\n"
    await story.post("alice", reason, reply_to=story.last("alice", "ALARM"))


async def _ends_with_the_withdrawal(story: World, posted: LeakRecord) -> None:
    """What is withdrawn owes no retrospective, and none is called posted."""
    answer = story.last("north", "Your report")
    await story.post("alice", "Withdraw: void: no flaw\n", reply_to=story.last("alice", "Retrospective due"))
    ended = [case for case in await cases(story) if case.disclosure_id == posted.disclosure_id]
    assert all(case.state == "closed" for case in ended)
    assert [case.retrospective for case in ended] == [None, None, "done", None]
    assert f"No retrospective of {ended[0].id} is due any more." in " ".join(
        story.last("alice", "Receipt").text.split()
    )
    await story.post("north", f"Retrospective: {ended[1].id}\n\nquokka lessons\n", reply_to=answer)
    assert "it is withdrawn, so nothing more is sent" in story.last("north").text
    assert not any("quokka lessons" in copy.text for who in ("south", "west") for copy in story.inbox(who))
    overdue = overdue_told(story)
    await story.pass_time(3 * DAY)
    assert overdue_told(story) == overdue


def overdue_told(story: World) -> int:
    return sum("Retrospectives overdue" in copy.text for copy in story.inbox("adam"))


async def _of_what_nobody_has(story: World, held: str, receipt: worlds.Copy) -> None:
    """Held, and public before anybody had it: the retrospective is not called sent to members."""
    await story.post("adam", "Leak: the patch, to the world\n", reply_to=receipt)
    case = await assessed(story, "public")
    assert await state_of(story, held) == "lifted"
    await story.post("alice", f"Retrospective: {case.id}\n\nquokka three\n", reply_to=receipt)
    said = story.last("alice", "Receipt").text
    assert "there is no member that it could reach" in " ".join(said.split())
    assert "3 members" not in said
    assert any("quokka three" in copy.text for copy in story.inbox("adam"))
    assert not any("quokka three" in copy.text for who in MEMBERS for copy in story.inbox(who))
    assert (await cases(story))[-1].state == "closed"


async def test_a_retrospective_that_no_other_member_could_read_is_not_called_posted(
    tmp_path: Path, people: dict[str, Person]
) -> None:
    async with world(tmp_path, people, pinned=TEAM) as story:
        block = "Embargo-Until: +30d\nRestrict: fix.patch to org:Northwind\n\nA flaw.\n"
        await story.post("alice", block, attachments=[("fix.patch", b"quokka\n")])
        await story.post("north", "Leak: the patch, to a journalist\n", reply_to=story.inbox("north")[0])
        case = await assessed(story)
        answer = story.last("north", "Your report")

        await story.post("north", f"Retrospective: {case.id}\n\nA typo.\n", reply_to=answer)
        assert "the coordinators can post it" in story.last("north").text
        assert "See it with `Show: QU-" in story.last("alice").text
        assert (await cases(story))[-1].state == "assessed", "what was learnt is still due"

        await story.post("alice", f"Retrospective: {case.id}\n\nA typo.\n", reply_to=story.last("alice", "Receipt"))
        assert (await cases(story))[-1].state == "closed"
        assert "A typo." in story.last("south").text
