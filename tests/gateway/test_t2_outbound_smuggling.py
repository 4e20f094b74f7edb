"""T2: whatever a body holds, one hand-over is one mail at the next hop, with CR LF line ends only."""

from __future__ import annotations

import pytest

from gateway.relay import Delivered, Relay
from mailbox_server import Mailbox

SECOND = b"MAIL FROM:<eve@evil.example>\r\nRCPT TO:<victim@member.example>\r\nDATA\r\nsmuggled\r\n.\r\n"


@pytest.mark.parametrize(
    "end",
    [
        b".\r\n",
        b"\r\n.\r\n",
        b"\n.\n",
        b"\r.\r",
        b"\n.\r\n",
        b"\r\n.\n",
        b"\r\n.\r",
        b"\r.\r\n",
        b"\r\r\n.\r\r\n",
        b"\r\n\0.\r\n",
        b"\r\n..\r\n",
    ],
)
async def test_no_body_ends_its_mail_early(end: bytes):
    async with Mailbox() as box:
        relay = Relay(box.host, box.port, tls="none", hostname="gw.example")

        outcome = await relay.hand_over("a@x.example", "bob@member.example", b"Subject: x\r\n\r\nhi" + end + SECOND)
        await relay.hand_over("a@x.example", "carol@member.example", b"Subject: y\r\n\r\nnext\r\n")
        await relay.close()

        assert outcome == Delivered("250 2.0.0")
        assert box.attempts == ["bob@member.example", "carol@member.example"]
        [first, second] = box.mails
        assert first.content.endswith(b"smuggled\r\n.\r\n")
        assert first.content.count(b"\r") == first.content.count(b"\n") == first.content.count(b"\r\n")
        assert second.content == b"Subject: y\r\n\r\nnext\r\n"


async def test_lines_that_begin_with_dots_arrive_as_they_were():
    body = b"Subject: x\r\n\r\n.\r\n..\r\n.x\r\n"
    async with Mailbox() as box:
        relay = Relay(box.host, box.port, tls="none", hostname="gw.example")

        await relay.hand_over("a@x.example", "bob@member.example", body)
        await relay.close()

        assert box.mails[0].content == body
