"""What a certificate says of itself, read from GnuPG's colon listing and judged at a given moment.

Pure. The listing is bytes, split at newlines only; a user id is a stranger's text and yields nothing
but an address of plain form. Which keys are too weak is decided here (docs/decisions/0002).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime

from keys.packets import key_fingerprints
from keys.results import KeyFacts

RSA_LEAST_BITS = 3072  # NIST SP 800-57 part 1: 128 bits of strength
RSA = frozenset({1, 2, 3})
ELLIPTIC = frozenset({18, 19, 22})  # RFC 9580 s9.1: ECDH, ECDSA, EdDSA
CURVES = frozenset(
    {"ed25519", "cv25519", "nistp256", "nistp384", "nistp521", "brainpoolP256r1", "brainpoolP384r1", "brainpoolP512r1"}
)  # those that RFC 9580 s9.2 names
ALGORITHMS = {
    1: "RSA",
    2: "RSA",
    3: "RSA",
    16: "ElGamal",
    17: "DSA",
    18: "ECDH",
    19: "ECDSA",
    20: "ElGamal",
    22: "EdDSA",
}
FIELDS = 20
EPOCH = datetime.fromtimestamp(0, UTC)

_ESCAPE = re.compile(rb"\\(?:x([0-9a-fA-F]{2})|([nrfvb0\\]))")
_SIMPLE = {b"n": b"\n", b"r": b"\r", b"f": b"\f", b"v": b"\v", b"b": b"\b", b"0": b"\0", b"\\": b"\\"}
_LOCAL = rb"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}"
_DOMAIN = rb"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?"
_ADDRESS = re.compile(rb"(" + _LOCAL + rb")@(" + _DOMAIN + rb")")


@dataclass(frozen=True, slots=True)
class UserId:
    """One user id: GnuPG's letter for its validity, and its bytes as the key's owner wrote them."""

    validity: str
    expires_at: datetime | None
    text: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class SubKey:
    """The primary key or a subkey, as listed."""

    validity: str
    algorithm: int
    bits: int
    curve: str
    key_id: str
    created_at: datetime
    expires_at: datetime | None
    uses: str  # of this key alone: e, s, c, a
    fingerprint: str = ""

    @property
    def is_sound(self) -> bool:
        """Whether it is bound to its owner and not taken back; expiry is judged elsewhere."""
        return self.validity not in ("r", "i", "d")

    def is_expired(self, now: datetime) -> bool:
        """Whether it can't be used any more at ``now``."""
        return self.expires_at is not None and self.expires_at <= now

    @property
    def label(self) -> str:
        """Its algorithm, for people: "ed25519", "rsa4096"."""
        return self.curve or f"{ALGORITHMS.get(self.algorithm, f'algorithm {self.algorithm} ').lower()}{self.bits}"

    @property
    def weakness(self) -> str | None:
        """Why it is too weak to rely on; None where it is not."""
        name = ALGORITHMS.get(self.algorithm, f"algorithm {self.algorithm}")
        if self.algorithm in RSA:
            return None if self.bits >= RSA_LEAST_BITS else f"weak key: RSA {self.bits}"
        if self.algorithm in ELLIPTIC:
            return None if self.curve in CURVES else f"weak key: curve {self.curve or 'unknown'}"
        return f"weak key: {name} {self.bits}"


@dataclass(frozen=True, slots=True)
class Certificate:
    """One certificate as listed: primary key, subkeys, user ids. ``is_secret``: of a secret key."""

    primary: SubKey
    subkeys: tuple[SubKey, ...]
    user_ids: tuple[UserId, ...]
    is_secret: bool


def read_listing(listing: bytes) -> tuple[Certificate, ...]:
    """Read GnuPG's colon listing (doc/DETAILS, "Format of the colon listings")."""
    certificates: list[_Growing] = []
    for line in listing.split(b"\n"):
        fields = line.split(b":")
        fields += [b""] * (FIELDS - len(fields))
        record = fields[0]
        if record in (b"pub", b"sec"):
            certificates.append(_Growing(_read_key(fields), is_secret=record == b"sec"))
        elif certificates:
            certificates[-1].add(record, fields)
    return tuple(growing.done() for growing in certificates)


class _Growing:
    """A certificate while its records come in."""

    def __init__(self, primary: SubKey, *, is_secret: bool) -> None:
        self.keys = [primary]
        self.user_ids: list[UserId] = []
        self.is_secret = is_secret

    def add(self, record: bytes, fields: list[bytes]) -> None:
        if record in (b"sub", b"ssb"):
            self.keys.append(_read_key(fields))
        elif record == b"uid":
            self.user_ids.append(UserId(_ascii(fields[1]), _instant(fields[6]), _unescape(fields[9])))
        elif record == b"fpr" and not self.keys[-1].fingerprint:
            key = self.keys[-1]
            self.keys[-1] = SubKey(
                key.validity, key.algorithm, key.bits, key.curve, key.key_id, key.created_at, key.expires_at, key.uses,
                _ascii(fields[9]),
            )  # fmt: skip

    def done(self) -> Certificate:
        return Certificate(self.keys[0], tuple(self.keys[1:]), tuple(self.user_ids), self.is_secret)


def _read_key(fields: list[bytes]) -> SubKey:
    return SubKey(
        validity=_ascii(fields[1]),
        algorithm=int(fields[3] or 0),
        bits=int(fields[2] or 0),
        curve=_ascii(fields[16]),
        key_id=_ascii(fields[4]),
        created_at=_instant(fields[5]) or EPOCH,
        expires_at=_instant(fields[6]),
        uses="".join(letter for letter in _ascii(fields[11]) if letter.islower()),
    )


def _ascii(text: bytes) -> str:
    return text.decode("ascii", "replace")


def _instant(text: bytes) -> datetime | None:
    return datetime.fromtimestamp(int(text), UTC) if text.isdigit() else None


def _unescape(text: bytes) -> bytes:
    return _ESCAPE.sub(lambda found: bytes.fromhex(found[1].decode()) if found[1] else _SIMPLE[found[2]], text)


def address_of(user_id: bytes) -> str | None:
    """Give the address in a user id: ``Name <address>`` or the bare address; None for anything unclear.

    The domain comes in lower case, the local part as written. RFC 9580 s5.11 leaves the form open, so
    only the plain one counts: ASCII, one pair of angle brackets, at the very end, no control characters.
    """
    if any(byte < 0x20 or byte == 0x7F for byte in user_id):  # noqa: PLR2004 - control characters
        return None
    text = user_id.strip()
    if b"<" in text or b">" in text:
        if text.count(b"<") != 1 or text.count(b">") != 1 or not text.endswith(b">"):
            return None
        text = text[text.index(b"<") + 1 : -1]
    found = _ADDRESS.fullmatch(text)
    return f"{found[1].decode()}@{found[2].decode().lower()}" if found else None


def judge(certificate: Certificate, now: datetime) -> KeyFacts:
    """Judge a certificate at ``now``: is it usable, until when, and for which addresses."""
    primary = certificate.primary
    live = [key for key in certificate.subkeys if key.is_sound and not key.is_expired(now)]
    encrypting = [key for key in live if "e" in key.uses]
    reason = _objection(primary, certificate.subkeys, live, now)
    labels = [primary.label, *([encrypting[-1].label] if encrypting else [])]
    addresses = [address_of(uid.text) for uid in certificate.user_ids if _holds(uid, now)]
    return KeyFacts(
        fingerprint=primary.fingerprint,
        algorithm="/".join(dict.fromkeys(labels)),
        created_at=primary.created_at,
        expires_at=_end(primary, certificate.subkeys),
        usable=reason is None,
        reason=reason,
        addresses=tuple(dict.fromkeys(address for address in addresses if address)),
        encryption_subkeys=tuple(key.key_id for key in encrypting) if reason is None else (),
    )


def _holds(user_id: UserId, now: datetime) -> bool:
    expired = user_id.expires_at is not None and user_id.expires_at <= now
    return user_id.validity not in ("r", "i") and not expired


def _objection(primary: SubKey, subkeys: tuple[SubKey, ...], live: list[SubKey], now: datetime) -> str | None:
    if primary.validity == "r":
        return "key revoked"
    if primary.validity in ("i", "d"):
        return "key not valid"
    if primary.is_expired(now):
        return "key expired"
    if primary.weakness:
        return primary.weakness
    if not any("e" in key.uses for key in live):
        had_one = any("e" in key.uses and key.is_sound for key in subkeys)
        return "encryption subkey expired" if had_one else "no encryption subkey"
    # What can't prove or hide anything (an authentication subkey) may be as weak as it likes.
    return next((key.weakness for key in live if key.weakness and set(key.uses) & {"e", "s"}), None)


def _end(primary: SubKey, subkeys: tuple[SubKey, ...]) -> datetime | None:
    """Tell from when nothing can be encrypted to it: the primary key's end, or its last subkey's."""
    ends = [key.expires_at for key in subkeys if "e" in key.uses and key.is_sound]
    last = None if not ends or None in ends else max(end for end in ends if end is not None)
    return min((end for end in (primary.expires_at, last) if end is not None), default=None)


def shares_a_key(one: bytes, other: bytes) -> bool:
    """Tell whether two binary certificates have a primary key or subkey in common.

    Whoever binds somebody else's subkey to his own certificate can keep GnuPG from checking the other's
    signatures (CVE-2025-30258), so no two pinned certificates may share one. Raises ValueError.
    """
    return bool(set(key_fingerprints(one)) & set(key_fingerprints(other)))


def unreadable(fingerprint: str) -> KeyFacts:
    """Facts of a pinned certificate that GnuPG can't read (any more)."""
    return KeyFacts(
        fingerprint,
        algorithm="unknown",
        created_at=EPOCH,
        expires_at=None,
        usable=False,
        reason="key not readable",
        addresses=(),
        encryption_subkeys=(),
    )
