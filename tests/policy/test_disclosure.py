"""The table of states, and what the clock does."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy.calendars import Calendar, parse_window
from policy.control import read_block
from policy.disclosure import (
    ROWS,
    Event,
    Refusal,
    Remarks,
    Rules,
    approve,
    due,
    effective_hold,
    example_date,
    judge_dates,
    judge_new_date,
    move,
    remarks,
)
from policy.facts import Disclosure, State
from policy.orders import Surroundings, read_order
from policy.reasons import Reason
from policy.steering import SteerPlan, plan_steering

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
RULES = Rules("UTC", timedelta(minutes=10), timedelta(days=90), timedelta(days=2))


def disclosure(state: State = State.HELD, hold: float = 1, embargo: float = 14, stopped: bool = False) -> Disclosure:
    """One whose hold and date are so many days from now."""
    hold_until, embargo_until = NOW + timedelta(days=hold), NOW + timedelta(days=embargo)
    released = hold_until if state is State.EMBARGOED else None
    return Disclosure(
        "ED-2026-K7QX",
        "l",
        state,
        1,
        "a@x.example",
        "A",
        NOW,
        hold_until,
        embargo_until,
        "RED",
        "all",
        stopped,
        released,
    )


def test_what_is_no_row_of_the_table_is_refused_in_words() -> None:
    known = {(row.source, row.event): row.target for row in ROWS}
    for state, event in product(State, Event):
        found = move(state, event)
        if (state, event) in known:
            assert found is known[state, event]
        else:
            assert isinstance(found, Refusal)
            assert state in found.why


def test_no_way_out_is_offered_where_there_is_none() -> None:
    held, over = move(State.HELD, Event.LIFT_NOW), move(State.WITHDRAWN, Event.LIFT_NOW)
    assert isinstance(held, Refusal)
    assert "Hold-Until: now" in held.why
    assert isinstance(over, Refusal)
    assert over.why == "there is no embargo to lift any more (it is withdrawn)"


@pytest.mark.parametrize(
    ("found", "event"),
    [
        pytest.param(disclosure(hold=1), None, id="before the hold nothing happens"),
        pytest.param(disclosure(hold=0), Event.HOLD_OVER, id="at the hold it is released"),
        pytest.param(disclosure(hold=-1, stopped=True), None, id="not when it is stopped"),
        pytest.param(disclosure(hold=-2, embargo=0), Event.DATE_PASSED, id="nothing goes out at its date"),
        pytest.param(disclosure(hold=-2, embargo=-1, stopped=True), Event.DATE_PASSED, id="nor stopped past it"),
        pytest.param(disclosure(State.EMBARGOED, -1, 1), None, id="before the date it stays"),
        pytest.param(disclosure(State.EMBARGOED, -1, 0), Event.DATE_REACHED, id="at the date it is lifted"),
        pytest.param(disclosure(State.PENDING, -1, 1), None, id="what is pending waits for a human"),
        pytest.param(disclosure(State.WITHDRAWN, -1, -1), None, id="what is withdrawn is over"),
        pytest.param(disclosure(State.LIFTED, -1, -1), None, id="what is lifted is lifted once"),
    ],
)
def test_the_clock_moves_it_only_when_it_is_due(found: Disclosure, event: Event | None) -> None:
    assert due(found, NOW) is event
    by_hand = Event.LIFT_ASKED if event is Event.DATE_REACHED else event
    assert due(found, NOW, by_clock=False) is by_hand, "where a coordinator lifts, the date only asks"


@given(
    st.sampled_from(State),
    st.floats(-100, 100),
    st.floats(-100, 100),
    st.booleans(),
)
def test_nothing_is_released_before_its_hold_nor_at_or_after_its_date_nor_lifted_early(
    state: State, hold: float, embargo: float, stopped: bool
) -> None:
    found = disclosure(state, hold, embargo, stopped)
    match due(found, NOW):
        case Event.HOLD_OVER:
            assert state is State.HELD
            assert not stopped
            assert found.hold_until <= NOW < found.embargo_until
        case Event.DATE_REACHED:
            assert state is State.EMBARGOED
            assert found.embargo_until <= NOW


@pytest.mark.parametrize(
    ("hold", "embargo", "refused"),
    [
        pytest.param(1, 14, False, id="hold before date"),
        pytest.param(1, 1, True, id="at the date is too late"),
        pytest.param(2, 1, True, id="after the date"),
        pytest.param(-2, -1, True, id="a date gone by"),
        pytest.param(1, 91, False, id="the longest embargo, counted from the hold"),
        pytest.param(1, 91.01, True, id="a longer one"),
    ],
)
def test_dates_stand_in_order_and_within_bounds(hold: float, embargo: float, refused: bool) -> None:
    found = judge_dates(NOW + timedelta(days=hold), NOW + timedelta(days=embargo), RULES, NOW)

    assert isinstance(found, Refusal) is refused


@pytest.mark.parametrize(
    ("days", "refused"),
    [
        pytest.param(0, True, id="now is too late"),
        pytest.param(1, True, id="earlier than agreed needs notice"),
        pytest.param(2, False, id="with notice it may be earlier"),
        pytest.param(89, False, id="later, counted from the release"),
        pytest.param(89.5, True, id="too long"),
    ],
)
def test_a_new_date_for_what_members_have_gives_notice_and_stays_within_bounds(days: float, refused: bool) -> None:
    found = judge_new_date(disclosure(State.EMBARGOED, -1, 14), NOW + timedelta(days=days), RULES, NOW)

    assert isinstance(found, Refusal) is refused


def test_a_release_never_comes_before_its_grace_is_over() -> None:
    assert effective_hold(None, RULES, NOW) == NOW + RULES.release_grace
    assert effective_hold(NOW - timedelta(days=1), RULES, NOW) == NOW + RULES.release_grace
    assert effective_hold(NOW + timedelta(days=1), RULES, NOW) == NOW + timedelta(days=1)


CALM = replace(
    RULES,
    preferred_embargo=timedelta(days=14),
    calendar=Calendar("UTC", "2nd tuesday 17:00", timedelta(days=7), parse_window("mon-thu")),
)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        pytest.param(disclosure(hold=1, embargo=9), Remarks(), id="a date that suits"),
        pytest.param(disclosure(hold=1, embargo=15), Remarks(), id="as long as is preferred"),
        pytest.param(
            disclosure(hold=1, embargo=16), Remarks(preferred=NOW + timedelta(days=15)), id="longer than preferred"
        ),
        pytest.param(disclosure(hold=1, embargo=4), Remarks(lead=NOW + timedelta(days=8)), id="a short lead"),
        pytest.param(
            disclosure(hold=0, embargo=12),
            Remarks(
                objection="outside this list's hours for it (mon-thu)",
                before=NOW + timedelta(days=11),
                after=NOW + timedelta(days=15),
            ),
            id="a Friday: Thursday and Monday are better",
        ),
        pytest.param(
            disclosure(State.EMBARGOED, -89.5, 0.5),
            Remarks(preferred=NOW - timedelta(days=75.5)),
            id="what members have had for long",
        ),
        pytest.param(
            disclosure(State.EMBARGOED, -85, 5),
            Remarks(
                preferred=NOW - timedelta(days=71),
                objection="outside this list's hours for it (mon-thu)",
                before=NOW + timedelta(days=4),
            ),
            id="nothing better within the cap, counted from the release",
        ),
        pytest.param(
            replace(disclosure(State.EMBARGOED, -1, 12), fact_attacks_at=NOW),
            Remarks(objection="outside this list's hours for it (mon-thu)", before=NOW + timedelta(days=11)),
            id="nothing later where attacks are seen",
        ),
        pytest.param(
            replace(disclosure(hold=0, embargo=12), fact_attacks_at=NOW),
            Remarks(
                objection="outside this list's hours for it (mon-thu)",
                before=NOW + timedelta(days=11),
                after=NOW + timedelta(days=15),
            ),
            id="but before members have it a later one is",
        ),
    ],
)
def test_an_accepted_date_is_held_against_what_the_list_prefers(found: Disclosure, expected: Remarks) -> None:
    told = remarks(found, CALM, NOW)

    assert told == expected
    assert bool(told) is (expected != Remarks())


def test_the_patch_days_that_were_skipped_are_named() -> None:
    rules = replace(RULES, calendar=Calendar("UTC", "2nd tuesday 17:00", timedelta(days=21)))
    found = replace(disclosure(hold=0), embargo_until=rules.calendar.patch_day_after(NOW, NOW))

    assert remarks(found, rules, NOW) == Remarks(skipped=(datetime(2026, 12, 8, 17, tzinfo=UTC),))


@pytest.mark.parametrize(
    ("longest", "value"),
    [
        pytest.param(timedelta(minutes=35), "patch-day", id="the patch day is just soon enough"),
        pytest.param(timedelta(minutes=34, seconds=59), "+2099s", id="it is a second too far off"),
        pytest.param(timedelta(minutes=30), "+30m", id="minutes"),
        pytest.param(timedelta(hours=25), "patch-day", id="longer than that"),
    ],
)
def test_what_a_date_that_went_by_may_be_answered_with_is_taken(longest: timedelta, value: str) -> None:
    rules = replace(RULES, max_embargo=longest, calendar=Calendar("UTC", "4th sunday 12:45"))
    assert example_date(rules, NOW) == value


@pytest.mark.parametrize("longest", [timedelta(days=7), timedelta(hours=36), timedelta(days=90)])
def test_and_by_a_coordinators_line(longest: timedelta) -> None:
    rules = replace(RULES, max_embargo=longest)
    stale = replace(disclosure(State.PENDING, -3, -1), unapproved=False)
    value = example_date(rules, NOW)
    assert value in {"+7d", "+36h", "patch-day"}
    place = Surroundings(now=NOW, is_reply=True, max_embargo=longest, release_grace=rules.release_grace)
    order = read_order(read_block(f"Embargo-Until: {value}\n"), place)
    assert order.complaints == ()
    assert isinstance(plan_steering(order, stale, rules, NOW), SteerPlan)


APPROVALS = [
    pytest.param({}, 2, 1, "", id="another coordinator"),
    pytest.param({}, 1, 1, "not the one who posted it", id="the poster"),
    pytest.param({}, 3, 1, "`Withdraw: REASON`", id="the poster is no coordinator any more"),
    pytest.param({"unapproved": False}, 2, 1, "a new public date", id="its date had gone by"),
    pytest.param({"state": State.HELD}, 2, 1, "there is nothing to approve", id="approved before"),
    pytest.param({}, 2, -1, "", id="its hold went by: the grace begins now"),
    pytest.param({"embargo_until": NOW}, 2, -1, "a new `Embargo-Until:` first", id="its date went by meanwhile"),
]


@pytest.mark.parametrize(("changes", "approver", "hold", "why"), APPROVALS)
def test_a_second_coordinator_lets_a_post_be_held_as_row_1_would(changes, approver, hold, why) -> None:
    coordinators = (1, 2) if approver < 3 else (2, approver)
    waiting = replace(disclosure(State.PENDING, hold=hold), **{"unapproved": True} | changes)
    after = approve(waiting, approver, coordinators, RULES, NOW)
    if why:
        assert isinstance(after, Refusal)
        assert why in after.why
        assert after.reason is (Reason.CONTROL_LINES if approver == 2 else Reason.TWO_PERSON)
        return
    expected = max(waiting.hold_until, NOW + RULES.release_grace)
    assert after == replace(waiting, state=State.HELD, unapproved=False, hold_until=expected)


@pytest.mark.parametrize(
    ("released", "embargo", "notice", "is_refused"),
    [
        pytest.param(0, 0, 0, True, id="this very moment"),
        pytest.param(0, 14, 30, False, id="the date that stands needs no notice"),
        pytest.param(0, 13, 30, True, id="an earlier one does"),
        pytest.param(0, 90, 0, False, id="the cap, from the release"),
        pytest.param(-2, 89, 0, True, id="beyond the cap, from the release"),
        pytest.param(2, 92, 0, False, id="the cap, from a release later than its hold"),
    ],
)
def test_a_new_date_lies_ahead_within_the_cap_and_an_earlier_one_gives_notice(
    released: float, embargo: float, notice: float, is_refused: bool
) -> None:
    before = replace(disclosure(State.EMBARGOED, hold=0), released_at=NOW + timedelta(days=released))
    rules = replace(RULES, min_notice=timedelta(days=notice))

    found = judge_new_date(before, NOW + timedelta(days=embargo), rules, NOW)

    assert isinstance(found, Refusal) is is_refused


def test_a_date_that_is_now_has_gone_by_whatever_the_hold() -> None:
    found = judge_dates(NOW - timedelta(days=1), NOW, RULES, NOW)

    assert isinstance(found, Refusal)
    assert "gone by" in found.why
