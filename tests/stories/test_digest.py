"""One mail a day for all that can wait, as it stands at that moment; its blocks, pasted, decide it; then silence."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import update

import letters
from deeds import state_of
from gateway.digest import sections
from gateway.operator import disclosures as operator
from openpgp import Person
from policy.facts import GrantKind
from storage import audit, grants, outbox, quarantine, roster
from storage import tables as t
from storage.records import GrantRecord
from world import LIST, STEADY, World, world

pytestmark = pytest.mark.side

HOUR, DAY = 3600, 86_400
REQUEST = "early-disclosure-request@lists.example.org"
PINNED = ("alice", "adam", "north", "west")
OWN = {
    "timezone": STEADY,
    "lift": "coordinator",
    "two_person": ["widen"],
    "upstreams": {"envoy": {"mode": "inherit"}},
    "public_post_alarm": ["1h"],
}


def digests(story: World) -> list[str]:
    return [copy.text for copy in story.inbox("adam") if "Daily digest" in copy.subject]


async def expire(story: World, name: str, at: datetime | None) -> None:
    async with story.parts.database.transaction() as tx:
        (person,) = await roster.find(tx, address=story.people[name].address)
        await tx.execute(update(t.keys).where(t.keys.c.person_id == person.id).values(expires_at=at))


async def about(story: World, which: str, block: str) -> None:
    """Paste a block into a new mail that names a thread in its subject alone."""
    await story.post("adam", f"{block}\n", subject=f"[{which}] From the digest")


async def open_all(story: World) -> dict[str, str]:
    """One thing of each kind; gives the ids."""
    ids: dict[str, str] = {}
    await expire(story, "west", story.clock.now())
    for name, lines in (
        ("held", "Hold-Until: +10h\n"),
        ("third", "Upstream: envoy\n"),
        ("over", ""),
        ("narrow", "Scope: group:distributors\n"),
    ):
        await story.post("alice", f"{lines}Embargo-Until: +20h\n\nA flaw.\n", subject=f"Flaw {name}")
        ids[name] = story.disclosure_id()
        if name == "over":
            await story.post("alice", "Lift: now\n", reply_to=story.last("alice", "Receipt"))
    await operator.stop(story.parts, ids["held"])
    await story.post("alice", "Scope: all\n", reply_to=story.last("alice", "Receipt"))
    first = story.last("north", "Flaw narrow")
    await story.post("north", "Leak: the patch, to a friend\n", reply_to=first)
    await story.post("north", "I fear the patch was pushed to a public repository by mistake.\n", reply_to=first)
    for said in ("Hello\n", "Leak: all of it, to the world\n"):
        await letters.hand_in(story, letters.clear(said, sender="Eve <eve@elsewhere.example>"))
    async with story.parts.database.transaction() as tx:
        for entry in await quarantine.ls(tx):
            ids[entry.reason] = entry.id
        (asker,) = await roster.find(tx, address=story.people["north"].address)
        await grants.add(
            tx,
            GrantRecord(
                "SR-2026-AAAA",
                "early-disclosure",
                ids["narrow"],
                GrantKind.SHARE,
                "asked",
                "friend@corp.example",
                story.clock.now(),
                asked_by=asker.id,
            ),
        )
    return ids


async def test_what_can_wait_comes_once_a_day_until_its_blocks_are_pasted(
    tmp_path: Path, people: dict[str, Person]
) -> None:
    async with world(tmp_path, people, pinned=PINNED, list=OWN) as story:
        ids = await open_all(story)
        await story.pass_time(21 * HOUR)
        assert digests(story) == []
        for told in ("To be lifted", "Needs a new date"):
            assert "The gateway was late to notice: 1 h 0 min late." in story.last("adam", told).text
        assert "Waits for envoy" in " ".join(story.subjects("adam"))
        assert await _quiet(story) == ["strangers"], "of a list that wants nothing repeated"
        await story.pass_time(3 * HOUR - 50)
        (first,) = digests(story)
        _tells_all_but_the_fresh(first, ids)

        here = story.clock.now().astimezone(ZoneInfo(STEADY))
        await expire(story, "north", story.clock.now() + timedelta(days=20))
        await story.pass_time((7 - here.weekday()) * DAY)  # an outage until some Monday
        _, second = digests(story)
        _tells_what_is_undecided(second, ids)
        await story.pass_time(23 * HOUR)
        assert len(digests(story)) == 2

        await _decide(story, ids)
        told = [copy for copy in story.inbox("adam") if "Daily digest" in copy.subject]
        await story.pass_time(HOUR)
        await story.pass_time(2 * DAY)
        assert len(digests(story)) == len(told), digests(story)[-1]
        async with story.parts.database.reading() as tx:
            trail = [record for record in await audit.ls(tx, id="early-disclosure") if record.event == "digest"]
        assert [record.detail.get("strangers", 0) for record in trail] == [1, 0]
        assert all("digest" not in subject for subject in story.subjects("north"))


async def _quiet(story: World) -> list[str]:
    listed = story.parts.lists["early-disclosure"]
    quiet = replace(listed, config=listed.config.model_copy(update={"digest_at": None}))
    async with story.parts.database.reading() as tx:
        return [one.name for one in await sections.gather(story.parts, tx, quiet, story.clock.now())]


def _tells_all_but_the_fresh(digest: str, ids: dict[str, str]) -> None:
    for part in (
        f"* {ids['two-person']} [{ids['narrow']}]: waits for a coordinator who did not ask for it",
        f"Approve: {ids['two-person']}",
        f'* [{ids["narrow"]}] "Flaw narrow", its date came',
        f'* [{ids["third"]}] "Flaw third", its date came',
        f'* [{ids["held"]}] "Flaw held", its date went by',
        f'* [{ids["over"]}] "Flaw over", over',
        "Lift: now",
        "Upstream: envoy over",
        "Embargo-Until: patch-day",
        "Public-Post: https://...",
        "== Withheld: it can't be sealed (1) ==",
        "key expired",
        "== Kept back since the last digest (1) ==",
        f"{ids['cleartext']}  cleartext",
        f"a new mail to {LIST}",
    ):
        assert part in digest, part
    for part in ("Leak cases", "may report a leak", "Members ask to share", "Retrospectives"):
        assert part not in digest, part


def _tells_what_is_undecided(digest: str, ids: dict[str, str]) -> None:
    for part in (
        "== Leak cases that nobody has decided (2) ==",
        "nobody is proved to have reported it",
        "Outcome: dismissed",
        f"== Kept mails that may report a leak: to {REQUEST} (1) ==",
        f"Discard-Quarantine: {ids['possible-leak']}",
        f"* SR-2026-AAAA [{ids['narrow']}]: asked",
        "== Keys that expire soon (1) ==",
        "Northwind <",
        f"Approve: {ids['two-person']}",
    ):
        assert part in digest, part
    assert "Kept back since" not in digest


async def _decide(story: World, ids: dict[str, str]) -> None:
    """Each by a block of the digest."""
    await expire(story, "west", None)
    await expire(story, "north", None)
    async with story.parts.database.transaction() as tx:
        for copy in await outbox.withheld(tx, "early-disclosure"):
            assert await outbox.requeue(tx, copy.id, story.clock.now())
    digest = story.last("adam", "Daily digest")
    (unbound,) = re.findall(r"\* (LK-\S+): reported", digest.text)
    await story.post("adam", f"Assess: {unbound}\nOutcome: dismissed\nReason: a joke\n", reply_to=digest)
    await about(story, ids["narrow"], f"Approve: {ids['two-person']}")
    assert "A flaw." in story.last("west", "Flaw narrow").text
    (case,) = re.findall(rf"\* (LK-\S+) \[{ids['narrow']}\]: reported", digest.text)
    await about(story, ids["narrow"], f"Assess: {case}\nOutcome: contained")
    await about(story, ids["narrow"], "Deny: SR-2026-AAAA")
    await about(story, ids["narrow"], "Lift: now")
    await about(story, ids["third"], "Upstream: envoy over")
    await about(story, ids["third"], "Lift: now")
    await about(story, ids["held"], "Withdraw: void: no flaw")
    for name in ("narrow", "third", "over"):
        await about(story, ids[name], "Public-Post: https://news.example/1")
    await story.post("adam", f"Discard-Quarantine: {ids['possible-leak']}\n", to=REQUEST)
    found = [await state_of(story, ids[name]) for name in ("narrow", "third", "held", "over")]
    assert found == ["lifted", "lifted", "withdrawn", "lifted"]
