"""After the lift: is it public? Nobody notices a missing public notice, so somebody is asked until one is on record."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway import safe
from gateway.notices import reminders as notices_reminders
from gateway.particulars import Particulars
from gateway.sending import posting, reports
from policy.facts import CopyState, MessageKind, State
from policy.reminders import next_after
from policy.upstream import holding
from storage import disclosures, duties, outbox

if TYPE_CHECKING:
    from datetime import datetime

    from gateway.lists import MailingList
    from gateway.parts import Parts
    from gateway.release import DoDuty
    from policy.facts import Disclosure
    from storage.database import Tx

NO_POST = "no-public-post"


async def plan(tx: Tx, mailing_list: MailingList, disclosure: Disclosure, now: datetime) -> None:
    """Have the clock ask after a lift; of what is not lifted, or may not be published yet, nothing is asked."""
    since = due_since(disclosure)
    at = next_after(since, mailing_list.config.public_post_alarm, now) if since is not None else None
    if at is None:
        await duties.finish(tx, kind=NO_POST, ref=disclosure.id, now=now)
    else:
        await duties.put(tx, kind=NO_POST, ref=disclosure.id, list_id=disclosure.list_id, due_at=at)


def due_since(disclosure: Disclosure) -> datetime | None:
    """Since when a public notice is to be expected; None where it is not lifted, or may not be published yet.

    A fact lifts although a third party's embargo holds: then it is expected after that is over.
    """
    if disclosure.state is not State.LIFTED or disclosure.ended_at is None or holding(disclosure):
        return None
    return max([disclosure.ended_at, *(one.over_at for one in disclosure.upstreams if one.over_at is not None)])


async def ask(parts: Parts, tx: Tx, mailing_list: MailingList, ref: str, now: datetime) -> None:
    """Nothing is on record: the pager is told, and the coordinators, with the line to paste."""
    disclosure = await disclosures.get(tx, ref)
    if disclosure is None or disclosure.state is not State.LIFTED:
        return
    if holding(disclosure) or await is_out(tx, disclosure):
        return
    item = await disclosures.particulars_item(tx, disclosure.id)
    particulars = Particulars.from_json(await safe.take_json(parts, tx, item))
    kept = particulars.notice.name if particulars.notice and mailing_list.config.public_address else None
    zone = mailing_list.config.timezone
    notice = notices_reminders.no_public_post(disclosure, particulars.subject, kept, zone, now)
    await posting.tell_coordinators(parts, tx, mailing_list, notice, now=now, disclosure=disclosure)
    await reports.raise_alarm(parts, tx, kind=NO_POST, ref=disclosure.id, list_id=disclosure.list_id, now=now)
    await plan(tx, mailing_list, disclosure, now)


async def is_out(tx: Tx, disclosure: Disclosure) -> bool:
    """Whether a public notice is on record: a coordinator told where, or the gateway's own was delivered."""
    if disclosure.public_post_at is not None:
        return True
    own = await outbox.of_disclosure(tx, disclosure.id, kinds={MessageKind.PUBLIC_NOTICE})
    return any(copy.state is CopyState.SENT for copy in own)


DUTIES: dict[str, DoDuty] = {NO_POST: ask}
"""How it is done; handed to ``gateway.release.Release``."""
