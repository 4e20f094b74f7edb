"""``embargo proposal``: proposed public dates."""

from __future__ import annotations

from typing import Annotated

import typer

from gateway.cli.output import show
from gateway.cli.work import AsJson, ListName, look
from gateway.operator import show as operator_show

app = typer.Typer(help="Proposed public dates.", rich_markup_mode=None)

COLUMNS = {
    "id": "ID",
    "disclosure": "DISCLOSURE",
    "state": "STATE",
    "proposed": "PROPOSED",
    "stands": "STANDS",
    "until": "VOTES UNTIL",
    "by": "BY",
    "confirmed_by": "CONFIRMED BY",
    "agree": "AGREE",
    "object": "OBJECT",
}


@app.command("ls")
def ls(ctx: typer.Context, list_name: ListName = None, as_json: AsJson = False) -> None:
    """Show the dates proposed for what is under embargo, with the votes."""
    rows = look(ctx, lambda desk: operator_show.proposed_dates(desk, list_name))
    show(rows, COLUMNS, as_json=as_json, empty="no proposed date")


@app.command("confirm")
def confirm(
    ctx: typer.Context,
    proposal_id: Annotated[str, typer.Argument(metavar="ID", help="As in DP-2026-K7QX.")],
) -> None:
    """Confirm a proposed date, as a coordinator's `Confirm:` does."""
    from gateway.cli.act import do  # noqa: PLC0415 - showing must not pay for acting
    from gateway.operator import proposals as operator_proposals  # noqa: PLC0415 - showing must not pay for acting

    do(ctx, lambda parts: operator_proposals.confirm(parts, proposal_id))
