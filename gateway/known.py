"""What coordinators know for a fact of a disclosure: that it is public ends its embargo (row 14)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from gateway import release
from policy.disclosure import Event, Refusal, move
from storage import disclosures

if TYPE_CHECKING:
    from gateway.scene import Scene
    from policy.facts import Disclosure


async def is_public(scene: Scene, disclosure: Disclosure, *, cause: str) -> Disclosure:
    """Note that a disclosure is public, for ever; where it still was a secret, everybody bound is told at once.

    What waited for its release stays unsent, and the public notice as well: both take a coordinator's fresh order.
    """
    after = disclosure
    if disclosure.fact_public_at is None:
        after = replace(disclosure, fact_public_at=scene.now)
        await disclosures.update(scene.tx, disclosure.id, fact_public_at=scene.now)
        await scene.audit("fact-confirmed", disclosure.id, "public")
    if isinstance(move(after.state, Event.FACT_PUBLIC), Refusal):
        return after
    return await release.lift(scene.parts, scene.tx, after, scene.now, cause=cause, actor=scene.actor, publish=False)
