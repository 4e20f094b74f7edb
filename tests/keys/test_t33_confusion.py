"""T33: only a detached signature is one: nothing that brings a text of its own vouches for another text."""

from __future__ import annotations

import pytest

from keys import packets, status
from keys.results import PinnedKey, Ring, SignatureStatus
from openpgp import literal, packet

SIGNED = b"Content-Type: text/plain\r\n\r\nwhat was signed\r\n"
OTHER = b"Content-Type: text/plain\r\n\r\nwhat was not\r\n"


@pytest.mark.parametrize("armored", [pytest.param(True, id="armored"), pytest.param(False, id="binary")])
async def test_a_detached_signature_over_the_exact_bytes_is_good(engine, ring, alice, armored):
    signature = alice.sign_detached(SIGNED)

    seen = await engine.verify(ring, SIGNED, signature if armored else packets.dearmor(signature, "SIGNATURE"))

    assert [(one.status, one.fingerprint) for one in seen] == [(SignatureStatus.GOOD, alice.fingerprint)]
    assert seen[0].signature_id


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(OTHER, id="another text"),
        pytest.param(SIGNED[:-2], id="the last line end missing"),
        pytest.param(SIGNED.replace(b"\r\n", b"\n"), id="other line ends"),
        pytest.param(b"", id="nothing"),
    ],
)
async def test_over_other_bytes_it_is_bad(engine, ring, alice, text):
    (seen,) = await engine.verify(ring, text, alice.sign_detached(SIGNED))

    assert (seen.status, seen.fingerprint) == (SignatureStatus.BAD, None)


INLINE = [
    pytest.param(lambda alice: alice.sign_inline(SIGNED), id="an inline message"),
    pytest.param(lambda alice: packets.armor(alice.sign_inline(SIGNED)), id="an inline message, armored"),
    pytest.param(
        lambda alice: packets.armor(alice.sign_inline(SIGNED)).replace(b"PGP MESSAGE", b"PGP SIGNATURE"),
        id="an inline message, armored as a signature",
    ),
    pytest.param(lambda alice: packet(8, b"\x00" + alice.sign_inline(SIGNED)), id="compressed"),
    pytest.param(lambda alice: alice.gpg("--clearsign", data=SIGNED), id="clearsigned"),
    pytest.param(
        lambda alice: packets.dearmor(alice.sign_detached(SIGNED), "SIGNATURE") + literal(SIGNED),
        id="a signature and a text",
    ),
    pytest.param(lambda alice: literal(SIGNED), id="a text"),
    pytest.param(lambda alice: alice.public, id="a key"),
    pytest.param(lambda alice: b"-&1", id="a special file name"),
    pytest.param(lambda alice: b"", id="nothing"),
    pytest.param(lambda alice: b"garbage", id="garbage"),
    pytest.param(lambda alice: alice.sign_detached(SIGNED)[:-60], id="a signature cut off"),
]


@pytest.mark.parametrize(
    "text", [pytest.param(SIGNED, id="over the same text"), pytest.param(OTHER, id="over another")]
)
@pytest.mark.parametrize("make", INLINE)
async def test_nothing_else_is_a_signature(engine, ring, alice, make, text):
    seen = await engine.verify(ring, text, make(alice))

    assert [(one.status, one.fingerprint) for one in seen] == [(SignatureStatus.BROKEN, None)]


@pytest.mark.parametrize("make", INLINE)
async def test_gnupg_is_not_even_asked(engine, ring, alice, make, monkeypatch):
    async def verify(*arguments):
        pytest.fail("GnuPG was asked")

    monkeypatch.setattr(engine, "_verify", verify)

    await engine.verify(ring, SIGNED, make(alice))


@pytest.mark.parametrize("make", [INLINE[0], INLINE[3], INLINE[5]])
async def test_the_rules_refuse_it_even_where_its_packets_are_not_looked_at(engine, ring, alice, make):
    async with engine._homes.use(ring) as home:
        ended = await engine._verify(home, OTHER, make(alice))

    assert all(seen.status is not SignatureStatus.GOOD for seen in status.read_detached(ended))


async def test_a_certification_of_a_key_is_no_signature_over_a_text(engine, ring, alice):
    certificate = alice.public_binary
    certification = next(one for one in packets.walk(certificate) if one.tag == packets.Tag.SIGNATURE)

    (seen,) = await engine.verify(ring, SIGNED, certificate[certification.start : certification.end])

    assert seen.status in (SignatureStatus.BROKEN, SignatureStatus.BAD)
    assert seen.fingerprint is None


async def test_every_one_of_several_detached_signatures_is_told(engine, ring, alice, bob, mallory):
    def all_of(*people) -> bytes:
        return b"".join(packets.dearmor(person.sign_detached(SIGNED), "SIGNATURE") for person in people)

    both = await engine.verify(ring, SIGNED, all_of(alice, bob))
    mixed = await engine.verify(ring, SIGNED, all_of(alice, mallory))

    assert {one.fingerprint for one in both if one.status is SignatureStatus.GOOD} == {
        alice.fingerprint,
        bob.fingerprint,
    }
    assert SignatureStatus.GOOD not in {one.status for one in mixed} or SignatureStatus.UNKNOWN_KEY in {
        one.status for one in mixed
    }


async def test_a_strangers_detached_signature_is_unknown_and_a_pinned_one_known(engine, ring, list_key, mallory):
    signature = mallory.sign_detached(SIGNED)
    wider = Ring(list_key, (*ring.pinned, PinnedKey(mallory.fingerprint, mallory.public_binary)), ring.version + 1)

    (unknown,), (known,) = await engine.verify(ring, SIGNED, signature), await engine.verify(wider, SIGNED, signature)

    assert (unknown.status, unknown.fingerprint) == (SignatureStatus.UNKNOWN_KEY, None)
    assert (known.status, known.fingerprint) == (SignatureStatus.GOOD, mallory.fingerprint)


async def test_neither_text_nor_signature_touches_a_disk(engine, ring, alice):
    signature = alice.sign_detached(SIGNED)
    await engine.verify(ring, SIGNED, signature)

    for path in engine._runtime.path.rglob("*"):
        if path.is_file():
            assert SIGNED not in path.read_bytes()
            assert packets.dearmor(signature, "SIGNATURE") not in path.read_bytes()
