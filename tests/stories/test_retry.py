"""The relay refuses for a while, or for good: states, pauses, the same mail again, and who is told."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from deeds import AT_ONCE, copies, pages, states
from openpgp import Person
from world import world


async def test_a_copy_refused_twice_is_tried_again_with_growing_pauses_and_stays_the_same_mail(
    tmp_path: Path, people: dict[str, Person]
) -> None:
    async with world(tmp_path, people) as story:
        north = people["north"].address
        story.box.script("451 4.3.0 later", "451 4.3.0 later", recipient=north, at="data")
        await story.post("alice", AT_ONCE)
        disclosure = story.disclosure_id()
        message = f"{disclosure}/1"
        first = (await copies(story, message))[north]
        assert (first.state, first.attempts, first.reason) == ("deferred", 1, "451 4.3.0")
        assert first.next_at is not None
        pause = first.next_at - story.clock.now()
        assert timedelta(seconds=48) <= pause <= timedelta(seconds=72), "a minute, give or take a fifth"
        assert len(story.inbox("south")) == len(story.inbox("west")) == 1, "nobody else is delayed"
        assert not [one for one in story.subjects("alice") if "delivered" in one.lower()], "it is not settled yet"

        await story.pass_time(72)
        second = (await copies(story, message))[north]
        assert (second.state, second.attempts) == ("deferred", 2)
        assert second.next_at is not None
        assert timedelta(minutes=4) <= second.next_at - story.clock.now() <= timedelta(minutes=6)
        assert second.body_id == first.body_id
        assert second.packets == first.packets

        await story.pass_time(360)
        last = (await copies(story, message))[north]
        assert (last.state, last.attempts, last.reason) == ("sent", 3, None)
        (copy,) = story.inbox("north")
        assert copy.message_id == story.inbox("south")[0].message_id
        report = story.last("alice", disclosure)
        assert "3 of 3" in report.text
        assert north in report.text


async def test_a_copy_refused_for_good_bounces_and_the_coordinators_are_told_once(
    tmp_path: Path, people: dict[str, Person]
) -> None:
    async with world(tmp_path, people) as story:
        story.box.script("550 5.1.1 nobody", recipient=people["west"].address, forever=True)
        with capture_logs() as logged:
            await story.post("alice", AT_ONCE)
        levels = {one["state"]: one["log_level"] for one in logged if one["event"] == "copy"}
        assert levels == {"sent": "info", "bounced": "warning"}
        message = f"{story.disclosure_id()}/1"

        assert await states(story, message) == {"northwind": "sent", "southgate": "sent", "westlake": "bounced"}
        told = [copy for copy in story.inbox("alice") if "Bounced" in copy.subject]
        assert len(told) == 1
        assert "550 5.1.1" in told[0].text
        assert len([copy for copy in story.inbox("adam") if "Bounced" in copy.subject]) == 1
        assert await pages(story) == [], "a member's bounce wakes nobody"

        await story.pass_time(86400)
        assert story.box.attempts.count(people["west"].address) == 1, "what is refused for good is not tried again"


@pytest.mark.side
async def test_a_coordinators_own_bounce_rings_the_pager_and_does_not_circle(
    tmp_path: Path, people: dict[str, Person]
) -> None:
    async with world(tmp_path, people) as story:
        story.box.script("550 5.1.1 nobody", recipient=people["adam"].address, forever=True)
        await story.post("alice", AT_ONCE)

        rung = await pages(story, "coordinator-unreachable")
        assert rung
        assert len(story.inbox("north")) == 1
        before = len(story.box.attempts)
        await story.pass_time(3600)
        assert len(story.box.attempts) - before < 5, "no report of a report of a report"


@pytest.mark.side
async def test_a_copy_that_never_goes_through_is_given_up_and_reported(
    tmp_path: Path, people: dict[str, Person]
) -> None:
    async with world(tmp_path, people, relay={"give_up": "2h"}) as story:
        story.box.script("451 4.2.0 full", recipient=people["west"].address, forever=True)
        await story.post("alice", AT_ONCE)
        disclosure = story.disclosure_id()
        message = f"{disclosure}/1"

        await story.pass_time(15 * 60)
        report = [copy for copy in story.inbox("alice") if "451 4.2.0" in copy.text]
        assert len(report) == 1, "the release report, after a quarter of an hour, says who waits and why"
        await story.pass_time(15 * 60)
        assert [alarm.ref for alarm in await pages(story, "undelivered")] == [message]
        await story.pass_time(89 * 60)
        assert (await states(story, message))["westlake"] == "deferred"
        await story.pass_time(360)
        await story.pass_time(360)
        assert (await states(story, message))["westlake"] == "bounced"
        assert len([copy for copy in story.inbox("alice") if "Bounced" in copy.subject]) == 1
        assert len(await pages(story, "undelivered")) == 1, "it rings once"


async def test_an_answer_lost_after_the_dot_repeats_the_same_mail(tmp_path: Path, people: dict[str, Person]) -> None:
    async with world(tmp_path, people) as story:
        south = people["south"].address
        story.box.script("close", recipient=south, at="data")
        await story.post("alice", AT_ONCE)
        message = f"{story.disclosure_id()}/1"
        lost = (await copies(story, message))[south]
        assert (lost.state, lost.reason) == ("deferred", "reply lost")

        await story.pass_time(72)
        (copy,) = story.inbox("south")
        assert copy.message_id == story.inbox("north")[0].message_id
        assert (await states(story, message))["southgate"] == "sent"
