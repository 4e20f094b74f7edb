"""What is told of a disclosure: refusals that fit the moment, and better dates that would be accepted."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from policy.calendars import Calendar, parse_window
from policy.disclosure import BESIDE, ROWS, Event, Refusal, Remarks, Rules, judge_sending, move, remarks
from policy.facts import Disclosure, State
from policy.reasons import Reason

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)  # a Sunday
DAY = timedelta(days=1)
CALENDAR = Calendar("UTC", "2nd tuesday 17:00", 7 * DAY, parse_window("mon-thu"))
RULES = Rules("UTC", timedelta(), 90 * DAY, timedelta(), calendar=CALENDAR)


def disclosure(state: State = State.HELD, hold: float = 1, embargo: float = 14) -> Disclosure:
    hold_until, embargo_until = NOW + hold * DAY, NOW + embargo * DAY
    released = hold_until if state is State.EMBARGOED else None
    return Disclosure(
        "ED-2026-K7QX", "l", state, 1, "a@x.example", "A", NOW, hold_until, embargo_until, "RED", "all",
        released_at=released,
    )  # fmt: skip


# What leads where, in the order of STATES: a row that is lost or led elsewhere is lost here as well.
LEADS = """
- post held, post-unapproved pending
pending approve held, new-date held, stop pending, change pending, withdraw withdrawn, follow-up pending
pending upstream pending, fact-public lifted, fact-attacks pending, leak pending
held hold-over embargoed, stop held, go held, date-passed pending, new-date held, change held, withdraw withdrawn
held follow-up held, upstream held, send-and-lift lifted, fact-public lifted, fact-attacks held, leak held
embargoed withdraw withdrawn, follow-up embargoed, change embargoed, date-asked embargoed, vote embargoed
embargoed date-agreed embargoed, new-date embargoed, date-stands embargoed, date-reached lifted, lift-asked embargoed
embargoed date-countered embargoed, share embargoed
embargoed upstream embargoed, lift-now lifted, fact-public lifted, fact-attacks embargoed, leak embargoed
lifted follow-up lifted, upstream lifted, publish lifted, leak lifted, close closed
closed leak lifted
withdrawn leak withdrawn
"""


def test_each_event_leads_where_the_specification_says_and_nowhere_else() -> None:
    expected = set()
    for line in LEADS.strip().splitlines():
        source, _, ways = line.partition(" ")
        expected |= {(None if source == "-" else source, *way.split()) for way in ways.split(", ")}

    assert {(row.source, row.event, row.target) for row in ROWS} == expected
    assert len(ROWS) == len(expected)
    assert [row.number for row in BESIDE] == ["17", "18", "22", "23"]


@pytest.mark.parametrize("over", [State.LIFTED, State.CLOSED, State.WITHDRAWN])
def test_what_is_over_has_no_embargo_to_lift_and_anything_else_is_refused_in_its_own_words(over: State) -> None:
    assert move(over, Event.LIFT_NOW) == Refusal(f"there is no embargo to lift any more (it is {over})")
    assert move(over, Event.STOP) == Refusal(f"there is no release to stop any more (it is {over})")


def test_what_two_have_to_agree_to_is_refused_with_that_reason_and_anything_else_as_lines() -> None:
    waiting = judge_sending(replace(disclosure(State.PENDING), unapproved=True), NOW)
    late = judge_sending(disclosure(embargo=-1), NOW)

    assert isinstance(waiting, Refusal)
    assert isinstance(late, Refusal)
    assert (waiting.reason, late.reason) == (Reason.TWO_PERSON, Reason.CONTROL_LINES)


def test_patch_days_that_were_skipped_are_something_to_say() -> None:
    assert Remarks(skipped=(NOW,))
    assert not Remarks(before=NOW, after=NOW)


def test_a_date_that_leaves_just_the_lists_lead_is_not_too_early() -> None:
    assert remarks(disclosure(hold=1, embargo=8), RULES, NOW) == Remarks()


def test_the_preferred_length_is_counted_from_the_release_as_it_was() -> None:
    late = replace(disclosure(State.EMBARGOED, -9, 9), released_at=NOW - 2 * DAY)
    rules = replace(RULES, preferred_embargo=10 * DAY)

    assert remarks(late, rules, NOW).preferred == NOW + 8 * DAY


@pytest.mark.parametrize(
    ("found", "notice", "before"),
    [
        pytest.param(disclosure(State.EMBARGOED, -1, 6), 2, 4, id="members have it: with the notice that they need"),
        pytest.param(disclosure(State.EMBARGOED, -1, 6), 4.5, None, id="members have it: none within the notice"),
        pytest.param(disclosure(State.HELD, 1, 6), 4.5, 4, id="held: nobody needs notice"),
        pytest.param(disclosure(State.HELD, 5, 6), 0, None, id="held: none before members get it"),
        pytest.param(disclosure(State.HELD, -3, 0.1), 0, None, id="held by its stop: none that has gone by"),
    ],
)
def test_the_better_date_before_it_would_be_accepted(found: Disclosure, notice: float, before: float | None) -> None:
    told = remarks(found, replace(RULES, min_notice=notice * DAY), NOW)

    assert told.objection
    assert told.before == (None if before is None else NOW + before * DAY)
