"""One mail on its way through the story: what the steps hand on to each other, inside one transaction."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gateway.notices.common import MOST_TEXT, Attachment
from gateway.scene import Scene

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from datetime import datetime

    from gateway.envelope import Envelope
    from gateway.kept.finding import KeptPost
    from gateway.lists import MailingList
    from gateway.mail.model import Payload
    from gateway.notices.common import Receipt
    from gateway.particulars import Particulars
    from gateway.parts import Parts
    from gateway.reading import Read
    from policy.facts import Disclosure, Person
    from policy.intake import Door, MailFacts
    from policy.requests import Asked
    from policy.verdicts import Kept, Verdict
    from storage.database import Tx
    from storage.records import Message


@dataclass(slots=True)
class Incoming:
    """One mail on its way through the story, inside its transaction.

    ``carry_out`` does what follows from a verdict, also for a kept mail that this one lets go. ``beside``: what
    the answer holds that brought a kept mail back.
    """

    parts: Parts
    tx: Tx
    mailing_list: MailingList
    door: Door
    envelope: Envelope
    read: Read
    now: datetime
    mail_id: str
    digest: str
    carry_out: Callable[[Incoming, Verdict], Awaitable[None]] = field(repr=False)
    tells_failure: bool = False
    people: tuple[Person, ...] = ()
    facts: MailFacts | None = None
    disclosure: Disclosure | None = None
    particulars: Particulars | None = None
    answered: Message | None = None
    taken_for: str = ""
    kept: Kept | None = None
    receipt: Receipt | None = None
    kept_post: KeptPost | None = None
    beside: Payload | None = None
    dropped_lines: tuple[int, ...] | None = None
    refused: Asked | None = None
    key_sent: bool = False
    notes: list[str] = field(default_factory=list)
    ahead: Mapping[str, Read] = field(default_factory=dict)  # kept mails that it names, read before its transaction

    async def audit(self, event: str, about: str, reason: str = "", detail: dict[str, object] | None = None) -> None:
        """Put one record into the trail, said by whoever signed the mail."""
        signer = self.signer()
        actor = signer.address if signer else "gateway"
        scene = Scene(self.parts, self.tx, self.mailing_list, self.now, actor, self.mail_id)
        await scene.audit(event, about, reason, detail)

    def signer(self) -> Person | None:
        """Whose pinned key made the signature; says nothing about whether the mail is believed."""
        if self.facts is None:
            return None
        signers = [signature.signer for signature in self.facts.signatures if signature.good and signature.signer]
        return signers[0] if signers else None

    def recognised(self) -> Person | None:
        """A pinned person whose key or address is recognisable in an unproved mail."""
        return self.signer() or (self.facts.claimed if self.facts else None)

    def attached_unless_told(self) -> tuple[Attachment, ...]:
        """The mail as it came, where a notice that holds its text does not hold all of it."""
        payload = self.read.payload
        is_told = payload is not None and len(payload.parts) == 1 and len(payload.text) <= MOST_TEXT
        return () if is_told else self.raw_attachment()

    def raw_attachment(self) -> tuple[Attachment, ...]:
        """The mail as it came, to go along sealed; of an encrypted one what was inside: only the list can open it."""
        content = self.envelope.content if self.read.inside is None else self.read.inside
        return (Attachment("as-it-came.eml", "application/octet-stream", content),)
