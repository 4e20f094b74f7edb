from __future__ import annotations

from dataclasses import replace

import pytest

from storage import mails
from storage.errors import Conflict
from storage.records import MailRecord


@pytest.fixture
def mail(seed) -> MailRecord:
    return MailRecord(
        id="ML-1",
        list_id="early",
        recipient="early@lists.example",
        envelope_from="alice@northwind.example",
        received_at=seed.now,
        digest="d" * 64,
        size=1234,
        taken_for="disclosure",
    )


async def test_the_same_bytes_to_the_same_recipient_are_known_and_counted(database, mail) -> None:
    async with database.transaction() as tx:
        await mails.add(tx, mail)
        await mails.count_again(tx, "ML-1")

        seen = await mails.seen_before(tx, list_id="early", recipient=mail.recipient, digest=mail.digest)

        assert seen == await mails.get(tx, "ML-1") == replace(mail, times_seen=2)
        for other in ({"list_id": "late"}, {"recipient": "early-owner@lists.example"}, {"digest": "e" * 64}):
            asked = {"list_id": "early", "recipient": mail.recipient, "digest": mail.digest} | other
            assert await mails.seen_before(tx, **asked) is None


async def test_the_same_bytes_are_recorded_once(database, mail) -> None:
    with pytest.raises(Conflict):
        async with database.transaction() as tx:
            await mails.add(tx, mail)
            await mails.add(tx, replace(mail, id="ML-2"))


async def test_what_a_mail_was_taken_for_is_told_and_nothing_is_unsaid(database, mail) -> None:
    async with database.transaction() as tx:
        await mails.add(tx, mail)

        await mails.set_taken_for(tx, "ML-1", "leak", disclosure_id="ED-1", signer_id=7)
        await mails.set_taken_for(tx, "ML-1", "reply")

        assert await mails.get(tx, "ML-1") == replace(mail, taken_for="reply", disclosure_id="ED-1", signer_id=7)


async def test_a_signature_belongs_to_the_mail_in_which_it_came_first(database, seed) -> None:
    async with database.transaction() as tx:
        for mail_id in ("ML-1", "ML-2"):
            await mails.note_signature(tx, list_id="early", signature_id="Abc+/123", mail_id=mail_id, now=seed.now)

        assert await mails.signature_owner(tx, "early", "Abc+/123") == "ML-1"
        assert await mails.signature_owner(tx, "late", "Abc+/123") is None
        assert await mails.signature_owner(tx, "early", "abc+/123") is None


async def test_an_envelope_sender_of_any_length_or_bytes_is_recorded(database, mail) -> None:
    async with database.transaction() as tx:
        await mails.add(tx, replace(mail, envelope_from="\x00\udcff" + "x" * 5000))

        kept = await mails.get(tx, "ML-1")

    assert kept is not None
    assert len(kept.envelope_from) == 320
