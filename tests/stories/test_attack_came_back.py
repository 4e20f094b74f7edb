"""Who was removed and came back has one address and two lives: the lift must not stumble over that."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from deeds import AT_ONCE, LIST_ID, set_standing, state_of
from openpgp import Person
from policy.facts import Role, Standing
from storage import roster
from world import World, world

pytestmark = pytest.mark.side


async def _add(story: World, who: str, name: str, role: Role) -> None:
    person, now = story.people[who], story.clock.now()
    facts, public = await story.parts.engine.inspect(person.public, now=datetime.now(UTC))
    async with story.parts.database.transaction() as tx:
        person_id = await roster.add_person(
            tx, list_id=LIST_ID, role=role, address=person.address, name=name, groups=(), policy_hash=None, now=now
        )
        await roster.pin_key(
            tx,
            person_id=person_id,
            list_id=LIST_ID,
            fingerprint=facts.fingerprint,
            public=public,
            algorithm=facts.algorithm,
            expires_at=facts.expires_at,
            flaw=None,
            now=now,
        )


@pytest.mark.parametrize("role", list(Role))
async def test_the_lift_comes_on_time_and_once_to_one_who_was_removed_and_came_back(
    tmp_path: Path, people: dict[str, Person], role: Role
) -> None:
    async with world(tmp_path, people) as story:
        await story.post("alice", AT_ONCE)
        disclosure = story.disclosure_id()
        await story.post("west", "A question.\n", reply_to=story.last("west"))
        await story.post("alice", "An answer.\n", reply_to=story.last("alice"))
        await set_standing(story, people["west"], Standing.REMOVED)
        await _add(story, "west", "Westlake", role)
        await story.post("alice", "Scope: all\n", reply_to=story.last("alice", "Receipt"))
        await story.pass_time(14 * 86400 + 1)

        assert await state_of(story, disclosure) == "lifted"
        assert sum("Lifted" in subject for subject in story.subjects("west")) == 1
