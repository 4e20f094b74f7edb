"""A world of one leak case and the disclosure that it is about: reported, vouched for, assessed, learnt from.

Whatever state the disclosure is in, until it is closed and its content destroyed. Lines are read and judged by
the real code, whoever writes them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple

from policy import closing, knowledge, leakcase
from policy import disclosure as table
from policy.acts import AssessLeak, PostRetrospective, VouchLeak
from policy.closing import Ageing, Left, Terms
from policy.disclosure import Event, Refusal
from policy.facts import Disclosure, Standing, State
from policy.intake import Steered
from policy.knowledge import FactKind
from policy.leakcase import Assessment, CaseState, Outcome
from policy.verdicts import Acted
from tools.model.acts import CLOCK, COORDINATOR, NOBODY, OPERATOR
from tools.model.mails import Letter, judged, strangers
from tools.model.search import Step
from tools.model.votes import Votes
from tools.model.world import START, UNIT, Paper, Size, World

CASE = "LK-2026-K7QX"
ENDED = {State.LIFTED, State.WITHDRAWN}
INSTANTS, CLOSES_AFTER, RETENTION = 4, 1, 1  # in units
TERMS = Terms(CLOSES_AFTER * UNIT, RETENTION * UNIT)
LEFT = {"": Left(), "kept": Left(kept=("Q-1",)), "asked": Left(asked=("SR-1",)), "copy": Left(on_their_way=1)}
GRAVER = {None: 0, "dismissed": 1, "contained": 2, "public": 3}
LINES = (
    f"Vouch: {CASE}\n\n",
    *(f"Assess: {CASE}\nOutcome: {outcome}\n\n" for outcome in Outcome),
    f"Assess: {CASE}\nOutcome: dismissed\nReason: a false alarm\n\n",
    f"Retrospective: {CASE}\n\nLearnt.\n",
)


class Case(NamedTuple):
    """All that is so at one moment; ``state`` "": there is no case yet. ``retrospective``: "", "due" or "done".

    ``latest``: when it was reported or assessed last. ``left``: what else is open, one of ``LEFT``.
    """

    now: int
    paper: Paper
    standings: tuple[Standing, ...]
    keys: tuple[bool, ...]
    state: str
    outcome: str | None
    retrospective: str
    is_vouched: bool  # its reporter was proved, or a coordinator vouched
    latest: int | None = None
    left: str = ""


@dataclass(frozen=True, slots=True)
class Did:
    """A line that was carried out."""

    act: VouchLeak | AssessLeak | PostRetrospective
    by_reporter: bool = False


class Cases:
    """The acts of this world. The first member reports what is proved."""

    def __init__(self) -> None:
        self.world: World = World(Size(instants=INSTANTS))
        self._papers: dict[Disclosure, Paper] = {}
        self._tried: set[object] = set()

    def _paper(self, disclosure: Disclosure) -> Paper:
        """The one object for a disclosure; here it matters when it ended and was closed."""
        return self._papers.setdefault(disclosure, Paper(disclosure))

    def start(self) -> Case:
        """A disclosure is held, and nothing was reported."""
        first = Votes(Size(instants=INSTANTS)).start()
        held = replace(first.paper.value, state=State.HELD, released_at=None, admitted=None)
        return Case(0, self._paper(held), first.standings, first.keys, "", None, "", is_vouched=False)

    def steps(self, position: Case) -> Iterator[Step[Case]]:
        """Everything that can happen here."""
        if position.now + 1 < INSTANTS:
            yield Step("time passes", CLOCK, position._replace(now=position.now + 1))
        yield from self._disclosure(position)
        yield from self._left(position)
        yield from self._age(position)
        if not position.state:
            opened = position._replace(paper=self._after(position, Event.LEAK), latest=position.now)
            proved, unproved = CaseState.OPEN.value, CaseState.QUARANTINED.value
            yield Step("a proved report", NOBODY, opened._replace(state=proved, is_vouched=True))
            yield Step("an unproved report", NOBODY, opened._replace(state=unproved))
            return
        for text in LINES:
            for letter in self._letters(position):
                yield from self._line(position, replace(letter, text=text))

    def _letters(self, position: Case) -> Iterator[Letter]:
        """From a coordinator, and from all that must change nothing; of members the first one has reported it."""
        yield Letter(self.world.alice, "")
        kind = (position.paper.value.state, position.state, position.outcome, position.retrospective)
        if kind not in self._tried:
            self._tried.add(kind)
            yield from strangers(self.world, position)

    def _disclosure(self, position: Case) -> Iterator[Step[Case]]:
        """What becomes of the disclosure meanwhile."""
        found = position.paper.value
        admitted = frozenset(person.id for person in self.world.members(position.standings, position.keys))
        for event in (Event.HOLD_OVER, Event.DATE_REACHED, Event.WITHDRAW):
            target = table.move(found.state, event)
            if isinstance(target, Refusal):
                continue
            ended_at = self.world.at(position.now) if target in ENDED else None
            after = replace(found, state=target, cause="clock" if target is State.LIFTED else None, ended_at=ended_at)
            if event is Event.HOLD_OVER:
                after = replace(after, released_at=self.world.at(0), admitted=admitted)
            moved = position._replace(paper=self._paper(after))
            closed = leakcase.withdrawn(position.state) if position.state and event is Event.WITHDRAW else None
            if closed is not None:
                moved = moved._replace(state=closed.value, retrospective="")
            yield Step(f"the disclosure: {event}", COORDINATOR if event is Event.WITHDRAW else CLOCK, moved)

    def _left(self, position: Case) -> Iterator[Step[Case]]:
        """Something else of it is open, and ends again."""
        for left in LEFT:
            is_over = position.paper.value.state in {State.CLOSED, State.WITHDRAWN}
            if bool(left) != bool(position.left) and not (is_over and left in {"asked", "copy"}):
                yield Step(f"open beside: {left or 'nothing'}", NOBODY, position._replace(left=left))

    def _age(self, position: Case) -> Iterator[Step[Case]]:
        """Row 19: closed and destroyed, by the clock when it is time, before that by a coordinator or the operator."""
        found, now = position.paper.value, self.world.at(position.now)
        cases = ((CASE, position.state),) if position.state else ()
        left = replace(LEFT[position.left], cases=cases)
        latest = None if position.latest is None else self.world.at(position.latest)
        closed = position._replace(paper=self._paper(replace(found, state=State.CLOSED, closed_at=now)))
        destroyed = position._replace(paper=self._paper(replace(found, destroyed_at=now)))
        may_close = closing.judge_close(found, left) is None
        may_destroy = closing.judge_destroy(found, left) is None
        if may_close:
            yield Step("closed", COORDINATOR, closed)
        if may_destroy:
            yield Step("destroyed", OPERATOR, destroyed)
        due = closing.due(found, latest, TERMS, now)
        if due is Ageing.CLOSE and may_close:
            yield Step("the clock: closed", CLOCK, closed)
        elif due is Ageing.DESTROY and may_destroy:
            yield Step("the clock: destroyed", CLOCK, destroyed)
        else:
            yield Step("the clock: nothing", CLOCK, position)

    def _after(self, position: Case, event: Event) -> Paper:
        target = table.move(position.paper.value.state, event)
        if isinstance(target, Refusal):
            return position.paper
        found = position.paper.value
        return self._paper(replace(found, state=target, closed_at=found.closed_at if target is found.state else None))

    def _line(self, position: Case, letter: Letter) -> Iterator[Step[Case]]:
        verdict = judged(self.world, position, letter)
        acts = verdict.order.acts if isinstance(verdict, Steered | Acted) else ()
        writer = letter.writer
        who = letter.wrong or (writer.name if writer else "stranger")
        is_coordinator = letter.wrong == "" and writer is not None and writer.id == self.world.alice.id
        is_reporter = letter.wrong == "" and writer is not None and writer.name == "North" and position.is_vouched
        for act in acts:
            if not isinstance(act, VouchLeak | AssessLeak | PostRetrospective):
                continue
            if isinstance(act, PostRetrospective) and not (is_coordinator or is_reporter):
                continue  # as ``gateway.leaks.acts`` says: of a member, the one who reported it
            after = self._done(position, act)
            yield Step(
                f"{who}: {letter.text.strip()}",
                COORDINATOR if is_coordinator else NOBODY,
                after,
                Did(act, by_reporter=is_reporter) if after is not position else None,
            )

    def _done(self, position: Case, act: VouchLeak | AssessLeak | PostRetrospective) -> Case:
        match act:
            case VouchLeak():
                if leakcase.refuse_vouch(position.state, verified=position.is_vouched) is not None:
                    return position
                return position._replace(state=CaseState.OPEN.value, is_vouched=True)
            case PostRetrospective():
                told, state = position.retrospective or None, position.paper.value.state
                if leakcase.refuse_retrospective(position.state, told, state) is not None:
                    return position
                return position._replace(state=CaseState.CLOSED.value, retrospective="done")
        return self._assessed(position, act)

    def _assessed(self, position: Case, act: AssessLeak) -> Case:
        found = position.paper.value
        judged_as = leakcase.assess(position.state, position.outcome, act.outcome, act.reason, found.state)
        if not isinstance(judged_as, Assessment):
            return position
        if judged_as.is_due:
            found = self._after(position, Event.LEAK).value  # what is closed is opened again
        now = self.world.at(position.now)
        return position._replace(
            paper=self._public(found, now) if judged_as.is_fact else self._paper(found),
            state=judged_as.state.value,
            outcome=act.outcome.value,
            latest=position.now,
            retrospective="due" if judged_as.is_due else "",
            is_vouched=position.is_vouched or judged_as.vouches,
        )

    def _public(self, found: Disclosure, now: datetime) -> Paper:
        after = knowledge.learnt(found, FactKind.PUBLIC, now)
        target = table.move(after.state, Event.FACT_PUBLIC)
        if not isinstance(target, Refusal):
            after = replace(after, state=target, cause="leaked", ended_at=now)
        return self._paper(after)


# --- what must hold -----------------------------------------------------------------------------


def _by_whom(before: Case, step: Step[Case]) -> str | None:
    """14, and rows 16 to 18: coordinators move a case; of others only its reporter, who posts what was learnt."""
    if not before.state or (before.state, before.outcome) == (step.after.state, step.after.outcome):
        return None
    if step.who == COORDINATOR:
        return None
    is_learnt = isinstance(step.facts, Did) and isinstance(step.facts.act, PostRetrospective) and step.facts.by_reporter
    return None if is_learnt and before.state == CaseState.ASSESSED else f"moved by: {step.what}"


def _graver(before: Case, step: Step[Case]) -> str | None:
    """An outcome only gets graver; and one that is dismissed says why."""
    if before.outcome != step.after.outcome and GRAVER[before.outcome] >= GRAVER[step.after.outcome]:
        return f"{before.outcome} -> {step.after.outcome}"
    act = step.facts.act if isinstance(step.facts, Did) else None
    is_mute = isinstance(act, AssessLeak) and act.outcome is Outcome.DISMISSED and not act.reason
    return "dismissed without a word" if is_mute else None


def _ended(before: Case, step: Step[Case]) -> str | None:
    """20 and 23: no case is lost, none ends without an outcome, and what was learnt is due until it is told."""
    after = step.after
    if before.state and not after.state:
        return "lost"
    if before.outcome is not None and after.state in {CaseState.OPEN, CaseState.QUARANTINED}:
        return "assessed, and open as if it were not"
    if after.state == CaseState.CLOSED and after.outcome is None:
        return "closed without an outcome"
    if (after.retrospective == "due") != (after.state == CaseState.ASSESSED):
        return "what was learnt is due, and the case is not assessed; or it is, and nothing is due"
    is_owed = after.outcome in {"contained", "public"} and after.state == CaseState.CLOSED
    is_told = after.retrospective == "done" or after.paper.value.state is State.WITHDRAWN or before.state == after.state
    return "closed, and nothing was learnt" if is_owed and not is_told else None


def _public(before: Case, step: Step[Case]) -> str | None:
    """13 and row 17: what leaked to the public is public, and no longer kept secret."""
    found = step.after.paper.value
    if step.after.outcome == "public" and found.fact_public_at is None:
        return "it is out, and nobody knows it for a fact"
    is_secret = found.state in {State.PENDING, State.HELD, State.EMBARGOED}
    return "public, and still kept secret" if is_secret and found.fact_public_at is not None else None


def _moves_nothing_else(before: Case, step: Step[Case]) -> str | None:
    """14 and 16: a report moves no state and no date."""
    was, now = before.paper.value, step.after.paper.value
    is_same = was.state is now.state or (was.state, now.state) == (State.CLOSED, State.LIFTED)  # opened again
    is_moved = not is_same or was.embargo_until != now.embargo_until
    return "a report moved it" if step.what.endswith("report") and is_moved else None


def _closed(before: Case, step: Step[Case]) -> str | None:
    """Row 19 and 23: closed is what was lifted, when nothing of it is open; by the clock when it is time."""
    was, found = before.paper.value, step.after.paper.value
    if found.state is not State.CLOSED:
        return "nobody closed it" if step.what == "the clock: nothing" and _closes_by_now(before) else None
    if step.after.state not in {"", CaseState.CLOSED}:
        return "closed, and a case is open"
    if was.state is State.CLOSED:
        return None
    if was.state is not State.LIFTED or before.left:
        return f"closed, and it was {was.state}, with {before.left or 'nothing'} open beside"
    return "closed before its time" if step.who == CLOCK and not _closes_by_now(before) else None


def _closes_by_now(position: Case) -> bool:
    """Whether it is lifted, nothing of it is open, and nothing happened for long enough."""
    found = position.paper.value
    is_open = position.left or position.state not in {"", CaseState.CLOSED}
    if found.state is not State.LIFTED or found.ended_at is None or is_open:
        return False
    last = max(_number(found.ended_at), position.latest or 0)
    return position.now - last >= CLOSES_AFTER


def _number(at: datetime) -> int:
    return (at - START) // UNIT


def _destroyed(before: Case, step: Step[Case]) -> str | None:
    """Row 19: content goes when it is closed or withdrawn, nothing is open, and by the clock once, when it is time."""
    was, found = before.paper.value, step.after.paper.value
    over = {State.CLOSED: found.closed_at, State.WITHDRAWN: found.ended_at}.get(found.state)
    until = found.embargo_until if found.state is State.WITHDRAWN else START  # what is confidential until then
    since = None if over is None else max(_number(over), _number(until))
    is_open = bool(before.left) or before.state not in {"", CaseState.CLOSED}
    is_there = since is not None and (was.destroyed_at is None or _number(was.destroyed_at) < since)
    is_due = is_there and since is not None and before.now - since >= RETENTION
    if step.what == "the clock: destroyed":
        return None if is_due and not is_open else "destroyed before its time, or twice"
    if step.what == "the clock: nothing":
        return "kept for ever" if is_due and not is_open else None
    is_gone = was.destroyed_at != found.destroyed_at
    return (
        f"destroyed, and it is {found.state}, or something is open" if is_gone and (over is None or is_open) else None
    )


LAWS = {
    "who_moves_a_case": _by_whom,
    "outcomes_get_graver": _graver,
    "no_case_is_lost": _ended,
    "public_is_public": _public,
    "a_report_moves_nothing": _moves_nothing_else,
    "closed_is_closed": _closed,
    "kept_for_its_time": _destroyed,
}


def ask(_: Cases, before: Case, step: Step[Case]) -> Iterator[tuple[str, str]]:
    """Ask every law of a step."""
    for name, law in LAWS.items():
        why = law(before, step)
        if why is not None:
            yield name, why


def is_end(position: Case) -> bool:
    """No case is open, and what was written is destroyed."""
    return position.state in {"", CaseState.CLOSED} and position.paper.value.destroyed_at is not None
