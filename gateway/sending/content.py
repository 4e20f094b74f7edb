"""What people wrote, on its way to readers: opened from storage, composed for each, queued."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from gateway import safe
from gateway.log import get_logger
from gateway.mail import compose, rebuild
from gateway.mail.model import Payload
from gateway.notices import common as notices
from gateway.notices import dates as notices_dates
from gateway.particulars import MessageFacts, Particulars, path_text
from gateway.sending import mechanics, posting
from gateway.sending.banner import Banner, standing_line
from policy.audience import HAD_MORE, withheld_names
from policy.facts import CONTENT_KINDS, READERS, ContentClass, CopyState, GrantKind, MessageKind, Person, Role
from policy.upstream import DETAILS, content_class, gets_details, holding
from storage import messages, outbox, roster
from storage.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from datetime import datetime

    from gateway.lists import MailingList
    from gateway.parts import Parts
    from policy.facts import Disclosure
    from storage.database import Tx
    from storage.records import Copy, Message


log = get_logger("content")

UNDELIVERED = frozenset({CopyState.QUEUED, CopyState.DEFERRED, CopyState.WITHHELD})


@dataclass(frozen=True, slots=True)
class Opened:
    """A message of content, open in memory: its row, what composing it needs, and the writer's own payload."""

    message: Message
    facts: MessageFacts
    payload: Payload = field(repr=False)


@dataclass(frozen=True, slots=True)
class Setting:
    """What a content is composed for; ``is_outside``: for somebody who never had it in full, and gets no more of it."""

    mailing_list: MailingList
    disclosure: Disclosure
    particulars: Particulars
    is_outside: bool = False

    @property
    def is_bare(self) -> bool:
        """Whether an upstream's embargo lets members read of it the mechanics of a release alone."""
        return content_class(self.disclosure) is ContentClass.MECHANICS

    @property
    def told_subject(self) -> str:
        """The subject as members may read it now."""
        return mechanics.SUBJECT if self.is_bare or self.is_outside else self.particulars.subject

    def told(self, reason: str) -> str:
        """What a coordinator wrote, as those who are told may read it."""
        if self.is_bare:
            return "(not told here, as a third party's embargo holds)"
        return "(told to those who have it)" if self.is_outside else reason

    def for_outside(self) -> Setting:
        """The same as it is told to those outside who never had it in full."""
        return replace(self, is_outside=True)


@dataclass(frozen=True, slots=True)
class Cut:
    """What makes one reader's content differ from another's.

    ``withheld`` are attachment names; ``standing`` is what a guest reads of how he came to have it;
    ``is_bare``: an upstream's embargo lets him have the mechanics of a release alone. ``is_share``: it is shared
    with him, as far as it was asked for.
    """

    withheld: frozenset[str] = frozenset()
    standing: str | None = None
    is_bare: bool = False
    is_share: bool = False


WHOLE = Cut()


async def open_message(parts: Parts, tx: Tx, message: Message) -> Opened:
    """Open a stored message of content."""
    facts = MessageFacts.from_json(await safe.take_json(parts, tx, message.facts_item or ""))
    raw = await safe.take(parts, tx, message.payload_item or "")
    payload = await parts.own_parser.payload(raw)
    if not isinstance(payload, Payload):
        error = f"the stored payload of {message.id} can't be read any more"
        raise TypeError(error)
    return Opened(message, facts, payload)


def compose_for(
    setting: Setting,
    opened: Opened,
    cut: Cut,
    *,
    for_coordinator: bool = False,
    reaches: str | None = None,
    at: datetime | None = None,
) -> tuple[bytes, tuple[str, ...]]:
    """Compose one distinct content, ready to be sealed; give it and the paths of the parts left out.

    ``at`` is the moment from which its banner counts (None: its own date). Deterministic: the proof in a
    receipt is what its readers get.
    """
    if cut.is_bare:
        return _bare(setting, opened, cut.standing, at or opened.message.dated_at)
    facts, message, config = opened.facts, opened.message, setting.mailing_list.config
    withheld, left_out = cut.withheld, set(facts.paths_of(cut.withheld))
    if not for_coordinator:
        left_out |= set(facts.hidden)
    banner = Banner(
        disclosure_id=setting.disclosure.id,
        kind=facts.label,
        tlp=setting.disclosure.tlp,
        ends=notices_dates.due(
            setting.disclosure, config.timezone, at or message.dated_at, by_clock=setting.mailing_list.by_clock
        ),
        state=setting.disclosure.state,
        ended_at=setting.disclosure.ended_at,
        zone=config.timezone,
        now=at or message.dated_at,
        writer=facts.writer,
        is_subject_signed=facts.is_subject_signed,
        withheld=tuple(name for name in dict.fromkeys(facts.open_names) if name in withheld),
        corrects=facts.corrects,
        discards=tuple((name, digest) for name, digest in facts.discards if name not in withheld),
        permit=setting.particulars.permit,
        cve=setting.particulars.cve,
        references=setting.particulars.references,
        by_clock=setting.mailing_list.by_clock,
        reaches=reaches,
        standing=cut.standing,
        is_share=cut.is_share,
        upstreams=tuple((one.name, one.until) for one in holding(setting.disclosure)),
        mechanics=setting.particulars.mechanics,
    )
    entity = rebuild.distributed(
        opened.payload,
        banner=banner.text(),
        banner_mode=config.banner.value,
        drop={part.path for part in opened.payload.parts if path_text(part.path) in left_out},
        keep_html=config.keep_html,
        strip_block=facts.block_lines,
        strip_lines=facts.dropped_lines,
    )
    subject = notices.tagged(setting.disclosure.id, facts.subject)
    letter = posting.letter(setting.mailing_list, message, subject, facts.writer)
    return compose.inner(letter, entity), tuple(sorted(left_out))


def _bare(setting: Setting, opened: Opened, standing: str | None, now: datetime) -> tuple[bytes, tuple[str, ...]]:
    """A message as an upstream's embargo lets members read it: text and subject are the gateway's own."""
    facts, message, disclosure = opened.facts, opened.message, setting.disclosure
    zone, by_clock = setting.mailing_list.config.timezone, setting.mailing_list.by_clock
    said = setting.particulars.mechanics
    label, corrects = facts.label, facts.corrects
    text = mechanics.text(disclosure, said, label, standing, zone, now, by_clock=by_clock, corrects=corrects)
    subject = notices.tagged(disclosure.id, mechanics.SUBJECT)
    letter = posting.letter(setting.mailing_list, message, subject, facts.writer)
    left_out = sorted(path_text(part.path) for part in opened.payload.parts)
    return compose.inner(letter, compose.text_entity(text)), (DETAILS, *left_out)


def cut_for(setting: Setting, opened: Opened, person: Person, but: Iterable[str] = ()) -> Cut:
    """What one reader gets of a message; ``but``: parts that are withheld from him anyway."""
    grant = person.grant_of(setting.disclosure.id) if person.role is Role.GUEST else None
    standing = standing_line(grant, setting.mailing_list.config.timezone) if grant is not None else None
    if not gets_details(setting.disclosure, person, opened.message.id):
        return Cut(standing=standing, is_bare=True)
    is_share = grant is not None and grant.kind is GrantKind.SHARE
    return Cut(withheld_from(setting, person, opened.facts.told_names).union(but), standing, is_share=is_share)


def withheld_from(setting: Setting, person: Person, names: Iterable[str]) -> frozenset[str]:
    """The attachments that somebody may not have."""
    grant = person.grant_of(setting.disclosure.id) if person.role is Role.GUEST else None
    is_shared = grant is not None and grant.kind is GrantKind.SHARE
    shared = setting.particulars.shared_by(grant.id) if grant is not None and is_shared else None
    return withheld_names(person, setting.particulars.restrict, names, shared)


def group_by_cut(setting: Setting, opened: Opened, people: Iterable[Person]) -> dict[Cut, list[Person]]:
    """Readers by what they get: one distinct content a group."""
    groups: dict[Cut, list[Person]] = defaultdict(list)
    for person in people:
        groups[cut_for(setting, opened, person)].append(person)
    return groups


async def queue_for_members(
    parts: Parts,
    tx: Tx,
    setting: Setting,
    opened: Opened,
    people: Sequence[Person],
    now: datetime,
    *,
    barred: Sequence[tuple[Person, str]] = (),
    at: datetime | None = None,
) -> tuple[Person, ...]:
    """Queue a message's copies for these members, skipping those who have one; give those who get one.

    ``barred``: members who are in its scope but may not have it now, each with the reason; they are
    recorded as withheld, so nobody is silently skipped (invariant 4). ``at`` as in ``compose_for``.
    """
    have = {copy.address: copy for copy in await outbox.of_message(tx, opened.message.id)}
    outside = {person.id: reason for person, reason in barred}
    everybody = [*people, *(person for person, _ in barred)]
    wanted = [person for person in everybody if _lacks(have.get(person.address), person)]
    queued: list[Person] = []
    for cut, readers in group_by_cut(setting, opened, wanted).items():
        content, left_out = compose_for(setting, opened, cut, at=at)
        content_id = await posting.put_content(parts, tx, opened.message, content, now)
        for person in readers:
            before, reason = have.get(person.address), outside.get(person.id)
            if before is not None:
                await outbox.renew(
                    tx, before.id, content_id=content_id, person_id=person.id, withheld=left_out, now=now
                )
            else:
                await posting.put_copy(
                    tx,
                    opened.message,
                    content_id,
                    person,
                    now,
                    priority=posting.CONTENT,
                    withheld=left_out,
                    barred=reason,
                )
            queued += [person] if reason is None else []
    return tuple(queued)


async def compose_unsent_again(parts: Parts, tx: Tx, setting: Setting, now: datetime) -> None:
    """What members still wait for tells what holds now, not what held when it was queued: date, label, permits."""
    for message_id, copies in (await unsent(tx, setting.disclosure)).items():
        await _compose_again(parts, tx, setting, message_id, copies, now)


async def compose_ended_again(parts: Parts, tx: Tx, setting: Setting, now: datetime) -> None:
    """The same at the end of an embargo, which waits for no mail: one that does not open stays as it was composed."""
    for message_id, copies in (await unsent(tx, setting.disclosure)).items():
        try:
            async with tx.begin_nested():
                await _compose_again(parts, tx, setting, message_id, copies, now)
        except Unavailable:
            raise  # the database itself: nothing can be done for any of them
        except Exception as error:  # noqa: BLE001 - whatever it is, the end of the embargo is told
            log.error("not composed anew", id=message_id, error=type(error).__name__, copies=len(copies))
            parts.trouble.tell("defect", message_id)


async def compose_again(parts: Parts, tx: Tx, setting: Setting, copy: Copy, now: datetime) -> None:
    """The same of one copy that came back: when it is sent again it tells what holds now."""
    await _compose_again(parts, tx, setting, copy.message_id, [copy], now)


async def unsent(
    tx: Tx, disclosure: Disclosure, kinds: Collection[MessageKind] | None = CONTENT_KINDS
) -> dict[str, list[Copy]]:
    """Copies that members and guests wait for still, by the message (``kinds`` None: of whatever kind)."""
    waiting: dict[str, list[Copy]] = defaultdict(list)
    for copy in await outbox.of_disclosure(tx, disclosure.id, roles=READERS, kinds=kinds):
        if copy.state in UNDELIVERED:
            waiting[copy.message_id].append(copy)
    return waiting


async def _compose_again(
    parts: Parts, tx: Tx, setting: Setting, message_id: str, copies: Sequence[Copy], now: datetime
) -> None:
    message = await messages.get(tx, message_id)
    if message is None:
        return
    opened = await open_message(parts, tx, message)
    known = {person.id: person for person in await roster.people(tx, setting.disclosure.list_id, roles=READERS)}
    details = await messages.details_of(tx, message_id)
    have_details = await outbox.reached(tx, details.id) if details is not None else frozenset()
    in_hand = await outbox.in_hand(tx, setting.disclosure.id)
    groups: dict[Cut, list[Copy]] = defaultdict(list)
    for copy in copies:
        if copy.person_id is None:
            continue
        person = known.get(copy.person_id) or await roster.person(tx, copy.person_id)
        if person is None:
            continue
        cut = _still_cut(setting, opened, copy, person)
        if DETAILS in copy.withheld and not cut.is_bare:
            if copy.id in in_hand:
                continue  # its reader may be getting it just now: what it lacks follows as a mail of its own
            if person.id in have_details:
                cut = Cut(standing=cut.standing, is_bare=True)
        groups[cut].append(copy)
    for cut, group in groups.items():
        if cut.is_bare and message.details_of is not None:
            continue  # its reader has the mechanics already: it waits whole, as it is judged again before it leaves
        content, left_out = compose_for(setting, opened, cut, at=now)
        content_id = await posting.put_content(parts, tx, message, content, now)
        withheld = {copy.id: _without(copy, left_out) for copy in group}
        for parts_of in set(withheld.values()):
            ids = [copy_id for copy_id, its_parts in withheld.items() if its_parts == parts_of]
            await outbox.reword(tx, ids, content_id=content_id, withheld=parts_of)


def _without(copy: Copy, left_out: tuple[str, ...]) -> tuple[str, ...]:
    """What is left out of a copy from now on; of one that came back and holds less now its reader may have had more."""
    came_back = copy.state is CopyState.BOUNCED and not {*left_out} <= {*copy.withheld}
    return (*left_out, HAD_MORE) if came_back or HAD_MORE in copy.withheld else left_out


def _still_cut(setting: Setting, opened: Opened, copy: Copy, person: Person) -> Cut:
    """What was withheld stays so, though a later line may name another part alike; what is now restricted goes too.

    But for what an upstream kept back: that is judged by what holds now.
    """
    facts = opened.facts
    if DETAILS in copy.withheld:
        return cut_for(setting, opened, person)
    before = {name for path, name in facts.attachments if path in copy.withheld and path not in facts.hidden}
    return cut_for(setting, opened, person, before)


def _lacks(copy: Copy | None, person: Person) -> bool:
    """Whether somebody has no copy, or one that was called off or kept from him: he came in again since."""
    if copy is None or copy.person_id != person.id:
        return True
    return copy.state in {CopyState.CANCELLED, CopyState.WITHHELD}


async def queue_for_coordinators(
    parts: Parts,
    tx: Tx,
    setting: Setting,
    opened: Opened,
    now: datetime,
    *,
    but: int | None,
    reaches: str | None = None,
) -> None:
    """Queue the whole message, nothing withheld, for the coordinators (but the one who wrote it)."""
    people = await posting.coordinators(tx, setting.mailing_list.id, but=but)
    if not people:
        return
    content, _ = compose_for(setting, opened, WHOLE, for_coordinator=True, reaches=reaches)
    content_id = await posting.put_content(parts, tx, opened.message, content, now)
    for person in people:
        await posting.put_copy(tx, opened.message, content_id, person, now, priority=posting.NOTICE)


def proofs(
    setting: Setting, opened: Opened, people: Iterable[Person], *, at: datetime | None = None
) -> tuple[notices.Attachment, ...]:
    """The very contents that members get, one per distinct content."""
    composed = [compose_for(setting, opened, cut, at=at)[0] for cut in group_by_cut(setting, opened, people)]
    return tuple(
        notices.Attachment(f"proof-{number}.eml", "message/rfc822", content)
        for number, content in enumerate(composed, start=1)
    )


async def members_reached(tx: Tx, message: Message) -> frozenset[int]:
    """Ids of the members and guests who got a message: those with a copy that was not cancelled, and its writer."""
    reached = set(await outbox.reached(tx, message.id))
    if message.author_id is not None:
        reached.add(message.author_id)
    return frozenset(reached)


async def content_messages(tx: Tx, disclosure: Disclosure) -> tuple[Message, ...]:
    """The disclosure and its follow-ups, oldest first: what went to the audience, and was not destroyed since."""
    kinds = {MessageKind.DISCLOSURE, MessageKind.FOLLOW_UP}
    found = await messages.of_disclosure(tx, disclosure.id, kinds)
    gone = disclosure.destroyed_at
    there = [message for message in found if gone is None or message.created_at > gone]
    whole = [message for message in there if message.details_of is None]  # the others repeat what they are details of
    return tuple(sorted(whole, key=lambda message: message.number or 0))


def members(people: Iterable[Person]) -> tuple[Person, ...]:
    """The members among people."""
    return tuple(person for person in people if person.role is Role.MEMBER)
