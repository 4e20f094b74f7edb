"""``embargo share``: what members ask to share with somebody who is no member."""

from __future__ import annotations

from typing import Annotated

import typer

from gateway.cli.output import emit, show
from gateway.cli.work import AsJson, ListName, look
from gateway.operator import shares as operator_shares

app = typer.Typer(help="What members ask to share.", rich_markup_mode=None)

COLUMNS = {
    "id": "ID",
    "disclosure": "DISCLOSURE",
    "state": "STATE",
    "address": "WITH",
    "by": "BY",
    "asked_at": "ASKED",
    "until": "UNTIL",
}
MORE = {"name": "NAME", "what": "WHAT", "why": "WHY", "fingerprint": "KEY", "decided_by": "DECIDED BY"}
ShareId = Annotated[str, typer.Argument(metavar="ID", help="As in SR-2026-K7QX.")]


@app.command("ls")
def ls(ctx: typer.Context, list_name: ListName = None, as_json: AsJson = False) -> None:
    """Show what members asked to share, and what became of it."""
    rows = look(ctx, lambda desk: operator_shares.every(desk, list_name))
    show(rows, COLUMNS, as_json=as_json, empty="nothing was asked for")


@app.command("show")
def show_one(ctx: typer.Context, share_id: ShareId, as_json: AsJson = False) -> None:
    """Show one request: with whom, what, why, and the key that came with it."""
    found = look(ctx, lambda desk: operator_shares.one(desk, share_id))
    if as_json:
        emit(found)
        return
    show([found], COLUMNS, as_json=False)
    show([{**found, "what": ", ".join(found["what"] or ())}], MORE, as_json=False)


@app.command("approve")
def approve(ctx: typer.Context, share_id: ShareId) -> None:
    """Approve a request, as a coordinator's `Approve:` does: the terms are sent."""
    from gateway.cli.act import do  # noqa: PLC0415 - showing must not pay for acting

    do(ctx, lambda parts: operator_shares.approve(parts, share_id))


@app.command("deny")
def deny(ctx: typer.Context, share_id: ShareId) -> None:
    """Turn a request down, as a coordinator's `Deny:` does."""
    from gateway.cli.act import do  # noqa: PLC0415 - showing must not pay for acting

    do(ctx, lambda parts: operator_shares.deny(parts, share_id))
