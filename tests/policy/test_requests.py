"""Lines to the -request address: read strictly, told kindly, never half."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy.control import ALIASES, meant_name
from policy.requests import MOST, Ask, Request, block_of, kind_of, names_kept, read_requests

A = "security@corp.example"


def said(text: str) -> list[str]:
    """What a text without any fault asks for."""
    asked = read_requests(text)
    assert asked is not None
    assert asked.complaints == ()
    return [request.said for request in asked.requests]


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("Show: open", ["Show: open"]),
        ("\n\nshow:   OPEN \n", ["Show: open"]),
        ("Show: open, members,ed-2026-k7qx", ["Show: open", "Show: members", "Show: ED-2026-K7QX"]),
        ("Show: `LK-2026-9D3M`.", ["Show: LK-2026-9D3M"]),
        ("Show: [ED-2026-K7QX]", ["Show: ED-2026-K7QX"]),
        (f"Suspend: Corp Security <{A}>", [f"Suspend: {A}"]),
        (f"SUSPEND: {A}\nShow: members\nReinstate: {A}", [f"Suspend: {A}", "Show: members", f"Reinstate: {A}"]),
        ("Retry: PX-2026-K7QX", ["Retry: PX-2026-K7QX"]),
        ("release-quarantine: qu-2026-4t7b", ["Release-Quarantine: QU-2026-4T7B"]),
        (
            "Discard-Quarantine: QU-2026-4T7B, QU-2026-4T7C",
            ["Discard-Quarantine: QU-2026-4T7B", "Discard-Quarantine: QU-2026-4T7C"],
        ),
        ("Show: open\nShow: open", ["Show: open"]),
        ("Show: open\n-- \nAlice\nSuspend: x", ["Show: open"]),
        ("Show: open\n\nThanks: you are kind. See you\n", ["Show: open"]),
        ("Show: open\n\n> Suspend: someone@corp.example\n", ["Show: open"]),
        ("Sho\u200bw\uff1a open", ["Show: open"]),
    ],
)
def test_a_clear_block_is_read_as_it_is_meant(text, lines):
    assert said(text) == lines


@pytest.mark.parametrize(
    ("text", "why", "corrected"),
    [
        (f"Suspned: {A}", "Suspend is meant", f"Suspend: {A}\n"),
        (f"Supsend: {A}\nShow: open", "Suspend is meant", f"Suspend: {A}\nShow: open\n"),
        ("Release: QU-2026-4T7B", "Release-Quarantine is meant", "Release-Quarantine: QU-2026-4T7B\n"),
        ("Release Quarantine: QU-2026-4T7B\n\nShow: open", "outside", "Release-Quarantine: QU-2026-4T7B\nShow: open\n"),
        (f"Unsuspend: {A}", "Reinstate is meant", f"Reinstate: {A}\n"),
        ("Frobnicate: all", "there is no line 'Frobnicate'", ""),
        ("Show: open\nLift: now", "list's own address", "Show: open\n"),
        ("Show: memebrs", "'memebrs' can't be shown", "Show: members\n"),
        ("Show: everything, open", "'everything' can't be shown", "Show: open\n"),
        ("Show:", "say `open`", ""),
        ("Suspend: Northwind", "mail address of a member", ""),
        (f"Suspend: {A}, Northwind", "mail address of a member", f"Suspend: {A}\n"),
        ("Retry: QU-2026-4T7B", "id of a disclosure", ""),
        ("Retry: all", "id of a disclosure", ""),
        ("Discard-Quarantine: ED-2026-K7QX", "id of a kept mail", ""),
        ("Show: open\nthank you", "no `Name: value` line", "Show: open\n"),
        (f"Hello,\nplease\n\nSuspend: {A}", "outside the block", f"Suspend: {A}\n"),
        (f"Show: open\n\n  **Suspend:** {A}", "outside the block", f"Show: open\nSuspend: {A}\n"),
        ("Show:open", "outside the block", "Show: open\n"),
        ("help\n\nShow: open", "outside", "Show: open\n"),
        ("\n".join(f"Suspend: a{i}@corp.example" for i in range(MOST + 1)), f"at most {MOST}", None),
    ],
)
def test_what_is_not_clear_asks_nothing_and_is_put_right(text, why, corrected):
    asked = read_requests(text)

    assert asked is not None
    assert asked.requests == ()
    assert any(why in complaint.why for complaint in asked.complaints), asked.complaints
    if corrected is not None:
        assert asked.corrected == corrected
    if asked.corrected:
        assert said(asked.corrected), "what is offered is accepted"


@pytest.mark.parametrize(
    "text", ["", "\n \n", "help", "  HELP.\n", "Help: please", "help\n\nAlice", "> Show: open", "-- \nA"]
)
def test_help_and_nothing_at_all_ask_for_the_help_text(text):
    asked = read_requests(text)

    assert asked is not None
    assert asked.is_help


@pytest.mark.parametrize(
    "text",
    [
        "Please suspend Northwind.",
        "I need help with my key.\nShall I send a new one?",
        "Embargo-Until: +14d\n\nA flaw.",
        "Leak: the patch, to a journalist",
        "Hello all,\n\nhere is the news: nothing.",
        "Show me: the list",
        "x\n" * 60_000,
    ],
)
def test_what_names_no_such_line_is_no_block(text):
    assert read_requests(text) is None


def test_html_alone_never_counts():
    asked = read_requests("Show: open", is_html=True)

    assert asked is not None
    assert asked.requests == ()
    assert "HTML alone" in asked.complaints[0].why
    assert asked.corrected == "Show: open\n"


def test_no_name_is_taken_for_one_of_the_lists_own_lines():
    for ask in Ask:
        assert ask not in ALIASES
        assert meant_name(ask) is None, "a request in a thread is prose, and says so by being passed on as such"


def test_what_is_shown_is_told_apart_by_its_id():
    assert [kind_of(about) for about in ("open", "LK-2026-9D3M", "QU-2026-4T7B", "EDX-2026-K7QX")] == [
        "open", "leak", "kept", "disclosure",
    ]  # fmt: skip


_values = st.sampled_from(["open", "members", "quarantine", "ED-2026-K7QX", "LK-2026-9D3M", "QU-2026-4T7B"])
_requests = st.one_of(
    st.builds(Request, st.just(Ask.SHOW), _values),
    st.builds(Request, st.sampled_from([Ask.SUSPEND, Ask.REINSTATE]), st.sampled_from([A, "b@c.example"])),
    st.builds(Request, st.just(Ask.RETRY), st.just("ED-2026-K7QX")),
    st.builds(Request, st.sampled_from([Ask.RELEASE, Ask.DISCARD]), st.just("QU-2026-4T7B")),
)


@given(st.lists(_requests, min_size=1, max_size=8, unique=True))
def test_every_block_reads_back_as_what_it_was_made_of(requests):
    asked = read_requests(block_of(requests))

    assert asked is not None
    assert list(asked.requests) == requests


_line = st.one_of(
    st.text(max_size=40),
    st.builds("{}: {}".format, st.sampled_from([*Ask, "Suspned", "Help", "Lift", "Foo"]), st.text(max_size=30)),
    _requests.map(lambda request: request.said),
    st.sampled_from(["", "-- ", "> Show: open", "help"]),
)


@given(st.lists(_line, max_size=8).map("\n".join))
def test_nothing_that_a_mail_can_say_is_half_asked(text):
    asked = read_requests(text)

    if asked is not None:
        assert bool(asked.requests) + bool(asked.complaints) + asked.is_help == 1
        if asked.corrected:
            again = read_requests(asked.corrected)
            assert again is not None
            assert again.complaints == ()
            assert block_of(again.requests) == asked.corrected or len(again.requests) < len(asked.corrected.split("\n"))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Approve: qu-2026-k7qx\n\nFine.\n", ("QU-2026-K7QX",)),
        (
            "Show: open, QU-2026-K7QX\nrelease-quarantine: [QU-2026-M3P9], QU-2026-K7QX",
            ("QU-2026-K7QX", "QU-2026-M3P9"),
        ),
        ("Approve: ED-2026-K7QX", ("ED-2026-K7QX",)),
        ("> Approve: QU-2026-K7QX\nIt is QU-2026-K7QX that I mean.\nDiscard-Quarantine: QU-2026-K7QX\n", ()),
        ("".join(f"Show: QU-2026-{number:04}\n" for number in range(20)), tuple(f"QU-2026-{n:04}" for n in range(8))),
    ],
)
def test_what_has_to_be_opened_is_known_before_it_is_judged(text, found):
    assert names_kept(text) == found
