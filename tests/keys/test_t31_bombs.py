"""T31: a small message that unpacks to very much is stopped by our own count, and nothing of it is given."""

from __future__ import annotations

import bz2
import time
import zlib

import pytest

from keys.engine import Engine
from keys.results import OpenStatus
from openpgp import literal, packet

HUGE = 64 << 20  # well above the engine's limit here (4 MB)


def deflated(data: bytes) -> bytes:
    """A compressed packet: ZIP, as GnuPG makes it (RFC 9580 s5.6)."""
    squeezer = zlib.compressobj(9, zlib.DEFLATED, -13)
    return packet(8, b"\x01" + squeezer.compress(data) + squeezer.flush())


@pytest.fixture(scope="module")
def bomb(alice, list_key) -> bytes:
    return alice.encrypt_raw(deflated(literal(bytes(HUGE))), [list_key.public])


async def test_a_bomb_is_too_large_and_gives_nothing(engine, ring, bomb):
    assert len(bomb) < HUGE // 500
    started = time.monotonic()

    opened = await engine.open(ring, bomb)

    assert (opened.status, opened.plaintext, opened.signatures) == (OpenStatus.TOO_LARGE, None, ())
    assert time.monotonic() - started < 30  # half of what a run may take; it takes one second


async def test_a_bomb_of_bombs_gives_nothing(engine, ring, alice, list_key):
    nested = packet(8, b"\x03" + bz2.compress(deflated(deflated(literal(bytes(HUGE))))))

    opened = await engine.open(ring, alice.encrypt_raw(nested, [list_key.public]))

    assert (opened.status, opened.plaintext) == (OpenStatus.TOO_LARGE, None)


async def test_no_more_than_the_limit_is_ever_held(engine, ring, bomb):
    async with engine._homes.use(ring) as home:
        split = await engine._decrypt(home, bomb)

    assert len(split.output) <= 4 << 20
    assert split.cut


async def test_packets_nested_beyond_all_measure_give_nothing(engine, ring, alice, list_key):
    nested = literal(b"core")
    for _ in range(200):
        nested = packet(8, b"\x00" + nested)

    opened = await engine.open(ring, alice.encrypt_raw(nested, [list_key.public]))

    assert (opened.status, opened.plaintext) == (OpenStatus.DAMAGED, None)


async def test_the_limit_itself_is_not_yet_too_much(ring, alice, list_key):
    text = b"x" * 100_000
    message = alice.sign_encrypt(text, [list_key.public], "--compress-algo", "zip")
    async with Engine(max_plaintext=len(text)) as exact, Engine(max_plaintext=len(text) - 1) as below:
        opened, refused = await exact.open(ring, message), await below.open(ring, message)

    assert (opened.status, opened.plaintext) == (OpenStatus.OPENED, text)
    assert (refused.status, refused.plaintext) == (OpenStatus.TOO_LARGE, None)


async def test_a_bomb_does_not_hold_up_others(engine, ring, alice, list_key, bomb):
    import asyncio

    small = alice.sign_encrypt(b"small", [list_key.public])
    stop = asyncio.create_task(engine.open(ring, bomb))

    opened = await engine.open(ring, small)

    assert opened.plaintext == b"small"
    assert (await stop).status is OpenStatus.TOO_LARGE
