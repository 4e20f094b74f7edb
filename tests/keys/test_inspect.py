"""Key files: judged by name in a throw-away home, before anything is changed."""

from __future__ import annotations

from datetime import timedelta

import pysequoia
import pytest

from keys import packets
from keys.engine import Engine
from keys.errors import BadKeyFile, EngineUnavailable
from keys.results import PinnedKey
from openpgp import Person, fake_gpg, packet


@pytest.fixture(scope="module")
def workshop():
    """A home in which odd keys are made."""
    with Person("Odd", "odd@member.example", make=False) as person:
        yield person


def key_of(workshop: Person, primary: str, *subkeys: str, expires: str = "0", options: tuple[str, ...] = ()) -> bytes:
    words = [primary, *subkeys, *options, expires]
    name = "-".join(words).replace("--", "")
    before = set(workshop.fingerprints())
    workshop.gpg(*options, "--quick-generate-key", f"{name} <odd@member.example>", primary, "cert,sign", expires)
    (fingerprint,) = set(workshop.fingerprints()) - before
    for subkey in subkeys:
        workshop.gpg(*options, "--quick-add-key", fingerprint, subkey, "encr", expires)
    return workshop.gpg("--armor", "--export", fingerprint)


@pytest.mark.parametrize("armored", [pytest.param(True, id="armored"), pytest.param(False, id="binary")])
async def test_a_good_key_gives_its_facts_and_a_certificate_to_pin(engine, bob, now, armored):
    facts, certificate = await engine.inspect(bob.public if armored else bob.public_binary, now=now)

    assert facts.usable
    assert facts.fingerprint == bob.fingerprint
    assert facts.algorithm == "ed25519/cv25519"
    assert facts.addresses == ("bob@member.example",)
    assert facts.expires_at is None
    assert packets.key_fingerprints(certificate)[0] == bob.fingerprint
    assert facts.encryption_subkeys == (packets.key_fingerprints(certificate)[1][-16:],)


@pytest.mark.parametrize(
    ("primary", "subkeys"),
    [
        pytest.param("rsa3072", ["cv25519"], id="RSA 3072"),
        pytest.param("nistp256", ["nistp256"], id="NIST P-256"),
        pytest.param("brainpoolP256r1", ["brainpoolP256r1"], id="Brainpool P-256"),
    ],
)
async def test_other_strong_keys_are_taken(engine, workshop, primary, subkeys, now):
    facts, _ = await engine.inspect(key_of(workshop, primary, *subkeys), now=now)

    assert facts.usable


@pytest.mark.parametrize(
    ("primary", "subkeys", "reason"),
    [
        pytest.param("rsa1024", ["rsa1024"], "weak key: RSA 1024", id="RSA 1024"),
        pytest.param("rsa2048", ["rsa2048"], "weak key: RSA 2048", id="RSA 2048"),
        pytest.param("dsa2048", ["cv25519"], "weak key: DSA 2048", id="DSA"),
        pytest.param("ed25519", ["rsa2048"], "weak key: RSA 2048", id="a weak subkey"),
        pytest.param("ed25519", ["rsa2048", "cv25519"], "weak key: RSA 2048", id="a weak subkey beside a strong one"),
        pytest.param("secp256k1", ["cv25519"], "weak key: curve secp256k1", id="a curve outside the standard"),
        pytest.param("ed25519", [], "no encryption subkey", id="no encryption subkey"),
    ],
)
async def test_a_weak_or_incomplete_key_is_refused_by_name(engine, workshop, primary, subkeys, reason, now):
    with pytest.raises(BadKeyFile) as refused:
        await engine.inspect(key_of(workshop, primary, *subkeys), now=now)

    assert refused.value.reason == reason


@pytest.mark.parametrize("digest", [pytest.param("SHA1", id="SHA-1"), pytest.param("RIPEMD160", id="RIPEMD-160")])
async def test_a_key_held_together_by_a_weak_digest_is_refused_by_name(engine, workshop, digest, now):
    file = key_of(workshop, "ed25519", "cv25519", options=("--cert-digest-algo", digest))

    with pytest.raises(BadKeyFile, match="weak key: its own signatures use (SHA-1|RIPEMD-160)"):
        await engine.inspect(file, now=now)


async def test_only_a_subkey_bound_by_sha1_is_refused_by_name_too(engine, workshop, now):
    before = set(workshop.fingerprints())
    workshop.gpg("--quick-generate-key", "half <half@member.example>", "ed25519", "cert,sign", "0")
    (fingerprint,) = set(workshop.fingerprints()) - before
    workshop.gpg("--cert-digest-algo", "SHA1", "--quick-add-key", fingerprint, "cv25519", "encr", "0")

    with pytest.raises(BadKeyFile, match="SHA-1"):
        await engine.inspect(workshop.gpg("--export", fingerprint), now=now)


async def test_a_key_is_expired_when_its_time_has_come_by_our_clock(engine, workshop, now):
    file = key_of(workshop, "ed25519", "cv25519", expires="2d")

    facts, certificate = await engine.inspect(file, now=now)
    with pytest.raises(BadKeyFile, match="key expired"):
        await engine.inspect(file, now=now + timedelta(days=3))
    later = await engine.facts(certificate, now=now + timedelta(days=3))

    assert facts.usable
    assert facts.expires_at is not None
    assert timedelta(days=1) < facts.expires_at - now < timedelta(days=3)
    assert (later.usable, later.reason) == (False, "key expired")
    assert later.addresses == facts.addresses


async def test_a_revoked_key_is_refused(engine, now):
    with Person("Gone", "gone@member.example") as gone:
        gone.revoke()

        with pytest.raises(BadKeyFile, match="key revoked"):
            await engine.inspect(gone.public, now=now)
        facts = await engine.facts(PinnedKey(gone.fingerprint, gone.public_binary), now=now)

    assert (facts.usable, facts.reason) == (False, "key revoked")


async def test_a_revoked_user_id_is_no_address(engine, now):
    with Person("Moved", "new@member.example") as moved:
        moved.gpg("--quick-add-uid", moved.fingerprint, "Moved <old@member.example>")
        moved.gpg("--quick-revoke-uid", moved.fingerprint, "Moved <old@member.example>")

        facts, _ = await engine.inspect(moved.public, now=now)

    assert facts.addresses == ("new@member.example",)


@pytest.mark.parametrize("armored", [pytest.param(True, id="armored"), pytest.param(False, id="binary")])
async def test_a_secret_key_is_refused_by_name(engine, bob, armored, now):
    file = bob.secret if armored else bob.gpg("--export-secret-keys", bob.fingerprint)

    with pytest.raises(BadKeyFile, match="this is a secret key"):
        await engine.inspect(file, now=now)


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        pytest.param(lambda bob, carol: bob.public + carol.public, "more than one key", id="two armored keys"),
        pytest.param(
            lambda bob, carol: bob.public_binary + carol.public_binary, "more than one key", id="two binary keys"
        ),
        pytest.param(lambda bob, carol: b"", "empty", id="an empty file"),
        pytest.param(lambda bob, carol: b"hello, here is my key", "not an OpenPGP key", id="prose"),
        pytest.param(lambda bob, carol: b"hi\n" + bob.public, "not an OpenPGP key", id="prose before the key"),
        pytest.param(lambda bob, carol: bob.public_binary[:-20], "not an OpenPGP key", id="cut off"),
        pytest.param(lambda bob, carol: bob.sign_inline(b"x"), "not an OpenPGP public key", id="a message"),
        pytest.param(lambda bob, carol: bob.sign_detached(b"x"), "not an OpenPGP key", id="a signature"),
        pytest.param(lambda bob, carol: bob.public_binary + bytes(70000), "larger than 64 KB", id="too large"),
        pytest.param(lambda bob, carol: packet(6, b"\x03" + bytes(60)), "a version 3 key", id="version 3"),
        pytest.param(lambda bob, carol: packet(6, b"\x06" + bytes(60)), "a version 6 key", id="version 6"),
        pytest.param(lambda bob, carol: next_packet(bob.public_binary), "can't read a valid key", id="no user id"),
    ],
)
async def test_a_file_of_another_kind_is_refused_by_name(engine, bob, carol, make, reason, now):
    with pytest.raises(BadKeyFile, match=reason):
        await engine.inspect(make(bob, carol), now=now)


def next_packet(certificate: bytes) -> bytes:
    first = next(packets.walk(certificate))
    return certificate[: first.end]


async def test_a_version_6_key_of_another_implementation_is_refused_by_name(engine, now):
    tsk = pysequoia.Tsk.generate("six <six@member.example>", profile=pysequoia.Profile.RFC9580)

    with pytest.raises(BadKeyFile, match="a version 6 key; version 4 is needed"):
        await engine.inspect(
            bytes(tsk.certificate if hasattr(tsk, "certificate") else tsk.extract_certificate()), now=now
        )


async def test_a_key_of_another_implementation_is_taken(engine, now):
    tsk = pysequoia.Tsk.generate("four <four@member.example>", profile=pysequoia.Profile.RFC4880)

    facts, _ = await engine.inspect(public_of(tsk), now=now + timedelta(minutes=1))

    assert facts.addresses == ("four@member.example",)


def public_of(tsk) -> bytes:
    return bytes(tsk.certificate if hasattr(tsk, "certificate") else tsk.extract_certificate())


async def test_signatures_of_others_are_left_behind(engine, bob, carol, now):
    with Person("Popular", "popular@member.example") as popular:
        for signer in (bob, carol):
            signer.know(popular.public)
            signer.gpg("--quick-lsign-key", popular.fingerprint)
            signer.gpg("--quick-sign-key", popular.fingerprint)
            popular.know(signer.gpg("--export", popular.fingerprint))
        file = popular.public_binary

        _, certificate = await engine.inspect(file, now=now)

    assert len([one for one in packets.walk(file) if one.tag == packets.Tag.SIGNATURE]) == 4
    assert len([one for one in packets.walk(certificate) if one.tag == packets.Tag.SIGNATURE]) == 2


async def test_pinned_certificates_are_judged_in_their_order_and_none_hides_another(engine, alice, bob, carol, now):
    broken, foreign = PinnedKey("1" * 40, b"\x99\x00\x05garbage"), PinnedKey("2" * 40, carol.public_binary)
    asked = [bob.public, broken, PinnedKey(alice.fingerprint, alice.public_binary), foreign, bob.public_binary]

    facts = await engine.facts_many(asked, now=now)

    assert [one.fingerprint for one in facts] == [
        bob.fingerprint,
        "1" * 40,
        alice.fingerprint,
        "2" * 40,
        bob.fingerprint,
    ]
    assert [one.usable for one in facts] == [True, False, True, False, True]
    assert facts[1].reason == facts[3].reason == "key not readable"


async def test_a_certificate_that_stops_gnupg_does_not_hide_those_behind_it(engine, bob, carol, now):
    damaged = bytearray(bob.public_binary)
    damaged[4] = 99  # its version: the framing stays whole
    asked = [PinnedKey("1" * 40, bytes(damaged)), PinnedKey(carol.fingerprint, carol.public_binary)]

    facts = await engine.facts_many(asked, now=now)

    assert [one.usable for one in facts] == [False, True]


async def test_no_pinned_certificates_are_no_work(engine: Engine, now):
    assert await engine.facts_many([], now=now) == ()


async def test_nothing_of_an_inspected_key_stays(engine, bob, now):
    await engine.inspect(bob.public, now=now)

    assert [path.name for path in engine._runtime.path.iterdir()] == ["lock"]


KILLED_ONCE = """for word in "$@"; do test "$word" = {word} && ! test -e {mark} && {{ touch {mark}; kill -9 $$; }}; done
exec /usr/bin/gpg "$@"
"""


@pytest.mark.parametrize("word", ["--import", "--list-keys", "--export", "--show-keys"])
async def test_a_gnupg_that_is_killed_says_nothing_of_a_key(tmp_path, bob, now, word):
    binary = fake_gpg(tmp_path, KILLED_ONCE.format(word=word, mark=tmp_path / "killed"))
    async with Engine(binary=binary) as engine:
        facts, minimal = await engine.inspect(bob.public, now=now)
        again = await engine.facts(minimal, now=now)

    assert (tmp_path / "killed").exists()
    assert facts.usable
    assert again.usable
    assert again.fingerprint == bob.fingerprint


async def test_a_gnupg_that_is_killed_each_time_is_our_own_failure_and_no_fault_of_the_key(tmp_path, bob, now):
    async with Engine(binary=fake_gpg(tmp_path, "kill -9 $$")) as engine:
        with pytest.raises(EngineUnavailable, match=r"does not read a key file \(killed by signal 9\)"):
            await engine.inspect(bob.public, now=now)
        with pytest.raises(EngineUnavailable, match=r"does not read pinned keys \(killed by signal 9\)"):
            await engine.facts(bob.public, now=now)


async def test_a_key_of_which_gnupg_crashes_is_a_bad_key(tmp_path, bob, now):
    crash = 'for word in "$@"; do test "$word" = --import && kill -SEGV $$; done; exec /usr/bin/gpg "$@"'
    async with Engine(binary=fake_gpg(tmp_path, crash)) as engine:
        with pytest.raises(BadKeyFile):
            await engine.inspect(bob.public, now=now)
