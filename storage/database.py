"""The database: opening it, its transactions, its schema; SQLite in one file, or PostgreSQL by URL.

What callers rely on: a write transaction has the database to itself (so what it read is still so when
it writes, and the audit trail is one chain), a reading one sees one moment, and what was committed
survives the power cord. Every failure comes out as one of ``storage.errors``.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

import aiosqlite
from sqlalchemy import URL, event, make_url, text
from sqlalchemy.engine import Connection
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from storage import sqlite_driver
from storage.errors import SchemaOutOfDate, StorageError, Unavailable, translate

Tx = AsyncConnection
"""A connection inside a transaction: all that the other modules of this package take."""

SchemaState = Literal["current", "missing", "old", "newer"]

HEAD = "0005"
"""The newest revision in migrations/; revisions are numbered, so that older and newer compare as text."""

PATIENCE = 10.0
"""Seconds to wait for a lock, a connection or a server, before the sender is asked to come again."""

_WRITERS_LOCK = 0x656D_6261_7267_6F  # "embargo": one advisory lock for all nodes on a PostgreSQL database
_FORGOTTEN_AFTER = 60  # seconds after which PostgreSQL ends the transaction of a node that hangs with the lock

_PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",  # with WAL: an fsync a commit; 250 means committed
    "PRAGMA foreign_keys=ON",
    "PRAGMA secure_delete=ON",  # a destroyed data key is overwritten, not only unlinked
    "PRAGMA temp_store=MEMORY",
    "PRAGMA trusted_schema=OFF",
)


def sqlite_url(path: Path) -> str:
    """Return the URL of an SQLite database in a file."""
    return URL.create("sqlite+aiosqlite", database=str(path)).render_as_string()


class Database:
    """One database; ``open()`` before use, ``close()`` at the end, both on the loop that uses it."""

    def __init__(self, url: str, *, patience: float = PATIENCE) -> None:
        """Take the URL; nothing is touched yet. Raises StorageError for a URL that is none of ours."""
        self._url = _parse(url)
        self._patience = patience
        self._readers: AsyncEngine | None = None
        self._writers: AsyncEngine | None = None  # on PostgreSQL the same
        self._watch: aiosqlite.Connection | None = None
        self._turn = asyncio.Lock()  # of the writers of this process, in the order in which they came
        self._writer: asyncio.Task[Any] | None = None
        self._watching = asyncio.Lock()  # several loops ask for the token

    @property
    def is_sqlite(self) -> bool:
        """Whether it is a file of ours."""
        return self._url.get_backend_name() == "sqlite"

    @property
    def path(self) -> Path | None:
        """The file; None for PostgreSQL."""
        return Path(self._url.database or "") if self.is_sqlite else None

    async def open(self) -> None:
        """Make ready to connect; connects at the first use, so that a server may come up later."""
        if self._readers is not None:
            return
        if self.path is not None:
            _restrict(self.path)
            self._readers = _sqlite_engine(self.path, self._patience, write=False)
            self._writers = _sqlite_engine(self.path, self._patience, write=True)
        else:
            self._readers = self._writers = _postgresql_engine(self._url, self._patience)

    async def close(self) -> None:
        """Close every connection. Safe to repeat."""
        watch, self._watch = self._watch, None
        if watch is not None:
            await watch.close()
        engines = {self._readers, self._writers}
        self._readers = self._writers = None
        for engine in engines:
            if engine is not None:
                await engine.dispose()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Tx]:
        """Write: all of it is durable when the block has ended, or none of it happened.

        One at a time, in this process and in all others. Keep it short: nothing slow inside.
        """
        task = asyncio.current_task()
        if self._writer is task:
            raise RuntimeError("a write transaction inside a write transaction would wait for itself")
        async with self._turn:
            self._writer = task
            try:
                async with self._connected(write=True) as tx:
                    yield tx
            finally:
                self._writer = None

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Tx]:
        """Read one moment of the database; what others commit meanwhile is not seen, writing is refused."""
        async with self._connected(write=False) as tx:
            yield tx

    @asynccontextmanager
    async def _connected(self, *, write: bool) -> AsyncIterator[Tx]:
        self._require_ready()
        engine = self._writers if write else self._readers
        assert engine is not None
        failure: StorageError
        try:
            async with engine.begin() as connection:
                if not self.is_sqlite:
                    await self._begin_on_postgresql(connection, write=write)
                yield connection
        except (SQLAlchemyError, sqlite3.Error) as error:
            failure = translate(error)
        else:
            return
        # Not `from error`: PostgreSQL quotes the values of a row in what it says (law 8).
        raise failure from None

    def _require_ready(self) -> None:
        if self._readers is None:
            raise Unavailable("the database is not open")
        # Asked before the driver is: it answers a file that cannot be opened with a thread that outlives the loop.
        if self.path is not None and not os.access(self.path, os.R_OK | os.W_OK):
            raise Unavailable("the database file is gone, or may not be read and written")

    @staticmethod
    async def _begin_on_postgresql(tx: Tx, *, write: bool) -> None:
        if write:
            # One writer at a time, as on SQLite: so one proof of the chain of records and of the claims holds for
            # both. READ COMMITTED sees all that the writer before committed.
            await tx.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _WRITERS_LOCK})
        else:
            await tx.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"))

    async def migrate(self) -> None:
        """Bring the schema up to date; creates the file, for its owner alone, where there is none.

        Raises SchemaOutOfDate when the database was written by a newer version.
        """
        if self.path is not None:
            _create(self.path)
        await self.open()
        if await self.schema_state() == "newer":
            raise SchemaOutOfDate("the database was written by a newer version of this program")
        from storage.migrations import upgrade  # noqa: PLC0415  # Alembic costs what a command may not: 0.2 s

        async with self.transaction() as tx:
            await tx.run_sync(upgrade)

    async def schema_state(self) -> SchemaState:
        """Say whether the tables are those of this version."""
        if self.path is not None and not await asyncio.to_thread(self.path.exists):
            return "missing"
        try:
            async with self.reading() as tx:
                revision = await tx.scalar(text("SELECT version_num FROM alembic_version"))
        except SchemaOutOfDate:
            return "missing"
        if revision is None:
            return "missing"
        if revision == HEAD:
            return "current"
        return "old" if revision < HEAD else "newer"

    async def change_token(self) -> str:
        """Return a value that differs from an earlier one if any process has committed in between.

        Cheap enough to ask every second; it may also move when nothing was changed.
        """
        if self.path is None:
            async with self.reading() as tx:
                # The set of transactions that can be seen: each commit makes it larger, so no two are alike.
                return str(await tx.scalar(text("SELECT pg_current_snapshot()::text")))
        self._require_ready()
        try:
            async with self._watching:
                if self._watch is None:
                    self._watch = await _watching(self.path, self._patience)
                # It moves for this connection when any other commits: this one never does, so none is missed.
                async with self._watch.execute("PRAGMA data_version") as cursor:
                    row = await cursor.fetchone()
        except (sqlite3.Error, ValueError) as error:
            told = translate(error) if isinstance(error, sqlite3.Error) else Unavailable("the database was closed")
            raise told from None
        return str(row[0]) if row is not None else ""

    async def checkpoint(self) -> None:
        """Fold SQLite's write-ahead log into the file, so that no copy of what was destroyed stays in it."""
        if self._writers is None or not self.is_sqlite:
            return
        try:
            async with self._writers.connect() as connection:
                raw = await connection.get_raw_connection()
                driver = raw.driver_connection
                assert isinstance(driver, aiosqlite.Connection)
                async with driver.execute("PRAGMA wal_checkpoint(TRUNCATE)") as cursor:
                    await cursor.fetchall()
        except (SQLAlchemyError, sqlite3.Error) as error:
            raise translate(error) from None


def _parse(url: str) -> URL:
    try:
        parsed = make_url(url)
    except (SQLAlchemyError, ValueError):
        # Not the library's text: it quotes the URL, and a URL may hold a password.
        raise StorageError("the database URL cannot be read") from None
    if parsed.drivername not in {"sqlite+aiosqlite", "postgresql+psycopg"}:
        raise StorageError("the database URL begins neither with sqlite+aiosqlite: nor with postgresql+psycopg:")
    if parsed.drivername == "sqlite+aiosqlite" and parsed.database in {None, "", ":memory:"}:
        raise StorageError("the database URL names no file")
    return parsed


def _file_uri(path: Path) -> str:
    # mode=rw: a file that is gone is an error, not a fresh and empty database.
    return f"file:{quote(str(path.absolute()))}"


def _sqlite_engine(path: Path, patience: float, *, write: bool) -> AsyncEngine:
    engine = create_async_engine(
        URL.create("sqlite+aiosqlite", database=_file_uri(path), query={"mode": "rw", "uri": "true"}),
        hide_parameters=True,
        pool_timeout=patience,
        # isolation_level None: sqlite3 begins nothing of its own; the listener to "begin" does.
        connect_args={"timeout": patience, "isolation_level": None, "async_creator_fn": sqlite_driver.connect},
    )
    # IMMEDIATE: the lock is waited for here, where waiting helps. A transaction that read first and then wants to
    # write is refused at once when another wrote in between, however patient it is.
    begin = "BEGIN IMMEDIATE" if write else "BEGIN"
    pragmas = _PRAGMAS if write else (*_PRAGMAS, "PRAGMA query_only=ON")
    event.listen(engine.sync_engine, "connect", partial(_set_pragmas, pragmas))
    event.listen(engine.sync_engine, "begin", partial(_begin_on_sqlite, begin))
    return engine


def _set_pragmas(pragmas: Sequence[str], connection: DBAPIConnection, _record: object) -> None:
    try:
        cursor = connection.cursor()
        for pragma in pragmas:
            cursor.execute(pragma)
        cursor.close()
    except BaseException:
        connection.close()  # nobody else knows of it yet, and it is a thread
        raise


def _begin_on_sqlite(begin: str, connection: Connection) -> None:
    connection.exec_driver_sql(begin)


async def _watching(path: Path, patience: float) -> aiosqlite.Connection:
    return await sqlite_driver.connect(f"{_file_uri(path)}?mode=rw", uri=True, timeout=patience, isolation_level=None)


def _postgresql_engine(url: URL, patience: float) -> AsyncEngine:
    milliseconds = int(patience * 1000)
    options = [
        "timezone=UTC",
        "synchronous_commit=on",  # 250 means committed, whatever the server's default
        f"lock_timeout={milliseconds}",
        f"idle_in_transaction_session_timeout={_FORGOTTEN_AFTER * 1000}",
    ]
    own = url.query.get("options", "")
    given = own if isinstance(own, str) else " ".join(own)
    return create_async_engine(
        url.difference_update_query(["options"]),
        hide_parameters=True,
        pool_pre_ping=True,  # a server that was restarted costs nobody a failed mail
        pool_timeout=patience,
        connect_args={
            "options": " ".join([*(f"-c {option}" for option in options), given]).strip(),
            "connect_timeout": max(2, int(patience)),
            "application_name": "embargo-gateway",
        },
    )


def _create(path: Path) -> None:
    """Make the file with its rights before SQLite opens it; its -wal and -shm take theirs from it."""
    try:
        os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))
    except OSError as error:
        raise Unavailable(f"the database file cannot be made ({error.strerror})") from None
    _restrict(path)


def _restrict(path: Path) -> None:
    for name in (path, path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-shm")):
        try:
            name.chmod(0o600)
        except FileNotFoundError:
            continue
        except OSError as error:
            raise Unavailable(f"the rights of the database file cannot be set ({error.strerror})") from None
