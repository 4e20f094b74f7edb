from __future__ import annotations

import asyncio
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import text

from storage import settings
from storage.database import Database, sqlite_url
from storage.errors import SchemaOutOfDate, StorageError, Unavailable

NOW = datetime(2026, 11, 24, 17, tzinfo=UTC)


async def test_what_a_transaction_wrote_is_there_afterwards(database: Database) -> None:
    async with database.transaction() as tx:
        await settings.put(tx, "name", "one")
        await settings.put(tx, "name", "two")

    async with database.reading() as tx:
        assert await settings.get(tx, "name") == "two"
        assert await settings.get(tx, "other") is None


async def test_a_transaction_that_failed_leaves_nothing(database: Database) -> None:
    with pytest.raises(RuntimeError, match="half-way"):
        async with database.transaction() as tx:
            await settings.put(tx, "name", "one")
            raise RuntimeError("half-way")

    async with database.reading() as tx:
        assert await settings.get(tx, "name") is None


async def test_a_cancelled_transaction_leaves_nothing_and_no_lock(database: Database) -> None:
    inside = asyncio.Event()

    async def hangs() -> None:
        async with database.transaction() as tx:
            await settings.put(tx, "name", "one")
            inside.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(hangs())
    await inside.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)

    async with database.transaction() as tx:
        assert await settings.get(tx, "name") is None


async def test_a_reading_transaction_refuses_to_write(database: Database) -> None:
    with pytest.raises(StorageError):
        async with database.reading() as tx:
            await settings.put(tx, "name", "one")

    async with database.transaction() as tx:
        assert await settings.get(tx, "name") is None
        await settings.put(tx, "name", "written by a writer afterwards")


async def test_a_reader_sees_one_moment(database: Database) -> None:
    async with database.reading() as reader:
        assert await settings.get(reader, "name") is None
        async with database.transaction() as tx:
            await settings.put(tx, "name", "one")

        assert await settings.get(reader, "name") is None


async def test_a_write_transaction_inside_another_is_refused_at_once(database: Database) -> None:
    async with database.transaction():
        with pytest.raises(RuntimeError, match="inside"):
            async with database.transaction():
                raise AssertionError("not reached")


async def test_writers_of_several_engines_wait_for_each_other_and_lose_no_update(url: str) -> None:
    # In line for SQLite's lock is next whoever happens to look: on a slow disk one of them may wait for all the others.
    databases = [Database(url, patience=60) for _ in range(3)]
    for each in databases:
        await each.open()

    async def count(one: Database) -> None:
        for _ in range(10):
            async with one.transaction() as tx:
                value = int(await settings.get(tx, "count") or 0)
                await settings.put(tx, "count", str(value + 1))

    await asyncio.gather(*(count(one) for one in databases), *(count(one) for one in databases))

    async with databases[0].reading() as tx:
        assert await settings.get(tx, "count") == "60"
    for each in databases:
        await each.close()


async def test_the_change_token_moves_with_each_commit_of_anybody_and_only_then(url: str) -> None:
    ours, theirs = Database(url), Database(url)
    await ours.open()
    await theirs.open()
    tokens = [await ours.change_token()]
    assert await ours.change_token() == tokens[0]

    for number, one in enumerate((theirs, ours, theirs, ours)):
        async with one.transaction() as tx:
            await settings.put(tx, "name", str(number))
        tokens.append(await ours.change_token())
        assert await ours.change_token() == tokens[-1]

    assert len(set(tokens)) == 5
    await ours.close()
    await theirs.close()


async def test_the_schema_goes_from_missing_to_current_and_migrating_again_changes_nothing(empty_url: str) -> None:
    database = Database(empty_url)
    await database.open()
    assert await database.schema_state() == "missing"

    await database.migrate()
    assert await database.schema_state() == "current"
    await database.migrate()

    assert await database.schema_state() == "current"
    await database.close()


@pytest.mark.parametrize(("revision", "state"), [("0000", "old"), ("9999", "newer")])
async def test_a_schema_of_another_version_is_named(database: Database, revision: str, state: str) -> None:
    async with database.transaction() as tx:
        await tx.execute(text("UPDATE alembic_version SET version_num = :revision"), {"revision": revision})

    assert await database.schema_state() == state


async def test_a_database_of_a_newer_version_is_not_migrated(database: Database) -> None:
    async with database.transaction() as tx:
        await tx.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    with pytest.raises(SchemaOutOfDate, match="newer"):
        await database.migrate()


async def test_a_missing_table_is_told_as_a_schema_out_of_date(empty_url: str) -> None:
    database = Database(empty_url)
    await database.migrate()
    async with database.transaction() as tx:
        await tx.execute(text("DROP TABLE settings"))

    with pytest.raises(SchemaOutOfDate):
        async with database.reading() as tx:
            await settings.get(tx, "name")
    await database.close()


async def test_no_error_text_holds_a_value(database: Database) -> None:
    with pytest.raises(StorageError) as caught:
        async with database.transaction() as tx:
            for _ in range(2):
                await tx.execute(
                    text("INSERT INTO settings (name, value) VALUES (:name, :value)"),
                    {"name": "canary-name", "value": "canary-value"},
                )

    assert "canary" not in f"{caught.value!r} {caught.value}"
    assert caught.value.__suppress_context__


async def test_an_unopened_and_a_closed_database_are_unavailable(url: str) -> None:
    database = Database(url)
    for _ in range(2):
        with pytest.raises(Unavailable):
            async with database.reading():
                raise AssertionError("not reached")
        with pytest.raises(Unavailable):
            await database.change_token()
        await database.open()
        await database.close()


@pytest.mark.parametrize(
    "bad",
    [
        pytest.param("mysql://root:canary@example.org/x", id="another database"),
        pytest.param("not a url canary", id="no URL"),
        pytest.param("sqlite+aiosqlite://", id="no file"),
        pytest.param("sqlite+aiosqlite:///:memory:", id="memory, which forgets"),
        pytest.param("postgresql://u:canary@example.org/x", id="another driver"),
    ],
)
def test_a_url_that_is_none_of_ours_is_refused_without_quoting_it(bad: str) -> None:
    with pytest.raises(StorageError) as caught:
        Database(bad)

    assert "canary" not in str(caught.value)


async def test_the_files_are_for_their_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "odd name?#%41.db"
    database = Database(sqlite_url(path))
    await database.migrate()
    async with database.transaction() as tx:
        await settings.put(tx, "name", "one")

    modes = {each.name: stat.S_IMODE(each.stat().st_mode) for each in tmp_path.iterdir()}
    assert modes == {f"{path.name}{end}": 0o600 for end in ("", "-wal", "-shm")}
    await database.close()


async def test_rights_that_were_loosened_are_taken_back_at_opening(sqlite_path: Path) -> None:
    sqlite_path.chmod(0o644)

    database = Database(sqlite_url(sqlite_path))
    await database.open()

    assert stat.S_IMODE(sqlite_path.stat().st_mode) == 0o600
    await database.close()


async def test_a_file_that_is_gone_is_unavailable_and_no_empty_one_is_made(tmp_path: Path) -> None:
    path = tmp_path / "gone.db"
    database = Database(sqlite_url(path))
    await database.open()

    with pytest.raises(Unavailable):
        async with database.transaction():
            raise AssertionError("not reached")

    assert not path.exists()
    assert await database.schema_state() == "missing"
    await database.close()


@pytest.mark.parametrize(
    ("pragma", "value"),
    [("journal_mode", "wal"), ("synchronous", 2), ("foreign_keys", 1), ("secure_delete", 1), ("temp_store", 2)],
)
async def test_every_sqlite_connection_is_set_to_keep_and_to_forget(
    sqlite_path: Path, pragma: str, value: object
) -> None:
    database = Database(sqlite_url(sqlite_path))
    await database.open()
    async with database.reading() as first, database.transaction() as second:
        for tx in (first, second):
            assert await tx.scalar(text(f"PRAGMA {pragma}")) == value
            assert await tx.scalar(text("PRAGMA busy_timeout")) == 10_000
    await database.close()


async def test_a_locked_database_is_unavailable_after_the_patience_given(sqlite_path: Path) -> None:
    holder, waiter = Database(sqlite_url(sqlite_path)), Database(sqlite_url(sqlite_path), patience=0.05)
    await holder.open()
    await waiter.open()

    async with holder.transaction():
        with pytest.raises(Unavailable) as caught:
            async with waiter.transaction():
                raise AssertionError("not reached")
        assert not caught.value.no_space

    async with waiter.transaction() as tx:
        await settings.put(tx, "name", "after the lock was gone")
    await holder.close()
    await waiter.close()


async def test_a_full_disk_is_told_as_such_and_nothing_is_half_written(sqlite_path: Path) -> None:
    database = Database(sqlite_url(sqlite_path))
    await database.open()

    with pytest.raises(Unavailable) as caught:
        async with database.transaction() as tx:
            await tx.execute(text("PRAGMA max_page_count=1"))  # SQLite's own limit; it lowers it to the present size
            await settings.put(tx, "name", "x" * 1_000_000)

    assert caught.value.no_space
    await database.close()
    await database.open()
    async with database.transaction() as tx:
        assert await settings.get(tx, "name") is None
    await database.close()


async def test_a_damaged_file_is_unavailable(tmp_path: Path) -> None:
    path = tmp_path / "gateway.db"
    path.write_bytes(b"this is no database, and long enough to be taken for a page" * 100)
    database = Database(sqlite_url(path))
    await database.open()

    with pytest.raises(Unavailable):
        async with database.reading() as tx:
            await settings.get(tx, "name")
    await database.close()


async def test_a_destroyed_value_is_gone_from_the_files_after_a_checkpoint(sqlite_path: Path) -> None:
    database = Database(sqlite_url(sqlite_path))
    await database.open()
    async with database.transaction() as tx:
        await settings.put(tx, "name", "canary-to-be-forgotten")
    async with database.transaction() as tx:
        await settings.put(tx, "name", "")

    await database.checkpoint()

    assert all(b"canary" not in each.read_bytes() for each in sqlite_path.parent.iterdir())
    await database.close()
