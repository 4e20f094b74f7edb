"""``embargo leak``: leak reports."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from gateway.cli.output import emit, facts, show
from gateway.cli.work import AsJson, ListName, look
from gateway.operator import show as operator_show
from policy.leakcase import Outcome

app = typer.Typer(help="Leak reports.", rich_markup_mode=None)


class Blamed(StrEnum):
    """Who leaked, as in ``Leak-By:``."""

    US = "us"
    OTHER = "other"
    UNKNOWN = "unknown"


COLUMNS = {
    "id": "ID",
    "disclosure": "DISCLOSURE",
    "state": "STATE",
    "verified": "VERIFIED",
    "reporter": "REPORTER",
    "org": "ORGANISATION",
    "confirmed_leaks": "CONFIRMED",
    "reported_at": "REPORTED",
    "what": "WHAT",
    "missing": "MISSING",
    "outcome": "OUTCOME",
}
FACTS = ("id", "disclosure", "state", "verified", "reporter", "org", "confirmed_leaks", "what", "to", "when", "how",
         "reported_at", "missing", "outcome", "assessment", "retrospective", "retrospective_due", "found")  # fmt: skip
Id = Annotated[str, typer.Argument(metavar="ID", help="As in LK-2026-9D3M.")]
Said = Annotated[str | None, typer.Option(metavar="TEXT", help="As in the `Leak-` lines of a report.")]


@app.command("ls")
def ls(ctx: typer.Context, list_name: ListName = None, as_json: AsJson = False) -> None:
    """Show the leak reports, oldest first."""
    rows = look(ctx, lambda desk: operator_show.leak_reports(desk, list_name))
    show(rows, COLUMNS, as_json=as_json, empty="no leak report")


@app.command("show")
def show_one(
    ctx: typer.Context,
    leak_id: Id,
    as_json: AsJson = False,
) -> None:
    """Show one leak report."""
    found = look(ctx, lambda desk: operator_show.leak_report(desk, leak_id))
    if as_json:
        emit(found)
    else:
        facts({name.replace("_", " ").capitalize(): found[name] for name in FACTS if name in found})


@app.command("open")
def open_case(
    ctx: typer.Context,
    disclosure: Annotated[str, typer.Option("--disclosure", metavar="ID", help="What it is about.")],
    what: Annotated[str, typer.Option("--what", metavar="TEXT", help="What leaked.")],
    to: Said = None,
    when: Said = None,
    how: Said = None,
    by: Annotated[Blamed, typer.Option("--by", help="Who leaked; unless `us`, no member is told.")] = Blamed.US,
) -> None:
    """Open a case for a leak that was found, not reported: alarm and notice are those of a proved report."""
    from gateway.cli.act import do  # noqa: PLC0415 - showing must not pay for acting
    from gateway.operator import leaks as operator_leaks  # noqa: PLC0415 - showing must not pay for acting
    from policy.leaklines import ASKED, LeakLines  # noqa: PLC0415 - the same

    given = {"what": what, "to": to, "when": when, "how": how}
    said = {name: " ".join(text.split()) or None if text else None for name, text in given.items()}
    missing = tuple(name for name in ASKED if said[name] is None)
    lines = LeakLines(said["what"], said["to"], said["when"], said["how"], by=by.value, missing=missing)
    do(ctx, lambda parts: operator_leaks.open_case(parts, disclosure, lines))


@app.command("vouch")
def vouch(ctx: typer.Context, leak_id: Id) -> None:
    """Make an unproved report as good as a proved one; the audience is told of it."""
    from gateway.cli.act import do  # noqa: PLC0415 - showing must not pay for acting
    from gateway.operator import leaks as operator_leaks  # noqa: PLC0415 - showing must not pay for acting

    do(ctx, lambda parts: operator_leaks.vouch(parts, leak_id))


@app.command("assess")
def assess(
    ctx: typer.Context,
    leak_id: Id,
    outcome: Annotated[Outcome, typer.Option("--outcome", help="How it ended; `public` lifts the embargo at once.")],
    reason: Annotated[str | None, typer.Option("--reason", metavar="TEXT", help="Why; a dismissal needs it.")] = None,
) -> None:
    """Say how a case ended, and do what follows."""
    from gateway.cli.act import do  # noqa: PLC0415 - showing must not pay for acting
    from gateway.operator import leaks as operator_leaks  # noqa: PLC0415 - showing must not pay for acting

    do(ctx, lambda parts: operator_leaks.assess(parts, leak_id, outcome, reason))


@app.command("dismiss")
def dismiss(
    ctx: typer.Context,
    leak_id: Id,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why it was no leak.")],
) -> None:
    """Close a case that was no leak."""
    from gateway.cli.act import do  # noqa: PLC0415 - showing must not pay for acting
    from gateway.operator import leaks as operator_leaks  # noqa: PLC0415 - showing must not pay for acting

    do(ctx, lambda parts: operator_leaks.assess(parts, leak_id, Outcome.DISMISSED, reason))
