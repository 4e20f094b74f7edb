"""Row 19: a disclosure is closed when nothing of it is open any more; and row 16: a leak report opens it again."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from gateway import release
from gateway.notices import closing as notices
from gateway.sending import posting
from policy import closing as table
from policy.closing import Left, Terms
from policy.disclosure import Event
from policy.facts import CONTENT_KINDS, READERS, CopyState, Disclosure, State
from policy.instants import in_words
from policy.reasons import Reason
from storage import ageing, disclosures, grants, leaks, outbox, quarantine, roster

if TYPE_CHECKING:
    from gateway.lists import MailingList
    from gateway.scene import Scene
    from policy.disclosure import Refusal
    from storage.database import Tx
    from storage.records import Quarantined


def terms_of(mailing_list: MailingList) -> Terms:
    """How long a list leaves a disclosure open after its lift, and keeps its content after that."""
    return Terms(mailing_list.config.close_after, mailing_list.config.retention)


async def what_is_left(tx: Tx, disclosure: Disclosure) -> Left:
    """What is open of a disclosure."""
    cases = await leaks.of_disclosure(tx, disclosure.id)
    kept = await possible_leaks(tx, disclosure.list_id)
    return Left(
        cases=tuple((case.id, case.state) for case in cases if case.state != "closed"),
        kept=tuple(entry.id for entry in kept if entry.disclosure_id == disclosure.id),
        asked=tuple(
            one.id for one in await grants.of_disclosure(tx, disclosure.id) if one.state in {"asked", "pending"}
        ),
        on_their_way=await ageing.on_their_way(tx, disclosure.id),
    )


async def possible_leaks(tx: Tx, list_id: str) -> tuple[Quarantined, ...]:
    """The kept mails of a list that may report a leak and wait for a decision."""
    return tuple(entry for entry in await quarantine.ls(tx, list_id) if Reason.POSSIBLE_LEAK in entry.reasons)


async def judge(tx: Tx, disclosure: Disclosure) -> Refusal | None:
    """Why a disclosure can't be closed now; None where it can."""
    return table.judge_close(disclosure, await what_is_left(tx, disclosure))


async def close(scene: Scene, disclosure: Disclosure) -> tuple[Disclosure, list[str]]:
    """Close it; ``judge`` comes before. Gives the disclosure as it is then, and what was done, in words."""
    tx, now = scene.tx, scene.now
    words = ["It is closed.", *await _call_off(scene, disclosure)]
    after = replace(disclosure, state=State.CLOSED, closed_at=now)
    await disclosures.update(tx, disclosure.id, state=after.state, closed_at=now)
    await release.transition(scene.parts, tx, disclosure, after, now, actor=scene.actor, reason=Event.CLOSE.value)
    gone_at = table.destroys_at(after, terms_of(scene.mailing_list))
    if gone_at is not None:
        when = in_words(gone_at, scene.mailing_list.config.timezone, now)
        words.append(f"What was written of it is destroyed {when}; its record stays.")
    return after, words


async def _call_off(scene: Scene, disclosure: Disclosure) -> list[str]:
    """Copies that wait for a usable key don't hold it open: they are called off, and named."""
    found = await outbox.of_disclosure(scene.tx, disclosure.id, roles=READERS, kinds=CONTENT_KINDS)
    waiting = {copy.person_id for copy in found if copy.state is CopyState.WITHHELD}
    if not waiting:
        return []
    await outbox.cancel(
        scene.tx,
        now=scene.now,
        reason="closed",
        disclosure_id=disclosure.id,
        kinds=CONTENT_KINDS,
        roles=READERS,
    )
    people = await roster.people(scene.tx, disclosure.list_id, with_removed=True)
    names = sorted({person.name for person in people if person.id in waiting})
    return [f"Called off, as no usable key came: what waited for {', '.join(names)}."]


async def close_and_tell(scene: Scene, disclosure: Disclosure, headline: str, *, but: int | None = None) -> list[str]:
    """Close it and tell the coordinators (but one, who is answered); gives what was done, in words."""
    after, words = await close(scene, disclosure)
    notice = notices.closed(after.id, headline, words)
    await posting.tell_coordinators(
        scene.parts, scene.tx, scene.mailing_list, notice, now=scene.now, disclosure=after, but=but
    )
    return words


async def reopen(scene: Scene, disclosure: Disclosure) -> Disclosure:
    """Row 16: a leak case of a closed one opens it again; gives it as it is then. Any other stays as it is."""
    if disclosure.state is not State.CLOSED:
        return disclosure
    after = replace(disclosure, state=State.LIFTED, closed_at=None)
    await disclosures.update(scene.tx, disclosure.id, state=after.state, closed_at=None)
    await release.transition(
        scene.parts, scene.tx, disclosure, after, scene.now, actor=scene.actor, reason=Event.LEAK.value
    )
    return after
