"""Rows as values, as the shell sees them. Content is never in one, only the id of a sealed item."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from policy.facts import CopyState, Grant, GrantKind, MessageKind, Role


@dataclass(frozen=True, slots=True)
class Item:
    """A sealed item: ciphertext under a data key of its own, and that key wrapped."""

    id: str
    wrapped_key: bytes = field(repr=False)
    body: bytes = field(repr=False)
    size: int


@dataclass(frozen=True, slots=True)
class MailRecord:
    """A mail as it was received and taken."""

    id: str
    list_id: str
    recipient: str
    envelope_from: str
    received_at: datetime
    digest: str
    size: int
    taken_for: str
    signer_id: int | None = None
    raw_item: str | None = None
    disclosure_id: str | None = None
    times_seen: int = 1


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A mail that was kept back. ``state``: kept, released, discarded, expired."""

    id: str
    mail_id: str
    list_id: str
    received_at: datetime
    envelope_from: str
    reason: str
    reasons: tuple[str, ...]
    size: int
    state: str = "kept"
    known: bool = False
    told_at: datetime | None = None
    disclosure_id: str | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """Something that the gateway sends, to one or many, under one Message-ID.

    ``audience`` says whom it is for: "audience" (the disclosure's), "coordinators", or "named"
    (those who have a copy). ``waiting``: held back with its disclosure. ``details_of``: the message of which
    it carries what members did not get.
    """

    id: str
    list_id: str
    kind: MessageKind
    message_id: str
    dated_at: datetime
    created_at: datetime
    audience: str = "named"
    disclosure_id: str | None = None
    number: int | None = None
    references: tuple[str, ...] = ()
    answers: str | None = None
    author_id: int | None = None
    mail_id: str | None = None
    waiting: bool = False
    payload_item: str | None = None
    facts_item: str | None = None
    details_of: str | None = None


@dataclass(frozen=True, slots=True)
class Content:
    """One distinct content of a message, to be sealed for its readers."""

    id: str
    message_id: str
    item: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Copy:
    """One recipient's copy of a message. ``packets`` and ``body_id`` are None until it is sealed."""

    id: str
    list_id: str
    message_id: str
    content_id: str
    address: str
    role: str  # policy.facts.Role, or "public"
    kind: MessageKind
    state: CopyState
    priority: int
    created_at: datetime
    token: str
    disclosure_id: str | None = None
    person_id: int | None = None
    reason: str | None = None
    attempts: int = 0
    next_at: datetime | None = None
    settled_at: datetime | None = None
    changed_at: datetime | None = None
    body_id: str | None = None
    packets: bytes | None = field(default=None, repr=False)
    sealed_to: tuple[str, ...] | None = None
    withheld: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class KeyRow:
    """A pinned key with its certificate."""

    person_id: int
    address: str
    role: Role
    fingerprint: str
    public: bytes = field(repr=False)
    algorithm: str
    expires_at: datetime | None
    flaw: str | None = None


@dataclass(frozen=True, slots=True)
class LeakRecord:
    """A leak report. ``state``: quarantined (unproved), open, assessed, closed."""

    id: str
    list_id: str
    disclosure_id: str | None
    state: str
    verified: bool
    reporter: str
    person_id: int | None
    org: str | None
    by: str
    missing: tuple[str, ...]
    reported_at: datetime
    mail_id: str  # "": found and opened by the operator
    report_item: str
    outcome: str | None = None  # contained, public, dismissed
    assessed_at: datetime | None = None
    retrospective: str | None = None  # due, done
    retrospective_due: datetime | None = None
    acked_at: datetime | None = None
    alarmed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class GrantRecord:
    """One disclosure for somebody who is no member.

    ``kind``: guest, share. ``state``: asked, approved (the terms are sent), active, denied, ended.
    """

    id: str
    list_id: str
    disclosure_id: str
    kind: GrantKind
    state: str
    address: str
    asked_at: datetime
    fingerprint: str | None = None
    public: bytes | None = field(default=None, repr=False)
    person_id: int | None = None
    asked_by: int | None = None
    decided_by: str | None = None
    decided_at: datetime | None = None
    policy_hash: str | None = None
    started_at: datetime | None = None
    expires_at: datetime | None = None
    ended_at: datetime | None = None
    request_item: str | None = None

    @property
    def grant(self) -> Grant:
        """What the core knows of it."""
        return Grant(self.id, self.disclosure_id, self.kind, self.started_at, self.expires_at, self.ended_at)


@dataclass(frozen=True, slots=True)
class FactRecord:
    """A fact that was reported of a disclosure. ``kind``: public, exploit, attacks; ``state``: reported, confirmed."""

    id: str
    list_id: str
    disclosure_id: str
    kind: str
    state: str
    reporter: str
    person_id: int | None
    reported_at: datetime
    report_item: str
    confirmed_at: datetime | None = None
    confirmed_by: str | None = None


@dataclass(frozen=True, slots=True)
class Duty:
    """Something to be done once, at its time."""

    id: int
    kind: str
    ref: str
    list_id: str
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Alarm:
    """What the pager command is told. ``state``: due, told, acked."""

    id: str
    kind: str
    ref: str | None
    list_id: str | None
    at: datetime
    state: str = "due"
    attempts: int = 0
    next_at: datetime | None = None
    told_at: datetime | None = None
    acked_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """One record of the trail. ``detail`` holds ids, states and instants only."""

    seq: int
    at: datetime
    event: str
    id: str
    list_id: str
    actor: str
    reason: str
    detail: dict[str, Any]
    previous: str
    hash: str


@dataclass(frozen=True, slots=True)
class Verified:
    """The outcome of verifying the trail."""

    ok: bool
    first_bad: int | None
    why: str | None
