"""``embargo demo``."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from gateway.cli.act import quiet
from gateway.demo import run

app = typer.Typer(rich_markup_mode=None)


@app.command()
def demo(
    keep: Annotated[bool, typer.Option("--keep", help="Leave the directory, and say how to go on.")] = False,
) -> None:
    """Play one disclosure from the post to its end, in a temporary directory, and check every step."""
    quiet()
    raise typer.Exit(asyncio.run(run(keep=keep)))
