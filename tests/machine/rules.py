"""What happens in a list's life: what people, relays, clocks and power stations do."""

from __future__ import annotations

import re
from datetime import timedelta
from hashlib import sha256
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, initialize, precondition, rule

from gateway.operator import disclosures as operator_disclosures
from gateway.operator import roster as operator_roster
from gateway.operator.base import RefusedError
from keys import packets
from machine.house import COORDINATORS, LIST_ID, address_of
from machine.life import GROUPED, MEMBERS, NOBODY, Life
from policy.facts import MessageKind, Standing
from policy.intake import PRIVATE_KINDS

CODE = re.compile(r"Stop code: (\S+)")
DAY = timedelta(days=1)
HOLDS = ("", "Hold-Until: now\n", "Hold-Until: +1h\n", "Hold-Until: +2d\n")
DATES = ("Embargo-Until: +3h\n", "Embargo-Until: +3d\n", "Embargo-Until: +14d\n", "Embargo-Until: +200d\n", "")
SCOPES = ("", "Scope: all\n", "Scope: group:distributors\n", "Scope: org:Westlake\n")
ORDERS = (
    *DATES[:3],
    *HOLDS[1:],
    *SCOPES[1:],
    "Send-To: audience\n",
    "Lift: now\n",
    "Lift: now\nCause: ready\n",
    "Lift: now\nSend: now\n",
    "Withdraw: void\n",
    "Hold-Until: now\nEmbargo-Until: +2d\n",
    "Lift: now\nWithdraw: both\n",
    "Public-Post: https://example.org/advisory\n",
)
MOODS = ("good", "good", "busy", "full", "cut", "south busy", "north full")
member = st.sampled_from(MEMBERS)
coordinator = st.sampled_from(COORDINATORS)
pick = st.integers(0, 5)
mails: Bundle[bytes] = Bundle("mails")


class EveryDay(Life):
    """Posts, replies, forgeries, time, relays that fail and power that is cut."""

    mails = mails

    @initialize(
        target=mails,
        seal=st.sampled_from(("each", "shared")),
        discussion=st.sampled_from(("audience", "coordinators")),
        change=st.sampled_from(("agreement", "coordinators")),
        two=st.sampled_from(((), (), ("release",), ("lift", "widen"))),
        lift=st.sampled_from(("clock", "clock", "coordinator")),
        hold=st.sampled_from(HOLDS[1:3]),
        date=st.sampled_from(DATES[1:3]),
        restricted=st.booleans(),
        is_out=st.sampled_from((True, True, False)),
    )
    def begins(self, hold: str, date: str, restricted: bool, is_out: bool, **how: Any) -> bytes:
        """There is something to talk about from the first step on, and mostly members have it."""
        self.set_up(**how)
        raw = self.post("alice", hold, date, SCOPES[0], restricted)
        if is_out:
            if "release" in self.two:
                self.holds()
                self.approve("adam", 0)
            self.time_passes(3600)
        return raw

    @rule(
        target=mails,
        who=coordinator,
        hold=st.sampled_from(HOLDS),
        date=st.sampled_from(DATES),
        scope=st.sampled_from(SCOPES),
        restricted=st.booleans(),
    )
    def post(self, who: str, hold: str, date: str, scope: str, restricted: bool) -> bytes:
        text, patch = self.canary(who, None), self.canary(who, None)
        rest = "Restrict: fix.patch to group:distributors\n" if restricted else ""
        known = set(self.before)
        raw = self.house.letter(
            who,
            f"{hold}{date}{scope}{rest}\nA flaw, {text}.\n",
            attachments=[("fix.patch", f"patch {patch}\n".encode())] if restricted else (),
        )
        self.send(raw, "coordinator")
        self.posts[sha256(raw).hexdigest()] = (text, patch)
        made = self.known() - known
        name = made.pop() if made else None
        self.tell(text, name)
        self.tell(patch, name, frozenset(GROUPED))
        if restricted and name:
            self.restricted.add(name)
        return raw

    @precondition(lambda self: self.has_read(COORDINATORS))
    @rule(target=mails, who=coordinator, which=pick, order=st.sampled_from(("", "", *ORDERS)), says=st.booleans())
    def steer(self, who: str, which: int, order: str, says: bool) -> bytes:
        who = self.reader(who, COORDINATORS)
        header, subject = self.answered(who, which)
        disclosure, kind = self.disclosure_of(header)
        is_private = kind in PRIVATE_KINDS and "Send-To" not in order
        word = self.canary(who, disclosure, NOBODY if is_private else None)
        body = f"Note {word}.\n" if says else ""
        raw = self.house.letter(who, f"{order}\n{body}", subject=f"Re: {subject}", answers=header)
        self.steered = frozenset({disclosure} if disclosure else ())
        kept = self.kept()
        self.send(raw, "coordinator")
        for name in self.known() - set(self.before):  # a block for a post that was kept: that goes out, under it
            for digest in kept - self.kept():
                for secret in self.posts.get(digest, ()):
                    self.tell(secret, name)
        return raw

    @precondition(lambda self: self.has_read(MEMBERS))
    @rule(target=mails, who=member, which=pick, text=st.sampled_from(("quote", "quote", "ack", "status", "order")))
    def reply(self, who: str, which: int, text: str) -> bytes:
        who = self.reader(who, MEMBERS)
        header, subject = self.answered(who, which)
        disclosure, _ = self.disclosure_of(header)
        word = self.canary(who, disclosure, None if text == "quote" else NOBODY)
        quoted = "".join(f"> {old}\n" for old in self.holdings(who, disclosure))
        said = {
            "quote": f"My own {word}.\n\n{quoted}",
            "ack": "received, thanks\n",
            "status": f"Status: {word}, all is built\n\n{quoted}",
            "order": f"Lift: now\n\n{word}\n",
        }[text]
        return self.send(self.house.letter(who, said, subject=f"Re: {subject}", answers=header), "nobody")

    @rule(
        target=mails,
        who=st.sampled_from(("stranger", "unsigned", "old", "other")),
        text=st.sampled_from(("Lift: now\n", "Leak: all of it\n", "Embargo-Until: +1h\n", "Fact: public\n", "Hello\n")),
        which=pick,
    )
    def forge(self, who: str, text: str, which: int) -> bytes:
        header, subject = "", "Flaw"
        if self.has_read(COORDINATORS):
            header, subject = self.answered(self.reader("alice", COORDINATORS), which)
        word = self.canary(who, None)
        self.cases += text.startswith("Leak")
        raw = self.house.letter(
            "alice",
            f"{text}\n{word}\n",
            subject=f"Re: {subject}",
            answers=header,
            signed=who != "unsigned",
            made_at=self.house.clock.now() - 30 * DAY if who == "old" else None,
            key={"stranger": "F" * 40, "other": "E" * 40}.get(who),
        )
        return self.send(raw, "nobody")

    @rule(raw=mails)
    def same_bytes_again(self, raw: bytes) -> None:
        before = self.rows()
        self.send(raw, "nobody")
        assert self.rows() == before, "19: the same bytes twice"

    @rule(raw=mails)
    def replayed_in_another_envelope(self, raw: bytes) -> None:
        self.number += 1
        self.cases += self.says_leak(raw)
        again = re.sub(rb"^Message-ID: \S+", b"Message-ID: <again%d@x.example>" % self.number, raw, flags=re.MULTILINE)
        self.posts[sha256(again).hexdigest()] = self.posts.get(sha256(raw).hexdigest(), ())
        self.send(again, "nobody")

    def says_leak(self, raw: bytes) -> bool:
        block = raw[raw.index(b"-----BEGIN") :]
        sealed = packets.dearmor(block[: block.index(b"--outer--")])
        opened = self.house.sealer.unseal(sealed, self.house.list_key)
        return opened is not None and b"\nLeak: " in opened[1]

    @rule(seconds=st.sampled_from((1, 600, 3600, 3 * 3600, 86400, 3 * 86400, 20 * 86400)))
    def time_passes(self, seconds: int) -> None:
        self.by = "clock"
        self.house.clock.advance(seconds)
        self.house.do(self.house.settle())

    @rule(mood=st.sampled_from(MOODS))
    def the_relay_is(self, mood: str) -> None:
        self.house.hop.mood = mood

    @rule()
    def power_cut(self) -> None:
        self.by = "clock"
        self.house.do(self.house.crash())
        self.house.do(self.house.settle())

    @rule(which=pick)
    @precondition(lambda self: bool(self.before))
    def stop_code(self, which: int) -> None:
        codes = [
            found[1] for who in COORDINATORS for mail in self.inboxes[who].mails if (found := CODE.search(mail[1]))
        ]
        if codes:
            self.send(self.house.letter("somebody", f"stop {codes[which % len(codes)]}\n", signed=False), "stop")

    @rule(which=pick, act=st.sampled_from((operator_disclosures.go, operator_disclosures.stop)))
    @precondition(lambda self: bool(self.before))
    def operator(self, which: int, act: Any) -> None:
        self.by = "operator"
        name = sorted(self.before)[which % len(self.before)]
        self.attempt(act(self.house.parts, name))

    @rule(who=member, standing=st.sampled_from((Standing.SUSPENDED, Standing.ACTIVE, Standing.ACTIVE)))
    def standing(self, who: str, standing: Standing) -> None:
        self.by = "operator"
        self.attempt(operator_roster.change_standing(self.house.parts, address_of(who), LIST_ID, standing))

    @rule(who=st.just("west"))
    @precondition(lambda self: len(self.before) > 2)
    def removed(self, who: str) -> None:
        self.by = "operator"
        self.attempt(operator_roster.remove_member(self.house.parts, address_of(who), LIST_ID))

    @rule(who=st.sampled_from(("north", "south", "adam")), lasts=st.sampled_from((None, timedelta(hours=2), 10 * DAY)))
    def new_key(self, who: str, lasts: timedelta | None) -> None:
        self.by = "operator"
        self.house.do(self.house.pin(who, lasts))
        self.house.do(self.house.settle())

    def attempt(self, act: Any) -> None:
        """Something that may be refused where it is not possible."""
        try:
            self.house.do(act)
        except RefusedError:
            return
        self.house.do(self.house.settle())


PROPOSAL, FACT, CASE, WAITING = "DP", "FA", "LK", "Approve"  # kinds of ids that people read of
CONTENT = frozenset({MessageKind.DISCLOSURE, MessageKind.FOLLOW_UP, MessageKind.REPLY})
latest = st.integers(0, 2)


class BadDay(EveryDay):
    """Dates that are voted on, facts, second coordinators, leaks and what follows, corrections."""

    @precondition(lambda self: self.has_read(MEMBERS))
    @rule(target=mails, who=member, which=pick, at=st.sampled_from(("+3h", "+30h", "+2d", "+10d", "+20d")))
    def propose(self, who: str, which: int, at: str) -> bytes:
        who = self.reader(who, MEMBERS)
        header, subject = self.answered(who, which)
        word = self.canary(who, self.disclosure_of(header)[0])
        text = f"Propose-Embargo-Until: {at}\nReason: {word}\n\n"
        self.voting = (who, None, True)
        return self.send(self.house.letter(who, text, subject=f"Re: {subject}", answers=header), "nobody")

    @precondition(lambda self: self.can_name(MEMBERS, PROPOSAL))
    @rule(target=mails, who=member, which=latest, agrees=st.sampled_from((True, True, False)))
    def vote(self, who: str, which: int, agrees: bool) -> bytes:
        name, header, subject = self.mention(who, PROPOSAL, which) or self.named(MEMBERS, which, PROPOSAL)
        self.voting = (who, name, agrees)
        raw = self.house.letter(
            who, f"{'Agree' if agrees else 'Object'}: {name}\n\n", subject=f"Re: {subject}", answers=header
        )
        return self.send(raw, "vote")

    @precondition(lambda self: self.can_name(COORDINATORS, PROPOSAL) or self.can_name(COORDINATORS, FACT))
    @rule(target=mails, who=coordinator, which=latest, what=st.sampled_from((PROPOSAL, FACT)))
    def confirm(self, who: str, which: int, what: str) -> bytes:
        name, header, subject = self.mention(who, what, which) or self.named(COORDINATORS, which, PROPOSAL, FACT)
        self.confirmed.add(name)
        self.steered = frozenset({self.disclosure_of(header)[0] or ""})
        raw = self.house.letter(who, f"Confirm: {name}\n\n", subject=f"Re: {subject}", answers=header)
        return self.send(raw, "coordinator")

    @precondition(lambda self: self.has_read(MEMBERS))
    @rule(
        target=mails,
        who=st.sampled_from((*MEMBERS, *COORDINATORS)),
        which=pick,
        kind=st.sampled_from(("public", "exploit", "attacks", "attacks")),
    )
    def fact(self, who: str, which: int, kind: str) -> bytes:
        is_member = who in MEMBERS
        who = self.reader(who, MEMBERS if is_member else COORDINATORS)
        header, subject = self.answered(who, which)
        disclosure, _ = self.disclosure_of(header)
        text = f"Fact: {kind}\nWhere: {self.canary(who, disclosure)}\n\n"
        self.steered = frozenset({disclosure or ""})
        raw = self.house.letter(who, text, subject=f"Re: {subject}", answers=header)
        return self.send(raw, "nobody" if is_member else "coordinator")

    @precondition(lambda self: self.can_name(COORDINATORS, WAITING))
    @rule(target=mails, who=coordinator, which=latest)
    def approve(self, who: str, which: int) -> bytes:
        name, header, subject = self.mention(who, WAITING, which) or self.named(COORDINATORS, which, WAITING)
        askers, about = self.asked_by(name)
        self.approved.add(name)
        self.steered = frozenset({self.disclosure_of(header)[0] or "", about})
        raw = self.house.letter(who, f"Approve: {name}\n\n", subject=f"Re: {subject}", answers=header)
        return self.send(raw, "nobody" if askers == {self.house.ids[who]} else "approval")

    # --- leaks --------------------------------------------------------------------------------------

    @precondition(lambda self: self.has_read(MEMBERS))
    @rule(target=mails, who=st.sampled_from((*MEMBERS, "alice")), which=pick)
    def leak(self, who: str, which: int) -> bytes:
        who = self.reader(who, MEMBERS if who in MEMBERS else COORDINATORS)
        header, subject = self.answered(who, which)
        disclosure, kind = self.disclosure_of(header)
        # Its lines are told to the audience, what stands below them is not. Who answers a mail about a case
        # may add to that case.
        line, word = self.canary(who, disclosure, None, binds=False), self.canary(who, disclosure)
        self.cases += kind in CONTENT
        text = f"Leak: {line}, to the press\n\nIt was {word}.\n"
        return self.send(self.house.letter(who, text, subject=f"Re: {subject}", answers=header), "nobody")

    @precondition(lambda self: self.can_name(COORDINATORS, CASE))
    @rule(
        target=mails,
        who=coordinator,
        which=latest,
        line=st.sampled_from(("Vouch", "Ack", "Assess", "Assess", "Retrospective", "Retrospective")),
        outcome=st.sampled_from(("contained", "contained", "public", "dismissed")),
    )
    def case(self, who: str, which: int, line: str, outcome: str) -> bytes:
        name, header, subject = self.mention(who, CASE, which) or self.named(COORDINATORS, which, CASE)
        disclosure, _ = self.disclosure_of(header)
        word = self.canary(who, disclosure, None if line == "Retrospective" else NOBODY)
        more = f"Outcome: {outcome}\nReason: {word}\n" if line == "Assess" else ""
        text = f"{line}: {name}\n{more}\n" + (f"Learnt: {word}.\n" if line == "Retrospective" else "")
        self.steered = frozenset({disclosure or ""})
        return self.send(self.house.letter(who, text, subject=f"Re: {subject}", answers=header), "coordinator")

    @precondition(lambda self: self.can_name(MEMBERS, CASE))
    @rule(target=mails, who=member, which=latest)
    def learnt(self, who: str, which: int) -> bytes:
        name, header, subject = self.mention(who, CASE, which) or self.named(MEMBERS, which, CASE)
        word = self.canary(who, self.disclosure_of(header)[0], None)
        text = f"Retrospective: {name}\n\nLearnt: {word}.\n"
        return self.send(self.house.letter(who, text, subject=f"Re: {subject}", answers=header), "reporter")

    # --- corrections --------------------------------------------------------------------------------

    @precondition(lambda self: self.has_read(COORDINATORS) and bool(self.before))
    @rule(target=mails, who=coordinator, which=pick)
    def corrects(self, who: str, which: int) -> bytes:
        who = self.reader(who, COORDINATORS)
        header, subject = self.answered(who, which)
        disclosure, _ = self.disclosure_of(header)
        is_restricted = disclosure in self.restricted
        replaces = "Replaces: fix.patch\n" if is_restricted else ""
        text, patch = self.canary(who, disclosure, None), self.canary(who, disclosure, frozenset(GROUPED))
        raw = self.house.letter(
            who,
            f"Corrects: last\n{replaces}Send-To: audience\n\nRight is {text}.\n",
            subject=f"Re: {subject}",
            answers=header,
            attachments=[("fix.patch", f"patch {patch}\n".encode())] if is_restricted else (),
        )
        self.steered = frozenset({disclosure or ""})
        return self.send(raw, "coordinator")
