"""Scopes and restrictions: what is written is read, what is rendered is read back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy.scopes import (
    Restriction,
    Roster,
    Scope,
    exact_patterns,
    read_restriction,
    read_scope,
    resolve_scope,
    restriction_text,
    scope_text,
)

ROSTER = Roster(
    groups=frozenset({"envoy", "distributors"}),
    orgs=frozenset({"Northwind Networks", "Contoso, Inc.", "Litware"}),
    addresses=frozenset({"security@northwind.example", "psirt@litware.example"}),
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("all", Scope(all=True)),
        ("ALL", Scope(all=True)),
        ("group:envoy", Scope(groups=("envoy",))),
        ("org:Northwind Networks", Scope(orgs=("Northwind Networks",))),
        ("a@b.example", Scope(addresses=("a@b.example",))),
        ("group:envoy, org:Y Z,a@b.example", Scope(groups=("envoy",), orgs=("Y Z",), addresses=("a@b.example",))),
        ('org:"Contoso, Inc."', Scope(orgs=("Contoso, Inc.",))),
        ('org:Litware, org:"Contoso, Inc."', Scope(orgs=("Litware", "Contoso, Inc."))),
        ('GROUP: envoy , Org:"a \\"b\\" \\\\"', Scope(groups=("envoy",), orgs=('a "b" \\',))),
    ],
)
def test_a_scope_is_read(text, expected):
    assert read_scope(text) == expected


@pytest.mark.parametrize("text", ["", ",", "envoy", "all, group:envoy", "group:", "org: ", "a b@c.example", "team:x"])
def test_a_bad_scope_is_explained(text):
    with pytest.raises(ValueError, match=r"scope names|is not group"):
        read_scope(text)


@pytest.mark.parametrize(
    ("text", "patterns", "to"),
    [
        ("fix.patch to group:envoy", ("fix.patch",), "group:envoy"),
        ("fix.patch, *.diff to group:envoy, org:F 5", ("fix.patch", "*.diff"), "group:envoy, org:F 5"),
        ("my file.txt TO all", ("my file.txt",), "all"),
        ("how to fix.txt to group:envoy", ("how to fix.txt",), "group:envoy"),
        ('"a to b, c.txt" to org:Path to Glory', ("a to b, c.txt",), "org:Path to Glory"),
        ('"how to a@b.example, org:x" to all', ("how to a@b.example, org:x",), "all"),
        (r'"a\", b.txt" to all', ('a", b.txt',), "all"),
        (r'"a\\" to all', ("a\\",), "all"),
        ('a"b, c to all', ('a"b', "c"), "all"),
        ('"" to group:"a, b"', ("",), 'group:"a, b"'),
    ],
)
def test_a_restriction_is_read(text, patterns, to):
    assert read_restriction(text) == Restriction(patterns, read_scope(to))


@pytest.mark.parametrize("text", ["", "fix.patch", "to group:envoy", " to all", "fix.patch to", "fix.patch to envoy"])
def test_a_bad_restriction_is_explained(text):
    with pytest.raises(ValueError, match=r"written like|names no attachment|is not group|scope names"):
        read_restriction(text)


NAMES = st.text(st.characters(categories=["L", "N", "P", "S", "Zs"]), min_size=1, max_size=20).filter(str.strip)
LOCAL = st.text("abc.+-1", min_size=1, max_size=8)
SCOPES = st.one_of(
    st.just(Scope(all=True)),
    st.builds(
        Scope,
        groups=st.lists(NAMES, max_size=3).map(tuple),
        orgs=st.lists(NAMES, max_size=3).map(tuple),
        addresses=st.lists(LOCAL.map("{}@x.example".format), max_size=3).map(tuple),
    ).filter(lambda scope: not scope.is_empty),
)


@given(SCOPES)
def test_a_scope_that_is_rendered_is_read_back(scope):
    assert read_scope(scope_text(scope)) == scope


@given(st.lists(NAMES, min_size=1, max_size=3).map(tuple), SCOPES)
def test_a_restriction_that_is_rendered_is_read_back(patterns, to):
    assert read_restriction(restriction_text(Restriction(patterns, to))) == Restriction(patterns, to)


@given(st.text())
def test_no_text_does_more_than_raise_value_error(text):
    for read in (read_scope, read_restriction):
        try:
            read(text)
        except ValueError as err:
            assert str(err)
    assert resolve_scope(text, ROSTER) == resolve_scope(text, ROSTER)


@pytest.mark.parametrize(
    ("text", "scope", "problems"),
    [
        pytest.param("all", "all", 0, id="all"),
        pytest.param("group:Envoy, org:litware", "group:envoy, org:Litware", 0, id="the roster's spelling"),
        pytest.param("Security@Northwind.EXAMPLE", "security@northwind.example", 0, id="an address in other letters"),
        pytest.param('org:"Contoso, Inc."', 'org:"Contoso, Inc."', 0, id="a name with a comma"),
        pytest.param("org:Northwind\u00a0Networks", "org:Northwind Networks", 0, id="a no-break space"),
        pytest.param("group:evnoy", "group:envoy", 1, id="misspelled group"),
        pytest.param("org:Northwind", "org:Northwind Networks", 1, id="the short name"),
        pytest.param("envoy", "group:envoy", 1, id="without group:"),
        pytest.param("Litware", "org:Litware", 1, id="without org:"),
        pytest.param("groups:envoy", "group:envoy", 1, id="groups:"),
        pytest.param("all, group:envoy", "group:envoy", 1, id="all and a group"),
        pytest.param("group:envoy, org:Nobody Known", "group:envoy", 1, id="one unknown"),
        pytest.param("group:zzz", "", 1, id="only unknown"),
        pytest.param("", "", 1, id="nobody"),
    ],
)
def test_a_scope_is_held_against_the_roster(text, scope, problems):
    resolved = resolve_scope(text, ROSTER)

    assert scope_text(resolved.scope) == scope
    assert len(resolved.problems) == problems


def test_all_of_nobody_is_nobody():
    assert resolve_scope("all", Roster(frozenset(), frozenset(), frozenset())).problems


@pytest.mark.parametrize(
    ("pattern", "name", "is_covered"),
    [
        ("fix.patch", "fix.patch", True),
        ("FIX.patch", "fix.PATCH", True),
        ("*.patch", "fix.patch", True),
        ("fix[1].patch", "fix[1].patch", True),
        ("v1-v2.patch", "v1\u2013v2.patch", True),
        ("Bob's.txt", "Bob\u2019s.txt", True),
        ("a b.txt", "a\u00a0 b.txt", True),
        ("*-v2.patch", "v1\u2013v2.patch", True),
        ("fix.patch", "fix.patch.asc", False),
        ("*.diff", "fix.patch", False),
    ],
)
def test_a_pattern_covers_the_attachment_that_a_person_means(pattern, name, is_covered):
    patterns, found = exact_patterns(pattern, [name, "other.txt"])

    assert found == is_covered
    assert Restriction(patterns, Scope(all=True)).covers(name) == is_covered
    assert not Restriction(patterns, Scope(all=True)).covers("other.txt")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        pytest.param("org:security@northwind.example", "there is no organisation ", id="an address is no organisation"),
        pytest.param("group:Litware", "there is no group 'Litware'", id="nor is an organisation a group"),
        pytest.param("zzz", "'zzz' is no group:NAME, org:NAME or address", id="nothing at all"),
        pytest.param('"', "'\"' is no group:NAME", id="a quote that is never closed"),
        pytest.param("x@y.example", "there is no member with the address 'x@y.example'", id="a stranger's address"),
        pytest.param("psrt@litware.example", "did you mean psirt@litware.example?", id="a misspelled address"),
        pytest.param("evnoy", "did you mean group:envoy?", id="a misspelled group"),
    ],
)
def test_what_is_wrong_with_a_scope_is_said_in_words(text, problem):
    (told,) = resolve_scope(text, ROSTER).problems

    assert problem in told


def test_a_name_is_quoted_where_it_would_be_read_otherwise_and_only_there():
    everybody = Scope(all=True)

    assert restriction_text(Restriction(("", "how to fix.txt", "into.txt"), everybody)) == (
        '"", "how to fix.txt", into.txt to all'
    )
    assert scope_text(Scope(orgs=("Path to Glory",))) == "org:Path to Glory"
    assert scope_text(Scope(orgs=(" Acme", "Acme ", ""))) == 'org:" Acme", org:"Acme ", org:""'
    assert not everybody.is_empty
    assert Scope().is_empty
