"""Whatever happens, in whatever order: the invariants of a disclosure, after each of fifty steps.

Rules do what people, relays and power stations do; ``Life.holds`` asks the invariants (their numbers are
those of the specification) of the database, and of every byte that left. A word like ``canary7x`` stands in
each secret, and the machine remembers who may read it.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import select

from gateway.operator import disclosures as operator_disclosures
from gateway.operator import roster as operator_roster
from gateway.operator.base import RefusedError
from keys import packets
from keys.vault import TrailSigner
from machine.house import COORDINATORS, LIST_ID, PEOPLE, House, Kept, address_of
from policy.facts import CopyState, Disclosure, MessageKind, Person, Standing, State
from policy.intake import PRIVATE_KINDS
from storage import alarms, audit, disclosures, leaks, messages, outbox, roster, tables

IS_LONG = bool(os.environ.get("EMBARGO_TEST_LONG"))
SHARDS, RUNS, STEPS = (8, 250, 50) if IS_LONG else (2, 2, 20)
MEMBERS = ("north", "south", "west")
GROUPED = ("north", "south")
CANARY = re.compile(r"canary\d+x")
CODE = re.compile(r"Stop code: (\S+)")
HEADER = re.compile(rb"^Message-ID: (\S+)", re.MULTILINE)
ED = re.compile(r"\[(ED-\d{4}-\w{4})\]")
DAY = timedelta(days=1)
ENDED = frozenset({CopyState.SENT, CopyState.BOUNCED, CopyState.CANCELLED})

member = st.sampled_from(MEMBERS)
coordinator = st.sampled_from(COORDINATORS)
pick = st.integers(0, 5)
HOLDS = ("", "Hold-Until: now\n", "Hold-Until: +1h\n", "Hold-Until: +2d\n")
DATES = ("Embargo-Until: +3h\n", "Embargo-Until: +3d\n", "Embargo-Until: +14d\n", "Embargo-Until: +200d\n", "")
SCOPES = ("", "Scope: all\n", "Scope: group:distributors\n", "Scope: org:Westlake\n")
ORDERS = (
    *DATES[:3],
    *HOLDS[1:],
    *SCOPES[1:],
    "Send-To: audience\n",
    "Lift: now\n",
    "Withdraw: void\n",
    "Hold-Until: now\nEmbargo-Until: +2d\n",
    "Lift: now\nWithdraw: both\n",
)


@dataclass(frozen=True)
class Secret:
    """A canary: in which disclosure (None: in none), and which members may ever read it (None: its audience)."""

    disclosure: str | None
    readers: frozenset[str] | None = None


@dataclass
class Inbox:
    """What one person read: our Message-ID, the text inside, and when it was handed over."""

    mails: list[tuple[str, str, Kept]] = field(default_factory=list)


class Life(RuleBasedStateMachine):
    """One list's life."""

    mails = Bundle("mails")

    @initialize(seal=st.sampled_from(("each", "shared")), talk=st.sampled_from(("audience", "coordinators")))
    def begins(self, seal: str, talk: str) -> None:
        self.house = House(release_grace="10m", seal=seal, discussion=talk)
        self.secrets: dict[str, Secret] = {}
        self.inboxes = {who: Inbox() for who in PEOPLE}
        self.read_to = 0
        self.before: dict[str, Disclosure] = {}
        self.by = "nobody"
        self.accepted: set[bytes] = set()
        self.cases = 0
        self.owners: dict[str, str] = {}  # keys to people, for ever
        self.number = 0
        self.steered: frozenset[str] = frozenset()

    # --- helpers ------------------------------------------------------------------------------------

    def canary(self) -> str:
        self.number += 1
        return f"canary{self.number}x"

    def send(self, raw: bytes, by: str) -> bytes:
        """Hand a mail in as the world does: again, until it is answered with 250."""
        self.by = by
        assert self.house.do(self.house.take(raw)) == 250
        self.accepted.add(raw)
        self.house.do(self.house.settle())
        return raw

    def known(self) -> dict[str, Disclosure]:
        async def ask() -> dict[str, Disclosure]:
            async with self.house.parts.database.reading() as tx:
                return {found.id: found for found in await disclosures.ls(tx)}

        return self.house.do(ask())

    def answered(self, who: str, which: int) -> tuple[str, str]:
        """One of the latest mails that somebody got: its Message-ID, and its subject."""
        found = self.inboxes[who].mails[-1 - which % len(self.inboxes[who].mails)]
        subject = re.search(r"^Subject: (.*)$", found[1], re.MULTILINE)
        return found[0], subject[1].strip() if subject else "Flaw"

    def disclosure_of(self, header: str) -> tuple[str | None, MessageKind | None]:
        async def ask() -> tuple[str | None, MessageKind | None]:
            async with self.house.parts.database.reading() as tx:
                found = (await messages.by_headers(tx, LIST_ID, [header])).get(header)
            return (found.disclosure_id, found.kind) if found else (None, None)

        return self.house.do(ask())

    def holdings(self, who: str) -> list[str]:
        return [word for _, text, _ in self.inboxes[who].mails for word in CANARY.findall(text)]

    # --- what happens -------------------------------------------------------------------------------

    @rule(
        target=mails,
        who=coordinator,
        hold=st.sampled_from(HOLDS),
        date=st.sampled_from(DATES),
        scope=st.sampled_from(SCOPES),
        restricted=st.booleans(),
    )
    def post(self, who: str, hold: str, date: str, scope: str, restricted: bool) -> bytes:
        text, patch = self.canary(), self.canary()
        rest = "Restrict: fix.patch to group:distributors\n" if restricted else ""
        known = set(self.known())
        raw = self.house.letter(
            who,
            f"{hold}{date}{scope}{rest}\nA flaw, {text}.\n",
            attachments=[("fix.patch", f"patch {patch}\n".encode())] if restricted else (),
        )
        self.send(raw, "coordinator")
        made = set(self.known()) - known
        name = made.pop() if made else None
        nobody: frozenset[str] = frozenset()
        self.secrets[text] = Secret(name, None if name else nobody)
        self.secrets[patch] = Secret(name, frozenset(GROUPED) if name else nobody)
        return raw

    @precondition(lambda self: any(self.inboxes[who].mails for who in COORDINATORS))
    @rule(target=mails, who=coordinator, which=pick, order=st.sampled_from(("", "", *ORDERS)), says=st.booleans())
    def steer(self, who: str, which: int, order: str, says: bool) -> bytes:
        if not self.inboxes[who].mails:
            who = next(one for one in COORDINATORS if self.inboxes[one].mails)
        header, subject = self.answered(who, which)
        disclosure, kind = self.disclosure_of(header)
        word = self.canary()
        is_private = kind in PRIVATE_KINDS and "Send-To" not in order
        readers = frozenset[str]() if disclosure is None or is_private else None
        self.secrets[word] = Secret(disclosure, readers)
        body = f"Note {word}.\n" if says else ""
        raw = self.house.letter(who, f"{order}\n{body}", subject=f"Re: {subject}", answers=header)
        self.steered = frozenset({disclosure} if disclosure else ())
        return self.send(raw, "coordinator")

    @precondition(lambda self: any(self.inboxes[who].mails for who in MEMBERS))
    @rule(target=mails, who=member, which=pick, text=st.sampled_from(("quote", "ack", "leak", "order")))
    def reply(self, who: str, which: int, text: str) -> bytes:
        if not self.inboxes[who].mails:
            who = next(one for one in MEMBERS if self.inboxes[one].mails)
        header, subject = self.answered(who, which)
        disclosure, kind = self.disclosure_of(header)
        word, quoted = self.canary(), " ".join(f"> {old}\n" for old in self.holdings(who))
        self.secrets[word] = Secret(disclosure, None if text == "quote" and disclosure else frozenset())
        said = {
            "quote": f"My own {word}.\n\n{quoted}",
            "ack": "received, thanks\n",
            "leak": f"Leak: {word}, to the press\n",
            "order": f"Lift: now\n\n{word}\n",
        }[text]
        # An answer to an acknowledgement adds what it asked for: that is no case of its own.
        self.cases += text == "leak" and kind is not MessageKind.ACKNOWLEDGEMENT
        raw = self.house.letter(who, said, subject=f"Re: {subject}", answers=header)
        return self.send(raw, "nobody")

    @rule(
        target=mails,
        who=st.sampled_from(("stranger", "unsigned", "old", "other")),
        text=st.sampled_from(("Lift: now\n", "Leak: all of it\n", "Embargo-Until: +1h\n", "Hello\n")),
        which=pick,
    )
    def forge(self, who: str, text: str, which: int) -> bytes:
        boxes = [mails for one in COORDINATORS if (mails := self.inboxes[one].mails)]
        header, subject = (
            self.answered("alice" if self.inboxes["alice"].mails else "adam", which) if boxes else ("", "Flaw")
        )
        word = self.canary()
        self.secrets[word] = Secret(None, frozenset())
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

    @rule(mood=st.sampled_from(("good", "good", "busy", "full", "cut")))
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
            found[1]
            for _, text, _ in self.inboxes["alice"].mails + self.inboxes["adam"].mails
            if (found := CODE.search(text))
        ]
        if codes:
            self.send(self.house.letter("somebody", f"stop {codes[which % len(codes)]}\n", signed=False), "stop")

    @rule(which=pick, act=st.sampled_from((operator_disclosures.go, operator_disclosures.stop)))
    @precondition(lambda self: bool(self.before))
    def operator(self, which: int, act: Any) -> None:
        self.by = "operator"
        name = sorted(self.before)[which % len(self.before)]
        self.attempt(act(self.house.parts, name))

    @rule(who=member, standing=st.sampled_from((Standing.SUSPENDED, Standing.ACTIVE)))
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

    # --- what holds ---------------------------------------------------------------------------------

    def rows(self) -> tuple[int, ...]:
        """How many disclosures, cases, quarantined mails, copies and alarms there are."""
        counted = (tables.disclosures, tables.leaks, tables.quarantine, tables.copies, tables.alarms)

        async def ask() -> tuple[int, ...]:
            async with self.house.parts.database.reading() as tx:
                return tuple([len((await tx.execute(select(one))).all()) for one in counted])

        return self.house.do(ask())

    @invariant()
    def holds(self) -> None:
        if hasattr(self, "house"):
            self.house.do(self.ask_all())
            self.by, self.steered = "nobody", frozenset()

    async def ask_all(self) -> None:
        now = self.house.clock.now()
        async with self.house.parts.database.reading() as tx:
            found = {one.id: one for one in await disclosures.ls(tx)}
            people = {person.address: person for person in await roster.people(tx, LIST_ID, with_removed=True)}
            copies = [copy for one in found for copy in await outbox.of_disclosure(tx, one)]
            cases, rung = await leaks.ls(tx), await alarms.ls(tx)
            records = (await tx.execute(select(tables.mails.c.digest, tables.mails.c.taken_for))).all()
        self.owners |= {fingerprint: who for who, fingerprint in self.house.keys.items()}
        assert not self.house.trouble.heard, self.house.trouble.heard
        for one in found.values():
            self.in_order(one, self.before.get(one.id), now)
        self.read_new(people, found)
        self.told_of_the_lift(found, copies)
        assert len(records) == len(self.accepted), "17: one record for each mail that was answered with 250"
        assert all(row.taken_for for row in records), "17: each is taken for something"
        assert len(cases) >= self.cases, "20: a report of a leak leaves a case"
        assert len({alarm.ref for alarm in rung if alarm.kind == "leak"} | {"x"}) >= bool(cases), "20: and an alarm"
        for copy in copies:
            waits = copy.state in {CopyState.QUEUED, CopyState.DEFERRED}
            assert not waits or (copy.next_at is not None and copy.next_at > now), (
                "17: every copy ends, or is tried again"
            )
        self.before = found

    def in_order(self, one: Disclosure, before: Disclosure | None, now: Any) -> None:
        if one.state is State.EMBARGOED:
            assert one.released_at is not None
            assert one.hold_until <= one.released_at < one.embargo_until <= one.released_at + 90 * DAY, "8"
            assert now < one.embargo_until, "9"
        if one.state is State.HELD:
            assert now < one.embargo_until, "6: nothing is held past its date"
            assert one.stopped or now < one.hold_until, "9: nothing is held past its hold"
        if one.state is State.LIFTED:
            assert one.cause in {"clock", "other"}, "15"
            assert one.cause != "clock" or (one.ended_at or now) >= one.embargo_until, "15"
        if before is None:
            return
        if self.by != "coordinator":
            assert one.embargo_until == before.embargo_until, f"10: its date changed, by {self.by}"
            assert one.scope == before.scope, f"14: its scope changed, by {self.by}"
            assert one.hold_until == before.hold_until or self.by == "operator", f"14: its hold changed, by {self.by}"
            grown = (one.admitted or frozenset()) - (before.admitted or frozenset())
            assert not grown or before.admitted is None, "27: an audience grows by a coordinator's line"
        elif one.id not in self.steered:
            assert one.embargo_until == before.embargo_until, "10: another one's date changed"
        if one.state is not before.state and self.by in {"nobody", "stop", "operator"}:
            is_clock = one.state is State.EMBARGOED or one.cause == "clock" or one.state is State.PENDING
            assert is_clock, f"14: {before.state} -> {one.state} by {self.by}"
        assert before.stopped or not one.stopped or self.by in {"stop", "operator"}, "3a"

    def read_new(self, people: dict[str, Person], found: dict[str, Disclosure]) -> None:
        """Read what left since the last step, each with its reader's keys, and ask who may read it."""
        who_is = {address_of(who): who for who in PEOPLE}
        for kept in self.house.hop.kept[self.read_to :]:
            who, person = who_is[kept.recipient], people[kept.recipient]
            assert b"canary" not in kept.raw, "1: a canary in clear"
            assert b"ED-2" not in kept.raw, "29: the disclosure is named outside the encryption"
            named = self.house.named(kept)
            assert {self.owners[one] for one in named} == {who}, "3: sealed to somebody else"
            usable = {key.fingerprint for key in person.usable_keys(kept.at)}
            assert set(named) <= usable, "28: sealed to a key that is not pinned and good"
            text = self.house.inside(kept, who)
            header = HEADER.search(kept.raw)
            assert header is not None
            for word in CANARY.findall(text):
                self.may_read(word, who, person, found, kept)
            self.inboxes[who].mails.append((header[1].decode(), text, kept))
        self.read_to = len(self.house.hop.kept)

    def may_read(self, word: str, who: str, person: Person, found: dict[str, Disclosure], kept: Kept) -> None:
        if who in COORDINATORS:
            return
        secret = self.secrets[word]
        assert secret.readers is None or who in secret.readers, f"{word} must never reach {who}: 2, 21, 27a"
        assert secret.disclosure is not None, f"2: {word} is of no disclosure"
        one = found[secret.disclosure]
        assert one.state in {State.EMBARGOED, State.LIFTED} or one.state is State.WITHDRAWN, f"7: it is {one.state}"
        assert one.released_at is not None, "5: before its release"
        assert one.hold_until <= one.released_at <= kept.at, "5: before its hold"
        assert one.admitted is not None, "2"
        assert person.id in one.admitted, f"2: {who} is not in the audience"
        assert person.standing is Standing.ACTIVE, f"24: {who} is {person.standing}"

    def told_of_the_lift(self, found: dict[str, Disclosure], copies: list[Any]) -> None:
        for one in found.values():
            lifts = [copy for copy in copies if copy.disclosure_id == one.id and copy.kind is MessageKind.LIFT_NOTICE]
            told = [copy.address for copy in lifts]
            assert len(told) == len(set(told)), "26: told twice"
            assert not told or one.state is State.LIFTED, "26: told before"
            if one.state is not State.LIFTED or one.ended_at is None:
                continue
            bound = {
                address_of(who)
                for who in MEMBERS
                for _, text, kept in self.inboxes[who].mails
                if kept.at < one.ended_at
                for word in CANARY.findall(text)
                if self.secrets[word].disclosure == one.id
            }
            assert bound <= set(told), f"26: bound and never told: {bound - set(told)}"

    def teardown(self) -> None:
        if hasattr(self, "house"):
            self.house.do(self.ends())
            self.house.close()

    async def ends(self) -> None:
        async with self.house.parts.database.reading() as tx:
            trail = await audit.verify(tx, TrailSigner.verify, public_key=self.house.signer.public)
        assert trail.ok, f"31: {trail}"
        for path in self.house.path.rglob("*"):
            if path.is_file():
                assert b"canary" not in path.read_bytes(), f"1: a canary in {path.name}"


async def _nobody(*_: Any) -> tuple[Person, ...]:
    return ()


@pytest.mark.timeout(7200)
@pytest.mark.parametrize("shard", range(SHARDS))
def test_whatever_happens_the_invariants_hold(shard: int) -> None:
    how = settings(
        max_examples=RUNS,
        stateful_step_count=STEPS,
        deadline=None,
        database=None,
        print_blob=True,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(seed(shard)(Life), settings=how)


@pytest.mark.parametrize(
    ("guard", "without", "law"),
    [
        pytest.param(
            "gateway.sending.content.withheld_names", lambda *_: frozenset(), "must never reach west", id="restrict"
        ),
        pytest.param("gateway.release.bound_people", _nobody, "26: bound and never told", id="the lift"),
    ],
)
def test_without_one_guard_the_machine_finds_it(
    monkeypatch: pytest.MonkeyPatch, guard: str, without: Any, law: str
) -> None:
    monkeypatch.setattr(guard, without)
    life = Life()
    life.begins("each", "audience")
    try:
        life.post("alice", "Hold-Until: now\n", "Embargo-Until: +3d\n", "Scope: all\n", restricted=True)
        life.holds()
        life.time_passes(3600)
        with pytest.raises(AssertionError, match=law):
            life.holds()
            life.time_passes(5 * 86400)
            life.holds()
    finally:
        life.house.close()
