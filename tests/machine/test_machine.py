"""Whatever happens, in whatever order: the invariants of a disclosure hold, after each of fifty steps."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from gateway.mail.compose import Letter, outer
from gateway.notices.common import Notice
from gateway.notices.leak import leak_acknowledged, leak_notice
from gateway.relay import Deferred
from gateway.sending.content import queue_for_members
from gateway.sending.outcome import settle
from machine.asked import Asked
from machine.house import PEOPLE, House
from machine.life import NOBODY, reached
from policy.facts import Person
from policy.proposals import Fate, Proposal, Vote

IS_LONG = bool(os.environ.get("EMBARGO_TEST_LONG"))
SHARDS, RUNS, STEPS = (8, 250, 50) if IS_LONG else (2, 2, 20)
# Smaller steps to the same violation are looked for only when somebody waits for them: ids are drawn anew each time.
PHASES = {Phase.explicit, Phase.generate} | ({Phase.shrink} if os.environ.get("EMBARGO_TEST_SHRINK") else set())


@pytest.mark.timeout(7200)
@pytest.mark.parametrize("shard", range(SHARDS))
def test_whatever_happens_the_invariants_hold(shard: int) -> None:
    how = settings(
        max_examples=RUNS,
        stateful_step_count=STEPS,
        deadline=None,
        database=None,
        phases=PHASES,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(seed(shard)(Asked), settings=how)
    sys.stdout.writelines(f"{count:6} {what}\n" for what, count in sorted(reached.items()) if count)


async def _nobody(*_: Any) -> tuple[Person, ...]:
    return ()


async def _untold(*_: Any, **__: Any) -> None:
    """A step that leaves no record."""


async def _all_but_one(
    parts: Any, tx: Any, setting: Any, opened: Any, people: Any, *rest: Any, **more: Any
) -> tuple[Person, ...]:
    return await queue_for_members(parts, tx, setting, opened, people[:-1], *rest, **more)


async def _all_alike(parts: Any, tx: Any, ended: Any, jitter: Any) -> None:
    """A round is as good as the worst of it."""
    worst = next((one.result for one in ended if isinstance(one.result, Deferred)), None)
    await settle(parts, tx, [replace(one, result=worst or one.result) for one in ended], jitter)


def _with_its_words(*of: Any) -> Notice:
    notice = leak_acknowledged(*of)
    return replace(notice, text=f"{notice.text}> canary3x\n")


def _with_who(disclosure: Any, subject: str, *of: Any, **more: Any) -> Notice:
    notice = leak_notice(disclosure, subject, *of, **more)
    return replace(notice, text=f"{notice.text}Reported by {PEOPLE['south']}.\n")


def _to_all(letter: Letter, *, to: str, ciphertext_armored: bytes) -> bytes:
    return b"Cc: member-west@west.example\r\n" + outer(letter, to=to, ciphertext_armored=ciphertext_armored)


def _twice(proposal: Proposal, voter: Person, now: datetime, *, agrees: bool) -> Proposal:
    return replace(proposal, votes=(*proposal.votes, Vote(voter.id, voter.name, agrees, now)))


def _at_once(proposal: Proposal, *_: Any) -> Fate:
    return Fate.AGREED if any(vote.agrees for vote in proposal.votes) else Fate.OPEN


def _withheld(life: Asked) -> None:
    life.post("alice", "Hold-Until: now\n", "Embargo-Until: +3d\n", "Scope: all\n", True)
    life.time_passes(3600)


def _bound(life: Asked) -> None:
    life.time_passes(5 * 86400)


def _voted(life: Asked) -> None:
    life.propose("north", 0, "+10d")
    life.holds()
    life.vote("south", 0, True)
    life.holds()
    life.vote("south", 0, False)


def _agreed(life: Asked) -> None:
    life.propose("north", 0, "+10d")
    life.holds()
    life.vote("south", 0, True)


def _lifted(life: Asked) -> None:
    life.steer("alice", 0, "Lift: now\n", False)


def _posted(life: Asked) -> None:
    life.post("alice", "Hold-Until: now\n", "Embargo-Until: +3d\n", "", False)
    life.time_passes(3600)


def _slow_for_one(life: Asked) -> None:
    life.the_relay_is("south busy")
    life.holds()
    _posted(life)


def _leaked(life: Asked) -> None:
    life.leak("south", 0)


def _held_by_another(life: Asked) -> None:
    life.upstream("alice", 0, "envoy", " until +2d", "")


def _kept_back(life: Asked) -> None:
    life.post_under("alice", "Hold-Until: now\n", "Embargo-Until: +3d\n", "envoy", " until +20d")
    life.time_passes(3600)


def _under_another(life: Asked) -> None:
    life.upstream("alice", 0, "envoy", "", "")
    life.holds()
    life.steer("alice", 0, "Lift: now\n", False)
    life.holds()
    life.approve("adam", 0)


def _not_accepted(life: Asked) -> None:
    life.asks_to_share("north", 0, "helen", "")
    life.holds()
    life.decides("adam", 0, "Approve")
    life.holds()
    life.steer("alice", 0, "Send-To: audience\n", True)


@pytest.mark.parametrize(
    ("guard", "without", "act", "law"),
    [
        pytest.param(
            "gateway.sending.content.withheld_names",
            lambda *_: NOBODY,
            _withheld,
            "must never reach west",
            id="restrict",
        ),
        pytest.param("gateway.release.bound_people", _nobody, _bound, "26: bound and never told", id="the lift"),
        pytest.param("policy.proposals.voted", _twice, _voted, "11: two votes", id="one vote"),
        pytest.param("policy.proposals.fate_of", _at_once, _agreed, "12: no coordinator", id="confirmation"),
        pytest.param(
            "policy.upstream.restricting", lambda _: (), _kept_back, "16: canary", id="what a third party keeps back"
        ),
        pytest.param(
            "policy.upstream.why_not_yet", lambda _: None, _under_another, "13: lifted", id="max(T, U), by hand"
        ),
        pytest.param(
            "policy.facts.Grant.is_live", lambda *_: True, _not_accepted, "25: nothing lets helen in", id="the terms"
        ),
        pytest.param(
            "gateway.kept.approvals.needs_second", lambda *_: False, _lifted, "two people: lifted", id="two people"
        ),
        pytest.param(
            "gateway.sending.content.queue_for_members", _all_but_one, _posted, "4: skipped in silence", id="everybody"
        ),
        pytest.param("gateway.release.transition", _untold, _held_by_another, "31: the trail says", id="the trail"),
        pytest.param("gateway.sending.outcome.settle", _all_alike, _slow_for_one, "30: not one of", id="each alone"),
        pytest.param("gateway.mail.compose.outer", _to_all, _posted, "29: outside the encryption", id="who else"),
        pytest.param("gateway.notices.leak.leak_notice", _with_who, _leaked, "29: .* of another member", id="who told"),
        pytest.param("gateway.notices.leak.leak_acknowledged", _with_its_words, _leaked, "21: an ack", id="no quote"),
    ],
)
def test_without_one_guard_the_machine_finds_it(
    monkeypatch: pytest.MonkeyPatch, guard: str, without: Any, act: Callable[[Asked], None], law: str
) -> None:
    life = Asked()
    life.begins(
        seal="each",
        discussion="audience",
        change="agreement",
        two=("lift",),
        lift="clock",
        hold="Hold-Until: now\n",
        date="Embargo-Until: +3d\n",
        restricted=False,
        is_out=True,
    )
    try:
        life.holds()
        monkeypatch.setattr(guard, without)
        with pytest.raises(AssertionError, match=law):
            act(life)
            life.holds()
    finally:
        life.house.close()


def begun(**how: Any) -> Asked:
    """A life whose first disclosure is out."""
    life = Asked()
    first = {"seal": "each", "discussion": "audience", "change": "coordinators", "two": (), "lift": "clock"}
    life.begins(hold="Hold-Until: now\n", date="Embargo-Until: +3d\n", restricted=False, is_out=True, **first | how)
    life.holds()
    return life


def test_a_notice_that_waits_tells_no_more_than_a_third_party_lets_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(House.letter.__kwdefaults__, "subject", "The public date")  # as its notices say, too
    life = begun()
    life.the_relay_is("busy")
    life.leak("south", 0)
    life.holds()
    life.steer("alice", 0, "Embargo-Until: +14d\n", says=False)
    life.holds()
    life.upstream("alice", 0, "envoy", " until +2d", "")
    life.power_cut()
    life.holds()
    life.time_passes(3600)
    life.holds()
    told = [text for _, text, _ in life.inboxes["north"].mails[1:]]
    assert any("What leaked, to whom and when is not told" in text for text in told)
    assert any("New public date: A release is being prepared" in text for text in told)
    assert any("The public date of ED-" in text for text in told), "what it says stays as it was"
    assert not any(": The public date\r" in text for text in told)
    life.house.close()


def test_what_is_said_among_coordinators_is_made_no_disclosure_by_a_date() -> None:
    life = begun()
    life.post("alice", "", "Embargo-Until: +200d\n", "", restricted=False)
    life.holds()
    life.steer("adam", 0, "Lift: now\n", says=True)
    life.holds()
    assert "no disclosure in this thread" in life.inboxes["adam"].mails[-1][1]
    known = life.known()
    life.steer("adam", 0, "Embargo-Until: +14d\n", says=False)
    life.holds()
    assert life.known() == known
    life.house.close()
