"""OpenPGP framing, and nothing below it: packets, key ids, ASCII armor. No cryptography.

Everything read here may be hostile: lengths are checked against what is there, nothing recurses, and
every fault is a ValueError whose text holds no content. (RFC 9580 s4.2, s4.3, s6.)
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum

KEY_ID_BYTES = 8
VERSION_4 = 4
MOST_PACKETS = 10_000  # a key file or message of anybody's mail program has far fewer
MOST_PIECES = 100_000  # 25 MB in the smallest pieces that a program makes (512 octets) are half of that
FIRST_PARTIAL_LEAST = 512  # RFC 9580 s4.2.1.4: the first partial length is at least 512 octets
ARMOR_WIDTH = 64
CRC_GENERATOR = 0x1864CFB  # RFC 9580 s6.1.1
CRC_START = 0xB704CE
CRC_BITS = 24


class Tag(IntEnum):
    """The packet types that matter here (RFC 9580 s5)."""

    SESSION_KEY = 1
    SIGNATURE = 2
    PASSWORD_KEY = 3
    SECRET_KEY = 5
    PUBLIC_KEY = 6
    SECRET_SUBKEY = 7
    COMPRESSED = 8
    OLD_ENCRYPTED = 9
    MARKER = 10
    LITERAL = 11
    TRUST = 12
    USER_ID = 13
    PUBLIC_SUBKEY = 14
    USER_ATTRIBUTE = 17
    ENCRYPTED = 18
    OCB_ENCRYPTED = 20


# RFC 9580 s4.2.1.4: partial lengths are for data packets alone.
STREAMED = frozenset({Tag.COMPRESSED, Tag.OLD_ENCRYPTED, Tag.LITERAL, Tag.ENCRYPTED, Tag.OCB_ENCRYPTED})


@dataclass(frozen=True, slots=True)
class Packet:
    """One packet: its type, its place ``start:end`` in the message, and the place of its content.

    ``content`` starts behind the header; with partial lengths only the first of them is in it.
    """

    tag: int
    start: int
    end: int
    content_start: int
    content_end: int

    def content(self, message: bytes) -> bytes:
        """Give the packet's content (with partial lengths: that of the first one)."""
        return message[self.content_start : self.content_end]


def walk(message: bytes) -> Iterator[Packet]:
    """Go through the packets of a binary message; raises ValueError where its framing is broken."""
    at = 0
    for _ in range(MOST_PACKETS):
        if at >= len(message):
            return
        packet = _read_packet(message, at)
        yield packet
        at = packet.end
    raise ValueError("more packets than anybody makes")


def _read_packet(message: bytes, start: int) -> Packet:
    first = message[start]
    if not first & 0x80:
        raise ValueError("no packet where one should start")
    if first & 0x40:
        return _read_new(message, start, first & 0x3F)
    return _read_old(message, start, (first >> 2) & 0x0F, first & 3)


def _read_old(message: bytes, start: int, tag: int, length_type: int) -> Packet:
    """RFC 9580 s4.2.2; an indeterminate length runs to the end, as old compressed packets do."""
    if tag == 0:
        raise ValueError("a packet of the reserved type")
    if length_type == 3:  # noqa: PLR2004 - the standard's own number
        if tag not in STREAMED:
            raise ValueError("a packet without length")
        return Packet(tag, start, len(message), start + 1, len(message))
    size = 1 << length_type
    return _bounded(message, Packet(tag, start, 0, start + 1 + size, 0), _number(message, start + 1, size))


def _read_new(message: bytes, start: int, tag: int) -> Packet:
    """RFC 9580 s4.2.1; partial lengths are followed to the last, which is no partial one."""
    if tag == 0:
        raise ValueError("a packet of the reserved type")
    length, content_start, partial = _new_length(message, start + 1)
    packet = _bounded(message, Packet(tag, start, 0, content_start, 0), length)
    if not partial:
        return packet
    if tag not in STREAMED or length < FIRST_PARTIAL_LEAST:
        raise ValueError("a partial length where none may stand")
    end = packet.content_end
    for _ in range(MOST_PIECES):
        length, begin, partial = _new_length(message, end)
        end = begin + length
        if end > len(message):
            raise ValueError("a packet is longer than what is there")
        if not partial:
            return Packet(tag, start, end, content_start, packet.content_end)
    raise ValueError("a packet in more pieces than anybody makes")


def _bounded(message: bytes, packet: Packet, length: int) -> Packet:
    end = packet.content_start + length
    if end > len(message):
        raise ValueError("a packet is longer than what is there")
    return Packet(packet.tag, packet.start, end, packet.content_start, end)


def _new_length(message: bytes, at: int) -> tuple[int, int, bool]:
    """Read a new-format length: the length, where its content starts, whether it is a partial one."""
    first = _number(message, at, 1)
    if first < 192:  # noqa: PLR2004 - RFC 9580 s4.2.1.1 to s4.2.1.4, here and below
        return first, at + 1, False
    if first < 224:  # noqa: PLR2004
        return ((first - 192) << 8) + _number(message, at + 1, 1) + 192, at + 2, False
    if first < 255:  # noqa: PLR2004
        return 1 << (first & 0x1F), at + 1, True
    return _number(message, at + 1, 4), at + 5, False


def _number(message: bytes, at: int, size: int) -> int:
    if at + size > len(message):
        raise ValueError("a header is cut off")
    return int.from_bytes(message[at : at + size], "big")


@dataclass(frozen=True, slots=True)
class SessionKeyPacket:
    """A session key for one public key: ``raw`` with its header; key id "0000000000000000" is a hidden one."""

    key_id: str
    raw: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Split:
    """An encrypted message, split: session-key packets, and the encrypted body that they all open."""

    packets: tuple[SessionKeyPacket, ...]
    body: bytes = field(repr=False)


class Shape(StrEnum):
    """What a message is from outside, by its packets alone."""

    ENCRYPTED = "encrypted"  # session keys, then exactly one integrity-protected body, and nothing else
    PASSWORD = "password"  # noqa: S105 - encrypted to no public key
    NOT_ENCRYPTED = "not-encrypted"  # literal, compressed or signed
    BROKEN = "broken"  # anything else: no integrity, packets before, between or behind


def shape_of(message: bytes) -> Shape:
    """Tell what a binary message is from outside; never raises."""
    try:
        tags = [packet.tag for packet in walk(message)]
    except ValueError:
        # Only the first packet can be believed; a compressed one may well have no readable length.
        tags = [_first_tag(message), -1]
    while tags and tags[0] == Tag.MARKER:  # RFC 9580 s5.8: to be ignored
        del tags[0]
    if not tags:
        return Shape.BROKEN
    if tags[0] in (Tag.COMPRESSED, Tag.LITERAL, Tag.SIGNATURE, 4):  # 4: one-pass signature
        return Shape.NOT_ENCRYPTED
    if set(tags[:-1]) == {Tag.PASSWORD_KEY} and tags[-1] in STREAMED:
        return Shape.PASSWORD
    is_whole = len(tags) > 1 and set(tags[:-1]) == {Tag.SESSION_KEY} and tags[-1] in (Tag.ENCRYPTED, Tag.OCB_ENCRYPTED)
    return Shape.ENCRYPTED if is_whole else Shape.BROKEN


def _first_tag(message: bytes) -> int:
    if not message or not message[0] & 0x80:
        return -1
    return message[0] & 0x3F if message[0] & 0x40 else (message[0] >> 2) & 0x0F


def split(message: bytes) -> Split:
    """Split an encrypted message; raises ValueError unless it is session keys and one whole body."""
    found: list[SessionKeyPacket] = []
    for packet in walk(message):
        if packet.tag == Tag.SESSION_KEY:
            found.append(SessionKeyPacket(_session_key_id(packet.content(message)), message[packet.start : packet.end]))
        elif packet.tag != Tag.MARKER or found:
            if packet.tag not in (Tag.ENCRYPTED, Tag.OCB_ENCRYPTED) or packet.end != len(message) or not found:
                break
            return Split(tuple(found), message[packet.start :])
    raise ValueError("not an encrypted message of session keys and one body")


def _session_key_id(content: bytes) -> str:
    if len(content) <= KEY_ID_BYTES or content[0] != 3:  # noqa: PLR2004 - RFC 9580 s5.1.1: version 3
        raise ValueError("a session-key packet of an unknown version")
    return content[1 : 1 + KEY_ID_BYTES].hex().upper()


def join(packets: Sequence[bytes], body: bytes) -> bytes:
    """Put session-key packets (with their headers) and a body together: a whole message."""
    return b"".join(packets) + body


def key_fingerprints(certificate: bytes) -> tuple[str, ...]:
    """Give the fingerprints of a binary certificate's version 4 keys: each primary key's and subkey's.

    40 upper-case hex digits each, of which the last 16 are the key id. Raises ValueError where the
    framing is broken. (RFC 9580 s5.5.4.2)
    """
    found = []
    for packet in walk(certificate):
        if packet.tag in (Tag.PUBLIC_KEY, Tag.PUBLIC_SUBKEY):
            content = packet.content(certificate)
            if content[:1] != bytes([VERSION_4]) or len(content) >= 1 << 16:
                raise ValueError("a key of another version than 4")
            hashed = b"\x99" + len(content).to_bytes(2, "big") + content
            found.append(hashlib.sha1(hashed, usedforsecurity=False).hexdigest().upper())
    return tuple(found)


def armor(message: bytes) -> bytes:
    """Armor a binary message as "PGP MESSAGE": LF lines of 64, CRC24, no other headers (RFC 9580 s6.2)."""
    text = binascii.b2a_base64(message, newline=False)
    lines = [text[at : at + ARMOR_WIDTH] for at in range(0, len(text), ARMOR_WIDTH)]
    check = b"=" + base64.b64encode(crc24(message).to_bytes(3, "big"))
    return b"\n".join([b"-----BEGIN PGP MESSAGE-----", b"", *lines, check, b"-----END PGP MESSAGE-----", b""])


def armor_key(public: bytes) -> str:
    """Armor a binary public key; the base64 between the two lines holds no blank, so only these change their name."""
    return armor(public).decode("ascii").replace("PGP MESSAGE", "PGP PUBLIC KEY BLOCK")


_HEAD = re.compile(
    rb"-----BEGIN PGP ([A-Z ]{1,40})-----[ \t]*\r?\n"
    rb"(?:[A-Za-z][A-Za-z0-9-]{0,30}: ?[^\n]{0,1000}\n){0,20}"
    rb"[ \t]*\r?\n"
)
_CHECKSUM = re.compile(rb"(?:\A|\n)=[A-Za-z0-9+/]{4}\s*\Z")
_WHITE_SPACE = b" \t\r\n"


def is_armored(text: bytes) -> bool:
    """Tell ASCII armor from binary: every binary packet begins with a byte above 0x7f."""
    return not text[:1] or text[0] < 0x80  # noqa: PLR2004 - RFC 9580 s4.2: bit 7 is always set


def dearmor(text: bytes, kind: str = "MESSAGE") -> bytes:
    """Undo ASCII armor: exactly one block of this kind ("MESSAGE", "PUBLIC KEY BLOCK"), LF or CRLF.

    Raises ValueError for another kind, for anything but white space beside the block, and for broken
    base64. The checksum is not looked at: RFC 9580 s6.1 forbids to refuse anything for its sake.
    """
    text = text.strip(_WHITE_SPACE)
    head = _HEAD.match(text)
    foot = b"-----END PGP %b-----" % kind.encode()
    if not head or not text.endswith(foot):
        raise ValueError("not exactly one block of ASCII armor")
    if head[1] != kind.encode():
        raise ValueError("another kind of ASCII armor")
    lines = text[head.end() : -len(foot)]
    checksum = _CHECKSUM.search(lines, max(0, len(lines) - ARMOR_WIDTH))
    if checksum:
        lines = lines[: checksum.start()]
    try:
        # A mail may have 25 MB: no step of this looks at its bytes one by one in Python.
        return binascii.a2b_base64(lines.translate(None, _WHITE_SPACE), strict_mode=True)
    except binascii.Error as error:
        raise ValueError("broken base64 in ASCII armor") from error


def crc24(data: bytes) -> int:
    """Compute the checksum of ASCII armor (RFC 9580 s6.1).

    As one polynomial over GF(2), halved again and again: a loop over the bytes takes two seconds for
    a mail of 25 MB, and the event loop would stand still for them.
    """
    number = int.from_bytes(data, "big") << CRC_BITS
    number ^= CRC_START << (8 * len(data))
    while (bits := number.bit_length()) > 512:  # noqa: PLR2004 - below this the plain loop is as fast
        half = bits // 2
        high, number = number >> half, number & ((1 << half) - 1)
        number ^= _multiply(high, _power(half))
    return _reduce(number)


def _multiply(left: int, right: int) -> int:
    """Multiply two polynomials over GF(2); the right one is the short one."""
    product = 0
    while right:
        lowest = right & -right
        product ^= left << (lowest.bit_length() - 1)
        right ^= lowest
    return product


def _reduce(number: int) -> int:
    while (excess := number.bit_length() - 1 - CRC_BITS) >= 0:
        number ^= CRC_GENERATOR << excess
    return number


def _power(exponent: int) -> int:
    """Compute x to the power of ``exponent``, modulo the generator."""
    result, base = 1, 2
    while exponent:
        if exponent & 1:
            result = _reduce(_multiply(result, base))
        base = _reduce(_multiply(base, base))
        exponent >>= 1
    return result
