"""The sealed side of a disclosure and of a message: what people wrote, as values that go to JSON and back."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any

from policy.proposals import Fate, Proposal, Vote
from policy.scopes import Restriction, read_scope, scope_text


@dataclass(frozen=True, slots=True)
class PublicNotice:
    """The attachment that is published at the lift: of which message, and its text."""

    message: str
    name: str = field(repr=False)
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Status:
    """What a member told last of how far it is: by whom (a person's id), and when (RFC 3339)."""

    person: int
    at: str
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Particulars:
    """What a disclosure says beside its instants: all of it sealed at rest."""

    subject: str = field(repr=False)
    stop_code: str = field(repr=False)
    cve: tuple[str, ...] = ()
    references: tuple[str, ...] = field(default=(), repr=False)
    permit: str | None = field(default=None, repr=False)
    restrict: tuple[Restriction, ...] = field(default=(), repr=False)
    notice: PublicNotice | None = field(default=None, repr=False)
    withdrawn: str | None = field(default=None, repr=False)
    statuses: tuple[Status, ...] = field(default=(), repr=False)
    proposals: tuple[Proposal, ...] = ()  # of public dates, oldest first
    public_post: str | None = field(default=None, repr=False)
    mechanics: tuple[tuple[str, str], ...] = field(default=(), repr=False)  # of the release: what, and what is said
    shared: tuple[tuple[str, tuple[str, ...]], ...] = field(default=(), repr=False)  # grant, its attachments

    def shared_by(self, grant_id: str) -> tuple[str, ...]:
        """The names or globs of the attachments that a share grant is about."""
        return dict(self.shared).get(grant_id, ())

    def to_json(self) -> dict[str, Any]:
        """As a JSON object."""
        return {
            "subject": self.subject,
            "stop_code": self.stop_code,
            "cve": list(self.cve),
            "references": list(self.references),
            "permit": self.permit,
            "restrict": [[list(rule.patterns), scope_text(rule.to)] for rule in self.restrict],
            "notice": asdict(self.notice) if self.notice else None,
            "withdrawn": self.withdrawn,
            "statuses": [asdict(status) for status in self.statuses],
            "proposals": [_proposal_json(proposal) for proposal in self.proposals],
            "public_post": self.public_post,
            "mechanics": [list(pair) for pair in self.mechanics],
            "shared": [[grant, list(names)] for grant, names in self.shared],
        }

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Particulars:
        """Back from a JSON object."""
        return cls(
            subject=value["subject"],
            stop_code=value["stop_code"],
            cve=tuple(value["cve"]),
            references=tuple(value["references"]),
            permit=value["permit"],
            restrict=tuple(Restriction(tuple(names), read_scope(to)) for names, to in value["restrict"]),
            notice=PublicNotice(**value["notice"]) if value["notice"] else None,
            withdrawn=value["withdrawn"],
            statuses=tuple(Status(**status) for status in value.get("statuses", ())),
            proposals=proposals_of(value),
            public_post=value.get("public_post"),
            mechanics=tuple((what, said) for what, said in value.get("mechanics", ())),
            shared=tuple((grant, tuple(names)) for grant, names in value.get("shared", ())),
        )


def proposals_of(value: dict[str, Any]) -> tuple[Proposal, ...]:
    """The proposals in the JSON object of a disclosure's particulars."""
    return tuple(_proposal(one) for one in value.get("proposals", ()))


_INSTANTS = ("at", "stands", "opened_at", "ends_at")


def _proposal_json(proposal: Proposal) -> dict[str, Any]:
    votes = [{**asdict(vote), "at": vote.at.isoformat()} for vote in proposal.votes]
    instants = {name: getattr(proposal, name).isoformat() for name in _INSTANTS}
    return {**asdict(replace(proposal, votes=())), **instants, "fate": proposal.fate.value, "votes": votes}


def _proposal(value: dict[str, Any]) -> Proposal:
    instants = {name: datetime.fromisoformat(value[name]) for name in _INSTANTS}
    votes = tuple(Vote(**{**vote, "at": datetime.fromisoformat(vote["at"])}) for vote in value["votes"])
    return Proposal(**{**value, **instants, "fate": Fate(value["fate"]), "votes": votes})


@dataclass(frozen=True, slots=True)
class MessageFacts:
    """What composing one message of content needs, beside its payload.

    ``attachments`` are (path, file name) pairs of the payload's parts; a path is "2.1".
    ``hidden`` are paths that go to no member (the public notice, before the lift).
    ``corrects``: the message that it puts right; ``discards`` are (file name, SHA-256) of what is to be
    thrown away. ``dropped_lines`` are more lines of the text (from 0) that were for the gateway, beside its block.
    """

    subject: str = field(repr=False)
    is_subject_signed: bool
    writer: str
    label: str  # Disclosure, Follow-up, Reply
    block_lines: int  # lines of the text that were for the gateway: its control block
    attachments: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    hidden: tuple[str, ...] = ()
    dropped_lines: tuple[int, ...] = ()
    corrects: str | None = None
    discards: tuple[tuple[str, str], ...] = field(default=(), repr=False)

    def to_json(self) -> dict[str, Any]:
        """As a JSON object."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> MessageFacts:
        """Back from a JSON object."""
        return cls(
            subject=value["subject"],
            is_subject_signed=value["is_subject_signed"],
            writer=value["writer"],
            label=value["label"],
            block_lines=value["block_lines"],
            attachments=tuple((path, name) for path, name in value["attachments"]),
            hidden=tuple(value["hidden"]),
            dropped_lines=tuple(value.get("dropped_lines", ())),
            corrects=value.get("corrects"),
            discards=tuple((name, digest) for name, digest in value.get("discards", ())),
        )

    @property
    def names(self) -> tuple[str, ...]:
        """The file names of its attachments."""
        return tuple(name for _, name in self.attachments)

    @property
    def told_names(self) -> tuple[str, ...]:
        """Every file name that its copies may tell: of attachments that are for members, and of what it replaces."""
        return tuple(dict.fromkeys((*self.open_names, *(name for name, _ in self.discards))))

    @property
    def open_names(self) -> tuple[str, ...]:
        """The file names of those that are not hidden from all members."""
        return tuple(name for path, name in self.attachments if path not in self.hidden)

    def paths_of(self, names: frozenset[str]) -> tuple[str, ...]:
        """The paths of the attachments with these names."""
        return tuple(path for path, name in self.attachments if name in names)


def path_text(path: tuple[int, ...]) -> str:
    """A part's path as text."""
    return ".".join(map(str, path))
