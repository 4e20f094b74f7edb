"""How GnuPG is run: one process a call, its words on a pipe of their own, everything bounded.

What this module may rely on: nothing that the process says. Status lines are read as bytes from a
descriptor that carries nothing else, and split at newlines only, because user ids, file names and
notations are written by strangers (status spoofing, the class of CVE-2018-12020). The human text is
thrown away unread. Input comes from memory files, never from a disk.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import os
import resource
import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from keys.errors import EngineSilent, EngineUnavailable

STATUS_PREFIX = b"[GNUPG:] "
STATUS_CAP = 1 << 20  # far above what any honest message causes
CHUNK = 1 << 16
MEMORY = 1 << 30  # address space; GnuPG streams, so a 25 MB mail needs a small part of it
FILE_SIZE = 64 << 20  # a keyring of ten thousand pinned keys stays below


@dataclass(frozen=True, slots=True)
class StatusLine:
    """One status line: its keyword, and its arguments as the raw bytes behind it."""

    keyword: str
    arguments: bytes = b""

    def words(self) -> list[str]:
        """Give the arguments, split at single blanks; bytes outside ASCII become "?"."""
        return self.arguments.decode("ascii", "replace").split(" ")


@dataclass(frozen=True, slots=True)
class Finished:
    """How a run ended. ``output`` is worth nothing until the caller's rules hold.

    ``cut``: it said more than allowed and was killed. ``timed_out``: it was killed for its silence.
    """

    returncode: int
    status: tuple[StatusLine, ...] = field(repr=False)
    output: bytes = field(repr=False)
    cut: bool = False
    timed_out: bool = False

    @property
    def succeeded(self) -> bool:
        """Whether it ended by itself with exit code 0."""
        return self.returncode == 0 and not self.cut and not self.timed_out

    @property
    def was_ended(self) -> bool:
        """Whether it was killed before it had said all: by us for its silence, or by the system for want of memory.

        What it crashes of by itself (another signal) was in what it was given.
        """
        return self.timed_out or (self.returncode == -signal.SIGKILL and not self.cut)

    @property
    def how(self) -> str:
        """How it ended, in a few words for operators: ``exit code 2``, ``killed by signal 9``."""
        if self.timed_out:
            return "no end in its time"
        if self.cut:
            return "more words than allowed"
        return f"killed by signal {-self.returncode}" if self.returncode < 0 else f"exit code {self.returncode}"

    def failed(self, what: str) -> EngineUnavailable:
        """Give the error for operators: what GnuPG does not do, and how it ended. EngineSilent where time ran out."""
        kind = EngineSilent if self.timed_out else EngineUnavailable
        return kind(f"{what} ({self.how})")

    def first(self, keyword: str) -> StatusLine | None:
        """Give the first status line with this keyword."""
        return next((line for line in self.status if line.keyword == keyword), None)

    def all(self, keyword: str) -> list[StatusLine]:
        """Give every status line with this keyword, in order."""
        return [line for line in self.status if line.keyword == keyword]


@dataclass(frozen=True, slots=True)
class Descriptors:
    """The numbers under which the process finds its status pipe and its further inputs."""

    status: int
    passphrase: int | None
    attached: int | None


@dataclass(frozen=True, slots=True)
class Feed:
    """What goes in: all of it from memory. ``attached`` is a second input (a detached signature)."""

    stdin: bytes = field(default=b"", repr=False)
    passphrase: bytes | None = field(default=None, repr=False)
    attached: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much a run may say (bytes) and take (seconds)."""

    output: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Place:
    """Where GnuPG works: a home, and the keyring in use there."""

    home: Path
    keyring: Path


NOTHING = Feed()


class Runner(Protocol):
    """Runs GnuPG once in a place. ``output`` and ``seconds`` default to the engine's own bounds."""

    async def __call__(
        self,
        place: Place,
        *arguments: str,
        feed: Feed = NOTHING,
        output: int | None = None,
        seconds: float | None = None,
    ) -> Finished:
        """Run it, and tell how it ended; raises EngineUnavailable where it cannot be started."""
        ...


def parse_status(text: bytes) -> tuple[StatusLine, ...]:
    """Read status lines: split at newlines only, and only what carries GnuPG's prefix.

    ``bytes.splitlines`` would also split at a carriage return, and any text layer at the bytes and
    characters that a key's user id may hold.
    """
    lines = []
    for line in text.split(b"\n"):
        if line.startswith(STATUS_PREFIX):
            keyword, _, arguments = line[len(STATUS_PREFIX) :].partition(b" ")
            lines.append(StatusLine(keyword.decode("ascii", "replace"), arguments))
    return tuple(lines)


async def run(
    command: Callable[[Descriptors], Sequence[str]],
    *,
    feed: Feed,
    bounds: Bounds,
    environment: dict[str, str],
    limited: bool = True,
) -> Finished:
    """Run one process to its end, within bounds; it and its children are killed beyond them.

    ``limited=False`` leaves the kernel's limits alone, for what starts a process that is to stay.
    Raises EngineUnavailable when it can't be started at all.
    """
    with contextlib.ExitStack() as stack:
        try:
            process, status_file = await _start(stack, command, feed, environment)
        except OSError as error:  # no such program, or no descriptors or memory left
            raise EngineUnavailable(f"GnuPG can't be started: {type(error).__name__}") from error
        if limited:
            _limit(process.pid, bounds)
        return await _attend(process, status_file, bounds)


async def _start(
    stack: contextlib.ExitStack,
    command: Callable[[Descriptors], Sequence[str]],
    feed: Feed,
    environment: dict[str, str],
) -> tuple[asyncio.subprocess.Process, io.FileIO]:
    """Start the process; give it and the end of the pipe from which its status is read."""
    read_end, write_end = os.pipe()
    status_file = stack.enter_context(io.FileIO(read_end, "r"))
    ours = [write_end]
    try:
        ours.append(_memory_file(feed.stdin))
        passphrase = _further(feed.passphrase, ours)
        attached = _further(feed.attached, ours)
        process = await asyncio.create_subprocess_exec(
            *command(Descriptors(write_end, passphrase, attached)),
            stdin=ours[1],
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            pass_fds=[end for end in (write_end, passphrase, attached) if end is not None],
            env=environment,
            start_new_session=True,
        )
    finally:
        for descriptor in ours:  # the child has its own; ours would keep its words from ever ending
            os.close(descriptor)
    return process, status_file


def _memory_file(data: bytes) -> int:
    """Put bytes where a child can read them as a file though they touch no disk."""
    descriptor = os.memfd_create("input")
    try:
        view = memoryview(data)
        while view:
            view = view[os.write(descriptor, view) :]
        os.lseek(descriptor, 0, os.SEEK_SET)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def _further(data: bytes | None, ours: list[int]) -> int | None:
    if data is None:
        return None
    ours.append(_memory_file(data))
    return ours[-1]


def _limit(pid: int, bounds: Bounds) -> None:
    """Bind the process from outside: nothing of ours has to run between fork and exec.

    No core file may hold plaintext, but of that limit only the soft half is ours: GnuPG reads the hard one as it starts
    and sets it again, and ends at once where it became less in between.
    """
    wanted = {
        resource.RLIMIT_CPU: int(bounds.seconds) + 1,
        resource.RLIMIT_AS: MEMORY,
        resource.RLIMIT_FSIZE: FILE_SIZE,
    }
    with contextlib.suppress(ProcessLookupError):  # it has already ended
        resource.prlimit(pid, resource.RLIMIT_CORE, (0, resource.prlimit(pid, resource.RLIMIT_CORE)[1]))
        for kind, limit in wanted.items():
            hard = resource.prlimit(pid, kind)[1]
            least = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
            resource.prlimit(pid, kind, (least, least))


async def _attend(process: asyncio.subprocess.Process, status_file: io.FileIO, bounds: Bounds) -> Finished:
    """Read both pipes to their ends, or kill the process where it says or takes too much."""
    loop = asyncio.get_running_loop()
    words = asyncio.StreamReader()
    transport: asyncio.ReadTransport | None = None
    output, status = bytearray(), bytearray()
    fits, timed_out = True, False
    try:
        async with asyncio.timeout(bounds.seconds):
            transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(words), status_file)
            both = await asyncio.gather(
                _collect(process, process.stdout, output, bounds.output),
                _collect(process, words, status, STATUS_CAP),
            )
            fits = all(both)
            await process.wait()
    except TimeoutError:
        timed_out = True
    finally:
        try:
            await _end(process)
        finally:  # even where that is cancelled: a closed descriptor that the loop still watches would deafen the next
            if transport:
                transport.close()
    lines = parse_status(bytes(status))
    return Finished(process.returncode or 0, lines, bytes(output), cut=not fits, timed_out=timed_out)


async def _collect(
    process: asyncio.subprocess.Process, source: asyncio.StreamReader | None, into: bytearray, cap: int
) -> bool:
    """Read to the end. False: it was more than ``cap`` bytes, and the process is dead."""
    if source is None:
        return True
    while chunk := await source.read(CHUNK):
        into += chunk
        if len(into) > cap:
            del into[cap:]
            _kill(process)
            while await source.read(CHUNK):
                continue
            return False
    return True


def _kill(process: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError):  # it has already ended
        os.killpg(process.pid, signal.SIGKILL)


async def _end(process: asyncio.subprocess.Process) -> None:
    """Leave nothing running, whatever ended the wait (time-out and cancellation included)."""
    if process.returncode is not None:
        return
    _kill(process)
    while process.stdout is not None and await process.stdout.read(CHUNK):
        continue
    await process.wait()
