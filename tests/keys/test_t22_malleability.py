"""T22: a message without integrity, or with one bit changed, gives no plaintext (EFAIL's gadgets).

GnuPG prints what it decrypts before it finds the damage, so its output must not be touched until then.
"""

from __future__ import annotations

import pytest

from keys import packets, status
from keys.results import OpenStatus

CANARY = b"canary: the fix is in the parser, line 42, of the component that everybody uses\r\n" * 4


def packet_ends(message: bytes) -> list[int]:
    return [one.end for one in packets.walk(message)]


@pytest.fixture(scope="module")
def message(alice, list_key) -> bytes:
    return alice.sign_encrypt(CANARY, [list_key.public], armored=False)


@pytest.fixture(scope="module")
def without_integrity(alice, list_key) -> bytes:
    """A message as PGP made it before integrity was known (tag 9)."""
    made = alice.sign_encrypt(CANARY, [list_key.public], "--rfc2440", "--cipher-algo", "AES256", armored=False)
    assert [one.tag for one in packets.walk(made)] == [packets.Tag.SESSION_KEY, packets.Tag.OLD_ENCRYPTED]
    return made


async def test_a_message_without_integrity_gives_nothing(engine, ring, without_integrity):
    opened = await engine.open(ring, without_integrity)

    assert (opened.status, opened.plaintext, opened.signatures) == (OpenStatus.DAMAGED, None, ())


async def test_gnupg_prints_plaintext_without_integrity_and_the_rules_alone_close_it_too(
    engine, ring, without_integrity
):
    async with engine._homes.use(ring) as home:
        ended = await engine._decrypt(home, without_integrity)

    assert b"canary" in ended.output  # that is why
    assert not status.is_whole(ended, ring.key.fingerprint)


async def test_a_body_relabelled_as_one_without_integrity_gives_nothing(engine, ring, message):
    split = packets.split(message)
    relabelled = split.packets[0].raw + bytes([0xC0 | 9]) + split.body[1:2] + split.body[2:]

    opened = await engine.open(ring, relabelled)

    assert (opened.status, opened.plaintext) == (OpenStatus.DAMAGED, None)


@pytest.mark.parametrize(
    "where",
    [pytest.param(0.1, id="early"), pytest.param(0.5, id="in the middle"), pytest.param(0.99, id="in the seal")],
)
async def test_a_changed_bit_gives_nothing(engine, ring, message, where):
    begin = packet_ends(message)[0] + 4
    changed = bytearray(message)
    changed[begin + int((len(message) - 1 - begin) * where)] ^= 1

    opened = await engine.open(ring, bytes(changed))

    assert (opened.status, opened.plaintext) == (OpenStatus.DAMAGED, None)


async def test_a_message_cut_short_with_its_length_made_to_fit_gives_nothing(engine, ring, message):
    split = packets.split(message)
    body = next(packets.walk(split.body))
    for keep in (30, 100, (body.content_end - body.content_start) - 22):
        content = split.body[body.content_start : body.content_start + keep]
        shorter = split.packets[0].raw + bytes([0xD2, 0xFF]) + len(content).to_bytes(4, "big") + content

        opened = await engine.open(ring, shorter)

        assert (opened.status, opened.plaintext) == (OpenStatus.DAMAGED, None)


async def test_a_message_cut_off_gives_nothing(engine, ring, message):
    for length in (0, 1, 50, packet_ends(message)[0], len(message) - 1):
        opened = await engine.open(ring, message[:length])

        assert (opened.status, opened.plaintext) == (OpenStatus.DAMAGED, None)


async def test_bodies_of_two_messages_are_not_exchanged(engine, ring, alice, list_key, message):
    other = packets.split(alice.sign_encrypt(b"other", [list_key.public], armored=False))

    opened = await engine.open(ring, other.packets[0].raw + packets.split(message).body)

    assert (opened.status, opened.plaintext) == (OpenStatus.DAMAGED, None)
