"""What a coordinator asks to see by mail, gathered: of his own list alone, as it is at that line of his mail."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gateway.notices import requests as told
from gateway.notices.common import Attachment
from gateway.operator import show as operator_show
from gateway.operator.base import RefusedError
from gateway.reading import read
from policy import requests
from policy.facts import READERS, CopyState, Role, State
from storage import disclosures, leaks, mails, outbox, quarantine, roster

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway.incoming import Incoming
    from policy.facts import Disclosure
    from storage.records import Copy, LeakRecord, Quarantined

MOST_ATTACHED = 20_000_000
"""Bytes of kept mails in one answer: more than that many mail servers don't take."""
NOT_OVER = frozenset({State.PENDING, State.HELD, State.EMBARGOED})


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one line led to, in lines of text, and what goes with them."""

    lines: Sequence[str]
    attachments: Sequence[Attachment] = ()


async def show(incoming: Incoming, about: str) -> Outcome:
    """Show what is asked for. Raises RefusedError where it is not there, or belongs to another list."""
    tx, now = incoming.tx, incoming.now
    mailing_list, zone = incoming.mailing_list, incoming.mailing_list.config.timezone
    match requests.kind_of(about):
        case requests.OPEN:
            return await _overview(incoming)
        case requests.MEMBERS:
            people = await roster.people(tx, mailing_list.id, roles={Role.MEMBER})
            return Outcome(told.members(people, now))
        case requests.QUARANTINE:
            rows = [operator_show.kept_facts(entry) for entry in await quarantine.ls(tx, mailing_list.id)]
            return Outcome(told.quarantine(rows, zone, now))
        case requests.LEAK:
            record = await leaks.get(tx, about)
            if record is None or record.list_id != mailing_list.id:
                raise RefusedError(f"this list has no leak report {about}; `Show: open` tells those that are open")
            facts = await operator_show.leak_facts(incoming.parts, tx, record)
            return Outcome(told.leak(facts, await _proof(incoming, record), zone, now))
        case requests.KEPT:
            return await _kept(incoming, await find_kept(incoming, about))
    return Outcome(told.disclosure(await _whole(incoming, await find_disclosure(incoming, about)), zone, now))


async def _whole(incoming: Incoming, disclosure: Disclosure) -> dict[str, Any]:
    """A disclosure as ``embargo disclosure show`` has it, and how many members and guests get what is written of it."""
    facts = await operator_show.whole(incoming.parts, incoming.tx, disclosure, incoming.now)
    return {**facts, "audience": await operator_show.audience(incoming.tx, disclosure, incoming.now)}


async def _proof(incoming: Incoming, record: LeakRecord) -> str:
    """Who is proved to have reported a leak."""
    if not record.verified:
        return "NOT PROVED who it is"
    if record.person_id is None:
        return "not by a signature: a coordinator or the operator says so"
    person = await roster.person(incoming.tx, record.person_id)
    is_guest = person is not None and person.role is Role.GUEST
    return "proved, a guest" if is_guest else f"proved, of {record.org or 'a coordinator'}"


async def find_disclosure(incoming: Incoming, about: str) -> Disclosure:
    """A disclosure of this list. Raises RefusedError."""
    found = await disclosures.get(incoming.tx, about)
    if found is None or found.list_id != incoming.mailing_list.id:
        raise RefusedError(f"this list has no disclosure {about}; `Show: open` tells those that are not over")
    return found


async def find_kept(incoming: Incoming, about: str) -> Quarantined:
    """A mail that this list keeps or kept back. Raises RefusedError."""
    found = await quarantine.get(incoming.tx, about)
    if found is None or found.list_id != incoming.mailing_list.id:
        raise RefusedError(f"this list has no kept mail {about}; `Show: quarantine` tells them all")
    return found


async def _overview(incoming: Incoming) -> Outcome:
    tx, now, list_id = incoming.tx, incoming.now, incoming.mailing_list.id
    found = await disclosures.ls(tx, list_id, NOT_OVER)
    shown = [await _whole(incoming, one) for one in found]
    cases = [
        await operator_show.leak_facts(incoming.parts, tx, record)
        for record in await leaks.ls(tx, list_id)
        if record.state != "closed"
    ]
    copies = await _undelivered(incoming, found)
    kept = len(await quarantine.ls(tx, list_id))
    return Outcome(told.overview(shown, cases, copies, kept, incoming.mailing_list.config.timezone, now))


async def _undelivered(incoming: Incoming, found: Sequence[Disclosure]) -> list[dict[str, object]]:
    """Copies that somebody may have to look after; coordinators' mails that merely wait their turn are not told."""
    waiting = [
        copy
        for copy in await outbox.unsettled(incoming.tx, incoming.mailing_list.id)
        if copy.role in READERS or copy.state is not CopyState.QUEUED
    ]
    bounced = [
        copy
        for one in found
        for copy in await outbox.of_disclosure(incoming.tx, one.id)
        if copy.state is CopyState.BOUNCED
    ]
    people = {person.id: person for person in incoming.people}
    copies: list[Copy] = [*waiting, *bounced]
    return [operator_show.copy_facts(copy, people.get(copy.person_id or 0)) for copy in copies]


async def _kept(incoming: Incoming, entry: Quarantined) -> Outcome:
    """A kept mail's facts and reasons, and the mail; of an encrypted one what was inside: only the list can open it."""
    facts = {
        **operator_show.kept_facts(entry),
        "state": entry.state,
        "disclosure": entry.disclosure_id,
    }
    zone = incoming.mailing_list.config.timezone
    try:
        mail = await mails.get(incoming.tx, entry.mail_id)
        raw = await operator_show.open_kept(incoming.parts, incoming.tx, entry, mail)
    except RefusedError as error:
        return Outcome(told.kept_mail(facts, str(error), zone, incoming.now))
    seen = incoming.ahead.get(entry.id)
    if seen is None:
        ring = await incoming.parts.lists.ring(incoming.parts, incoming.tx, incoming.mailing_list.id)
        seen = await read(incoming.parts, ring, raw, entry.envelope_from)
    content = raw if seen.inside is None else seen.inside
    if len(content) > MOST_ATTACHED:
        return Outcome(told.kept_mail(facts, "it is too large to be attached", zone, incoming.now))
    part = Attachment(f"{entry.id}.eml", "application/octet-stream", content)
    return Outcome(told.kept_mail(facts, "", zone, incoming.now), (part,))
