"""Starting and stopping the real service."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

import pytest

from openpgp import Person
from service import STOP_WITHIN, agents, end_of_agents, service

pytestmark = pytest.mark.side


async def test_a_stop_with_a_hanging_relay_and_a_hanging_pager_takes_no_five_seconds_and_loses_nothing(
    tmp_path: Path, people: dict[str, Person]
) -> None:
    hanging = tmp_path / "page"
    hanging.write_text("#!/bin/sh\nexec sleep 60\n")
    hanging.chmod(0o700)
    async with service(tmp_path, people, alarm={"command": [str(hanging)], "heartbeat": "1s"}) as gateway:
        gateway.box.script("hang", forever=True)
        await gateway.start()
        await gateway.deliver(gateway.writer.compose("alice", "Embargo-Until: +14d\n\nA flaw in the parser.\n"))
        await gateway.box.wait_until(lambda: gateway.box.hung == 4)

        code, out, err = await gateway.run("serve")
        assert (code, out) == (1, "")
        assert err.count("\n") == 1
        assert "another process serves this state directory" in err

        homes = sorted(gateway.homes())
        assert agents(homes)
        code, took = await gateway.end()
        assert code == 0
        assert took < STOP_WITHIN
        await end_of_agents(homes)
        assert gateway.homes() == set()
        assert gateway.box.mails == []

        await gateway.box.stop()
        gateway.box.script(at="rcpt")
        await gateway.box.start()
        await gateway.start()
        expected = {person.address for name, person in people.items() if name != "mallory"}
        await gateway.box.wait_until(lambda: expected <= {mail.recipient for mail in gateway.box.mails})
        for name in ("north", "south", "west"):
            assert len(gateway.writer.inbox(name)) == 1

        # The database locked by another program for longer than patience: 451 at the door, and a stop in time.
        with sqlite3.connect(
            tmp_path / "state" / "embargo.sqlite3", isolation_level=None, check_same_thread=False, timeout=30
        ) as other:
            await asyncio.to_thread(other.execute, "BEGIN IMMEDIATE")
            code, took = await gateway.end()
            other.execute("ROLLBACK")
        assert code == 0
        assert took < STOP_WITHIN
