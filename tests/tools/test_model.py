"""The exhaustive search of the core: it finds nothing, and it finds whatever guard is taken away."""

from __future__ import annotations

from typing import Any

import pytest

from policy import disclosure as table
from policy.audience import Seat
from policy.disclosure import Event
from policy.facts import Person, State
from tools.model.__main__ import explore
from tools.model.search import Step, search
from tools.model.world import Size

READ = "policy.dateorders._Dates._illegal"  # dates are judged where they are read, and again where they are planned
SMALL = Size(instants=3, max_embargo=2)


def test_the_core_breaks_no_law_in_the_smallest_world_and_everything_comes_to_an_end() -> None:
    found = explore(SMALL)
    assert not found.violations
    assert not found.dead_ends
    assert found.is_good
    assert found.positions > 3_000
    assert found.transitions > 30_000


def _never(*_: Any, **__: Any) -> None:
    return None


_due, _move, _read = table.due, table.move, Person.usable_keys


def _released_late(disclosure: Any, now: Any) -> Event | None:
    is_over = disclosure.state is State.HELD and now >= disclosure.hold_until and not disclosure.stopped
    return Event.HOLD_OVER if is_over else _due(disclosure, now)


def _released_though_stopped(disclosure: Any, now: Any) -> Event | None:
    is_over = disclosure.state is State.HELD and disclosure.hold_until <= now < disclosure.embargo_until
    return Event.HOLD_OVER if is_over else _due(disclosure, now)


def _lifted_again(source: Any, event: Event) -> Any:
    return State.LIFTED if event is Event.LIFT_NOW else _move(source, event)


def _everybody_inside(person: Person, *_: Any) -> Seat:
    return Seat(person, inside=True, reason=None)


@pytest.mark.parametrize(
    ("guards", "without", "law"),
    [
        pytest.param("policy.disclosure.due", _never, "the_clock_leaves_nothing_undone", id="the clock"),
        pytest.param("policy.disclosure.due", _released_late, "arrows", id="a stale date"),
        pytest.param("policy.disclosure.due", _released_though_stopped, "nothing_before_the_hold", id="the stop"),
        pytest.param(f"policy.steering.judge_dates {READ}", _never, "dates_in_order", id="both of the dates"),
        pytest.param(f"policy.steering.judge_new_date {READ}", _never, "new_dates", id="dates of what members have"),
        pytest.param("policy.steering.effective_hold", lambda *how: how[2], "a_hold_is_what_was_asked", id="the hold"),
        pytest.param("policy.steering._hold_refused", _never, "dates_in_order", id="held again"),
        pytest.param("policy.steering.move", _lifted_again, "arrows", id="the table"),
        pytest.param("policy.audience.judge_seat", _everybody_inside, "nobody_is_skipped", id="the audience"),
        pytest.param("policy.audience.is_named", lambda *_: True, "nobody_is_skipped", id="the scope"),
        pytest.param("policy.release._forbidden", _never, "only_what_is_out_leaves", id="handing over"),
        pytest.param("policy.facts.Person.key_trouble", _never, "only_what_is_out_leaves", id="the key"),
        pytest.param("policy.intake.judge_proof", lambda *_: (), "nobody_else_is_obeyed", id="proof"),
        pytest.param("policy.intake._judge_signatures", lambda *_: set(), "nobody_else_is_obeyed", id="signatures"),
        pytest.param("policy.intake._judge_leak", _never, "nobody_else_is_obeyed", id="leaks"),
    ],
)
def test_without_one_guard_it_reports_a_violation(
    monkeypatch: pytest.MonkeyPatch, guards: str, without: Any, law: str
) -> None:
    for guard in guards.split():
        monkeypatch.setattr(guard, without)
    found = explore(SMALL, stops_at_first=True)
    assert law in found.broken
    assert found.violations[0].way


def test_a_position_that_never_ends_is_a_dead_end() -> None:
    ways = {"start": ("end", "trap"), "trap": ("trap", "pit"), "pit": ("trap",), "end": ()}
    found = search(
        "start",
        lambda here: (Step(f"to {there}", "somebody", there) for there in ways[here]),
        lambda *_: (),
        lambda here: here == "end",
    )
    assert found.dead_ends == 2
    assert found.dead_end == ("to trap",)
    assert not found.is_good
