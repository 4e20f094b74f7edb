"""The threads of SQLite's connections: none answers a loop that is closed."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from functools import partial
from pathlib import Path
from typing import Any

import aiosqlite
import pytest

from storage import sqlite_driver
from storage.database import Database, sqlite_url
from storage.errors import Unavailable


async def _reads(database: Database) -> None:
    async with database.reading():
        raise AssertionError("not reached")


async def _looks(database: Database) -> None:
    await database.change_token()


@pytest.mark.parametrize("act", [_reads, _looks])
@pytest.mark.parametrize("is_cancelled", [False, True])
def test_what_ends_while_a_file_is_opened_leaves_no_thread_behind(
    sqlite_path: Path, monkeypatch: pytest.MonkeyPatch, act: Any, is_cancelled: bool
) -> None:
    begun, goes_on, died = threading.Event(), threading.Event(), []
    threads: list[threading.Thread] = []
    open_file, told = sqlite3.connect, aiosqlite.Connection.stop

    def slow(path: str, **how: Any) -> sqlite3.Connection:
        threads.append(threading.current_thread())
        begun.set()
        goes_on.wait(60)
        if not is_cancelled:
            raise sqlite3.OperationalError("unable to open database file")
        return open_file(path, **how)

    def stop(connection: aiosqlite.Connection) -> Any:
        connection._tx.put_nowait((None, partial(threading.Event().wait, 0.2)))  # the machine is busy
        return told(connection)

    async def main() -> None:
        database = Database(sqlite_url(sqlite_path))
        await database.open()
        task = asyncio.create_task(act(database))
        await asyncio.to_thread(begun.wait, 60)
        later = threading.Timer(0.2 if is_cancelled else 0, goes_on.set)  # the disk is slow
        later.start()
        if is_cancelled:
            task.cancel()
        with pytest.raises(asyncio.CancelledError if is_cancelled else Unavailable):
            await task
        await database.close()

    monkeypatch.setattr(sqlite3, "connect", slow)
    monkeypatch.setattr(aiosqlite.Connection, "stop", stop)
    monkeypatch.setattr(threading, "excepthook", lambda of: died.append(of.exc_value))
    asyncio.run(main())

    threads[0].join(60)
    assert not died


async def test_a_close_ends_though_the_thread_was_told_to_stop_meanwhile(sqlite_path: Path) -> None:
    """As SQLAlchemy tells it to where whoever was cancelled, and closes, is cancelled again."""
    goes_on = threading.Event()
    connection = await sqlite_driver.connect(str(sqlite_path), timeout=10)
    busy = asyncio.create_task(connection.on_thread(lambda: goes_on.wait(60)))
    await asyncio.sleep(0)
    closing = asyncio.create_task(connection.close())
    await asyncio.sleep(0)
    connection.stop()
    goes_on.set()

    async with asyncio.timeout(30):
        await closing
    assert await busy
