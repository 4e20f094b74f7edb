"""Control lines that do something of their own: what each says, who may write it, and what belongs to it.

Rules:

* ``SPECS`` is the one table of them. A line names what it acts on by its id (``DP-2026-K7QX``), never
  by "the last one": a vote or an approval must not slip to something else (THREATS: old votes).
* A *companion* (``Reason:``, ``Where:``) says more of the line that takes it. It means nothing alone:
  in a block without such a line it is complained of, in prose it is prose (``policy.control.COMPANIONS``).
* An act stands in a reply, and acts on what its thread is about; few stand in a new mail as well (``in_posts``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from policy.control import Complaint, Line
from policy.dateorders import read_dates
from policy.grants import (
    AcceptTerms,
    AskShare,
    DenyShare,
    EndGuest,
    InviteGuest,
    read_guest,
    read_what,
    read_who,
    who_text,
)
from policy.knowledge import FactKind
from policy.leakcase import Outcome
from policy.lineorders import Parsed

if TYPE_CHECKING:
    from policy.surroundings import Surroundings

COORDINATOR = frozenset({"coordinator"})
ANYBODY = frozenset({"coordinator", "member"})
IN_AUDIENCE = ANYBODY | {"guest"}
_NUMBER = re.compile(r"(?:[A-Z]{1,8}-[0-9]{4}-[0-9A-Z]{4})?/?([0-9]{1,4})", re.ASCII | re.IGNORECASE)
_NAME = re.compile(r"[A-Z]{1,8}-[0-9]{4}-[0-9A-Z]{4}(?:/[0-9]{1,4})?", re.ASCII)
_ID = re.compile(r"([A-Z]{2})-[0-9]{4}-[0-9A-Z]{4}", re.ASCII)


@dataclass(frozen=True, slots=True)
class TellStatus:
    """``Status:`` a member tells how far it is; the latest one stands."""

    text: str


@dataclass(frozen=True, slots=True)
class Correct:
    """``Corrects:`` this mail puts an earlier one right: ``what`` is its number, None for the latest.

    ``replaces``: names of attachments that are to be discarded.
    """

    what: int | None
    replaces: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Approve:
    """``Approve:`` a second coordinator agrees to what waits: a disclosure, a kept mail, the details of a mail."""

    ref: str


@dataclass(frozen=True, slots=True)
class VouchLeak:
    """``Vouch:`` a coordinator vouches for a leak report that was not proved."""

    leak_id: str


@dataclass(frozen=True, slots=True)
class AssessLeak:
    """``Assess:`` with ``Outcome:`` and perhaps ``Reason:`` a coordinator says how a leak case ended."""

    leak_id: str
    outcome: Outcome
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class PostRetrospective:
    """``Retrospective:`` the text below goes to the audience, as what was learnt of a leak case."""

    leak_id: str


@dataclass(frozen=True, slots=True)
class ProposeDate:
    """``Propose-Embargo-Until:`` somebody would rather have another public date; ``reason`` "" says none."""

    at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class TellFact:
    """``Fact:`` with perhaps ``Where:`` something is known of the disclosure: a report, or a coordinator's word."""

    kind: FactKind
    where: str | None = None


@dataclass(frozen=True, slots=True)
class ConfirmFact:
    """``Confirm: FA-...`` a coordinator confirms a fact that was reported."""

    fact_id: str


@dataclass(frozen=True, slots=True)
class TakeAlarm:
    """``Ack: LK-...`` a coordinator has the alarm of a leak in hand; it is not repeated."""

    leak_id: str


@dataclass(frozen=True, slots=True)
class CastVote:
    """``Agree:`` or ``Object:`` an organisation's vote on a proposed date."""

    proposal_id: str
    agrees: bool

    @property
    def line(self) -> str:
        """The line that it came from."""
        return f"{'Agree' if self.agrees else 'Object'}: {self.proposal_id}"


@dataclass(frozen=True, slots=True)
class ConfirmDate:
    """``Confirm:`` a coordinator confirms a proposed date."""

    proposal_id: str


@dataclass(frozen=True, slots=True)
class TellPublicPost:
    """``Public-Post:`` a coordinator tells where the public notice stands."""

    where: str


@dataclass(frozen=True, slots=True)
class Close:
    """``Close:`` a coordinator closes what is over; ``ref`` is its id, None where the thread says which."""

    ref: str | None


Act = (
    Approve
    | AskShare
    | DenyShare
    | AcceptTerms
    | InviteGuest
    | EndGuest
    | Close
    | TellStatus
    | Correct
    | VouchLeak
    | AssessLeak
    | PostRetrospective
    | ProposeDate
    | CastVote
    | ConfirmDate
    | TellFact
    | ConfirmFact
    | TakeAlarm
    | TellPublicPost
)
"""Everything that a line of ``SPECS`` may ask for."""

TALKS_OF_LEAKS = (PostRetrospective, TellFact)
"""Acts whose text speaks of leaks by its nature: it is not asked whether it reports one."""

Read = Callable[[str, Mapping[str, str], "Surroundings"], Parsed[Act]]
"""(value, the companions written beside it by name, surroundings) -> the act, or what is wrong."""


@dataclass(frozen=True, slots=True)
class Spec:
    """One line: how it is read, who may write it, the companions that it takes, and whether it may stand twice.

    ``speaks``: it says what the text below it is to the audience, so it means nothing where that text goes nowhere.
    ``in_posts``: also in a new mail, where it acts on the disclosure that the mail becomes.
    """

    read: Read
    by: frozenset[str]
    companions: tuple[str, ...] = ()
    repeatable: bool = False
    speaks: bool = False
    in_posts: bool = False


def read_id(text: str, prefix: str, noun: str) -> Parsed[str]:
    """The id of one thing: ``read_id("dp-2026-k7qx", "DP", "a proposal")`` gives ``DP-2026-K7QX``."""
    wanted = text.strip().upper().strip("[]<>.")
    match = _ID.fullmatch(wanted)
    if match is not None and match[1] == prefix:
        return Parsed(wanted, wanted)
    return Parsed(None, None, f"it names {noun} by its id, {prefix}-YEAR-XXXX")


def _read_status(text: str, _companions: Mapping[str, str], _surroundings: Surroundings) -> Parsed[Act]:
    return Parsed(TellStatus(text), text) if text else Parsed(None, None, "it says nothing")


def _read_corrects(text: str, companions: Mapping[str, str], _surroundings: Surroundings) -> Parsed[Act]:
    names = [name.strip().strip('"') for name in companions.get("Replaces", "").split(",")]
    replaces = tuple(dict.fromkeys(name for name in names if name))
    if text.casefold() == "last":
        return Parsed(Correct(None, replaces), "last")
    number = _NUMBER.fullmatch(text.strip("[] "))
    if number is not None:
        return Parsed(Correct(int(number[1]), replaces), text)
    return Parsed(None, "last", "it says last, or the number of the mail that is put right: ED-2026-K7QX/2")


def _read_vouch(text: str, _companions: Mapping[str, str], _surroundings: Surroundings) -> Parsed[Act]:
    case = read_id(text, "LK", "a leak case")
    return Parsed(VouchLeak(case.value) if case.value else None, case.fixed, case.why)


def _read_assess(text: str, companions: Mapping[str, str], _surroundings: Surroundings) -> Parsed[Act]:
    case = read_id(text, "LK", "a leak case")
    word = companions.get("Outcome", "").casefold().rstrip(".!")
    known = " or ".join(f"`Outcome: {outcome}`" for outcome in Outcome)
    if case.value is None:
        return Parsed(None, None, case.why)
    if word not in set(Outcome):
        return Parsed(None, case.fixed, f"it says how the case ended: add {known}")
    return Parsed(AssessLeak(case.value, Outcome(word), companions.get("Reason") or None), case.fixed)


def _read_retrospective(text: str, _companions: Mapping[str, str], _surroundings: Surroundings) -> Parsed[Act]:
    case = read_id(text, "LK", "a leak case")
    return Parsed(PostRetrospective(case.value) if case.value else None, case.fixed, case.why)


def _read_propose(text: str, companions: Mapping[str, str], surroundings: Surroundings) -> Parsed[Act]:
    if text.casefold().rstrip(".!") == "now":
        why = "a public date lies ahead; if the embargo has to end now, tell the coordinators so in a reply"
        return Parsed(None, None, why)
    found: list[Complaint] = []
    line = Line("Embargo-Until", "Propose-Embargo-Until", text, text, 1, known=True)
    dates = read_dates([], [line], surroundings, found.append)
    if found or dates.embargo_until is None:
        return Parsed(None, dates.embargo_fixed, found[0].why, found[0].readings)
    return Parsed(ProposeDate(dates.embargo_until, companions.get("Reason", "")), dates.embargo_fixed)


def _read_approve(text: str, _companions: Mapping[str, str], _surroundings: Surroundings) -> Parsed[Act]:
    wanted = text.strip("[]<>. ").upper()
    if _NAME.fullmatch(wanted):
        return Parsed(Approve(wanted), wanted)
    return Parsed(None, None, "it names what is approved by its id, as the mail that asked for it says")


def _read_fact(text: str, companions: Mapping[str, str], _surroundings: Surroundings) -> Parsed[Act]:
    word = text.casefold().rstrip(".!")
    if word in set(FactKind):
        return Parsed(TellFact(FactKind(word), companions.get("Where") or None), word)
    return Parsed(None, None, "it says public, exploit (one is public) or attacks (they are seen)")


def _read_agree(text: str, _companions: Mapping[str, str], _surroundings: Surroundings) -> Parsed[Act]:
    found = read_id(text, "DP", "a proposal")
    return Parsed(CastVote(found.value, agrees=True) if found.value else None, found.fixed, found.why)


def _read_object(text: str, _companions: Mapping[str, str], _surroundings: Surroundings) -> Parsed[Act]:
    found = read_id(text, "DP", "a proposal")
    return Parsed(CastVote(found.value, agrees=False) if found.value else None, found.fixed, found.why)


def _read_confirm(text: str, _companions: Mapping[str, str], _surroundings: Surroundings) -> Parsed[Act]:
    fact, proposal = read_id(text, "FA", "a report"), read_id(text, "DP", "a proposed date")
    if proposal.value:
        return Parsed(ConfirmDate(proposal.value), proposal.fixed)
    return Parsed(
        ConfirmFact(fact.value) if fact.value else None, fact.fixed, fact.why and f"{fact.why}; {proposal.why}"
    )


def _read_public_post(text: str, _companions: Mapping[str, str], _surroundings: Surroundings) -> Parsed[Act]:
    return Parsed(TellPublicPost(text), text) if text else Parsed(None, None, "it says where: a URL")


def _read_guest(text: str, _companions: Mapping[str, str], _surroundings: Surroundings) -> Parsed[Act]:
    found = read_guest(text)
    return Parsed(found.value, found.fixed, found.why)


def _read_close(text: str, _companions: Mapping[str, str], _surroundings: Surroundings) -> Parsed[Act]:
    wanted = text.strip("[]<>. ").upper()
    if wanted in {"YES", "NOW"}:
        return Parsed(Close(None), "yes")
    if _NAME.fullmatch(wanted):
        return Parsed(Close(wanted), wanted)
    return Parsed(None, "yes", "it says yes, or names the disclosure by its id")


def _read_share(text: str, companions: Mapping[str, str], surroundings: Surroundings) -> Parsed[Act]:
    who, what, why = read_who(text), read_what(companions.get("Share-What", "")), companions.get("Share-Why", "")
    if who is None:
        return Parsed(None, None, "it is written Name <address>")
    fixed = who_text(*who)
    if not what:
        return Parsed(None, fixed, "it says what is to be shared: add `Share-What: all`, or names of attachments")
    if not why:
        return Parsed(None, fixed, "it says why: add `Share-Why: ...`; the coordinators alone read it")
    found: list[Complaint] = []
    lines = [Line("Embargo-Until", name, value, value, 1, known=True) for name, value in companions.items()]
    until = read_dates([], [one for one in lines if one.written == "Share-Until"], surroundings, found.append)
    if found:
        return Parsed(None, fixed, f"Share-Until: {found[0].why}", found[0].readings)
    return Parsed(AskShare(*who, what, why, until.embargo_until), fixed)


def _read_deny(text: str, _companions: Mapping[str, str], _surroundings: Surroundings) -> Parsed[Act]:
    found = read_id(text, "SR", "a share request")
    return Parsed(DenyShare(found.value) if found.value else None, found.fixed, found.why)


def _read_accept(text: str, _companions: Mapping[str, str], _surroundings: Surroundings) -> Parsed[Act]:
    found = read_id(text, "SR", "what was offered")
    return Parsed(AcceptTerms(found.value) if found.value else None, found.fixed, found.why)


SPECS: dict[str, Spec] = {
    "Share-With": Spec(_read_share, frozenset({"member"}), companions=("Share-What", "Share-Why", "Share-Until")),
    "Deny": Spec(_read_deny, COORDINATOR),
    "Accept": Spec(_read_accept, frozenset({"guest"}), in_posts=True),
    "Approve": Spec(_read_approve, COORDINATOR),
    "Guest": Spec(_read_guest, COORDINATOR, repeatable=True, in_posts=True),
    "Close": Spec(_read_close, COORDINATOR),
    "Corrects": Spec(_read_corrects, COORDINATOR, companions=("Replaces",), speaks=True),
    "Status": Spec(_read_status, frozenset({"member"})),
    "Vouch": Spec(_read_vouch, COORDINATOR, repeatable=True),
    "Assess": Spec(_read_assess, COORDINATOR, companions=("Outcome", "Reason")),
    "Retrospective": Spec(_read_retrospective, IN_AUDIENCE, speaks=True),
    "Public-Post": Spec(_read_public_post, COORDINATOR),
    "Fact": Spec(_read_fact, IN_AUDIENCE, companions=("Where",), repeatable=True),
    "Confirm": Spec(_read_confirm, COORDINATOR, repeatable=True),
    "Propose-Embargo-Until": Spec(_read_propose, ANYBODY, companions=("Reason",)),
    "Agree": Spec(_read_agree, frozenset({"member"}), companions=("Reason",)),
    "Object": Spec(_read_object, frozenset({"member"}), companions=("Reason",)),
}
"""Every line that is an act, by its canonical name."""
