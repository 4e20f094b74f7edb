"""What a report knows of a disclosure. Where it is redacted, what is hidden is not in here at all."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum


class Sign(StrEnum):
    """What sort of thing a moment is: the shape that it is drawn in, and the lane that it stands in."""

    POSTED = "posted"
    RELEASED = "released"
    STOPPED = "stopped"
    LIFTED = "lifted"
    WITHDRAWN = "withdrawn"
    CLOSED = "closed"
    DATE = "date"
    WRITTEN = "written"
    DELIVERED = "delivered"
    FAILED = "failed"
    ACKNOWLEDGED = "acknowledged"
    LEAK = "leak"
    ALARM = "alarm"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Moment:
    """Something that happened, perhaps several times between ``at`` and ``until``.

    ``short`` is what stands in the picture, ``what`` the whole of it.
    """

    at: datetime
    until: datetime
    sign: Sign
    event: str
    short: str
    what: str
    who: str | None = None
    why: str | None = None
    count: int = 1


@dataclass(frozen=True, slots=True)
class Stay:
    """A time in one state; ``end`` is None where that lasts."""

    state: str
    start: datetime
    end: datetime | None


@dataclass(frozen=True, slots=True)
class Sent:
    """A message with how its copies for one role stand."""

    message: str
    kind: str
    to: str  # member, coordinator, public
    states: dict[str, int]
    first_at: datetime | None
    last_at: datetime | None


@dataclass(frozen=True, slots=True)
class Reader:
    """A member who got the disclosure, or was to get it."""

    name: str
    state: str
    delivered_at: datetime | None
    acknowledged_at: datetime | None
    why: str | None


@dataclass(frozen=True, slots=True)
class Case:
    """A leak report. What it says is there in a full report only."""

    id: str
    state: str
    is_proved: bool
    reporter: str
    reported_at: datetime
    outcome: str | None
    missing: tuple[str, ...]
    said: dict[str, str | None]


@dataclass(frozen=True, slots=True)
class Text:
    """A message as it was written; in a full report only."""

    message: str
    label: str
    writer: str
    subject: str = field(repr=False)
    at: datetime
    text: str = field(repr=False)
    attachments: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Life:
    """A disclosure from its post to now (``made_at``), for one page."""

    id: str
    list_id: str
    zone: str
    is_full: bool
    made_at: datetime
    trail_head: str | None
    state: str
    is_stopped: bool
    tlp: str
    scope: str
    subject: str | None = field(repr=False)
    posted_by: str
    posted_at: datetime
    hold_until: datetime
    released_at: datetime | None
    first_embargo_until: datetime
    embargo_until: datetime
    ended_at: datetime | None
    late: timedelta | None  # how long after it was due it was lifted; below zero: before; None where it was not
    cause: str | None
    lifted_as: str  # the cause as people read it, a name of ``gateway.life.acts.CAUSES``; "" where there is none
    known: dict[str, datetime]
    moments: tuple[Moment, ...]
    stays: tuple[Stay, ...]
    sent: tuple[Sent, ...]
    readers: tuple[Reader, ...]
    cases: tuple[Case, ...]
    texts: tuple[Text, ...]
