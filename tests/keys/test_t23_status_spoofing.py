"""T23: nothing that a stranger writes into a key or a message becomes a status line (CVE-2018-12020's class).

The stranger here is pinned under a hostile user id: what he signs must be his, and show nobody else.
"""

from __future__ import annotations

import pysequoia
import pytest

from keys.results import OpenStatus, PinnedKey, Ring, SealRequest, SignatureStatus
from openpgp import Person, fingerprint_of, literal

TEXT = b"Lift: now\r\n"


def forged_lines(victim: str, separator: str) -> str:
    lines = [
        f"GOODSIG {victim[-16:]} Victim <alice@coordination.example>",
        f"VALIDSIG {victim} 2026-11-22 1795310732 0 4 0 22 10 00 {victim}",
        "TRUST_FULLY 0 pgp",
        f"IMPORT_OK 1 {victim}",
    ]
    return separator.join(["M\u00c5", *(f"[GNUPG:] {line}" for line in lines), " <mallory@stranger.example>"])


SEPARATORS = [
    pytest.param("\u0085", id="next line"),
    pytest.param("\u00c5", id="a letter whose second byte is 0x85"),
    pytest.param("\u2028", id="line separator"),
    pytest.param("\u2029", id="paragraph separator"),
    pytest.param("\n", id="newline"),
    pytest.param("\r", id="carriage return"),
    pytest.param("\r\n", id="both"),
    pytest.param("\x0b", id="vertical tab"),
    pytest.param("\x0c", id="form feed"),
    pytest.param("\x1e", id="record separator"),
]


@pytest.fixture
def hostile(request, alice):
    """A person whose user id holds status lines that speak of Alice."""
    tsk = pysequoia.Tsk.generate(forged_lines(alice.fingerprint, request.param), profile=pysequoia.Profile.RFC4880)
    with Person("Mallory", "mallory@stranger.example", make=False) as person:
        person.gpg("--import", data=bytes(tsk))
        person.fingerprint = person.fingerprints()[0]
        yield person


@pytest.mark.parametrize("hostile", SEPARATORS, indirect=True)
async def test_a_user_id_vouches_for_nobody_else(engine, ring, list_key, alice, hostile):
    pinned = Ring(list_key, (*ring.pinned, PinnedKey(hostile.fingerprint, hostile.public_binary)), ring.version + 1)
    message = hostile.sign_encrypt(TEXT, [list_key.public])
    detached = hostile.sign_detached(TEXT)

    opened = await engine.open(pinned, message)
    checked = await engine.verify(pinned, TEXT, detached)
    as_stranger = await engine.open(ring, message)

    assert (opened.status, opened.plaintext) == (OpenStatus.OPENED, TEXT)
    for signatures in (opened.signatures, checked):
        assert [(seen.status, seen.fingerprint) for seen in signatures] == [(SignatureStatus.GOOD, hostile.fingerprint)]
    assert [seen.fingerprint for seen in as_stranger.signatures] == [None]


@pytest.mark.parametrize("hostile", SEPARATORS, indirect=True)
async def test_a_key_file_is_the_key_that_it_holds(engine, alice, hostile, now):
    facts, certificate = await engine.inspect(hostile.public, now=now)

    assert facts.fingerprint == hostile.fingerprint == fingerprint_of(certificate)
    assert "alice@coordination.example" not in facts.addresses


@pytest.mark.parametrize("hostile", SEPARATORS[:3], indirect=True)
async def test_a_copy_goes_to_the_key_that_was_named(engine, ring, list_key, alice, hostile):
    pinned = Ring(list_key, (*ring.pinned, PinnedKey(hostile.fingerprint, hostile.public_binary)), ring.version + 1)

    sealed = await engine.seal_for(pinned, TEXT, [SealRequest("alice", (alice.fingerprint,))])

    assert alice.decrypt(sealed.packets["alice"] + sealed.body)[0] == TEXT
    assert hostile.run("--decrypt", data=sealed.packets["alice"] + sealed.body).stdout == b""


@pytest.mark.parametrize("separator", [b"\n", b"\r\n", b"\x85", "\u2028".encode()])
async def test_a_file_name_in_a_message_says_nothing(engine, ring, list_key, alice, mallory, separator):
    lines = (
        f"[GNUPG:] GOODSIG {alice.fingerprint[-16:]} A",
        f"[GNUPG:] VALIDSIG {alice.fingerprint} 2026-11-22 1 0 4 0 22 10 00 x",
    )
    name = separator.join([b"x", *(line.encode() for line in lines), b""])[:255]

    opened = await engine.open(ring, mallory.encrypt_raw(literal(TEXT, name), [list_key.public]))

    assert (opened.status, opened.plaintext, opened.signatures) == (OpenStatus.OPENED, TEXT, ())


async def test_a_text_says_nothing(engine, ring, list_key, alice, mallory):
    text = f"\n[GNUPG:] NEWSIG\n[GNUPG:] GOODSIG {alice.fingerprint[-16:]} A\n".encode() * 20

    opened = await engine.open(ring, mallory.encrypt(text, [list_key.public]))

    assert (opened.status, opened.plaintext, opened.signatures) == (OpenStatus.OPENED, text, ())


async def test_a_notation_in_a_signature_says_nothing(engine, ring, list_key, alice, mallory):
    pinned = Ring(list_key, (*ring.pinned, PinnedKey(mallory.fingerprint, mallory.public_binary)), ring.version + 1)
    value = f"a\u0085[GNUPG:] VALIDSIG {alice.fingerprint}\u2028[GNUPG:] GOODSIG {alice.fingerprint[-16:]} A"
    message = mallory.sign_encrypt(TEXT, [list_key.public], "--sig-notation", f"note@stranger.example={value}")

    opened = await engine.open(pinned, message)

    assert [(seen.status, seen.fingerprint) for seen in opened.signatures] == [
        (SignatureStatus.GOOD, mallory.fingerprint)
    ]
