"""Who is let in and what is kept from whom: each part of those judgements on its own."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from policy.audience import is_unsent, judge_seats, let_in, withheld_names
from policy.facts import READERS, Disclosure, Grant, GrantKind, Key, Person, Role, Standing, State
from policy.grants import MAX_NAME, Admission, EndGuest, InviteGuest, OfferedKey, admit, read_guest, standing_of
from policy.scopes import read_restriction, read_scope
from policy.widening import refuse_replacement, widens

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
KEY = Key("A" * 40, "ed25519", None)
GRANT = Grant("GR-1", "ED-1", GrantKind.GUEST, NOW - timedelta(hours=1))
EVE = Person(7, "l", Role.GUEST, "eve@finder.example", "Eve", Standing.ACTIVE, frozenset(), (KEY,), grants=(GRANT,))
NORTH = replace(EVE, id=1, role=Role.MEMBER, address="psirt@north.example", name="North", grants=())
ALICE = replace(NORTH, id=2, role=Role.COORDINATOR, address="alice@x.example", name="Alice")
FOUND = Disclosure("ED-2", "l", State.EMBARGOED, 1, "a@x.example", "A", NOW, NOW, NOW + timedelta(days=9), "RED", "all")
OFFERED = OfferedKey("key.asc", "A" * 40, ())


@pytest.mark.parametrize(
    ("state", "admitted", "expected"),
    [
        (State.PENDING, None, None),
        (State.HELD, None, None),
        (State.EMBARGOED, None, frozenset()),
        (State.WITHDRAWN, None, frozenset()),
        (State.LIFTED, None, frozenset()),
        (State.EMBARGOED, frozenset({1}), frozenset({1})),
    ],
)
def test_what_ended_without_a_release_let_nobody_in(state, admitted, expected) -> None:
    assert let_in(replace(FOUND, state=state, admitted=admitted)) == expected


@pytest.mark.parametrize(
    ("state", "admitted", "expected"),
    [
        (State.HELD, None, None),
        (State.LIFTED, None, None),
        (State.LIFTED, frozenset(), frozenset()),
        (State.LIFTED, frozenset({1}), frozenset({1})),
        (State.EMBARGOED, None, frozenset()),
        (State.WITHDRAWN, None, frozenset()),
        (State.CLOSED, None, frozenset()),
    ],
)
def test_a_fresh_order_judges_anew_who_is_let_into_what_was_lifted_unsent(state, admitted, expected) -> None:
    found = replace(FOUND, state=state, admitted=admitted)

    assert let_in(found, is_ordered=True) == expected
    assert is_unsent(found) == (state is State.LIFTED and admitted is None)


def test_a_coordinator_is_no_seat_whatever_he_was_granted_before() -> None:
    people = [replace(ALICE, grants=(GRANT,)), EVE, NORTH]

    assert [seat.person for seat in judge_seats(people, read_scope("all"), None, NOW, "ED-1")] == [EVE, NORTH]


def test_what_was_shared_is_each_name_that_any_of_its_patterns_fits() -> None:
    withheld = withheld_names(EVE, [], ["a.txt", "fix.patch", "b.txt"], ["a.txt", "*.patch"])

    assert withheld == {"b.txt"}


# --- guests


def test_a_guest_is_named_as_the_line_that_let_him_in() -> None:
    assert InviteGuest("Finder, Eve", EVE.address).line == 'Guest: "Finder, Eve" <eve@finder.example>'
    assert EndGuest(EVE.address).line == "Guest: end eve@finder.example"
    assert read_guest(f"{EVE.address};").value == InviteGuest(EVE.address, EVE.address)
    assert read_guest(f'"" <{EVE.address}>').value == InviteGuest(EVE.address, EVE.address)
    assert MAX_NAME == 200
    assert read_guest(f"{'x' * 201} <{EVE.address}>").value == InviteGuest("x" * 200, EVE.address)


@pytest.mark.parametrize(
    ("keys", "known", "disclosure", "alone", "expected"),
    [
        pytest.param([OFFERED], None, None, True, Admission(None, OFFERED), id="one key needs no name on it"),
        pytest.param([OFFERED], None, None, False, "1 keys are attached, and none", id="among others it does"),
        pytest.param([], EVE, None, True, Admission(EVE, None), id="a guest is known by his key"),
        pytest.param([], EVE, FOUND, True, Admission(EVE, None), id="also for another disclosure"),
        pytest.param([], replace(EVE, keys=()), None, True, "attach the public key", id="not without one"),
        pytest.param([OFFERED, OFFERED], EVE, None, True, "2 keys are attached, and none", id="nor by two of them"),
        pytest.param(
            [replace(OFFERED, holder=EVE)],
            EVE,
            None,
            True,
            Admission(EVE, replace(OFFERED, holder=EVE)),
            id="his own key once more",
        ),
        pytest.param(
            [replace(OFFERED, holder=NORTH)], EVE, None, True, "is pinned for the member psirt", id="another's key"
        ),
        pytest.param(
            [OFFERED], None, replace(FOUND, state=State.LIFTED), True, "it is lifted: nobody is let in", id="too late"
        ),
    ],
)
def test_a_guest_is_let_in_by_a_key_that_is_his(keys, known, disclosure, alone, expected) -> None:
    found = admit(EVE.address, keys, known, disclosure, NOW, alone=alone)

    assert found == expected if isinstance(expected, Admission) else isinstance(found, str) and expected in found


@pytest.mark.parametrize("state", [State.WITHDRAWN, State.CLOSED])
def test_what_is_over_keeps_nobody_active(state: State) -> None:
    assert standing_of([GRANT], {"ED-1": state}, NOW) is Standing.REMOVED
    assert standing_of([GRANT], {"ED-1": State.LIFTED}, NOW) is Standing.ACTIVE


def test_members_and_guests_read() -> None:
    assert {Role.MEMBER, Role.GUEST} == READERS
    assert not FOUND.stopped


# --- wider


@pytest.mark.parametrize(
    ("after", "person", "admitted", "is_wider"),
    [
        pytest.param("all", NORTH, None, True, id="all is more than everybody today"),
        pytest.param(EVE.address, EVE, None, True, id="a restriction that names a guest"),
        pytest.param(EVE.address, EVE, frozenset({1}), False, id="a scope is nothing to a guest"),
        pytest.param(ALICE.address, ALICE, None, False, id="a coordinator gets everything anyway"),
        pytest.param(ALICE.address, ALICE, frozenset({1}), False, id="by a scope as well"),
    ],
)
def test_wider_is_what_names_a_reader_who_was_not_named(after, person, admitted, is_wider) -> None:
    assert widens(read_scope("org:North"), read_scope(after), [NORTH, person], admitted) is is_wider


def test_a_replacement_is_refused_where_any_rule_covers_what_it_replaces_and_told_what_is_bare() -> None:
    stands = (read_restriction("fix.patch to org:North"), read_restriction("notes.txt to org:North"))

    one = refuse_replacement(["fix.patch"], ("v2.patch",), stands, ())
    several = refuse_replacement(["fix.patch"], ("notes.txt", "v2.patch"), stands, ())
    none = refuse_replacement(["fix.patch"], (), stands, ())

    assert one is not None
    assert "; it has none" in one
    assert several is not None
    assert "; v2.patch has none" in several
    assert none is not None
    assert none.endswith("a `Restrict:` of its own")
    assert refuse_replacement(["fix.patch"], ("fix.patch",), stands, ()) is None
