"""Somebody who is no member: what lets him into one disclosure, and what keeps him out of all others."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy.audience import NO_GRANT, NOT_ACCEPTED, judge_seat, judge_seats, withheld_names
from policy.facts import Disclosure, Grant, GrantKind, Key, MessageKind, Person, Role, Standing, State
from policy.grants import (
    Admission,
    AskShare,
    EndGuest,
    InviteGuest,
    OfferedKey,
    admit,
    agreed_until,
    expires_at,
    invited,
    read_guest,
    read_what,
    refuse_approval,
    refuse_time,
    refuse_what,
    standing_of,
)
from policy.release import Cancel, Go, judge_hand_over
from policy.scopes import read_restriction, read_scope

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
KEY = Key("A" * 40, "ed25519", None)
EVE = "eve@finder.example"


def grant(disclosure: str = "ED-1", **changes: object) -> Grant:
    return replace(Grant("GR-1", disclosure, GrantKind.GUEST, NOW - HOUR), **changes)  # type: ignore[arg-type]


def guest(*grants: Grant, standing: Standing = Standing.ACTIVE, role: Role = Role.GUEST) -> Person:
    return Person(7, "l", role, EVE, "Northwind", standing, frozenset(), (KEY,), grants)


def disclosure(state: State = State.EMBARGOED) -> Disclosure:
    return Disclosure(
        "ED-1", "l", state, 1, "a@x.example", "A", NOW, NOW, NOW + 24 * HOUR, "RED", "all", admitted=frozenset({1, 7})
    )


@pytest.mark.parametrize(
    ("text", "act", "fixed"),
    [
        ("Eve Finder <eve@finder.example>", InviteGuest("Eve Finder", EVE), "Eve Finder <eve@finder.example>"),
        ('"Finder, Eve" <eve@finder.example>', InviteGuest("Finder, Eve", EVE), '"Finder, Eve" <eve@finder.example>'),
        (EVE, InviteGuest(EVE, EVE), EVE),
        (f"<{EVE}>", InviteGuest(EVE, EVE), EVE),
        (f"end {EVE}", EndGuest(EVE), f"end {EVE}"),
        (f"END Eve <{EVE}>", EndGuest(EVE), f"end {EVE}"),
        ("Eve Finder", None, None),
        ('"Alice <alice@project.example>" <eve@finder.example>', None, None),
        ("Eve \u202eredniF <eve@finder.example>", None, None),
        ("Eve <eve at finder.example>", None, None),
        (f"{EVE}, {EVE}", None, None),
        ("", None, None),
    ],
)
def test_a_line_names_one_guest_or_none_is_guessed(text: str, act: object, fixed: str | None) -> None:
    found = read_guest(text)

    assert (found.value, found.fixed) == (act, fixed)
    assert bool(found.why) == (act is None)


def test_who_is_let_in_is_nobody_who_goes_and_nobody_who_can_not_be_read() -> None:
    assert invited([f"Eve <{EVE}>", "end adam@finder.example", "Mallory", "zoe@finder.example"]) == {
        EVE,
        "zoe@finder.example",
    }
    assert invited([]) == frozenset()


@given(st.text(max_size=60))
def test_whatever_a_line_says_what_is_offered_is_read_as_the_same(text: str) -> None:
    found = read_guest(text)

    if found.fixed is not None:
        assert read_guest(found.fixed).value == found.value
    assert invited([text]) == ({found.value.address} if isinstance(found.value, InviteGuest) else frozenset())


def key(fingerprint: str = "B" * 40, *addresses: str, **how: object) -> OfferedKey:
    return OfferedKey("key.asc", fingerprint, addresses, **how)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("keys", "known", "why"),
    [
        pytest.param([], None, "attach the public key", id="no key"),
        pytest.param([key(trouble="key expired")], None, "key expired", id="a key that can't be sealed to"),
        pytest.param([key(is_lists_own=True)], None, "own", id="the list's own key"),
        pytest.param([key(holder=replace(guest(), id=8))], None, "pinned for", id="a key of somebody else"),
        pytest.param([key("B" * 40), key("C" * 40)], None, "2 keys", id="two keys and no name on them"),
        pytest.param([key("B" * 40, EVE), key("C" * 40, EVE)], None, "2 of the keys", id="two keys with the name"),
        pytest.param([key()], guest(), "another key is pinned", id="a known guest with another key"),
        pytest.param([key()], guest(role=Role.MEMBER), "is a member", id="a member"),
        pytest.param([key()], guest(role=Role.COORDINATOR), "is a coordinator", id="a coordinator"),
        pytest.param([], guest(grant()), "already", id="a guest of this disclosure"),
    ],
)
def test_a_guest_who_can_t_be_let_in_is_refused_with_the_reason(
    keys: list[OfferedKey], known: Person | None, why: str
) -> None:
    judged = admit(EVE, keys, known, disclosure(), NOW)

    assert isinstance(judged, str)
    assert why in judged


@pytest.mark.parametrize(
    ("keys", "known", "chosen"),
    [
        pytest.param([key()], None, key(), id="one key, whatever its user id"),
        pytest.param(
            [key("B" * 40, EVE.upper()), key("C" * 40)], None, key("B" * 40, EVE.upper()), id="by its user id"
        ),
        pytest.param([], guest(grant("ED-2")), None, id="a guest of another disclosure needs no key again"),
        pytest.param([key("A" * 40)], guest(grant("ED-2")), key("A" * 40), id="or brings the same"),
        pytest.param(
            [key()], guest(grant(ended_at=NOW), standing=Standing.SUSPENDED), "another key", id="or none else"
        ),
    ],
)
def test_a_guest_is_let_in_by_one_key(keys: list[OfferedKey], known: Person | None, chosen: object) -> None:
    judged = admit(EVE, keys, known, disclosure(), NOW)

    if isinstance(chosen, str):
        assert isinstance(judged, str)
        assert chosen in judged
    else:
        assert judged == Admission(known, chosen)  # type: ignore[arg-type]


@pytest.mark.parametrize("state", list(State))
def test_nobody_is_let_into_what_is_over(state: State) -> None:
    is_open = state in {State.PENDING, State.HELD, State.EMBARGOED}

    assert isinstance(admit(EVE, [key()], None, disclosure(state), NOW), Admission) == is_open
    assert isinstance(admit(EVE, [key()], None, None, NOW), Admission)


@pytest.mark.parametrize(
    ("person", "inside"),
    [
        pytest.param(guest(grant()), True, id="while the grant lasts"),
        pytest.param(guest(grant("ED-2")), False, id="not of another disclosure"),
        pytest.param(guest(grant(ended_at=NOW)), False, id="not when it was ended"),
        pytest.param(guest(grant(expires_at=NOW)), False, id="not from the instant at which it expires"),
        pytest.param(guest(grant(expires_at=NOW + HOUR)), True, id="before that instant"),
        pytest.param(guest(grant(started_at=None)), False, id="not before the terms are accepted"),
        pytest.param(guest(grant(), standing=Standing.SUSPENDED), False, id="not while suspended"),
        pytest.param(guest(), False, id="not without a grant, though the scope says all"),
        pytest.param(guest(grant(ended_at=NOW), grant()), True, id="the latest grant counts"),
        pytest.param(guest(grant(), grant(started_at=None, ended_at=NOW)), True, id="one that was denied beside it"),
    ],
)
def test_a_guest_is_inside_by_his_grant_alone_and_is_judged_so_again_at_hand_over(person: Person, inside: bool) -> None:
    assert judge_seat(person, read_scope("all"), None, NOW, "ED-1").inside == inside
    assert judge_seat(person, read_scope(EVE), frozenset({7}), NOW, "ED-1").inside == inside
    handed = judge_hand_over(MessageKind.FOLLOW_UP, person, disclosure(), NOW)
    assert isinstance(handed, Go if inside else Cancel)
    for state in set(State) - {State.EMBARGOED, State.LIFTED}:
        assert isinstance(judge_hand_over(MessageKind.FOLLOW_UP, person, disclosure(state), NOW), Cancel)
    assert isinstance(judge_hand_over(MessageKind.LIFT_NOTICE, person, disclosure(), NOW), Go)


def test_only_guests_of_a_disclosure_have_a_seat_in_it() -> None:
    waits = guest(grant(started_at=None), standing=Standing.SUSPENDED)
    people = (
        *(guest(grant()), replace(guest(grant("ED-2")), id=8), replace(guest(grant(ended_at=NOW)), id=9)),
        *(replace(waits, id=10), replace(guest(grant(started_at=None, ended_at=NOW)), id=11)),
        replace(guest(grant(expires_at=NOW)), id=12),
    )

    seats = judge_seats(people, read_scope("all"), None, NOW, "ED-1")
    assert [(seat.person.id, seat.inside, seat.reason) for seat in seats] == [
        (7, True, None), (9, False, NO_GRANT), (10, False, NOT_ACCEPTED), (11, False, NO_GRANT),
        (12, False, NO_GRANT),
    ]  # fmt: skip
    assert judge_seats(people, read_scope("all"), None, NOW) == ()


def test_a_restriction_names_a_guest_by_his_address_and_not_by_a_name_that_he_gave_himself() -> None:
    names = ("fix.patch", "log.txt")

    assert withheld_names(guest(), [read_restriction(f"*.patch to {EVE}")], names) == frozenset()
    assert withheld_names(guest(), [read_restriction("*.patch to org:Northwind")], names) == {"fix.patch"}
    assert withheld_names(guest(), [], names, shared=("log*",)) == {"fix.patch"}
    assert withheld_names(guest(), [read_restriction("log.txt to org:F5")], names, shared=("*",)) == {"log.txt"}


@pytest.mark.parametrize(
    ("grants", "states", "standing"),
    [
        ([grant()], {"ED-1": State.HELD}, Standing.ACTIVE),
        ([grant()], {"ED-1": State.LIFTED}, Standing.ACTIVE),
        ([grant()], {"ED-1": State.CLOSED}, Standing.REMOVED),
        ([grant(ended_at=NOW)], {"ED-1": State.EMBARGOED}, Standing.SUSPENDED),
        ([grant(expires_at=NOW)], {"ED-1": State.EMBARGOED}, Standing.SUSPENDED),
        ([grant(ended_at=NOW)], {"ED-1": State.LIFTED}, Standing.REMOVED),
        ([grant(started_at=None)], {"ED-1": State.EMBARGOED}, Standing.SUSPENDED),
        ([grant(started_at=None, ended_at=NOW)], {"ED-1": State.EMBARGOED}, Standing.REMOVED),
        ([grant(ended_at=NOW), grant("ED-2")], {"ED-1": State.EMBARGOED, "ED-2": State.HELD}, Standing.ACTIVE),
        ([], {}, Standing.REMOVED),
    ],
)
def test_where_somebody_stands_follows_from_all_his_grants(
    grants: list[Grant], states: dict[str, State], standing: Standing
) -> None:
    assert standing_of(grants, states, NOW) is standing


@pytest.mark.parametrize(
    ("text", "what", "refused"),
    [
        ("all", ("*",), False),
        ("fix.patch, log.txt", ("fix.patch", "log.txt"), False),
        ('"fix.patch"', ("fix.patch",), False),
        ("*.patch", ("*.patch",), False),
        ("fix.patch, poc.txt", ("fix.patch", "poc.txt"), True),
        ("", (), False),
    ],
)
def test_what_is_asked_for_is_what_the_asker_has(text: str, what: tuple[str, ...], refused: bool) -> None:
    assert read_what(text) == what
    assert bool(refuse_what(what, ["fix.patch", "log.txt"])) == refused


def test_all_may_be_asked_for_where_there_is_no_attachment_as_the_texts_go_with_it() -> None:
    assert refuse_what(("*",), []) is None
    assert refuse_what(("*.patch",), []) is not None


def test_what_is_asked_for_is_named_as_the_line_that_asked_for_it() -> None:
    assert AskShare("Finder, Eve", EVE, ("*",), "why").line == f'Share-With: "Finder, Eve" <{EVE}>'


@pytest.mark.parametrize("state", list(State))
@pytest.mark.parametrize("request_state", ["asked", "pending", "approved", "active", "denied", "ended"])
def test_only_what_is_open_is_approved_while_the_embargo_lasts_and_by_two_different_ones(
    state: State, request_state: str
) -> None:
    possible = state is State.EMBARGOED and request_state in {"asked", "pending"}

    asker = guest(role=Role.MEMBER)
    done = refuse_approval(request_state, "a@x.example", "b@x.example", disclosure(state), NOW, asker)
    assert (done is None) == possible
    if request_state == "pending":
        assert refuse_approval(request_state, "a@x.example", "A@x.example", disclosure(state), NOW, asker)
    assert refuse_approval(request_state, None, "b@x.example", disclosure(state), NOW + 24 * HOUR, asker)


@pytest.mark.parametrize(
    ("request_state", "first", "is_second"),
    [
        pytest.param("pending", "a@x.example", False, id="the one who approved it first"),
        pytest.param("pending", "b@x.example", True, id="another one"),
        pytest.param("pending", None, True, id="nobody is known to have approved it"),
        pytest.param("asked", "a@x.example", True, id="it waits for no second one"),
    ],
)
def test_a_second_approval_is_asked_of_another_where_a_first_one_waits_for_it(
    request_state: str, first: str | None, is_second: bool
) -> None:
    why = refuse_approval(request_state, first, "A@x.example", disclosure(), NOW, guest(role=Role.MEMBER))

    assert why == (None if is_second else "a second coordinator approves, not the one who approved it first")


@pytest.mark.parametrize(
    ("asker", "is_inside"),
    [
        (guest(role=Role.MEMBER), True),
        (guest(role=Role.MEMBER, standing=Standing.SUSPENDED), False),
        (replace(guest(role=Role.MEMBER), id=8), False),  # was not let in
        (None, False),
    ],
)
def test_what_is_asked_by_one_who_is_outside_by_now_is_not_approved(asker: Person | None, is_inside: bool) -> None:
    why = refuse_approval("asked", None, "b@x.example", disclosure(), NOW, asker)

    assert why == (None if is_inside else "who asked for it is not in its audience any more")


@pytest.mark.parametrize(("until", "is_over"), [(NOW, True), (NOW - HOUR, True), (NOW + HOUR, False)])
def test_what_was_asked_for_until_an_instant_gone_by_is_not_approved(until: datetime, is_over: bool) -> None:
    assert (refuse_time(until, NOW) is not None) == is_over


def test_of_two_grants_the_one_that_lets_in_counts_whichever_was_asked_for_first() -> None:
    live, offered = grant(), grant(id="SR-1", kind=GrantKind.SHARE, started_at=None)
    ended = grant(id="GR-0", ended_at=NOW)

    assert guest(live, offered).grant_of("ED-1") is live
    assert guest(offered, live).grant_of("ED-1") is live
    assert guest(offered, ended).grant_of("ED-1") is offered
    assert guest(grant(id="GR-9", ended_at=NOW), ended).grant_of("ED-1") is ended
    assert guest(live).grant_of("ED-2") is None


@pytest.mark.parametrize(
    ("asked", "hours"),
    [
        pytest.param(None, 6, id="the list's span"),
        pytest.param(2, 2, id="sooner, as asked for"),
        pytest.param(9, 9, id="later, as asked for"),
        pytest.param(25, 24, id="never past the embargo"),
    ],
)
def test_it_is_shared_for_as_long_as_was_asked_or_for_the_lists_span(asked: int | None, hours: int) -> None:
    until = NOW + asked * HOUR if asked is not None else None

    assert expires_at(agreed_until(until, 6 * HOUR, NOW), disclosure()) == NOW + hours * HOUR


@given(st.timedeltas(HOUR, 90 * 24 * HOUR), st.none() | st.timedeltas(HOUR, 90 * 24 * HOUR))
def test_what_is_shared_never_outlives_the_embargo(span: timedelta, asked: timedelta | None) -> None:
    until = expires_at(agreed_until(NOW + asked if asked is not None else None, span, NOW), disclosure())

    assert until == min(NOW + (span if asked is None else asked), disclosure().embargo_until)
