"""A migrated database for each test, of each kind that the machine has."""

from __future__ import annotations

import asyncio
import itertools
import shutil
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import pg_server
from policy.facts import CopyState, Disclosure, MessageKind, Role, State
from storage import disclosures, items, messages, outbox, roster
from storage.database import Database, Tx, sqlite_url
from storage.records import Content, Copy, Item, Message

BACKENDS = ["sqlite", *(["postgresql"] if pg_server.available() else [])]


async def _migrate(url: str) -> None:
    database = Database(url)
    await database.migrate()
    await database.close()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "gateway.db"
    with ThreadPoolExecutor(1) as apart:  # a loop of its own, away from the tests' one
        apart.submit(asyncio.run, _migrate(sqlite_url(path))).result()
    return path


@pytest.fixture
def sqlite_path(sqlite_template: Path, tmp_path: Path) -> Path:
    path = tmp_path / "gateway.db"
    shutil.copy(sqlite_template, path)
    return path


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def url(backend: str, request: pytest.FixtureRequest):
    """The URL of a fresh, migrated database; several may open it."""
    if backend == "sqlite":
        yield sqlite_url(request.getfixturevalue("sqlite_path"))
        return
    made = pg_server.shared().migrated()
    yield made
    pg_server.shared().drop(made)


@pytest.fixture
def empty_url(backend: str, tmp_path: Path):
    """The URL of a database without tables."""
    if backend == "sqlite":
        yield sqlite_url(tmp_path / "empty.db")
        return
    made = pg_server.shared().empty()
    yield made
    pg_server.shared().drop(made)


@pytest.fixture
async def database(url: str) -> AsyncIterator[Database]:
    opened = Database(url)
    await opened.open()
    yield opened
    await opened.close()


class Seed:
    """Rows to begin with, each valid, each told by what matters in the test."""

    now = datetime(2026, 11, 24, 17, tzinfo=UTC)
    list_id = "early"

    def __init__(self) -> None:
        self._numbers = itertools.count(1)

    def after(self, **span: float) -> datetime:
        return self.now + timedelta(**span)

    async def item(self, tx: Tx) -> str:
        name = f"IT-{next(self._numbers)}"
        await items.put(tx, Item(name, b"wrapped", b"sealed", 6), self.now)
        return name

    async def person(self, tx: Tx, address: str, role: Role = Role.MEMBER, list_id: str = list_id) -> int:
        return await roster.add_person(
            tx,
            list_id=list_id,
            role=role,
            address=address,
            name="Northwind",
            groups=["distros"],
            policy_hash=None,
            now=self.now,
        )

    async def key(self, tx: Tx, person_id: int, fingerprint: str, **changes: Any) -> None:
        given = {"public": b"certificate", "algorithm": "ed25519/cv25519", "expires_at": None, "flaw": None}
        given |= {"list_id": self.list_id, "now": self.now, **changes}
        await roster.pin_key(tx, person_id=person_id, fingerprint=fingerprint, **given)

    async def disclosure(self, tx: Tx, name: str = "ED-2026-K7QX", **changes: Any) -> Disclosure:
        stop_hash = changes.pop("stop_hash", "stop")
        given: dict[str, Any] = {
            "list_id": self.list_id,
            "state": State.HELD,
            "posted_by": 1,
            "poster_address": "alice@northwind.example",
            "poster_name": "Alice",
            "posted_at": self.now,
            "hold_until": self.after(hours=1),
            "embargo_until": self.after(days=14),
            "tlp": "AMBER+STRICT",
            "scope": "all",
        }
        made = Disclosure(id=name, **(given | changes))
        await disclosures.add(tx, made, stop_hash=stop_hash, particulars_item=await self.item(tx))
        return made

    async def message(self, tx: Tx, name: str = "MS-1", **changes: Any) -> Message:
        given: dict[str, Any] = {
            "list_id": self.list_id,
            "kind": MessageKind.DISCLOSURE,
            "message_id": f"<{name.lower()}@lists.example>",
            "dated_at": self.now,
            "created_at": self.now,
        }
        made = Message(id=name, **(given | changes))
        await messages.add(tx, made)
        return made

    async def content(self, tx: Tx, message: str = "MS-1", name: str = "CT-1") -> Content:
        made = Content(name, message, await self.item(tx), self.now)
        await messages.add_content(tx, made)
        return made

    async def copy(self, tx: Tx, name: str, **changes: Any) -> Copy:
        """Queue a copy of MS-1 with the content CT-1; both have to be there."""
        given: dict[str, Any] = {
            "list_id": self.list_id,
            "message_id": "MS-1",
            "content_id": "CT-1",
            "address": f"{name.lower()}@northwind.example",
            "role": Role.MEMBER.value,
            "kind": MessageKind.DISCLOSURE,
            "state": CopyState.QUEUED,
            "priority": 2,
            "created_at": self.now,
            "next_at": self.now,
            "token": f"token-{name.lower()}",
        }
        made = Copy(id=name, **(given | changes))
        await outbox.put(tx, made)
        return made

    async def sealed(self, tx: Tx, name: str, **changes: Any) -> Copy:
        """Queue a copy and seal it, with a body of its own."""
        made = await self.copy(tx, name, **changes)
        await messages.add_body(tx, f"BD-{name}", made.content_id, b"body of " + name.encode())
        await outbox.mark_sealed(
            tx, name, body_id=f"BD-{name}", packets=b"packets", sealed_to=["B" * 40, "A" * 40], now=self.now
        )
        return made


@pytest.fixture
def seed() -> Seed:
    return Seed()


@pytest.fixture
async def with_message(database: Database, seed: Seed) -> Database:
    """A database with the message MS-1 and its content CT-1."""
    async with database.transaction() as tx:
        await seed.message(tx)
        await seed.content(tx)
    return database
