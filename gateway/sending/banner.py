"""What stands on top of every text that members get: the few lines that they must not miss."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from gateway.sending import mechanics
from policy.facts import Grant, GrantKind, State
from policy.instants import in_words

RULE = "-" * 60
RESTRICTED = "the coordinators restricted it to a part of the audience"


def standing_line(grant: Grant, zone: str) -> str:
    """How somebody who is no member came to have a disclosure."""
    if grant.kind is GrantKind.SHARE:
        until = f", until {in_words(grant.expires_at, zone)}" if grant.expires_at else ""
        return f"This one disclosure was shared with you ({grant.id}){until}."
    return "You have this as a guest of this one disclosure."


@dataclass(frozen=True, slots=True)
class Banner:
    """What stands on top of every distributed text."""

    disclosure_id: str
    kind: str  # "Disclosure", "Follow-up", "Reply"
    tlp: str
    ends: str  # when its embargo ends, in words; "... or later" where that is open
    state: State
    zone: str
    now: datetime
    writer: str
    is_subject_signed: bool
    ended_at: datetime | None = None  # when it was lifted, by the clock or before its date
    withheld: tuple[str, ...] = ()
    corrects: str | None = None  # the message that this puts right
    discards: tuple[tuple[str, str], ...] = ()  # (file name, SHA-256) of what is replaced
    permit: str | None = None
    cve: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    by_clock: bool = True  # the date itself ends the embargo; otherwise a coordinator does
    standing: str | None = None  # for one who is no member: how he came to have it
    is_share: bool = False  # so that it is withheld as it was not asked for, or may not be shared
    upstreams: tuple[tuple[str, datetime | None], ...] = ()  # third parties whose embargo holds, until when
    mechanics: tuple[tuple[str, str], ...] = ()  # "version", "branches", "action": what is said of it
    reaches: str | None = None  # for coordinators: whom a reply to this reaches

    def text(self) -> str:
        """The banner, a few lines, ended by a rule."""
        lines = [f"{self.kind} {self.disclosure_id}   TLP:{self.tlp}"]
        if self.state is State.LIFTED:
            lines.append(f"The embargo is over{mechanics.since(self.ended_at, self.zone, self.now)}.")
        elif self.by_clock and not self.upstreams:
            lines.append(f"EMBARGOED. Public {self.ends}. Until then tell only those in your team who need to know.")
        else:
            lines.append(f"EMBARGOED until you get the lift notice, due {self.ends}.")
            lines.append("Until then tell only those in your team who need to know.")
        if self.standing:
            lines.append(self.standing)
        lines += [self._upstream(name, until) for name, until in self.upstreams]
        lines += mechanics.said(self.mechanics)
        lines.append(f"Posted by {self.writer}; the signature was checked against the pinned key.")
        if self.corrects:
            lines.append(mechanics.puts_right(self.corrects))
            lines.extend(f"Discard {name} as you got it before (SHA-256 {digest})" for name, digest in self.discards)
        if not self.is_subject_signed:
            lines.append("The subject was not signed.")
        if self.cve:
            lines.append("CVE: " + ", ".join(self.cve))
        lines.extend(f"Ref: {reference}" for reference in self.references)
        why = "it is not among what is shared with you" if self.is_share else RESTRICTED
        lines.extend(f"Withheld from you: {name} ({why})" for name in self.withheld)
        if self.state is not State.LIFTED:
            lines.append(f"You may before then: {self.permit or 'build and test only'}")
        lines.append("To report a leak, reply with the first line `Leak: what, to whom`")
        if self.reaches:
            lines.append(self.reaches)
        lines.append(RULE)
        return "\n".join(lines) + "\n\n"

    def _upstream(self, name: str, until: datetime | None) -> str:
        ends = f"until {in_words(until, self.zone, self.now)}" if until else "until you hear that it is over"
        return f"The embargo of {name} holds as well, {ends}."
