"""The few mails that go in clear, signed by the list: a public notice, terms, the list's own key.

Nothing else may: what they hold is public, or is about nobody and nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.mail import compose
from gateway.notices.keys import BEGIN
from gateway.sending import posting
from gateway.sending.outcome import PUBLIC
from policy.facts import CopyState, MessageKind
from storage import messages, outbox
from storage.ids import message_id, row_id, token
from storage.records import Copy, Message

if TYPE_CHECKING:
    from datetime import datetime

    from gateway.lists import MailingList
    from gateway.parts import Parts
    from storage.database import Tx


async def send(
    parts: Parts,
    tx: Tx,
    mailing_list: MailingList,
    address: str,
    text: str,
    *,
    kind: MessageKind,
    now: datetime,
    disclosure_id: str | None = None,
    priority: int = posting.NOTICE,
) -> Message:
    """Queue one such mail; its subject is the first line of ``text``."""
    message = Message(
        id=row_id("MS"),
        list_id=mailing_list.id,
        kind=kind,
        message_id=message_id(mailing_list.domain),
        dated_at=now,
        created_at=now,
        disclosure_id=disclosure_id,
    )
    await messages.add(tx, message)
    content_id = await posting.put_content(parts, tx, message, text.encode(), now)
    copy = Copy(
        id=row_id("CP"),
        list_id=mailing_list.id,
        message_id=message.id,
        content_id=content_id,
        address=address,
        role=PUBLIC,
        kind=kind,
        state=CopyState.QUEUED,
        priority=priority,
        created_at=now,
        token=token(),
        disclosure_id=disclosure_id,
        next_at=now,
        changed_at=now,
    )
    await outbox.put(tx, copy)
    return message


def signable(kind: MessageKind, text: str) -> bytes:
    """The bytes that the list signs: the text, and beside it, where that is what was asked for, its key."""
    if kind is not MessageKind.KEY_ANSWER:
        return compose.signable(text)
    words, begin, key = text.partition(BEGIN)
    attached = ("list-key.asc", "application/pgp-keys", f"{begin}{key}".encode("ascii"))
    return compose.text_entity(words.rstrip() + "\n", [attached]).render()
