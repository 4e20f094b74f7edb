"""A public date on a list where a coordinator and not the clock ends the embargo (row 12): asked, until decided."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from gateway.notices import dates as notices_dates
from gateway.sending import posting, reports
from policy import disclosure as table
from policy.disclosure import Event
from policy.facts import MessageKind
from policy.upstream import lift_due
from storage import disclosures, duties
from storage.disclosures import LIFT_OVERDUE

if TYPE_CHECKING:
    from datetime import datetime

    from gateway.parts import Parts
    from gateway.sending.content import Setting
    from storage.database import Tx

ALARM_AFTER = timedelta(hours=1)


async def ask(parts: Parts, tx: Tx, setting: Setting, now: datetime) -> None:
    """Row 12: the date has come; the coordinators are asked, and the pager is told an hour after the date.

    That duty, done or not, is the sign that they were; from the next morning on the digest asks.
    """
    disclosure, particulars, mailing_list = setting.disclosure, setting.particulars, setting.mailing_list
    kept = particulars.notice.name if particulars.notice and mailing_list.config.public_address else None
    zone, late = mailing_list.config.timezone, reports.lateness(lift_due(disclosure) or now, now)
    await posting.tell_coordinators(
        parts,
        tx,
        mailing_list,
        notices_dates.lift_asked(
            disclosure,
            particulars.subject,
            zone,
            now,
            notice=kept,
            late=late,
            is_final=mailing_list.is_by_agreement(disclosure) or table.is_barred(disclosure),
        ),
        now=now,
        kind=MessageKind.RECEIPT,
        disclosure=disclosure,
    )
    due_at = (lift_due(disclosure) or now) + ALARM_AFTER
    await duties.put(tx, kind=LIFT_OVERDUE, ref=disclosure.id, list_id=disclosure.list_id, due_at=due_at)


async def overdue(parts: Parts, tx: Tx, disclosure_id: str, now: datetime) -> None:
    """An hour later: the pager is told, where nobody has ended the embargo or named a later date."""
    disclosure = await disclosures.get(tx, disclosure_id)
    if disclosure is None or parts.lists[disclosure.list_id].by_clock:
        return
    if table.due(disclosure, now, by_clock=False) is Event.LIFT_ASKED:
        await reports.raise_alarm(parts, tx, kind=LIFT_OVERDUE, ref=disclosure.id, list_id=disclosure.list_id, now=now)
