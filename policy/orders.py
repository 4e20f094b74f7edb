"""What a mail orders: its control lines held against what is possible, or precise complaints.

Rules:

* One complaint keeps the whole mail back: an order with complaints orders nothing (law 3).
* ``corrected`` is the whole block as it should have been, ready to paste. Where there are several
  readings it takes the one that reveals least: the later hold, the narrower scope, no notice.
* Nothing is proposed that could reveal more than was written: a scope that names nobody who is
  known, a restriction that fits no attachment, or a hold that can't be read stays in ``corrected``
  as it was, so that it is asked about again (``is_ready`` is False then).
* Leak lines are read beside all this and never complained of (law 5).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar

from policy.acts import SPECS, Act, Spec, TakeAlarm
from policy.control import ALIASES, COMPANIONS, Block, Complaint, Line, read_block
from policy.dateorders import Dates, read_dates
from policy.instants import Reading
from policy.leaklines import LeakLines, find_leak, leak_of
from policy.lineorders import (
    MAX_VALUE,
    TLP_LABELS,
    Parsed,
    read_ack,
    read_cause,
    read_cve,
    read_lift,
    read_notice_line,
    read_restrict_line,
    read_scope_line,
    read_send_to,
    read_text,
    read_tlp,
    read_yes,
)
from policy.plain import nearest
from policy.scopes import Restriction, Scope, read_restriction, read_scope, restriction_text, scope_text, standing
from policy.surroundings import Surroundings
from policy.upstream import UpstreamLine, UpstreamWord
from policy.upstreamlines import contradiction, is_of_details, read_action, read_upstream, read_versions, shared_with

__all__ = [
    "Complaint",
    "LeakLines",
    "Order",
    "Restriction",
    "Scope",
    "Surroundings",
    "find_leak",
    "read_order",
    "read_restriction",
    "read_scope",
    "restriction_text",
    "scope_text",
]

T = TypeVar("T")
_FOR_MEMBERS = frozenset({"Ack", *COMPANIONS, *(name for name, spec in SPECS.items() if spec.by & {"member", "guest"})})
SPEAKING = frozenset({"Send-To", *(name for name, spec in SPECS.items() if spec.speaks)})
_ONLY_IN_REPLIES = frozenset({"Lift", "Withdraw", *(name for name, spec in SPECS.items() if not spec.in_posts)})
_NO_POST = COMPANIONS | {"Preview", "Send-To"}  # beside lines for replies these make no disclosure of a new mail
_LISTS = frozenset({"Replaces"})  # companions that may go on in a further line
_WAY_OUT = (
    "to ask them for another date write `Propose-Embargo-Until:` with a `Reason:`, to tell what is known already "
    "`Fact: public`, `Fact: exploit` or `Fact: attacks`; "
)
_DATES = frozenset({"Hold-Until", "Embargo-Until", "Propose-Embargo-Until"})
_CONTRADICTED = {
    "Lift": "an embargo that is lifted now has no other date; send `Lift: now` alone",
    "Withdraw": "a disclosure that is withdrawn has no dates any more; send `Withdraw:` alone",
}
_AS_TEXT = "as part of a text, begin the line otherwise"
BESIDE = {"Lift": ("Cause", "Send")}  # companions of lines that are no acts
# What people write who know the thing but not its name; only ever offered, never obeyed.
_OTHER_WORDS = {
    "hold": "Hold-Until",
    "release": "Hold-Until",
    "release-at": "Hold-Until",
    "not-before": "Hold-Until",
    "embargo": "Embargo-Until",
    "public": "Embargo-Until",
    "public-date": "Embargo-Until",
    "disclosure-date": "Embargo-Until",
    "audience": "Scope",
    "recipients": "Scope",
    "restriction": "Restrict",
    "only-to": "Restrict",
    "cve-id": "CVE",
    "cves": "CVE",
    "refs": "Ref",
    "reference": "Ref",
    "references": "Ref",
    "notice": "Public-Notice",
    "permitted": "Permit",
    "dry-run": "Preview",
}


@dataclass(frozen=True, slots=True)
class Order:
    """What the control lines of a mail order. With ``complaints`` nothing else is set but ``leak``.

    ``hold_now``: released without (further) hold. None, () and False mean that no line says so;
    ``shares`` are upstreams whose groups get the details; ``mechanics`` are pairs of "version", "branches" or
    "action" with what is said of it.
    ``embargo_until`` of a new disclosure may come from the list's default. ``corrected`` is the
    block to paste ("": no line of it remains); ``is_ready`` says whether it is accepted as it stands.
    """

    embargo_until: datetime | None = None
    hold_until: datetime | None = None
    hold_now: bool = False
    scope: Scope | None = None
    restrict: tuple[Restriction, ...] = ()
    upstreams: tuple[UpstreamLine, ...] = ()
    shares: tuple[str, ...] = ()
    mechanics: tuple[tuple[str, str], ...] = ()
    tlp: str | None = None
    cve: tuple[str, ...] = ()
    refs: tuple[str, ...] = ()
    permit: str | None = None
    public_notice: str | None = None
    preview: bool = False
    lift_now: bool = False
    lift_cause: str | None = None
    send_now: bool = False
    withdraw: str | None = None
    send_to_audience: bool = False
    ack: bool = False
    acts: tuple[Act, ...] = ()
    leak: LeakLines | None = None
    complaints: tuple[Complaint, ...] = ()
    corrected: str = ""
    is_ready: bool = True


def read_order(block: Block, surroundings: Surroundings) -> Order:
    """Read what a block orders where it was found. Never raises for anything that a mail can say."""
    reader = _Reader(block, surroundings)
    order = replace(reader.order(), leak=leak_of(block), corrected=reader.corrected())
    if not reader.complaints:
        return order
    again = _Reader(read_block(order.corrected), surroundings)
    if order.corrected:
        again.order()
    return Order(
        leak=order.leak,
        complaints=tuple(reader.complaints),
        corrected=order.corrected,
        is_ready=not again.complaints,
    )


class _Reader:
    """One block being read: complaints and corrected values gather while it goes."""

    def __init__(self, block: Block, surroundings: Surroundings) -> None:
        self.complaints: list[Complaint] = []
        self._s = surroundings
        self._lines: dict[str, list[Line]] = {}
        self._fixed: dict[str, list[str]] = {}
        self._is_leak_alone = leak_of(block) is not None
        self._is_turned_away = False
        for line in block.lines:
            self._take(line, is_stray=False)
        for line in block.strays:
            self._take(line, is_stray=True)
        if block.is_cut:
            self._complain(None, "the text is too long to be searched for control lines; please attach it")
        self._is_leak_alone &= not self._lines
        self._is_no_post = self._is_turned_away and not self._lines.keys() - _NO_POST

    def order(self) -> Order:
        """Read every line; complaints are there afterwards."""
        self._refuse_contradictions()
        upstreams = self._upstreams()
        restrict, shares = self._restrict(upstreams)
        notice = self._one("Public-Notice", read_notice_line)
        self._check_notice(notice, restrict)
        dates = self._dates()
        taken = self._one("Ack", read_ack)
        order = Order(
            embargo_until=dates.embargo_until,
            hold_until=dates.hold_until,
            hold_now=dates.hold_now,
            scope=self._one("Scope", read_scope_line, _narrowest),
            restrict=restrict,
            upstreams=upstreams,
            shares=shares,
            mechanics=self._mechanics(),
            tlp=self._one("TLP", read_tlp, _strictest),
            cve=tuple(dict.fromkeys(number for cve in self._many("CVE", read_cve) for number in cve)),
            refs=tuple(self._many("Ref", read_text)),
            permit=self._one("Permit", read_text),
            public_notice=notice,
            preview=self._one("Preview", read_yes, _yes) or False,
            lift_now=self._one("Lift", read_lift) or False,
            lift_cause=self._one("Cause", read_cause) if "Lift" in self._lines else None,
            send_now=(self._one("Send", read_lift) or False) if "Lift" in self._lines else False,
            withdraw=self._one("Withdraw", read_text),
            send_to_audience=self._one("Send-To", read_send_to) or False,
            ack=taken is True,
            acts=(*self._acts(), *((TakeAlarm(taken),) if isinstance(taken, str) else ())),
        )
        self._ask_for_scope(order)
        return order

    def corrected(self) -> str:
        """The block as it should have been: canonical names, one line each, a line end after each.

        Nothing of it where none of its lines is for a new mail.
        """
        if self._is_no_post:
            return ""
        return "".join(f"{name}: {value}\n" for name, values in self._fixed.items() for value in values)

    def _take(self, line: Line, *, is_stray: bool) -> None:
        """Sort a line in under its name, and complain of its name or place."""
        if line.is_leak:
            return
        line = self._named(line, is_stray=is_stray)
        if line.name not in ALIASES:
            return
        if self._s.role != "coordinator" and line.name not in _FOR_MEMBERS:
            way = _WAY_OUT if self._s.role == "member" else ""
            self._complain(line, f"only coordinators steer a disclosure; {way}{_AS_TEXT}")
        elif line.name in SPECS and self._s.role not in SPECS[line.name].by:
            self._complain(line, "it is for members to write; left out of the block below")
        elif not self._s.is_reply and self._is_for_replies(line.name):
            self._is_turned_away = True
            self._complain(line, "it acts on a disclosure, so it stands in a reply to it; left out of the block below")
        else:
            self._lines.setdefault(line.name, []).append(line)
            self._fixed.setdefault(line.name, [])

    def _is_for_replies(self, name: str) -> bool:
        """Whether a line means nothing in a new mail; what a coordinator acknowledges came in a mail of ours."""
        return name in _ONLY_IN_REPLIES or (name == "Ack" and self._s.role == "coordinator")

    def _named(self, line: Line, *, is_stray: bool) -> Line:
        """The line under the name that it is meant to have; complains where that is not the one written."""
        why = ""
        if not line.is_named:
            near = _OTHER_WORDS.get(line.name.casefold()) or nearest(line.name, ALIASES)
            line = replace(line, name=near or line.name)
            why = f"there is no line {line.written!r}" + (
                f"; did you mean {near}?" if near else "; it is left out below"
            )
        elif not line.known:
            why = f"there is no line {line.written!r}; did you mean {line.name}?"
        if is_stray:
            place = "control lines stand at the very top of the mail, each on a line of its own"
            why = f"{why}, and {place}" if why else place
        if why:
            self._complain(line, why)
        return self._fitting(line)

    def _fitting(self, line: Line) -> Line:
        """A coordinator's date line as this list has it: an order, or a proposal."""
        if self._s.role != "coordinator" or not self._s.is_reply:
            return line
        if line.name == "Propose-Embargo-Until" and not self._s.by_agreement:
            self._complain(line, "coordinators decide on this date: write Embargo-Until, as in the block below")
            return replace(line, name="Embargo-Until")
        if line.name == "Embargo-Until" and self._s.by_agreement:
            why = "members have it, and on this list the public date then moves by agreement: propose it, as below"
            self._complain(line, why)
            return replace(line, name="Propose-Embargo-Until")
        return line

    def _complain(self, line: Line | None, why: str, readings: tuple[Reading, ...] = ()) -> None:
        self._add(Complaint(line.said if line else "", why, readings))

    def _add(self, complaint: Complaint) -> None:
        """Keep a complaint; whatever is wrong with one line is told under that line once."""
        for place, other in enumerate(self.complaints):
            if complaint.line and other.line == complaint.line:
                why = other.why if complaint.why in other.why else f"{other.why}; {complaint.why}"
                readings = tuple(dict.fromkeys((*other.readings, *complaint.readings)))
                self.complaints[place] = Complaint(complaint.line, why, readings)
                return
        self.complaints.append(complaint)

    def _one(
        self,
        name: str,
        read: Callable[[str, Surroundings], Parsed[T]],
        prefer: Callable[[list[Parsed[T]]], Parsed[T]] | None = None,
    ) -> T | None:
        """The value of a line that stands once, or several times with the same value."""
        lines = self._lines.get(name, [])
        parsed = [self._parse(line, read) for line in lines]
        if not parsed:
            return None
        chosen = prefer(parsed) if prefer else next((p for p in parsed if p.fixed is not None), parsed[0])
        self._fixed[name] = [chosen.fixed] if chosen.fixed is not None else []
        if len({p.fixed for p in parsed}) > 1 and not any(p.why for p in parsed):
            self._complain(lines[-1], f"{name} stands there twice and says two things")
        return chosen.value

    def _many(self, name: str, read: Callable[[str, Surroundings], Parsed[T]]) -> list[T]:
        """The values of a line that may stand several times."""
        parsed = [self._parse(line, read) for line in self._lines.get(name, [])]
        if parsed:
            self._fixed[name] = list(dict.fromkeys(p.fixed for p in parsed if p.fixed is not None))
        return [p.value for p in parsed if p.value is not None]

    def _parse(self, line: Line, read: Callable[[str, Surroundings], Parsed[T]]) -> Parsed[T]:
        if len(line.value) > MAX_VALUE:
            parsed: Parsed[T] = Parsed(None, line.value, f"it is longer than {MAX_VALUE} characters")
        else:
            parsed = read(line.value, self._s)
        if parsed.why and line.first != line.value and len(line.first) <= MAX_VALUE:
            alone = read(line.first, self._s)
            if not alone.why:
                parsed = Parsed(
                    None,
                    alone.fixed,
                    f"{parsed.why} (is the empty line after the block missing, or a line not indented?)",
                )
        if parsed.why:
            self._complain(line, parsed.why, parsed.readings)
        return parsed

    def _acts(self) -> tuple[Act, ...]:
        """Read the lines of ``policy.acts``, each with the companions in this block that it takes."""
        found: list[Act] = []
        taken = {c for line, companions in BESIDE.items() if line in self._lines for c in companions}
        for name, spec in SPECS.items():
            lines = self._lines.get(name, [])
            beside = {c: self._companion(c) for c in spec.companions if lines and c in self._lines}
            taken |= beside.keys()
            parsed = [self._parse(line, _beside(spec, beside)) for line in lines]
            if parsed:
                self._fixed[name] = list(dict.fromkeys(p.fixed for p in parsed if p.fixed is not None))
            if len(self._fixed.get(name, ())) > 1 and not spec.repeatable:
                self._complain(lines[-1], f"{name} stands there twice and says two things")
            found += dict.fromkeys(p.value for p in parsed if p.value is not None)  # said twice, done once
        for name in sorted((COMPANIONS & self._lines.keys()) - taken):
            takers = ", ".join(
                (
                    *(other for other, spec in SPECS.items() if name in spec.companions),
                    *(other for other, companions in BESIDE.items() if name in companions),
                )
            )
            self._complain(
                self._lines[name][0], f"it belongs to one of the lines {takers}; left out of the block below"
            )
        return tuple(found)

    def _companion(self, name: str) -> str:
        """What a line that belongs to another says: a list goes on in the next one, else it can't say two things."""
        lines = self._lines[name]
        values = list(dict.fromkeys(line.value for line in lines))
        said = ", ".join(values) if name in _LISTS else values[0]
        if len(values) > 1 and name not in _LISTS:
            self._complain(lines[-1], f"{name} stands there twice and says two things")
        self._fixed[name] = [said]
        return said

    def _dates(self) -> Dates:
        if self._s.role != "coordinator" or self._is_leak_alone or self._is_no_post:
            return Dates(None, hold_now=False, embargo_until=None, hold_fixed=None, embargo_fixed=None)
        dates = read_dates(self._lines.get("Hold-Until", []), self._lines.get("Embargo-Until", []), self._s, self._add)
        for name, fixed in (("Hold-Until", dates.hold_fixed), ("Embargo-Until", dates.embargo_fixed)):
            if fixed is not None:
                self._fixed[name] = [fixed]
        return dates

    def _refuse_contradictions(self) -> None:
        """Of orders that can't both be meant none stays in the corrected block that can't be taken back."""
        if "Approve" in self._lines and self._lines.keys() - {"Approve", "Preview"}:
            self._drop("Approve", "it agrees to what another one wrote, so it stands alone, in a mail of its own")
        ends, speaking = sorted({"Lift", "Withdraw"} & self._lines.keys()), SPEAKING & self._lines.keys()
        if "Withdraw" in ends:
            for name in sorted(speaking):
                self._drop(name, "in a disclosure that is withdrawn no text goes to members any more")
        if len(ends) > 1 or (ends and self._says_a_date()):
            for name in ends:
                self._drop(name, "it is either lifted or withdrawn" if len(ends) > 1 else _CONTRADICTED[name])
            if any(line.value.casefold() == "now" for line in self._lines.get("Hold-Until", ())):
                self._drop("Hold-Until", "an embargo that is to end goes to nobody now")

    def _says_a_date(self) -> bool:
        """Whether a line is about the dates of an embargo that goes on."""
        confirmed = (line.value.upper() for line in self._lines.get("Confirm", ()))
        return bool(_DATES & self._lines.keys()) or any("DP-" in value for value in confirmed)

    def _drop(self, name: str, why: str) -> None:
        self._complain(self._lines.pop(name)[0], f"{why}; left out of the block below")
        self._fixed.pop(name)

    def _upstreams(self) -> tuple[UpstreamLine, ...]:
        lines = self._many("Upstream", read_upstream)
        found = contradiction(lines)
        if found is not None:  # of the two the one that holds, for as long as nobody says that it is over
            complaint, name = found
            self._add(complaint)
            others = [value for value in self._fixed["Upstream"] if value.partition(" ")[0] != name]
            self._fixed["Upstream"] = [name, *others]
        return tuple(dict.fromkeys(lines))

    def _restrict(self, upstreams: Iterable[UpstreamLine]) -> tuple[tuple[Restriction, ...], tuple[str, ...]]:
        """Restrictions of attachments, and the upstreams whose groups get all that is kept back."""
        said = {line.name for line in upstreams if line.word is not UpstreamWord.OVER}
        names = frozenset({*self._s.held_by, *said})
        # Where the block names a public notice that one counts, and the one before is none any more.
        s = replace(self._s, notice=None) if "Public-Notice" in self._lines else self._s
        found = self._many("Restrict", lambda text, _: read_restrict_line(text, s, lambda r: is_of_details(r, names)))
        plain = tuple(restriction for restriction in found if not is_of_details(restriction, names))
        # One file for such a group lets it have the rest only where the same block says whose embargo that is.
        shares = (shared_with(one, names if is_of_details(one, names) else frozenset(said)) for one in found)
        return plain, tuple(dict.fromkeys(name for some in shares for name in some))

    def _mechanics(self) -> tuple[tuple[str, str], ...]:
        said = {
            "version": self._one("Mechanics-Version", read_versions),
            "branches": self._one("Mechanics-Branches", read_versions),
            "action": self._one("Mechanics-Action", read_action),
        }
        return tuple((what, value) for what, value in said.items() if value is not None)

    def _check_notice(self, notice: str | None, restrict: Iterable[Restriction]) -> None:
        """What some may not have can't go public: neither by this block, nor by restrictions that stand already."""
        anew = tuple(restrict)
        rules = (*standing(self._s.restricted, anew), *anew)
        if notice is not None and any(rule.keeps(notice) for rule in rules):
            line = self._lines["Public-Notice"][0]
            self._complain(line, "that attachment is restricted to some; it can't go public as well; left out below")
            self._fixed["Public-Notice"] = []

    def _ask_for_scope(self, order: Order) -> None:
        is_new = not self._s.is_reply and self._s.role == "coordinator" and not self._is_leak_alone
        is_new &= not self._is_no_post
        if is_new and not self._s.default_scope and order.scope is None and "Scope" not in self._lines:
            self._complain(
                None, "every disclosure of this list names its scope: Scope: all, or group:NAME, org:NAME, an address"
            )


def _beside(spec: Spec, companions: dict[str, str]) -> Callable[[str, Surroundings], Parsed[Act]]:
    return lambda text, surroundings: spec.read(text, companions, surroundings)


def _narrowest(parsed: list[Parsed[Scope]]) -> Parsed[Scope]:
    """One that names somebody rather than all."""
    return min(parsed, key=lambda p: (p.fixed or "").casefold() == "all")


def _strictest(parsed: list[Parsed[str]]) -> Parsed[str]:
    return max(parsed, key=lambda p: TLP_LABELS.index(p.fixed) if p.fixed in TLP_LABELS else -1)


def _yes(parsed: list[Parsed[bool]]) -> Parsed[bool]:
    return min(parsed, key=lambda p: p.fixed != "yes")
