"""A private PostgreSQL for tests: one server for each test process, a fresh database for each test.

``available()`` says whether the machine has one; tests that can do without are then run on SQLite alone.
The server listens on a Unix socket in a directory of its own, runs as an unprivileged user (``initdb``
refuses root), and is stopped by its process id.
"""

from __future__ import annotations

import asyncio
import atexit
import functools
import itertools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg

from storage.database import Database
from storage.tables import metadata

_PLACES = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/usr/local/pgsql/bin", "/opt/homebrew/bin")
_READY = b"database system is ready to accept connections"
_FAST = ("fsync=off", "full_page_writes=off", "shared_buffers=16MB", "max_connections=60", "log_checkpoints=off")
_ALONE = ("autovacuum=off",)  # it commits whenever it likes, and a test looks whether anybody did
_TEMPLATE = "migrated"
_SCHEMA = """
SELECT string_agg(concat_ws(' ', c.relname, a.attname, a.atttypid), ',' ORDER BY c.relname, a.attnum),
       (SELECT string_agg(version_num, ',') FROM alembic_version)
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid WHERE c.relnamespace = 'public'::regnamespace
"""


@functools.cache
def _programs() -> Path | None:
    """Find the directory with initdb and postgres."""
    found = [path for place in _PLACES for path in sorted(Path("/").glob(place[1:]), reverse=True)]
    on_path = shutil.which("initdb")
    if on_path is not None:
        found.append(Path(on_path).resolve().parent)
    return next((path for path in found if (path / "initdb").exists() and (path / "postgres").exists()), None)


def available() -> bool:
    """Say whether a server can be started here."""
    return _programs() is not None and (os.geteuid() != 0 or shutil.which("setpriv") is not None)


class Server:
    """A running server; ``stop()`` ends it and removes its files."""

    def __init__(self) -> None:
        """Start it, and wait until it answers."""
        programs = _programs()
        assert programs is not None, "no PostgreSQL server here: ask available() first"
        self.home = Path(tempfile.mkdtemp(prefix="pg", dir="/tmp"))
        data = self.home / "data"
        user = _unprivileged(self.home)
        trusted = ["-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C", "--no-sync"]
        subprocess.run(
            [*user, str(programs / "initdb"), "-D", str(data), *trusted],
            check=True,
            capture_output=True,
            cwd=self.home,
        )
        settings = [f"unix_socket_directories={self.home}", "listen_addresses=", *_FAST, *_ALONE]
        self.process = subprocess.Popen(
            [*user, str(programs / "postgres"), "-D", str(data), *(f"--{each}" for each in settings)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            cwd=self.home,
        )
        assert self.process.stderr is not None
        if not any(_READY in line for line in self.process.stderr):
            raise RuntimeError("the PostgreSQL server did not start")
        # Whatever it says from here on is read, so that it never waits for a full pipe.
        self._reader = threading.Thread(target=self._drain, daemon=True)
        self._reader.start()
        self._numbers = itertools.count(1)
        self._spare: list[str] = []
        self._schema: object = None

    def url(self, name: str) -> str:
        """Return the URL of a database."""
        return f"postgresql+psycopg://postgres@/{name}?host={self.home}"

    def execute(self, statement: str, *, name: str = "postgres") -> None:
        """Run one statement outside a transaction."""
        with self._connect(name) as connection:
            connection.execute(statement)

    def empty(self) -> str:
        """Make a database without tables and return its URL."""
        return self._make("template0")

    def migrated(self) -> str:
        """Return the URL of a database with today's tables and nothing in them."""
        self._template()
        return self._spare.pop() if self._spare else self._make(_TEMPLATE)

    def drop(self, url: str) -> None:
        """Take a database back, whoever is still connected: emptied for the next test, or removed.

        Emptying takes a tenth of the time of a new one; it is done only where the schema is as it was made.
        """
        name = url.partition("@/")[2].partition("?")[0]
        if self._emptied(name):
            self._spare.append(url)
        else:
            self.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def _emptied(self, name: str) -> bool:
        with self._connect(name) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            try:
                schema = connection.execute(_SCHEMA).fetchone()
            except psycopg.errors.UndefinedTable:
                return False
            if schema != self._schema:
                return False
            connection.execute(f"TRUNCATE {', '.join(metadata.tables)} RESTART IDENTITY")
        return True

    def stop(self) -> None:
        """End the server at once and remove its files. Safe to repeat."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGQUIT)
            self.process.wait(timeout=20)
        self._reader.join(timeout=20)
        if self.process.stderr is not None:
            self.process.stderr.close()
        shutil.rmtree(self.home, ignore_errors=True)

    def _connect(self, name: str) -> psycopg.Connection:
        return psycopg.connect(f"host={self.home} user=postgres dbname={name}", autocommit=True)

    def _make(self, template: str) -> str:
        name = f"test{next(self._numbers)}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        return self.url(name)

    @functools.cache  # noqa: B019  # a server lives as long as its process
    def _template(self) -> None:
        self.execute(f"CREATE DATABASE {_TEMPLATE} TEMPLATE template0")
        with ThreadPoolExecutor(1) as apart:  # from the loop of the test that asks first
            apart.submit(asyncio.run, _migrate(self.url(_TEMPLATE))).result()
        with self._connect(_TEMPLATE) as connection:
            self._schema = connection.execute(_SCHEMA).fetchone()

    def _drain(self) -> None:
        assert self.process.stderr is not None
        for _line in self.process.stderr:
            continue


@functools.cache
def shared() -> Server:
    """Return this test process's server, started at the first call and stopped when the process ends."""
    server = Server()
    atexit.register(server.stop)
    return server


async def _migrate(url: str) -> None:
    database = Database(url)
    await database.migrate()
    await database.close()


def _unprivileged(home: Path) -> list[str]:
    """Return what to put before a command so that it does not run as root; it dies with this process."""
    end = ["--pdeathsig", "QUIT"]
    if os.geteuid() != 0:
        return ["setpriv", *end] if shutil.which("setpriv") else []
    for name in ("postgres", "nobody"):
        try:
            user = pwd.getpwnam(name)
        except KeyError:
            continue
        os.chown(home, user.pw_uid, user.pw_gid)
        return ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups", *end]
    raise RuntimeError("there is no unprivileged user to run PostgreSQL as")
