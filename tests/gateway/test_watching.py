"""Who is woken when: by a commit, by a clock that was set, and by a database that does not say."""

from __future__ import annotations

import asyncio
from datetime import datetime
from types import SimpleNamespace

import pytest

from fakes import FakeClock
from front_door import until
from gateway.parts import Nudges
from gateway.watching import POLL, watch
from storage.errors import Unavailable


class Said:
    """A database that says what it is told to say."""

    def __init__(self) -> None:
        self.token: str | None = "1"

    async def change_token(self) -> str:
        if self.token is None:
            raise Unavailable("it does not say")
        return self.token


class Ticking(FakeClock):
    """Its waits end when the test says so, as the machine's do by the monotonic clock."""

    def __init__(self) -> None:
        super().__init__()
        self.over = asyncio.Event()
        self.rounds = 0

    async def wait(self, until: datetime | None, wake: asyncio.Event, at_most: float) -> None:
        assert (until, at_most) == (None, POLL)
        self.rounds += 1
        await self.over.wait()
        self.over.clear()


@pytest.mark.parametrize(
    ("step", "token", "is_woken"),
    [
        pytest.param(POLL, "1", False, id="nothing happened"),
        pytest.param(POLL, "2", True, id="somebody committed"),
        pytest.param(3 * 3600, "1", True, id="the clock was set forward"),
        pytest.param(-3600, "1", True, id="the clock was set back"),
        pytest.param(POLL, None, True, id="the database does not say"),
    ],
)
async def test_the_loops_are_woken_when_something_changed_and_only_then(step, token, is_woken):
    clock, nudges, said, stopping = Ticking(), Nudges(), Said(), asyncio.Event()
    bells = (nudges.schedule, nudges.outbox, nudges.pager)
    watching = asyncio.create_task(watch(SimpleNamespace(clock=clock, nudges=nudges, database=said), stopping))
    await until(lambda: clock.rounds == 1)
    assert all(bell.is_set() for bell in bells), "what was there before is looked at"
    for bell in bells:
        bell.clear()

    said.token = token
    clock.advance(step)
    clock.over.set()
    await until(lambda: clock.rounds == 2)

    assert [bell.is_set() for bell in bells] == [is_woken] * 3
    stopping.set()
    clock.over.set()
    await asyncio.wait_for(watching, 60)
