"""T1: SMTP smuggling (CVE-2023-51764, CVE-2023-51765, CVE-2023-51766, CVE-2024-27305).

A server before us may take for content what we take for the end of a mail, and so let its client
write the next mail's envelope. So there is one end of a mail, and content that could be read in two
ways is refused, with everything behind it.
"""

from __future__ import annotations

import pytest

from front_door import LIST, MAIL, FrontDoor

SMUGGLED = (
    b"MAIL FROM:<ceo@victim.example>\r\nRCPT TO:<" + LIST.encode() + b">\r\nDATA\r\nSubject: smuggled\r\n\r\nx\r\n.\r\n"
)
ENDS = [
    pytest.param(b"\n.\n", id="LF.LF"),
    pytest.param(b"\n.\r\n", id="LF.CRLF"),
    pytest.param(b"\r\n.\n", id="CRLF.LF"),
    pytest.param(b"\r.\r", id="CR.CR"),
    pytest.param(b"\r.\r\n", id="CR.CRLF"),
    pytest.param(b"\r\n.\r", id="CRLF.CR"),
    pytest.param(b"\r\n.\r\r\n", id="CRLF.CRCRLF"),
    pytest.param(b"\r\n\0.\r\n", id="CRLF NUL.CRLF"),
    pytest.param(b"\r\r\n.\r\n", id="CRCRLF.CRLF"),
    pytest.param(b"\r\n.\0\r\n", id="CRLF.NUL CRLF"),
]


@pytest.mark.parametrize("end", ENDS)
async def test_a_second_mail_in_the_content_is_never_a_mail(end: bytes):
    async with FrontDoor() as front:
        client = await front.client()
        await client.begin()

        await client.write(MAIL.removesuffix(b"\r\n") + end + SMUGGLED + b"QUIT\r\n")

        answers = (await client.rest()).splitlines()
        assert answers[0].startswith(b"550 5.6.0 ")
        assert not any(answer.startswith((b"250", b"354")) for answer in answers[1:])
        assert front.kept == []


@pytest.mark.parametrize("end", ENDS)
async def test_nor_when_it_comes_later_than_the_answer(end: bytes):
    async with FrontDoor() as front:
        client = await front.client()
        await client.begin()
        await client.write(MAIL.removesuffix(b"\r\n") + end)
        if end == b"\r\r\n.\r\n":
            assert (await client.answer()).startswith(b"550 5.6.0 ")

        try:
            await client.write(SMUGGLED + b"QUIT\r\n")
            answers = await client.rest()
        except ConnectionError:
            answers = b""

        assert b"250 2.0.0 kept" not in answers
        assert front.kept == []


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"Subject: x\r\n\r\nbare \n line feed\r\n", id="bare LF"),
        pytest.param(b"Subject: x\r\n\r\nbare \r carriage return\r\n", id="bare CR"),
        pytest.param(b"Subject: x\r\n\r\nnul \0 byte\r\n", id="NUL"),
        pytest.param(b"\nSubject: x\r\n", id="bare LF as the first byte"),
    ],
)
async def test_bare_bytes_alone_are_refused_for_good(content: bytes):
    async with FrontDoor() as front:
        assert (await front.send(content)).startswith(b"550 5.6.0 ")
        assert front.kept == []


async def test_a_dot_with_text_behind_it_is_content():
    async with FrontDoor() as front:
        await front.send(b"Subject: x\r\n\r\n..\r\n.. \r\n")

        assert front.kept[0].content == b"Subject: x\r\n\r\n.\r\n. \r\n"


@pytest.mark.parametrize("cut", range(1, 5))
async def test_the_end_is_found_wherever_the_network_cuts_it(cut: int):
    async with FrontDoor() as front:
        client = await front.client()
        await client.begin()
        end = b"\r\n.\r\n"

        await client.write(b"Subject: x" + end[:cut])
        assert front.kept == []
        answer = await client.say(end[cut:], end=b"")

        assert answer.startswith(b"250")
        assert front.kept[0].content == b"Subject: x\r\n"


@pytest.mark.parametrize("end", [b"\n", b"\r", b"\n\r\n"])
async def test_a_command_ended_by_anything_else_is_not_done(end: bytes):
    async with FrontDoor() as front:
        client = await front.client()

        await client.write(b"MAIL FROM:<a@x.example>" + end + b"RCPT TO:<" + LIST.encode() + b">\r\nQUIT\r\n")

        answers = await client.rest()
        assert b"250" not in answers
        assert answers.startswith(b"500 5.5.2 ")
