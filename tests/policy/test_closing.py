"""Row 19: what keeps a disclosure open, and when the clock closes it and destroys its content."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from policy.closing import Ageing, Left, Terms, ages_from, destroys_at, due, judge_close, judge_destroy, obstacles
from policy.disclosure import Refusal
from policy.facts import Disclosure, State

NOW = datetime(2026, 12, 1, tzinfo=UTC)
DAY = timedelta(days=1)
TERMS = Terms(close_after=14 * DAY, retention=90 * DAY)
LIFTED = Disclosure(
    id="ED-2026-K7QX",
    list_id="list",
    state=State.LIFTED,
    posted_by=1,
    poster_address="a@x.example",
    poster_name="A",
    posted_at=NOW - 30 * DAY,
    hold_until=NOW - 30 * DAY,
    embargo_until=NOW,
    tlp="AMBER",
    scope="all",
    released_at=NOW - 30 * DAY,
    ended_at=NOW,
)
CLOSED = replace(LIFTED, state=State.CLOSED, closed_at=NOW)
WITHDRAWN = replace(LIFTED, state=State.WITHDRAWN, ended_at=NOW - 20 * DAY)
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("left", "named"),
    [
        pytest.param(Left(), (), id="nothing"),
        pytest.param(Left(cases=(("LK-1", "closed"),)), (), id="a closed case"),
        pytest.param(Left(cases=(("LK-1", "open"),)), ("`Assess: LK-1`",), id="an open case"),
        pytest.param(Left(cases=(("LK-1", "quarantined"),)), ("LK-1 is not proved",), id="an undecided claim"),
        pytest.param(Left(cases=(("LK-1", "assessed"),)), ("`Retrospective: LK-1`",), id="a due retrospective"),
        pytest.param(Left(kept=("QU-1",)), ("`Discard-Quarantine: QU-1`",), id="perhaps a leak"),
        pytest.param(Left(asked=("SR-1",)), ("`Deny: SR-1`",), id="a share request"),
        pytest.param(Left(on_their_way=1), ("1 copy is on the way",), id="a copy"),
        pytest.param(
            Left(cases=(("LK-1", "open"), ("LK-2", "open")), on_their_way=2),
            ("LK-1 is open", "LK-2 is open", "2 copies are"),
            id="all of it at once",
        ),
    ],
)
def test_what_is_open_is_named_with_what_ends_it(left: Left, named: tuple[str, ...]) -> None:
    found = obstacles(left)
    assert len(found) == len(named)
    assert all(what in said for what, said in zip(named, found, strict=True))
    for disclosure, judge in ((LIFTED, judge_close), (CLOSED, judge_destroy), (WITHDRAWN, judge_destroy)):
        assert isinstance(judge(disclosure, left), Refusal) is bool(named)


@pytest.mark.parametrize("state", [state for state in State if state is not State.LIFTED])
def test_only_what_is_lifted_is_closed(state: State) -> None:
    refused = judge_close(replace(LIFTED, state=state), Left())
    assert isinstance(refused, Refusal)
    assert "only what is lifted" in refused.why


@pytest.mark.parametrize("state", [State.PENDING, State.HELD, State.EMBARGOED, State.LIFTED])
def test_only_what_is_closed_or_withdrawn_is_destroyed(state: State) -> None:
    one = replace(LIFTED, state=state)
    assert isinstance(judge_destroy(one, Left()), Refusal)
    assert destroys_at(one, TERMS) is None
    assert due(one, None, TERMS, NOW + 1000 * DAY) is (Ageing.CLOSE if state is State.LIFTED else None)


@pytest.mark.parametrize(
    ("disclosure", "latest", "first", "what"),
    [
        pytest.param(LIFTED, None, NOW + 14 * DAY, Ageing.CLOSE, id="lifted"),
        pytest.param(LIFTED, NOW + 5 * DAY, NOW + 19 * DAY, Ageing.CLOSE, id="a leak since"),
        pytest.param(LIFTED, NOW - 5 * DAY, NOW + 14 * DAY, Ageing.CLOSE, id="a leak before"),
        pytest.param(CLOSED, None, NOW + 90 * DAY, Ageing.DESTROY, id="closed"),
        pytest.param(WITHDRAWN, None, NOW + 90 * DAY, Ageing.DESTROY, id="withdrawn: binds until its date"),
        pytest.param(
            replace(WITHDRAWN, ended_at=NOW + DAY), None, NOW + 91 * DAY, Ageing.DESTROY, id="withdrawn after its date"
        ),
        pytest.param(
            replace(CLOSED, destroyed_at=NOW - DAY), None, NOW + 90 * DAY, Ageing.DESTROY, id="closed anew since"
        ),
    ],
)
def test_the_clock_does_it_at_its_instant_and_not_before(
    disclosure: Disclosure, latest: datetime | None, first: datetime, what: Ageing
) -> None:
    assert due(disclosure, latest, TERMS, first - SECOND) is None
    assert due(disclosure, latest, TERMS, first) is what
    assert due(disclosure, latest, TERMS, first + 1000 * DAY) is what
    assert due(disclosure, latest, Terms(None, None), first + 1000 * DAY) is None


def test_what_is_destroyed_is_not_destroyed_again() -> None:
    for one, gone_at in ((CLOSED, NOW + 95 * DAY), (WITHDRAWN, NOW + 95 * DAY), (CLOSED, NOW)):
        gone = replace(one, destroyed_at=gone_at)
        assert due(gone, None, TERMS, NOW + 1000 * DAY) is None
        assert destroys_at(gone, TERMS) is None


@pytest.mark.parametrize("one", [LIFTED, WITHDRAWN])
def test_what_ended_at_no_known_instant_is_kept(one: Disclosure) -> None:
    unknown = replace(one, ended_at=None)

    assert ages_from(unknown) is None
    assert destroys_at(unknown, TERMS) is None
    assert due(unknown, NOW, TERMS, NOW + 1000 * DAY) is None
