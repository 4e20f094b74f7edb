"""``Status:`` what a member tells of how far it is; the latest one stands beside its copies."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from gateway import safe
from gateway.particulars import Status
from storage import disclosures

if TYPE_CHECKING:
    from gateway.incoming import Incoming
    from policy.acts import TellStatus
    from policy.control import Complaint
    from policy.facts import Person


async def refuse(_incoming: Incoming, _writer: Person, _act: TellStatus) -> Complaint | None:
    """Nothing speaks against telling."""
    return None


async def tell(incoming: Incoming, writer: Person, act: TellStatus) -> str:
    """Keep it, in the place of the one before."""
    if incoming.particulars is None or incoming.disclosure is None:
        error = "a known disclosure has particulars"
        raise ValueError(error)
    others = tuple(one for one in incoming.particulars.statuses if one.person != writer.id)
    status = Status(writer.id, incoming.now.isoformat(), act.text)
    incoming.particulars = replace(incoming.particulars, statuses=(*others, status))
    item = await disclosures.particulars_item(incoming.tx, incoming.disclosure.id)
    await safe.change_json(incoming.parts, incoming.tx, item, incoming.particulars.to_json())
    await incoming.audit("status", incoming.disclosure.id, "", {"person": writer.id})
    return "Your status is with the coordinators; a new one takes its place."
