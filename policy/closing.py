"""When a disclosure is closed, and when what people wrote of it is destroyed (row 19).

Rules: nothing is closed while anything of it is open, and what is open is named with what ends it. What
was withdrawn stays so; its content ages from the day on which it binds nobody any more. What waits for a
person (a leak case, a kept mail that may report one) is never destroyed by the clock.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from policy.control import Complaint
from policy.disclosure import Event, Refusal, move
from policy.facts import Disclosure, State
from policy.leakcase import CaseState


class Ageing(StrEnum):
    """What the clock does with a disclosure that is over."""

    CLOSE = "close"
    DESTROY = "destroy"


@dataclass(frozen=True, slots=True)
class Terms:
    """How long after the lift a list closes by itself, and destroys content after that; None: never by itself."""

    close_after: timedelta | None
    retention: timedelta | None


@dataclass(frozen=True, slots=True)
class Left:
    """What is open of a disclosure.

    ``cases``: ids and states of its leak cases. ``kept``: ids of kept mails that may report a leak.
    ``asked``: ids of share requests that nobody has decided on.
    ``on_their_way``: copies to members, or to the public address, that are neither delivered nor given up.
    """

    cases: tuple[tuple[str, str], ...] = ()
    kept: tuple[str, ...] = ()
    asked: tuple[str, ...] = ()
    on_their_way: int = 0


def obstacles(left: Left) -> tuple[str, ...]:
    """What keeps a disclosure from being closed, each with what ends it; () where nothing does."""
    said = [_about_case(leak_id, CaseState(state)) for leak_id, state in left.cases]
    said += [
        f"{kept} is kept back and may report a leak: `Release-Quarantine: {kept}` or `Discard-Quarantine: {kept}`"
        for kept in left.kept
    ]
    said += [f"{asked} is asked for, and not decided: `Deny: {asked}`" for asked in left.asked]
    if left.on_their_way:
        copies = "1 copy is" if left.on_their_way == 1 else f"{left.on_their_way} copies are"
        said.append(f"{copies} on the way to members: that ends by itself, delivered or given up")
    return tuple(one for one in said if one)


def _about_case(leak_id: str, state: CaseState) -> str:
    match state:
        case CaseState.QUARANTINED:
            return f"{leak_id} is not proved and not decided: `Assess: {leak_id}` with its `Outcome:`"
        case CaseState.OPEN:
            return f"{leak_id} is open: `Assess: {leak_id}` with its `Outcome:`"
        case CaseState.ASSESSED:
            return f"the retrospective of {leak_id} is due: `Retrospective: {leak_id}`, and the text below"
        case CaseState.CLOSED:
            return ""


def ended_thread(disclosure: Disclosure | None) -> Complaint | None:
    """Why nothing more is sent in a thread (CONTRACT s5); None while it goes on."""
    if disclosure is None or disclosure.state not in {State.WITHDRAWN, State.CLOSED}:
        return None
    return Complaint("", f"it is {disclosure.state}, so nothing more is sent in this thread")


def judge_close(disclosure: Disclosure, left: Left) -> Refusal | None:
    """Row 19's guard; None where it can be closed."""
    target = move(disclosure.state, Event.CLOSE)
    if isinstance(target, Refusal):
        return target
    found = obstacles(left)
    return Refusal("; ".join(found)) if found else None


def judge_destroy(disclosure: Disclosure, left: Left) -> Refusal | None:
    """Whether content may be destroyed before its time; None where it may."""
    if disclosure.state not in {State.CLOSED, State.WITHDRAWN}:
        return Refusal(f"only what is closed or withdrawn is destroyed (it is {disclosure.state})")
    found = obstacles(left)
    return Refusal("; ".join(found)) if found else None


def ages_from(disclosure: Disclosure) -> datetime | None:
    """The instant from which its content ages; None while it does not."""
    if disclosure.state is State.CLOSED:
        return disclosure.closed_at
    if disclosure.state is State.WITHDRAWN and disclosure.ended_at is not None:
        return max(disclosure.ended_at, disclosure.embargo_until)
    return None


def destroys_at(disclosure: Disclosure, terms: Terms) -> datetime | None:
    """When the clock destroys its content; None where it is destroyed already, or the clock never does."""
    since = ages_from(disclosure)
    if since is None or terms.retention is None:
        return None
    is_gone = disclosure.destroyed_at is not None and disclosure.destroyed_at >= since
    return None if is_gone else since + terms.retention


def due(disclosure: Disclosure, latest_case: datetime | None, terms: Terms, now: datetime) -> Ageing | None:
    """What the clock does to it at ``now``. ``latest_case``: when a case of it was reported or assessed last."""
    if disclosure.state is State.LIFTED and terms.close_after is not None and disclosure.ended_at is not None:
        since = max(disclosure.ended_at, latest_case or disclosure.ended_at)
        return Ageing.CLOSE if now >= since + terms.close_after else None
    at = destroys_at(disclosure, terms)
    return Ageing.DESTROY if at is not None and now >= at else None
