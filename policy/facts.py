"""What is known when something has to be judged: frozen values, no judgement."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Role(StrEnum):
    """What somebody may do on a list."""

    COORDINATOR = "coordinator"
    MEMBER = "member"
    GUEST = "guest"  # on no list: let into one disclosure at a time, by a grant


READERS = frozenset({Role.MEMBER, Role.GUEST})
"""Who gets copies of what people wrote, coordinators aside."""


class Standing(StrEnum):
    """Where a person stands with a list."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    REMOVED = "removed"


class State(StrEnum):
    """The states of a disclosure; ``docs/states.md`` tells what moves it."""

    PENDING = "pending"
    HELD = "held"
    EMBARGOED = "embargoed"
    LIFTED = "lifted"
    CLOSED = "closed"
    WITHDRAWN = "withdrawn"


class CopyState(StrEnum):
    """The states of one recipient's copy."""

    QUEUED = "queued"
    SENT = "sent"
    DEFERRED = "deferred"
    BOUNCED = "bounced"
    WITHHELD = "withheld"
    CANCELLED = "cancelled"


class MessageKind(StrEnum):
    """What an outgoing message is; decides who may get it and whom a reply to it reaches."""

    DISCLOSURE = "disclosure"
    FOLLOW_UP = "follow-up"
    REPLY = "reply"  # a member's reply
    RECEIPT = "receipt"
    COMPLAINT = "complaint"
    NOTE = "note"  # to one person: not believed, kept back, asked something
    ALARM = "alarm"
    ACKNOWLEDGEMENT = "acknowledgement"
    LEAK_NOTICE = "leak-notice"
    DATE_NOTICE = "date-notice"
    LIFT_NOTICE = "lift-notice"
    WITHDRAWAL = "withdrawal"
    KEY_NOTICE = "key-notice"  # to the holder of a key no longer pinned, sealed to that key at once
    STANDING_NOTICE = "standing-notice"  # suspended, removed, reinstated: told without content
    REPORT = "report"  # release report, digest, quarantine notice, operator's acts
    TERMS = "terms"  # in clear, to somebody with whom something is to be shared: the list's policy, and nothing else
    KEY_ANSWER = "key-answer"  # in clear, to whoever wrote to -sendkey: the list's public key, and nothing else
    FORWARD = "forward"  # mail to -owner, passed to the coordinators
    PUBLIC_NOTICE = "public-notice"  # in clear, after the lift (law 1)


class UpstreamMode(StrEnum):
    """What may leave under a third party's embargo; ``policy.upstream`` tells what each means."""

    MECHANICS = "mechanics"
    CASE_BY_CASE = "case-by-case"
    INHERIT = "inherit"


class ContentClass(StrEnum):
    """What members get of what people write: all of it, or the mechanics of a release alone."""

    FULL = "full"
    MECHANICS = "mechanics"


CONTENT_KINDS = frozenset({MessageKind.DISCLOSURE, MessageKind.FOLLOW_UP, MessageKind.REPLY})
"""Kinds that carry what people wrote: only an active member of the audience gets them."""

BINDING_KINDS = frozenset(
    {MessageKind.LIFT_NOTICE, MessageKind.WITHDRAWAL, MessageKind.DATE_NOTICE, MessageKind.STANDING_NOTICE}
)
"""Kinds that tell somebody what binds him: also one who is suspended or removed gets them."""


@dataclass(frozen=True, slots=True)
class Key:
    """A pinned key as the roster knows it."""

    fingerprint: str
    algorithm: str
    expires_at: datetime | None
    flaw: str | None = None  # why it can't be used whatever the time, told at pinning

    def reason_at(self, now: datetime) -> str | None:
        """Why nothing can be sealed to it at ``now``; None when something can."""
        if self.flaw:
            return self.flaw
        if self.expires_at is not None and self.expires_at <= now:
            return "key expired"
        return None


class GrantKind(StrEnum):
    """How somebody who is not a member came to one disclosure."""

    GUEST = "guest"  # a coordinator let him in
    SHARE = "share"  # a member asked, the coordinators approved, he accepted the terms


@dataclass(frozen=True, slots=True)
class Grant:
    """One disclosure for somebody who is no member. ``started_at`` is None until the terms are accepted."""

    id: str
    disclosure_id: str
    kind: GrantKind
    started_at: datetime | None
    expires_at: datetime | None = None
    ended_at: datetime | None = None

    def is_live(self, now: datetime) -> bool:
        """Whether it lets its holder in at ``now``."""
        is_over = self.ended_at is not None or (self.expires_at is not None and now >= self.expires_at)
        return self.started_at is not None and not is_over


@dataclass(frozen=True, slots=True)
class Person:
    """A coordinator, a member organisation's one alias, or a guest with his grants."""

    id: int
    list_id: str
    role: Role
    address: str
    name: str  # a coordinator's name; a member's organisation
    standing: Standing
    groups: frozenset[str]
    keys: tuple[Key, ...]
    grants: tuple[Grant, ...] = ()  # oldest first

    @property
    def org(self) -> str | None:
        """The organisation; None for a coordinator or a guest."""
        return self.name if self.role is Role.MEMBER else None

    def grant_of(self, disclosure_id: str | None) -> Grant | None:
        """The grant for a disclosure that stands, rather one that has begun, else the latest one that ended.

        None where there is none.
        """
        found = [grant for grant in self.grants if grant.disclosure_id == disclosure_id]
        standing = [grant for grant in found if grant.ended_at is None]
        begun = [grant for grant in standing if grant.started_at is not None]
        return next(reversed(begun or standing or found), None)

    def usable_keys(self, now: datetime) -> tuple[Key, ...]:
        """The keys that a copy can be sealed to at ``now``."""
        return tuple(key for key in self.keys if key.reason_at(now) is None)

    def key_trouble(self, now: datetime) -> str | None:
        """Why nothing can be sealed to this person at ``now``; None when something can."""
        if self.usable_keys(now):
            return None
        reasons = [reason for key in self.keys if (reason := key.reason_at(now))]
        return reasons[0] if reasons else "no key"


@dataclass(frozen=True, slots=True)
class Upstream:
    """A third party's embargo that a disclosure is under, by the name that the configuration gives it.

    ``until``: its date, None where none is known. ``over_at``: when it was over, None while it holds.
    ``opened``: a second coordinator let the details go, ``shared``: members of the group of its name get them.
    """

    name: str
    mode: UpstreamMode
    until: datetime | None = None
    over_at: datetime | None = None
    opened: bool = False
    shared: bool = False

    @property
    def holds(self) -> bool:
        """Whether it is not over."""
        return self.over_at is None


@dataclass(frozen=True, slots=True)
class Disclosure:
    """A disclosure without its content (that is sealed elsewhere).

    ``scope`` is the text of a Scope line. ``admitted`` are the ids of those let in at the release
    or by a later Scope line; None before the release. ``detailed`` are the ids of the mails whose details
    a second coordinator let go under an upstream's embargo. All instants are aware UTC.
    """

    id: str
    list_id: str
    state: State
    posted_by: int
    poster_address: str
    poster_name: str
    posted_at: datetime
    hold_until: datetime
    embargo_until: datetime
    tlp: str
    scope: str
    stopped: bool = False
    released_at: datetime | None = None
    ended_at: datetime | None = None  # lifted or withdrawn
    cause: str | None = None  # of the lift: clock, public, exploited, leaked, ready, other
    admitted: frozenset[int] | None = None
    unapproved: bool = False  # pending until a second coordinator approves
    fact_public_at: datetime | None = None  # since when coordinators know it for a fact; facts only ever grow
    fact_exploit_at: datetime | None = None
    fact_attacks_at: datetime | None = None
    public_post_at: datetime | None = None  # when a coordinator told where the public notice stands
    closed_at: datetime | None = None
    destroyed_at: datetime | None = None  # when its content was destroyed, for ever
    upstreams: tuple[Upstream, ...] = ()
    detailed: frozenset[str] = frozenset()
