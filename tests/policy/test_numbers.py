"""Numbers to the edge: spans in words, what is late, what is open, and what lies in a period."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from policy.facts import Disclosure, Person, Role, Standing, State
from policy.reasons import MEANINGS, Reason
from policy.release import LATE_AFTER
from policy.reminders import Offsets, Reminder, Subject, due, next_after, next_at, reminders
from policy.spans import days, median, span_in_words
from policy.statistics import Leak, Period, count
from policy.verdicts import Kept, LeakReport

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
DAY, HOUR, SECOND = timedelta(days=1), timedelta(hours=1), timedelta(seconds=1)
LIFTED = Disclosure(
    "ED-1", "l", State.LIFTED, 1, "a@x.example", "A", NOW - 9 * DAY, NOW - 8 * DAY, NOW - 2 * DAY, "RED", "all",
    released_at=NOW - 8 * DAY, ended_at=NOW - 2 * DAY, cause="clock",
)  # fmt: skip


def changed(**what: object) -> Disclosure:
    return Disclosure(**{name: getattr(LIFTED, name) for name in LIFTED.__slots__} | what)


@pytest.mark.parametrize(
    ("span", "said"),
    [
        (timedelta(), "0 s"),
        (timedelta(seconds=0.9), "0 s"),
        (timedelta(seconds=59), "59 s"),
        (timedelta(seconds=60), "1 min"),
        (timedelta(seconds=61), "1 min 1 s"),
        (timedelta(seconds=3599), "59 min 59 s"),
        (timedelta(seconds=3601), "1 h"),
        (timedelta(seconds=3660), "1 h 1 min"),
        (timedelta(seconds=-7200), "2 h"),
        (DAY + HOUR + timedelta(minutes=1), "1 day 1 h"),
        (DAY + timedelta(minutes=1), "1 day"),
        (3 * DAY - SECOND, "2 days 23 h"),
    ],
)
def test_a_span_in_its_two_largest_units(span: timedelta, said: str) -> None:
    assert span_in_words(span) == said


def test_the_middle_and_days_to_the_hundredth() -> None:
    assert median([]) is None
    assert median([3 * DAY]) == 3 * DAY
    assert median([4 * DAY, DAY, 2 * DAY, 9 * DAY]) == 3 * DAY
    assert days(timedelta(days=1, minutes=8)) == 1.01
    assert days(timedelta(days=1, minutes=7)) == 1.0
    assert days(1000 * DAY) == 1000
    assert median([DAY, 2 * DAY, 3 * DAY, 4 * DAY, 9 * DAY]) == 3 * DAY


@pytest.mark.parametrize(
    ("since", "until", "holds"),
    [
        (None, None, True),
        (NOW, None, True),
        (NOW + SECOND, None, False),
        (None, NOW, False),
        (None, NOW + SECOND, True),
        (NOW - DAY, NOW + DAY, True),
        (NOW + DAY, NOW + 2 * DAY, False),
    ],
)
def test_a_period_has_its_beginning_and_not_its_end(since, until, holds) -> None:
    assert Period(since, until).holds(NOW) is holds
    assert not Period(since, until).holds(None)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        pytest.param(LIFTED, {"lifted": 1, "overdue": 0, "early": 0, "still_open": 0}, id="in time"),
        pytest.param(changed(ended_at=LIFTED.embargo_until + LATE_AFTER), {"overdue": 0, "early": 0}, id="just"),
        pytest.param(
            changed(ended_at=LIFTED.embargo_until + LATE_AFTER + SECOND),
            {"overdue": 1, "overdue_median": LATE_AFTER + SECOND, "overdue_longest": LATE_AFTER + SECOND},
            id="overdue",
        ),
        pytest.param(changed(ended_at=LIFTED.embargo_until - SECOND), {"early": 1, "overdue": 0}, id="early"),
        pytest.param(
            changed(state=State.EMBARGOED, ended_at=None, embargo_until=NOW - LATE_AFTER),
            {"lifted": 0, "still_open": 1, "open_late": 0},
            id="open, not late",
        ),
        pytest.param(
            changed(state=State.EMBARGOED, ended_at=None, embargo_until=NOW - LATE_AFTER - SECOND),
            {"still_open": 1, "open_late": 1},
            id="open and late",
        ),
        pytest.param(changed(released_at=NOW, ended_at=None, state=State.EMBARGOED), {"still_open": 1}, id="just out"),
        pytest.param(
            changed(released_at=NOW + SECOND, ended_at=NOW + DAY), {"still_open": 0, "notified": 1}, id="out later"
        ),
        pytest.param(changed(ended_at=NOW), {"still_open": 0}, id="ended just now"),
        pytest.param(changed(ended_at=NOW + SECOND), {"still_open": 1, "lifted": 1}, id="ends in a moment"),
        pytest.param(changed(ended_at=None), {"lifted": 0, "still_open": 1}, id="called lifted, without an end"),
        pytest.param(changed(released_at=None), {"notified": 0, "lifted": 1, "length_median": None}, id="never out"),
        pytest.param(changed(state=State.WITHDRAWN), {"withdrawn": 1, "lifted": 0}, id="withdrawn"),
        pytest.param(changed(state=State.CLOSED), {"lifted": 1, "withdrawn": 0}, id="closed was lifted"),
    ],
)
def test_one_disclosure_in_numbers(found: Disclosure, expected: dict[str, object]) -> None:
    row = count([found], [], Period(), NOW)

    assert {name: getattr(row, name) for name in expected} == expected


def test_a_period_that_ends_ahead_ends_now_and_leaks_are_counted() -> None:
    late = changed(state=State.EMBARGOED, ended_at=None, embargo_until=NOW + HOUR)
    leaks = [Leak("l", NOW, is_proved=True), Leak("l", NOW, is_proved=False)]

    assert count([late], leaks, Period(until=NOW + DAY), NOW).open_late == 0
    assert count([late], leaks, Period(until=NOW + DAY), NOW).leaks_proved == 1
    assert count([late], leaks, Period(until=NOW), NOW).leaks == 0


OFFSETS = Offsets((7 * DAY, HOUR), DAY)
SENT = changed(state=State.EMBARGOED, embargo_until=NOW + 3 * DAY, ended_at=None)


@pytest.mark.parametrize(
    ("found", "offsets", "expected"),
    [
        pytest.param(SENT, OFFSETS, [(-4 * DAY, False), (2 * DAY, True), (3 * DAY - HOUR, False)], id="the date"),
        pytest.param(SENT, Offsets((HOUR,), None), [(3 * DAY - HOUR, False)], id="members never"),
        pytest.param(
            changed(state=State.HELD, hold_until=NOW), OFFSETS, [(-7 * DAY, False), (-HOUR, False)], id="hold"
        ),
        pytest.param(
            changed(state=State.PENDING, hold_until=NOW, unapproved=True),
            OFFSETS,
            [(-7 * DAY, False), (-HOUR, False)],
            id="to be approved",
        ),
        pytest.param(changed(state=State.PENDING), OFFSETS, [], id="without a date"),
        pytest.param(changed(state=State.HELD, unapproved=True, hold_until=NOW), Offsets((), DAY), [], id="no member"),
        pytest.param(LIFTED, OFFSETS, [], id="over"),
    ],
)
def test_who_is_reminded_of_what_and_when(found, offsets, expected) -> None:
    assert [(one.at - NOW, one.for_members) for one in reminders(found, offsets)] == expected


def test_the_latest_that_is_due_is_given_for_each_kind_of_reader() -> None:
    def one(at: datetime, *, members: bool = False, instant: datetime = NOW + DAY) -> Reminder:
        return Reminder(at, Subject.DATE, instant, members)

    first, second, members = one(NOW - HOUR), one(NOW), one(NOW - HOUR, members=True)

    assert due([first, second, members], NOW - HOUR, NOW) == (second, members)
    assert due([first, second], NOW - HOUR + SECOND, NOW - SECOND) == ()
    assert due([one(NOW, instant=NOW)], NOW, NOW) == ()
    assert due([one(NOW + SECOND)], NOW, NOW) == ()
    assert next_at([first, second, one(NOW + SECOND), one(NOW + HOUR)], NOW) == NOW + SECOND
    assert next_at([second], NOW) is None
    assert next_after(NOW - DAY, (HOUR, DAY, DAY + HOUR, 2 * DAY), NOW) == NOW + HOUR
    assert next_after(NOW - DAY, (HOUR, DAY), NOW) is None


def test_a_report_is_verified_by_its_writer_and_where_it_is_signed() -> None:
    north = Person(3, "l", Role.MEMBER, "n@x.example", "North", Standing.ACTIVE, frozenset(), ())

    assert LeakReport(north, None, ()).is_verified
    assert not LeakReport(north, None, (), is_signed=False).is_verified
    assert not LeakReport(None, None, ()).is_verified
    assert LeakReport(north, None, ()).is_urgent
    assert not LeakReport(north, None, ()).joins


def test_the_first_reason_counts_and_each_has_a_meaning() -> None:
    kept = Kept((Reason.CLEARTEXT, Reason.REPLAY), None, at_once=False)
    assert (kept.reason, kept.is_preview) == (Reason.CLEARTEXT, False)
    assert all(reason.meaning == MEANINGS[reason] for reason in Reason)
