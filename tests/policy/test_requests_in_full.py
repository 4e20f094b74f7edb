"""Lines to -request, word for word.

``requests.txt`` has a text on one line (its line ends as \\n), and the answer below it.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from policy.requests import MOST, Asked, names_kept, read_requests

LINES = (Path(__file__).parent / "requests.txt").read_text("utf-8").splitlines()


def told(asked: Asked | None) -> str:
    if asked is None:
        return "nothing that is asked for here"
    if asked.is_help:
        return "help"
    if not asked.complaints:
        return f"asks {'; '.join(request.said for request in asked.requests)}"
    wrong = " | ".join(f"{one.line} -> {one.why}" for one in asked.complaints)
    return f"{wrong} | offered: {'; '.join(asked.corrected.splitlines())}"


@pytest.mark.parametrize(("text", "answer"), list(zip(LINES[::2], LINES[1::2], strict=True)))
def test_a_request_as_written_is_answered_like_this(text: str, answer: str) -> None:
    assert told(read_requests(text.replace("\\n", "\n"))) == answer[4:]


def test_fifty_lines_are_read_and_no_more() -> None:
    lines = [f"Show: ED-2026-{number:04}" for number in range(MOST + 1)]
    most, more = read_requests("\n".join(lines[:MOST])), read_requests("\n".join(lines))

    assert MOST == 50
    assert len(most.requests) == MOST
    assert not more.requests
    assert more.complaints[0].why == "there are 51 lines; please send at most 50"
    assert more.corrected.splitlines() == lines[:MOST]
    assert read_requests("\n".join([lines[0]] * 99)).requests == most.requests[:1]


def test_a_very_long_line_is_told_in_short_and_html_counts_for_nothing() -> None:
    (long,) = read_requests("Show: " + "x" * 300).complaints
    html = read_requests("Show: open", is_html=True)

    assert long.line == "Show: " + "x" * 194
    assert not html.requests
    assert "HTML alone" in html.complaints[0].why
    assert html.corrected == "Show: open\n"


def test_what_is_opened_ahead_is_named_near_the_top() -> None:
    line = "Show: QU-2026-4T7B"

    assert names_kept("\n" * (10_000 - len(line)) + line) == ("QU-2026-4T7B",)
    assert names_kept("\n" * (10_001 - len(line)) + line) == ()


def test_a_text_that_nobody_wrote_by_hand_asks_nothing() -> None:
    assert read_requests("Show: open\n" + "\n" * 50_000) is None
