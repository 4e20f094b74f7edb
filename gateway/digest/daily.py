"""When a list's digest goes out: each morning that something waits, once, and late after an outage rather than not."""

from __future__ import annotations

from datetime import time
from typing import TYPE_CHECKING

from gateway.digest import sections
from gateway.notices import digest as notices_digest
from gateway.sending import posting
from policy.digests import first_at, next_at
from storage import duties

if TYPE_CHECKING:
    from datetime import datetime

    from gateway.lists import MailingList
    from gateway.parts import Parts
    from gateway.release import DoDuty
    from storage.database import Tx

DIGEST = "digest"
MORNING = time(9)
"""When strangers' mail is told on a list that wants nothing repeated."""


def _at(mailing_list: MailingList) -> time:
    return mailing_list.config.digest_at or MORNING


async def plan(tx: Tx, mailing_list: MailingList, now: datetime) -> None:
    """See to it that a list has its digest; one that is planned stays as it is."""
    at = first_at(_at(mailing_list), mailing_list.config.timezone, now)
    await duties.add(tx, kind=DIGEST, ref=mailing_list.id, list_id=mailing_list.id, due_at=at, again=True)


async def send(parts: Parts, tx: Tx, mailing_list: MailingList, ref: str, now: datetime) -> None:
    """Tell the coordinators what waits, as it stands now, and plan the next one; nothing where nothing waits."""
    config = mailing_list.config
    await duties.put(
        tx, kind=DIGEST, ref=ref, list_id=mailing_list.id, due_at=next_at(_at(mailing_list), config.timezone, now)
    )
    found = await sections.gather(parts, tx, mailing_list, now)
    if not found:
        return
    notice = notices_digest.digest(mailing_list.name, found, mailing_list.address, config.timezone, now)
    await posting.tell_coordinators(parts, tx, mailing_list, notice, now=now)
    await sections.told(tx, mailing_list, now)
    await parts.trail.append(
        tx,
        at=now,
        event="digest",
        id=mailing_list.id,
        list_id=mailing_list.id,
        actor="gateway",
        reason="",
        detail={one.name: one.count for one in found},
    )


DUTIES: dict[str, DoDuty] = {DIGEST: send}
"""How it is done; handed to ``gateway.release.Release``."""
