"""The audit trail as the operator reads it: listed, exported, held against its hashes and a receipt."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from gateway.config import ConfigError
from gateway.opening import open_signer
from gateway.operator.base import UnclearError
from keys.errors import VaultError
from keys.vault import TrailSigner, Vault, load_master_key
from policy.instants import rfc3339
from storage import audit as trail
from storage import roster
from storage.database import Database
from storage.records import Verified

if TYPE_CHECKING:
    from gateway.config import Config
    from gateway.operator.base import Desk
    from storage.database import Tx
    from storage.records import AuditRecord

HEAD = re.compile(r"(\d{1,12})\s*:\s*([0-9a-fA-F]{64})")


async def records(desk: Desk, about: str | None, after: int, limit: int | None) -> tuple[AuditRecord, ...]:
    """Records of the trail in order, after a seq; about one id only where it is given."""
    async with desk.database.reading() as tx:
        return await trail.ls(tx, after, limit, about)


def listed(record: AuditRecord) -> dict[str, Any]:
    """A record as it is listed."""
    return {
        "seq": record.seq,
        "at": rfc3339(record.at),
        "event": record.event,
        "id": record.id,
        "reason": record.reason or None,
        "hash": record.hash,
    }


def exported(record: AuditRecord) -> dict[str, Any]:
    """A whole record, every column that is under its hash; its instant to the microsecond, as it was hashed."""
    return {
        "seq": record.seq,
        "at": record.at.isoformat(timespec="microseconds").replace("+00:00", "Z"),
        "event": record.event,
        "id": record.id,
        "list_id": record.list_id,
        "actor": record.actor,
        "reason": record.reason,
        "detail": record.detail,
        "previous": record.previous,
        "hash": record.hash,
    }


def read_head(text: str) -> tuple[int, str]:
    """Read a witness, ``SEQ:HASH`` or the whole line of a receipt. Raises UnclearError."""
    found = HEAD.fullmatch(text.strip().removeprefix("Audit head:").strip())
    if found is None:
        raise UnclearError("--head: must be SEQ:HASH as in a receipt, a number, a colon and 64 hexadecimal digits")
    return int(found[1]), found[2].lower()


async def verify_trail(config: Config, witness: tuple[int, str] | None) -> Verified:
    """Hold the whole trail against its hashes, its signed head and a witness.

    The key that must have signed comes out of the vault: whoever can write to the database, but does
    not have the master key, cannot put another in its place.
    """
    vault = Vault(load_master_key(config.storage.master_key_file))
    database = Database(config.database_url)
    await database.open()
    try:
        state = await database.schema_state()
        if state != "current":
            raise ConfigError([f"the database is {state}: run `embargo init`"])
        async with database.reading() as tx:
            try:
                signer = await open_signer(tx, vault)
            except VaultError as error:
                return Verified(ok=False, first_bad=1, why=f"the trail's own key does not open: {error}")
            except ConfigError:
                if not await _was_set_up(tx, config):
                    raise
                return Verified(ok=False, first_bad=1, why="the trail's own key is gone from the database")
            if await trail.head(tx) is None and not await trail.ls(tx, limit=1) and await _was_set_up(tx, config):
                return Verified(ok=False, first_bad=1, why="it is empty, though the gateway was set up")
            return await trail.verify(tx, TrailSigner.verify, public_key=signer.public, witness=witness)
    finally:
        await database.close()


async def _was_set_up(tx: Tx, config: Config) -> bool:
    """Whether there should be records: making a list's key is the first, and a head is never taken away."""
    if await trail.head(tx) is not None or await trail.ls(tx, limit=1):
        return True
    return any([await roster.list_key(tx, list_id) is not None for list_id in config.lists])
