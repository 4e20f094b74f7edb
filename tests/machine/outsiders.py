"""People who are no members, let into one disclosure: by a coordinator's line, or shared with by approval."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from machine.house import COORDINATORS, Kept, address_of
from machine.life import BY_COORDINATORS, MEMBERS, Seen, reached
from machine.memory import Inbox
from machine.rules import coordinator, latest, mails, member, pick
from machine.thirds import ThirdParties
from policy.facts import Disclosure, GrantKind, Person, State
from storage import grants
from storage.records import GrantRecord

GUESTS = {"eve": "A" * 40, "helen": "B" * 40}
SHARE = "SR"
guest = st.sampled_from(tuple(GUESTS))


def key_of(who: str) -> tuple[str, bytes]:
    """Somebody's key as an attachment."""
    text = f"-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n{GUESTS[who]}\n-----END PGP PUBLIC KEY BLOCK-----\n"
    return f"{who}.asc", text.encode()


class Outsiders(ThirdParties):
    """All of that, with guests, and people with whom something is shared."""

    def set_up(self, **how: Any) -> None:
        super().set_up(**how)
        self.inboxes |= {who: Inbox() for who in GUESTS}
        (self.house.path / "policy.md").write_text("Keep it to yourself.\n")
        self.house.keys |= GUESTS
        self.invited: defaultdict[str, set[str]] = defaultdict(set)  # whom a coordinator's line named, of each
        self.shared: dict[str, str] = {}  # requests that coordinators approved, and who accepted the terms
        self.grants: dict[str, GrantRecord] = {}

    # --- what people do -----------------------------------------------------------------------------

    @precondition(lambda self: self.has_read(COORDINATORS))
    @rule(target=mails, who=coordinator, which=pick, whom=guest, ends=st.sampled_from((False, False, True)))
    def lets_in(self, who: str, which: int, whom: str, ends: bool) -> bytes:
        who = self.reader(who, COORDINATORS)
        header, subject = self.answered(who, which)
        disclosure, _ = self.disclosure_of(header)
        line = f"Guest: end {address_of(whom)}" if ends else f"Guest: {whom.title()} <{address_of(whom)}>"
        if disclosure and not ends:
            self.invited[disclosure].add(whom)
        self.steered = frozenset({disclosure or ""})
        raw = self.house.letter(
            who,
            f"{line}\n\n",
            subject=f"Re: {subject}",
            answers=header,
            attachments=() if ends else [key_of(whom)],
        )
        return self.send(raw, "coordinator")

    @precondition(lambda self: self.has_read(MEMBERS))
    @rule(target=mails, who=member, which=pick, whom=guest, until=st.sampled_from(("", "Share-Until: +1d\n")))
    def asks_to_share(self, who: str, which: int, whom: str, until: str) -> bytes:
        who = self.reader(who, MEMBERS)
        header, subject = self.answered(who, which)
        word = self.canary(who, self.disclosure_of(header)[0])
        raw = self.house.letter(
            who,
            f"Share-With: {whom.title()} <{address_of(whom)}>\nShare-What: all\nShare-Why: {word}\n{until}\n",
            subject=f"Re: {subject}",
            answers=header,
            attachments=[key_of(whom)],
        )
        return self.send(raw, "nobody")

    @precondition(lambda self: self.can_name(COORDINATORS, SHARE))
    @rule(target=mails, who=coordinator, which=latest, line=st.sampled_from(("Approve", "Approve", "Approve", "Deny")))
    def decides(self, who: str, which: int, line: str) -> bytes:
        name, header, subject = self.mention(who, SHARE, which) or self.named(COORDINATORS, which, SHARE)
        if line == "Approve":
            self.approved.add(name)
        raw = self.house.letter(who, f"{line}: {name}\n\n", subject=f"Re: {subject}", answers=header)
        return self.send(raw, "sharing")

    @precondition(lambda self: self.can_name(tuple(GUESTS), SHARE))
    @rule(target=mails, whom=guest, which=latest, by=st.sampled_from(("", "", "", "north", "eve")))
    def accepts(self, whom: str, which: int, by: str) -> bytes:
        """Whom the terms went to accepts them; or somebody else says so."""
        found = self.mention(whom, SHARE, which)
        whom = whom if found else next(one for one in GUESTS if one != whom)
        name, header, subject = found or self.named((whom,), which, SHARE)
        if by in {"", whom} and name in self.approved:
            self.shared[name] = whom
        raw = self.house.letter(by or whom, f"Accept: {name}\n", subject=f"Re: {subject}", answers=header)
        return self.send(raw, "acceptance")

    # --- what holds ---------------------------------------------------------------------------------

    async def look(self) -> Seen:
        seen = await super().look()
        async with self.house.parts.database.reading() as tx:
            found = {one.id: one for one in await grants.ls(tx)}
        for name, one in found.items():
            before = self.grants.get(name)
            is_new = one.started_at is not None and (before is None or before.started_at is None)
            if is_new and one.kind is GrantKind.GUEST:
                was = self.before.get(one.disclosure_id)
                takes_two = "widen" in self.two and was is not None and was.state is State.EMBARGOED
                assert self.by == "approval" or (self.by in BY_COORDINATORS and not takes_two), (
                    f"27: let in by {self.by}"
                )
            elif is_new:
                assert self.by == "acceptance", f"25: shared by {self.by}"
            reached[f"{one.kind}: {one.state}"] += before is None or before.state != one.state
        self.grants = found
        return seen

    def is_let_in(self, one: Disclosure, who: str, person: Person, at: datetime) -> None:
        if who not in GUESTS:
            super().is_let_in(one, who, person, at)
            return
        held = [
            grant
            for grant in self.grants.values()
            if grant.disclosure_id == one.id
            and grant.address == address_of(who)
            and grant.started_at is not None
            and grant.started_at <= at
            and (grant.ended_at is None or at <= grant.ended_at)
            and (grant.expires_at is None or at <= grant.expires_at)
        ]
        assert held, f"2, 25: nothing lets {who} in"
        by_share = any(self.shared.get(grant.id) == who for grant in held)
        assert by_share or who in self.invited[one.id], f"25, 27: {who} accepted nothing, and no line names him"
        reached["read by one who is no member"] += 1

    def in_clear(self, kept: Kept, who: str) -> bool:
        """The terms are the one mail that goes in clear."""
        is_clear = b"-----BEGIN PGP MESSAGE" not in kept.raw
        assert not is_clear or (who in GUESTS and b"Accept: SR-" in kept.raw), f"1: in clear to {who}"
        return is_clear
