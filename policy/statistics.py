"""What a list publishes about itself: how many embargoes, how long, how late, why they ended, what leaked.

Rules: an embargo is counted where the thing counted happened in the period: told to members, lifted,
withdrawn. Its length runs from the real release to the lift. Overdue is what was lifted, or is still
open, more than a minute after it was due (its public date, or the end of a third party's embargo where that
is later): the clock itself is no slower than that. Numbers only: no id, no name, no subject goes into them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from policy.facts import Disclosure, State
from policy.release import LATE_AFTER
from policy.spans import median
from policy.upstream import lateness

CAUSES = ("clock", "public", "exploited", "leaked", "ready", "other")


@dataclass(frozen=True, slots=True)
class Period:
    """From ``since`` on and before ``until``; None: without that end."""

    since: datetime | None = None
    until: datetime | None = None

    def holds(self, at: datetime | None) -> bool:
        """Whether an instant lies in it; what never happened does not."""
        if at is None:
            return False
        return (self.since is None or at >= self.since) and (self.until is None or at < self.until)


@dataclass(frozen=True, slots=True)
class Leak:
    """What of a leak report is counted."""

    list_id: str
    reported_at: datetime
    is_proved: bool


@dataclass(frozen=True, slots=True)
class Numbers:
    """The numbers of one list, or of all. ``open_late`` are open past their public date at the period's end."""

    notified: int
    lifted: int
    withdrawn: int
    still_open: int
    open_late: int
    length_median: timedelta | None
    length_longest: timedelta | None
    overdue: int
    overdue_median: timedelta | None
    overdue_longest: timedelta | None
    early: int
    causes: Mapping[str, int]
    leaks: int
    leaks_proved: int


def count(found: Iterable[Disclosure], leaks: Iterable[Leak], period: Period, now: datetime) -> Numbers:
    """Count disclosures and leak reports over a period; ``now`` stands for its end where that is ahead."""
    everything = tuple(found)
    end = now if period.until is None else min(period.until, now)
    lifted = [one for one in everything if _was_lifted(one) and period.holds(one.ended_at)]
    lengths = [one.ended_at - one.released_at for one in lifted if one.ended_at and one.released_at]
    lates = [lateness(one, one.ended_at) for one in lifted if one.ended_at]
    overdue = [late for late in lates if late > LATE_AFTER]
    still_open = [one for one in everything if _was_open(one, end)]
    causes = Counter(one.cause if one.cause in CAUSES else "other" for one in lifted)
    reported = [leak for leak in leaks if period.holds(leak.reported_at)]
    return Numbers(
        notified=sum(period.holds(one.released_at) for one in everything),
        lifted=len(lifted),
        withdrawn=sum(one.state is State.WITHDRAWN and period.holds(one.ended_at) for one in everything),
        still_open=len(still_open),
        open_late=sum(lateness(one, end) > LATE_AFTER for one in still_open),
        length_median=median(lengths),
        length_longest=max(lengths, default=None),
        overdue=len(overdue),
        overdue_median=median(overdue),
        overdue_longest=max(overdue, default=None),
        early=sum(late < timedelta() for late in lates),
        causes={cause: causes[cause] for cause in CAUSES},
        leaks=len(reported),
        leaks_proved=sum(leak.is_proved for leak in reported),
    )


def _was_lifted(one: Disclosure) -> bool:
    return one.state in {State.LIFTED, State.CLOSED} and one.ended_at is not None


def _was_open(one: Disclosure, at: datetime) -> bool:
    """Whether members were bound by it at an instant: told, and neither lifted nor withdrawn."""
    if one.released_at is None or one.released_at > at:
        return False
    return one.ended_at is None or one.ended_at > at
