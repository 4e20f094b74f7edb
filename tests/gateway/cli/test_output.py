"""What is printed can't move a terminal's cursor, and nothing of it is cut short."""

from __future__ import annotations

import io
import json
import sys

import pytest

from gateway.cli import output, say

FPR = "8F82EF4C485E12ABA064A087C184FE05FC5EE017"


@pytest.mark.parametrize(
    "hostile",
    [
        pytest.param("a\x1b[2Jb", id="an escape sequence"),
        pytest.param("a\rb", id="a carriage return"),
        pytest.param("a\nb", id="a line feed"),
        pytest.param("a\u202eb", id="right to left"),
        pytest.param("a\x9b31mb", id="a control character above 127"),
        pytest.param("a\x07b", id="a bell"),
    ],
)
def test_what_came_from_outside_is_shown_harmless(hostile, capsys):
    output.show([{"id": hostile}], {"id": "ID"}, as_json=False)
    output.facts({"Subject": hostile})
    say(hostile)

    said = capsys.readouterr()

    assert "a\N{REPLACEMENT CHARACTER}" in said.out.splitlines()[1]
    assert not set(hostile) & {"\x1b", "\r", "\u202e", "\x9b", "\x07"} & set(said.out + said.err)


def test_rich_markup_in_a_subject_is_only_text(capsys):
    output.show([{"id": "[bold]x[/bold] :smile:"}], {"id": "ID"}, as_json=False)

    assert "[bold]x[/bold] :smile:" in capsys.readouterr().out


def test_a_long_row_stays_one_line_where_nobody_looks(capsys):
    row = {name: f"{name}-{FPR}" for name in "abcdefgh"}

    output.show([row], {name: name.upper() for name in row}, as_json=False)

    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    assert all(value in lines[1] for value in row.values())


def test_on_a_narrow_terminal_a_fingerprint_goes_on_in_the_next_line(monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    screen = Terminal()
    monkeypatch.setenv("COLUMNS", "30")
    monkeypatch.setattr(sys, "stdout", screen)

    output.show([{"address": "security@northwind.example", "key": FPR}], {"address": "A", "key": "K"}, as_json=False)

    shown = screen.getvalue()
    assert "\u2026" not in shown
    cells = [line.rstrip().rpartition(" ")[2] for line in shown.splitlines()[1:]]
    assert FPR in "".join(cells)


def test_json_is_plain_ascii_and_whole(capsys):
    output.show([{"subject": "Fl\u00fcsse", "at": None}], {"subject": "S"}, as_json=True)

    said = capsys.readouterr().out
    assert said.isascii()
    assert json.loads(said) == [{"subject": "Fl\u00fcsse", "at": None}]


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        pytest.param(None, "-", id="nothing"),
        pytest.param([], "-", id="an empty list"),
        pytest.param(True, "yes", id="true"),
        pytest.param(False, "no", id="false"),
        pytest.param(0, "0", id="zero"),
        pytest.param(["a", "b"], "a, b", id="a list"),
    ],
)
def test_a_value_is_shown_as_people_read_it(value, shown):
    assert output.cell(value) == shown
