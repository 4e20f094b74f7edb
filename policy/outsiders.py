"""Who else was addressed: whom a mail's writer sent a copy past the list.

Rules:

* Every address in To, Cc and Reply-To counts, outside the encryption and inside: the protected ones are
  what the writer meant (RFC 9788), the outer ones are what a mail server may have acted on.
* Welcome are the list itself, its active coordinators, the writer's own address, the members whom the mail
  is for, and whoever is let in besides. Anybody else is an outsider, and so is what can't be read.
* Nothing is guessed from a domain: a member has one address on a list, a colleague has none.
* What went to a public list is out. Whether its writer did that is proved only where the address stands
  under his signature: anybody on the way can add an outer field.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime

from policy.audience import judge_seat
from policy.facts import Disclosure, Person, Role, Standing
from policy.grants import OPEN, read_who
from policy.orders import Order
from policy.scopes import Scope


@dataclass(frozen=True, slots=True)
class Addressed:
    """Whom a mail names in To, Cc and Reply-To, and what that is held against.

    ``named`` are all addresses, outer and protected, as written; ``signed`` those under the signature;
    ``kept`` those of a kept mail that it puts right. ``house`` are the list's own. ``also_allowed`` are
    let in besides (guests of this one disclosure).
    """

    named: tuple[str, ...] = field(default=(), repr=False)
    signed: tuple[str, ...] = field(default=(), repr=False)
    kept: tuple[str, ...] = field(default=(), repr=False)
    house: frozenset[str] = frozenset()
    people: tuple[Person, ...] = ()
    also_allowed: frozenset[str] = frozenset()
    public_lists: frozenset[str] = frozenset()

    def public(self) -> tuple[str, ...]:
        """The public lists among those named."""
        known = _spelled(self.public_lists)
        return tuple(address for address in _once_each(self.named) if address.casefold() in known)

    def with_kept(self) -> Addressed:
        """The same, for the kept mail that goes on with this one."""
        return replace(self, named=(*self.named, *self.kept))

    def is_signed(self, addresses: tuple[str, ...]) -> bool:
        """Whether one of these addresses stands under the signature."""
        return bool(_spelled(self.signed) & _spelled(addresses))


def outsiders(
    addressed: Addressed, writer: Person, scope: Scope | None, admitted: frozenset[int] | None, now: datetime
) -> tuple[str, ...]:
    """Those named who are neither of the house nor among whom the mail is for, once each, as written.

    ``scope`` and ``admitted`` are those of its audience; without a scope it is for no member.
    """
    welcome = _spelled((*addressed.house, *addressed.also_allowed, writer.address))
    welcome |= _spelled(person.address for person in addressed.people if _belongs(person, scope, admitted, now))
    return tuple(address for address in _once_each(addressed.named) if address.casefold() not in welcome)


@dataclass(frozen=True, slots=True)
class Ways:
    """Who of the outsiders could be let in, and how: ``guests`` by ``Guest:``, ``members`` by a wider ``Scope:``."""

    guests: tuple[str, ...] = field(default=(), repr=False)
    members: tuple[str, ...] = field(default=(), repr=False)


def ways_in(
    others: Iterable[str], people: Iterable[Person], ours: frozenset[str], disclosure: Disclosure | None, order: Order
) -> Ways:
    """How each of these could be let in by the mail that named them; ``ours`` are addresses of lists themselves.

    Nobody is let into what is over, or ended by the mail's own lines (``order``).
    """
    is_over = disclosure is not None and disclosure.state not in OPEN
    if is_over or order.lift_now or order.withdraw is not None:
        return Ways()
    known = {person.address.casefold(): person for person in people if person.role is not Role.GUEST}
    house = _spelled(ours)
    guests, members = [], []
    for address in others:
        person = known.get(address.casefold())
        if person is None and address.casefold() not in house and read_who(address) is not None:
            guests.append(address)
        elif person is not None and person.role is Role.MEMBER and person.standing is Standing.ACTIVE:
            members.append(address)
    return Ways(tuple(guests), tuple(members))


def _belongs(person: Person, scope: Scope | None, admitted: frozenset[int] | None, now: datetime) -> bool:
    if person.role is Role.COORDINATOR:
        return person.standing is Standing.ACTIVE
    # Guests of this disclosure are in ``also_allowed``; without naming it no guest belongs.
    return scope is not None and judge_seat(person, scope, admitted, now).inside


def _once_each(addresses: tuple[str, ...]) -> tuple[str, ...]:
    found: dict[str, str] = {}
    for address in addresses:
        found.setdefault(address.casefold(), address)
    return tuple(found.values())


def _spelled(addresses: Iterable[str]) -> frozenset[str]:
    """Addresses in the spelling that they are compared in: a mail server may tell case apart, people don't."""
    return frozenset(address.casefold() for address in addresses)
