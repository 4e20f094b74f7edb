"""Reading listings: a user id is a stranger's text and yields a plain address or nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keys import packets
from keys.keyring import Certificate, SubKey, UserId, address_of, judge, read_listing, shares_a_key

NOW = datetime(2026, 11, 22, tzinfo=UTC)
PRIMARY = SubKey("-", 22, 255, "ed25519", "A" * 16, NOW, None, "sc", "A" * 40)
ENCRYPTION = SubKey("-", 18, 255, "cv25519", "B" * 16, NOW, None, "e", "B" * 40)
USER = UserId("-", None, b"Team <psirt@member.example>")


def certificate(*subkeys: SubKey, primary: SubKey = PRIMARY, users: tuple[UserId, ...] = (USER,)) -> Certificate:
    return Certificate(primary, subkeys, users, is_secret=False)


@pytest.mark.parametrize(
    ("user_id", "address"),
    [
        pytest.param(b"Team <psirt@member.example>", "psirt@member.example", id="name and address"),
        pytest.param(b"psirt@member.example", "psirt@member.example", id="the bare address"),
        pytest.param(b"<psirt@member.example>", "psirt@member.example", id="in brackets alone"),
        pytest.param(b"T (key) <PSIRT+x@Member.EXAMPLE>", "PSIRT+x@member.example", id="the domain in lower case"),
        pytest.param(b"M\xc3\x85 <a@b.example>", "a@b.example", id="a name in UTF-8"),
        pytest.param(b"victim@a.example <mallory@b.example>", "mallory@b.example", id="an address as a name"),
        pytest.param(b"<victim@a.example> <mallory@b.example>", None, id="two addresses"),
        pytest.param(b"<victim@a.example> x", None, id="something behind it"),
        pytest.param(b"x\n<victim@a.example>", None, id="a line end"),
        pytest.param(b"x\r<victim@a.example>", None, id="a carriage return"),
        pytest.param(b"x\x00<victim@a.example>", None, id="a NUL"),
        pytest.param(b"<vic tim@a.example>", None, id="a blank inside"),
        pytest.param(b"<v\xc2\x85@a.example>", None, id="a next-line character"),
        pytest.param(b"<v\xd0\xb0@a.example>", None, id="a look-alike letter"),
        pytest.param(b"<a@b@c.example>", None, id="two at-signs"),
        pytest.param(b"<a@b.example.>", None, id="a trailing dot"),
        pytest.param(b"No address", None, id="no address"),
        pytest.param(b"", None, id="nothing"),
    ],
)
def test_an_address_is_read_from_the_plain_form_alone(user_id: bytes, address: str | None):
    assert address_of(user_id) == address


@given(st.binary(max_size=80))
def test_no_user_id_breaks_the_reading_or_yields_more_than_an_address(user_id: bytes):
    address = address_of(user_id)

    assert address is None or (address.isascii() and address.isprintable() and address.count("@") == 1)


@given(st.binary(max_size=300))
def test_no_listing_breaks_the_reading_of_user_ids(text: bytes):
    read_listing(b"pub:-:255:22:0:1::::::sc:::::ed25519:::0:\nuid:-::::1::h::" + text.replace(b"\n", b"\\n") + b"\n")


def test_a_record_ends_at_a_newline_and_nowhere_else():
    hostile = b"x\x85fpr:::::::::" + b"F" * 40 + b":\xe2\x80\xa8pub:u:255:22:"
    listing = (
        b"pub:-:255:22:0:1::::::sc:::::ed25519:::0:\nfpr:::::::::"
        + b"A" * 40
        + b":\nuid:-::::1::h::"
        + hostile
        + b":\n"
    )

    (found,) = read_listing(listing)

    assert found.primary.fingerprint == "A" * 40
    assert len(found.user_ids) == 1


def test_a_sound_certificate_is_usable():
    facts = judge(certificate(ENCRYPTION), NOW)

    assert (facts.usable, facts.reason, facts.expires_at) == (True, None, None)
    assert facts.algorithm == "ed25519/cv25519"
    assert facts.addresses == ("psirt@member.example",)
    assert facts.encryption_subkeys == ("B" * 16,)


@pytest.mark.parametrize(
    ("primary", "subkeys", "reason"),
    [
        pytest.param({"validity": "r"}, [{}], "key revoked", id="revoked"),
        pytest.param({"validity": "i"}, [{}], "key not valid", id="not valid"),
        pytest.param({"expires_at": NOW}, [{}], "key expired", id="expires this moment"),
        pytest.param({}, [], "no encryption subkey", id="no subkey"),
        pytest.param({}, [{"uses": "s"}], "no encryption subkey", id="a subkey for signing"),
        pytest.param({}, [{"validity": "r"}], "no encryption subkey", id="a revoked subkey"),
        pytest.param({}, [{"validity": "i"}], "no encryption subkey", id="a subkey that is not bound"),
        pytest.param({}, [{"expires_at": NOW}], "encryption subkey expired", id="an expired subkey"),
        pytest.param({"algorithm": 17, "bits": 3072, "curve": ""}, [{}], "weak key: DSA 3072", id="DSA"),
        pytest.param({"algorithm": 1, "bits": 2048, "curve": ""}, [{}], "weak key: RSA 2048", id="short RSA"),
        pytest.param({}, [{"algorithm": 16, "bits": 4096, "curve": ""}], "weak key: ElGamal 4096", id="ElGamal"),
        pytest.param({}, [{"algorithm": 1, "bits": 1024, "curve": ""}], "weak key: RSA 1024", id="a short subkey"),
        pytest.param({"algorithm": 19, "curve": "secp256k1"}, [{}], "weak key: curve secp256k1", id="another curve"),
        pytest.param({"algorithm": 99, "bits": 9, "curve": ""}, [{}], "weak key: algorithm 99 9", id="unknown"),
        pytest.param(
            {}, [{}, {"uses": "s", "algorithm": 17, "curve": ""}], "weak key: DSA 255", id="a weak signing subkey"
        ),
    ],
)
def test_an_unusable_key_says_why(primary: dict, subkeys: list[dict], reason: str):
    facts = judge(
        certificate(*(replace(ENCRYPTION, **one) for one in subkeys), primary=replace(PRIMARY, **primary)), NOW
    )

    assert (facts.usable, facts.reason, facts.encryption_subkeys) == (False, reason, ())


@pytest.mark.parametrize(
    ("primary", "subkeys"),
    [
        pytest.param(
            {}, [{}, {"uses": "a", "algorithm": 1, "bits": 1024, "curve": ""}], id="a weak key that only logs in"
        ),
        pytest.param({}, [{}, {"algorithm": 16, "validity": "r", "curve": ""}], id="a weak subkey taken back"),
        pytest.param(
            {"algorithm": 1, "bits": 3072, "curve": ""}, [{"algorithm": 1, "bits": 4096, "curve": ""}], id="RSA"
        ),
        pytest.param({"algorithm": 19, "curve": "nistp384"}, [{"curve": "nistp384"}], id="NIST curves"),
        pytest.param(
            {"algorithm": 19, "curve": "brainpoolP256r1"}, [{"curve": "brainpoolP256r1"}], id="Brainpool curves"
        ),
    ],
)
def test_a_key_is_not_refused_for_what_does_no_harm(primary: dict, subkeys: list[dict]):
    found = judge(
        certificate(*(replace(ENCRYPTION, **one) for one in subkeys), primary=replace(PRIMARY, **primary)), NOW
    )

    assert found.usable


def test_a_key_ends_with_its_primary_key_or_its_last_encryption_subkey():
    day, week = NOW + timedelta(days=1), NOW + timedelta(days=7)

    def ends(primary: datetime | None, *subkeys: datetime | None) -> datetime | None:
        parts = [replace(ENCRYPTION, expires_at=end) for end in subkeys]
        return judge(certificate(*parts, primary=replace(PRIMARY, expires_at=primary)), NOW).expires_at

    assert ends(None, None) is None
    assert ends(week, None) == week
    assert ends(None, day, week) == week
    assert ends(None, day, None) is None
    assert ends(day, week) == day


def test_addresses_come_from_user_ids_that_hold():
    users = (
        USER,
        UserId("r", None, b"old@member.example"),
        UserId("i", None, b"unsigned@member.example"),
        UserId("-", NOW, b"expired@member.example"),
        UserId("-", None, b"second@member.example"),
    )

    assert judge(certificate(ENCRYPTION, users=users), NOW).addresses == (
        "psirt@member.example",
        "second@member.example",
    )


def test_a_certificate_that_borrows_somebody_elses_subkey_is_told(bob, carol):
    ours, theirs = bob.public_binary, carol.public_binary
    subkey = next(one for one in packets.walk(theirs) if one.tag == packets.Tag.PUBLIC_SUBKEY)

    assert not shares_a_key(ours, theirs)
    assert shares_a_key(ours + theirs[subkey.start : subkey.end], theirs)
