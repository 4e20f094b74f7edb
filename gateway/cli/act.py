"""Carrying out an act of the operator's from a command. Imported by the verbs that act, when they act."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import typer

from gateway import log
from gateway.cli.work import config_of, report
from gateway.clock import SystemClock
from gateway.operator.acts import operating
from gateway.operator.base import Done
from gateway.operator.keys import KeyFile
from gateway.parts import Parts


def quiet() -> None:
    """Keep the log out of the way: what failed is told in one line."""
    log.configure("critical", "console", now=SystemClock().now)


def do(ctx: typer.Context, act: Callable[[Parts], Awaitable[Done]]) -> None:
    """Open what acts need, do one, close it, and say what was done. Raises what the act raises."""
    config = config_of(ctx)
    quiet()

    async def run() -> Done:
        async with operating(config) as parts:
            return await act(parts)

    report(asyncio.run(run()))


def key_files(paths: list[Path]) -> tuple[KeyFile, ...]:
    """Read key files as they are. Raises OSError."""
    return tuple(KeyFile(str(path), path.read_bytes()) for path in paths)
