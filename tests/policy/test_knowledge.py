"""Facts of a disclosure: what each implies, what it brings about, and that they only ever grow."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy.disclosure import Refusal, Rules, judge_new_date, move
from policy.facts import CopyState, Disclosure, State
from policy.knowledge import EVENTS, LIFTS_AS, FactKind, is_out, known_since, learnt, told_cause, was_read
from policy.upstream import DETAILS

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
RULES = Rules("UTC", timedelta(minutes=10), timedelta(days=90), timedelta(0))


def disclosure(state: State = State.HELD, hold: float = 1, embargo: float = 14) -> Disclosure:
    """One whose hold and date are so many days from now."""
    instants = (NOW, NOW + timedelta(days=hold), NOW + timedelta(days=embargo))
    return Disclosure("ED-2026-K7QX", "l", state, 1, "a@x.example", "A", *instants, "RED", "all")


@pytest.mark.parametrize(
    ("kind", "known"),
    [
        pytest.param(FactKind.PUBLIC, {FactKind.PUBLIC}, id="public"),
        pytest.param(FactKind.EXPLOIT, {FactKind.PUBLIC, FactKind.EXPLOIT}, id="an exploit is public with the thing"),
        pytest.param(FactKind.ATTACKS, {FactKind.ATTACKS}, id="attacks say nothing of what is public"),
    ],
)
def test_a_fact_implies(kind, known):
    after = learnt(disclosure(), kind, NOW)

    assert {one for one in FactKind if known_since(after, one)} == known


@pytest.mark.parametrize(
    ("state", "public", "attacks"),
    [
        (State.PENDING, State.LIFTED, State.PENDING),
        (State.HELD, State.LIFTED, State.HELD),
        (State.EMBARGOED, State.LIFTED, State.EMBARGOED),
        (State.LIFTED, None, None),
        (State.CLOSED, None, None),
        (State.WITHDRAWN, None, None),
    ],
)
def test_what_a_fact_brings_about(state, public, attacks):
    for kind, expected in ((FactKind.PUBLIC, public), (FactKind.EXPLOIT, public), (FactKind.ATTACKS, attacks)):
        found = move(state, EVENTS[kind])
        assert (None if isinstance(found, Refusal) else found) is expected


@pytest.mark.parametrize(("days", "refused"), [(15, True), (14, False), (13, False), (1, False)])
def test_with_attacks_seen_no_later_date_is_possible(days, refused):
    found = replace(disclosure(State.EMBARGOED, -1, 14), fact_attacks_at=NOW)

    assert isinstance(judge_new_date(found, NOW + timedelta(days=days), RULES, NOW), Refusal) is refused


@given(st.lists(st.sampled_from(FactKind), max_size=6))
def test_facts_only_ever_grow_and_keep_their_first_instant(kinds):
    found = disclosure()
    for step, kind in enumerate(kinds):
        after = learnt(found, kind, NOW + timedelta(hours=step))
        assert all(known_since(after, one) == since for one in FactKind if (since := known_since(found, one)))
        assert known_since(after, kind) is not None
        found = after


@pytest.mark.parametrize(
    ("first", "then", "since"),
    [
        (FactKind.PUBLIC, FactKind.PUBLIC, {FactKind.PUBLIC: 0}),
        (FactKind.PUBLIC, FactKind.EXPLOIT, {FactKind.PUBLIC: 0, FactKind.EXPLOIT: 1}),
        (FactKind.EXPLOIT, FactKind.EXPLOIT, {FactKind.PUBLIC: 0, FactKind.EXPLOIT: 0}),
        (FactKind.EXPLOIT, FactKind.PUBLIC, {FactKind.PUBLIC: 0, FactKind.EXPLOIT: 0}),
        (FactKind.ATTACKS, FactKind.ATTACKS, {FactKind.ATTACKS: 0}),
    ],
)
def test_a_fact_confirmed_again_is_known_since_the_first_time(first, then, since):
    after = learnt(learnt(disclosure(), first, NOW), then, NOW + timedelta(hours=1))

    known = {one: known_since(after, one) for one in FactKind if known_since(after, one)}
    assert known == {one: NOW + timedelta(hours=hours) for one, hours in since.items()}


@pytest.mark.parametrize(
    ("kinds", "cause", "told", "is_known"),
    [
        pytest.param([FactKind.EXPLOIT], LIFTS_AS[FactKind.EXPLOIT], "exploit", True, id="an exploit, no attacks"),
        pytest.param([FactKind.ATTACKS], "exploited", "exploited", True, id="attacks, and a coordinator lifts"),
        pytest.param([], "exploited", "exploited", True, id="a coordinator says so"),
        pytest.param([FactKind.PUBLIC], LIFTS_AS[FactKind.PUBLIC], "public", True, id="public"),
        pytest.param([FactKind.PUBLIC], "leaked", "leaked-public", True, id="a leak that is public"),
        pytest.param([FactKind.EXPLOIT], "leaked", "leaked-public", True, id="a leak, and an exploit is public"),
        pytest.param([], "leaked", "leaked", True, id="a leak"),
        pytest.param([], "public", "public", True, id="public, by a coordinator's order"),
        pytest.param([FactKind.ATTACKS], "clock", "clock", True, id="attacks, and its date came"),
        pytest.param([], "clock", "clock", False, id="its date came"),
        pytest.param([], "ready", "ready", False, id="ready"),
        pytest.param([], None, "", False, id="not lifted"),
    ],
)
def test_a_lift_is_told_as_no_more_than_is_known(kinds, cause, told, is_known):
    lifted = replace(disclosure(State.LIFTED), cause=cause, ended_at=NOW if cause else None)
    for kind in kinds:
        lifted = learnt(lifted, kind, NOW)

    assert (told_cause(lifted), is_out(lifted)) == (told, is_known)


@pytest.mark.parametrize("cause", ["exploited", "leaked"])
def test_what_is_known_after_the_lift_changes_nothing_of_its_cause(cause):
    lifted = replace(disclosure(State.LIFTED), cause=cause, ended_at=NOW)
    after = learnt(lifted, FactKind.EXPLOIT, NOW + timedelta(seconds=1))

    assert told_cause(after) == cause
    assert is_out(learnt(replace(lifted, cause="clock"), FactKind.PUBLIC, NOW + timedelta(days=1)))
    assert told_cause(replace(after, ended_at=None)) == cause


@pytest.mark.parametrize("state", list(CopyState))
def test_only_what_was_sent_in_full_was_read_beyond_doubt(state):
    assert was_read(state, ()) is was_read(state, ("2", "3")) is (state is CopyState.SENT)
    assert not was_read(state, ("2", DETAILS))
