"""Each guard of the core taken away, one at a time: the model has to report it, or it looks at nothing.

A guard that stands twice (dates are judged where they are read, and where they are planned) is taken away
in both places. ``make model`` prints the list; ``tests/tools/test_model.py`` walks it.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from typing import Any
from unittest import mock

from policy import closing, leakcase, proposals
from policy import disclosure as table
from policy.audience import Seat
from policy.control import Line
from policy.disclosure import Event, Refusal
from policy.facts import Disclosure, Person, State
from policy.leakcase import Assessment, CaseState
from policy.proposals import Fate, Proposal, Vote
from tools.model.search import Found
from tools.model.world import Size
from tools.model.worlds import explore, explore_cases, explore_votes

READ = "policy.dateorders._Dates._illegal"  # dates are judged where they are read, and again where they are planned
SMALL = Size(instants=3, max_embargo=2)
TWO, FACTS, BY_HAND = replace(SMALL, two=True), replace(SMALL, facts=True), replace(SMALL, by_hand=True)
BALLOT = Size(instants=4, max_embargo=3, min_notice=2, window=1)
_due, _move, _fate, _assess = table.due, table.move, proposals.fate_of, leakcase.assess
_new_date, _sending, _approve = table.judge_new_date, table.judge_sending, table.approve
_close, _destroy, _ages = closing.judge_close, closing.judge_destroy, closing.due


@dataclass(frozen=True, slots=True)
class Guard:
    """A guard: where it stands, what takes its place, the law that notices, and the world in which it does."""

    name: str
    at: tuple[str, ...]
    without: Any
    law: str
    explored: Callable[..., Found]

    def search_without(self) -> Found:
        """Search its world without it, up to the first violation."""
        with ExitStack() as stack:
            for place in self.at:
                stack.enter_context(mock.patch(place, self.without))
            return self.explored(stops_at_first=True)


def _never(*_: Any, **__: Any) -> None:
    return None


def _nobody(*_: Any) -> tuple[Any, ...]:
    return ()


def _released_late(disclosure: Disclosure, now: Any, **how: Any) -> Event | None:
    is_over = disclosure.state is State.HELD and now >= disclosure.hold_until and not disclosure.stopped
    return Event.HOLD_OVER if is_over else _due(disclosure, now, **how)


def _released_though_stopped(disclosure: Disclosure, now: Any, **how: Any) -> Event | None:
    is_over = disclosure.state is State.HELD and disclosure.hold_until <= now < disclosure.embargo_until
    return Event.HOLD_OVER if is_over else _due(disclosure, now, **how)


def _lifted_by_the_clock(disclosure: Disclosure, now: Any, **_: Any) -> Event | None:
    return _due(disclosure, now)


def _lifted_again(source: Any, event: Event) -> Any:
    return State.LIFTED if event is Event.LIFT_NOW else _move(source, event)


def _everybody_inside(person: Person, *_: Any) -> Seat:
    return Seat(person, inside=True, reason=None)


def _approved(disclosure: Disclosure, *_: Any) -> Disclosure | Refusal:
    is_waiting = disclosure.state is State.PENDING and disclosure.unapproved
    return replace(disclosure, state=State.HELD, unapproved=False) if is_waiting else Refusal("nothing waits")


def _approved_with_its_hold(disclosure: Disclosure, *what: Any) -> Disclosure | Refusal:
    judged = _approve(disclosure, *what)
    return judged if isinstance(judged, Refusal) else replace(judged, hold_until=disclosure.hold_until)


def _sent_late(disclosure: Disclosure, _: Any) -> State | Refusal:
    return _sending(disclosure, disclosure.posted_at)


def _over_already(disclosure: Disclosure, _: Any) -> tuple[Any, ...]:
    return tuple(one if one.until is None else replace(one, over_at=one.until) for one in disclosure.upstreams)


def _attacks_are_public(disclosure: Disclosure, *_: Any) -> Disclosure:
    at = disclosure.posted_at
    return replace(disclosure, fact_public_at=at, fact_attacks_at=at)


def _though_attacked(disclosure: Disclosure, *what: Any) -> Refusal | None:
    return _new_date(replace(disclosure, fact_attacks_at=None), *what)


def _as_written(_: Any, line: Line) -> Line:
    return line


def _the_open_one(known: Any, _: str) -> Proposal | Refusal:
    return known[0] if known else Refusal("none is open")


def _counted_twice(proposal: Proposal, voter: Person, now: Any, *, agrees: bool) -> Proposal:
    return replace(proposal, votes=(*proposal.votes, Vote(voter.id, voter.name, agrees, now)))


def _silence_agrees(proposal: Proposal, *what: Any) -> Fate:
    fate = _fate(proposal, *what)
    return Fate.AGREED if fate is Fate.UNCONFIRMED else fate


def _agreed_late(proposal: Proposal, disclosure: Disclosure, *what: Any) -> Fate:
    fate = _fate(proposal, disclosure, *what)
    is_late = fate is Fate.IMPOSSIBLE and disclosure.state is State.EMBARGOED and what[-1] >= disclosure.embargo_until
    return Fate.AGREED if is_late and proposal.confirmed_by else fate


def _stays_open(proposal: Proposal, *what: Any) -> Fate:
    fate = _fate(proposal, *what)
    return Fate.OPEN if fate is Fate.UNCONFIRMED else fate


def _votes_of_anybody(proposal: Proposal, _: Any) -> tuple[Vote, ...]:
    return proposal.votes


def _asked_late(disclosure: Disclosure, at: Any, rules: Any, now: Any) -> Refusal | None:
    return proposals.judge_proposal(disclosure, at, rules, now)


def _closed_again(disclosure: Disclosure, left: Any) -> Refusal | None:
    return _close(replace(disclosure, state=State.LIFTED), left)


def _destroyed_early(disclosure: Disclosure, left: Any) -> Refusal | None:
    return _destroy(replace(disclosure, state=State.CLOSED), left)


def _for_ever(disclosure: Disclosure, latest: Any, terms: Any, now: Any) -> Any:
    return _ages(replace(disclosure, destroyed_at=None), latest, terms, now)


def _aged_at_once(disclosure: Disclosure, latest: Any, terms: Any, now: Any) -> Any:
    return _ages(disclosure, latest, terms, now + terms.close_after)


def _nothing_is_due(*what: Any) -> Assessment | str:
    judged = _assess(*what)
    return judged if isinstance(judged, str) else replace(judged, state=CaseState.CLOSED, is_due=False)


def _nothing_is_public(*what: Any) -> Assessment | str:
    judged = _assess(*what)
    return judged if isinstance(judged, str) else replace(judged, is_fact=False)


def _said_without_reason(state: str, before: Any, outcome: Any, _: Any, disclosure: Any) -> Assessment | str:
    return _assess(state, before, outcome, "because", disclosure)


_small, _two, _facts = partial(explore, SMALL), partial(explore, TWO), partial(explore, FACTS)
_by_hand, _ballot = partial(explore, BY_HAND), partial(explore_votes, BALLOT)
_upstream = partial(explore, replace(SMALL, upstream=True))
_one_org = partial(explore_votes, replace(BALLOT, one_org=True))
_NEW_DATE = ("policy.steering.judge_new_date", READ)
_ASKED_DATE = ("policy.proposals.judge_new_date", READ)

GUARDS = (
    # dates, copies, people
    Guard("the clock", ("policy.disclosure.due",), _never, "the_clock_leaves_nothing_undone", _small),
    Guard("a stale date", ("policy.disclosure.due",), _released_late, "arrows", _small),
    Guard("the stop", ("policy.disclosure.due",), _released_though_stopped, "nothing_before_the_hold", _small),
    Guard("both of the dates", ("policy.steering.judge_dates", READ), _never, "dates_in_order", _small),
    Guard("dates of what members have", _NEW_DATE, _never, "new_dates", _small),
    Guard("the hold", ("policy.steering.effective_hold",), lambda *how: how[2], "a_hold_is_what_was_asked", _small),
    Guard("held again", ("policy.steering._hold_refused",), _never, "dates_in_order", _small),
    Guard("the table", ("policy.steering.move",), _lifted_again, "arrows", _small),
    Guard("the audience", ("policy.audience.judge_seat",), _everybody_inside, "nobody_is_skipped", _small),
    Guard("the scope", ("policy.audience.is_named",), lambda *_: True, "nobody_is_skipped", _small),
    Guard("handing over", ("policy.release._forbidden",), _never, "only_what_is_out_leaves", _small),
    Guard("the key", ("policy.facts.Person.key_trouble",), _never, "only_what_is_out_leaves", _small),
    Guard("proof", ("policy.intake.judge_proof",), _nobody, "nobody_else_is_obeyed", _small),
    Guard("signatures", ("policy.intake._judge_signatures",), lambda *_: set(), "nobody_else_is_obeyed", _small),
    Guard("leaks", ("policy.intake._judge_leak",), _never, "nobody_else_is_obeyed", _small),
    # a second coordinator, facts, a lift by hand
    Guard("the second one", ("policy.disclosure.approve",), _approved, "two_agree", _two),
    Guard("a past hold", ("policy.disclosure.approve",), _approved_with_its_hold, "a_hold_is_what_was_asked", _two),
    Guard("sent late", ("policy.steering.judge_sending",), _sent_late, "nothing_before_the_hold", _facts),
    Guard("attacks and dates", _NEW_DATE[:1], _though_attacked, "facts_only_grow", _facts),
    Guard("attacks are not public", ("policy.knowledge.learnt",), _attacks_are_public, "facts_only_grow", _facts),
    Guard("the lift by hand", ("policy.disclosure.due",), _lifted_by_the_clock, "a_lift_has_a_cause", _by_hand),
    Guard("another's embargo", ("policy.disclosure.holding",), _nobody, "all_embargoes_are_over", _upstream),
    Guard("lifted beside it", ("policy.upstream.why_not_yet",), _never, "all_embargoes_are_over", _upstream),
    Guard("the end of another's", ("policy.upstream.ended",), _over_already, "all_embargoes_are_over", _upstream),
    # votes
    Guard("dates by agreement", ("policy.orders._Reader._fitting",), _as_written, "dates_by_agreement", _ballot),
    Guard("a proposal's date", _ASKED_DATE, _never, "dates_by_agreement", _ballot),
    Guard("attacks and votes", _ASKED_DATE[:1], _though_attacked, "a_proposal_falls", _ballot),
    Guard("the open proposal", ("policy.proposals.find_open",), _the_open_one, "one_vote_each", _ballot),
    Guard("one vote", ("policy.proposals.voted",), _counted_twice, "one_vote_each", _ballot),
    Guard("silence", ("policy.proposals.fate_of",), _silence_agrees, "dates_by_agreement", _ballot),
    Guard("agreed late", ("policy.proposals.fate_of",), _agreed_late, "dates_by_agreement", _ballot),
    Guard("the window", ("policy.proposals.fate_of",), _stays_open, "a_proposal_falls", _ballot),
    Guard("objections", ("policy.proposals.valid_votes",), _nobody, "a_proposal_falls", _ballot),
    Guard("who was not heard", ("policy.proposals.missing_orgs",), _nobody, "dates_by_agreement", _ballot),
    Guard("who votes", ("policy.proposals.valid_votes",), _votes_of_anybody, "dates_by_agreement", _one_org),
    Guard("asked late", ("policy.proposals.judge_ballot",), _asked_late, "what_may_be_asked", _ballot),
    Guard("confirmed late", ("policy.proposals.judge_confirmation",), _never, "dates_by_agreement", _ballot),
    # leak cases
    Guard("vouching", ("policy.leakcase.refuse_vouch",), _never, "no_case_is_lost", explore_cases),
    Guard("a retrospective", ("policy.leakcase.refuse_retrospective",), _never, "no_case_is_lost", explore_cases),
    Guard(
        "outcomes",
        ("policy.leakcase._GRAVITY",),
        tuple(reversed(leakcase.Outcome)),
        "outcomes_get_graver",
        explore_cases,
    ),
    Guard("reasons", ("policy.leakcase.assess",), _said_without_reason, "outcomes_get_graver", explore_cases),
    Guard("what is due", ("policy.leakcase.assess",), _nothing_is_due, "no_case_is_lost", explore_cases),
    Guard("what is open", ("policy.closing.obstacles",), _nobody, "kept_for_its_time", explore_cases),
    Guard("what is lifted", ("policy.closing.judge_close",), _closed_again, "closed_is_closed", explore_cases),
    Guard("what is closed", ("policy.closing.judge_destroy",), _destroyed_early, "kept_for_its_time", explore_cases),
    Guard("its time", ("policy.closing.due",), _aged_at_once, "closed_is_closed", explore_cases),
    Guard("once", ("policy.closing.due",), _for_ever, "kept_for_its_time", explore_cases),
    Guard("what is public", ("policy.leakcase.assess",), _nothing_is_public, "public_is_public", explore_cases),
)
"""Every guard that is taken away, in the order of the worlds."""
