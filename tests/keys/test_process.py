"""Running a process: its own words on their own pipe, everything bounded, nothing left behind."""

from __future__ import annotations

import asyncio
import os
import resource
import subprocess
import sys
import time
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keys import process
from keys.errors import EngineUnavailable
from keys.process import Bounds, Descriptors, Feed, Finished

ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C"}


async def run_python(
    code: str, *, feed: Feed = process.NOTHING, output: int = 1 << 20, seconds: float = 20
) -> Finished:
    """Run a Python text that finds its descriptors as STATUS, PASSPHRASE and ATTACHED."""

    def command(descriptors: Descriptors) -> list[str]:
        numbers = f"{descriptors.status}, {descriptors.passphrase}, {descriptors.attached}"
        head = f"import os, sys, resource; STATUS, PASSPHRASE, ATTACHED = {numbers}\n"
        return [sys.executable, "-I", "-S", "-c", head + code]

    return await process.run(command, feed=feed, bounds=Bounds(output, seconds), environment=ENVIRONMENT)


def is_alive(pid: int) -> bool:
    """Whether it runs still; a dead child that nobody has waited for yet is dead."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


async def death_of(pid: int) -> None:
    """Wait until a killed process is gone; pytest's own time limit ends the waiting."""
    while is_alive(pid):  # noqa: ASYNC110 - another process has no event to wait for
        await asyncio.sleep(0.01)


async def text_of(path: Path) -> str:
    """Wait until a process has written something into a file, and give it."""
    while not path.exists() or not path.read_text():  # noqa: ASYNC110 - as above
        await asyncio.sleep(0.01)
    return path.read_text()


async def test_each_input_and_output_has_a_descriptor_of_its_own():
    code = """
sys.stdout.write(sys.stdin.read() + "|" + os.read(PASSPHRASE, 99).decode() + "|" + os.read(ATTACHED, 99).decode())
os.write(STATUS, b"[GNUPG:] GOODSIG from the status pipe\\n")
sys.stderr.write("[GNUPG:] GOODSIG from stderr\\n")
sys.stdout.write("\\n[GNUPG:] GOODSIG from stdout\\n")
"""
    ended = await run_python(code, feed=Feed(b"input", b"secret", b"signature"))

    assert ended.succeeded
    assert ended.output.startswith(b"input|secret|signature\n")
    assert [line.arguments for line in ended.status] == [b"from the status pipe"]


async def test_more_output_than_allowed_kills_it_and_keeps_no_more():
    ended = await run_python("while True: os.write(1, bytes(65536))", output=100_000)

    assert ended.cut
    assert not ended.succeeded
    assert len(ended.output) == 100_000
    assert ended.returncode == -9


async def test_more_status_than_allowed_kills_it():
    ended = await run_python("while True: os.write(STATUS, b'[GNUPG:] X ' + b'x' * 9000 + b'\\n')")

    assert ended.cut
    assert ended.returncode == -9


async def test_exactly_as_much_as_allowed_is_fine():
    ended = await run_python("os.write(1, bytes(1000))", output=1000)

    assert (ended.succeeded, len(ended.output)) == (True, 1000)


async def test_silence_is_ended_and_its_children_with_it(tmp_path, monkeypatch):
    code = f"""
child = os.fork()
if child: open({str(tmp_path / "pid")!r}, "w").write(str(child))
import time; time.sleep(600)
"""
    task = asyncio.create_task(run_python(code, seconds=600))
    child = int(await text_of(tmp_path / "pid"))

    # It goes on with every look at the clock: the run may not have looked before it is known that the child is there.
    loop, later = asyncio.get_running_loop(), count(600, 600)
    monkeypatch.setattr(loop, "time", lambda: time.monotonic() + next(later))
    ended = await task

    assert ended.timed_out
    assert not ended.succeeded
    await death_of(child)


async def test_a_cancelled_run_leaves_no_process(tmp_path):
    marker = tmp_path / "pid"
    code = f"open({str(marker)!r}, 'w').write(str(os.getpid())); import time; time.sleep(600)"
    task = asyncio.create_task(run_python(code))
    pid = int(await text_of(marker))

    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert not is_alive(pid)


@pytest.mark.parametrize("steps", range(1, 12))
async def test_a_run_that_is_cancelled_at_any_step_of_its_start_leaves_no_process(monkeypatch, steps):
    started = []

    class Started(subprocess.Popen[bytes]):
        def __init__(self, *words: Any, **options: Any) -> None:
            super().__init__(*words, **options)
            started.append(self.pid)

    monkeypatch.setattr(subprocess, "Popen", Started)
    task = asyncio.create_task(run_python("import time; time.sleep(600)"))
    for _ in range(steps):
        await asyncio.sleep(0)

    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert len(started) == 1
    assert not is_alive(started[0])


@pytest.mark.parametrize("steps", range(6))
async def test_a_run_that_is_cancelled_once_more_while_it_ends_is_in_nobodys_way(tmp_path, steps):
    marker = tmp_path / "pid"
    code = f"open({str(marker)!r}, 'w').write(str(os.getpid())); import time; time.sleep(600)"
    task = asyncio.create_task(run_python(code))
    pid = int(await text_of(marker))

    task.cancel()
    for _ in range(steps):
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await death_of(pid)
    following = [await run_python("print(1)") for _ in range(3)]

    assert all(ended.succeeded for ended in following)


async def test_limits_of_the_kernel_hold_from_the_outside():
    code = """
sys.stdin.read()
kinds = (resource.RLIMIT_CPU, resource.RLIMIT_AS, resource.RLIMIT_FSIZE)
import time
while resource.getrlimit(kinds[-1])[0] != %d: time.sleep(0.01)  # the one that is set last
print(*(resource.getrlimit(kind)[1] for kind in kinds), *resource.getrlimit(resource.RLIMIT_CORE))
"""
    ended = await run_python(code % process.FILE_SIZE, seconds=59)

    # The hard limit of core files stays: GnuPG reads it and sets it again as it starts, and ends without a word where
    # it has become less meanwhile.
    hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
    assert [int(word) for word in ended.output.split()] == [60, process.MEMORY, process.FILE_SIZE, 0, hard]


async def test_a_process_that_sets_the_limits_that_it_found_as_gnupg_does_is_not_hindered():
    code = """
hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
import time
while resource.getrlimit(resource.RLIMIT_FSIZE)[0] != %d: time.sleep(0.01)
resource.setrlimit(resource.RLIMIT_CORE, (0, hard))
print("set")
"""
    ended = await run_python(code % process.FILE_SIZE)

    assert (ended.returncode, ended.output) == (0, b"set\n")


async def test_endless_computing_is_ended():
    ended = await run_python("while True: pass", seconds=1)

    assert ended.returncode < 0


async def test_the_environment_is_empty_but_for_what_is_given(monkeypatch):
    monkeypatch.setenv("GPG_TTY", "/dev/pts/1")
    monkeypatch.setenv("DISPLAY", ":0")

    ended = await run_python("print(sorted(os.environ))")

    assert ended.output.decode().strip() in ("['LC_ALL', 'PATH']", "['LC_ALL', 'LC_CTYPE', 'PATH']")


async def test_no_descriptor_of_ours_is_inherited_and_none_stays_open():
    secret_read, secret_write = os.pipe()
    before = len(list(Path("/proc/self/fd").iterdir()))
    ended = await run_python(
        "print(*sorted(int(one) for one in os.listdir('/proc/self/fd')))", feed=Feed(b"", b"x", b"y")
    )
    after = len(list(Path("/proc/self/fd").iterdir()))
    os.close(secret_read)
    os.close(secret_write)

    assert len(ended.output.split()) == 3 + 3 + 1  # the three standard ones, three of ours, and its own listing
    assert after <= before + 1  # the loop may keep one of its own


async def test_a_program_that_is_missing_is_our_own_failure():
    with pytest.raises(EngineUnavailable):
        await process.run(
            lambda _: ["/nonexistent/gpg"], feed=process.NOTHING, bounds=Bounds(10, 1), environment=ENVIRONMENT
        )


async def test_a_program_that_reads_nothing_is_no_trouble():
    ended = await run_python("pass", feed=Feed(bytes(10 << 20)))

    assert ended.succeeded


@given(st.lists(st.binary(max_size=40).filter(lambda text: b"\n" not in text), max_size=5))
def test_a_line_ends_at_a_newline_and_nowhere_else(arguments: list[bytes]):
    text = b"".join(b"[GNUPG:] GOODSIG " + argument + b"\n" for argument in arguments)

    assert [line.arguments for line in process.parse_status(text)] == arguments


@pytest.mark.parametrize(
    "separator", [b"\r", b"\x85", b"\x0b", b"\x0c", b"\x1c", b"\x1e", "\u2028".encode(), "\u0085".encode()]
)
def test_no_other_separator_begins_a_line(separator: bytes):
    lines = process.parse_status(b"[GNUPG:] GOODSIG 1 x" + separator + b"[GNUPG:] VALIDSIG 2\n")

    assert [line.keyword for line in lines] == ["GOODSIG"]


def test_what_has_not_the_prefix_is_no_status():
    assert process.parse_status(b"gpg: Good signature\n [GNUPG:] GOODSIG 1\nx[GNUPG:] GOODSIG 1\n") == ()


def test_nothing_that_a_run_said_or_was_fed_is_shown():
    ended = Finished(0, process.parse_status(b"[GNUPG:] GOODSIG canary\n"), b"canary")

    assert "canary" not in repr(ended) + repr(Feed(b"canary", b"canary", b"canary"))
