"""Opening: whole messages to the list's key, signatures as seen, and our own failures told apart."""

from __future__ import annotations

import os
import shutil
import signal
import stat
from pathlib import Path

import pytest

from keys import packets, runtime
from keys.engine import Engine
from keys.errors import EngineUnavailable
from keys.homes import Agent
from keys.results import ListKey, OpenStatus, PinnedKey, Ring, SealRequest, SignatureStatus
from openpgp import Person, fake_gpg

TEXT = b"Content-Type: text/plain\r\n\r\nfirst line\r\nthe rest\r\n"


@pytest.mark.parametrize("armored", [pytest.param(True, id="armored"), pytest.param(False, id="binary")])
async def test_a_signed_and_encrypted_message_opens_with_its_signer(engine, ring, list_key, alice, armored):
    message = alice.sign_encrypt(TEXT, [list_key.public], armored=armored)

    opened = await engine.open(ring, message)

    assert opened.status is OpenStatus.OPENED
    assert opened.plaintext == TEXT
    (seen,) = opened.signatures
    assert (seen.status, seen.fingerprint) == (SignatureStatus.GOOD, alice.fingerprint)
    assert seen.made_at is not None
    assert seen.signature_id


async def test_an_unsigned_message_opens_without_signatures(engine, ring, list_key, alice):
    opened = await engine.open(ring, alice.encrypt(TEXT, [list_key.public]))

    assert (opened.status, opened.plaintext, opened.signatures) == (OpenStatus.OPENED, TEXT, ())


async def test_a_strangers_signature_is_readable_and_unknown(engine, ring, list_key, mallory):
    opened = await engine.open(ring, mallory.sign_encrypt(TEXT, [list_key.public]))

    assert (opened.status, opened.plaintext) == (OpenStatus.OPENED, TEXT)
    assert [(seen.status, seen.fingerprint) for seen in opened.signatures] == [(SignatureStatus.UNKNOWN_KEY, None)]


async def test_the_same_signature_has_the_same_id_in_another_envelope(engine, ring, list_key, alice):
    signed = alice.sign_inline(TEXT)
    envelopes = [alice.encrypt_raw(signed, [list_key.public]) for _ in range(2)]

    seen = [(await engine.open(ring, envelope)).signatures[0] for envelope in envelopes]

    assert envelopes[0] != envelopes[1]
    assert seen[0] == seen[1]
    assert seen[0].status is SignatureStatus.GOOD
    other = await engine.open(ring, alice.sign_encrypt(TEXT + b"!", [list_key.public]))
    assert other.signatures[0].signature_id != seen[0].signature_id


async def test_a_compressed_message_opens(engine, ring, list_key, alice):
    message = alice.sign_encrypt(TEXT * 500, [list_key.public], "--compress-algo", "zip")

    assert (await engine.open(ring, message)).plaintext == TEXT * 500


async def test_a_message_that_hides_its_recipient_opens(engine, ring, list_key, alice, bob):
    message = alice.sign_encrypt(TEXT, [list_key.public, bob], "--throw-keyids")

    assert (await engine.open(ring, message)).plaintext == TEXT


async def test_a_message_that_hides_another_recipient_is_not_for_us(engine, ring, alice, bob):
    opened = await engine.open(ring, alice.sign_encrypt(TEXT, [bob], "--throw-keyids"))

    assert (opened.status, opened.plaintext) == (OpenStatus.NOT_FOR_US, None)


async def test_a_message_to_somebody_else_is_not_for_us(engine, ring, alice, bob):
    opened = await engine.open(ring, alice.sign_encrypt(TEXT, [bob]))

    assert (opened.status, opened.plaintext, opened.signatures) == (OpenStatus.NOT_FOR_US, None, ())


async def test_a_message_to_a_password_is_not_for_us(engine, ring, alice):
    message = alice.gpg("--armor", "--symmetric", "--passphrase", "sesame", data=TEXT)

    assert (await engine.open(ring, message)).status is OpenStatus.NOT_FOR_US


async def test_a_garbled_session_key_of_ours_is_damage_and_no_failure_of_ours(engine, ring, list_key, alice):
    split = packets.split(alice.sign_encrypt(TEXT, [list_key.public], armored=False))
    raw = bytearray(split.packets[0].raw)
    raw[-1] ^= 1

    opened = await engine.open(ring, bytes(raw) + split.body)

    assert (opened.status, opened.plaintext) == (OpenStatus.DAMAGED, None)


async def test_a_signature_by_an_expired_key_is_told_as_such(engine, list_key):
    with Person("Old", "old@member.example", make=False) as old:
        past = ("--faked-system-time", "20200601T000000")
        old.gpg(
            "--faked-system-time",
            "20200101T000000",
            "--quick-generate-key",
            "old@member.example",
            "ed25519",
            "cert,sign",
            "1y",
        )
        old.fingerprint = old.fingerprints()[0]
        signed = old.sign_inline(TEXT, *past)
        message = old.encrypt_raw(signed, [list_key.public], *past[:0])
        ring = Ring(list_key, (PinnedKey(old.fingerprint, old.public_binary),), 1)

    opened = await engine.open(ring, message)

    assert [(seen.status, seen.fingerprint) for seen in opened.signatures] == [
        (SignatureStatus.EXPIRED_KEY, old.fingerprint)
    ]


async def test_a_signature_by_a_revoked_key_is_told_as_such(engine, list_key):
    with Person("Gone", "gone@member.example") as gone:
        message = gone.sign_encrypt(TEXT, [list_key.public])
        gone.revoke()
        ring = Ring(list_key, (PinnedKey(gone.fingerprint, gone.public_binary),), 1)

    opened = await engine.open(ring, message)

    assert [seen.status for seen in opened.signatures] == [SignatureStatus.REVOKED_KEY]


async def test_an_expired_signature_is_told_as_such(engine, list_key):
    with Person("Old", "old@member.example", make=False) as old:
        old.gpg(
            "--faked-system-time",
            "20200101T000000",
            "--quick-generate-key",
            "old@member.example",
            "ed25519",
            "cert,sign",
            "0",
        )
        old.fingerprint = old.fingerprints()[0]
        signed = old.sign_inline(TEXT, "--faked-system-time", "20200601T000000", "--default-sig-expire", "1d")
        message = old.encrypt_raw(signed, [list_key.public])
        ring = Ring(list_key, (PinnedKey(old.fingerprint, old.public_binary),), 1)

    opened = await engine.open(ring, message)

    assert [seen.status for seen in opened.signatures] == [SignatureStatus.EXPIRED]


async def test_a_signature_that_does_not_fit_its_text_is_bad_and_the_text_is_still_whole(engine, ring, list_key, alice):
    signed = alice.sign_inline(b"Hold-Until: tomorrow").replace(b"tomorrow", b"no delay")

    opened = await engine.open(ring, alice.encrypt_raw(signed, [list_key.public]))

    assert (opened.status, opened.plaintext) == (OpenStatus.OPENED, b"Hold-Until: no delay")
    assert [seen.status for seen in opened.signatures] == [SignatureStatus.BAD]


@pytest.mark.parametrize("digest", [pytest.param("SHA1", id="SHA-1"), pytest.param("RIPEMD160", id="RIPEMD-160")])
async def test_a_signature_over_a_weak_digest_is_weak(engine, list_key, digest):
    with Person("Old habits", "habits@member.example", algorithms=("ed25519", "cv25519")) as person:
        message = person.sign_encrypt(TEXT, [list_key.public], "--digest-algo", digest, "--allow-weak-digest-algos")
        ring = Ring(list_key, (PinnedKey(person.fingerprint, person.public_binary),), 1)

    opened = await engine.open(ring, message)

    assert opened.status is OpenStatus.OPENED
    assert [seen.status for seen in opened.signatures] == [SignatureStatus.WEAK]


async def test_a_signing_subkey_is_told_by_its_primary_key(engine, list_key):
    with Person("Team", "team@member.example") as team:
        team.gpg("--quick-add-key", team.fingerprint, "ed25519", "sign", "0")
        message = team.sign_encrypt(TEXT, [list_key.public])
        ring = Ring(list_key, (PinnedKey(team.fingerprint, team.public_binary),), 1)

    opened = await engine.open(ring, message)

    assert [(seen.status, seen.fingerprint) for seen in opened.signatures] == [(SignatureStatus.GOOD, team.fingerprint)]


async def test_a_mail_signed_by_the_list_itself_is_told_by_its_fingerprint(engine, ring, list_key):
    sealed = await engine.seal_for(ring, TEXT, [SealRequest("self", (list_key.fingerprint,))])

    opened = await engine.open(ring, sealed.packets["self"] + sealed.body)

    assert [seen.fingerprint for seen in opened.signatures] == [list_key.fingerprint]


async def test_a_newly_pinned_key_is_known_at_once_and_an_unpinned_one_unknown(engine, ring, list_key, mallory):
    message = mallory.sign_encrypt(TEXT, [list_key.public])
    wider = Ring(list_key, (*ring.pinned, PinnedKey(mallory.fingerprint, mallory.public_binary)), ring.version + 1)

    statuses = [(await engine.open(one, message)).signatures[0].status for one in (ring, wider, ring)]

    assert statuses == [SignatureStatus.UNKNOWN_KEY, SignatureStatus.GOOD, SignatureStatus.UNKNOWN_KEY]


async def test_a_key_that_is_not_pinned_any_more_is_unknown_whatever_came_in_between(
    engine, ring, list_key, bob, carol
):
    pin_of = {pin.fingerprint: pin for pin in ring.pinned}
    message = bob.sign_encrypt(TEXT, [list_key.public])
    rings = [[bob], [bob, carol], [carol], [carol, bob], []]

    statuses = []
    for version, people in enumerate(rings):
        one = Ring(list_key, tuple(pin_of[person.fingerprint] for person in people), version)
        statuses.append((await engine.open(one, message)).signatures[0].status is SignatureStatus.GOOD)

    assert statuses == [bob in people for people in rings]


async def test_keyrings_that_nobody_needs_are_removed(engine, ring, list_key):
    for version in range(4):
        assert await engine.probe(Ring(list_key, ring.pinned[: version % 3], version))

    assert len(list(engine._runtime.path.rglob("*.kbx"))) == 1


async def test_a_certificate_that_is_not_the_pinned_one_proves_nobody(engine, ring, list_key, mallory):
    message = mallory.sign_encrypt(TEXT, [list_key.public])
    crossed = Ring(list_key, (*ring.pinned, PinnedKey("0" * 40, mallory.public_binary)), ring.version + 1)

    opened = await engine.open(crossed, message)

    assert [seen.status for seen in opened.signatures] == [SignatureStatus.UNKNOWN_KEY]


async def test_a_broken_pin_does_not_hide_the_others(engine, ring, list_key, carol):
    broken = PinnedKey("1" * 40, b"\x99\x00\x05garbage")
    mixed = Ring(list_key, (broken, *ring.pinned), ring.version + 1)

    opened = await engine.open(mixed, carol.sign_encrypt(TEXT, [list_key.public]))

    assert [seen.fingerprint for seen in opened.signatures] == [carol.fingerprint]


# --- our own side


def take_away(path: Path) -> None:
    """Remove a file or directory; an agent that misses one of its sockets takes the others away itself meanwhile."""
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink()
    assert not path.exists()


async def test_a_killed_agent_is_started_again_and_the_message_opens(engine, ring, list_key, alice):
    message = alice.sign_encrypt(TEXT, [list_key.public])
    assert await engine.probe(ring)
    (agent,) = runtime.agents_under(engine._runtime.path)

    os.kill(agent, signal.SIGKILL)

    assert (await engine.open(ring, message)).plaintext == TEXT
    assert runtime.agents_under(engine._runtime.path) != [agent]


async def test_what_fails_while_another_replaces_the_agent_is_no_damage(engine, ring, list_key, alice, monkeypatch):
    message = alice.sign_encrypt(TEXT, [list_key.public])
    original, meanwhile = engine._decrypt, []

    async def decrypt(home, *arguments, **options):
        if meanwhile:
            return await original(home, *arguments, **options)
        runtime.kill_agents(home.place.home)
        meanwhile.append(await original(home, *arguments, **options))
        await home.agent.restart(home.agent.generation)  # by another message that had failed before
        return meanwhile[0]

    monkeypatch.setattr(engine, "_decrypt", decrypt)

    opened = await engine.open(ring, message)

    assert not meanwhile[0].succeeded
    assert (opened.status, opened.plaintext) == (OpenStatus.OPENED, TEXT)


async def test_a_hanging_agent_is_replaced_and_never_judged_as_damage(engine, ring, list_key, alice, monkeypatch):
    message = alice.sign_encrypt(TEXT, [list_key.public])
    assert await engine.probe(ring)
    os.kill(runtime.agents_under(engine._runtime.path)[0], signal.SIGSTOP)
    patience, restart = engine._timeout, Agent.restart

    async def replaced(self, seen):
        engine._timeout = patience
        await restart(self, seen)

    monkeypatch.setattr(engine, "_timeout", 0.5)  # for what hangs; what works may take its time on a busy machine
    monkeypatch.setattr(Agent, "restart", replaced)
    opened = await engine.open(ring, message)

    assert engine._timeout == patience
    assert (opened.status, opened.plaintext) == (OpenStatus.OPENED, TEXT)


@pytest.mark.parametrize("gone", ["*/*.kbx", "*/private-keys-v1.d", "*/private-keys-v1.d/*.key", "[0-9]*", ""])
async def test_what_a_cleaner_of_temporary_files_took_is_made_anew(engine, ring, list_key, alice, gone):
    message = alice.sign_encrypt(TEXT, [list_key.public])
    assert await engine.probe(ring)
    for path in list(engine._runtime.path.glob(gone)) if gone else [engine._runtime.path]:
        take_away(path)

    opened = await engine.open(ring, message)
    sealed = await engine.seal_for(ring, TEXT, [SealRequest("a", (alice.fingerprint,))])

    assert (opened.status, opened.plaintext) == (OpenStatus.OPENED, TEXT)
    assert [seen.status for seen in opened.signatures] == [SignatureStatus.GOOD]
    assert sealed.refused == {}


@pytest.mark.parametrize(
    "script",
    [
        pytest.param("exec sleep 60", id="hangs"),
        pytest.param("exit 2", id="fails"),
        pytest.param("kill -9 $$", id="is killed"),
    ],
)
async def test_a_gnupg_that_does_not_work_is_our_own_failure(tmp_path, ring, list_key, alice, script):
    message = alice.sign_encrypt(TEXT, [list_key.public])
    async with Engine(binary=fake_gpg(tmp_path, script), timeout=0.5) as engine:
        with pytest.raises(EngineUnavailable):
            await engine.open(ring, message)
        assert not await engine.probe(ring)
        with pytest.raises(EngineUnavailable):
            await engine.seal_for(ring, TEXT, [SealRequest("a", (alice.fingerprint,))])


@pytest.mark.parametrize("only", ["--decrypt", "--sign"])
async def test_a_gnupg_that_fails_only_later_is_our_own_failure_too(tmp_path, ring, list_key, alice, only):
    message = alice.sign_encrypt(TEXT, [list_key.public])
    binary = fake_gpg(tmp_path, f'for word in "$@"; do test "$word" = {only} && exit 2; done; exec /usr/bin/gpg "$@"')
    async with Engine(binary=binary, timeout=10) as engine:
        assert not await engine.probe(ring)
        if only == "--decrypt":
            with pytest.raises(EngineUnavailable):
                await engine.open(ring, message)
        else:
            with pytest.raises(EngineUnavailable):
                await engine.seal_for(ring, TEXT, [SealRequest("a", (alice.fingerprint,))])


async def test_a_gnupg_that_is_killed_over_a_large_message_alone_is_our_own_failure(tmp_path, ring, list_key, alice):
    message = alice.sign_encrypt(os.urandom(20_000), [list_key.public])
    large = "test $(stat -Lc %s /dev/stdin) -gt 20000 && kill -9 $$"
    async with Engine(binary=fake_gpg(tmp_path, f'{large}; exec /usr/bin/gpg "$@"')) as engine:
        with pytest.raises(EngineUnavailable, match=r"does not open a message \(killed by signal 9\)"):
            await engine.open(ring, message)
        assert await engine.probe(ring)


async def test_a_missing_gnupg_is_our_own_failure(ring, tmp_path):
    async with Engine(binary=str(tmp_path / "no-gpg")) as engine:
        with pytest.raises(EngineUnavailable):
            await engine.open(ring, packets.armor(b"\xc1\x0d\x03" + bytes(12) + b"\xd2\x01\x01"))


async def test_a_wrong_passphrase_of_the_list_is_our_own_failure(engine, ring, list_key, alice):
    message = alice.sign_encrypt(TEXT, [list_key.public])
    other = ListKey(list_key.list_id, list_key.fingerprint, list_key.public, list_key.secret, b"wrong")

    with pytest.raises(EngineUnavailable):
        await engine.open(Ring(other, ring.pinned, 1), message)


async def test_a_home_that_cannot_be_made_is_our_own_failure_until_it_can(ring, list_key, alice, tmp_path):
    message = alice.sign_encrypt(TEXT, [list_key.public])
    async with Engine() as engine:
        take_away(engine._runtime.path)
        there, engine._runtime._parent = engine._runtime._parent, tmp_path / "missing"
        with pytest.raises(EngineUnavailable):
            await engine.open(ring, message)
        engine._runtime._parent = there
        assert (await engine.open(ring, message)).plaintext == TEXT


async def test_nothing_secret_lies_open_in_the_home(engine, ring, list_key):
    assert await engine.probe(ring)

    files = [path for path in engine._runtime.path.rglob("*") if path.is_file()]

    assert files
    assert not any(list_key.passphrase in path.read_bytes() for path in files)
    assert stat.S_IMODE(engine._runtime.path.stat().st_mode) == 0o700
    for path in files:
        if path.parent.name == "private-keys-v1.d":
            assert b"protected-private-key" in path.read_bytes()


async def test_many_messages_open_side_by_side(engine, ring, list_key, alice):
    import asyncio

    texts = [f"number {number}".encode() for number in range(12)]
    messages = [alice.sign_encrypt(text, [list_key.public]) for text in texts]

    opened = await asyncio.gather(*(engine.open(ring, message) for message in messages))

    assert [one.plaintext for one in opened] == texts
