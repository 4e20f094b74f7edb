"""The texts of a leak case: alarm, acknowledgement, notice; changed, due, learnt from. Pure, as ``gateway.notices``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from gateway.notices.common import LINE, MOST_TEXT, MOST_TOLD, MOST_VALUE, Attachment, Notice, shortened, tagged
from gateway.notices.dates import due
from policy.facts import Disclosure, State
from policy.instants import in_words
from policy.orders import Complaint, LeakLines
from policy.reasons import Reason
from policy.steering import instant_value
from policy.upstream import not_before, restricting

FIELDS = {"what": "What leaked", "to": "To whom", "when": "When", "how": "How"}


@dataclass(frozen=True, slots=True)
class Choices:
    """What may be answered to an alarm.

    ``scopes``: narrower than that of the disclosure. ``waits``: a third party's embargo holds, so nothing is lifted.
    ``is_proved``: nobody need vouch for it.
    """

    leak_id: str
    disclosure_id: str | None = None
    state: State | None = None
    scopes: tuple[str, ...] = ()
    waits: bool = False
    is_proved: bool = True

    @property
    def about(self) -> str:
        """The case, and what it is about."""
        return self.leak_id + (f" on {self.disclosure_id}" if self.disclosure_id else "")

    def lines(self) -> list[str]:
        """The answers, ready to be pasted; each stands alone, as the first lines of the reply."""
        blocks: list[tuple[str, tuple[str, ...]]] = [
            ("I have it in hand; don't alarm us again", (f"Ack: {self.leak_id}",)),
            ("It is contained", (f"Assess: {self.leak_id}", "Outcome: contained")),
            ("It was no leak (say why)", (f"Assess: {self.leak_id}", "Outcome: dismissed", "Reason: ...")),
        ]
        if not self.is_proved:
            blocks.insert(1, ("I know that it is true: take it as proved", (f"Vouch: {self.leak_id}",)))
        if self.disclosure_id:
            blocks += self._about_disclosure()
        lines = ["Your reply to this mail stays among coordinators. As its first lines you may paste one of these:"]
        for what, block in blocks:
            lines += ["", f"* {what}:", "", *block]
        return lines

    def _about_disclosure(self) -> list[tuple[str, tuple[str, ...]]]:
        public, lift = (f"Assess: {self.leak_id}", "Outcome: public"), ("Lift: now", "Cause: leaked")
        found: list[tuple[str, tuple[str, ...]]]
        lifts: tuple[str, tuple[str, ...]] | None = None
        match self.state:
            case State.PENDING:
                found = [("It is public: lift, and send nothing of what is held", public)]
            case State.HELD:
                found = [("It is public: lift, and send nothing of what is held", public)]
                lifts = ("Send members what is held, and lift", (*lift, "Send: now"))
            case State.EMBARGOED:
                found = [("It is public: lift", public)]
                lifts = ("Lift only; the case stays open", lift)
            case _:
                return [("It is public", public)]
        return [
            *found,
            *([lifts] if lifts is not None and not self.waits else []),
            *((f"Narrow who gets it from now on, {_to(scope)}", (f"Scope: {scope}",)) for scope in self.scopes),
        ]


def _to(scope: str) -> str:
    return f"to {scope}" if scope.startswith("group:") else "by striking out whom it is not for"


def again(choices: Choices, since: datetime, zone: str, now: datetime) -> Notice:
    """To coordinators: nobody has taken the alarm yet."""
    lines = [
        f"LEAK REPORT {choices.about}",
        f"It came {in_words(since, zone, now)}, and no coordinator has taken it in hand yet.",
        "The report itself is in the first alarm.",
        "",
        LINE,
        *choices.lines(),
    ]
    return Notice(tagged(choices.disclosure_id, f"ALARM, again: leak {choices.leak_id}"), "\n".join(lines) + "\n")


def flood(rows: Sequence[tuple[str, str | None, str]], alarms: Sequence[Attachment]) -> Notice:
    """To coordinators: reports that came in a flood, together; ``rows`` are case, disclosure, whom it says to be from.

    ``alarms``: that of each one.
    """
    lines = [
        f"Many leak reports come in. {len(rows)} of them, which NOBODY IS PROVED to have sent, are told together here.",
        "Each is a case. Its alarm is attached, with the whole report and what you may answer; answer that one.",
        "Proved reports sound at once, as ever.",
        "",
        *(
            f"  {case} on {about or 'no disclosure'}, says to come from {sender or '<>'}"
            for case, about, sender in rows
        ),
    ]
    return Notice(f"ALARM: {len(rows)} more leak reports", "\n".join(lines) + "\n", tuple(alarms))


def leak_acknowledged(
    leak_id: str, disclosure_id: str | None, missing: Sequence[str], complaints: Sequence[Complaint]
) -> Notice:
    """To the reporter: it is a case, thank you, and what is still to be told. Quotes nothing."""
    lines = [
        f"Thank you for telling us. Your report is case {leak_id}; the coordinators were alarmed at once.",
        "",
    ]
    if missing:
        lines.append("Please reply to this mail with what you know of these, one line each:")
        lines += ["", *(f"Leak-{name.capitalize()}: ..." for name in missing), ""]
    if complaints:
        lines.append(f"{len(complaints)} of your lines could not be read as they stand; nothing waits for that.")
        lines += [f"* {item.why}" for item in complaints]
        lines.append("")
    lines.append("Please don't undo or delete anything before a coordinator answers, unless it stops the leak.")
    return Notice(tagged(disclosure_id, f"Your report {leak_id}"), "\n".join(lines) + "\n")


def not_acted_on(disclosure_id: str | None, complaints: Sequence[Complaint]) -> Notice:
    """To a member: the words about a leak went to the coordinators, the control lines beside them did nothing."""
    lines = ["Your mail is with the coordinators. But of its control lines none was acted on:", ""]
    for item in complaints:
        lines += [f"* {item.line}", f"    {item.why}"] if item.line else [f"* {item.why}"]
        lines += [f"    could mean: {reading.value}" for reading in item.readings]
    return Notice(tagged(disclosure_id, "Not acted on: your control lines"), "\n".join(lines) + "\n")


@dataclass(frozen=True, slots=True)
class LeakAlarm:
    """What coordinators are told of a leak report: everything."""

    choices: Choices
    subject: str
    reporter: str
    is_verified: bool
    reasons: tuple[Reason, ...]
    lines: LeakLines | None
    text: str
    audience_told: bool
    is_addition: bool = False  # to a case that is known
    is_found: bool = False  # nobody reported it: ``reporter`` opened the case
    is_reopened: bool = False  # its disclosure was closed
    is_bare: bool = False  # a third party's embargo keeps details from the audience

    def notice(self, attachments: Sequence[Attachment]) -> Notice:
        """The alarm mail; an unreadable report comes as an attachment."""
        what = "ADDED TO LEAK CASE" if self.is_addition else "LEAK REPORT"
        lines = [f"{what} {self.choices.about}"]
        if self.is_found:
            lines.append(f"Found, not reported: {self.reporter} opened the case.")
        elif self.is_verified:
            lines.append(f"Reported by {self.reporter}; the signature was checked.")
        else:
            lines.append(f"NOT PROVED who reported it. It says to come from: {self.reporter or '<>'}")
            lines += [f"  {reason}: {reason.meaning}" for reason in self.reasons]
        if not self.is_addition:
            told = "The audience was told what leaked, to whom and when, as far as the lines say."
            if self.is_bare:
                told = "The audience was told of a leak, but not what, to whom and when: a third party's embargo holds."
            lines.append(told if self.audience_told else "No member was told.")
        lines += ["The disclosure was closed; it is open again until the case is."] if self.is_reopened else []
        asked = FIELDS if self.lines is not None or not self.is_addition else {}  # more words change none of these
        lines += [""] if asked else []
        for name, label in asked.items():
            value = getattr(self.lines, name) if self.lines else None
            lines.append(f"{label}: {shortened(value, MOST_VALUE) if value else '(not said)'}")
        lines += [
            "",
            "The whole report:" if self.text.strip() else "The report could not be read as text.",
            LINE,
            shortened(self.text, MOST_TEXT),
        ]
        lines += ["", LINE, *self.choices.lines()]
        subject = f"ALARM: {'more on ' if self.is_addition else ''}leak {self.choices.leak_id}" + (
            f": {self.subject}" if self.subject else ""
        )
        return Notice(tagged(self.choices.disclosure_id, subject), "\n".join(lines) + "\n", tuple(attachments))


def leak_notice(
    disclosure: Disclosure,
    subject: str,
    lines: LeakLines | None,
    zone: str,
    now: datetime,
    *,
    by_clock: bool = True,
    by_member: bool = True,
) -> Notice:
    """To the audience: a leak is reported. No organisation, no quote, no attachment.

    Where a third party's embargo keeps details back, not what leaked either. ``by_clock``: a date lifts it.
    ``by_member``: a member is proved to report it; else coordinators found it, or vouch for it.
    """
    who = "A member reports" if by_member else "The coordinators tell you"
    told = [f"{who} that something of this disclosure leaked."]
    if restricting(disclosure):
        told.append("What leaked, to whom and when is not told for now, as a third party's embargo holds.")
    else:
        told += [_reported(label, getattr(lines, name, None)) for name, label in FIELDS.items() if name != "how"]
    told += ["Contained: not known yet", ""]
    if disclosure.state is State.LIFTED:
        told.append(f"The embargo is over since {in_words(disclosure.ended_at or now, zone, now)}.")
    else:
        told.append(
            f"The embargo stands until you get its lift notice, due {due(disclosure, zone, now, by_clock=by_clock)}."
        )
        told += ["That may come earlier than planned."] if not_before(disclosure) > now else []
    told.append("If you know more, reply with the first line `Leak: what, to whom`")
    return Notice(tagged(disclosure.id, f"A leak is reported: {subject}"), "\n".join(told) + "\n")


def _reported(label: str, value: str | None) -> str:
    return f"{label}: {shortened(value, MOST_TOLD, 'the coordinators have the rest') if value else 'not known yet'}"


def leaked_again(org: str, address: str, cases: Sequence[str], request_address: str, list_id: str) -> Notice:
    """To coordinators: a member has leaked before; what to do is theirs to decide."""
    lines = [
        f"{org} has now {len(cases)} leaks that it reported itself and that you confirmed: {', '.join(cases)}.",
        "Please decide together whether it stays on the list. Nobody is removed by a program, and who tells of a",
        "leak of its own does the list a service. To keep it, do nothing.",
        "",
        f"To give it nothing more for now, send this line to {request_address}, signed and encrypted:",
        "",
        f"Suspend: {address}",
        "",
        "To remove it, have the operator run:",
        "",
        f"embargo member rm {address} --list {list_id}",
    ]
    return Notice(f"Leaked again: {org}", "\n".join(lines) + "\n")


def case_changed(leak_id: str, disclosure_id: str | None, headline: str, words: Sequence[str]) -> Notice:
    """To coordinators: what was done with a case at the command line."""
    return Notice(tagged(disclosure_id, f"Case {leak_id}: {headline}"), "\n".join([f"{headline}.", "", *words]) + "\n")


@dataclass(frozen=True, slots=True)
class Draft:
    """What the gateway knows of a case from its own trail.

    ``steps``: (instant, what happened), no names. ``rows``: who had what when, for coordinators alone.
    """

    leak_id: str
    disclosure_id: str
    outcome: str
    steps: tuple[tuple[datetime, str], ...]
    rows: tuple[str, ...]


def draft(found: Draft) -> Notice:
    """To coordinators, on the day that a retrospective is due: a text that can be posted as it stands.

    Who had what is in an attachment: an answer quotes no attachment, so no member reads of another.
    """
    lines = [
        f"The retrospective of {found.leak_id} is due. Here is a draft, from what the gateway itself knows.",
        "To post it to the audience, answer this mail with what stands below the line, and put it into your words.",
        "Who had what and when is attached, for you alone.",
        "-" * 60,
        "",
        f"Retrospective: {found.leak_id}",
        "",
        f"What happened (in UTC), and how it ended ({found.outcome}):",
        "",
        *(f"  {instant_value(at)}  {what}" for at, what in found.steps),
        "",
        "What we learnt from it, and what we change:",
        "",
        "  ...",
    ]
    attachment = Attachment("who-had-what.txt", "text/plain", ("\n".join(found.rows) + "\n").encode())
    return Notice(
        tagged(found.disclosure_id, f"Retrospective due: {found.leak_id}"), "\n".join(lines) + "\n", (attachment,)
    )
