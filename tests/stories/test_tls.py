"""TLS on both sides: offered at our door, demanded and verified at the next hop's; never clear text instead."""

from __future__ import annotations

import ssl
from pathlib import Path

import aiosmtplib
import pytest
import trustme

from deeds import AT_ONCE, LIST_ID
from gateway.relay import Relay
from mailbox_server import Mailbox
from openpgp import Person
from storage import outbox
from world import LIST, replace, running, world


async def test_mail_comes_in_under_tls_and_nothing_without_it_where_it_is_required(
    tmp_path: Path, people: dict[str, Person]
) -> None:
    authority = trustme.CA()
    certificate = authority.issue_cert("127.0.0.1")
    certificate.private_key_pem.write_to_path(tmp_path / "key.pem")
    for blob in certificate.cert_chain_pems:
        blob.write_to_path(tmp_path / "chain.pem", append=True)
    changes = {
        "tls_certificate": str(tmp_path / "chain.pem"),
        "tls_key": str(tmp_path / "key.pem"),
        "require_tls": True,
    }
    async with world(tmp_path, people, smtp=changes) as story:
        trusting = ssl.create_default_context()
        authority.configure_trust(trusting)
        async with aiosmtplib.SMTP(
            hostname=story.host, port=story.port, start_tls=True, use_tls=False, tls_context=trusting
        ) as client:
            await client.sendmail("alice@project.example", [LIST], story.compose("alice", AT_ONCE))
        await story.settle()
        assert len(story.inbox("north")) == 1

        async with aiosmtplib.SMTP(hostname=story.host, port=story.port, start_tls=False, use_tls=False) as client:
            with pytest.raises(aiosmtplib.SMTPResponseException) as refused:
                await client.sendmail("alice@project.example", [LIST], b"Subject: x\r\n\r\nx\r\n")
            assert refused.value.code == 530


@pytest.mark.parametrize(
    ("server", "reason"),
    [
        pytest.param({"tls": "starttls", "names": ("mail.other.example",)}, "certificate not trusted", id="other name"),
        pytest.param({"tls": "none"}, "STARTTLS not offered", id="STARTTLS stripped"),
    ],
)
async def test_a_next_hop_that_is_not_the_one_meant_gets_nothing_at_all(
    tmp_path: Path, people: dict[str, Person], server: dict[str, object], reason: str
) -> None:
    async with world(tmp_path, people) as story, Mailbox(**server) as hop:  # type: ignore[arg-type]
        context = hop.client_context() if hop.tls != "none" else None
        relay = Relay("127.0.0.1", hop.port, "starttls", tls_context=context)
        parts = replace(story.parts, relay=relay)
        async with running(parts, hop, people) as strict:
            await strict.post("alice", AT_ONCE)
            assert hop.mails == []
            assert hop.senders == [], "not even an envelope is told"
            async with parts.database.reading() as tx:
                waiting = await outbox.unsettled(tx, LIST_ID)
            assert waiting
            assert {(copy.state.value, copy.reason) for copy in waiting} == {("deferred", reason)}
        await relay.close()


async def test_mail_goes_out_under_verified_tls(tmp_path: Path, people: dict[str, Person]) -> None:
    async with world(tmp_path, people) as story, Mailbox(tls="starttls", refuse_clear=True) as hop:
        relay = Relay("127.0.0.1", hop.port, "starttls", tls_context=hop.client_context())
        async with running(replace(story.parts, relay=relay), hop, people) as strict:
            await strict.post("alice", AT_ONCE)
            assert len(strict.inbox("north")) == 1
            assert all(mail.under_tls for mail in hop.mails)
        await relay.close()
