"""SQLite for asyncio with one trip to its thread for a statement, where aiosqlite's own cursor makes four.

A statement of ours costs SQLite some microseconds and each trip between two threads a tenth of a millisecond,
so the trips were most of what the database cost. Everything else is aiosqlite's.
"""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any, TypeVar

import aiosqlite

R = TypeVar("R")


class Cursor:
    """What SQLAlchemy asks of a cursor; it opens, runs, fetches and closes in one trip."""

    def __init__(self, connection: Connection) -> None:
        """Take the connection; SQLite knows of nothing yet."""
        self._connection = connection
        self._rows: list[Any] = []
        self.description: Any = None
        self.rowcount = -1
        self.lastrowid: int | None = None
        self.arraysize = 1

    async def __aenter__(self) -> Cursor:
        """Give itself: there is nothing to open."""
        return self

    async def execute(self, sql: str, parameters: Iterable[Any] = ()) -> Cursor:
        """Run a statement; all that it finds is fetched."""
        await self._connection.on_thread(partial(self._run, "execute", sql, parameters))
        return self

    async def executemany(self, sql: str, parameters: Iterable[Iterable[Any]]) -> Cursor:
        """Run a statement once for each set of parameters."""
        await self._connection.on_thread(partial(self._run, "executemany", sql, parameters))
        return self

    async def fetchall(self) -> Sequence[Any]:
        """Give what was found, once."""
        rows, self._rows = self._rows, []
        return rows

    async def close(self) -> None:
        """Do nothing: it was closed when its statement had run."""

    def _run(self, how: str, sql: str, parameters: Iterable[Any]) -> None:
        cursor = self._connection.sqlite.cursor()
        try:
            getattr(cursor, how)(sql, parameters)
            self.description = cursor.description
            self._rows = cursor.fetchall() if cursor.description else []
            self.rowcount, self.lastrowid = cursor.rowcount, cursor.lastrowid
        finally:
            cursor.close()


class Connection(aiosqlite.Connection):
    """A connection of aiosqlite that spares the trips which nothing asks for."""

    _asked = 0  # counted on the loop alone
    _answered = 0  # counted on the thread alone
    _stopped: asyncio.Future[Any] | None = None

    async def _connect(self) -> Connection:
        """Open the file; who is cancelled meanwhile closes it first: the thread answers a loop that is there."""
        opening = asyncio.ensure_future(self._opened())
        try:
            await asyncio.shield(opening)
        except asyncio.CancelledError:
            with contextlib.suppress(Exception):
                await opening
                await self.close()
            raise
        return self

    async def _opened(self) -> None:
        try:
            await super()._connect()
        except BaseException:
            if self._stopped is not None:
                await self._stopped
            raise

    def stop(self) -> asyncio.Future[Any] | None:
        """End the thread, after what it has in hand; it answers once, however often it is asked to."""
        if self._stopped is None:
            self._stopped = super().stop()
        return self._stopped

    @property
    def sqlite(self) -> sqlite3.Connection:
        """The connection itself, for what runs on its thread."""
        return self._conn

    def cursor(self) -> Cursor:  # type: ignore[override]  # SQLAlchemy asks for a cursor to enter, not for a promise
        """Give a cursor without asking SQLite."""
        return Cursor(self)

    async def on_thread(self, act: Callable[[], R]) -> R:
        """Run something on the connection's thread, in its turn."""
        self._asked += 1

        def counted() -> R:
            try:
                return act()
            finally:
                self._answered += 1

        result: R = await self._execute(counted)  # type: ignore[no-untyped-call]  # as its own cursor does
        return result

    async def rollback(self) -> None:
        """Undo what is not committed; no trip where nothing was begun and nothing is still being done.

        Who was cancelled while a statement ran has left it running: then this waits for its turn behind it.
        """
        if self._asked != self._answered or self.in_transaction:
            await super().rollback()


def connect(database: str, *, timeout: float, **how: Any) -> Connection:  # noqa: ANN401  # sqlite3.connect's own
    """Give a connection to await. ``timeout`` is in seconds: how long a lock is waited for."""
    connection = Connection(partial(sqlite3.connect, database, timeout=timeout, **how), 64)
    connection._thread.daemon = True  # noqa: SLF001  # as SQLAlchemy does with those that it makes itself
    return connection
