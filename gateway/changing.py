"""A disclosure's dates and third parties change: stored, told to whoever is bound, queued copies composed anew."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway import release
from gateway.kept import approvals
from gateway.notices import common as notices
from gateway.receipts import UNRELEASED
from gateway.sending import content
from gateway.upstreams import lines as upstream_lines
from policy.disclosure import Event
from policy.facts import MessageKind, State
from policy.instants import in_words
from storage import disclosures, messages

if TYPE_CHECKING:
    from gateway.scene import Scene
    from gateway.sending.content import Setting
    from policy.facts import Disclosure
    from policy.steering import SteerPlan

_CHANGEABLE = (
    "hold_until",
    "embargo_until",
    "scope",
    "tlp",
    "stopped",
    "state",
    "ended_at",
    "cause",
    "upstreams",
    "detailed",
)


async def store(scene: Scene, before: Disclosure, plan: SteerPlan) -> None:
    """Store what a plan changes, each event in the trail. A lift is no change: it is stored with its notices."""
    after = plan.after
    changes = {name: getattr(after, name) for name in _CHANGEABLE if getattr(after, name) != getattr(before, name)}
    if changes:
        await disclosures.update(scene.tx, before.id, **changes)
    for event in plan.events:
        await release.transition(scene.parts, scene.tx, before, after, scene.now, actor=scene.actor, reason=event.value)


async def carry_out(
    scene: Scene, setting: Setting, before: Disclosure, plan: SteerPlan, *, says_hold: bool
) -> list[str]:
    """Let what is under way fit the stored plan, and tell it; what was done, in words.

    ``says_hold``: a line names a hold, which is told also where it stays as it is.
    """
    after, now, zone = setting.disclosure, scene.now, scene.mailing_list.config.timezone
    words: list[str] = []
    if after.hold_until != before.hold_until:
        await messages.date_waiting(scene.tx, after.id, after.hold_until)
        if after.unapproved:
            await approvals.ask_again(scene.tx, after, now)
    if says_hold:
        waits = ", once another coordinator has approved it" if after.unapproved else ""
        words.append(f"Members get it {in_words(after.hold_until, zone, now)}{waits}.")
        words += ["It is no longer stopped."] if before.stopped else []
    if plan.has(Event.NEW_DATE):
        words.append(f"The public date is now {in_words(after.embargo_until, zone, now)}.")
        if before.state is State.EMBARGOED:
            old = before.embargo_until
            await release.tell_bound(
                scene.parts,
                scene.tx,
                setting,
                lambda told: notices.new_date(after, told.told_subject, old, zone, now),
                MessageKind.DATE_NOTICE,
                now,
            )
    if before.state not in UNRELEASED and {Event.NEW_DATE, Event.CHANGE} & set(plan.events):
        await content.compose_unsent_again(scene.parts, scene.tx, setting, now)
    if plan.has(Event.UPSTREAM):
        words += await upstream_lines.carry_out(scene, setting, before)
    return words
