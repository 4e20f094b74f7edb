"""People of the stories: their keys are made once a worker. And the databases that the stories are told on."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

import pg_server
import world
from openpgp import Person

# Told on SQLite alone: they are about the database itself, or start the service as a process of its own.
ON_SQLITE_ALONE = frozenset({"test_alarms", "test_canary", "test_kill", "test_restart", "test_tls", "test_lmtp"})

# Told on both in every `make test`. All the others are told on PostgreSQL by `make stories`.
ON_BOTH_ALWAYS = frozenset({"test_main_job"})

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


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Tell each story on SQLite, and on PostgreSQL too where the machine has one."""
    name = metafunc.module.__name__.rpartition(".")[2]
    is_wanted = name in ON_BOTH_ALWAYS or bool(os.environ.get("EMBARGO_TEST_LONG"))
    has_both = is_wanted and name not in ON_SQLITE_ALONE and pg_server.available()
    second = pytest.param("postgresql", marks=() if name in ON_BOTH_ALWAYS else pytest.mark.side)
    metafunc.parametrize("database", ["sqlite", second] if has_both else ["sqlite"], indirect=True)


@pytest.fixture(autouse=True)
def database(request: pytest.FixtureRequest) -> Iterator[str]:
    """Have the test's worlds stand on this database."""
    if request.param == "sqlite":
        yield request.param
        return
    url = pg_server.shared().migrated()
    token = world.storage_url.set(url)
    yield request.param
    world.storage_url.reset(token)
    pg_server.shared().drop(url)
