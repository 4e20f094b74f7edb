"""Story 2: a due hold, and everything else that happens by the clock.

Everything is judged afresh at its moment, in the transaction that acts on it: members leave, keys
expire, dates move. Firing twice, late or after a restart does it once.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Protocol

from gateway import holdings, lifting, reminders, safe
from gateway.grants import ending
from gateway.holdings import bound_people
from gateway.kept import keeping
from gateway.leaks import retrospect
from gateway.log import describe, get_logger
from gateway.notices import common as notices
from gateway.particulars import Particulars
from gateway.sending import clear, content, posting, reports
from gateway.sending.content import Setting
from gateway.upstreams import planning as upstream_planning
from policy import disclosure as table
from policy.audience import judge_seats, let_in
from policy.disclosure import Event
from policy.facts import CONTENT_KINDS, READERS, Disclosure, MessageKind, State
from policy.release import LATE_AFTER, REPORT_AFTER, UNDELIVERED_AFTER
from policy.scopes import read_scope
from policy.upstream import lift_due
from storage import disclosures, duties, messages, outbox, roster
from storage.errors import Unavailable
from storage.records import Duty, Message

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence
    from datetime import datetime

    from gateway.lists import MailingList
    from gateway.parts import Parts
    from policy.audience import Seat
    from policy.facts import Upstream
    from storage.database import Tx

    DoDuty = Callable[[Parts, Tx, MailingList, str, datetime], Awaitable[None]]
    PrepareDuty = Callable[[Parts, str], Awaitable[DoDuty]]
    Hourly = Callable[[Tx, MailingList, datetime], Awaitable[None]]

log = get_logger("release")
EXPIRE_EVERY = timedelta(hours=1)
AGAIN_AFTER = timedelta(seconds=10)  # until what failed by the clock is tried again


class Ages(Protocol):
    """What is done once an hour with what is over."""

    async def over(self, now: datetime) -> tuple[tuple[str, str], ...]:
        """What may have aged: lists with their disclosures, or with "" for what is of none."""
        ...

    async def age(self, list_id: str, disclosure_id: str, now: datetime) -> bool:
        """Do what is due of one of these; says whether anything was done."""
        ...


class Release:
    """Does what is due by the clock; one thing that can't be done now keeps nothing else from its time."""

    def __init__(
        self,
        parts: Parts,
        duties_by_kind: Mapping[str, DoDuty] | None = None,
        ageing: Ages | None = None,
        *,
        prepared: Mapping[str, PrepareDuty] | None = None,
        hourly: Sequence[Hourly] = (),
    ) -> None:
        """Take the parts, how duties are done that other modules take on, and what is done with what is over.

        ``prepared``: duties for which something is read before their transaction. ``hourly``: what each list has
        done for it once an hour.
        """
        self._parts = parts
        self._prepared = prepared or {}
        self._hourly = hourly
        self._ageing = ageing
        self._aged_at: datetime | None = None
        self._by_kind = duties_by_kind or {}
        self._expired_at: datetime | None = None
        self._failed: dict[str, datetime] = {}

    async def step(self, now: datetime) -> bool:
        """Do what is due at ``now``; says whether anything was done."""
        parts = self._parts
        async with parts.database.reading() as tx:
            due = [found.id for found in await disclosures.due(tx, now, parts.lists.lifted_by_hand)]
            duty_rows = await duties.due(tx, now)
        done = [await self._guarded(ref, partial(self._act, ref, now), now) for ref in due]
        done += [
            await self._guarded(f"{duty.kind} {duty.ref}", partial(self._do_duty, duty, now), now) for duty in duty_rows
        ]
        await self._guarded("expiry", partial(self._expire, now), now)
        done += await self._age(now)
        if any(done):
            parts.nudges.ring()
        return any(done)

    async def next_at(self) -> datetime | None:
        """The next instant at which something is due, None when nothing is."""
        async with self._parts.database.reading() as tx:
            return await disclosures.next_instant(tx, self._parts.lists.lifted_by_hand)

    async def _guarded(self, ref: str, act: Callable[[], Awaitable[bool]], now: datetime) -> bool:
        """Do one thing; where it fails a human is told, and it is tried again a little later."""
        failed_at = self._failed.get(ref)
        if failed_at is not None and now - failed_at < AGAIN_AFTER:
            return False
        try:
            done = await act()
        except Unavailable:
            raise  # the database itself: nothing can be done now
        except Exception as error:  # noqa: BLE001 - the next one's moment must not pass over this one's defect
            log.error("not done", id=ref, error=describe(error))
            self._parts.trouble.tell("overdue", ref)
            self._failed[ref] = now
            return False
        self._failed.pop(ref, None)
        return done

    async def _act(self, disclosure_id: str, now: datetime) -> bool:
        parts = self._parts
        async with parts.database.transaction() as tx:
            disclosure = await disclosures.get(tx, disclosure_id)
            if disclosure is None or parts.lists.get(disclosure.list_id) is None:
                return False
            match table.due(disclosure, now, by_clock=parts.lists[disclosure.list_id].by_clock):
                case Event.HOLD_OVER:
                    await release(parts, tx, disclosure, now)
                case Event.DATE_PASSED:
                    await _date_passed(parts, tx, disclosure, now)
                case Event.DATE_REACHED:
                    # Details that an upstream kept back until now go out ahead of it.
                    priority = posting.AFTER_CONTENT if disclosure.upstreams else posting.NOTICE
                    await lift(
                        parts, tx, disclosure, now, cause="clock", actor="gateway", publish=True, priority=priority
                    )
                case Event.LIFT_ASKED:
                    reason = str(Event.LIFT_ASKED)
                    await transition(parts, tx, disclosure, disclosure, now, actor="gateway", reason=reason)
                    await lifting.ask(parts, tx, await setting_of(parts, tx, disclosure), now)
                case _:
                    return False
        return True

    async def _do_duty(self, duty: Duty, now: datetime) -> bool:
        prepare = self._prepared.get(duty.kind)
        do = await prepare(self._parts, duty.ref) if prepare else self._by_kind.get(duty.kind)
        async with self._parts.database.transaction() as tx:
            await self._carry_out(tx, duty, do, now)
            await duties.done(tx, duty.id, now)
        return True

    async def _carry_out(self, tx: Tx, duty: Duty, do: DoDuty | None, now: datetime) -> None:
        parts, ref = self._parts, duty.ref
        mailing_list = parts.lists.get(duty.list_id)
        if mailing_list is None:
            return
        match duty.kind:
            case reminders.REMINDER:
                await self._remind(tx, ref, duty.due_at, now)
            case reports.RELEASE_REPORT:
                await reports.release_report(parts, tx, ref, now)
            case reports.UNDELIVERED:
                await reports.undelivered(parts, tx, ref, now)
            case disclosures.LIFT_OVERDUE:
                await lifting.overdue(parts, tx, ref, now)
            case _ if do is not None:
                await do(parts, tx, mailing_list, ref, now)
            case _:
                log.error("unknown-duty", kind=duty.kind)

    async def _remind(self, tx: Tx, ref: str, due_at: datetime, now: datetime) -> None:
        disclosure = await disclosures.get(tx, ref)
        if disclosure is not None:
            await reminders.remind(self._parts, tx, await setting_of(self._parts, tx, disclosure), due_at, now)

    async def _age(self, now: datetime) -> list[bool]:
        """Once an hour: what is over is closed, and its content destroyed, each when its time has come."""
        if self._ageing is None or (self._aged_at is not None and now - self._aged_at < EXPIRE_EVERY):
            return []
        self._aged_at = now
        return [
            await self._guarded(f"ageing {ref or list_id}", partial(self._ageing.age, list_id, ref, now), now)
            for list_id, ref in await self._ageing.over(now)
        ]

    async def _expire(self, now: datetime) -> bool:
        if self._expired_at is not None and now - self._expired_at < EXPIRE_EVERY:
            return False
        self._expired_at = now
        async with self._parts.database.transaction() as tx:
            for mailing_list in self._parts.lists:
                await keeping.expire(self._parts, tx, mailing_list, now)
                for do in self._hourly:
                    await do(tx, mailing_list, now)
        return False


async def setting_of(parts: Parts, tx: Tx, disclosure: Disclosure) -> Setting:
    """A disclosure with its list and its sealed particulars, open."""
    item = await disclosures.particulars_item(tx, disclosure.id)
    particulars = Particulars.from_json(await safe.take_json(parts, tx, item))
    return Setting(parts.lists[disclosure.list_id], disclosure, particulars)


async def seats_of(tx: Tx, disclosure: Disclosure, now: datetime) -> tuple[Seat, ...]:
    """Every member and each of its guests, judged against a disclosure now."""
    people = await roster.people(tx, disclosure.list_id, roles=READERS)
    return judge_seats(people, read_scope(disclosure.scope), let_in(disclosure), now, disclosure.id)


async def release(
    parts: Parts,
    tx: Tx,
    disclosure: Disclosure,
    now: datetime,
    *,
    actor: str = "gateway",
    reason: str = "hold-over",
    lifts: bool = False,
) -> Disclosure:
    """Row 3: content to each of the audience, as judged now; gives the disclosure as it is then.

    ``lifts``: it is lifted in the same step, and what members read of it says so.
    """
    seats = await seats_of(tx, disclosure, now)
    inside = [seat.person for seat in seats if seat.inside]
    barred = [(seat.person, "suspended") for seat in seats if not seat.inside and seat.reason == "suspended"]
    after = replace(
        disclosure,
        state=State.EMBARGOED,
        released_at=now,
        admitted=frozenset(person.id for person in content.members(inside)),
    )
    await disclosures.update(tx, disclosure.id, state=after.state, released_at=now, admitted=after.admitted)
    await transition(parts, tx, disclosure, after, now, actor=actor, reason=reason)
    read_as = replace(after, state=State.LIFTED, ended_at=now) if lifts else after
    setting = await setting_of(parts, tx, read_as)
    for message in await messages.waiting(tx, disclosure.id):
        await messages.set_waiting(tx, message.id, waiting=False)
        opened = await content.open_message(parts, tx, message)
        await content.queue_for_members(parts, tx, setting, opened, inside, now, barred=barred)
        await watch(tx, message, now)
    if now - disclosure.hold_until > LATE_AFTER:
        await reports.raise_alarm(
            parts, tx, kind="late-release", ref=disclosure.id, list_id=disclosure.list_id, now=now
        )
    return after


async def send_and_lift(
    parts: Parts, tx: Tx, disclosure: Disclosure, now: datetime, *, cause: str, actor: str, publish: bool
) -> Disclosure:
    """Row 13 for what is held: members get the text and then the lift, in one step.

    Its hold is given up: the texts are dated as they are sent, and say that the embargo is over.
    """
    await messages.date_waiting(tx, disclosure.id, now)
    await disclosures.update(tx, disclosure.id, hold_until=now, stopped=False)
    held = replace(disclosure, hold_until=now, stopped=False)
    sent = await release(parts, tx, held, now, actor=actor, reason="send-and-lift", lifts=True)
    return await lift(
        parts,
        tx,
        sent,
        now,
        cause=cause,
        actor=actor,
        publish=publish,
        priority=posting.AFTER_CONTENT,
        is_composed=True,
    )


async def watch(tx: Tx, message: Message, now: datetime) -> None:
    """See to it that a human hears how delivery of a message went."""
    for kind, wait in ((reports.RELEASE_REPORT, REPORT_AFTER), (reports.UNDELIVERED, UNDELIVERED_AFTER)):
        await duties.add(tx, kind=kind, ref=message.id, list_id=message.list_id, due_at=now + wait, again=True)


async def _date_passed(parts: Parts, tx: Tx, disclosure: Disclosure, now: datetime) -> None:
    """Row 4: nothing is sent under a stale date; the coordinators are asked."""
    after = replace(disclosure, state=State.PENDING)
    await disclosures.update(tx, disclosure.id, state=after.state)
    await transition(parts, tx, disclosure, after, now, actor="gateway", reason="date-passed")
    setting = await setting_of(parts, tx, after)
    late = reports.lateness(disclosure.embargo_until, now)
    await posting.tell_coordinators(
        parts,
        tx,
        setting.mailing_list,
        notices.date_passed(after, setting.particulars.subject, setting.mailing_list.rules, now, late),
        now=now,
        kind=MessageKind.RECEIPT,
        disclosure=after,
    )
    await reports.raise_alarm(parts, tx, kind="date-passed", ref=disclosure.id, list_id=disclosure.list_id, now=now)


async def lift(
    parts: Parts,
    tx: Tx,
    disclosure: Disclosure,
    now: datetime,
    *,
    cause: str,
    actor: str,
    publish: bool,
    priority: int = posting.NOTICE,
    is_composed: bool = False,
) -> Disclosure:
    """Rows 12, 13 and 14: the embargo is over. Told to everybody bound; the public notice only where ``publish``.

    What waited for its release does not leave by it. What is on its way is told anew unless ``is_composed`` for it.
    """
    after = replace(disclosure, state=State.LIFTED, ended_at=now, cause=cause)
    for message in await messages.waiting(tx, disclosure.id):
        await messages.set_waiting(tx, message.id, waiting=False)
    await disclosures.update(tx, disclosure.id, state=after.state, ended_at=now, cause=cause)
    await transition(parts, tx, disclosure, after, now, actor=actor, reason=f"lift-{cause}")
    setting = await setting_of(parts, tx, after)
    config = setting.mailing_list.config
    was_due = lift_due(disclosure) or now
    late = reports.lateness(was_due, now) if cause == "clock" else None

    def say(told: Setting) -> notices.Notice:
        return notices.lifted(after, told.told_subject, config.timezone, now, late)

    await tell_bound(parts, tx, setting, say, MessageKind.LIFT_NOTICE, now, priority=priority)
    if publish:
        await send_public_notice(parts, tx, setting, now, actor="gateway", priority=priority)
    if cause == "clock" and now - was_due > LATE_AFTER:
        await reports.raise_alarm(parts, tx, kind="late-lift", ref=disclosure.id, list_id=disclosure.list_id, now=now)
    if not is_composed:
        await content.compose_ended_again(parts, tx, setting, now)
    return after


async def tell_bound(
    parts: Parts,
    tx: Tx,
    setting: Setting,
    say: Callable[[Setting], notices.Notice],
    kind: MessageKind,
    now: datetime,
    *,
    priority: int = posting.NOTICE,
) -> None:
    """Send a notice to everybody who ever got a copy, also when suspended or removed since, and to coordinators.

    What is told to those outside who never had it in full is said apart: neither its subject nor what people wrote.
    """
    disclosure = setting.disclosure
    coordinators = await posting.coordinators(tx, disclosure.list_id)
    people = posting.once_each([*await bound_people(tx, disclosure), *coordinators])
    informed = await holdings.informed(tx, disclosure, await seats_of(tx, disclosure, now))
    send = partial(posting.notify, parts, tx, setting.mailing_list, kind=kind, now=now, priority=priority)
    thread = await posting.thread_of(tx, disclosure)
    for readers, told in zip(holdings.parted(people, informed), (setting, setting.for_outside()), strict=True):
        if readers:
            message = await send(readers, say(told), thread=thread)
            due_at = now + UNDELIVERED_AFTER
            await duties.add(tx, kind=reports.UNDELIVERED, ref=message.id, list_id=message.list_id, due_at=due_at)


async def send_public_notice(
    parts: Parts, tx: Tx, setting: Setting, now: datetime, *, actor: str, priority: int = posting.NOTICE
) -> bool:
    """The public notice, where there is one: in clear, signed by the list, after the lift (law 1).

    Returns:
        Whether it goes out.
    """
    mailing_list, disclosure = setting.mailing_list, setting.disclosure
    notice, address = setting.particulars.notice, mailing_list.config.public_address
    if notice is None or not address:
        return False
    await clear.send(
        parts,
        tx,
        mailing_list,
        address,
        notice.text,
        kind=MessageKind.PUBLIC_NOTICE,
        now=now,
        disclosure_id=disclosure.id,
        priority=priority,
    )
    await parts.trail.append(
        tx, at=now, event="public-notice", id=disclosure.id, list_id=mailing_list.id, actor=actor, reason="lift"
    )
    return True


async def transition(
    parts: Parts, tx: Tx, before: Disclosure | None, after: Disclosure, now: datetime, *, actor: str, reason: str
) -> None:
    """Put a change of a disclosure into the trail: states, instants, scope."""
    await parts.trail.append(
        tx,
        at=now,
        event=f"disclosure-{after.state}",
        id=after.id,
        list_id=after.list_id,
        actor=actor,
        reason=reason,
        detail={
            "from": before.state.value if before else None,
            "hold_until": after.hold_until.isoformat(),
            "embargo_until": after.embargo_until.isoformat(),
            "scope": after.scope,
            "stopped": after.stopped,
            "upstreams": {one.name: _standing_of(one) for one in after.upstreams},
        },
    )
    await ending.with_disclosure(parts, tx, parts.lists[after.list_id], before, after, now)
    await upstream_planning.plan(tx, after, now)
    await reminders.plan(parts, tx, after, now)


def _standing_of(one: Upstream) -> str:
    """How far an upstream is, in a word of the trail: until when it holds, or that it is over."""
    if not one.holds:
        return "over"
    return one.until.isoformat() if one.until else "open"


async def withdraw(parts: Parts, tx: Tx, setting: Setting, reason: str, now: datetime) -> tuple[str, ...]:
    """Rows 5 and 5a, after the state has changed: what is queued is cancelled, whoever is bound is told.

    "void" as the reason's first word sets them free; otherwise it stays confidential until its date.
    Gives the leak cases whose retrospective is not due any more, as members are not written to.
    """
    disclosure = setting.disclosure
    bound = await bound_people(tx, disclosure)
    await outbox.cancel(
        tx, now=now, reason="withdrawn", disclosure_id=disclosure.id, kinds=CONTENT_KINDS, roles=READERS
    )
    for message in await messages.waiting(tx, disclosure.id):
        await messages.set_waiting(tx, message.id, waiting=False)
    ended = await retrospect.end_withdrawn(parts, tx, disclosure, now)
    if not bound:
        return ended
    is_void = reason.split(":", maxsplit=1)[0].strip().casefold() == "void"
    zone = setting.mailing_list.config.timezone

    def say(told: Setting) -> notices.Notice:
        return notices.withdrawn(disclosure, told.told_subject, told.told(reason), is_void, zone, now)

    await tell_bound(parts, tx, setting, say, MessageKind.WITHDRAWAL, now)
    return ended


async def stop(parts: Parts, tx: Tx, disclosure: Disclosure, now: datetime, *, actor: str, by: str) -> None:
    """Row 3a: stop an unreleased disclosure and tell the coordinators."""
    after = replace(disclosure, stopped=True)
    await disclosures.update(tx, disclosure.id, stopped=True)
    await transition(parts, tx, disclosure, after, now, actor=actor, reason="stop")
    setting = await setting_of(parts, tx, after)
    await posting.tell_coordinators(
        parts,
        tx,
        setting.mailing_list,
        notices.stopped(after, setting.particulars.subject, by),
        now=now,
        kind=MessageKind.RECEIPT,
        disclosure=after,
    )


async def go(parts: Parts, tx: Tx, disclosure: Disclosure, now: datetime, *, actor: str) -> None:
    """Let a stopped disclosure go again: it is released at its hold, or at once where that has gone by.

    What was held back on purpose is not late: its hold then ends now.
    """
    is_due = disclosure.hold_until <= now < disclosure.embargo_until
    after = replace(disclosure, stopped=False, hold_until=now if is_due else disclosure.hold_until)
    await disclosures.update(tx, disclosure.id, stopped=False, hold_until=after.hold_until)
    if is_due:
        await messages.date_waiting(tx, disclosure.id, now)
    await transition(parts, tx, disclosure, after, now, actor=actor, reason="go")
