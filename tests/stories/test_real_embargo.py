"""The life of one embargo from its first mail to the day its content is gone: all of it by signed mail."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import select

import letters
from deeds import LIST_ID, state_of
from gateway import safe
from gateway.operator.roster import remove_member
from letters import MEMBERS, sizes
from openpgp import Person
from policy.instants import in_words, next_patch_day
from storage import disclosures
from storage import tables as t
from world import ZONE, Copy, World, world

TEAM = ("alice", "adam", *MEMBERS)
HOUR, DAY = 3600, 86_400
PUBLIC = "announce@public.example"
LIST = {
    "public_address": PUBLIC,
    "patch_day": "2nd tuesday 17:00",
    "min_lead": "20d",
    "max_embargo": "90d",
    "date_change": "agreement",
    "vote_window": "48h",
    "min_notice": "2d",
    "retrospective_within": "3d",
}
OLD, NEW = b"--- a\n+++ b\n+wrong\n", b"--- a\n+++ b\n+right\n"
NOTICE = b"Security notice: parser flaw\n\nUpdate to 1.2.3.\n"
POST = """\
Embargo-Until: patch-day
Hold-Until: +2d
Restrict: fix.patch to group:distributors
Public-Notice: notice.txt
CVE: CVE-2026-12345

The zirconium flaw, and its patch.
"""


def named(copy: Copy, what: str) -> str:
    """The id of that kind in a mail."""
    found = re.search(rf"{what}-\d{{4}}-[0-9A-Z]{{4}}", copy.text)
    assert found is not None, copy.text
    return found[0]


def told(story: World, word: str) -> dict[str, int]:
    """How many mails each person has whose subject holds a word."""
    return {who: sum(word in subject for subject in story.subjects(who)) for who in TEAM}


async def date_of(story: World) -> int:
    """Days from now to the public date, rounded."""
    async with story.parts.database.reading() as tx:
        found = await disclosures.get(tx, story.disclosure_id())
    assert found is not None
    return round((found.embargo_until - story.clock.now()).total_seconds() / DAY)


async def test_the_life_of_an_embargo(tmp_path: Path, people: dict[str, Person]) -> None:
    async with world(tmp_path, people, list=LIST) as story:
        await _held_released_corrected(story)
        await _dates(story)
        await _the_last_days(story)
        case = await _the_bad_day(story)
        await _the_public_notice(story)
        await _learnt(story, case)
        await _closed(story)


async def _held_released_corrected(story: World) -> None:
    attached = [("fix.patch", OLD), ("poc.txt", b"poc\n"), ("notice.txt", NOTICE)]
    now = story.clock.now()
    await story.post("alice", POST, attachments=attached)
    # The first one that leaves twenty days from the hold: whether one was skipped for it depends on today's date.
    public = next_patch_day(LIST["patch_day"], ZONE, now + timedelta(days=22) - datetime.resolution)
    assert f"Public {in_words(public, ZONE, now)}" in story.last("adam", "Receipt").text
    assert await state_of(story, story.disclosure_id()) == "held"
    await story.pass_time(2 * DAY - 1)
    assert all(story.inbox(member) == [] for member in MEMBERS)

    await story.pass_time(1)
    assert await state_of(story, story.disclosure_id()) == "embargoed"
    assert all("The zirconium flaw" in story.last(member).text for member in MEMBERS)
    assert [sorted(story.last(member).attachments) for member in MEMBERS] == [
        ["fix.patch", "poc.txt"],
        ["fix.patch", "poc.txt"],
        ["poc.txt"],
    ]
    await story.post("north", "Ack: yes\n", reply_to=story.last("north"))

    block = (
        "Corrects: last\nReplaces: fix.patch\nRestrict: fix.patch to group:distributors\nSend-To: audience\n\n"
        "The right one.\n"
    )
    await story.post("adam", block, reply_to=story.last("adam", "Receipt"), attachments=[("fix.patch", NEW)])
    assert "CORRECTION" in story.last("south").text
    assert "fix.patch" in story.last("south").attachments
    assert "fix.patch" not in story.last("west").attachments


async def _dates(story: World) -> None:
    first = {member: story.inbox(member)[0] for member in MEMBERS}
    stands = await date_of(story)
    await story.post("north", f"Propose-Embargo-Until: +{stands + 7}d\nReason: no build yet\n", reply_to=first["north"])
    asked = story.last("south", "Another public date is proposed")
    await story.post("south", f"Object: {named(asked, 'DP')}\nReason: customers wait\n", reply_to=asked)
    assert any("one objection defeats a later date" in copy.text for copy in story.inbox("west"))
    assert await date_of(story) == stands

    await story.post("west", f"Propose-Embargo-Until: +{stands - 5}d\n", reply_to=first["west"])
    asked = story.last("adam", "Another public date")
    await story.post("adam", f"Confirm: {named(asked, 'DP')}\n", reply_to=asked)
    assert await date_of(story) == stands - 5
    assert told(story, "New public date") == dict.fromkeys(TEAM, 1)


async def _the_last_days(story: World) -> None:
    while await date_of(story) > 7:
        await story.pass_time(DAY)
    await story.pass_time(HOUR)
    reminder = story.last("alice", "Reminder")
    assert "not acknowledged by Northwind, Southgate, Westlake" in reminder.text, "after a correction, anew"
    for member in ("north", "south"):
        await story.post(member, "Ack: yes\n", reply_to=story.last(member))
    await story.post("south", "Status: patched, tests run\n", reply_to=story.inbox("south")[0])
    assert "patched, tests run" in story.last("adam").text

    removed = sizes(story, "south")
    await remove_member(story.parts, story.people["south"].address, LIST_ID)
    await story.settle()
    assert sizes(story, "south")["south"] == removed["south"] + 1, "told once, without content"

    await story.post("north", "Fact: attacks\nWhere: our honeypots\n", reply_to=story.inbox("north")[0])
    asked = story.last("alice", "(FA-")
    await story.post("alice", f"Confirm: {named(asked, 'FA')}\n", reply_to=asked)
    assert "please decide" in story.last("adam", "Attacks are seen").text.casefold()


async def _the_bad_day(story: World) -> str:
    report = letters.unsigned(
        story, "Leak: the patch, to a public mirror\n", who="west", answers=story.inbox("west")[0]
    )
    await story.deliver(report)
    await story.settle()
    (case,) = await letters.cases(story)
    alarm = story.last("adam", "ALARM")
    assert (case.state, case.verified) == ("quarantined", False)
    await story.post("alice", f"Vouch: {case.id}\n", reply_to=alarm)
    assert "to a public mirror" in story.last("north", "A leak is reported").text
    removed = sizes(story, "south")["south"]
    await story.post("adam", f"Assess: {case.id}\nOutcome: public\n", reply_to=alarm)

    assert await state_of(story, story.disclosure_id()) == "lifted"
    assert told(story, "Lifted") == dict.fromkeys(TEAM, 1), "also the one removed since"
    assert sizes(story, "south")["south"] == removed + 1
    assert story.box.to(PUBLIC) == []
    return case.id


async def _the_public_notice(story: World) -> None:
    await story.post("alice", "Public-Notice: notes.txt\n", reply_to=story.last("alice", "Receipt"))
    assert "notes.txt" in story.last("alice", "Kept back").text
    for writer in ("north", "mallory"):
        await story.post(writer, "Public-Notice: notice.txt\n", reply_to=story.inbox("north")[0])
    assert story.box.to(PUBLIC) == []
    await story.post("alice", "Public-Notice: notice.txt\n", reply_to=story.last("alice", "Receipt"))
    assert "The public notice goes out." in story.last("adam", "Receipt").text
    (notice,) = story.box.to(PUBLIC)
    assert b"Update to 1.2.3." in notice.content
    await story.post("alice", "Public-Post: https://blog.example/1\n", reply_to=story.last("alice", "Receipt"))
    assert told(story, "Lifted") == dict.fromkeys(TEAM, 1)


async def _learnt(story: World, case: str) -> None:
    await story.pass_time(3 * DAY)
    draft = story.last("adam", "Retrospective due")
    for step in ("it was released to members", "its public date was moved", "the coordinators assessed it as public"):
        assert step in draft.text
    posted = draft.text.partition("-" * 60)[2].strip().replace("...", "Ask before mirroring.")
    removed = sizes(story, "south")["south"]
    await story.post("adam", posted, reply_to=draft)
    ((state, outcome),) = [(case.state, case.outcome) for case in await letters.cases(story)]
    assert (state, outcome) == ("closed", "public")
    assert all("Ask before mirroring." in story.last(member).text for member in ("north", "west"))
    assert sizes(story, "south")["south"] == removed


async def _closed(story: World) -> None:
    ident = story.disclosure_id()
    await story.post("north", "Close: yes\n", reply_to=story.inbox("north")[0])
    assert await state_of(story, ident) == "lifted"
    await story.post("alice", "Close: yes\n", reply_to=story.last("alice", "Receipt"))
    assert await state_of(story, ident) == "closed"

    assert await what_opens(story, b"zirconium") > 0
    await story.pass_time(91 * DAY)
    assert await what_opens(story, b"zirconium") == 0
    assert await what_opens(story, b"public mirror") == 0
    assert await state_of(story, ident) == "closed", "the record stays"


async def what_opens(story: World, word: bytes) -> int:
    """How many of all the items in the database open with the master key and hold a word."""
    async with story.parts.database.reading() as tx:
        rows = await tx.execute(select(t.items.c.id).where(t.items.c.wrapped_key.is_not(None)))
        names = [name for name in rows.scalars() if not name.startswith("trail")]
        return [word in await safe.take(story.parts, tx, name) for name in names].count(True)
