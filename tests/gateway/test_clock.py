"""Clocks: the machine's, and the one of the tests, wait alike."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from fakes import START, FakeClock
from gateway.clock import Clock, SystemClock


def test_the_machine_tells_an_aware_instant_in_utc():
    before = datetime.now(UTC)

    now = SystemClock().now()

    assert now.tzinfo is UTC
    assert before <= now <= datetime.now(UTC)


async def elapsed(clock: Clock, *, until: float | None, at_most: float, wake: asyncio.Event) -> float:
    loop = asyncio.get_running_loop()
    began = loop.time()
    instant = None if until is None else clock.now() + timedelta(seconds=until)
    await asyncio.wait_for(clock.wait(instant, wake, at_most), 60)
    return loop.time() - began


@pytest.mark.parametrize(
    ("until", "at_most", "least"),
    [
        pytest.param(0.02, 3600.0, 0.015, id="until its instant"),
        pytest.param(3600.0, 0.02, 0.015, id="at most so long, for a clock that was set"),
        pytest.param(None, 0.02, 0.015, id="without an instant"),
        pytest.param(-60.0, 3600.0, 0.0, id="not at all for what is past"),
    ],
)
async def test_the_machine_waits(until, at_most, least):
    assert least <= await elapsed(SystemClock(), until=until, at_most=at_most, wake=asyncio.Event())


async def test_a_nudge_ends_the_wait_at_once():
    wake = asyncio.Event()
    asyncio.get_running_loop().call_soon(wake.set)

    assert await elapsed(SystemClock(), until=3600, at_most=3600, wake=wake) < 60


async def test_a_clock_that_was_set_back_makes_the_caller_wait_again():
    class SetBack(SystemClock):
        def now(self) -> datetime:
            return super().now() - timedelta(hours=1)

    due = datetime.now(UTC)
    clock = SetBack()

    await clock.wait(due, asyncio.Event(), 0.01)

    assert clock.now() < due


async def test_the_fake_clock_lets_go_of_those_who_are_due():
    clock = FakeClock()
    early = asyncio.ensure_future(clock.wait(START + timedelta(seconds=10), asyncio.Event(), 3600))
    late = asyncio.ensure_future(clock.wait(START + timedelta(seconds=20), asyncio.Event(), 3600))
    await asyncio.sleep(0)

    assert clock.next_due == START + timedelta(seconds=10)
    clock.advance(10)
    await early

    assert not late.done()
    assert clock.move_to(START + timedelta(minutes=1)) == clock.now() == START + timedelta(minutes=1)
    await late
    assert clock.next_due is None


async def test_the_fake_clock_listens_to_a_nudge():
    clock, wake = FakeClock(), asyncio.Event()
    waiting = asyncio.ensure_future(clock.wait(None, wake, 3600))
    await asyncio.sleep(0)

    wake.set()
    await asyncio.wait_for(waiting, 60)

    assert clock.now() == START


def test_the_fake_clock_refuses_an_instant_without_zone():
    with pytest.raises(ValueError, match="aware"):
        FakeClock(datetime(2026, 1, 1))  # noqa: DTZ001 that is the point
