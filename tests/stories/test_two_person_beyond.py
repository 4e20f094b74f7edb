"""Two coordinators for the roster and for the dismissal of a leak: nothing happens by one, whichever way he takes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gateway.kept import mails as kept_mails
from gateway.operator import leaks as operator_leaks
from gateway.operator import roster as operator_roster
from gateway.operator.base import RefusedError
from gateway.reading import read
from letters import trail
from openpgp import Person
from policy.facts import Standing
from policy.leakcase import Outcome
from storage import leaks, quarantine, roster
from world import LIST, World, world

pytestmark = pytest.mark.side

REQUEST = LIST.replace("@", "-request@")
ASKED = "A second coordinator is asked"


async def standing(story: World, name: str) -> Standing:
    async with story.parts.database.reading() as tx:
        (found,) = await roster.find(tx, address=story.people[name].address)
    return found.standing


async def cases(story: World) -> dict[str, tuple[str, str | None]]:
    async with story.parts.database.reading() as tx:
        return {one.id: (one.state, one.outcome) for one in await leaks.ls(tx)}


async def waiting(story: World) -> list[str]:
    async with story.parts.database.reading() as tx:
        return [one.id for one in await quarantine.ls(tx) if one.reason == "two-person"]


async def test_the_roster_and_a_dismissal_take_two_coordinators(
    tmp_path: Path, people: dict[str, Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    async with world(tmp_path, people, list={"two_person": ["dismiss", "roster"]}) as story:
        inside: list[bool] = []  # of each kept mail that was read: whether writers had to wait for it

        async def watched(*facts: Any) -> Any:
            inside.append(story.parts.database._turn.locked())
            return await read(*facts)

        monkeypatch.setattr(kept_mails, "read", watched)
        south = people["south"].address
        suspend = f"Suspend: {south}\nShow: members\n"
        await story.post("alice", "Suspend: nobody@corp.example\n", to=REQUEST, subject="please")
        assert "no member" in story.last("alice").text  # what can't be done is not asked for
        assert await waiting(story) == []
        await story.post("alice", suspend, to=REQUEST, subject="please")
        (kept,) = await waiting(story)
        asked = story.last("adam", ASKED)
        assert all(part in asked.text for part in (f"Suspend: {south}", f"Approve: {kept}", "asks for what two"))
        await story.post("alice", f"Approve: {kept}\n", reply_to=story.last("alice", ASKED))
        assert "not the one who asked" in story.last("alice").text
        await story.post("adam", f"Release-Quarantine: {kept}\n", to=REQUEST, subject="please")
        assert "waits for a second coordinator" in story.last("adam").text
        refused = [one.reason for one in await trail(story) if one.event == "request-refused"]
        assert refused == ["control-lines", "two-person"], "why, as the trail has it"
        assert await standing(story, "south") is Standing.ACTIVE
        await story.post("adam", f"Approve: {kept}\n", reply_to=asked)
        assert await standing(story, "south") is Standing.SUSPENDED
        assert any(f"Done: suspended Southgate <{south}>" in copy.text for copy in story.inbox("alice"))

        # Undone by the operator meanwhile: it can't be done any more, which is told once.
        await story.post("alice", f"Reinstate: {south}\n", to=REQUEST, subject="please")
        await operator_roster.change_standing(story.parts, south, None, Standing.ACTIVE)
        await story.pass_time(3600)
        assert "active already" in story.last("adam", "waits no more").text
        told = len(story.inbox("adam"))
        await story.pass_time(2 * 86400)
        assert len(story.inbox("adam")) == told
        await story.post("alice", f"Discard-Quarantine: {(await waiting(story))[0]}\n", to=REQUEST, subject="please")

        await story.post("alice", "Embargo-Until: +14d\n\nA flaw.\n")
        await story.post("north", "Leak: the patch, to a list\n", reply_to=story.last("north", "Flaw"))
        await story.post("north", "Leak: another one, to a blog\n", subject="by the way")  # bound to no disclosure
        alarms = {case: next(one for one in story.inbox("alice") if case in one.text) for case in await cases(story)}
        assert len(alarms) == 2
        with pytest.raises(RefusedError, match="two coordinators dismiss"):
            await operator_leaks.assess(story.parts, next(iter(alarms)), Outcome.DISMISSED, "a mistake")
        for case, alarm in alarms.items():
            dismiss = f"Assess: {case}\nOutcome: dismissed\nReason: it was our own page\n"
            await story.post("alice", dismiss, reply_to=alarm)
            (kept,) = await waiting(story)
            assert (await cases(story))[case] == ("open", None)
            asked = story.last("adam", ASKED)
            assert f"Assess: {case}" in asked.text
            assert "our own page" in asked.text
            await story.post("adam", f"Approve: {kept}\n", reply_to=asked)
            assert (await cases(story))[case] == ("closed", "dismissed")

        assert inside == [False] * 6  # refused twice, approved three times, tried once
        await operator_roster.remove_coordinator(story.parts, people["adam"].address, None)
        await story.post("alice", f"Suspend: {south}\n", to=REQUEST, subject="please")
        assert "Nobody else can be reached who could approve" in story.last("alice", ASKED).text
