"""Row 19: closed when nothing is open, opened again by a leak, and after its time nothing that was written opens."""

from __future__ import annotations

import secrets
from pathlib import Path

import pytest
from sqlalchemy import select

import letters
from deeds import pages, state_of
from gateway import safe
from gateway.life import gathering
from gateway.life import written as life_written
from gateway.operator import closing as operator_closing
from gateway.operator import explain as operator_explain
from gateway.operator import show as operator_show
from gateway.operator import stats as operator_stats
from gateway.operator import trail as operator_trail
from gateway.operator import waiting as operator_waiting
from gateway.operator.base import RefusedError
from letters import MEMBERS, cases, kept, trail
from openpgp import Person
from storage import disclosures
from storage import tables as t
from world import Copy, World, world

pytestmark = pytest.mark.side

TEAM = ("alice", "adam", *MEMBERS)
REQUEST = letters.LIST.replace("@", "-request@")
DAY = 86_400
HIDDEN = ("subject", "text", "attached", "reply", "leak", "status", "claim", "owner")


async def everything(story: World) -> dict[str, bytes]:
    """Every sealed item that opens with the master key, by its id."""
    found = {}
    async with story.parts.database.reading() as tx:
        for item in (await tx.execute(select(t.items.c.id).where(t.items.c.wrapped_key.is_not(None)))).scalars():
            if not item.startswith("trail"):
                found[item] = await safe.take(story.parts, tx, item)
    return found


async def mails_that_open(story: World, ident: str) -> int:
    """How many mails as they came, still under the list's own encryption, open of a disclosure."""
    query = select(t.mails.c.id).join(t.items, t.items.c.id == t.mails.c.raw_item)
    async with story.parts.database.reading() as tx:
        found = await tx.execute(query.where(t.mails.c.disclosure_id == ident, t.items.c.wrapped_key.is_not(None)))
        return len(found.all())


async def wrapped_keys(story: World) -> set[bytes]:
    async with story.parts.database.reading() as tx:
        return {bytes(key) for key in (await tx.execute(select(t.items.c.wrapped_key))).scalars() if key is not None}


def files(story: World) -> bytes:
    """The database's files as they lie on the disk."""
    path = story.parts.database.path
    return b"".join(one.read_bytes() for one in path.parent.glob(f"{path.name}*")) if path else b""


async def close_refused(story: World, answers: Copy, *named: str) -> None:
    await story.post("alice", "Close: yes\n", reply_to=answers)
    told = story.last("alice", "Kept back: please look")
    for name in named:
        assert name in told.text.replace("\r\n", "\n"), told.text


async def test_what_is_over_is_closed_opened_again_and_after_its_time_destroyed(
    tmp_path: Path, people: dict[str, Person]
) -> None:
    words = {name: f"Q{secrets.token_hex(9)}" for name in HIDDEN}
    other = f"Q{secrets.token_hex(9)}"
    async with world(tmp_path, people, pinned=TEAM) as story:
        await story.post("alice", f"Embargo-Until: +80d\n\n{other}\n", subject=other)
        first = story.disclosure_id()
        text = f"Embargo-Untill: +10d\n\nThe flaw: {words['text']}\n"
        patch = (f"{words['attached']}.patch", words["attached"].encode())
        await story.post("alice", text, subject=words["subject"], attachments=[patch])
        await story.post("alice", "Embargo-Until: +10d\n", reply_to=story.last("alice", "Kept back"))
        ident, receipt, copy = story.disclosure_id(), story.last("alice", "Receipt"), story.inbox("north")[-1]
        assert words["text"] in copy.text
        await story.post("north", f"We look at it: {words['reply']}\n", reply_to=copy)
        await story.post("south", f"Status: {words['status']}\n", reply_to=story.inbox("south")[-1])
        await story.post("south", "Statuss: x\n\nWe are done.\n", reply_to=story.inbox("south")[-1])
        await story.post("adam", f"Show: {ident}\nShow: open\n", to=REQUEST, subject="please")
        await story.post("west", f"{words['owner']}\n", to=letters.LIST.replace("@", "-owner@"), reply_to=copy)
        await close_refused(story, receipt, "only what is lifted can be closed")
        await story.post("north", f"Leak: {words['leak']}, to a journalist\n", reply_to=copy)
        (case,) = await cases(story)
        await story.deliver(
            letters.unsigned(story, f"Leak: {words['claim']}, to X\n", who="west", answers=story.inbox("west")[-1])
        )
        await story.pass_time(10 * DAY)
        assert await state_of(story, ident) == "lifted"

        claim = (await cases(story))[1]
        await close_refused(story, receipt, f"Assess: {case.id}", f"{claim.id} is not proved", "; ")
        alarm = story.last("alice", "ALARM")
        await story.post("alice", f"Assess: {claim.id}\nOutcome: dismissed\nReason: x\n", reply_to=alarm)
        await story.post("alice", f"Assess: {case.id}\nOutcome: contained\n", reply_to=receipt)
        await close_refused(story, receipt, f"Retrospective: {case.id}")
        await story.post("alice", f"Retrospective: {case.id}\n\nWe learnt.\n", reply_to=receipt)
        await close_refused_by_text(story, receipt)
        await story.post("alice", f"Close-Disclosure: {ident}\n", to=REQUEST, subject="please")
        assert "Done: closed" in story.last("alice", "Answer").text
        assert "It is closed." in story.last("adam", "closed it").text
        assert await state_of(story, ident) == "closed"
        await thread_is_shut(story, ident, receipt, copy)

        # Row 16: also a report that nobody proves opens it again; once decided, the clock closes it anew.
        await story.deliver(letters.unsigned(story, "Leak: all, to X\n", who="west", answers=story.inbox("west")[-1]))
        await story.settle()
        assert await state_of(story, ident) == "lifted"
        assert "was closed; it is open again" in story.last("adam", "ALARM").text
        again = (await cases(story))[2]
        await story.pass_time(15 * DAY)
        assert await state_of(story, ident) == "lifted"
        assert f"Assess: {again.id}" in story.last("adam", "Not closed yet").text
        await story.post("alice", f"Assess: {again.id}\nOutcome: dismissed\nReason: x\n", reply_to=receipt)
        await story.pass_time(15 * DAY)
        assert await state_of(story, ident) == "closed"
        assert story.last("alice", "Closed, as nothing")
        assert story.subjects("adam").count(f"[{ident}] Not closed yet") == 1

        # Until then all of it opens; from then on nothing of it does, and nothing else is lost.
        await story.pass_time(89 * DAY)
        opened = await everything(story)
        for name in HIDDEN:
            assert any(words[name].encode() in data for data in opened.values()), name
        others = {item for item, data in opened.items() if other.encode() in data}
        assert await mails_that_open(story, ident) > 20
        keys = await wrapped_keys(story)
        await story.post("alice", "Embargo-Until: +5d\n\nAnother.\n", subject="A later flaw")
        later, later_copy = story.disclosure_id(), story.inbox("north")[-1]
        await story.pass_time(2 * DAY)
        opened = await everything(story)
        left = [name for name in HIDDEN for data in opened.values() if words[name].encode() in data]
        assert left == [], left
        assert await mails_that_open(story, ident) == 0
        assert others <= {item for item, data in opened.items() if other.encode() in data}
        dropped = keys - await wrapped_keys(story)
        assert len(dropped) > 30
        on_disk = files(story)
        assert [key for key in dropped if key in on_disk] == []
        await the_record_stays(story, ident, words["subject"])
        assert await state_of(story, first) == "lifted"

        # What comes later finds its thread; an embargo that runs meanwhile is told of, and ends.
        await thread_is_shut(story, ident, receipt, copy)
        await story.pass_time(2 * DAY)
        assert story.last("adam", "Reminder")
        await story.pass_time(DAY)
        assert await state_of(story, later) == "lifted"
        assert later_copy.subject.endswith("A later flaw")
        before = len(await pages(story, "leak"))
        await story.post("south", "Leak: all of it, to Y\n", reply_to=copy)
        assert await state_of(story, ident) == "lifted"
        assert len(await pages(story, "leak")) == before + 1
        assert "content destroyed" in story.last("adam", "ALARM").subject
        fresh = (await cases(story))[-1]
        assert fresh.disclosure_id == ident
        await story.post("alice", "Corrects: last\n\nX\n", reply_to=receipt)
        assert "there is no such mail" in story.last("alice").text


async def close_refused_by_text(story: World, receipt: Copy) -> None:
    await story.post("alice", "Close: yes\n\nThank you all.\n", reply_to=receipt)
    assert "would reach no member" in story.last("alice", "Kept back: please look").text


async def thread_is_shut(story: World, ident: str, receipt: Copy, copy: Copy) -> None:
    """A reply, a follow-up and a status are kept back and their authors told; received is received."""
    before = letters.sizes(story, *MEMBERS)
    await story.post("alice", "One more thing.\n", reply_to=receipt)
    await story.post("south", "Thank you for this, all went well.\n", reply_to=copy)
    await story.post("south", "Status: done\n", reply_to=copy)
    await story.post("north", "Ack: yes\n", reply_to=copy)
    found = [entry for entry in await kept(story) if entry.disclosure_id == ident]
    assert [entry.reason for entry in found][-3:] == ["control-lines"] * 3
    for who in ("alice", "south"):
        assert "nothing more is sent in this thread" in story.last(who, "Kept back: please look").text
    assert letters.sizes(story, *MEMBERS) == {**before, "south": before["south"] + 2}
    assert await state_of(story, ident) == "closed"


async def the_record_stays(story: World, ident: str, subject: str) -> None:
    """Whatever shows or counts it goes on; who tries a copy again is told why it can't be."""
    parts, husk = story.parts, "(content destroyed on "
    async with parts.database.reading() as tx:
        found = await disclosures.get(tx, ident)
        assert found is not None
        shown = await operator_show.whole(parts, tx, found, story.clock.now())
    assert (shown["state"], shown["destroyed_at"] is None) == ("closed", False)
    assert shown["subject"].startswith(husk)
    assert {one["state"] for one in shown["copies"]} == {"sent"}
    assert [one.event for one in await trail(story) if one.id == ident][-1] == "content-destroyed"
    assert (await operator_trail.verify_trail(parts.config, None)).ok
    life = await gathering.gather(parts, ident, parts.own_parser)
    told = life_written.markdown(life)
    assert "its content was destroyed" in told
    assert "Content destroyed" in told
    assert "Opened again" in told
    assert subject not in told
    # Counted in what the list publishes, as ever.
    desk_numbers = await operator_stats.numbers(parts, None, operator_stats.Period(None, None))  # type: ignore[arg-type]
    assert desk_numbers
    rehearsed = await operator_explain.explain(
        parts, story.compose("north", "All went well here.\n", references=[_root(story, ident)]), None
    )
    assert rehearsed.taken_for == "quarantine"
    await story.post("adam", f"Show: {ident}\nShow: open\n", to=REQUEST, subject="please")
    assert husk in story.last("adam", "Answer").text
    try:
        await operator_closing.close(parts, ident)
    except RefusedError as refused:
        assert "only what is lifted" in str(refused)
    assert "nothing to try again" in (await operator_waiting.retry(parts, ident)).line


def _root(story: World, ident: str) -> str:
    return next(copy.message_id for copy in story.inbox("north") if copy.subject.startswith(f"[{ident}]"))
