"""The other way out: the pager. An alarm must not hang on the mail that it may be about.

TRUST: the command is the operator's and is run without a shell. It learns that something happened
and where to look, never what: kind, id, list and instant (law 8). Its output is thrown away.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import Mapping, Sequence
from contextlib import suppress

FIELDS = ("kind", "id", "list", "at")


class Pager:
    """Runs the ``[alarm]`` command, one run an event."""

    def __init__(self, command: Sequence[str], timeout: float = 30.0) -> None:
        """Take the command (program and arguments; none: no pager) and its time limit in seconds."""
        self._command = tuple(command)
        self._timeout = timeout

    @property
    def configured(self) -> bool:
        """Whether there is a command to run."""
        return bool(self._command)

    async def tell(self, event: Mapping[str, str | None]) -> bool:
        """Run the command with the event as one JSON object on its stdin; True: it was told.

        Told means exit 0 within the time limit; otherwise try again later. Without a command there
        is nobody to tell, and nothing to try again: True. Fields other than kind, id, list and at
        are left out. Cancelling ends the command.
        """
        if not self._command:
            return True
        # Our own keys in our own order: whatever else a caller holds stays here.
        line = json.dumps({name: event.get(name) for name in FIELDS}).encode("ascii") + b"\n"
        try:
            process = await _start(self._command)
        except (OSError, ValueError):
            return False  # not there, not executable, no memory, a NUL in it
        try:
            async with asyncio.timeout(self._timeout):
                await process.communicate(line)
        except TimeoutError:
            return False
        finally:
            await _end(process)
        return process.returncode == 0


async def _start(command: Sequence[str]) -> asyncio.subprocess.Process:
    """Start it in a session of its own, so that all of its children end with it. Raises OSError and ValueError.

    A cancel in the middle waits for the start: asyncio would kill the command alone, and wait for its children.
    """
    starting = asyncio.ensure_future(
        asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,
        )
    )
    try:
        return await asyncio.shield(starting)
    except asyncio.CancelledError:
        with suppress(OSError, ValueError):
            await _end(await starting)
        raise


async def _end(process: asyncio.subprocess.Process) -> None:
    """Kill what is still running of the command's group, and collect the command."""
    if process.returncode is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
