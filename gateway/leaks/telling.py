"""Telling the audience of a leak: who, and in which words. Shared by reports and by what coordinators vouch for."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from gateway import holdings
from gateway.notices import leak as notices_leak
from gateway.sending import posting
from gateway.sending.content import unsent
from policy.facts import READERS, Disclosure, MessageKind, Person, Role, Standing, State
from storage import leaks, roster

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from gateway.lists import MailingList
    from gateway.notices.common import Notice
    from gateway.scene import Scene
    from gateway.sending.content import Setting
    from policy.leaklines import LeakLines
    from storage.database import Tx
    from storage.records import Copy


async def audience(
    mailing_list: MailingList, tx: Tx, disclosure: Disclosure | None, by: str, now: datetime, *, but: int | None
) -> tuple[Person, ...]:
    """Who is told of a proved leak: those who have what leaked, where it is about "us" and the list says so."""
    told = by == "us" and mailing_list.config.leak_notice == "list"
    if not told or disclosure is None or disclosure.state not in {State.EMBARGOED, State.LIFTED}:
        return ()
    bound = await holdings.bound_people(tx, disclosure)
    return tuple(
        person
        for person in bound
        if person.standing is Standing.ACTIVE and _is_inside(person, disclosure, now) and person.id != but
    )


def _is_inside(person: Person, disclosure: Disclosure, now: datetime) -> bool:
    if person.role is Role.GUEST:
        grant = person.grant_of(disclosure.id)
        return grant is not None and grant.is_live(now)
    return person.role is Role.MEMBER and person.id in (disclosure.admitted or ())


async def tell(
    scene: Scene,
    setting: Setting,
    lines: LeakLines | None,
    leak_id: str,
    readers: tuple[Person, ...],
    *,
    by_member: bool = False,
) -> None:
    """Send the notice: what, to whom and when, as the report's lines say; no organisation, no attachment."""
    if lines is not None:
        lines = without_names(lines, await _names(scene.tx, setting.disclosure.list_id))
    await posting.notify(
        scene.parts,
        scene.tx,
        scene.mailing_list,
        readers,
        _notice(scene, setting, lines, by_member=by_member),
        kind=MessageKind.LEAK_NOTICE,
        now=scene.now,
        thread=await posting.thread_of(scene.tx, setting.disclosure),
        priority=posting.LEAK,
        leak_id=leak_id,
    )


async def tell_less(scene: Scene, setting: Setting) -> None:
    """Where an upstream keeps details back from now on, a notice that is on its way still does not tell them either."""
    for copies in (await unsent(scene.tx, setting.disclosure, {MessageKind.LEAK_NOTICE})).values():
        await tell_less_by(scene, setting, copies)


async def tell_less_by(scene: Scene, setting: Setting, copies: Sequence[Copy]) -> None:
    """The same of copies of one notice."""
    case = await leaks.get(scene.tx, await leaks.of_message(scene.tx, copies[0].message_id) or "")
    by_member = case is not None and case.org is not None and case.person_id is not None
    notice = _notice(scene, setting, None, by_member=by_member)
    await posting.notify_instead(scene.parts, scene.tx, scene.mailing_list, copies, notice, scene.now)


def _notice(scene: Scene, setting: Setting, lines: LeakLines | None, *, by_member: bool) -> Notice:
    return notices_leak.leak_notice(
        setting.disclosure,
        setting.told_subject,
        lines,
        setting.mailing_list.config.timezone,
        scene.now,
        by_clock=setting.mailing_list.by_clock,
        by_member=by_member,
    )


async def _names(tx: Tx, list_id: str) -> list[str]:
    """What would name a member, also one who left: name, address, and the domain of the address."""
    people = await roster.people(tx, list_id, roles=READERS, with_removed=True)
    return [name for person in people for name in (person.name, person.address, person.address.partition("@")[2])]


def without_names(lines: LeakLines, names: Iterable[str]) -> LeakLines:
    """What the audience reads names no organisation: where one of ``names`` was written, "a member" stands."""
    longest_first = sorted({name for name in names if name.strip()}, key=len, reverse=True)
    if not longest_first:
        return lines
    patterns = (r"\s+".join(re.escape(word) for word in name.split()) for name in longest_first)
    named = re.compile("|".join(rf"(?<!\w){pattern}(?!\w)" for pattern in patterns), re.IGNORECASE)

    def without(value: str | None) -> str | None:
        return named.sub("a member", value) if value else value

    return replace(lines, what=without(lines.what), to=without(lines.to), when=without(lines.when))
