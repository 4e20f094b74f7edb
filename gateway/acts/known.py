"""What coordinators know for a fact of a disclosure: public ends its embargo (row 14), attacks ask for it (row 15)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway import release
from gateway.notices import facts as notices_facts
from gateway.sending import posting
from policy.disclosure import Refusal, move
from policy.knowledge import EVENTS, FIELDS, LIFTS_AS, FactKind, learnt
from storage import disclosures

if TYPE_CHECKING:
    from gateway.scene import Scene
    from policy.facts import Disclosure


async def confirm(scene: Scene, disclosure: Disclosure, kind: FactKind, *, cause: str = "") -> Disclosure:
    """Note a fact, for ever, and do what follows; gives the disclosure as it is then.

    Where the secret is out, everybody bound is told at once; what waited for its release stays unsent, and
    the public notice as well: both take a coordinator's fresh order. Of attacks the coordinators are asked.
    """
    after = learnt(disclosure, kind, scene.now)
    is_news = after != disclosure
    if is_news:
        await disclosures.update(scene.tx, disclosure.id, **{name: getattr(after, name) for name in FIELDS})
        await scene.audit("fact-confirmed", disclosure.id, kind.value)
    if isinstance(move(after.state, EVENTS[kind]), Refusal):
        return after
    if kind is FactKind.ATTACKS:
        if is_news:
            await _ask(scene, after)
        return after
    lifts_as = cause or LIFTS_AS[kind]
    return await release.lift(scene.parts, scene.tx, after, scene.now, cause=lifts_as, actor=scene.actor, publish=False)


async def _ask(scene: Scene, disclosure: Disclosure) -> None:
    """Row 15: is it better for members to be free to speak now?"""
    setting = await release.setting_of(scene.parts, scene.tx, disclosure)
    zone = scene.mailing_list.config.timezone
    by_agreement = scene.mailing_list.is_by_agreement(disclosure)
    notice = notices_facts.decide(disclosure, setting.particulars.subject, zone, scene.now, by_agreement=by_agreement)
    await posting.tell_coordinators(
        scene.parts, scene.tx, scene.mailing_list, notice, now=scene.now, disclosure=disclosure
    )
