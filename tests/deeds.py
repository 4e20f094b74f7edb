"""What story tests do beside writing mail: look into the outbox, change the roster as another process would."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from openpgp import Person
from policy.facts import Role, Standing
from storage import alarms, disclosures, outbox, roster
from storage.records import Alarm, Copy
from world import World, open_parts, running

LIST_ID = "early-disclosure"
HELD = "Hold-Until: +1h\nEmbargo-Until: +14d\n\nA flaw in the parser.\n"
AT_ONCE = "Embargo-Until: +14d\n\nA flaw in the parser.\n"


async def copies(story: World, message_id: str) -> dict[str, Copy]:
    """The members' copies of a message, by address."""
    async with story.parts.database.reading() as tx:
        found = await outbox.of_message(tx, message_id)
    return {copy.address: copy for copy in found if copy.role == Role.MEMBER}


async def states(story: World, message_id: str) -> dict[str, str]:
    """The states of the members' copies of a message, by the first word of the address's domain."""
    found = await copies(story, message_id)
    return {address.partition("@")[2].partition(".")[0]: copy.state.value for address, copy in found.items()}


async def state_of(story: World, disclosure_id: str) -> str:
    async with story.parts.database.reading() as tx:
        found = await disclosures.get(tx, disclosure_id)
    assert found is not None
    return found.state.value


async def pages(story: World, kind: str = "") -> list[Alarm]:
    """What the pager was to be told, perhaps of one kind."""
    async with story.parts.database.reading() as tx:
        return [alarm for alarm in await alarms.ls(tx) if kind in {"", alarm.kind}]


async def set_standing(story: World, person: Person, standing: Standing) -> None:
    """Change the roster in the database and nothing else: what is queued is as another process left it."""
    async with story.parts.database.transaction() as tx:
        (who,) = await roster.find(tx, address=person.address)
        await roster.set_standing(tx, who.id, standing, story.clock.now())


async def pin(story: World, person: Person, *certificates: bytes, instead: Sequence[str] = ()) -> None:
    """Pin more keys for somebody, and take off those of ``instead`` (fingerprints)."""
    judged = [await story.parts.engine.inspect(one, now=datetime.now(UTC)) for one in certificates]
    async with story.parts.database.transaction() as tx:
        (who,) = await roster.find(tx, address=person.address)
        for fingerprint in instead:
            assert await roster.unpin_key(tx, person_id=who.id, fingerprint=fingerprint, now=story.clock.now())
        for facts, public in judged:
            await roster.pin_key(
                tx,
                person_id=who.id,
                list_id=LIST_ID,
                fingerprint=facts.fingerprint,
                public=public,
                algorithm=facts.algorithm,
                expires_at=facts.expires_at,
                flaw=None,
                now=story.clock.now(),
            )


async def until(claim: Callable[[], Awaitable[bool]], seconds: float = 60) -> None:
    """Wait until something that nobody tells of is so, looking again and again."""
    async with asyncio.timeout(seconds):
        while not await claim():  # noqa: ASYNC110 - a database or another process rings no bell
            await asyncio.sleep(0.02)


@asynccontextmanager
async def started_again(story: World) -> AsyncIterator[World]:
    """Another process on the same state: what the first one had in hand was lost with its memory."""
    async with (
        open_parts(story.parts.config, clock=story.clock) as parts,
        running(parts, story.box, story.people) as again,
    ):
        again.sent = story.sent
        yield again
