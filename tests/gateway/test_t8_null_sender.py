"""T8: the null sender is a sender of its own: it is taken, and it is "" ever after."""

from __future__ import annotations

import pytest

from front_door import MAIL, FrontDoor


@pytest.mark.parametrize("path", [b"<>", b" <>", b"<> SIZE=100", b"<> BODY=8BITMIME"])
async def test_a_bounce_comes_in_with_an_empty_sender(path: bytes):
    async with FrontDoor() as front:
        assert (await front.send(MAIL, sender=path)).startswith(b"250")

        assert front.kept[0].sender == ""


async def test_the_null_sender_counts_as_a_transaction_begun():
    async with FrontDoor() as front:
        client = await front.client()
        await client.say(b"MAIL FROM:<>")

        assert (await client.say(b"MAIL FROM:<a@x.example>")).startswith(b"503")


async def test_the_null_sender_is_no_recipient():
    async with FrontDoor() as front:
        client = await front.client()
        await client.say(b"MAIL FROM:<>")

        assert (await client.say(b"RCPT TO:<>")).startswith(b"550 5.7.1")


@pytest.mark.parametrize("path", [b"", b"<", b"<<>>", b"< >", b'<"">', b"<@>"])
async def test_what_only_looks_like_it_is_no_sender(path: bytes):
    async with FrontDoor() as front:
        client = await front.client()

        assert (await client.say(b"MAIL FROM:" + path)).startswith(b"5")


async def test_the_sender_of_one_mail_is_not_that_of_the_next():
    async with FrontDoor() as front:
        client = await front.client()
        for sender in (b"<a@x.example>", b"<>", b"<b@x.example>"):
            await client.begin(sender)
            await client.say(MAIL + b".")

        assert [mail.sender for mail in front.kept] == ["a@x.example", "", "b@x.example"]
