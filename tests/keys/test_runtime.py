"""The private directory: short, ours alone, and gone with its owner, however the owner ended."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from threading import Timer

from keys import runtime
from keys.engine import Engine
from keys.homes import Agent
from keys.runtime import Runtime, agents_under

LIVE = """
import asyncio, sys
from pathlib import Path
from keys.engine import Engine
from keys.homes import Agent
async def main():
    engine = Engine(base=Path(sys.argv[1]))
    home = engine._runtime.new_home()
    (home / "secret").write_text("canary")
    await Agent(home, engine._environment).start()
    print(engine._runtime.path, flush=True)
    await asyncio.sleep(60)
asyncio.run(main())
"""


def start(base: Path) -> tuple[subprocess.Popen[str], Path]:
    """Start another process with an engine and an agent; give it and its directory."""
    root = Path(__file__).parents[2]
    process = subprocess.Popen([sys.executable, "-c", LIVE, str(base)], stdout=subprocess.PIPE, text=True, cwd=root)
    assert process.stdout is not None
    return process, Path(process.stdout.readline().strip())


def finish(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.wait()
    assert process.stdout is not None
    process.stdout.close()


async def test_closing_ends_the_agents_and_removes_the_directory(ring):
    async with Engine() as engine:
        path = engine._runtime.path
        assert await engine.probe(ring)
        assert len(agents_under(path)) == 1

    assert not path.exists()
    assert agents_under(path) == []
    await engine.close()  # a second time does nothing


def test_who_closes_while_another_thread_does_waits_until_it_is_gone(short_base, monkeypatch):
    begun, go_on, removing = threading.Event(), threading.Event(), runtime.remove

    def slow(path: Path) -> None:
        begun.set()
        assert go_on.wait(20)
        removing(path)

    monkeypatch.setattr(runtime, "remove", slow)
    ours = Runtime(short_base)
    first, second = threading.Thread(target=ours.close), threading.Thread(target=ours.close)
    first.start()
    assert begun.wait(20)
    second.start()
    second.join(0.1)
    assert second.is_alive(), "a process that ends now would leave half of it behind"
    go_on.set()
    first.join(20)
    second.join(20)

    assert not ours.path.exists()


def test_a_start_removes_what_a_killed_process_left_agents_included(short_base):
    process, left = start(short_base)
    assert len(agents_under(left)) == 1
    finish(process)
    assert (left / "1" / "secret").exists()

    fresh = Runtime(short_base)

    assert not left.exists()
    assert agents_under(left) == []
    fresh.close()


def test_a_start_leaves_the_living_alone(short_base):
    process, other = start(short_base)

    fresh = Runtime(short_base)

    assert other.exists()
    assert len(agents_under(other)) == 1
    finish(process)
    Runtime(short_base).close()
    fresh.close()
    assert not other.exists()


def test_a_stopped_agent_does_not_hold_up_the_end(short_base):
    process, left = start(short_base)
    os.kill(agents_under(left)[0], signal.SIGSTOP)
    finish(process)

    Runtime(short_base).close()

    assert agents_under(left) == []


async def test_agents_that_were_killed_are_dead_though_the_kernel_takes_its_time(engine, monkeypatch):
    home = engine._runtime.new_home()
    await Agent(home, engine._environment).start()
    kill, late = os.kill, []

    def slowly(pid: int, number: int) -> None:
        late.append(Timer(0.2, kill, (pid, number)))
        late[0].start()

    monkeypatch.setattr(os, "kill", slowly)
    runtime.kill_agents(home)

    assert agents_under(home) == []
    late[0].join()
    assert len(late) == 1


async def test_what_another_user_calls_an_agent_of_ours_does_not_keep_ours_from_ending(monkeypatch):
    async with Engine() as engine:
        home = engine._runtime.new_home()
        await Agent(home, engine._environment).start()
        (agent,) = agents_under(home)
        # As root everything can be killed, so the kernel's answer is given for it: process 1 is somebody else's.
        kill, found = os.kill, runtime.agents_under
        monkeypatch.setattr(runtime, "agents_under", lambda directory: [1, *found(directory)])
        monkeypatch.setattr(os, "kill", lambda pid, number: denied() if pid == 1 else kill(pid, number))

    assert not engine._runtime.path.exists()
    assert agent not in found(home)


def denied() -> None:
    raise PermissionError


def test_directories_that_are_not_ours_stay(short_base):
    strange = short_base / "eg-strange1"
    strange.mkdir()
    (short_base / "eg-linked12").symlink_to(strange)
    (strange / "file").write_text("kept")

    Runtime(short_base).close()

    assert (strange / "file").read_text() == "kept"


def test_a_base_that_is_too_long_is_not_used(tmp_path):
    long_base = tmp_path / ("x" * 90)

    made = Runtime(long_base)

    assert not made.path.is_relative_to(long_base)
    assert len(str(made.path / "9999" / "S.gpg-agent.browser")) <= 100
    assert made.path.name.startswith("eg-")
    made.close()


def test_a_short_base_is_used_and_made(short_base):
    made = Runtime(short_base / "run")

    assert made.path.parent == short_base / "run"
    assert made.path.stat().st_mode & 0o777 == 0o700
    made.close()


def test_two_engines_do_not_meet(short_base):
    first, second = Runtime(short_base), Runtime(short_base)

    assert first.path != second.path
    assert first.path.exists()
    first.close()
    assert second.path.exists()
    second.close()


def test_only_agents_of_that_directory_are_found():
    assert os.getpid() not in agents_under(Path("/"))
    assert runtime.agents_under(Path("/nonexistent")) == []
