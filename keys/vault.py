"""At rest: a fresh data key per item, AES-256-GCM, wrapped by the master key.

The id of the item is bound in as associated data, so a sealed body or a wrapped key moved to another
row does not open there. Dropping the wrapped key destroys the item, whatever backups hold of its body.
"""

from __future__ import annotations

import base64
import binascii
import os
import secrets
import stat
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from keys.errors import VaultError

KEY_BYTES = 32  # AES-256
NONCE_BYTES = 12  # NIST SP 800-38D s5.2.1.1: 96 bits; random, and each data key seals one item only
VERSION = b"\x01"
PURPOSE_KEY = b"embargo-gateway/vault/key/1\x00"
PURPOSE_BODY = b"embargo-gateway/vault/body/1\x00"
PURPOSE_TRAIL = b"embargo-gateway/audit-trail/head/1\x00"


@dataclass(frozen=True, slots=True)
class SealedItem:
    """An item as it may be stored: ``body`` opens with the data key inside ``wrapped_key``."""

    wrapped_key: bytes = field(repr=False)
    body: bytes = field(repr=False)


class Vault:
    """Seals and opens what is kept at rest, under one master key of 32 bytes."""

    def __init__(self, master_key: bytes) -> None:
        """Hold the master key; raises VaultError where it has not 32 bytes."""
        if len(master_key) != KEY_BYTES:
            raise VaultError("the master key must have 32 bytes")
        self._master = AESGCM(master_key)

    def __repr__(self) -> str:
        """Name the class only: the rest is secret."""
        return "Vault()"

    def seal(self, item_id: str, data: bytes) -> SealedItem:
        """Seal data under a fresh key of its own, bound to ``item_id``."""
        data_key = secrets.token_bytes(KEY_BYTES)
        body = _encrypt(AESGCM(data_key), data, PURPOSE_BODY, item_id)
        return SealedItem(self._wrap(item_id, data_key), body)

    def open(self, item_id: str, item: SealedItem) -> bytes:
        """Open what ``seal`` made for the same id; raises VaultError for anything else."""
        data_key = self._unwrap(item_id, item.wrapped_key)
        return _decrypt(AESGCM(data_key), item.body, PURPOSE_BODY, item_id)

    def rewrap(self, item_id: str, wrapped_key: bytes, new_vault: Vault) -> bytes:
        """Hand an item's data key over to another master key; its body stays as it is.

        Raises VaultError where this vault can't open it.
        """
        return new_vault._wrap(item_id, self._unwrap(item_id, wrapped_key))

    def _wrap(self, item_id: str, data_key: bytes) -> bytes:
        return _encrypt(self._master, data_key, PURPOSE_KEY, item_id)

    def _unwrap(self, item_id: str, wrapped_key: bytes) -> bytes:
        return _decrypt(self._master, wrapped_key, PURPOSE_KEY, item_id)


def _encrypt(cipher: AESGCM, data: bytes, purpose: bytes, item_id: str) -> bytes:
    nonce = secrets.token_bytes(NONCE_BYTES)
    return VERSION + nonce + cipher.encrypt(nonce, data, purpose + item_id.encode())


def _decrypt(cipher: AESGCM, sealed: bytes, purpose: bytes, item_id: str) -> bytes:
    if sealed[:1] != VERSION:
        raise VaultError("a sealed item is of an unknown form")
    nonce, rest = sealed[1 : 1 + NONCE_BYTES], sealed[1 + NONCE_BYTES :]
    try:
        return cipher.decrypt(nonce, rest, purpose + item_id.encode())
    except (InvalidTag, ValueError) as error:
        raise VaultError("a sealed item does not open: wrong master key, or it was changed") from error


def make_master_key() -> bytes:
    """Make a new master key: 32 random bytes."""
    return secrets.token_bytes(KEY_BYTES)


def write_master_key(path: Path, master_key: bytes) -> None:
    """Write a master key to a new file that its owner alone can read (0600), as one base64 line.

    Raises VaultError where something is already there: a master key is never overwritten.
    """
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    except FileExistsError as error:
        raise VaultError(f"{path}: there is a file already; a master key is never overwritten") from error
    with os.fdopen(descriptor, "wb") as file:
        file.write(base64.b64encode(master_key) + b"\n")
        file.flush()
        os.fsync(descriptor)


def load_master_key(path: Path) -> bytes:
    """Read a master key: 32 raw bytes, or the same as one base64 line.

    Raises VaultError where the file is missing, has another form, belongs to somebody else than us
    or root, or can be read by group or others.
    """
    try:
        with path.open("rb") as file:
            facts = os.fstat(file.fileno())
            text = file.read(1024)
    except OSError as error:
        cause = f"{path}: the master key can't be read ({error.strerror}); `embargo init` makes one"
        raise VaultError(cause) from error
    if not stat.S_ISREG(facts.st_mode):
        raise VaultError(f"{path}: the master key must be a plain file")
    if facts.st_uid not in (os.geteuid(), 0):
        raise VaultError(f"{path}: the master key belongs to another user; make it ours with chown")
    if facts.st_mode & 0o077:
        raise VaultError(f"{path}: others can read the master key; chmod 600 it")
    return _parse_master_key(path, text)


def _parse_master_key(path: Path, text: bytes) -> bytes:
    if len(text) == KEY_BYTES:
        return text
    try:
        master_key = base64.b64decode(text.strip(), validate=True)
    except binascii.Error:
        master_key = b""
    if len(master_key) != KEY_BYTES:
        raise VaultError(f"{path}: no master key in it (32 bytes, raw or as one base64 line)")
    return master_key


class TrailSigner:
    """The Ed25519 key that signs the head of the audit trail.

    Its private bytes are kept by the caller, sealed in the vault.
    """

    def __init__(self, private: bytes) -> None:
        """Take 32 private bytes; raises VaultError where they are no key."""
        try:
            self._key = Ed25519PrivateKey.from_private_bytes(private)
        except ValueError as error:
            raise VaultError("the audit trail's key must have 32 bytes") from error

    @classmethod
    def make(cls) -> TrailSigner:
        """Make a new key."""
        return cls(Ed25519PrivateKey.generate().private_bytes_raw())

    def __repr__(self) -> str:
        """Name the class only: the rest is secret."""
        return "TrailSigner()"

    @property
    def private(self) -> bytes:
        """The 32 private bytes, to be sealed and stored."""
        return self._key.private_bytes_raw()

    @property
    def public(self) -> bytes:
        """The 32 public bytes, with which anybody can verify."""
        return self._key.public_key().public_bytes_raw()

    def sign(self, head: bytes) -> bytes:
        """Sign a head; the signature is good for nothing but heads of audit trails."""
        return self._key.sign(PURPOSE_TRAIL + head)

    @staticmethod
    def verify(public: bytes, head: bytes, signature: bytes) -> bool:
        """Tell whether ``signature`` is that of ``head`` by this public key."""
        try:
            Ed25519PublicKey.from_public_bytes(public).verify(signature, PURPOSE_TRAIL + head)
        except (InvalidSignature, ValueError):
            return False
        return True
