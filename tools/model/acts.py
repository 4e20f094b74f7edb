"""Everything that can happen in a position, each decided by the real code and carried out in a few words here.

What the shell does beside deciding (which copies are queued, who is told) is said again in its simplest
form. It takes no copy back, as if one were in another process's hands just then: the judgement at
the hand-over has to stand alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import product

from policy import audience, knowledge, release, steering, upstream
from policy import disclosure as table
from policy.acts import Act, Approve, TellFact
from policy.disclosure import Event, Refusal
from policy.facts import CopyState, Disclosure, MessageKind, Standing, State
from policy.intake import LeakReport, Posted, Reposted, Steered
from policy.knowledge import FactKind
from policy.orders import Order
from policy.release import Go, Withhold
from policy.scopes import read_scope
from policy.steering import Faults
from tools.model.mails import Letter, judged, strangers
from tools.model.search import Step
from tools.model.world import UPSTREAM, Paper, Position, World, line

QUEUED, SENT, WITHHELD, CANCELLED = CopyState.QUEUED, CopyState.SENT, CopyState.WITHHELD, CopyState.CANCELLED
OPEN = frozenset({QUEUED, WITHHELD})
COORDINATOR, OPERATOR, CLOCK, RELAY, NOBODY = "coordinator", "operator", "clock", "relay", "nobody"
SCOPES = ("all", "org:North")
FACTS = ("Fact: public\n", "Fact: exploit\n", "Fact: attacks\n")

Moves = Iterator[Step[Position]]


@dataclass(frozen=True, slots=True)
class Said:
    """What a coordinator's mail ordered, and what was refused of it; for laws to look at."""

    order: Order | None = None
    refused: tuple[Order, Faults] | None = None


@dataclass(frozen=True, slots=True)
class Approved:
    """A coordinator (an id) approved what waits."""

    by: int


@dataclass(frozen=True, slots=True)
class Known:
    """A coordinator told a fact; ``is_over``: it ends the embargo."""

    kind: FactKind
    is_over: bool


@dataclass(frozen=True, slots=True)
class Ended:
    """How a mail of somebody who must not change anything ended."""

    is_obeyed: bool
    is_proved: bool
    is_leak: bool
    has_case: bool
    is_believed: bool


class Acts:
    """The acts of a world. Pure answers are kept, as many positions ask the same."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._decided = lru_cache(maxsize=None)(self._decide)
        self._tried: set[tuple[object, ...]] = set()
        steps = range(world.size.instants)
        when = [line(world.at(step)) for step in steps]
        holds = ["", "Hold-Until: now\n", *(f"Hold-Until: {at}\n" for at in when)]
        dates = ["", *(f"Embargo-Until: {at}\n" for at in when)]
        scopes = SCOPES[:1] if world.size.facts or world.size.upstream else SCOPES
        beside = ("", *(f"{line}\n" for line in self._upstreams(when)[:2])) if world.size.upstream else ("",)
        self._posts = tuple(
            f"{hold}{date}{third}Scope: {scope}\n\nText\n"
            for hold in holds
            for date in dates
            for third in beside
            for scope in scopes
        )
        both = (f"{hold}{date}" for hold in holds for date in dates if hold or date)
        ends: tuple[str, ...] = ("Lift: now\n", "Withdraw: void\n", "Lift: now\nWithdraw: void\n")
        ends += ("Lift: now\nScope: all\n",)
        more: tuple[str, ...] = ("Lift: now\nSend: now\n", *FACTS) if world.size.facts else ()
        if world.size.two:
            more += ("Approve: ED-2026-K7QX\n",)
        if world.size.upstream:
            more += tuple(f"{line}{rest}\n" for line, rest in product(("", "Lift: now\n"), self._upstreams(when)))
        rescoped = (f"Scope: {scope}\n" for scope in scopes)
        self._orders = tuple(f"{block}\n" for block in (*both, *ends, *more, *rescoped))
        self._forgeries = (
            *ends,
            *more,
            f"Hold-Until: now\nEmbargo-Until: {when[-1]}\n",
            "Scope: all\n\n",
            "Leak: all of it\n",
        )

    @staticmethod
    def _upstreams(when: list[str]) -> tuple[str, ...]:
        """What may be said of a third party's embargo."""
        return (f"Upstream: {UPSTREAM}", f"Upstream: {UPSTREAM} until {when[-1]}", f"Upstream: {UPSTREAM} over")

    def _is_first(self, *kind: object) -> bool:
        """Whether it was not asked of this kind of position yet."""
        is_first = kind not in self._tried
        self._tried.add(kind)
        return is_first

    def steps(self, position: Position) -> Moves:
        """Everything that can happen here."""
        yield from self.time(position)
        yield from self.forged(position)
        if position.paper is None:
            yield from self.posts(position)
            return
        yield from self.clock(position)
        yield from self.steered(position)
        yield from self.stops(position)
        yield from self.roster(position)
        yield from self.copies(position)
        yield from self.leaks(position)

    # --- time -----------------------------------------------------------------------------------

    def time(self, position: Position) -> Moves:
        """Time passes; the service may be down meanwhile, so any number of instants may go by unseen."""
        for later in range(position.now + 1, self.world.size.instants):
            yield Step(f"it is {later}", CLOCK, position._replace(now=later))

    def clock(self, position: Position) -> Moves:
        """The loop wakes and does what is due, to the end; a loop that finds no end is a violation."""
        now = self.world.at(position.now)
        before = _disclosure(position)
        ended = self.world.paper(replace(before, upstreams=upstream.ended(before, now)))
        after, events = position._replace(paper=ended), []
        for _ in range(4):
            event = table.due(_disclosure(after), now, by_clock=not self.world.size.by_hand)
            if event in {None, Event.LIFT_ASKED}:  # asked for, it stands as it is
                break
            events.append(event)
            after = self._act(after, event)
        yield Step(f"the clock: {', '.join(events) or 'nothing'}", CLOCK, after, tuple(events))

    def _act(self, position: Position, event: Event) -> Position:
        before = _disclosure(position)
        if event is Event.HOLD_OVER:
            return self._released(position, before)
        if event is Event.DATE_REACHED:
            return self._lifted(position, before, "clock")
        return position._replace(paper=self.world.paper(replace(before, state=State.PENDING)))

    def _inside(self, position: Position, scope: str) -> tuple[bool, ...]:
        members = self.world.members(position.standings, position.keys)
        seats = audience.judge_seats(members, read_scope(scope), None, self.world.at(position.now))
        return tuple(seat.inside for seat in seats)

    def _ids(self, inside: tuple[bool, ...], position: Position) -> frozenset[int]:
        members = self.world.members(position.standings, position.keys)
        return frozenset(person.id for person, is_in in zip(members, inside, strict=True) if is_in)

    def _released(self, position: Position, before: Disclosure) -> Position:
        inside = self._inside(position, before.scope)
        after = replace(
            before,
            state=State.EMBARGOED,
            released_at=self.world.at(position.now),
            admitted=self._ids(inside, position),
        )
        copies = tuple(QUEUED if is_in else copy for is_in, copy in zip(inside, position.copies, strict=True))
        return position._replace(paper=self.world.paper(after), copies=copies)

    def _lifted(self, position: Position, before: Disclosure, cause: str) -> Position:
        after = replace(before, state=State.LIFTED, cause=cause)
        members = self.world.members(position.standings, position.keys)
        told = list(position.told)
        for number, (person, copy) in enumerate(zip(members, position.copies, strict=True)):
            if copy not in OPEN | {SENT}:
                continue
            verdict = release.judge_hand_over(MessageKind.LIFT_NOTICE, person, after, self.world.at(position.now))
            told[number] += isinstance(verdict, Go | Withhold)
        return position._replace(paper=self.world.paper(after), told=tuple(told))

    # --- coordinators ---------------------------------------------------------------------------

    def posts(self, position: Position) -> Moves:
        """A coordinator's new mail."""
        for text in self._posts:
            verdict = judged(self.world, position, Letter(self.world.alice, text))
            label = _label(text)
            if not isinstance(verdict, Posted):
                yield Step(f"kept: {label}", COORDINATOR, position)
                continue
            plan = steering.plan_post(verdict.order, self.world.rules, self.world.defaults, self.world.at(position.now))
            if isinstance(plan, Faults):
                yield Step(f"refused: {label}", COORDINATOR, position, Said(refused=(verdict.order, plan)))
                continue
            if not any(self._inside(position, plan.scope)):
                yield Step(f"nobody: {label}", COORDINATOR, position)
                continue
            made = Disclosure(
                id="ED-2026-K7QX",
                list_id="list",
                state=State.PENDING if self.world.size.two else State.HELD,
                unapproved=self.world.size.two,
                posted_by=self.world.alice.id,
                poster_address=self.world.alice.address,
                poster_name=self.world.alice.name,
                posted_at=self.world.at(position.now),
                hold_until=plan.hold_until,
                embargo_until=plan.embargo_until,
                tlp=plan.tlp,
                scope=plan.scope,
                upstreams=plan.upstreams,
            )
            after = position._replace(paper=self.world.paper(made))
            yield Step(f"post: {label}", COORDINATOR, after, Said(verdict.order))

    def steered(self, position: Position) -> Moves:
        """A coordinator's reply, every one that there is."""
        is_first = self._is_first(position.now, position.paper)
        for label, said, paper in self._decided(position.now, position.paper):
            if isinstance(said, Approved | Known):
                yield from self._acted(position, label, said, paper)
            elif paper is not None and said.order is not None:
                yield from self._carried_out(position, label, said, paper)
            elif is_first:  # what is refused is so whatever members do: asked once of each disclosure and moment
                yield Step(f"refused: {label}", COORDINATOR, position, said)

    def _decide(self, now: int, paper: Paper) -> tuple[tuple[str, Said | Approved | Known, Paper | None], ...]:
        """What the core says to every order here: it depends on the disclosure and the moment alone."""
        position = self.world.start()._replace(now=now, paper=paper)
        found: list[tuple[str, Said | Approved | Known, Paper | None]] = []
        for text in self._orders:
            verdict = judged(self.world, position, Letter(self.world.alice, text))
            if not isinstance(verdict, Steered):
                found.append((_label(text), Said(), None))
                continue
            if verdict.order.acts:
                found += self._decide_act(paper, now, verdict.order.acts[0])
                continue
            plan = steering.plan_steering(verdict.order, paper.value, self.world.rules, self.world.at(now))
            if isinstance(plan, Faults):
                found.append((_label(text), Said(refused=(verdict.order, plan)), None))
            else:
                found.append((_label(text), Said(verdict.order), self.world.paper(plan.after)))
        return tuple(found)

    def _decide_act(self, paper: Paper, now: int, act: Act) -> list[tuple[str, Said | Approved | Known, Paper | None]]:
        """What a line leads to that does something of its own; an approval, by each coordinator."""
        found: list[tuple[str, Said | Approved | Known, Paper | None]] = []
        if isinstance(act, TellFact):
            after = knowledge.learnt(paper.value, act.kind, self.world.at(now))
            target = table.move(after.state, knowledge.EVENTS[act.kind])
            is_over = act.kind is not FactKind.ATTACKS and not isinstance(target, Refusal)
            found.append((f"Fact: {act.kind}", Known(act.kind, is_over=is_over), self.world.paper(after)))
        if isinstance(act, Approve):
            both = (self.world.alice, self.world.adam)
            for person in both:
                ids = [one.id for one in both]
                judged_as = table.approve(paper.value, person.id, ids, self.world.rules, self.world.at(now))
                after_it = None if isinstance(judged_as, Refusal) else self.world.paper(judged_as)
                found.append((f"{person.name} approves", Approved(person.id), after_it))
        return found

    def _acted(self, position: Position, label: str, said: Approved | Known, paper: Paper | None) -> Moves:
        if paper is None:
            yield Step(f"refused: {label}", COORDINATOR, position)
            return
        after = position._replace(paper=paper)
        if isinstance(said, Known) and said.is_over:
            after = self._lifted(after, paper.value, knowledge.LIFTS_AS[said.kind])
        yield Step(label, COORDINATOR, after, said)

    def _carried_out(self, position: Position, label: str, said: Said, paper: Paper) -> Moves:
        before, order = _disclosure(position), said.order
        if order is None:
            return
        if order.scope is not None and not any(self._inside(position, paper.value.scope)):
            yield Step(f"nobody: {label}", COORDINATOR, position, Said())
        elif order.lift_now and before.state is State.HELD:
            sent = self._released(position, before)
            yield Step(label, COORDINATOR, self._lifted(sent, _disclosure(sent), paper.value.cause or ""), said)
        elif order.lift_now:
            standing = replace(before, upstreams=paper.value.upstreams)
            yield Step(label, COORDINATOR, self._lifted(position, standing, paper.value.cause or ""), said)
        elif order.withdraw is not None:
            yield Step(label, COORDINATOR, position._replace(paper=paper), said)
        elif order.scope is not None and before.admitted is not None:
            yield Step(label, COORDINATOR, self._rescoped(position, paper), said)
        else:
            yield Step(label, COORDINATOR, position._replace(paper=paper), said)

    def _rescoped(self, position: Position, paper: Paper) -> Position:
        inside = self._inside(position, paper.value.scope)
        admitted = self._ids(inside, position)
        old = _disclosure(position).admitted or frozenset()
        members = self.world.members(position.standings, position.keys)
        copies = list(position.copies)
        for number, person in enumerate(members):
            if person.id in admitted - old and copies[number] != SENT:
                copies[number] = QUEUED
        after = self.world.paper(replace(paper.value, admitted=admitted))
        return position._replace(paper=after, copies=tuple(copies))

    def stops(self, position: Position) -> Moves:
        """Anybody's stop code, and the operator's ``disclosure go``."""
        before = _disclosure(position)
        if not isinstance(table.move(before.state, Event.STOP), Refusal):
            stopped = self.world.paper(replace(before, stopped=True))
            yield Step("stop code", NOBODY, position._replace(paper=stopped), Event.STOP)
        if before.stopped and not isinstance(table.move(before.state, Event.GO), Refusal):
            now = self.world.at(position.now)
            is_due = before.hold_until <= now < before.embargo_until
            going = replace(before, stopped=False, hold_until=now if is_due else before.hold_until)
            yield Step("go", OPERATOR, position._replace(paper=self.world.paper(going)), Event.GO)

    # --- members, copies, leaks -------------------------------------------------------------------

    def roster(self, position: Position) -> Moves:
        """The operator suspends the first member and reinstates it; the last one's key expires and is replaced.

        Either may happen to either: that one of each is enough follows from judging each member alone.
        """
        is_active = position.standings[0] is Standing.ACTIVE
        standings = _set(position.standings, 0, Standing.SUSPENDED if is_active else Standing.ACTIVE)
        what = "suspend" if is_active else "reinstate"
        yield Step(what, OPERATOR, position._replace(standings=standings))
        if self.world.size.facts or self.world.size.upstream:
            return  # what becomes known, or holds beside, has nothing to do with keys
        last = len(position.keys) - 1
        keys = _set(position.keys, last, not position.keys[last])
        yield Step("a key changes", OPERATOR, position._replace(keys=keys))

    def copies(self, position: Position) -> Moves:
        """Each copy on its own: judged at the moment of handing over; one that waits, when its key is good again."""
        members = self.world.members(position.standings, position.keys)
        for number, (person, copy) in enumerate(zip(members, position.copies, strict=True)):
            if copy not in OPEN:
                continue
            verdict = release.judge_hand_over(
                MessageKind.DISCLOSURE, person, _disclosure(position), self.world.at(position.now)
            )
            if isinstance(verdict, Go):
                state = SENT if copy == QUEUED else QUEUED
            else:
                state = WITHHELD if isinstance(verdict, Withhold) else CANCELLED
            after = position._replace(copies=_set(position.copies, number, state))
            yield Step(f"copy {number}: {state}", RELAY, after, (number, verdict))

    def leaks(self, position: Position) -> Moves:
        """A leak report: always a case, proved or not; a closed disclosure is lifted again."""
        target = table.move(_disclosure(position).state, Event.LEAK)
        if not isinstance(target, Refusal):
            after = self.world.paper(replace(_disclosure(position), state=target))
            yield Step("leak", NOBODY, position._replace(paper=after), Event.LEAK)

    def forged(self, position: Position) -> Moves:
        """All that must have no effect, tried once for each kind of position."""
        found = position.paper.value if position.paper else None
        if not self._is_first(found and found.state, found and found.admitted is None, position.standings):
            return
        for text in (*self._forgeries, *(self._posts[-1:] if found is None else ())):
            for letter in strangers(self.world, position):
                verdict = judged(self.world, position, replace(letter, text=text))
                ended = Ended(
                    is_obeyed=isinstance(verdict, Posted | Steered | Reposted),
                    is_proved=letter.wrong == "" and letter.writer is not None,
                    is_leak=text.startswith("Leak") and letter.wrong != "automatic",
                    has_case=isinstance(verdict, LeakReport),
                    is_believed=isinstance(verdict, LeakReport) and verdict.reporter is not None,
                )
                who = letter.wrong or (letter.writer.name if letter.writer else "stranger")
                yield Step(f"{who}: {_label(text)}", NOBODY, position, ended)


def _disclosure(position: Position) -> Disclosure:
    if position.paper is None:
        message = "there is a disclosure from the post on"
        raise ValueError(message)
    return position.paper.value


def _label(text: str) -> str:
    return "; ".join(text.partition("\n\n")[0].split("\n")).rstrip("; ")


def _set(values: tuple, number: int, value: object) -> tuple:  # type: ignore[type-arg]
    return (*values[:number], value, *values[number + 1 :])
