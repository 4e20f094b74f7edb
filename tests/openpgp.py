"""People with OpenPGP keys of their own, for tests: real GnuPG, cheap keys, short homes.

A ``Person`` is what a member or coordinator has at home. Nothing here goes through the code under test.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Self

SECONDS = 60
PLAIN = ("ed25519", "cv25519")

# What changes no key: after anything else the own public keys are exported anew.
READING = {
    "--export",
    "--decrypt",
    "--encrypt",
    "--detach-sign",
    "--sign",
    "--list-packets",
    "--list-keys",
    "--list-secret-keys",
}


class Person:
    """Somebody with a GnuPG home: sign, encrypt, decrypt, and edit keys as with ``gpg`` by hand."""

    def __init__(self, name: str, address: str, *, make: bool = True, algorithms: tuple[str, str] = PLAIN) -> None:
        """Make the home, and a key of ``algorithms`` (primary, subkey) unless ``make`` is False."""
        self.name = name
        self.address = address
        self.home = Path(tempfile.mkdtemp(prefix="g", dir="/tmp"))
        (self.home / "gpg-agent.conf").write_text("s2k-count 65536\nallow-loopback-pinentry\ndisable-scdaemon\n")
        self.fingerprint = ""
        self._shown: dict[str, bytes] = {}  # own public keys as exported, until anything is changed here
        self._known: set[bytes] = set()  # certificates taken already, to the letter
        if make:
            self.make_key(*algorithms)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the agent and remove the home."""
        subprocess.run(
            ["gpgconf", "--homedir", str(self.home), "--kill", "all"], check=False, timeout=SECONDS, capture_output=True
        )
        shutil.rmtree(self.home, ignore_errors=True)

    def gpg(self, *arguments: str, data: bytes = b"", may_fail: bool = False) -> bytes:
        """Run gpg here and give what it printed."""
        ended = self.run(*arguments, data=data)
        if ended.returncode and not may_fail:
            raise AssertionError(f"gpg {arguments} ended {ended.returncode}: {ended.stderr.decode(errors='replace')}")
        return ended.stdout

    def run(
        self, *arguments: str, data: bytes = b"", pass_fds: Sequence[int] = ()
    ) -> subprocess.CompletedProcess[bytes]:
        """Run gpg here and give everything about how it ended."""
        if not READING.intersection(arguments):
            self._shown.clear()
        command = ["gpg", "--homedir", str(self.home), "--batch", "--no-tty", "--quiet", "--trust-model", "always"]
        command += ["--pinentry-mode", "loopback", "--passphrase", "", "--no-auto-key-locate", "--no-auto-key-retrieve"]
        environment = {"PATH": os.environ["PATH"], "LC_ALL": "C", "HOME": str(self.home)}
        return subprocess.run(
            [*command, *arguments],
            input=data,
            capture_output=True,
            check=False,
            timeout=SECONDS,
            env=environment,
            pass_fds=pass_fds,
        )

    # --- keys

    def make_key(self, primary: str = "ed25519", subkey: str = "cv25519", *, expires: str = "0") -> str:
        """Make a key with its user id; ``subkey`` "" leaves the encryption subkey out. Gives the fingerprint."""
        self.fingerprint = self.make_primary(f"{self.name} <{self.address}>", primary, expires=expires)
        if subkey:
            self.gpg("--quick-add-key", self.fingerprint, subkey, "encr", expires)
        return self.fingerprint

    def make_primary(self, user_id: str, algorithm: str = "ed25519", *, expires: str = "0") -> str:
        """Make a primary key with any user id at all; gives its fingerprint."""
        before = set(self.fingerprints())
        self.gpg("--allow-freeform-uid", "--quick-generate-key", user_id, algorithm, "cert,sign", expires)
        return next(found for found in self.fingerprints() if found not in before)

    def fingerprints(self) -> list[str]:
        """Give the primary fingerprints of the secret keys here."""
        lines = self.gpg("--list-secret-keys", "--with-colons", may_fail=True).split(b"\n")
        found, is_primary = [], False
        for line in lines:
            fields = line.split(b":")
            if fields[0] in (b"sec", b"ssb"):
                is_primary = fields[0] == b"sec"
            elif fields[0] == b"fpr" and is_primary:
                found.append(fields[9].decode())
                is_primary = False
        return found

    @property
    def made_at(self) -> datetime:
        """When the key was made."""
        listing = self.gpg("--with-colons", "--list-keys", self.fingerprint)
        record = next(line for line in listing.split(b"\n") if line.startswith(b"pub:"))
        return datetime.fromtimestamp(int(record.split(b":")[5]), UTC)

    @property
    def public(self) -> bytes:
        """The public key, armored."""
        if self.fingerprint not in self._shown:
            self._shown[self.fingerprint] = self.gpg("--armor", "--export", self.fingerprint)
        return self._shown[self.fingerprint]

    @property
    def public_binary(self) -> bytes:
        """The public key, binary."""
        return self.gpg("--export", self.fingerprint)

    @property
    def secret(self) -> bytes:
        """The secret key, armored and without passphrase."""
        return self.gpg("--armor", "--export-secret-keys", self.fingerprint)

    def know(self, *certificates: bytes) -> Self:
        """Take others' public keys."""
        for certificate in certificates:
            if certificate not in self._known:
                self.gpg("--import", data=certificate)
                self._known.add(certificate)
        return self

    def revoke(self) -> None:
        """Revoke the own key."""
        text = (self.home / "openpgp-revocs.d" / f"{self.fingerprint}.rev").read_bytes()
        self.gpg("--import", data=text.replace(b":-----BEGIN", b"-----BEGIN"))

    # --- messages

    def sign_encrypt(
        self, plaintext: bytes, to: Sequence[bytes | Person], *options: str, armored: bool = True
    ) -> bytes:
        """Sign and encrypt in one (RFC 3156 s6.2) to certificates or people."""
        return self._encrypt(plaintext, to, armored, "--sign", *options)

    def encrypt(self, plaintext: bytes, to: Sequence[bytes | Person], *options: str, armored: bool = True) -> bytes:
        """Encrypt, and do not sign."""
        return self._encrypt(plaintext, to, armored, *options)

    def _encrypt(self, plaintext: bytes, to: Sequence[bytes | Person], armored: bool, *options: str) -> bytes:
        certificates = [one.public if isinstance(one, Person) else one for one in to]
        recipients = []
        for certificate in certificates:
            self.know(certificate)
            recipients += ["-r", fingerprint_of(certificate)]
        form = ("--armor",) if armored else ()
        own = ("--local-user", self.fingerprint) if self.fingerprint else ()
        return self.gpg("--compress-algo", "none", *form, *own, *recipients, *options, "--encrypt", data=plaintext)

    def encrypt_raw(self, packets: bytes, to: Sequence[bytes | Person], *options: str) -> bytes:
        """Encrypt OpenPGP packets as they are: what stands inside an encrypted message is the caller's (binary)."""
        return self._encrypt(packets, to, False, "--no-literal", *options)

    def sign_inline(self, data: bytes, *options: str) -> bytes:
        """Sign, the text inside the message: binary, not compressed."""
        own = ("--local-user", self.fingerprint) if self.fingerprint else ()
        return self.gpg("--compress-algo", "none", *own, *options, "--sign", data=data)

    def sign_detached(self, data: bytes, *options: str) -> bytes:
        """Sign: armored, detached (RFC 3156 s5)."""
        return self.gpg(
            "--local-user", self.fingerprint, "--armor", "--digest-algo", "SHA512", *options, "--detach-sign", data=data
        )

    def decrypt(self, ciphertext: bytes) -> tuple[bytes, list[str]]:
        """Decrypt: the plaintext, and the status lines ("GOODSIG ...") without prefix; signatures are not judged."""
        read_end, write_end = os.pipe()
        with os.fdopen(read_end, "rb") as status:
            try:
                ended = self.run("--status-fd", str(write_end), "--decrypt", data=ciphertext, pass_fds=(write_end,))
            finally:
                os.close(write_end)
            lines = [line[9:].decode(errors="replace") for line in status.read().split(b"\n") if line]
        if "DECRYPTION_OKAY" not in lines:
            raise AssertionError(f"gpg --decrypt ended {ended.returncode}: {ended.stderr.decode(errors='replace')}")
        return ended.stdout, lines

    def list_packets(self, message: bytes) -> str:
        """Give what ``gpg --list-packets`` says of a message that need not open."""
        ended = self.run("--list-packets", data=message)
        return (ended.stdout + ended.stderr).decode(errors="replace")


def literal(data: bytes, name: bytes = b"", kind: bytes = b"b") -> bytes:
    """Make a literal data packet (RFC 9580 s5.9)."""
    return packet(11, kind + bytes([len(name)]) + name + bytes(4) + data)


def packet(tag: int, content: bytes) -> bytes:
    """Make a packet with a new-format header and a length of five octets (RFC 9580 s4.2.1.3)."""
    return bytes([0xC0 | tag, 0xFF]) + len(content).to_bytes(4, "big") + content


@cache
def fingerprint_of(certificate: bytes) -> str:
    """Give the primary fingerprint of a public key, armored or binary, as gpg tells it."""
    home = tempfile.mkdtemp(prefix="g", dir="/tmp")
    try:
        command = ["gpg", "--homedir", home, "--batch", "--quiet", "--no-options", "--with-colons", "--show-keys"]
        shown = subprocess.run(command, input=certificate, capture_output=True, check=True, timeout=SECONDS).stdout
    finally:
        shutil.rmtree(home, ignore_errors=True)
    return next(line.split(b":")[9].decode() for line in shown.split(b"\n") if line.startswith(b"fpr:"))


def fake_gpg(directory: Path, script: str) -> str:
    """A program in gpg's place; the agent beside it is the real one."""
    path = directory / "gpg"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o700)
    for name in ("gpg-connect-agent", "gpg-agent"):
        (directory / name).symlink_to(f"/usr/bin/{name}")
    return str(path)
