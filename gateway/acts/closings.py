"""``Close:`` a coordinator closes what is over (row 19)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway import closing, storing
from gateway.scene import scene_of
from policy.control import Complaint

if TYPE_CHECKING:
    from gateway.incoming import Incoming
    from policy.acts import Close
    from policy.facts import Person


async def refuse(incoming: Incoming, _writer: Person, act: Close) -> Complaint | None:
    """Say what is open still, each with what ends it; or that a text would reach nobody."""
    disclosure, line = incoming.disclosure, f"Close: {act.ref or 'yes'}"
    if disclosure is None:
        return None
    if act.ref not in {None, disclosure.id}:
        return Complaint(line, f"this thread is about {disclosure.id}: answer there, or write to the -request address")
    refused = await closing.judge(incoming.tx, disclosure)
    if refused is not None:
        return Complaint(line, refused.why)
    if storing.has_text(incoming):
        return Complaint(line, "what stands below would reach no member any more: send it first, and close then")
    return None


async def close(incoming: Incoming, writer: Person, _act: Close) -> str:
    """Close it; the receipt tells when its content is destroyed."""
    if incoming.disclosure is None:
        return ""
    incoming.disclosure, words = await closing.close(scene_of(incoming, writer), incoming.disclosure)
    return " ".join(words)
