"""When the clock has to look at a disclosure because of a third party's embargo."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policy.facts import State
from policy.upstream import holding, next_end
from storage import duties

if TYPE_CHECKING:
    from datetime import datetime

    from policy.facts import Disclosure
    from storage.database import Tx

END, WAIT = "upstream-end", "upstream-wait"


async def plan(tx: Tx, disclosure: Disclosure, now: datetime) -> None:
    """Plan for a disclosure as it stands: an upstream's date, and ours, where the lift then waits."""
    end = next_end(disclosure)
    if end is None:
        await duties.drop(tx, kind=END, ref=disclosure.id)
    else:
        await duties.put(tx, kind=END, ref=disclosure.id, list_id=disclosure.list_id, due_at=end)
    if disclosure.state is not State.EMBARGOED or not holding(disclosure):
        await duties.drop(tx, kind=WAIT, ref=disclosure.id)
        return
    take_on = duties.put if disclosure.embargo_until > now else duties.add  # once it has come it is told once
    await take_on(tx, kind=WAIT, ref=disclosure.id, list_id=disclosure.list_id, due_at=disclosure.embargo_until)
