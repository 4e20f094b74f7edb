"""``embargo alarm``: the pager command, and what it was told."""

from __future__ import annotations

from typing import Annotated

import typer

from gateway.cli.output import show
from gateway.cli.work import AsJson, look
from gateway.operator import show as operator_show

app = typer.Typer(help="The pager command, and what it was told.", rich_markup_mode=None)

COLUMNS = {
    "id": "ID",
    "kind": "KIND",
    "about": "ABOUT",
    "list": "LIST",
    "at": "AT",
    "state": "STATE",
    "attempts": "ATTEMPTS",
    "told_at": "TOLD",
    "acked_at": "ACKNOWLEDGED",
}


@app.command("test")
def test(ctx: typer.Context) -> None:
    """Run the pager command now, with an alarm of kind "test"."""
    from gateway.cli.act import do  # noqa: PLC0415 - showing must not pay for acting
    from gateway.operator import waiting as operator_waiting  # noqa: PLC0415 - showing must not pay for acting

    do(ctx, operator_waiting.test_alarm)


@app.command("ls")
def ls(ctx: typer.Context, as_json: AsJson = False) -> None:
    """Show the alarms, oldest first."""
    show(look(ctx, operator_show.told_alarms), COLUMNS, as_json=as_json, empty="no alarm")


@app.command("ack")
def ack(
    ctx: typer.Context,
    alarm_id: Annotated[str, typer.Argument(metavar="ID", help="The alarm's id, or that of what it is about.")],
) -> None:
    """Note that a person has taken an alarm, so that it is not repeated."""
    from gateway.cli.act import do  # noqa: PLC0415 - showing must not pay for acting
    from gateway.operator import waiting as operator_waiting  # noqa: PLC0415 - showing must not pay for acting

    do(ctx, lambda parts: operator_waiting.acknowledge_alarm(parts, alarm_id))
