"""Homes: what is taken away from one ring is not what another is still at work with."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from keys.engine import Engine
from keys.errors import EngineUnavailable
from keys.process import Finished, Place
from keys.results import OpenStatus, PinnedKey, Ring, SealRequest, SignatureStatus
from openpgp import Person


async def test_a_home_that_is_given_up_stays_until_the_last_run_in_it_is_done(engine: Engine, ring: Ring):
    fewer, homes = Ring(ring.key, ring.pinned[:1], ring.version + 1), engine._homes

    async with homes.use(ring) as older:
        with pytest.raises(EngineUnavailable):
            async with homes.use(fewer) as newer:
                raise EngineUnavailable("GnuPG does not seal")
        assert older.place.home == newer.place.home
        assert older.stands
    assert not older.place.home.exists()
    assert await engine.probe(fewer)


async def test_a_home_of_an_older_key_stays_until_the_last_run_in_it_is_done(engine: Engine, ring: Ring):
    fewer, homes = Ring(ring.key, ring.pinned[:1], ring.version + 1), engine._homes
    other = await engine.make_list_key(ring.key.list_id, "Example list", "early@lists.example")

    async with homes.use(ring) as older:
        async with homes.use(fewer) as newer:
            pass
        async with homes.use(Ring(other, fewer.pinned, fewer.version + 1)) as newest:
            pass
        assert older.place.home == newer.place.home != newest.place.home
        assert older.stands
    assert not older.place.home.exists()
    assert newest.stands


@pytest.mark.parametrize("is_longer", [pytest.param(True, id="pinned"), pytest.param(False, id="unpinned")])
async def test_a_home_that_is_given_up_while_a_keyring_is_made_in_it_is_not_used(
    engine: Engine, ring: Ring, alice: Person, monkeypatch: pytest.MonkeyPatch, is_longer: bool
):
    fewer, homes = Ring(ring.key, ring.pinned[:1], ring.version + 1), engine._homes
    before, after = (fewer, ring) if is_longer else (ring, fewer)
    import_pinned, is_importing, may_import = homes._import_pinned, asyncio.Event(), asyncio.Event()

    async def slowly(place: Place, pinned: set[PinnedKey]) -> None:
        if is_importing.is_set() or not homes._current:
            return await import_pinned(place, pinned)
        is_importing.set()
        await may_import.wait()
        return await import_pinned(place, pinned)

    monkeypatch.setattr(homes, "_import_pinned", slowly)
    with pytest.raises(EngineUnavailable):
        async with homes.use(before) as given_up:
            verifying = asyncio.create_task(engine.verify(after, b"text", alice.sign_detached(b"text")))
            await is_importing.wait()
            raise EngineUnavailable("GnuPG does not seal")
    may_import.set()

    assert [seen.status for seen in await verifying] == [SignatureStatus.GOOD]
    assert not given_up.place.home.exists()
    async with homes.use(after) as current:
        assert current.stands


async def test_a_keyring_that_is_taken_away_while_it_is_used_says_nothing_of_keys_and_signatures(
    engine: Engine, ring: Ring, alice: Person, monkeypatch: pytest.MonkeyPatch
):
    message, signature = alice.sign_encrypt(b"text", [ring.key.public]), alice.sign_detached(b"text")
    original, taken = engine._run, list[Place]()

    async def run(place: Place, *arguments: str, **options: Any) -> Finished:
        if not taken:
            taken.append(place)
            place.keyring.unlink()
        return await original(place, *arguments, **options)

    assert await engine.probe(ring)
    monkeypatch.setattr(engine, "_run", run)
    opened = await engine.open(ring, message)
    taken.clear()
    seen = await engine.verify(ring, b"text", signature)
    taken.clear()
    sealed = await engine.seal_for(ring, b"text", [SealRequest("a", (alice.fingerprint,))])

    assert opened.status is OpenStatus.OPENED
    assert [one.status for one in (*opened.signatures, *seen)] == [SignatureStatus.GOOD] * 2
    assert sealed.refused == {}
    assert taken[0].home.parent == engine._runtime.path
