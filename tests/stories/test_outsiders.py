"""Who else was addressed: a mail that names somebody outside is kept back, and a public list is a leak."""

from __future__ import annotations

import re
from pathlib import Path

import letters
from deeds import AT_ONCE, pages
from gateway.operator import kept as operator_kept
from gateway.operator import show as operator_show
from gateway.operator.explain import explain
from letters import MEMBERS, cases, last_kept, sizes
from openpgp import Person
from world import LIST, Copy, World, entity, world

TEAM = ("alice", "adam", *MEMBERS)
JANE = "Jane <jane@northwind.example>"
REQUEST = LIST.replace("@", "-request@")
OTHER = {"address": "other@lists.example.org", "name": "Other"}
PUBLIC = "oss-security@lists.example.com"


async def send(story: World, raw: bytes) -> dict[str, int]:
    """Hand a mail in; give how many mails each person has got because of it."""
    before = sizes(story)
    assert await letters.hand_in(story, raw) == 250
    await story.settle()
    return {who: count - before[who] for who, count in sizes(story).items() if count != before[who]}


def beside(raw: bytes, field: str) -> bytes:
    """A mail with one more field outside its encryption, as anybody on the way could put it there."""
    return field.encode() + b"\r\n" + raw


def within(story: World, who: str, text: str, answers: Copy, **fields: str) -> bytes:
    """A reply that names somebody inside its encryption alone."""
    protected = {"Subject": "Re: Flaw", "To": LIST, **letters.threading(answers), **fields}
    payload = entity(text, protected=protected)
    return letters.signed_payload(story, payload, who=who, answers=answers)


def pasted(copy: Copy, name: str) -> str:
    """A line of a question, as people paste it."""
    found = re.search(rf"^{name}: .*$", copy.text, re.MULTILINE)
    assert found is not None, copy.text
    return found[0].rstrip()


async def test_a_mail_that_names_an_outsider_reaches_no_member_and_its_writer_is_asked(
    tmp_path: Path, people: dict[str, Person]
) -> None:
    async with world(tmp_path, people, pinned=TEAM, lists={"other": OTHER}) as story:
        north = people["north"].address
        named = f"{LIST}, Adam <ADAM@project.example>, {north}, Eve <eve@elsewhere.example>"
        post = story.compose("alice", AT_ONCE, subject="Canary subject", to=named)
        rehearsed = await explain(story.parts, post, None)
        assert (rehearsed.taken_for, rehearsed.reasons) == ("quarantine", ("outsider-addressed",))
        assert "outside its audience: eve@elsewhere.example." in rehearsed.remarks[0]
        assert await send(story, post) == {"alice": 1, "adam": 1}
        entry = await last_kept(story)
        assert (entry.reason, entry.reasons) == ("outsider-addressed", ("outsider-addressed",))

        question = story.last("alice", "Kept back: who else was addressed?")
        assert question.good_signer()
        assert "eve@elsewhere.example" in question.text
        assert north not in question.text
        assert f"Release-Quarantine: {entry.id}" in question.text
        assert pasted(question, "Leak") == "Leak: a copy of this mail, to eve@elsewhere.example"
        assert "eve@elsewhere.example" in story.last("adam", entry.id).text
        # An answer that pastes the whole block again says nothing about Eve: the mail stays kept.
        assert await send(story, story.compose("alice", AT_ONCE, reply_to=question)) == {"alice": 1, "adam": 1}
        assert (await last_kept(story)).reason == "outsider-addressed"
        # A word about it, to the list alone, goes to the other coordinator.
        assert await send(story, story.compose("alice", "Who is Eve?\n", reply_to=question)) == {"adam": 1}

        # It may go on: a coordinator pastes the line, or the operator waives the rule.
        raw = story.compose("alice", pasted(question, "Release-Quarantine") + "\n", to=REQUEST, subject="please")
        assert await letters.hand_in(story, raw, to=REQUEST) == 250
        await story.settle()
        assert [len(story.inbox(who)) for who in MEMBERS] == [1, 1, 1]
        dear = story.last("north", "Canary subject")

        await _colleague(story, dear)
        await _inside_and_out(story, dear)
        await _who_may_be_let_in(story, people["west"].address)


async def _colleague(story: World, dear: Copy) -> None:
    """A member's colleague is nobody to the list: it asks kindly, and passes nothing on."""
    reply = story.compose("north", "Our build is ready.\n", reply_to=dear, to=f"{LIST}, {JANE}")
    assert await send(story, reply) == {"north": 1, "alice": 1, "adam": 1}
    entry = await last_kept(story)
    assert entry.reason == "outsider-addressed"
    question = story.last("north", "Kept back: who else was addressed?")
    assert "has one address on this list" in question.text
    assert "Release-Quarantine" not in question.text
    assert "build is ready" not in question.text + story.last("adam", entry.id).text
    # To the coordinators' kept mail of the trail nothing of it sticks, not even the address.
    told = [record for record in await letters.trail(story) if record.id == entry.id]
    assert told
    assert "jane@" not in str(told)

    mistake = story.compose("north", f"{pasted(question, 'Leak')}\n", reply_to=question)
    await send(story, mistake)
    (case,) = await cases(story)
    assert (case.state, case.verified, case.org) == ("open", True, "Northwind")
    assert (await letters.said(story, case))["what"] == "a copy of this mail, to jane@northwind.example"


async def _inside_and_out(story: World, dear: Copy) -> None:
    """Outer and protected fields both count, and so does what can't be read; a clean one goes on."""
    plain = story.compose("south", "Fine.\n", reply_to=dear)
    kept = [
        beside(plain, f"Cc: {JANE}"),
        beside(story.compose("south", "Fine.\n", reply_to=dear), "Reply-To: someone"),
        within(story, "south", "Fine.\n", dear, Cc=JANE),
        within(story, "south", "Fine.\n", dear, **{"Reply-To": "psirt@southgate.example, intern@southgate.example"}),
        story.compose("south", "Fine.\n", reply_to=dear, protect=False, to=f"{LIST}, {JANE}"),
    ]
    for raw in kept:
        assert await send(story, raw) == {"south": 1, "alice": 1, "adam": 1}
        assert (await last_kept(story)).reason == "outsider-addressed"
    clean = within(story, "south", "Fine.\n", dear, **{"Reply-To": "PSIRT@southgate.example", "Cc": "undisclosed:;"})
    assert await send(story, clean) == {"alice": 1, "adam": 1}


async def _who_may_be_let_in(story: World, west: str) -> None:
    """A guest is offered only where he would be let in: no member, no list, and nobody beside an end."""
    receipt = story.last("alice", "Receipt")
    await story.post("alice", "Scope: group:distributors\n", reply_to=receipt)
    asked = {
        ("Send-To: audience\n\nNews.\n", f"{west}, other@lists.example.org"): (),
        ("Send-To: audience\n\nNews.\n", f"{west}, eve@elsewhere.example"): ("eve@elsewhere.example",),
        ("Lift: now\n", "eve@elsewhere.example"): (),
        ("Withdraw: no flaw\n", "eve@elsewhere.example"): (),
    }
    for (text, named), guests in asked.items():
        assert await send(story, within(story, "alice", text, receipt, Cc=named)) == {"alice": 1, "adam": 1}
        question = story.last("alice", "Kept back: who else was addressed?").text
        assert tuple(re.findall(r"^Guest: (\S+)", question, re.MULTILINE)) == guests
        assert ("that is a guest." in question) is bool(guests)
        assert (f"{west} is on this list, but not in the scope" in question) is (west in named)


async def test_a_public_list_among_those_addressed_is_a_leak_that_the_gateway_finds_itself(
    tmp_path: Path, people: dict[str, Person]
) -> None:
    async with world(tmp_path, people, pinned=TEAM, list={"public_lists": [PUBLIC]}) as story:
        await story.post("alice", AT_ONCE)
        dear = story.last("north", "Flaw")
        reply = story.compose(
            "north", "Our canary build is ready.\n", reply_to=dear, to=f"{LIST}, OSS-Security@Lists.Example.com"
        )
        assert "opens a leak case at once" in (await explain(story.parts, reply, None)).remarks[-1]
        assert await send(story, reply) == {"north": 1, "alice": 1, "adam": 1}

        entry = await last_kept(story)
        (case,) = await cases(story)
        assert (entry.reason, case.state, case.verified) == ("outsider-addressed", "open", True)
        assert (case.reporter, case.org) == (people["north"].address, "Northwind")
        assert case.disclosure_id == story.disclosure_id()
        assert case.missing == ("what", "to", "when", "how")
        shown = await operator_show.leak_report(story.parts, case.id)
        assert (shown["what"], shown["found"]) == (None, ["OSS-Security@lists.example.com"])
        assert [page.ref for page in await pages(story, "leak")] == [case.id]
        alarm = story.last("adam", f"ALARM: leak {case.id}")
        for word in ("found by the gateway", "oss-security@lists", "covers that address", entry.id, "canary build"):
            assert word in alarm.text.lower() or word in alarm.text
        told = story.last("north", f"leak case {case.id}")
        assert told.good_signer()
        assert "canary" not in told.text

        # What the writer answers belongs to his case.
        await send(story, story.compose("north", "Leak-When: just now\nLeak-What: a sealed copy\n", reply_to=told))
        (case,) = await cases(story)
        assert case.missing == ("to", "how")
        # The coordinators decide that the reply may be read: it goes on, and is no second case.
        await operator_kept.release(story.parts, entry.id)
        await story.settle()
        assert len(await cases(story)) == 1
        assert "canary build" in story.last("adam", "Re: Flaw").text

        await _whose_word(story, dear)


async def _whose_word(story: World, dear: Copy) -> None:
    """What is outside the signature accuses nobody; what is not proved is a case only in a known thread."""
    forged = beside(story.compose("west", "Fine.\n", reply_to=dear), f"Cc: {PUBLIC}")
    assert await send(story, forged) == {"west": 1, "alice": 1, "adam": 1}
    case = (await cases(story))[-1]
    assert (case.state, case.verified, case.org, case.by) == ("open", False, None, "unknown")
    alarm = story.last("alice", f"ALARM: leak {case.id}")
    assert "does NOT cover that address" in alarm.text
    await story.post("alice", f"{pasted(alarm, 'Assess')}\n{pasted(alarm, 'Outcome')}\n", reply_to=alarm)
    (assessed,) = [one for one in await cases(story) if one.id == case.id]
    assert (assessed.state, assessed.outcome, assessed.org) == ("assessed", "contained", None)

    post = story.compose("alice", AT_ONCE, subject="Another flaw", to=f"{LIST}, {PUBLIC}")
    assert await send(story, post) == {"alice": 2, "adam": 1}
    case = (await cases(story))[-1]
    assert (case.state, case.verified, case.disclosure_id) == ("open", True, None)

    clear = letters.clear("Fine.\n", sender=letters.address_of(story, "south"), to=f"{LIST}, {PUBLIC}", answers=dear)
    assert await send(story, clear) == {"alice": 1, "adam": 1}
    case = (await cases(story))[-1]
    assert (case.state, case.verified, case.org) == ("quarantined", False, None)
    alarm = story.last("adam", case.id)
    assert "NOT PROVED who wrote it" in alarm.text
    assert PUBLIC in alarm.text

    known = len(await cases(story))
    assert await send(story, letters.clear("Fine.\n", to=f"{LIST}, {PUBLIC}")) == {}
    assert (await last_kept(story)).reason == "cleartext"
    await story.post("alice", "Lift: now\n", reply_to=story.last("alice", "Receipt"))
    await send(story, story.compose("north", "Thanks.\n", reply_to=dear, to=f"{LIST}, {PUBLIC}"))
    assert (await last_kept(story)).reason == "outsider-addressed"
    assert len(await cases(story)) == known
