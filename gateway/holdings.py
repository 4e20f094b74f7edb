"""What each member holds of a disclosure, and so what another's text may tell it (invariant 27a)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policy.audience import Holding, reply_reaches
from policy.facts import CONTENT_KINDS, CopyState, Disclosure, MessageKind, Person, Role
from storage import messages, outbox

if TYPE_CHECKING:
    from collections.abc import Sequence

    from policy.audience import Seat
    from storage.database import Tx


async def holdings(tx: Tx, disclosure: Disclosure) -> dict[int, Holding]:
    """What each member holds of a disclosure, by the copies that left or will."""
    held: dict[int, dict[str, frozenset[str]]] = {}
    for copy in await outbox.of_disclosure(tx, disclosure.id, roles={Role.MEMBER}, kinds=CONTENT_KINDS):
        if copy.person_id is not None and copy.state not in {
            CopyState.CANCELLED,
            CopyState.WITHHELD,
            CopyState.BOUNCED,
        }:
            held.setdefault(copy.person_id, {})[copy.message_id] = frozenset(copy.withheld)
    for message in await messages.of_disclosure(tx, disclosure.id, {MessageKind.REPLY}):
        if message.author_id is not None:  # what he wrote himself he holds
            held.setdefault(message.author_id, {})[message.id] = frozenset()
    return {person_id: Holding(found) for person_id, found in held.items()}


async def readers_of_all(tx: Tx, disclosure: Disclosure, writer: Person, seats: Sequence[Seat]) -> tuple[Person, ...]:
    """Members in the audience who hold all that ``writer`` holds: whatever he quotes they have already."""
    return reply_reaches(
        [seat.person for seat in seats],
        writer=writer,
        holdings=await holdings(tx, disclosure),
        audience=frozenset(seat.person.id for seat in seats if seat.inside),
    )
