"""``embargo audit``: the audit trail."""

from __future__ import annotations

import asyncio
import json
from typing import Annotated

import typer
from rich.console import Console

from gateway.cli import say
from gateway.cli.output import emit, show
from gateway.cli.work import AsJson, config_of, look
from gateway.operator import trail as operator_trail

app = typer.Typer(help="The audit trail.", rich_markup_mode=None)

About = Annotated[str | None, typer.Option("--id", metavar="ID", help="Only records about this.")]
After = Annotated[int, typer.Option("--after", metavar="SEQ", min=0, help="Only records after this one.")]
COLUMNS = {"seq": "SEQ", "at": "AT", "event": "EVENT", "id": "ABOUT", "actor": "BY", "reason": "WHY"}


@app.command("ls")
def ls(
    ctx: typer.Context,
    about: About = None,
    after: After = 0,
    limit: Annotated[int | None, typer.Option("--limit", metavar="N", min=1, help="At most so many.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show the records, oldest first."""
    found = look(ctx, lambda desk: operator_trail.records(desk, about, after, limit))
    if as_json:
        emit([operator_trail.listed(record) for record in found])
    else:
        show([operator_trail.exported(record) for record in found], COLUMNS, as_json=False, empty="no record")


@app.command("verify")
def verify(
    ctx: typer.Context,
    head: Annotated[
        str | None, typer.Option("--head", metavar="SEQ:HASH", help="The audit head of a receipt, to hold it against.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say whether anything was changed, removed or cut off; exit 1 and name the first bad record if so."""
    witness = operator_trail.read_head(head) if head is not None else None
    config = config_of(ctx)
    with Console(stderr=True).status("Reading the trail ..."):  # shows on a terminal only
        found = asyncio.run(operator_trail.verify_trail(config, witness))
    if as_json:
        emit({"ok": found.ok, "first_bad": found.first_bad, "why": found.why})
    elif found.ok:
        print("the trail is whole" + (f", and holds record {witness[0]} as the receipt says" if witness else ""))
    if not found.ok:
        say(f"embargo audit verify: record {found.first_bad}: {found.why}; keep the database as it is, and ask why")
        raise typer.Exit(1)


@app.command("export")
def export(ctx: typer.Context, about: About = None, after: After = 0, as_json: AsJson = False) -> None:
    """Print whole records, a JSON object a line: all that is under their hashes."""
    found = look(ctx, lambda desk: operator_trail.records(desk, about, after, None))
    if as_json:
        emit([operator_trail.exported(record) for record in found])
        return
    for record in found:
        print(json.dumps(operator_trail.exported(record), ensure_ascii=True))
