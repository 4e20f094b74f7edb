"""Which public dates can be asked for at all."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy.acts import ProposeDate
from policy.control import read_block
from policy.disclosure import Event, Rules
from policy.facts import Disclosure, State
from policy.orders import Surroundings, read_order
from policy.proposals import judge_proposal
from policy.steering import SteerPlan, plan_steering

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
DAY = timedelta(days=1)
RULES = Rules("UTC", timedelta(minutes=10), 90 * DAY, 2 * DAY)
RELEASED, STANDS = NOW - DAY, NOW + 14 * DAY
FOUND = Disclosure(
    "ED-2026-K7QX",
    "l",
    State.EMBARGOED,
    1,
    "a@x.example",
    "A",
    RELEASED,
    RELEASED,
    STANDS,
    "RED",
    "all",
    released_at=RELEASED,
)
MEMBER = Surroundings(now=NOW, role="member", is_reply=True, hold_until=RELEASED, embargo_until=STANDS)


@pytest.mark.parametrize(
    ("at", "why"),
    [
        pytest.param(NOW + 20 * DAY, None, id="later"),
        pytest.param(RELEASED + 90 * DAY, None, id="as late as the list allows"),
        pytest.param(RELEASED + 90 * DAY + timedelta(seconds=1), "longer than this list allows", id="later than that"),
        pytest.param(NOW + 2 * DAY, None, id="earlier, with just the notice"),
        pytest.param(NOW + 2 * DAY - timedelta(seconds=1), "more notice", id="earlier, with too little"),
        pytest.param(NOW, "has gone by", id="now"),
        pytest.param(STANDS, "the public date that stands", id="what stands"),
    ],
)
def test_a_date_is_asked_for_only_where_it_could_be_granted(at: datetime, why: str | None) -> None:
    refusal = judge_proposal(FOUND, at, RULES, NOW)
    assert (refusal is None) if why is None else (refusal is not None and why in refusal.why)


@pytest.mark.parametrize("state", [state for state in State if state is not State.EMBARGOED])
def test_no_date_is_asked_for_where_members_don_t_have_it_or_it_is_over(state: State) -> None:
    refusal = judge_proposal(replace(FOUND, state=state), NOW + 20 * DAY, RULES, NOW)
    assert refusal is not None
    assert f"(it is {state})" in refusal.why


@given(st.integers(-200 * 24, 200 * 24))
def test_what_may_be_asked_for_a_coordinator_may_grant(hours: int) -> None:
    at = NOW + timedelta(hours=hours)
    if judge_proposal(FOUND, at, RULES, NOW) is None:
        block = read_block(f"Embargo-Until: {at:%Y-%m-%d %H:%M} UTC\n")
        order = read_order(block, replace(MEMBER, role="coordinator"))
        plan = plan_steering(order, FOUND, RULES, NOW)
        assert isinstance(plan, SteerPlan)
        assert plan.has(Event.NEW_DATE)
        assert plan.after.embargo_until == at


def test_a_reason_goes_along_and_the_readings_of_an_unclear_date_are_offered() -> None:
    asked = read_order(read_block("Propose-Embargo-Until: +20d\nReason: the farm\n burnt\n\nSorry.\n"), MEMBER)
    assert asked.acts == (ProposeDate(NOW + 20 * DAY, "the farm burnt"),)

    unclear = read_order(read_block("Propose-Embargo-Until: 02/12/2026 10:00 UTC\nReason: x\n"), MEMBER)
    (complaint,) = unclear.complaints
    assert len(complaint.readings) > 0
    assert unclear.is_ready
    again = read_order(read_block(unclear.corrected), MEMBER)
    assert isinstance(again.acts[0], ProposeDate)
    assert again.acts[0].reason == "x"
