"""The exhaustive search of the core: it finds nothing, and it finds whatever guard is taken away."""

from __future__ import annotations

import os

import pytest

from tools.model.guards import GUARDS, Guard
from tools.model.quick import remembered
from tools.model.search import Step, search
from tools.model.world import Size
from tools.model.worlds import explore, explore_cases, explore_votes

# All of them in `make test-long`, and each time that `make model` runs.
WALKED = GUARDS if os.environ.get("EMBARGO_TEST_LONG") else GUARDS[::6]
SMALL = Size(instants=3, max_embargo=2)
BALLOT = Size(instants=3, max_embargo=2, min_notice=1, window=1)


@pytest.mark.side
def test_the_core_breaks_no_law_in_the_smallest_world_and_everything_comes_to_an_end() -> None:
    found = explore(SMALL)
    assert not found.violations
    assert not found.dead_ends
    assert found.is_good
    assert found.positions > 3_000
    assert found.transitions > 30_000


@pytest.mark.side
def test_votes_on_dates_break_no_law_in_the_smallest_world_and_every_embargo_ends() -> None:
    found = explore_votes(BALLOT)
    assert not found.violations
    assert found.is_good
    assert found.positions > 300


@pytest.mark.side
def test_a_leak_case_breaks_no_law_and_can_always_be_closed() -> None:
    found = explore_cases()
    assert not found.violations
    assert found.is_good
    assert found.positions > 50


@pytest.mark.side
def test_what_is_remembered_changes_nothing_of_what_is_found() -> None:
    tiny = Size(instants=2, max_embargo=1, upstream=True)
    plain = explore(tiny)
    with remembered():
        assert explore(tiny) == plain
    assert plain.is_good
    assert plain.transitions > 1_000


@pytest.mark.parametrize("guard", [pytest.param(guard, id=guard.name) for guard in WALKED])
def test_without_one_guard_it_reports_a_violation(guard: Guard) -> None:
    found = guard.search_without()
    assert guard.law in found.broken
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
