"""What a suspension kept from a member who is in the audience again: it follows, composed as it stands now."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from gateway import release, safe
from gateway.log import get_logger
from gateway.sending import content
from gateway.upstreams import details
from policy.audience import judge_seat, let_in
from policy.facts import CONTENT_KINDS, CopyState, MessageKind, Role, Standing, State
from policy.scopes import read_scope
from policy.upstream import gets_details, restricting
from storage import disclosures, messages, outbox
from storage.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Iterable
    from datetime import datetime

    from gateway.parts import Parts
    from gateway.sending.content import Setting
    from policy.facts import Person
    from storage.database import Tx
    from storage.records import Copy, Message

log = get_logger("missed")


async def send(parts: Parts, tx: Tx, member: Person, now: datetime) -> tuple[str, ...]:
    """Send what a member's suspension kept from it; give the ids of these mails, oldest first.

    Of disclosures that it was let into: what was on its way to it then, and what went to the audience since.
    """
    sent: list[str] = []
    for disclosure in await disclosures.ls(tx, member.list_id, {State.EMBARGOED, State.LIFTED}):
        if not judge_seat(member, read_scope(disclosure.scope), let_in(disclosure), now, disclosure.id).inside:
            continue
        setting = await release.setting_of(parts, tx, disclosure)
        copies = await outbox.of_disclosure(tx, disclosure.id, roles={Role.MEMBER})
        own = _of(member, copies)
        for message in await _missed(tx, setting, member, own, {copy.message_id for copy in copies}):
            await _guarded(parts, tx, message.id, partial(_send_one, parts, tx, setting, message, own, member, now))
        if disclosure.state is State.EMBARGOED:  # and the details of what it has the mechanics of
            await _guarded(parts, tx, disclosure.id, partial(details.send, parts, tx, setting, now))
        there = _of(member, await outbox.of_disclosure(tx, disclosure.id, roles={Role.MEMBER}))
        fresh = [copy for copy in there.values() if copy.state is CopyState.QUEUED and copy != own.get(copy.message_id)]
        sent += [copy.message_id for copy in sorted(fresh, key=outbox.place)]
    return tuple(sent)


def _of(member: Person, copies: Iterable[Copy]) -> dict[str, Copy]:
    return {copy.message_id: copy for copy in copies if copy.person_id == member.id}


async def _missed(
    tx: Tx, setting: Setting, member: Person, own: dict[str, Copy], sent: Collection[str]
) -> list[Message]:
    """What a member lacks, oldest first. Its details are left out where the mail itself comes anew.

    ``sent``: ids of the mails that any member has a copy of. What was lifted unsent was not sent, and stays so.
    """
    disclosure = setting.disclosure
    was_out = disclosure.released_at is not None
    told = [one for one in await content.content_messages(tx, disclosure) if was_out or one.id in sent]
    wanted = {one.id for one in told if one.audience == "audience" and not one.waiting and one.id not in own}
    wanted |= {copy.message_id for copy in own.values() if _called_off(copy)}
    gone, found = disclosure.destroyed_at, await messages.of_disclosure(tx, disclosure.id)
    there = [one for one in found if one.id in wanted and (gone is None or one.created_at > gone)]
    return [
        one
        for one in there
        if one.details_of is None or (one.details_of not in wanted and gets_details(disclosure, member, one.id))
    ]


def _called_off(copy: Copy) -> bool:
    is_content = copy.kind in CONTENT_KINDS or copy.kind is MessageKind.LEAK_NOTICE
    return is_content and copy.state is CopyState.CANCELLED and copy.reason == Standing.SUSPENDED


async def _guarded(parts: Parts, tx: Tx, ref: str, act: Callable[[], Awaitable[object]]) -> None:
    """Queue some of it; what does not open keeps nobody from being reinstated, and a human hears of it."""
    try:
        async with tx.begin_nested():
            await act()
    except Unavailable:
        raise  # the database itself: nothing can be done
    except Exception as error:  # noqa: BLE001 - whatever it is, the others follow
        log.error("not sent again", id=ref, error=type(error).__name__)
        parts.trouble.tell("defect", ref)


async def _send_one(
    parts: Parts, tx: Tx, setting: Setting, message: Message, own: dict[str, Copy], member: Person, now: datetime
) -> None:
    if message.kind is MessageKind.LEAK_NOTICE:
        await _repeat(parts, tx, setting, own[message.id], now)
        return
    opened = await content.open_message(parts, tx, message)
    await content.queue_for_members(parts, tx, setting, opened, (member,), now, at=now)
    await release.watch(tx, message, now)


async def _repeat(parts: Parts, tx: Tx, setting: Setting, copy: Copy, now: datetime) -> None:
    """A notice of a leak goes as it was written; not where a third party's embargo came between."""
    held, person_id = await messages.content(tx, copy.content_id), copy.person_id
    if restricting(setting.disclosure) or held is None or person_id is None:
        return
    if await safe.find(parts, tx, held.item) is not None:
        await outbox.renew(tx, copy.id, content_id=held.id, person_id=person_id, withheld=copy.withheld, now=now)
