"""What a list publishes about itself, from nothing but disclosures and leak reports."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from policy.facts import Disclosure, State, Upstream, UpstreamMode
from policy.spans import days, median, span_in_words
from policy.statistics import CAUSES, Leak, Period, count
from policy.upstream import lateness

NOW = datetime(2026, 12, 31, 12, tzinfo=UTC)


def at(day: int, month: int = 11, **more) -> datetime:
    return datetime(2026, month, day, 17, tzinfo=UTC) + timedelta(**more)


def disclosure(state: State = State.LIFTED, **more) -> Disclosure:
    return Disclosure(
        **{
            "id": "ED-2026-K7QX",
            "list_id": "early",
            "state": state,
            "posted_by": 1,
            "poster_address": "alice@northwind.example",
            "poster_name": "Alice",
            "posted_at": at(1),
            "hold_until": at(2),
            "embargo_until": at(16),
            "tlp": "AMBER",
            "scope": "all",
            "released_at": at(2),
            "ended_at": at(16),
            "cause": "clock",
        }
        | more
    )


def test_lengths_run_from_the_release_to_the_lift_and_causes_are_counted():
    found = [
        disclosure(),
        disclosure(ended_at=at(4), cause="leaked"),
        disclosure(state=State.CLOSED, ended_at=at(6), cause="something new"),
        disclosure(released_at=None, ended_at=at(1), cause="public"),  # lifted while it was held: no embargo
    ]

    row = count(found, [], Period(), NOW)

    assert (row.notified, row.lifted) == (3, 4)
    assert (row.length_median, row.length_longest) == (timedelta(days=4), timedelta(days=14))
    assert row.causes == {"clock": 1, "public": 1, "exploited": 0, "leaked": 1, "ready": 0, "other": 1}
    assert tuple(row.causes) == CAUSES
    assert row.early == 3


def test_overdue_is_what_was_lifted_more_than_a_minute_after_its_date():
    found = [
        disclosure(ended_at=at(16, seconds=60)),
        disclosure(ended_at=at(16, seconds=61)),
        disclosure(ended_at=at(18)),
    ]

    row = count(found, [], Period(), NOW)

    assert row.overdue == 2
    assert row.overdue_longest == timedelta(days=2)
    assert row.overdue_median == (timedelta(seconds=61) + timedelta(days=2)) / 2
    assert row.early == 0


def test_under_a_third_partys_embargo_late_is_what_comes_after_the_end_of_both():
    inherit, day = UpstreamMode.INHERIT, timedelta(days=1)
    longer, unknown = Upstream("a", inherit, at(26)), Upstream("a", inherit)
    ended = {
        day: disclosure(upstreams=(longer,), ended_at=at(27)),  # the gateway was down
        day * 2: disclosure(upstreams=(replace(longer, over_at=at(20)),), ended_at=at(22)),
        day * -3: disclosure(upstreams=(longer, unknown), ended_at=at(23)),  # a fact
        day * -6: disclosure(upstreams=(replace(longer, over_at=at(21)),), ended_at=at(20)),  # over afterwards
        day * -1: disclosure(upstreams=(unknown,), ended_at=at(15)),
        day * 0: disclosure(upstreams=(unknown, replace(longer, over_at=at(1))), ended_at=at(20)),
    }
    assert [lateness(one, one.ended_at) for one in ended.values()] == list(ended)
    assert lateness(disclosure(upstreams=(replace(longer, over_at=at(20)),)), at(20)) == day * 0
    row = count(ended.values(), [], Period(), NOW)
    assert (row.overdue, row.overdue_longest, row.early) == (2, 2 * day, 3)

    out = disclosure(state=State.EMBARGOED, ended_at=None, cause=None)
    still = [replace(out, upstreams=(one,)) for one in (longer, unknown)]
    assert [count(still, [], Period(until=until), NOW).open_late for until in (at(25), at(27))] == [0, 1]


def test_what_is_open_is_open_at_the_end_of_the_period_and_may_be_overdue():
    embargoed = {"state": State.EMBARGOED, "ended_at": None, "cause": None}
    found = [
        disclosure(**embargoed),
        disclosure(**embargoed, embargo_until=at(30, month=12) + timedelta(days=9)),
        disclosure(state=State.HELD, released_at=None, ended_at=None, cause=None),
        disclosure(),
    ]

    assert (count(found, [], Period(), NOW).still_open, count(found, [], Period(), NOW).open_late) == (2, 1)
    then = count(found, [], Period(until=at(10)), NOW)
    assert (then.still_open, then.open_late, then.lifted) == (3, 0, 0)
    ahead = count(found, [], Period(until=NOW + timedelta(days=99)), NOW)
    assert ahead.open_late == 1, "nothing is called late that may still be in time"


def test_a_period_counts_what_happened_in_it_each_thing_by_its_own_moment():
    found = [
        disclosure(),  # told on the 2nd, lifted on the 16th
        disclosure(state=State.WITHDRAWN, ended_at=at(3), cause=None),
    ]
    leaks = [Leak("early", at(3), is_proved=True), Leak("early", at(20), is_proved=False)]

    first = count(found, leaks, Period(at(1), at(10)), NOW)
    second = count(found, leaks, Period(at(10), None), NOW)

    assert (first.notified, first.lifted, first.withdrawn, first.leaks, first.leaks_proved) == (2, 0, 1, 1, 1)
    assert (second.notified, second.lifted, second.withdrawn, second.leaks, second.leaks_proved) == (0, 1, 0, 1, 0)
    assert Period(at(1), at(2)).holds(at(1))
    assert not Period(at(1), at(2)).holds(at(2))


def test_of_nothing_there_is_no_length():
    row = count([], [], Period(), NOW)

    assert (row.length_median, row.length_longest, row.overdue_median, row.overdue_longest) == (None, None, None, None)
    assert set(row.causes.values()) == {0}


@pytest.mark.parametrize(
    ("span", "said"),
    [
        ({"days": 14}, "14 days"),
        ({"days": 1, "hours": 23, "minutes": 59}, "1 day 23 h"),
        ({"days": 1, "minutes": 59}, "1 day"),
        ({"hours": 2, "minutes": 5}, "2 h 5 min"),
        ({"minutes": 1, "seconds": 1}, "1 min 1 s"),
        ({"hours": -3}, "3 h"),
        ({"seconds": 59.9}, "59 s"),
        ({}, "0 s"),
    ],
)
def test_a_span_is_said_in_its_two_largest_units(span, said):
    assert span_in_words(timedelta(**span)) == said


def test_the_middle_of_many_and_days_to_the_hundredth():
    assert median([timedelta(3), timedelta(1), timedelta(2)]) == timedelta(2)
    assert median([timedelta(1), timedelta(2)]) == timedelta(days=1.5)
    assert days(timedelta(days=8, hours=8)) == 8.33
