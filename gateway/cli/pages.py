"""The life of a disclosure for a command, and the forms that it is written in."""

from __future__ import annotations

import asyncio

import typer

from gateway.cli.work import config_of, look
from gateway.life import page, written
from gateway.life.gathering import gather
from gateway.life.model import Life
from gateway.operator.base import at_desk
from gateway.parser import Parser

__all__ = ["life", "page", "written"]


def life(ctx: typer.Context, disclosure_id: str, *, full: bool) -> Life:
    """Gather a disclosure's life; in full it takes a process that reads stored mails. Raises RefusedError."""
    if not full:
        return look(ctx, lambda desk: gather(desk, disclosure_id))
    config = config_of(ctx)

    async def run() -> Life:
        reader = Parser()
        try:
            async with at_desk(config) as desk:
                return await gather(desk, disclosure_id, reader)
        finally:
            await reader.close()

    return asyncio.run(run())
