"""What an instant may look like: every form of the contract, and every form that is asked about."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy.instants import (
    MAX_LENGTH,
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

NOW = datetime(2026, 11, 21, 17, 0, tzinfo=UTC)  # a Saturday
ZONE = "America/Los_Angeles"
PATCH_DAY = "2nd tuesday 17:00"


def read(text: str, now: datetime = NOW, **more):
    return read_instant(text, now=now, zone=ZONE, patch_day=PATCH_DAY, **more)


def utc(earliest: str, latest: str):
    """Aware instants between two years."""
    low, high = (datetime.fromisoformat(f"{year}-01-01") for year in (earliest, latest))
    return st.datetimes(low, high, timezones=st.just(UTC))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("2026-12-08T18:00:00Z", "2026-12-08T18:00:00Z", id="RFC 3339"),
        pytest.param("2026-12-08t18:00:00z", "2026-12-08T18:00:00Z", id="RFC 3339 in small letters"),
        pytest.param("2026-12-08T18:00:00+01:00", "2026-12-08T17:00:00Z", id="RFC 3339 with an offset"),
        pytest.param("2026-12-08T18:00:00-00:00", "2026-12-08T18:00:00Z", id="RFC 3339 with the unknown offset"),
        pytest.param("2026-12-08T18:00:00.25Z", "2026-12-08T18:00:00.250Z", id="RFC 3339 with a fraction"),
        pytest.param("2026-12-08T18:00:00.0001Z", "2026-12-08T18:00:00.001Z", id="a fraction never acts early"),
        pytest.param("2026-12-08 18:00 UTC", "2026-12-08T18:00:00Z", id="the usual form"),
        pytest.param("2026-12-08 18:00:30 UTC", "2026-12-08T18:00:30Z", id="with seconds"),
        pytest.param("2026-12-08 18:00 GMT", "2026-12-08T18:00:00Z", id="GMT"),
        pytest.param("2026-12-08 18:00 ut", "2026-12-08T18:00:00Z", id="UT"),
        pytest.param("2026-12-08 18:00Z", "2026-12-08T18:00:00Z", id="Z without a blank"),
        pytest.param("2026-12-08 18:00 +01:00", "2026-12-08T17:00:00Z", id="an offset"),
        pytest.param("2026-12-08 18:00 -0800", "2026-12-09T02:00:00Z", id="an offset without colon"),
        pytest.param("2026-12-08\u00a018:00\u00a0\u221201:00", "2026-12-08T19:00:00Z", id="odd blanks and minus"),
        pytest.param("2026-12-08 10:00 America/Los_Angeles", "2026-12-08T18:00:00Z", id="a place in winter"),
        pytest.param("2027-07-08 10:00 America/Los_Angeles", "2027-07-08T17:00:00Z", id="a place in summer"),
        pytest.param("2026-12-08 10:00 America/Argentina/Buenos_Aires", "2026-12-08T13:00:00Z", id="a long name"),
        pytest.param("Thu, 10 Dec 2026 10:00:00 +0000", "2026-12-10T10:00:00Z", id="RFC 5322"),
        pytest.param("10 Dec 2026 10:00 -0800", "2026-12-10T18:00:00Z", id="RFC 5322 without weekday and seconds"),
        pytest.param("Thu, 10 Dec 2026 10:00:00 -0800 (PST)", "2026-12-10T18:00:00Z", id="RFC 5322 with a remark"),
        pytest.param("Thu, 10 Dec 2026 10:00:00 GMT", "2026-12-10T10:00:00Z", id="RFC 5322 GMT"),
        pytest.param("Thu Dec 10 10:00:00 UTC 2026", "2026-12-10T10:00:00Z", id="ctime"),
        pytest.param("Thu Dec  3 10:00:00 UTC 2026", "2026-12-03T10:00:00Z", id="ctime with two blanks"),
        pytest.param("Tue 24 Nov 2026 17:00 UTC", "2026-11-24T17:00:00Z", id="our own words"),
        pytest.param("Tuesday, 8th December 2026 at 18:00 UTC", "2026-12-08T18:00:00Z", id="a sentence's date"),
        pytest.param("December 8th, 2026, 6:30 PM UTC", "2026-12-08T18:30:00Z", id="twelve hours"),
        pytest.param("2026-12-08 1500UTC", "2026-12-08T15:00:00Z", id="compact time"),
        pytest.param("2028-02-29 10:00 UTC", "2028-02-29T10:00:00Z", id="leap day"),
        pytest.param("+14d", "2026-12-05T17:00:00Z", id="relative"),
        pytest.param("14 days", "2026-12-05T17:00:00Z", id="relative in words"),
        pytest.param("in 2 weeks", "2026-12-05T17:00:00Z", id="weeks"),
        pytest.param("+3h", "2026-11-21T20:00:00Z", id="hours"),
        pytest.param("90 minutes", "2026-11-21T18:30:00Z", id="minutes"),
        pytest.param("+3s", "2026-11-21T17:00:03Z", id="seconds"),
        pytest.param("patch-day", "2026-12-09T01:00:00Z", id="patch day"),
        pytest.param("Patch Day", "2026-12-09T01:00:00Z", id="patch day in other letters"),
    ],
)
def test_a_clear_form_is_accepted(text, expected):
    found = read(text)

    assert isinstance(found, Instant), found
    assert rfc3339(found.at) == expected
    assert found.at.tzinfo is UTC


def test_vectors_of_the_past_are_accepted_when_they_are_asked_for_in_their_time():
    then = at("2019-07-01T00:00:00Z")

    assert read("Thu Jul 25 10:00:00 UTC 2019", then) == Instant(
        at("2019-07-25T10:00:00Z"), "Thu Jul 25 10:00:00 UTC 2019"
    )
    assert isinstance(read("2024-03-12 14:00 UTC", then), Instant)


@pytest.mark.parametrize("text", ["now", "Now", " NOW "])
def test_now_is_a_word_of_its_own(text):
    assert isinstance(read(text), Now)


@pytest.mark.parametrize(
    ("text", "readings"),
    [
        pytest.param("Thu, Dec 9 2026 10:00 UTC", ["2026-12-09 10:00 UTC", "2026-12-10 10:00 UTC"], id="weekday"),
        pytest.param("Wed, July 1 2027 10:00 UTC", ["2027-07-01 10:00 UTC", "2027-06-30 10:00 UTC"], id="weekday back"),
        pytest.param("Wed, July 2 2027", ["2027-07-03 00:00 UTC", "2027-07-01 00:00 UTC"], id="weekday, no time"),
        pytest.param("2026-12-08 18:00", ["2026-12-08 18:00 UTC", "2026-12-09 02:00 UTC"], id="no zone"),
        pytest.param("2026-12-08T18:00:00", ["2026-12-08 18:00 UTC", "2026-12-09 02:00 UTC"], id="no zone, with T"),
        pytest.param("2026-12-08", ["2026-12-09 01:00 UTC"], id="no time"),
        pytest.param("25 July, 1500UTC", ["2027-07-25 15:00 UTC"], id="no year"),
        pytest.param("29 Feb 10:00 UTC", ["2028-02-29 10:00 UTC"], id="no year, leap day"),
        pytest.param("02/06/2027", ["2027-06-03 00:00 UTC", "2027-02-07 01:00 UTC"], id="two orders"),
        pytest.param("02/06/2027 12:00UTC", ["2027-06-02 12:00 UTC", "2027-02-06 12:00 UTC"], id="two orders, time"),
        pytest.param("02.06.2027 12:00 UTC", ["2027-06-02 12:00 UTC", "2027-02-06 12:00 UTC"], id="two orders, dots"),
        pytest.param("25/12/2026 12:00 UTC", ["2026-12-25 12:00 UTC"], id="one order is possible, but asked"),
        pytest.param("2026/12/08 12:00 UTC", ["2026-12-08 12:00 UTC"], id="slashes, year first"),
        pytest.param("9AM PT", ["2026-11-22 17:00 UTC", "2026-11-22 16:00 UTC"], id="PT without a date"),
        pytest.param("July 8 2027 9AM PT", ["2027-07-08 16:00 UTC", "2027-07-08 17:00 UTC"], id="PT in summer"),
        pytest.param("Jan 8 2027 9AM Pacific Time", ["2027-01-08 17:00 UTC", "2027-01-08 16:00 UTC"], id="PT, winter"),
        pytest.param("15 Jan 2027 10am PDT", ["2027-01-15 17:00 UTC", "2027-01-15 18:00 UTC"], id="PDT in winter"),
        pytest.param("15 July 2027 10am PDT", ["2027-07-15 17:00 UTC"], id="PDT in summer"),
        pytest.param("2026-12-08 18:00 EST", ["2026-12-08 23:00 UTC"], id="EST"),
        pytest.param("8th December 2026 at 10am PST (1800 GMT)", ["2026-12-08 18:00 UTC"], id="two zones"),
        pytest.param("Thu, 10 Dec 2026 10:00:00 +0000 (PST)", ["2026-12-10 10:00 UTC"], id="a remark that disagrees"),
        pytest.param("embargo until Tuesday", ["2026-11-25 01:00 UTC"], id="weekday only"),
        pytest.param("next Tuesday", ["2026-11-25 01:00 UTC", "2026-12-02 01:00 UTC"], id="next weekday"),
        pytest.param("Saturday 18:00 UTC", ["2026-11-21 18:00 UTC"], id="today still"),
        pytest.param("Saturday 16:00 UTC", ["2026-11-28 16:00 UTC"], id="today no more"),
        pytest.param("after 2026-12-08 18:00 UTC", ["2026-12-08 18:00 UTC"], id="a loose word"),
        pytest.param("8 Dec 26 10:00 UTC", ["2026-12-08 10:00 UTC"], id="two-digit year"),
        pytest.param(
            "2027-03-14 02:30 America/Los_Angeles", ["2027-03-14 09:30 UTC", "2027-03-14 10:30 UTC"], id="skipped"
        ),
        pytest.param(
            "2027-11-07 01:30 America/Los_Angeles", ["2027-11-07 08:30 UTC", "2027-11-07 09:30 UTC"], id="repeated"
        ),
        pytest.param("2026-12-31 23:59:60 UTC", ["2027-01-01 00:00 UTC", "2026-12-31 23:59:59 UTC"], id="leap second"),
        pytest.param("2026-12-31 24:00 UTC", ["2027-01-01 00:00 UTC", "2026-12-31 00:00 UTC"], id="24:00"),
        pytest.param("2026-12-31 midnight UTC", ["2027-01-01 00:00 UTC", "2026-12-31 00:00 UTC"], id="midnight"),
        pytest.param("2026-12-31 12am UTC", ["2026-12-31 00:00 UTC", "2026-12-31 12:00 UTC"], id="12 am"),
        pytest.param("2026-12-08 18:00 UTC+1", ["2026-12-08 17:00 UTC"], id="UTC+1"),
        pytest.param("2026-12-08 18:00 Etc/GMT+5", ["2026-12-08 23:00 UTC", "2026-12-08 13:00 UTC"], id="Etc"),
        pytest.param("2026-12-08 18:00 america/los_angeles", ["2026-12-09 02:00 UTC"], id="a place in small letters"),
        pytest.param("2026-12-08 18:00 America/Los_Angels", ["2026-12-09 02:00 UTC"], id="a place misspelled"),
        pytest.param("2026-12-08 10:00-11:00 UTC", ["2026-12-08 21:00 UTC", "2026-12-08 10:00 UTC"], id="a range"),
    ],
)
def test_an_unclear_form_is_asked_about_with_its_readings(text, readings):
    found = read(text)

    assert isinstance(found, Unclear), found
    assert found.why
    assert [reading.value for reading in found.readings] == readings


@pytest.mark.parametrize(
    "text",
    [
        *("", "   ", "soon", "until the advisory is public", "when it is fixed", "tbd", "-3h", "+0x10", "3 fortnights"),
        *("2026-02-30 10:00 UTC", "2026-13-08 10:00 UTC", "2026-12-08 25:00 UTC", "2026-12-08 10:60 UTC"),
        *("2026-12-08 18:00 +25:00", "2026-12-08 18:00 Nowhere/Land", "2026-12-08 18:00 ../../etc/passwd"),
        *("99999-12-08 18:00 UTC", "9999-12-31 23:59 -01:00", "0001-01-01 00:00 +01:00", "0000-01-01 00:00 UTC"),
        *("+99999999d", "+999999999d", "-2026-12-08 18:00 UTC", "\u0662\u0660\u0662\u0666-12-08 18:00 UTC"),
        *(
            "2026-12-08 18:00 UTC and 2027-01-01 18:00 UTC",
            "Mon Tue 2026-12-08 18:00 UTC",
            "July 2026",
            "18",
            "1/2/3/4",
        ),
        *("2026-12-08 18:00 UTC\n2026-12-09 18:00 UTC", "x" * 5000, "1" * 150, "(", ")", "2026-12-08 (", "\x00"),
    ],
)
def test_what_is_no_date_has_no_readings(text):
    found = read(text)

    assert isinstance(found, Unclear)
    assert found.why
    assert found.readings == ()


@pytest.mark.parametrize(
    "text", ["2024-03-12 14:00 UTC", "2026-11-21 17:00 UTC", "+0s", "25/12/2025", "Wed, July 2 2026"]
)
def test_a_past_instant_is_not_accepted_and_has_no_readings(text):
    found = read(text)

    assert isinstance(found, Unclear)
    assert found.readings == ()
    assert found.past is not None
    assert found.past <= NOW
    assert "past" in found.why


def test_a_past_instant_is_read_where_it_may_be_past():
    assert read("2024-03-12 14:00 UTC", past=True) == Instant(at("2024-03-12T14:00:00Z"), "2024-03-12 14:00 UTC")


def test_a_moment_is_read_without_knowing_now():
    assert read_moment("2024-03-12 14:00 UTC") == at("2024-03-12T14:00:00Z")
    assert read_moment("yesterday evening") is None
    assert read_moment("2 hours") is None
    assert read_moment("patch-day") is None
    assert read_moment("now") is None


@given(st.text(max_size=MAX_LENGTH + 20))
def test_no_text_raises(text):
    assert isinstance(read(text), Instant | Now | Unclear)
    assert read_moment(text) is None or read_moment(text).tzinfo is not None


PIECES = st.sampled_from(
    [
        *("2026-12-08", "08/12/2026", "0001-01-01", "9999-12-31", "2027-03-14", "02:30", "24:00", "23:59:60"),
        *("12am", "6pm", "1500", "UTC", "Z", "PT", "PDT", "IST", "+14:00", "-1400", "+1", "America/Los_Angeles"),
        *("Etc/GMT-14", "Asia/Kolkata", "Tue", "Monday", "Dec", "July", "31", "30", "29th", "2028", "99", "+14d"),
        *("now", "patch-day", "(", ")", "(UTC)", "T", ",", "until", "next", "noon", "midnight", "00:00", "-", "+"),
        *("/", ":", ".5", "9999", "0000"),
    ]
)


@given(st.lists(PIECES, max_size=8).map(" ".join), utc("1990", "9990"))
def test_no_mixture_of_pieces_raises_or_gives_a_past_instant(text, now):
    found = read(text, now)

    if isinstance(found, Instant):
        assert found.at > now
    if isinstance(found, Unclear):
        assert all(reading.at > now for reading in found.readings)


@given(st.lists(PIECES, min_size=1, max_size=5).map(" ".join))
def test_every_reading_is_accepted_when_pasted(text):
    found = read(text)

    for reading in found.readings if isinstance(found, Unclear) else ():
        again = read(reading.value)
        assert isinstance(again, Instant)
        assert again.at == reading.at


@given(utc("2027", "9999"))
def test_what_is_written_is_read_back(moment):
    moment = moment.replace(microsecond=moment.microsecond // 1000 * 1000)

    assert read(as_value(moment)).at == moment
    assert read(rfc3339(moment)).at == moment


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("2nd tuesday 17:00", PatchDay(2, 1, time(17))),
        ("Last Friday 16:00", PatchDay(-1, 4, time(16))),
        ("first mon 9:30", PatchDay(1, 0, time(9, 30))),
    ],
)
def test_a_patch_day_is_read(spec, expected):
    assert parse_patch_day(spec) == expected


@pytest.mark.parametrize(
    "spec", ["", "tuesday", "5th tuesday 17:00", "2nd tuesday", "2nd someday 17:00", "2nd tuesday 24:00"]
)
def test_a_bad_patch_day_is_explained(spec):
    with pytest.raises(ValueError, match=r"write|written"):
        parse_patch_day(spec)


@pytest.mark.parametrize(
    ("spec", "zone", "now", "expected"),
    [
        pytest.param(PATCH_DAY, ZONE, "2026-11-21T17:00:00Z", "2026-12-09T01:00:00Z", id="in winter"),
        pytest.param(PATCH_DAY, ZONE, "2026-07-01T00:00:00Z", "2026-07-15T00:00:00Z", id="in summer"),
        pytest.param(PATCH_DAY, ZONE, "2026-12-09T00:59:59Z", "2026-12-09T01:00:00Z", id="a second before"),
        pytest.param(PATCH_DAY, ZONE, "2026-12-09T01:00:00Z", "2027-01-13T01:00:00Z", id="never now"),
        pytest.param("last friday 16:00", "UTC", "2026-11-27T16:00:00Z", "2026-12-25T16:00:00Z", id="last friday"),
        pytest.param("last saturday 00:00", "UTC", "2026-10-01T00:00:00Z", "2026-10-31T00:00:00Z", id="fifth saturday"),
        pytest.param("1st monday 00:30", "Asia/Tokyo", "2026-10-31T20:00:00Z", "2026-11-01T15:30:00Z", id="zone ahead"),
        pytest.param(
            "last tuesday 23:30", "America/Los_Angeles", "2026-07-01T05:00:00Z", "2026-07-01T06:30:00Z", id="behind"
        ),
    ],
)
def test_the_next_patch_day(spec, zone, now, expected):
    assert rfc3339(next_patch_day(spec, zone, at(now))) == expected


@given(
    st.sampled_from(["1st monday 00:00", "4th sunday 23:59", "last wednesday 12:00", PATCH_DAY]),
    st.sampled_from(["UTC", ZONE, "Asia/Tokyo", "Pacific/Kiritimati"]),
    utc("1990", "2100"),
)
def test_a_patch_day_comes_within_five_weeks_and_a_day(spec, zone, now):
    assert timedelta(0) < next_patch_day(spec, zone, now) - now <= timedelta(days=36)


@pytest.mark.parametrize(
    ("text", "seconds"), [("0s", 0), ("90s", 90), ("10m", 600), ("3h", 10_800), ("14d", 1_209_600), (" 1d ", 86_400)]
)
def test_a_duration_is_read(text, seconds):
    assert parse_duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "14", "d", "14 days", "-3h", "1.5h", "1w", "999999999d", "\u0661d", "1h30m"])
def test_a_bad_duration_is_explained(text):
    with pytest.raises(ValueError, match=r"whole number|longer"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("moment", "zone", "now", "expected"),
    [
        (
            "2026-11-24T17:00:00Z",
            ZONE,
            "2026-11-21T17:00:00Z",
            "Tue 24 Nov 2026 17:00 UTC (09:00 in Los Angeles, in 3 days)",
        ),
        ("2026-11-24T03:00:00Z", ZONE, None, "Tue 24 Nov 2026 03:00 UTC (Mon 19:00 in Los Angeles)"),
        ("2026-11-24T03:00:05Z", "UTC", None, "Tue 24 Nov 2026 03:00:05 UTC"),
        ("2026-11-24T03:00:00Z", "Etc/UTC", "2026-11-24T03:00:00Z", "Tue 24 Nov 2026 03:00 UTC (now)"),
        ("2026-12-08T18:00:00Z", "UTC", "2026-11-25T18:00:00Z", "Tue 8 Dec 2026 18:00 UTC (in 13 days)"),
        ("2026-12-08T18:00:00Z", "UTC", "2026-12-08T13:00:00Z", "Tue 8 Dec 2026 18:00 UTC (in 5 hours)"),
        ("2026-12-08T18:00:00Z", "UTC", "2026-12-08T20:00:00Z", "Tue 8 Dec 2026 18:00 UTC (2 hours ago)"),
        ("2026-12-08T18:00:00Z", "UTC", "2026-12-08T17:50:00Z", "Tue 8 Dec 2026 18:00 UTC (in 10 minutes)"),
        ("2026-12-08T18:00:00Z", "UTC", "2026-12-08T17:59:59Z", "Tue 8 Dec 2026 18:00 UTC (in 1 second)"),
        ("2026-12-08T18:00:00Z", "Europe/London", None, "Tue 8 Dec 2026 18:00 UTC (18:00 in London)"),
    ],
)
def test_an_instant_in_words(moment, zone, now, expected):
    assert in_words(at(moment), zone, at(now) if now else None) == expected


@given(utc("0001", "9999"), st.sampled_from(["UTC", ZONE, "Pacific/Kiritimati"]), utc("0001", "9999"))
def test_every_instant_can_be_said(moment, zone, now):
    assert "UTC" in in_words(moment, zone, now)
