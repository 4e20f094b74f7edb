"""A public date that somebody proposes: whether it could come to stand, who has voted, and what it comes to.

Rules (STATES rows 7-11), where a list's dates are agreed on:

* One proposal is open at a time; a newer one takes its place, and the votes on the older one are void.
* One vote an organisation, on the open proposal, by who is in the audience; a vote of somebody who
  is in it no longer counts for nothing.
* A later date needs that nobody objects, and a coordinator's confirmation; it comes to stand when all
  have agreed or the window is over. One objection defeats it. Silence never extends.
* An earlier date needs a coordinator's confirmation, and ``min_notice``; objections are recorded.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from policy.disclosure import Event, Refusal, Rules, judge_new_date, move
from policy.facts import Disclosure, Person, Standing, State

OPERATOR = "operator"
"""As who confirmed a proposal, where that was no coordinator."""


class Fate(StrEnum):
    """What became of a proposal."""

    OPEN = "open"
    AGREED = "agreed"
    SUPERSEDED = "superseded"  # a newer proposal took its place
    OBJECTED = "objected"
    UNCONFIRMED = "unconfirmed"  # the window is over, and no coordinator confirmed it
    IMPOSSIBLE = "impossible"  # the date is no longer one that the rules allow, or the embargo is over


@dataclass(frozen=True, slots=True)
class Vote:
    """One organisation's word: by which of its people (an id), and when."""

    person: int
    org: str
    agrees: bool
    at: datetime


@dataclass(frozen=True, slots=True)
class Proposal:
    """A proposed public date. ``stands``: the date when it was opened; ``by``: a person's id.

    ``confirmed_by``: the coordinator (an address) who confirmed it, or "operator"; "" while nobody has.
    """

    id: str
    at: datetime
    stands: datetime
    by: int
    opened_at: datetime
    ends_at: datetime
    fate: Fate = Fate.OPEN
    confirmed_by: str = ""
    votes: tuple[Vote, ...] = ()

    @property
    def is_later(self) -> bool:
        """Whether it would make the embargo longer."""
        return self.at > self.stands


def judge_proposal(disclosure: Disclosure, at: datetime, rules: Rules, now: datetime) -> Refusal | None:
    """Why nobody could agree to ``at``; None where somebody could."""
    target = move(disclosure.state, Event.DATE_ASKED)
    if isinstance(target, Refusal):
        return target
    if at == disclosure.embargo_until:
        return Refusal("that is the public date that stands")
    return judge_new_date(disclosure, at, rules, now)


def judge_ballot(disclosure: Disclosure, at: datetime, rules: Rules, now: datetime) -> Refusal | None:
    """Why the list can't be asked for its votes on ``at``; None where it can, which is until the date that stands."""
    refusal = judge_proposal(disclosure, at, rules, now)
    if refusal is None and now >= disclosure.embargo_until:
        return Refusal("its public date has come, so the list can't agree on another one any more")
    return refusal


def opened(
    proposal_id: str, disclosure: Disclosure, at: datetime, by: Person, window: timedelta, now: datetime
) -> Proposal:
    """A new proposal (row 7); a member who makes it has agreed to it. Its window ends at the date that stands."""
    ends_at = min(now + window, disclosure.embargo_until)
    made = Proposal(proposal_id, at, disclosure.embargo_until, by.id, now, ends_at)
    return made if by.org is None else replace(made, votes=(Vote(by.id, by.org, agrees=True, at=now),))


def open_one(proposals: Sequence[Proposal]) -> Proposal | None:
    """The proposal that is open, if there is one."""
    return next((proposal for proposal in proposals if proposal.fate is Fate.OPEN), None)


def find_open(proposals: Sequence[Proposal], proposal_id: str) -> Proposal | Refusal:
    """The open proposal, where it has this id; else why not, with the one that is open now."""
    current = open_one(proposals)
    if current is not None and current.id == proposal_id:
        return current
    now = f"; the one that is open is {current.id}" if current else "; none is open"
    named = next((proposal for proposal in proposals if proposal.id == proposal_id), None)
    if named is None:
        return Refusal(f"there is no proposal {proposal_id} in this thread{now}")
    return Refusal(f"{proposal_id} is not open any more ({named.fate}){now}")


def voted(proposal: Proposal, voter: Person, now: datetime, *, agrees: bool) -> Proposal:
    """The proposal with an organisation's vote, which takes the place of an earlier one of the same organisation."""
    org = voter.org or ""
    others = tuple(vote for vote in proposal.votes if vote.org.casefold() != org.casefold())
    return replace(proposal, votes=(*others, Vote(voter.id, org, agrees, now)))


def valid_votes(proposal: Proposal, audience: Sequence[Person]) -> tuple[Vote, ...]:
    """The votes of those who are in the audience now."""
    inside = {person.id for person in audience}
    return tuple(vote for vote in proposal.votes if vote.person in inside)


def missing_orgs(proposal: Proposal, audience: Sequence[Person]) -> tuple[str, ...]:
    """The organisations of the audience that have not voted, each once."""
    done = {vote.org.casefold() for vote in valid_votes(proposal, audience)}
    return tuple(dict.fromkeys(person.name for person in audience if person.name.casefold() not in done))


def judge_confirmation(
    proposal: Proposal, disclosure: Disclosure, audience: Sequence[Person], rules: Rules, now: datetime
) -> Refusal | None:
    """Why a coordinator can't confirm an open proposal now; None where it can be."""
    if now >= proposal.ends_at:
        return Refusal("its window is over")
    if proposal.is_later and any(not vote.agrees for vote in valid_votes(proposal, audience)):
        return Refusal("a member objects, and one objection defeats a later date")
    return judge_proposal(disclosure, proposal.at, rules, now)


def still_confirmed(proposal: Proposal, coordinators: Sequence[Person]) -> Proposal:
    """The proposal as it counts now: confirmed by the operator, by somebody who is a coordinator still, or not."""
    active = {person.address.casefold() for person in coordinators if person.standing is Standing.ACTIVE}
    stands = proposal.confirmed_by.casefold() in {OPERATOR, *active}
    return proposal if stands else replace(proposal, confirmed_by="")


def fate_of(
    proposal: Proposal, disclosure: Disclosure, audience: Sequence[Person], rules: Rules, now: datetime
) -> Fate:
    """What an open proposal comes to now (rows 10 and 11); asking twice gives the same answer."""
    is_over = disclosure.state is not State.EMBARGOED or now >= disclosure.embargo_until
    if is_over or disclosure.embargo_until != proposal.stands:
        return Fate.IMPOSSIBLE
    if proposal.is_later and any(not vote.agrees for vote in valid_votes(proposal, audience)):
        return Fate.OBJECTED
    if judge_proposal(disclosure, proposal.at, rules, now) is not None:
        return Fate.IMPOSSIBLE
    is_heard = now >= proposal.ends_at or not missing_orgs(proposal, audience)
    if proposal.confirmed_by and (is_heard or not proposal.is_later):
        return Fate.AGREED
    return Fate.UNCONFIRMED if now >= proposal.ends_at else Fate.OPEN
