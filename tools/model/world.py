"""The small world: a list with two coordinators and two members, a handful of instants, and one disclosure."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache, lru_cache
from typing import NamedTuple, Protocol

from policy import disclosure as table
from policy.control import Block, read_block
from policy.facts import Disclosure, Key, Person, Role, Standing, State, UpstreamMode
from policy.intake import Verdict
from policy.steering import Defaults
from policy.surroundings import Surroundings

START = datetime(2026, 11, 22, 12, tzinfo=UTC)
UNIT = timedelta(days=1)
LIST = "list"
UPSTREAM = "envoy"


class Paper:
    """A disclosure as it stands. One object for equal ones, so that positions compare quickly."""

    __slots__ = ("value",)

    def __init__(self, value: Disclosure) -> None:
        self.value = value

    def __repr__(self) -> str:
        return repr(self.value)


class Stand(Protocol):
    """What a mail is judged by: part of every world's positions."""

    @property
    def now(self) -> int:
        """How many instants went by."""

    @property
    def paper(self) -> Paper | None:
        """The disclosure."""

    @property
    def standings(self) -> tuple[Standing, ...]:
        """Of each member."""

    @property
    def keys(self) -> tuple[bool, ...]:
        """Whether each member's is good."""


class Position(NamedTuple):
    """All that is so at one moment. Tuples hold a field for each member, in their order.

    ``now`` counts instants. ``copies``: "" none, else a state of ``CopyState``. ``told``: lift notices.
    """

    now: int
    paper: Paper | None
    standings: tuple[Standing, ...]
    keys: tuple[bool, ...]
    copies: tuple[str, ...]
    told: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Size:
    """How large the world is, in units of time: that is what a search takes its time for. And what its list asks for.

    ``two``: a second coordinator approves a post. ``facts``: what becomes known is told, and what is held
    may be sent and lifted in one step. ``by_hand``: a coordinator lifts, not the clock. ``upstream``: a third
    party's embargo may hold beside. ``window``: dates are agreed on, in votes that last so long (0:
    coordinators decide). ``one_org``: both members are of one organisation, as where it was added anew.
    """

    instants: int = 5
    max_embargo: int = 3
    min_notice: int = 2
    grace: int = 0
    two: bool = False
    facts: bool = False
    by_hand: bool = False
    upstream: bool = False
    window: int = 0
    one_org: bool = False


class World:
    """The people and the rules; and what was asked of pure code before, as it answers the same again."""

    def __init__(self, size: Size) -> None:
        self.size = size
        self.rules = table.Rules("UTC", size.grace * UNIT, size.max_embargo * UNIT, size.min_notice * UNIT)
        self.defaults = Defaults("all", "", "AMBER+STRICT")
        self.alice = _person(1, Role.COORDINATOR, "Alice")
        self.adam = _person(2, Role.COORDINATOR, "Adam")
        self.gone = replace(_person(3, Role.COORDINATOR, "Gone"), standing=Standing.REMOVED)
        south = _person(5, Role.MEMBER, "South")
        self._members = (_person(4, Role.MEMBER, "North"), replace(south, name="North") if size.one_org else south)
        self.answers: dict[Hashable, Verdict] = {}
        self.verdicts: dict[Hashable, Verdict] = {}
        self._papers: dict[Disclosure, Paper] = {}
        self.members = lru_cache(maxsize=None)(self._make_members)

    @property
    def count(self) -> int:
        """How many members there are."""
        return len(self._members)

    def start(self) -> Position:
        """Nothing happened yet."""
        nobody = ("",) * self.count
        actives = (Standing.ACTIVE,) * self.count
        return Position(0, None, actives, (True,) * self.count, nobody, (0,) * self.count)

    def at(self, instant: int) -> datetime:
        """An instant, by its number."""
        return START + instant * UNIT

    def number(self, at: datetime) -> int:
        """The number of an instant."""
        return (at - START) // UNIT

    def paper(self, disclosure: Disclosure) -> Paper:
        """The one object for a disclosure; when something became so moves nothing, so it is left out."""
        public, exploit, attacks = (
            START if at else None
            for at in (disclosure.fact_public_at, disclosure.fact_exploit_at, disclosure.fact_attacks_at)
        )
        plain = replace(
            disclosure,
            posted_at=START,
            ended_at=None,
            upstreams=tuple(replace(one, over_at=one.over_at and START) for one in disclosure.upstreams),
            fact_public_at=public,
            fact_exploit_at=exploit,
            fact_attacks_at=attacks,
        )
        return self._papers.setdefault(plain, Paper(plain))

    def _make_members(self, standings: tuple[Standing, ...], keys: tuple[bool, ...]) -> tuple[Person, ...]:
        return tuple(
            replace(person, standing=standing, keys=(replace(person.keys[0], expires_at=None if good else START),))
            for person, standing, good in zip(self._members, standings, keys, strict=True)
        )

    def surroundings(self, position: Stand, role: str | None, *, is_reply: bool) -> Surroundings:
        """What control lines are held against, as ``gateway.facts`` gathers it."""
        found = position.paper.value if position.paper else None
        return Surroundings(
            now=self.at(position.now),
            max_embargo=self.rules.max_embargo,
            orgs=frozenset(person.name for person in self._members),
            addresses=frozenset(person.address for person in self._members),
            role=role,
            is_reply=is_reply,
            hold_until=self._start(found, position.now) if found else None,
            embargo_until=found.embargo_until if found else None,
            release_grace=self.rules.release_grace,
            min_notice=self.rules.min_notice if found and found.state is State.EMBARGOED else timedelta(),
            upstreams=((UPSTREAM, UpstreamMode.MECHANICS),) if self.size.upstream else (),
            by_agreement=bool(self.size.window and found and found.state is State.EMBARGOED),
        )

    def _start(self, disclosure: Disclosure, now: int) -> datetime:
        if disclosure.state is State.PENDING:
            return max(disclosure.hold_until, self.at(now) + self.rules.release_grace)
        return disclosure.released_at or disclosure.hold_until


def _person(number: int, role: Role, name: str) -> Person:
    key = Key(f"{number:040X}", "ed25519", None)
    return Person(
        number, LIST, role, f"{name.lower()}@{name.lower()}.example", name, Standing.ACTIVE, frozenset(), (key,)
    )


@cache
def block_of(text: str) -> Block:
    """The control block of a text."""
    return read_block(text)


def line(at: datetime) -> str:
    """An instant as a control line says it."""
    return f"{at:%Y-%m-%d %H:%M} UTC"
