"""Showing what is there: disclosures, leak reports, mails kept back, the queue, alarms; as JSON objects.

The names of the keys are the contract with operators' scripts (docs/operate.md); instants are RFC 3339
in UTC. The tables for people are made from the same objects.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from gateway import safe
from gateway.leaks import ledger
from gateway.operator.base import Desk, RefusedError, narrowed
from keys.errors import VaultError
from policy.audience import judge_seats, let_in
from policy.facts import CONTENT_KINDS, READERS, CopyState, Role, State
from policy.instants import rfc3339
from policy.leaklines import ASKED
from policy.scopes import read_scope
from policy.upstream import content_class
from storage import alarms, disclosures, grants, leaks, mails, outbox, quarantine, roster
from storage import audit as trail
from storage import facts as reported

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gateway.safe import HoldsVault
    from policy.facts import Disclosure, Person
    from storage.database import Tx
    from storage.records import Alarm, Copy, GrantRecord, LeakRecord, MailRecord, Quarantined

CALLED_OFF = "called off by the operator"


# --- disclosures ------------------------------------------------------------------------------


async def every(desk: Desk, list_name: str | None, states: frozenset[State] | None) -> list[dict[str, Any]]:
    """All disclosures of a list (None: of all), in some states (None: in any), oldest first."""
    now = desk.clock.now()
    wanted = narrowed(desk.config, list_name)
    async with desk.database.reading() as tx:
        found = await disclosures.ls(tx, wanted, states)
        return [await disclosure_facts(desk, tx, disclosure, now) for disclosure in found]


async def one(desk: Desk, disclosure_id: str) -> dict[str, Any]:
    """One disclosure, with the members' copies, who acknowledged, and what happened. Raises RefusedError."""
    async with desk.database.reading() as tx:
        return await whole(desk, tx, await find_disclosure(tx, disclosure_id), desk.clock.now())


async def whole(desk: HoldsVault, tx: Tx, disclosure: Disclosure, now: datetime) -> dict[str, Any]:
    """A disclosure with all that is shown of it, as it is inside a transaction."""
    people = {person.id: person for person in await roster.people(tx, disclosure.list_id, with_removed=True)}
    copies = await _member_copies(tx, disclosure)
    acknowledged = await disclosures.acknowledged(tx, disclosure.id)
    granted = await grants.of_disclosure(tx, disclosure.id)
    records = await trail.ls(tx, id=disclosure.id)
    particulars = await _opened(desk, tx, await disclosures.particulars_item(tx, disclosure.id))
    return {
        **await disclosure_facts(desk, tx, disclosure, now),
        "stopped": waits_for_go(disclosure),
        "released_at": rfc3339(disclosure.released_at) if disclosure.released_at else None,
        "ended_at": rfc3339(disclosure.ended_at) if disclosure.ended_at else None,
        "closed_at": rfc3339(disclosure.closed_at) if disclosure.closed_at else None,
        "destroyed_at": rfc3339(disclosure.destroyed_at) if disclosure.destroyed_at else None,
        "content_class": content_class(disclosure).value,
        "upstreams": [
            {
                "name": one.name,
                "mode": one.mode.value,
                "until": rfc3339(one.until) if one.until else None,
                "over_at": rfc3339(one.over_at) if one.over_at else None,
            }
            for one in disclosure.upstreams
        ],
        "copies": [copy_facts(copy, people.get(copy.person_id or 0)) for copy in copies],
        "guests": [guest_facts(one, people.get(one.person_id or 0)) for one in granted],
        "acknowledged": [
            {"address": person.address, "org": _org(person), "at": rfc3339(at)}
            for person_id, at in sorted(acknowledged.items(), key=lambda pair: pair[1])
            if (person := people.get(person_id)) is not None
        ],
        "public_post": particulars.get("public_post"),
        "statuses": [
            {"address": person.address, "org": person.org, "at": rfc3339(datetime.fromisoformat(status["at"]))}
            | {"text": status["text"]}
            for status in particulars.get("statuses", ())
            if (person := people.get(status["person"])) is not None
        ],
        "proposals": proposals_of(particulars, disclosure, people),
        "leaks": [
            {"id": case.id, "state": case.state, "verified": case.verified, "outcome": case.outcome}
            | {"reporter": case.reporter, "reported_at": rfc3339(case.reported_at)}
            for case in await leaks.of_disclosure(tx, disclosure.id)
        ],
        "facts": [
            {"id": fact.id, "fact": fact.kind, "state": fact.state, "reporter": fact.reporter}
            | {"reported_at": rfc3339(fact.reported_at), "confirmed_by": fact.confirmed_by}
            for fact in await reported.of_disclosure(tx, disclosure.id)
        ],
        "timeline": [
            {"at": rfc3339(record.at), "event": record.event, "actor": record.actor, "reason": record.reason or None}
            for record in records
        ],
    }


def waits_for_go(disclosure: Disclosure) -> bool:
    """Whether a stop holds back its release; of what was lifted or withdrawn in spite of it, or since, no more."""
    return disclosure.stopped and disclosure.state in {State.PENDING, State.HELD}


def proposals_of(
    particulars: dict[str, Any], disclosure: Disclosure, people: Mapping[int, Person]
) -> list[dict[str, Any]]:
    """The proposed public dates of a disclosure, oldest first, each with its votes."""
    is_over = disclosure.state is not State.EMBARGOED
    return [
        {
            "id": proposal["id"],
            "disclosure": disclosure.id,
            "state": "closed" if is_over and proposal["fate"] == "open" else proposal["fate"],
            "proposed": _instant(proposal["at"]),
            "stands": _instant(proposal["stands"]),
            "by": by.address if (by := people.get(proposal["by"])) else None,
            "until": _instant(proposal["ends_at"]),
            "confirmed_by": proposal["confirmed_by"] or None,
            "agree": [vote["org"] for vote in proposal["votes"] if vote["agrees"]],
            "object": [vote["org"] for vote in proposal["votes"] if not vote["agrees"]],
        }
        for proposal in particulars.get("proposals", ())
    ]


def _instant(text: str) -> str:
    return rfc3339(datetime.fromisoformat(text))


async def proposed_dates(desk: Desk, list_name: str | None) -> list[dict[str, Any]]:
    """The proposed public dates of disclosures under embargo, oldest disclosure first. Raises RefusedError."""
    found: list[dict[str, Any]] = []
    async with desk.database.reading() as tx:
        for disclosure in await disclosures.ls(tx, narrowed(desk.config, list_name), frozenset({State.EMBARGOED})):
            people = {person.id: person for person in await roster.people(tx, disclosure.list_id, with_removed=True)}
            particulars = await _opened(desk, tx, await disclosures.particulars_item(tx, disclosure.id))
            found += proposals_of(particulars, disclosure, people)
    return found


async def disclosure_facts(desk: HoldsVault, tx: Tx, disclosure: Disclosure, now: datetime) -> dict[str, Any]:
    """A disclosure as it is listed."""
    particulars = await _opened(desk, tx, await disclosures.particulars_item(tx, disclosure.id))
    return {
        "id": disclosure.id,
        "list": disclosure.list_id,
        "subject": particulars.get("subject"),
        "state": disclosure.state.value,
        "posted_by": disclosure.poster_address,
        "posted_at": rfc3339(disclosure.posted_at),
        "hold_until": rfc3339(disclosure.hold_until),
        "embargo_until": rfc3339(disclosure.embargo_until),
        "tlp": disclosure.tlp,
        "scope": _items(disclosure.scope),
        "recipients": await _recipients(tx, disclosure, now),
    }


def _items(text: str) -> list[str]:
    """A scope, item by item: ``all``, or ``group:...``, ``org:...`` and addresses."""
    scope = read_scope(text)
    if scope.all:
        return ["all"]
    return [*(f"group:{name}" for name in scope.groups), *(f"org:{name}" for name in scope.orgs), *scope.addresses]


async def _opened(desk: HoldsVault, tx: Tx, item: str) -> dict[str, Any]:
    """What people wrote, open; empty where its data key was destroyed: the facts are shown all the same."""
    try:
        return await safe.take_json(desk, tx, item)
    except VaultError:
        return {}


async def _recipients(tx: Tx, disclosure: Disclosure, now: datetime) -> int:
    """How many members the disclosure itself went to; before the release, how many would get it now."""
    if disclosure.state in {State.PENDING, State.HELD}:
        return sum(await audience(tx, disclosure, now))
    copies = await outbox.of_message(tx, f"{disclosure.id}/1")
    return sum(copy.role in READERS and copy.state is not CopyState.CANCELLED for copy in copies)


async def audience(tx: Tx, disclosure: Disclosure, now: datetime) -> tuple[int, int]:
    """How many members, and how many guests, get what is written of it now: as receipts count them."""
    readers = await roster.people(tx, disclosure.list_id, roles=READERS)
    seats = judge_seats(readers, read_scope(disclosure.scope), let_in(disclosure), now, disclosure.id)
    roles = [seat.person.role for seat in seats if seat.gets_it]
    return roles.count(Role.MEMBER), roles.count(Role.GUEST)


async def _member_copies(tx: Tx, disclosure: Disclosure) -> list[Copy]:
    found = await outbox.of_disclosure(tx, disclosure.id, roles=READERS, kinds=CONTENT_KINDS)
    return sorted(found, key=lambda copy: (int(copy.message_id.rpartition("/")[2]), copy.address))


def copy_facts(copy: Copy, person: Person | None) -> dict[str, Any]:
    """One recipient's copy as it is shown."""
    return {
        "address": copy.address,
        "org": _org(person) if person else None,
        "message": copy.message_id,
        "state": copy.state.value,
        "attempts": copy.attempts,
        "reason": copy.reason,
        "at": rfc3339(copy.changed_at or copy.created_at),
        **({"guest": True} if copy.role == Role.GUEST else {}),
    }


def _org(person: Person) -> str | None:
    """The organisation; of a guest his name."""
    return person.name if person.role is Role.GUEST else person.org


def guest_facts(record: GrantRecord, person: Person | None) -> dict[str, Any]:
    """A grant as it is shown with its disclosure."""
    return {
        "id": record.id,
        "address": record.address,
        "name": person.name if person else None,
        "kind": record.kind.value,
        "state": record.state,
        "since": rfc3339(record.started_at) if record.started_at else None,
        "until": rfc3339(record.expires_at) if record.expires_at else None,
        "ended_at": rfc3339(record.ended_at) if record.ended_at else None,
        "keys": [key.fingerprint for key in person.keys] if person else [],
    }


async def find_disclosure(tx: Tx, disclosure_id: str) -> Disclosure:
    """A disclosure by its id. Raises RefusedError."""
    found = await disclosures.get(tx, disclosure_id.strip().upper())
    if found is None:
        raise RefusedError(f"no disclosure {disclosure_id}: see `embargo disclosure ls`")
    return found


# --- leaks ------------------------------------------------------------------------------------


async def leak_reports(desk: Desk, list_name: str | None) -> list[dict[str, Any]]:
    """All leak reports, oldest first."""
    wanted = narrowed(desk.config, list_name)
    async with desk.database.reading() as tx:
        return [await leak_facts(desk, tx, record) for record in await leaks.ls(tx, wanted)]


async def leak_report(desk: Desk, leak_id: str) -> dict[str, Any]:
    """One leak report. Raises RefusedError."""
    async with desk.database.reading() as tx:
        record = await leaks.get(tx, leak_id.strip().upper())
        if record is None:
            raise RefusedError(f"no leak report {leak_id}: see `embargo leak ls`")
        return await leak_facts(desk, tx, record)


async def leak_facts(desk: HoldsVault, tx: Tx, record: LeakRecord) -> dict[str, Any]:
    """A leak report as it is shown. ``confirmed_leaks``: of its organisation, this one among them."""
    org = record.org if record.verified else None
    said = await _opened(desk, tx, record.report_item)
    return {
        "id": record.id,
        "disclosure": record.disclosure_id,
        "state": record.state,
        "verified": record.verified,
        "reporter": record.reporter,
        "org": org,
        "confirmed_leaks": len(await ledger.confirmed(tx, record.list_id, org)) if org else None,
        **{name: said.get(name) for name in ASKED},
        "reported_at": rfc3339(record.reported_at),
        "missing": list(record.missing),
        "outcome": record.outcome,
        "assessment": said.get("assessment"),
        "retrospective": record.retrospective or "none",
        "retrospective_due": rfc3339(record.retrospective_due) if record.retrospective_due else None,
        **({"found": said["found"]} if "found" in said else {}),  # nobody reported it: public lists in To or Cc
    }


# --- alarms -----------------------------------------------------------------------------------


async def told_alarms(desk: Desk) -> list[dict[str, Any]]:
    """What the pager command was or will be told, oldest first."""
    async with desk.database.reading() as tx:
        return [_alarm(alarm) for alarm in await alarms.ls(tx)]


def _alarm(alarm: Alarm) -> dict[str, Any]:
    return {
        "id": alarm.id,
        "kind": alarm.kind,
        "about": alarm.ref,
        "list": alarm.list_id,
        "at": rfc3339(alarm.at),
        "state": alarm.state,
        "attempts": alarm.attempts,
        "told_at": rfc3339(alarm.told_at) if alarm.told_at else None,
        "acked_at": rfc3339(alarm.acked_at) if alarm.acked_at else None,
    }


# --- quarantine -------------------------------------------------------------------------------


def kept_facts(entry: Quarantined) -> dict[str, Any]:
    """A kept mail as it is shown."""
    return {
        "id": entry.id,
        "list": entry.list_id,
        "received_at": rfc3339(entry.received_at),
        "envelope_from": entry.envelope_from,
        "reason": entry.reason,
        "reasons": list(entry.reasons),
        "size": entry.size,
    }


async def kept(desk: Desk, list_name: str | None) -> list[dict[str, Any]]:
    """What is kept back now, oldest first."""
    wanted = narrowed(desk.config, list_name)
    async with desk.database.reading() as tx:
        return [kept_facts(entry) for entry in await quarantine.ls(tx, wanted)]


async def kept_one(desk: Desk, quarantine_id: str) -> dict[str, Any]:
    """One mail that is or was kept back, with its state and the disclosure that it is about."""
    async with desk.database.reading() as tx:
        entry = await find_kept(tx, quarantine_id)
    return {**kept_facts(entry), "state": entry.state, "disclosure": entry.disclosure_id}


async def raw(desk: Desk, quarantine_id: str) -> bytes:
    """The mail as it came. Raises RefusedError where its content was destroyed."""
    async with desk.database.reading() as tx:
        entry = await find_kept(tx, quarantine_id)
        return await open_kept(desk, tx, entry, await mails.get(tx, entry.mail_id))


async def find_kept(tx: Tx, quarantine_id: str) -> Quarantined:
    """A kept mail by its id. Raises RefusedError."""
    entry = await quarantine.get(tx, quarantine_id.strip().upper())
    if entry is None:
        raise RefusedError(f"no kept mail {quarantine_id}: see `embargo quarantine ls`")
    return entry


async def open_kept(desk: HoldsVault, tx: Tx, entry: Quarantined, mail: MailRecord | None) -> bytes:
    """A kept mail as it came. Raises RefusedError where its content was destroyed."""
    if mail is None or mail.raw_item is None or entry.state in {"discarded", "expired"}:
        raise RefusedError(f"the content of {entry.id} was destroyed ({entry.state}); only the facts are left")
    try:
        return await safe.take(desk, tx, mail.raw_item)
    except VaultError as error:
        raise RefusedError(f"the content of {entry.id} does not open: {error}") from error


# --- the queue --------------------------------------------------------------------------------


async def queue(desk: Desk, list_name: str | None) -> list[dict[str, Any]]:
    """Copies not delivered yet: queued, deferred, and withheld ones."""
    wanted = narrowed(desk.config, list_name)
    async with desk.database.reading() as tx:
        return [_queued(copy) for copy in await outbox.unsettled(tx, wanted)]


def _queued(copy: Copy) -> dict[str, Any]:
    return {
        "id": copy.id,
        "disclosure": copy.disclosure_id,
        "message": copy.message_id,
        "address": copy.address,
        "state": copy.state.value,
        "attempts": copy.attempts,
        "next_at": rfc3339(copy.next_at) if copy.next_at else None,
        "reason": copy.reason,
    }
