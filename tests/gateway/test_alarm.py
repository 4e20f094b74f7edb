from __future__ import annotations

import asyncio
import json
import os
import select
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from gateway.alarm import Pager

EVENT = {"kind": "leak", "id": "LK-2026-9D3M", "list": "early-disclosure", "at": "2026-12-08T18:00:00Z"}


def script(path: Path, text: str) -> Path:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


async def test_the_command_gets_one_json_object_on_stdin(tmp_path: Path):
    out = tmp_path / "out"
    command = script(tmp_path / "page", 'cat > "$1"')

    assert await Pager([str(command), str(out)]).tell(EVENT)

    assert json.loads(out.read_bytes()) == EVENT


async def test_nothing_but_the_four_fields_goes_out_and_what_is_unknown_is_null(tmp_path: Path):
    out = tmp_path / "out"
    command = script(tmp_path / "page", 'cat > "$1"')

    await Pager([str(command), str(out)]).tell({"kind": "alive", "at": "2026-12-08T18:00:00Z", "what": "secret-word"})

    assert json.loads(out.read_bytes()) == {"kind": "alive", "id": None, "list": None, "at": "2026-12-08T18:00:00Z"}


async def test_there_is_no_shell(tmp_path: Path):
    out = tmp_path / "out"
    command = script(tmp_path / "page", 'printf %s "$2" > "$1"')

    await Pager([str(command), str(out), "$(id); echo *"]).tell(EVENT)

    assert out.read_text() == "$(id); echo *"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        pytest.param("exit 0", True, id="exit 0 is told, though stdin was not read"),
        pytest.param("exit 1", False, id="exit 1 is not told"),
        pytest.param("kill -9 $$", False, id="killed is not told"),
        pytest.param("head -c 1000000 /dev/zero; echo x >&2", True, id="output is thrown away"),
    ],
)
async def test_the_exit_code_says_whether_it_was_told(tmp_path: Path, text: str, told: bool):
    assert await Pager([str(script(tmp_path / "page", text))]).tell(EVENT) is told


@pytest.mark.parametrize("command", [["/does/not/exist"], ["/etc/passwd"], ["/"], ["a\0b"]])
async def test_a_command_that_cannot_run_is_not_told(command: list[str]):
    assert not await Pager(command).tell(EVENT)


async def test_without_a_command_there_is_nobody_to_tell():
    assert await Pager([]).tell(EVENT)
    assert not Pager([]).configured
    assert Pager(["true"]).configured


def is_gone(pid: int) -> bool:
    """Whether the process has ended, or does within a minute."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([handle], [], [], 60)[0])
    finally:
        os.close(handle)


@pytest.fixture
def begun(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The process ids that a command writes to ``pipe``: it runs before the loop hears that it was started."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    pids: list[str] = []

    class Started(subprocess.Popen[bytes]):
        def __init__(self, *words: Any, **options: Any) -> None:
            super().__init__(*words, **options)
            pids.extend(pipe.read_text().split())

    monkeypatch.setattr(subprocess, "Popen", Started)
    return pids


async def test_a_command_that_hangs_is_killed_with_its_children(tmp_path: Path, begun: list[str]):
    command = script(tmp_path / "page", f'sleep 300 & echo $$ $! > "{tmp_path / "pipe"}"; wait')

    assert not await Pager([str(command)], timeout=0.05).tell(EVENT)

    assert len(begun) == 2
    for pid in begun:
        assert is_gone(int(pid))


async def test_cancelling_ends_the_command(tmp_path: Path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    command = script(tmp_path / "page", f'echo $$ > "{pipe}"; sleep 300')
    telling = asyncio.create_task(Pager([str(command)]).tell(EVENT))
    pid = int(await asyncio.to_thread(pipe.read_text))

    telling.cancel()
    with pytest.raises(asyncio.CancelledError):
        await telling

    assert is_gone(pid)


async def test_cancelling_while_it_starts_ends_the_command_with_its_children(
    tmp_path: Path, begun: list[str], monkeypatch: pytest.MonkeyPatch
):
    command = script(tmp_path / "page", f'sleep 300 & echo $$ $! > "{tmp_path / "pipe"}"; wait')

    class Cancelled(subprocess.Popen[bytes]):
        def __init__(self, *words: Any, **options: Any) -> None:
            super().__init__(*words, **options)
            telling.cancel()

    monkeypatch.setattr(subprocess, "Popen", Cancelled)
    telling = asyncio.create_task(Pager([str(command)]).tell(EVENT))
    await asyncio.wait({telling}, timeout=60)

    assert telling.cancelled()
    assert len(begun) == 2
    for pid in begun:
        assert is_gone(int(pid))


async def test_events_are_told_side_by_side(tmp_path: Path):
    command = [sys.executable, "-c", "import sys; sys.exit(0 if sys.stdin.read() else 1)"]

    assert await asyncio.gather(*(Pager(command).tell(EVENT) for _ in range(3))) == [True] * 3
