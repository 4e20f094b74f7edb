from __future__ import annotations

import pytest

from policy.facts import MessageKind
from storage import mails, messages, quarantine
from storage.errors import StorageError
from storage.records import MailRecord, Quarantined


async def test_a_message_comes_back_as_it_was_added(database, seed) -> None:
    async with database.transaction() as tx:
        added = await seed.message(
            tx,
            "ED-2026-K7QX/1",
            disclosure_id="ED-2026-K7QX",
            number=1,
            references=("<a@x.example>", "<b@x.example>"),
            audience="audience",
            author_id=3,
            waiting=True,
            payload_item=await seed.item(tx),
        )

        assert await messages.get(tx, added.id) == added
        assert await messages.get(tx, "MS-other") is None


async def test_messages_of_a_disclosure_come_in_order_and_by_kind(database, seed) -> None:
    own = {"disclosure_id": "ED-2026-K7QX"}
    async with database.transaction() as tx:
        for number in (10, 2, 1):
            await seed.message(tx, f"ED-2026-K7QX/{number}", number=number, **own)
        await seed.message(tx, "MS-receipt", kind=MessageKind.RECEIPT, created_at=seed.after(seconds=1), **own)
        await seed.message(tx, "MS-other", disclosure_id="ED-2026-0000")

        async def ids(*kinds):
            found = await messages.of_disclosure(tx, "ED-2026-K7QX", kinds or None)
            return [message.id for message in found]

        numbered = ["ED-2026-K7QX/1", "ED-2026-K7QX/2", "ED-2026-K7QX/10"]
        assert await ids() == [*numbered, "MS-receipt"]
        assert await ids(MessageKind.RECEIPT) == ["MS-receipt"]
        assert await ids(MessageKind.DISCLOSURE, MessageKind.REPLY) == numbered


async def test_a_waiting_message_is_let_go_under_a_new_date(database, seed) -> None:
    async with database.transaction() as tx:
        await seed.message(tx, disclosure_id="ED-1", waiting=True)
        assert [message.id for message in await messages.waiting(tx, "ED-1")] == ["MS-1"]

        await messages.set_waiting(tx, "MS-1", False, dated_at=seed.after(hours=1))

        released = await messages.get(tx, "MS-1")
        assert released is not None
        assert (released.waiting, released.dated_at) == (False, seed.after(hours=1))
        assert await messages.waiting(tx, "ED-1") == ()
        await messages.set_waiting(tx, "MS-1", True)
        assert [message.dated_at for message in await messages.waiting(tx, "ED-1")] == [seed.after(hours=1)]


async def test_contents_and_their_sealed_bodies_are_kept_once(with_message, seed) -> None:
    async with with_message.transaction() as tx:
        second = await seed.content(tx, name="CT-2")
        await messages.add_body(tx, "BD-1", "CT-2", b"\x00\xffciphertext")

        assert [content.id for content in await messages.contents(tx, "MS-1")] == ["CT-1", "CT-2"]
        assert await messages.content(tx, "CT-2") == second
        assert await messages.content(tx, "CT-3") is None
        assert await messages.body(tx, "BD-1") == b"\x00\xffciphertext"
        with pytest.raises(StorageError):
            await messages.body(tx, "BD-2")


async def test_a_reply_finds_its_message_by_any_header_of_its_list(database, seed) -> None:
    async with database.transaction() as tx:
        one = await seed.message(tx, "MS-1")
        two = await seed.message(tx, "MS-2")
        await messages.link_header(tx, list_id="early", header="<in@poster.example>", message_id="MS-1")
        await messages.link_header(tx, list_id="early", header="<out@lists.example>", message_id="MS-1")
        await messages.link_header(tx, list_id="early", header="<two@lists.example>", message_id="MS-2")

        asked = ["<unknown@x.example>", "<two@lists.example>", "<in@poster.example>"]

        assert await messages.by_headers(tx, "early", asked) == {
            "<two@lists.example>": two,
            "<in@poster.example>": one,
        }
        assert await messages.by_headers(tx, "late", asked) == {}
        assert await messages.by_headers(tx, "early", []) == {}


async def test_a_header_belongs_to_the_message_that_it_was_linked_to_first(database, seed) -> None:
    async with database.transaction() as tx:
        first = await seed.message(tx, "MS-1")
        await seed.message(tx, "MS-2")
        for message_id in ("MS-1", "MS-2", "MS-2"):
            await messages.link_header(tx, list_id="early", header="<in@poster.example>", message_id=message_id)

        assert await messages.by_headers(tx, "early", ["<in@poster.example>"]) == {"<in@poster.example>": first}


@pytest.mark.parametrize(
    "header",
    [
        pytest.param("<" + "x" * 990 + "@poster.example>", id="as long as a line may be"),
        pytest.param("<a\x00b@poster.example>", id="with a NUL"),
        pytest.param("<a\udcffb@poster.example>", id="with a byte that is no text"),
    ],
)
async def test_odd_headers_thread_too_and_do_not_meet_each_other(database, seed, header: str) -> None:
    async with database.transaction() as tx:
        message = await seed.message(tx)
        await messages.link_header(tx, list_id="early", header=header, message_id="MS-1")

        assert await messages.by_headers(tx, "early", [header, header + "x"]) == {header: message}


async def test_a_mail_may_name_thousands_of_headers(database, seed) -> None:
    async with database.transaction() as tx:
        await seed.message(tx)
        await messages.link_header(tx, list_id="early", header="<1999@x.example>", message_id="MS-1")

        found = await messages.by_headers(tx, "early", [f"<{number}@x.example>" for number in range(2000)])

    assert list(found) == ["<1999@x.example>"]


async def test_replies_to_a_header_can_be_led_to_another_message(database, seed) -> None:
    async with database.transaction() as tx:
        await seed.message(tx, "MS-1")
        second = await seed.message(tx, "MS-2")
        await messages.link_header(tx, list_id="early", header="<in@poster.example>", message_id="MS-1")

        await messages.relink_header(tx, list_id="late", header="<in@poster.example>", message_id="MS-1")
        await messages.relink_header(tx, list_id="early", header="<in@poster.example>", message_id="MS-2")

        assert await messages.by_headers(tx, "early", ["<in@poster.example>"]) == {"<in@poster.example>": second}


async def test_only_what_waits_with_a_disclosure_is_dated_anew(database, seed) -> None:
    async with database.transaction() as tx:
        await seed.message(tx, "MS-waits", disclosure_id="ED-1", waiting=True)
        await seed.message(tx, "MS-went", disclosure_id="ED-1")

        await messages.date_waiting(tx, "ED-1", seed.after(hours=2))

        dates = {message.id: message.dated_at for message in await messages.of_disclosure(tx, "ED-1")}
        assert dates == {"MS-waits": seed.after(hours=2), "MS-went": seed.now}


async def test_notes_on_kept_mails_to_a_person_are_counted_from_an_instant_on(with_message, seed) -> None:
    came = {"list_id": seed.list_id, "received_at": seed.now, "envelope_from": "a@x.example", "size": 1}
    async with with_message.transaction() as tx:
        await mails.add(tx, MailRecord(id="ML-1", recipient="l", digest="1", taken_for="quarantine", **came))
        await mails.add(tx, MailRecord(id="ML-2", recipient="l", digest="2", taken_for="command", **came))
        await quarantine.add(tx, Quarantined(id="QU-1", mail_id="ML-1", reason="unsigned", reasons=(), **came))
        await seed.message(tx, "MS-kept", kind=MessageKind.NOTE, mail_id="ML-1")
        await seed.message(tx, "MS-done", kind=MessageKind.NOTE, mail_id="ML-2")
        note = {"person_id": 7, "kind": MessageKind.NOTE, "message_id": "MS-kept"}
        await seed.copy(tx, "CP-1", **note)
        await seed.copy(tx, "CP-2", **note, created_at=seed.after(hours=1))
        await seed.copy(tx, "CP-3", **(note | {"message_id": "MS-1", "kind": MessageKind.DISCLOSURE}))
        await seed.copy(tx, "CP-4", **(note | {"person_id": 8}))
        await seed.copy(tx, "CP-5", **(note | {"message_id": "MS-done"}))

        assert await messages.notes_of_kept_since(tx, 7, seed.now) == 2
        assert await messages.notes_of_kept_since(tx, 7, seed.after(hours=1)) == 1
        assert await messages.notes_of_kept_since(tx, 7, seed.after(hours=2)) == 0
