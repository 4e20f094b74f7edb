"""What a coordinator's control lines do to a disclosure: planned whole before anything is changed.

Rules: a post has a public date and a scope, said or by the list's default; whatever can't be done
is told line by line, with a block that can; nothing is half done.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from policy import upstream
from policy.audience import is_unsent
from policy.disclosure import Event, Refusal, Rules, effective_hold, judge_dates, judge_new_date, judge_sending, move
from policy.facts import Disclosure, State, Upstream
from policy.instants import Reading, is_patch_day, parse_duration
from policy.offers import without
from policy.orders import Complaint, Order, scope_text

_MINUTE, _SLACK = timedelta(minutes=1), timedelta(hours=1)  # of a notice: time to answer


@dataclass(frozen=True, slots=True)
class Defaults:
    """What the list says where a post says nothing."""

    scope: str  # "" = every post names it
    embargo: str  # "" = every post names it; or a duration or "patch-day"
    tlp: str


@dataclass(frozen=True, slots=True)
class Faults:
    """Nothing was done: why, and the block to paste back."""

    complaints: tuple[Complaint, ...]
    corrected: str


@dataclass(frozen=True, slots=True)
class PostPlan:
    """A new disclosure's instants, scope and label."""

    hold_until: datetime
    embargo_until: datetime
    scope: str
    tlp: str
    upstreams: tuple[Upstream, ...] = ()


@dataclass(frozen=True, slots=True)
class SteerPlan:
    """What a reply changes: the disclosure as it will be, and the events on the way (rows of the table)."""

    after: Disclosure
    events: tuple[Event, ...] = ()

    def has(self, event: Event) -> bool:
        """Whether an event is part of it."""
        return event in self.events


def instant_value(at: datetime) -> str:
    """An instant as it is pasted into a control line."""
    return at.strftime("%Y-%m-%d %H:%M:%S UTC" if at.second else "%Y-%m-%d %H:%M UTC")


def with_line(block: str, name: str, value: str) -> str:
    """A corrected block with one line set: replaced where it stands, else added."""
    lines = [line for line in block.splitlines() if line.strip()]
    kept = [line for line in lines if line.partition(":")[0].strip().casefold() != name.casefold()]
    return "\n".join([*kept, f"{name}: {value}"]) + "\n"


def plan_post(order: Order, rules: Rules, defaults: Defaults, now: datetime) -> PostPlan | Faults:
    """Plan a new disclosure (row 1), or say what is missing or impossible."""
    complaints: list[Complaint] = []
    corrected = order.corrected
    upstreams = upstream.apply((), State.PENDING, order.upstreams, order.shares, now)
    if isinstance(upstreams, str):
        return Faults((Complaint("Upstream:", upstreams),), corrected)
    for name, is_there in (("Lift", order.lift_now), ("Withdraw", order.withdraw is not None)):
        if is_there:
            complaints.append(Complaint(f"{name}:", "there is no disclosure yet that it could end", ()))
            corrected = without(corrected, name)
    hold = effective_hold(order.hold_until, rules, now)
    embargo = order.embargo_until or default_embargo(defaults, rules, hold, now)
    if embargo is None:
        reading = _proposed_date(hold, rules, now)
        complaints.append(Complaint("Embargo-Until:", "a disclosure needs its public date", (reading,)))
        corrected = with_line(corrected, "Embargo-Until", reading.value)
        embargo = reading.at
    elif (refusal := judge_dates(hold, embargo, rules, now)) is not None:
        reading = _proposed_date(hold, rules, now)
        complaints.append(Complaint("Embargo-Until:", refusal.why, (reading,)))
        corrected = with_line(corrected, "Embargo-Until", reading.value)
    scope = scope_text(order.scope) if order.scope else defaults.scope
    if not scope:
        complaints.append(Complaint("Scope:", "on this list every disclosure names who needs to know", ()))
        corrected = with_line(corrected, "Scope", "all")
    if complaints:
        return Faults(tuple(complaints), corrected)
    return PostPlan(hold, embargo, scope, order.tlp or defaults.tlp, upstreams)


def default_embargo(defaults: Defaults, rules: Rules, hold: datetime, now: datetime) -> datetime | None:
    """The list's own public date for a post without one, counted from its hold; None where each has to name it."""
    if not defaults.embargo:
        return None
    if is_patch_day(defaults.embargo):
        return rules.calendar.patch_day_after(hold, now)
    span: timedelta = parse_duration(defaults.embargo)
    return hold + span


def _proposed_date(hold: datetime, rules: Rules, now: datetime) -> Reading:
    """A date that is accepted: the next patch day after the hold, or the latest date allowed."""
    patch_day = rules.calendar.patch_day_after(hold, now)
    latest = _latest(hold, rules)
    if patch_day > latest:
        return Reading(instant_value(latest), latest, "the latest date that this list allows")
    return Reading(instant_value(patch_day), patch_day, "a proposal: the next patch day")


def _latest(start: datetime, rules: Rules) -> datetime:
    """The latest date allowed for what members get at ``start``, in the list's hours where there is such a one."""
    limit = (start + rules.max_embargo).replace(second=0, microsecond=0)
    return rules.calendar.latest(limit, after=start)


def plan_steering(order: Order, disclosure: Disclosure, rules: Rules, now: datetime) -> SteerPlan | Faults:
    """Plan what a coordinator's reply changes (rows 2, 5, 5a, 10a, 12, 13), or say what can't be done."""
    upstreams = upstream.apply(disclosure.upstreams, disclosure.state, order.upstreams, order.shares, now)
    if isinstance(upstreams, str):
        return Faults((Complaint("Upstream:", upstreams),), order.corrected)
    after = replace(disclosure, upstreams=upstreams, detailed=upstream.still_detailed(disclosure, upstreams))
    events = [Event.UPSTREAM] if order.upstreams or order.shares else []
    if order.withdraw is not None or order.lift_now:
        return _plan_end(order, after, events, now)
    return _plan_changes(order, disclosure, after, events, rules, now)


def _plan_changes(
    order: Order, disclosure: Disclosure, after: Disclosure, events: list[Event], rules: Rules, now: datetime
) -> SteerPlan | Faults:
    if order.hold_until is not None or order.hold_now:
        refused = _hold_refused(disclosure)
        if refused:
            return Faults((Complaint("Hold-Until:", refused, ()),), without(order.corrected, "Hold-Until"))
        asked = None if order.hold_now else order.hold_until
        after = replace(after, hold_until=effective_hold(asked, rules, now), stopped=False)
        events.append(Event.CHANGE)
    if order.embargo_until is not None and order.embargo_until != disclosure.embargo_until:
        after = replace(after, embargo_until=order.embargo_until)
        # A date moves no post on that waits for approval (row 2 has two ways out, each for its own reason).
        events.append(Event.CHANGE if disclosure.unapproved else Event.NEW_DATE)
    if order.scope is not None:
        after = replace(after, scope=scope_text(order.scope))
        events.append(Event.CHANGE)
    if order.tlp:
        after = replace(after, tlp=order.tlp)
    if disclosure.state is State.LIFTED and order.public_notice is not None:
        waits = upstream.why_not_yet(after)
        if waits is not None:
            return Faults((Complaint("Public-Notice:", waits),), without(order.corrected, "Public-Notice"))
        events.append(Event.PUBLISH)
    if changes_particulars(order) or order.tlp or (order.public_notice and Event.PUBLISH not in events):
        events.append(Event.CHANGE)
    return _checked(order, disclosure, after, tuple(dict.fromkeys(events)), rules, now)


def changes_particulars(order: Order) -> bool:
    """Whether the order changes what the banner says, or what is withheld from whom."""
    return bool(order.restrict or order.cve or order.refs or order.permit or order.mechanics)


def _hold_refused(disclosure: Disclosure) -> str | None:
    if disclosure.state in {State.HELD, State.PENDING}:
        return None
    if disclosure.released_at is not None or disclosure.admitted is not None:
        return f"members have it already (it is {disclosure.state}), so there is no hold to change"
    way = (
        "; to send them a text now, answer with `Send-To: audience` and the text below" if is_unsent(disclosure) else ""
    )
    return f"members never got it, and it is {disclosure.state}, so there is no hold to change{way}"


def _plan_end(order: Order, disclosure: Disclosure, events: list[Event], now: datetime) -> SteerPlan | Faults:
    if order.withdraw is not None and order.lift_now:
        why = "an embargo is either lifted or withdrawn"
        return Faults((Complaint("Lift:", why, ()),), without(order.corrected, "Lift"))
    name, event = ("Lift", Event.LIFT_NOW) if order.lift_now else ("Withdraw", Event.WITHDRAW)
    if order.lift_now and order.send_now and disclosure.state in {State.HELD, State.PENDING}:
        event = Event.SEND_AND_LIFT
    if order.embargo_until or order.hold_until or order.hold_now or order.scope:
        why = "it ends the embargo, so dates and scope can't change with it"
        return Faults((Complaint(f"{name}:", why, ()),), f"{name}: {order.withdraw or 'now'}\n")
    target = judge_sending(disclosure, now) if event is Event.SEND_AND_LIFT else move(disclosure.state, event)
    if isinstance(target, Refusal):
        return Faults((Complaint(f"{name}:", target.why, ()),), without(order.corrected, name))
    waits = upstream.why_not_yet(disclosure) if order.lift_now else None
    if waits is not None:
        return Faults((Complaint("Lift: now", waits),), without(order.corrected, name))
    cause = (order.lift_cause or "other") if order.lift_now else disclosure.cause
    return SteerPlan(replace(disclosure, state=target, ended_at=now, cause=cause), (*events, event))


def _checked(
    order: Order,
    before: Disclosure,
    after: Disclosure,
    events: tuple[Event, ...],
    rules: Rules,
    now: datetime,
) -> SteerPlan | Faults:
    for event in events:
        target = move(before.state, event)
        if isinstance(target, Refusal):
            return Faults((Complaint("", target.why, ()),), "")
        if event is Event.NEW_DATE:
            after = replace(after, state=target)
    if before.state is State.PENDING and Event.NEW_DATE in events:
        after = replace(after, hold_until=max(after.hold_until, effective_hold(None, rules, now)))
    refusal = _dates_refused(before, after, events, rules, now)
    if refusal is None:
        return SteerPlan(after, events)
    says_hold = order.hold_until is not None or order.hold_now
    name = "Hold-Until" if says_hold and Event.NEW_DATE not in events else "Embargo-Until"
    complaint = Complaint(f"{name}:", refusal.why, ())
    if name == "Embargo-Until":
        start = after.released_at or after.hold_until
        for at in (_nearest_date(before, after, rules, now), _latest(start, rules)):
            # What is offered has to be accepted.
            if _dates_refused(before, replace(after, embargo_until=at), events, rules, now) is None:
                reading = Reading(instant_value(at), at, "the nearest date that this list allows")
                return Faults(
                    (replace(complaint, readings=(reading,)),), with_line(order.corrected, name, reading.value)
                )
    return Faults((complaint,), without(order.corrected, name))


def _nearest_date(before: Disclosure, after: Disclosure, rules: Rules, now: datetime) -> datetime:
    """What is offered for a public date that is refused; with time to answer where it is a matter of notice."""
    asked, start = after.embargo_until, after.released_at or max(after.hold_until, now)
    if before.state is State.EMBARGOED and asked < min(before.embargo_until, now + rules.min_notice):
        soonest = (now + rules.min_notice + _SLACK).replace(second=0, microsecond=0) + _MINUTE
        return min(soonest, before.embargo_until)
    return _latest(start, rules) if asked > start else _proposed_date(start, rules, now).at


def _dates_refused(
    before: Disclosure, after: Disclosure, events: tuple[Event, ...], rules: Rules, now: datetime
) -> Refusal | None:
    if before.state in {State.HELD, State.PENDING}:
        moved = after.hold_until != before.hold_until or after.embargo_until != before.embargo_until
        start = max(after.hold_until, now)  # what went by while it waited, or was stopped, ends now or later
        return judge_dates(start, after.embargo_until, rules, now) if moved else None
    if Event.NEW_DATE in events:
        return judge_new_date(before, after.embargo_until, rules, now)
    return None
