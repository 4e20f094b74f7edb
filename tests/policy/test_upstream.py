"""Third parties' embargoes: how a line is read, what may leave under one, when the lift is due."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy.control import read_block
from policy.disclosure import Event, Rules, due
from policy.facts import Disclosure, Key, Person, Role, Standing, State, Upstream, UpstreamMode
from policy.orders import Order, read_order
from policy.steering import Faults, plan_steering
from policy.surroundings import Surroundings
from policy.upstream import (
    UpstreamLine,
    UpstreamWord,
    apply,
    ended,
    ends_sooner,
    gets_details,
    holding,
    lift_due,
    next_end,
    opens_sooner,
    restricting,
    still_detailed,
)

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
        ("envoy until", "no date", "Upstream: envoy\n"),
        ("envoy until now", "write `Upstream: envoy over`", "Upstream: envoy\n"),
        ("envoy until 2026-01-01 18:00 UTC", "Without a date it holds", "Upstream: envoy\n"),
        ("envoy until 02/12/2026 18:00 UTC", "", "Upstream: envoy until 2026-12-02 18:00 UTC\n"),
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


@pytest.mark.parametrize("upstreams", [(), (("envoy", MECHANICS),)])
def test_an_unknown_name_is_asked_about_again_and_never_left_out(
    upstreams: tuple[tuple[str, UpstreamMode], ...],
) -> None:
    found = order("Upstream: kubernetes", replace(HERE, upstreams=upstreams))

    assert found.complaints
    assert found.corrected == "Upstream: kubernetes\n"
    assert not found.is_ready


@pytest.mark.parametrize(
    ("line", "is_clear"),
    [
        ("Mechanics-Version: 1.19.2, 1.20.1-rc1", True),
        ("Mechanics-Version: the one that fixes the parser", True),
        ("Mechanics-Version: fix (CVE-2026-1)", False),
        ("Mechanics-Version: CVE-2026-4242", False),
        ("Mechanics-Branches: fix/cve_2026_4242", False),
        ("Mechanics-Branches: release/1.19", True),
        ("Mechanics-Branches: https://x.example", False),
        ("Mechanics-Action: upgrade the proxies within a day", True),
        ("Mechanics-Action: apply the fix of CVE-2026-4242", False),
        ("Mechanics-Action: apply the fix of CVE 2026 4242", False),
        ("Mechanics-Action: see https://x.example", False),
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


# --- what may leave


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
    dated = (Upstream("envoy", MECHANICS, NOW + DAY),)
    assert apply(dated, State.EMBARGOED, [UpstreamLine("envoy", MECHANICS)], (), NOW) == dated


def test_an_embargo_that_ends_sooner_is_noticed() -> None:
    open_end = replace(OUT, upstreams=(Upstream("envoy", INHERIT),))
    dated = replace(OUT, upstreams=(Upstream("envoy", INHERIT, NOW + 20 * DAY),))

    assert ends_sooner(open_end, dated)
    assert ends_sooner(dated, OUT)
    assert not ends_sooner(dated, open_end)
    assert not ends_sooner(OUT, dated)


@pytest.mark.parametrize(
    ("before", "after", "opens"),
    [
        (Upstream("a", MECHANICS), Upstream("a", MECHANICS), False),
        (Upstream("a", MECHANICS), Upstream("a", MECHANICS, over_at=NOW), True),
        (Upstream("a", CASES), Upstream("a", INHERIT), True),
        (Upstream("a", CASES), Upstream("a", MECHANICS), False),
        (Upstream("a", MECHANICS), Upstream("a", MECHANICS, NOW + DAY), True),
        (Upstream("a", MECHANICS, NOW + DAY), Upstream("a", MECHANICS, NOW + 2 * DAY), False),
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
