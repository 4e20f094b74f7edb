"""What people are called in a report: by name and address, or, where it is redacted, "member 1"."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from gateway.operator.base import OPERATOR

if TYPE_CHECKING:
    from policy.facts import Person

GATEWAY = "gateway"


class Names:
    """Gives names; in a redacted report numbers, in the order in which somebody is first named in it.

    So a number means nothing outside its report, and nothing of the roster's order shows.
    """

    def __init__(self, people: Iterable[Person], *, is_full: bool) -> None:
        """Take everybody who is or was on the list."""
        self._people = {person.id: person for person in people}
        self._by_address = {person.address.casefold(): person for person in self._people.values()}
        self._is_full = is_full
        self._numbers: dict[int, str] = {}
        self._counts: dict[str, int] = {}

    def of_id(self, person_id: int | None) -> str:
        """What somebody is called, by the id of the roster."""
        person = self._people.get(person_id or 0)
        return self._of(person) if person is not None else "somebody"

    def with_address(self, person_id: int | None) -> str:
        """What somebody is called, with the address where it may be told."""
        person = self._people.get(person_id or 0)
        address = f" <{person.address}>" if person is not None and self._is_full else ""
        return f"{self.of_id(person_id)}{address}"

    def of_address(self, address: str) -> str:
        """What somebody is called, by the address."""
        person = self._by_address.get(address.casefold())
        if person is not None:
            return self._of(person)
        return address if self._is_full else "somebody"

    def of_actor(self, actor: str) -> str:
        """What whoever did something is called, as the trail names him."""
        if actor in {GATEWAY, OPERATOR}:
            return f"the {actor}"
        return self.of_address(actor)

    def of_reporter(self, address: str, *, is_proved: bool) -> str:
        """What who reported a leak is called; where it is redacted not even by a number."""
        if address == OPERATOR or (address == GATEWAY and is_proved):
            return self.of_actor(address)
        if not is_proved:
            known = self._is_full and address != GATEWAY
            return f"{address} (not proved)" if known else "somebody who is not proved"
        person = self._by_address.get(address.casefold())
        if self._is_full:
            return self.of_address(address)
        return f"a {person.role}" if person is not None else "somebody"

    def _of(self, person: Person) -> str:
        if self._is_full:
            return person.name
        if person.id not in self._numbers:
            number = self._counts[person.role] = self._counts.get(person.role, 0) + 1
            self._numbers[person.id] = f"{person.role} {number}"
        return self._numbers[person.id]
