"""What an instant may look like, how it is said in words, and what is offered when in doubt.

Rules:

* Accepted is only what can mean one instant: date with year, time of day and zone all said, the
  weekday (where given) fitting, no change of clocks in between. Everything else comes back as
  ``Unclear`` with the readings it may have, each of them ready to paste (law 3: doubt means hold).
* The list's zone never decides an instant that somebody wrote; it only makes readings.
* Relative forms count from ``now``, the receipt of the mail.
* No text whatever raises an exception here.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from policy.dates import MONTHS, WEEKDAYS, DateReading, Written, take_apart
from policy.plain import plain
from policy.zones import UTC_WORD, ZoneReading, city, is_skipped, zone_reading

MAX_LENGTH = 200
"""Characters of a text that may be an instant; a longer one is none."""
_MAX_READINGS = 48  # no honest text comes near it
_MOST_TOLD = 6  # of readings that are past
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_LONGEST = timedelta(days=36_525)
_DURATION = re.compile(r"([0-9]{1,9})([smhd])", re.ASCII)
_RELATIVE = re.compile(
    r"(?:\+|in )?\s?([0-9]{1,9})\s?"
    r"(s|sec|secs|seconds?|m|min|mins|minutes?|h|hr|hrs|hours?|d|days?|w|weeks?)(?: from now)?",
    re.IGNORECASE | re.ASCII,
)
_SPAN = re.compile(r"(?<![0-9:./-])([0-9]{1,4})[ -]?(hours?|days?|weeks?|[hdw])\b", re.IGNORECASE | re.ASCII)
_EVENT = re.compile(r"\b(until|till|when|once|after|as soon as)\b", re.IGNORECASE)
_PATCH_DAY = re.compile(r"(1st|2nd|3rd|4th|first|second|third|fourth|last) ([a-z]+) ([0-9]{1,2}):([0-9]{2})", re.ASCII)
_ORDINALS = {"1st": 1, "2nd": 2, "3rd": 3, "4th": 4, "first": 1, "second": 2, "third": 3, "fourth": 4, "last": -1}
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Reading:
    """What an unclear text may mean: ``value`` is accepted when pasted, ``note`` says how it was read."""

    value: str
    at: datetime
    note: str


@dataclass(frozen=True, slots=True)
class Instant:
    """One instant, aware, in UTC, and the text that said it."""

    at: datetime
    written: str


@dataclass(frozen=True, slots=True)
class Now:
    """The word "now"; what it means is for whoever asked."""

    written: str = "now"


@dataclass(frozen=True, slots=True)
class Unclear:
    """Not one instant: why, in words, and what it may mean.

    ``past`` is the instant meant where it is clear but not in the future; no reading is offered then.
    """

    why: str
    readings: tuple[Reading, ...] = ()
    past: datetime | None = None


@dataclass(frozen=True, slots=True)
class PatchDay:
    """A day of every month: the ``ordinal``-th ``weekday`` (Monday is 0; -1 is the last), at ``at`` local time."""

    ordinal: int
    weekday: int
    at: time


@dataclass(frozen=True, slots=True)
class _Place:
    """Where and when a text is read."""

    now: datetime
    zone: str
    usual: time


def read_instant(text: str, *, now: datetime, zone: str, patch_day: str, past: bool = False) -> Instant | Now | Unclear:
    """Read an instant as CONTRACT 6 lists the forms; ``zone`` (IANA) and ``patch_day`` are the list's.

    ``past`` accepts an instant that is not after ``now`` as well (when did it leak?). Never raises.
    """
    written = " ".join(plain(text).split())
    if len(written) > MAX_LENGTH:
        return Unclear("it is too long for a date")
    if not written:
        return Unclear("there is no date")
    if written.casefold() == "now":
        return Now()
    place = _Place(now, zone, parse_patch_day(patch_day).at)
    try:
        found = _read_relative(written, place, patch_day) or _read_absolute(written, place)
    except (OverflowError, ValueError):  # beyond the years 1 to 9999, or a day that no calendar has
        return Unclear("there is no such date")
    return found if past else _only_future(found, now)


def read_moment(text: str, *, zone: str = "UTC", patch_day: str = "1st monday 12:00") -> datetime | None:
    """The instant that a text names without doubt, past or not, without knowing now; else None."""
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    if _RELATIVE.fullmatch(" ".join(plain(text).split())) or "patch" in text.casefold():
        return None
    found = read_instant(text, now=epoch, zone=zone, patch_day=patch_day, past=True)
    return found.at if isinstance(found, Instant) else None


def is_patch_day(text: str) -> bool:
    """Whether a text is the word for the list's patch day."""
    return re.fullmatch("patch[- ]?day", " ".join(plain(text).split()).casefold()) is not None


def parse_patch_day(spec: str) -> PatchDay:
    """Read "2nd tuesday 17:00" or "last friday 16:00". Raises ValueError saying what is expected."""
    match = _PATCH_DAY.fullmatch(" ".join(spec.casefold().split()))
    if match is None:
        raise ValueError(f'a patch day is written like "2nd tuesday 17:00" or "last friday 16:00", not {spec!r}')
    ordinal, name, hour, minute = match.groups()
    days = [i for i, day in enumerate(_WEEKDAYS) if len(name) > 2 and day.startswith(name)]  # noqa: PLR2004
    if not days:
        raise ValueError(f"{name!r} is no weekday; write monday, tuesday and so on")
    if int(hour) > 23 or int(minute) > 59:  # noqa: PLR2004 - a clock's numbers
        raise ValueError(f"{hour}:{minute} is no time of day; write 00:00 to 23:59")
    return PatchDay(_ORDINALS[ordinal], days[0], time(int(hour), int(minute)))


def next_patch_day(spec: str, zone: str, now: datetime) -> datetime:
    """The first patch day after ``now``, in UTC. Raises ValueError for a bad ``spec``, and past the year 9999."""
    day = parse_patch_day(spec)
    local = now.astimezone(ZoneInfo(zone))
    for months in (0, 1):
        year, month = divmod(local.year * 12 + local.month - 1 + months, 12)
        at = datetime.combine(_nth(day, year, month + 1), day.at, ZoneInfo(zone)).astimezone(UTC)
        if at > now:
            return at
    raise AssertionError  # a month always has one


def parse_duration(text: str) -> timedelta:
    """Read an integer and ``s``, ``m``, ``h`` or ``d`` ("90m"). Raises ValueError saying what is expected."""
    match = _DURATION.fullmatch(text.strip())
    if match is None:
        raise ValueError(f'a duration is a whole number and s, m, h or d, like "10m" or "14d", not {text!r}')
    if int(match[1]) * _SECONDS[match[2]] > _LONGEST.total_seconds():
        raise ValueError(f"{text!r} is longer than a hundred years")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


def in_words(at: datetime, zone: str, now: datetime | None = None) -> str:
    """Say an instant: "Tue 24 Nov 2026 17:00 UTC (09:00 in Los Angeles, in 3 days)".

    The local weekday is said where it differs; without ``now`` nothing is said of the distance.
    """
    at = at.astimezone(UTC)
    said = f"{WEEKDAYS[at.weekday()]} {at.day} {MONTHS[at.month - 1]} {at.year} {_clock(at)} UTC"
    beside = []
    try:
        local = at.astimezone(ZoneInfo(zone))
    except OverflowError:  # the first or last hours of the calendar
        local = at
    if local.utcoffset() or city(zone) not in {"UTC", "GMT", "UCT", "Zulu", "Universal", "Greenwich"}:
        day = "" if local.date() == at.date() else f"{WEEKDAYS[local.weekday()]} "
        beside.append(f"{day}{_clock(local)} in {city(zone)}")
    if now is not None:
        beside.append(_from_now(at - now))
    return f"{said} ({', '.join(beside)})" if beside else said


def rfc3339(at: datetime) -> str:
    """Write an instant as "2026-12-08T18:00:00Z"; milliseconds only where there are some."""
    at = at.astimezone(UTC)
    fraction = f".{at.microsecond // 1000:03}" if at.microsecond >= 1000 else ""  # noqa: PLR2004
    return f"{at.year:04}-{at.month:02}-{at.day:02}T{at.hour:02}:{at.minute:02}:{at.second:02}{fraction}Z"


def as_value(at: datetime) -> str:
    """Write an instant as a control line takes it: "2026-12-08 18:00 UTC"; seconds only where there are some."""
    at = at.astimezone(UTC)
    if at.microsecond:
        return rfc3339(at)
    return f"{at.year:04}-{at.month:02}-{at.day:02} {_clock(at)} UTC"


def _clock(at: datetime) -> str:
    return f"{at.hour:02}:{at.minute:02}" + (f":{at.second:02}" if at.second else "")


def _from_now(span: timedelta) -> str:
    """A distance in its largest unit that stays above one, so that no rounding misleads."""
    seconds = abs(span.total_seconds())
    if seconds < 0.5:  # noqa: PLR2004
        return "now"
    for limit, unit, word in ((90, 1, "second"), (5400, 60, "minute"), (129_600, 3600, "hour"), (None, 86_400, "day")):
        if limit is None or seconds < limit:
            count = max(1, round(seconds / unit))
            said = f"{count} {word}{'' if count == 1 else 's'}"
            return f"in {said}" if span > timedelta() else f"{said} ago"
    raise AssertionError


def _nth(day: PatchDay, year: int, month: int) -> date:
    first, length = calendar.monthrange(year, month)
    at = 1 + (day.weekday - first) % 7 + 7 * (day.ordinal - 1 if day.ordinal > 0 else 4)
    return date(year, month, at if at <= length else at - 7)


def _only_future(found: Instant | Unclear, now: datetime) -> Instant | Unclear:
    """Take away what is not after now: a date that went by is never meant (CONTRACT 6)."""
    if isinstance(found, Instant):
        if found.at > now:
            return found
        return Unclear(f"{as_value(found.at)} is in the past", past=found.at)
    future = tuple(reading for reading in found.readings if reading.at > now)
    gone = [reading for reading in found.readings if reading.at <= now]
    if gone and not future:
        return Unclear(f"{found.why}, and it is in the past", past=max(reading.at for reading in gone))
    more = f"; {', '.join(reading.value for reading in gone[:_MOST_TOLD])} is in the past" if gone else ""
    return Unclear(f"{found.why}{more}", future[:_MAX_READINGS])


def _read_relative(text: str, place: _Place, patch_day: str) -> Instant | None:
    if is_patch_day(text):
        return Instant(next_patch_day(patch_day, place.zone, place.now), text)
    match = _RELATIVE.fullmatch(text)
    if match is None:
        return None
    # Minutes begin with an m as months do, but nothing here ever counts in months (CONTRACT 3).
    span = timedelta(**{_UNITS[match[2][0].casefold()]: int(match[1])})
    return Instant(_whole(place.now + span), text)


def _whole(at: datetime) -> datetime:
    """Up to the next millisecond: what is said and stored is never earlier than what was meant."""
    return at + (-timedelta(microseconds=at.microsecond) % _MILLISECOND)


def _read_absolute(text: str, place: _Place) -> Instant | Unclear:
    comment = re.fullmatch(r"([^()]+?)\s?\(([^()]*)\)", text)
    written = take_apart(comment[1] if comment else text)
    if isinstance(written, str):
        return _no_date(text, written, place)
    remark = _judge_comment(comment[2], written) if comment else ""
    doubts = [*written.doubts, *([remark] if remark else []), *_missing(written)]
    readings = list(_readings(written, place, doubts))
    beside = take_apart(comment[2]) if comment and remark else ""
    if isinstance(beside, Written) and beside.times and not beside.dates:  # "10am PDT (1700 GMT)"
        known = {reading.at for reading in readings}
        said_there = replace(written, times=beside.times, zones=beside.zones or written.zones)
        readings += [found for found in _readings(said_there, place, doubts) if found.at not in known]
    if not doubts and len(readings) == 1:
        return Instant(readings[0].at, text)
    return Unclear("; ".join(doubts) or "there is no such date", tuple(readings))


def _no_date(text: str, why: str, place: _Place) -> Unclear:
    """What can't be taken apart: a length of time in other words may still be meant, an event never is a date."""
    spans = _SPAN.findall(text)
    if len(spans) == 1:
        at = _whole(place.now + timedelta(**{_UNITS[spans[0][1][0].casefold()]: int(spans[0][0])}))
        return Unclear(why, (Reading(as_value(at), at, f"read as {spans[0][0]} {spans[0][1]} from now"),))
    if _EVENT.search(text):
        why = "it names an event, and the gateway sees none; name the latest date, and send `Lift: now` when it happens"
    return Unclear(why)


def _judge_comment(comment: str, written: Written) -> str:
    """RFC 5322 dates may end in a remark that names the zone: "+0000 (UTC)"; any other needs a person."""
    zone = take_apart(f"00:00 {comment}")
    if isinstance(zone, Written) and len(zone.zones) == 1 and len(zone.times) == 1 and written.zones:
        said = {r.offset for r in written.zones[0].readings}
        if any(r.offset is not None and r.offset in said for r in zone.zones[0].readings):
            return ""
    return f"'({comment})' is not part of a date"


def _missing(written: Written) -> list[str]:
    """What is not said, in words."""
    found = []
    if not written.dates:
        found.append("it has no date")
    elif any(d.year is None for d in written.dates):
        found.append("it has no year")
    if not written.times:
        found.append("it has no time of day")
    if not written.zones:
        found.append("it has no zone")
    if len(written.times) > 1:
        found.append("it has more than one time of day")
    return found


def _readings(written: Written, place: _Place, doubts: list[str]) -> Iterator[Reading]:
    """Every instant that may be meant, each once; adds what turns out unclear to ``doubts``."""
    seen: set[datetime] = set()
    for times, zones in _clocks(written, place, doubts):
        for since_midnight in times:
            for zone in zones:
                for day, note in _days(written, place, since_midnight, zone, doubts):
                    local = datetime.combine(day, time()) + since_midnight
                    instants = zone.instants(local)
                    if len(instants) > 1:
                        _doubt(doubts, _change_of_clocks(local, zone.place or "UTC"))
                    for at in instants:
                        if at not in seen:
                            seen.add(at)
                            yield Reading(as_value(_whole(at)), _whole(at), f"{note}, {zone.note}".strip(", "))


def _doubt(doubts: list[str], doubt: str) -> None:
    if doubt not in doubts:
        doubts.append(doubt)


def _change_of_clocks(local: datetime, zone: str) -> str:
    what = "skip that time" if is_skipped(local, zone) else "show that time twice"
    return f"clocks in {city(zone)} {what} on that day, in the change of clocks"


def _clocks(
    written: Written, place: _Place, doubts: list[str]
) -> list[tuple[tuple[timedelta, ...], tuple[ZoneReading, ...]]]:
    """Times of day with the zones they may be in."""
    local = zone_reading(place.zone)
    usual = timedelta(hours=place.usual.hour, minutes=place.usual.minute)
    if not written.times:
        note = f"at the list's usual time, {place.usual:%H:%M} in {city(place.zone)}"
        return [((usual,), (ZoneReading(note, place=place.zone),))]
    if not written.zones:
        return [(times, (UTC_WORD.readings[0], local)) for times in written.times]
    if len(written.zones) == len(written.times):
        return [(t, z.readings) for t, z in zip(written.times, written.zones, strict=True)]
    if len(written.zones) > 1:
        same = {r.offset for z in written.zones for r in z.readings}
        if len(same) > 1 or None in same:
            _doubt(doubts, "it has more than one zone")
    return [(t, z.readings) for t in written.times for z in written.zones]


def _days(
    written: Written, place: _Place, since_midnight: timedelta, zone: ZoneReading, doubts: list[str]
) -> Iterator[tuple[date, str]]:
    """The days that may be meant, each with a note; those without a year as their next occurrence."""

    def is_ahead(day: date) -> bool:
        return zone.instants(datetime.combine(day, time()) + since_midnight)[-1] > place.now

    if not written.dates:
        today = place.now.astimezone(UTC).date()
        wanted = range(7) if written.weekday is None else (written.weekday,)
        days = (today + timedelta(days=n) for n in range(-1, 16))
        ahead = [day for day in days if day.weekday() in wanted and is_ahead(day)]
        for day in ahead[: 2 if written.after_next else 1]:
            yield day, _say_day(day)
        return
    for reading in written.dates:
        found = _with_year(reading, place.now.year, is_ahead)
        if found is None:
            _doubt(doubts, f"there is no {reading.day} {_month(reading.month)} in that year")
            continue
        note = _say_day(found) if reading.note or reading.year is None else ""
        if written.weekday is None or found.weekday() == written.weekday:
            yield found, note
            continue
        _doubt(doubts, f"{found.day} {_month(found.month)} {found.year} is a {_WEEKDAYS[found.weekday()].title()}")
        yield found, _say_day(found)
        offset = (written.weekday - found.weekday() + 3) % 7 - 3
        yield found + timedelta(days=offset), _say_day(found + timedelta(days=offset))


def _with_year(reading: DateReading, year: int, is_ahead: Callable[[date], bool]) -> date | None:
    if reading.year is not None:
        return _day(reading.year, reading.month, reading.day)
    # Eight years: the longest wait for a 29 February, around a year like 2100.
    for later in range(9):
        day = _day(year + later, reading.month, reading.day)
        if day is not None and is_ahead(day):
            return day
    return None


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _month(month: int) -> str:
    return MONTHS[month - 1] if 1 <= month <= len(MONTHS) else f"(month {month})"


def _say_day(day: date) -> str:
    return f"{WEEKDAYS[day.weekday()]} {day.day} {MONTHS[day.month - 1]} {day.year}"
