"""``embargo queue``: copies not delivered yet."""

from __future__ import annotations

from typing import Annotated

import typer

from gateway.cli.output import show
from gateway.cli.work import AsJson, ListName, look
from gateway.operator import show as operator_show

app = typer.Typer(help="Copies not delivered yet.", rich_markup_mode=None)

COLUMNS = {
    "id": "ID",
    "message": "MESSAGE",
    "address": "ADDRESS",
    "state": "STATE",
    "attempts": "ATTEMPTS",
    "next_at": "NEXT",
    "reason": "WHY",
}


@app.command("ls")
def ls(ctx: typer.Context, list_name: ListName = None, as_json: AsJson = False) -> None:
    """Show copies that are queued, deferred or withheld."""
    rows = look(ctx, lambda desk: operator_show.queue(desk, list_name))
    show(rows, COLUMNS, as_json=as_json, empty="no copy waits")


@app.command("retry")
def retry(
    ctx: typer.Context,
    copy: Annotated[
        str | None, typer.Argument(metavar="[ID]", help="A copy's or a disclosure's; else all that wait.")
    ] = None,
) -> None:
    """Try copies again now; those that bounced by their id, or by that of their disclosure."""
    from gateway.cli.act import do  # noqa: PLC0415 - showing must not pay for acting
    from gateway.operator import waiting as operator_waiting  # noqa: PLC0415 - showing must not pay for acting

    do(ctx, lambda parts: operator_waiting.retry(parts, copy))
