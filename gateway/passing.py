"""Passing a mail that belongs to no disclosure, or that members are not to read, on to the coordinators."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.notices import common as notices
from gateway.sending import posting
from policy.facts import MessageKind

if TYPE_CHECKING:
    from gateway.incoming import Incoming
    from policy.facts import Person


async def pass_on(incoming: Incoming, writer: Person) -> None:
    """Pass a reply on to the (other) coordinators, with its sender told."""
    payload = incoming.read.payload
    notice = notices.forwarded(
        incoming.envelope.sender,
        f"{writer.name} <{writer.address}>",
        (),
        incoming.read.headers.subject,
        payload.text if payload else "",
        incoming.attached_unless_told(),
    )
    await posting.tell_coordinators(
        incoming.parts,
        incoming.tx,
        incoming.mailing_list,
        notice,
        now=incoming.now,
        kind=MessageKind.FORWARD,
        disclosure=incoming.disclosure,  # an answer to it steers what it is about, and stays among coordinators
        but=writer.id,
        answered=incoming.answered.id if incoming.answered else None,
        mail_id=incoming.mail_id,
    )
    await incoming.audit("forwarded", incoming.mail_id)
