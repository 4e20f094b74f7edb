"""A list's own days: its patch day, the hours in which it publishes, and its holidays.

Rules: a calendar never decides a date that somebody wrote, it only says what suits the list better.
Days and hours are those of the list's zone; the last minute of a window belongs to it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from policy.instants import next_patch_day
from policy.zones import is_skipped

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_DAY = timedelta(days=1)
_LAST_MINUTE = _DAY - timedelta(minutes=1)
_SEARCHED = 400  # days: a window opens every week, and no list has holidays all year
_HOURS = re.compile(r"([0-9]{1,2}):([0-9]{2})-([0-9]{1,2}):([0-9]{2})", re.ASCII)
_EXPECTED = 'a window is written like "tue-thu 08:00-17:00", "mon,wed" or "08:00-17:00"'


@dataclass(frozen=True, slots=True)
class Window:
    """Weekdays (Monday is 0) and hours, as distances from midnight, both ends belonging to it."""

    days: frozenset[int] = frozenset(range(7))
    opens: timedelta = timedelta()
    closes: timedelta = _LAST_MINUTE
    written: str = ""


def parse_window(text: str) -> Window:
    """Read "tue-thu 08:00-17:00", "mon,wed,fri" or "08:00-17:00". Raises ValueError saying what is expected."""
    days: frozenset[int] = frozenset()
    hours: tuple[timedelta, timedelta] | None = None
    for word in re.sub(r"\s*([,-])\s*", r"\1", text.casefold()).split():
        if word[0].isdigit() and hours is None:
            hours = _read_hours(word)
        elif not days:
            days = frozenset(day for part in word.split(",") for day in _read_days(part))
        else:
            raise ValueError(f"{_EXPECTED}, not {text!r}")
    if not days and hours is None:
        raise ValueError(f"{_EXPECTED}, not {text!r}")
    opens, closes = hours or (timedelta(), _LAST_MINUTE)
    return Window(days or frozenset(range(7)), opens, closes, " ".join(text.split()))


def _read_days(part: str) -> list[int]:
    first, dash, last = part.partition("-")
    start = _weekday(first)
    end = _weekday(last) if dash else start
    return [(start + step) % 7 for step in range((end - start) % 7 + 1)]


def _weekday(name: str) -> int:
    found = [number for number, day in enumerate(WEEKDAYS) if len(name) > 2 and day.startswith(name)]  # noqa: PLR2004
    if not found:
        raise ValueError(f"{name!r} is no weekday; {_EXPECTED}")
    return found[0]


def _read_hours(word: str) -> tuple[timedelta, timedelta]:
    match = _HOURS.fullmatch(word)
    if match is None:
        raise ValueError(f"{word!r} are no hours; {_EXPECTED}")
    hours = [int(number) for number in match.groups()]
    opens, closes = (timedelta(hours=hours[at], minutes=hours[at + 1]) for at in (0, 2))
    if max(hours[1], hours[3]) > 59 or not opens < closes <= _DAY:  # noqa: PLR2004 - minutes of an hour
        raise ValueError(f"{word!r} are no hours of one day, the earlier one first; {_EXPECTED}")
    return opens, min(closes, _LAST_MINUTE)


def parse_holidays(text: str) -> frozenset[date]:
    """Read one date (2026-12-25) a line; from a # on a line is a comment. Raises ValueError with the line's number."""
    found = set()
    for number, line in enumerate(text.splitlines(), start=1):
        written = line.partition("#")[0].strip()
        if not written:
            continue
        if not re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}", written):
            raise ValueError(f"line {number}: a holiday is written like 2026-12-25, one a line")
        try:
            found.add(date.fromisoformat(written))
        except ValueError as error:
            raise ValueError(f"line {number}: there is no {written} in the calendar") from error
    return frozenset(found)


@dataclass(frozen=True, slots=True)
class Calendar:
    """When a list publishes: ``window`` None is any hour; ``min_lead`` is the least that ``patch-day`` leaves."""

    zone: str = "UTC"
    patch_day: str = "2nd tuesday 17:00"
    min_lead: timedelta = timedelta()
    window: Window | None = None
    holidays: frozenset[date] = frozenset()

    def patch_day_after(self, start: datetime, now: datetime) -> datetime:
        """The first patch day that is ahead, after ``start``, and at least ``min_lead`` after it.

        Raises ValueError or OverflowError at the end of the calendar.
        """
        return next_patch_day(self.patch_day, self.zone, max(start, now, start + self.min_lead - datetime.resolution))

    def skipped_before(self, public: datetime, start: datetime) -> tuple[datetime, ...]:
        """Where ``public`` is the patch day that follows ``start``: those before it that left too little time."""
        try:
            if not self.min_lead or public != self.patch_day_after(start, start):
                return ()
            found, at = [], next_patch_day(self.patch_day, self.zone, start)
            while at < public:
                found.append(at)
                at = next_patch_day(self.patch_day, self.zone, at)
        except (ValueError, OverflowError):
            return ()
        return tuple(found)

    def objection(self, at: datetime) -> str:
        """Why an instant does not suit the list, in words; "" where it does."""
        try:
            local = at.astimezone(ZoneInfo(self.zone))
        except OverflowError:  # the first or last hours of the calendar
            return ""
        if local.date() in self.holidays:
            return "a holiday of this list"
        if self.window is None or _is_open(self.window, local):
            return ""
        return f"outside this list's hours for it ({self.window.written})"

    def suits(self, at: datetime) -> bool:
        """Whether the list likes to publish at that instant."""
        return not self.objection(at)

    def nearest(self, at: datetime, *, after: datetime, until: datetime) -> tuple[datetime | None, datetime | None]:
        """The nearest instants before and after ``at`` that suit, later than ``after`` and at most ``until``.

        At the same time of day where the window is open then, else at its nearer edge. None: there is none.
        """
        before = (one for one in self._days_from(at, -1) if after < one < at and one <= until)
        later = (one for one in self._days_from(at, 1) if max(after, at) < one <= until)
        return next(before, None), next(later, None)

    def latest(self, until: datetime, *, after: datetime) -> datetime:
        """The latest instant up to ``until`` that suits; ``until`` itself where none after ``after`` does."""
        if self.suits(until):
            return until
        found = (one for one in self._days_from(until, -1, at_edge=True) if after < one <= until)
        return next(found, until)

    def _days_from(self, at: datetime, step: int, *, at_edge: bool = False) -> Iterator[datetime]:
        """Suitable instants, one a day, going away from ``at``."""
        window = self.window or Window()
        edge = window.opens if step > 0 else window.closes
        try:
            local = at.astimezone(ZoneInfo(self.zone)).replace(tzinfo=None)
            midnight = datetime.combine(local.date(), time())
            wanted = local - midnight
            hour = wanted if window.opens <= wanted <= window.closes and not at_edge else edge
            for days in range(_SEARCHED):
                one = midnight + step * days * _DAY + hour
                if not is_skipped(one, self.zone):
                    found = one.replace(tzinfo=ZoneInfo(self.zone)).astimezone(UTC)
                    if self.suits(found):
                        yield found
        except OverflowError:  # the end of the calendar
            return


def _is_open(window: Window, local: datetime) -> bool:
    minute = timedelta(hours=local.hour, minutes=local.minute)
    exact = minute + timedelta(seconds=local.second, microseconds=local.microsecond)
    is_late = exact > window.closes and window.closes != _LAST_MINUTE
    return local.weekday() in window.days and window.opens <= minute and not is_late
