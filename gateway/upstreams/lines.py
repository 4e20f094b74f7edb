"""What a coordinator's ``Upstream:`` lines lead to once they are accepted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway import release
from gateway.notices import upstreams as told
from gateway.sending.content import Setting
from gateway.upstreams import details, waiting
from policy.disclosure import Event
from policy.facts import MessageKind, State
from policy.upstream import holding, restricting, wait_changes
from storage import disclosures

if TYPE_CHECKING:
    from gateway.particulars import Particulars
    from gateway.scene import Scene
    from policy.facts import Disclosure


async def carry_out(scene: Scene, setting: Setting, before: Disclosure) -> list[str]:
    """Let what is under way fit the upstreams as they are stored, tell whoever is bound; what was done, in words."""
    after, parts, tx, now = setting.disclosure, scene.parts, scene.tx, scene.now
    names = [one.name for one in holding(after)]
    words = [f"The embargo of {' and '.join(names)} holds." if names else "No third party's embargo holds any more."]
    if after.state is not State.EMBARGOED:
        return words
    if restricting(after):
        await waiting.tell_less(scene, setting)
    sent = await details.settle(parts, tx, setting, now)
    words += [f"What was kept back of {sent} {'mail' if sent == 1 else 'mails'} goes to members."] if sent else []
    if wait_changes(before, after):
        zone, by_clock = scene.mailing_list.config.timezone, scene.mailing_list.by_clock
        await release.tell_bound(
            parts,
            tx,
            setting,
            lambda read_as: told.wait_changed(after, read_as.told_subject, zone, now, by_clock=by_clock),
            MessageKind.DATE_NOTICE,
            now,
        )
    return words


async def before_lift(scene: Scene, before: Disclosure, after: Disclosure, particulars: Particulars) -> Disclosure:
    """The same mail says that upstreams are over and lifts: they are over first, and what they kept back goes out."""
    if after == before:
        return before
    parts, tx, now = scene.parts, scene.tx, scene.now
    await disclosures.update(tx, before.id, upstreams=after.upstreams)
    await release.transition(parts, tx, before, after, now, actor=scene.actor, reason=Event.UPSTREAM)
    await details.settle(parts, tx, Setting(scene.mailing_list, after, particulars), now)
    return after
