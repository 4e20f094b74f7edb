"""A date and time as written, taken apart: what it says and what it leaves open.

Rules: a form is taken apart only if every word of it belongs to a date; nothing is guessed here.
Each part that can be read in more than one way comes with all its readings and with a doubt in
words; deciding between them is for whoever wrote it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import timedelta

from policy.zones import ZoneWord, read_offset, read_place, read_zone_word

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_WEEKDAY_NAMES = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MONTH_NAMES = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
_CONNECTING = frozenset({"at", "on", "the", "of", "time"})
_LOOSE = frozenset(
    {
        *("until", "till", "by", "from", "for", "after", "before", "around", "about", "or", "not", "earlier", "later"),
        *("than", "latest", "soon", "thereafter", "this", "next", "coming", "approx", "approximately", "circa"),
        *("embargo", "embargoed", "scheduled", "tentatively"),
    }
)
_YEARS = range(1900, 2200)  # four digits that are more likely a year than a time of day
_DAY = timedelta(days=1)
_HOUR, _MINUTE = timedelta(hours=1), timedelta(minutes=1)

_TOKEN = re.compile(
    r"""
      (?P<ymd>[0-9]{4}-[0-9]{1,2}-[0-9]{1,2})(?![0-9-])
    | (?P<numbers>[0-9]{1,4}/[0-9]{1,2}(?:/[0-9]{1,4})?
        | [0-9]{1,4}(?P<mark>[.-])[0-9]{1,2}(?P=mark)[0-9]{2,4})(?![0-9/])
    | (?P<time>[0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?)(?![0-9:]) (?P<half>\s?[ap]\.?m(?:\.|\b))?
    | (?P<hour>[0-9]{1,2})(?P<hourhalf>\s?[ap]\.?m(?:\.|\b))
    | (?P<offset>(?:(?:utc|gmt|ut)\s?)?[+-][0-9]{1,2}(?::?[0-9]{2})?)(?![0-9:])
    | (?P<four>[0-9]{4})(?![0-9])
    | (?P<day>[0-9]{1,2})(?:st|nd|rd|th|\.)?(?![0-9a-z])
    | (?P<place>[a-z_]+(?:/[a-z0-9_+-]+)+)
    | (?P<word>[a-z]+)\.?
    """,
    re.VERBOSE | re.IGNORECASE | re.ASCII,
)


@dataclass(frozen=True, slots=True)
class DateReading:
    """A day of the calendar as written; ``year`` is None where none was. It need not exist."""

    year: int | None
    month: int
    day: int
    note: str = ""


@dataclass(frozen=True, slots=True)
class Written:
    """What a text says of an instant: alternatives of each part, in the order of the text.

    ``times`` are distances from midnight; each time of day written has a tuple of alternatives.
    """

    dates: tuple[DateReading, ...]
    weekday: int | None
    times: tuple[tuple[timedelta, ...], ...]
    zones: tuple[ZoneWord, ...]
    doubts: tuple[str, ...]
    after_next: bool  # "next Tuesday": the coming one for some, the one after it for others


@dataclass(slots=True)
class _Notes:
    """What was seen so far, while reading."""

    dates: list[tuple[DateReading, ...]] = field(default_factory=list)
    weekdays: list[int] = field(default_factory=list)
    months: list[int] = field(default_factory=list)
    days: list[int] = field(default_factory=list)
    fours: list[int] = field(default_factory=list)
    times: list[tuple[timedelta, ...]] = field(default_factory=list)
    zones: list[ZoneWord] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)
    loose: list[str] = field(default_factory=list)


def take_apart(text: str) -> Written | str:
    """Take a date apart; a text that is none gives the reason why, in words."""
    notes = _Notes()
    position = 0
    while position < len(text):
        if text[position] in " ,":
            position += 1
            continue
        match = _TOKEN.match(text, position)
        if match is None:
            return f"{text[position : position + 20]!r} is not part of a date"
        problem = _note(match, notes)
        if problem:
            return problem
        position = match.end()
        # RFC 3339 s5.6: a T between date and time, in either case.
        if match["ymd"] and text[position : position + 1] in ("T", "t") and text[position + 1 : position + 2].isdigit():
            position += 1
    return _sum_up(notes)


def _note(match: re.Match[str], notes: _Notes) -> str:
    """Write one token down; a reason in words where it can't be part of a date."""
    kind = match.lastgroup or ""
    if match["ymd"]:
        year, month, day = (int(part) for part in match["ymd"].split("-"))
        notes.dates.append((DateReading(year, month, day),))
    elif match["numbers"]:
        return _note_numbers(match["numbers"], notes)
    elif match["time"] or match["hour"]:
        return _note_time(match, notes)
    elif match["offset"] or match["place"]:
        zone = read_offset(match["offset"]) if match["offset"] else read_place(match["place"])
        if zone is None:
            return f"there is no zone {match['offset'] or match['place']!r}"
        notes.zones.append(zone)
    elif match["four"]:
        notes.fours.append(int(match["four"]))
    elif match["day"]:
        notes.days.append(int(match["day"]))
    else:
        return _note_word(match[kind], notes)
    return ""


def _note_word(word: str, notes: _Notes) -> str:
    lower = word.casefold()
    weekday, month = _index(lower, _WEEKDAY_NAMES), _index(lower, _MONTH_NAMES)
    zone = read_zone_word(word)
    if weekday is not None:
        notes.weekdays.append(weekday)
    elif month is not None:
        notes.months.append(month + 1)
    elif zone is not None:
        notes.zones.append(zone)
    elif lower == "noon":
        notes.times.append((12 * _HOUR,))
    elif lower == "midnight":
        notes.times.append((_DAY, timedelta()))
        notes.doubts.append("midnight may be the beginning or the end of that day")
    elif lower in _LOOSE:
        notes.loose.append(lower)
    elif lower not in _CONNECTING:
        return f"{word!r} is not part of a date"
    return ""


def _index(word: str, names: tuple[str, ...]) -> int | None:
    """The place of a name, whole or cut off after three letters or more ("Sept")."""
    found = [i for i, name in enumerate(names) if len(word) > 2 and name.startswith(word)]  # noqa: PLR2004
    return found[0] if found else None


def _note_numbers(text: str, notes: _Notes) -> str:
    """Read "02/06/2026" in both orders: which is the month differs from country to country."""
    first, second, *rest = (int(part) for part in re.split("[/.-]", text))
    if len(re.split("[/.-]", text)[0]) > 2:  # noqa: PLR2004 - more than two digits: the year comes first
        if not rest:
            return f"{text!r} is not a date"
        found = [DateReading(first, second, rest[0])]
    else:
        year = None if not rest else rest[0] + (2000 if rest[0] < 100 else 0)  # noqa: PLR2004 - two digits
        pairs = dict.fromkeys(((second, first), (first, second)))
        found = [DateReading(year, month, day) for month, day in pairs if 1 <= month <= len(MONTHS)]
    if not found:
        return f"{text!r} is not a date"
    notes.dates.append(
        tuple(DateReading(d.year, d.month, d.day, f"{d.day} {MONTHS[(d.month - 1) % 12]}") for d in found)
    )
    notes.doubts.append(f"{text!r} does not say which number is the month")
    return ""


def _note_time(match: re.Match[str], notes: _Notes) -> str:
    hour, minute, second = (*(float(p) for p in (match["time"] or match["hour"]).split(":")), 0.0, 0.0)[:3]
    half = (match["half"] or match["hourhalf"] or "").strip().casefold()[:1]
    if minute > 59 or second >= 61 or hour > (12 if half else 24):  # noqa: PLR2004 - a clock's numbers
        return f"{match[0]!r} is not a time of day"
    if half:
        if hour == 0:
            return f"{match[0]!r} is not a time of day"
        hour = hour % 12 + (12 if half == "p" else 0)
    at = hour * _HOUR + minute * _MINUTE + timedelta(seconds=second)
    if half == "a" and hour == 0:
        notes.doubts.append("12 am is midnight for some and noon for others")
        notes.times.append((at, at + 12 * _HOUR))
    elif second >= 60:  # noqa: PLR2004 - RFC 3339 s5.7: a leap second; no clock here has one
        notes.doubts.append("a leap second is not kept by computers' clocks")
        whole = hour * _HOUR + minute * _MINUTE
        notes.times.append((whole + _MINUTE, whole + timedelta(seconds=59)))
    elif hour == 24:  # noqa: PLR2004
        if at > _DAY:
            return f"{match[0]!r} is not a time of day"
        notes.doubts.append("24:00 is the end of that day for some and its beginning for others")
        notes.times.append((_DAY, timedelta()))
    else:
        notes.times.append((at,))
    return ""


def _sum_up(notes: _Notes) -> Written | str:
    problem = _give_numbers_a_meaning(notes)
    if problem:
        return problem
    if len(notes.dates) > 1 or len(set(notes.weekdays)) > 1:
        return "it names more than one day"
    if not (notes.dates or notes.weekdays or notes.times):
        return "it is not a date"
    if notes.loose:
        notes.doubts.append(f"{' '.join(notes.loose)!r} is not part of a date")
    notes.doubts.extend(zone.doubt for zone in notes.zones if zone.doubt)
    return Written(
        dates=notes.dates[0] if notes.dates else (),
        weekday=notes.weekdays[0] if notes.weekdays else None,
        times=tuple(notes.times),
        zones=tuple(notes.zones),
        doubts=tuple(dict.fromkeys(notes.doubts)),
        after_next="next" in notes.loose,
    )


def _give_numbers_a_meaning(notes: _Notes) -> str:
    """Day, month and year from "10 December 2026"; four digits that are no year are a time."""
    if not notes.months:
        if notes.days:
            return "it has a number that belongs to no date"
        return _compact_times(notes, notes.fours)
    if len(notes.months) > 1 or notes.dates or len(notes.days) not in {1, 2}:
        return "it has a month but not just one day of it"
    years = [n for n in notes.fours if n in _YEARS]
    if len(years) > 1:
        return "it has two numbers that could be the year"
    year = years[0] if years else None
    if len(notes.days) == 2:  # noqa: PLR2004 - "8 Dec 26"
        if year is not None:
            return "it has a number that belongs to no date"
        year = 2000 + notes.days[1]
        notes.doubts.append("the year has two digits")
    notes.dates.append((DateReading(year, notes.months[0], notes.days[0]),))
    return _compact_times(notes, [n for n in notes.fours if n not in years])


def _compact_times(notes: _Notes, numbers: list[int]) -> str:
    for number in numbers:
        hour, minute = divmod(number, 100)
        if hour > 23 or minute > 59:  # noqa: PLR2004 - a clock's numbers
            return f"'{number:04}' is not a time of day"
        notes.times.append((hour * _HOUR + minute * _MINUTE,))
    return ""
