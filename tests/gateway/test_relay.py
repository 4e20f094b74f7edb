from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator

import pytest

from gateway.relay import Bounced, Deferred, Delivered, Relay
from mailbox_server import CLOSE, HANG, Mailbox

MESSAGE = b"Subject: [...]\r\n\r\nsealed\r\n"
BOB = "bob@member.example"


@pytest.fixture
async def box() -> AsyncIterator[Mailbox]:
    async with Mailbox() as box:
        yield box


@pytest.fixture
async def relay(box: Mailbox) -> AsyncIterator[Relay]:
    relay = Relay(box.host, box.port, tls="none", hostname="gw.example", timeout=60)
    yield relay
    await relay.close()


async def test_a_mail_arrives_byte_for_byte_with_its_envelope(box: Mailbox, relay: Relay):
    outcome = await relay.hand_over("list-bounces+tok@lists.example", BOB, MESSAGE)

    assert outcome == Delivered("250 2.0.0")
    [mail] = box.mails
    assert (mail.sender, mail.recipient, mail.content) == ("list-bounces+tok@lists.example", BOB, MESSAGE)


async def test_the_null_sender_is_sent_as_such(box: Mailbox, relay: Relay):
    await relay.hand_over("", BOB, MESSAGE)

    assert box.senders[0].startswith("FROM:<>")


async def test_one_connection_serves_many_mails(box: Mailbox, relay: Relay):
    for _ in range(5):
        await relay.hand_over("a@x.example", BOB, MESSAGE)

    assert box.connections == 1


async def test_connections_are_bounded(box: Mailbox):
    relay = Relay(box.host, box.port, tls="none", hostname="gw.example", connections=2)

    outcomes = await asyncio.gather(*(relay.hand_over("a@x.example", BOB, MESSAGE) for _ in range(12)))

    assert outcomes == [Delivered("250 2.0.0")] * 12
    assert box.most_open == 2
    await relay.close()


async def test_a_connection_is_given_up_after_a_hundred_mails(box: Mailbox, relay: Relay):
    for _ in range(101):
        await relay.hand_over("a@x.example", BOB, MESSAGE)

    assert box.connections == 2


@pytest.mark.parametrize(
    ("stage", "answer", "outcome"),
    [
        pytest.param("rcpt", "451 4.3.0 later", Deferred("451 4.3.0"), id="451 to RCPT is tried again"),
        pytest.param("rcpt", "550 5.1.1 who?", Bounced("550 5.1.1"), id="550 to RCPT is final"),
        pytest.param("rcpt", "550 what 5.1.1 is", Bounced("550"), id="a status in the text is no status"),
        pytest.param(
            "rcpt", "550 4.1.1 contradicts itself", Bounced("550"), id="the code counts, not a status of another class"
        ),
        pytest.param("mail", "452 4.3.1 full", Deferred("452 4.3.1"), id="452 to MAIL is tried again"),
        pytest.param("mail", "550 5.7.1 not you", Bounced("550 5.7.1"), id="550 to MAIL is final"),
        pytest.param("mail", "530 5.7.0 log in", Deferred("530 5.7.0"), id="530 to MAIL is ours to mend"),
        pytest.param("mail", "421 4.3.2 closing", Deferred("421 4.3.2"), id="421 is tried again"),
        pytest.param("data", "451 4.3.0 later", Deferred("451 4.3.0"), id="451 after the dot is tried again"),
        pytest.param("data", "554 5.6.0 secret-word", Bounced("554 5.6.0"), id="554 after the dot is final"),
        pytest.param("rcpt", CLOSE, Deferred("connection lost"), id="a connection lost at RCPT is tried again"),
        pytest.param("data", CLOSE, Deferred("reply lost"), id="a reply lost after the dot is tried again"),
        pytest.param("connect", "554 5.7.1 go away", Deferred("554 5.7.1"), id="554 at connect is ours to mend"),
        pytest.param("connect", CLOSE, Deferred("connection lost"), id="a connection closed at once is tried again"),
        pytest.param("rcpt", "nonsense", Deferred("unreadable answer"), id="an answer that is none is tried again"),
    ],
)
async def test_an_answer_becomes(box: Mailbox, relay: Relay, stage, answer: str, outcome):
    box.script(answer, at=stage, forever=True)

    assert await relay.hand_over("a@x.example", BOB, MESSAGE) == outcome
    assert box.mails == []


async def test_after_a_refusal_the_connection_serves_the_next_mail(box: Mailbox, relay: Relay):
    box.script("550 5.1.1 no", recipient="gone@member.example")
    box.script("451 4.3.0 no", recipient="busy@member.example", at="data")

    await relay.hand_over("a@x.example", "gone@member.example", MESSAGE)
    await relay.hand_over("a@x.example", "busy@member.example", MESSAGE)
    await relay.hand_over("a@x.example", BOB, MESSAGE)

    assert [mail.recipient for mail in box.mails] == [BOB]
    assert box.connections == 1


async def test_a_relay_that_was_restarted_in_between_costs_nobody_a_failure(box: Mailbox, relay: Relay):
    await relay.hand_over("a@x.example", BOB, MESSAGE)
    await box.stop()
    await box.start()

    assert await relay.hand_over("a@x.example", BOB, MESSAGE) == Delivered("250 2.0.0")


@pytest.mark.parametrize("answer", ["421 4.4.2 idle too long", CLOSE])
async def test_a_reused_connection_that_is_being_closed_is_replaced_once(box: Mailbox, relay: Relay, answer: str):
    await relay.hand_over("a@x.example", BOB, MESSAGE)
    box.script(answer, at="mail")

    assert await relay.hand_over("a@x.example", BOB, MESSAGE) == Delivered("250 2.0.0")
    assert box.connections == 2


async def test_a_relay_that_is_down_defers(box: Mailbox, relay: Relay):
    await box.stop()

    assert await relay.hand_over("a@x.example", BOB, MESSAGE) == Deferred("connection refused")


@pytest.mark.parametrize("stage", ["connect", "mail", "rcpt"])
async def test_a_relay_that_says_nothing_defers_in_time(box: Mailbox, stage):
    relay = Relay(box.host, box.port, tls="none", hostname="gw.example", timeout=0.1)
    box.script(HANG, at=stage)

    assert await relay.hand_over("a@x.example", BOB, MESSAGE) == Deferred("timed out")
    await relay.close()


async def test_silence_after_the_dot_is_a_lost_reply(box: Mailbox):
    relay = Relay(box.host, box.port, tls="none", hostname="gw.example", after_dot=0.1)
    box.script(HANG, at="data")

    assert await relay.hand_over("a@x.example", BOB, MESSAGE) == Deferred("reply lost")
    await relay.close()


async def test_a_hand_over_that_is_cancelled_frees_its_place_and_its_connection(box: Mailbox):
    relay = Relay(box.host, box.port, tls="none", hostname="gw.example", connections=1)
    box.script(HANG, at="data")
    hanging = asyncio.create_task(relay.hand_over("a@x.example", BOB, MESSAGE))
    await box.wait_until(lambda: box.hung == 1)

    hanging.cancel()
    await asyncio.gather(hanging, return_exceptions=True)

    assert await relay.hand_over("a@x.example", BOB, MESSAGE) == Delivered("250 2.0.0")
    assert box.connections == 2
    await relay.close()


@pytest.mark.parametrize(
    "recipient",
    [
        "bob",
        "",
        "bob@member.example>\r\nRCPT TO:<eve@evil.example",
        "bob@member.example> NOTIFY=SUCCESS",
        "a(b)@member.example",
        "b\u00f6b@member.example",
        "@evil.example:bob@member.example",
    ],
)
async def test_an_address_that_would_change_the_command_goes_nowhere(box: Mailbox, relay: Relay, recipient: str):
    outcome = await relay.hand_over("a@x.example", recipient, MESSAGE)

    assert isinstance(outcome, Bounced)
    assert box.attempts == []


async def test_login_is_used_and_a_refused_one_is_ours_to_mend():
    async with Mailbox(login=("gw", "pass")) as box:
        good = Relay(box.host, box.port, tls="none", username="gw", password="pass", hostname="gw.example")
        bad = Relay(box.host, box.port, tls="none", username="gw", password="wrong", hostname="gw.example")

        assert await good.hand_over("a@x.example", BOB, MESSAGE) == Delivered("250 2.0.0")
        assert await bad.hand_over("a@x.example", BOB, MESSAGE) == Deferred("535 5.7.8")
        assert await good.reachable() is None
        assert await bad.reachable() == "535 5.7.8"
        await good.close()
        await bad.close()


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
async def test_a_verified_relay_gets_mail_under_tls(tls):
    async with Mailbox(tls=tls) as box:
        relay = Relay(box.host, box.port, tls=tls, hostname="gw.example", tls_context=box.client_context())

        assert await relay.hand_over("a@x.example", BOB, MESSAGE) == Delivered("250 2.0.0")
        assert await relay.reachable() is None
        assert [mail.under_tls for mail in box.mails] == [True]
        await relay.close()


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
async def test_a_certificate_of_another_name_gets_nothing(tls):
    async with Mailbox(tls=tls, names=("other.example",)) as box:
        relay = Relay(box.host, box.port, tls=tls, hostname="gw.example", tls_context=box.client_context())

        assert await relay.hand_over("a@x.example", BOB, MESSAGE) == Deferred("certificate not trusted")
        assert await relay.reachable() == "certificate not trusted"
        assert box.senders == []
        await relay.close()


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
async def test_a_certificate_that_nobody_vouches_for_gets_nothing(tls):
    async with Mailbox(tls=tls) as box:
        relay = Relay(box.host, box.port, tls=tls, hostname="gw.example")

        assert await relay.hand_over("a@x.example", BOB, MESSAGE) == Deferred("certificate not trusted")
        assert box.senders == []
        await relay.close()


async def test_a_stripped_starttls_offer_gets_nothing(box: Mailbox):
    relay = Relay(box.host, box.port, tls="starttls", hostname="gw.example", tls_context=ssl.create_default_context())

    assert await relay.hand_over("a@x.example", BOB, MESSAGE) == Deferred("STARTTLS not offered")
    assert await relay.reachable() == "STARTTLS not offered"
    assert box.senders == []
    await relay.close()


async def test_clear_text_where_tls_is_spoken_at_once_gets_nothing(box: Mailbox):
    relay = Relay(box.host, box.port, tls="implicit", hostname="gw.example", timeout=2)

    assert isinstance(await relay.hand_over("a@x.example", BOB, MESSAGE), Deferred)
    assert box.senders == []
    await relay.close()


async def test_closing_says_goodbye_to_idle_connections(box: Mailbox, relay: Relay):
    await relay.hand_over("a@x.example", BOB, MESSAGE)

    await relay.close()

    await box.wait_until(lambda: box.open_now == 0)
