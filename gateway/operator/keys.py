"""Pinned keys: judging key files before anything is changed; replacing, adding and removing keys.

A key says who speaks (law 6). So a change is never silent: the coordinators are told, and so is
whoever holds the old keys, by a mail sealed to these by the process that takes them off: a change
behind somebody's back shows.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gateway.mail import compose
from gateway.notices import common as notices
from gateway.operator.acts import audit, ring_of, tell
from gateway.operator.base import Done, RefusedError, UnclearError, holder
from gateway.sending import posting
from keys.errors import BadKeyFile
from keys.results import SealRequest
from policy.facts import CopyState, MessageKind
from storage import messages, outbox, roster
from storage.ids import message_id, row_id, token
from storage.records import Copy, Message

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from gateway.lists import MailingList
    from gateway.parts import Parts
    from keys.results import KeyFacts
    from policy.facts import Person
    from storage.database import Tx

FULL = re.compile(r"[0-9A-F]{40}")


@dataclass(frozen=True, slots=True)
class KeyFile:
    """A key file as the operator gave it: its name, for what is said of it, and its bytes."""

    name: str
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Judged:
    """A key that may be pinned: its facts and its minimal certificate."""

    facts: KeyFacts
    public: bytes = field(repr=False)

    @property
    def fingerprint(self) -> str:
        """The full fingerprint of its primary key."""
        return self.facts.fingerprint

    def line(self) -> str:
        """The key in words."""
        end = f"expires {self.facts.expires_at:%Y-%m-%d}" if self.facts.expires_at else "does not expire"
        return f"{self.fingerprint} ({self.facts.algorithm}, {end})"


def read_fingerprint(text: str) -> str:
    """Read a full fingerprint; blanks and case do not matter. Raises UnclearError."""
    plain = "".join(text.split()).upper().removeprefix("0X")
    if not FULL.fullmatch(plain):
        raise UnclearError(f"{text!r} is no full fingerprint: 40 letters and digits, as `gpg --fingerprint` shows it")
    return plain


async def judge_files(
    parts: Parts, files: Sequence[KeyFile], address: str, fingerprints: Iterable[str], now: datetime
) -> tuple[Judged, ...]:
    """Judge key files for an address, in a throw-away home; raises RefusedError by name.

    Where fingerprints are given, each file must hold one of them, and each must be found.
    """
    expected = [read_fingerprint(text) for text in fingerprints]
    found: dict[str, Judged] = {}
    for file in files:
        try:
            facts, public = await parts.engine.inspect(file.data, now=now)
        except BadKeyFile as error:
            raise RefusedError(f"{file.name}: {error.reason}; nothing was changed") from error
        if address.casefold() not in {one.casefold() for one in facts.addresses}:
            has = ", ".join(facts.addresses) or "no address"
            raise RefusedError(
                f"{file.name}: the key has no user id with {address} (it has {has}); nothing was changed"
            )
        if expected and facts.fingerprint not in expected:
            raise RefusedError(
                f"{file.name}: its fingerprint is {facts.fingerprint}, not as given with --fingerprint; "
                "nothing was changed"
            )
        found[facts.fingerprint] = Judged(facts, public)
    missing = [one for one in expected if one not in found]
    if missing:
        raise RefusedError(f"no key file holds {missing[0]}, as given with --fingerprint; nothing was changed")
    return tuple(found.values())


async def pin(tx: Tx, list_id: str, person_id: int, judged: Iterable[Judged], now: datetime) -> None:
    """Pin keys for somebody. Raises RefusedError where one is somebody else's, or the list's own."""
    own = await roster.list_key(tx, list_id)
    for key in judged:
        other = await roster.by_fingerprint(tx, list_id, key.fingerprint)
        if other is not None and other.id != person_id:
            raise RefusedError(
                f"key {key.fingerprint} is pinned for the {other.role} {other.address} already: a key belongs to one "
                "address in one role of a list; nothing was changed"
            )
        if own is not None and own.fingerprint == key.fingerprint:
            raise RefusedError(f"key {key.fingerprint} is the list's own; nothing was changed")
        await roster.pin_key(
            tx,
            person_id=person_id,
            list_id=list_id,
            fingerprint=key.fingerprint,
            public=key.public,
            algorithm=key.facts.algorithm,
            expires_at=key.facts.expires_at,
            flaw=None,
            now=now,
        )


# --- the acts ---------------------------------------------------------------------------------


async def replace_keys(
    parts: Parts, address: str, list_name: str | None, files: Sequence[KeyFile], fingerprints: Sequence[str]
) -> Done:
    """Pin these keys for somebody in the place of all that were."""
    async with parts.database.reading() as tx:
        person = await holder(parts.config, tx, address, list_name)
    judged = await judge_files(parts, files, person.address, fingerprints, parts.clock.now())
    new = {key.fingerprint for key in judged}
    gone = [key.fingerprint for key in person.keys if key.fingerprint not in new]
    return await _change(parts, person, "replaced the keys of", gone, judged, "key-replaced")


async def add_keys(
    parts: Parts, address: str, list_name: str | None, files: Sequence[KeyFile], fingerprints: Sequence[str]
) -> Done:
    """Pin further keys for somebody; for one that is pinned already, take the newer certificate."""
    async with parts.database.reading() as tx:
        person = await holder(parts.config, tx, address, list_name)
    judged = await judge_files(parts, files, person.address, fingerprints, parts.clock.now())
    return await _change(parts, person, "pinned a further key for", [], judged, "key-added")


async def remove_key(parts: Parts, address: str, list_name: str | None, fingerprint: str) -> Done:
    """Take a key off. Raises RefusedError where it is not pinned, or is the only one."""
    wanted = read_fingerprint(fingerprint)
    async with parts.database.reading() as tx:
        person = await holder(parts.config, tx, address, list_name)
    held = [key.fingerprint for key in person.keys]
    if wanted not in held:
        raise RefusedError(f"{person.address} has no key {wanted}: see `embargo key show {person.address}`")
    if len(held) == 1:
        raise RefusedError(
            f"{wanted} is the only key of {person.address}, without which nothing can be sealed: "
            "use `embargo key replace`, or suspend or remove its holder"
        )
    return await _change(parts, person, "took a key off", [wanted], (), "key-removed")


async def _change(
    parts: Parts, person: Person, what: str, gone: Sequence[str], judged: Sequence[Judged], event: str
) -> Done:
    """Take keys off and pin others in one transaction; tell the old keys' holder and the coordinators."""
    now = parts.clock.now()
    mailing_list = parts.lists[person.list_id]
    held = {key.fingerprint for key in person.keys}
    added = [key.fingerprint for key in judged if key.fingerprint not in held]
    old = [key.fingerprint for key in person.usable_keys(now) if key.fingerprint in gone or (added and not gone)]
    note = await _seal_note(parts, mailing_list, person, gone, added, old, now) if gone or added else None
    async with parts.database.transaction() as tx:
        current = await roster.person(tx, person.id)
        if current is None or current.standing is not person.standing or current.keys != person.keys:
            raise RefusedError(f"{person.address} was changed by somebody else meanwhile: look again, then repeat")
        for fingerprint in gone:
            await roster.unpin_key(tx, person_id=person.id, fingerprint=fingerprint, now=now)
        await pin(tx, person.list_id, person.id, judged, now)
        if note is not None:
            await _store_note(parts, tx, note, now)
        detail = {"gone": sorted(gone), "pinned": sorted(key.fingerprint for key in judged)}
        await audit(parts, tx, now, event, person.address, person.list_id, detail=detail)
        lines = [*(f"No longer: {one}" for one in gone), *(f"Pinned: {key.line()}" for key in judged)]
        await tell(parts, tx, mailing_list, notices.roster_changed(what, person, lines), now)
    return Done(
        f"{what} {person.address} on {person.list_id}: {'; '.join(lines)}",
        ("no usable old key: its holder could not be told by a mail sealed to it",) if gone and note is None else (),
    )


# --- the note to the old keys' holder ---------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Note:
    """A notice that is sealed already, for keys that are about to be no longer pinned."""

    message: Message
    person: Person
    content: bytes = field(repr=False)
    body: bytes = field(repr=False)
    packets: bytes = field(repr=False)
    sealed_to: tuple[str, ...]


async def _seal_note(
    parts: Parts,
    mailing_list: MailingList,
    person: Person,
    gone: Sequence[str],
    added: Sequence[str],
    to: Sequence[str],
    now: datetime,
) -> _Note | None:
    """Seal the note while the old keys are still in the ring; None where none of them can be sealed to."""
    if not to:
        return None
    ring = await ring_of(parts, mailing_list.id)
    message = Message(
        id=row_id("MS"),
        list_id=mailing_list.id,
        kind=MessageKind.KEY_NOTICE,
        message_id=message_id(mailing_list.domain),
        dated_at=now,
        created_at=now,
    )
    notice = notices.key_replaced(person, gone, added)
    letter = posting.letter(mailing_list, message, notice.subject)
    content = compose.inner(letter, compose.text_entity(notice.text, []))
    sealed = await parts.engine.seal_for(ring, content, [SealRequest(message.id, tuple(to))])
    packets = sealed.packets.get(message.id)
    if packets is None:
        return None
    return _Note(message, person, content, sealed.body, packets, tuple(sorted(to)))


async def _store_note(parts: Parts, tx: Tx, note: _Note, now: datetime) -> None:
    message, person = note.message, note.person
    await messages.add(tx, message)
    await messages.link_header(tx, list_id=message.list_id, header=message.message_id, message_id=message.id)
    content_id = await posting.put_content(parts, tx, message, note.content, now)
    body_id = row_id("BD")
    await messages.add_body(tx, body_id, content_id, note.body)
    copy = Copy(
        id=row_id("CP"),
        list_id=message.list_id,
        message_id=message.id,
        content_id=content_id,
        address=person.address,
        role=person.role,
        kind=message.kind,
        state=CopyState.QUEUED,
        priority=posting.NOTICE,
        created_at=now,
        token=token(),
        person_id=person.id,
        next_at=now,
        changed_at=now,
        body_id=body_id,
        packets=note.packets,
        sealed_to=note.sealed_to,
    )
    await outbox.put(tx, copy)
