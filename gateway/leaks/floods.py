"""A flood of leak reports that nobody proved: each is a case at once, and what waits is told together soon.

The alarm of each is written and sealed when it comes, in the transaction of its case; it goes along in
the one mail that tells of them all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway import safe
from gateway.notices import leak as notices_leak
from gateway.notices.common import Attachment
from gateway.sending import posting, reports
from policy import floods
from policy.facts import MessageKind
from storage import alarms, duties, leaks, messages

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from gateway.incoming import Incoming
    from gateway.lists import MailingList
    from gateway.parts import Parts
    from policy.verdicts import LeakReport
    from storage.database import Tx
    from storage.records import LeakRecord

DIGEST = "leak-flood"
MOST_TOGETHER = 100  # alarms in a mail
MOST_BYTES = 5_000_000  # in a mail, unless one alarm alone is larger: more than that many servers don't take


async def waits(incoming: Incoming, report: LeakReport) -> bool:
    """Whether a report's alarm waits for the mail that tells several together."""
    if report.reporter is not None:
        return False
    flood, list_id = incoming.mailing_list.config.leak_flood, incoming.mailing_list.id
    rung = await alarms.leaks_rung(incoming.tx, list_id, incoming.now - flood.within)
    about = incoming.disclosure.id if incoming.disclosure else None
    return floods.waits(flood, is_proved=False, about=about, rung=rung)


async def plan(tx: Tx, mailing_list: MailingList, now: datetime) -> None:
    """Have the clock tell what waits; the first that waits says when."""
    due_at = now + mailing_list.config.leak_flood.within
    await duties.add(tx, kind=DIGEST, ref=mailing_list.id, list_id=mailing_list.id, due_at=due_at, again=True)


async def tell(parts: Parts, tx: Tx, mailing_list: MailingList, _ref: str, now: datetime) -> None:
    """Mail and pager, once for all that wait; each one's alarm goes along as it was written."""
    waiting = await leaks.unalarmed(tx, mailing_list.id)
    if not waiting:
        return
    await reports.raise_alarm(parts, tx, kind=DIGEST, ref=waiting[0].id, list_id=mailing_list.id, now=now)
    people = await posting.coordinators(tx, mailing_list.id)
    alarms_of = [(case, await _alarm_of(parts, tx, case)) for case in waiting]
    for some in _by_size(alarms_of):
        await posting.notify(
            parts,
            tx,
            mailing_list,
            people,
            notices_leak.flood(
                [(case.id, case.disclosure_id, case.reporter) for case, _ in some],
                tuple(part for _, part in some if part is not None),
            ),
            kind=MessageKind.ALARM,
            now=now,
            priority=posting.LEAK,
        )
    for case in waiting:
        await leaks.change(tx, case.id, alarmed_at=now)
    await parts.trail.append(
        tx,
        at=now,
        event="leaks-told",
        id=mailing_list.id,
        list_id=mailing_list.id,
        actor="gateway",
        detail={"cases": len(waiting)},
    )


async def _alarm_of(parts: Parts, tx: Tx, case: LeakRecord) -> Attachment | None:
    """The alarm of a case that waits, as it was written when the report came."""
    for message_id in await leaks.messages_of(tx, case.id):
        for content in await messages.contents(tx, message_id):
            return Attachment(f"{case.id}.eml", "message/rfc822", await safe.take(parts, tx, content.item))
    return None


_Alarms = list[tuple["LeakRecord", Attachment | None]]


def _by_size(found: Sequence[tuple[LeakRecord, Attachment | None]]) -> Iterator[_Alarms]:
    """The cases in portions that fit into a mail each, in their order."""
    some: _Alarms = []
    size = 0
    for case, part in found:
        more = len(part.data) if part is not None else 0
        if some and (len(some) >= MOST_TOGETHER or size + more > MOST_BYTES):
            yield some
            some, size = [], 0
        some.append((case, part))
        size += more
    yield some
