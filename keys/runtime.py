"""The private directory of one engine, and the agents that live in it.

A path below it must stay short, because an agent's socket has about a hundred characters. A lock on a
file inside tells the living from the dead: what a killed process left behind is removed by the next
one, agents included, so that nothing of it stays for ever.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import select
import shutil
import signal
import stat
import tempfile
import threading
import time
from pathlib import Path

from keys.errors import EngineUnavailable

PREFIX = "eg-"
UNBORN = "." + PREFIX  # not swept: its lock is not taken yet
LOCK = "lock"
DEATH_SECONDS = 5  # a killed process needs a thousandth of one, unless the kernel itself holds it up
CLOSE_WAIT = 2.0  # seconds; a disk that hangs must not keep a stopping process
# sun_path has 108 bytes; GnuPG's longest socket name below a home of ours is "/99/S.gpg-agent.browser".
LONGEST = 100 - len("/eg-xxxxxxxx/9999/S.gpg-agent.browser")


class Runtime:
    """A directory of our own (0700), locked as long as we live."""

    def __init__(self, base: Path | None) -> None:
        """Make it under ``base`` where that is short enough, else among the temporary files.

        Removes what dead processes of the same user left beside it. Raises OSError.
        """
        self._parent = _parent(base)
        _sweep(self._parent)
        self.path, self._lock = _lay(self._parent)
        self._count = 0
        self._is_open = True
        self._closing = threading.Lock()

    def new_home(self) -> Path:
        """Make an empty home for GnuPG; raises EngineUnavailable.

        Where the whole directory is gone (a cleaner of temporary files, perhaps), another is made first.
        """
        self._count += 1
        try:
            if self._is_open and not self.path.is_dir():
                gone = self._lock
                self.path, self._lock = _lay(self._parent)
                os.close(gone)
            home = self.path / str(self._count)
            home.mkdir(mode=0o700)
        except OSError as error:
            raise EngineUnavailable(f"no room for a home of GnuPG: {error.strerror}") from error
        return home

    def close(self) -> None:
        """End its agents and remove it; a second time does nothing, but waits for a first one in another thread."""
        if self._closing.acquire(timeout=CLOSE_WAIT):
            try:
                if self._is_open:
                    self._is_open = False
                    remove(self.path)
                    os.close(self._lock)
            finally:
                self._closing.release()


def _lay(parent: Path) -> tuple[Path, int]:
    """Make a directory that is locked from its first moment on; gives it and its lock."""
    name = secrets.token_hex(4)
    unborn = parent / f"{UNBORN}{name}"
    unborn.mkdir(mode=0o700)
    lock = os.open(unborn / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    return unborn.rename(parent / f"{PREFIX}{name}"), lock


def _parent(base: Path | None) -> Path:
    if base is not None and len(os.fsencode(base.absolute())) <= LONGEST:
        base.mkdir(mode=0o700, parents=True, exist_ok=True)
        return base.absolute()
    temporary = Path(tempfile.gettempdir())
    return temporary if len(os.fsencode(temporary)) <= LONGEST else Path("/tmp")  # noqa: S108 - a private directory in it


def _sweep(parent: Path) -> None:
    """Remove our user's directories of the same kind whose owner does not live any more."""
    for path in parent.glob(f"{PREFIX}????????"):
        with contextlib.suppress(OSError):  # another process was quicker, or it is not ours to remove
            facts = path.lstat()
            if not stat.S_ISDIR(facts.st_mode) or facts.st_uid != os.geteuid():
                continue
            lock = os.open(path / LOCK, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                remove(path)
            finally:
                os.close(lock)


def remove(path: Path) -> None:
    """Remove a home or a directory of homes, its agents first."""
    kill_agents(path)
    shutil.rmtree(path, ignore_errors=True)


def kill_agents(directory: Path) -> None:
    """Kill the agents whose homes lie in this directory, and see them dead.

    By signal and not by asking them: one that hangs, or is stopped, would not answer. On a busy machine
    the kernel takes a moment to end them, and until then their sockets take calls that nobody answers.
    """
    with contextlib.ExitStack() as stack:
        ends = [_kill(pid, stack) for pid in agents_under(directory)]
        last = time.monotonic() + DEATH_SECONDS
        for end in ends:
            if end is not None:
                death = select.poll()
                death.register(end, select.POLLIN)
                death.poll(1000 * max(0.0, last - time.monotonic()))


def _kill(pid: int, stack: contextlib.ExitStack) -> int | None:
    """Kill a process; give a descriptor that is readable once it is dead, where the kernel has one."""
    end = None
    with contextlib.suppress(OSError):  # it has ended by itself, or the kernel is older than 5.3
        end = os.pidfd_open(pid)
        stack.callback(os.close, end)
    try:
        os.kill(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):  # it has ended by itself, or another user gave his an agent's name
        return None
    return end


def agents_under(directory: Path) -> list[int]:
    """Find our user's running agents whose ``--homedir`` is this directory or lies in it."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        with contextlib.suppress(OSError):  # it has ended meanwhile, or belongs to somebody else
            words = (entry / "cmdline").read_bytes().split(b"\0")
            if Path(os.fsdecode(words[0])).name == "gpg-agent" and b"--homedir" in words[:-1]:
                home = Path(os.fsdecode(words[words.index(b"--homedir") + 1]))
                if home.is_relative_to(directory):
                    found.append(int(entry.name))
    return found
