"""While a third party's embargo holds nothing is lifted (row 13): not by the clock, not by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from policy.disclosure import Event, Rules, due
from policy.facts import Disclosure, State, Upstream, UpstreamMode
from policy.orders import Order
from policy.steering import Faults, SteerPlan, plan_steering
from policy.upstream import ended

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
DAY = timedelta(days=1)
DATE = NOW + 14 * DAY
RULES = Rules("UTC", timedelta(0), 90 * DAY, timedelta(0))
OUT = Disclosure(
    "ED-2026-K7QX", "l", State.EMBARGOED, 1, "a@x.example", "A", NOW, NOW, DATE, "RED", "all", released_at=NOW
)
HOLDS = Upstream("envoy", UpstreamMode.CASE_BY_CASE)


@pytest.mark.parametrize(("by_clock", "asks"), [(True, Event.DATE_REACHED), (False, Event.LIFT_ASKED)])
def test_the_date_lifts_nothing_and_asks_for_no_lift(by_clock: bool, asks: Event) -> None:
    waits = replace(OUT, upstreams=(replace(HOLDS, name="other", until=DATE), HOLDS))
    over = replace(OUT, upstreams=(replace(HOLDS, over_at=NOW),))

    assert due(waits, DATE, by_clock=by_clock) is None
    assert due(over, DATE, by_clock=by_clock) is due(OUT, DATE, by_clock=by_clock) is asks
    assert due(over, DATE - DAY, by_clock=by_clock) is due(OUT, DATE - DAY, by_clock=by_clock) is None


def test_a_lift_by_hand_is_told_what_it_waits_for() -> None:
    found = plan_steering(Order(lift_now=True), replace(OUT, upstreams=(HOLDS,)), RULES, NOW)

    assert isinstance(found, Faults)
    assert [one.line for one in found.complaints] == ["Lift: now"]
    assert "`Upstream: envoy over`" in found.complaints[0].why
    assert isinstance(plan_steering(Order(lift_now=True), OUT, RULES, NOW), SteerPlan)


def test_the_clock_ends_nothing_that_names_no_date() -> None:
    holds = (HOLDS, replace(HOLDS, name="other", until=NOW + DAY))

    assert ended(replace(OUT, upstreams=holds), NOW) == holds
