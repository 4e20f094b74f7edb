"""GnuPG homes: one a list, a cache of what the database says, rebuilt when that moves.

A home holds the list's secret key (under its passphrase) in an agent of its own, and the pinned public
keys in a keyring. New pins make a new keyring beside the old one, which runs still in progress go on
using; the agent and the secret stay. A new list key makes a new home.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from keys import packets, process
from keys.errors import EngineSilent, EngineUnavailable
from keys.process import Feed, Place, Runner
from keys.results import ListKey, PinnedKey, Ring
from keys.runtime import Runtime, kill_agents, remove

T = TypeVar("T")

# s2k-count: the passphrase has 256 random bits, so stretching it would only cost 250 ms an operation.
AGENT_CONFIG = "s2k-count 65536\nallow-loopback-pinentry\ndisable-scdaemon\ndefault-cache-ttl 0\nmax-cache-ttl 0\n"
AGENT_SECONDS = 20
SECRETS = "private-keys-v1.d"
SECRET_IMPORTED = 16  # IMPORT_OK's bit for "contains a secret key"


class Agent:
    """The agent of one home. GnuPG is told never to start one by itself, so this one is known."""

    def __init__(self, home: Path, environment: dict[str, str]) -> None:
        """Say which home; ``start`` starts it."""
        self._home = home
        self._environment = environment
        self._lock = asyncio.Lock()
        self.generation = 0
        self.users = 0  # runs in progress at its home, whatever their keyring
        self.is_left = False  # nobody begins anything at its home any more

    async def start(self) -> None:
        """Start it; raises EngineUnavailable."""
        program = shutil.which("gpg-connect-agent", path=self._environment["PATH"])
        if program is None:
            raise EngineUnavailable("gpg-connect-agent is missing; install GnuPG")
        command = [program, "--homedir", str(self._home), "--quiet", "GETINFO pid", "/bye"]
        bounds = process.Bounds(output=4096, seconds=AGENT_SECONDS)
        ended = await process.run(
            lambda _: command, feed=process.NOTHING, bounds=bounds, environment=self._environment, limited=False
        )
        if not ended.succeeded or not ended.output.startswith(b"D "):
            raise ended.failed("GnuPG's agent does not start")

    async def restart(self, seen: int) -> None:
        """Kill and start it, unless somebody has done so since generation ``seen``."""
        async with self._lock:
            if self.generation == seen:
                try:
                    kill_agents(self._home)
                    await self.start()
                finally:
                    self.generation += 1

    async def is_still(self, seen: int) -> bool:
        """Whether nobody has killed it since generation ``seen``; who is just about it is waited for."""
        async with self._lock:
            return self.generation == seen


@dataclass(slots=True)
class Home:
    """A home with one keyring in it, ready for use."""

    place: Place
    agent: Agent
    key: ListKey
    pinned: frozenset[PinnedKey]
    digest: bytes
    key_ids: dict[str, frozenset[str]]  # by primary fingerprint: the ids of the key and its subkeys
    size: int  # of its keyring; GnuPG makes an empty one where it finds none
    users: int = 0
    is_current: bool = True

    @property
    def stands(self) -> bool:
        """Whether what GnuPG needs is still there: who cleans temporary files may have taken it."""
        return 0 < self.size == _size(self.place.keyring) and any((self.place.home / SECRETS).glob("*.key"))

    def dispose(self) -> None:
        """Remove it from the disk, once it is neither current nor used; its directory goes with the last one in it."""
        if self.is_current or self.users:
            return
        if not self.agent.is_left:
            _unlink(self.place.keyring)
        elif not self.agent.users:
            remove(self.place.home)


def _size(keyring: Path) -> int:
    try:
        return keyring.stat().st_size
    except OSError:
        return -1


def _unlink(keyring: Path) -> None:
    """Remove a keyring, and the copy of it that GnuPG keeps beside it."""
    keyring.unlink(missing_ok=True)
    keyring.with_name(keyring.name + "~").unlink(missing_ok=True)


async def twice(act: Callable[[], Awaitable[T]]) -> T:
    """Do something that begins in a new home each time; where our own side fails, once more.

    A machine that is short of memory kills a run of GnuPG, and not the same run a moment later.
    """
    try:
        return await act()
    except EngineSilent:
        raise
    except EngineUnavailable:
        return await act()


def certificate_bytes(public: bytes) -> bytes:
    """Give a public key in binary, armored or not; raises ValueError."""
    return packets.dearmor(public, "PUBLIC KEY BLOCK") if packets.is_armored(public) else public


class Homes:
    """The homes of all lists."""

    def __init__(self, runtime: Runtime, run: Runner, environment: dict[str, str]) -> None:
        """Keep them in the engine's directory."""
        self._runtime = runtime
        self._run = run
        self._environment = environment
        self._current: dict[str, Home] = {}
        self._rings: dict[str, Ring] = {}
        self._locks: dict[str, asyncio.Lock] = {}
        self._count = 0

    @contextlib.asynccontextmanager
    async def use(self, ring: Ring) -> AsyncIterator[Home]:
        """Give the home for this ring, built first where it is not there; raises EngineUnavailable.

        One in which GnuPG does not work is not used again. What was done in one that was taken away
        meanwhile (who cleans temporary files may) counts for nothing.
        """
        lock = self._locks.setdefault(ring.key.list_id, asyncio.Lock())
        async with lock:
            home = await self._ready(ring)
            home.users += 1
            home.agent.users += 1
        try:
            yield home
            if not home.stands:
                raise EngineUnavailable("GnuPG's home was taken away while it was used")
        except EngineUnavailable:
            self._leave(ring.key.list_id, home)
            raise
        finally:
            home.users -= 1
            home.agent.users -= 1
            home.dispose()

    async def at_work(self, ring: Ring, act: Callable[[Home], Awaitable[T]]) -> T:
        """Do something in the home for this ring; where that fails, though not for want of time, again in a new one."""

        async def once() -> T:
            async with self.use(ring) as home:
                return await act(home)

        return await twice(once)

    def _leave(self, list_id: str, home: Home) -> None:
        """Build another one for the next who asks. Runs still in progress may end in this one."""
        if self._current.get(list_id) is home:
            del self._current[list_id]
            self._rings.pop(list_id, None)
            home.is_current, home.agent.is_left = False, True

    async def _ready(self, ring: Ring) -> Home:
        list_id = ring.key.list_id
        home = self._current.get(list_id)
        if home and not home.stands:
            self._leave(list_id, home)
            home.dispose()
            home = None
        if home and self._rings.get(list_id) is ring:
            return home
        digest = _digest(ring)
        if home is None or home.digest != digest:
            try:
                fresh = await self._build(ring, digest, home)
                if fresh.agent.is_left:  # by a run that ended meanwhile, for which GnuPG did not work in that home
                    fresh = await self._build(ring, digest, None)
            except OSError as error:
                raise EngineUnavailable(f"GnuPG's home can't be written: {error.strerror}") from error
            if home:
                home.is_current = False
                home.agent.is_left = home.agent is not fresh.agent
                home.dispose()
            home = self._current[list_id] = fresh
        self._rings[list_id] = ring
        return home

    async def _build(self, ring: Ring, digest: bytes, old: Home | None) -> Home:
        """Make a home, or another keyring in an old one with the same key; what fails leaves nothing.

        Where the old one is given up meanwhile, what was made goes with it: its agent ``is_left`` then.
        """
        self._count += 1
        if old and old.key != ring.key:
            old = None
        home = old.place.home if old else self._runtime.new_home()
        agent = old.agent if old else Agent(home, self._environment)
        place = Place(home, home / f"pinned-{self._count}.kbx")
        agent.users += 1
        try:
            await self._fill(place, agent, ring, old)
        except BaseException:
            if old:
                _unlink(place.keyring)
            else:
                remove(home)
            raise
        finally:
            agent.users -= 1
            if old:
                old.dispose()  # it may have been given up meanwhile
        return Home(place, agent, ring.key, frozenset(ring.pinned), digest, _key_ids(ring), _size(place.keyring))

    async def _fill(self, place: Place, agent: Agent, ring: Ring, old: Home | None) -> None:
        pinned = set(ring.pinned)
        if old is None:
            (place.home / "gpg-agent.conf").write_text(AGENT_CONFIG)
            await agent.start()
            await self._import_list_key(place, ring.key.secret, ring.key, needed=SECRET_IMPORTED)
        elif old.pinned <= pinned:  # only more of them: what is there already need not be checked again
            shutil.copyfile(old.place.keyring, place.keyring)
            pinned -= old.pinned
        else:
            await self._import_list_key(place, ring.key.public, ring.key, needed=0)
        await self._import_pinned(place, pinned)

    async def _import_list_key(self, place: Place, material: bytes, key: ListKey, *, needed: int) -> None:
        passphrase = key.passphrase if needed else None
        ended = await self._run(place, "--import", feed=Feed(material, passphrase))
        for line in ended.all("IMPORT_OK"):
            flags, fingerprint = line.words()[:2]
            if ended.succeeded and fingerprint == key.fingerprint and int(flags) & needed == needed:
                return
        raise ended.failed("GnuPG does not take the list's own key")

    async def _import_pinned(self, place: Place, pinned: set[PinnedKey]) -> None:
        """Import all at once; where one of them stops the rest, one by one.

        A key that GnuPG does not take is missing then: nothing is sealed to it, and nobody proved by it.
        """
        readable = [(pin.fingerprint, _readable(pin)) for pin in pinned]
        waiting = {fingerprint: public for fingerprint, public in readable if public}
        if not waiting:
            return
        taken = await self._import_public(place, b"".join(waiting.values()))
        for fingerprint, public in waiting.items():
            if fingerprint not in taken:
                await self._import_public(place, public)

    async def _import_public(self, place: Place, material: bytes) -> set[str]:
        options = "import-minimal,self-sigs-only"
        ended = await self._run(place, "--import-options", options, "--import", feed=Feed(material))
        if ended.was_ended:
            raise ended.failed("GnuPG does not import keys")
        return {line.words()[1] for line in ended.all("IMPORT_OK") if len(line.words()) > 1}


def _readable(pin: PinnedKey) -> bytes | None:
    """Give the certificate in binary, if it is one of exactly the pinned key."""
    try:
        public = certificate_bytes(pin.public)
        fingerprints = packets.key_fingerprints(public)
        primaries = [packet for packet in packets.walk(public) if packet.tag == packets.Tag.PUBLIC_KEY]
    except ValueError:
        return None
    return public if len(primaries) == 1 and fingerprints[:1] == (pin.fingerprint,) else None


def _key_ids(ring: Ring) -> dict[str, frozenset[str]]:
    certificates = [_readable(PinnedKey(ring.key.fingerprint, ring.key.public)), *map(_readable, ring.pinned)]
    fingerprints = [packets.key_fingerprints(certificate) for certificate in certificates if certificate]
    return {found[0]: frozenset(fingerprint[-16:] for fingerprint in found) for found in fingerprints}


def _digest(ring: Ring) -> bytes:
    """Tell one content of a ring from another, though two nodes may have counted its versions alike."""
    digest = hashlib.sha256()
    for part in (str(ring.version).encode(), ring.key.fingerprint.encode(), ring.key.passphrase, ring.key.secret):
        digest.update(hashlib.sha256(part).digest())
    for pin in ring.pinned:
        digest.update(pin.fingerprint.encode() + hashlib.sha256(pin.public).digest())
    return digest.digest()
