"""Mails as they were received: the same one twice is known, and so is the same signature in another envelope."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import insert, select, update

from storage import tables as t
from storage.database import Tx
from storage.records import MailRecord
from storage.rows import clip, insert_if_new, record_of, values_of


async def add(tx: Tx, mail: MailRecord) -> None:
    """Record a mail. Raises Conflict, with the transaction, when these bytes came to that recipient before."""
    await tx.execute(insert(t.mails), values_of(mail) | {"envelope_from": clip(mail.envelope_from, 320)})


async def get(tx: Tx, mail_id: str) -> MailRecord | None:
    """Return a mail's record."""
    row = (await tx.execute(select(t.mails).where(t.mails.c.id == mail_id))).mappings().first()
    return record_of(MailRecord, row) if row is not None else None


async def seen_before(tx: Tx, *, list_id: str, recipient: str, digest: str) -> MailRecord | None:
    """Return the record of the same bytes, sent to the same recipient before."""
    query = select(t.mails).where(
        t.mails.c.list_id == list_id, t.mails.c.recipient == recipient, t.mails.c.digest == digest
    )
    row = (await tx.execute(query)).mappings().first()
    return record_of(MailRecord, row) if row is not None else None


async def count_again(tx: Tx, mail_id: str) -> None:
    """Count one more time that a mail came."""
    await tx.execute(update(t.mails).where(t.mails.c.id == mail_id).values(times_seen=t.mails.c.times_seen + 1))


async def set_taken_for(
    tx: Tx, mail_id: str, taken_for: str, disclosure_id: str | None = None, signer_id: int | None = None
) -> None:
    """Say what a mail was taken for; what is None stays as it was."""
    known = {"disclosure_id": disclosure_id, "signer_id": signer_id}
    changes = {name: value for name, value in known.items() if value is not None}
    await tx.execute(update(t.mails).where(t.mails.c.id == mail_id).values(taken_for=taken_for, **changes))


async def signature_owner(tx: Tx, list_id: str, signature_id: str) -> str | None:
    """Return the id of the mail in which that signature came first."""
    return await tx.scalar(
        select(t.signatures.c.mail_id).where(
            t.signatures.c.list_id == list_id, t.signatures.c.signature_id == signature_id
        )
    )


async def note_signature(tx: Tx, *, list_id: str, signature_id: str, mail_id: str, now: datetime) -> None:
    """Note in which mail a signature came; the first mail stays its owner."""
    row = {"list_id": list_id, "signature_id": signature_id, "mail_id": mail_id, "seen_at": now}
    await insert_if_new(tx, t.signatures, row)
