"""Bounces that come back to a copy's own return path (RFC 3464): that copy alone is settled."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.sending import reports
from policy.facts import CopyState
from policy.intake import Door
from storage import outbox

if TYPE_CHECKING:
    from gateway.envelope import Envelope
    from gateway.incoming import Incoming
    from gateway.parts import Parts


async def tells_failure(parts: Parts, door: Door, envelope: Envelope) -> bool:
    """Whether a mail is a bounce that tells of a delivery failed for good; read before any transaction."""
    if door is not Door.BOUNCES or envelope.sender:
        return False
    return await parts.parser.failed_permanently(envelope.content)


async def take_bounce(incoming: Incoming) -> None:
    """Settle the copy whose return path it came to, where it says that delivery failed for good.

    The token is unguessable and belongs to one copy, the sender must be the null one, and nothing
    but this copy changes: a forged bounce removes nobody (THREATS T49).
    """
    addressed = incoming.parts.lists.find(incoming.envelope.recipient)
    if incoming.door is not Door.BOUNCES or incoming.envelope.sender or addressed is None:
        return
    copy = await outbox.by_token(incoming.tx, addressed.token)
    if copy is None or copy.list_id != incoming.mailing_list.id or copy.state is not CopyState.SENT:
        return
    if not incoming.tells_failure:
        return
    reason = "came back as undeliverable"
    await outbox.settle(
        incoming.tx, copy.id, state=CopyState.BOUNCED, reason=reason, now=incoming.now, attempts=copy.attempts
    )
    await incoming.audit("copy-bounced", copy.message_id, reason, {"copy": copy.id})
    await reports.copy_bounced(incoming.parts, incoming.tx, copy, reason, incoming.now)
