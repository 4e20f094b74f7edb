"""The states of a disclosure and what moves it, as one table.

Rules: nothing is released before its hold or at or after its date (law 3); once members have it, only
a coordinator's signed word, or the operator's act, changes its date; a lift has a cause; whoever got it
stays bound until the lift. ``docs/states.md`` is held against ``ROWS`` by a test.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from policy.calendars import Calendar
from policy.facts import Disclosure, State
from policy.upstream import holding


class Event(StrEnum):
    """What can happen to a disclosure."""

    POST = "post"
    POST_UNAPPROVED = "post-unapproved"
    APPROVE = "approve"
    NEW_DATE = "new-date"
    DATE_ASKED = "date-asked"
    VOTE = "vote"
    DATE_AGREED = "date-agreed"
    DATE_STANDS = "date-stands"
    HOLD_OVER = "hold-over"
    STOP = "stop"
    GO = "go"
    DATE_PASSED = "date-passed"
    CHANGE = "change"
    WITHDRAW = "withdraw"
    FOLLOW_UP = "follow-up"
    DATE_REACHED = "date-reached"
    LIFT_ASKED = "lift-asked"
    LIFT_NOW = "lift-now"
    SEND_AND_LIFT = "send-and-lift"
    PUBLISH = "publish"
    FACT_PUBLIC = "fact-public"
    FACT_ATTACKS = "fact-attacks"
    UPSTREAM = "upstream"
    LEAK = "leak"
    CLOSE = "close"


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the table: in ``source``, ``event`` leads to ``target``."""

    number: str
    source: State | None
    event: Event
    target: State


ROWS: tuple[Row, ...] = (
    Row("1", None, Event.POST, State.HELD),
    Row("1", None, Event.POST_UNAPPROVED, State.PENDING),
    Row("2", State.PENDING, Event.APPROVE, State.HELD),
    Row("2", State.PENDING, Event.NEW_DATE, State.HELD),
    Row("3", State.HELD, Event.HOLD_OVER, State.EMBARGOED),
    Row("3a", State.HELD, Event.STOP, State.HELD),
    Row("3a", State.PENDING, Event.STOP, State.PENDING),
    Row("3a", State.HELD, Event.GO, State.HELD),
    Row("4", State.HELD, Event.DATE_PASSED, State.PENDING),
    Row("5", State.HELD, Event.NEW_DATE, State.HELD),
    Row("5", State.HELD, Event.CHANGE, State.HELD),
    Row("5", State.PENDING, Event.CHANGE, State.PENDING),
    Row("5", State.HELD, Event.WITHDRAW, State.WITHDRAWN),
    Row("5", State.PENDING, Event.WITHDRAW, State.WITHDRAWN),
    Row("5a", State.EMBARGOED, Event.WITHDRAW, State.WITHDRAWN),
    Row("6", State.HELD, Event.FOLLOW_UP, State.HELD),
    Row("6", State.PENDING, Event.FOLLOW_UP, State.PENDING),
    Row("6", State.EMBARGOED, Event.FOLLOW_UP, State.EMBARGOED),
    Row("6", State.LIFTED, Event.FOLLOW_UP, State.LIFTED),
    Row("6", State.EMBARGOED, Event.CHANGE, State.EMBARGOED),
    Row("7", State.EMBARGOED, Event.DATE_ASKED, State.EMBARGOED),
    Row("9", State.EMBARGOED, Event.VOTE, State.EMBARGOED),
    Row("10", State.EMBARGOED, Event.DATE_AGREED, State.EMBARGOED),
    Row("10a", State.EMBARGOED, Event.NEW_DATE, State.EMBARGOED),
    Row("11", State.EMBARGOED, Event.DATE_STANDS, State.EMBARGOED),
    Row("12", State.EMBARGOED, Event.DATE_REACHED, State.LIFTED),
    Row("12", State.EMBARGOED, Event.LIFT_ASKED, State.EMBARGOED),
    Row("12", State.PENDING, Event.UPSTREAM, State.PENDING),
    Row("12", State.HELD, Event.UPSTREAM, State.HELD),
    Row("12", State.EMBARGOED, Event.UPSTREAM, State.EMBARGOED),
    Row("12", State.LIFTED, Event.UPSTREAM, State.LIFTED),
    Row("13", State.EMBARGOED, Event.LIFT_NOW, State.LIFTED),
    Row("13", State.HELD, Event.SEND_AND_LIFT, State.LIFTED),
    Row("13", State.LIFTED, Event.PUBLISH, State.LIFTED),
    Row("14", State.PENDING, Event.FACT_PUBLIC, State.LIFTED),
    Row("14", State.HELD, Event.FACT_PUBLIC, State.LIFTED),
    Row("14", State.EMBARGOED, Event.FACT_PUBLIC, State.LIFTED),
    Row("15", State.PENDING, Event.FACT_ATTACKS, State.PENDING),
    Row("15", State.HELD, Event.FACT_ATTACKS, State.HELD),
    Row("15", State.EMBARGOED, Event.FACT_ATTACKS, State.EMBARGOED),
    Row("16", State.PENDING, Event.LEAK, State.PENDING),
    Row("16", State.HELD, Event.LEAK, State.HELD),
    Row("16", State.EMBARGOED, Event.LEAK, State.EMBARGOED),
    Row("16", State.LIFTED, Event.LEAK, State.LIFTED),
    Row("16", State.CLOSED, Event.LEAK, State.LIFTED),
    Row("16", State.WITHDRAWN, Event.LEAK, State.WITHDRAWN),
    Row("19", State.LIFTED, Event.CLOSE, State.CLOSED),
)

_TABLE = {(row.source, row.event): row for row in ROWS}


@dataclass(frozen=True, slots=True)
class Refusal:
    """What was asked for can't be: ``why`` is a sentence for the person who asked."""

    why: str


def move(source: State | None, event: Event) -> State | Refusal:
    """The state that ``event`` leads to, or why it leads nowhere."""
    row = _TABLE.get((source, event))
    if row is not None:
        return row.target
    why = _REFUSALS.get(event, "that is not possible now")
    if event is Event.LIFT_NOW and source in {State.LIFTED, State.CLOSED, State.WITHDRAWN}:
        why = "there is no embargo to lift any more"
    return Refusal(f"{why} (it is {source})")


_REFUSALS: dict[Event, str] = {
    Event.APPROVE: "there is nothing to approve",
    Event.NEW_DATE: "its embargo is over, so its date can't change any more",
    Event.DATE_ASKED: "its embargo is over, so its date can't change any more",
    Event.VOTE: "the embargo is over, and what was proposed with it",
    Event.STOP: "there is no release to stop any more",
    Event.GO: "there is no release to let go",
    Event.CHANGE: "it is over, so nothing of it can change",
    Event.WITHDRAW: "it can't be withdrawn any more",
    Event.FOLLOW_UP: "it is over, so nothing can be added",
    Event.UPSTREAM: "it is over, and no upstream's embargo matters to it any more",
    Event.LIFT_NOW: "there is no embargo to lift: members don't have it. Use `Withdraw:` to call it off, "
    "`Hold-Until: now` to send it, or `Send: now` beside the lift to do both",
    Event.CLOSE: "only what is lifted can be closed",
    Event.SEND_AND_LIFT: "only what is held can be sent and lifted in one step",
}


_UNITS = {"d": 86_400, "h": 3600, "m": 60, "s": 1}  # of a length of time


@dataclass(frozen=True, slots=True)
class Rules:
    """What a list's configuration says about dates."""

    zone: str
    release_grace: timedelta
    max_embargo: timedelta
    min_notice: timedelta
    preferred_embargo: timedelta | None = None  # a longer one is warned of
    calendar: Calendar = field(default_factory=Calendar)


def effective_hold(asked: datetime | None, rules: Rules, now: datetime) -> datetime:
    """The moment before which members get nothing: the hold asked for, but never before the grace is over."""
    return max(asked or now, now + rules.release_grace)


def example_date(rules: Rules, now: datetime) -> str:
    """A new public date that the list takes, as a value: its patch day, or its longest time where that is far off."""
    start = effective_hold(None, rules, now)
    if rules.calendar.patch_day_after(start, now) - start <= rules.max_embargo:
        return "patch-day"
    seconds = int(rules.max_embargo.total_seconds())
    return next(f"+{seconds // unit}{word}" for word, unit in _UNITS.items() if seconds % unit == 0)


def judge_dates(hold: datetime, embargo: datetime, rules: Rules, now: datetime) -> Refusal | None:
    """Row 1's guard: now <= H < T and T - H <= max_embargo."""
    if embargo <= now:
        return Refusal("the public date has gone by")
    if embargo <= hold:
        return Refusal("the public date is not after the moment at which members get it")
    if embargo - hold > rules.max_embargo:
        return Refusal("the embargo would be longer than this list allows")
    return None


def approve(disclosure: Disclosure, approver: int, rules: Rules, now: datetime) -> Disclosure | Refusal:
    """Row 2: a second coordinator, never the poster, lets a post that waits for approval be held; judged as in row 1.

    A hold that went by while it waited ends after the grace, so that whoever has the stop code has time.
    """
    target = move(disclosure.state, Event.APPROVE)
    if isinstance(target, Refusal):
        return target
    if not disclosure.unapproved:
        return Refusal("it waits for a new public date, not for an approval; send one with `Embargo-Until:`")
    if approver == disclosure.posted_by:
        return Refusal("a second coordinator approves, not the one who posted it")
    hold = max(disclosure.hold_until, effective_hold(None, rules, now))
    refused = judge_dates(hold, disclosure.embargo_until, rules, now)
    if refused is not None:
        return Refusal(f"{refused.why}; a new `Embargo-Until:` first")
    return replace(disclosure, state=target, unapproved=False, hold_until=hold)


def judge_sending(disclosure: Disclosure, now: datetime) -> State | Refusal:
    """Row 13 for what is held, or pending: sent and lifted in one step; but nothing at or after its date (row 4)."""
    if disclosure.unapproved:
        why = _REFUSALS[Event.SEND_AND_LIFT]
        return Refusal(f"{why}; first another coordinator approves it, `Approve: {disclosure.id}`")
    if now >= disclosure.embargo_until:
        return Refusal("its public date has gone by, and nothing is sent under it; first a new `Embargo-Until:`")
    return move(disclosure.state, Event.SEND_AND_LIFT)


def is_barred(disclosure: Disclosure) -> bool:
    """Whether attacks are seen of what members have, so that its date moves to no later one (rows 7 and 10a)."""
    return disclosure.state is State.EMBARGOED and disclosure.fact_attacks_at is not None


def judge_new_date(disclosure: Disclosure, embargo: datetime, rules: Rules, now: datetime) -> Refusal | None:
    """Row 10a's guard: now < T' <= R + max_embargo; not (A and T' > T); an earlier one not before now + min_notice."""
    released = disclosure.released_at or disclosure.hold_until
    if embargo <= now:
        return Refusal("the public date has gone by")
    if embargo > released + rules.max_embargo:
        return Refusal("the embargo would be longer than this list allows")
    if is_barred(disclosure) and embargo > disclosure.embargo_until:
        return Refusal("attacks are seen, so the public date can't be a later one")
    if embargo < disclosure.embargo_until and embargo < now + rules.min_notice:
        return Refusal("an earlier public date needs more notice than that on this list")
    return None


def due(disclosure: Disclosure, now: datetime, *, by_clock: bool = True) -> Event | None:
    """What the clock does to it at ``now``; asking twice, late or after a restart gives the same answer once.

    A date gone by while it was held comes first: nothing is sent under a stale date (row 4). Without
    ``by_clock`` the date lifts nothing: a coordinator is asked to (row 12). Neither happens while an
    upstream's embargo holds.
    """
    if disclosure.state is State.HELD:
        if now >= disclosure.embargo_until:
            return Event.DATE_PASSED
        if now >= disclosure.hold_until and not disclosure.stopped:
            return Event.HOLD_OVER
    if disclosure.state is State.EMBARGOED and now >= disclosure.embargo_until and not holding(disclosure):
        return Event.DATE_REACHED if by_clock else Event.LIFT_ASKED
    return None


@dataclass(frozen=True, slots=True)
class Remarks:
    """What a list would rather have of a public date that it accepts."""

    preferred: datetime | None = None  # the latest that it prefers, where the date is later
    lead: datetime | None = None  # the earliest that leaves members the list's lead, where the date is earlier
    skipped: tuple[datetime, ...] = ()  # patch days before it that left members too little time
    objection: str = ""  # why it does not suit the calendar
    before: datetime | None = None  # the nearest that does
    after: datetime | None = None

    def __bool__(self) -> bool:
        """Whether there is anything to say."""
        return bool(self.preferred or self.lead or self.skipped or self.objection)


def remarks(disclosure: Disclosure, rules: Rules, now: datetime) -> Remarks:
    """Hold an accepted public date against what the list prefers; what it offers instead would be accepted."""
    start, public = disclosure.released_at or disclosure.hold_until, disclosure.embargo_until
    calendar = rules.calendar
    preferred = start + rules.preferred_embargo if rules.preferred_embargo is not None else None
    lead = start + calendar.min_lead
    objection = calendar.objection(public)
    soonest = max(start, now + rules.min_notice) if disclosure.state is State.EMBARGOED else max(start, now)
    until = public if is_barred(disclosure) else start + rules.max_embargo
    before, after = calendar.nearest(public, after=soonest, until=until) if objection else (None, None)
    return Remarks(
        preferred=preferred if preferred is not None and public > preferred else None,
        lead=lead if public < lead else None,
        skipped=calendar.skipped_before(public, start),
        objection=objection,
        before=before,
        after=after,
    )
