"""Judging key files and pinned certificates: a stranger's file never comes near a list's home.

A file is looked at three times: its framing by us (what is in it, by name), GnuPG's import into a
throw-away home that is reduced to what the key says of itself, and the listing of what came of that.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from keys import keyring, packets
from keys.errors import BadKeyFile
from keys.homes import certificate_bytes, twice
from keys.keyring import Certificate
from keys.packets import Tag
from keys.process import Feed, Place, Runner
from keys.results import KeyFacts, PinnedKey
from keys.runtime import Runtime, remove

LARGEST_FILE = 64 * 1024  # certificates blown up with signatures are an attack (CVE-2019-13050)
MINIMAL = "import-minimal,self-sigs-only,import-clean"
EXPORT = "export-minimal,no-export-attributes"
# Twice: of subkeys as well. The trust model only so that GnuPG makes the file without which it can't list
# a revoked key; nothing is read from it.
LISTING = ("--trust-model", "pgp", "--with-fingerprint", "--with-fingerprint")
DIGESTS = {1: "MD5", 2: "SHA-1", 3: "RIPEMD-160"}
IN_A_KEY = frozenset(
    {Tag.PUBLIC_KEY, Tag.PUBLIC_SUBKEY, Tag.USER_ID, Tag.USER_ATTRIBUTE, Tag.SIGNATURE, Tag.TRUST, Tag.MARKER}
)
PRIVATE_ARMOR = b"-----BEGIN PGP PRIVATE KEY BLOCK-----"


@dataclass(frozen=True, slots=True)
class _Content:
    """What a key file holds, by its framing: the binary certificate, and the digest of each signature."""

    public: bytes
    fingerprint: str
    digests: frozenset[int]


def _read_file(key_file: bytes) -> _Content:
    """Read a key file's framing; raises BadKeyFile by name."""
    if len(key_file) > LARGEST_FILE:
        raise BadKeyFile(f"larger than {LARGEST_FILE // 1024} KB; export it with `--export-options export-minimal`")
    if PRIVATE_ARMOR in key_file:
        raise BadKeyFile("this is a secret key: keep it to yourself, and give the public key")
    if not key_file.strip():
        raise BadKeyFile("the file is empty")
    if key_file.count(b"-----BEGIN PGP PUBLIC KEY BLOCK-----") > 1:
        raise BadKeyFile("more than one key in the file")
    try:
        public = certificate_bytes(key_file)
        found = list(packets.walk(public))
    except ValueError as error:
        raise BadKeyFile(f"not an OpenPGP key: {error}") from error
    _object_to_tags([packet.tag for packet in found])
    versions = {packet.content(public)[:1] for packet in found if packet.tag in (Tag.PUBLIC_KEY, Tag.PUBLIC_SUBKEY)}
    if versions != {b"\x04"}:
        number = next((version[0] for version in sorted(versions) if version not in (b"\x04", b"")), 0)
        raise BadKeyFile(f"a version {number} key; version 4 is needed")
    signatures = [packet.content(public)[:4] for packet in found if packet.tag == Tag.SIGNATURE]
    digests = frozenset(head[3] for head in signatures if len(head) == 4 and head[0] == 4)  # noqa: PLR2004 - RFC 9580 s5.2.3
    return _Content(public, packets.key_fingerprints(public)[0], digests)


def _object_to_tags(tags: list[int]) -> None:
    if Tag.SECRET_KEY in tags or Tag.SECRET_SUBKEY in tags:
        raise BadKeyFile("this is a secret key: keep it to yourself, and give the public key")
    if tags.count(Tag.PUBLIC_KEY) > 1:
        raise BadKeyFile("more than one key in the file")
    while tags and tags[0] == Tag.MARKER:
        tags = tags[1:]
    if tags[:1] != [Tag.PUBLIC_KEY] or not IN_A_KEY.issuperset(tags):
        raise BadKeyFile("not an OpenPGP public key")


class Certificates:
    """Judges certificates in throw-away homes of the engine's directory."""

    def __init__(self, runtime: Runtime, run: Runner) -> None:
        """Work in this directory."""
        self._runtime = runtime
        self._run = run

    async def inspect(self, key_file: bytes, now: datetime) -> tuple[KeyFacts, bytes]:
        """Judge a key file; give its facts and its minimal certificate. Raises BadKeyFile."""
        return await twice(partial(self._inspect, _read_file(key_file), now))

    async def _inspect(self, content: _Content, now: datetime) -> tuple[KeyFacts, bytes]:
        home = self._runtime.new_home()
        try:
            place = Place(home, home / "throw-away.kbx")
            ended = await self._run(place, "--import-options", MINIMAL, "--import", feed=Feed(content.public))
            if ended.was_ended:
                raise ended.failed("GnuPG does not read a key file")
            certificate = await self._only(place)
            facts = keyring.judge(certificate, now) if certificate else None
            if facts is None or not facts.usable or facts.fingerprint != content.fingerprint:
                raise BadKeyFile(_refusal(facts, content))
            ended = await self._run(place, "--export-options", EXPORT, "--export", facts.fingerprint)
            if not ended.succeeded or not ended.output:
                raise ended.failed("GnuPG does not export a key that it has just imported")
            return facts, ended.output
        finally:
            remove(home)

    async def _only(self, place: Place) -> Certificate | None:
        ended = await self._run(place, *LISTING, "--list-keys")
        if ended.was_ended:
            raise ended.failed("GnuPG does not list a key file")
        found = keyring.read_listing(ended.output) if ended.succeeded else ()
        return found[0] if len(found) == 1 else None

    async def facts_many(self, keys: Sequence[PinnedKey | bytes], now: datetime) -> tuple[KeyFacts, ...]:
        """Judge pinned certificates again, all in one run; never raises for what is in them."""
        return await twice(partial(self._facts_many, [_name(key) for key in keys], now))

    async def _facts_many(self, named: Sequence[tuple[str, bytes]], now: datetime) -> tuple[KeyFacts, ...]:
        home = self._runtime.new_home()
        try:
            place = Place(home, home / "throw-away.kbx")
            listed = await self._show(place, b"".join(public for _, public in named))
            for fingerprint, public in named:
                if public and fingerprint not in listed:  # one broken certificate can hide those behind it
                    listed |= await self._show(place, public)
        finally:
            remove(home)
        return tuple(
            keyring.judge(listed[fingerprint], now) if fingerprint in listed else keyring.unreadable(fingerprint)
            for fingerprint, _ in named
        )

    async def _show(self, place: Place, material: bytes) -> dict[str, Certificate]:
        if not material:
            return {}
        ended = await self._run(place, *LISTING, "--show-keys", feed=Feed(material))
        if ended.was_ended:
            raise ended.failed("GnuPG does not read pinned keys")
        found = keyring.read_listing(ended.output)
        return {certificate.primary.fingerprint: certificate for certificate in found}


def _refusal(facts: KeyFacts | None, content: _Content) -> str:
    """Say why, by name. GnuPG drops what weak digests hold together, so what is left looks incomplete."""
    weak = sorted(content.digests & DIGESTS.keys())
    incomplete = facts is None or facts.reason in ("no encryption subkey", "key not valid") or not facts.addresses
    if weak and incomplete:
        return f"weak key: its own signatures use {DIGESTS[weak[0]]}; renew them with SHA-256 or better"
    if facts is None:
        return "GnuPG can't read a valid key with a user id from it"
    return facts.reason or "not the key that its first packet promises"


def _name(key: PinnedKey | bytes) -> tuple[str, bytes]:
    """Give a certificate's fingerprint and binary form; b"" where it can't be read."""
    fingerprint = key.fingerprint if isinstance(key, PinnedKey) else ""
    try:
        public = certificate_bytes(key.public if isinstance(key, PinnedKey) else key)
        found = packets.key_fingerprints(public)
    except ValueError:
        return fingerprint, b""
    return (found[0], public) if found and fingerprint in ("", found[0]) else (fingerprint, b"")
