"""What is asked of the trail, the copies and the mails beside their secrets.

A disclosure is what its records say, nobody is skipped or waits for another, and nobody is named to others.

All of it looks only at what came since the last step.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

from sqlalchemy import select

from machine.house import BLOCK, COORDINATORS, PEOPLE, address_of
from machine.life import CANARY, MEMBERS, SUBJECT, Seen, reached
from machine.memory import is_inside
from machine.outsiders import GUESTS, Outsiders
from policy.facts import CONTENT_KINDS, CopyState, Disclosure, Person, Standing, State
from policy.release import UPSTREAM_HOLDS
from storage import tables

UNTOLD = frozenset({CopyState.WITHHELD, CopyState.CANCELLED})
"""How a copy ends that never got to its reader: there has to be a reason."""


BEHIND = (CopyState.QUEUED, CopyState.DEFERRED, CopyState.BOUNCED, CopyState.WITHHELD)

NOT_THE_KEY = frozenset({"suspended", UPSTREAM_HOLDS})
"""Why a copy is withheld, other than for a key."""

NAMES = {**{who: who for who in GUESTS}, **PEOPLE}
NOTICE = re.compile(r"that something of this disclosure leaked")
ACKNOWLEDGED = re.compile(r"Your report is case LK-")


def is_named(who: str, text: str) -> bool:
    """Whether somebody's name or address stands in a text, in small letters."""
    return NAMES[who].lower() in text or address_of(who) in text


class Asked(Outsiders):
    """The whole machine: all that happens, and these questions, too."""

    def set_up(self, **how: Any) -> None:
        super().set_up(**how)
        self.trail_to = 0
        self.folded: dict[str, dict[str, Any]] = {}  # of each disclosure, what its records say that it is
        self.served: set[tuple[str, str]] = set()  # messages, and who has a copy
        self.mood_was = self.house.hop.mood
        self.behind: dict[str, tuple[Any, ...]] = {}  # copies that have not left: whose, how often tried, and why

    def read_new(self, seen: Seen) -> None:
        """29 and 21: what is told of people, and of a report to its reporter, outside the encryption and inside."""
        new = self.house.hop.kept[self.read_to :]
        super().read_new(seen)
        who_is = {address_of(who): who for who in self.inboxes}
        for kept in new:
            who = who_is[kept.recipient]
            outside = BLOCK.sub(b"", kept.raw).decode().lower()
            named = [one for one in NAMES if one != who and is_named(one, outside)]
            assert not named, f"29: outside the encryption of {who}'s mail: {named}"
            if who not in COORDINATORS and BLOCK.search(kept.raw):
                self.tells_no_more_of_a_leak(who, self.house.inside(kept, who))

    @staticmethod
    def tells_no_more_of_a_leak(who: str, text: str) -> None:
        """Row 16 and 21: the notice of a leak names no organisation, and an acknowledgement quotes nothing."""
        if NOTICE.search(text):
            told = SUBJECT.sub("", text).lower()  # whoever posted it chose its subject
            named = [one for one in MEMBERS if one != who and is_named(one, told)]
            assert not named, f"29: {who} reads of another member: {named}"
        if ACKNOWLEDGED.search(text):
            assert not CANARY.search(text), f"21: an acknowledgement quotes {who}"
            reached["a report is acknowledged"] += 1

    async def look(self) -> Seen:
        seen = await super().look()
        await self.fold()
        for one in seen.found.values():
            assert self.folded.get(one.id) == as_told(one), f"31: the trail says {self.folded.get(one.id)}"
        reached["a disclosure is what the trail says"] += len(seen.found)
        await self.nobody_is_skipped(seen)
        await self.nobody_waits_for_another(seen)
        return seen

    async def fold(self) -> None:
        """31: put what is new in the trail on top of what it said before."""
        trail = tables.audit.c
        new = select(trail.seq, trail.id, trail.event, trail.detail).where(trail.seq > self.trail_to)
        async with self.house.parts.database.reading() as tx:
            records = (await tx.execute(new.order_by(trail.seq))).all()
        at_first = {name: says["state"] for name, says in self.folded.items()}  # one mail may be two events from there
        for seq, name, event, detail in records:
            self.trail_to = seq
            if event.startswith("disclosure-"):
                says = json.loads(detail)
                was = {at_first.get(name), self.folded[name]["state"] if name in self.folded else None}
                assert says.pop("from") in was, f"31: {event} from another state than {was}"
                self.folded[name] = {"state": event.removeprefix("disclosure-"), **says}

    async def nobody_is_skipped(self, seen: Seen) -> None:
        """4: whoever is inside while members have it has a copy of all that went to the audience.

        Each is on its way, or ended with a reason. Who was suspended at the release has one, too. The details of a
        mail go to those alone who had no more of it than the mechanics.
        """
        readers = {one.id: self.has_to_have(one, seen) for one in seen.found.values() if one.state is State.EMBARGOED}
        sent, copies = tables.messages.c, tables.copies.c
        went = select(sent.id, sent.disclosure_id).where(
            sent.disclosure_id.in_(readers),
            sent.audience == "audience",
            sent.waiting.is_(False),
            sent.details_of.is_(None),
        )
        query = select(copies.message_id, copies.address, copies.state, copies.reason)
        async with self.house.parts.database.reading() as tx:
            told = (await tx.execute(went.where(sent.kind.in_(CONTENT_KINDS)))).all() if readers else []
            missing = {(name, reader) for name, about in told for reader in readers[about]} - self.served
            which = {name for name, _ in missing}
            found = (await tx.execute(query.where(copies.message_id.in_(which)))).all() if which else []
        self.served |= {(name, address) for name, address, state, reason in found if state not in UNTOLD or reason}
        skipped = missing - self.served
        assert not skipped, f"4: skipped in silence: {skipped}"
        reached["inside, and a copy of it"] += len(missing)

    async def nobody_waits_for_another(self, seen: Seen) -> None:
        """30: where the next hop is good, or hits one alone, all that was due for the others has left.

        Nobody's copy waits for a good key of somebody else's, either.
        """
        moods, self.mood_was = {self.mood_was, self.house.hop.mood}, self.house.hop.mood
        copies = tables.copies.c
        query = select(copies.id, copies.address, copies.state, copies.attempts, copies.reason)
        async with self.house.parts.database.reading() as tx:
            rows = (await tx.execute(query.where(copies.state.in_(BEHIND)))).all()
        before, self.behind = self.behind, {row[0]: tuple(row[1:]) for row in rows}
        fresh = [row for name, row in self.behind.items() if before.get(name) != row]
        for address, state, _, reason in fresh:
            person = seen.people.get(address)
            if state == CopyState.WITHHELD and reason not in NOT_THE_KEY and person is not None:
                assert not person.usable_keys(seen.now), f"30: {address} waits for another one's key"
        if moods & {"busy", "full", "cut"}:
            return
        hit = {address_of(mood.split()[0]) for mood in moods - {"good"}}
        late = [row for row in fresh if row[1] != CopyState.WITHHELD and row[0] not in hit]
        assert not late, f"30: not one of {hit or 'those who were hit'}, and behind: {late}"
        reached["one alone was hit"] += len(fresh) > 0 and bool(hit)

    def has_to_have(self, one: Disclosure, seen: Seen) -> set[str]:
        """Addresses of members who are inside, or were suspended when it was released."""
        before = self.before.get(one.id)
        is_fresh = before is None or before.released_at is None
        people = (seen.people[address_of(who)] for who in MEMBERS)
        return {person.address for person in people if is_inside(person, one) or (is_fresh and would_be(person, one))}


def would_be(person: Person, one: Disclosure) -> bool:
    """Whether somebody would be inside if he were not suspended."""
    is_suspended = person.standing is Standing.SUSPENDED
    active = replace(person, standing=Standing.ACTIVE)
    return is_suspended and is_inside(active, replace(one, admitted=frozenset({person.id})))


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
