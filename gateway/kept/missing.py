"""A second coordinator is missing: the others are asked again, and the pager is told, until one approves."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from gateway.kept import mails as kept_mails
from gateway.kept.approvals import AGAIN, APPROVAL, waiting
from gateway.notices import common as notices
from gateway.sending import posting, reports
from storage import duties

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from gateway.kept.mails import Apply
    from gateway.lists import MailingList
    from gateway.parts import Parts
    from gateway.reading import Read
    from gateway.release import DoDuty, PrepareDuty
    from storage.database import Tx

ASK_AGAIN = timedelta(hours=24)


def prepared(carry_out: Apply) -> dict[str, PrepareDuty]:
    """How it is done; handed to ``gateway.release.Release``. ``carry_out`` tries what waits, to be taken back."""
    return {kind: partial(_prepare, carry_out, kind == APPROVAL) for kind in (APPROVAL, AGAIN)}


async def _prepare(carry_out: Apply, is_first: bool, parts: Parts, ref: str) -> DoDuty:
    """Read what waits under that id before the transaction that tries it."""
    ahead = await kept_mails.read_ahead(parts, [ref]) if ref.startswith("QU-") else {}
    return partial(_still_missing, carry_out, is_first, ahead)


async def _still_missing(
    carry_out: Apply,
    is_first: bool,
    ahead: Mapping[str, Read],
    parts: Parts,
    tx: Tx,
    mailing_list: MailingList,
    ref: str,
    now: datetime,
) -> None:
    """Nobody has approved yet: the coordinators are asked again, and the pager is told.

    From the second day on the mail is the digest's; the pager is told every day.
    Where it can't be done any more (it is over, was done otherwise, who asked is gone), that is told once.
    """
    found = await waiting(tx, ref)
    if found is None:
        return
    why = found.alone
    if found.entry is not None:
        why = await kept_mails.try_out(parts, tx, found.entry, now, carry_out, ahead) or ""
    if why or is_first:
        headline, lines = _lapsed(ref, why) if why else _missing(ref, needs_date=found.needs_date(now))
        about = found.disclosure.id if found.disclosure else None
        notice = notices.happened(about, headline, lines)
        await posting.tell_coordinators(parts, tx, mailing_list, notice, now=now, disclosure=found.disclosure)
    if why:
        return
    await reports.raise_alarm(parts, tx, kind="not-approved", ref=ref, list_id=mailing_list.id, now=now)
    await duties.put(tx, kind=AGAIN, ref=ref, list_id=mailing_list.id, due_at=now + ASK_AGAIN)


def _missing(ref: str, *, needs_date: bool) -> tuple[str, list[str]]:
    first = (
        "Its date went by: it needs a new `Embargo-Until:`, in a mail of its own, before this. " if needs_date else ""
    )
    lines = [
        f"{ref} still waits for a second coordinator. {first}Whoever did not ask for it answers with this line:",
        "",
        f"Approve: {ref}",
    ]
    if ref.startswith("QU-"):
        lines += ["", f"If it is not wanted any more, send `Discard-Quarantine: {ref}` to the -request address."]
    return "A second coordinator is still missing", lines


def _lapsed(ref: str, why: str) -> tuple[str, list[str]]:
    lines = [
        f"{ref} waited for a second coordinator. It can't be done any more, so nobody is asked again:",
        "",
        f"    {why}",
    ]
    if ref.startswith("QU-"):
        way = f"It stays in quarantine until it is discarded: `Discard-Quarantine: {ref}`, to the -request address."
        lines += ["", way]
    return f"{ref} waits no more for a second coordinator", lines
