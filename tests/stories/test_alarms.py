"""The other way out: the pager is told, told again when it fails, and told also when the database cannot be written."""

from __future__ import annotations

import asyncio
import json
import resource
import sqlite3
from pathlib import Path

import aiosmtplib
import pytest

from deeds import AT_ONCE, pages
from openpgp import Person
from service import service
from world import World, world


def pager(directory: Path, *, failing: bool = False) -> tuple[list[str], Path]:
    """A command that notes what it is told, after it has failed as long as a file is there."""
    told, broken = directory / "told", directory / "broken"
    script = directory / "page"
    script.write_text(f'#!/bin/sh\n[ -e "{broken}" ] && exit 1\ncat >> "{told}"\n')
    script.chmod(0o700)
    told.touch()
    if failing:
        broken.touch()
    return [str(script)], told


def kinds(told: Path) -> list[str]:
    return [json.loads(line)["kind"] for line in told.read_text().splitlines()]


async def until(claim: object, story: World | None = None) -> None:
    """Wait until a claim holds, letting the story's clock run where there is one."""
    assert callable(claim)
    async with asyncio.timeout(60):
        while not claim():
            if story is not None:
                story.clock.advance(1)
            await asyncio.sleep(0.02)


@pytest.mark.side
async def test_a_pager_that_fails_is_tried_again_and_learns_no_content(
    tmp_path: Path, people: dict[str, Person]
) -> None:
    command, told = pager(tmp_path, failing=True)
    async with world(tmp_path, people, alarm={"command": command}) as story:
        await story.post("alice", AT_ONCE, subject="Zirconium")
        await story.post("north", "Leak: quokka, to a journalist\n", reply_to=story.inbox("north")[0])
        assert kinds(told) == []
        (alarm,) = await pages(story)
        assert (alarm.state, alarm.attempts) == ("due", 1)

        await story.pass_time(29)
        assert (await pages(story))[0].attempts == 1
        (tmp_path / "broken").unlink()
        await story.pass_time(1)
        assert (await pages(story))[0].state == "told"
        (line,) = told.read_text().splitlines()
        assert set(json.loads(line)) == {"kind", "id", "list", "at"}
        assert json.loads(line)["kind"] == "leak"
        assert "uokka" not in line
        await story.pass_time(269)
        assert kinds(told) == ["leak"], "told once, until it sounds again"


@pytest.mark.side
async def test_with_the_relay_down_the_pager_rings_at_once_and_the_mails_follow(
    tmp_path: Path, people: dict[str, Person]
) -> None:
    command, told = pager(tmp_path)
    async with world(tmp_path, people, alarm={"command": command}) as story:
        await story.post("alice", AT_ONCE)
        copy = story.inbox("north")[0]
        await story.box.stop()
        await story.post("north", "Leak: the fix, to a journalist\n", reply_to=copy)
        assert kinds(told) == ["leak"]
        await story.box.start()
        await story.pass_time(72)
        assert any("LEAK" in subject.upper() for subject in story.subjects("alice"))
        assert any("LEAK" in subject.upper() for subject in story.subjects("adam"))
        assert len(story.inbox("south")) == 2


async def test_a_database_locked_by_another_program_is_451_and_an_alarm_and_nothing_is_lost(
    tmp_path: Path, people: dict[str, Person]
) -> None:
    command, told = pager(tmp_path)
    async with world(tmp_path, people, alarm={"command": command, "heartbeat": "1m"}) as story:
        await shorten_patience(story)
        running = asyncio.create_task(story.gateway.run())
        await until(lambda: kinds(told) == ["alive"])
        raw = story.compose("alice", AT_ONCE)
        path = str(story.parts.database.path)
        with sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=30) as other:
            # In a thread: the gateway stands on this loop, and may have to end its own transaction first.
            await asyncio.to_thread(other.execute, "BEGIN IMMEDIATE")
            with pytest.raises(aiosmtplib.SMTPDataError) as refused:
                await story.deliver(raw)
            assert refused.value.code == 451
            await until(lambda: "database" in kinds(told), story)
            other.execute("ROLLBACK")

        await story.deliver(raw)
        expected = {people[name].address for name in ("north", "south", "west")}
        await story.box.wait_until(lambda: expected <= {mail.recipient for mail in story.box.mails})
        assert len(story.inbox("north")) == 1
        story.clock.advance(60)
        await until(lambda: kinds(told).count("alive") >= 2, story)
        story.gateway.stop()
        await asyncio.wait_for(running, 30)


async def shorten_patience(story: World) -> None:
    """Every connection made from here on waits a fifth of a second for a lock, not ten."""
    database = story.parts.database
    await database.close()
    database._patience = 0.2
    await database.open()


@pytest.mark.side
async def test_a_full_disk_is_told_to_the_sender_and_the_pager_and_all_goes_on_when_there_is_room(
    tmp_path: Path, people: dict[str, Person]
) -> None:
    command, told = pager(tmp_path)
    async with service(tmp_path, people, alarm={"command": command}) as gateway:
        await gateway.start()
        assert gateway.process is not None
        await gateway.deliver(gateway.writer.compose("alice", "Hold-Until: +1d\nEmbargo-Until: +14d\n\nFirst.\n"))
        await gateway.box.wait_for(2)
        # No file may grow from here on: what a full disk does, as far as a process can be made to feel it.
        size = (tmp_path / "state" / "embargo.sqlite3-wal").stat().st_size
        resource.prlimit(gateway.process.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
        second = gateway.writer.compose("alice", AT_ONCE, attachments=[("fix.bin", b"x" * 300_000)])
        with pytest.raises(aiosmtplib.SMTPDataError) as refused:
            await gateway.deliver(second)
        assert refused.value.code == 451
        await until(lambda: "database" in kinds(told))

        resource.prlimit(gateway.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        await gateway.deliver(second)
        expected = {people[name].address for name in ("north", "south", "west")}
        await gateway.box.wait_until(lambda: expected <= {mail.recipient for mail in gateway.box.mails})
        assert all(len(gateway.writer.inbox(name)) == 1 for name in ("north", "south", "west"))
        code, _ = await gateway.end()
        assert code == 0
        code, _, _ = await gateway.run("audit", "verify")
        assert code == 0
