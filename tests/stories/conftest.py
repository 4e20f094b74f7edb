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

# About what a mail means, before the database has a say: `make test` tells them on SQLite, `make test-long` on both.
ON_BOTH_WHEN_LONG = frozenset(
    {
        "test_attack_banner",
        "test_attack_big_report",
        "test_attack_came_back",
        "test_attack_pager_flood",
        "test_attack_reach",
        "test_attack_restrict",
        "test_attack_stale_date",
        "test_attack_unread_report",
        "test_attacks_reach_nobody",
        "test_automatic_mail",
        "test_bad_day",
        "test_control_lines",
        "test_duplicates_and_replay",
        "test_follow_ups",
        "test_leak_reports",
        "test_outside",
        "test_owner_and_request",
        "test_possible_leaks",
        "test_preview",
        "test_public_notice",
        "test_quarantine",
        "test_receipts",
        "test_stop_code",
    }
)

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
    is_left_out = name in ON_SQLITE_ALONE or (name in ON_BOTH_WHEN_LONG and not os.environ.get("EMBARGO_TEST_LONG"))
    has_both = pg_server.available() and not is_left_out
    metafunc.parametrize("database", ["sqlite", "postgresql"] if has_both else ["sqlite"], indirect=True)


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
