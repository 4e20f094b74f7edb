"""Judged again at the last moment: what may be handed over, when to try again, what is late.

Rules: law 2 (nobody outside the audience as judged at the moment of sending) and law 3; doubt means
hold. A copy that can't be sealed waits, it is never sent in clear.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from policy.audience import NO_GRANT
from policy.facts import BINDING_KINDS, CONTENT_KINDS, Disclosure, MessageKind, Person, Role, Standing, State
from policy.upstream import gets_details

LATE_AFTER = timedelta(minutes=1)  # a release or lift later than that raises an alarm
SAY_LATE_AFTER = timedelta(seconds=2)  # and is called late, and by how much, in what people read, from here on
UNDELIVERED_AFTER = timedelta(minutes=30)  # CONTRACT: copies undelivered that long raise the alarm
REPORT_AFTER = timedelta(minutes=15)  # the release report waits that long for stragglers
UPSTREAM_HOLDS = "a third party's embargo holds"
JITTER_FROM = timedelta(seconds=10)  # shorter pauses are kept to the letter


@dataclass(frozen=True, slots=True)
class Go:
    """It may be handed over, sealed to these keys and no others."""

    fingerprints: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Withhold:
    """It waits for a usable key."""

    reason: str


@dataclass(frozen=True, slots=True)
class Cancel:
    """It must not leave any more."""

    reason: str


HandOver = Go | Withhold | Cancel


def judge_hand_over(
    kind: MessageKind, person: Person | None, disclosure: Disclosure | None, now: datetime, *, details_of: str = ""
) -> HandOver:
    """Judge one copy at the moment of sealing, and again at the moment of handing it over.

    ``details_of``: the mail whose details the copy holds; "" where it holds a release's mechanics alone.
    """
    if person is None:
        return Cancel("unknown recipient")
    refusal = _forbidden(kind, person, disclosure, now)
    if refusal:
        return Cancel(refusal)
    if _is_kept_back(kind, person, disclosure, details_of):
        return Withhold(UPSTREAM_HOLDS)
    trouble = person.key_trouble(now)
    if trouble:
        return Withhold(trouble)
    return Go(tuple(sorted(key.fingerprint for key in person.usable_keys(now))))


def may_wake(reason: str | None, disclosure: Disclosure | None) -> bool:
    """Whether a withheld copy may come back by itself: what an upstream kept back only while the embargo lasts."""
    return reason != UPSTREAM_HOLDS or (disclosure is not None and disclosure.state is State.EMBARGOED)


def _is_kept_back(kind: MessageKind, person: Person, disclosure: Disclosure | None, details_of: str) -> bool:
    """Whether an upstream's embargo keeps these details from this person (invariant 16)."""
    is_for_member = kind in CONTENT_KINDS and person.role is not Role.COORDINATOR
    if not is_for_member or disclosure is None or not details_of:
        return False
    return not gets_details(disclosure, person, details_of)


def _forbidden(kind: MessageKind, person: Person, disclosure: Disclosure | None, now: datetime) -> str | None:
    if person.role is Role.COORDINATOR:
        return None if person.standing is Standing.ACTIVE else "removed"
    if kind in BINDING_KINDS or kind in {MessageKind.NOTE, MessageKind.ACKNOWLEDGEMENT}:
        return None  # told what binds them, or answered, without content
    if person.standing is not Standing.ACTIVE:
        return person.standing.value
    if kind is MessageKind.COMPLAINT:
        return None  # about his own lines, to him alone
    if kind not in CONTENT_KINDS and kind is not MessageKind.LEAK_NOTICE:
        return "for coordinators only"
    if disclosure is None:
        return "no disclosure"
    if disclosure.state not in {State.EMBARGOED, State.LIFTED}:
        return str(disclosure.state)
    if person.role is Role.GUEST:
        grant = person.grant_of(disclosure.id)
        return None if grant is not None and grant.is_live(now) else NO_GRANT
    return None if person.id in (disclosure.admitted or ()) else "not in the audience"


def retry_at(attempts: int, pauses: Sequence[timedelta], now: datetime, jitter: float) -> datetime:
    """When to try again after ``attempts`` failures; the last pause repeats.

    ``jitter`` in -1..1 moves pauses of ten seconds and more by up to a fifth, so that copies that
    failed together don't come back together.
    """
    pause = pauses[min(max(attempts, 1), len(pauses)) - 1]
    if pause >= JITTER_FROM:
        pause *= 1 + 0.2 * max(-1.0, min(1.0, jitter))
    return now + pause
