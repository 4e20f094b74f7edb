"""What commands print: one JSON document, or a table for a person.

Addresses, subjects and organisations come from outside, so nothing of them may move a terminal's
cursor; and nothing is cut short, because an id that lost its end is no id.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

WIDE = 100_000  # where nobody looks at it, a line is as long as it is


def emit(document: object) -> None:
    """Print one JSON document, and nothing else."""
    print(json.dumps(document, indent=2, ensure_ascii=True))


def show(
    rows: Sequence[Mapping[str, object]], columns: Mapping[str, str], *, as_json: bool, empty: str = "nothing"
) -> None:
    """Print rows: all of them as JSON, or ``columns`` (key to heading) as a table."""
    if as_json:
        emit(list(rows))
    elif rows:
        table(rows, columns)
    else:
        print(empty)


def table(rows: Sequence[Mapping[str, object]], columns: Mapping[str, str]) -> None:
    """Print a table; on a terminal too narrow for it cells go on in the next line."""
    drawn = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for heading in columns.values():
        drawn.add_column(heading, overflow="fold")
    for row in rows:
        drawn.add_row(*(Text(cell(row.get(key))) for key in columns))
    _console().print(drawn)


def facts(pairs: Mapping[str, object]) -> None:
    """Print one thing's facts, a line each."""
    drawn = Table.grid(padding=(0, 2, 0, 0))
    drawn.add_column(no_wrap=True, style="bold")
    drawn.add_column(overflow="fold")
    for name, value in pairs.items():
        drawn.add_row(name, Text(cell(value)))
    _console().print(drawn)


def heading(text: str) -> None:
    """Print a heading between two tables."""
    print()
    print(clean(text))


def cell(value: object) -> str:
    """A value as people read it."""
    if value is None or value in ([], (), ""):
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(clean(str(one)) for one in value)
    return clean(str(value))


def clean(text: str) -> str:
    """Text in which every character is one to be seen."""
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)


def _console() -> Console:
    width = None if sys.stdout.isatty() else WIDE
    return Console(highlight=False, markup=False, emoji=False, width=width)
