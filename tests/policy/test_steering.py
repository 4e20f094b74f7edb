"""What control lines do to a disclosure: planned whole, or refused with a reason; and kept posts under a new block."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy.control import read_block
from policy.disclosure import Event, Rules
from policy.facts import Disclosure, State
from policy.keptposts import Cut, cut_lines
from policy.orders import Order
from policy.scopes import read_scope
from policy.steering import Defaults, Faults, PostPlan, SteerPlan, plan_post, plan_steering

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
DAY = timedelta(days=1)
RULES = Rules("UTC", timedelta(minutes=10), 90 * DAY, timedelta(0))
DEFAULTS = Defaults("all", "", "AMBER+STRICT")
HELD = Disclosure(
    "ED-2026-K7QX", "l", State.HELD, 1, "a@x.example", "A", NOW, NOW + DAY, NOW + 14 * DAY, "RED", "all", stopped=True
)
SENT = replace(HELD, state=State.EMBARGOED, released_at=NOW - DAY, hold_until=NOW - DAY, stopped=False)


# --- new ones


def test_a_post_has_its_date_scope_label_and_at_least_the_grace() -> None:
    plan = plan_post(Order(embargo_until=NOW + 14 * DAY, hold_now=True), RULES, DEFAULTS, NOW)

    assert plan == PostPlan(NOW + timedelta(minutes=10), NOW + 14 * DAY, "all", "AMBER+STRICT")


@pytest.mark.parametrize(
    ("order", "defaults"),
    [
        pytest.param(Order(), DEFAULTS, id="no date"),
        pytest.param(Order(embargo_until=NOW), DEFAULTS, id="a date gone by"),
        pytest.param(Order(embargo_until=NOW + 200 * DAY), DEFAULTS, id="a date too far"),
        pytest.param(Order(embargo_until=NOW + DAY, hold_until=NOW + 2 * DAY), DEFAULTS, id="a hold after the date"),
        pytest.param(Order(embargo_until=NOW + DAY), replace(DEFAULTS, scope=""), id="no scope where one is asked for"),
        pytest.param(Order(embargo_until=NOW + DAY, lift_now=True), DEFAULTS, id="nothing to lift yet"),
        pytest.param(Order(embargo_until=NOW + DAY, withdraw="x"), DEFAULTS, id="nothing to withdraw yet"),
    ],
)
def test_a_post_that_is_not_clear_is_told_what_is_wrong(order: Order, defaults: Defaults) -> None:
    found = plan_post(order, RULES, defaults, NOW)

    assert isinstance(found, Faults)
    assert found.complaints


def test_a_post_takes_the_lists_default_date() -> None:
    plan = plan_post(Order(), RULES, replace(DEFAULTS, embargo="14d"), NOW)

    assert isinstance(plan, PostPlan)
    assert plan.embargo_until == plan.hold_until + 14 * DAY


# --- replies


@pytest.mark.parametrize(
    ("before", "order", "events", "changes"),
    [
        pytest.param(HELD, Order(), (), {}, id="no line changes nothing"),
        pytest.param(
            HELD,
            Order(hold_now=True),
            (Event.CHANGE,),
            {"hold_until": NOW + timedelta(minutes=10), "stopped": False},
            id="a hold of now lets go, after the grace",
        ),
        pytest.param(
            HELD,
            Order(hold_until=NOW + 2 * DAY),
            (Event.CHANGE,),
            {"hold_until": NOW + 2 * DAY, "stopped": False},
            id="a later hold",
        ),
        pytest.param(
            HELD, Order(embargo_until=NOW + 9 * DAY), (Event.NEW_DATE,), {"embargo_until": NOW + 9 * DAY}, id="row 5"
        ),
        pytest.param(
            SENT, Order(embargo_until=NOW + 9 * DAY), (Event.NEW_DATE,), {"embargo_until": NOW + 9 * DAY}, id="row 10a"
        ),
        pytest.param(
            replace(HELD, state=State.PENDING, embargo_until=NOW, hold_until=NOW - DAY),
            Order(embargo_until=NOW + 9 * DAY),
            (Event.NEW_DATE,),
            {"state": State.HELD, "embargo_until": NOW + 9 * DAY, "hold_until": NOW + timedelta(minutes=10)},
            id="row 2: a new date, and the grace again",
        ),
        pytest.param(
            SENT, Order(scope=read_scope("org:North")), (Event.CHANGE,), {"scope": "org:North"}, id="a new scope"
        ),
        pytest.param(HELD, Order(tlp="GREEN"), (Event.CHANGE,), {"tlp": "GREEN"}, id="a new label"),
        pytest.param(HELD, Order(permit="stage it"), (Event.CHANGE,), {}, id="what the banner says"),
        pytest.param(
            HELD, Order(withdraw="why"), (Event.WITHDRAW,), {"state": State.WITHDRAWN, "ended_at": NOW}, id="row 5: off"
        ),
        pytest.param(
            SENT,
            Order(lift_now=True),
            (Event.LIFT_NOW,),
            {"state": State.LIFTED, "ended_at": NOW, "cause": "other"},
            id="row 13",
        ),
    ],
)
def test_a_reply_changes_what_it_says_and_nothing_else(
    before: Disclosure, order: Order, events: tuple[Event, ...], changes: dict[str, Any]
) -> None:
    assert plan_steering(order, before, RULES, NOW) == SteerPlan(replace(before, **changes), events)


@pytest.mark.parametrize(
    ("before", "order"),
    [
        pytest.param(SENT, Order(hold_until=NOW + DAY), id="members have it: no hold"),
        pytest.param(HELD, Order(lift_now=True), id="members don't have it: no lift"),
        pytest.param(SENT, Order(lift_now=True, withdraw="x"), id="either lifted or withdrawn"),
        pytest.param(SENT, Order(withdraw="x", scope=read_scope("all")), id="withdrawn and yet changed"),
        pytest.param(HELD, Order(hold_until=NOW + 20 * DAY), id="a hold past the date"),
        pytest.param(SENT, Order(embargo_until=NOW + 90 * DAY), id="too long, from the release"),
        pytest.param(replace(SENT, state=State.LIFTED), Order(embargo_until=NOW + DAY), id="lifted: no new date"),
        pytest.param(replace(SENT, state=State.LIFTED), Order(scope=read_scope("all")), id="lifted: no new scope"),
        pytest.param(replace(SENT, state=State.WITHDRAWN), Order(tlp="RED"), id="withdrawn: nothing"),
        pytest.param(replace(HELD, state=State.PENDING, embargo_until=NOW), Order(hold_now=True), id="a stale date"),
    ],
)
def test_what_is_not_possible_is_refused_whole(before: Disclosure, order: Order) -> None:
    found = plan_steering(order, before, RULES, NOW)

    assert isinstance(found, Faults)
    assert found.complaints


@pytest.mark.parametrize(
    ("before", "order", "why"),
    [
        pytest.param(
            SENT,
            Order(hold_until=NOW + DAY),
            "members have it already (it is embargoed), so there is no hold to change",
            id="sent",
        ),
        pytest.param(
            replace(HELD, state=State.LIFTED, admitted=frozenset({1})),
            Order(hold_now=True),
            "members have it already (it is lifted), so there is no hold to change",
            id="sent by a fresh order, after the lift",
        ),
        pytest.param(
            replace(HELD, state=State.WITHDRAWN),
            Order(hold_now=True),
            "members never got it, and it is withdrawn, so there is no hold to change",
            id="withdrawn unsent",
        ),
        pytest.param(
            replace(HELD, state=State.LIFTED),
            Order(hold_now=True),
            "members never got it, and it is lifted, so there is no hold to change; to send them a text now, answer "
            "with `Send-To: audience` and the text below",
            id="lifted unsent: the way out is named",
        ),
    ],
)
def test_a_hold_that_is_over_is_refused_by_what_members_have(before: Disclosure, order: Order, why: str) -> None:
    found = plan_steering(order, before, RULES, NOW)

    assert isinstance(found, Faults)
    assert [one.why for one in found.complaints] == [why]


_days = st.none() | st.integers(-5, 120).map(lambda days: NOW + days * DAY)


@given(
    st.sampled_from([HELD, SENT, replace(HELD, state=State.PENDING, embargo_until=NOW - DAY)]),
    st.builds(Order, hold_until=_days, embargo_until=_days, hold_now=st.booleans(), tlp=st.sampled_from([None, "RED"])),
)
def test_no_plan_leaves_dates_out_of_order_or_releases_by_itself(before: Disclosure, order: Order) -> None:
    found = plan_steering(order, before, RULES, NOW)

    if isinstance(found, SteerPlan):
        after = found.after
        assert after.state is not State.EMBARGOED or before.state is State.EMBARGOED
        if found.events and after.state is State.HELD and after.hold_until != before.hold_until:
            assert after.hold_until >= NOW + RULES.release_grace
        if after.embargo_until != before.embargo_until:
            start = after.released_at or after.hold_until
            assert max(NOW, start) < after.embargo_until <= start + RULES.max_embargo
        if after.stopped != before.stopped:
            assert order.hold_now or order.hold_until is not None


# --- a kept post under another block


@pytest.mark.parametrize(
    ("kept", "cut"),
    [
        pytest.param("Embargo-Untl: +3d\n\nText.\n", Cut(2, ()), id="the old block goes"),
        pytest.param("Hi all,\n\nEmbargo-Until: +3d\nScope: all\n\nText.\n", Cut(0, (2, 3)), id="strays that are held"),
        pytest.param("Scope: all\n\nHi,\nTLP: RED\n\nText.\n", Cut(2, (3,)), id="a block, and one below it"),
        pytest.param("Just text: no control line.\n", Cut(0, ()), id="no line at all"),
        pytest.param(
            "Hi,\nScope: group:distributors,\n org:Northwind\nText.\n", None, id="a stray that runs into the text"
        ),
        pytest.param(
            "Hi,\nScope: group:distributors,\n org:Northwind\n\nText.\n", Cut(0, (1, 2)), id="an indented continuation"
        ),
        pytest.param("Hi,\n\nRestrict: a to all\n\nText.\n", None, id="a stray that the block says nothing of"),
        pytest.param("Scope: all\nDear all, text.\n\nMore.\n", None, id="prose that ran into the block"),
        pytest.param("> Restrict: a to all\n\nText.\n", Cut(0, ()), id="a quoted line is text"),
    ],
)
def test_lines_of_a_kept_text_go_only_where_it_is_certain_that_they_were_for_the_gateway(
    kept: str, cut: Cut | None
) -> None:
    found = cut_lines(kept, read_block("Embargo-Until: +3d\nScope: all\nTLP: RED\n"))

    if cut is None:
        assert not isinstance(found, Cut)
        assert all(complaint.why for complaint in found)
    else:
        assert found == cut


@pytest.mark.parametrize(
    ("before", "order", "rules"),
    [
        pytest.param(
            replace(HELD, hold_until=NOW),
            Order(hold_now=True, embargo_until=NOW + timedelta(minutes=5)),
            RULES,
            id="held: not after the grace",
        ),
        pytest.param(HELD, Order(embargo_until=NOW + 200 * DAY), RULES, id="held: beyond the cap"),
        pytest.param(SENT, Order(embargo_until=NOW + 200 * DAY), RULES, id="out: beyond the cap"),
        pytest.param(SENT, Order(embargo_until=NOW + DAY), replace(RULES, min_notice=2 * DAY), id="out: short notice"),
        pytest.param(
            SENT, Order(embargo_until=NOW + DAY), replace(RULES, min_notice=100 * DAY), id="out: no notice is enough"
        ),
    ],
)
def test_a_date_that_is_offered_is_accepted(before: Disclosure, order: Order, rules: Rules) -> None:
    found = plan_steering(order, before, rules, NOW)

    assert isinstance(found, Faults)
    (complaint,) = found.complaints
    for reading in complaint.readings:
        assert reading.value in found.corrected
        plan = plan_steering(replace(order, embargo_until=reading.at), before, rules, NOW)
        assert isinstance(plan, SteerPlan)
