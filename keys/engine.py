"""The one door to OpenPGP: opens, verifies, seals, signs, and judges keys. The only import of gnupg.

Everything is async and bounded. What is returned is a fact as seen, never a permission. What a message
causes is a status in the result; what our own side causes is EngineUnavailable, and where the two look
alike a message of our own is tried (``probe``).
"""

from __future__ import annotations

import asyncio
import os
import re
import secrets
import shutil
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

import gnupg

from keys import packets, process, status
from keys.certificates import Certificates
from keys.errors import EngineSilent, EngineUnavailable
from keys.homes import AGENT_CONFIG, Agent, Home, Homes, twice
from keys.packets import Shape, Tag
from keys.process import NOTHING, Bounds, Descriptors, Feed, Finished, Place
from keys.results import (
    KeyFacts,
    ListKey,
    Opened,
    OpenStatus,
    PinnedKey,
    Ring,
    Sealed,
    SealRequest,
    SignatureSeen,
    SignatureStatus,
)
from keys.runtime import Runtime, remove

MICALG = "pgp-sha512"  # RFC 3156 s5: the name of the digest that ``sign`` uses
MAX_PLAINTEXT = 64 << 20
MAX_WORDS = 4 << 20  # output of runs that only list or export
PROBE_SECONDS = 15.0
HIDDEN = "0" * 16  # RFC 9580 s5.1.6: a session key that does not name its recipient
ATTACHED = "-&"  # GnuPG's special file name: "-&7" is descriptor 7

# Secrets are handled and strangers' bytes read, so nothing here may depend on a user's options, ask, use a
# network, or start an agent that we don't know. The random seed file would queue parallel runs at its lock.
COMMON = (
    "--no-options", "--quiet", "--no-autostart", "--no-auto-key-locate", "--no-auto-key-retrieve", "--disable-dirmngr",
    "--no-random-seed-file", "--exit-on-status-write-error", "--display-charset", "utf-8", "--no-auto-check-trustdb",
    "--trust-model", "always", "--weak-digest", "MD5", "--weak-digest", "SHA1", "--weak-digest", "RIPEMD160",
)  # fmt: skip
OPENING = ("--no-symkey-cache", "--no-use-embedded-filename")
SEALING = (
    "--no-encrypt-to", "--no-throw-keyids", "--compress-algo", "none", "--cipher-algo", "AES256", "--digest-algo",
    "SHA512", "--no-emit-version", "--no-comments", "--no-armor",
)  # fmt: skip
# Without OCB among its preferences the list's key keeps GnuPG 2.4 from a form that only GnuPG reads.
PREFERENCES = "AES256 AES192 AES SHA512 SHA384 SHA256 Uncompressed"

FINGERPRINT = re.compile(r"[0-9A-F]{40}")
PLAIN_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]{1,255}")
NOT_IN_A_NAME = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029<>()]")


class _Gpg(gnupg.GPG):
    """The library's binding with its process and status layer replaced (docs/decisions/0002).

    It builds argument lists and key parameters; processes are started by keys.process, within bounds.
    """

    def __init__(self, binary: str, place: Place) -> None:
        """Bind it to a place, without the call to gpg that the library makes here."""
        self.gpgbinary = binary
        self.gnupghome = str(place.home)
        self.keyring = [str(place.keyring)]
        self.secret_keyring = None
        self.use_agent = False
        self.encoding = "utf-8"
        self.verbose = False
        self.options = list(COMMON)
        self.version = (2, 2)

    def command(self, arguments: Sequence[str], descriptors: Descriptors) -> list[str]:
        """Build a whole command line: status, passphrase and attachment on descriptors of their own."""
        command = [str(word) for word in self.make_args(list(arguments), descriptors.passphrase is not None)]
        command[command.index("--status-fd") + 1] = str(descriptors.status)
        if descriptors.passphrase is not None:
            command[command.index("--passphrase-fd") + 1] = str(descriptors.passphrase)
        return [f"{ATTACHED}{descriptors.attached}" if word == ATTACHED else word for word in command]

    def _open_subprocess(self, args: object, passphrase: object = False) -> None:
        raise NotImplementedError("processes are started by keys.process")


class Engine:
    """OpenPGP for the gateway. Use as ``async with Engine() as engine``, or call ``close``.

    ``base``: where its private directory goes if the path is short enough (else among the temporary
    files). ``max_plaintext`` in bytes. ``timeout`` in seconds, for each run of GnuPG.
    """

    def __init__(
        self, *, base: Path | None = None, binary: str = "gpg", max_plaintext: int = MAX_PLAINTEXT, timeout: float = 60
    ) -> None:
        """Make the private directory; raises EngineUnavailable where that fails."""
        try:
            self._runtime = Runtime(base)
        except OSError as error:
            raise EngineUnavailable(f"no private directory for GnuPG: {error.strerror}") from error
        self._binary = shutil.which(binary) or binary
        self._max_plaintext = max_plaintext
        self._timeout = timeout
        self._slots = asyncio.Semaphore(2 * (os.cpu_count() or 1))  # beyond that runs only wait for each other
        beside = str(Path(self._binary).parent)
        self._environment = {"LC_ALL": "C", "HOME": str(self._runtime.path), "PATH": f"{beside}:{os.defpath}"}
        self._homes = Homes(self._runtime, self._run, self._environment)
        self._certificates = Certificates(self._runtime, self._run)

    async def __aenter__(self) -> Self:
        """Give itself."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close."""
        await self.close()

    async def close(self) -> None:
        """End the agents and remove the private directory; a second time does nothing."""
        self._runtime.close()

    async def _run(
        self,
        place: Place,
        *arguments: str,
        feed: Feed = NOTHING,
        output: int | None = None,
        seconds: float | None = None,
    ) -> Finished:
        gpg = _Gpg(self._binary, place)
        bounds = Bounds(output or MAX_WORDS, min(seconds or self._timeout, self._timeout))
        async with self._slots:
            return await process.run(
                lambda descriptors: gpg.command(arguments, descriptors),
                feed=feed,
                bounds=bounds,
                environment=self._environment,
            )

    # --- keys

    async def make_list_key(self, list_id: str, name: str, address: str) -> ListKey:
        """Make a list's key: v4, Ed25519 and Curve25519, ``NAME <ADDRESS>``, no expiry, random passphrase.

        Raises ValueError for a name or an address that can't stand in a user id, and EngineUnavailable.
        """
        if NOT_IN_A_NAME.search(name) or not name.strip() or not PLAIN_ADDRESS.fullmatch(address):
            raise ValueError("a name or address that can't stand in a user id")
        return await twice(partial(self._make_key, list_id, name.strip(), address))

    async def _make_key(self, list_id: str, name: str, address: str) -> ListKey:
        """Make a key in a home of its own, which is removed again."""
        home = self._runtime.new_home()
        try:
            (home / "gpg-agent.conf").write_text(AGENT_CONFIG)
            await Agent(home, self._environment).start()
            return await self._make_key_at(Place(home, home / "new.kbx"), list_id, name, address)
        except OSError as error:
            raise EngineUnavailable(f"GnuPG's home can't be written: {error.strerror}") from error
        finally:
            remove(home)

    async def _make_key_at(self, place: Place, list_id: str, name: str, address: str) -> ListKey:
        passphrase = secrets.token_hex(32).encode()
        parameters = _Gpg(self._binary, place).gen_key_input(
            key_type="EDDSA", key_curve="ed25519", key_usage="sign", subkey_type="ECDH", subkey_curve="cv25519",
            name_real=name, name_email=address, expire_date="0", preferences=PREFERENCES,
        )  # fmt: skip
        made = await self._run(place, "--full-generate-key", feed=Feed(parameters.encode(), passphrase))
        line = made.first("KEY_CREATED")
        if not made.succeeded or line is None or not FINGERPRINT.fullmatch(line.words()[1]):
            raise made.failed("GnuPG does not make a key")
        fingerprint = line.words()[1]
        public = await self._run(place, "--export", fingerprint)
        secret = await self._run(place, "--export-secret-keys", fingerprint, feed=Feed(b"", passphrase))
        for exported, part in ((public, "public"), (secret, "secret")):
            if not (exported.succeeded and exported.output):
                raise exported.failed(f"GnuPG does not export the {part} part of the key that it made")
        return ListKey(list_id, fingerprint, public.output, secret.output, passphrase)

    async def inspect(self, key_file: bytes, *, now: datetime) -> tuple[KeyFacts, bytes]:
        """Judge a key file of one public key, armored or binary, before anything is changed.

        Gives its facts and the minimal certificate (binary) to pin. Raises BadKeyFile with a reason for
        people (THREATS: a secret key, several keys, weak, expired, revoked, nothing to encrypt to).
        """
        return await self._certificates.inspect(key_file, now)

    async def facts(self, pinned: PinnedKey | bytes, *, now: datetime) -> KeyFacts:
        """Judge one pinned certificate again: ``usable`` may have become False meanwhile."""
        return (await self.facts_many([pinned], now=now))[0]

    async def facts_many(self, pinned: Sequence[PinnedKey | bytes], *, now: datetime) -> tuple[KeyFacts, ...]:
        """Judge many pinned certificates in one run, in the order given."""
        return await self._certificates.facts_many(pinned, now)

    # --- opening

    async def open(self, ring: Ring, ciphertext: bytes) -> Opened:
        """Open a message, armored or binary, with the list's key.

        Plaintext comes only out of one whole, unchanged message; the signatures inside are told as
        seen. Raises EngineUnavailable where our own side fails.
        """
        try:
            message = packets.dearmor(ciphertext) if packets.is_armored(ciphertext) else ciphertext
        except ValueError:
            is_clear = ciphertext.lstrip().startswith(b"-----BEGIN PGP SIGNED MESSAGE-----")
            return _closed(OpenStatus.NOT_ENCRYPTED if is_clear else OpenStatus.DAMAGED)
        match packets.shape_of(message):
            case Shape.ENCRYPTED:
                return await self._open(ring, message)
            case Shape.PASSWORD:
                return _closed(OpenStatus.NOT_FOR_US)
            case Shape.NOT_ENCRYPTED:
                return _closed(OpenStatus.NOT_ENCRYPTED)
            case Shape.BROKEN:
                return _closed(OpenStatus.DAMAGED)

    async def _open(self, ring: Ring, message: bytes) -> Opened:
        try:
            wanted = {packet.key_id for packet in packets.split(message).packets}
        except ValueError:
            return _closed(OpenStatus.DAMAGED)
        return await self._homes.at_work(ring, partial(self._open_at, message=message, wanted=wanted))

    async def _open_at(self, home: Home, message: bytes, wanted: set[str]) -> Opened:
        named = bool(wanted & home.key_ids[home.key.fingerprint])
        if not named and HIDDEN not in wanted:
            return _closed(OpenStatus.NOT_FOR_US)
        for is_last in (False, True):
            generation = home.agent.generation
            ended = await self._decrypt(home, message)
            bad: tuple[SignatureSeen, ...] = ()
            if status.stopped_at_signature(ended, home.key.fingerprint):
                bad = status.read_signatures(ended)
                ended = await self._decrypt(home, message, "--skip-verify")  # is it whole, at least?
            opened = await self._judge(home, ended, generation, named=named, is_last=is_last)
            if opened:
                return replace(opened, signatures=bad) if bad and opened.status is OpenStatus.OPENED else opened
        raise EngineUnavailable("GnuPG does not open messages")

    async def _decrypt(self, home: Home, message: bytes, *further: str, seconds: float | None = None) -> Finished:
        cap = self._max_plaintext
        return await self._run(
            home.place, *OPENING, "--max-output", str(cap + (1 << 20)), "--try-secret-key", home.key.fingerprint,
            *further, "--decrypt", feed=Feed(message, home.key.passphrase), output=cap, seconds=seconds,
        )  # fmt: skip

    async def _judge(
        self, home: Home, ended: Finished, generation: int, *, named: bool, is_last: bool
    ) -> Opened | None:
        """Judge a decryption; None: it was our own side's fault, which is mended now, so try again."""
        fingerprint = home.key.fingerprint
        if status.is_whole(ended, fingerprint):
            return Opened(OpenStatus.OPENED, ended.output, status.read_signatures(ended))
        if ended.cut:
            return _closed(OpenStatus.TOO_LARGE)
        if ended.returncode < 0 and not ended.timed_out and not is_last:
            return None  # killed by somebody else: the machine was short of memory, perhaps
        if ended.was_ended and not ended.timed_out:
            raise ended.failed("GnuPG does not open a message")  # and is short of it still
        if status.has_used_key(ended, fingerprint) and not ended.timed_out:
            return _closed(OpenStatus.DAMAGED)
        if await self._answers(home):
            if not await home.agent.is_still(generation):
                return None  # another message's failure replaced the agent under this one
            return _closed(OpenStatus.DAMAGED if named else OpenStatus.NOT_FOR_US)
        await home.agent.restart(generation)
        if ended.timed_out and not await self._answers(home):
            raise EngineSilent("GnuPG does not answer")
        return None

    async def probe(self, ring: Ring) -> bool:
        """Tell whether our own side works: seal a message of our own to the list, and open it."""
        try:
            async with self._homes.use(ring) as home:
                return await self._answers(home)
        except EngineUnavailable:
            return False

    async def _answers(self, home: Home) -> bool:
        message = secrets.token_hex(16).encode()
        seconds = min(PROBE_SECONDS, self._timeout)
        sealed = await self._seal(home, message, [home.key.fingerprint], seconds)
        if not sealed.succeeded:
            return False
        ended = await self._decrypt(home, sealed.output, seconds=seconds)
        return status.is_whole(ended, home.key.fingerprint) and ended.output == message

    async def verify(self, ring: Ring, signed: bytes, signature: bytes) -> tuple[SignatureSeen, ...]:
        """Check a detached signature, armored or binary, over the exact bytes ``signed``.

        Gives every signature as seen, at least one: what is no detached signature is BROKEN. Neither
        part touches a disk. Raises EngineUnavailable.
        """
        try:
            material = packets.dearmor(signature, "SIGNATURE") if packets.is_armored(signature) else signature
            tags = {packet.tag for packet in packets.walk(material)}
        except ValueError:
            material, tags = b"", set()
        if tags != {Tag.SIGNATURE}:
            return (SignatureSeen(SignatureStatus.BROKEN, None, None, None),)
        return await self._homes.at_work(ring, partial(self._verify_at, signed=signed, signature=material))

    async def _verify_at(self, home: Home, signed: bytes, signature: bytes) -> tuple[SignatureSeen, ...]:
        ended = await self._verify(home, signed, signature)
        if ended.was_ended:
            raise ended.failed("GnuPG does not check a signature")
        return status.read_detached(ended)

    async def _verify(self, home: Home, signed: bytes, signature: bytes) -> Finished:
        feed = Feed(signed, attached=signature)
        return await self._run(home.place, "--enable-special-filenames", "--verify", "--", ATTACHED, "-", feed=feed)

    # --- sealing

    async def seal_for(self, ring: Ring, content: bytes, requests: Sequence[SealRequest]) -> Sealed:
        """Sign with the list's key and encrypt once for all requests (DESIGN: sealing once for many).

        Keys that are not pinned or that GnuPG refuses are left out; a request without any key left is
        in ``refused``. Raises EngineUnavailable.
        """
        asked = dict.fromkeys(fingerprint for request in requests for fingerprint in request.fingerprints)
        known = {pin.fingerprint for pin in ring.pinned} | {ring.key.fingerprint}

        async def seal(home: Home) -> Sealed:
            usable = [one for one in asked if one in known & home.key_ids.keys() and FINGERPRINT.fullmatch(one)]
            message, usable = await self._seal_for_usable(home, content, usable)
            return _share_out(home, message, usable, requests)

        return await self._homes.at_work(ring, seal)

    async def _seal_for_usable(self, home: Home, content: bytes, usable: list[str]) -> tuple[bytes, list[str]]:
        """Seal, setting those apart that GnuPG refuses, until it takes the rest. b"": nobody is left."""
        own, recipients, was_mended = home.key.fingerprint, list(usable), False
        while usable:
            generation = home.agent.generation
            ended = await self._seal(home, content, recipients)
            if _is_signed(ended, own):
                if _body_tag(ended.output) == Tag.ENCRYPTED:
                    return ended.output, usable
                if own in recipients:
                    raise EngineUnavailable("GnuPG seals in a form that was not asked for")
                recipients.append(own)  # its preferences keep OCB out; its packet goes to nobody
                continue
            refused = {line.words()[1] for line in ended.all("INV_RECP") if len(line.words()) > 1}
            if refused & set(usable):
                usable = [one for one in usable if one not in refused]
                recipients = list(usable)
            elif was_mended:
                raise ended.failed("GnuPG does not seal")
            else:
                was_mended = True
                await home.agent.restart(generation)
        return b"", usable

    async def _seal(
        self, home: Home, content: bytes, fingerprints: Sequence[str], seconds: float | None = None
    ) -> Finished:
        recipients = [word for fingerprint in fingerprints for word in ("--recipient", fingerprint)]
        own = home.key.fingerprint
        return await self._run(
            home.place, *SEALING, "--local-user", f"{own}!", *recipients, "--sign", "--encrypt",
            feed=Feed(content, home.key.passphrase), output=2 * len(content) + MAX_WORDS, seconds=seconds,
        )  # fmt: skip

    async def sign(self, ring: Ring, data: bytes) -> bytes:
        """Sign bytes as they are: an armored detached signature with the digest MICALG (RFC 3156 s5).

        Raises EngineUnavailable.
        """
        return await self._homes.at_work(ring, partial(self._sign, data=data))

    async def _sign(self, home: Home, data: bytes) -> bytes:
        own, generation = home.key.fingerprint, home.agent.generation
        run = partial(
            self._run, home.place, "--no-emit-version", "--no-comments", "--armor", "--digest-algo", "SHA512",
            "--local-user", f"{own}!", "--detach-sign", feed=Feed(data, home.key.passphrase),
        )  # fmt: skip
        ended = await run()
        if not _is_signed(ended, own):
            await home.agent.restart(generation)
            ended = await run()
        if not _is_signed(ended, own):
            raise ended.failed("GnuPG does not sign")
        return ended.output


def _closed(why: OpenStatus) -> Opened:
    return Opened(why, None, ())


def _is_signed(ended: Finished, fingerprint: str) -> bool:
    """Tell whether it succeeded and made exactly one signature, by the list's own key.

    SIG_CREATED holds the type, algorithms, class, time and fingerprint.
    """
    lines = ended.all("SIG_CREATED")
    return ended.succeeded and len(lines) == 1 and lines[0].words()[-1] == fingerprint


def _body_tag(message: bytes) -> int:
    """Tell in which form the body of a sealed message is; -1 where it is no such message."""
    try:
        return next(packets.walk(packets.split(message).body)).tag
    except ValueError:
        return -1


def _share_out(home: Home, message: bytes, usable: list[str], requests: Sequence[SealRequest]) -> Sealed:
    """Give each request its own session-key packets, found by subkey id; raises EngineUnavailable."""
    try:
        whole = packets.split(message) if message else packets.Split((), b"")
    except ValueError as error:
        raise EngineUnavailable("GnuPG made something else than a sealed message") from error
    shares: dict[str, bytes] = {}
    refused: dict[str, str] = {}
    for request in requests:
        mine = [fingerprint for fingerprint in request.fingerprints if fingerprint in usable]
        own = {
            packet.key_id: packet.raw for one in mine for packet in whole.packets if packet.key_id in home.key_ids[one]
        }
        if mine and own:
            shares[request.name] = packets.join(list(own.values()), b"")
        else:
            refused[request.name] = _why_refused(home, request)
    return Sealed(whole.body, shares, refused)


def _why_refused(home: Home, request: SealRequest) -> str:
    if not request.fingerprints:
        return "no key"
    if not any(fingerprint in home.key_ids for fingerprint in request.fingerprints):
        return "key not pinned"
    return "key not usable: expired, revoked, or without an encryption subkey"
