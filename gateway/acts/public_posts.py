"""``Public-Post:`` a coordinator tells where the public notice stands."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from gateway import safe
from policy.control import Complaint
from policy.facts import State
from storage import disclosures

if TYPE_CHECKING:
    from gateway.incoming import Incoming
    from policy.acts import TellPublicPost
    from policy.facts import Person


async def refuse(incoming: Incoming, _writer: Person, _act: TellPublicPost) -> Complaint | None:
    """While the embargo lasts there is none; what is out before its time is a leak, or a fact."""
    disclosure = incoming.disclosure
    if disclosure is None or disclosure.state in {State.LIFTED, State.CLOSED}:
        return None
    why = f"its embargo is not over (it is {disclosure.state}); if it is out already, say `Fact: public`"
    return Complaint("Public-Post:", why)


async def tell(incoming: Incoming, _writer: Person, act: TellPublicPost) -> str:
    """Keep it, in the place of an earlier one; the first time counts for when."""
    disclosure, particulars = incoming.disclosure, incoming.particulars
    if disclosure is None or particulars is None:
        error = "an act without a disclosure is refused before"
        raise ValueError(error)
    incoming.particulars = replace(particulars, public_post=act.where)
    item = await disclosures.particulars_item(incoming.tx, disclosure.id)
    await safe.change_json(incoming.parts, incoming.tx, item, incoming.particulars.to_json())
    at = disclosure.public_post_at or incoming.now
    incoming.disclosure = replace(disclosure, public_post_at=at)
    await disclosures.update(incoming.tx, disclosure.id, public_post_at=at)
    await incoming.audit("public-post", disclosure.id)
    return "Where the public notice stands is noted."
