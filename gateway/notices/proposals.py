"""What is written about proposed public dates: pure, short, instants in words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from gateway.notices.common import MOST_VALUE, Notice, shortened, tagged
from policy.facts import Disclosure
from policy.instants import as_value, in_words
from policy.proposals import Fate, Proposal


@dataclass(frozen=True, slots=True)
class Request:
    """What a member asks of the coordinators: another public date."""

    disclosure: Disclosure
    subject: str
    writer: str
    at: datetime
    reason: str

    def notice(self, zone: str, now: datetime) -> Notice:
        """To the coordinators: who asks for what and why, and the lines to answer with."""
        stands = self.disclosure.embargo_until
        change = "later" if self.at > stands else "earlier"
        reason = shortened(self.reason, MOST_VALUE, "the whole mail came to you as well") or "(none was given)"
        text = (
            f"{self.writer} asks for {'a' if change == 'later' else 'an'} {change} public date of "
            f"{self.disclosure.id}; the signature was checked.\n\n"
            f"Asked for: {in_words(self.at, zone, now)}\n"
            f"It stands: {in_words(stands, zone, now)}\n"
            f"Reason: {reason}\n\n"
            "Nothing has changed, and no other member was told. To grant it, answer this mail with this as its\n"
            "first line; everybody who got the disclosure is then told of the new date, and of no reason:\n\n"
            f"Embargo-Until: {as_value(self.at.replace(microsecond=0))}\n\n"
            "To decline, you need do nothing: the date stands until a coordinator moves it. To say so to the\n"
            "audience, answer with\n\n"
            "Send-To: audience\n\n"
            "The public date stands.\n"
        )
        return Notice(tagged(self.disclosure.id, f"Another public date is asked for: {self.subject}"), text)


@dataclass(frozen=True, slots=True)
class Ballot:
    """A proposal that is open from now on. ``older``: the one whose place it takes, or ""."""

    disclosure: Disclosure
    subject: str
    proposal: Proposal
    older: str

    def to_members(self, zone: str, now: datetime) -> Notice:
        """To the audience: the dates, and how to vote; neither who proposes it nor why."""
        text = (
            f"{self._head(zone, now)}\n"
            "Answer this mail with one of these as its first line. Each organisation has one vote, the latest counts.\n"
            "A reason is read by the coordinators alone.\n\n"
            f"Agree: {self.proposal.id}\n\n"
            "or\n\n"
            f"Object: {self.proposal.id}\n"
            "Reason: ...\n\n"
            f"{self._rule()}\n"
        )
        return Notice(self._title(), text)

    def to_coordinators(self, writer: str, reason: str, zone: str, now: datetime) -> Notice:
        """To the coordinators: who proposes it and why, and the line that confirms it."""
        said = shortened(reason, MOST_VALUE, "cut off here") or "(none was given)"
        text = (
            f"{self._head(zone, now)}\n"
            f"Proposed by {writer}; the signature was checked.\nReason: {said}\n\n"
            f"{self._rule()} The audience is asked for its votes, and was told neither who proposes it nor why.\n"
            "To confirm it, answer this mail with this as its first line:\n\n"
            f"Confirm: {self.proposal.id}\n"
        )
        return Notice(self._title(), text)

    def _title(self) -> str:
        return tagged(self.disclosure.id, f"Another public date is proposed: {self.subject}")

    def _head(self, zone: str, now: datetime) -> str:
        proposal = self.proposal
        change = "a later" if proposal.is_later else "an earlier"
        lines = [
            f"Proposal {proposal.id}: {change} public date of {self.disclosure.id}.",
            "",
            f"Proposed: {in_words(proposal.at, zone, now)}",
            f"It stands: {in_words(proposal.stands, zone, now)}",
            f"Votes count until: {in_words(proposal.ends_at, zone, now)}",
        ]
        if self.older:
            lines.append(f"It takes the place of {self.older}; votes on that one count no more.")
        return "\n".join(lines) + "\n"

    def _rule(self) -> str:
        if self.proposal.is_later:
            return (
                "It comes to stand only if nobody objects and a coordinator confirms it: one objection defeats it,\n"
                "and silence never makes an embargo longer. Until then the public date stands."
            )
        return (
            "It comes to stand when a coordinator confirms it; objections are recorded and read.\n"
            "Until then the public date stands."
        )


def all_voted(disclosure: Disclosure, subject: str, proposal: Proposal) -> Notice:
    """To the coordinators: everybody has voted, and it waits for a confirmation."""
    objections = sum(not vote.agrees for vote in proposal.votes)
    text = (
        f"All organisations have voted on {proposal.id} ({objections} {'object' if objections != 1 else 'objects'}).\n"
        "It waits for a coordinator's confirmation; without one it falls at the end of its window. To confirm it,\n"
        f"answer this mail with this as its first line:\n\nConfirm: {proposal.id}\n"
    )
    return Notice(tagged(disclosure.id, f"All have voted: {subject}"), text)


def unconfirmed(disclosure: Disclosure, subject: str, proposal: Proposal, zone: str, now: datetime) -> Notice:
    """To the coordinators: who confirmed it was removed, so it waits for another's confirmation."""
    text = (
        f"{proposal.confirmed_by}, who confirmed {proposal.id}, is no coordinator any more, so that counts no more.\n"
        f"It proposes {in_words(proposal.at, zone, now)}. Without a confirmation by another coordinator it falls\n"
        f"at the end of its window, {in_words(proposal.ends_at, zone, now)}. To confirm it, answer this mail with\n"
        f"this as its first line:\n\nConfirm: {proposal.id}\n"
    )
    return Notice(tagged(disclosure.id, f"A proposed date is not confirmed any more: {subject}"), text)


_WHY = {
    Fate.OBJECTED: "somebody objects, and one objection defeats a later date",
    Fate.UNCONFIRMED: "no coordinator confirmed it in time, and silence changes no date",
    Fate.IMPOSSIBLE: "the date is not possible any more",
}


def fallen(disclosure: Disclosure, subject: str, proposal: Proposal, fate: Fate, zone: str, now: datetime) -> Notice:
    """To everybody bound: a proposal came to nothing. Names nobody."""
    text = (
        f"The public date of {disclosure.id} stays as it is: {in_words(disclosure.embargo_until, zone, now)}.\n\n"
        f"The proposal {proposal.id} ({in_words(proposal.at, zone, now)}) fell: {_WHY[fate]}.\n"
    )
    return Notice(tagged(disclosure.id, f"The public date stands: {subject}"), text)
