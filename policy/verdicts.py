"""What a mail may turn out to be, each with what carrying it out needs; ``policy.intake`` judges which."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from policy.facts import Person
from policy.orders import Complaint, LeakLines, Order
from policy.reasons import Reason
from policy.requests import Asked


@dataclass(frozen=True, slots=True)
class Recorded:
    """Recorded without content, answered by nobody."""

    why: str


@dataclass(frozen=True, slots=True)
class LeakReport:
    """A case, whatever else the mail is. ``reporter`` is None where the signer is not proved.

    ``joins``: it belongs to the case of the message that it answers. ``is_urgent``: it reports a leak
    itself, and is no mere talk in a case. ``complaints`` tell of its other lines: none was acted on.
    ``found``: nobody reports it; the mail is addressed to these public lists, and ``is_signed`` says
    whether the signature covers that.
    """

    reporter: Person | None
    lines: LeakLines | None
    reasons: tuple[Reason, ...]  # why it is not proved
    joins: bool = False
    is_urgent: bool = True
    complaints: tuple[Complaint, ...] = ()
    found: tuple[str, ...] = field(default=(), repr=False)
    is_signed: bool = True

    @property
    def is_verified(self) -> bool:
        """Whether a pinned key's holder is proved to have said it, or done it."""
        return self.reporter is not None and self.is_signed


@dataclass(frozen=True, slots=True)
class Forwarded:
    """Passed on to the coordinators, sealed."""

    reasons: tuple[Reason, ...]
    writer: Person | None


@dataclass(frozen=True, slots=True)
class Kept:
    """Kept back: in quarantine, coordinators told; ``writer`` is who signed, where that is proved.

    ``outsiders`` are who else was addressed; ``leak`` is the case that it opens where one of them is public.
    ``mend`` are lines of the block ``corrected`` that have to be put right before it can be sent.
    ``is_preview``: it is a coordinator's preview, of which nothing is kept; its writer alone is told.
    """

    reasons: tuple[Reason, ...]
    writer: Person | None
    at_once: bool
    complaints: tuple[Complaint, ...] = ()
    corrected: str = field(default="", repr=False)
    outsiders: tuple[str, ...] = field(default=(), repr=False)
    leak: LeakReport | None = None
    mend: tuple[str, ...] = field(default=(), repr=False)
    is_preview: bool = False

    @property
    def reason(self) -> Reason:
        """The first reason that keeps it from being believed."""
        return self.reasons[0]


@dataclass(frozen=True, slots=True)
class Posted:
    """A new disclosure."""

    writer: Person
    order: Order = field(repr=False)


@dataclass(frozen=True, slots=True)
class Reposted:
    """A control block for a new mail that was kept back: that mail is judged again, with this block for its own."""

    writer: Person
    order: Order = field(repr=False)


class Reach(StrEnum):
    """Whom the text of a coordinator's reply reaches, coordinators aside."""

    NOBODY = "nobody"
    ANSWERED = "answered"  # those who got the mail that it answers
    AUDIENCE = "audience"


@dataclass(frozen=True, slots=True)
class Steered:
    """A coordinator's reply: control lines that act, and perhaps a text that goes on."""

    writer: Person
    order: Order = field(repr=False)
    reach: Reach


@dataclass(frozen=True, slots=True)
class Replied:
    """A member's reply to the discussion. ``acknowledges``: it also says "received"."""

    writer: Person
    acknowledges: bool = False


@dataclass(frozen=True, slots=True)
class Acted:
    """A member's lines that do something (``policy.acts``); what stands below them goes to the coordinators.

    ``acknowledges``: it also says "received".
    """

    writer: Person
    order: Order = field(repr=False)
    acknowledges: bool = False


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """A member's "received": counted, distributed to nobody."""

    writer: Person


@dataclass(frozen=True, slots=True)
class NoLeak:
    """The writer answered that it was no leak. ``complaints`` tell of its other lines: none was acted on."""

    writer: Person
    complaints: tuple[Complaint, ...] = ()


@dataclass(frozen=True, slots=True)
class Requested:
    """A coordinator's mail to the -request address that asks for something (``policy.requests``)."""

    writer: Person
    asked: Asked = field(repr=False)


Verdict = (
    Recorded
    | LeakReport
    | Forwarded
    | Kept
    | Posted
    | Reposted
    | Steered
    | Replied
    | Acted
    | Acknowledged
    | NoLeak
    | Requested
)
