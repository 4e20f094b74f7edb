"""The life of a leak case: what moves it, and what an assessment leads to."""

from __future__ import annotations

from itertools import product

import pytest

from policy.facts import State
from policy.leakcase import (
    CASE_ROWS,
    Assessment,
    CaseEvent,
    CaseState,
    Outcome,
    asks_for_removal,
    assess,
    is_confirmed,
    refuse_retrospective,
    refuse_vouch,
    takes,
    withdrawn,
)


@pytest.mark.parametrize(
    ("state", "before", "outcome", "disclosure", "expected"),
    [
        pytest.param("open", None, "contained", State.EMBARGOED, ("assessed", "due"), id="contained"),
        pytest.param("open", None, "public", State.EMBARGOED, ("assessed", "due", "fact"), id="public"),
        pytest.param("open", None, "public", State.HELD, ("assessed", "due", "fact"), id="before anybody had it"),
        pytest.param("open", None, "dismissed", None, ("closed",), id="dismissed"),
        pytest.param("quarantined", None, "contained", State.EMBARGOED, ("assessed", "due", "vouch"), id="not proved"),
        pytest.param("quarantined", None, "dismissed", State.EMBARGOED, ("closed",), id="spam"),
        pytest.param("assessed", "contained", "public", State.LIFTED, ("assessed", "due", "fact"), id="graver"),
        pytest.param("closed", "dismissed", "contained", State.LIFTED, ("assessed", "due"), id="it was one"),
        pytest.param("open", None, "contained", State.WITHDRAWN, ("closed",), id="nobody reads on"),
        pytest.param("open", None, "contained", None, ("closed",), id="bound to no disclosure"),
    ],
)
def test_an_assessment_leads_to(state, before, outcome, disclosure, expected):
    found = assess(state, before, Outcome(outcome), "because", disclosure)

    flags = ("due" in expected, "fact" in expected, "vouch" in expected)
    assert found == Assessment(CaseState(expected[0]), *flags)


@pytest.mark.parametrize(
    ("state", "before", "outcome", "reason", "disclosure", "why"),
    [
        pytest.param("open", None, "dismissed", " ", State.EMBARGOED, "says why", id="a dismissal without a reason"),
        pytest.param("open", None, "dismissed", None, State.EMBARGOED, "says why", id="or with none at all"),
        pytest.param("open", None, "public", None, None, "no disclosure", id="public, but of nothing"),
        pytest.param("assessed", "public", "contained", None, State.LIFTED, "only ever gets graver", id="taken back"),
        pytest.param(
            "assessed", "contained", "contained", None, State.LIFTED, "only ever gets graver", id="said twice"
        ),
        pytest.param(
            "closed", "public", "dismissed", "no", State.LIFTED, "only ever gets graver", id="dismissed later"
        ),
    ],
)
def test_an_assessment_is_refused_with_its_reason(state, before, outcome, reason, disclosure, why):
    found = assess(state, before, Outcome(outcome), reason, disclosure)

    assert isinstance(found, str)
    assert why in found


def test_only_what_is_not_proved_is_vouched_for_and_only_what_is_due_is_posted():
    may = [state for state in CaseState if refuse_vouch(state, verified=False) is None]
    assert may == [CaseState.QUARANTINED, CaseState.OPEN]
    assert all("already" in str(refuse_vouch(state, verified=True)) for state in CaseState)
    assert refuse_vouch(CaseState.CLOSED, verified=False) == "it is closed"
    lifted = State.LIFTED
    assert [state for state in CaseState if refuse_retrospective(state, None, lifted) is None] == [CaseState.ASSESSED]
    assert "already" in str(refuse_retrospective(CaseState.CLOSED, "done", lifted))
    assert "Assess" in str(refuse_retrospective(CaseState.OPEN, None, lifted))
    assert "Assess" in str(refuse_retrospective(CaseState.QUARANTINED, None, lifted))
    assert refuse_retrospective(CaseState.CLOSED, None, None) == "no retrospective of it is due (it is closed)"
    for over in (State.WITHDRAWN, State.CLOSED):
        assert "nothing more is sent" in str(refuse_retrospective(CaseState.ASSESSED, "due", over))


@pytest.mark.parametrize(
    ("org", "by", "outcome", "counts"),
    [
        pytest.param("Northwind", "us", "contained", True, id="its own, contained"),
        pytest.param("Northwind", "us", "public", True, id="its own, public"),
        pytest.param("Northwind", "other", "public", False, id="somebody else's"),
        pytest.param("Northwind", "unknown", "public", False, id="nobody knows whose"),
        pytest.param("Northwind", "us", "dismissed", False, id="none at all"),
        pytest.param("Northwind", "us", None, False, id="not assessed"),
        pytest.param(None, "us", "public", False, id="not proved who reported it"),
    ],
)
def test_a_confirmed_leak_of_its_own_counts_for_an_organisation(org, by, outcome, counts):
    assert is_confirmed(org, by, outcome) is counts


def test_a_case_takes_new_reports_until_it_is_closed_and_talk_after_that():
    assert [state for state in CaseState if not takes(state, is_urgent=True)] == [CaseState.CLOSED]
    assert all(takes(state, is_urgent=False) for state in CaseState)


def test_from_the_second_one_on_the_coordinators_are_asked_once_for_each():
    assert [asks_for_removal(count, is_news=True) for count in range(4)] == [False, False, True, True]
    assert not asks_for_removal(2, is_news=False)


def test_a_withdrawn_disclosure_ends_what_waits_for_its_retrospective_and_nothing_else():
    assert [state for state in CaseState if withdrawn(state) is not None] == [CaseState.ASSESSED]
    assert withdrawn(CaseState.ASSESSED) is CaseState.CLOSED


def test_every_assessment_that_is_not_refused_is_a_row_of_the_table():
    rows = {(row.source, row.event) for row in CASE_ROWS}
    disclosures = (None, State.EMBARGOED, State.WITHDRAWN)
    for state, before, outcome, about in product(CaseState, (None, *Outcome), Outcome, disclosures):
        found = assess(state, before, outcome, "because", about)
        event = CaseEvent.DISMISS if outcome is Outcome.DISMISSED else CaseEvent.ASSESS
        assert isinstance(found, str) or (state, event) in rows
        assert isinstance(found, str) or found.state in {CaseState.ASSESSED, CaseState.CLOSED}
