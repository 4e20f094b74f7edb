"""Putting something into the outbox: one message, its distinct contents, a copy for each recipient.

Everything that leaves the house goes through here and then through ``gateway.delivery``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gateway import safe
from gateway.mail import compose
from policy.facts import CONTENT_KINDS, CopyState, MessageKind, Person, Role, Standing
from storage import leaks, messages, outbox, roster
from storage.ids import message_id, row_id, token
from storage.records import Content, Copy, Message

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from gateway.lists import MailingList
    from gateway.notices.common import Notice
    from gateway.parts import Parts
    from policy.facts import Disclosure
    from storage.database import Tx

LEAK, NOTICE, CONTENT, AFTER_CONTENT = 0, 1, 2, 3  # priorities in the outbox: a leak goes ahead of all other work
MAX_REFERENCES = 10  # the root and the latest: enough for any mail program to thread


@dataclass(frozen=True, slots=True)
class Thread:
    """Where a message stands: its disclosure, the message it answers, and the ids that it refers to."""

    disclosure_id: str | None = None
    answers: str | None = None
    references: tuple[str, ...] = ()


async def thread_of(tx: Tx, disclosure: Disclosure | None, answered: str | None = None) -> Thread:
    """The thread of an answer: the disclosure's first message, then what is answered."""
    found: list[str] = []
    if disclosure is not None:
        root = await messages.get(tx, f"{disclosure.id}/1")
        if root is not None:
            found.append(root.message_id)
    if answered is not None:
        message = await messages.get(tx, answered)
        if message is not None:
            found += [reference for reference in message.references if reference not in found]
            if message.message_id not in found:
                found.append(message.message_id)
    if len(found) > MAX_REFERENCES:
        found = [found[0], *found[-(MAX_REFERENCES - 1) :]]
    return Thread(disclosure.id if disclosure else None, answered, tuple(found))


def letter(mailing_list: MailingList, message: Message, subject: str = "", poster: str | None = None) -> compose.Letter:
    """What all copies of a message share, inside and outside (all but the outer To)."""
    return compose.Letter(
        list_address=mailing_list.address,
        list_name=mailing_list.name,
        list_id=mailing_list.list_id,
        outer_subject=mailing_list.config.outer_subject,
        subject=subject,
        message_id=message.message_id,
        date=message.dated_at,
        poster=poster,
        in_reply_to=message.references[-1:],
        references=message.references,
        auto_submitted=_automatic(message.kind),
    )


def _automatic(kind: MessageKind) -> str | None:
    """RFC 3834 s5: as what the gateway itself writes is marked; a public notice is its poster's."""
    if kind in CONTENT_KINDS or kind is MessageKind.PUBLIC_NOTICE:
        return None
    return "auto-replied" if kind is MessageKind.KEY_ANSWER else "auto-generated"


async def put_content(parts: Parts, tx: Tx, message: Message, content: bytes, now: datetime) -> str:
    """Store one distinct content of a message, sealed; give its id."""
    content_id = row_id("CT")
    item = await safe.keep(parts, tx, content, now)
    await messages.add_content(tx, Content(content_id, message.id, item, now))
    return content_id


async def put_copy(
    tx: Tx,
    message: Message,
    content_id: str,
    person: Person,
    now: datetime,
    *,
    priority: int,
    withheld: Iterable[str] = (),
    barred: str | None = None,
) -> Copy:
    """Queue one recipient's copy. ``barred``: it is recorded as withheld for that reason and never leaves."""
    copy = Copy(
        id=row_id("CP"),
        list_id=message.list_id,
        message_id=message.id,
        content_id=content_id,
        address=person.address,
        role=person.role,
        kind=message.kind,
        state=CopyState.WITHHELD if barred else CopyState.QUEUED,
        priority=priority,
        created_at=now,
        token=token(),
        disclosure_id=message.disclosure_id,
        person_id=person.id,
        reason=barred,
        next_at=None if barred else now,
        changed_at=now,
        withheld=tuple(withheld),
    )
    await outbox.put(tx, copy)
    return copy


async def notify(
    parts: Parts,
    tx: Tx,
    mailing_list: MailingList,
    people: Iterable[Person],
    notice: Notice,
    *,
    kind: MessageKind,
    now: datetime,
    thread: Thread | None = None,
    priority: int = NOTICE,
    leak_id: str | None = None,
    mail_id: str | None = None,
) -> Message:
    """Send a notice of the gateway's own: the same content to each of ``people``."""
    thread = thread or Thread()
    message = Message(
        id=row_id("MS"),
        list_id=mailing_list.id,
        kind=kind,
        message_id=message_id(mailing_list.domain),
        dated_at=now,
        created_at=now,
        audience="named",
        disclosure_id=thread.disclosure_id,
        references=thread.references,
        answers=thread.answers,
        mail_id=mail_id,
    )
    await messages.add(tx, message)
    await messages.link_header(tx, list_id=mailing_list.id, header=message.message_id, message_id=message.id)
    content_id = await put_content(parts, tx, message, _composed(mailing_list, message, notice), now)
    for person in once_each(people):
        await put_copy(tx, message, content_id, person, now, priority=priority)
    if leak_id is not None:
        await leaks.link_message(tx, message_id=message.id, leak_id=leak_id)
    return message


async def notify_instead(
    parts: Parts, tx: Tx, mailing_list: MailingList, copies: Sequence[Copy], notice: Notice, now: datetime
) -> None:
    """Let copies of one notice that were not delivered yet say something else, as the mail that they are."""
    message = await messages.get(tx, copies[0].message_id)
    if message is not None:
        content_id = await put_content(parts, tx, message, _composed(mailing_list, message, notice), now)
        await outbox.reword(tx, [copy.id for copy in copies], content_id=content_id, withheld=())


def _composed(mailing_list: MailingList, message: Message, notice: Notice) -> bytes:
    """A notice as it is sealed."""
    attachments = [(part.filename, part.content_type, part.data) for part in notice.attachments]
    entity = compose.text_entity(notice.text, attachments)
    return compose.inner(letter(mailing_list, message, notice.subject), entity)


def once_each(people: Iterable[Person]) -> tuple[Person, ...]:
    """Each address once: who was removed and came back, perhaps in another role, is told as whom he is now."""
    order = (Standing.ACTIVE, Standing.SUSPENDED, Standing.REMOVED)
    found: dict[str, Person] = {}
    for person in sorted(people, key=lambda one: order.index(one.standing)):
        found.setdefault(person.address.casefold(), person)
    return tuple(found.values())


async def coordinators(tx: Tx, list_id: str, *, but: int | None = None) -> tuple[Person, ...]:
    """The list's coordinators, perhaps without one of them."""
    people = await roster.people(tx, list_id, roles={Role.COORDINATOR})
    return tuple(person for person in people if person.id != but)


async def coordinator_ids(tx: Tx, list_id: str) -> frozenset[int]:
    """Who speaks for the list now, by ids."""
    return frozenset(person.id for person in await coordinators(tx, list_id) if person.standing is Standing.ACTIVE)


async def tell_coordinators(
    parts: Parts,
    tx: Tx,
    mailing_list: MailingList,
    notice: Notice,
    *,
    now: datetime,
    kind: MessageKind = MessageKind.REPORT,
    disclosure: Disclosure | None = None,
    answered: str | None = None,
    but: int | None = None,
    priority: int = NOTICE,
    mail_id: str | None = None,
) -> Message | None:
    """Send a notice to all coordinators (but one); None where there is nobody to tell."""
    people = await coordinators(tx, mailing_list.id, but=but)
    if not people:
        return None
    thread = await thread_of(tx, disclosure, answered)
    return await notify(
        parts, tx, mailing_list, people, notice, kind=kind, now=now, thread=thread, priority=priority, mail_id=mail_id
    )
