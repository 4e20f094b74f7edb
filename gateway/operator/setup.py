"""Setting a gateway up: what ``embargo init`` does. Safe to repeat."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.clock import Clock, SystemClock
from gateway.config import ConfigError
from gateway.opening import TRAIL_KEY, node_of, open_signer, trail_of
from keys.engine import Engine
from keys.vault import TrailSigner, Vault, load_master_key, make_master_key, write_master_key
from storage import items, roster
from storage.database import Database
from storage.records import Item

if TYPE_CHECKING:
    from datetime import datetime

    from gateway.config import Config
    from keys.results import ListKey
    from storage.database import Tx


async def initialise(config: Config, *, clock: Clock | None = None) -> list[str]:
    """Make what is missing: state directory, master key, schema, audit key, list keys; give a line for each made.

    Raises ConfigError, VaultError or StorageError; nothing that is there already is changed.
    """
    clock = clock or SystemClock()
    done: list[str] = []
    state_dir = config.gateway.state_dir
    if not state_dir.exists():
        state_dir.mkdir(mode=0o700, parents=True)
        done.append(f"made the state directory {state_dir}")
    state_dir.chmod(0o700)
    node_of(state_dir)
    database = Database(config.database_url)
    await database.open()
    try:
        before = await database.schema_state()
        await database.migrate()
        if before != "current":
            done.append("brought the database schema up to date" if before == "old" else "made the database schema")
        vault = await _vault(config, database, done)
        now = clock.now()
        async with database.transaction() as tx:
            if await items.get(tx, TRAIL_KEY) is None:
                await _keep(tx, vault, TRAIL_KEY, TrailSigner.make().private, now)
                done.append("made the audit trail's key")
        await _list_keys(config, database, vault, now, done)
    finally:
        await database.close()
    return done


async def _vault(config: Config, database: Database, done: list[str]) -> Vault:
    path = config.storage.master_key_file
    async with database.reading() as tx:
        is_used = await items.get(tx, TRAIL_KEY) is not None
    if is_used and not path.exists():
        # A new one would open nothing of what is there: law 4 says that none of it may be lost.
        problem = (
            f"storage.master_key_file: {path} is gone, and the database holds items sealed under it: "
            "put the file back from its copy; no other key opens them"
        )
        raise ConfigError([problem])
    if not path.exists():
        write_master_key(path, make_master_key())
        done.append(f"made the master key {path}: keep a copy of it apart from the state directory's backup")
    vault = Vault(load_master_key(path))
    if is_used:
        async with database.reading() as tx:
            await open_signer(tx, vault)
    return vault


async def _keep(tx: Tx, vault: Vault, item_id: str, data: bytes, now: datetime) -> None:
    sealed = vault.seal(item_id, data)
    await items.put(tx, Item(item_id, sealed.wrapped_key, sealed.body, len(data)), now)


async def _list_keys(config: Config, database: Database, vault: Vault, now: datetime, done: list[str]) -> None:
    async with database.reading() as tx:
        missing = [list_id for list_id in config.lists if await roster.list_key(tx, list_id) is None]
    if not missing:
        return
    async with Engine() as engine, database.transaction() as tx:
        trail = trail_of(await open_signer(tx, vault))
        for list_id in missing:
            entry = config.lists[list_id]
            key: ListKey = await engine.make_list_key(list_id, entry.name, entry.address)
            item_id = f"list-key:{list_id}"
            await _keep(tx, vault, item_id, key.passphrase + b"\n" + key.secret, now)
            await roster.put_list_key(
                tx, list_id=list_id, fingerprint=key.fingerprint, public=key.public, secret_item=item_id, now=now
            )
            await trail.append(tx, at=now, event="list-key-made", id=key.fingerprint, list_id=list_id, actor="operator")
            done.append(f"made the OpenPGP key of list {list_id}: {key.fingerprint}")


POLICY = """# {name}: the embargo policy

This text is a first draft, made by `embargo init`. Make it yours before the first member joins: what
each member accepted is recorded by the hash of this file.

1. What comes by this list stays inside the receiving team until its embargo is lifted, except as far as
   the mail itself permits more. Tell only those who need to know for the work.
2. Until then nothing that hints at it is published: no advisory, no commit, no changed version number.
3. Each member answers for everybody whom it tells, and keeps its list of those.
4. Whoever learns of a leak says so at once, by a reply with the first line `Leak: what, to whom`. Nobody
   is blamed for reporting early.
5. Who leaves the list, or is suspended, stays bound until the lift notice.
6. The coordinators decide on dates, on who needs to know, and on the lift.
"""


def write_policies(config: Config) -> tuple[list[str], list[str]]:
    """Write a policy to begin with where a list's ``policy_file`` is missing; give a line for each, and the failures.

    A file that is there is the operator's, and is left alone.
    """
    done: list[str] = []
    failed: list[str] = []
    for list_id, entry in config.lists.items():
        path = entry.policy_file
        try:
            if path.exists():
                continue
            path.write_text(POLICY.format(name=entry.name), "utf-8")
        except OSError as error:
            failed.append(
                f"lists.{list_id}.policy_file: {path} can't be written ({error.strerror}): all else is set up; "
                "members accept that text, so write it yourself, or make its directory writable and repeat"
            )
        else:
            done.append(f"wrote a policy to begin with to {path}: make it yours before the first member joins")
    return done, failed
