"""From records to rows and back: what all modules of this package share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from enum import Enum
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import ColumnElement, RowMapping, Table, exists, select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.errors import StorageError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

R = TypeVar("R", bound="DataclassInstance")

CHUNK = 500
"""Values in one IN clause: far below what any of the databases takes."""


def chunks(wanted: Iterable[str]) -> Iterator[Sequence[str]]:
    """Cut values, in order, into what one IN clause takes."""
    everything = sorted(wanted)
    for start in range(0, len(everything), CHUNK):
        yield everything[start : start + CHUNK]


def plain(value: object) -> Any:  # noqa: ANN401  # a driver takes what it takes
    """Return a value as the drivers take it: words for enums, lists for tuples and sets."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, frozenset | set):
        return sorted(plain(each) for each in value)
    if isinstance(value, tuple):
        return [plain(each) for each in value]
    return value


def words(values: Iterable[str]) -> list[str]:
    """Return enums and strings as plain strings, for an IN clause."""
    return [str(plain(value)) for value in values]


def values_of(record: DataclassInstance) -> dict[str, Any]:
    """Return the columns of a record whose fields are named as its columns are."""
    return {field.name: plain(getattr(record, field.name)) for field in fields(record)}


def record_of(kind: type[R], row: RowMapping, how: Mapping[str, Callable[[Any], Any]] | None = None) -> R:
    """Build a record from the columns named as its fields are; ``how`` converts those that are not None."""
    how = how or {}
    found: dict[str, Any] = {}
    for field in fields(kind):
        value = row[field.name]
        convert = how.get(field.name)
        found[field.name] = value if value is None or convert is None else convert(value)
    return kind(**found)


def clip(text: str, length: int) -> str:
    """Return text from outside as every database takes it: no NUL, no lone surrogate, not too long."""
    clean = text.replace("\x00", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace").decode()
    return clean[:length]


async def insert_if_new(tx: AsyncConnection, table: Table, values: Mapping[str, Any]) -> bool:
    """Insert a row unless a unique one is there; say whether it was inserted."""
    # Only the one that is in use: importing the other's dialect costs every command a tenth of a second.
    if tx.dialect.name == "postgresql":
        from sqlalchemy.dialects.postgresql import insert  # noqa: PLC0415
    else:
        from sqlalchemy.dialects.sqlite import insert  # type: ignore[assignment]  # noqa: PLC0415
    # RETURNING says it on both; a row count after INSERT is not promised.
    query = insert(table).values(**values).on_conflict_do_nothing().returning(*table.primary_key.columns)
    return (await tx.execute(query)).first() is not None


async def is_there(tx: AsyncConnection, where: ColumnElement[bool]) -> bool:
    """Say whether any row meets a condition."""
    return bool(await tx.scalar(select(exists().where(where))))


async def free_id(tx: AsyncConnection, column: ColumnElement[str], make: Callable[[], str]) -> str:
    """Return the first id made that no row has. Raises StorageError when none is found."""
    for _ in range(100):
        made = make()
        if not await is_there(tx, column == made):
            return made
    raise StorageError("no free id was found in a hundred tries")
