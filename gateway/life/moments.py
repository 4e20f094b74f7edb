"""The moments of a life, out of the records of the trail; and the states that it went through."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from gateway.life import acts
from gateway.life.model import Moment, Sign, Stay
from policy.facts import MessageKind, Role, State
from policy.instants import in_words
from policy.reasons import Reason

if TYPE_CHECKING:
    from gateway.life.names import Names
    from storage.records import AuditRecord, Copy

RUN = timedelta(minutes=10)  # copies of a message that come to the same state within this are told as one
NAMED = 3  # so many people are named one by one
_REPORTS = frozenset({"leak", "leak-added", "leak-again", "leak-retrospective", "no-leak", "fact-reported"})
"""What a reporter did: whatever else the same mail did is told without the reporter's number, too."""
_PUBLIC_ID = re.compile(r"[A-Z]{1,8}-\d{4}-[0-9A-Z]{4}(?:/\d+)?")
_VERBS = {
    "sent": "delivered to",
    "deferred": "not taken yet for",
    "bounced": "bounced for",
    "withheld": "withheld from",
    "cancelled": "cancelled for",
}
_THINGS = {
    MessageKind.DISCLOSURE: "The disclosure",
    MessageKind.FOLLOW_UP: "Follow-up",
    MessageKind.REPLY: "Reply",
    MessageKind.DATE_NOTICE: "Notice about the date",
    MessageKind.WITHDRAWAL: "Notice of the withdrawal",
    MessageKind.ACKNOWLEDGEMENT: "Acknowledgement of a report",
}


@dataclass(slots=True)
class _Run:
    """Copies of a message that came to the same state, one soon after the other."""

    copy: Copy
    state: str
    why: str | None
    seq: int
    at: datetime
    until: datetime
    count: int = 0
    whom: dict[str, None] = field(default_factory=dict)


@dataclass(slots=True)
class _Step:
    """What the disclosure's latest step left standing."""

    hold_until: str = ""
    embargo_until: str = ""
    scope: str = ""
    upstreams: dict[str, str] = field(default_factory=dict)


class Telling:
    """Tells records of the trail as moments."""

    def __init__(self, disclosure_id: str, names: Names, copies: Mapping[str, Copy], *, is_full: bool) -> None:
        """Take how people are called, and all copies of the disclosure's messages by their ids."""
        self._id = disclosure_id
        self._names = names
        self._copies = copies
        self._is_full = is_full
        self.lifted_as = ""
        """The cause of its lift as people read it; "": as the trail has it."""
        self._stands = _Step()
        self._runs: dict[tuple[str, str, str, str | None], _Run] = {}
        self._reports: frozenset[object] = frozenset()

    def tell(self, records: Sequence[AuditRecord]) -> tuple[Moment, ...]:
        """Tell records, in order; what the trail has no word for is told by its name."""
        found: list[tuple[datetime, int, Moment]] = []
        self._reports = frozenset(
            mail
            for record in records
            if (record.event in _REPORTS or record.reason == Reason.POSSIBLE_LEAK)
            and (mail := record.detail.get("mail")) is not None
        )
        for record in records:
            copy = self._copies.get(str(record.detail.get("copy", "")))
            state = record.event.removeprefix(acts.COPY)
            if record.event.startswith(acts.COPY) and copy is not None and state in acts.COPIES:
                found += [(run.at, run.seq, self._told(run)) for run in self._copy(record, copy, state)]
                continue
            is_step = record.event.startswith(acts.STEP) and record.id == self._id
            found.append((record.at, record.seq, self._step(record) if is_step else self._other(record)))
        found += [(run.at, run.seq, self._told(run)) for run in self._runs.values()]
        self._runs.clear()
        return tuple(moment for _, _, moment in sorted(found, key=lambda each: each[:2]))

    # --- steps of the disclosure ----------------------------------------------------------------

    def _step(self, record: AuditRecord) -> Moment:
        act = acts.act_of(record)
        changes = self._changes(record.detail)
        short, sign, words, why = act.words.lower(), act.sign, act.words, self._why(record, act)
        if act.sign is Sign.POSTED:
            hold, date = record.detail.get("hold_until"), record.detail.get("embargo_until")
            changes = [f"held until {_said(hold)}", f"public {_said(date)}"]
            held_by = self._upstreams({}, self._stands.upstreams)
            changes += [f"third parties' embargoes: {'; '.join(held_by)}"] if held_by else []
        elif act.sign is Sign.LIFTED:
            cause = self.lifted_as or record.reason.removeprefix("lift-")
            words = f"Lifted: {acts.CAUSES.get(cause, record.reason)}"
        elif any(change.startswith("public date") for change in changes):
            sign = Sign.DATE
            short = "public date moved"
        what = f"{words}: {'; '.join(changes)}" if changes else words
        if record.reason in acts.STEPS or act.sign is Sign.LIFTED:
            why = None  # it is in the words
        return self._moment(record, sign, short, what, self._who(record), why)

    def _changes(self, detail: Mapping[str, Any]) -> list[str]:
        """What a step changed of what stood."""
        before = self._stands
        after = self._stands = _Step(
            hold_until=str(detail.get("hold_until", "")),
            embargo_until=str(detail.get("embargo_until", "")),
            scope=str(detail.get("scope", "")),
            upstreams=dict(detail.get("upstreams", {})),
        )
        if not before.embargo_until:
            return []
        changes = []
        if after.embargo_until != before.embargo_until:
            changes.append(f"public date moved from {_said(before.embargo_until)} to {_said(after.embargo_until)}")
        if after.hold_until != before.hold_until:
            changes.append(f"hold moved from {_said(before.hold_until)} to {_said(after.hold_until)}")
        if after.scope != before.scope:
            changes.append(f"scope changed to {after.scope}" if self._is_full else "scope changed")
        return [*changes, *self._upstreams(before.upstreams, after.upstreams)]

    def _upstreams(self, before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
        """What a step changed of third parties' embargoes; who they are stands in a full report alone."""
        changes = []
        for name, standing in after.items():
            if before.get(name) != standing:
                who = name if self._is_full else "one of them"
                known = {"over": "is over", "open": "holds, its date is not known"}
                changes.append(f"{who} {known.get(standing) or f'holds until {_said(standing)}'}")
        return changes

    # --- copies ---------------------------------------------------------------------------------

    def _copy(self, record: AuditRecord, copy: Copy, state: str) -> list[_Run]:
        """Put a copy to those like it; give the run that this ends, if any."""
        if copy.role == Role.COORDINATOR and state == "sent":
            return []  # counted with the message; what went wrong with it is told
        why = record.reason or None if self._is_full else acts.open_copy_reason(state, record.reason)
        key = (copy.message_id, copy.role, state, why)
        run, ended = self._runs.get(key), []
        if run is not None and record.at - run.until > RUN:
            ended.append(self._runs.pop(key))
            run = None
        if run is None:
            run = self._runs[key] = _Run(copy, state, why, record.seq, record.at, record.at)
        run.until = max(run.until, record.at)
        run.count += 1
        run.whom[copy.address.casefold()] = None
        return ended

    def _told(self, run: _Run) -> Moment:
        ending, sign = acts.COPIES[run.state]
        thing = _thing(run.copy)
        whom = "the public address" if run.copy.role == "public" else self._people(run)
        times = f", {run.count} times" if run.count > len(run.whom) else ""
        return Moment(
            at=run.at,
            until=run.until,
            sign=sign,
            event=f"{acts.COPY}{run.state}",
            short=f"{thing[:1].lower()}{thing[1:]}: {len(run.whom)} {ending}",
            what=f"{thing} {_VERBS[run.state]} {whom}{times}",
            who=None,
            why=run.why,
            count=run.count,
        )

    def _people(self, run: _Run) -> str:
        if len(run.whom) <= NAMED and self._is_full:
            return ", ".join(self._names.of_address(address) for address in run.whom)
        return f"{len(run.whom)} {run.copy.role}{'' if len(run.whom) == 1 else 's'}"

    # --- everything else ------------------------------------------------------------------------

    def _other(self, record: AuditRecord) -> Moment:
        act = acts.act_of(record)
        who, why = self._who(record), self._why(record, act)
        what, short = act.words, act.words[:1].lower() + act.words[1:]
        if record.reason == Reason.POSSIBLE_LEAK:
            who = self._names.of_reporter(record.actor, is_proved=True)
        elif act.sign is Sign.LEAK:
            is_proved = record.detail.get("verified") is not False
            who = self._names.of_reporter(record.actor, is_proved=is_proved)
            what = act.words if is_proved else f"{act.words}, not proved"
        elif record.event == "acknowledged":
            short = f"{who} acknowledged"
        if act.in_words and why:
            what, short, why = f"{what}: {why}", f"{short}: {why}", None
        if record.id != self._id and _PUBLIC_ID.fullmatch(record.id):
            what = f"{what} ({record.id})"
        return self._moment(record, act.sign, short, what, who, why)

    def _who(self, record: AuditRecord) -> str:
        """Who did something; of a report of a leak, and of what came in the same mail, no number says it."""
        if record.detail.get("mail") in self._reports or acts.act_of(record).sign is Sign.LEAK:
            return self._names.of_reporter(record.actor, is_proved=True)
        return self._names.of_actor(record.actor)

    def _why(self, record: AuditRecord, act: acts.Act) -> str | None:
        why = (record.reason or None) if self._is_full else acts.open_reason(record, act)
        return acts.WHYS.get((record.event, why), why) if why is not None else None

    def _moment(
        self, record: AuditRecord, sign: Sign, short: str, what: str, who: str | None, why: str | None
    ) -> Moment:
        return Moment(record.at, record.at, sign, record.event, short, what, who, why)


def _thing(copy: Copy) -> str:
    words = _THINGS.get(copy.kind) or copy.kind.value.replace("-", " ").capitalize()
    is_numbered = copy.kind in {MessageKind.FOLLOW_UP, MessageKind.REPLY}
    return f"{words} /{copy.message_id.rpartition('/')[2]}" if is_numbered else words


def _said(instant: object) -> str:
    """An instant of a record's detail, in words; as it stands where it is none."""
    try:
        return in_words(datetime.fromisoformat(str(instant)), "UTC")
    except ValueError:
        return str(instant)


def stays_of(records: Sequence[AuditRecord], disclosure_id: str) -> tuple[Stay, ...]:
    """The states that a disclosure went through, by the steps in the trail."""
    stays: list[Stay] = []
    for record in records:
        state = record.event.removeprefix(acts.STEP)
        is_step = record.id == disclosure_id and record.event.startswith(acts.STEP) and state in set(State)
        if not is_step or (stays and stays[-1].state == state):
            continue
        if stays:
            stays[-1] = Stay(stays[-1].state, stays[-1].start, record.at)
        stays.append(Stay(state, record.at, None))
    return tuple(stays)


def first_date(records: Iterable[AuditRecord], disclosure_id: str) -> datetime | None:
    """The public date that a disclosure was posted with."""
    for record in records:
        if record.id == disclosure_id and "embargo_until" in record.detail:
            return datetime.fromisoformat(record.detail["embargo_until"])
    return None
