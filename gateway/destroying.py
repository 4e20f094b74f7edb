"""Retention: what people wrote of a disclosure is destroyed for ever; the record of what happened stays.

TRUST: what is dropped are the data keys, in one transaction with the word in the trail. What was
destroyed can be asked for by nobody, the operator and the holder of the master key included. What the
disks under the database or its backups still hold is told in docs/operate.md.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from gateway import closing, safe
from gateway.notices import closing as notices
from gateway.particulars import Particulars
from gateway.scene import Scene
from gateway.sending import posting
from policy import closing as table
from policy.closing import Ageing
from policy.facts import State
from storage import ageing, disclosures, duties, leaks, quarantine

if TYPE_CHECKING:
    from datetime import datetime

    from gateway.lists import MailingList
    from gateway.parts import Parts
    from gateway.release import DoDuty
    from policy.facts import Disclosure
    from storage.database import Tx

STILL_OPEN = "still-open"


def husk(particulars: Particulars, now: datetime) -> Particulars:
    """What is left of the particulars: dates that were proposed and voted on, and where the public notice stands."""
    return Particulars(
        subject=f"(content destroyed on {now:%Y-%m-%d})",
        stop_code="",
        proposals=particulars.proposals,
        public_post=particulars.public_post,
    )


async def destroy(scene: Scene, disclosure: Disclosure, before: datetime, headline: str) -> None:
    """Destroy the content of a disclosure, as far as it is from before an instant, and tell the coordinators."""
    parts, tx, now = scene.parts, scene.tx, scene.now
    called_off = await _destroy_belongings(scene, disclosure, before)
    old = await disclosures.particulars_item(tx, disclosure.id)
    left = husk(Particulars.from_json(await safe.take_json(parts, tx, old)), now)
    new = await safe.keep_json(parts, tx, left.to_json(), now)
    after = replace(disclosure, destroyed_at=now)
    await disclosures.update(tx, disclosure.id, destroyed_at=now, particulars_item=new)
    await ageing.destroy(tx, [old], (), now)
    notice = notices.destroyed(disclosure.id, headline, called_off)
    await posting.tell_coordinators(parts, tx, scene.mailing_list, notice, now=now, disclosure=after)


async def _destroy_belongings(scene: Scene, disclosure: Disclosure, before: datetime) -> int:
    """Destroy what there is of it, in the trail as well; give how many copies were called off by that."""
    tx, now = scene.tx, scene.now
    spared = [entry.mail_id for entry in await closing.possible_leaks(tx, disclosure.list_id)]
    found = await ageing.belongings(tx, disclosure.id, before, spared)
    called_off = await ageing.call_off(tx, found.messages, "content destroyed", now)
    count = await ageing.destroy(tx, found.items, found.messages, now)
    for quarantine_id in sorted(found.kept):
        await quarantine.set_state(tx, quarantine_id, "expired", now)
        await scene.audit("quarantine-expired", quarantine_id, "retention")
    detail: dict[str, object] = {"items": count, "called_off": called_off}
    await scene.audit("content-destroyed", disclosure.id, "", detail)
    return called_off


# --- by the clock -----------------------------------------------------------------------------


class Retention:
    """Ages what is over: closes it, and destroys its content, each when its time has come."""

    def __init__(self, parts: Parts) -> None:
        """Take the parts."""
        self._parts = parts

    async def over(self, now: datetime) -> tuple[tuple[str, str], ...]:
        """What the clock may have to age: (list, disclosure), or (list, "") for what is of no thread."""
        found: list[tuple[str, str]] = []
        async with self._parts.database.reading() as tx:
            for mailing_list in self._parts.lists:
                retention, ids = mailing_list.config.retention, set(await ageing.unfinished(tx, mailing_list.id))
                if retention is not None:
                    spared = [entry.mail_id for entry in await closing.possible_leaks(tx, mailing_list.id)]
                    ids |= set(await ageing.with_late_mails(tx, mailing_list.id, now - retention, spared))
                    if await ageing.loose_messages(tx, mailing_list.id, now - retention):
                        found.append((mailing_list.id, ""))
                found += [(mailing_list.id, one) for one in sorted(ids)]
        return tuple(found)

    async def age(self, list_id: str, disclosure_id: str, now: datetime) -> bool:
        """Do what is due of one disclosure, or of what is of no thread; says whether anything was done."""
        parts = self._parts
        async with parts.database.transaction() as tx:
            scene = Scene(parts, tx, parts.lists[list_id], now, "gateway")
            disclosure = await disclosures.get(tx, disclosure_id) if disclosure_id else None
            if disclosure is not None:
                done, is_destroyed = await _age(scene, disclosure)
            else:
                done = is_destroyed = await _age_loose(scene)
        if is_destroyed:
            await parts.database.checkpoint()
        return done


async def _age(scene: Scene, disclosure: Disclosure) -> tuple[bool, bool]:
    """Whether anything was done, and whether anything was destroyed."""
    tx, now, terms = scene.tx, scene.now, closing.terms_of(scene.mailing_list)
    cases = await leaks.of_disclosure(tx, disclosure.id)
    instants = [at for case in cases for at in (case.reported_at, case.assessed_at) if at is not None]
    match table.due(disclosure, max(instants, default=None), terms, now):
        case Ageing.CLOSE:
            return await _close(scene, disclosure), False
        case Ageing.DESTROY if terms.retention is not None:
            if table.judge_destroy(disclosure, await closing.what_is_left(tx, disclosure)) is not None:
                return False, False
            await destroy(scene, disclosure, now - terms.retention, "Its content is destroyed, as its time is over")
            return True, True
        case _:
            pass
    if disclosure.destroyed_at is None or disclosure.state is State.LIFTED or terms.retention is None:
        return False, False
    if any(case.state != "closed" for case in cases):
        return False, False
    await _destroy_belongings(scene, disclosure, now - terms.retention)  # what came since
    return True, True


async def _close(scene: Scene, disclosure: Disclosure) -> bool:
    if await closing.judge(scene.tx, disclosure) is None:
        await duties.drop(scene.tx, kind=STILL_OPEN, ref=disclosure.id)
        await closing.close_and_tell(scene, disclosure, "Closed, as nothing of it is open any more")
        return True
    # Told once: the cases have reminders of their own, and it is looked at again every hour.
    await duties.add(scene.tx, kind=STILL_OPEN, ref=disclosure.id, list_id=disclosure.list_id, due_at=scene.now)
    return False


async def _age_loose(scene: Scene) -> bool:
    """Answers to requests, previews, digests: they quote what is in threads, and age alike."""
    retention = scene.mailing_list.config.retention
    if retention is None:
        return False
    return await destroy_loose(scene, scene.now - retention)


async def destroy_loose(scene: Scene, before: datetime) -> bool:
    """Destroy what the gateway wrote outside any thread before an instant; says whether there was any."""
    messages = await ageing.loose_messages(scene.tx, scene.mailing_list.id, before)
    items = await ageing.loose_items(scene.tx, messages)
    if not items:
        return False
    count = await ageing.destroy(scene.tx, items, messages, scene.now)
    await scene.audit("content-destroyed", scene.mailing_list.id, "", {"items": count})
    return True


async def tell_still_open(parts: Parts, tx: Tx, mailing_list: MailingList, ref: str, now: datetime) -> None:
    """Its time to be closed has come: the coordinators are told what is open of it, and what ends that."""
    disclosure = await disclosures.get(tx, ref)
    refused = await closing.what_is_left(tx, disclosure) if disclosure is not None else None
    if disclosure is None or refused is None or disclosure.state is not State.LIFTED:
        return
    open_things = table.obstacles(refused)
    if open_things:
        notice = notices.still_open(disclosure.id, open_things, mailing_list.request)
        await posting.tell_coordinators(parts, tx, mailing_list, notice, now=now, disclosure=disclosure)


DUTIES: dict[str, DoDuty] = {STILL_OPEN: tell_still_open}
"""How each kind is done; handed to ``gateway.release.Release``."""
