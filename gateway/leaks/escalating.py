"""The alarm of a proved leak, sounded again until a coordinator has taken it; counted for each case."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.leaks.choices import choices
from gateway.notices import leak as notices_leak
from gateway.sending import posting, reports
from policy.facts import MessageKind
from policy.leakcase import UNASSESSED
from storage import alarms, disclosures, duties, leaks

if TYPE_CHECKING:
    from datetime import datetime

    from gateway.lists import MailingList
    from gateway.parts import Parts
    from gateway.scene import Scene
    from storage.database import Tx
    from storage.records import LeakRecord

AGAIN = "leak-alarm"


async def plan(tx: Tx, mailing_list: MailingList, leak_id: str, since: datetime, now: datetime) -> None:
    """Have the clock sound the alarm again at the next age that ``escalate`` names; after the last one no more."""
    ahead = [since + age for age in mailing_list.config.escalate if since + age > now]
    if ahead:
        await duties.put(tx, kind=AGAIN, ref=leak_id, list_id=mailing_list.id, due_at=min(ahead))


async def sound_again(parts: Parts, tx: Tx, mailing_list: MailingList, ref: str, now: datetime) -> None:
    """Mail and pager once more, where nobody has taken it yet."""
    case = await leaks.get(tx, ref)
    if case is None or case.acked_at is not None or case.state not in UNASSESSED:
        return
    await reports.raise_alarm(parts, tx, kind="leak", ref=case.id, list_id=case.list_id, now=now)
    disclosure = await disclosures.get(tx, case.disclosure_id) if case.disclosure_id else None
    await posting.notify(
        parts,
        tx,
        mailing_list,
        await posting.coordinators(tx, case.list_id),
        notices_leak.again(
            await choices(tx, case.id, disclosure, now), case.reported_at, mailing_list.config.timezone, now
        ),
        kind=MessageKind.ALARM,
        now=now,
        thread=await posting.thread_of(tx, disclosure),
        priority=posting.LEAK,
        leak_id=case.id,
    )
    await plan(tx, mailing_list, case.id, case.reported_at, now)


async def take(scene: Scene, case: LeakRecord) -> None:
    """Somebody has the alarm of a case in hand: neither mail nor pager repeats it."""
    await leaks.change(scene.tx, case.id, acked_at=scene.now)
    await duties.finish(scene.tx, kind=AGAIN, ref=case.id, now=scene.now)
    for alarm in await alarms.ls(scene.tx):
        if alarm.ref == case.id and alarm.state != "acked":
            await alarms.ack(scene.tx, alarm.id, scene.now)
    await scene.audit("leak-acked", case.id)
