"""When a list's daily digest is due: in its morning, by its own clocks, and never twice on one day."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from policy.facts import Person

EXPIRES_WITHIN = timedelta(days=30)
"""A key that ends sooner is told once a week, so that its owner has a new one in time."""
UNDECIDED_AFTER = timedelta(days=1)
"""What had a mail of its own when it came, and waits so long for a decision, is told again in each digest."""
MONDAY = 0


def first_at(at: time, zone: str, now: datetime) -> datetime:
    """The next time that the list's clocks show ``at``, after ``now``."""
    today = _on(now.astimezone(ZoneInfo(zone)), at)
    return today if today > now else next_at(at, zone, now)


def next_at(at: time, zone: str, now: datetime) -> datetime:
    """When the next digest is due after one that went out ``now``: on another day there, however late this one was."""
    return _on(now.astimezone(ZoneInfo(zone)) + timedelta(days=1), at)


def _on(day: datetime, at: time) -> datetime:
    return datetime.combine(day.date(), at, day.tzinfo).astimezone(UTC)


def is_weekly(zone: str, now: datetime) -> bool:
    """Whether this day's digest tells as well what is said once a week."""
    return now.astimezone(ZoneInfo(zone)).weekday() == MONDAY


def ends_at(person: Person, now: datetime) -> datetime | None:
    """When the last of somebody's keys expires, where that is soon; None where it is not, or where it is over."""
    if person.key_trouble(now + EXPIRES_WITHIN) is None:
        return None
    return max((key.expires_at for key in person.usable_keys(now) if key.expires_at is not None), default=None)
