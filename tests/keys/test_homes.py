"""Homes: what is taken away from one ring is not what another is still at work with."""

from __future__ import annotations

import pytest

from keys.engine import Engine
from keys.errors import EngineUnavailable
from keys.results import Ring


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
