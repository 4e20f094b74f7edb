"""T32: packets before, behind and inside a message, and several signatures: one whole message, or nothing."""

from __future__ import annotations

import pytest

from keys import packets, status
from keys.results import OpenStatus, PinnedKey, Ring, SignatureStatus
from openpgp import Person, literal, packet

TEXT = b"the signed text"
EXTRA = literal(b"a text that nobody signed")


@pytest.fixture(scope="module")
def message(alice, list_key) -> bytes:
    return alice.sign_encrypt(TEXT, [list_key.public], armored=False)


@pytest.mark.parametrize(
    "combine",
    [
        pytest.param(lambda message: message + EXTRA, id="a text behind it"),
        pytest.param(lambda message: message + message, id="the message twice"),
        pytest.param(lambda message: message + b"\n", id="a line end behind it"),
        pytest.param(lambda message: message + bytes(20), id="zeros behind it"),
        pytest.param(
            lambda message: packet(1, b"\x03" + bytes(30)) + EXTRA + message, id="a text between session key and body"
        ),
        pytest.param(lambda message: message + packet(10, b"PGP"), id="a marker behind it"),
        pytest.param(lambda message: packet(60, b"x") + message, id="a private packet before it"),
    ],
)
async def test_a_packet_beside_the_message_closes_it(engine, ring, message, combine):
    opened = await engine.open(ring, combine(message))

    assert (opened.status, opened.plaintext, opened.signatures) == (OpenStatus.DAMAGED, None, ())


async def test_a_text_before_the_message_is_no_encrypted_message(engine, ring, message):
    opened = await engine.open(ring, EXTRA + message)

    assert (opened.status, opened.plaintext, opened.signatures) == (OpenStatus.NOT_ENCRYPTED, None, ())


@pytest.mark.parametrize("extra_first", [True, False])
async def test_the_rules_close_it_even_where_the_frame_is_not_looked_at(engine, ring, message, extra_first):
    async with engine._homes.use(ring) as home:
        ended = await engine._decrypt(home, EXTRA + message if extra_first else message + EXTRA)

    assert not status.is_whole(ended, ring.key.fingerprint)


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda alice: alice.sign_inline(TEXT), id="signed"),
        pytest.param(lambda alice: literal(TEXT), id="a bare text"),
        pytest.param(lambda alice: packet(8, b"\x00" + literal(TEXT)), id="compressed"),
        pytest.param(lambda alice: packets.armor(alice.sign_inline(TEXT)), id="signed, armored"),
        pytest.param(lambda alice: alice.gpg("--clearsign", data=TEXT), id="clearsigned"),
        pytest.param(lambda alice: alice.sign_detached(TEXT), id="a detached signature"),
    ],
)
async def test_what_was_never_encrypted_is_not_taken_for_encrypted(engine, ring, alice, make):
    opened = await engine.open(ring, make(alice))

    assert opened.status in (OpenStatus.NOT_ENCRYPTED, OpenStatus.DAMAGED)
    assert (opened.plaintext, opened.signatures) == (None, ())


async def test_the_rules_close_it_too_where_gnupg_exits_with_success(engine, ring, alice):
    async with engine._homes.use(ring) as home:
        ended = await engine._decrypt(home, alice.sign_inline(TEXT))

    assert (ended.returncode, ended.output) == (0, TEXT)  # that is why
    assert not status.is_whole(ended, ring.key.fingerprint)


@pytest.mark.parametrize(
    "inside",
    [
        pytest.param(lambda alice, key: literal(b"a") + literal(b"b"), id="two texts"),
        pytest.param(lambda alice, key: alice.sign_inline(b"a") + literal(b"b"), id="a signed text and another"),
        pytest.param(lambda alice, key: literal(b"b") + alice.sign_inline(b"a"), id="a text and a signed one"),
        pytest.param(lambda alice, key: alice.sign_inline(b"a") + alice.sign_inline(b"b"), id="two signed texts"),
        pytest.param(lambda alice, key: alice.encrypt(b"a", [key.public], armored=False), id="an encrypted message"),
        pytest.param(
            lambda alice, key: literal(b"b") + alice.encrypt(b"a", [key.public], armored=False),
            id="a text and an encrypted one",
        ),
        pytest.param(lambda alice, key: b"", id="nothing"),
        pytest.param(lambda alice, key: b"no packet at all", id="no packet"),
    ],
)
async def test_inside_the_encryption_stands_exactly_one_text(engine, ring, alice, list_key, inside):
    opened = await engine.open(ring, alice.encrypt_raw(inside(alice, list_key), [list_key.public]))

    assert opened.status is not OpenStatus.OPENED
    assert (opened.plaintext, opened.signatures) == (None, ())


async def test_two_signatures_are_both_told_and_one_unknown_does_not_hide_behind_a_known_one(
    engine, ring, list_key, alice, mallory
):
    with Person("Two", "two@member.example", make=False) as two:
        for person in (alice, mallory):
            two.gpg("--import", data=person.secret)
        signers = ("--local-user", alice.fingerprint, "--local-user", mallory.fingerprint)
        message = two.sign_encrypt(TEXT, [list_key.public], *signers)

    strangers = await engine.open(ring, message)
    both = Ring(list_key, (*ring.pinned, PinnedKey(mallory.fingerprint, mallory.public_binary)), ring.version + 1)
    known = await engine.open(both, message)

    assert sorted(str(seen.status) for seen in strangers.signatures) == ["good", "unknown-key"]
    assert {seen.fingerprint for seen in known.signatures} == {alice.fingerprint, mallory.fingerprint}
    assert {seen.status for seen in known.signatures} == {SignatureStatus.GOOD}


async def test_a_bad_signature_is_not_hidden_by_a_good_one(engine, ring, list_key, alice, bob):
    with Person("Two", "two@member.example", make=False) as two:
        for person in (alice, bob):
            two.gpg("--import", data=person.secret)
        signed = two.sign_inline(TEXT, "--local-user", alice.fingerprint, "--local-user", bob.fingerprint)
    parts = [signed[one.start : one.end] for one in packets.walk(signed)]
    for which in (-1, -2):
        broken = bytearray(parts[which])
        broken[-1] ^= 1
        mixed = b"".join([*parts[:-2], *(bytes(broken) if part is parts[which] else part for part in parts[-2:])])

        opened = await engine.open(ring, two_wrap(alice, mixed, list_key))

        assert opened.plaintext in (TEXT, None)
        assert any(seen.status is not SignatureStatus.GOOD for seen in opened.signatures) or opened.plaintext is None


def two_wrap(person: Person, inside: bytes, list_key) -> bytes:
    return person.encrypt_raw(inside, [list_key.public])
