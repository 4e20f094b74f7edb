"""A flood of leak reports: what rings for itself, and what waits to be told with others."""

from __future__ import annotations

from datetime import timedelta

import pytest

from policy.floods import Flood, parse_flood, waits

TWO = Flood(2, timedelta(minutes=10), "2 in 10m")


@pytest.mark.parametrize(
    ("proved", "about", "rung", "expected"),
    [
        pytest.param(False, "A", [], False, id="the first of all"),
        pytest.param(False, "A", ["A"], False, id="as many as the list lets ring"),
        pytest.param(False, "A", ["A", "A"], True, id="one more"),
        pytest.param(False, "A", ["A", None, "B"], True, id="one more, of many things"),
        pytest.param(True, "A", ["A", "A", "A"], False, id="proved"),
        pytest.param(False, "B", ["A", "A", "A"], False, id="the first about another disclosure"),
        pytest.param(False, None, ["A", "A", "A"], False, id="the first about none"),
        pytest.param(False, None, ["A", None], True, id="about none, again"),
    ],
)
def test_only_what_nobody_proved_and_comes_on_top_waits(proved, about, rung, expected):
    assert waits(TWO, is_proved=proved, about=about, rung=rung) is expected


def test_a_flood_is_written_as_a_number_in_a_time():
    assert parse_flood(" 2 in  10m ") == TWO
    assert parse_flood("1 IN 1h") == Flood(1, timedelta(hours=1), "1 IN 1h")


@pytest.mark.parametrize("text", ["", "5", "5 in", "0 in 10m", "5 in 0s", "5 in soon", "-1 in 10m", "5 per 10m"])
def test_anything_else_is_refused(text):
    with pytest.raises(ValueError, match=r"\S"):
        parse_flood(text)
