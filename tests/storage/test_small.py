"""Ids, columns, errors and the conversions that every module shares."""

from __future__ import annotations

import re
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import exc

from policy.facts import CopyState
from storage import disclosures, ids, rows
from storage.columns import instant_text
from storage.errors import Conflict, SchemaOutOfDate, StorageError, Unavailable, translate

LETTERS = "[0-9A-HJKMNP-TV-Z]"


@pytest.mark.parametrize(
    ("made", "pattern"),
    [
        pytest.param(ids.disclosure_id("ED", datetime(2026, 1, 1, tzinfo=UTC)), rf"ED-2026-{LETTERS}{{4}}", id="ED"),
        pytest.param(ids.row_id("CP"), rf"CP-{LETTERS}{{10}}", id="CP"),
        pytest.param(ids.stop_code(), rf"{LETTERS}{{4}}-{LETTERS}{{4}}-{LETTERS}{{4}}", id="stop code"),
        pytest.param(ids.message_id("lists.example"), r"<[0-9a-f]{32}@lists\.example>", id="Message-ID"),
        pytest.param(ids.token(), r"[0-9a-f]{32}", id="token"),
    ],
)
def test_ids_have_their_form(made: str, pattern: str) -> None:
    assert re.fullmatch(pattern, made)


def test_the_year_of_an_id_is_that_of_utc() -> None:
    late_in_los_angeles = datetime(2026, 12, 31, 20, tzinfo=timezone(timedelta(hours=-8)))

    assert ids.disclosure_id("ED", late_in_los_angeles, lambda below: below - 1) == "ED-2027-ZZZZ"


def test_ids_do_not_repeat() -> None:
    assert len({ids.row_id("CP") for _ in range(5000)}) == 5000


async def test_an_id_that_is_taken_is_not_given(database, seed) -> None:
    numbers = iter([7] * 8 + [9] * 4)
    async with database.transaction() as tx:
        await seed.disclosure(tx, "ED-2026-7777")

        made = await rows.free_id(
            tx,
            disclosures.t.disclosures.c.id,
            lambda: ids.disclosure_id("ED", seed.now, lambda _below: next(numbers)),
        )
        assert made == "ED-2026-9999"
        with pytest.raises(StorageError):
            await rows.free_id(tx, disclosures.t.disclosures.c.id, lambda: "ED-2026-7777")


INSTANTS = st.datetimes(timezones=st.timezones() | st.just(UTC)).filter(
    lambda instant: datetime(2, 1, 1, tzinfo=UTC) < instant < datetime(9998, 1, 1, tzinfo=UTC)
)


@given(INSTANTS, INSTANTS)
def test_the_text_of_instants_sorts_as_they_do_and_loses_nothing(one: datetime, two: datetime) -> None:
    first, second = instant_text(one), instant_text(two)

    # Of a time that a change of clocks repeats only UTC tells the order.
    assert (first < second) == (one.astimezone(UTC) < two.astimezone(UTC))
    assert datetime.fromisoformat(first) == one.astimezone(UTC)
    assert len(first) == 27


def test_a_naive_datetime_is_refused() -> None:
    with pytest.raises(ValueError, match="naive"):
        instant_text(datetime(2026, 1, 1))  # noqa: DTZ001  # that is the point


async def test_a_naive_datetime_gets_into_no_row(database) -> None:
    with pytest.raises(StorageError):
        async with database.transaction() as tx:
            await tx.execute(
                disclosures.t.duties.insert().values(
                    kind="k",
                    ref="r",
                    list_id="l",
                    due_at=datetime(2026, 1, 1),  # noqa: DTZ001  # that is the point
                )
            )


async def test_instants_come_back_aware_and_in_utc_to_the_microsecond(database, seed) -> None:
    elsewhere = datetime(2026, 11, 24, 9, 0, 0, 1, tzinfo=timezone(timedelta(hours=-8)))
    async with database.transaction() as tx:
        added = await seed.disclosure(tx, hold_until=elsewhere)

        found = await disclosures.get(tx, added.id)

    assert found is not None
    assert found.hold_until == elsewhere
    assert found.hold_until.tzinfo is UTC


def sqlite_error(kind: type[sqlite3.Error], name: str, told: str = "canary") -> sqlite3.Error:
    error = kind(told)
    error.sqlite_errorname = name
    return error


class ServerError(Exception):
    def __init__(self, sqlstate: str) -> None:
        super().__init__("DETAIL: Key (address)=(canary) already exists.")
        self.sqlstate = sqlstate


def wrapped(kind: type[exc.DBAPIError], error: Exception) -> exc.DBAPIError:
    return kind("SELECT canary", {"name": "canary"}, error)


@pytest.mark.parametrize(
    ("error", "kind", "no_space"),
    [
        pytest.param(
            wrapped(exc.IntegrityError, sqlite_error(sqlite3.IntegrityError, "SQLITE_CONSTRAINT_UNIQUE")),
            Conflict, False, id="sqlite: unique",
        ),
        pytest.param(
            wrapped(exc.IntegrityError, sqlite_error(sqlite3.IntegrityError, "SQLITE_CONSTRAINT_NOTNULL")),
            StorageError, False, id="sqlite: our defect",
        ),
        pytest.param(
            wrapped(exc.OperationalError, sqlite_error(sqlite3.OperationalError, "SQLITE_BUSY")),
            Unavailable, False, id="sqlite: locked",
        ),
        pytest.param(
            wrapped(exc.OperationalError, sqlite_error(sqlite3.OperationalError, "SQLITE_FULL")),
            Unavailable, True, id="sqlite: full",
        ),
        pytest.param(
            wrapped(exc.OperationalError, sqlite_error(sqlite3.OperationalError, "SQLITE_ERROR", "no such table: x")),
            SchemaOutOfDate, False, id="sqlite: no table",
        ),
        pytest.param(
            wrapped(exc.DatabaseError, sqlite_error(sqlite3.DatabaseError, "SQLITE_CORRUPT")),
            Unavailable, False, id="sqlite: damaged",
        ),
        pytest.param(sqlite_error(sqlite3.OperationalError, "SQLITE_CANTOPEN"), Unavailable, False, id="sqlite: bare"),
        pytest.param(wrapped(exc.IntegrityError, ServerError("23505")), Conflict, False, id="postgresql: unique"),
        pytest.param(wrapped(exc.OperationalError, ServerError("53100")), Unavailable, True, id="postgresql: full"),
        pytest.param(wrapped(exc.OperationalError, ServerError("57P01")), Unavailable, False, id="postgresql: ended"),
        pytest.param(wrapped(exc.ProgrammingError, ServerError("42P01")), SchemaOutOfDate, False, id="postgresql: old"),
        pytest.param(wrapped(exc.DataError, ServerError("22001")), StorageError, False, id="postgresql: too long"),
        pytest.param(exc.TimeoutError("canary"), Unavailable, False, id="no connection free"),
        pytest.param(exc.ArgumentError("canary"), StorageError, False, id="our defect"),
    ],
)  # fmt: skip
def test_a_failure_is_named_by_its_code_and_quotes_nothing(error, kind: type[StorageError], no_space: bool) -> None:
    told = translate(error)

    assert type(told) is kind
    assert getattr(told, "no_space", False) is no_space
    assert "canary" not in str(told)


def test_rows_hold_plain_values() -> None:
    assert rows.plain(CopyState.SENT) == "sent"
    assert type(rows.plain(CopyState.SENT)) is str
    assert rows.plain(frozenset({3, 1})) == [1, 3]
    assert rows.plain((CopyState.SENT, "x")) == ["sent", "x"]


@given(st.text(st.characters(), max_size=400))
def test_clipped_text_is_what_every_database_takes(anything: str) -> None:
    clipped = rows.clip(anything, 100)

    assert len(clipped) <= 100
    assert "\x00" not in clipped
    assert clipped.encode().decode() == clipped


def test_commands_do_not_pay_for_migrations() -> None:
    loaded = "import sys, storage.database, storage.outbox, storage.audit; print('alembic' in sys.modules)"

    done = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True)

    assert done.stdout == "False\n"
