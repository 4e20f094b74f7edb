"""Leak lines: read wherever they stand, never refused."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy.orders import LeakLines, find_leak


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            "Leak: the patch, to a public list",
            LeakLines(what="the patch, to a public list", missing=("to", "when", "how")),
            id="the short form fills what with all of it",
        ),
        pytest.param(
            "Leak-What: a\nLeak-To: b\nLeak-When: 2026-11-20 10:00 UTC\nLeak-How: d\nLeak-By: other\n\ntext",
            LeakLines("a", "b", "2026-11-20 10:00 UTC", "d", "other", None, datetime(2026, 11, 20, 10, tzinfo=UTC), ()),
            id="all fields",
        ),
        pytest.param(
            "Leak-What: the patch,\n  and the advisory\nLeak-When: last night",
            LeakLines("the patch, and the advisory", None, "last night", missing=("to", "how")),
            id="wrapped; a free text for when",
        ),
        pytest.param("Hi,\n\nleak: x\n\nbye", LeakLines("x", missing=("to", "when", "how")), id="below a greeting"),
        pytest.param("Leak: x\nLeak: y", LeakLines("x; y", missing=("to", "when", "how")), id="twice"),
        pytest.param("Leak: yes", LeakLines(answer="yes"), id="yes"),
        pytest.param("Leak: No.", LeakLines(answer="no", missing=()), id="no"),
        pytest.param(
            "Leak: no\nLeak-What: x", LeakLines("x", answer="yes", missing=("to", "when", "how")), id="no, but"
        ),
        pytest.param("Leak: no\nLeak: yes", LeakLines(answer="yes"), id="no and yes"),
        pytest.param("Leak:", LeakLines(), id="nothing said"),
        pytest.param("Leak-By: us", LeakLines(), id="by us"),
        pytest.param("Leak-What: no", LeakLines("no", missing=("to", "when", "how")), id="no is no answer there"),
        pytest.param("Leak-What:\nLeak: x", LeakLines("x", missing=("to", "when", "how")), id="an empty line"),
        pytest.param("Leak: x\nLeak-What: x", LeakLines("x", missing=("to", "when", "how")), id="the same twice"),
    ],
)
def test_leak_lines_are_read(text, expected):
    assert find_leak(text) == expected


@pytest.mark.parametrize(
    ("line", "field"), [("Leak-Whatt: x", "what"), ("Leak-too: x", "to"), ("Laek: x", "what"), ("LEAK HOW: x", "how")]
)
def test_a_misspelled_leak_line_is_read_and_noted(line, field):
    found = find_leak(line)

    assert getattr(found, field) == "x"
    assert len(found.notes) == 1
    assert found.notes[0].line == line
    assert "it was read as Leak" in found.notes[0].why


def test_an_unknown_leak_line_is_a_report_all_the_same():
    found = find_leak("Leak-Severity: terrible\n\ntext")

    assert found.missing == ("what", "to", "when", "how")
    assert found.notes[0].line == "Leak-Severity: terrible"
    assert "taken as a leak report all the same" in found.notes[0].why


def test_a_no_beside_an_unknown_leak_line_is_no_no():
    assert find_leak("Leak: no\nLeak-Severity: terrible").answer == "yes"


@pytest.mark.parametrize(
    ("by", "expected"), [("we", "us"), ("Others", "other"), ("?", "unknown"), ("a friend", "unknown")]
)
def test_who_leaked_is_read_and_in_doubt_unknown(by, expected):
    found = find_leak(f"Leak: x\nLeak-By: {by}")

    assert found.by == expected
    assert len(found.notes) == (by == "a friend")


@pytest.mark.parametrize(
    "text", ["", "no leak here", "> Leak: x", "The leak: x", "Lead: x", "On x A wrote:\n> Leak: y"]
)
def test_without_a_leak_line_there_is_no_report(text):
    assert find_leak(text) is None


@given(st.text(), st.text(alphabet="abcdefgh", min_size=1))
def test_a_leak_line_on_top_is_found_above_any_text(below, what):
    assert find_leak(f"Leak: {what}\n\n{below}") is not None


@given(st.text())
def test_no_text_raises(text):
    assert find_leak(text) is None or find_leak(text).by in {"us", "other", "unknown"}
