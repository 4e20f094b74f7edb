"""Sealing: one run for many, each copy opens for its own addressee alone and names nobody else."""

from __future__ import annotations

import os

import pysequoia
import pytest

from keys import packets, runtime
from keys.engine import MICALG, Engine
from keys.errors import EngineSilent, EngineUnavailable
from keys.results import PinnedKey, Ring, SealRequest, SignatureStatus
from openpgp import Person, fake_gpg

CONTENT = b"Content-Type: text/plain\r\n\r\nthe fix\r\n" + os.urandom(300)


def message_of(sealed, name: str) -> bytes:
    return sealed.packets[name] + sealed.body


def status_of(lines: list[str], keyword: str) -> list[str]:
    return [line for line in lines if line.startswith(keyword + " ")]


async def test_each_copy_opens_for_its_addressee_with_the_lists_signature(engine, ring, list_key, bob, carol):
    requests = [SealRequest("bob", (bob.fingerprint,)), SealRequest("carol", (carol.fingerprint,))]

    sealed = await engine.seal_for(ring, CONTENT, requests)

    assert sealed.refused == {}
    for name, person in (("bob", bob), ("carol", carol)):
        plaintext, lines = person.know(list_key.public).decrypt(packets.armor(message_of(sealed, name)))
        assert plaintext == CONTENT
        assert len(status_of(lines, "GOODSIG")) == 1
        assert status_of(lines, "VALIDSIG")[0].endswith(list_key.fingerprint)


async def test_a_copy_names_and_opens_for_nobody_else(engine, ring, alice, bob, carol):
    requests = [SealRequest(str(number), (person.fingerprint,)) for number, person in enumerate((alice, bob, carol))]

    sealed = await engine.seal_for(ring, CONTENT, requests)

    for number, person in enumerate((alice, bob, carol)):
        message = message_of(sealed, str(number))
        told = person.list_packets(message)
        own = {fingerprint[-16:] for fingerprint in packets.key_fingerprints(person.public_binary)}
        assert told.count(":pubkey enc packet:") == 1
        assert any(f"keyid {key_id}" in told for key_id in own)
        others = {one.fingerprint[-16:] for one in (alice, bob, carol)} - own
        assert not any(key_id.encode() in message.hex().upper().encode() for key_id in others)
        for other in (alice, bob, carol):
            if other is not person:
                assert other.run("--decrypt", data=message).stdout == b""


async def test_another_implementation_opens_and_verifies_a_copy(engine, ring, list_key, bob):
    sealed = await engine.seal_for(ring, CONTENT, [SealRequest("bob", (bob.fingerprint,))])
    list_certificate = pysequoia.Cert.from_bytes(list_key.public)

    opened = pysequoia.decrypt(
        decryptor=pysequoia.Tsk.from_bytes(bob.secret).decryptor(),
        bytes=packets.armor(message_of(sealed, "bob")),
        store=lambda _: [list_certificate],
    )

    assert opened.bytes == CONTENT
    assert [found.certificate.upper() for found in opened.valid_sigs] == [list_key.fingerprint]


async def test_the_form_is_the_one_that_everybody_reads(engine, ring, list_key, bob):
    sealed = await engine.seal_for(ring, b"A" * 3000, [SealRequest("bob", (bob.fingerprint,))])
    told = bob.know(list_key.public).list_packets(message_of(sealed, "bob"))

    assert next(packets.walk(sealed.body)).tag == packets.Tag.ENCRYPTED  # with MDC, not OCB
    assert "compressed packet" not in told  # or its size would tell of its content
    assert 'name=""' in told
    assert "digest 10" in told
    assert len(sealed.body) > 3000


async def test_a_team_opens_with_each_of_its_keys(engine, ring, bob, carol):
    request = SealRequest("team", (bob.fingerprint, carol.fingerprint))

    message = message_of(await engine.seal_for(ring, CONTENT, [request]), "team")

    assert len(packets.split(message).packets) == 2
    assert bob.decrypt(message)[0] == carol.decrypt(message)[0] == CONTENT


async def test_two_addressees_with_one_key_get_the_same_packet(engine, ring, bob):
    requests = [SealRequest("one", (bob.fingerprint,)), SealRequest("two", (bob.fingerprint,))]

    sealed = await engine.seal_for(ring, CONTENT, requests)

    assert sealed.packets["one"] == sealed.packets["two"]
    assert len(packets.split(message_of(sealed, "one")).packets) == 1


async def test_a_key_with_several_encryption_subkeys_opens(engine, list_key):
    with Person("Careful", "careful@member.example") as person:
        person.gpg("--quick-add-key", person.fingerprint, "cv25519", "encr", "0")
        ring = Ring(list_key, (PinnedKey(person.fingerprint, person.public_binary),), 1)

        sealed = await engine.seal_for(ring, CONTENT, [SealRequest("a", (person.fingerprint,))])

        assert person.decrypt(message_of(sealed, "a"))[0] == CONTENT


@pytest.fixture(scope="module")
def unusable():
    """Keys to which GnuPG does not seal, by what is the matter with them."""
    people = {name: Person(name, f"{name}@member.example", make=False) for name in ("expired", "revoked", "signing")}
    expired = people["expired"]
    # It stands still ("!"): a key made in the next second would be one of the future to the run that adds a subkey.
    faked = ("--faked-system-time", "20200101T000000!")
    expired.gpg(*faked, "--quick-generate-key", "expired@member.example", "ed25519", "cert,sign", "1y")
    expired.fingerprint = expired.fingerprints()[0]
    expired.gpg(*faked, "--quick-add-key", expired.fingerprint, "cv25519", "encr", "1y")
    people["revoked"].make_key()
    people["revoked"].revoke()
    people["signing"].make_key(subkey="")
    yield {name: PinnedKey(person.fingerprint, person.public_binary) for name, person in people.items()}
    for person in people.values():
        person.close()


async def test_unusable_keys_are_set_apart_and_the_rest_is_sealed(engine, ring, list_key, bob, unusable):
    wider = Ring(list_key, (*ring.pinned, *unusable.values()), ring.version + 1)
    requests = [SealRequest(name, (pin.fingerprint,)) for name, pin in unusable.items()]
    requests += [
        SealRequest("bob", (bob.fingerprint,)),
        SealRequest("mixed", (unusable["expired"].fingerprint, bob.fingerprint)),
    ]

    sealed = await engine.seal_for(wider, CONTENT, requests)

    assert set(sealed.refused) == {"expired", "revoked", "signing"}
    assert set(sealed.packets) == {"bob", "mixed"}
    assert bob.decrypt(message_of(sealed, "mixed"))[0] == CONTENT


async def test_when_nobody_is_left_nothing_is_sealed(engine, ring, list_key, unusable):
    wider = Ring(list_key, tuple(unusable.values()), ring.version + 1)

    sealed = await engine.seal_for(wider, CONTENT, [SealRequest("a", (unusable["revoked"].fingerprint,))])

    assert (sealed.body, sealed.packets) == (b"", {})
    assert set(sealed.refused) == {"a"}


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("", id="nothing"),
        pytest.param("--version", id="an option"),
        pytest.param("bob@member.example", id="an address"),
        pytest.param("0" * 40, id="a fingerprint that is not pinned"),
    ],
)
async def test_nothing_is_sealed_to_what_is_not_pinned(engine, ring, bob, name):
    requests = [SealRequest("a", (name,)), SealRequest("bob", (bob.fingerprint,)), SealRequest("none", ())]

    sealed = await engine.seal_for(ring, CONTENT, requests)

    assert sealed.refused == {"a": "key not pinned", "none": "no key"}
    assert set(sealed.packets) == {"bob"}


async def test_a_key_is_not_found_by_its_user_id_even_where_another_one_bears_it(engine, list_key, bob):
    with Person("Bob Member", "bob@member.example") as twin:
        ring = Ring(
            list_key,
            (PinnedKey(twin.fingerprint, twin.public_binary), PinnedKey(bob.fingerprint, bob.public_binary)),
            1,
        )

        sealed = await engine.seal_for(ring, CONTENT, [SealRequest("bob", (bob.fingerprint,))])

        assert bob.decrypt(message_of(sealed, "bob"))[0] == CONTENT
        assert twin.run("--decrypt", data=message_of(sealed, "bob")).stdout == b""


async def test_a_form_that_only_gnupg_reads_is_sealed_again_with_the_lists_key_as_a_brake(
    engine, ring, bob, carol, monkeypatch
):
    calls = []
    original = engine._seal

    async def seal(home, content, fingerprints, seconds=None):
        calls.append(list(fingerprints))
        ended = await original(home, content, fingerprints, seconds)
        if len(calls) > 1:
            return ended
        split = packets.split(ended.output)
        in_ocb = bytes([0xC0 | 20]) + split.body[1:]  # as GnuPG 2.4 makes it where every recipient takes it
        return type(ended)(0, ended.status, b"".join(one.raw for one in split.packets) + in_ocb)

    monkeypatch.setattr(engine, "_seal", seal)

    sealed = await engine.seal_for(ring, CONTENT, [SealRequest("bob", (bob.fingerprint,))])

    assert calls == [[bob.fingerprint], [bob.fingerprint, ring.key.fingerprint]]
    assert len(packets.split(message_of(sealed, "bob")).packets) == 1
    assert bob.decrypt(message_of(sealed, "bob"))[0] == CONTENT


async def test_sealing_to_a_hundred_is_one_run(engine, ring, alice, bob, carol, monkeypatch):
    runs = []
    original = engine._run

    async def run(*arguments, **options):
        runs.append(arguments)
        return await original(*arguments, **options)

    await engine.probe(ring)
    monkeypatch.setattr(engine, "_run", run)

    await engine.seal_for(
        ring, CONTENT, [SealRequest(str(n), (p.fingerprint,)) for n, p in enumerate((alice, bob, carol) * 33)]
    )

    assert len(runs) == 1


async def test_a_large_content_is_sealed_and_opened_whole(ring, list_key):
    content = os.urandom(20 << 20)
    async with Engine() as engine:
        sealed = await engine.seal_for(ring, content, [SealRequest("self", (list_key.fingerprint,))])
        opened = await engine.open(ring, packets.armor(message_of(sealed, "self")))

    assert opened.plaintext == content


async def test_no_line_is_lost_from_the_content(engine, ring, bob):
    sealed = await engine.seal_for(ring, b"\nfirst\nsecond\n", [SealRequest("bob", (bob.fingerprint,))])

    assert bob.decrypt(message_of(sealed, "bob"))[0] == b"\nfirst\nsecond\n"


# --- signing


async def test_a_detached_signature_is_the_lists_over_the_exact_bytes(engine, ring, list_key, bob, tmp_path):
    data = b"Content-Type: text/plain\r\n\r\nnotice  \r\n"

    signature = await engine.sign(ring, data)

    assert signature.startswith(b"-----BEGIN PGP SIGNATURE-----\n\n")  # no version, no comment
    (tmp_path / "data").write_bytes(data)
    ended = bob.know(list_key.public).run("--status-fd", "1", "--verify", "-", str(tmp_path / "data"), data=signature)
    assert ended.returncode == 0
    valid = next(line for line in ended.stdout.decode().split("\n") if "VALIDSIG" in line).split()
    assert (valid[-1], valid[-3]) == (list_key.fingerprint, {"pgp-sha512": "10"}[MICALG])


async def test_another_implementation_verifies_a_detached_signature(engine, ring, list_key):
    data = b"line\r\n"

    signature = await engine.sign(ring, data)

    checked = pysequoia.verify(
        bytes=data,
        store=lambda _: [pysequoia.Cert.from_bytes(list_key.public)],
        signature=pysequoia.Sig.from_bytes(signature),
    )
    assert len(checked.valid_sigs) == 1


# --- the list's key


async def test_a_lists_key_is_what_the_design_says(engine, ring, list_key):
    (facts,) = await engine.facts_many([list_key.public], now=pysequoia_created(list_key))

    assert facts.algorithm == "ed25519/cv25519"
    assert facts.expires_at is None
    assert facts.usable
    assert facts.addresses == ("early@lists.example",)
    assert str(pysequoia.Cert.from_bytes(list_key.public).user_ids[0]) == "Example list <early@lists.example>"
    assert b"passphrase" not in repr(list_key).encode()


def pysequoia_created(list_key):
    from datetime import UTC, datetime

    first = next(packets.walk(list_key.public))
    return datetime.fromtimestamp(int.from_bytes(first.content(list_key.public)[1:5], "big"), UTC)


async def test_a_lists_name_may_be_in_any_script(engine):
    key = await engine.make_list_key("l", "R\u00e9ponse \u65e5\u672c", "psirt@lists.example")

    assert str(pysequoia.Cert.from_bytes(key.public).user_ids[0]) == "R\u00e9ponse \u65e5\u672c <psirt@lists.example>"


@pytest.mark.parametrize(
    ("name", "address"),
    [
        pytest.param("a\nb", "l@lists.example", id="a line end in the name"),
        pytest.param("a <x@y.example>", "l@lists.example", id="an address in the name"),
        pytest.param("", "l@lists.example", id="no name"),
        pytest.param("a", "l@lists.example\n%no-protection", id="a directive in the address"),
        pytest.param("a\u2028b", "l@lists.example", id="a line separator"),
        pytest.param("a", "nowhere", id="no address"),
    ],
)
async def test_a_name_that_cannot_stand_in_a_user_id_is_refused(engine, name, address):
    with pytest.raises(ValueError):
        await engine.make_list_key("l", name, address)


AT = 'for word in "$@"; do test "$word" = {word} && {{ {act}; }}; done; exec /usr/bin/gpg "$@"'


@pytest.mark.parametrize("word", ["--full-generate-key", "--export", "--export-secret-keys"])
async def test_a_lists_key_is_made_where_gnupg_fails_once(tmp_path, word):
    once = f"test -e {tmp_path}/failed || {{ touch {tmp_path}/failed; echo half; exit 2; }}"
    async with Engine(binary=fake_gpg(tmp_path, AT.format(word=word, act=once))) as engine:
        key = await engine.make_list_key("l", "L list", "l@lists.example")

    assert (tmp_path / "failed").exists()
    assert pysequoia.Cert.from_bytes(key.public).fingerprint.upper() == key.fingerprint
    assert packets.key_fingerprints(key.public)[0] == key.fingerprint
    assert key.secret


async def test_a_gnupg_that_is_killed_says_nothing_of_a_signature(tmp_path, ring, alice):
    once = f"test -e {tmp_path}/killed || {{ touch {tmp_path}/killed; kill -9 $$; }}"
    async with Engine(binary=fake_gpg(tmp_path, AT.format(word="--verify", act=once))) as engine:
        (seen,) = await engine.verify(ring, b"text", alice.sign_detached(b"text"))

    assert (tmp_path / "killed").exists()
    assert seen.status is SignatureStatus.GOOD


PINNED = "--import-options"


async def test_where_pinned_keys_can_not_be_read_in_nothing_is_sealed_and_nothing_stays(tmp_path, ring, alice):
    request = [SealRequest("a", (alice.fingerprint,))]
    async with Engine(binary=fake_gpg(tmp_path, AT.format(word=PINNED, act="kill -9 $$"))) as engine:
        with pytest.raises(EngineUnavailable, match=r"does not import keys \(killed by signal 9\)"):
            await engine.seal_for(ring, b"text", request)

        assert [path.name for path in engine._runtime.path.iterdir()] == ["lock"]
        assert not runtime.agents_under(engine._runtime.path)


async def test_a_gnupg_that_is_killed_leaves_nobody_out(tmp_path, list_key, alice, bob):
    once = f"test -e {tmp_path}/killed || {{ touch {tmp_path}/killed; kill -9 $$; }}"
    pins = tuple(PinnedKey(one.fingerprint, one.public_binary) for one in (alice, bob))
    requests = [SealRequest(one.fingerprint, (one.fingerprint,)) for one in (alice, bob)]
    async with Engine(binary=fake_gpg(tmp_path, AT.format(word=PINNED, act=once))) as engine:
        first = await engine.seal_for(Ring(list_key, pins[:1], 1), b"text", requests[:1])
        (tmp_path / "killed").unlink()
        both = await engine.seal_for(Ring(list_key, pins, 2), b"text", requests)
        (home,) = (path for path in engine._runtime.path.iterdir() if path.is_dir())
        keyrings = list(home.glob("*.kbx"))

    assert first.packets.keys() == {alice.fingerprint}
    assert both.packets.keys() == {alice.fingerprint, bob.fingerprint}
    assert not first.refused
    assert not both.refused
    assert len(keyrings) == 1


@pytest.mark.parametrize(
    ("word", "act", "says"),
    [
        ("--full-generate-key", "echo half; exit 2", r"does not make a key \(exit code 2\)"),
        ("--export", "exit 2", r"does not export the public part of the key that it made \(exit code 2\)"),
        ("--export-secret-keys", "kill -9 $$", r"the secret part of the key that it made \(killed by signal 9\)"),
        ("--export-secret-keys", "exit 0", r"the secret part of the key that it made \(exit code 0\)"),
    ],
)
async def test_where_gnupg_goes_on_failing_no_key_is_made_and_it_says_how_that_ended(tmp_path, word, act, says):
    async with Engine(binary=fake_gpg(tmp_path, AT.format(word=word, act=act))) as engine:
        with pytest.raises(EngineUnavailable, match=says):
            await engine.make_list_key("l", "L list", "l@lists.example")


async def test_a_gnupg_that_makes_no_key_in_its_time_is_not_asked_again(tmp_path, monkeypatch):
    asked = []
    async with Engine(binary=fake_gpg(tmp_path, "exec sleep 60"), timeout=0.5) as engine:
        original = engine._run

        async def run(place, *arguments, **options):
            asked.append(arguments)
            return await original(place, *arguments, **options)

        monkeypatch.setattr(engine, "_run", run)
        with pytest.raises(EngineSilent, match=r"does not make a key \(no end in its time\)"):
            await engine.make_list_key("l", "L list", "l@lists.example")

    assert asked == [("--full-generate-key",)]
