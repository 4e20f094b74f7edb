"""A whole gateway to tell stories with: real SMTP, GnuPG and database, and a clock that is moved by hand."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import formatdate
from functools import cached_property
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import aiosmtplib

import groundwork
from fakes import FakeClock
from gateway import config as configuration
from gateway.app import Gateway, open_parts
from gateway.operator.setup import initialise
from gateway.parts import Parts
from mailbox_server import Mailbox, Received
from openpgp import Person
from policy.facts import Role
from storage import roster

# The database that worlds stand on, set for each test by stories/conftest.py; None: SQLite in the state directory.
storage_url: ContextVar[str | None] = ContextVar("storage_url", default=None)

LIST = "early-disclosure@lists.example.org"
OWNER = "early-disclosure-owner@lists.example.org"
PLAIN = policy.SMTP.clone(max_line_length=None)


def entity(
    text: str,
    attachments: Iterable[tuple[str, bytes]] = (),
    *,
    protected: dict[str, str] | None = None,
    html: str | None = None,
) -> bytes:
    """A MIME entity as a mail program makes it inside the encryption, CRLF lines."""
    message = EmailMessage(policy=policy.SMTP)
    for name, value in (protected or {}).items():
        message[name] = value
    message.set_content(text)
    if html is not None:
        message.add_alternative(html, subtype="html")
    for filename, data in attachments:
        if filename.endswith((".txt", ".patch")):
            message.add_attachment(data, maintype="text", subtype="plain", filename=filename)
        else:
            message.add_attachment(data, maintype="application", subtype="octet-stream", filename=filename)
    if protected is not None:
        message.set_param("hp", "cipher")
        message.set_param("protected-headers", "v1")
    return message.as_bytes()


def envelope_mail(
    ciphertext: bytes,
    *,
    subject: str,
    sender: str,
    to: str = LIST,
    message_id: str,
    headers: dict[str, str] | None = None,
) -> bytes:
    """RFC 3156 s4 around a ciphertext, as a mail program sends it."""
    lines = [
        f"From: {sender}",
        f"To: {to}",
        f"Subject: {subject}",
        f"Date: {formatdate(localtime=False)}",
        f"Message-ID: {message_id}",
        *(f"{name}: {value}" for name, value in (headers or {}).items()),
        "MIME-Version: 1.0",
        'Content-Type: multipart/encrypted; protocol="application/pgp-encrypted"; boundary="outer"',
        "",
        "--outer",
        "Content-Type: application/pgp-encrypted",
        "",
        "Version: 1",
        "",
        "--outer",
        "Content-Type: application/octet-stream",
        "",
        *ciphertext.decode().splitlines(),
        "--outer--",
        "",
    ]
    return "\r\n".join(lines).encode()


@dataclass
class Copy:
    """One mail as its reader sees it: the outer mail, and what is inside the encryption, opened when first read."""

    received: Received
    reader: Person = field(repr=False)

    @cached_property
    def outer(self) -> EmailMessage:
        return message_from_bytes(self.received.content, policy=policy.default)  # type: ignore[return-value]

    @cached_property
    def decrypted(self) -> tuple[bytes, list[str]]:
        """The plaintext, and the status lines of gpg."""
        ciphertext = self.outer.get_payload(1).get_payload(decode=True)  # type: ignore[union-attr]
        return self.reader.decrypt(ciphertext)  # type: ignore[arg-type]

    @property
    def plaintext(self) -> bytes:
        return self.decrypted[0]

    @property
    def status(self) -> list[str]:
        return self.decrypted[1]

    @cached_property
    def inner(self) -> EmailMessage:
        return message_from_bytes(self.plaintext, policy=policy.default)  # type: ignore[return-value]

    @property
    def subject(self) -> str:
        return str(self.inner["Subject"])

    @property
    def message_id(self) -> str:
        return str(self.outer["Message-ID"])

    @property
    def text(self) -> str:
        body = self.inner.get_body(("plain",))
        assert body is not None
        return str(body.get_content())

    @property
    def attachments(self) -> dict[str, bytes]:
        found = {}
        for part in self.inner.walk():
            name = part.get_filename()
            if name:
                data = part.get_payload(decode=True)
                found[name] = data if isinstance(data, bytes) else part.as_bytes()
        return found

    @property
    def proofs(self) -> list[EmailMessage]:
        return [part.get_content() for part in self.inner.walk() if part.get_content_type() == "message/rfc822"]

    def good_signer(self) -> str | None:
        """The primary fingerprint of the good signature, None where there is none."""
        if not any(line.startswith("GOODSIG ") for line in self.status):
            return None
        valid = next(line for line in self.status if line.startswith("VALIDSIG "))
        return valid.split()[-1]


@dataclass
class World:
    """A list with coordinators and members, a gateway, and the next hop's mailboxes."""

    gateway: Gateway
    parts: Parts
    clock: FakeClock
    box: Mailbox
    host: str
    port: int
    people: dict[str, Person]
    list_key: bytes
    seen: int = 0
    opened: dict[tuple[int, str, int], Copy] = field(default_factory=dict, repr=False)
    sent: int = 0

    # --- writing ------------------------------------------------------------------------------

    def compose(
        self,
        writer: str,
        text: str,
        *,
        subject: str = "Flaw in the parser",
        attachments: Sequence[tuple[str, bytes]] = (),
        reply_to: Copy | None = None,
        references: Sequence[str] = (),
        protect: bool = True,
        to: str = LIST,
        message_id: str | None = None,
        html: str | None = None,
    ) -> bytes:
        """A mail to the list: one part encrypted to the list's key and signed by its writer."""
        person = self.people[writer]
        self.sent += 1
        own_id = message_id or f"<{self.sent}.{writer}@{person.address.partition('@')[2]}>"
        threading: dict[str, str] = {}
        if reply_to is not None:
            references = [*str(reply_to.outer.get("References", "")).split(), reply_to.message_id]
            subject = f"Re: {reply_to.subject}" if subject == "Flaw in the parser" else subject
        if references:
            threading = {"In-Reply-To": references[-1], "References": " ".join(references)}
        sender = f"{person.name} <{person.address}>"
        whole = {"Subject": subject, "From": sender, "To": to, "Message-ID": own_id, **threading}
        protected = whole if protect else None
        plaintext = entity(text, attachments, protected=protected, html=html)
        ciphertext = person.sign_encrypt(plaintext, [self.list_key], *self.faked_time())
        outer_subject = "..." if protect else subject
        return envelope_mail(
            ciphertext,
            subject=outer_subject,
            sender=sender,
            to=to,
            message_id=own_id,
            headers={} if protect else threading,
        )

    def faked_time(self) -> tuple[str, ...]:
        """GnuPG options that date a signature by the story's clock, once that is days ahead of ours."""
        if self.clock.now() - datetime.now(UTC) < timedelta(days=6):
            return ()
        return ("--faked-system-time", self.clock.now().strftime("%Y%m%dT%H%M%S!"))

    async def deliver(self, raw: bytes, *, to: str = LIST, sender: str = "someone@corp.example") -> str:
        """Hand a mail to the gateway by SMTP; give the final reply's code."""
        client = aiosmtplib.SMTP(hostname=self.host, port=self.port, start_tls=False, use_tls=False)
        await client.connect()
        try:
            response = await client.sendmail(sender, [to], raw)
        finally:
            await client.quit()
        return response[1][:3] if isinstance(response, tuple) else str(response)

    async def post(self, writer: str, text: str, **how: Any) -> bytes:
        """Compose, deliver and let the gateway come to rest; give the mail's bytes."""
        raw = self.compose(writer, text, **how)
        await self.deliver(raw, to=how.get("to", LIST))
        await self.settle()
        return raw

    # --- time and delivery --------------------------------------------------------------------

    async def settle(self) -> None:
        await self.gateway.settle()

    async def pass_time(self, seconds: float) -> None:
        self.clock.advance(seconds)
        await self.settle()

    # --- reading ------------------------------------------------------------------------------

    def inbox(self, reader: str) -> list[Copy]:
        """Every mail that reached a person, to be opened with that person's own key alone."""
        person = self.people[reader]
        return [self.open(person, received) for received in self.box.to(person.address)]

    def last(self, reader: str, subject: str = "") -> Copy:
        """The latest mail to a person, perhaps the latest with a subject that holds a text."""
        mails = self.inbox(reader)
        for copy in reversed(mails):
            if subject in copy.subject:
                return copy
        raise AssertionError(f"{subject} is in none of {[copy.subject for copy in mails]}")

    def subjects(self, reader: str) -> list[str]:
        return [copy.subject for copy in self.inbox(reader)]

    def open(self, person: Person, received: Received) -> Copy:
        which = (id(person), person.fingerprint, id(received))  # the mailbox keeps every mail: no id comes twice
        return self.opened.setdefault(which, Copy(received, person))

    def disclosure_id(self, reader: str = "alice") -> str:
        """The id of the disclosure that a coordinator's latest receipt tells of."""
        found = re.search(r"\[([A-Z]+-\d{4}-[0-9A-Z]{4})\]", self.last(reader, "Receipt").subject)
        assert found is not None
        return found[1]


def table_of(directory: Path, relay_port: int, **changes: dict[str, Any]) -> dict[str, Any]:
    """What the configuration file of a story holds; ``changes`` are merged in, ``list`` into the list's table."""
    table: dict[str, Any] = {
        "gateway": {"state_dir": str(directory / "state"), "hostname": "mx.lists.example.org"},
        "smtp": {"listen": "127.0.0.1:0"},
        "relay": {"host": "127.0.0.1", "port": relay_port, "retry_pauses": ["1m", "5m"]},
        "storage": {"master_key_file": str(directory / "master.key")},
        "lists": {
            "early-disclosure": {
                "address": LIST,
                "name": "Example early disclosure",
                "release_grace": "0s",
                "policy_file": str(directory / "policy.md"),
            }
        },
    }
    if (url := storage_url.get()) is not None:
        table["storage"]["url"] = url
    for name, change in changes.items():
        section = table["lists"]["early-disclosure"] if name == "list" else table.setdefault(name, {})
        section.update(change)
    return table


def configured(directory: Path, relay_port: int, **changes: dict[str, Any]) -> configuration.Config:
    """The configuration of a story."""
    return configuration.read(table_of(directory, relay_port, **changes), directory / "config.toml")


MEMBERS = {
    "north": ("Northwind", ("distributors",)),
    "south": ("Southgate", ("distributors",)),
    "west": ("Westlake", ("cloud",)),
}


async def enrol(parts: Parts, people: dict[str, Person], keys: dict[str, Sequence[bytes]] | None = None) -> None:
    """Pin the coordinators and members of a story."""
    now = parts.clock.now()
    for key, person in people.items():
        is_member = key in MEMBERS
        if not is_member and not key.startswith(("alice", "adam")):
            continue
        name, groups = MEMBERS.get(key, (person.name, ()))
        for_person = (keys or {}).get(key, (person.public,))
        judged = [await groundwork.judged(parts, material) for material in for_person]
        async with parts.database.transaction() as tx:
            person_id = await roster.add_person(
                tx,
                list_id="early-disclosure",
                role=Role.MEMBER if is_member else Role.COORDINATOR,
                address=person.address,
                name=name,
                groups=groups,
                policy_hash=None,
                now=now,
            )
            for facts, public in judged:
                await roster.pin_key(
                    tx,
                    person_id=person_id,
                    list_id="early-disclosure",
                    fingerprint=facts.fingerprint,
                    public=public,
                    algorithm=facts.algorithm,
                    expires_at=facts.expires_at,
                    flaw=None,
                    now=now,
                )


ZONE = "America/Los_Angeles"  # of a list that names none
STEADY = "America/Phoenix"  # no summer time: whatever the season, its days have 24 hours


def just_gone(now: datetime, zone: str) -> str:
    """A minute that is over: the first digest of a story comes a day later, at whatever time it is told."""
    here = now.astimezone(ZoneInfo(zone))
    return f"{max(here - timedelta(minutes=1), here.replace(hour=0, minute=0, second=0)):%H:%M}"


@asynccontextmanager
async def world(
    directory: Path, people: dict[str, Person], *, pinned: Sequence[str] | None = None, **changes: dict[str, Any]
) -> AsyncIterator[World]:
    """Set up and open a gateway with the given people (those of ``pinned``, or all that are known) on its list."""
    clock = FakeClock(datetime.now(UTC).replace(microsecond=0))
    async with Mailbox() as box:
        table = table_of(directory, box.port, **changes)
        own = table["lists"]["early-disclosure"]
        own.setdefault("digest_at", just_gone(clock.now(), own.get("timezone", ZONE)))
        config = configuration.read(table, directory / "config.toml")
        await groundwork.lay(config, table_of(directory, box.port))
        if len(config.lists) > 1:
            await initialise(config, clock=clock)  # the keys of the other lists
        async with open_parts(config, clock=clock) as parts:
            chosen = people if pinned is None else {name: people[name] for name in pinned}
            await enrol(parts, chosen)
            async with running(parts, box, people) as story:
                yield story


@asynccontextmanager
async def running(parts: Parts, box: Mailbox, people: dict[str, Person]) -> AsyncIterator[World]:
    """A gateway over parts that are set up already: also after a crash."""
    async with parts.database.reading() as tx:
        row = await roster.list_key(tx, "early-disclosure")
    assert row is not None
    for person in people.values():
        person.know(row.public)
    gateway = Gateway(parts)
    host, port = await gateway.start()
    clock = parts.clock
    assert isinstance(clock, FakeClock)
    try:
        yield World(gateway, parts, clock, box, host, port, people, row.public)
    finally:
        await gateway.close()


__all__ = ["LIST", "OWNER", "Copy", "World", "asyncio", "entity", "envelope_mail", "replace", "world"]
