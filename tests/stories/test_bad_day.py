"""The bad day of the way in: what our own side causes is 451, nothing is half stored, and a human is told."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import stat
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from gateway.intake import Intake
from keys.errors import EngineUnavailable
from letters import DISCLOSURE, MEMBERS, hand_in, kept
from openpgp import Person
from storage import disclosures
from storage.errors import Unavailable
from world import LIST, World, world

TEAM = ("alice", "adam", *MEMBERS)


def pager(directory: Path) -> tuple[str, Path]:
    told, command = directory / "paged", directory / "page"
    command.write_text(f"#!/bin/sh\ncat >> {told}\n")
    command.chmod(command.stat().st_mode | stat.S_IXUSR)
    return str(command), told


class FailingTrail:
    """An audit trail that fails when the mail and what it causes are half written."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    async def append(self, *_: object, **__: object) -> object:
        raise self._error


class HungEngine:
    """An engine whose GnuPG does not answer."""

    async def open(self, *_: object) -> object:
        raise EngineUnavailable("GnuPG does not answer")


async def rows(story: World) -> tuple[int, ...]:
    counts = []
    async with story.parts.database.reading() as tx:
        for table in ("mails", "items", "disclosures", "messages", "copies", "audit", "quarantine", "signatures"):
            counts.append(int((await tx.exec_driver_sql(f"SELECT count(*) FROM {table}")).scalar_one()))
    return tuple(counts)


def faulty(story: World, **parts: object) -> Callable[[], None]:
    """Put a fault into the way in; gives what takes it out again."""
    sound = story.gateway.intake
    broken = Intake(replace(story.parts, **parts))  # type: ignore[arg-type]
    story.gateway.door._take = broken.take

    def mend() -> None:
        story.gateway.door._take = sound.take

    return mend


async def test_what_our_own_side_causes_is_451_with_nothing_stored_and_the_mail_is_taken_later(
    tmp_path: Path, people: dict[str, Person]
) -> None:
    command, told = pager(tmp_path)
    async with world(tmp_path, people, pinned=TEAM, alarm={"command": [command]}) as story:
        raw, before = story.compose("alice", DISCLOSURE), await rows(story)
        faults: dict[str, tuple[dict[str, object], str]] = {
            "GnuPG is silent": ({"engine": HungEngine()}, "intake"),
            "the database fails half-way": ({"trail": FailingTrail(Unavailable("locked"))}, "database"),
            "a defect of ours": ({"trail": FailingTrail(ZeroDivisionError("x"))}, "defect"),
        }
        for name, (fault, kind) in faults.items():
            mend = faulty(story, **fault)
            with capture_logs() as logged:
                assert await hand_in(story, raw) == 451, name
            (said,) = (one for one in logged if one["event"] == "not-kept")
            assert "gateway/intake.py:" in said["error"], "where it failed stands in the log"
            mend()
            await story.parts.trouble.finish()
            assert kind in [json.loads(line)["kind"] for line in told.read_text().splitlines()], name
            assert await rows(story) == before, name
        mend = faulty(story, trail=FailingTrail(Unavailable("full", no_space=True)))
        assert await hand_in(story, raw) == 451
        mend()

        assert await hand_in(story, raw) == 250
        await story.settle()
        assert len(story.inbox("north")) == 1
        assert await kept(story) == []


async def test_a_killed_agent_costs_no_mail(tmp_path: Path, people: dict[str, Person]) -> None:
    async with world(tmp_path, people, pinned=TEAM) as story:
        await story.post("alice", DISCLOSURE)
        runtime = story.parts.engine._runtime.path
        for process in _agents(runtime):
            os.kill(process, signal.SIGKILL)
        await story.post("alice", DISCLOSURE, subject="Second")
        assert await kept(story) == []
        assert len(story.inbox("north")) == 2


def _agents(runtime: Path) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                command = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if command.startswith(b"gpg-agent") and str(runtime).encode() in command:
                found.append(int(entry.name))
    return found


@pytest.mark.parametrize(
    "patience", [pytest.param(0, id="at once"), pytest.param(20, id="a little later", marks=pytest.mark.side)]
)
async def test_a_client_that_hangs_up_after_the_dot_leaves_its_mail_stored_once(
    tmp_path: Path, people: dict[str, Person], patience: int
) -> None:
    async with world(tmp_path, people, pinned=TEAM) as story:
        raw = story.compose("alice", DISCLOSURE)
        await _hang_up(story, raw, patience)
        await _until(lambda: _count(story), 1)
        assert await hand_in(story, raw) == 250
        await story.settle()
        assert await _count(story) == 1
        assert len(story.inbox("north")) == 1


async def _hang_up(story: World, raw: bytes, patience: int) -> None:
    reader, writer = await asyncio.open_connection(story.host, story.port)
    for line in (b"", b"EHLO c.example", b"MAIL FROM:<a@corp.example>", f"RCPT TO:<{LIST}>".encode(), b"DATA"):
        if line:
            writer.write(line + b"\r\n")
        while (await reader.readline())[3:4] == b"-":
            continue
    writer.write(raw.replace(b"\r\n.", b"\r\n..") + b"\r\n.\r\n")
    await writer.drain()
    for _ in range(patience):
        await asyncio.sleep(0)
    writer.close()


async def _count(story: World) -> int:
    async with story.parts.database.reading() as tx:
        return len(await disclosures.ls(tx))


async def _until(ask: Callable[[], Awaitable[int]], wanted: int) -> None:
    async with asyncio.timeout(60):
        while await ask() != wanted:  # noqa: ASYNC110 - only the database knows
            await asyncio.sleep(0.01)
