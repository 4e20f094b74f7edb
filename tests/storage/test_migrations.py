"""The history of the schema: up, down, with data; and its end is what the code expects."""

from __future__ import annotations

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect

from storage import database as storage_database
from storage import migrations, settings
from storage.database import Database
from storage.tables import metadata


def differences(connection: Connection) -> list[object]:
    context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
    return list(compare_metadata(context, metadata))


def tables(connection: Connection) -> set[str]:
    return set(inspect(connection).get_table_names())


def history() -> list[str]:
    script = ScriptDirectory.from_config(migrations.configured())
    return [revision.revision for revision in script.walk_revisions()][::-1]


def test_the_head_that_the_code_expects_is_the_last_revision_and_they_count_up() -> None:
    assert history()[-1] == storage_database.HEAD
    assert history() == sorted(history())
    assert history() == [f"{number:04d}" for number in range(1, len(history()) + 1)]


async def test_the_migrated_schema_is_the_one_of_the_tables(database: Database) -> None:
    async with database.transaction() as tx:
        assert await tx.run_sync(differences) == []
        assert await tx.run_sync(tables) == {*metadata.tables, "alembic_version"}


async def test_every_revision_goes_up_down_and_up_again(empty_url: str) -> None:
    database = Database(empty_url)
    await database.migrate()
    revisions = history()
    for older in ["base", *revisions[:-1]][::-1]:
        async with database.transaction() as tx:
            await tx.run_sync(migrations.downgrade, older)
    async with database.transaction() as tx:
        assert await tx.run_sync(tables) == {"alembic_version"}

    for revision in revisions:
        async with database.transaction() as tx:
            await tx.run_sync(migrations.upgrade, revision)

    async with database.transaction() as tx:
        assert await tx.run_sync(differences) == []
    await database.close()


async def test_migrating_keeps_the_data(database: Database) -> None:
    async with database.transaction() as tx:
        await settings.put(tx, "name", "kept")

    await database.migrate()

    async with database.reading() as tx:
        assert await settings.get(tx, "name") == "kept"


async def test_a_failed_migration_leaves_the_schema_as_it_was(empty_url: str) -> None:
    database = Database(empty_url)
    await database.migrate()
    try:
        async with database.transaction() as tx:
            await tx.run_sync(migrations.downgrade, "base")
            raise RuntimeError("the power went")
    except RuntimeError:
        assert await database.schema_state() == "current"
    async with database.reading() as tx:
        assert await settings.get(tx, "name") is None
    await database.close()
