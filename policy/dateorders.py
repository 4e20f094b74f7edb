"""The two dates of a disclosure, read together: when members get it, and when it is public.

Rules (STATES rows 1 and 5): now <= hold < public date, and public date - hold <= ``max_embargo``.
Counted is from the hold; without one, from when the disclosure went out or from now. In doubt the
later hold is proposed, and the earliest public date that is possible after it; where there is
none, the next patch day. A hold that can't be read at all is never replaced by a guess.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from policy.control import Complaint, Line
from policy.instants import (
    Instant,
    Now,
    Reading,
    Unclear,
    as_value,
    next_patch_day,
    parse_duration,
    read_instant,
)
from policy.surroundings import Surroundings

_END = datetime.max.replace(tzinfo=UTC, microsecond=0)
_SWALLOWED = "the lines below it were read as part of it; is the empty line after the block missing?"
Read = Instant | Now | Unclear


@dataclass(frozen=True, slots=True)
class Dates:
    """Both dates as ordered, and as they should be written (None: no such line)."""

    hold_until: datetime | None
    hold_now: bool
    embargo_until: datetime | None
    hold_fixed: str | None
    embargo_fixed: str | None


def read_dates(
    holds: list[Line], embargoes: list[Line], surroundings: Surroundings, complain: Callable[[Complaint], None]
) -> Dates:
    """Read the Hold-Until and Embargo-Until lines of a block; what is wrong goes to ``complain``."""
    return _Dates(surroundings, complain).read(holds, embargoes)


class _Dates:
    """One reading of both dates."""

    def __init__(self, surroundings: Surroundings, complain: Callable[[Complaint], None]) -> None:
        self._s = surroundings
        self._complain = complain
        self._base = surroundings.hold_until or surroundings.now

    def read(self, holds: list[Line], embargoes: list[Line]) -> Dates:
        read_embargoes = [self._instant(line) for line in embargoes]
        clear = [read.at for read in read_embargoes if isinstance(read, Instant)]
        hold, hold_fixed = self._hold(holds, clear[0] if clear else None)
        if isinstance(hold, Instant):
            self._base = hold.at
        elif isinstance(hold, Now):
            self._base = self._s.now
        embargo, embargo_fixed = self._embargo(embargoes, read_embargoes)
        if not embargoes:
            embargo, embargo_fixed = self._unsaid_embargo(holds)
        return Dates(
            hold_until=hold.at if isinstance(hold, Instant) else None,
            hold_now=isinstance(hold, Now),
            embargo_until=embargo,
            hold_fixed=hold_fixed,
            embargo_fixed=embargo_fixed,
        )

    # --- the hold -----------------------------------------------------------------------------------

    def _hold(self, lines: list[Line], embargo: datetime | None) -> tuple[Instant | Now | None, str | None]:
        reads = [self._instant(line) for line in lines]
        for line, read in zip(lines, reads, strict=True):
            if isinstance(read, Unclear):
                self._complain(Complaint(line.said, self._why_hold(read), read.readings))
        if not lines:
            return None, None
        first = reads[0]
        if not isinstance(first, Unclear) and _agree(reads):
            return first, lines[0].value
        if not any(isinstance(read, Unclear) for read in reads):
            self._complain(Complaint(lines[-1].said, "Hold-Until stands there twice and says two things"))
        return self._later_hold(lines, reads, embargo)

    def _why_hold(self, read: Unclear) -> str:
        if read.past is None:
            return read.why
        proposal = as_value(self._next_time(read.past))
        return f"{read.why}. The block below says {proposal} instead: that is a proposal, not a reading"

    def _later_hold(
        self, lines: list[Line], reads: list[Read], embargo: datetime | None
    ) -> tuple[Instant | Now | None, str | None]:
        """The latest that may be meant, if possible before the public date."""
        options = [at for read in reads for at in _meant(read)]
        options += [self._next_time(read.past) for read in reads if isinstance(read, Unclear) and read.past]
        before = [at for at in options if embargo is None or at < embargo]
        if not options:
            unread = [line for line, read in zip(lines, reads, strict=True) if isinstance(read, Unclear)]
            return None, unread[0].value
        at = max(before or options)
        return Instant(at, as_value(at)), as_value(at)

    def _next_time(self, past: datetime) -> datetime:
        """The same time of day, as soon as it comes again."""
        now = self._s.now.astimezone(UTC)
        at = datetime.combine(now.date(), past.astimezone(UTC).timetz())
        return at if at > now else at + timedelta(days=1)

    # --- the public date ----------------------------------------------------------------------------

    def _embargo(self, lines: list[Line], reads: list[Read]) -> tuple[datetime | None, str | None]:
        if not lines:
            return None, None
        problems = [self._judge(read) for read in reads]
        first = reads[0]
        if not any(problems) and isinstance(first, Instant) and _agree(reads):
            return first.at, lines[0].value
        for line, problem in zip(lines, problems, strict=True):
            if problem is not None:
                self._complain(Complaint(line.said, problem.why, problem.readings))
        if not any(problems):
            self._complain(Complaint(lines[-1].said, "Embargo-Until stands there twice and says two things"))
        at = self._proposal(reads)
        return at, as_value(at)

    def _judge(self, read: Read) -> Unclear | None:
        """What is wrong with one public date, or None."""
        match read:
            case Now():
                return Unclear("a public date lies ahead; to end the embargo at once write `Lift: now` in a reply")
            case Unclear():
                why = read.why
                if not any(self._is_legal(reading.at) for reading in read.readings):
                    proposal = as_value(self._proposal([read]))
                    why += f". The block below says {proposal} instead: that is a proposal, not a reading"
                return Unclear(why, read.readings, read.past)
            case Instant():
                return self._illegal(read.at)

    def _illegal(self, at: datetime) -> Unclear | None:
        if self._is_legal(at):
            return None
        if at > self._base:
            latest = self._latest()
            why = f"it is more than {_span(self._s.max_embargo)} after members get it; the latest is {as_value(latest)}"
            return Unclear(why, (Reading(as_value(latest), latest, "the latest date that this list allows"),))
        proposal = self._after_hold()
        reading = Reading(as_value(proposal), proposal, "a proposal, after members got it")
        return Unclear(f"it is not after {as_value(self._base)}, when members get it", (reading,))

    def _is_legal(self, at: datetime) -> bool:
        return max(self._base, self._s.now) < at <= _plus(self._base, self._s.max_embargo)

    def _proposal(self, reads: list[Read]) -> datetime:
        """The earliest possible reading; else a date of the next year, the latest one, or a patch day."""
        options = sorted(at for read in reads for at in _meant(read))
        legal = [at for at in options if self._is_legal(at)]
        if legal:
            return legal[0]
        for read in reads:
            if isinstance(read, Unclear) and read.past is not None:
                again = _next_year(read.past, self._s.now)
                if again is not None and self._is_legal(again):
                    return again
        if options and options[0] > self._base:
            return self._latest()
        return self._after_hold()

    def _after_hold(self) -> datetime:
        try:
            at = next_patch_day(self._s.patch_day, self._s.zone, max(self._base, self._s.now))
        except (ValueError, OverflowError):  # the last month of the calendar
            at = _END
        return at if self._is_legal(at) else self._latest()

    def _latest(self) -> datetime:
        """The last full minute that is allowed; of a very short embargo the last second."""
        latest = _plus(self._base, self._s.max_embargo).replace(microsecond=0)
        minute = latest.replace(second=0)
        return minute if self._is_legal(minute) else latest

    def _unsaid_embargo(self, holds: list[Line]) -> tuple[datetime | None, str | None]:
        """No Embargo-Until: what stands (in a reply), the list's default, or a question."""
        if self._s.is_reply:
            stands = self._s.embargo_until
            problem = self._illegal(stands) if holds and stands is not None else None
            if problem is None or stands is None:
                return None, None
            at = self._after_hold() if stands <= self._base else self._latest()
            why = f"the public date that stands is {as_value(stands)}: {problem.why}"
            self._complain(Complaint(holds[0].said, why, problem.readings))
            return at, as_value(at)
        if self._s.default_embargo:
            at = self._default()
            if self._is_legal(at):
                return at, None
        at = self._after_hold()
        why = f"there is no Embargo-Until: a disclosure says when it is public. {as_value(at)} below is a proposal"
        self._complain(Complaint("", why, (Reading(as_value(at), at, "a proposal"),)))
        return at, as_value(at)

    def _default(self) -> datetime:
        if self._s.default_embargo == "patch-day":
            return self._after_hold()
        return _plus(self._base, parse_duration(self._s.default_embargo))

    def _instant(self, line: Line) -> Read:
        """The value as an instant; where prose ran into it, its first line is a reading."""
        read = self._read(line.value)
        if isinstance(read, Unclear) and line.first != line.value:
            alone = self._read(line.first)
            if isinstance(alone, Instant):
                return Unclear(_SWALLOWED, (Reading(as_value(alone.at), alone.at, "without the lines below it"),))
            if isinstance(alone, Unclear) and (alone.readings or alone.past):
                return alone
        return read

    def _read(self, text: str) -> Read:
        return read_instant(text, now=self._s.now, zone=self._s.zone, patch_day=self._s.patch_day)


def _meant(read: Read) -> list[datetime]:
    if isinstance(read, Instant):
        return [read.at]
    return [reading.at for reading in read.readings] if isinstance(read, Unclear) else []


def _agree(reads: list[Read]) -> bool:
    """Whether all say the same."""
    return len({read.at if isinstance(read, Instant) else type(read).__name__ for read in reads}) == 1


def _plus(at: datetime, span: timedelta) -> datetime:
    try:
        return at + span
    except OverflowError:
        return _END


def _next_year(past: datetime, now: datetime) -> datetime | None:
    """The same date, the first time that it comes again."""
    for year in (now.year, now.year + 1):
        try:
            again = past.replace(year=year)
        except ValueError:  # 29 February
            continue
        if again > now:
            return again
    return None


def _span(span: timedelta) -> str:
    days, hours = span.days, round(span.seconds / 3600, 1)
    return f"{days} days" if days else f"{hours:g} hours"
