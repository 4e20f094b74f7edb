"""When the clock reminds: each time once, what went by is not made up for."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy.facts import Disclosure, State, Upstream, UpstreamMode
from policy.reminders import Offsets, Subject, due, next_at, reminders

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
OFFSETS = Offsets((7 * DAY, DAY, HOUR), DAY)
HELD = Disclosure(
    id="ED-2026-K7QX",
    list_id="early",
    state=State.HELD,
    posted_by=1,
    poster_address="alice@project.example",
    poster_name="Alice",
    posted_at=NOW,
    hold_until=NOW + 10 * DAY,
    embargo_until=NOW + 30 * DAY,
    tlp="AMBER",
    scope="all",
)
OUT = replace(HELD, state=State.EMBARGOED, released_at=NOW)


def test_a_hold_is_reminded_of_while_it_holds_and_a_date_while_members_have_it() -> None:
    assert [(one.at - NOW, one.subject) for one in reminders(HELD, OFFSETS)] == [
        (3 * DAY, Subject.HOLD),
        (9 * DAY, Subject.HOLD),
        (10 * DAY - HOUR, Subject.HOLD),
    ]
    assert [(one.at - NOW, one.for_members) for one in reminders(OUT, OFFSETS)] == [
        (23 * DAY, False),
        (29 * DAY, False),
        (29 * DAY, True),
        (30 * DAY - HOUR, False),
    ]


def test_under_a_third_partys_embargo_the_end_of_the_later_one_is_reminded_of() -> None:
    longer, shorter, unknown = (Upstream("a", UpstreamMode.INHERIT, until) for until in (NOW + 40 * DAY, NOW, None))

    under = replace(OUT, upstreams=(shorter, longer))
    assert [(one.instant - NOW, one.for_members) for one in reminders(under, Offsets((DAY,), DAY))] == [
        (40 * DAY, False),
        (40 * DAY, True),
    ]
    for known in (shorter, unknown):
        assert reminders(replace(OUT, upstreams=(known,)), OFFSETS) == reminders(OUT, OFFSETS)
    assert reminders(replace(HELD, upstreams=(longer,)), OFFSETS) == reminders(HELD, OFFSETS)


@pytest.mark.parametrize("state", [State.PENDING, State.LIFTED, State.CLOSED, State.WITHDRAWN])
def test_where_nothing_comes_near_nothing_is_reminded_of(state: State) -> None:
    assert reminders(replace(HELD, state=state), OFFSETS) == ()


def test_what_waits_for_an_approval_is_reminded_of_until_it_is_called_off() -> None:
    waits = replace(HELD, state=State.PENDING, unapproved=True)

    assert reminders(waits, OFFSETS) == reminders(HELD, OFFSETS)
    assert reminders(replace(waits, state=State.WITHDRAWN), OFFSETS) == ()
    assert reminders(replace(waits, state=State.LIFTED), OFFSETS) == ()


@pytest.mark.parametrize(
    ("since", "now", "said"),
    [
        pytest.param(3 * DAY, 3 * DAY, [3 * DAY], id="on time"),
        pytest.param(3 * DAY, 4 * DAY, [3 * DAY], id="late"),
        pytest.param(3 * DAY, 10 * DAY - HOUR, [10 * DAY - HOUR], id="three went by: the latest"),
        pytest.param(3 * DAY, 10 * DAY, [], id="the instant itself is no reminder"),
        pytest.param(9 * DAY, 8 * DAY, [], id="not yet"),
    ],
)
def test_after_an_outage_only_the_latest_is_said(since: timedelta, now: timedelta, said: list[timedelta]) -> None:
    assert [one.at - NOW for one in due(reminders(HELD, OFFSETS), NOW + since, NOW + now)] == said


@given(st.lists(st.integers(1, 40 * 24), max_size=5), st.integers(0, 40 * 24), st.sampled_from([HELD, OUT]))
def test_a_clock_that_is_asked_for_the_next_one_comes_to_an_end_before_the_instant(
    hours: list[int], ahead: int, disclosure: Disclosure
) -> None:
    found = reminders(disclosure, Offsets(tuple(hour * HOUR for hour in hours), None))
    now, steps = NOW + ahead * HOUR, 0
    while (at := next_at(found, now)) is not None:
        assert at > now
        now, steps = at, steps + 1
    assert steps <= len(hours)
