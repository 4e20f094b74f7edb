"""The kept mail that a coordinator's answer is about: a new post, kept back for its control lines alone."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gateway import safe
from gateway.reading import Read, read
from policy.facts import MessageKind
from policy.reasons import Reason
from storage import mails, messages, quarantine

if TYPE_CHECKING:
    from gateway.incoming import Incoming
    from storage.records import Message

ASKED = frozenset({Reason.CONTROL_LINES.value, Reason.NO_CONTROL_BLOCK.value, Reason.OUTSIDER_ADDRESSED.value})


@dataclass(frozen=True, slots=True)
class KeptPost:
    """A new mail that is kept back for its control lines alone: its entry in quarantine, and what it says."""

    mail_id: str
    quarantine_id: str
    writer_id: int
    read: Read = field(repr=False)

    @property
    def attachments(self) -> tuple[str, ...]:
        """The file names of its attachments."""
        payload = self.read.payload
        return tuple(part.filename for part in payload.parts if part.is_attachment) if payload else ()


async def find(incoming: Incoming, answered: Message) -> KeptPost | None:
    """The kept mail that a complaint is about; None where it is no new mail, or is not kept any more."""
    if answered.kind is not MessageKind.COMPLAINT or answered.disclosure_id is not None or answered.mail_id is None:
        return None
    tx, parts, list_id = incoming.tx, incoming.parts, incoming.mailing_list.id
    kept = [entry for entry in await quarantine.ls(tx, list_id) if entry.mail_id == answered.mail_id]
    mail = await mails.get(tx, answered.mail_id)
    if mail is None or mail.raw_item is None or mail.signer_id is None or not kept:
        return None
    if not set(kept[0].reasons) <= ASKED:
        return None
    raw = await safe.take(parts, tx, mail.raw_item)
    seen = await read(parts, await parts.lists.ring(parts, tx, list_id), raw, mail.envelope_from)
    if seen.payload is None or await messages.by_headers(
        tx, list_id, (*seen.headers.in_reply_to, *seen.headers.references)
    ):
        return None  # what answered a mail of ours was meant for its readers, and is no new mail of anybody's
    return KeptPost(mail.id, kept[0].id, mail.signer_id, seen)
