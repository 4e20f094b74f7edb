"""Third parties' embargoes: they hold, with a date or without one, details are let go, and they end."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from machine.house import COORDINATORS
from machine.life import NOBODY, OPEN, Seen, reached
from machine.rules import DATES, HOLDS, BadDay, coordinator, mails, pick
from policy.facts import Disclosure, Person, State, Upstream, UpstreamMode

MODES = (("envoy", "mechanics"), ("kernel", "case-by-case"), ("cloud", "inherit"))
names = st.sampled_from(("envoy", "envoy", "kernel", "cloud"))
ends = st.sampled_from((" until +3h", " until +2d", " until +20d", ""))


def hides(disclosure: Disclosure) -> tuple[Upstream, ...]:
    """Those embargoes that keep details back, whatever anybody let go."""
    found = (one for one in disclosure.upstreams if one.over_at is None)
    return tuple(one for one in found if one.mode is not UpstreamMode.INHERIT)


class ThirdParties(BadDay):
    """All of that, where a third party may have a word."""

    more = (("upstreams", MODES),)

    def set_up(self, **how: Any) -> None:
        super().set_up(**how)
        self.writers: dict[str, str] = {}  # of each secret
        self.openers: defaultdict[str, set[str]] = defaultdict(set)  # who ever wrote that details may go, of each

    def canary(
        self, by: str, disclosure: str | None, readers: frozenset[str] | None = NOBODY, *, binds: bool = True
    ) -> str:
        word = super().canary(by, disclosure, readers, binds=binds)
        self.writers[word] = by
        return word

    @rule(
        target=mails,
        who=coordinator,
        hold=st.sampled_from(HOLDS[:3]),
        date=st.sampled_from(DATES[:3]),
        name=names,
        end=ends,
    )
    def post_under(self, who: str, hold: str, date: str, name: str, end: str) -> bytes:
        lines = f"Upstream: {name}{end}\nMechanics-Version: 1.2.3\nMechanics-Action: upgrade\n"
        return self.post(who, hold, date, lines, restricted=False)

    @precondition(lambda self: self.has_read(COORDINATORS) and bool(self.before))
    @rule(
        target=mails,
        who=coordinator,
        which=pick,
        name=names,
        word=st.one_of(ends, st.sampled_from((" over", " over", " details"))),
        order=st.sampled_from(("", "", "Lift: now\n", "Send-To: audience\n")),
    )
    def upstream(self, who: str, which: int, name: str, word: str, order: str) -> bytes:
        return self._write(who, which, f"Upstream: {name}{word}\n{order}", lets_go=word == " details")

    @precondition(lambda self: self.has_read(COORDINATORS) and any(hides(one) for one in self.before.values()))
    @rule(target=mails, who=coordinator, which=pick, number=st.sampled_from((1, 1, 1, 2, 3)))
    def lets_go(self, who: str, which: int, number: int) -> bytes:
        under = sorted(name for name, one in self.before.items() if hides(one))
        name = under[which % len(under)]
        self.openers[name].add(who)
        return self._write(who, which, f"Approve: {name}/{number}\n", about=name)

    def _write(self, who: str, which: int, lines: str, *, lets_go: bool = False, about: str | None = None) -> bytes:
        who = self.reader(who, COORDINATORS)
        read = self.inboxes[who].mails
        within = [at for at, mail in enumerate(reversed(read)) if about is not None and about in mail[1]]
        header, subject = self.answered(who, within[0] if within else which)
        disclosure, _ = self.disclosure_of(header)
        if lets_go and disclosure:
            self.openers[disclosure].add(who)
        self.steered = frozenset({disclosure or ""})
        raw = self.house.letter(who, f"{lines}\n", subject=f"Re: {subject}", answers=header)
        return self.send(raw, "coordinator")

    # --- what holds ---------------------------------------------------------------------------------

    def may_read(self, word: str, who: str, person: Person, found: dict[str, Disclosure], kept: Any) -> None:
        super().may_read(word, who, person, found, kept)
        secret = self.secrets[word]
        if secret.by == who or not hides(found[secret.disclosure or ""]):
            return
        others = self.openers[secret.disclosure or ""] - {self.writers[word]}
        assert others, f"16: {word} reached {who}, and a third party's embargo holds"
        reached["details are let go, and read"] += 1

    def changed_by_right(self, before: Disclosure, one: Disclosure, seen: Seen) -> None:
        super().changed_by_right(before, one, seen)
        holds = [party for party in one.upstreams if party.over_at is None]
        if before.state in OPEN and one.state is State.LIFTED and one.fact_public_at is None:
            assert not holds, f"13: lifted ({one.cause}), and the embargo of {holds[0].name} holds"
        if one.upstreams != before.upstreams:
            assert self.by in {"clock", "coordinator", "approval"}, f"14: an upstream changed, by {self.by}"
        anew = {party.name: party for party in one.upstreams}
        for party in hides(before):
            by_date = anew[party.name].over_at in {None, party.until}
            assert by_date or "widen" not in self.two or self.by != "coordinator", "two people: over by one alone"

    def milestones(self, seen: Seen) -> None:
        super().milestones(seen)
        for one in seen.found.values():
            before = self.before.get(one.id)
            was = {party.name: party.over_at is None for party in before.upstreams} if before else {}
            for party in one.upstreams:
                if party.over_at is None:
                    reached[f"an upstream holds ({party.mode})"] += not was.get(party.name, False)
                elif was.get(party.name, True):
                    reached[f"an upstream is over by {'its date' if self.by == 'clock' else 'word'}"] += 1
