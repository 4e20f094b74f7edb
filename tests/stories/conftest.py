"""People of the stories: their keys are made once a worker."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from openpgp import Person

CAST = {
    "alice": ("Alice Archer", "alice@project.example"),
    "adam": ("Adam Abbot", "adam@project.example"),
    "north": ("Northwind Security", "security@northwind.example"),
    "south": ("Southgate PSIRT", "psirt@southgate.example"),
    "west": ("Westlake Security", "security@westlake.example"),
    "mallory": ("Mallory", "mallory@elsewhere.example"),
}


@pytest.fixture(scope="session")
def people() -> Iterator[dict[str, Person]]:
    cast = {name: Person(*who) for name, who in CAST.items()}
    yield cast
    for person in cast.values():
        person.close()
