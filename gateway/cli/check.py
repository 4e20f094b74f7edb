"""``embargo check``: the doctor."""

from __future__ import annotations

import asyncio
import sys

import typer
from rich.console import Console

from gateway.cli.act import quiet
from gateway.cli.output import clean, emit
from gateway.cli.work import AsJson, config_of
from gateway.clock import SystemClock
from gateway.config import Config, ConfigError
from gateway.operator.check import Finding, bad, examine

app = typer.Typer(rich_markup_mode=None)


@app.command()
def check(ctx: typer.Context, as_json: AsJson = False) -> None:
    """Say what would keep mail from flowing, a line each; exit 1 if anything would."""
    quiet()
    try:
        config = config_of(ctx)
    except ConfigError as error:
        if as_json or len(error.problems) > 1:  # a single one stands in the error itself
            _print([bad("config", problem) for problem in error.problems], as_json=as_json)
        raise
    found = _examined(config)
    _print(found, as_json=as_json)
    if not all(finding.ok for finding in found):
        raise typer.Exit(1)


def _examined(config: Config) -> list[Finding]:
    terminal = Console(stderr=True)
    with terminal.status("Looking ...") as status:  # shows on a terminal only
        return asyncio.run(examine(config, SystemClock(), lambda step: status.update(f"Looking at {step} ...")))


def _print(found: list[Finding], *, as_json: bool) -> None:
    if as_json:
        emit([finding.to_json() for finding in found])
        return
    for finding in found:
        mark = "ok     " if finding.ok and not finding.warns else "warning" if finding.ok else "FAILED "
        print(f"{mark}  {finding.name}: {clean(finding.text.removeprefix('warning: '))}")
    sys.stdout.flush()
