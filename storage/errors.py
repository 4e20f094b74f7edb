"""What can go wrong with the database; each class says what then becomes of the mail.

::

    StorageError
      Unavailable       our side: the sender keeps the mail (451), the work is tried again
        TrailBroken     the audit trail was tampered with: nothing is written until an operator looked
      SchemaOutOfDate   nothing is done before `embargo init` brought the schema up to date
      Conflict          what was to be added is there already: the command is refused

No text here holds a value of a row: neither what was bound to a statement nor what the database quotes.
"""

from __future__ import annotations

import sqlite3

from sqlalchemy import exc


class StorageError(Exception):
    """The base: a failure of storage that no other class names, a defect of ours."""


class Unavailable(StorageError):  # noqa: N818  # it says what is the matter
    """The database cannot do it now (locked, full, lost): keep the mail with its sender, try again.

    ``no_space`` says that the disk or a quota is full.
    """

    def __init__(self, text: str, *, no_space: bool = False) -> None:
        super().__init__(text)
        self.no_space = no_space


class TrailBroken(Unavailable):
    """The head of the audit trail is missing or not signed by us: appending would cover that up."""


class SchemaOutOfDate(StorageError):  # noqa: N818  # it says what is the matter
    """The tables are not those of this version: the operator runs ``embargo init``."""


class Conflict(StorageError):  # noqa: N818  # it says what is the matter
    """Something unique is there already; nothing was changed."""


_NO_SPACE = frozenset({"SQLITE_FULL", "53100"})
_UNIQUE = frozenset({"SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_PRIMARYKEY", "23505"})
_SCHEMA = frozenset({"42P01", "42703", "3F000"})  # undefined table, column, schema


def translate(error: exc.SQLAlchemyError | sqlite3.Error) -> StorageError:
    """Name a driver's error in our words, by its code and without a value of its text."""
    code = _code_of(error)
    told = f"{type(error).__name__}, {code}" if code else type(error).__name__
    if code in _UNIQUE:
        return Conflict("it is there already")
    if code in _SCHEMA or _says_no_such_table(error):
        return SchemaOutOfDate(f"the database lacks a table or column of this version ({told})")
    if code in _NO_SPACE:
        return Unavailable(f"the database has no space left ({told})", no_space=True)
    if isinstance(error, exc.OperationalError | exc.InterfaceError | exc.TimeoutError | sqlite3.Error):
        return Unavailable(f"the database is not available ({told})")
    if isinstance(error, exc.DBAPIError) and error.connection_invalidated:
        return Unavailable(f"the connection to the database was lost ({told})")
    if isinstance(error, exc.DatabaseError) and _is_damage(code):
        return Unavailable(f"the database file is damaged ({told})")
    return StorageError(f"the database refused a statement ({told})")


def _code_of(error: Exception) -> str:
    """Find SQLite's error name or PostgreSQL's SQLSTATE; "" where there is none."""
    origin = error.orig if isinstance(error, exc.DBAPIError) else error
    code = getattr(origin, "sqlite_errorname", None) or getattr(origin, "sqlstate", None)
    return code if isinstance(code, str) else ""


def _says_no_such_table(error: Exception) -> bool:
    """SQLite has no code of its own for it; the text is compared here and goes no further."""
    origin = error.orig if isinstance(error, exc.DBAPIError) else error
    return str(origin).startswith(("no such table", "no such column"))


def _is_damage(code: str) -> bool:
    return code.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB", "XX001", "XX002"))
