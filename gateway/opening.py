"""Opening the store: the database with the vault's key to it, and the audit trail's writer.

What every process of the gateway does first, the service and each command alike; it starts nothing.
"""

from __future__ import annotations

import os
import secrets
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gateway.config import Config, ConfigError
from keys.vault import SealedItem, TrailSigner, Vault, load_master_key
from storage import items
from storage.audit import Trail
from storage.database import Database

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from storage.database import Tx

TRAIL_KEY = "trail-key"


@dataclass(frozen=True, slots=True)
class Store:
    """What is open. ``node`` names this state directory's process in leases."""

    database: Database
    vault: Vault
    trail: Trail
    signer: TrailSigner
    node: str


@asynccontextmanager
async def open_store(config: Config) -> AsyncIterator[Store]:
    """Open database, vault and audit trail; close them at the end.

    Raises ConfigError when the gateway was not set up, and VaultError when the master key is not the
    one it was set up with.
    """
    vault = Vault(load_master_key(config.storage.master_key_file))
    database = Database(config.database_url)
    await database.open()
    try:
        state = await database.schema_state()
        if state != "current":
            raise ConfigError([f"the database is {state}: run `embargo init`"])
        async with database.reading() as tx:
            signer = await open_signer(tx, vault)
        yield Store(database, vault, trail_of(signer), signer, node_of(config.gateway.state_dir))
    finally:
        await database.close()


def node_of(state_dir: Path) -> str:
    """The id by which this state directory's leases are known; made at the first use.

    It is in a file, not in the database: several nodes may share that, at equal paths on their machines.
    """
    path = state_dir / "node"
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        return path.read_text("ascii").strip()
    with os.fdopen(handle, "w") as file:
        file.write(f"{secrets.token_hex(16)}\n")
    return path.read_text("ascii").strip()


async def open_signer(tx: Tx, vault: Vault) -> TrailSigner:
    """Open the audit trail's key. Raises ConfigError where there is none, VaultError where it does not open."""
    item = await items.get(tx, TRAIL_KEY)
    if item is None:
        raise ConfigError(["the gateway has no audit key yet: run `embargo init`"])
    return TrailSigner(vault.open(TRAIL_KEY, SealedItem(item.wrapped_key, item.body)))


def trail_of(signer: TrailSigner) -> Trail:
    """The trail's writer, signing with this key."""
    return Trail(signer.sign, signer.public, TRAIL_KEY)
