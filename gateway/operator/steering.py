"""What a coordinator's lines do, as the operator's act: dates, third parties, guests, where it is published.

Each command is put as the control lines that it stands for, read and judged by the same core; so it takes
what they take, and is refused where they are. What two coordinators decide stays theirs (two_person).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway import changing, release
from gateway.acts import guests, public_posts
from gateway.grants import keyfiles
from gateway.notices import common as notices
from gateway.operator.acts import tell
from gateway.operator.base import OPERATOR, Done, RefusedError, UnclearError
from gateway.operator.roster import read_address
from gateway.operator.show import find_disclosure
from gateway.operator.wording import at_a_shell
from gateway.receipts import UNRELEASED, date_notes
from gateway.scene import Scene
from gateway.sending.content import Setting
from gateway.settings import TwoPerson
from gateway.surroundings import around
from policy.acts import TellPublicPost
from policy.control import read_block
from policy.disclosure import Event
from policy.facts import State
from policy.grants import InviteGuest, admit, read_guest, who_text
from policy.instants import in_words
from policy.orders import read_order
from policy.steering import Faults, plan_steering
from policy.upstream import ends_sooner, opens_sooner
from storage import roster

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway.operator.keys import KeyFile
    from gateway.parts import Parts
    from policy.control import Complaint
    from policy.facts import Disclosure
    from policy.orders import Order
    from policy.steering import SteerPlan
    from storage.database import Tx


async def _open(parts: Parts, tx: Tx, disclosure_id: str) -> tuple[Scene, Setting]:
    """The disclosure, and the scene of what the operator does with it. Raises RefusedError."""
    found = await find_disclosure(tx, disclosure_id)
    mailing_list = parts.lists.get(found.list_id)
    if mailing_list is None:
        raise RefusedError(f"{found.id} belongs to list {found.list_id}, which is not in {parts.config.path} any more")
    scene = Scene(parts, tx, mailing_list, parts.clock.now(), OPERATOR)
    return scene, await release.setting_of(parts, tx, found)


async def _said(scene: Scene, disclosure: Disclosure, headline: str, words: Sequence[str]) -> None:
    notice = notices.happened(disclosure.id, headline, list(words))
    await tell(scene.parts, scene.tx, scene.mailing_list, notice, scene.now, disclosure=disclosure)


def _read(scene: Scene, disclosure: Disclosure, lines: Sequence[tuple[str, str]]) -> Order:
    """Read lines as a coordinator's reply would have them. Raises RefusedError with all that they may mean."""
    for name, value in lines:
        if not value.isprintable():
            raise RefusedError(f"{name}: it is written on one line")
    block = read_block("".join(f"{name}: {value}\n" for name, value in lines))
    surroundings = around(scene.mailing_list, disclosure, scene.now, role="coordinator", is_reply=True)
    order = read_order(block, surroundings)
    if order.complaints:
        raise _refused(disclosure, order.complaints)
    return order


def _refused(disclosure: Disclosure, complaints: Sequence[Complaint]) -> RefusedError:
    return RefusedError(f"{disclosure.id}: {'; '.join(_in_a_line(one) for one in complaints)}")


def _in_a_line(complaint: Complaint) -> str:
    line = f"{complaint.line.rstrip(':')}: " if complaint.line else ""
    readings = " or ".join(f"`{one.value}`" for one in complaint.readings)
    return line + at_a_shell(complaint.why) + (f"; try {readings}" if readings else "")


def _plan(scene: Scene, setting: Setting, order: Order) -> SteerPlan:
    """What an order changes. Raises RefusedError where it can't be, or takes two coordinators."""
    disclosure, two = setting.disclosure, scene.mailing_list.config.two_person
    plan = plan_steering(order, disclosure, scene.mailing_list.rules, scene.now)
    if isinstance(plan, Faults):
        raise _refused(disclosure, plan.complaints)
    is_sooner = plan.after.embargo_until < disclosure.embargo_until or ends_sooner(disclosure, plan.after)
    if TwoPerson.LIFT in two and disclosure.state is State.EMBARGOED and is_sooner:
        _leave_to_two(disclosure, "end an embargo sooner")
    if TwoPerson.WIDEN in two and opens_sooner(disclosure, plan.after):
        _leave_to_two(disclosure, "let more out")
    return plan


def _leave_to_two(disclosure: Disclosure, what: str) -> None:
    way = "the line by one and `Approve:` by another, by mail"
    raise RefusedError(f"{disclosure.id}: two coordinators {what} on this list (two_person): {way}")


async def _change(parts: Parts, disclosure_id: str, lines: Sequence[tuple[str, str]]) -> Done:
    async with parts.database.transaction() as tx:
        scene, setting = await _open(parts, tx, disclosure_id)
        before = setting.disclosure
        if scene.mailing_list.is_by_agreement(before) and any(name == "Embargo-Until" for name, _ in lines):
            why = "the list agrees on its date: somebody on it proposes one by mail, and"
            raise RefusedError(f"{before.id}: {why} `embargo proposal confirm` confirms it")
        order = _read(scene, before, lines)
        plan = _plan(scene, setting, order)
        if not plan.events:
            raise RefusedError(f"{before.id}: so it stands already")
        await changing.store(scene, before, plan)
        setting = Setting(scene.mailing_list, plan.after, setting.particulars)
        says_hold = order.hold_until is not None or order.hold_now
        words = await changing.carry_out(scene, setting, before, plan, says_hold=says_hold)
        words += _standing(scene, before, plan, says_hold=says_hold)
        await _said(scene, plan.after, "The operator changed it", words)
        notes = date_notes(setting, scene.now) if order.embargo_until or says_hold else []
    return Done(f"{before.id}: {' '.join(words).rstrip('.')}", tuple(notes))


def _standing(scene: Scene, before: Disclosure, plan: SteerPlan, *, says_hold: bool) -> list[str]:
    """What else became of its dates: by mail the receipt tells how it stands."""
    after, zone, now = plan.after, scene.mailing_list.config.timezone, scene.now
    words = []
    if after.embargo_until != before.embargo_until and not plan.has(Event.NEW_DATE):
        words.append(f"The public date is now {in_words(after.embargo_until, zone, now)}.")
    if after.state in UNRELEASED and after.unapproved:
        words.append("It waits for a second coordinator's `Approve:` still.")
    elif after.state is State.HELD and after.stopped:
        words.append(f"It is stopped still: `embargo disclosure go {after.id}` lets it go.")
    elif after.state is State.HELD and not says_hold:
        words.append(f"Members get it {in_words(after.hold_until, zone, now)}.")
    return words


async def change_dates(parts: Parts, disclosure_id: str, hold_until: str | None, embargo_until: str | None) -> Done:
    """Change the hold, the public date or both, as ``Hold-Until:`` and ``Embargo-Until:`` do (rows 5, 10a).

    Raises RefusedError, with every reading of a date that is not clear; UnclearError where none is given.
    """
    given = (("Hold-Until", hold_until), ("Embargo-Until", embargo_until))
    lines = [(name, value) for name, value in given if value is not None]
    if not lines:
        raise UnclearError("give --hold-until, --embargo-until or both: there is no date to change to")
    return await _change(parts, disclosure_id, lines)


async def tell_upstream(parts: Parts, disclosure_id: str, name: str, until: str | None, *, over: bool) -> Done:
    """Say that a third party's embargo holds (``until`` then), or is over. Raises RefusedError, UnclearError."""
    if over and until is not None:
        raise UnclearError("--over or --until: one of them")
    if name.split() != [name]:  # no more of the line: letting details go is a coordinator's
        raise UnclearError(f"{name!r}: give one name, as in `[lists.NAME.upstreams.envoy]` of the configuration")
    rest = " over" if over else f" until {until}" if until is not None else ""
    return await _change(parts, disclosure_id, [("Upstream", f"{name}{rest}")])


async def tell_public_post(parts: Parts, disclosure_id: str, where: str) -> Done:
    """Note where the public notice stands, as ``Public-Post:`` does. Raises RefusedError."""
    async with parts.database.transaction() as tx:
        scene, setting = await _open(parts, tx, disclosure_id)
        order = _read(scene, setting.disclosure, [("Public-Post", where)])
        why = public_posts.why_not(setting.disclosure)
        if why is not None:
            raise RefusedError(f"{setting.disclosure.id}: {at_a_shell(why)}")
        for act in order.acts:
            if isinstance(act, TellPublicPost):
                setting = await public_posts.note(scene, setting, act.where)
        await _said(scene, setting.disclosure, "The operator told where it is public", [public_posts.NOTED])
    return Done(f"{setting.disclosure.id}: noted, and nobody is asked for it any more")


async def let_in(parts: Parts, disclosure_id: str, address: str, name: str, files: Sequence[KeyFile]) -> Done:
    """Let somebody who is no member into this one disclosure, as ``Guest:`` does. Raises RefusedError, UnclearError."""
    plain = read_address(parts, address)
    if read_guest(plain).value is None:
        raise UnclearError(f"{plain!r} is no mail address that a `Guest:` line takes, such as jane@corp.example")
    act = read_guest(who_text(" ".join(name.split()) or plain, plain)).value
    if not isinstance(act, InviteGuest):
        raise UnclearError("--name: one line, without quotes and angle brackets")
    async with parts.database.transaction() as tx:
        scene, setting = await _open(parts, tx, disclosure_id)
        disclosure, list_id = setting.disclosure, scene.mailing_list.id
        known = next(iter(await roster.find(tx, address=plain, list_id=list_id)), None)
        read = [await keyfiles.judged(parts, tx, list_id, file.name, file.data, scene.now) for file in files]
        keys = list({one.offered.fingerprint or one.offered.filename: one for one in read}.values())
        judged = admit(plain, [one.offered for one in keys], known, disclosure, scene.now)
        if isinstance(judged, str):
            raise RefusedError(f"{disclosure.id}: {plain}: {at_a_shell(judged)}")
        if TwoPerson.WIDEN in scene.mailing_list.config.two_person:
            _leave_to_two(disclosure, "let somebody in")
        key = next((one for one in keys if one.offered == judged.key), None)
        said = await guests.let_in(scene, setting, act, key)
        await _said(scene, disclosure, "The operator let a guest in", [said])
    return Done(said)


async def let_go(parts: Parts, disclosure_id: str, address: str) -> Done:
    """End what lets somebody into this disclosure, as ``Guest: end`` does. Raises RefusedError."""
    async with parts.database.transaction() as tx:
        scene, setting = await _open(parts, tx, disclosure_id)
        if not await guests.live(tx, setting.disclosure, address, scene.now):
            raise RefusedError(f"{setting.disclosure.id}: {address}: {guests.NOBODY}")
        said = await guests.let_go(scene, setting.disclosure, address, OPERATOR)
        await _said(scene, setting.disclosure, "The operator ended what lets a guest in", [said])
    return Done(said)
