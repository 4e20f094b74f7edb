"""What belongs to a disclosure that is over goes with it; what it shares with something else stays."""

from __future__ import annotations

from policy.facts import CopyState, MessageKind, State
from storage import ageing, disclosures, items, leaks, mails, messages, outbox
from storage.records import LeakRecord, MailRecord


def leak(seed, name: str, item: str, **changes) -> LeakRecord:
    given = {"disclosure_id": None, "state": "open", "mail_id": ""} | changes
    return LeakRecord(
        id=name,
        list_id="early",
        verified=True,
        reporter="r@x.example",
        person_id=None,
        org=None,
        by="us",
        missing=(),
        reported_at=seed.now,
        report_item=item,
        **given,
    )


async def mail(tx, seed, name: str, **changes) -> str:
    item = await seed.item(tx)
    given = {"disclosure_id": None, "received_at": seed.now} | changes
    record = MailRecord(name, "early", "early@lists.example", "", digest=name, size=1, taken_for="reply",
                        raw_item=item, **given)  # fmt: skip
    await mails.add(tx, record)
    return item


async def test_what_is_shared_with_an_open_case_of_something_else_is_spared(database, seed) -> None:
    async with database.transaction() as tx:
        one = await seed.disclosure(tx, state=State.CLOSED)
        own = await mail(tx, seed, "ML-1", disclosure_id=one.id)
        shared = await mail(tx, seed, "ML-2", disclosure_id=one.id)
        late = await mail(tx, seed, "ML-3", disclosure_id=one.id, received_at=seed.after(days=1))
        bound_later = await mail(tx, seed, "ML-4")
        said = [await seed.item(tx) for _ in range(2)]
        await leaks.add(tx, leak(seed, "LK-1", said[0], mail_id="ML-2"))
        await leaks.add(tx, leak(seed, "LK-2", said[1], mail_id="ML-4", disclosure_id=one.id, state="closed"))

        found = await ageing.belongings(tx, one.id, seed.now)

        assert found.items == {own, bound_later, said[1]}
        assert not found.items & {shared, late, said[0]}
        spared = await ageing.belongings(tx, one.id, seed.now, but=["ML-1"])
        assert spared.items == {bound_later, said[1]}
        await leaks.change(tx, "LK-1", state="closed")
        assert shared in (await ageing.belongings(tx, one.id, seed.now)).items


async def test_destroyed_items_open_no_more_and_sealed_bodies_are_gone_while_rows_stay(database, seed) -> None:
    async with database.transaction() as tx:
        one = await seed.disclosure(tx, state=State.CLOSED)
        await seed.message(tx, disclosure_id=one.id, payload_item=await seed.item(tx))
        await seed.message(tx, "MS-2")  # of nobody's
        await seed.content(tx)
        await seed.content(tx, "MS-2", "CT-2")
        await seed.sealed(tx, "CP-1", disclosure_id=one.id)
        await seed.copy(tx, "CP-2", disclosure_id=one.id)
        await seed.sealed(tx, "CP-3", message_id="MS-2", content_id="CT-2")
        await outbox.settle(tx, "CP-1", state=CopyState.SENT, reason=None, now=seed.now)
        found = await ageing.belongings(tx, one.id, seed.now)

        assert await ageing.call_off(tx, found.messages, "content destroyed", seed.now) == 1
        assert await ageing.destroy(tx, found.items, found.messages, seed.now) == 2
        assert await ageing.destroy(tx, found.items, found.messages, seed.now) == 0

        assert [await items.get(tx, item) for item in found.items] == [None, None]
        copies = {copy.id: copy for copy in await outbox.of_message(tx, "MS-1")}
        assert [copies[name].state for name in ("CP-1", "CP-2")] == [CopyState.SENT, CopyState.CANCELLED]
        assert [copies[name].packets for name in copies] == [None, None]
        other = await outbox.get(tx, "CP-3")
        assert other is not None
        assert other.body_id is not None
        assert await messages.body(tx, other.body_id)
        assert await messages.content(tx, "CT-1") is not None


async def test_what_the_gateway_wrote_of_no_disclosure_ages_once_delivered_and_mail_of_others_does_not(
    database, seed
) -> None:
    async with database.transaction() as tx:
        for number, kind in enumerate((MessageKind.REPORT, MessageKind.FORWARD, MessageKind.REPORT), start=1):
            at = seed.now if number < 3 else seed.after(seconds=1)
            await seed.message(tx, f"MS-{number}", kind=kind, created_at=at)
            await seed.content(tx, f"MS-{number}", f"CT-{number}")
        await seed.copy(tx, "CP-1", kind=MessageKind.REPORT)
        assert await ageing.loose_messages(tx, "early", seed.now) == frozenset()
        await outbox.settle(tx, "CP-1", state=CopyState.SENT, reason=None, now=seed.now)
        assert await ageing.loose_messages(tx, "early", seed.now) == {"MS-1"}
        assert await ageing.loose_messages(tx, "late", seed.now) == frozenset()


async def test_what_comes_after_the_destruction_is_found_when_its_own_time_is_over(database, seed) -> None:
    async with database.transaction() as tx:
        for name, state in (("ED-2026-0001", State.CLOSED), ("ED-2026-0002", State.LIFTED)):
            one = await seed.disclosure(tx, name, state=state, stop_hash=name)
            await mail(tx, seed, f"ML-{name}", disclosure_id=one.id, received_at=seed.after(days=2))
            await disclosures.update(tx, name, destroyed_at=seed.after(days=1), closed_at=seed.now)
        assert await ageing.with_late_mails(tx, "early", seed.after(days=1)) == ()
        assert await ageing.with_late_mails(tx, "early", seed.after(days=2)) == ("ED-2026-0001",)
        assert await ageing.with_late_mails(tx, "early", seed.after(days=2), ["ML-ED-2026-0001"]) == ()
        assert await ageing.unfinished(tx, "early") == ("ED-2026-0002",)
