"""Whether a public date that somebody proposes could come to stand at all.

Rules (STATES rows 7 and 10a): members have it; now < T' <= release + ``max_embargo``; not the date
that stands; an earlier one leaves members ``min_notice``.
"""

from __future__ import annotations

from datetime import datetime

from policy.disclosure import Event, Refusal, Rules, judge_new_date, move
from policy.facts import Disclosure


def judge_proposal(disclosure: Disclosure, at: datetime, rules: Rules, now: datetime) -> Refusal | None:
    """Why nobody could agree to ``at``; None where somebody could."""
    target = move(disclosure.state, Event.DATE_ASKED)
    if isinstance(target, Refusal):
        return target
    if at == disclosure.embargo_until:
        return Refusal("that is the public date that stands")
    return judge_new_date(disclosure, at, rules, now)
