"""A whole gateway for thousands of runs: everything is real but the two slow processes and the next hop.

``Sealer`` stands for GnuPG: it seals for each key with a secret of that key's own, so that what opens,
with which key, and what is hidden still mean something. ``Reader`` reads mail in this process. ``Hop``
is the next hop: it keeps every byte, and does what it is told to.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import re
import shutil
import tempfile
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email import message_from_bytes
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

import structlog
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

import groundwork
from fakes import FakeClock
from gateway import config as configuration
from gateway import opening
from gateway.app import Gateway
from gateway.envelope import Envelope
from gateway.lists import Lists
from gateway.log import redact
from gateway.mail import parse
from gateway.mail.worker import _answer
from gateway.parts import Parts
from gateway.relay import Bounced, Deferred, Delivered
from keys import packets
from keys.results import KeyFacts, Opened, OpenStatus, Ring, Sealed, SealRequest, SignatureSeen, SignatureStatus
from machine.quick import QuickDatabase
from policy.facts import Role
from storage import ids, outbox, roster
from world import LIST, MEMBERS, entity, envelope_mail, table_of

LIST_ID = "early-disclosure"
START = FakeClock().now()
KEY = re.compile(rb"[0-9A-F]{40}")
BLOCK = re.compile(rb"-----BEGIN PGP MESSAGE-----.*?-----END PGP MESSAGE-----", re.DOTALL)
HEAD, PACKET, NONCE = b"SEALED1", 40 + 12 + 32, bytes(12)
PEOPLE = {"alice": "Alice", "adam": "Adam", "north": "Northwind", "south": "Southgate", "west": "Westlake"}
COORDINATORS = ("alice", "adam")


class Sealer:
    """What the gateway asks of ``keys.engine.Engine``. The secrets of all keys lie here, one for each fingerprint."""

    def __init__(self) -> None:
        self._secrets: dict[str, bytes] = {}

    def _of(self, fingerprint: str) -> AESGCM:
        return AESGCM(self._secrets.setdefault(fingerprint, os.urandom(16)))

    def _session(self, fingerprints: Sequence[str], session: bytes) -> bytes:
        """A packet for each key. A nonce of zeros would be used twice, so each has one of its own in front."""
        found = []
        for one in fingerprints:
            nonce = os.urandom(12)
            found.append(one.encode() + nonce + self._of(one).encrypt(nonce, session, None))
        return b"".join(found)

    def seal(self, content: bytes, fingerprints: Sequence[str], signature: Sequence[object] = ()) -> bytes:
        """As a mail program does it: sealed to keys, signed in one. ``signature``: by, made at, its id."""
        session = os.urandom(16)
        inside = json.dumps(list(signature)).encode() + b"\0" + content
        return self._session(fingerprints, session) + HEAD + AESGCM(session).encrypt(NONCE, inside, None)

    def keys_of(self, sealed: bytes) -> list[str]:
        """The keys that a message names."""
        return [sealed[at : at + 40].decode() for at in range(0, sealed.index(HEAD), PACKET)]

    def unseal(self, sealed: bytes, fingerprint: str) -> tuple[list[Any], bytes] | None:
        """Open with one key: signature and content; None where that key does not open it."""
        end = sealed.index(HEAD)
        for at in range(0, end, PACKET):
            if sealed[at : at + 40].decode() == fingerprint:
                nonce, wrapped = sealed[at + 40 : at + 52], sealed[at + 52 : at + PACKET]
                session = self._of(fingerprint).decrypt(nonce, wrapped, None)
                inside = AESGCM(session).decrypt(NONCE, sealed[end + len(HEAD) :], None)
                signature, _, content = inside.partition(b"\0")
                return json.loads(signature), content
        return None

    async def open(self, ring: Ring, ciphertext: bytes) -> Opened:
        found = self.unseal(packets.dearmor(ciphertext), ring.key.fingerprint)
        if found is None:
            return Opened(OpenStatus.NOT_FOR_US, None, ())
        signature, content = found
        if not signature:
            return Opened(OpenStatus.OPENED, content, ())
        by, made_at, name = signature
        is_known = by in {key.fingerprint for key in ring.pinned}
        status = SignatureStatus.GOOD if is_known else SignatureStatus.UNKNOWN_KEY
        seen = SignatureSeen(status, by if is_known else None, datetime.fromisoformat(made_at), name)
        return Opened(OpenStatus.OPENED, content, (seen,))

    async def verify(self, ring: Ring, signed: bytes, signature: bytes) -> tuple[SignatureSeen, ...]:
        return (SignatureSeen(SignatureStatus.BROKEN, None, None, None),)

    async def seal_for(self, ring: Ring, content: bytes, requests: Sequence[SealRequest]) -> Sealed:
        pinned = {key.fingerprint for key in ring.pinned}
        session = os.urandom(16)
        inside = json.dumps([ring.key.fingerprint, "", ""]).encode() + b"\0" + content
        body = HEAD + AESGCM(session).encrypt(NONCE, inside, None)
        good = {one.name: one.fingerprints for one in requests if set(one.fingerprints) <= pinned}
        refused = {one.name: "not pinned" for one in requests if one.name not in good}
        return Sealed(body, {name: self._session(keys, session) for name, keys in good.items()}, refused)

    async def inspect(self, key_file: bytes, *, now: datetime) -> tuple[KeyFacts, bytes]:
        fingerprint = KEY.search(key_file)[0]  # type: ignore[index]
        return KeyFacts(fingerprint.decode(), "ed25519/cv25519", now, None, True, None, (), ()), fingerprint

    async def sign(self, ring: Ring, content: bytes) -> bytes:
        return packets.armor(b"signature").replace(b"MESSAGE", b"SIGNATURE")


class Reader:
    """What the gateway asks of ``gateway.parser.Parser``, by the same code, in this process."""

    async def mail(self, raw: bytes, envelope_from: str | None = None) -> Any:
        return _answer({"kind": "mail", "envelope_from": envelope_from, "own_list_ids": [LIST_ID]}, raw)

    async def payload(self, raw: bytes) -> Any:
        return parse.read_payload(raw)

    async def failed_permanently(self, raw: bytes) -> bool:
        return False


@dataclass
class Kept:
    """A mail that the next hop took over, and when."""

    recipient: str
    raw: bytes
    at: datetime


@dataclass
class Hop:
    """The next hop.

    ``mood``: "good", "busy" (4xx), "full" (5xx for the members), "cut" (it took it, and we died); or
    a person and one of the middle two ("south busy", "south full"): for that one alone.
    """

    clock: FakeClock
    mood: str = "good"
    kept: list[Kept] = field(default_factory=list)

    async def hand_over(self, sender: str, recipient: str, message: bytes) -> Delivered | Deferred | Bounced:
        who, _, mood = self.mood.rpartition(" ")
        is_hit = not who or recipient == address_of(who)
        if mood == "busy" and is_hit:
            return Deferred("451 4.3.0")
        if mood == "full" and is_hit and recipient.startswith("member-"):
            return Bounced("550 5.2.2")
        self.kept.append(Kept(recipient, message, self.clock.now()))
        if self.mood == "cut":
            raise asyncio.CancelledError  # the process is gone; nothing of it catches this
        return Delivered("250 2.0.0")

    async def close(self) -> None:
        """Nothing is open."""


class Pager:
    """The pager command: always told."""

    configured = True

    async def tell(self, event: Any) -> bool:
        return True


class Silent:
    """Takes the troubles of our own side, which no run may have."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    def tell(self, kind: str, ref: str | None = None) -> None:
        self.heard.append(f"{kind} {ref}")

    async def finish(self) -> None:
        """Nothing is being told."""


@cache
def _directory() -> tempfile.TemporaryDirectory[str]:
    """The one directory of this process, in memory where there is such a place; gone when the process ends."""
    shm = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    return tempfile.TemporaryDirectory(prefix="eg-machine-", dir=shm, ignore_cleanup_errors=True)


@cache
def _config(path: Path, changes: tuple[tuple[str, Any], ...]) -> configuration.Config:
    how = {name: list(value) if isinstance(value, tuple) else value for name, value in changes}
    how["upstreams"] = {name: {"mode": mode} for name, mode in how.get("upstreams", ())}
    return configuration.read(table_of(path, 25, list=how), path / "config.toml")


def _log(_logger: object, _method: str, event: Any) -> Any:
    """Read what is logged, as it is written down; then drop it."""
    assert "canary" not in repr(event), f"1: a canary in the log: {event}"
    raise structlog.DropEvent


def _by_chance(chance: random.Random) -> list[Any]:
    """Have ids, codes and tokens drawn by this chance, where the gateway asks the system's."""
    named = (ids.disclosure_id, ids.row_id, ids.stop_code)
    drawn = SimpleNamespace(token_hex=lambda length: chance.randbytes(length).hex())
    defaults = [mock.patch.object(one, "__defaults__", (chance.randrange,)) for one in named]
    return [mock.patch.object(ids, "secrets", drawn), *defaults]


class House:
    """One gateway over one state directory in memory; it can die and be there again."""

    def __init__(self, **changes: Any) -> None:
        self.loop = asyncio.new_event_loop()
        self.clock, self.sealer, self.trouble = FakeClock(), Sealer(), Silent()
        self.hop = Hop(self.clock)
        self.path = Path(_directory().name)
        for left in self.path.iterdir():
            shutil.rmtree(left) if left.is_dir() else left.unlink()
        self._logs = structlog.get_config()
        structlog.configure(processors=[redact, _log])
        self._chance = random.Random(7)  # the same steps lead to the same ids, and so to the same life
        self._patches = [mock.patch.object(opening, "Database", QuickDatabase), *_by_chance(self._chance)]
        for patch in self._patches:
            patch.start()
        self.config = _config(self.path, tuple(changes.items()))
        self.keys: dict[str, str] = {}
        self.ids: dict[str, int] = {}
        self._count = 0
        self.do(self._first())

    def do(self, act: Any) -> Any:
        """Run something to its end."""
        return self.loop.run_until_complete(act)

    async def _first(self) -> None:
        await groundwork.lay(self.config, table_of(self.path, 25))
        await self._open()
        for who, name in PEOPLE.items():
            groups = MEMBERS[who][1] if who in MEMBERS else ()
            async with self.parts.database.transaction() as tx:
                self.ids[who] = await roster.add_person(
                    tx,
                    list_id=LIST_ID,
                    role=Role.COORDINATOR if who in COORDINATORS else Role.MEMBER,
                    address=address_of(who),
                    name=name,
                    groups=groups,
                    policy_hash=None,
                    now=self.clock.now(),
                )
            await self.pin(who)

    async def _open(self) -> None:
        self._stack = AsyncExitStack()
        store = await self._stack.enter_async_context(opening.open_store(self.config))
        engine: Any = self.sealer
        reader: Any = Reader()
        pager: Any = Pager()
        trouble: Any = self.trouble
        self.signer = store.signer
        self.parts = Parts(
            config=self.config,
            clock=self.clock,
            database=store.database,
            engine=engine,
            vault=store.vault,
            relay=self.hop,
            pager=pager,
            parser=reader,
            own_parser=reader,
            trail=store.trail,
            lists=Lists(self.config),
            node=store.node,
            trouble=trouble,
        )
        self.gateway = Gateway(self.parts)
        self.gateway.delivery._chance = self._chance  # type: ignore[assignment]
        async with self.parts.database.transaction() as tx:
            await outbox.release_leases(tx, self.parts.node)  # as ``Gateway.start``, without the door
            row = await roster.list_key(tx, LIST_ID)
        assert row is not None
        self.list_key = row.fingerprint

    async def pin(self, who: str, lasts: timedelta | None = None) -> None:
        """Give somebody a new key in the place of the old one."""
        self._count += 1
        fresh, now = f"{self._count:040X}", self.clock.now()
        async with self.parts.database.transaction() as tx:
            if who in self.keys:
                await roster.unpin_key(tx, person_id=self.ids[who], fingerprint=self.keys[who], now=now)
            await roster.pin_key(
                tx,
                person_id=self.ids[who],
                list_id=LIST_ID,
                fingerprint=fresh,
                public=fresh.encode(),
                algorithm="ed25519/cv25519",
                expires_at=now + lasts if lasts else None,
                flaw=None,
                now=now,
            )
        self.keys[who] = fresh

    async def crash(self) -> None:
        """Drop everything that was in memory, and begin again on what was committed."""
        for task in tuple(self.gateway.delivery._sending.values()):
            task.cancel()
        await asyncio.sleep(0)
        await self._stack.aclose()
        self.hop.mood = "good"
        await self._open()

    async def settle(self) -> None:
        """Do everything that is due, to the end; where the power fails on the way, begin again."""
        was_cut = self.hop.mood == "cut"
        for _ in range(200):
            now = self.clock.now()
            busy = await self.gateway.release.step(now)
            busy = await self.gateway.delivery.step(now) or busy
            while self.gateway.delivery._sending:
                await asyncio.gather(*self.gateway.delivery._sending.values(), return_exceptions=True)
                await asyncio.sleep(0)
            if was_cut and self.hop.kept and self.hop.kept[-1].at == now and not self.gateway.delivery._ended:
                await self.crash()
                was_cut = False
                continue
            await self.gateway.delivery.finish()
            busy = await self.gateway.page_due() or busy
            if not busy:
                return
        raise AssertionError("the gateway does not come to rest")

    def letter(
        self,
        who: str,
        text: str,
        *,
        subject: str = "Flaw",
        answers: str = "",
        attachments: Sequence[tuple[str, bytes]] = (),
        signed: bool = True,
        made_at: datetime | None = None,
        key: str | None = None,
    ) -> bytes:
        """A mail to the list, sealed to it and signed by ``key`` (the writer's own)."""
        self._count += 1
        own_id = f"<{self._count}.{who}@corp.example>"
        threading = {"In-Reply-To": answers, "References": answers} if answers else {}
        sender = f"{PEOPLE.get(who, who)} <{address_of(who)}>"
        fields = {"Subject": subject, "From": sender, "To": LIST, "Message-ID": own_id, **threading}
        plain = entity(text, attachments, protected=fields)
        signature: tuple[object, ...] = ()
        if signed:
            signature = (
                key or self.keys.get(who, "F" * 40),
                (made_at or self.clock.now()).isoformat(),
                f"S{self._count}",
            )
        sealed = packets.armor(self.sealer.seal(plain, [self.list_key], signature))
        return envelope_mail(sealed, subject="...", sender=sender, message_id=own_id)

    async def take(self, raw: bytes) -> int:
        """Hand a mail in; give the reply's code."""
        envelope = Envelope("someone@corp.example", LIST, raw, self.clock.now(), "127.0.0.1")
        return (await self.gateway.intake.take(envelope)).code

    def inside(self, kept: Kept, who: str) -> str:
        """What a person reads with all the keys that it ever had."""
        sealed = packets.dearmor(BLOCK.search(kept.raw)[0])  # type: ignore[index]
        named = self.sealer.keys_of(sealed)
        opened = self.sealer.unseal(sealed, named[0])
        assert opened is not None
        found = [opened[1]]
        if b"base64" in opened[1]:
            parts = message_from_bytes(opened[1]).walk()
            found += [data for part in parts if isinstance(data := part.get_payload(decode=True), bytes)]
        return b"\n".join(found).decode("utf-8", "replace")

    def named(self, kept: Kept) -> list[str]:
        """The keys that a mail is sealed to."""
        return self.sealer.keys_of(packets.dearmor(BLOCK.search(kept.raw)[0]))  # type: ignore[index]

    def close(self) -> None:
        """End it."""
        self.do(self._stack.aclose())
        self.loop.close()
        for patch in self._patches:
            patch.stop()
        structlog.configure(**self._logs)


def address_of(who: str) -> str:
    """A person's address; a member's tells that it is one."""
    return f"{'member-' if who in MEMBERS else ''}{who}@{who}.example"


__all__ = ["COORDINATORS", "LIST_ID", "PEOPLE", "START", "House", "Kept", "address_of"]
