"""Who is inside, and why not."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy.audience import (
    HAD_MORE,
    Holding,
    Seat,
    held_without,
    is_named,
    judge_seat,
    judge_seats,
    narrower,
    reply_reaches,
    withheld_names,
)
from policy.facts import Key, Person, Role, Standing
from policy.scopes import read_restriction, read_scope, scope_text

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
GOOD = Key("A" * 40, "ed25519", None)
EXPIRED = Key("B" * 40, "ed25519", NOW - timedelta(days=1))


def person(
    number: int = 1,
    name: str = "Northwind",
    standing: Standing = Standing.ACTIVE,
    role: Role = Role.MEMBER,
    keys: tuple[Key, ...] = (GOOD,),
) -> Person:
    return Person(number, "l", role, f"m{number}@x.example", name, standing, frozenset({"distributors"}), keys)


@pytest.mark.parametrize(
    ("scope", "who", "admitted", "inside", "reason"),
    [
        pytest.param("all", person(), None, True, None, id="all means everybody before the release"),
        pytest.param(
            "all", person(), frozenset({2}), False, "was not there at the release", id="who joins later is out"
        ),
        pytest.param("all", person(), frozenset({1}), True, None, id="who was let in is in"),
        pytest.param("all", person(), frozenset(), False, "nobody was let in", id="nobody was let in"),
        pytest.param("group:Distributors", person(), None, True, None, id="by group, case ignored"),
        pytest.param("org:northwind", person(), None, True, None, id="by organisation, case ignored"),
        pytest.param("M1@X.example", person(), None, True, None, id="by address, case ignored"),
        pytest.param("group:cloud", person(), None, False, "scope", id="not named is out"),
        pytest.param("all", person(standing=Standing.SUSPENDED), None, False, "suspended", id="suspended is out"),
        pytest.param(
            "group:cloud", person(standing=Standing.SUSPENDED), None, False, "scope", id="suspended, not named"
        ),
        pytest.param("all", person(standing=Standing.REMOVED), frozenset({1}), False, "removed", id="removed is out"),
        pytest.param("all", person(keys=(EXPIRED,)), None, True, "key expired", id="inside, but can't be sealed to"),
        pytest.param("all", person(keys=(EXPIRED, GOOD)), None, True, None, id="one good key is enough"),
        pytest.param("all", person(keys=()), None, True, "no key", id="no key at all"),
    ],
)
def test_a_member_is_judged_with_a_reason(
    scope: str, who: Person, admitted: frozenset[int] | None, inside: bool, reason: str | None
) -> None:
    seat = judge_seat(who, read_scope(scope), admitted, NOW)

    assert (seat.inside, seat.reason) == (inside, reason)
    assert seat.gets_it == (inside and reason is None)


def test_who_is_outside_gets_nothing_whatever_else_is_said() -> None:
    assert not Seat(person(), inside=False, reason=None).gets_it


def in_groups(number: int, *groups: str, standing: Standing = Standing.ACTIVE) -> Person:
    return replace(person(number, standing=standing), groups=frozenset(groups))


@pytest.mark.parametrize(
    ("members", "inside", "expected"),
    [
        pytest.param([("a",), ("b",), ("b",)], {1, 2, 3}, ["group:a", "group:b"], id="by group"),
        pytest.param([("a",), ("b",), ("b",)], {1, 2}, ["group:a"], id="no group that lets somebody else in"),
        pytest.param([("a",), ("a",)], {1, 2}, ["m1@x.example, m2@x.example"], id="a group of all is none"),
        pytest.param([(), ()], {1, 2}, ["m1@x.example, m2@x.example"], id="to be struck from"),
        pytest.param([("a",)], {1}, [], id="nobody to leave out"),
        pytest.param([("a",)], set(), [], id="nobody at all"),
        pytest.param([(f"g{number}",) for number in range(9)], set(range(1, 10)), 5, id="a few of many groups"),
        pytest.param([()] * 20, set(range(1, 21)), 1, id="as many as are named"),
        pytest.param([()] * 21, set(range(1, 22)), [], id="too many to name"),
    ],
)
def test_a_narrower_scope_leaves_some_in_and_lets_nobody_in(members, inside, expected) -> None:
    people = [in_groups(number, *groups) for number, groups in enumerate(members, start=1)]

    found = [scope_text(scope) for scope in narrower(people, [one for one in people if one.id in inside])]

    assert (len(found) if isinstance(expected, int) else found) == expected
    for text in found:
        assert {one.id for one in people if is_named(one, read_scope(text))} <= inside


@pytest.mark.parametrize(
    ("beside", "expected"),
    [
        pytest.param(in_groups(3, "a"), ["group:b"], id="a member who is outside would be let in"),
        pytest.param(in_groups(3, "a", standing=Standing.SUSPENDED), ["group:b"], id="so would one who may come back"),
        pytest.param(in_groups(3, "a", standing=Standing.REMOVED), ["group:a", "group:b"], id="none who was removed"),
        pytest.param(
            replace(in_groups(3, "a"), role=Role.COORDINATOR), ["group:a", "group:b"], id="a coordinator has it anyway"
        ),
        pytest.param(
            replace(in_groups(3, "a"), role=Role.GUEST), ["group:a", "group:b"], id="a scope lets no guest in"
        ),
    ],
)
def test_a_group_is_offered_whose_other_members_could_not_be_let_in(beside: Person, expected: list[str]) -> None:
    inside = [in_groups(1, "a"), in_groups(2, "b")]

    assert [scope_text(scope) for scope in narrower([*inside, beside], inside)] == expected


def test_every_member_is_judged_and_no_coordinator() -> None:
    people = [person(1), person(2, standing=Standing.SUSPENDED), person(3, role=Role.COORDINATOR)]

    assert [seat.person.id for seat in judge_seats(people, read_scope("all"), None, NOW)] == [1, 2]


@pytest.mark.parametrize(
    ("rules", "withheld"),
    [
        pytest.param([], set(), id="no rule withholds nothing"),
        pytest.param(["fix.patch to org:Northwind"], set(), id="named: he gets it"),
        pytest.param(["fix.patch to org:Westlake"], {"fix.patch"}, id="not named: withheld"),
        pytest.param(["*.PATCH to org:Westlake"], {"fix.patch", "v2.patch"}, id="globs, case ignored"),
        pytest.param(
            ["*.patch to org:Northwind", "fix.* to org:Westlake"], {"fix.patch"}, id="two that disagree withhold"
        ),
    ],
)
def test_a_part_is_withheld_from_those_whom_its_rule_does_not_name(rules: list[str], withheld: set[str]) -> None:
    found = withheld_names(person(), [read_restriction(rule) for rule in rules], ["fix.patch", "v2.patch", "a.txt"])

    assert found == withheld


def test_a_reply_reaches_those_of_the_audience_who_hold_all_that_its_writer_holds() -> None:
    writer, same, less, outside, silent = (person(number) for number in range(1, 6))
    whole, part = Holding({"D/1": frozenset()}), Holding({"D/1": frozenset({"2"})})
    holdings = {1: whole, 2: whole, 3: part, 4: whole}

    found = reply_reaches(
        [writer, same, less, outside, silent], writer=writer, holdings=holdings, audience=frozenset({1, 2, 3, 5})
    )

    assert found == (same,)


@pytest.mark.parametrize(
    ("reader", "writer", "covers"),
    [
        pytest.param({}, {}, True, id="nothing holds all of nothing"),
        pytest.param({"D/1": set()}, {}, True, id="more than nothing"),
        pytest.param({}, {"D/1": set()}, False, id="nothing of a mail"),
        pytest.param({"D/1": set()}, {"D/1": set(), "D/2": set()}, False, id="one mail of two"),
        pytest.param({"D/1": set(), "D/2": {"2"}}, {"D/1": set(), "D/2": set()}, False, id="a part of one withheld"),
        pytest.param({"D/1": {"2"}}, {"D/1": {"2", "3"}}, True, id="less withheld"),
        pytest.param({"D/1": {"3"}}, {"D/1": {"2"}}, False, id="another part withheld"),
    ],
)
def test_one_holds_all_of_what_another_holds_by_each_mail_and_each_part(
    reader: dict[str, set[str]], writer: dict[str, set[str]], covers: bool
) -> None:
    first, second = (Holding({message: frozenset(parts) for message, parts in one.items()}) for one in (reader, writer))

    assert first.covers(second) == covers


_parts = st.frozensets(st.sampled_from("abc"))
_holdings = st.builds(Holding, st.dictionaries(st.sampled_from(["D/1", "D/2", "D/3"]), _parts))


@given(st.dictionaries(st.integers(1, 5), _holdings), st.frozensets(st.integers(1, 5)))
def test_whoever_gets_a_reply_holds_each_part_that_its_writer_holds(
    holdings: dict[int, Holding], audience: frozenset[int]
) -> None:
    writer = person(1)
    own = holdings.get(1, Holding({}))
    for reader in reply_reaches([person(n) for n in range(1, 6)], writer=writer, holdings=holdings, audience=audience):
        assert reader.id in audience
        assert reader.id != writer.id
        for message, missing in own.withheld.items():
            assert holdings[reader.id].withheld[message] <= missing


@pytest.mark.parametrize("is_writer", [False, True])
def test_in_doubt_a_writer_has_all_of_a_mail_and_nobody_else_has(is_writer: bool) -> None:
    assert held_without(("2", "3"), is_writer=is_writer) == {"2", "3"}
    assert held_without(("2", HAD_MORE), is_writer=is_writer) == (frozenset() if is_writer else {"2"})
