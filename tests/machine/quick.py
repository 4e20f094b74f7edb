"""The machine's database: SQLite and the whole of ``storage/`` above it, without what only waiting costs.

A run makes thousands of statements and waits for none. So they run here on the loop's own thread, through
SQLAlchemy's synchronous door, where the gateway gives each connection a thread. Others go on between two
transactions, which is all that one of SQLite lets them see. What SQLAlchemy learnt of a statement is kept
from one run to the next, and nobody waits for a disk: no power fails but the machine's own.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, contextmanager
from functools import cache, partial
from pathlib import Path
from typing import Any

from sqlalchemy import URL, create_engine, event
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from storage import database
from storage.errors import translate

PRAGMAS = (*database._PRAGMAS, "PRAGMA synchronous=OFF")


@cache
def engine_of(path: Path, write: bool) -> Engine:
    """The engine of a file, the same one for each run over it."""
    query = {"mode": "rw", "uri": "true"}
    url = URL.create("sqlite", database=database._file_uri(path), query=query)
    engine = create_engine(
        url, hide_parameters=True, connect_args={"isolation_level": None, "check_same_thread": False}
    )
    pragmas = PRAGMAS if write else (*PRAGMAS, "PRAGMA query_only=ON")
    event.listen(engine, "connect", partial(database._set_pragmas, pragmas))
    event.listen(engine, "begin", partial(database._begin_on_sqlite, "BEGIN IMMEDIATE" if write else "BEGIN"))
    return engine


class Tx:
    """What the gateway asks of a connection inside a transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.dialect = connection.dialect

    def __getattr__(self, name: str) -> Any:
        """``execute``, ``scalar``, ``scalars``: done at once, and awaited all the same."""
        act = getattr(self._connection, name)

        async def done(*what: Any) -> Any:
            return act(*what)

        return done

    @asynccontextmanager
    async def begin_nested(self) -> AsyncIterator[None]:
        with self._connection.begin_nested():
            yield


class QuickDatabase(database.Database):
    """``Database``, with its own rules about who writes when, over engines that do not wait."""

    async def close(self) -> None:
        await super().close()
        for write in (False, True):
            engine_of(self._file, write).dispose()

    @property
    def _file(self) -> Path:
        assert self.path is not None
        return self.path

    @asynccontextmanager
    async def _connected(self, *, write: bool) -> AsyncIterator[Any]:
        self._require_ready()
        await asyncio.sleep(0)
        with _translated(), engine_of(self._file, write).begin() as connection:
            yield Tx(connection)


@contextmanager
def _translated() -> Any:
    try:
        yield
    except (SQLAlchemyError, sqlite3.Error) as error:
        failure = translate(error)
    else:
        return
    raise failure from None
