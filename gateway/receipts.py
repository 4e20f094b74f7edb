"""Receipts: what a coordinator's mail led to, or would lead to, told to all coordinators or to its writer alone."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from gateway import release
from gateway.kept.approvals import too_few
from gateway.notices import common as notices
from gateway.notices import dates as notices_dates
from gateway.notices import upstreams as notices_upstreams
from gateway.sending import content, posting
from policy.disclosure import remarks
from policy.facts import Disclosure, MessageKind, Person, State
from policy.upstream import gets_details
from storage import audit, disclosures, messages

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from gateway.incoming import Incoming
    from gateway.sending.content import Opened, Setting
    from policy.audience import Seat

THE_DETAILS = "the details"
UNRELEASED = frozenset({State.HELD, State.PENDING})


@dataclass(frozen=True, slots=True)
class Sent:
    """A message on its way to members: who gets it; ``at``: composed anew at that moment, for those who come later."""

    opened: Opened
    readers: tuple[Person, ...]
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """A receipt, composed, not sent yet: its head of the trail is that of the moment at which it is sent."""

    receipt: notices.Receipt
    proofs: tuple[notices.Attachment, ...]
    disclosure: Disclosure


async def compose(
    incoming: Incoming,
    setting: Setting,
    headline: str,
    *,
    sent: Sequence[Sent] = (),
    is_preview: bool = False,
    judges_dates: bool = False,
) -> Told:
    """Compose a receipt: instants, audience, what is withheld, and the proofs.

    ``judges_dates``: also what the list would rather have of its dates. Of an unreleased disclosure
    everything that waits is proved, as it now stands; of a released one what ``sent`` names.
    """
    disclosure = setting.disclosure
    seats = await release.seats_of(incoming.tx, disclosure, incoming.now)
    unreleased = disclosure.state in UNRELEASED
    if unreleased:
        sent = await _waiting(incoming, disclosure, [seat.person for seat in seats if seat.inside], sent)
    proofs = [proof for one in sent for proof in content.proofs(setting, one.opened, one.readers, at=one.at)]
    receipt = notices.Receipt(
        disclosure=disclosure,
        subject=setting.particulars.subject,
        zone=setting.mailing_list.config.timezone,
        now=incoming.now,
        headline=headline,
        seats=seats,
        withheld=_withheld(setting, [one.opened for one in sent], seats),
        stop_code=setting.particulars.stop_code if unreleased and not is_preview else None,
        audit_head=None,
        notes=(
            *incoming.notes,
            *(date_notes(setting, incoming.now) if judges_dates else ()),
            *_notice_note(setting),
            *_upstream_notes(setting, incoming.now),
            *await _unreachable(incoming),
        ),
        is_preview=is_preview,
    )
    return Told(receipt, _numbered(proofs), disclosure)


async def _waiting(
    incoming: Incoming, disclosure: Disclosure, inside: Sequence[Person], sent: Sequence[Sent]
) -> tuple[Sent, ...]:
    known = {one.opened.message.id: one.opened for one in sent}
    found = []
    for message in await messages.waiting(incoming.tx, disclosure.id):
        opened = known.get(message.id) or await content.open_message(incoming.parts, incoming.tx, message)
        found.append(Sent(replace(opened, message=message), tuple(inside)))
    return tuple(found)


def _numbered(proofs: Sequence[notices.Attachment]) -> tuple[notices.Attachment, ...]:
    return tuple(replace(proof, filename=f"proof-{number}.eml") for number, proof in enumerate(proofs, start=1))


def _withheld(setting: Setting, stored: Sequence[Opened], seats: Sequence[Seat]) -> dict[int, tuple[str, ...]]:
    names = [name for opened in stored for name in opened.facts.open_names]
    found: dict[int, tuple[str, ...]] = {}
    for seat in seats:
        is_bare = any(not gets_details(setting.disclosure, seat.person, opened.message.id) for opened in stored)
        parts = sorted(content.withheld_from(setting, seat.person, names))
        found[seat.person.id] = (THE_DETAILS,) if is_bare else tuple(parts)
    return {person_id: parts for person_id, parts in found.items() if parts}


def _upstream_notes(setting: Setting, now: datetime) -> list[str]:
    if setting.disclosure.state in {State.WITHDRAWN, State.CLOSED}:
        return []
    config, said = setting.mailing_list.config, [what for what, _ in setting.particulars.mechanics]
    return notices_upstreams.notes(setting.disclosure, said, config.max_embargo, config.timezone, now)


def _notice_note(setting: Setting) -> list[str]:
    notice, state = setting.particulars.notice, setting.disclosure.state
    if notice is None or state not in {*UNRELEASED, State.EMBARGOED}:
        return []
    mailing_list = setting.mailing_list
    address = mailing_list.config.public_address or ""
    return [notices_dates.kept_public_notice(notice.name, address, by_clock=mailing_list.by_clock)]


def date_notes(setting: Setting, now: datetime) -> list[str]:
    """What the list would rather have of a disclosure's dates, a sentence each."""
    if setting.disclosure.state not in {*UNRELEASED, State.EMBARGOED}:
        return []
    rules = setting.mailing_list.rules
    by_agreement = setting.mailing_list.is_by_agreement(setting.disclosure)
    lines = notices_dates.remarked(remarks(setting.disclosure, rules, now), rules, now, by_agreement=by_agreement)
    return lines if setting.mailing_list.by_clock else [*lines, notices_dates.BY_HAND]


async def _unreachable(incoming: Incoming) -> list[str]:
    """Coordinators who can't read this very mail are named in it."""
    people = await posting.coordinators(incoming.tx, incoming.mailing_list.id)
    troubles = {person.name: trouble for person in people if (trouble := person.key_trouble(incoming.now))}
    said = [f"Coordinator {name} can't be reached: {trouble}." for name, trouble in troubles.items()]
    warning = too_few(people, incoming.now) if incoming.mailing_list.config.two_person else ""
    return [*said, warning] if warning else said


async def send(incoming: Incoming, told: Told) -> None:
    """Send a receipt to all coordinators."""
    incoming.receipt = told.receipt
    await posting.tell_coordinators(
        incoming.parts,
        incoming.tx,
        incoming.mailing_list,
        await _notice(incoming, told),
        now=incoming.now,
        kind=MessageKind.RECEIPT,
        disclosure=told.disclosure,
        answered=incoming.answered.id if incoming.answered else None,
        mail_id=incoming.mail_id,
    )


async def show_preview(incoming: Incoming, writer: Person, told: Told) -> None:
    """Send a preview to its writer alone; nothing of it is stored or scheduled."""
    incoming.taken_for = "preview"
    disclosure = await disclosures.get(incoming.tx, told.disclosure.id)
    incoming.disclosure = disclosure
    await incoming.audit("preview", incoming.mail_id)
    thread = await posting.thread_of(incoming.tx, disclosure, incoming.answered.id if incoming.answered else None)
    await posting.notify(
        incoming.parts,
        incoming.tx,
        incoming.mailing_list,
        [writer],
        await _notice(incoming, told),
        kind=MessageKind.RECEIPT,
        now=incoming.now,
        thread=thread,
    )


async def _notice(incoming: Incoming, told: Told) -> notices.Notice:
    head = await audit.head(incoming.tx)
    receipt = replace(told.receipt, audit_head=f"{head[0]}:{head[1]}" if head else None)
    return receipt.notice(told.proofs)
