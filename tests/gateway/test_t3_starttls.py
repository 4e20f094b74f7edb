"""T3: what came in clear before TLS is never done under it (CVE-2024-34083); T4: where TLS is due, no mail without."""

from __future__ import annotations

import asyncio
import ssl

import pytest

from front_door import LIST, MAIL, PATIENCE, Client, FrontDoor, until

INJECTED = b"EHLO x\r\nMAIL FROM:<i@x.example>\r\nRCPT TO:<" + LIST.encode() + b">\r\nDATA\r\ninjected\r\n.\r\n"


async def under_tls(front: FrontDoor, client: Client) -> None:
    await asyncio.wait_for(client.writer.start_tls(front.client_context(), server_hostname="localhost"), PATIENCE)


async def test_a_mail_goes_through_under_tls():
    async with FrontDoor(tls=True, require_tls=True) as front:
        client = await front.client()
        assert (await client.say(b"STARTTLS")).startswith(b"220")
        await under_tls(front, client)

        offered = await client.say(b"EHLO me")
        await client.begin()

        assert b"STARTTLS" not in offered
        assert b"AUTH" not in offered
        assert (await client.say(MAIL + b".")).startswith(b"250 2.0.0 kept")


@pytest.mark.parametrize("later", [False, True], ids=["in one write", "after the 220"])
async def test_commands_sent_in_clear_behind_starttls_are_dropped(later: bool):
    async with FrontDoor(tls=True) as front:
        client = await front.client()
        if later:
            await client.say(b"STARTTLS")
            await client.write(INJECTED)
        else:
            await client.write(b"STARTTLS\r\n" + INJECTED)
            await client.answer()

        try:
            await under_tls(front, client)
            assert (await client.say(b"NOOP")).startswith(b"250 2.0.0 OK")
            # What was said before TLS is forgotten too (RFC 3207 s4.2).
            assert (await client.say(b"MAIL FROM:<a@x.example>")).startswith(b"503")
        except (ssl.SSLError, ConnectionError):
            assert later

        assert front.kept == []
        assert front.asked == []


async def test_a_transaction_begun_in_clear_is_forgotten_under_tls():
    async with FrontDoor(tls=True) as front:
        client = await front.client()
        await client.say(b"MAIL FROM:<a@x.example>")
        await client.say(b"STARTTLS")
        await under_tls(front, client)
        await client.say(b"EHLO me")

        assert (await client.say(b"RCPT TO:<" + LIST.encode() + b">")).startswith(b"503")


async def test_tls_begins_once():
    async with FrontDoor(tls=True) as front:
        client = await front.client()
        await client.say(b"STARTTLS")
        await under_tls(front, client)
        await client.say(b"EHLO me")

        assert (await client.say(b"STARTTLS")).startswith(b"503")
        assert (await client.say(b"AUTH PLAIN AGEAYg==")).startswith(b"502")


@pytest.mark.parametrize("protocol", ["smtp", "lmtp"])
async def test_where_tls_is_due_nothing_is_taken_in_clear(protocol):
    async with FrontDoor(tls=True, require_tls=True, protocol=protocol) as front:
        client = await front.client()

        assert (await client.say(b"MAIL FROM:<a@x.example>")).startswith(b"530 5.7.0 ")
        assert (await client.say(b"RCPT TO:<" + LIST.encode() + b">")).startswith(b"503")
        assert (await client.say(b"DATA")).startswith(b"503")


async def test_without_a_certificate_tls_is_not_begun():
    async with FrontDoor() as front:
        client = await front.client()

        assert (await client.say(b"STARTTLS")).startswith(b"454")


@pytest.mark.parametrize("junk", [b"", b"this is no handshake\r\n" * 10])
async def test_a_client_that_breaks_the_handshake_off_leaves_nothing_behind(junk: bytes):
    async with FrontDoor(tls=True) as front:
        client = await front.client()
        await client.say(b"STARTTLS")
        await client.write(junk)
        client.writer.close()

        await until(lambda: not front.door._sessions)


async def test_a_client_that_never_begins_the_handshake_is_dropped_and_leaves_nothing_behind():
    async with FrontDoor(tls=True) as front:
        client = await front.client()
        await client.say(b"STARTTLS")
        front.hurry(0.05)

        await client.rest()

        await until(lambda: not front.door._sessions)
