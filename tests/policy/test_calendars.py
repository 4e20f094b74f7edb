"""A list's own days: windows, holidays, lead, and the nearest instants that suit."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy.calendars import Calendar, Window, parse_holidays, parse_window

DAY = timedelta(days=1)
OFFICE = Calendar("America/Los_Angeles", window=parse_window("tue-thu 08:00-17:00"))
HOLIDAYS = Calendar("UTC", holidays=frozenset({date(2026, 12, 24), date(2026, 12, 25)}))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "days", "opens", "closes"),
    [
        pytest.param("tue-thu 08:00-17:00", {1, 2, 3}, (8, 0), (17, 0), id="days and hours"),
        pytest.param("Monday, wed ,FRI", {0, 2, 4}, (0, 0), (23, 59), id="days alone"),
        pytest.param("9:30-16:00", {0, 1, 2, 3, 4, 5, 6}, (9, 30), (16, 0), id="hours alone"),
        pytest.param("sat-mon 00:00-24:00", {5, 6, 0}, (0, 0), (23, 59), id="over the weekend, all day"),
    ],
)
def test_a_window_is_read(text: str, days: set[int], opens: tuple[int, int], closes: tuple[int, int]) -> None:
    found = parse_window(text)

    assert found.days == days
    assert (found.opens, found.closes) == tuple(timedelta(hours=h, minutes=m) for h, m in (opens, closes))


@pytest.mark.parametrize(
    "text",
    [
        *("", "someday", "tu 08:00-17:00", "tue 17:00-08:00", "tue 08:00", "tue 08:60-09:00", "tue 8-17"),
        *("tue 08:00-25:00", "tue wed", "08:00-09:00 10:00-11:00", "tue-"),
    ],
)
def test_a_bad_window_is_explained(text: str) -> None:
    with pytest.raises(ValueError, match="a window is written like"):
        parse_window(text)


def test_holidays_stand_one_a_line_with_comments() -> None:
    assert parse_holidays("# quiet days\n\n2026-12-25  # Christmas\n 2027-01-01\n") == {
        date(2026, 12, 25),
        date(2027, 1, 1),
    }


@pytest.mark.parametrize("text", ["25.12.2026", "2026-12-25 2026-12-26", "20261225", "2026-02-30"])
def test_a_bad_holiday_names_its_line(text: str) -> None:
    with pytest.raises(ValueError, match="line 2: "):
        parse_holidays(f"# days\n{text}\n")


@pytest.mark.parametrize(
    ("calendar", "instant", "suits"),
    [
        pytest.param(OFFICE, "2026-12-08T16:00", True, id="the first minute"),
        pytest.param(OFFICE, "2026-12-08T15:59:59", False, id="a second before it"),
        pytest.param(OFFICE, "2026-12-09T01:00", True, id="the last minute, as the usual patch day has it"),
        pytest.param(OFFICE, "2026-12-09T01:00:01", False, id="a second after it"),
        pytest.param(OFFICE, "2026-12-11T18:00", False, id="a Friday"),
        pytest.param(HOLIDAYS, "2026-12-24T00:00", False, id="a holiday"),
        pytest.param(HOLIDAYS, "2026-12-26T00:00", True, id="the day after"),
        pytest.param(Calendar("UTC", window=Window()), "2026-12-26T23:59:59.5", True, id="any time is any time"),
        pytest.param(Calendar(), "2026-12-27T03:00", True, id="no calendar objects to nothing"),
    ],
)
def test_an_instant_suits_a_list_or_not(calendar: Calendar, instant: str, *, suits: bool) -> None:
    assert calendar.suits(at(instant)) is suits
    assert bool(calendar.objection(at(instant))) is not suits


@pytest.mark.parametrize(
    ("calendar", "instant", "before", "after"),
    [
        pytest.param(OFFICE, "2026-12-11T18:00", "2026-12-10T18:00", "2026-12-15T18:00", id="same time of day"),
        pytest.param(OFFICE, "2026-12-11T04:00", "2026-12-11T01:00", "2026-12-15T16:00", id="night: the edges"),
        pytest.param(OFFICE, "2026-12-09T13:00", "2026-12-09T01:00", "2026-12-09T16:00", id="early in the morning"),
        pytest.param(HOLIDAYS, "2026-12-25T10:00", "2026-12-23T10:00", "2026-12-26T10:00", id="two holidays"),
    ],
)
def test_the_nearest_better_instants_keep_the_time_of_day_where_they_can(
    calendar: Calendar, instant: str, before: str, after: str
) -> None:
    found = calendar.nearest(at(instant), after=at("2026-11-22"), until=at("2027-02-22"))

    assert found == (at(before), at(after))


def test_no_better_instant_is_named_outside_what_is_allowed() -> None:
    friday = at("2026-12-11T18:00")

    assert OFFICE.nearest(friday, after=friday - DAY / 2, until=friday + DAY) == (None, None)
    assert OFFICE.latest(friday, after=friday - DAY / 2) == friday
    assert OFFICE.latest(friday, after=friday - 2 * DAY) == at("2026-12-11T01:00")
    assert OFFICE.latest(at("2026-12-10T18:00"), after=friday - 2 * DAY) == at("2026-12-10T18:00")


def test_a_lead_skips_patch_days_and_names_them() -> None:
    calendar = Calendar("UTC", "2nd tuesday 17:00", timedelta(days=14))
    start = at("2026-11-24T17:00")

    assert calendar.patch_day_after(start, start) == at("2026-12-08T17:00"), "exactly the lead is enough"
    later = start + timedelta(seconds=1)
    assert calendar.patch_day_after(later, later) == at("2027-01-12T17:00")
    assert calendar.skipped_before(at("2027-01-12T17:00"), later) == (at("2026-12-08T17:00"),)
    assert calendar.skipped_before(at("2027-01-12T17:00"), start) == ()
    assert calendar.skipped_before(at("2027-01-11T17:00"), later) == ()
    assert calendar.patch_day_after(start, at("2027-03-01")) == at("2027-03-09T17:00"), "and it lies ahead"


WINDOWS = st.builds(
    lambda days, opens, length: Window(
        frozenset(days), timedelta(minutes=opens), timedelta(minutes=min(opens + length, 1439))
    ),
    st.sets(st.integers(0, 6), min_size=1),
    st.integers(0, 1438),
    st.integers(1, 1439),
)
ZONES = st.sampled_from(["UTC", "America/Los_Angeles", "Europe/Berlin", "Pacific/Kiritimati", "Australia/Lord_Howe"])
INSTANTS = st.datetimes(datetime(2026, 1, 1), datetime(2028, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@given(WINDOWS, ZONES, INSTANTS, st.sets(st.dates(date(2026, 1, 1), date(2028, 1, 1)), max_size=5))
def test_what_is_offered_suits_and_is_allowed(window: Window, zone: str, instant: datetime, days: set[date]) -> None:
    calendar = Calendar(zone, window=window, holidays=frozenset(days))
    low, high = instant - 40 * DAY, instant + 40 * DAY

    before, after = calendar.nearest(instant, after=low, until=high)
    latest = calendar.latest(instant, after=low)

    assert before is None or (low < before < instant and calendar.suits(before))
    assert after is None or (instant < after <= high and calendar.suits(after))
    assert low < latest <= instant
    assert calendar.suits(latest) or latest == instant


@given(st.text(max_size=40))
def test_no_text_raises_anything_but_an_explanation(text: str) -> None:
    for parse in (parse_window, parse_holidays):
        try:
            parse(text)
        except ValueError as error:
            assert str(error)


@pytest.mark.parametrize("instant", [datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)])
def test_the_ends_of_the_calendar_are_no_trouble(instant: datetime) -> None:
    for zone in ("America/Los_Angeles", "Pacific/Kiritimati"):
        calendar = Calendar(zone, window=parse_window("mon 08:00-09:00"), min_lead=DAY)
        assert isinstance(calendar.objection(instant), str)
        calendar.nearest(instant, after=instant, until=instant)
        assert calendar.latest(instant, after=instant) == instant
        assert calendar.skipped_before(instant, instant) == ()
