"""Framing: what is split and joined stays the same, and hostile lengths end in ValueError."""

from __future__ import annotations

import contextlib
import os
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keys import packets
from keys.packets import Shape
from openpgp import Person, literal, packet

PKESK = b"\x03" + bytes(range(8)) + b"\x12" + bytes(40)


def slow_crc24(data: bytes) -> int:
    crc = 0xB704CE
    for byte in data:
        crc ^= byte << 16
        for _ in range(8):
            crc <<= 1
            if crc & 0x1000000:
                crc ^= 0x1864CFB
    return crc & 0xFFFFFF


def partial(tag: int, content: bytes) -> bytes:
    """The content in partial lengths of 512, the last one of whatever is left."""
    text = bytes([0xC0 | tag])
    while len(content) >= 512:
        text += bytes([0xE0 | 9]) + content[:512]
        content = content[512:]
    return text + bytes([0xFF]) + len(content).to_bytes(4, "big") + content


@given(st.binary(max_size=5000))
def test_the_checksum_is_that_of_the_standard(data: bytes):
    assert packets.crc24(data) == slow_crc24(data)


@given(st.binary(max_size=5000), st.booleans())
def test_armor_is_undone_byte_for_byte_with_either_kind_of_line_end(data: bytes, crlf: bool):
    armored = packets.armor(data)

    assert all(len(line) <= 64 for line in armored.split(b"\n"))
    assert packets.dearmor(armored.replace(b"\n", b"\r\n") if crlf else armored) == data


def test_armor_is_what_gnupg_reads(alice: Person, bob: Person):
    message = alice.encrypt(b"hello", [bob], armored=False)

    assert bob.decrypt(packets.armor(message))[0] == b"hello"
    assert packets.dearmor(alice.gpg("--enarmor", data=message).replace(b"ARMORED FILE", b"MESSAGE")) == message


@pytest.mark.parametrize("checksum", [[], [b"=AAAA"], [b"=AAAA", b""]])
def test_a_missing_or_wrong_checksum_is_no_fault(checksum: list[bytes]):
    lines = packets.armor(b"data").split(b"\n")
    assert lines[3].startswith(b"=")

    assert packets.dearmor(b"\n".join([*lines[:3], *checksum, *lines[4:]])) == b"data"


def test_headers_of_armor_are_skipped():
    armored = packets.armor(b"data").replace(
        b"-----\n\n", b"-----\nVersion: X 1.0\nComment: see https://x.example\n\n", 1
    )

    assert packets.dearmor(armored) == packets.dearmor(armored.replace(b"\n", b"\r\n")) == b"data"


@pytest.mark.parametrize(
    "message",
    [
        pytest.param(bytes([0xC1, 0x00]) * (1 << 20), id="a million empty packets"),
        pytest.param(
            packet(1, PKESK) + bytes([0xD2, 0xE9]) + bytes(512) + bytes([0xE0, 0x00]) * (1 << 20), id="a million pieces"
        ),
        pytest.param(b"-----BEGIN PGP MESSAGE-----\n" * 50_000, id="fifty thousand beginnings"),
        pytest.param(b"-----BEGIN PGP MESSAGE-----\n" + b"A: b\n" * 200_000, id="a million headers"),
        pytest.param(
            b"-----BEGIN PGP MESSAGE-----\n\n" + b"=\n" * 500_000 + b"-----END PGP MESSAGE-----", id="padding only"
        ),
    ],
)
def test_bytes_made_to_take_long_do_not(message: bytes):
    started = time.process_time()  # not what others on the machine take

    packets.shape_of(message)
    for read in (packets.split, packets.dearmor):
        with pytest.raises(ValueError):
            read(message)

    assert time.process_time() - started < 3  # it takes a tenth of that


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(packets.armor(b"a") * 2, id="two blocks"),
        pytest.param(b"see below\n" + packets.armor(b"a"), id="text before it"),
        pytest.param(packets.armor(b"a") + b"a footer\n", id="text behind it"),
        pytest.param(packets.armor(b"abc").replace(b"\nYWJj", b"\nYWJj\n-----"), id="dashes inside"),
        pytest.param(packets.armor(b"abc").replace(b"YWJj", b"YWJ"), id="broken base64"),
        pytest.param(packets.armor(b"abc").replace(b"YWJj", b"Y=Jj"), id="padding in the middle"),
        pytest.param(
            packets.armor(b"a").replace(b"BEGIN PGP MESSAGE", b"BEGIN PGP SIGNATURE"), id="begin and end differ"
        ),
        pytest.param(packets.armor(b"a").replace(b"MESSAGE", b"SIGNATURE"), id="another kind"),
        pytest.param(b"-----BEGIN PGP MESSAGE-----\n\nYWJj\n", id="no end"),
        pytest.param(b"", id="nothing"),
    ],
)
def test_armor_of_any_other_form_is_refused(text: bytes):
    with pytest.raises(ValueError, match="armor"):
        packets.dearmor(text)


@given(
    st.lists(st.binary(min_size=8, max_size=8), min_size=1, max_size=5),
    st.binary(min_size=1, max_size=3000),
    st.booleans(),
)
def test_what_is_split_and_joined_is_the_same_message(key_ids: list[bytes], body: bytes, in_pieces: bool):
    heads = [packet(1, b"\x03" + key_id + b"\x12" + bytes(20)) for key_id in key_ids]
    sealed = partial(18, b"\x01" + body) if in_pieces else packet(18, b"\x01" + body)

    found = packets.split(b"".join(heads) + sealed)

    assert [one.raw for one in found.packets] == heads
    assert [one.key_id for one in found.packets] == [key_id.hex().upper() for key_id in key_ids]
    assert found.body == sealed
    assert packets.shape_of(packets.join(heads, sealed)) is Shape.ENCRYPTED


def test_old_headers_are_read_as_well():
    old = bytes([0x84, len(PKESK)]) + PKESK  # RFC 9580 s4.2.2: tag 1, one-octet length
    old_two = bytes([0x85]) + len(PKESK).to_bytes(2, "big") + PKESK
    old_four = bytes([0x86]) + len(PKESK).to_bytes(4, "big") + PKESK

    found = packets.split(old + old_two + old_four + packet(18, b"\x01x"))

    assert [one.raw for one in found.packets] == [old, old_two, old_four]


@given(st.binary(max_size=400))
def test_hostile_bytes_raise_nothing_but_valueerror(data: bytes):
    packets.shape_of(data)
    for read in (packets.split, packets.key_fingerprints, packets.dearmor, lambda text: list(packets.walk(text))):
        with contextlib.suppress(ValueError):
            read(data)


@pytest.mark.parametrize(
    "message",
    [
        pytest.param(bytes([0xC1, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]) + PKESK, id="four gigabytes announced"),
        pytest.param(packet(1, PKESK) + bytes([0xD2, 0xFE]) + bytes(600), id="a partial length beyond the end"),
        pytest.param(packet(1, PKESK) + bytes([0xD2, 0xE9]) + bytes(512), id="no last length"),
        pytest.param(
            packet(1, PKESK) + bytes([0xD2, 0xE8]) + bytes(256) + b"\x00", id="a first partial length below 512"
        ),
        pytest.param(bytes([0xC1, 0xE9]) + bytes(512) + b"\x00" + packet(18, b"\x01"), id="a session key in pieces"),
        pytest.param(bytes([0x87]) + PKESK, id="a session key of indeterminate length"),
        pytest.param(packet(1, PKESK) + bytes([0xCB]), id="a header cut off"),
        pytest.param(packet(1, PKESK), id="no body"),
        pytest.param(packet(18, b"\x01"), id="no session key"),
        pytest.param(packet(1, PKESK) + packet(18, b"\x01") + packet(18, b"\x01"), id="two bodies"),
        pytest.param(packet(1, PKESK) + packet(18, b"\x01") + packet(1, PKESK), id="a session key behind the body"),
        pytest.param(packet(1, PKESK) + packet(9, b"\x01"), id="a body without integrity"),
        pytest.param(packet(1, PKESK) + packet(3, b"\x04") + packet(18, b"\x01"), id="a password beside the key"),
        pytest.param(packet(1, b"\x06" + PKESK[1:]) + packet(18, b"\x01"), id="a session key of another version"),
    ],
)
def test_a_broken_frame_is_not_split(message: bytes):
    with pytest.raises(ValueError):
        packets.split(message)


@pytest.mark.parametrize(
    ("message", "shape"),
    [
        pytest.param(packet(1, PKESK) + packet(18, b"\x01"), Shape.ENCRYPTED, id="encrypted"),
        pytest.param(
            packet(10, b"PGP") + packet(1, PKESK) + packet(18, b"\x01"), Shape.ENCRYPTED, id="a marker before it"
        ),
        pytest.param(packet(1, PKESK) + packet(20, b"\x01"), Shape.ENCRYPTED, id="in GnuPG 2.4's form"),
        pytest.param(packet(3, b"\x04") + packet(18, b"\x01"), Shape.PASSWORD, id="to a password only"),
        pytest.param(literal(b"x"), Shape.NOT_ENCRYPTED, id="literal"),
        pytest.param(b"\xa3" + os.urandom(40), Shape.NOT_ENCRYPTED, id="compressed, of indeterminate length"),
        pytest.param(packet(4, bytes(13)) + literal(b"x") + packet(2, b"\x04"), Shape.NOT_ENCRYPTED, id="signed"),
        pytest.param(packet(1, PKESK) + packet(9, b"\x01"), Shape.BROKEN, id="without integrity"),
        pytest.param(packet(1, PKESK) + packet(18, b"\x01") + literal(b"x"), Shape.BROKEN, id="a packet behind it"),
        pytest.param(packet(1, PKESK) + packet(18, b"\x01")[:-1], Shape.BROKEN, id="cut off"),
        pytest.param(b"", Shape.BROKEN, id="nothing"),
        pytest.param(b"hello", Shape.BROKEN, id="no OpenPGP"),
    ],
)
def test_a_message_is_known_by_its_packets(message: bytes, shape: Shape):
    assert packets.shape_of(message) is shape


def test_fingerprints_are_those_that_gnupg_tells(alice: Person):
    fingerprints = packets.key_fingerprints(alice.public_binary)
    listed = alice.gpg("--with-colons", "--fingerprint", "--fingerprint", "--list-keys", alice.fingerprint)

    assert [f":{fingerprint}:".encode() in listed for fingerprint in fingerprints] == [True, True]
    assert fingerprints[0] == alice.fingerprint
