"""What coordinators may answer to the alarm of a case, as its disclosure stands: lines to paste."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.notices.leak import Choices
from policy.audience import judge_seats, let_in, narrower
from policy.facts import State
from policy.leakcase import refuse_vouch
from policy.scopes import read_scope, scope_text
from policy.upstream import holding
from storage import leaks, roster

if TYPE_CHECKING:
    from datetime import datetime

    from policy.facts import Disclosure
    from storage.database import Tx

_RUNS = frozenset({State.PENDING, State.HELD, State.EMBARGOED})


async def choices(tx: Tx, leak_id: str, disclosure: Disclosure | None, now: datetime) -> Choices:
    """The answers that are possible now."""
    case = await leaks.get(tx, leak_id)
    is_proved = case is None or refuse_vouch(case.state, verified=case.verified) is not None
    if disclosure is None:
        return Choices(leak_id, is_proved=is_proved)
    scopes: tuple[str, ...] = ()
    if disclosure.state in _RUNS:
        people = await roster.people(tx, disclosure.list_id)
        seats = judge_seats(people, read_scope(disclosure.scope), let_in(disclosure), now)
        inside = [seat.person for seat in seats if seat.inside]
        scopes = tuple(scope_text(scope) for scope in narrower(people, inside))
    waits = bool(holding(disclosure))
    return Choices(leak_id, disclosure.id, disclosure.state, scopes, waits=waits, is_proved=is_proved)
