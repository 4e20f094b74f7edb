"""T5: idle, slow and many clients: none of them keeps an honest one out, and none lasts for ever."""

from __future__ import annotations

import asyncio
import resource
from collections.abc import Iterator

import pytest

from front_door import LIST, MAIL, FrontDoor, until
from gateway import replies
from gateway.envelope import Envelope, Limits
from gateway.replies import Reply


@pytest.fixture
def files() -> Iterator[None]:
    """As many open files as the machine lets a process have: many a one begins with a thousand."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.side
@pytest.mark.usefixtures("files")
async def test_a_thousand_idle_connections_do_not_keep_a_good_client_out():
    async with FrontDoor(limits=Limits(connections=50, per_peer=50)) as front:
        idle = [await asyncio.open_connection(front.host, front.port) for _ in range(1000)]
        assert (await front.send(MAIL)).startswith(b"250")

        assert len(front.door._sessions) <= 50
        for _, writer in idle:
            writer.transport.abort()


async def test_the_client_that_waited_longest_has_to_go_and_is_told():
    async with FrontDoor(limits=Limits(connections=2, per_peer=2)) as front:
        first = await front.client()
        second = await front.client()
        await first.say(b"NOOP")

        await front.client()

        assert (await second.answer()).startswith(b"421 4.3.2 ")
        assert (await first.say(b"NOOP")).startswith(b"250")


async def test_a_client_that_sends_goes_after_those_that_wait_and_one_being_stored_never():
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def take(_envelope: Envelope) -> Reply:
        begun.set()
        await go_on.wait()
        return replies.OK

    async with FrontDoor(limits=Limits(connections=2, per_peer=2), take=take) as front:
        stored = await front.client()
        await stored.begin()
        await stored.write(MAIL + b".\r\n")
        await begun.wait()
        sending = await front.client()
        await sending.begin()

        await front.client()
        assert (await sending.answer()).startswith(b"421")
        go_on.set()

        assert (await stored.answer()).startswith(b"250 2.0.0 kept")


async def test_where_all_are_being_stored_the_new_client_is_asked_to_come_again():
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def take(_envelope: Envelope) -> Reply:
        begun.set()
        await go_on.wait()
        return replies.OK

    async with FrontDoor(limits=Limits(connections=1, per_peer=1), take=take) as front:
        stored = await front.client()
        await stored.begin()
        await stored.write(MAIL + b".\r\n")
        await begun.wait()

        reader, writer = await asyncio.open_connection(front.host, front.port)
        assert (await reader.read()).startswith(b"421 4.3.2 ")
        writer.close()
        go_on.set()

        assert (await stored.answer()).startswith(b"250")


async def test_an_idle_client_is_sent_away():
    async with FrontDoor(limits=Limits(idle=0.05)) as front:
        client = await front.client(greet=False)

        assert (await client.rest()).startswith(b"421 ")


async def test_a_mail_that_trickles_in_is_not_waited_for():
    async with FrontDoor(limits=Limits(idle=60, data=0.4)) as front:
        client = await front.client()
        await client.begin()

        session = front.session()

        async def trickle() -> None:
            while not session.dismissed:  # what is written to a closed door takes the answer back
                await client.write(b"x")
                await asyncio.sleep(0.05)

        trickling = asyncio.create_task(trickle())
        try:
            assert (await client.rest()).startswith(b"421 ")
        except ConnectionError:
            pytest.fail("the client was not told")
        finally:
            trickling.cancel()
            await asyncio.gather(trickling, return_exceptions=True)

        assert front.kept == []


async def test_no_time_limit_cuts_off_the_storing_of_a_mail():
    async def take(_envelope: Envelope) -> Reply:
        await asyncio.sleep(0.2)
        return replies.OK

    async with FrontDoor(limits=Limits(data=0.05), take=take) as front:
        client = await front.client()
        await client.say(b"MAIL FROM:<a@x.example>")
        await client.say(b"RCPT TO:<" + LIST.encode() + b">")

        await client.write(b"DATA\r\n" + MAIL + b".\r\n")  # in one: it is read before the limit can be up

        assert (await client.answer()).startswith(b"354")
        assert (await client.answer()).startswith(b"250")


@pytest.mark.parametrize(
    ("command", "most"), [(b"NOOP", 20), (b"VRFY x", 20), (b"FROB", 5), (b"AUTH PLAIN AGEAYg==", 20)]
)
async def test_a_client_that_repeats_itself_is_sent_away(command: bytes, most: int):
    async with FrontDoor() as front:
        client = await front.client()

        await client.write((command + b"\r\n") * (most + 5))

        answers = (await client.rest()).splitlines()
        assert len(answers) == most + (0 if command == b"FROB" else 1)


async def test_a_client_that_reads_nothing_is_dropped_all_the_same(monkeypatch):
    monkeypatch.setattr("gateway.smtp._GOODBYE_LIMIT", 0.05)
    async with FrontDoor() as front:
        client = await front.client()
        client.reader._transport.pause_reading()
        session = front.session()
        session.transport.pause_reading()
        session.transport.write(b"x" * 20_000_000)
        front.hurry(0.05)

        await until(lambda: not front.door._sessions)
