from __future__ import annotations

import pytest

import builders_mail as build
from gateway.mail.bounces import failed_permanently


def dsn(*groups: str) -> bytes:
    status = "Reporting-MTA: dns; mx.northwind.example\n" + "".join(f"\n{group}" for group in groups)
    return build.head() + build.multipart(
        "report",
        build.text_part("It did not work.\n"),
        build.text_part(status, kind="message/delivery-status"),
        build.text_part("Subject: x\n", kind="text/rfc822-headers"),
        params="; report-type=delivery-status",
    )


def group(action: str, status: str) -> str:
    return f"Final-Recipient: rfc822; a@b.example\nAction: {action}\nStatus: {status}\n"


QMAIL = """Hi. This is the qmail-send program at mx.northwind.example.
I'm afraid I wasn't able to deliver your message to the following addresses.
This is a permanent error; I've given up. Sorry it didn't work out.

<a@b.example>:
192.0.2.1 does not like recipient.
Giving up on 192.0.2.1.

--- Below this line is a copy of the message.
"""


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        pytest.param(dsn(group("failed", "5.1.1")), True, id="failed"),
        pytest.param(dsn(group("Failed (no such user)", "5.1.1")), True, id="with a comment"),
        pytest.param(dsn(group("failed", "4.4.7")), True, id="failed for good after temporary trouble"),
        pytest.param(dsn(group("delayed", "4.4.1")), False, id="delayed"),
        pytest.param(dsn(group("delivered", "2.0.0")), False, id="delivered"),
        pytest.param(dsn(group("expanded", "2.0.0"), group("failed", "5.0.0")), True, id="the second failed"),
        pytest.param(dsn("nonsense"), False, id="nonsense"),
        pytest.param(build.head() + build.text_part(QMAIL), True, id="qmail, through flufl"),
        pytest.param(build.head() + build.text_part("Hello, Action: failed\n"), False, id="no bounce"),
        pytest.param(build.head() + build.encrypted(), False, id="a sealed mail"),
        pytest.param(b"broken", False, id="malformed"),
    ],
)
def test_a_permanent_failure_is_told_from_all_else(raw, expected):
    assert failed_permanently(raw) is expected


def test_endlessly_nested_messages_are_not_followed():
    raw = build.head() + b"Content-Type: message/rfc822\r\n\r\n" * 3000 + b"x"

    assert failed_permanently(raw) is False
