"""``embargo leak``: leak reports."""

from __future__ import annotations

from typing import Annotated

import typer

from gateway import operator_show
from gateway.cli.output import emit, facts, show
from gateway.cli.work import AsJson, ListName, look

app = typer.Typer(help="Leak reports.", rich_markup_mode=None)

COLUMNS = {
    "id": "ID",
    "disclosure": "DISCLOSURE",
    "state": "STATE",
    "verified": "VERIFIED",
    "reporter": "REPORTER",
    "org": "ORGANISATION",
    "reported_at": "REPORTED",
    "what": "WHAT",
    "missing": "MISSING",
}
FACTS = ("id", "disclosure", "state", "verified", "reporter", "org", "what", "to", "when", "how", "reported_at",
         "missing", "found")  # fmt: skip


@app.command("ls")
def ls(ctx: typer.Context, list_name: ListName = None, as_json: AsJson = False) -> None:
    """Show the leak reports, oldest first."""
    rows = look(ctx, lambda desk: operator_show.leak_reports(desk, list_name))
    show(rows, COLUMNS, as_json=as_json, empty="no leak report")


@app.command("show")
def show_one(
    ctx: typer.Context,
    leak_id: Annotated[str, typer.Argument(metavar="ID", help="As in LK-2026-9D3M.")],
    as_json: AsJson = False,
) -> None:
    """Show one leak report."""
    found = look(ctx, lambda desk: operator_show.leak_report(desk, leak_id))
    if as_json:
        emit(found)
    else:
        facts({name.replace("_", " ").capitalize(): found[name] for name in FACTS if name in found})
