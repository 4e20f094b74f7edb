"""Gathers the life of a disclosure from the trail and the tables.

TRUST: a redacted report opens nothing that is sealed, and everybody in it is a number: what is not
gathered can be told by no page. A full one is for whoever may read all of it anyway.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Protocol

from gateway import safe
from gateway.life import moments
from gateway.life.acts import open_copy_reason
from gateway.life.model import Case, Life, Reader, Sent, Text
from gateway.life.names import Names
from gateway.mail.model import Payload
from gateway.operator.show import find_disclosure, waits_for_go
from gateway.particulars import MessageFacts
from keys.errors import VaultError
from policy.facts import CONTENT_KINDS, READERS, CopyState
from policy.knowledge import told_cause
from policy.leaklines import ASKED
from policy.scopes import read_scope
from policy.upstream import lateness
from storage import audit as trail
from storage import disclosures, leaks, messages, outbox, roster

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from gateway.clock import Clock
    from gateway.config import Config
    from gateway.parser import Parser
    from keys.vault import Vault
    from policy.facts import Disclosure
    from storage.database import Database, Tx
    from storage.records import Copy, LeakRecord, Message

KNOWN = ("fact_public_at", "fact_exploit_at", "fact_attacks_at", "public_post_at", "closed_at", "destroyed_at")
GONE = "(its content was destroyed)"
LONGEST_TEXT = 20_000  # letters of a message on the page


class Looks(Protocol):
    """What gathering takes: the desk at which the operator shows things, or all parts of the house."""

    @property
    def config(self) -> Config:
        """The configuration."""
        ...

    @property
    def clock(self) -> Clock:
        """The clock."""
        ...

    @property
    def database(self) -> Database:
        """The database."""
        ...

    @property
    def vault(self) -> Vault:
        """The vault."""
        ...


async def gather(desk: Looks, disclosure_id: str, reader: Parser | None = None) -> Life:
    """The life of a disclosure, redacted; with a ``reader`` for stored mails all of it. Raises RefusedError."""
    is_full, now = reader is not None, desk.clock.now()
    async with desk.database.reading() as tx:
        disclosure = await find_disclosure(tx, disclosure_id)
        people = await roster.people(tx, disclosure.list_id, with_removed=True)
        copies = await outbox.of_disclosure(tx, disclosure.id)
        records = await trail.of_disclosure(tx, disclosure.id)
        acknowledged = await disclosures.acknowledged(tx, disclosure.id)
        cases = [case for case in await leaks.ls(tx, disclosure.list_id) if case.disclosure_id == disclosure.id]
        head = await trail.head(tx)
        names = Names(people, is_full=is_full)
        posted_by = names.with_address(disclosure.posted_by)
        readers = _readers(disclosure, copies, acknowledged, names, is_full=is_full)
        telling = moments.Telling(disclosure.id, names, {copy.id: copy for copy in copies}, is_full=is_full)
        telling.lifted_as = told_cause(disclosure)
        known_list = desk.config.lists.get(disclosure.list_id)
        return Life(
            id=disclosure.id,
            list_id=disclosure.list_id,
            zone=known_list.timezone if known_list is not None else "UTC",
            is_full=is_full,
            made_at=now,
            trail_head=f"{head[0]}:{head[1]}" if head else None,
            state=disclosure.state.value,
            is_stopped=waits_for_go(disclosure),
            tlp=disclosure.tlp,
            scope=disclosure.scope if is_full else _counted(disclosure.scope),
            subject=await _subject(desk, tx, disclosure) if is_full else None,
            posted_by=posted_by,
            posted_at=disclosure.posted_at,
            hold_until=disclosure.hold_until,
            released_at=disclosure.released_at,
            first_embargo_until=moments.first_date(records, disclosure.id) or disclosure.embargo_until,
            embargo_until=disclosure.embargo_until,
            ended_at=disclosure.ended_at,
            late=lateness(disclosure, disclosure.ended_at) if disclosure.ended_at and disclosure.cause else None,
            cause=disclosure.cause,
            lifted_as=told_cause(disclosure),
            known={name: at for name in KNOWN if (at := getattr(disclosure, name)) is not None},
            moments=telling.tell(records),
            stays=moments.stays_of(records, disclosure.id),
            sent=_sent(await messages.of_disclosure(tx, disclosure.id), copies),
            readers=readers,
            cases=tuple([await _case(desk, tx, case, names, is_full=is_full) for case in cases]),
            texts=await _texts(desk, tx, disclosure, names, reader) if reader is not None else (),
        )


def _counted(text: str) -> str:
    """A scope without its names: how many of each it lets in."""
    scope = read_scope(text)
    if scope.all:
        return "all members"
    counted = (("group", len(scope.groups)), ("organisation", len(scope.orgs)), ("address", len(scope.addresses)))
    said = [f"{count} {word}{_plural(word) if count > 1 else ''}" for word, count in counted if count]
    return ", ".join(said) or "nobody"


def _plural(word: str) -> str:
    return "es" if word.endswith("s") else "s"


async def _subject(desk: Looks, tx: Tx, disclosure: Disclosure) -> str:
    try:
        particulars = await safe.take_json(desk, tx, await disclosures.particulars_item(tx, disclosure.id))
    except VaultError:
        return GONE
    return str(particulars.get("subject") or "")


def _sent(found: Iterable[Message], copies: Iterable[Copy]) -> tuple[Sent, ...]:
    """How the copies stand: what people wrote message by message, what the gateway wrote by its kind."""
    numbered = {message.id: message.number for message in found if message.kind in CONTENT_KINDS}
    groups: dict[tuple[int, str, str, str], list[Copy]] = {}
    for copy in copies:
        message = copy.message_id if copy.message_id in numbered else ""
        place = (numbered.get(message) or 0) if message else 1_000_000
        groups.setdefault((place, message, copy.kind.value, copy.role), []).append(copy)
    ordered = sorted(groups.items(), key=lambda pair: pair[0])
    return tuple(_row(message or "-", kind, role, own) for (_, message, kind, role), own in ordered)


def _row(message: str, kind: str, role: str, own: Sequence[Copy]) -> Sent:
    instants = [at for copy in own if (at := _sent_at(copy)) is not None]
    states = dict(sorted(Counter(copy.state.value for copy in own).items()))
    return Sent(message, kind, role, states, min(instants, default=None), max(instants, default=None))


def _sent_at(copy: Copy) -> datetime | None:
    return copy.settled_at if copy.state is CopyState.SENT else None


def _readers(
    disclosure: Disclosure,
    copies: Iterable[Copy],
    acknowledged: Mapping[int, datetime],
    names: Names,
    *,
    is_full: bool,
) -> tuple[Reader, ...]:
    """The members of the disclosure itself, in the order in which they got it."""
    own = [copy for copy in copies if copy.message_id == f"{disclosure.id}/1" and copy.role in READERS]
    # Ids of copies are random: nothing of the roster's order shows where many got it in the same instant.
    own.sort(key=lambda copy: ((_sent_at(copy) or copy.created_at), copy.id))
    return tuple(
        Reader(
            name=names.with_address(copy.person_id),
            state=copy.state.value,
            delivered_at=_sent_at(copy),
            acknowledged_at=acknowledged.get(copy.person_id or 0),
            why=copy.reason if is_full else open_copy_reason(copy.state.value, copy.reason),
        )
        for copy in own
    )


async def _case(desk: Looks, tx: Tx, record: LeakRecord, names: Names, *, is_full: bool) -> Case:
    said: dict[str, Any] = {}
    if is_full:
        try:
            said = await safe.take_json(desk, tx, record.report_item)
        except VaultError:
            said = {ASKED[0]: GONE}
    return Case(
        id=record.id,
        state=record.state,
        is_proved=record.verified,
        reporter=names.of_reporter(record.reporter, is_proved=record.verified),
        reported_at=record.reported_at,
        outcome=record.outcome,
        missing=record.missing,
        said={name: said.get(name) for name in ASKED} if is_full else {},
    )


async def _texts(desk: Looks, tx: Tx, disclosure: Disclosure, names: Names, reader: Parser) -> tuple[Text, ...]:
    found = await messages.of_disclosure(tx, disclosure.id, CONTENT_KINDS)
    written = [message for message in found if message.details_of is None]
    ordered: Sequence[Message] = sorted(written, key=lambda message: message.number or 0)
    return tuple([await _text(desk, tx, message, names, reader) for message in ordered])


async def _text(desk: Looks, tx: Tx, message: Message, names: Names, reader: Parser) -> Text:
    label, subject, text = message.kind.value.capitalize(), GONE, GONE
    attachments: tuple[str, ...] = ()
    try:
        facts = MessageFacts.from_json(await safe.take_json(desk, tx, message.facts_item or ""))
        label, subject, attachments = facts.label, facts.subject, facts.names
        payload = await reader.payload(await safe.take(desk, tx, message.payload_item or ""))
        text = payload.text if isinstance(payload, Payload) else "(it can't be read any more)"
    except VaultError:
        pass  # destroyed after its time: the page says so, and tells the rest
    if len(text) > LONGEST_TEXT:
        text = f"{text[:LONGEST_TEXT]}\n(... and {len(text) - LONGEST_TEXT} letters more)"
    return Text(message.id, label, names.of_id(message.author_id), subject, message.created_at, text, attachments)
