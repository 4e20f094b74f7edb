"""A world in which a list agrees on its dates: proposals, votes, confirmations, and what becomes known meanwhile.

Members have a disclosure from the start; one of them may be suspended. What the shell does beside deciding
(a proposal is stored with its votes) is said again in a few words; who said what of the proposal that is open
is kept a second time, for the laws to count with (``said``).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

from policy import audience, knowledge, proposals, steering
from policy import disclosure as table
from policy.acts import Act, CastVote, ConfirmDate, ProposeDate, TellFact
from policy.disclosure import Event, Refusal
from policy.facts import Disclosure, Person, Standing, State
from policy.intake import LeakReport, Steered
from policy.knowledge import FactKind
from policy.proposals import Fate, Proposal
from policy.scopes import read_scope
from policy.steering import Faults
from policy.verdicts import Acted, Verdict
from tools.model.acts import CLOCK, COORDINATOR, NOBODY, OPERATOR, Ended
from tools.model.mails import Letter, judged, strangers
from tools.model.search import Step
from tools.model.world import START, UNIT, Paper, Size, World, line

MEMBER = "member"
IDS = ("DP-2026-0001", "DP-2026-0002")
AGREES, OBJECTS = "agrees", "objects"


class Plan:
    """A proposal as it stands. One object for equal ones, so that positions compare quickly."""

    __slots__ = ("value",)

    def __init__(self, value: Proposal) -> None:
        self.value = value


class Ballot(NamedTuple):
    """All that is so at one moment; ``said`` is what each member last said of the proposal that is open."""

    now: int
    paper: Paper
    standings: tuple[Standing, ...]
    keys: tuple[bool, ...]
    plan: Plan | None
    said: tuple[str, ...]
    confirmed: bool  # by a coordinator's own word
    was_open: str  # the id of the last proposal, open or not


Moves = Iterator[Step[Ballot]]


@dataclass(frozen=True, slots=True)
class Voted:
    """A vote as it was carried out: by which member, how, on the proposal that is open or on another."""

    member: int
    agrees: bool
    is_current: bool


@dataclass(frozen=True, slots=True)
class Settled:
    """A proposal came to stand in this step."""

    plan: Proposal


@dataclass(frozen=True, slots=True)
class Asked:
    """A proposal was opened in this step."""

    plan: Proposal


class Votes:
    """The acts of this world."""

    def __init__(self, size: Size) -> None:
        self.world = World(size)
        self._plans: dict[Proposal, Plan] = {}
        self._tried: set[tuple[object, ...]] = set()
        when = [line(self.world.at(step)) for step in range(1, size.instants)]
        self._proposed = tuple(f"Propose-Embargo-Until: {at}\n\n" for at in when)
        self._votes = tuple(f"{word}: {name}\n\n" for word in ("Agree", "Object") for name in IDS)
        facts = tuple(f"Fact: {kind}\n\n" for kind in ("attacks", "public", "exploit"))
        self._orders = (
            *self._proposed,
            *(f"Confirm: {name}\n\n" for name in IDS),
            *facts,
            "Lift: now\n\n",
            f"Embargo-Until: {when[-1]}\n\n",
        )
        self._members = (*self._proposed, *self._votes, *facts)

    def start(self) -> Ballot:
        """Members have it, until an instant in the middle."""
        world = self.world
        members = world.members((Standing.ACTIVE,) * world.count, (True,) * world.count)
        found = Disclosure(
            id="ED-2026-K7QX",
            list_id="list",
            state=State.EMBARGOED,
            posted_by=world.alice.id,
            poster_address=world.alice.address,
            poster_name=world.alice.name,
            posted_at=START,
            hold_until=START,
            embargo_until=world.at(world.size.instants // 2),
            tlp="AMBER",
            scope="all",
            released_at=START,
            admitted=frozenset(person.id for person in members),
        )
        nobody = ("",) * world.count
        actives = (Standing.ACTIVE,) * world.count
        return Ballot(0, world.paper(found), actives, (True,) * world.count, None, nobody, confirmed=False, was_open="")

    def steps(self, position: Ballot) -> Moves:
        """Everything that can happen here."""
        for later in range(position.now + 1, self.world.size.instants):
            yield Step(f"it is {later}", CLOCK, position._replace(now=later))
        yield self._clock(position)
        yield from self._coordinators(position)
        yield from self._by_members(position)
        yield from self._forged(position)
        is_active = position.standings[0] is Standing.ACTIVE
        standings = (Standing.SUSPENDED if is_active else Standing.ACTIVE, *position.standings[1:])
        yield Step("suspend" if is_active else "reinstate", OPERATOR, position._replace(standings=standings))

    # --- the clock ------------------------------------------------------------------------------

    def _clock(self, position: Ballot) -> Step[Ballot]:
        before, now = position.paper.value, self.world.at(position.now)
        if table.due(before, now) is Event.DATE_REACHED:
            lifted = self.world.paper(replace(before, state=State.LIFTED, cause="clock"))
            return Step("the clock: lifted", CLOCK, position._replace(paper=lifted))
        if before.state is State.EMBARGOED and position.plan is not None and now >= position.plan.value.ends_at:
            after, facts = self._stock(position, position.plan.value)
            return Step("the clock: the window is over", CLOCK, after, facts)
        return Step("the clock: nothing", CLOCK, position, "nothing")

    def _inside(self, position: Ballot) -> list[Person]:
        members = self.world.members(position.standings, position.keys)
        found = position.paper.value
        seats = audience.judge_seats(members, read_scope(found.scope), found.admitted, self.world.at(position.now))
        return [seat.person for seat in seats if seat.inside]

    def _stock(self, position: Ballot, plan: Proposal) -> tuple[Ballot, object]:
        """What an open proposal comes to, and what is kept of it."""
        found, now = position.paper.value, self.world.at(position.now)
        fate = proposals.fate_of(plan, found, self._inside(position), self.world.rules, now)
        if fate is Fate.OPEN:
            return position._replace(plan=self._plan(plan)), None
        closed = position._replace(plan=None, said=("",) * self.world.count, confirmed=False)
        if fate is not Fate.AGREED:
            return closed, None
        return closed._replace(paper=self.world.paper(replace(found, embargo_until=plan.at))), Settled(plan)

    def _plan(self, plan: Proposal) -> Plan:
        """The one object for a proposal: when it was opened and by whom moves nothing, so it is left out."""
        votes = tuple(sorted((replace(vote, at=START) for vote in plan.votes), key=lambda vote: vote.person))
        plain = replace(plan, opened_at=START, by=0, votes=votes)
        return self._plans.setdefault(plain, Plan(plain))

    # --- who says what ----------------------------------------------------------------------------

    def _coordinators(self, position: Ballot) -> Moves:
        for text in self._orders:
            verdict = judged(self.world, position, Letter(self.world.alice, text))
            label = text.strip()
            if not isinstance(verdict, Steered):
                yield Step(f"kept: {label}", COORDINATOR, position)
                continue
            plan = steering.plan_steering(
                verdict.order, position.paper.value, self.world.rules, self.world.at(position.now)
            )
            if isinstance(plan, Faults):
                yield Step(f"refused: {label}", COORDINATOR, position)
                continue
            after: Ballot = position._replace(paper=self.world.paper(plan.after))
            facts: object = None
            for act in verdict.order.acts:
                after, facts = self._act(after, self.world.alice, act)
            yield Step(label, COORDINATOR, after, facts)

    def _by_members(self, position: Ballot) -> Moves:
        members = self.world.members(position.standings, position.keys)
        for number, person in enumerate(members):
            for text in self._members:
                verdict = judged(self.world, position, Letter(person, text))
                after, facts = position, None
                for act in verdict.order.acts if isinstance(verdict, Acted) else ():
                    after, facts = self._act(after, person, act)
                    if isinstance(act, CastVote):
                        is_current = position.plan is not None and position.plan.value.id == act.proposal_id
                        facts = facts or Voted(number, act.agrees, is_current)
                yield Step(f"{person.address}: {text.strip()}", MEMBER, after, facts)

    def _act(self, position: Ballot, writer: Person, act: Act) -> tuple[Ballot, object]:
        """Do one thing that a line asks for, or nothing where it is refused."""
        match act:
            case ProposeDate():
                return self._propose(position, writer, act)
            case CastVote():
                return self._vote(position, writer, act)
            case ConfirmDate():
                return self._confirm(position, act)
            case TellFact() if writer.org is None:
                return self._known(position, act.kind)
            case _:
                return position, None

    def _propose(self, position: Ballot, writer: Person, act: ProposeDate) -> tuple[Ballot, object]:
        found, now = position.paper.value, self.world.at(position.now)
        if proposals.judge_ballot(found, act.at, self.world.rules, now) is not None:
            return position, None
        name = IDS[position.was_open == IDS[0]]
        made = proposals.opened(name, found, act.at, writer, self.world.size.window * UNIT, now)
        said = tuple(AGREES if person.id == writer.id else "" for person in self._everybody(position))
        return position._replace(plan=self._plan(made), said=said, confirmed=False, was_open=name), Asked(made)

    def _everybody(self, position: Ballot) -> tuple[Person, ...]:
        return self.world.members(position.standings, position.keys)

    def _open(self, position: Ballot, name: str) -> Proposal | Refusal:
        target = table.move(position.paper.value.state, Event.VOTE)
        if isinstance(target, Refusal):
            return target
        return proposals.find_open([position.plan.value] if position.plan else [], name)

    def _vote(self, position: Ballot, writer: Person, act: CastVote) -> tuple[Ballot, object]:
        found = self._open(position, act.proposal_id)
        if isinstance(found, Refusal):
            return position, None
        changed = proposals.voted(found, writer, self.world.at(position.now), agrees=act.agrees)
        word = AGREES if act.agrees else OBJECTS
        said = tuple(  # of one organisation the last word
            word if person.id == writer.id else "" if person.org == writer.org else old
            for person, old in zip(self._everybody(position), position.said, strict=True)
        )
        return self._stock(position._replace(said=said), changed)

    def _confirm(self, position: Ballot, act: ConfirmDate) -> tuple[Ballot, object]:
        found, now = self._open(position, act.proposal_id), self.world.at(position.now)
        if isinstance(found, Refusal):
            return position, None
        inside = self._inside(position)
        if proposals.judge_confirmation(found, position.paper.value, inside, self.world.rules, now) is not None:
            return position, None
        return self._stock(position._replace(confirmed=True), replace(found, confirmed_by="alice"))

    def _known(self, position: Ballot, kind: FactKind) -> tuple[Ballot, object]:
        """A coordinator's word is a fact (rows 14 and 15); a member's is a report, which changes nothing."""
        after = knowledge.learnt(position.paper.value, kind, START)
        target = table.move(after.state, knowledge.EVENTS[kind])
        if kind is not FactKind.ATTACKS and not isinstance(target, Refusal):
            after = replace(after, state=target, cause=knowledge.LIFTS_AS[kind])
        moved = position._replace(paper=self.world.paper(after))
        return self._stock(moved, moved.plan.value) if moved.plan is not None else (moved, None)

    def _forged(self, position: Ballot) -> Moves:
        """All that must have no effect, tried once for each kind of position."""
        name = position.plan.value.id if position.plan else IDS[0]
        kind = (position.paper.value.state, name, position.standings)
        if kind in self._tried:
            return
        self._tried.add(kind)
        for text in (*self._orders[-4:], f"Confirm: {name}\n\n", f"Object: {name}\n\n", f"Agree: {name}\n\n"):
            for letter in strangers(self.world, position):
                verdict = judged(self.world, position, replace(letter, text=text))
                is_member = letter.writer is not None and letter.writer.standing is Standing.ACTIVE
                yield Step(
                    f"{letter.wrong or (letter.writer.name if letter.writer else 'stranger')}: {text.strip()}",
                    NOBODY,
                    position,
                    Ended(
                        is_obeyed=_is_obeyed(verdict, is_proved_member=is_member and letter.wrong == ""),
                        is_proved=letter.wrong == "" and letter.writer is not None,
                        is_leak=False,
                        has_case=isinstance(verdict, LeakReport),
                        is_believed=False,
                    ),
                )


def _is_obeyed(verdict: Verdict, *, is_proved_member: bool) -> bool:
    return isinstance(verdict, Steered) or (isinstance(verdict, Acted) and not is_proved_member)


# --- what must hold -----------------------------------------------------------------------------


def _dates(votes: Votes, before: Ballot, step: Step[Ballot]) -> str | None:
    """10 and 12: the date moves as was agreed: confirmed; a later one with nobody against it, and all heard."""
    old, new = before.paper.value, step.after.paper.value
    if old.embargo_until == new.embargo_until:
        return None
    size, now = votes.world.size, votes.world.at(before.now)
    if old.state is not State.EMBARGOED or not isinstance(step.facts, Settled) or before.plan is None:
        return f"moved by the {step.who}"
    is_confirming = step.who == COORDINATOR and step.what.startswith("Confirm")
    if not (before.confirmed or is_confirming):
        return "confirmed by nobody"
    if is_confirming and now >= before.plan.value.ends_at:
        return "confirmed after its window"
    if now >= old.embargo_until:
        return "moved when it had come already"
    if not now < new.embargo_until <= START + size.max_embargo * UNIT:
        return "a date that has gone by, or beyond the cap"
    if new.embargo_until < old.embargo_until:
        return "too short notice" if new.embargo_until < now + size.min_notice * UNIT else None
    if old.fact_attacks_at is not None:
        return "later, though attacks are seen"
    counted = _counted(votes, before, step)
    if OBJECTS in counted.values():
        return "one objects"
    is_heard = set(_orgs(votes, before)) == {org for org, word in counted.items() if word == AGREES}
    return None if now >= before.plan.value.ends_at or is_heard else "not all were heard"


def _orgs(votes: Votes, position: Ballot) -> list[str]:
    """The organisation of each member who is in the audience."""
    members = votes.world.members(position.standings, position.keys)
    return [person.name for person in members if person.standing is Standing.ACTIVE]


def _counted(votes: Votes, before: Ballot, step: Step[Ballot]) -> dict[str, str]:
    """What each organisation said by somebody who is in the audience, with what this step says."""
    members = votes.world.members(before.standings, before.keys)
    said = list(before.said)
    who, _, line = step.what.partition(": ")
    if step.who == MEMBER and line.startswith(("Agree", "Object")):
        voter = [person.address for person in members].index(who)
        said = ["" if person.name == members[voter].name else old for person, old in zip(members, said, strict=True)]
        said[voter] = AGREES if line.startswith("Agree") else OBJECTS
    heard = zip(members, said, strict=True)
    return {person.name: word for person, word in heard if word and person.standing is Standing.ACTIVE}


def _votes(votes: Votes, before: Ballot, step: Step[Ballot]) -> str | None:
    """11 and 19: one vote an organisation, what it last said; by who is in the audience, on what is open."""
    after = step.after
    if isinstance(step.facts, Voted):
        if before.standings[step.facts.member] is not Standing.ACTIVE:
            return "a vote of somebody suspended"
        if not step.facts.is_current and (after.plan, after.said) != (before.plan, before.said):
            return "a vote on another proposal counts"
    if after.plan is None:
        return None
    counted = {vote.person - 4: vote.agrees for vote in after.plan.value.votes}
    if len(counted) != len(after.plan.value.votes):
        return "two votes of one organisation"
    said = {number: word == AGREES for number, word in enumerate(after.said) if word}
    return None if counted == said else f"{counted} is counted, {said} was said"


def _falls(votes: Votes, before: Ballot, step: Step[Ballot]) -> str | None:
    """11 and 15: a later date falls with an objection, with attacks; every one with its window; and none otherwise."""
    after, plan = step.after, step.after.plan
    found = after.paper.value
    if before.plan is not None and plan is None and not isinstance(step.facts, Settled):
        return _fell(votes, before, before.plan.value, step)
    if plan is None or found.state is not State.EMBARGOED:
        return None
    if isinstance(step.facts, Voted) and not step.facts.agrees and step.facts.is_current and plan.value.is_later:
        return "an objection defeats nothing"
    if found.fact_attacks_at is not None and plan.value.is_later and step.after is not before:
        return "attacks are seen, and a later date is still asked for"
    is_over = (
        step.who == CLOCK and step.what.startswith("the clock") and votes.world.at(after.now) >= plan.value.ends_at
    )
    return "open after its window" if is_over else None


def _fell(votes: Votes, before: Ballot, plan: Proposal, step: Step[Ballot]) -> str | None:
    """A date that was asked for stands open no more, and was not agreed to: only for a reason."""
    found, now = step.after.paper.value, votes.world.at(before.now)
    is_over = found.state is not State.EMBARGOED or now >= min(plan.ends_at, plan.at)
    if is_over or (plan.is_later and found.fact_attacks_at is not None):
        return None
    if not plan.is_later:
        is_short = plan.at < now + votes.world.size.min_notice * UNIT
        return None if is_short else "an earlier date fell within its window"
    return None if OBJECTS in _counted(votes, before, step).values() else "a later date fell, and nobody objects"


def _asked(votes: Votes, before: Ballot, step: Step[Ballot]) -> str | None:
    """7: asked for is another date that is ahead and within the cap, no later one with attacks, until the date."""
    if not isinstance(step.facts, Asked):
        return None
    found, plan, now = before.paper.value, step.facts.plan, votes.world.at(before.now)
    if found.state is not State.EMBARGOED or now >= found.embargo_until:
        return "a vote on what is over"
    if plan.at == found.embargo_until:
        return "a vote on the date that stands"
    if not now < plan.at <= START + votes.world.size.max_embargo * UNIT:
        return "a vote on a date that has gone by, or is beyond the cap"
    if found.fact_attacks_at is not None and plan.at > found.embargo_until:
        return "a vote on a later date, though attacks are seen"
    is_short = plan.ends_at <= now or plan.ends_at > min(found.embargo_until, now + votes.world.size.window * UNIT)
    return "its window ends before it begins, or after the date that stands" if is_short else None


def _ends(votes: Votes, before: Ballot, step: Step[Ballot]) -> str | None:
    """9, 13, 14 and 15: who ends an embargo; and what is public is not kept secret."""
    old, new = before.paper.value, step.after.paper.value
    if old.state is not new.state and step.who not in {CLOCK, COORDINATOR}:
        return f"moved by the {step.who}"
    has_run = step.who == CLOCK and step.what.startswith("the clock")
    if has_run and new.state is State.EMBARGOED and votes.world.at(step.after.now) >= new.embargo_until:
        return "embargoed past its date"
    if new.fact_public_at is not None and new.state is State.EMBARGOED:
        return "it is public, and still kept secret"
    if new.fact_exploit_at is not None and new.fact_public_at is None:
        return "an exploit is public, and the flaw is not"
    is_forgotten = (old.fact_attacks_at, old.fact_public_at) != (new.fact_attacks_at, new.fact_public_at)
    return f"known by the {step.who}" if is_forgotten and step.who != COORDINATOR else None


def _nobody_else(votes: Votes, before: Ballot, step: Step[Ballot]) -> str | None:
    """14: what is not proved, or comes from outside, moves nothing."""
    return "obeyed" if isinstance(step.facts, Ended) and step.facts.is_obeyed else None


LAWS = {
    "dates_by_agreement": _dates,
    "one_vote_each": _votes,
    "a_proposal_falls": _falls,
    "what_may_be_asked": _asked,
    "who_ends_it": _ends,
    "nobody_else_votes": _nobody_else,
}


def ask(votes: Votes, before: Ballot, step: Step[Ballot]) -> Iterator[tuple[str, str]]:
    """Ask every law of a step."""
    if step.after is before and step.facts is None:
        return
    for name, law in LAWS.items():
        why = law(votes, before, step)
        if why is not None:
            yield name, why


def is_end(position: Ballot) -> bool:
    """The embargo is over."""
    return position.paper.value.state is State.LIFTED
