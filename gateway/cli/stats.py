"""``embargo stats``: the numbers of a period."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from gateway.cli.output import cell, emit, heading, table
from gateway.cli.work import AsJson, AsMarkdown, ListName, look, one_of
from gateway.life import written
from gateway.operator import stats as operator_stats

app = typer.Typer(rich_markup_mode=None)

ALL = "all lists"
HOW_LONG = {
    "list": "LIST",
    "notified": "NOTIFIED",
    "lifted": "LIFTED",
    "withdrawn": "WITHDRAWN",
    "open": "OPEN",
    "open_overdue": "OPEN OVERDUE",
    "length_median_days": "MEDIAN DAYS",
    "length_longest_days": "LONGEST DAYS",
}
HOW_LATE = {
    "list": "LIST",
    "overdue": "OVERDUE",
    "overdue_median_days": "MEDIAN DAYS LATE",
    "overdue_longest_days": "MOST DAYS LATE",
    "early": "EARLY",
    "leaks": "LEAK REPORTS",
    "leaks_proved": "PROVED",
}
CAUSES = {"list": "LIST", "clock": "DATE CAME", "public": "PUBLIC", "exploited": "EXPLOITED", "leaked": "LEAKED",
          "ready": "READY", "other": "OTHER"}  # fmt: skip
PARTS = (
    ("Embargoes", HOW_LONG),
    ("On time, and leaks", HOW_LATE),
    ("Why they were lifted", CAUSES),
)


@app.command()
def stats(
    ctx: typer.Context,
    since: Annotated[str | None, typer.Option("--since", metavar="DATE", help="From this day on, in UTC.")] = None,
    until: Annotated[str | None, typer.Option("--until", metavar="DATE", help="Up to this day, included.")] = None,
    list_name: ListName = None,
    as_md: AsMarkdown = False,
    as_json: AsJson = False,
) -> None:
    """Count embargoes told to members, lifted, withdrawn; how long, how late, why; and leak reports."""
    one_of(md=as_md, json=as_json)
    period = operator_stats.read_period(since, until)
    found = look(ctx, lambda desk: operator_stats.numbers(desk, list_name, period))
    if as_json:
        emit(found)
        return
    rows = [{**row, **row["causes"]} for row in found["lists"]]
    if len(rows) > 1:
        rows.append({"list": ALL, **found["all"], **found["all"]["causes"]})
    if as_md:
        print("\n".join(_markdown(found, rows)))
    else:
        print(_when(found))
        for title, columns in PARTS:
            heading(title)
            table(rows, columns)


def _markdown(found: dict[str, Any], rows: list[dict[str, Any]]) -> list[str]:
    lines = ["# Embargoes in numbers", "", _when(found)]
    for title, columns in PARTS:
        headings = tuple(name.capitalize() for name in columns.values())
        cells = tuple(tuple(cell(row[key]) for key in columns) for row in rows)
        lines += ["", f"## {title}", "", *written.table(headings, cells)]
    return lines


def _when(found: dict[str, Any]) -> str:
    since, until = found["since"], found["until"]
    start = f"From {since}" if since else "From the beginning"
    return f"{start} {f'until {until}' if until else 'on'}, as of {found['as_of']}."
