"""A list with its key, a coordinator, two members and a stranger: made once, used by every test here."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

import pytest

from keys.engine import Engine
from keys.results import ListKey, PinnedKey, Ring
from openpgp import Person


@pytest.fixture(scope="session")
def alice() -> Iterator[Person]:
    with Person("Alice Coordinator", "alice@coordination.example") as person:
        yield person


@pytest.fixture(scope="session")
def bob() -> Iterator[Person]:
    with Person("Bob Member", "bob@member.example") as person:
        yield person


@pytest.fixture(scope="session")
def carol() -> Iterator[Person]:
    with Person("Carol Member", "carol@other.example") as person:
        yield person


@pytest.fixture(scope="session")
def mallory() -> Iterator[Person]:
    with Person("Mallory", "mallory@stranger.example") as person:
        yield person


@pytest.fixture(scope="session")
def now(alice: Person) -> datetime:
    """The moment at which Alice made her key: in this run, so that GnuPG's own clock says about the same."""
    return alice.made_at


@pytest.fixture(scope="session")
def list_key() -> ListKey:
    async def make() -> ListKey:
        async with Engine() as engine:
            return await engine.make_list_key("early", "Example list", "early@lists.example")

    with ThreadPoolExecutor(1) as pool:  # a loop of its own: the tests have theirs
        return pool.submit(asyncio.run, make()).result()


@pytest.fixture
async def engine() -> AsyncIterator[Engine]:
    async with Engine(max_plaintext=4 << 20) as opened:
        yield opened


@pytest.fixture(scope="session")
def ring(list_key: ListKey, alice: Person, bob: Person, carol: Person) -> Ring:
    return Ring(list_key, tuple(pin(person) for person in (alice, bob, carol)), version=1)


def pin(person: Person) -> PinnedKey:
    return PinnedKey(person.fingerprint, person.public_binary)


@pytest.fixture
def short_base() -> Iterator[Path]:
    """A directory with a path short enough for an agent's socket."""
    with tempfile.TemporaryDirectory(prefix="g", dir="/tmp") as path:
        yield Path(path)
