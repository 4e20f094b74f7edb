"""One list's life: what the machine remembers of it, and the invariants of a disclosure, asked after each step.

The numbers are those of the specification. A word like ``canary7x`` stands in each secret, and ``Life``
remembers who may read it. What it holds against the gateway it knows from the mails that people
wrote and read, and says it in other words than the gateway's code.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar

from hypothesis.stateful import RuleBasedStateMachine, invariant
from sqlalchemy import func, select

from gateway.release import setting_of
from keys.vault import TrailSigner
from machine.house import COORDINATORS, LIST_ID, PEOPLE, House, Kept, address_of
from machine.memory import Inbox, Secret, is_inside
from policy.facts import CopyState, Disclosure, MessageKind, Person, Standing, State
from policy.leakcase import Outcome
from policy.proposals import Fate, Proposal
from storage import audit, disclosures, leaks, messages, roster, tables
from storage.records import LeakRecord

MEMBERS = ("north", "south", "west")
GROUPED = ("north", "south")
ORGS = {PEOPLE[who]: who for who in MEMBERS}
CANARY = re.compile(r"canary\d+x")
HEADER = re.compile(rb"^Message-ID: (\S+)", re.MULTILINE)
SUBJECT = re.compile(r"^Subject: (.*)$", re.MULTILINE)
MAX_EMBARGO, MIN_NOTICE = timedelta(days=90), timedelta(hours=2)
NOBODY: frozenset[str] = frozenset()
OUT = frozenset({State.EMBARGOED, State.LIFTED, State.WITHDRAWN, State.CLOSED})
OVER = frozenset({State.LIFTED, State.CLOSED})
OPEN = frozenset({State.PENDING, State.HELD, State.EMBARGOED})
reached: Counter[str] = Counter()
"""How often something was reached, in all runs of this process."""
BY_COORDINATORS = frozenset({"coordinator", "approval"})


@dataclass
class Seen:
    """What the database says after a step."""

    now: datetime
    found: dict[str, Disclosure]
    people: dict[str, Person]
    cases: dict[str, LeakRecord]
    lifts: list[tuple[str, str]]  # disclosure and address of each lift notice
    proposals: dict[str, tuple[Proposal, ...]]


class Life(RuleBasedStateMachine):
    """One list's life."""

    more: ClassVar[tuple[tuple[str, Any], ...]] = ()
    """What else the list's configuration says."""

    def set_up(self, seal: str, discussion: str, change: str, two: tuple[str, ...], lift: str) -> None:
        self.house = House(
            release_grace="10m",
            seal=seal,
            discussion=discussion,
            date_change=change,
            vote_window="20h",
            min_notice="2h",
            two_person=two,
            lift=lift,
            **dict(self.more),
        )
        self.two, self.by_clock, self.by_agreement = frozenset(two), lift == "clock", change == "agreement"
        self.secrets: dict[str, Secret] = {}
        self.inboxes = {who: Inbox() for who in PEOPLE}
        self.read_to = 0
        self.before: dict[str, Disclosure] = {}
        self.cases_before: dict[str, LeakRecord] = {}
        self.by = "nobody"
        self.accepted: set[bytes] = set()
        self.cases = 0
        self.owners: dict[str, str] = {}  # keys to people, for ever
        self.number = 0
        self.fates: dict[str, Fate] = {}
        self.steered: frozenset[str] = NOBODY
        self.votes: dict[str, dict[str, bool]] = {}  # of each proposal: organisations, and what they say
        self.voting: tuple[str, str | None, bool] | None = None  # who votes in this step, on what (None: his own), how
        self.confirmed: set[str] = set()  # proposals that a coordinator confirmed
        self.approved: set[str] = set()  # what a coordinator's line approved, by right or not
        self.posts: dict[str, tuple[str, ...]] = {}  # the secrets of each post, by its digest
        self.restricted: set[str] = set()  # disclosures with a part that is not for all

    # --- helpers ------------------------------------------------------------------------------------

    def canary(
        self, by: str, disclosure: str | None, readers: frozenset[str] | None = NOBODY, *, binds: bool = True
    ) -> str:
        """A new secret. In no disclosure it is nobody's."""
        self.number += 1
        word = f"canary{self.number}x"
        self.secrets[word] = Secret(disclosure, readers if disclosure else NOBODY, by, binds)
        return word

    def send(self, raw: bytes, by: str) -> bytes:
        """Hand a mail in as the world does: again, until it is answered with 250."""
        self.by = by
        assert self.house.do(self.house.take(raw)) == 250
        self.accepted.add(raw)
        self.house.do(self.house.settle())
        return raw

    def tell(self, word: str, disclosure: str | None, readers: frozenset[str] | None = None) -> None:
        """Now that its disclosure has a name: who may read a secret."""
        self.secrets[word] = Secret(disclosure, readers if disclosure else NOBODY)

    def known(self) -> set[str]:
        async def ask() -> set[str]:
            async with self.house.parts.database.reading() as tx:
                return set((await tx.execute(select(tables.disclosures.c.id))).scalars())

        return self.house.do(ask())

    def kept(self) -> set[str]:
        """The digests of what is kept back."""
        query = select(tables.mails.c.digest).where(
            tables.mails.c.id == tables.quarantine.c.mail_id, tables.quarantine.c.state == "kept"
        )

        async def ask() -> set[str]:
            async with self.house.parts.database.reading() as tx:
                return set((await tx.execute(query)).scalars())

        return self.house.do(ask())

    def asked_by(self, name: str) -> tuple[set[int | None], str]:
        """Who asked for what waits for a second coordinator under an id, and of which disclosure it is.

        A disclosure's id stands for itself, and for all that waits in it.
        """
        waits = select(tables.mails.c.signer_id, tables.quarantine.c.disclosure_id).where(
            (tables.quarantine.c.id == name)
            | ((tables.quarantine.c.disclosure_id == name) & (tables.quarantine.c.state == "kept")),
            tables.mails.c.id == tables.quarantine.c.mail_id,
        )

        async def ask() -> list[tuple[int | None, str]]:
            async with self.house.parts.database.reading() as tx:
                return [(row[0], row[1]) for row in await tx.execute(waits)]

        found = self.house.do(ask())
        askers = {signer for signer, _ in found}
        if name in self.before:
            return askers | {self.before[name].posted_by}, name
        return askers, found[0][1] if found else name

    def has_read(self, people: tuple[str, ...]) -> bool:
        return any(self.inboxes[who].mails for who in people)

    def reader(self, who: str, people: tuple[str, ...]) -> str:
        """Somebody who has read something: the one who is named, if he has."""
        return who if self.inboxes[who].mails else next(one for one in people if self.inboxes[one].mails)

    def named(self, people: tuple[str, ...], which: int, *kinds: str) -> tuple[str, str, str]:
        """An id that any of them read of."""
        found = (self.mention(who, kind, which) for kind in kinds for who in people)
        return next(one for one in found if one is not None)

    def can_name(self, people: tuple[str, ...], kind: str) -> bool:
        return any(self.inboxes[who].named[kind] for who in people)

    def answered(self, who: str, which: int) -> tuple[str, str]:
        """One of the latest mails that somebody got: its Message-ID, and its subject."""
        return self._headers(self.inboxes[who].mails[-1 - which % len(self.inboxes[who].mails)])

    def mention(self, who: str, kind: str, which: int) -> tuple[str, str, str] | None:
        """One of the latest ids of a kind that somebody read of: with the mail that names it."""
        found = self.inboxes[who].named[kind]
        if not found:
            return None
        name = list(found)[-1 - which % min(3, len(found))]
        return (name, *self._headers(found[name]))

    @staticmethod
    def _headers(mail: tuple[str, str, Kept]) -> tuple[str, str]:
        subject = SUBJECT.search(mail[1])
        return mail[0], subject[1].strip() if subject else "Flaw"

    def disclosure_of(self, header: str) -> tuple[str | None, MessageKind | None]:
        async def ask() -> tuple[str | None, MessageKind | None]:
            async with self.house.parts.database.reading() as tx:
                found = (await messages.by_headers(tx, LIST_ID, [header])).get(header)
            return (found.disclosure_id, found.kind) if found else (None, None)

        return self.house.do(ask())

    def holdings(self, who: str, disclosure: str | None) -> list[str]:
        """What somebody read of a disclosure, to quote it; his own words, and those of another one, are his to say."""
        read = [word for _, text, _ in self.inboxes[who].mails for word in CANARY.findall(text)]
        return [one for one in read if self.secrets[one].disclosure == disclosure and self.secrets[one].by != who]

    def rows(self) -> tuple[int, ...]:
        """How many disclosures, cases, quarantined mails, facts, copies and alarms there are."""
        counted = (tables.disclosures, tables.leaks, tables.quarantine, tables.facts, tables.copies, tables.alarms)

        async def ask() -> tuple[int, ...]:
            async with self.house.parts.database.reading() as tx:
                counts = [select(func.count()).select_from(one).scalar_subquery() for one in counted]
                return tuple((await tx.execute(select(*counts))).one())

        return self.house.do(ask())

    # --- what holds ---------------------------------------------------------------------------------

    @invariant()
    def holds(self) -> None:
        if hasattr(self, "house"):
            self.house.do(self.ask_all())
            self.by, self.steered, self.voting = "nobody", NOBODY, None

    async def ask_all(self) -> None:
        seen = await self.look()
        self.owners |= {fingerprint: who for who, fingerprint in self.house.keys.items()}
        assert not self.house.trouble.heard, self.house.trouble.heard
        for one in seen.found.values():
            self.in_order(one, seen.now)
            before = self.before.get(one.id)
            if before is not None:
                self.changed_by_right(before, one, seen)
                self.facts_grow(before, one)
        assert self.before.keys() <= seen.found.keys()
        self.in_cases(seen.cases)
        for case in seen.cases.values():
            about = seen.found.get(case.disclosure_id or "")
            is_closed = about is not None and about.state is State.CLOSED
            assert not is_closed or case.state == "closed", "23: closed, and a case of it is open"
        self.votes_count_once(seen)
        self.read_new(seen)
        self.told_of_the_lift(seen)
        self.milestones(seen)
        self.before, self.cases_before = seen.found, seen.cases

    async def look(self) -> Seen:
        """Read all that is asked of; and ask of rows what a query can say by itself."""
        now = self.house.clock.now()
        mails, copies, alarms = tables.mails.c, tables.copies.c, tables.alarms.c
        waits = copies.state.in_((CopyState.QUEUED, CopyState.DEFERRED)) & (
            copies.next_at.is_(None) | (copies.next_at <= now)
        )
        queries = (
            select(func.count()).select_from(tables.mails),
            select(func.count()).select_from(tables.mails).where(mails.taken_for == ""),
            select(func.count()).select_from(tables.copies).where(waits),
            select(func.count(alarms.ref.distinct())).where(alarms.kind == "leak"),
        )
        async with self.house.parts.database.reading() as tx:
            found = {one.id: one for one in await disclosures.ls(tx)}
            people = {person.address: person for person in await roster.people(tx, LIST_ID, with_removed=True)}
            cases = {case.id: case for case in await leaks.ls(tx)}
            counts = (await tx.execute(select(*(query.scalar_subquery() for query in queries)))).one()
            told = select(copies.disclosure_id, copies.address).where(copies.kind == MessageKind.LIFT_NOTICE)
            lifts = [(row[0], row[1]) for row in await tx.execute(told)]
            proposals = {
                one.id: (await setting_of(self.house.parts, tx, one)).particulars.proposals
                for one in found.values()
                if self.by_agreement and one.released_at is not None and one.destroyed_at is None
            }
        records, untaken, late, rung = counts
        assert records == len(self.accepted), "17: one record for each mail that was answered with 250"
        assert not untaken, "17: each is taken for something"
        assert not late, "17: every copy ends, or is tried again"
        assert len(cases) >= self.cases, "20: a report of a leak leaves a case"
        assert rung >= bool(cases), "20: and an alarm"
        return Seen(now, found, people, cases, lifts, proposals)

    def in_order(self, one: Disclosure, now: datetime) -> None:
        """8, 9, 6, 13 and 15: of each as it stands."""
        if one.state is State.EMBARGOED:
            assert one.released_at is not None
            assert one.hold_until <= one.released_at < one.embargo_until <= one.released_at + MAX_EMBARGO, "8"
            ends = [one.embargo_until, *(party.over_at or party.until for party in one.upstreams)]
            is_due = all(end is not None and end <= now for end in ends)
            assert not is_due or not self.by_clock, "9, 32: past max(T, U)"
        if one.state is State.HELD:
            assert now < one.embargo_until, "6: nothing is held past its date"
            assert one.stopped or now < one.hold_until, "9: nothing is held past its hold"
            assert not one.unapproved, "two people: held without the second one"
        if one.state is State.LIFTED:
            assert one.cause in {"clock", "public", "exploited", "leaked", "ready", "other"}, "15"
            ended = one.ended_at or now
            is_early = ended < one.embargo_until or any((party.over_at or now) > ended for party in one.upstreams)
            assert one.cause != "clock" or not is_early, "12, 15"
            assert one.cause != "clock" or self.by_clock, "15: lifted by the clock where a coordinator has to"
        assert one.fact_public_at is None or one.state not in OPEN, "13: it is public, and still kept secret"
        assert one.fact_exploit_at is None or one.fact_public_at is not None, "an exploit is public: so is the flaw"

    def changed_by_right(self, before: Disclosure, one: Disclosure, seen: Seen) -> None:
        """3a, 10, 14 and 27: who may change what, whatever else happens."""
        if self.by not in BY_COORDINATORS:
            assert one.scope == before.scope, f"14: its scope changed, by {self.by}"
            assert one.hold_until == before.hold_until or self.by == "operator", f"14: its hold changed, by {self.by}"
            grown = (one.admitted or NOBODY) - (before.admitted or NOBODY)
            assert not grown or before.admitted is None, "27: an audience grows by a coordinator's line"
        elif one.id not in self.steered:
            assert one.embargo_until == before.embargo_until, "10: another one's date changed"
        if one.embargo_until != before.embargo_until:
            self.date_moved(before, one, seen)
        if one.state is not before.state and self.by not in BY_COORDINATORS | {"clock"}:
            is_clock = one.state in {State.EMBARGOED, State.PENDING, State.CLOSED} or one.cause == "clock"
            is_reopened = (before.state, one.state) == (State.CLOSED, State.LIFTED)  # by a leak, from anybody
            assert is_clock or is_reopened, f"14: {before.state} -> {one.state} by {self.by}"
        assert before.stopped or not one.stopped or self.by in {"stop", "operator"}, "3a"
        self.two_people(before, one)

    def two_people(self, before: Disclosure, one: Disclosure) -> None:
        """What a list leaves to two happens in the step in which the second one agrees."""
        if self.by == "approval":
            return
        assert not (before.unapproved and one.state is State.HELD), "two people: approved by nobody"
        if "lift" in self.two and before.state in OPEN and one.state is State.LIFTED:
            known = one.fact_public_at is not None and before.fact_public_at is None
            assert one.cause == "clock" or known, f"two people: lifted by {self.by} alone"
        if "lift" in self.two and before.state is State.EMBARGOED and one.state is State.EMBARGOED:
            assert one.embargo_until >= before.embargo_until, "two people: an earlier date by one alone"
        if "widen" in self.two and before.admitted is not None:
            assert not one.admitted - before.admitted, "two people: a wider scope by one alone"

    def date_moved(self, before: Disclosure, one: Disclosure, seen: Seen) -> None:
        """10, 11 and 12: by a coordinator before members have it, or where he decides; else by agreement."""
        assert before.state in OPEN, "10: a date of what is over"
        if before.state is not State.EMBARGOED:
            assert self.by in BY_COORDINATORS, f"10: its date changed, by {self.by}"
            return
        assert one.embargo_until > seen.now, "10: a date that has gone by"
        assert before.fact_attacks_at is None or one.embargo_until < before.embargo_until, "15: later, under attack"
        is_earlier = one.embargo_until < before.embargo_until
        assert not is_earlier or one.embargo_until >= seen.now + MIN_NOTICE, "10: too short notice"
        if not self.by_agreement:
            assert self.by in BY_COORDINATORS, f"10: its date changed, by {self.by}"
            return
        agreed = [plan for plan in seen.proposals[one.id] if plan.fate is Fate.AGREED and plan.at == one.embargo_until]
        assert agreed, "10: nobody agreed to that date"
        assert agreed[-1].id in self.confirmed, "12: no coordinator confirmed it; silence never extends"
        if not is_earlier:
            against = {ORGS[vote.org] for vote in agreed[-1].votes if not vote.agrees}
            inside = {who for who in MEMBERS if is_inside(seen.people[address_of(who)], before)}
            assert not against & inside, "12: one objection defeats a later date"

    def votes_count_once(self, seen: Seen) -> None:
        """11 and 19: votes change by a member's own word, in that step; and one proposal is open at a time."""
        counted = {}
        for plans in seen.proposals.values():
            assert sum(plan.fate is Fate.OPEN for plan in plans) <= 1, "two proposals are open"
            for plan in plans:
                orgs = {vote.org: vote.agrees for vote in plan.votes}
                assert len(orgs) == len(plan.votes), "11: two votes of one organisation"
                counted[plan.id] = orgs
                before = self.votes.get(plan.id, {})
                if orgs == before:
                    continue
                assert self.voting is not None, f"11: {before} -> {orgs}, and nobody voted"
                who, proposal, agrees = self.voting
                assert proposal in {plan.id, None}, "11: a vote on another proposal"
                assert orgs == {**before, PEOPLE[who]: agrees}, f"11: {before} -> {orgs} by {who}, {agrees}"
        self.votes = counted

    @staticmethod
    def facts_grow(before: Disclosure, one: Disclosure) -> None:
        for was, now in (
            (before.fact_public_at, one.fact_public_at),
            (before.fact_exploit_at, one.fact_exploit_at),
            (before.fact_attacks_at, one.fact_attacks_at),
            (before.released_at, one.released_at),
        ):
            assert was is None or was == now, "what is known is forgotten, or dated anew"

    def in_cases(self, cases: dict[str, LeakRecord]) -> None:
        """Rows 16 to 18, and 20: none is lost, none ends without a coordinator's word, none gets lighter."""
        grave = [str(outcome) for outcome in Outcome]
        for name, before in self.cases_before.items():
            case = cases[name]
            assert case.disclosure_id == before.disclosure_id or before.disclosure_id is None, "22: bound elsewhere"
            if before.outcome is not None and before.outcome != case.outcome:
                assert grave.index(case.outcome or "") > grave.index(before.outcome), "an outcome got lighter"
            if case.state != before.state and self.by not in BY_COORDINATORS:
                is_told = (before.state, case.state, self.by) == ("assessed", "closed", "reporter")
                assert is_told, f"{before.state} -> {case.state} by {self.by}"
        for case in cases.values():
            assert (case.retrospective == "due") == (case.state == "assessed"), "17: what was learnt is due, or not"
            assert case.outcome is not None or case.state in {"quarantined", "open"}, "ended without a word"

    def read_new(self, seen: Seen) -> None:
        """Read what left since the last step, each with its reader's keys, and ask who may read it."""
        who_is = {address_of(who): who for who in self.inboxes}
        for kept in self.house.hop.kept[self.read_to :]:
            who, person = who_is[kept.recipient], seen.people[kept.recipient]
            assert b"canary" not in kept.raw, "1: a canary in clear"
            assert b"ED-2" not in kept.raw, "29: the disclosure is named outside the encryption"
            header = HEADER.search(kept.raw)
            assert header is not None
            if self.in_clear(kept, who):
                self.inboxes[who].take((header[1].decode(), kept.raw.decode(), kept))
                continue
            named = self.house.named(kept)
            assert {self.owners[one] for one in named} == {who}, "3: sealed to somebody else"
            usable = {key.fingerprint for key in person.usable_keys(kept.at)}
            assert set(named) <= usable, "28: sealed to a key that is not pinned and good"
            text = self.house.inside(kept, who)
            if who not in COORDINATORS:
                for word in CANARY.findall(text):
                    self.may_read(word, who, person, seen.found, kept)
            self.inboxes[who].take((header[1].decode(), text, kept))
        self.read_to = len(self.house.hop.kept)

    def in_clear(self, kept: Kept, who: str) -> bool:
        """Whether a mail is none that has to be sealed; here each has to be."""
        assert b"-----BEGIN PGP MESSAGE" in kept.raw, f"1: in clear to {who}"
        return False

    def may_read(self, word: str, who: str, person: Person, found: dict[str, Disclosure], kept: Kept) -> None:
        secret = self.secrets[word]
        if secret.by == who:
            return
        assert secret.readers is None or who in secret.readers, f"{word} must never reach {who}: 2, 21, 27a"
        assert secret.disclosure is not None, f"2: {word} is of no disclosure"
        one = found[secret.disclosure]
        assert one.state in OUT, f"7: it is {one.state}"
        since = one.released_at or one.ended_at  # row 14: lifted unsent, and a text that a coordinator ordered anew
        assert since is not None, "5: before its release"
        is_sent_at_once = since == one.ended_at  # row 13: a coordinator sends what is held, and lifts
        assert one.hold_until <= since or is_sent_at_once, "5: before its hold"
        assert since <= kept.at, "5: before its release"
        assert person.standing is Standing.ACTIVE, f"24: {who} is {person.standing}"
        self.is_let_in(one, who, person, kept.at)

    def is_let_in(self, one: Disclosure, who: str, person: Person, at: datetime) -> None:
        """2: whoever reads it at ``at`` is in its audience."""
        assert person.id in (one.admitted or NOBODY), f"2: {who} is not in the audience"

    def told_of_the_lift(self, seen: Seen) -> None:
        """26: whoever is bound is told once, and nobody before."""
        assert len(seen.lifts) == len(set(seen.lifts)), "26: told twice"
        told: dict[str, set[str]] = {}
        for name, address in seen.lifts:
            told.setdefault(name, set()).add(address)
        for name in told:
            assert seen.found[name].state in OVER, "26: told before"
        for one in seen.found.values():
            if one.state not in OVER or one.ended_at is None or one == self.before.get(one.id):
                continue
            bound = {
                address_of(who)
                for who in self.inboxes
                if who not in COORDINATORS
                for _, text, kept in self.inboxes[who].mails
                if kept.at < one.ended_at
                for word in CANARY.findall(text)
                if self.secrets[word].disclosure == one.id and self.secrets[word].binds and self.secrets[word].by != who
            }
            missed = bound - told.get(one.id, set())
            assert not missed, f"26: bound and never told: {missed}"

    def milestones(self, seen: Seen) -> None:
        """Count what was reached: rules that lead nowhere would hold every invariant."""
        for one in seen.found.values():
            before = self.before.get(one.id)
            if before is None or before == one:
                continue
            if before.state is not one.state:
                reached[f"{before.state} -> {one.state}"] += 1
                reached[f"lifted: {one.cause}"] += one.state is State.LIFTED
            is_moved = before.state is State.EMBARGOED and one.embargo_until != before.embargo_until
            later = "later" if one.embargo_until > before.embargo_until else "earlier"
            reached[f"a {later} date, {'agreed' if self.by_agreement else 'decided'}"] += is_moved
            reached["attacks are seen"] += one.fact_attacks_at != before.fact_attacks_at
            reached["let in later"] += before.admitted is not None and before.admitted != one.admitted
            reached["done by two"] += self.by == "approval"
        for name, case in seen.cases.items():
            was = self.cases_before[name].state if name in self.cases_before else "reported"
            reached[f"a case: {was} -> {case.state}"] += was != case.state
        for plans in seen.proposals.values():
            for plan in plans:
                reached[f"a proposal: {plan.fate}"] += self.fates.get(plan.id) != plan.fate
                self.fates[plan.id] = plan.fate

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
