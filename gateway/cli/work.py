"""Running an act of the operator's from a command: configuration, parts, loop; and the options that many share."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from gateway import config as configuration
from gateway.cli import say
from gateway.config import Config
from gateway.operator.base import Desk, Done, UnclearError, at_desk

Outcome = TypeVar("Outcome")

AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]
AsMarkdown = Annotated[bool, typer.Option("--md", help="Markdown on standard output.")]
AsHtml = Annotated[bool, typer.Option("--html", help="One HTML file on standard output, complete in itself.")]
ListName = Annotated[str | None, typer.Option("--list", metavar="L", help="The name in [lists.L].")]
Address = Annotated[str, typer.Argument(metavar="ADDRESS", help="The address on the roster.")]
AddressOption = Annotated[str, typer.Option("--address", metavar="A", help="The mail address.")]
KeyPaths = Annotated[
    list[Path],
    typer.Option("--key", metavar="FILE", exists=True, dir_okay=False, readable=True, help="A public key; repeatable."),
]
Fingerprints = Annotated[
    list[str] | None,
    typer.Option("--fingerprint", metavar="FPR", help="The full fingerprint that the key must have; repeatable."),
]


def config_of(ctx: typer.Context) -> Config:
    """Read the configuration that this command is about. Raises ConfigError."""
    found = ctx.find_root().obj
    return configuration.load(configuration.find(found if isinstance(found, Path) else None))


def look(ctx: typer.Context, show: Callable[[Desk], Awaitable[Outcome]]) -> Outcome:
    """Open what showing needs, look, close it; give what was seen. Raises what ``show`` raises."""
    config = config_of(ctx)

    async def run() -> Outcome:
        async with at_desk(config) as desk:
            return await show(desk)

    return asyncio.run(run())


def one_of(**forms: bool) -> None:
    """See to it that one form of output was asked for, or none. Raises UnclearError."""
    asked = [f"--{name}" for name, wanted in forms.items() if wanted]
    if len(asked) > 1:
        raise UnclearError(f"{' and '.join(asked)}: only one of them, as there is one document")


def report(done: Done) -> None:
    """Say what was done, in one line; and what to know about it, on standard error."""
    print(done.line)
    for warning in done.warnings:
        say(f"warning: {warning}")
