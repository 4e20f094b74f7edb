"""When the clock reminds of an instant that comes near: each time once, and what went by is not made up for.

Rules: a hold is reminded of while it holds, or waits for an approval, the end of an embargo while members
have it: its public date, or the end of a third party's embargo where that is later. Where several reminders
went by while the gateway was down, the latest is given, once. A time that had gone by when the instant was
set is none: an embargo of an hour has no reminder of seven days.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from policy.facts import Disclosure, State
from policy.upstream import not_before


class Subject(StrEnum):
    """What a reminder is of."""

    HOLD = "hold"
    DATE = "date"


@dataclass(frozen=True, slots=True)
class Reminder:
    """One reminder: of what, for when, and whom it is for."""

    at: datetime
    subject: Subject
    instant: datetime
    for_members: bool = False


@dataclass(frozen=True, slots=True)
class Offsets:
    """How long before an instant coordinators are reminded, and members of the end (None: never)."""

    coordinators: tuple[timedelta, ...]
    members: timedelta | None


def reminders(disclosure: Disclosure, offsets: Offsets) -> tuple[Reminder, ...]:
    """Every reminder of a disclosure as it stands now, the earliest first."""
    if disclosure.state is State.HELD or (disclosure.state is State.PENDING and disclosure.unapproved):
        subject, instant = Subject.HOLD, disclosure.hold_until
    elif disclosure.state is State.EMBARGOED:
        subject, instant = Subject.DATE, not_before(disclosure)
    else:
        return ()
    found = [Reminder(instant - offset, subject, instant) for offset in offsets.coordinators]
    if subject is Subject.DATE and offsets.members is not None:
        found.append(Reminder(instant - offsets.members, subject, instant, for_members=True))
    return tuple(sorted(found, key=lambda one: one.at))


def next_at(found: Iterable[Reminder], now: datetime) -> datetime | None:
    """When the clock has to remind next, after ``now``."""
    return min((one.at for one in found if one.at > now), default=None)


def next_after(since: datetime, offsets: Iterable[timedelta], now: datetime) -> datetime | None:
    """When the clock asks next, after ``now``, of what is missing since an instant; what went by is not made up for."""
    return min((since + offset for offset in offsets if since + offset > now), default=None)


def due(found: Iterable[Reminder], since: datetime, now: datetime) -> tuple[Reminder, ...]:
    """What is to be said now of all whose time came from ``since`` on: the latest for each kind of reader."""
    latest = {one.for_members: one for one in found if since <= one.at <= now < one.instant}
    return tuple(latest.values())
