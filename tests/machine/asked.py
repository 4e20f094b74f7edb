"""What is asked of the trail and of the copies: a disclosure is what its records say, and nobody is skipped.

All of it looks only at what came since the last step.
"""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import select

from machine.house import address_of
from machine.life import MEMBERS, Seen, reached
from machine.memory import is_inside
from machine.outsiders import Outsiders
from policy.facts import CopyState, Disclosure, State
from storage import tables

UNTOLD = frozenset({CopyState.WITHHELD, CopyState.CANCELLED})
"""How a copy ends that never got to its reader: there has to be a reason."""


class Asked(Outsiders):
    """The whole machine: all that happens, and these questions, too."""

    def set_up(self, **how: Any) -> None:
        super().set_up(**how)
        self.trail_to = 0
        self.folded: dict[str, dict[str, Any]] = {}  # of each disclosure, what its records say that it is
        self.served: set[tuple[str, str]] = set()  # disclosures, and who has a copy of the first message

    async def look(self) -> Seen:
        seen = await super().look()
        await self.fold()
        for one in seen.found.values():
            assert self.folded.get(one.id) == as_told(one), f"31: the trail says {self.folded.get(one.id)}"
        reached["a disclosure is what the trail says"] += len(seen.found)
        await self.nobody_is_skipped(seen)
        return seen

    async def fold(self) -> None:
        """31: put what is new in the trail on top of what it said before."""
        trail = tables.audit.c
        new = select(trail.seq, trail.id, trail.event, trail.detail).where(trail.seq > self.trail_to)
        async with self.house.parts.database.reading() as tx:
            records = (await tx.execute(new.order_by(trail.seq))).all()
        for seq, name, event, detail in records:
            self.trail_to = seq
            if event.startswith("disclosure-"):
                says = json.loads(detail)
                was = self.folded[name]["state"] if name in self.folded else None
                assert says.pop("from") == was, f"31: {event} from another state than {was}"
                self.folded[name] = {"state": event.removeprefix("disclosure-"), **says}

    async def nobody_is_skipped(self, seen: Seen) -> None:
        """4: whoever is inside while members have it has a copy of it, on its way or ended with a reason."""
        inside = {
            (one.id, address_of(who))
            for one in seen.found.values()
            if one.state is State.EMBARGOED
            for who in MEMBERS
            if is_inside(seen.people[address_of(who)], one)
        }
        missing = inside - self.served
        if not missing:
            return
        copies = tables.copies.c
        firsts = {f"{name}/1" for name, _ in missing}
        query = select(copies.disclosure_id, copies.address, copies.state, copies.reason)
        async with self.house.parts.database.reading() as tx:
            found = (await tx.execute(query.where(copies.message_id.in_(firsts)))).all()
        self.served |= {(name, address) for name, address, state, reason in found if state not in UNTOLD or reason}
        skipped = missing - self.served
        assert not skipped, f"4: skipped in silence: {skipped}"
        reached["inside, and a copy of it"] += len(missing)


def as_told(one: Disclosure) -> dict[str, Any]:
    """What the trail tells of a disclosure, from the disclosure itself."""
    return {
        "state": one.state.value,
        "hold_until": one.hold_until.isoformat(),
        "embargo_until": one.embargo_until.isoformat(),
        "scope": one.scope,
        "stopped": one.stopped,
        "upstreams": {
            party.name: "over" if party.over_at else party.until.isoformat() if party.until else "open"
            for party in one.upstreams
        },
    }
