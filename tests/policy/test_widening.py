"""What is wider: by who is named, whoever is active now; and restrictions, pattern by pattern."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from policy.audience import admitted_by
from policy.facts import Person, Role, Standing
from policy.scopes import read_restriction, read_scope
from policy.widening import opens, refuse_replacement, widens

NOW = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)


def member(number: int, name: str, *groups: str, standing: Standing = Standing.ACTIVE) -> Person:
    address = f"security@{name.lower()}.example"
    return Person(number, "l", Role.MEMBER, address, name, standing, frozenset(groups), ())


NORTH, SOUTH = member(1, "North", "linux"), member(2, "South", "linux")
WEST = member(3, "West", "cloud", standing=Standing.SUSPENDED)
GONE = member(4, "Gone", "cloud", standing=Standing.REMOVED)
EVERYBODY = (NORTH, SOUTH, WEST, GONE)


@pytest.mark.parametrize(
    ("before", "after", "admitted", "is_wider"),
    [
        ("group:linux", "all", None, True),
        ("all", "all", None, False),
        ("all", "group:cloud", None, False),
        ("group:linux", "GROUP:Linux", None, False),
        ("group:linux", "org:North", None, False),
        ("group:linux", "security@south.example", None, False),
        ("group:linux", "group:linux, org:West", None, True),  # suspended: reinstated a minute later
        ("org:North", "group:linux", None, True),
        ("org:North, org:South", "group:linux", None, True),  # whoever joins the group
        ("org:North", "org:Gone", None, False),
        ("all", "all", frozenset({1, 2, 3}), False),
        ("all", "all", frozenset({1, 2}), True),  # who came after the release is let in
        ("all", "group:linux", frozenset({1, 2}), False),
    ],
)
def test_a_scope_is_wider_where_it_names_anybody_who_was_not_let_in(before, after, admitted, is_wider):
    assert widens(read_scope(before), read_scope(after), EVERYBODY, admitted) is is_wider


@pytest.mark.parametrize(
    ("before", "anew", "is_wider"),
    [
        (["fix[12].patch to group:linux"], ["fix[12].patch to all"], True),
        (["fix.patch to group:linux"], ["fix.patch to org:North"], False),
        (["*.patch to group:linux"], ["fix.patch to all"], False),  # the older line stays
        (["a.patch, b.patch to org:North"], ["b.patch to org:North, org:West"], True),
        ([], ["fix.patch to all"], False),
        (["fix.patch to all", "fix.patch to org:North"], ["fix.patch to org:South"], True),
    ],
)
def test_a_restriction_is_wider_where_it_lets_anybody_more_in_than_the_one_that_it_replaces(before, anew, is_wider):
    assert opens(map(read_restriction, before), map(read_restriction, anew), EVERYBODY) is is_wider


@pytest.mark.parametrize(
    ("attached", "anew", "why"),
    [
        (("fix.patch",), (), None),
        (("fix-v2.patch",), (), "it has none"),
        (("fix-v2.patch",), ("*.patch to org:North",), None),
        (("fix-v2.patch", "notes.txt"), ("notes.txt to org:North",), "fix-v2.patch has none"),
        (("fix-v2.patch", "notes.txt"), ("fix-v2.patch to org:North", "notes.txt to all"), None),
        (("fix.patch", "notes.txt"), (), None),
        ((), (), "attach the new one under the same name"),
    ],
)
def test_a_file_in_the_place_of_a_restricted_one_is_restricted_as_well(attached, anew, why):
    stands = (read_restriction("fix.patch to org:North"),)
    found = refuse_replacement(["fix.patch", "open.txt"], attached, stands, tuple(map(read_restriction, anew)))
    assert (found is None) if why is None else (why in found)


def test_a_scope_line_keeps_who_was_let_in_and_is_merely_suspended():
    assert admitted_by(EVERYBODY, read_scope("all"), frozenset({1, 3, 4}), NOW) == {1, 2, 3}
    assert admitted_by(EVERYBODY, read_scope("all"), frozenset({1}), NOW) == {1, 2}
    assert admitted_by(EVERYBODY, read_scope("group:linux"), frozenset({1, 3}), NOW) == {1, 2}
