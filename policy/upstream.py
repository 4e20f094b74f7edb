"""A third party's embargo beside ours: what may leave under it, and until when.

Rules:

* ``mechanics``: members get a template of version, date, branches and action; text, subject, attachments
  and references stay until another coordinator than their writer lets them go, or it is over.
* ``case-by-case``: the same, and each mail is let go by itself. ``inherit``: everything goes, the lift waits.
* The embargo is lifted when the public date has come and every upstream is over (max, not min).
* Without a date an upstream holds until somebody says that it is over. In doubt it holds.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from policy.facts import ContentClass, Disclosure, Person, State, Upstream, UpstreamMode

DETAILS = "*"
"""Among the parts that are left out of a copy: everything but the mechanics."""
UNENDED = frozenset({State.PENDING, State.HELD, State.EMBARGOED})


class UpstreamWord(StrEnum):
    """What an ``Upstream:`` line says of an upstream."""

    HOLDS = "holds"
    OVER = "over"
    DETAILS = "details"


@dataclass(frozen=True, slots=True)
class UpstreamLine:
    """One ``Upstream:`` line. ``until`` is None where it says no date."""

    name: str
    mode: UpstreamMode
    word: UpstreamWord = UpstreamWord.HOLDS
    until: datetime | None = None


def holding(disclosure: Disclosure) -> tuple[Upstream, ...]:
    """The upstreams that are not over."""
    return tuple(one for one in disclosure.upstreams if one.holds)


def restricting(disclosure: Disclosure) -> tuple[Upstream, ...]:
    """Those of them that keep details back."""
    return tuple(one for one in holding(disclosure) if one.mode is not UpstreamMode.INHERIT and not one.opened)


def content_class(disclosure: Disclosure) -> ContentClass:
    """What members get of what is written now, as a rule; ``gets_details`` knows the exceptions."""
    return ContentClass.MECHANICS if restricting(disclosure) else ContentClass.FULL


def gets_details(disclosure: Disclosure, person: Person, message: str) -> bool:
    """Whether a member may have all of one mail (by its id) now, as far as upstreams go."""
    groups = {group.casefold() for group in person.groups}
    return message in disclosure.detailed or all(
        one.shared and one.name.casefold() in groups for one in restricting(disclosure)
    )


def lift_due(disclosure: Disclosure) -> datetime | None:
    """When its embargo ends by the clock: max(T, U). None while an upstream holds whose date is not known."""
    is_known = all(one.over_at or one.until for one in disclosure.upstreams)
    return not_before(disclosure) if is_known else None


def not_before(disclosure: Disclosure) -> datetime:
    """The instant before which the clock does not end its embargo: the latest of its date and the known ends."""
    ends = (one.over_at or one.until for one in disclosure.upstreams)
    return max([disclosure.embargo_until, *(end for end in ends if end is not None)])


def lateness(disclosure: Disclosure, at: datetime) -> timedelta:
    """How long after it was due its embargo ended at ``at``; below zero where it ended before.

    What held at that moment counts by its date. Where that is not known, nothing was due yet: it was not late.
    """
    then = tuple(replace(one, over_at=_over_by(one, at)) for one in disclosure.upstreams)
    seen = replace(disclosure, upstreams=then)
    late = at - not_before(seen)
    return late if lift_due(seen) else min(late, timedelta())


def _over_by(one: Upstream, at: datetime) -> datetime | None:
    return one.over_at if one.over_at is not None and one.over_at <= at else None


def next_end(disclosure: Disclosure) -> datetime | None:
    """When the clock ends the next of its upstreams; None where it ends none."""
    if disclosure.state not in {*UNENDED, State.LIFTED}:
        return None
    return min((one.until for one in holding(disclosure) if one.until is not None), default=None)


def ended(disclosure: Disclosure, now: datetime) -> tuple[Upstream, ...]:
    """Its upstreams as they are at ``now``: those whose date has come are over since that date."""
    return tuple(
        replace(one, over_at=one.until) if one.holds and one.until is not None and one.until <= now else one
        for one in disclosure.upstreams
    )


def why_not_yet(disclosure: Disclosure) -> str | None:
    """Why nothing can be lifted or published now (row 13), with the way out; None where no upstream holds."""
    names = [one.name for one in holding(disclosure)]
    if not names:
        return None
    lines = " and ".join(f"`Upstream: {name} over`" for name in names)
    return (
        f"it waits for the embargo of {' and '.join(names)}: permission to publish takes all of them. "
        f"Once that is over, say so in the same block: {lines}"
    )


def apply(
    upstreams: Iterable[Upstream], state: State, lines: Sequence[UpstreamLine], shares: Iterable[str], now: datetime
) -> tuple[Upstream, ...] | str:
    """The upstreams as lines change them, or why they can't. ``shares``: names whose groups get the details."""
    found = {one.name: one for one in upstreams}
    for line in lines:
        judged = _changed(state, found.get(line.name), line, now)
        if isinstance(judged, str):
            return judged
        found[line.name] = judged
    wanted = set(shares)
    return tuple(replace(one, shared=True) if one.name in wanted and one.holds else one for one in found.values())


def _changed(state: State, one: Upstream | None, line: UpstreamLine, now: datetime) -> Upstream | str:
    is_there = one is not None and one.holds
    if line.word is UpstreamWord.HOLDS:
        if state not in UNENDED:
            return f"the disclosure is {state}, so no embargo is added to it"
        if line.until is not None and line.until <= now:  # it was ahead when the mail came, which waited
            return f"the date of {line.name} has gone by; name a later one, or write `Upstream: {line.name} over`"
        if one is None or not is_there:
            return Upstream(line.name, line.mode, line.until)
        is_same = one.mode is line.mode
        return replace(one, mode=line.mode, until=line.until, opened=one.opened and is_same)
    if one is None or not is_there:
        return f"no embargo of {line.name} holds here"
    if line.word is UpstreamWord.OVER:
        return replace(one, over_at=now)
    if one.mode is not UpstreamMode.MECHANICS:
        way = "each mail is let go by itself, `Approve:` and its number" if one.mode is not UpstreamMode.INHERIT else ""
        return f"under the embargo of {line.name} " + (way or "nothing is kept back")
    return replace(one, opened=True)


def still_detailed(before: Disclosure, upstreams: Iterable[Upstream]) -> frozenset[str]:
    """The mails whose details may still go: none that was let go before another upstream began to keep details back."""
    known = {one.name for one in restricting(before)}
    after = restricting(replace(before, upstreams=tuple(upstreams)))
    return before.detailed if known.issuperset(one.name for one in after) else frozenset()


def opens_sooner(before: Disclosure, after: Disclosure) -> bool:
    """Whether an upstream that keeps details back ends earlier than it would have, or keeps none back any more.

    That somebody lets details go is another matter: it takes another coordinator than their writer anyway.
    """
    anew = {one.name: one for one in after.upstreams}
    return any(_is_looser(one, anew[one.name]) for one in restricting(before))


def _is_looser(before: Upstream, after: Upstream) -> bool:
    if not after.holds or after.mode is UpstreamMode.INHERIT:
        return True
    return after.until is not None and (before.until is None or after.until < before.until)


def wait_changes(before: Disclosure, after: Disclosure) -> bool:
    """Whether the embargo now ends at another instant than it did, by what its upstreams say."""
    return lift_due(before) != lift_due(after) and before.embargo_until == after.embargo_until


def ends_sooner(before: Disclosure, after: Disclosure) -> bool:
    """Whether changed upstreams end the embargo sooner than it would have: a second coordinator may be asked for it."""
    old, new = lift_due(before), lift_due(after)
    return new is not None and (old is None or new < old)
