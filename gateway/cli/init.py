"""``embargo init``."""

from __future__ import annotations

import asyncio

import typer

from gateway.cli.act import quiet
from gateway.cli.work import config_of
from gateway.operator.base import RefusedError
from gateway.operator.setup import initialise, write_policies

app = typer.Typer(rich_markup_mode=None)


@app.command()
def init(ctx: typer.Context) -> None:
    """Make what is missing: state directory (0700), database, master key (0600), one OpenPGP key per list.

    Safe to repeat; what is there is never changed. Run it again after a list was added.
    """
    config = config_of(ctx)
    quiet()
    done = asyncio.run(initialise(config))
    policies, failed = write_policies(config)
    for line in done + policies:
        print(line)
    if failed:
        raise RefusedError(failed[0])
    print("the gateway is set up" if done + policies else "nothing to do: the gateway is set up")
