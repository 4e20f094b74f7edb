"""Zones as people write them: which offsets a word may mean, and what of it is asked about."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from policy.zones import UTC_WORD, ZoneReading, city, is_skipped, read_offset, read_place, read_zone_word, zone_reading

LA = "America/Los_Angeles"


def hours(*numbers: float) -> list[timedelta]:
    return [timedelta(hours=number) for number in numbers]


@pytest.mark.parametrize(
    ("text", "offset", "doubt"),
    [
        pytest.param("+01:00", 1, "", id="east"),
        pytest.param("-0800", -8, "", id="west"),
        pytest.param("+05:59", 5 + 59 / 60, "", id="the last minute of an hour"),
        pytest.param("+14:00", 14, "", id="the furthest there is"),
        pytest.param("-00:00", 0, "", id="nowhere"),
        pytest.param("+1", 1, "an offset has two digits for the hour: +01:00", id="one digit"),
        pytest.param("GMT-03:30", -3.5, "'GMT-03:30' is read both ways east and west; write it as -03:30", id="GMT"),
        pytest.param("ut +5", 5, "'ut +5' is read both ways east and west; write it as +05:00", id="in small letters"),
    ],
)
def test_an_offset_is_read(text: str, offset: float, doubt: str) -> None:
    word = read_offset(text)

    assert word is not None
    assert [reading.offset for reading in word.readings] == hours(offset)
    assert word.doubt == doubt


@pytest.mark.parametrize("text", ["+14:01", "-15", "+05:60", "01:00", "+1:5"])
def test_what_no_place_on_earth_has_is_no_offset(text: str) -> None:
    assert read_offset(text) is None


def test_an_offset_is_told_as_it_was_read() -> None:
    assert read_offset("-0730").readings == (ZoneReading("read as -07:30", timedelta(hours=-7.5)),)


@pytest.mark.parametrize(
    ("text", "place", "doubt"),
    [
        pytest.param(LA, LA, "", id="as the list has it"),
        pytest.param("Etc/UTC", "Etc/UTC", "", id="without a number"),
        pytest.param("america/los_angeles", LA, f"the nearest is {LA}", id="in other letters"),
        pytest.param("Europe/Berln", "Europe/Berlin", "there is no zone 'Europe/Berln'", id="misspelled"),
    ],
)
def test_a_place_is_read(text: str, place: str, doubt: str) -> None:
    word = read_place(text)

    assert word is not None
    assert word.readings == (ZoneReading(f"read as {city(place)} time", place=place),)
    assert bool(word.doubt) is bool(doubt)
    assert doubt in word.doubt


@pytest.mark.parametrize("text", ["Nowhere/Atall", "EST", "Japan", "etc/gmt+5", "Etc/GMT+50"])
def test_what_is_no_place_gives_none(text: str) -> None:
    assert read_place(text) is None


def test_a_name_that_means_its_opposite_is_asked_about() -> None:
    word = read_place("Etc/GMT+5")

    assert [(reading.note, reading.offset) for reading in word.readings] == [
        ("Etc/GMT+5 as the tz database means it (-05:00)", timedelta(hours=-5)),
        ("Etc/GMT+5 as people mean it (+05:00)", timedelta(hours=5)),
    ]
    assert "the opposite" in word.doubt


@pytest.mark.parametrize("text", ["UTC", "gmt", "Ut", "z"])
def test_some_words_are_sure(text: str) -> None:
    assert read_zone_word(text) is UTC_WORD
    assert [reading.offset for reading in UTC_WORD.readings] == [timedelta()]
    assert UTC_WORD.doubt == ""


@pytest.mark.parametrize(
    ("word", "place", "summer", "winter"),
    [
        ("pt", LA, -7, -8),
        ("Pacific", LA, -7, -8),
        ("MT", "America/Denver", -6, -7),
        ("MOUNTAIN", "America/Denver", -6, -7),
        ("CT", "America/Chicago", -5, -6),
        ("CENTRAL", "America/Chicago", -5, -6),
        ("ET", "America/New_York", -4, -5),
        ("EASTERN", "America/New_York", -4, -5),
    ],
)
def test_a_region_is_its_clock_or_its_summer_or_its_winter(word: str, place: str, summer: int, winter: int) -> None:
    found = read_zone_word(word)

    assert found is not None
    assert [(one.place, one.offset) for one in found.readings] == [
        (place, None),
        (None, timedelta(hours=summer)),
        (None, timedelta(hours=winter)),
    ]
    assert found.readings[1].note == f"{word.upper()} in summer (-0{-summer}:00)"
    assert found.doubt


ABBREVIATIONS = """
PST -8 America/Los_Angeles | PDT -7 America/Los_Angeles | MST -7 America/Denver | MDT -6 America/Denver
CST -6 America/Chicago, 8 Asia/Shanghai | CDT -5 America/Chicago | EST -5 America/New_York | EDT -4 America/New_York
AKST -9 America/Anchorage | AKDT -8 America/Anchorage | HST -10 Pacific/Honolulu | BST 1 Europe/London
IST 5.5 Asia/Kolkata, 1 Europe/Dublin, 2 Asia/Jerusalem | WET 0 Europe/Lisbon | WEST 1 Europe/Lisbon
CET 1 Europe/Berlin | CEST 2 Europe/Berlin | MEZ 1 Europe/Berlin | MESZ 2 Europe/Berlin | EET 2 Europe/Helsinki
EEST 3 Europe/Helsinki | MSK 3 Europe/Moscow | JST 9 Asia/Tokyo | KST 9 Asia/Seoul | AEST 10 Australia/Sydney
AEDT 11 Australia/Sydney | NZST 12 Pacific/Auckland | NZDT 13 Pacific/Auckland
"""


@pytest.mark.parametrize("row", [row.strip() for row in ABBREVIATIONS.replace("\n", "|").split("|") if row.strip()])
def test_an_abbreviation_only_ever_yields_readings(row: str) -> None:
    word, _, meanings = row.partition(" ")
    found = read_zone_word(word.lower())

    assert found is not None
    assert found.doubt
    expected = []
    for meaning in meanings.split(", "):
        offset, place = meaning.split(" ")
        expected += [(timedelta(hours=float(offset)), None), (None, place)]
    assert [(one.offset, one.place) for one in found.readings] == expected


def test_a_word_that_is_no_zone_gives_none() -> None:
    assert read_zone_word("noon") is None
    assert read_zone_word("wet").readings[0].note == "WET as in Lisbon (+00:00)"
    assert read_zone_word("ist").readings[0].note == "IST as in Kolkata (+05:30)"


@pytest.mark.parametrize(
    ("reading", "local", "instants"),
    [
        pytest.param(ZoneReading("", timedelta(hours=2)), "2026-07-01 12:00", ["10:00"], id="an offset"),
        pytest.param(zone_reading("Europe/Berlin"), "2026-07-01 12:00", ["10:00"], id="a place"),
        pytest.param(ZoneReading(""), "2026-07-01 12:00", ["12:00"], id="neither"),
        pytest.param(zone_reading("Europe/Berlin"), "2026-10-25 02:30", ["00:30", "01:30"], id="shown twice"),
        pytest.param(zone_reading("Europe/Berlin"), "2026-03-29 02:30", ["00:30", "01:30"], id="skipped"),
    ],
)
def test_a_local_time_is_one_instant_or_in_a_change_of_clocks_two(reading, local, instants) -> None:
    found = reading.instants(datetime.fromisoformat(local))

    assert [f"{at:%H:%M}" for at in found] == instants
    assert all(at.tzinfo is UTC for at in found)


def test_a_time_that_clocks_skip_is_told_from_one_that_they_show_twice() -> None:
    assert is_skipped(datetime(2026, 3, 29, 2, 30), "Europe/Berlin")  # noqa: DTZ001 - a clock on the wall
    assert not is_skipped(datetime(2026, 10, 25, 2, 30), "Europe/Berlin")  # noqa: DTZ001
    assert city("America/Argentina/Buenos_Aires") == "Buenos Aires"
