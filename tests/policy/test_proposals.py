"""Which public dates can be asked for at all."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy.acts import ProposeDate
from policy.control import read_block
from policy.disclosure import Event, Refusal, Rules
from policy.facts import Disclosure, Person, Role, Standing, State
from policy.orders import Surroundings, read_order
from policy.proposals import (
    Fate,
    Proposal,
    fate_of,
    find_open,
    judge_ballot,
    judge_confirmation,
    judge_proposal,
    missing_orgs,
    open_one,
    opened,
    still_confirmed,
    voted,
)
from policy.steering import SteerPlan, plan_steering

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
DAY = timedelta(days=1)
RULES = Rules("UTC", timedelta(minutes=10), 90 * DAY, 2 * DAY)
RELEASED, STANDS = NOW - DAY, NOW + 14 * DAY
FOUND = Disclosure(
    "ED-2026-K7QX",
    "l",
    State.EMBARGOED,
    1,
    "a@x.example",
    "A",
    RELEASED,
    RELEASED,
    STANDS,
    "RED",
    "all",
    released_at=RELEASED,
)
MEMBER = Surroundings(now=NOW, role="member", is_reply=True, hold_until=RELEASED, embargo_until=STANDS)


@pytest.mark.parametrize(
    ("at", "why"),
    [
        pytest.param(NOW + 20 * DAY, None, id="later"),
        pytest.param(RELEASED + 90 * DAY, None, id="as late as the list allows"),
        pytest.param(RELEASED + 90 * DAY + timedelta(seconds=1), "longer than this list allows", id="later than that"),
        pytest.param(NOW + 2 * DAY, None, id="earlier, with just the notice"),
        pytest.param(NOW + 2 * DAY - timedelta(seconds=1), "more notice", id="earlier, with too little"),
        pytest.param(NOW, "has gone by", id="now"),
        pytest.param(STANDS, "the public date that stands", id="what stands"),
    ],
)
def test_a_date_is_asked_for_only_where_it_could_be_granted(at: datetime, why: str | None) -> None:
    refusal = judge_proposal(FOUND, at, RULES, NOW)
    assert (refusal is None) if why is None else (refusal is not None and why in refusal.why)


@pytest.mark.parametrize("state", [state for state in State if state is not State.EMBARGOED])
def test_no_date_is_asked_for_where_members_don_t_have_it_or_it_is_over(state: State) -> None:
    refusal = judge_proposal(replace(FOUND, state=state), NOW + 20 * DAY, RULES, NOW)
    assert refusal is not None
    assert f"(it is {state})" in refusal.why


@pytest.mark.parametrize("since", [-timedelta(seconds=1), timedelta(), DAY])
def test_once_its_date_has_come_no_list_can_agree_on_another_one_though_its_coordinators_may_name_it(
    since: timedelta,
) -> None:
    now = STANDS + since
    refusal = judge_ballot(FOUND, NOW + 20 * DAY, RULES, now)
    assert (refusal is None) == (now < STANDS)
    assert refusal is None or "its public date has come" in refusal.why
    assert judge_proposal(FOUND, NOW + 20 * DAY, RULES, now) is None
    assert judge_ballot(FOUND, now, RULES, now) == judge_proposal(FOUND, now, RULES, now)


@given(st.integers(-200 * 24, 200 * 24))
def test_what_may_be_asked_for_a_coordinator_may_grant(hours: int) -> None:
    at = NOW + timedelta(hours=hours)
    if judge_proposal(FOUND, at, RULES, NOW) is None:
        block = read_block(f"Embargo-Until: {at:%Y-%m-%d %H:%M} UTC\n")
        order = read_order(block, replace(MEMBER, role="coordinator"))
        plan = plan_steering(order, FOUND, RULES, NOW)
        assert isinstance(plan, SteerPlan)
        assert plan.has(Event.NEW_DATE)
        assert plan.after.embargo_until == at


@pytest.mark.parametrize(
    ("text", "block"),
    [
        ("Propose-Embargo-Until: +20d\n", "Propose-Embargo-Until: +20d\n"),
        ("Embargo-Until: +20d\n", "Propose-Embargo-Until: +20d\n"),
    ],
)
def test_where_a_list_agrees_a_coordinator_proposes_too(text: str, block: str) -> None:
    agreed = replace(MEMBER, role="coordinator", by_agreement=True)
    order = read_order(read_block(text), agreed)
    assert (order.acts != ()) == (text == block)
    again = read_order(read_block(block if order.acts else order.corrected), agreed)
    assert again.acts == (ProposeDate(NOW + 20 * DAY, ""),)
    assert order.corrected == block


def test_once_attacks_are_seen_only_an_earlier_date_is_possible() -> None:
    seen = replace(FOUND, fact_attacks_at=NOW)
    later, earlier = judge_proposal(seen, NOW + 20 * DAY, RULES, NOW), judge_proposal(seen, NOW + 5 * DAY, RULES, NOW)
    assert later is not None
    assert "attacks" in later.why
    assert earlier is None


# --- votes --------------------------------------------------------------------------------------

ORGS = ("North", "South", "West")
AUDIENCE = tuple(
    Person(number, "l", Role.MEMBER, f"{org}@x.example", org, Standing.ACTIVE, frozenset(), ())
    for number, org in enumerate(ORGS, 1)
)
NORTH, SOUTH, WEST = AUDIENCE
ALICE = Person(9, "l", Role.COORDINATOR, "a@x.example", "Alice", Standing.ACTIVE, frozenset(), ())
WINDOW = 3 * DAY
LATER, EARLIER = NOW + 20 * DAY, NOW + 5 * DAY
END = NOW + WINDOW


def proposal(at: datetime, votes: str = "", confirmed: str = "") -> Proposal:
    """A coordinator's proposal with votes: "+-" is North for it and South against it."""
    made = opened("DP-2026-AAAA", FOUND, at, ALICE, WINDOW, NOW)
    for person, word in zip(AUDIENCE, votes, strict=False):
        made = made if word == "." else voted(made, person, NOW, agrees=word == "+")
    return replace(made, confirmed_by=confirmed)


@pytest.mark.parametrize(
    ("made", "now", "fate"),
    [
        pytest.param(proposal(LATER), NOW, Fate.OPEN, id="later, nothing said"),
        pytest.param(proposal(LATER, "+++"), NOW, Fate.OPEN, id="later, all for it, not confirmed"),
        pytest.param(proposal(LATER, "++.", "a"), NOW, Fate.OPEN, id="later, confirmed, one silent"),
        pytest.param(proposal(LATER, "+++", "a"), NOW, Fate.AGREED, id="later, confirmed, all for it"),
        pytest.param(proposal(LATER, "", "a"), END, Fate.AGREED, id="later, confirmed, window over"),
        pytest.param(proposal(LATER, "+++"), END, Fate.UNCONFIRMED, id="later, window over: silence never extends"),
        pytest.param(proposal(LATER, "++-", "a"), NOW, Fate.OBJECTED, id="later, one against it"),
        pytest.param(proposal(LATER, "-", "a"), END, Fate.OBJECTED, id="later, one against it, window over"),
        pytest.param(proposal(EARLIER, "---"), NOW, Fate.OPEN, id="earlier, all against it, not confirmed"),
        pytest.param(proposal(EARLIER, "---", "a"), NOW, Fate.AGREED, id="earlier, confirmed"),
        pytest.param(proposal(EARLIER, "", "a"), NOW, Fate.AGREED, id="earlier, confirmed, all silent"),
        pytest.param(proposal(EARLIER, "+++"), END, Fate.UNCONFIRMED, id="earlier, window over"),
        pytest.param(proposal(NOW + 2 * DAY, "", "a"), NOW + DAY, Fate.IMPOSSIBLE, id="earlier, the notice gone"),
        pytest.param(proposal(LATER, "+++", "a"), STANDS, Fate.IMPOSSIBLE, id="the date has come"),
    ],
)
def test_what_a_proposal_comes_to(made: Proposal, now: datetime, fate: Fate) -> None:
    assert fate_of(made, FOUND, AUDIENCE, RULES, now) is fate


GONE, PAUSED = replace(ALICE, standing=Standing.REMOVED), replace(ALICE, standing=Standing.SUSPENDED)


@pytest.mark.parametrize(
    ("by", "coordinators", "stands"),
    [
        pytest.param("a@x.example", (ALICE,), True, id="a coordinator"),
        pytest.param("A@x.example", (GONE, ALICE), True, id="however written"),
        pytest.param("operator", (), True, id="the operator, also where no coordinator is left"),
        pytest.param("a@x.example", (), False, id="nobody of the list"),
        pytest.param("a@x.example", (GONE,), False, id="who was removed"),
        pytest.param("a@x.example", (PAUSED,), False, id="who is suspended"),
        pytest.param("", (ALICE,), False, id="nobody"),
    ],
)
def test_a_confirmation_counts_while_whoever_gave_it_speaks_for_the_list(by, coordinators, stands) -> None:
    made = proposal(LATER, "+++", by)
    assert still_confirmed(made, coordinators) == replace(made, confirmed_by=by if stands else "")


@pytest.mark.parametrize(
    "found",
    [
        replace(FOUND, state=State.LIFTED),
        replace(FOUND, state=State.WITHDRAWN),
        replace(FOUND, embargo_until=STANDS + DAY),
        replace(FOUND, fact_attacks_at=NOW),
    ],
)
def test_a_later_date_falls_with_what_it_was_proposed_for(found: Disclosure) -> None:
    assert fate_of(proposal(LATER, "+++", "a"), found, AUDIENCE, RULES, NOW) is Fate.IMPOSSIBLE


def test_what_is_over_is_impossible_whoever_objected() -> None:
    assert fate_of(proposal(LATER, "-"), replace(FOUND, state=State.LIFTED), AUDIENCE, RULES, NOW) is Fate.IMPOSSIBLE


def test_who_proposes_a_date_has_agreed_and_the_date_that_stands_is_no_later_one() -> None:
    assert [(vote.org, vote.agrees) for vote in opened("DP-1", FOUND, LATER, NORTH, WINDOW, NOW).votes] == [
        ("North", True)
    ]
    assert [vote.org for vote in voted(proposal(LATER, "+"), ALICE, NOW, agrees=True).votes] == ["North", ""]
    assert not replace(proposal(LATER), at=STANDS).is_later


def test_one_vote_an_organisation_and_only_of_those_in_the_audience() -> None:
    second = replace(SOUTH, id=7, name="SOUTH")
    made = proposal(LATER, "+-")
    assert [vote.agrees for vote in voted(made, second, NOW, agrees=True).votes] == [True, True]
    without = (NORTH, WEST)
    assert fate_of(made, FOUND, without, RULES, NOW) is Fate.OPEN, "who is out of the audience has no say"
    assert missing_orgs(made, without) == ("West",)
    mine = opened("DP-2026-AAAA", FOUND, LATER, NORTH, WINDOW, NOW)
    assert missing_orgs(mine, AUDIENCE) == ("South", "West"), "who proposes it has agreed"


def test_only_the_open_one_is_found_and_named() -> None:
    old, new = replace(proposal(LATER), fate=Fate.SUPERSEDED), replace(proposal(EARLIER), id="DP-2026-BBBB")
    assert open_one((old, new)) is new
    assert find_open((old, new), new.id) is new
    for proposals, wanted, why in (
        ((old, new), old.id, "(superseded); the one that is open is DP-2026-BBBB"),
        ((old,), old.id, "none is open"),
        ((old, new), "DP-2026-CCCC", "there is no proposal DP-2026-CCCC"),
    ):
        refusal = find_open(proposals, wanted)
        assert isinstance(refusal, Refusal)
        assert why in refusal.why


@pytest.mark.parametrize(
    ("made", "now", "why"),
    [
        (proposal(LATER), NOW, None),
        (proposal(EARLIER, "---"), NOW, None),
        (proposal(LATER, "++"), NOW, None),
        (proposal(LATER, "+-"), NOW, "one objection"),
        (proposal(LATER), END, "window is over"),
        (proposal(NOW + 2 * DAY), NOW + DAY, "more notice"),
    ],
)
def test_a_coordinator_confirms_what_can_come_to_stand(made: Proposal, now: datetime, why: str | None) -> None:
    refusal = judge_confirmation(made, FOUND, AUDIENCE, RULES, now)
    assert (refusal is None) if why is None else (refusal is not None and why in refusal.why)


def test_the_window_never_outlives_the_embargo() -> None:
    assert opened("DP-2026-AAAA", FOUND, LATER, ALICE, 99 * DAY, NOW).ends_at == STANDS


@given(
    st.integers(-90 * 24, 90 * 24),
    st.text("+-.", max_size=3),
    st.sampled_from(["", "a"]),
    st.integers(0, 20 * 24),
    st.lists(st.sampled_from(AUDIENCE), unique=True),
)
def test_no_date_is_agreed_without_a_confirmation_or_against_an_objection(
    hours: int, votes: str, confirmed: str, passed: int, audience: list[Person]
) -> None:
    now, made = NOW + timedelta(hours=passed), proposal(NOW + timedelta(hours=hours), votes, confirmed)
    fate = fate_of(made, FOUND, audience, RULES, now)
    assert fate is fate_of(made, FOUND, audience, RULES, now)
    if fate is not Fate.AGREED:
        assert fate is not Fate.OPEN or now < made.ends_at, "nothing is open past its window"
        return
    assert confirmed
    assert now < made.at <= RELEASED + RULES.max_embargo
    if made.is_later:
        assert not any(not vote.agrees for vote in made.votes if vote.person in {one.id for one in audience})
    else:
        assert made.at >= now + RULES.min_notice


def test_a_reason_goes_along_and_the_readings_of_an_unclear_date_are_offered() -> None:
    asked = read_order(read_block("Propose-Embargo-Until: +20d\nReason: the farm\n burnt\n\nSorry.\n"), MEMBER)
    assert asked.acts == (ProposeDate(NOW + 20 * DAY, "the farm burnt"),)

    unclear = read_order(read_block("Propose-Embargo-Until: 02/12/2026 10:00 UTC\nReason: x\n"), MEMBER)
    (complaint,) = unclear.complaints
    assert len(complaint.readings) > 0
    assert unclear.is_ready
    again = read_order(read_block(unclear.corrected), MEMBER)
    assert isinstance(again.acts[0], ProposeDate)
    assert again.acts[0].reason == "x"
