"""The edges of a list's own days: hours, weeks that turn over, the ends of what is searched."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from policy.calendars import Calendar, Window, parse_holidays, parse_window

DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("mon", {0}),
        ("sun", {6}),
        ("fri-mon", {4, 5, 6, 0}),
        ("mon-sun", {0, 1, 2, 3, 4, 5, 6}),
        ("tue - wed , sat", {1, 2, 5}),
    ],
)
def test_days_are_read_one_by_one_and_from_one_to_another(text: str, days: set[int]) -> None:
    assert parse_window(text).days == days


def test_a_window_keeps_what_was_written_and_says_nothing_of_its_own() -> None:
    assert parse_window("  tue   08:00-17:00 ").written == "tue 08:00-17:00"
    assert Window() == Window(frozenset({0, 1, 2, 3, 4, 5, 6}), timedelta(), DAY - MINUTE, "")
    assert parse_window("08:59-09:00 mon").opens == timedelta(hours=8, minutes=59)


@pytest.mark.parametrize(
    "text", ["08:00-08:00", "08:00-24:01", "07:60-09:00", "08:59-08:60", "mon,xy", "08:00-09:00 mon tue"]
)
def test_hours_of_one_day_have_a_beginning_and_a_later_end(text: str) -> None:
    with pytest.raises(ValueError, match="a window is written like"):
        parse_window(text)


def test_a_holiday_is_a_line_without_its_comment() -> None:
    assert parse_holidays("#\n#2026-01-01\n2026-12-25#x\n") == {date(2026, 12, 25)}
    with pytest.raises(ValueError, match="line 3: there is no 2026-02-30 in the calendar"):
        parse_holidays("\n\n2026-02-30\n")


@pytest.mark.parametrize(
    ("window", "instant", "suits"),
    [
        pytest.param("08:00-17:00", "2026-12-08T17:00", True, id="the last minute itself"),
        pytest.param("08:00-17:00", "2026-12-08T17:00:00.000001", False, id="and not a moment more"),
        pytest.param("08:00-17:00", "2026-12-08T07:59:59.999999", False, id="not a moment before the first"),
        pytest.param("08:00-24:00", "2026-12-08T23:59:59.999999", True, id="to the very end of the day"),
        pytest.param("tue", "2026-12-08T00:00", True, id="a day begins at midnight"),
        pytest.param("tue", "2026-12-09T00:00", False, id="and ends there"),
    ],
)
def test_a_window_is_open_to_the_moment(window: str, instant: str, *, suits: bool) -> None:
    assert Calendar("UTC", window=parse_window(window)).suits(at(instant)) is suits


def test_what_does_not_suit_is_said_in_words() -> None:
    calendar = Calendar("UTC", window=parse_window("tue"), holidays=frozenset({date(2026, 12, 8)}))

    assert calendar.objection(at("2026-12-08")) == "a holiday of this list"
    assert calendar.objection(at("2026-12-09")) == "outside this list's hours for it (tue)"
    assert calendar.objection(at("2026-12-15")) == ""


OFFICE = Calendar("UTC", window=parse_window("mon-thu 08:00-17:00"))


@pytest.mark.parametrize(
    ("instant", "after", "until", "expected"),
    [
        pytest.param("2026-12-11T10", "2026-12-01", "2026-12-31", ("2026-12-10T10", "2026-12-14T10"), id="a Friday"),
        pytest.param("2026-12-11T10", "2026-12-10T10", "2026-12-31", (None, "2026-12-14T10"), id="none just then"),
        pytest.param("2026-12-11T10", "2026-12-01", "2026-12-14T10", ("2026-12-10T10", "2026-12-14T10"), id="just"),
        pytest.param("2026-12-11T10", "2026-12-01", "2026-12-14T09", ("2026-12-10T10", None), id="not just"),
        pytest.param("2026-12-11T10", "2026-12-01", "2026-12-09T09", ("2026-12-08T10", None), id="far too late"),
        pytest.param("2026-12-11T10", "2026-12-09T10", "2026-12-10T10", ("2026-12-10T10", None), id="up to then"),
        pytest.param("2026-12-11T10", "2026-12-15T10", "2026-12-31", (None, "2026-12-16T10"), id="far too early"),
        pytest.param("2026-12-10T18", "2026-12-01", "2026-12-31", ("2026-12-10T17", "2026-12-14T08"), id="evening"),
        pytest.param("2026-12-10T17", "2026-12-01", "2026-12-31", ("2026-12-09T17", "2026-12-14T17"), id="closing"),
        pytest.param("2026-12-10T08", "2026-12-01", "2026-12-31", ("2026-12-09T08", "2026-12-14T08"), id="opening"),
    ],
)
def test_the_nearest_before_and_after(instant, after, until, expected) -> None:
    found = OFFICE.nearest(at(instant), after=at(after), until=at(until))

    assert found == tuple(None if one is None else at(one) for one in expected)


@pytest.mark.parametrize(
    ("until", "after", "expected"),
    [
        pytest.param("2026-12-10T17", "2026-12-01", "2026-12-10T17", id="it suits"),
        pytest.param("2026-12-10T18", "2026-12-01", "2026-12-10T17", id="an hour too late"),
        pytest.param("2026-12-11T10", "2026-12-01", "2026-12-10T17", id="a day too late: the last hour, not the same"),
        pytest.param("2026-12-10T07", "2026-12-01", "2026-12-09T17", id="too early in the morning"),
        pytest.param("2026-12-11T10", "2026-12-10T17", "2026-12-11T10", id="none after that"),
    ],
)
def test_the_latest_that_suits(until: str, after: str, expected: str) -> None:
    assert OFFICE.latest(at(until), after=at(after)) == at(expected)


def test_a_year_and_a_month_are_searched() -> None:
    start = date(2026, 12, 1)
    for days, found in ((399, at("2026-12-01T10") + 399 * DAY), (400, None)):
        calendar = Calendar("UTC", holidays=frozenset(start + n * DAY for n in range(days)))
        assert calendar.nearest(at("2026-12-01T10"), after=at("2026-12-01"), until=at("2029-01-01"))[1] == found


@pytest.mark.parametrize("window", ["sun 02:30-02:45", "sun 02:30-04:00"])
def test_no_time_is_named_that_clocks_skip(window: str) -> None:
    calendar = Calendar("Europe/Berlin", window=parse_window(window))

    assert calendar.nearest(at("2026-03-25"), after=at("2026-03-24"), until=at("2026-12-31"))[1] == at(
        "2026-04-05T00:30"
    )


@pytest.mark.parametrize(
    ("lead", "public", "start", "skipped"),
    [
        pytest.param(0, "2027-01-12T17:00", "2026-11-24", (), id="a list without a lead skips none"),
        pytest.param(20, "2027-01-12T17:00", "2026-11-24", ("2026-12-08T17:00",), id="one"),
        pytest.param(60, "2027-02-09T17:00", "2026-11-24", ("2026-12-08T17:00", "2027-01-12T17:00"), id="two"),
        pytest.param(20, "2027-02-09T17:00", "2026-11-24", (), id="another day than the next one is nobody's skip"),
    ],
)
def test_patch_days_that_came_too_soon_are_told(lead: int, public: str, start: str, skipped: tuple[str, ...]) -> None:
    calendar = Calendar("UTC", min_lead=timedelta(days=lead))

    assert calendar.skipped_before(at(public), at(start)) == tuple(at(one) for one in skipped)
