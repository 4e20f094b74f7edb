"""Facts that coordinators may know of a disclosure before its date, and what follows from each (rows 14 and 15).

Rules: facts only ever grow. Anybody in the audience may report one, and a report changes nothing; a
coordinator's word confirms it. That an exploit is public implies that the thing is; attacks never do.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime
from enum import StrEnum

from policy.disclosure import Event
from policy.facts import CopyState, Disclosure
from policy.upstream import DETAILS


class FactKind(StrEnum):
    """What may be known."""

    PUBLIC = "public"
    EXPLOIT = "exploit"
    ATTACKS = "attacks"


EVENTS = {
    FactKind.PUBLIC: Event.FACT_PUBLIC,
    FactKind.EXPLOIT: Event.FACT_PUBLIC,
    FactKind.ATTACKS: Event.FACT_ATTACKS,
}
LIFTS_AS = {FactKind.PUBLIC: "public", FactKind.EXPLOIT: "exploited"}
"""The cause of the lift that a confirmed fact brings about."""

FIELDS = ("fact_public_at", "fact_exploit_at", "fact_attacks_at")
"""Where a disclosure keeps since when each is known."""


def told_cause(disclosure: Disclosure) -> str:
    """The cause of its lift as people read it: the word itself, or one that says more or less than that.

    ``exploit``: an exploit was public, which is no word of attacks. ``leaked-public``: it was known as public as well.
    """
    ended, cause = disclosure.ended_at, disclosure.cause or ""
    if cause == "exploited" and _by(disclosure.fact_exploit_at, ended):
        return "exploit"
    return "leaked-public" if cause == "leaked" and _by(disclosure.fact_public_at, ended) else cause


def is_out(disclosure: Disclosure) -> bool:
    """Whether more than its members know of it, as far as coordinators said."""
    is_known = disclosure.fact_public_at is not None or disclosure.fact_attacks_at is not None
    return is_known or disclosure.cause in {"public", "exploited", "leaked"}


def _by(known: datetime | None, ended: datetime | None) -> bool:
    return known is not None and ended is not None and known <= ended


def known_since(disclosure: Disclosure, kind: FactKind) -> datetime | None:
    """Since when a fact is confirmed; None where it is not."""
    match kind:
        case FactKind.PUBLIC:
            return disclosure.fact_public_at
        case FactKind.EXPLOIT:
            return disclosure.fact_exploit_at
        case FactKind.ATTACKS:
            return disclosure.fact_attacks_at


def learnt(disclosure: Disclosure, kind: FactKind, now: datetime) -> Disclosure:
    """The disclosure with a fact confirmed; what was known before keeps its instant."""
    match kind:
        case FactKind.PUBLIC:
            return replace(disclosure, fact_public_at=disclosure.fact_public_at or now)
        case FactKind.EXPLOIT:
            public, exploit = disclosure.fact_public_at or now, disclosure.fact_exploit_at or now
            return replace(disclosure, fact_public_at=public, fact_exploit_at=exploit)
        case FactKind.ATTACKS:
            return replace(disclosure, fact_attacks_at=disclosure.fact_attacks_at or now)


def was_read(state: CopyState, withheld: Collection[str]) -> bool:
    """Whether a copy has told its reader what the flaw is, beyond doubt; ``withheld``: what was left out of it.

    Who may have read it, or reads the mechanics alone, is told no more of it once he is outside.
    """
    return state is CopyState.SENT and DETAILS not in withheld
