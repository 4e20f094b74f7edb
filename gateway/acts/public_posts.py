"""``Public-Post:`` a coordinator tells where the public notice stands."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from gateway import safe
from gateway.scene import scene_of
from gateway.sending.content import Setting
from policy.control import Complaint
from policy.facts import State
from storage import disclosures

if TYPE_CHECKING:
    from gateway.incoming import Incoming
    from gateway.scene import Scene
    from policy.acts import TellPublicPost
    from policy.facts import Disclosure, Person

NOTED = "Where the public notice stands is noted."


def why_not(disclosure: Disclosure) -> str | None:
    """While the embargo lasts there is none; what is out before its time is a leak, or a fact."""
    if disclosure.state in {State.LIFTED, State.CLOSED}:
        return None
    return f"its embargo is not over (it is {disclosure.state}); if it is out already, say `Fact: public`"


async def refuse(incoming: Incoming, _writer: Person, _act: TellPublicPost) -> Complaint | None:
    """Say why nothing can stand in public yet."""
    why = why_not(incoming.disclosure) if incoming.disclosure is not None else None
    return Complaint("Public-Post:", why) if why is not None else None


async def tell(incoming: Incoming, writer: Person, act: TellPublicPost) -> str:
    """Note it, as a coordinator's line asks."""
    disclosure, particulars = incoming.disclosure, incoming.particulars
    if disclosure is None or particulars is None:
        error = "an act without a disclosure is refused before"
        raise ValueError(error)
    setting = Setting(incoming.mailing_list, disclosure, particulars)
    setting = await note(scene_of(incoming, writer), setting, act.where)
    incoming.disclosure, incoming.particulars = setting.disclosure, setting.particulars
    return NOTED


async def note(scene: Scene, setting: Setting, where: str) -> Setting:
    """Keep it, in the place of an earlier one; the first time counts for when."""
    disclosure, particulars = setting.disclosure, replace(setting.particulars, public_post=where)
    item = await disclosures.particulars_item(scene.tx, disclosure.id)
    await safe.change_json(scene.parts, scene.tx, item, particulars.to_json())
    at = disclosure.public_post_at or scene.now
    await disclosures.update(scene.tx, disclosure.id, public_post_at=at)
    await scene.audit("public-post", disclosure.id)
    return replace(setting, disclosure=replace(disclosure, public_post_at=at), particulars=particulars)
