"""``embargo quarantine``: mails kept back."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from gateway.cli.output import clean, emit, facts, heading, show
from gateway.cli.work import AsJson, ListName, look, one_of
from gateway.operator import show as operator_show
from policy.reasons import Reason

app = typer.Typer(help="Mails kept back.", rich_markup_mode=None)

Id = Annotated[str, typer.Argument(metavar="ID", help="As in QU-2026-4T7B.")]
COLUMNS = {
    "id": "ID",
    "list": "LIST",
    "received_at": "RECEIVED",
    "envelope_from": "ENVELOPE FROM",
    "reasons": "REASONS",
    "size": "BYTES",
}


@app.command("ls")
def ls(ctx: typer.Context, list_name: ListName = None, as_json: AsJson = False) -> None:
    """Show what is kept back, oldest first."""
    rows = look(ctx, lambda desk: operator_show.kept(desk, list_name))
    show(rows, COLUMNS, as_json=as_json, empty="nothing is kept back")


@app.command("show")
def show_one(
    ctx: typer.Context,
    quarantine_id: Id,
    raw: Annotated[bool, typer.Option("--raw", help="The mail as it came.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show a kept mail's facts and reasons; nothing in it is believed."""
    one_of(raw=raw, json=as_json)
    if raw:
        _print_raw(look(ctx, lambda desk: operator_show.raw(desk, quarantine_id)))
        return
    found = look(ctx, lambda desk: operator_show.kept_one(desk, quarantine_id))
    if as_json:
        emit(found)
        return
    facts({name.replace("_", " ").capitalize(): value for name, value in found.items()})
    heading("Kept back because")
    for reason in found["reasons"]:
        print(f"  {reason}: {Reason(reason).meaning}")


def _print_raw(content: bytes) -> None:
    """To a file or a pipe the bytes as they came; to a terminal nothing that could move its cursor."""
    if sys.stdout.isatty():
        for line in content.decode("utf-8", "replace").splitlines():
            print(clean(line))
    else:
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()


@app.command("release")
def release(ctx: typer.Context, quarantine_id: Id) -> None:
    """Have it judged again as if just come, the rules that kept it back waived."""
    from gateway.cli.act import do  # noqa: PLC0415 - showing must not pay for acting
    from gateway.operator import kept as operator_kept  # noqa: PLC0415 - showing must not pay for acting

    do(ctx, lambda parts: operator_kept.release(parts, quarantine_id))


@app.command("discard")
def discard(ctx: typer.Context, quarantine_id: Id) -> None:
    """Destroy its content for good."""
    from gateway.cli.act import do  # noqa: PLC0415 - showing must not pay for acting
    from gateway.operator import kept as operator_kept  # noqa: PLC0415 - showing must not pay for acting

    do(ctx, lambda parts: operator_kept.discard(parts, quarantine_id))
