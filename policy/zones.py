"""Zones as people write them: offsets, places, and the abbreviations that only seem to say it.

Rules: an offset, UTC in its spellings and a place of the IANA list say which instant is meant. An
abbreviation (EST, CST, IST) never does: the same letters stand for several zones, and people write
the winter's in summer. So an abbreviation only ever yields readings to choose from.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

from policy.plain import nearest

# RFC 9557 and tz database: no zone was ever further from UTC than this.
_FURTHEST = timedelta(hours=14)
_OFFSET = re.compile(r"(UTC|GMT|UT)?\s?([+-])([0-9]{1,2})(?::?([0-9]{2}))?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ZoneReading:
    """One way to read a zone: a fixed distance from UTC, or the clock of a place; ``note`` says which."""

    note: str
    offset: timedelta | None = None
    place: str | None = None

    def instants(self, local: datetime) -> tuple[datetime, ...]:
        """The instants (UTC) at which clocks there show ``local``: one; two in a change of clocks.

        A time that is skipped gives two as well: read by the clock before the change and after it.
        Raises OverflowError at the ends of the calendar.
        """
        if self.offset is not None:
            return ((local - self.offset).replace(tzinfo=UTC),)
        zone = ZoneInfo(self.place or "UTC")
        found = {_utc(local.replace(tzinfo=zone, fold=fold)) for fold in (0, 1)}
        return tuple(sorted(found))


@dataclass(frozen=True, slots=True)
class ZoneWord:
    """A zone as written: its readings, and what is unclear of it ("" where nothing is)."""

    readings: tuple[ZoneReading, ...]
    doubt: str = ""


UTC_WORD = ZoneWord((ZoneReading("read as UTC", offset=timedelta()),))


def zone_reading(zone: str) -> ZoneReading:
    """The clock of a place of the IANA list, as a reading."""
    return ZoneReading(f"read as {city(zone)} time", place=zone)


def is_skipped(local: datetime, zone: str) -> bool:
    """Whether clocks in that zone never show this time, because a change of clocks skips it."""
    aware = local.replace(tzinfo=ZoneInfo(zone))
    return _utc(aware).astimezone(aware.tzinfo).replace(tzinfo=None) != local


def city(zone: str) -> str:
    """What people call the place of an IANA name: "Los Angeles"."""
    return zone.rsplit("/", 1)[-1].replace("_", " ")


def read_offset(text: str) -> ZoneWord | None:
    """Read "+01:00", "-0800" or "UTC+1"; None for what no place on earth has."""
    match = _OFFSET.fullmatch(text)
    if match is None:
        return None
    prefix, sign, hours, minutes = match.groups()
    offset = timedelta(hours=int(hours), minutes=int(minutes or 0))
    if offset > _FURTHEST or int(minutes or 0) > 59:  # noqa: PLR2004 - minutes of an hour
        return None
    offset = -offset if sign == "-" else offset
    word = f"{sign}{int(hours):02}:{int(minutes or 0):02}"
    readings = (ZoneReading(f"read as {word}", offset=offset),)
    if prefix:
        # In names of the tz database "GMT+5" is west of Greenwich, in daily use it is east.
        return ZoneWord(readings, f"{text!r} is read both ways east and west; write it as {word}")
    if len(hours) == 1:
        return ZoneWord(readings, f"an offset has two digits for the hour: {word}")
    return ZoneWord(readings)


def read_place(text: str) -> ZoneWord | None:
    """Read "America/Los_Angeles"; a misspelled one gives the nearest name as a reading, or None."""
    if text in _places():
        if text.startswith("Etc/") and re.search("[1-9]", text):
            return _etc(text)
        return ZoneWord((zone_reading(text),))
    name = nearest(text, _places())
    if name is None or name.startswith("Etc/"):
        return None
    return ZoneWord((zone_reading(name),), f"there is no zone {text!r}; the nearest is {name}")


def read_zone_word(word: str) -> ZoneWord | None:
    """Read "UTC", "Z", "PST" or "PT"; None for a word that is no zone."""
    upper = word.upper()
    if upper in {"UTC", "GMT", "UT", "Z"}:
        return UTC_WORD
    if upper in _REGIONS:
        place, standard, summer = _REGIONS[upper]
        return ZoneWord(
            (
                ZoneReading(f"{upper} by the clock of {city(place)} on that day", place=place),
                _fixed(f"{upper} in summer", summer),
                _fixed(f"{upper} in winter", standard),
            ),
            f"{upper} is no offset: it is one thing in summer and another in winter",
        )
    if upper in _ABBREVIATIONS:
        return ZoneWord(
            tuple(reading for hours, place in _ABBREVIATIONS[upper] for reading in _abbreviated(upper, hours, place)),
            f"{upper} does not say which zone is meant: write UTC, an offset, or a place like America/Los_Angeles",
        )
    return None


def _abbreviated(word: str, hours: float, place: str) -> tuple[ZoneReading, ZoneReading]:
    return _fixed(f"{word} as in {city(place)}", hours), ZoneReading(
        f"by the clock of {city(place)} on that day", place=place
    )


def _fixed(note: str, hours: float) -> ZoneReading:
    offset = timedelta(hours=hours)
    minutes = round(abs(hours) * 60)
    sign = "-" if hours < 0 else "+"
    return ZoneReading(f"{note} ({sign}{minutes // 60:02}:{minutes % 60:02})", offset=offset)


def _etc(name: str) -> ZoneWord:
    hours = int(re.sub("[^0-9+-]", "", name))
    return ZoneWord(
        (_fixed(f"{name} as the tz database means it", -hours), _fixed(f"{name} as people mean it", hours)),
        f"{name} means the opposite of what it seems to say; write an offset",
    )


def _utc(aware: datetime) -> datetime:
    return aware.astimezone(UTC)


@lru_cache(maxsize=1)
def _places() -> frozenset[str]:
    # Names without a slash ("EST", "Japan") are old ones: abbreviations in disguise.
    return frozenset(name for name in available_timezones() if "/" in name)


_REGIONS: dict[str, tuple[str, float, float]] = {
    "PT": ("America/Los_Angeles", -8, -7),
    "PACIFIC": ("America/Los_Angeles", -8, -7),
    "MT": ("America/Denver", -7, -6),
    "MOUNTAIN": ("America/Denver", -7, -6),
    "CT": ("America/Chicago", -6, -5),
    "CENTRAL": ("America/Chicago", -6, -5),
    "ET": ("America/New_York", -5, -4),
    "EASTERN": ("America/New_York", -5, -4),
}
_ABBREVIATIONS: dict[str, tuple[tuple[float, str], ...]] = {
    "PST": ((-8, "America/Los_Angeles"),),
    "PDT": ((-7, "America/Los_Angeles"),),
    "MST": ((-7, "America/Denver"),),
    "MDT": ((-6, "America/Denver"),),
    "CST": ((-6, "America/Chicago"), (8, "Asia/Shanghai")),
    "CDT": ((-5, "America/Chicago"),),
    "EST": ((-5, "America/New_York"),),
    "EDT": ((-4, "America/New_York"),),
    "AKST": ((-9, "America/Anchorage"),),
    "AKDT": ((-8, "America/Anchorage"),),
    "HST": ((-10, "Pacific/Honolulu"),),
    "BST": ((1, "Europe/London"),),
    "IST": ((5.5, "Asia/Kolkata"), (1, "Europe/Dublin"), (2, "Asia/Jerusalem")),
    "WET": ((0, "Europe/Lisbon"),),
    "WEST": ((1, "Europe/Lisbon"),),
    "CET": ((1, "Europe/Berlin"),),
    "CEST": ((2, "Europe/Berlin"),),
    "MEZ": ((1, "Europe/Berlin"),),
    "MESZ": ((2, "Europe/Berlin"),),
    "EET": ((2, "Europe/Helsinki"),),
    "EEST": ((3, "Europe/Helsinki"),),
    "MSK": ((3, "Europe/Moscow"),),
    "JST": ((9, "Asia/Tokyo"),),
    "KST": ((9, "Asia/Seoul"),),
    "AEST": ((10, "Australia/Sydney"),),
    "AEDT": ((11, "Australia/Sydney"),),
    "NZST": ((12, "Pacific/Auckland"),),
    "NZDT": ((13, "Pacific/Auckland"),),
}
