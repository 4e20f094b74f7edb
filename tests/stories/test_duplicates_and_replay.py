"""The same bytes count once; the same signature in another envelope is a replay and does nothing."""

from __future__ import annotations

import asyncio
from pathlib import Path

import letters
from letters import DISCLOSURE, MEMBERS, cases, kept, last_kept, sizes
from openpgp import Person
from storage import disclosures
from world import LIST, OWNER, World, world

TEAM = ("alice", "adam", *MEMBERS)


async def _count(story: World) -> int:
    async with story.parts.database.reading() as tx:
        return len(await disclosures.ls(tx))


async def test_the_same_bytes_twice_are_one_disclosure_also_when_they_come_at_once(
    tmp_path: Path, people: dict[str, Person]
) -> None:
    async with world(tmp_path, people, pinned=TEAM) as story:
        raw = story.compose("alice", DISCLOSURE)
        codes = await asyncio.gather(*(letters.hand_in(story, raw) for _ in range(3)))
        await story.settle()
        before = sizes(story)
        assert list(codes) == [250, 250, 250]
        assert (await _count(story), len(story.inbox("north"))) == (1, 1)

        assert await letters.hand_in(story, raw) == 250
        await story.settle()
        posted = next(record for record in await letters.trail(story) if record.event == "disclosure-held")
        assert await _count(story) == 1
        assert sizes(story) == before
        assert await kept(story) == []
        times = {(await letters.mail_of(story, str(record.detail["mail"]))).times_seen
                 for record in await letters.trail(story) if "mail" in record.detail}  # fmt: skip
        assert posted.id == story.disclosure_id()
        assert times <= {4}


async def test_the_same_signature_in_another_envelope_is_kept_as_a_replay(
    tmp_path: Path, people: dict[str, Person]
) -> None:
    async with world(tmp_path, people, pinned=TEAM) as story:
        post = story.compose("alice", "Hold-Until: +1h\n" + DISCLOSURE)
        await story.deliver(post)
        await story.settle()
        receipt = story.last("alice", "Receipt")
        order = story.compose("alice", "Hold-Until: +3h\n", reply_to=receipt)
        await story.deliver(order)
        await story.post("alice", "Hold-Until: +2h\n", reply_to=receipt)
        leak = story.compose("north", "Leak: patch\n", references=[receipt.message_id])
        await story.deliver(leak)
        await story.settle()
        before = sizes(story)
        for raw in (post, order):
            assert await letters.hand_in(story, letters.again(raw), sender="replayer@elsewhere.example") == 250
            await story.settle()
            entry = await last_kept(story)
            assert (entry.reason, entry.envelope_from) == ("replay", "replayer@elsewhere.example")
            assert "replay" in story.last("adam").subject
        assert await _count(story) == 1
        assert {who: sizes(story)[who] - before[who] for who in MEMBERS} == dict.fromkeys(MEMBERS, 0)
        async with story.parts.database.reading() as tx:
            (found,) = await disclosures.ls(tx)
        assert (found.hold_until - story.clock.now()).total_seconds() == 7200  # the latest order stands

        await letters.hand_in(story, letters.again(leak))  # law 5: still a case, but nobody proved it
        await story.settle()
        assert [case.verified for case in await cases(story)] == [True, False]

        await story.pass_time(8 * 86_400)  # stale by now as well: and still nobody is flooded with notes
        count = len(story.inbox("alice"))
        await letters.hand_in(story, letters.again(post))
        await story.settle()
        assert set((await last_kept(story)).reasons) == {"replay", "stale-signature"}
        assert not [
            copy for copy in story.inbox("alice")[count:] if copy.subject.startswith("Kept back: stale-signature")
        ]


async def test_a_mail_to_the_list_and_to_the_coordinators_is_no_replay_of_itself(
    tmp_path: Path, people: dict[str, Person]
) -> None:
    async with world(tmp_path, people, pinned=TEAM) as story:
        both = story.compose("alice", DISCLOSURE, to=f"{LIST}, {OWNER}")
        for address in (OWNER, LIST):
            assert await letters.hand_in(story, both, to=address) == 250
        await story.settle()
        assert (await _count(story), await kept(story)) == (1, [])

        private = story.compose("alice", DISCLOSURE, to=OWNER)  # sent on to the list by whoever has it
        for address in (OWNER, LIST):
            await letters.hand_in(story, private, to=address)
        await story.settle()
        assert await _count(story) == 1
        assert (await last_kept(story)).reason == "replay"
