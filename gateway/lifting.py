"""A public date on a list where a coordinator and not the clock ends the embargo (row 12): asked, until decided."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from gateway.notices import dates as notices_dates
from gateway.sending import posting
from policy import disclosure as table
from policy.disclosure import Event
from policy.facts import MessageKind
from storage import disclosures, duties
from storage.disclosures import LIFT_DUE, LIFT_OVERDUE

if TYPE_CHECKING:
    from datetime import datetime

    from gateway.parts import Parts
    from gateway.sending.content import Setting
    from policy.facts import Disclosure
    from storage.database import Tx

AGAIN_AFTER = timedelta(days=1)
ALARM_AFTER = timedelta(hours=1)


async def ask(parts: Parts, tx: Tx, setting: Setting, now: datetime) -> None:
    """Row 12: the date has come; the coordinators are asked, and the pager is told an hour after the date."""
    disclosure = setting.disclosure
    await _tell(parts, tx, setting, now, again=False)
    for kind, at in ((LIFT_DUE, now + AGAIN_AFTER), (LIFT_OVERDUE, disclosure.embargo_until + ALARM_AFTER)):
        await duties.put(tx, kind=kind, ref=disclosure.id, list_id=disclosure.list_id, due_at=at)


async def undecided(parts: Parts, tx: Tx, disclosure_id: str, now: datetime) -> Disclosure | None:
    """The disclosure, while its date has come and nobody has ended its embargo or named a later date."""
    disclosure = await disclosures.get(tx, disclosure_id)
    if disclosure is None or parts.lists[disclosure.list_id].by_clock:
        return None
    return disclosure if table.due(disclosure, now, by_clock=False) is Event.LIFT_ASKED else None


async def remind(parts: Parts, tx: Tx, setting: Setting, now: datetime) -> None:
    """Ask again what is undecided, and see to it that it is asked once more."""
    disclosure = setting.disclosure
    await parts.trail.append(
        tx, at=now, event="lift-reminder", id=disclosure.id, list_id=disclosure.list_id, actor="gateway"
    )
    await _tell(parts, tx, setting, now, again=True)
    again_at = now + AGAIN_AFTER
    await duties.put(tx, kind=LIFT_DUE, ref=disclosure.id, list_id=disclosure.list_id, due_at=again_at)


async def _tell(parts: Parts, tx: Tx, setting: Setting, now: datetime, *, again: bool) -> None:
    disclosure, particulars, mailing_list = setting.disclosure, setting.particulars, setting.mailing_list
    kept = particulars.notice.name if particulars.notice and mailing_list.config.public_address else None
    zone = mailing_list.config.timezone
    await posting.tell_coordinators(
        parts,
        tx,
        mailing_list,
        notices_dates.lift_asked(disclosure, particulars.subject, zone, now, notice=kept, again=again),
        now=now,
        kind=MessageKind.RECEIPT,
        disclosure=disclosure,
    )
