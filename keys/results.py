"""What the engine reports: values without judgement. Judging is the policy's."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class ListKey:
    """A list's own OpenPGP key: the only secret key that the gateway holds."""

    list_id: str
    fingerprint: str
    public: bytes = field(repr=False)
    secret: bytes = field(repr=False)
    passphrase: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class PinnedKey:
    """A public key as pinned: the full primary fingerprint and the minimal certificate."""

    fingerprint: str
    public: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Ring:
    """All that one list's GnuPG home holds: a cache of the database, rebuilt when ``version`` moves.

    ``version`` grows with every change of the list's pinned keys.
    """

    key: ListKey
    pinned: tuple[PinnedKey, ...]
    version: int


@dataclass(frozen=True, slots=True)
class KeyFacts:
    """What an OpenPGP certificate says of itself, judged at one moment.

    ``algorithm`` is for people ("ed25519/cv25519", "rsa4096"). ``expires_at`` is the earliest
    moment from which nothing can be encrypted to it any more (None: never). ``usable`` says
    whether mail can be sealed to it now; ``reason`` says why not ("key expired", "key revoked",
    "no encryption subkey", "weak key: RSA 1024").
    """

    fingerprint: str
    algorithm: str
    created_at: datetime
    expires_at: datetime | None
    usable: bool
    reason: str | None
    addresses: tuple[str, ...]
    encryption_subkeys: tuple[str, ...]  # 16-digit key ids, upper case, of usable subkeys


class SignatureStatus(StrEnum):
    """What GnuPG said of one signature."""

    GOOD = "good"
    BAD = "bad"
    UNKNOWN_KEY = "unknown-key"
    EXPIRED_KEY = "expired-key"
    REVOKED_KEY = "revoked-key"
    EXPIRED = "expired-signature"
    WEAK = "weak-digest"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class SignatureSeen:
    """One signature as seen. ``fingerprint`` is the primary key's (VALIDSIG field 10)."""

    status: SignatureStatus
    fingerprint: str | None
    made_at: datetime | None
    signature_id: str | None  # GnuPG's SIG_ID: the same for the same signature in any envelope


class OpenStatus(StrEnum):
    """How opening an encrypted message ended."""

    OPENED = "opened"
    NOT_FOR_US = "not-for-us"  # no session key for the list's key
    NOT_ENCRYPTED = "not-encrypted"  # an OpenPGP message, but a literal or signed one only
    DAMAGED = "damaged"  # integrity missing or broken, packets before, after or beside it
    TOO_LARGE = "too-large"  # more plaintext than allowed (a bomb)


@dataclass(frozen=True, slots=True)
class Opened:
    """The outcome of opening: ``plaintext`` is there only when ``status`` is OPENED."""

    status: OpenStatus
    plaintext: bytes | None = field(repr=False)
    signatures: tuple[SignatureSeen, ...]


@dataclass(frozen=True, slots=True)
class SealRequest:
    """One addressee of a sealing call: a name of the caller's, and the keys to seal to."""

    name: str
    fingerprints: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sealed:
    """One sealed content for many: ``packets[name] + body`` is that addressee's whole message.

    Binary OpenPGP, not armored. ``refused`` names the addressees to whom GnuPG would not seal,
    each with a reason for people; they have no packets.
    """

    body: bytes = field(repr=False)
    packets: dict[str, bytes] = field(repr=False)
    refused: dict[str, str]
