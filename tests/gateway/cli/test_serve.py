"""The service as a process of its own, with the commands beside it."""

from __future__ import annotations

import asyncio
import re
import signal
import sys
from contextlib import asynccontextmanager

import pytest

from mailbox_server import Mailbox


@asynccontextmanager
async def serving(house):
    """``embargo serve``, ready; ended in whatever way if the test did not."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "gateway", "--config", str(house.config), "serve"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        line = (await asyncio.wait_for(process.stdout.readline(), 60)).decode()
        yield process, line
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


@pytest.mark.parametrize("number", [signal.SIGTERM, pytest.param(signal.SIGINT, marks=pytest.mark.side)])
async def test_it_says_where_it_listens_and_stops_when_told(house, number):
    async with serving(house) as (process, line):
        port = re.fullmatch(r"ready smtp=127\.0\.0\.1:(\d+)\n", line)
        assert port is not None, line
        reader, writer = await asyncio.open_connection("127.0.0.1", int(port[1]))
        assert (await reader.readline()).startswith(b"220 ")
        writer.close()

        process.send_signal(number)

        said, log = await asyncio.wait_for(process.communicate(), 60)
        assert process.returncode == 0, log.decode()
        assert said == b""


async def test_what_a_command_changes_holds_for_the_running_service(house, people):
    alice, north = people["alice"], people["north"]
    async with Mailbox() as box:
        house.configure(box.port)
        async with serving(house):
            await asyncio.to_thread(house.add_coordinator, alice)
            await asyncio.to_thread(house.add_member, north, "Northwind")

            received = await box.wait_for(2, 60)

            assert {mail.recipient for mail in received} == {alice.address}
            said, _ = alice.decrypt(received[-1].content)
            assert b"added" in said


async def test_one_state_directory_is_served_once(house):
    async with serving(house):
        said = await asyncio.to_thread(house.refuse, "serve")

    assert "another process serves" in said


def test_it_does_not_start_before_it_is_set_up(house):
    house.config.write_text(house.config.read_text().replace('"state"', '"elsewhere"'))

    assert "embargo init" in house.refuse("serve", code=2)
