"""What an upstream's embargo kept back, on its way once it may go; and what the clock does about upstreams.

The details of a mail are a message of their own, with its payload: whoever read the mechanics of that
mail gets them, as far as he is in the audience and nothing else is withheld from him.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from gateway import release, safe
from gateway.notices import upstreams as told
from gateway.particulars import MessageFacts
from gateway.sending import content, posting
from gateway.sending.content import Opened
from gateway.upstreams.planning import END, WAIT, plan
from policy.disclosure import Event
from policy.facts import CONTENT_KINDS, READERS, CopyState, MessageKind, State
from policy.release import UPSTREAM_HOLDS
from policy.upstream import DETAILS, ended, gets_details, holding
from storage import disclosures, messages, outbox
from storage.ids import message_id
from storage.records import Message

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from gateway.lists import MailingList
    from gateway.parts import Parts
    from gateway.sending.content import Setting
    from policy.facts import Person
    from storage.database import Tx


async def settle(parts: Parts, tx: Tx, setting: Setting, now: datetime) -> int:
    """Let what is under way fit what upstreams allow now; give how many mails' details go out.

    Of what ended nothing follows by itself: that takes a coordinator's fresh order.
    """
    if setting.disclosure.state is not State.EMBARGOED:
        return 0
    await content.compose_unsent_again(parts, tx, setting, now)
    return await send(parts, tx, setting, now)


async def send(parts: Parts, tx: Tx, setting: Setting, now: datetime, only: str | None = None) -> int:
    """Send the details that may go now, of one mail or of all; give of how many mails."""
    for copy_id, kept_of in (await _kept(tx, setting.disclosure.id)).items():
        if only in {None, kept_of}:
            await outbox.requeue(tx, copy_id, now)
    without = await _lacking(tx, setting.disclosure.id)
    seats = await release.seats_of(tx, setting.disclosure, now)
    sent = 0
    for message in await messages.of_disclosure(tx, setting.disclosure.id, CONTENT_KINDS):
        if only not in {None, message.id}:
            continue
        readers = [
            seat.person
            for seat in seats
            if seat.inside
            and seat.person.id in without.get(message.id, ())
            and gets_details(setting.disclosure, seat.person, message.id)
        ]
        if readers and await _send_one(parts, tx, setting, message, readers, now):
            sent += 1
    return sent


async def lacking(tx: Tx, disclosure_id: str, message: str) -> bool:
    """Whether anybody has no more than the mechanics of a mail, or it or its details wait, kept back."""
    if message in (await _kept(tx, disclosure_id)).values():
        return True
    has_details = await messages.details_of(tx, message)
    return has_details is None and message in await _lacking(tx, disclosure_id)


async def _kept(tx: Tx, disclosure_id: str) -> dict[str, str]:
    """Copies that an upstream keeps back whole, each with the mail that it is of or gives the details of."""
    found: dict[str, str] = {}
    for copy in await outbox.of_disclosure(tx, disclosure_id, roles=READERS, kinds=CONTENT_KINDS):
        if copy.state is CopyState.WITHHELD and copy.reason == UPSTREAM_HOLDS:
            message = await messages.get(tx, copy.message_id)
            found[copy.id] = (message.details_of if message is not None else None) or copy.message_id
    return found


async def _lacking(tx: Tx, disclosure_id: str) -> dict[str, Collection[int]]:
    """Members who have no more than the mechanics of a mail, by the mail's id."""
    found: dict[str, set[int]] = defaultdict(set)
    for copy in await outbox.of_disclosure(tx, disclosure_id, roles=READERS, kinds=CONTENT_KINDS):
        if DETAILS in copy.withheld and copy.person_id is not None and copy.state is not CopyState.CANCELLED:
            found[copy.message_id].add(copy.person_id)
    return dict(found)


async def _send_one(
    parts: Parts, tx: Tx, setting: Setting, message: Message, readers: list[Person], now: datetime
) -> bool:
    details = await messages.details_of(tx, message.id)
    opened = await content.open_message(parts, tx, details or message)
    if details is None:
        opened = await _store(parts, tx, opened, now)
    if message.id in setting.disclosure.detailed:
        detailed = setting.disclosure.detailed | {opened.message.id}
        await disclosures.update(tx, setting.disclosure.id, detailed=detailed)
        setting = replace(setting, disclosure=replace(setting.disclosure, detailed=detailed))
    copies = await outbox.of_message(tx, opened.message.id)
    have = {copy.person_id for copy in copies if copy.state is not CopyState.CANCELLED}
    wanted = [person for person in readers if person.id not in have]
    if wanted:
        await content.queue_for_members(parts, tx, setting, opened, wanted, now)
        await release.watch(tx, opened.message, now)
    return bool(wanted)


async def _store(parts: Parts, tx: Tx, kept_back: Opened, now: datetime) -> Opened:
    """The message that carries the details of another: its payload, its readers, a number of its own."""
    message = kept_back.message
    disclosure = await disclosures.get(tx, message.disclosure_id or "")
    number = await disclosures.take_number(tx, message.disclosure_id or "")
    facts: MessageFacts = replace(kept_back.facts, label=f"Details of {message.id}")
    thread = await posting.thread_of(tx, disclosure, message.id)
    details = replace(
        message,
        id=f"{message.disclosure_id}/{number}",
        kind=MessageKind.FOLLOW_UP,
        message_id=message_id(parts.lists[message.list_id].domain),
        dated_at=now,
        created_at=now,
        number=number,
        references=thread.references,
        answers=thread.answers,
        waiting=False,
        facts_item=await safe.keep_json(parts, tx, facts.to_json(), now),
        details_of=message.id,
    )
    await messages.add(tx, details)
    await messages.link_header(tx, list_id=details.list_id, header=details.message_id, message_id=details.id)
    return replace(kept_back, message=details, facts=facts)


# --- the clock --------------------------------------------------------------------------------


async def _end(parts: Parts, tx: Tx, mailing_list: MailingList, ref: str, now: datetime) -> None:
    """An upstream's date has come: it is over, what it kept back goes out, and nothing waits for it any more."""
    before = await disclosures.get(tx, ref)
    if before is None:
        return
    after = replace(before, upstreams=ended(before, now))
    if after == before:
        await plan(tx, before, now)
        return
    await disclosures.update(tx, before.id, upstreams=after.upstreams)
    await release.transition(parts, tx, before, after, now, actor="gateway", reason=Event.UPSTREAM)
    setting = await release.setting_of(parts, tx, after)
    sent = await settle(parts, tx, setting, now)
    gone = [one.name for one in before.upstreams if one.holds and one not in after.upstreams]
    notice = told.over(after, setting.particulars.subject, gone, sent, mailing_list.config.timezone, now)
    await posting.tell_coordinators(parts, tx, mailing_list, notice, now=now, disclosure=after)


async def _wait(parts: Parts, tx: Tx, mailing_list: MailingList, ref: str, now: datetime) -> None:
    """Our date has come and an upstream holds: the coordinators are told; the digest goes on."""
    disclosure = await disclosures.get(tx, ref)
    if disclosure is None or disclosure.state is not State.EMBARGOED or now < disclosure.embargo_until:
        return
    held_by = holding(replace(disclosure, upstreams=ended(disclosure, now)))  # its own date may have come meanwhile
    if not held_by:
        return
    setting = await release.setting_of(parts, tx, disclosure)
    notice = told.waits(disclosure, setting.particulars.subject, held_by, mailing_list.config.timezone, now)
    await posting.tell_coordinators(parts, tx, mailing_list, notice, now=now, disclosure=disclosure)


DUTIES = {END: _end, WAIT: _wait}
"""What the clock does about upstreams, by the kind of duty."""
