"""Mails as people send them who do it wrong, or mean harm; and what the gateway made of them."""

from __future__ import annotations

from collections.abc import Sequence
from email import message_from_bytes, policy
from typing import Any

import aiosmtplib

from gateway import safe
from keys import packets
from mailbox_server import Received
from storage import audit, leaks, mails, outbox, quarantine
from storage.records import AuditRecord, LeakRecord, MailRecord, Quarantined
from world import LIST, Copy, World, entity, envelope_mail

MEMBERS = ("north", "south", "west")
DISCLOSURE = "Embargo-Until: +14d\n\nA flaw in the parser.\n"

_count = iter(range(1, 1_000_000))


def fresh_id() -> str:
    """A Message-ID that nobody used yet."""
    return f"<letter{next(_count)}@sender.example>"


def threading(copy: Copy | None) -> dict[str, str]:
    """The fields by which a mail answers another."""
    if copy is None:
        return {}
    return {"In-Reply-To": copy.message_id, "References": copy.message_id}


def clear(
    text: str,
    *,
    sender: str = "Somebody <somebody@elsewhere.example>",
    subject: str = "Hello",
    to: str = LIST,
    answers: Copy | None = None,
    headers: dict[str, str] | None = None,
) -> bytes:
    """A mail in clear."""
    fields = {"From": sender, "To": to, "Subject": subject, "Message-ID": fresh_id(), **threading(answers)}
    return _head(fields | (headers or {})) + entity(text)


def _head(fields: dict[str, str]) -> bytes:
    lines = [*(f"{name}: {value}\r\n" for name, value in fields.items()), "Date: Sun, 22 Nov 2026 01:00:00 +0000\r\n"]
    return "".join(lines).encode()


def address_of(story: World, who: str) -> str:
    """A person as From says it."""
    person = story.people[who]
    return f"{person.name} <{person.address}>"


def encrypted(
    story: World,
    ciphertext: bytes,
    *,
    who: str,
    subject: str = "...",
    to: str = LIST,
    answers: Copy | None = None,
    headers: dict[str, str] | None = None,
) -> bytes:
    """RFC 3156 s4 around any ciphertext, armored or not, under somebody's From."""
    if not ciphertext.startswith(b"-----"):
        ciphertext = packets.armor(ciphertext)
    return envelope_mail(
        ciphertext,
        subject=subject,
        sender=address_of(story, who),
        to=to,
        message_id=fresh_id(),
        headers={**threading(answers), **(headers or {})},
    )


def unsigned(story: World, text: str, *, who: str, **how: Any) -> bytes:
    """Encrypted to the list, but not signed."""
    return encrypted(story, story.people[who].encrypt(entity(text), [story.list_key]), who=who, **how)


def signed_payload(story: World, payload: bytes, *, who: str, options: Sequence[str] = (), **how: Any) -> bytes:
    """Any payload, signed and encrypted in one."""
    return encrypted(story, story.people[who].sign_encrypt(payload, [story.list_key], *options), who=who, **how)


def multipart_signed(story: World, text: str, *, who: str) -> bytes:
    """RFC 3156 s5: an entity and a signature over it."""
    part = entity(text).rstrip(b"\r\n")
    signature = story.people[who].sign_detached(part).replace(b"\n", b"\r\n")
    return b"".join(
        (
            b'Content-Type: multipart/signed; micalg=pgp-sha512; boundary="sig"; ',
            b'protocol="application/pgp-signature"\r\n\r\n--sig\r\n',
            part,
            b'\r\n--sig\r\nContent-Type: application/pgp-signature; name="signature.asc"\r\n\r\n',
            signature,
            b"\r\n--sig--\r\n",
        )
    )


def signed_only(story: World, text: str, *, who: str, subject: str = "Hello", answers: Copy | None = None) -> bytes:
    """Signed, and not encrypted."""
    fields = {"From": address_of(story, who), "To": LIST, "Subject": subject, "Message-ID": fresh_id()}
    return _head(fields | threading(answers) | {"MIME-Version": "1.0"}) + multipart_signed(story, text, who=who)


def again(raw: bytes, **changed: str) -> bytes:
    """The same signed mail in another envelope."""
    head, separator, body = raw.partition(b"\r\n\r\n")
    lines = [line for line in head.split(b"\r\n") if not line.startswith((b"Message-ID:", b"Date:"))]
    fresh = {"Message-ID": fresh_id(), "Date": "Mon, 23 Nov 2026 01:00:00 +0000", **changed}
    lines[:0] = [f"{name}: {value}".encode() for name, value in fresh.items()]
    return b"\r\n".join(lines) + separator + body


async def kept(story: World) -> list[Quarantined]:
    """What is in quarantine."""
    async with story.parts.database.reading() as tx:
        return list(await quarantine.ls(tx))


async def last_kept(story: World) -> Quarantined:
    """The latest mail in quarantine."""
    async with story.parts.database.reading() as tx:
        rows = await quarantine.ls(tx)
        seqs = {record.id: record.seq for record in await audit.ls(tx)}
    return max(rows, key=lambda row: seqs[row.id])


async def cases(story: World) -> list[LeakRecord]:
    """The leak reports, in the order in which they came."""
    async with story.parts.database.reading() as tx:
        came = {record.id: record.seq for record in await audit.ls(tx) if record.event == "leak"}
        return sorted(await leaks.ls(tx), key=lambda case: came[case.id])


async def said(story: World, case: LeakRecord) -> dict[str, Any]:
    """What a case's lines say."""
    async with story.parts.database.reading() as tx:
        return await safe.take_json(story.parts, tx, case.report_item)


async def trail(story: World) -> list[AuditRecord]:
    """The audit trail."""
    async with story.parts.database.reading() as tx:
        return list(await audit.ls(tx))


async def mail_of(story: World, mail_id: str) -> MailRecord:
    """A mail's record."""
    async with story.parts.database.reading() as tx:
        found = await mails.get(tx, mail_id)
    assert found is not None
    return found


async def token_of(story: World, message_id: str, address: str) -> str:
    """The return path's token of one copy."""
    async with story.parts.database.reading() as tx:
        rows = await outbox.of_message(tx, message_id)
    return next(row.token for row in rows if row.address == address)


def sizes(story: World, *who: str) -> dict[str, int]:
    """How many mails each person has."""
    return {
        name: len(story.box.to(story.people[name].address)) for name in who or (*MEMBERS, "alice", "adam", "mallory")
    }


async def hand_in(story: World, raw: bytes, *, to: str = LIST, sender: str = "someone@corp.example") -> int:
    """Hand a mail to the gateway by SMTP; give the code of the reply after the dot."""
    client = aiosmtplib.SMTP(hostname=story.host, port=story.port, start_tls=False, use_tls=False)
    await client.connect()
    try:
        await client.sendmail(sender, [to], raw)
    except aiosmtplib.SMTPDataError as refused:
        return refused.code
    else:
        return 250
    finally:
        client.close()


def is_signed_by_the_list(story: World, mail: Received) -> bool:
    """Whether gpg verifies the signature over the first part, as the mail stands on the wire (RFC 3156 s5)."""
    outer = message_from_bytes(mail.content, policy=policy.default)
    assert outer.get_content_type() == "multipart/signed"
    boundary = outer.get_boundary()
    assert boundary is not None
    _, signed, rest, _ = mail.content.split(b"--" + boundary.encode())
    reader = story.people["mallory"]
    data, signature = reader.home / "signed", reader.home / "signature"
    data.write_bytes(signed.removeprefix(b"\r\n").removesuffix(b"\r\n"))
    signature.write_bytes(rest.partition(b"\r\n\r\n")[2])
    ended = reader.run("--status-fd", "1", "--verify", str(signature), str(data))
    return b"GOODSIG" in ended.stdout
