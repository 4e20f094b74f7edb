"""The life of a leak case, as one table; what coordinators may say of it, and what follows.

Rules: a case is never lost, so none is deleted and none ends without a coordinator's word. An outcome
only ever gets graver (dismissed, contained, public): what was public can't be taken back. A dismissal
says why. ``docs/states.md`` is held against ``CASE_ROWS`` by a test.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from policy.facts import State


class CaseState(StrEnum):
    """Where a case stands."""

    QUARANTINED = "quarantined"  # its reporter is not proved
    OPEN = "open"
    ASSESSED = "assessed"  # a retrospective is due
    CLOSED = "closed"


class Outcome(StrEnum):
    """How coordinators assess a case, from the lightest to the gravest."""

    DISMISSED = "dismissed"
    CONTAINED = "contained"
    PUBLIC = "public"


class CaseEvent(StrEnum):
    """What can happen to a case."""

    VOUCH = "vouch"
    ASSESS = "assess"
    DISMISS = "dismiss"
    RETROSPECTIVE = "retrospective"
    WITHDRAW = "withdraw"


@dataclass(frozen=True, slots=True)
class CaseRow:
    """One row of the table: in ``source``, ``event`` leads to ``target``."""

    source: CaseState
    event: CaseEvent
    target: CaseState


CASE_ROWS: tuple[CaseRow, ...] = (
    CaseRow(CaseState.QUARANTINED, CaseEvent.VOUCH, CaseState.OPEN),
    CaseRow(CaseState.QUARANTINED, CaseEvent.ASSESS, CaseState.ASSESSED),
    CaseRow(CaseState.QUARANTINED, CaseEvent.DISMISS, CaseState.CLOSED),
    CaseRow(CaseState.OPEN, CaseEvent.VOUCH, CaseState.OPEN),
    CaseRow(CaseState.OPEN, CaseEvent.ASSESS, CaseState.ASSESSED),
    CaseRow(CaseState.OPEN, CaseEvent.DISMISS, CaseState.CLOSED),
    CaseRow(CaseState.ASSESSED, CaseEvent.ASSESS, CaseState.ASSESSED),
    CaseRow(CaseState.ASSESSED, CaseEvent.RETROSPECTIVE, CaseState.CLOSED),
    CaseRow(CaseState.ASSESSED, CaseEvent.WITHDRAW, CaseState.CLOSED),
    CaseRow(CaseState.CLOSED, CaseEvent.ASSESS, CaseState.ASSESSED),
)

_TABLE = {(row.source, row.event): row.target for row in CASE_ROWS}
_GRAVITY = tuple(Outcome)
CONFIRMED = frozenset({Outcome.CONTAINED, Outcome.PUBLIC})
REPEATED = 2
"""Confirmed leaks of one organisation from which on the coordinators are asked whether it stays."""
UNASSESSED = frozenset({CaseState.QUARANTINED, CaseState.OPEN})


@dataclass(frozen=True, slots=True)
class Assessment:
    """What an assessment leads to.

    ``state``: of the case. ``is_due``: a retrospective. ``is_fact``: the disclosure is public, so its
    embargo is over (row 14). ``vouches``: the case was not proved, and the audience is told of it first.
    """

    state: CaseState
    is_due: bool
    is_fact: bool
    vouches: bool


def is_confirmed(org: str | None, by: str, outcome: str | None) -> bool:
    """Whether a case counts for an organisation: it told of a leak of its own, and coordinators confirmed it."""
    return org is not None and by == "us" and outcome in CONFIRMED


def asks_for_removal(count: int, *, is_news: bool) -> bool:
    """Row 22: whether the coordinators are asked to decide; a count never removes anybody by itself."""
    return is_news and count >= REPEATED


def takes(state: str, *, is_urgent: bool) -> bool:
    """Whether a mail joins a case that it answers: a new report would be lost in one that nobody works on any more."""
    return state != CaseState.CLOSED or not is_urgent


def refuse_vouch(state: str, *, verified: bool) -> str | None:
    """Why a case can't be vouched for; None where it can."""
    if verified:
        return "its reporter is proved, or it was vouched for already"
    return None if (CaseState(state), CaseEvent.VOUCH) in _TABLE else f"it is {state}"


def assess(
    state: str, before: str | None, outcome: Outcome, reason: str | None, disclosure: State | None
) -> Assessment | str:
    """Judge an assessment (row 17): what it leads to, or why it can't be.

    ``before``: the outcome until now. ``disclosure``: the state of the one that the case is about, None
    where it is bound to none: then, and where members are not written to any more, no retrospective is due.
    """
    if before is not None and _GRAVITY.index(outcome) <= _GRAVITY.index(Outcome(before)):
        return f"it is assessed as {before}; an outcome only ever gets graver"
    if outcome is Outcome.DISMISSED and not (reason or "").strip(" ."):
        return "a dismissal says why: add `Reason: ...`"
    if outcome is Outcome.PUBLIC and disclosure is None:
        return "it is bound to no disclosure that could be public: say it in the thread of the one that it is about"
    event = CaseEvent.DISMISS if outcome is Outcome.DISMISSED else CaseEvent.ASSESS
    target = _TABLE.get((CaseState(state), event))
    if target is None:
        return f"it is {state}"
    is_due = target is CaseState.ASSESSED and disclosure not in {None, State.WITHDRAWN}
    return Assessment(
        state=target if is_due else CaseState.CLOSED,
        is_due=is_due,
        is_fact=outcome is Outcome.PUBLIC,
        vouches=state == CaseState.QUARANTINED and outcome is not Outcome.DISMISSED,
    )


def withdrawn(state: str) -> CaseState | None:
    """Where a case stands when its disclosure is withdrawn, as members are not written to any more; None: as before."""
    return _TABLE.get((CaseState(state), CaseEvent.WITHDRAW))


def refuse_retrospective(state: str, retrospective: str | None, disclosure: State | None) -> str | None:
    """Why a retrospective can't be posted; None where it can (row 18).

    ``disclosure``: the state of the one in whose thread it is to be posted.
    """
    if disclosure in {State.WITHDRAWN, State.CLOSED}:
        return f"it is {disclosure}, so nothing more is sent in this thread"
    if (CaseState(state), CaseEvent.RETROSPECTIVE) in _TABLE:
        return None
    if retrospective == "done":
        return "its retrospective was posted already"
    if CaseState(state) in UNASSESSED:
        return "the case is not assessed yet: `Assess:` comes first"
    return f"no retrospective of it is due (it is {state})"
