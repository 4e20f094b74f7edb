from __future__ import annotations

import asyncio
import logging
import re
import smtplib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from front_door import LIST, MAIL, NOW, PATIENCE, FrontDoor, until
from gateway import replies
from gateway.envelope import Envelope, holds_bare_bytes, normalise
from gateway.replies import Reply


async def test_a_mail_is_handed_over_whole_and_answered_by_its_taker():
    async with FrontDoor() as front:
        assert await front.send(MAIL) == b"250 2.0.0 kept\r\n"

        [mail] = front.kept
        assert (mail.sender, mail.recipient, mail.content) == ("a@x.example", LIST, MAIL)
        assert (mail.received_at, mail.peer) == (NOW, "127.0.0.1")


async def test_an_ordinary_client_library_gets_through():
    def talk() -> dict[str, tuple[int, bytes]]:
        with smtplib.SMTP(front.host, front.port, timeout=PATIENCE) as client:
            return client.sendmail("a@x.example", [LIST], "Subject: x\n\n.leading dot\n..two\n")

    async with FrontDoor() as front:
        assert await asyncio.to_thread(talk) == {}

        assert front.kept[0].content == b"Subject: x\r\n\r\n.leading dot\r\n..two\r\n"


@pytest.mark.parametrize("reply", [replies.OK, replies.LATER, replies.NO_SPACE])
async def test_the_taker_decides_the_reply(reply: Reply):
    async def take(_envelope: Envelope) -> Reply:
        return reply

    async with FrontDoor(take=take) as front:
        assert await front.send(MAIL) == reply.line().encode() + b"\r\n"


async def test_a_failing_taker_is_a_451_that_tells_nothing(capsys, caplog):
    caplog.set_level(logging.DEBUG)

    async def take(_envelope: Envelope) -> Reply:
        raise RuntimeError("canary\r\n250 fooled")

    async with FrontDoor(take=take) as front:
        client = await front.client()
        await client.begin()
        assert await client.say(MAIL + b".") == b"451 4.3.0 not kept, please try again later\r\n"
        assert await client.say(b"NOOP") == b"250 2.0.0 OK\r\n"

    out = capsys.readouterr()
    assert "canary" not in out.out + out.err + caplog.text


async def test_trouble_with_looking_up_an_address_is_a_451():
    async def is_known(_address: str) -> bool:
        raise OSError("canary")

    async with FrontDoor(is_known=is_known) as front:
        client = await front.client()
        await client.say(b"MAIL FROM:<a@x.example>")
        assert (await client.say(b"RCPT TO:<" + LIST.encode() + b">")).startswith(b"451 4.3.0")


async def test_nothing_of_a_mail_is_logged_even_at_debug(caplog, capsys):
    caplog.set_level(logging.DEBUG)
    logging.getLogger("mail.log").setLevel(logging.DEBUG)

    async with FrontDoor() as front:
        await front.send(b"Subject: canary\r\n\r\ncanary\r\n", sender=b"<canary@x.example>")

    out = capsys.readouterr()
    assert "canary" not in caplog.text + out.out + out.err


async def test_a_further_recipient_is_asked_to_come_again():
    async with FrontDoor() as front:
        other = "early-disclosure-owner@lists.example"
        front.known.add(other)
        client = await front.client()
        await client.say(b"MAIL FROM:<a@x.example>")
        await client.say(b"RCPT TO:<" + LIST.encode() + b">")

        assert (await client.say(b"RCPT TO:<" + other.encode() + b">")).startswith(b"452 4.5.3 ")

        await client.say(b"DATA")
        assert (await client.say(MAIL + b".")).startswith(b"250")
        assert [mail.recipient for mail in front.kept] == [LIST]


async def test_ehlo_offers_what_is_kept_and_nothing_else():
    async with FrontDoor() as front:
        client = await front.client(greet=False)

        offered = re.findall(rb"250[- ](.*)\r\n", await client.say(b"EHLO me"))

        assert offered == [b"mx.lists.example", b"SIZE 100000", b"8BITMIME", b"PIPELINING", b"ENHANCEDSTATUSCODES"]


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        (b"VRFY someone", b"252 2.5.0"),
        (b"VRFY", b"252 2.5.0"),
        (b"EXPN list", b"502 5.5.1"),
        (b"HELP", b"502 5.5.1"),
        (b"AUTH PLAIN AGEAYg==", b"502 5.5.1"),
        (b"NOOP", b"250 2.0.0"),
        (b"RSET", b"250 2.0.0"),
        (b"FROB", b"500 5.0.0"),
        (b"RCPT TO:<a@b.example>", b"503 5.5.1"),
        (b"DATA", b"503 5.5.1"),
        (b"MAIL FROM:<b\xc3\xb6b@x.example>", b"500 "),
        (b"MAIL FROM:<a@x.example> SMTPUTF8", b"501 "),
        (b"MAIL FROM:<a@x.example> REQUIRETLS", b"555 "),
        (b"MAIL FROM:<a@x.example> SIZE=100001", b"552 "),
        (b"MAIL FROM:<a@x.example> SIZE=100000 BODY=8BITMIME", b"250 "),
        (b"MAIL FROM:a@x.example", b"553 "),
        (b"MAIL FROM:<@a,@b:c@x.example>", b"553 "),
        (b"A" * 600, b"500 "),
        (b"A" * 60_000, b"500 "),
        (b"QUIT", b"221 2.0.0"),
    ],
    ids=lambda value: value[:40].decode("latin-1"),
)
async def test_a_command_is_answered(command: bytes, answer: bytes):
    async with FrontDoor() as front:
        client = await front.client()

        assert (await client.say(command)).startswith(answer)


@pytest.mark.parametrize("size", [100_000, 100_001, 250_000])
async def test_the_announced_size_is_kept_to(size: int):
    line = b"." + b"x" * 97 + b"\r\n"
    content = (line * (size // len(line) + 1))[: size - 2] + b"\r\n"
    content = content.replace(b"\r\r\n", b"x\r\n")
    stuffed = content.replace(b"\r\n.", b"\r\n..")

    async with FrontDoor() as front:
        answer = await front.send(b"." + stuffed)

        if size > 100_000:
            assert answer == b"552 5.3.4 larger than the announced SIZE\r\n"
            assert front.kept == []
        else:
            assert front.kept[0].content == content


async def test_a_mail_of_nothing_but_dots_is_measured_unstuffed():
    async with FrontDoor(max_bytes=9_000) as front:
        assert (await front.send(b"..\r\n" * 3_000)).startswith(b"250")

        assert front.kept[0].content == b".\r\n" * 3_000


async def test_a_line_of_any_length_is_taken_for_that_is_judged_later():
    content = b"Subject: " + b"x" * 50_000 + b"\r\n\r\n\xff\xfe 8 bit\r\n"

    async with FrontDoor() as front:
        assert (await front.send(content)).startswith(b"250")

        assert front.kept[0].content == content


async def test_an_empty_mail_is_taken_for_that_is_judged_later():
    async with FrontDoor() as front:
        assert (await front.send(b"")).startswith(b"250")

        assert front.kept[0].content == b""


async def test_several_mails_go_over_one_connection_in_one_write():
    one = b"MAIL FROM:<a@x.example>\r\nRCPT TO:<" + LIST.encode() + b">\r\nDATA\r\n" + MAIL + b".\r\n"
    async with FrontDoor() as front:
        client = await front.client()

        await client.write(one * 3 + b"QUIT\r\n")

        assert (await client.rest()).count(b"250 2.0.0 kept") == 3
        assert [mail.content for mail in front.kept] == [MAIL] * 3


async def test_a_client_that_hangs_up_after_the_dot_does_not_undo_the_mail():
    begun, go_on = asyncio.Event(), asyncio.Event()
    done: list[bool] = []

    async def take(_envelope: Envelope) -> Reply:
        begun.set()
        await go_on.wait()
        done.append(True)
        return replies.OK

    async with FrontDoor(take=take) as front:
        client = await front.client()
        await client.begin()
        await client.write(MAIL + b".\r\n")
        await begun.wait()
        await client.hang_up()
        await until(lambda: not front.door._sessions)

        go_on.set()
        await until(lambda: done == [True])


async def test_closing_waits_for_the_mail_in_hand_and_answers_it():
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def take(_envelope: Envelope) -> Reply:
        begun.set()
        await go_on.wait()
        return replies.OK

    async with FrontDoor(take=take) as front:
        idle, busy = await front.client(), await front.client()
        await busy.begin()
        await busy.write(MAIL + b".\r\n")
        await begun.wait()

        closing = asyncio.create_task(front.door.close(PATIENCE))
        assert (await idle.rest()).startswith(b"421 4.3.2")
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection(front.host, front.port)
        go_on.set()
        await closing

        assert (await busy.rest()).startswith(b"250 2.0.0 kept\r\n421 4.3.2 ")


async def test_closing_gives_back_what_is_not_stored_in_time():
    begun = asyncio.Event()
    cancelled: list[bool] = []

    async def take(_envelope: Envelope) -> Reply:
        begun.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.append(True)
            raise
        return replies.OK

    async with FrontDoor(take=take) as front:
        client = await front.client()
        await client.begin()
        await client.write(MAIL + b".\r\n")
        await begun.wait()

        await front.door.close(0.05)

        assert cancelled == [True]
        assert await client.rest() == b""


async def test_lmtp_is_greeted_in_its_own_way_and_answers_once_after_the_dot():
    async with FrontDoor(protocol="lmtp") as front:
        client = await front.client(greet=False)

        assert (await client.say(b"EHLO me")).startswith(b"502")
        assert (await client.say(b"HELO me")).startswith(b"502")
        assert b"PIPELINING" in await client.say(b"LHLO me")
        await client.begin()
        await client.write(MAIL + b".\r\nQUIT\r\n")
        assert await client.rest() == b"250 2.0.0 kept\r\n221 2.0.0 Bye\r\n"
        assert front.kept[0].content == MAIL


async def test_smtp_knows_no_lhlo():
    async with FrontDoor() as front:
        client = await front.client(greet=False)

        assert (await client.say(b"LHLO me")).startswith(b"500")


@given(st.binary(max_size=200))
def test_bare_bytes_are_those_left_when_the_line_ends_are_taken_away(content: bytes):
    left = content.replace(b"\r\n", b"")

    assert holds_bare_bytes(content) == any(byte in left for byte in (b"\r", b"\n", b"\0"))


@given(st.text(max_size=40))
def test_an_address_that_counts_is_plain_and_does_not_change_again(text: str):
    address = normalise(text)

    if address is not None:
        assert normalise(address) == address
        assert re.fullmatch(r"[a-z0-9._+=-]+@[a-z0-9.-]+", address)
        assert address == text.lower()


@pytest.mark.parametrize("name", [name for name, value in vars(replies).items() if isinstance(value, Reply)])
def test_a_reply_agrees_with_itself_and_fits_in_a_line(name: str):
    reply = getattr(replies, name)

    assert re.fullmatch(r"[245]\.\d\.\d", reply.status)
    assert reply.status[0] == str(reply.code)[0]
    assert len(reply.line()) < 200
    assert reply.line().isascii()
    assert reply.is_kept == (reply.code == 250)
