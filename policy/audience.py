"""Scope and restriction: who is inside, and why not.

Rules: a member is in the audience of a disclosure when he is active, and named by its scope, and
(from the release on) was let in. "all" means the members at the moment of release; who joins later
is let in only by a new Scope line. A guest is in it while his grant for it lasts, whatever the scope
says. A withheld part goes only to those whom its restriction names.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from policy.facts import Disclosure, Person, Role, Standing, State
from policy.scopes import Restriction, Scope, fits

NO_GRANT = "the grant is over"
NOT_ACCEPTED = "has not accepted the terms yet"
"""Why a guest is outside: after his grant, before it."""


@dataclass(frozen=True, slots=True)
class Seat:
    """One member or guest as judged against a disclosure.

    ``inside``: belongs to the audience. ``reason``: why he is outside, or why an insider can't be
    sealed to now; None when nothing stands in the way.
    """

    person: Person
    inside: bool
    reason: str | None

    @property
    def gets_it(self) -> bool:
        """A copy can be sealed and sent now."""
        return self.inside and self.reason is None


def is_named(person: Person, scope: Scope) -> bool:
    """Whether a scope names this person: by "all", a group, the organisation or the address."""
    if scope.all:
        return True
    addresses = {address.casefold() for address in scope.addresses}
    orgs = {org.casefold() for org in scope.orgs} if person.role is not Role.GUEST else set()
    groups = {group.casefold() for group in scope.groups}
    return (
        person.address.casefold() in addresses
        or person.name.casefold() in orgs
        or any(group.casefold() in groups for group in person.groups)
    )


def is_unsent(disclosure: Disclosure) -> bool:
    """Whether it was lifted before its release, and nobody was let in since."""
    return disclosure.state is State.LIFTED and disclosure.admitted is None


def let_in(disclosure: Disclosure, *, is_ordered: bool = False) -> frozenset[int] | None:
    """Ids of those let in at the release; None while that lies ahead. What ended without one let nobody in.

    ``is_ordered``: a coordinator orders a text to its audience; what was lifted unsent lets it in by that.
    """
    lies_ahead = disclosure.state in {State.PENDING, State.HELD} or (is_ordered and is_unsent(disclosure))
    if disclosure.admitted is None and not lies_ahead:
        return frozenset()
    return disclosure.admitted


def judge_seat(
    person: Person, scope: Scope, admitted: frozenset[int] | None, now: datetime, disclosure_id: str | None = None
) -> Seat:
    """Judge one member, or a guest of that disclosure. ``admitted``: ids of those let in, None before the release."""
    if person.role is Role.GUEST:
        return _guest_seat(person, disclosure_id, now)
    named = is_named(person, scope)
    if person.standing is Standing.REMOVED:
        return Seat(person, inside=False, reason="removed")
    if person.standing is Standing.SUSPENDED:
        return Seat(person, inside=False, reason="suspended" if named else "scope")
    if not named:
        return Seat(person, inside=False, reason="scope")
    if admitted is not None and person.id not in admitted:
        return Seat(person, inside=False, reason="was not there at the release" if admitted else "nobody was let in")
    return Seat(person, inside=True, reason=person.key_trouble(now))


def _guest_seat(person: Person, disclosure_id: str | None, now: datetime) -> Seat:
    grant = person.grant_of(disclosure_id)
    if person.standing is not Standing.ACTIVE or grant is None or not grant.is_live(now):
        waits = grant is not None and grant.started_at is None and grant.ended_at is None
        return Seat(person, inside=False, reason=NOT_ACCEPTED if waits else NO_GRANT)
    return Seat(person, inside=True, reason=person.key_trouble(now))


def judge_seats(
    people: Iterable[Person],
    scope: Scope,
    admitted: frozenset[int] | None,
    now: datetime,
    disclosure_id: str | None = None,
) -> tuple[Seat, ...]:
    """Judge every member of a list, and the guests of that disclosure; nobody is skipped (invariant 4)."""
    return tuple(
        judge_seat(person, scope, admitted, now, disclosure_id)
        for person in people
        if person.role is Role.MEMBER or (person.role is Role.GUEST and person.grant_of(disclosure_id) is not None)
    )


def admitted_by(people: Iterable[Person], scope: Scope, before: frozenset[int], now: datetime) -> frozenset[int]:
    """Ids of those let in by a new scope line: who is inside now, and who was let in and is merely suspended."""
    everybody = tuple(people)
    inside = {seat.person.id for seat in judge_seats(everybody, scope, None, now) if seat.inside}
    resting = {one.id for one in everybody if one.standing is Standing.SUSPENDED and is_named(one, scope)}
    return frozenset(inside | (resting & before))


MOST_NARROWER = 5  # scopes offered
MOST_NAMED = 20  # addresses in one


def narrower(members: Iterable[Person], inside: Sequence[Person]) -> tuple[Scope, ...]:
    """Scopes that leave only some of an audience in, and let nobody else in: its groups, where they do that.

    Else all of it by their addresses, to be struck from; () where there is nothing to choose.
    """
    had = {person.id for person in inside}
    belong = [person for person in members if person.role is Role.MEMBER and person.standing is not Standing.REMOVED]
    found = []
    for group in sorted({group for person in inside for group in person.groups}):
        scope = Scope(groups=(group,))
        if {person.id for person in belong if is_named(person, scope)} < had:
            found.append(scope)
    if not found and 1 < len(inside) <= MOST_NAMED:
        found.append(Scope(addresses=tuple(sorted(person.address for person in inside))))
    return tuple(found[:MOST_NARROWER])


def withheld_names(
    person: Person, restrictions: Iterable[Restriction], names: Iterable[str], shared: Iterable[str] | None = None
) -> frozenset[str]:
    """The attachments that this person may not have.

    Every restriction that matches a name must let the person in: two that disagree withhold. ``shared``
    are the names or globs that a share request was about: nothing else goes to him; None: no such limit.
    """
    rules = tuple(restrictions)
    limits = None if shared is None else tuple(shared)
    return frozenset(
        name
        for name in names
        if any(rule.covers(name) and not is_named(person, rule.to) for rule in rules)
        or (limits is not None and not any(fits(name, pattern) for pattern in limits))
    )


HAD_MORE = "+"
"""Among the parts that are left out of a copy: it came back and went again with less; it may have been read before."""


def held_without(withheld: Iterable[str], *, is_writer: bool) -> frozenset[str]:
    """What somebody lacks of a mail. In doubt the writer of a reply has all of it, and its other readers don't."""
    left_out = frozenset(withheld)
    return frozenset() if is_writer and HAD_MORE in left_out else left_out - {HAD_MORE}


@dataclass(frozen=True, slots=True)
class Holding:
    """What one person holds of a disclosure: message ids, each with the parts withheld from it."""

    withheld: dict[str, frozenset[str]]

    def covers(self, other: Holding) -> bool:
        """Whether this person holds all that the other one holds."""
        return all(
            message in self.withheld and self.withheld[message] <= missing
            for message, missing in other.withheld.items()
        )


def reply_reaches(
    candidates: Iterable[Person], *, writer: Person, holdings: dict[int, Holding], audience: frozenset[int]
) -> tuple[Person, ...]:
    """Who of ``candidates`` may read a member's reply.

    Those in the audience now who hold all that its writer holds: what he quotes must not reach one
    from whom it is withheld (invariant 27a). Never the writer himself.
    """
    own = holdings.get(writer.id, Holding({}))
    return tuple(
        person
        for person in candidates
        if person.id != writer.id
        and person.id in audience
        and person.id in holdings
        and holdings[person.id].covers(own)
    )
