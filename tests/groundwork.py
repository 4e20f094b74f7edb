"""What every story's gateway starts from, made once a worker: master key, audit key, list key, and judged keys.

A story is about mail, not about setting up; ``embargo init`` has tests of its own. What is kept here was
made by ``initialise`` itself and is laid into each new database row by row.
"""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import insert, select

from gateway import config as configuration
from gateway.operator.setup import initialise
from gateway.parts import Parts
from keys.results import KeyFacts
from storage import tables
from storage.database import Database

LAID = (tables.items, tables.list_keys, tables.roster_versions, tables.audit, tables.trail_head, tables.settings)
NAME = "embargo.sqlite3"


@dataclass(frozen=True)
class Groundwork:
    """A gateway that was just set up: its master key, its SQLite file, and its rows."""

    master_key: bytes
    file: bytes
    rows: dict[str, list[dict[str, Any]]]


_made: Groundwork | None = None
_judged: dict[bytes, tuple[KeyFacts, bytes]] = {}


async def _make(table: dict[str, Any]) -> Groundwork:
    with tempfile.TemporaryDirectory(prefix="eg-ground-") as name:
        directory = Path(name)
        own = {
            **table,
            "gateway": {**table["gateway"], "state_dir": str(directory / "state")},
            "storage": {"master_key_file": str(directory / "master.key")},
        }
        await initialise(configuration.read(own, directory / "config.toml"))
        database = Database(f"sqlite+aiosqlite:///{directory / 'state' / NAME}")
        await database.open()
        try:
            async with database.reading() as tx:
                rows = {one.name: [dict(row) for row in (await tx.execute(select(one))).mappings()] for one in LAID}
            await database.checkpoint()
        finally:
            await database.close()
        return Groundwork((directory / "master.key").read_bytes(), (directory / "state" / NAME).read_bytes(), rows)


async def lay(config: configuration.Config, table: dict[str, Any]) -> None:
    """Set a gateway up as ``embargo init`` would, with the keys of this worker; ``table`` is its configuration."""
    global _made  # noqa: PLW0603 - made once a worker: that is what this module is for
    if _made is None:
        _made = await _make(table)
    state_dir = config.gateway.state_dir
    state_dir.mkdir(mode=0o700, parents=True)
    _write(config.storage.master_key_file, _made.master_key)
    if config.database_url.startswith("sqlite"):
        _write(state_dir / NAME, _made.file)
        return
    database = Database(config.database_url)
    await database.open()
    try:
        await database.migrate()
        async with database.transaction() as tx:
            for one in LAID:
                if _made.rows[one.name]:
                    await tx.execute(insert(one), _made.rows[one.name])
    finally:
        await database.close()


def _write(path: Path, data: bytes) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(data)


async def judged(parts: Parts, material: bytes) -> tuple[KeyFacts, bytes]:
    """What the engine says of a key file, asked once a worker."""
    if material not in _judged:
        _judged[material] = await parts.engine.inspect(material, now=datetime.now(UTC))
    return _judged[material]
