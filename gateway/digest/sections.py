"""What a digest tells: a function for each section, each from the database as it stands, none from what was noted."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gateway import publicposts, safe
from gateway.kept import approvals
from gateway.notices import digest as texts
from gateway.particulars import Particulars
from gateway.sending import reports
from policy import disclosure as table
from policy.digests import UNDECIDED_AFTER, ends_at, is_weekly
from policy.disclosure import Event
from policy.facts import GrantKind, Standing, State
from policy.leakcase import UNASSESSED
from policy.reasons import Reason
from policy.release import UPSTREAM_HOLDS
from policy.reminders import next_after
from policy.upstream import holding
from storage import disclosures, duties, grants, leaks, outbox, quarantine, roster

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime

    from gateway.lists import MailingList
    from gateway.notices.digest import Section
    from gateway.parts import Parts
    from policy.facts import Disclosure
    from storage.database import Tx

ON_PURPOSE = frozenset({UPSTREAM_HOLDS, Standing.SUSPENDED.value})
"""Why a copy is withheld where nobody has to do anything about it."""


@dataclass(frozen=True, slots=True)
class Look:
    """What a section is made from."""

    parts: Parts
    tx: Tx
    mailing_list: MailingList
    now: datetime

    @property
    def zone(self) -> str:
        """The list's time zone."""
        return self.mailing_list.config.timezone

    async def disclosures(self, *states: State) -> tuple[Disclosure, ...]:
        """The list's disclosures in some states."""
        return await disclosures.ls(self.tx, self.mailing_list.id, states)

    async def particulars(self, disclosure: Disclosure) -> Particulars | None:
        """What is sealed of a disclosure; None where it was destroyed."""
        said = await safe.find_json(self.parts, self.tx, await disclosures.particulars_item(self.tx, disclosure.id))
        return Particulars.from_json(said) if said is not None else None

    async def subject(self, disclosure: Disclosure) -> str:
        """A disclosure's subject; "" where it was destroyed."""
        found = await self.particulars(disclosure)
        return found.subject if found is not None else ""


async def gather(parts: Parts, tx: Tx, mailing_list: MailingList, now: datetime) -> tuple[Section, ...]:
    """The sections that are not empty, the most pressing first; with ``digest_at = ""`` what is told nowhere else."""
    look = Look(parts, tx, mailing_list, now)
    wanted = SECTIONS if mailing_list.config.digest_at is not None else (strangers,)
    found = [await make(look) for make in wanted]
    return tuple(one for one in found if one is not None and one.count)


async def told(tx: Tx, mailing_list: MailingList, now: datetime) -> None:
    """Note that strangers' mails are told: each is told once."""
    await quarantine.mark_told(tx, [entry.id for entry in await quarantine.untold(tx, mailing_list.id)], now)


async def leak_cases(look: Look) -> Section:
    """Cases that nobody has assessed for a day."""
    entries = [
        texts.leak(case.id, case.disclosure_id, case.reported_at, look.zone, look.now, is_proved=case.verified)
        for case in await leaks.ls(look.tx, look.mailing_list.id)
        if case.state in UNASSESSED and case.reported_at <= look.now - UNDECIDED_AFTER
    ]
    return texts.section("leaks", "Leak cases that nobody has decided", entries)


async def perhaps_leaks(look: Look) -> Section:
    """Kept mails that may report a leak, and that nobody has decided on for a day."""
    entries = [
        texts.kept(kept.id, kept.reason, kept.received_at, look.zone, look.now)
        for kept in await quarantine.ls(look.tx, look.mailing_list.id)
        if Reason.POSSIBLE_LEAK in kept.reasons and kept.received_at <= look.now - UNDECIDED_AFTER
    ]
    where = look.mailing_list.config.address_for("-request")
    return texts.section("perhaps-leaks", f"Kept mails that may report a leak: to {where}", entries)


async def second_coordinators(look: Look) -> Section:
    """What a second coordinator was asked for already, and has not approved; but what needs something else first."""
    entries = []
    for ref in await duties.open_refs(look.tx, kind=approvals.AGAIN, list_id=look.mailing_list.id):
        waiting = await approvals.waiting(look.tx, ref)
        if waiting is not None and not waiting.needs_date(look.now) and not waiting.alone:
            about = waiting.disclosure
            subject = await look.subject(about) if about else None
            entries.append(texts.approval(ref, about.id if about else None, subject))
    return texts.section("approvals", "A second coordinator is missing", entries)


async def to_be_lifted(look: Look) -> Section:
    """Dates that have come where a coordinator ends the embargo."""
    entries = []
    by_clock = look.mailing_list.by_clock
    for one in await look.disclosures(State.EMBARGOED):
        if not by_clock and table.due(one, look.now, by_clock=by_clock) is Event.LIFT_ASKED:
            found = await look.particulars(one)
            has_notice = found is not None and found.notice is not None and look.mailing_list.config.public_address
            notice = found.notice.name if found is not None and found.notice is not None and has_notice else None
            subject = found.subject if found is not None else ""
            entries.append(texts.lift(one.id, subject, one.embargo_until, notice, look.zone, look.now))
    return texts.section("lifts", "To be lifted: members are still bound", entries)


async def waiting_for_others(look: Look) -> Section:
    """Dates that have come, and third parties of whose embargo nobody knows the end."""
    entries = []
    for one in await look.disclosures(State.EMBARGOED):
        names = [held_by.name for held_by in holding(one) if held_by.until is None]
        if names and one.embargo_until <= look.now:
            subject = await look.subject(one)
            entries.append(texts.upstream(one.id, subject, names, look.zone, one.embargo_until, look.now))
    return texts.section("upstreams", "Waiting for a third party", entries, ("Or `Upstream: NAME until ...`.",))


async def without_date(look: Look) -> Section:
    """Disclosures whose date went by before members had them."""
    entries = [
        texts.new_date(one.id, await look.subject(one), one.embargo_until, look.mailing_list.rules, look.now)
        for one in await look.disclosures(State.PENDING)
        if one.embargo_until <= look.now
    ]
    return texts.section("dates", "A new date is missing", entries)


async def unpublished(look: Look) -> Section:
    """Lifted, and no public notice on record after the last alarm about it."""
    offsets = look.mailing_list.config.public_post_alarm
    entries = []
    for one in await look.disclosures(State.LIFTED) if offsets else ():
        since = publicposts.due_since(one)
        if since is None or next_after(since, offsets, look.now) is not None:
            continue
        if not await publicposts.is_out(look.tx, one):
            entries.append(texts.unpublished(one.id, await look.subject(one), since, look.zone, look.now))
    return texts.section("unpublished", "No public notice is on record", entries)


async def retrospectives(look: Look) -> Section:
    """What is to be learnt of leaks, due and not posted."""
    entries = [
        texts.retrospective(case.id, case.disclosure_id, case.retrospective_due or look.now, look.zone, look.now)
        for case in await leaks.overdue(look.tx, look.mailing_list.id, look.now)
    ]
    return texts.section("retrospectives", "Retrospectives overdue", entries)


async def shares(look: Look) -> Section:
    """What members ask to share, undecided for a day."""
    entries = [
        texts.share(one.id, one.disclosure_id, one.asked_at, look.zone, look.now)
        for one in await grants.ls(look.tx, look.mailing_list.id, GrantKind.SHARE)
        if one.state == "asked" and one.asked_at <= look.now - UNDECIDED_AFTER
    ]
    return texts.section("shares", "Members ask to share", entries)


async def withheld(look: Look) -> Section:
    """Who can't get what was written to him, and why."""
    copies = [
        copy
        for copy in await outbox.withheld(look.tx, look.mailing_list.id)
        if copy.kind not in reports.NOT_REPORTED and copy.reason not in ON_PURPOSE
    ]
    people = await roster.people(look.tx, look.mailing_list.id, with_removed=True)
    names = {person.id: reports.named(person) for person in people}
    counted = Counter((names.get(copy.person_id or 0, ""), copy.address, copy.reason or "") for copy in copies)
    entries = [texts.withheld(*who, count) for who, count in sorted(counted.items())]
    below = ("It goes out by itself when the operator has pinned a usable key.",)
    return texts.section("withheld", "Withheld: it can't be sealed", entries, below)


async def expiring(look: Look) -> Section | None:
    """On Mondays: whose last key ends within a month."""
    if not is_weekly(look.zone, look.now):
        return None
    people = await roster.people(look.tx, look.mailing_list.id)
    entries = [
        texts.expiring(reports.named(person), person.address, at, look.zone, look.now)
        for person in people
        if person.standing is Standing.ACTIVE and (at := ends_at(person, look.now)) is not None
    ]
    below = ("Ask each for its renewed key, which the operator pins. This is told on Mondays.",)
    return texts.section("keys", "Keys that expire soon", entries, below)


async def strangers(look: Look) -> Section:
    """What strangers sent since the last digest."""
    found = await quarantine.untold(look.tx, look.mailing_list.id)
    rows = [(entry.id, entry.reason, entry.envelope_from, entry.size) for entry in found]
    return texts.strangers(rows, look.mailing_list.config.address_for("-request"))


SECTIONS: tuple[Callable[[Look], Awaitable[Section | None]], ...] = (
    leak_cases,
    perhaps_leaks,
    second_coordinators,
    to_be_lifted,
    waiting_for_others,
    without_date,
    unpublished,
    retrospectives,
    shares,
    withheld,
    expiring,
    strangers,
)
"""In the order in which they are read."""
