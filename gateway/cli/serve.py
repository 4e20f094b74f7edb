"""``embargo serve``."""

from __future__ import annotations

import asyncio

import typer

from gateway import log
from gateway.app import AlreadyRunningError
from gateway.app import serve as run_service
from gateway.cli.work import config_of
from gateway.clock import SystemClock
from gateway.config import Config, ConfigError
from gateway.operator.base import RefusedError

app = typer.Typer(rich_markup_mode=None)


@app.command()
def serve(ctx: typer.Context) -> None:
    """Run the service in the foreground until SIGTERM or SIGINT.

    Prints one line `ready smtp=HOST:PORT` on standard output when it accepts mail; the log goes to standard error.
    """
    config = config_of(ctx)
    state_dir = config.gateway.state_dir
    if not state_dir.is_dir():
        raise ConfigError([f"gateway.state_dir: {state_dir} is not there: run `embargo init`"])
    log.configure(config.log.level.value, config.log.format.value, now=SystemClock().now)
    log.guard_process()
    asyncio.run(_serve(config))


async def _serve(config: Config) -> None:
    try:
        await run_service(config, _ready)
    except AlreadyRunningError as error:
        state_dir = config.gateway.state_dir
        raise RefusedError(f"{state_dir}: another process serves this state directory; stop it first") from error


def _ready(host: str, port: int) -> None:
    print(f"ready smtp={f'[{host}]' if ':' in host else host}:{port}", flush=True)
