"""Judged again at the last moment: who may be handed what, and when it is tried again."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import assert_never

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy.facts import (
    BINDING_KINDS,
    CONTENT_KINDS,
    Disclosure,
    Key,
    MessageKind,
    Person,
    Role,
    Standing,
    State,
    Upstream,
    UpstreamMode,
)
from policy.release import (
    LATE_AFTER,
    REPORT_AFTER,
    SAY_LATE_AFTER,
    UNDELIVERED_AFTER,
    UPSTREAM_HOLDS,
    Cancel,
    Go,
    Withhold,
    judge_hand_over,
    may_wake,
    retry_at,
)

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
GOOD = Key("A" * 40, "ed25519", None)
LATER = Key("B" * 40, "ed25519", NOW + timedelta(days=1))
EXPIRED = Key("C" * 40, "ed25519", NOW)
FLAWED = Key("D" * 40, "rsa1024", None, "RSA with 1024 bits is too weak")
MEMBER = Person(7, "list", Role.MEMBER, "a@north.example", "Northwind", Standing.ACTIVE, frozenset(), (GOOD,))
COORDINATOR = replace(MEMBER, id=1, role=Role.COORDINATOR)
OUT = Disclosure(
    "ED-2026-0001", "list", State.EMBARGOED, 1, "c@project.example", "C", NOW, NOW, NOW + timedelta(days=7), "AMBER",
    "all", released_at=NOW, admitted=frozenset({7}),
)  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "person", "disclosure", "expected"),
    [
        pytest.param(MessageKind.DISCLOSURE, MEMBER, OUT, Go((GOOD.fingerprint,)), id="a member who was let in"),
        pytest.param(
            MessageKind.FOLLOW_UP, replace(MEMBER, keys=(LATER, GOOD, EXPIRED)), OUT,
            Go((GOOD.fingerprint, LATER.fingerprint)), id="all usable keys, in one order, and no other",
        ),
        pytest.param(
            MessageKind.DISCLOSURE, MEMBER, replace(OUT, state=State.LIFTED), Go((GOOD.fingerprint,)),
            id="what is lifted may still arrive",
        ),
        pytest.param(
            MessageKind.DISCLOSURE, replace(MEMBER, keys=(EXPIRED,)), OUT, Withhold("key expired"), id="expired"
        ),
        pytest.param(
            MessageKind.DISCLOSURE, replace(MEMBER, keys=(FLAWED,)), OUT, Withhold("RSA with 1024 bits is too weak"),
            id="flawed",
        ),
        pytest.param(MessageKind.DISCLOSURE, replace(MEMBER, keys=()), OUT, Withhold("no key"), id="no key"),
        pytest.param(
            MessageKind.DISCLOSURE, replace(MEMBER, standing=Standing.SUSPENDED), OUT, Cancel("suspended"),
            id="suspended",
        ),
        pytest.param(
            MessageKind.REPLY, replace(MEMBER, standing=Standing.REMOVED), OUT, Cancel("removed"), id="removed"
        ),
        pytest.param(
            MessageKind.DISCLOSURE, replace(MEMBER, id=8), OUT, Cancel("not in the audience"), id="joined later"
        ),
        pytest.param(
            MessageKind.LEAK_NOTICE, replace(MEMBER, id=8), OUT, Cancel("not in the audience"),
            id="a leak notice is for the audience too",
        ),
        pytest.param(
            MessageKind.DISCLOSURE, MEMBER, replace(OUT, state=State.HELD, admitted=None), Cancel("held"),
            id="held: nobody has it",
        ),
        pytest.param(
            MessageKind.DISCLOSURE, MEMBER, replace(OUT, state=State.WITHDRAWN), Cancel("withdrawn"), id="withdrawn"
        ),
        pytest.param(MessageKind.DISCLOSURE, MEMBER, None, Cancel("no disclosure"), id="no disclosure"),
        pytest.param(MessageKind.DISCLOSURE, None, OUT, Cancel("unknown recipient"), id="nobody we know"),
        pytest.param(MessageKind.RECEIPT, MEMBER, OUT, Cancel("for coordinators only"), id="a receipt to a member"),
        pytest.param(MessageKind.ALARM, MEMBER, OUT, Cancel("for coordinators only"), id="an alarm to a member"),
        pytest.param(
            MessageKind.COMPLAINT, MEMBER, None, Go((GOOD.fingerprint,)), id="a complaint about his own lines"
        ),
        pytest.param(
            MessageKind.NOTE, replace(MEMBER, standing=Standing.SUSPENDED), None, Go((GOOD.fingerprint,)),
            id="he is told that he was not believed, also when suspended",
        ),
        pytest.param(
            MessageKind.ACKNOWLEDGEMENT, replace(MEMBER, standing=Standing.SUSPENDED), None, Go((GOOD.fingerprint,)),
            id="his leak report is acknowledged, also when suspended",
        ),
        pytest.param(
            MessageKind.DISCLOSURE, MEMBER, replace(OUT, admitted=None), Cancel("not in the audience"),
            id="nobody was let in",
        ),
        *(
            pytest.param(
                kind, replace(MEMBER, standing=Standing.REMOVED), OUT, Go((GOOD.fingerprint,)), id=f"removed: {kind}"
            )
            for kind in (MessageKind.WITHDRAWAL, MessageKind.DATE_NOTICE, MessageKind.STANDING_NOTICE)
        ),
        pytest.param(
            MessageKind.LIFT_NOTICE, replace(MEMBER, standing=Standing.REMOVED), OUT, Go((GOOD.fingerprint,)),
            id="the end of what binds him, also when removed",
        ),
        pytest.param(
            MessageKind.DISCLOSURE, COORDINATOR, replace(OUT, state=State.HELD), Go((GOOD.fingerprint,)),
            id="a coordinator, also while it is held",
        ),
        pytest.param(
            MessageKind.RECEIPT, replace(COORDINATOR, standing=Standing.REMOVED), OUT, Cancel("removed"),
            id="a coordinator who was removed",
        ),
    ],
)  # fmt: skip
def test_a_copy_is_judged_by_what_is_so_now(
    kind: MessageKind, person: Person | None, disclosure: Disclosure | None, expected: Go | Withhold | Cancel
) -> None:
    assert judge_hand_over(kind, person, disclosure, NOW) == expected


@pytest.mark.parametrize(
    ("kind", "person", "details_of", "goes"),
    [
        pytest.param(MessageKind.DISCLOSURE, MEMBER, "ED-2026-K7QX/1", False, id="the details"),
        pytest.param(MessageKind.REPLY, MEMBER, "ED-2026-K7QX/3", False, id="what another member wrote"),
        pytest.param(MessageKind.DISCLOSURE, MEMBER, "", True, id="the mechanics"),
        pytest.param(MessageKind.FOLLOW_UP, MEMBER, "ED-2026-K7QX/2", True, id="details that were let go"),
        pytest.param(MessageKind.DISCLOSURE, COORDINATOR, "ED-2026-K7QX/1", True, id="a coordinator"),
        pytest.param(MessageKind.LIFT_NOTICE, MEMBER, "MS-1", True, id="a notice of the gateway's own"),
    ],
)
def test_what_an_upstream_forbids_is_sealed_for_no_member(
    kind: MessageKind, person: Person, details_of: str, *, goes: bool
) -> None:
    held = (Upstream("envoy", UpstreamMode.CASE_BY_CASE),)
    about = replace(OUT, upstreams=held, detailed=frozenset({"ED-2026-K7QX/2"}))
    verdict = judge_hand_over(kind, person, about, NOW, details_of=details_of)
    assert verdict == (Go((GOOD.fingerprint,)) if goes else Withhold(UPSTREAM_HOLDS))


@given(
    st.sampled_from(MessageKind),
    st.sampled_from(Standing),
    st.sampled_from(State),
    st.sets(st.integers(6, 8)),
    st.lists(st.sampled_from([GOOD, LATER, EXPIRED, FLAWED])),
    st.timedeltas(timedelta(0), timedelta(days=3)),
)
def test_no_member_gets_content_who_is_not_active_let_in_and_sealed_to(
    kind: MessageKind, standing: Standing, state: State, admitted: set[int], keys: list[Key], after: timedelta
) -> None:
    now = NOW + after
    person = replace(MEMBER, standing=standing, keys=tuple(keys))
    verdict = judge_hand_over(kind, person, replace(OUT, state=state, admitted=frozenset(admitted)), now)

    match verdict:
        case Go(fingerprints):
            usable = {key.fingerprint for key in keys if key.reason_at(now) is None}
            assert set(fingerprints) == usable != set()
            if kind in CONTENT_KINDS:
                assert standing is Standing.ACTIVE
                assert state in {State.EMBARGOED, State.LIFTED}
                assert person.id in admitted
        case Withhold():
            assert all(key.reason_at(now) for key in keys)
        case Cancel():
            assert kind not in BINDING_KINDS
        case _:
            assert_never(verdict)


PAUSES = [timedelta(minutes=1), timedelta(minutes=5), timedelta(hours=1)]


@given(st.integers(1, 50), st.floats(-5, 5))
def test_a_pause_grows_stays_within_a_fifth_and_the_last_one_repeats(attempts: int, jitter: float) -> None:
    pause = retry_at(attempts, PAUSES, NOW, jitter) - NOW
    nominal = PAUSES[min(attempts, 3) - 1]
    assert nominal * 0.8 <= pause <= nominal * 1.2


@pytest.mark.parametrize(("attempts", "minutes"), [(0, 1), (1, 1), (2, 5), (3, 60), (4, 60), (50, 60)])
def test_each_failure_has_its_pause(attempts: int, minutes: int) -> None:
    assert retry_at(attempts, PAUSES, NOW, 0.0) == NOW + timedelta(minutes=minutes)


@pytest.mark.parametrize(
    ("jitter", "minutes"), [(-5.0, 48), (-1.0, 48), (-0.5, 54), (0.0, 60), (0.5, 66), (1.0, 72), (5.0, 72)]
)
def test_a_pause_is_moved_by_up_to_a_fifth(jitter: float, minutes: int) -> None:
    assert retry_at(3, PAUSES, NOW, jitter) == NOW + timedelta(minutes=minutes)


def test_short_pauses_are_kept_to_the_letter() -> None:
    assert retry_at(1, [timedelta(seconds=9)], NOW, 1.0) == NOW + timedelta(seconds=9)
    assert retry_at(1, [timedelta(seconds=10)], NOW, 1.0) == NOW + timedelta(seconds=12)


def test_what_is_late_is_as_the_docs_say() -> None:
    assert timedelta(seconds=2) == SAY_LATE_AFTER
    assert timedelta(minutes=1) == LATE_AFTER
    assert timedelta(minutes=15) == REPORT_AFTER
    assert timedelta(minutes=30) == UNDELIVERED_AFTER


@pytest.mark.parametrize("state", [None, *State])
@pytest.mark.parametrize("reason", [None, "expired", UPSTREAM_HOLDS])
def test_what_an_upstream_kept_back_comes_back_by_itself_only_under_embargo(
    reason: str | None, state: State | None
) -> None:
    disclosure = None if state is None else replace(OUT, state=state)
    assert may_wake(reason, disclosure) == (reason != UPSTREAM_HOLDS or state is State.EMBARGOED)
