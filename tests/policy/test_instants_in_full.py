"""What is made of a date as written, word for word: ``instants.txt`` has a text on one line and the answer on the next.

A clear one is an instant; of an unclear one it says why, what went by, and each reading with its note.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from policy.instants import (
    Instant,
    Now,
    PatchDay,
    Unclear,
    as_value,
    in_words,
    next_patch_day,
    parse_duration,
    parse_patch_day,
    read_instant,
    read_moment,
    rfc3339,
)

NOW = datetime(2026, 11, 21, 17, tzinfo=UTC)  # a Saturday
PLACE = {"zone": "America/Los_Angeles", "patch_day": "2nd tuesday 17:00"}
LINES = (Path(__file__).parent / "instants.txt").read_text("utf-8").splitlines()


def told(found: Instant | Now | Unclear) -> str:
    match found:
        case Instant():
            return rfc3339(found.at)
        case Now():
            return found.written
        case Unclear():
            past = f" (past: {as_value(found.past)})" if found.past else ""
            return found.why + past + "".join(f" | {reading.value} {reading.note}" for reading in found.readings)


@pytest.mark.parametrize(("text", "answer"), list(zip(LINES[::2], LINES[1::2], strict=True)))
def test_a_date_as_written_is_answered_like_this(text: str, answer: str) -> None:
    assert told(read_instant(text, now=NOW, **PLACE)) == answer.strip()


def test_an_instant_keeps_the_text_that_said_it() -> None:
    for text in ("+14d", "patch-day", "2026-12-08 18:00 UTC"):
        assert read_instant(f" {text} ", now=NOW, **PLACE).written == text
    assert isinstance(read_instant(" ", now=NOW, **PLACE), Unclear)
    assert read_instant("", now=NOW, **PLACE) == Unclear("there is no date")


def test_a_relative_instant_is_never_earlier_than_what_was_meant() -> None:
    for microseconds, milliseconds in ((0, 0), (1, 1), (1000, 1), (1001, 2), (999_001, 1000)):
        now = NOW + timedelta(microseconds=microseconds)
        for text in ("+1h", "1 hours or so"):
            found = read_instant(text, now=now, **PLACE)
            at = found.at if isinstance(found, Instant) else found.readings[0].at
            assert at == NOW + timedelta(hours=1, milliseconds=milliseconds)


def test_no_more_readings_are_offered_and_no_more_past_ones_told_than_anybody_reads() -> None:
    many = "12am midnight noon 1am 2am 3am 4am 5am 02/03/2027 IST CST"
    found = read_instant(many, now=NOW, **PLACE)
    past = read_instant("12am 1am 21/11 IST", now=NOW - timedelta(hours=11), **PLACE)
    mixed = read_instant(many.replace("2027", "2026"), now=datetime(2026, 2, 20, tzinfo=UTC), **PLACE)

    assert isinstance(found, Unclear)
    assert len(found.readings) == 48
    assert isinstance(past, Unclear)
    assert isinstance(mixed, Unclear)
    assert mixed.why.count("2026-02-0") == 6
    assert mixed.why.endswith(" is in the past")


def test_a_moment_that_depends_on_now_is_none() -> None:
    assert read_moment("2026-12-08 18:00 UTC") == datetime(2026, 12, 8, 18, tzinfo=UTC)
    assert read_moment("1969-12-08 18:00 UTC") == datetime(1969, 12, 8, 18, tzinfo=UTC)
    for text in ("+14d", "1 hour from now", "Patch-Day", "02/03/2027 18:00 UTC"):
        assert read_moment(text) is None


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("1st monday 00:00", PatchDay(1, 0, datetime(1, 1, 1).time())),  # noqa: DTZ001 - a clock on the wall
        ("second tue 23:59", PatchDay(2, 1, datetime(1, 1, 1, 23, 59).time())),  # noqa: DTZ001
        ("3rd sun 9:05", PatchDay(3, 6, datetime(1, 1, 1, 9, 5).time())),  # noqa: DTZ001
        ("4th thursday 12:00", PatchDay(4, 3, datetime(1, 1, 1, 12).time())),  # noqa: DTZ001
        ("first mon 12:00", PatchDay(1, 0, datetime(1, 1, 1, 12).time())),  # noqa: DTZ001
        ("third mon 12:00", PatchDay(3, 0, datetime(1, 1, 1, 12).time())),  # noqa: DTZ001
        ("fourth mon 12:00", PatchDay(4, 0, datetime(1, 1, 1, 12).time())),  # noqa: DTZ001
    ],
)
def test_a_patch_day_is_read_by_its_number_its_day_and_its_time(spec: str, expected: PatchDay) -> None:
    assert parse_patch_day(spec) == expected


@pytest.mark.parametrize(
    ("spec", "why"),
    [("2nd tu 17:00", "'tu' is no weekday"), ("2nd tue 24:00", "24:00 is no time"), ("2nd tue 23:60", "23:60 is no")],
)
def test_what_is_wrong_with_a_patch_day_is_said(spec: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        parse_patch_day(spec)


@pytest.mark.parametrize(
    ("spec", "zone", "now", "expected"),
    [
        ("1st tuesday 12:00", "UTC", "2026-11-30", "2026-12-01T12:00:00Z"),
        ("3rd tuesday 12:00", "UTC", "2026-12-01", "2026-12-15T12:00:00Z"),
        ("4th tuesday 12:00", "UTC", "2026-12-23", "2027-01-26T12:00:00Z"),
        ("last thursday 12:00", "UTC", "2026-12-30", "2026-12-31T12:00:00Z"),
        ("last monday 12:00", "UTC", "2027-02-01", "2027-02-22T12:00:00Z"),
        ("last sunday 12:00", "UTC", "2027-02-01", "2027-02-28T12:00:00Z"),
        ("1st friday 23:00", "America/Los_Angeles", "2027-01-02T05:00", "2027-01-02T07:00:00Z"),
        ("last thursday 23:00", "America/Los_Angeles", "2027-01-01T05:00", "2027-01-01T07:00:00Z"),
    ],
)
def test_the_patch_day_that_comes_next(spec: str, zone: str, now: str, expected: str) -> None:
    assert rfc3339(next_patch_day(spec, zone, datetime.fromisoformat(now).replace(tzinfo=UTC))) == expected


def test_a_duration_is_a_hundred_years_at_the_most() -> None:
    for text in ("36525d", "876600h", "52596000m"):
        assert parse_duration(text) == timedelta(days=36_525)
    for text in ("36526d", "876601h", "52596001m"):
        with pytest.raises(ValueError, match="longer than a hundred years"):
            parse_duration(text)
    assert parse_duration("999999999s") == timedelta(seconds=999_999_999)


@pytest.mark.parametrize(
    ("away", "said"),
    [
        (timedelta(), "now"),
        (timedelta(seconds=0.4), "now"),
        (timedelta(seconds=0.5), "in 1 second"),
        (timedelta(seconds=-1), "1 second ago"),
        (timedelta(seconds=89), "in 89 seconds"),
        (timedelta(seconds=90), "in 2 minutes"),
        (timedelta(seconds=5399), "in 90 minutes"),
        (timedelta(seconds=5400), "in 2 hours"),
        (timedelta(seconds=129_599), "in 36 hours"),
        (timedelta(seconds=129_600), "in 2 days"),
        (timedelta(days=-400), "400 days ago"),
    ],
)
def test_how_far_away_it_is_is_said_in_the_largest_fitting_unit(away: timedelta, said: str) -> None:
    assert in_words(NOW + away, "UTC", NOW).endswith(f"({said})")


@pytest.mark.parametrize(
    ("zone", "beside"),
    [
        *((name, "") for name in ("UTC", "Etc/UTC", "GMT", "Etc/UCT", "Zulu", "Etc/Universal", "Etc/Greenwich")),
        ("Europe/London", " (17:00 in London)"),
        ("America/Los_Angeles", " (09:00 in Los Angeles)"),
        ("Pacific/Kiritimati", " (Sun 07:00 in Kiritimati)"),
    ],
)
def test_the_local_time_is_said_beside_it_where_it_has_a_name_of_its_own(zone: str, beside: str) -> None:
    assert in_words(NOW, zone) == f"Sat 21 Nov 2026 17:00 UTC{beside}"


def test_the_ends_of_the_calendar_are_said_without_a_local_time() -> None:
    assert in_words(datetime.min.replace(tzinfo=UTC), "America/Los_Angeles").startswith("Mon 1 Jan 1 00:00 UTC")


@pytest.mark.parametrize(
    ("microseconds", "written"),
    [(0, "17:00:00Z"), (999, "17:00:00Z"), (1000, "17:00:00.001Z"), (250_000, "17:00:00.250Z")],
)
def test_milliseconds_are_written_where_there_are_some(microseconds: int, written: str) -> None:
    at = NOW + timedelta(microseconds=microseconds)

    assert rfc3339(at) == f"2026-11-21T{written}"
    assert as_value(at) == (rfc3339(at) if microseconds else "2026-11-21 17:00 UTC")
