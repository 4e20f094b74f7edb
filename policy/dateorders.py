"""The two dates of a disclosure, read together: when members get it, and when it is public.

Rules (STATES rows 1, 5 and 10a): now <= hold < public date, and public date - hold <= ``max_embargo``;
an earlier date for what members have gives notice. Counted is from the hold; without one, from when
the disclosure went out or goes out at the earliest. In doubt the later hold is proposed, and the
earliest public date that is possible after it; where there is none, the next patch day. A hold that
can't be read at all is never replaced by a guess. Only what is possible is offered; of any other
reading it is said why it is not.
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
    is_patch_day,
    parse_duration,
    read_instant,
)
from policy.spans import span_in_words
from policy.surroundings import Surroundings

_END = datetime.max.replace(tzinfo=UTC, microsecond=0)
_DAY = timedelta(days=1)
_MINUTE, _SLACK = timedelta(minutes=1), timedelta(hours=1)  # of a notice: time to answer
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
        self._calendar = surroundings.calendar
        self._base = surroundings.hold_until or self._not_before(surroundings.now)
        self._offered: datetime | None = None  # a hold that nobody wrote

    def read(self, holds: list[Line], embargoes: list[Line]) -> Dates:
        hold_reads = [self._instant(line, self._read) for line in holds]
        clear = [read.at for read in self._read_embargoes(embargoes) if isinstance(read, Instant)]
        hold, hold_fixed = self._hold(holds, hold_reads, clear[0] if clear else None)
        if hold is not None:
            self._base = self._not_before(hold.at if isinstance(hold, Instant) else self._s.now)
        wrong: list[Complaint] = []
        embargo, embargo_fixed = self._embargo(embargoes, self._read_embargoes(embargoes), wrong)
        if not embargoes:
            embargo, embargo_fixed = self._unsaid_embargo(holds, wrong)
        self._complain_of_holds(holds, hold_reads, embargo)
        for complaint in wrong:
            self._complain(complaint)
        return Dates(
            hold_until=hold.at if isinstance(hold, Instant) else None,
            hold_now=isinstance(hold, Now),
            embargo_until=embargo,
            hold_fixed=hold_fixed,
            embargo_fixed=embargo_fixed,
        )

    def _not_before(self, at: datetime) -> datetime:
        """When members get it at the earliest: nothing goes out before the grace is over."""
        return max(at, _plus(self._s.now, self._s.release_grace))

    # --- the hold -----------------------------------------------------------------------------------

    def _hold(
        self, lines: list[Line], reads: list[Read], embargo: datetime | None
    ) -> tuple[Instant | Now | None, str | None]:
        if not lines:
            return None, None
        first = reads[0]
        if not isinstance(first, Unclear) and _agree(reads):
            return first, lines[0].value
        return self._later_hold(reads, embargo)

    def _complain_of_holds(self, lines: list[Line], reads: list[Read], embargo: datetime | None) -> None:
        """What is wrong with each hold; offered are those that fit the public date below."""
        public = embargo or self._s.embargo_until
        for line, read in zip(lines, reads, strict=True):
            if isinstance(read, Unclear):
                fitting = tuple(one for one in read.readings if self._fits(one.at, public))
                why = self._why_hold(read)
                if others := [one.value for one in read.readings if one not in fitting]:
                    why += f"; {', '.join(others)} does not go with the public date"
                self._complain(Complaint(line.said, why, fitting))
        if lines and not any(isinstance(read, Unclear) for read in reads) and not _agree(reads):
            self._complain(Complaint(lines[-1].said, "Hold-Until stands there twice and says two things"))

    def _fits(self, hold: datetime, public: datetime | None) -> bool:
        if public is None:
            return True
        start = self._not_before(hold)
        return start < public <= _plus(start, self._s.max_embargo)

    def _why_hold(self, read: Unclear) -> str:
        at = self._next_time(read.past) if read.past else self._offered
        if read.readings or at is None:
            return read.why
        proposal = as_value(at)
        return f"{read.why}. The block below says {proposal} instead: that is a proposal, not a reading"

    def _later_hold(self, reads: list[Read], embargo: datetime | None) -> tuple[Instant | Now | None, str | None]:
        """The latest that may be meant, if possible before the public date."""
        options = [at for read in reads for at in _meant(read)]
        options += [self._next_time(read.past) for read in reads if isinstance(read, Unclear) and read.past]
        if not options:
            self._offered = self._some_hold(embargo or self._s.embargo_until)
            options = [self._offered]
        before = [at for at in options if embargo is None or at < embargo]
        at = max(before or options)
        return Instant(at, as_value(at)), as_value(at)

    def _some_hold(self, public: datetime | None) -> datetime:
        """For one that says nothing, as without any hold it would go out now: late rather than early."""
        if public is None:
            return _plus(self._s.now.replace(minute=0, second=0, microsecond=0), _DAY + _SLACK)
        left = public - self._s.now
        at = (public - _DAY if left > 2 * _DAY else self._s.now + left / 2).replace(microsecond=0)
        return at if at > self._s.now else _plus(self._s.now.replace(second=0, microsecond=0), _MINUTE)

    def _next_time(self, past: datetime) -> datetime:
        """The same time of day, as soon as it comes again."""
        now = self._s.now.astimezone(UTC)
        at = datetime.combine(now.date(), past.astimezone(UTC).timetz())
        return at if at > now else at + timedelta(days=1)

    # --- the public date ----------------------------------------------------------------------------

    def _read_embargoes(self, lines: list[Line]) -> list[Read]:
        return [self._instant(line, self._read_public) for line in lines]

    def _embargo(
        self, lines: list[Line], reads: list[Read], wrong: list[Complaint]
    ) -> tuple[datetime | None, str | None]:
        if not lines:
            return None, None
        problems = [self._judge(read) for read in reads]
        first = reads[0]
        if not any(problems) and isinstance(first, Instant) and _agree(reads):
            return first.at, lines[0].value
        for line, problem in zip(lines, problems, strict=True):
            if problem is not None:
                wrong.append(Complaint(line.said, problem.why, problem.readings))
        if not any(problems):
            wrong.append(Complaint(lines[-1].said, "Embargo-Until stands there twice and says two things"))
        at = self._proposal(reads)
        return at, as_value(at) if at is not None else None

    def _judge(self, read: Read) -> Unclear | None:
        """What is wrong with one public date, or None."""
        match read:
            case Now():
                return Unclear("a public date lies ahead; to end the embargo at once write `Lift: now` in a reply")
            case Unclear():
                return self._possible(read)
            case Instant():
                return self._illegal(read.at)

    def _possible(self, read: Unclear) -> Unclear:
        """An unclear date with those of its readings that are possible; of the others it is said why not."""
        why = read.why
        for at, value in ((one.at, one.value) for one in read.readings):
            fault = self._fault(at)
            why += f"; {value} is {fault}" if fault else ""
        possible = tuple(one for one in read.readings if self._is_legal(one.at))
        proposal = self._proposal([read])
        if not possible and proposal is not None:
            why += f". The block below says {as_value(proposal)} instead: that is a proposal, not a reading"
        return Unclear(why, possible, read.past)

    def _illegal(self, at: datetime) -> Unclear | None:
        fault = self._fault(at)
        if not fault:
            return None
        if self._is_barred(at):
            return Unclear(f"it is {fault}")
        told = ""
        if self._is_short(at) and self._is_legal(self._with_notice()):
            proposal, note = self._with_notice(), "the earliest date with that notice, and some time to answer"
        elif at > self._base:
            proposal, note = self._latest(), "the latest date that this list allows"
            told = f"; the latest is {as_value(proposal)}"
        else:
            proposal, note = self._after_hold(), "a proposal, after members got it"
        if not self._is_legal(proposal):
            return Unclear(f"it is {fault}, and no other date is possible now")
        fault += told
        return Unclear(f"it is {fault}", (Reading(as_value(proposal), proposal, note),))

    def _fault(self, at: datetime) -> str:
        """Why a public date is not possible; "" where it is."""
        if self._is_short(at):
            notice = span_in_words(self._s.min_notice)
            return f"earlier than the date that stands, and that needs more notice than that: {notice}"
        if self._is_barred(at):
            return "later than the date that stands, and attacks are seen, so it can't be a later one"
        if max(self._base, self._s.now) < at <= _plus(self._base, self._s.max_embargo):
            return ""
        if at > self._base:
            return f"more than {span_in_words(self._s.max_embargo)} after members get it"
        return f"not after {as_value(self._base)}, when members get it"

    def _is_legal(self, at: datetime) -> bool:
        return not self._fault(at)

    def _is_short(self, at: datetime) -> bool:
        """Whether members, who have it, would learn too late of an earlier date."""
        stands, soonest = self._s.embargo_until, _plus(self._s.now, self._s.min_notice)
        return bool(self._s.min_notice) and stands is not None and at < min(stands, soonest)

    def _is_barred(self, at: datetime) -> bool:
        """Whether it is a later date although attacks are seen (row 10a)."""
        return self._s.no_later is not None and at > self._s.no_later

    def _with_notice(self) -> datetime:
        """An earlier date that still has its notice when the answer comes; or the one that stands."""
        soonest = _plus(self._s.now, self._s.min_notice + _SLACK)
        at = _plus(soonest.replace(second=0, microsecond=0), _MINUTE)
        return min(at, self._s.embargo_until or at)

    def _proposal(self, reads: list[Read]) -> datetime | None:
        """The earliest possible reading; else the date of the next year, what is offered instead, or a patch day.

        None: the date that stands had better stay, as attacks are seen.
        """
        options = sorted(at for read in reads for at in _meant(read))
        legal = [at for at in options if self._is_legal(at)]
        if legal:
            return legal[0]
        for read in reads:
            if isinstance(read, Unclear) and read.past is not None:
                again = _next_year(read.past, self._s.now)
                if again is not None and self._is_legal(again):
                    return again
        problem = self._illegal(options[0]) if options else None
        if problem and problem.readings:
            return problem.readings[0].at
        return self._after_hold() if self._s.no_later is None else None

    def _after_hold(self) -> datetime:
        try:
            at = self._calendar.patch_day_after(self._base, self._s.now)
        except (ValueError, OverflowError):  # the last month of the calendar
            at = _END
        return at if self._is_legal(at) else self._latest()

    def _latest(self) -> datetime:
        """The latest date that is allowed, in the list's hours where there is such a one."""
        limit = self._limit()
        at = self._calendar.latest(limit, after=max(self._base, self._s.now))
        return at if self._is_legal(at) else limit

    def _limit(self) -> datetime:
        """The last full minute that is allowed; of a very short embargo the last second."""
        latest = _plus(self._base, self._s.max_embargo).replace(microsecond=0)
        minute = latest.replace(second=0)
        return minute if self._is_legal(minute) else latest

    def _unsaid_embargo(self, holds: list[Line], wrong: list[Complaint]) -> tuple[datetime | None, str | None]:
        """No Embargo-Until: what stands (in a reply), the list's default, or a question."""
        if self._s.is_reply:
            stands = self._s.embargo_until
            problem = self._illegal(stands) if holds and stands is not None else None
            if problem is None or stands is None:
                return None, None
            at = self._after_hold() if stands <= self._base else self._latest()
            if not self._is_legal(at):
                return None, None  # no date mends that hold: it is judged as it stands
            why = f"the public date that stands is {as_value(stands)}: {problem.why}"
            wrong.append(Complaint("Embargo-Until:", why, problem.readings))
            return at, as_value(at)
        if self._s.default_embargo:
            at = self._default()
            if self._is_legal(at):
                return at, None
        at = self._after_hold()
        why = f"there is no Embargo-Until: a disclosure says when it is public. {as_value(at)} below is a proposal"
        wrong.append(Complaint("", why, (Reading(as_value(at), at, "a proposal"),)))
        return at, as_value(at)

    def _default(self) -> datetime:
        if self._s.default_embargo == "patch-day":
            return self._after_hold()
        return _plus(self._base, parse_duration(self._s.default_embargo))

    def _instant(self, line: Line, how: Callable[[str], Read]) -> Read:
        """The value as an instant; where prose ran into it, its first line is a reading."""
        read = how(line.value)
        if isinstance(read, Unclear) and line.first != line.value:
            alone = how(line.first)
            if isinstance(alone, Instant):
                return Unclear(_SWALLOWED, (Reading(as_value(alone.at), alone.at, "without the lines below it"),))
            if isinstance(alone, Unclear) and (alone.readings or alone.past):
                return alone
        return read

    def _read_public(self, text: str) -> Read:
        """A public date: as any other instant, but ``patch-day`` leaves members the list's lead."""
        if not is_patch_day(text):
            return self._read(text)
        try:
            return Instant(self._calendar.patch_day_after(self._base, self._s.now), text)
        except (ValueError, OverflowError):  # the last month of the calendar
            return Unclear("there is no such date")

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
