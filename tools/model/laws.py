"""What must hold, said in other words than the code's: numbers are the invariants of the specification.

A law is asked of each step: the position before, the step, the position after. It gives why it is
broken, or nothing. Where it can, it counts in whole instants and knows no function of ``policy/``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime

from policy import steering
from policy.disclosure import Event
from policy.facts import Disclosure, Standing, State, Upstream
from policy.knowledge import FactKind
from policy.release import Go
from policy.steering import Faults
from policy.upstream import UpstreamWord
from tools.model.acts import (
    CLOCK,
    COORDINATOR,
    NOBODY,
    OPEN,
    OPERATOR,
    RELAY,
    SENT,
    Approved,
    Ended,
    Known,
    Said,
)
from tools.model.search import Step
from tools.model.world import UNIT, Position, World

Law = Callable[[World, Position, Step[Position]], str | None]

ARROWS = {
    (None, State.HELD),
    (State.PENDING, State.HELD),
    (State.HELD, State.EMBARGOED),
    (State.HELD, State.PENDING),
    (State.EMBARGOED, State.LIFTED),
    (State.PENDING, State.WITHDRAWN),
    (State.HELD, State.WITHDRAWN),
    (State.EMBARGOED, State.WITHDRAWN),
    (State.CLOSED, State.LIFTED),
}
BY_TWO = {(None, State.PENDING)}
BY_FACTS = {(State.PENDING, State.LIFTED), (State.HELD, State.LIFTED)}  # rows 14, and 13 with `Send: now`
OUT = {State.EMBARGOED, State.LIFTED}
UNSEEN = {State.PENDING, State.HELD}


def _of(position: Position) -> Disclosure | None:
    return position.paper.value if position.paper else None


def _is_named(scope: str, member: int) -> bool:
    """The scopes of the small world, read by hand."""
    return scope == "all" or (scope == "org:North" and member == 0)


def arrows(world: World, before: Position, step: Step[Position]) -> str | None:
    """The state moves along the arrows of the specification, and no other way."""
    old, new = _of(before), _of(step.after)
    was, now = old and old.state, new and new.state
    allowed = (ARROWS - {(None, State.HELD)}) | BY_TWO if world.size.two else ARROWS
    allowed = allowed | BY_FACTS if world.size.facts else allowed
    return None if was == now or (was, now) in allowed else f"{was} -> {now}"


def nothing_before_the_hold(world: World, before: Position, step: Step[Position]) -> str | None:
    """5, 6 and row 3: a release comes at or after the hold, before the date, and not while stopped."""
    old, new = _of(before), _of(step.after)
    if old is None or new is None or old.state == new.state or new.released_at is None or old.released_at is not None:
        return None
    now = world.at(before.now)
    is_ordered = isinstance(step.facts, Said) and step.facts.order is not None and step.facts.order.send_now
    is_sent = is_ordered and new.state is State.LIFTED  # row 13: sent and lifted in one step, whatever the hold
    if not is_sent and (old.stopped or now < old.hold_until):
        return "released while held"
    return None if now < old.embargo_until else "released under a stale date"


def a_hold_is_what_was_asked(world: World, before: Position, step: Step[Position]) -> str | None:
    """3: whoever asks for a hold gets no earlier one, and never less than the grace to stop it."""
    old, new = _of(before), _of(step.after)
    grace = world.at(before.now) + world.rules.release_grace
    if isinstance(step.facts, Approved) and old is not None and new is not None:
        if new.hold_until < max(old.hold_until, grace):
            return "approved, and no grace to stop it, or an earlier hold than was asked for"
        return None
    if not isinstance(step.facts, Said) or step.facts.order is None or new is None:
        return None
    order = step.facts.order
    is_same = old is not None and new.hold_until == old.hold_until and not (order.hold_until or order.hold_now)
    is_held_anew = old is not None and (old.state, new.state) == (State.PENDING, State.HELD)  # row 2: judged again
    if is_same and not is_held_anew:
        return None
    if order.hold_until and new.hold_until < order.hold_until:
        return "an earlier hold than was asked for"
    return None if new.hold_until >= grace else "no grace to stop it"


def only_what_is_out_leaves(world: World, before: Position, step: Step[Position]) -> str | None:
    """2, 7, 24, 27 and 28: a copy goes to an active member, named, let in, by a good key, once members have it."""
    if step.who != RELAY or not isinstance(step.facts, tuple):
        return None
    member, verdict = step.facts
    found = _of(before)
    if step.after.copies[member] != SENT:
        return None
    if found is None or found.state not in OUT or found.released_at is None:
        return "content of what members do not have"
    if before.standings[member] is not Standing.ACTIVE:
        return "content to somebody suspended"
    if not _is_named(found.scope, member) or (4 + member) not in (found.admitted or ()):
        return "content to somebody outside"
    if not before.keys[member]:
        return "sealed to a key that is not good"
    return None if isinstance(verdict, Go) and len(verdict.fingerprints) == 1 else "sealed to other keys"


def nobody_is_skipped(world: World, before: Position, step: Step[Position]) -> str | None:
    """4: at the release every member who is active and named has a copy on its way, and nobody else."""
    if not (step.who == CLOCK and isinstance(step.facts, tuple) and Event.HOLD_OVER in step.facts):
        return None
    found = _of(step.after)
    if found is None:
        return "gone"
    for member, standing in enumerate(before.standings):
        is_in = standing is Standing.ACTIVE and _is_named(found.scope, member)
        if is_in != (step.after.copies[member] in OPEN):
            return f"member {member}: {'skipped' if is_in else 'not in the audience'}"
    return None


def nothing_waits_where_nothing_may_leave(world: World, before: Position, step: Step[Position]) -> str | None:
    """7: while nobody may have it no copy exists."""
    found = _of(step.after)
    return "a copy of what is held" if (found is None or found.state in UNSEEN) and any(step.after.copies) else None


def dates_in_order(world: World, before: Position, step: Step[Position]) -> str | None:
    """8: H <= R < T <= R + max; and held: H < T <= H + max."""
    found = _of(step.after)
    if found is None or found.state not in {State.HELD, State.EMBARGOED}:
        return None
    start = found.released_at or found.hold_until
    if found.hold_until > start:
        return "released before its hold"
    if start >= found.embargo_until:
        return "the date is not after the release"
    return None if found.embargo_until - start <= world.size.max_embargo * UNIT else "longer than the cap"


def the_clock_leaves_nothing_undone(world: World, before: Position, step: Step[Position]) -> str | None:
    """9 and 32: after the loop ran nothing is overdue; and it ran to an end."""
    found = _of(step.after)
    if step.who != CLOCK or not isinstance(step.facts, tuple) or found is None:
        return None
    now = world.at(step.after.now)
    if len(step.facts) > 2:  # noqa: PLR2004 - a release and its lift at most
        return "the loop does not come to rest"
    is_free = not any(_holds(one, now) for one in found.upstreams) and not world.size.by_hand
    if found.state is State.EMBARGOED and now >= found.embargo_until and is_free:
        return "embargoed past its date"
    if found.state is State.HELD and now >= found.embargo_until:
        return "held past its date"
    return "held past its hold" if found.state is State.HELD and now >= found.hold_until and not found.stopped else None


def _holds(one: Upstream, now: datetime) -> bool:
    return one.over_at is None and (one.until is None or one.until > now)


def all_embargoes_are_over(world: World, before: Position, step: Step[Position]) -> str | None:
    """Rows 12 and 13: permission to publish takes all of them; but what is public is no secret (row 14)."""
    old, new = _of(before), _of(step.after)
    if old is None or new is None:
        return None
    order = step.facts.order if isinstance(step.facts, Said) else None
    said = {line.name for line in order.upstreams if line.word is UpstreamWord.OVER} if order is not None else set()
    now = world.at(before.now)
    was = {one.name for one in old.upstreams if _holds(one, now)}
    over = {one.name for one in new.upstreams if one.over_at is not None}
    if was & over - said:
        return "over, and its date has not come, and nobody said so"
    if old.state not in {*UNSEEN, State.EMBARGOED} and {one.name for one in new.upstreams if _holds(one, now)} - was:
        return "another embargo on what is over"
    is_lifted = new.state is State.LIFTED and old.state is not State.LIFTED and new.fact_public_at is None
    return "lifted while a third party's embargo holds" if is_lifted and was - said else None


def who_may_change_it(world: World, before: Position, step: Step[Position]) -> str | None:
    """10 and 14: nobody but a coordinator changes dates, scope or state; the stop code stops; a leak reopens."""
    old, new = _of(before), _of(step.after)
    if step.who == COORDINATOR or before.paper is step.after.paper:
        return None
    if old is None or new is None:
        return "made by somebody else"
    if old.embargo_until != new.embargo_until or old.scope != new.scope:
        return f"the {step.who} changes date or scope"
    if step.who in {NOBODY, RELAY}:
        is_stop = step.facts is Event.STOP and new.stopped and old.state is new.state
        is_reopened = old.state is State.CLOSED and new.state is State.LIFTED
        return None if is_stop or is_reopened else "changed by somebody who may not"
    is_moved = old.state is not new.state or old.admitted != new.admitted
    return "the operator moves it" if step.who == OPERATOR and is_moved else None


def nobody_else_is_obeyed(world: World, before: Position, step: Step[Position]) -> str | None:
    """14, 19, 20 and 21: the unproved and the replayed change nothing; a report of a leak is a case all the same."""
    if not isinstance(step.facts, Ended):
        return None
    if step.facts.is_obeyed:
        return "obeyed"
    if step.facts.is_leak and not step.facts.has_case:
        return "a report without a case"
    return "believed without proof" if step.facts.is_believed and not step.facts.is_proved else None


def new_dates(world: World, before: Position, step: Step[Position]) -> str | None:
    """10 and row 10a: once members have it, a date ahead, within the cap, an earlier one with notice."""
    old, new = _of(before), _of(step.after)
    if old is None or new is None or old.embargo_until == new.embargo_until or old.released_at is None:
        return None
    now = world.at(before.now)
    if old.state is not State.EMBARGOED:
        return "a date of what is over"
    if new.embargo_until <= now or new.embargo_until > old.released_at + world.size.max_embargo * UNIT:
        return "a date that has gone by, or beyond the cap"
    is_short = new.embargo_until < old.embargo_until and new.embargo_until < now + world.size.min_notice * UNIT
    return "an earlier date at too short notice" if is_short else None


def what_members_have_is_not_held_again(world: World, before: Position, step: Step[Position]) -> str | None:
    """Once released: hold, release and label of the moment stay."""
    old, new = _of(before), _of(step.after)
    if old is None or new is None or old.released_at is None:
        return None
    is_same = old.hold_until == new.hold_until and old.released_at == new.released_at
    return None if is_same else "its hold changed after the release"


def a_lift_has_a_cause(world: World, before: Position, step: Step[Position]) -> str | None:
    """15: by the clock at the date, or by a coordinator."""
    old, new = _of(before), _of(step.after)
    if old is None or new is None or old.state is new.state or new.state is not State.LIFTED:
        return None
    if step.who == CLOCK:
        is_due = world.at(before.now) >= old.embargo_until
        if world.size.by_hand:
            return "lifted by the clock, where a coordinator has to"
        return None if is_due and new.cause == "clock" else "lifted by the clock before its date"
    if isinstance(step.facts, Known):
        return None if step.facts.is_over and new.cause in {"public", "exploited"} else "lifted by a mere fact"
    is_ordered = isinstance(step.facts, Said) and step.facts.order is not None and step.facts.order.lift_now
    return None if is_ordered and new.cause in {"other", "public", "exploited", "leaked", "ready"} else "no cause"


def one_end(world: World, before: Position, step: Step[Position]) -> str | None:
    """What ends an embargo says one thing: how, and no dates or scope for what is over."""
    order = step.facts.order if isinstance(step.facts, Said) else None
    if order is None or before.paper is step.after.paper or not (order.lift_now or order.withdraw is not None):
        return None
    if order.lift_now and order.withdraw is not None:
        return "lifted and withdrawn at once"
    says_more = order.embargo_until or order.hold_until or order.hold_now or order.scope
    return "ended, and other dates or another scope said beside" if says_more else None


def two_agree(world: World, before: Position, step: Step[Position]) -> str | None:
    """Row 2: what waits for a second coordinator is held when another than its poster approved it, and not before."""
    old, new = _of(before), _of(step.after)
    if old is None or new is None or not old.unapproved:
        return None
    if new.unapproved:
        return "out, and approved by nobody" if new.state in {State.HELD, State.EMBARGOED} else None
    is_second = isinstance(step.facts, Approved) and step.facts.by != old.posted_by
    return None if is_second else "approved by nobody else than its poster"


def facts_only_grow(world: World, before: Position, step: Step[Position]) -> str | None:
    """13, and rows 14 and 15: what is public is not kept secret; attacks make no date later; nothing is forgotten."""
    old, new = _of(before), _of(step.after)
    if old is None or new is None:
        return None
    if new.fact_public_at is not None and new.state in {*UNSEEN, State.EMBARGOED}:
        return "it is public, and still kept secret"
    if new.fact_exploit_at is not None and new.fact_public_at is None:
        return "an exploit is public, and the flaw is not"
    was = (old.fact_public_at, old.fact_exploit_at, old.fact_attacks_at)
    now = (new.fact_public_at, new.fact_exploit_at, new.fact_attacks_at)
    if any(one is not None and other is None for one, other in zip(was, now, strict=True)):
        return "forgotten"
    if was != now and not isinstance(step.facts, Known):
        return f"known by the {step.who}"
    if isinstance(step.facts, Known) and step.facts.kind is FactKind.ATTACKS and was[0] != now[0]:
        return "attacks are seen, and it counts as public"
    is_later = old.state is State.EMBARGOED and new.embargo_until > old.embargo_until
    return "later, though attacks are seen" if is_later and old.fact_attacks_at is not None else None


def one_lift_notice(world: World, before: Position, step: Step[Position]) -> str | None:
    """26: everybody bound is told once that it is over, and nobody before."""
    found = _of(step.after)
    for member, told in enumerate(step.after.told):
        if told > 1 or (told and (found is None or found.state not in {State.LIFTED, State.CLOSED})):
            return "told too often, or too soon"
        if found is not None and found.state is State.LIFTED and step.after.copies[member] == SENT and told != 1:
            return "bound, and never told"
    return None


def an_audience_grows_by_a_line(world: World, before: Position, step: Step[Position]) -> str | None:
    """27: by the release, or by a coordinator's Scope line; never a member who is suspended, or not named."""
    old, new = _of(before), _of(step.after)
    if old is None or new is None or not (new.admitted or frozenset()) - (old.admitted or frozenset()):
        return None
    is_release = old.admitted is None and (step.who == CLOCK or step.what.endswith("Send: now"))
    is_line = isinstance(step.facts, Said) and step.facts.order is not None and step.facts.order.scope is not None
    if not (is_release or is_line):
        return f"grown by the {step.who}"
    for person in (new.admitted or frozenset()) - (old.admitted or frozenset()):
        if before.standings[person - 4] is not Standing.ACTIVE or not _is_named(new.scope, person - 4):
            return "somebody let in who is not meant"
    return None


def what_is_offered_is_accepted(world: World, before: Position, step: Step[Position]) -> str | None:
    """A refusal's reading, pasted back at once, is taken (POLICIES: never offer what is refused again)."""
    if not isinstance(step.facts, Said) or step.facts.refused is None:
        return None
    order, faults = step.facts.refused
    now, found = world.at(before.now), _of(before)
    for reading in (reading for complaint in faults.complaints for reading in complaint.readings):
        again = replace(order, embargo_until=reading.at)
        if found is None:
            plan = steering.plan_post(again, world.rules, world.defaults, now)
        else:
            plan = steering.plan_steering(again, found, world.rules, now)
        if isinstance(plan, Faults):
            return f"offered {reading.value}, and refused: {plan.complaints[0].why}"
    return None


LAWS: tuple[Law, ...] = (
    arrows,
    nothing_before_the_hold,
    a_hold_is_what_was_asked,
    only_what_is_out_leaves,
    nobody_is_skipped,
    nothing_waits_where_nothing_may_leave,
    dates_in_order,
    the_clock_leaves_nothing_undone,
    all_embargoes_are_over,
    who_may_change_it,
    nobody_else_is_obeyed,
    new_dates,
    what_members_have_is_not_held_again,
    a_lift_has_a_cause,
    one_end,
    two_agree,
    facts_only_grow,
    one_lift_notice,
    an_audience_grows_by_a_line,
    what_is_offered_is_accepted,
)


def ask(world: World, before: Position, step: Step[Position]) -> Iterator[tuple[str, str]]:
    """Ask every law of a step."""
    if step.after is before and step.facts is None:
        return
    for law in LAWS:
        why = law(world, before, step)
        if why is not None:
            yield law.__name__, why
