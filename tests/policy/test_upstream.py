"""Third parties' embargoes: how a line is read, what may leave under one, when the lift is due."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy.control import read_block
from policy.disclosure import Event, Rules, due
from policy.facts import ContentClass, Disclosure, Key, Person, Role, Standing, State, Upstream, UpstreamMode
from policy.orders import Order, read_order
from policy.scopes import Restriction, Scope
from policy.steering import Faults, plan_steering
from policy.surroundings import Surroundings
from policy.upstream import (
    UpstreamLine,
    UpstreamWord,
    apply,
    content_class,
    ended,
    ends_sooner,
    gets_details,
    holding,
    lift_due,
    next_end,
    not_before,
    opens_sooner,
    restricting,
    still_detailed,
    wait_changes,
)
from policy.upstreamlines import shared_with

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
DAY = timedelta(days=1)
RULES = Rules("UTC", timedelta(0), 90 * DAY, timedelta(0))
OUT = Disclosure(
    "ED-2026-K7QX", "l", State.EMBARGOED, 1, "a@x.example", "A", NOW, NOW, NOW + 14 * DAY, "RED", "all", released_at=NOW
)
MECHANICS, CASES, INHERIT = UpstreamMode.MECHANICS, UpstreamMode.CASE_BY_CASE, UpstreamMode.INHERIT
HERE = Surroundings(
    now=NOW,
    groups=frozenset({"envoy", "others"}),
    addresses=frozenset({"security@northwind.example"}),
    upstreams=(("envoy", MECHANICS), ("proxy-wasm", INHERIT)),
    is_reply=True,
    hold_until=NOW - DAY,
    embargo_until=NOW + 14 * DAY,
)


def order(text: str, here: Surroundings = HERE) -> Order:
    return read_order(read_block(text), here)


def member(*groups: str) -> Person:
    key = Key("F" * 40, "ed25519", None)
    return Person(
        7, "l", Role.MEMBER, "security@northwind.example", "Northwind", Standing.ACTIVE, frozenset(groups), (key,)
    )


# --- lines


@pytest.mark.parametrize(
    ("line", "read"),
    [
        ("envoy", UpstreamLine("envoy", MECHANICS)),
        ("Envoy", UpstreamLine("envoy", MECHANICS)),
        ("envoy until 2026-11-24 12:00 UTC", UpstreamLine("envoy", MECHANICS, until=NOW + 2 * DAY)),
        ("envoy until +2d", UpstreamLine("envoy", MECHANICS, until=NOW + 2 * DAY)),
        ("proxy-wasm over", UpstreamLine("proxy-wasm", INHERIT, UpstreamWord.OVER)),
        ("envoy details.", UpstreamLine("envoy", MECHANICS, UpstreamWord.DETAILS)),
    ],
)  # fmt: skip
def test_a_line_says_whose_embargo_and_what_of_it(line: str, read: UpstreamLine) -> None:
    assert order(f"Upstream: {line}").upstreams == (read,)


@pytest.mark.parametrize(
    ("line", "why", "corrected"),
    [
        ("envy until +2d", "did you mean envoy? This list knows envoy, proxy-wasm", "Upstream: envoy until +2d\n"),
        ("envoy soon", "it says envoy, envoy until a date", "Upstream: envoy\n"),
        ("envy soon", "This list knows envoy, proxy-wasm; it says envoy, envoy until a date", "Upstream: envoy\n"),
        ("envoy until", "no date", "Upstream: envoy\n"),
        ("envoy until now", "write `Upstream: envoy over`", "Upstream: envoy\n"),
        ("envoy until 2026-01-01 18:00 UTC", "Without a date it holds", "Upstream: envoy\n"),
        ("envoy until 02/12/2026 18:00 UTC", "", "Upstream: envoy until 2026-12-02 18:00 UTC\n"),
        ("envoy until 02/03/2027 18:00 UTC", "", "Upstream: envoy until 2027-03-02 18:00 UTC\n"),  # not 3 February
        ("envoy\nUpstream: envoy over", "two things", "Upstream: envoy\n"),
    ],
)
def test_a_line_that_is_not_clear_comes_back_as_one_that_holds(line: str, why: str, corrected: str) -> None:
    found = order(f"Upstream: {line}")

    assert why in found.complaints[0].why
    assert found.corrected == corrected
    assert found.is_ready
    assert order(found.corrected).complaints == ()
    for reading in found.complaints[0].readings:
        assert order(f"Upstream: {reading.value}").upstreams[0].until == reading.at


def test_a_name_misspelt_is_all_that_is_wrong_with_a_line_that_is_clear_otherwise() -> None:
    (complaint,) = order("Upstream: envy until +2d").complaints

    assert complaint.why == "there is no upstream 'envy'; did you mean envoy? This list knows envoy, proxy-wasm"


@pytest.mark.parametrize(
    ("upstreams", "why"),
    [
        ((), "this list knows no third parties"),
        ((("envoy", MECHANICS),), "there is no upstream 'kubernetes'; this list knows envoy"),
    ],
)
def test_an_unknown_name_is_asked_about_again_and_never_left_out(
    upstreams: tuple[tuple[str, UpstreamMode], ...], why: str
) -> None:
    found = order("Upstream: kubernetes", replace(HERE, upstreams=upstreams))

    assert [complaint.why.partition(" (")[0] for complaint in found.complaints] == [why]
    assert found.corrected == "Upstream: kubernetes\n"
    assert not found.is_ready


@pytest.mark.parametrize(
    ("line", "is_clear"),
    [
        ("Mechanics-Version: 1.19.2, 1.20.1-rc1", True),
        ("Mechanics-Version: the one that fixes the parser", True),
        ("Mechanics-Version: 1.19.2 (a heap overflow)", False),
        ("Mechanics-Version: 1.19.2: mind the parser!", False),
        (f"Mechanics-Version: {'1' * 40}", True),
        (f"Mechanics-Version: {'1' * 41}", False),
        (f"Mechanics-Branches: {', '.join(['main'] * 20)}", True),
        (f"Mechanics-Branches: {', '.join(['main'] * 21)}", False),
        ("Mechanics-Version: fix (CVE-2026-1)", False),
        ("Mechanics-Version: CVE-2026-4242", False),
        ("Mechanics-Branches: fix/cve_2026_4242", False),
        ("Mechanics-Branches: release/1.19", True),
        ("Mechanics-Branches: https://x.example", False),
        ("Mechanics-Action: upgrade the proxies within a day", True),
        ("Mechanics-Action: apply the fix of CVE-2026-4242", False),
        ("Mechanics-Action: apply the fix of CVE 2026 4242", False),
        ("Mechanics-Action: see https://x.example", False),
        (f"Mechanics-Action: {'x' * 200}", True),
        (f"Mechanics-Action: {'x' * 201}", False),
        ("Mechanics-Action:", False),
    ],
)
def test_mechanics_are_short_and_name_no_flaw(line: str, is_clear: bool) -> None:
    assert bool(order(line).mechanics) == is_clear
    assert bool(order(line).complaints) != is_clear


def test_details_for_a_group_are_no_restriction_of_attachments() -> None:
    found = order("Upstream: envoy\nRestrict: * to group:envoy")
    assert (found.shares, found.restrict) == (("envoy",), ())

    held = replace(HERE, held_by=frozenset({"envoy"}))
    assert order("Restrict: * to group:envoy", held).shares == ("envoy",)
    assert order("Restrict: * to group:envoy").complaints  # nothing is kept back, and no attachment is there
    for other in ("* to group:others", "* to group:envoy, group:others", "* to security@northwind.example"):
        found = order(f"Restrict: {other}", replace(held, attachments=("a.patch",)))
        assert found.shares == ()
        assert len(found.restrict) == 1


def test_an_attachment_for_the_group_of_an_upstream_is_withheld_from_others_also_when_that_is_over() -> None:
    patch = replace(HERE, attachments=("a.patch",))
    found = order("Upstream: envoy\nRestrict: a.patch to group:envoy", patch)
    (kept,) = found.restrict
    assert (found.shares, kept.patterns, kept.to.groups) == (("envoy",), ("a.patch",), ("envoy",))
    assert order("Upstream: envoy\nRestrict: b.patch to group:envoy", patch).complaints
    assert order("Restrict: a.patch to group:envoy", patch).shares == ()
    later = order("Restrict: a.patch to group:envoy", replace(patch, held_by=frozenset({"envoy"})))
    assert (later.shares, len(later.restrict)) == ((), 1), "in a later mail it narrows one file, and opens nothing"


@pytest.mark.parametrize(
    ("patterns", "to", "shares"),
    [
        (("*",), Scope(groups=("envoy",)), ("envoy",)),
        (("*",), Scope(groups=("Envoy", "b")), ("envoy", "b")),
        (("*",), Scope(groups=("envoy", "others")), ()),
        (("*",), Scope(all=True), ()),
        (("*",), Scope(all=True, groups=("envoy",)), ()),
        (("*",), Scope(groups=("envoy",), orgs=("Northwind",)), ()),
        (("*",), Scope(groups=("envoy",), addresses=("security@northwind.example",)), ()),
        (("*.patch",), Scope(groups=("envoy",)), ("envoy",)),
        (("*", "a.patch"), Scope(groups=("envoy",)), ("envoy",)),
        (("a.patch",), Scope(groups=("envoy", "others")), ()),
    ],
)
def test_what_only_groups_of_upstreams_may_have_shares_details_with_them(
    patterns: tuple[str, ...], to: Scope, shares: tuple[str, ...]
) -> None:
    assert shared_with(Restriction(patterns, to), frozenset({"envoy", "b"})) == shares


# --- what may leave


@pytest.mark.parametrize(
    ("upstreams", "found"),
    [
        ((), ContentClass.FULL),
        ((Upstream("envoy", INHERIT),), ContentClass.FULL),
        ((Upstream("envoy", MECHANICS, over_at=NOW),), ContentClass.FULL),
        ((Upstream("envoy", MECHANICS, opened=True),), ContentClass.FULL),
        ((Upstream("envoy", MECHANICS),), ContentClass.MECHANICS),
        ((Upstream("envoy", CASES),), ContentClass.MECHANICS),
        ((Upstream("envoy", INHERIT), Upstream("b", CASES)), ContentClass.MECHANICS),
    ],
)
def test_members_get_the_mechanics_alone_while_one_keeps_details_back(
    upstreams: tuple[Upstream, ...], found: ContentClass
) -> None:
    assert content_class(replace(OUT, upstreams=upstreams)) is found


@pytest.mark.parametrize(
    ("upstreams", "groups", "gets"),
    [
        ((), (), True),
        ((Upstream("envoy", INHERIT),), (), True),
        ((Upstream("envoy", MECHANICS),), (), False),
        ((Upstream("envoy", CASES),), (), False),
        ((Upstream("envoy", MECHANICS, over_at=NOW),), (), True),
        ((Upstream("envoy", MECHANICS, opened=True),), (), True),
        ((Upstream("envoy", MECHANICS),), ("envoy",), False),
        ((Upstream("envoy", MECHANICS, shared=True),), ("Envoy",), True),
        ((Upstream("envoy", MECHANICS, shared=True),), ("others",), False),
        ((Upstream("envoy", MECHANICS, shared=True), Upstream("b", CASES)), ("envoy", "b"), False),
        ((Upstream("envoy", MECHANICS, opened=True), Upstream("b", CASES)), (), False),
    ],
)
def test_who_may_have_the_details(upstreams: tuple[Upstream, ...], groups: tuple[str, ...], gets: bool) -> None:
    found = replace(OUT, upstreams=upstreams)

    assert gets_details(found, member(*groups), "ED-2026-K7QX/1") == gets
    assert gets_details(replace(found, detailed=frozenset({"ED-2026-K7QX/1"})), member(), "ED-2026-K7QX/1")


LINES = st.builds(
    UpstreamLine,
    name=st.sampled_from(["a", "b"]),
    mode=st.sampled_from(UpstreamMode),
    word=st.sampled_from(UpstreamWord),
    until=st.none() | st.integers(1, 30).map(lambda days: NOW + days * DAY),
)


@given(st.lists(LINES, max_size=6), st.integers(0, 40))
def test_with_the_clock_running_nothing_is_lifted_before_or_waits_after_max_of_both(
    lines: list[UpstreamLine], days: int
) -> None:
    found = OUT
    for line in lines:
        changed = apply(found.upstreams, found.state, [line], (), NOW)
        found = found if isinstance(changed, str) else replace(found, upstreams=changed)
    now = NOW + days * DAY
    end = lift_due(found)
    later = replace(found, upstreams=ended(found, now))

    is_lifted = due(later, now) is Event.DATE_REACHED
    assert is_lifted == (end is not None and now >= end)
    assert bool(holding(later)) == (
        any(one.holds and (one.until is None or one.until > now) for one in found.upstreams)
    )
    assert set(restricting(later)) <= set(holding(later))
    assert next_end(later) is None or next_end(later) > now
    assert isinstance(plan_steering(Order(lift_now=True), later, RULES, now), Faults) == bool(holding(later))


DUE = OUT.embargo_until


@pytest.mark.parametrize(
    ("upstreams", "end"),
    [
        pytest.param((), DUE, id="no upstream"),
        pytest.param((Upstream("a", INHERIT, DUE - DAY),), DUE, id="one that is over before the public date"),
        pytest.param((Upstream("a", INHERIT, DUE + DAY), Upstream("b", CASES, DUE - DAY)), DUE + DAY, id="the last"),
        pytest.param((Upstream("a", INHERIT, DUE + DAY, over_at=NOW),), DUE, id="over before its date"),
        pytest.param((Upstream("a", INHERIT, over_at=DUE + DAY),), DUE + DAY, id="over late, without a date"),
        pytest.param((Upstream("a", INHERIT, DUE + DAY), Upstream("b", CASES)), None, id="one whose end nobody knows"),
    ],
)
def test_the_lift_is_due_when_the_last_of_all_ends(upstreams: tuple[Upstream, ...], end: datetime | None) -> None:
    assert lift_due(replace(OUT, upstreams=upstreams)) == end
    assert end is None or not_before(replace(OUT, upstreams=upstreams)) == end


def test_before_what_is_known_it_never_ends_though_one_names_no_date() -> None:
    upstreams = (Upstream("a", INHERIT), Upstream("b", CASES, DUE + DAY), Upstream("c", CASES, DUE + DAY, over_at=NOW))

    assert not_before(replace(OUT, upstreams=upstreams)) == DUE + DAY
    assert lift_due(replace(OUT, upstreams=upstreams)) is None


def test_what_was_over_before_its_date_stays_over_since_then() -> None:
    early = Upstream("a", MECHANICS, NOW, over_at=NOW - DAY)

    assert ended(replace(OUT, upstreams=(early, Upstream("b", CASES, NOW), Upstream("c", CASES, NOW + DAY))), NOW) == (
        early,
        Upstream("b", CASES, NOW, over_at=NOW),
        Upstream("c", CASES, NOW + DAY),
    )


@pytest.mark.parametrize("state", State)
def test_the_clock_ends_the_first_of_those_that_have_a_date_while_that_matters(state: State) -> None:
    upstreams = (
        Upstream("a", INHERIT, NOW + DAY, over_at=NOW),
        Upstream("b", MECHANICS, NOW + 3 * DAY),
        Upstream("c", CASES, NOW + 2 * DAY),
        Upstream("d", CASES),
    )
    is_over = state in {State.CLOSED, State.WITHDRAWN}

    assert next_end(replace(OUT, state=state, upstreams=upstreams)) == (None if is_over else NOW + 2 * DAY)
    assert next_end(replace(OUT, state=state, upstreams=(upstreams[0], upstreams[3]))) is None


@pytest.mark.parametrize("state", State)
def test_an_embargo_is_added_until_the_lift_and_not_after_it(state: State) -> None:
    found = apply((), state, [UpstreamLine("envoy", MECHANICS, until=NOW + DAY)], (), NOW)

    if state in {State.PENDING, State.HELD, State.EMBARGOED}:
        assert found == (Upstream("envoy", MECHANICS, NOW + DAY),)
    else:
        assert found == f"the disclosure is {state}, so no embargo is added to it"


@pytest.mark.parametrize(
    ("before", "line", "after"),
    [
        pytest.param(
            Upstream("envoy", MECHANICS, NOW + DAY),
            UpstreamLine("envoy", MECHANICS, until=NOW + 3 * DAY),
            Upstream("envoy", MECHANICS, NOW + 3 * DAY),
            id="a new date takes the place of the old one",
        ),
        pytest.param(
            Upstream("envoy", MECHANICS, NOW + DAY, opened=True),
            UpstreamLine("envoy", MECHANICS),
            Upstream("envoy", MECHANICS, opened=True),
            id="without a date it holds until somebody says that it is over",
        ),
        pytest.param(
            Upstream("envoy", MECHANICS, NOW + DAY),
            UpstreamLine("envoy", MECHANICS, UpstreamWord.OVER),
            Upstream("envoy", MECHANICS, NOW + DAY, over_at=NOW),
            id="over is over from now on",
        ),
        pytest.param(
            Upstream("envoy", MECHANICS),
            UpstreamLine("envoy", MECHANICS, UpstreamWord.DETAILS),
            Upstream("envoy", MECHANICS, opened=True),
            id="details go, and it holds the lift as before",
        ),
        pytest.param(
            Upstream("envoy", CASES),
            UpstreamLine("envoy", CASES, UpstreamWord.OVER),
            Upstream("envoy", CASES, over_at=NOW),
            id="over, whatever its mode",
        ),
    ],
)
def test_a_line_changes_what_it_says_and_no_more(before: Upstream, line: UpstreamLine, after: Upstream) -> None:
    beside = Upstream("b", CASES, NOW + DAY)

    assert apply((before, beside), State.EMBARGOED, [line], (), NOW) == (after, beside)


def test_details_are_shared_with_the_groups_of_those_named_that_still_hold() -> None:
    over = Upstream("c", MECHANICS, over_at=NOW)
    found = apply((Upstream("a", CASES), Upstream("b", CASES), over), State.EMBARGOED, [], ("a", "c"), NOW)

    assert found == (Upstream("a", CASES, shared=True), Upstream("b", CASES), over)


def test_what_a_line_can_not_do_is_told() -> None:
    over = UpstreamLine("envoy", MECHANICS, UpstreamWord.OVER)
    details = UpstreamLine("envoy", MECHANICS, UpstreamWord.DETAILS)
    for state, upstreams, line, why in (
        (State.EMBARGOED, (), over, "no embargo of envoy holds here"),
        (State.EMBARGOED, (Upstream("envoy", MECHANICS, over_at=NOW),), over, "no embargo of envoy holds here"),
        (State.EMBARGOED, (Upstream("envoy", CASES),), details, "each mail is let go by itself"),
        (State.EMBARGOED, (Upstream("envoy", INHERIT),), details, "nothing is kept back"),
        (State.LIFTED, (), UpstreamLine("envoy", MECHANICS), "no embargo is added"),
    ):
        assert why in str(apply(upstreams, state, [line], (), NOW))
    begun = (Upstream("envoy", MECHANICS, NOW + DAY, over_at=NOW, opened=True, shared=True),)
    assert apply(begun, State.EMBARGOED, [UpstreamLine("envoy", CASES)], (), NOW) == (Upstream("envoy", CASES),)


def test_an_embargo_that_ends_sooner_is_noticed() -> None:
    open_end = replace(OUT, upstreams=(Upstream("envoy", INHERIT),))
    dated = replace(OUT, upstreams=(Upstream("envoy", INHERIT, NOW + 20 * DAY),))

    assert ends_sooner(open_end, dated)
    assert ends_sooner(dated, OUT)
    assert not ends_sooner(dated, open_end)
    assert not ends_sooner(OUT, dated)
    assert not ends_sooner(dated, dated)
    assert not ends_sooner(open_end, open_end)


@pytest.mark.parametrize(
    ("upstreams", "embargo_until", "changes"),
    [
        pytest.param((), DUE, False, id="nothing"),
        pytest.param((Upstream("a", INHERIT, DUE - DAY),), DUE, False, id="an upstream that ends before the date"),
        pytest.param((Upstream("a", INHERIT, DUE + DAY),), DUE, True, id="one that ends after it"),
        pytest.param((Upstream("a", INHERIT),), DUE, True, id="one whose end nobody knows"),
        pytest.param((), DUE + DAY, False, id="the public date, which is told by itself"),
    ],
)
def test_a_lift_that_waits_for_others_otherwise_than_before_is_noticed(
    upstreams: tuple[Upstream, ...], embargo_until: datetime, changes: bool
) -> None:
    after = replace(OUT, upstreams=upstreams, embargo_until=embargo_until)

    assert wait_changes(OUT, after) == changes
    assert wait_changes(after, OUT) == changes


@pytest.mark.parametrize(
    ("before", "after", "opens"),
    [
        (Upstream("a", MECHANICS), Upstream("a", MECHANICS), False),
        (Upstream("a", MECHANICS), Upstream("a", MECHANICS, over_at=NOW), True),
        (Upstream("a", CASES), Upstream("a", INHERIT), True),
        (Upstream("a", CASES), Upstream("a", MECHANICS), False),
        (Upstream("a", MECHANICS), Upstream("a", MECHANICS, NOW + DAY), True),
        (Upstream("a", MECHANICS, NOW + DAY), Upstream("a", MECHANICS, NOW + 2 * DAY), False),
        (Upstream("a", MECHANICS, NOW + DAY), Upstream("a", MECHANICS, NOW + DAY), False),
        (Upstream("a", MECHANICS, NOW + 2 * DAY), Upstream("a", MECHANICS, NOW + DAY), True),
        (Upstream("a", MECHANICS), Upstream("a", MECHANICS, opened=True), False),
        (Upstream("a", INHERIT), Upstream("a", INHERIT, over_at=NOW), False),
        (Upstream("a", MECHANICS, opened=True), Upstream("a", MECHANICS, over_at=NOW), False),
    ],
)
def test_details_that_go_sooner_are_noticed_whenever_the_lift_is_due(
    before: Upstream, after: Upstream, opens: bool
) -> None:
    beside = Upstream("b", CASES)

    assert opens_sooner(replace(OUT, upstreams=(before, beside)), replace(OUT, upstreams=(after, beside))) == opens


@pytest.mark.parametrize(
    ("before", "after", "stays"),
    [
        ((Upstream("a", CASES),), (Upstream("a", CASES, NOW + DAY),), True),
        ((Upstream("a", CASES),), (Upstream("a", CASES, over_at=NOW),), True),
        ((Upstream("a", CASES),), (Upstream("a", CASES), Upstream("b", INHERIT)), True),
        ((Upstream("a", CASES),), (Upstream("a", CASES), Upstream("b", MECHANICS)), False),
        ((Upstream("a", CASES, over_at=NOW),), (Upstream("a", CASES),), False),
        ((Upstream("a", INHERIT),), (Upstream("a", CASES),), False),
    ],
)
def test_what_was_let_go_under_one_embargo_is_kept_back_again_under_the_next(
    before: tuple[Upstream, ...], after: tuple[Upstream, ...], stays: bool
) -> None:
    detailed = frozenset({"ED-2026-K7QX/1"})

    assert still_detailed(replace(OUT, upstreams=before, detailed=detailed), after) == (detailed if stays else set())


def test_what_opened_a_mode_opens_no_other() -> None:
    opened = (Upstream("envoy", MECHANICS, opened=True),)

    assert apply(opened, State.EMBARGOED, [UpstreamLine("envoy", CASES)], (), NOW) == (Upstream("envoy", CASES),)
    assert apply(opened, State.EMBARGOED, [UpstreamLine("envoy", MECHANICS)], (), NOW) == opened


@pytest.mark.parametrize("begun", [(), (Upstream("envoy", MECHANICS, until=NOW + DAY),)])
@pytest.mark.parametrize(("ahead", "is_taken"), [(timedelta(seconds=1), True), (timedelta(), False), (-DAY, False)])
def test_a_date_of_another_embargo_that_went_by_while_its_mail_waited_is_not_taken(begun, ahead, is_taken) -> None:
    found = apply(begun, State.EMBARGOED, [UpstreamLine("envoy", MECHANICS, until=NOW + ahead)], (), NOW)
    assert isinstance(found, str) is not is_taken
    assert is_taken or "`Upstream: envoy over`" in found
