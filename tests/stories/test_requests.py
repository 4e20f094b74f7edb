"""A coordinator without a shell: what is asked at the -request address is done, answered, and told to the others."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

import letters
from deeds import set_standing, state_of, states
from gateway import safe
from gateway.operator import explain as operator_explain
from letters import kept, last_kept, sizes, trail
from openpgp import Person
from policy.facts import Disclosure, Standing, State
from storage import disclosures, mails
from world import LIST, World, world

REQUEST = LIST.replace("@", "-request@")
POST = "Hold-Until: +1h\nEmbargo-Until: +14d\n\nA flaw in the parser.\n"


async def ask(story: World, who: str, text: str, **how: Any) -> bytes:
    """A mail to -request."""
    return await story.post(who, text, to=REQUEST, subject=how.pop("subject", "please"), **how)


async def answer_to(story: World, who: str, text: str, **how: Any) -> str:
    """Ask, and read the one answer that comes; nobody else hears of it."""
    before = sizes(story)
    await ask(story, who, text, **how)
    assert {name: count - before[name] for name, count in sizes(story).items() if count != before[name]} == {who: 1}
    return story.inbox(who)[-1].text.replace("\r\n", "\n")


async def test_a_coordinator_without_a_shell_runs_a_whole_embargo(tmp_path: Path, people: dict[str, Person]) -> None:
    async with world(tmp_path, people, pinned=("alice", "adam", *letters.MEMBERS)) as story:
        story.box.script("550 5.1.1 nobody", recipient=people["west"].address)
        await story.post("alice", POST)
        disclosure = story.disclosure_id()
        shown = await answer_to(story, "alice", "Show: open\n\nThanks!\n-- \nAlice\n")
        assert f'{disclosure}  "Flaw in the parser"  held' in shown
        assert "in 60 minutes)." in shown
        assert "No leak report is open." in shown
        assert "No mails are kept back." in shown

        # A member is suspended before the release, by one who has nothing but his mail program.
        south = people["south"].address
        await ask(story, "alice", f"Suspend: {south.upper()}\nShow: members\n")
        answer = story.last("alice", "Answer:")
        assert answer.good_signer() is not None
        assert f"suspended Southgate <{south}>" in answer.text
        assert f"Southgate <{south}>  suspended" in answer.text, "lines are done in order"
        told = story.last("adam", "Roster:")
        assert "Alice Archer <alice@project.example> suspended the member Southgate" in told.text
        assert "suspended" in story.last("south").subject
        assert ("member-suspended", people["alice"].address) in [(one.event, one.actor) for one in await trail(story)]

        # The release: one is suspended, one bounces, and is tried again when its postmaster has mended it.
        await story.pass_time(3600)
        before = {"northwind": "sent", "southgate": "withheld", "westlake": "bounced"}
        assert await states(story, f"{disclosure}/1") == before
        shown = await answer_to(story, "alice", f"Show: {disclosure.lower()}\n")
        assert "Westlake <security@westlake.example>  bounced (550 5.1.1), 1 try" in shown
        assert "Northwind <security@northwind.example>  sent, 1 try" in shown
        assert "A flaw" not in shown, "what it says stands in the mails of its thread alone"
        assert "bounced" in await answer_to(story, "adam", "show: OPEN\n")
        await ask(story, "alice", f"Retry: {disclosure}\n")
        assert "1 copy is due now: security@westlake.example" in story.last("alice", "Answer:").text
        assert "copies tried again" in story.last("adam", "tried again").subject
        assert (await states(story, f"{disclosure}/1"))["westlake"] == "sent"
        assert "nothing to try again" in await answer_to(story, "alice", f"Retry: {disclosure}\n")

        # A member's mail is kept back: read, and released.
        await story.post("north", "I fear somebody pushed it to a public repository.\n", reply_to=story.last("north"))
        entry = await last_kept(story)
        assert f"Show: {entry.id}" in story.last("adam", "Kept back").text
        assert entry.id in await answer_to(story, "alice", "Show: quarantine\n")
        await answer_to(story, "alice", f"Show: {entry.id}\n")
        assert b"pushed it to a public" in story.last("alice", "Answer:").attachments[f"{entry.id}.eml"]
        await ask(story, "alice", f"Release-Quarantine: {entry.id}\nReinstate: {south}\n")
        assert f"released {entry.id}: taken for reply" in story.last("alice", "Answer:").text
        assert f"Alice Archer <alice@project.example> released {entry.id}" in story.last("adam", "released").text
        assert "pushed it" in story.last("adam", "Re:").text
        assert await kept(story) == []
        alice = people["alice"].address
        acts = {(one.event, one.actor) for one in await trail(story)}
        assert {("quarantine-released", alice), ("member-reinstated", alice), ("copies-retried", alice)} <= acts

        # A leak, and the end.
        await story.post("north", "Leak: the patch, to a journalist\n", reply_to=story.inbox("north")[0])
        (case,) = await letters.cases(story)
        assert case.id in await answer_to(story, "adam", "Show: open\n")
        assert "What leaked: the patch, to a journalist" in await answer_to(story, "adam", f"Show: {case.id}\n")
        assess = f"Assess: {case.id}\nOutcome: contained\nReason: the mail was deleted unread\n"
        await story.post("alice", assess, reply_to=story.last("alice", "ALARM"))
        shown = await answer_to(story, "adam", f"Show: {case.id}\n")
        assert "Assessed as contained: the mail was deleted unread" in shown
        assert "Retrospective: due, by " in shown
        await story.post("alice", "Lift: now\n", reply_to=story.last("alice", "Receipt"))
        assert await state_of(story, disclosure) == "lifted"
        shown = await answer_to(story, "alice", f"Show: open, {disclosure}\n")
        assert "No disclosure is open." in shown
        assert "State: lifted" in shown


@pytest.mark.side
async def test_what_is_not_clear_or_not_possible_is_answered_and_nothing_of_it_is_done(
    tmp_path: Path, people: dict[str, Person]
) -> None:
    second = {"address": "other@lists.example.org", "name": "Other"}
    async with world(tmp_path, people, pinned=("alice", "adam", "north"), lists={"other": second}) as story:
        north = people["north"].address
        leak, kept_mail, disclosure = await _on_the_other_list(story)
        for text, why, block in (
            (f"Suspned: {north}\nShow: open\n", "Suspend is meant", f"Suspend: {north}\nShow: open"),
            (f"Suspend: {north}\nFrobnicate: all\n", "there is no line 'Frobnicate'", f"Suspend: {north}"),
            (f"Suspend: {north}\nHold-Until: now\n", "the list's own address", f"Suspend: {north}"),
            (f"Suspend: {north}\nRetry: ED-2026-ZZZZ\n", "no disclosure ED-2026-ZZZZ", f"Suspend: {north}"),
            (f"Suspend: {north}\nSuspend: who@else.example\n", "no member who@else.example", f"Suspend: {north}"),
            (f"Suspend: {north}\nDiscard-Quarantine: QU-2026-ZZZZ\n", "no kept mail", f"Suspend: {north}"),
            (f"Suspend: {north}\nShow: LK-2026-ZZZZ\n", "no leak report", f"Suspend: {north}"),
            (f"Suspend: {north}\nShow: {leak}\n", "no leak report", f"Suspend: {north}"),
            (f"Suspend: {north}\nShow: {kept_mail}\n", "no kept mail", f"Suspend: {north}"),
            (f"Suspend: {north}\nDiscard-Quarantine: {kept_mail}\n", "no kept mail", f"Suspend: {north}"),
            (f"Suspend: {north}\nShow: {disclosure}\n", "no disclosure", f"Suspend: {north}"),
            (f"Suspend: {north}\nSuspend: {people['adam'].address}\n", "is a coordinator", f"Suspend: {north}"),
            (f"Suspend: {north}\nReinstate: {north}, {north}\nReinstate: <{north}>\n", "", ""),
            (f"Hello,\n\nSuspend: {north}\n", "outside the block", f"Suspend: {north}"),
            (f"Suspend: {north}\n\nAnd then\nShow: members\n", "outside", f"Suspend: {north}\nShow: members"),
        ):
            answer = await answer_to(story, "alice", text) if why else ""
            if not why:
                await ask(story, "alice", text)
                continue
            assert answer.startswith("Nothing of your mail was done."), text
            assert why in answer
            assert f"\n{block}\n" in answer
            assert f"to {REQUEST}" in answer
        # "Reply" goes to the list's own address, with the block that was offered: that is understood.
        offered = story.last("alice", "Not done")
        before = sizes(story, "alice", "adam")
        await story.post("alice", f"Show: members\n\n> {why}\n", reply_to=offered)
        assert story.inbox("alice")[-1].outer["In-Reply-To"] == offered.message_id
        await story.post("alice", "Thank you.\n", reply_to=offered)
        assert sizes(story, "alice", "adam") == {"alice": before["alice"] + 1, "adam": before["adam"] + 1}
        assert "Thank you." in story.last("adam").text, "any other answer goes to the coordinators, as ever"

        events = [one.event for one in await trail(story)]
        assert events.count("member-suspended") == events.count("member-reinstated") == 1, "the one that was clear"
        assert {one.reason for one in await trail(story) if one.event == "request-refused"} == {"control-lines"}
        assert [one.id for one in await kept(story)] == [kept_mail]
        shown = await answer_to(story, "alice", "Show: open, quarantine, members\n")
        assert not [one for one in (leak, kept_mail, disclosure) if one in shown]

        for text in ("help\n", "\n", "Help!\n\nAlice\n", "> Show: open\n"):
            answer = await answer_to(story, "alice", text)
            assert "Release-Quarantine: QU-" in answer
        html = await answer_to(story, "alice", "", html="<p>Show: open</p>")
        assert "HTML alone" in html
        async with story.parts.database.reading() as tx:
            last = [one for one in await trail(story) if one.event.startswith("request-")][-1]
            mail = await mails.get(tx, last.id)
        assert mail is not None
        assert mail.taken_for == "command"


async def _on_the_other_list(story: World) -> tuple[str, str, str]:
    """A leak report, a kept mail and a disclosure that are nobody's business on the first list."""
    other = "other@lists.example.org"
    await story.deliver(letters.clear("Leak: the patch\n", to=other), to=other)
    await story.deliver(letters.clear("Hello\n", to=other), to=other)
    await story.settle()
    (case,), entry = await letters.cases(story), await last_kept(story)
    now = story.clock.now()
    own = ("ED-2026-ZZZY", "other", State.LIFTED, 1, "x@y.example", "X", now, now, now, "AMBER", "all")
    foreign = Disclosure(*own, admitted=frozenset())
    async with story.parts.database.transaction() as tx:
        item = await safe.keep_json(story.parts, tx, {"subject": "Elsewhere"}, now)
        await disclosures.add(tx, foreign, stop_hash="0" * 64, particulars_item=item)
    return case.id, entry.id, foreign.id


@pytest.mark.side
async def test_nobody_else_asks_anything_and_nothing_is_done_twice(tmp_path: Path, people: dict[str, Person]) -> None:
    async with world(tmp_path, people, pinned=("alice", "adam", "north")) as story:
        north = people["north"].address
        text = f"Suspend: {north}\n"
        person = people["alice"]
        payload = letters.entity(text)
        ahead = (story.clock.now() + timedelta(minutes=11)).strftime("%Y%m%dT%H%M%S!")
        for name, raw in {
            "in clear": letters.clear(text, sender=letters.address_of(story, "alice"), to=REQUEST),
            "unsigned": letters.unsigned(story, text, who="alice", to=REQUEST),
            "a stranger": story.compose("mallory", text, to=REQUEST),
            "a member": story.compose("north", text, to=REQUEST),
            "a member's Show": story.compose("north", "Show: members\n", to=REQUEST),
            "stale": letters.encrypted(
                story,
                person.sign_encrypt(payload, [story.list_key], "--faked-system-time", ahead),
                who="alice",
                to=REQUEST,
            ),
            "prose": story.compose("alice", "Please suspend Northwind.\n", to=REQUEST),
            "a post to the wrong address": story.compose("alice", POST, to=REQUEST),
            "to another list": story.compose("alice", text, to="other-request@lists.example.org"),
        }.items():
            count = len(await kept(story))
            assert await letters.hand_in(story, raw, to=REQUEST) == 250
            await story.settle()
            assert len(await kept(story)) == count + 1, name
            assert "unsupported" in (await last_kept(story)).reasons
        assert f"a reply in its thread.\nBoth that and a new disclosure go to {LIST}." in story.last(
            "alice", "Kept: nothing was asked for"
        ).text.replace("\r", "")
        assert "Kept for the coordinators" in story.last("north", "Kept").subject
        assert "member-suspended" not in [one.event for one in await trail(story)]

        # What was kept here can't be released, also not by a request; who asks for it hears why.
        entry = await last_kept(story)
        answer = await answer_to(story, "alice", f"Release-Quarantine: {entry.id}\n")
        assert "can't be released" in answer
        assert [one.reason for one in await trail(story) if one.event == "request-refused"] == ["unsupported"]
        await answer_to(story, "alice", f"Discard-Quarantine: {entry.id}\n") if not entry.known else await ask(
            story, "alice", f"Discard-Quarantine: {entry.id}\n"
        )
        assert entry.id not in [one.id for one in await kept(story)]

        # What a dry run tells is what would be done, and nothing is.
        dry = await operator_explain.explain(story.parts, story.compose("alice", text, to=REQUEST), None)
        assert dry.taken_for == "command"
        assert "Done: suspended Northwind" in " ".join(dry.remarks)
        dry = await operator_explain.explain(story.parts, story.compose("alice", f"Suspned: {north}", to=REQUEST), None)
        assert (dry.taken_for, dry.corrected) == ("command", text)
        assert "member-suspended" not in [one.event for one in await trail(story)]

        asked = await ask(story, "alice", text)
        await ask(story, "adam", f"Reinstate: {north}\n")
        assert await letters.hand_in(story, letters.again(asked), to=REQUEST) == 250
        assert await letters.hand_in(story, asked, to=REQUEST) == 250
        await story.settle()
        assert "replay" in (await last_kept(story)).reasons
        assert [one.event for one in await trail(story)].count("member-suspended") == 1

        await set_standing(story, people["adam"], Standing.SUSPENDED)
        await ask(story, "adam", text)
        assert (await last_kept(story)).reason == "unsupported"
        assert [one.event for one in await trail(story)].count("member-suspended") == 1
