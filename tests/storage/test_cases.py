"""Quarantine, leaks, duties, alarms, items and settings: what is kept until somebody has dealt with it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from storage import alarms, duties, items, leaks, mails, quarantine
from storage.errors import Conflict
from storage.records import Alarm, Item, LeakRecord, MailRecord, Quarantined

# ------------------------------------------------------------------------------------ quarantine


@pytest.fixture
def keep(seed):
    async def add(tx, name: str, **changes) -> Quarantined:
        received_at = changes.get("received_at", seed.now)
        await mails.add(
            tx,
            MailRecord(f"ML-{name}", "early", "early@lists.example", "", received_at, name, 1, "quarantine"),
        )
        given = {
            "mail_id": f"ML-{name}",
            "list_id": "early",
            "received_at": received_at,
            "envelope_from": "stranger@else.example",
            "reason": "stranger",
            "reasons": ("stranger", "no-control-block"),
            "size": 1234,
        }
        kept = Quarantined(id=name, **(given | changes))
        await quarantine.add(tx, kept)
        return kept

    return add


async def test_a_kept_mail_comes_back_as_it_was_kept(database, seed, keep) -> None:
    async with database.transaction() as tx:
        kept = await keep(tx, "QU-1", disclosure_id="ED-1", known=True)

        assert await quarantine.get(tx, "QU-1") == kept
        assert await quarantine.get(tx, "QU-2") is None
        assert (await quarantine.new_id(tx, seed.now)).startswith("QU-2026-")


async def test_the_quarantine_is_listed_by_list_and_state(database, seed, keep) -> None:
    async with database.transaction() as tx:
        await keep(tx, "QU-2", received_at=seed.after(seconds=1))
        await keep(tx, "QU-1")
        await keep(tx, "QU-3", list_id="late")
        assert await quarantine.set_state(tx, "QU-1", "released", seed.now)

        async def ids(*how):
            return [kept.id for kept in await quarantine.ls(tx, *how)]

        assert await ids() == ["QU-3", "QU-2"]
        assert await ids("early") == ["QU-2"]
        assert await ids("early", None) == ["QU-1", "QU-2"]
        assert await ids(None, "released") == ["QU-1"]


async def test_a_mail_is_decided_on_once(database, seed, keep) -> None:
    async with database.transaction() as tx:
        await keep(tx, "QU-1")

        assert await quarantine.set_state(tx, "QU-1", "discarded", seed.now)
        assert not await quarantine.set_state(tx, "QU-1", "released", seed.now)

        decided = await quarantine.get(tx, "QU-1")
        assert decided is not None
        assert decided.state == "discarded"


async def test_the_coordinators_are_told_of_each_once_also_of_what_expired(database, seed, keep) -> None:
    async with database.transaction() as tx:
        for name in ("QU-1", "QU-2", "QU-3"):
            await keep(tx, name)
        await quarantine.set_state(tx, "QU-2", "discarded", seed.now)
        await quarantine.set_state(tx, "QU-3", "expired", seed.now)
        assert [kept.id for kept in await quarantine.untold(tx, "early")] == ["QU-1", "QU-3"]

        await quarantine.mark_told(tx, ["QU-1", "QU-3"], seed.now)
        await quarantine.mark_told(tx, [], seed.now)

        assert await quarantine.untold(tx, "early") == ()
        assert await quarantine.untold(tx, "late") == ()


async def test_only_what_is_from_strangers_and_old_enough_expires(database, seed, keep) -> None:
    async with database.transaction() as tx:
        old = await keep(tx, "QU-old")
        await keep(tx, "QU-known", known=True)
        await keep(tx, "QU-young", received_at=seed.after(days=1))
        await keep(tx, "QU-elsewhere", list_id="late")
        await keep(tx, "QU-released")
        await quarantine.set_state(tx, "QU-released", "released", seed.now)

        assert await quarantine.expire(tx, "early", seed.after(days=1)) == (replace(old, state="expired"),)
        assert await quarantine.expire(tx, "early", seed.after(days=1)) == ()

        assert [kept.id for kept in await quarantine.ls(tx, "early")] == ["QU-known", "QU-young"]


# ----------------------------------------------------------------------------------------- leaks


async def test_a_leak_report_comes_back_with_what_is_missing(database, seed) -> None:
    async with database.transaction() as tx:
        report = LeakRecord(
            id=await leaks.new_id(tx, seed.now),
            list_id="early",
            disclosure_id=None,
            state="quarantined",
            verified=False,
            reporter="somebody@else.example",
            person_id=None,
            org=None,
            by="unknown",
            missing=("to", "when"),
            reported_at=seed.now,
            mail_id="ML-1",
            report_item=await seed.item(tx),
        )
        await leaks.add(tx, report)
        assert await leaks.get(tx, report.id) == report
        assert await leaks.get(tx, "LK-2026-0000") is None

        await leaks.change(tx, report.id, state="open")

        assert await leaks.ls(tx) == await leaks.ls(tx, "early") == (replace(report, state="open"),)
        assert await leaks.ls(tx, "late") == ()


async def test_no_reporter_is_too_long_or_too_strange_to_be_kept(database, seed) -> None:
    async with database.transaction() as tx:
        report = LeakRecord(
            "LK-1", "early", None, "open", True, "\x00" + "r" * 900, 1, "o" * 900, "us", (), seed.now, "ML-1",
            await seed.item(tx),
        )  # fmt: skip

        await leaks.add(tx, report)

        kept = await leaks.get(tx, "LK-1")
        assert kept is not None
        assert (len(kept.reporter), len(kept.org or "")) == (320, 200)


async def test_a_reply_to_an_alarm_joins_the_case_of_the_alarm(with_message, seed) -> None:
    async with with_message.transaction() as tx:
        for name in ("LK-1", "LK-2"):
            await leaks.add(
                tx,
                LeakRecord(
                    name, "early", None, "open", True, "r", 1, None, "us", (), seed.now, "ML-1", await seed.item(tx)
                ),
            )
            await leaks.link_message(tx, message_id="MS-1", leak_id=name)

        assert await leaks.of_message(tx, "MS-1") == "LK-1"
        assert await leaks.of_message(tx, "MS-2") is None


async def test_a_case_is_found_by_the_bytes_of_its_mail_and_filled_in(database, seed) -> None:
    async with database.transaction() as tx:
        await mails.add(tx, MailRecord("ML-1", "early", "early@lists.example", "", seed.now, "digest", 1, "leak"))
        report = LeakRecord(
            "LK-1", "early", None, "open", True, "r", 1, None, "us", ("to", "how"), seed.now, "ML-1",
            await seed.item(tx),
        )  # fmt: skip
        await leaks.add(tx, report)

        await leaks.set_missing(tx, "LK-1", ["how"])

        assert await leaks.of_same_bytes(tx, "early", "digest") == replace(report, missing=("how",))
        assert await leaks.of_same_bytes(tx, "early", "other") is None
        assert await leaks.of_same_bytes(tx, "late", "digest") is None


# ---------------------------------------------------------------------------------------- duties


async def test_a_duty_is_due_at_its_instant_until_it_is_done(database, seed) -> None:
    async with database.transaction() as tx:
        await duties.add(tx, kind="release-report", ref="ED-1", list_id="early", due_at=seed.after(minutes=15))
        await duties.add(tx, kind="digest", ref="early", list_id="early", due_at=seed.after(minutes=5))

        assert await duties.due(tx, seed.now) == ()
        due = await duties.due(tx, seed.after(minutes=15))
        assert [(duty.kind, duty.ref, duty.due_at) for duty in due] == [
            ("digest", "early", seed.after(minutes=5)),
            ("release-report", "ED-1", seed.after(minutes=15)),
        ]

        await duties.done(tx, due[0].id, seed.after(minutes=15))
        assert await duties.due(tx, seed.after(days=1)) == due[1:]


async def test_a_duty_is_taken_on_once_and_again_only_when_asked(database, seed) -> None:
    async with database.transaction() as tx:

        async def add(minutes: int, **how):
            await duties.add(tx, kind="late", ref="ED-1", list_id="early", due_at=seed.after(minutes=minutes), **how)
            return [duty.due_at for duty in await duties.due(tx, seed.after(days=1))]

        assert await add(1) == [seed.after(minutes=1)]
        assert await add(2) == await add(2, again=True) == [seed.after(minutes=1)]
        (duty,) = await duties.due(tx, seed.after(days=1))
        await duties.done(tx, duty.id, seed.now)
        assert await add(3) == [seed.after(minutes=1)], "before its time it is not done"
        await duties.done(tx, duty.id, seed.after(minutes=1))
        assert await add(3) == []
        assert await add(4, again=True) == [seed.after(minutes=4)]

        await duties.drop(tx, kind="late", ref="ED-1")
        assert await duties.due(tx, seed.after(days=1)) == ()
        assert await add(5) == [seed.after(minutes=5)]


async def test_a_duty_is_finished_by_name_once(database, seed) -> None:
    async with database.transaction() as tx:
        await duties.add(tx, kind="late", ref="ED-1", list_id="early", due_at=seed.now)

        assert not await duties.finish(tx, kind="late", ref="ED-2", now=seed.now)
        assert await duties.finish(tx, kind="late", ref="ED-1", now=seed.now)
        assert not await duties.finish(tx, kind="late", ref="ED-1", now=seed.now)

        assert await duties.due(tx, seed.now) == ()


# ---------------------------------------------------------------------------------------- alarms


async def test_an_alarm_is_due_until_it_is_told(database, seed) -> None:
    async with database.transaction() as tx:
        alarm = Alarm(await alarms.new_id(tx, seed.now), "leak", "LK-1", "early", seed.now)
        await alarms.add(tx, alarm)
        assert await alarms.due(tx, seed.now) == (alarm,)

        await alarms.settle(tx, alarm.id, told=False, now=seed.now, next_at=seed.after(minutes=1))
        assert await alarms.due(tx, seed.after(seconds=59)) == ()
        assert [each.attempts for each in await alarms.due(tx, seed.after(minutes=1))] == [1]

        await alarms.settle(tx, alarm.id, told=True, now=seed.after(minutes=1))
        told = await alarms.get(tx, alarm.id)
        assert told == replace(alarm, state="told", attempts=2, told_at=seed.after(minutes=1))
        assert await alarms.due(tx, seed.after(days=1)) == ()
        assert await alarms.ls(tx) == (told,)


async def test_an_acknowledged_alarm_is_not_told_again(database, seed) -> None:
    async with database.transaction() as tx:
        await alarms.add(tx, Alarm("AL-1", "late", None, None, seed.now))

        assert await alarms.ack(tx, "AL-1", seed.now)
        await alarms.settle(tx, "AL-1", told=True, now=seed.after(minutes=1))

        acked = await alarms.get(tx, "AL-1")
        assert acked is not None
        assert (acked.state, acked.acked_at, acked.told_at) == ("acked", seed.now, None)
        assert await alarms.due(tx, seed.after(days=1)) == ()
        assert not await alarms.ack(tx, "AL-2", seed.now)
        assert await alarms.get(tx, "AL-2") is None


# ----------------------------------------------------------------------------------------- items


async def test_a_sealed_item_comes_back_and_can_be_sealed_anew(database, seed) -> None:
    async with database.transaction() as tx:
        item = Item("IT-1", b"\x00wrapped", b"\xffsealed", 7)
        await items.put(tx, item, seed.now)
        assert await items.get(tx, "IT-1") == item

        assert await items.replace(tx, replace(item, wrapped_key=b"other"))

        assert await items.get(tx, "IT-1") == replace(item, wrapped_key=b"other")
        assert await items.get(tx, "IT-2") is None
        assert not await items.replace(tx, replace(item, id="IT-2"))


async def test_an_id_names_one_item(database, seed) -> None:
    with pytest.raises(Conflict):
        async with database.transaction() as tx:
            for body in (b"one", b"two"):
                await items.put(tx, Item("IT-1", b"k", body, 3), seed.now)


async def test_a_destroyed_item_is_gone_for_ever(database, seed) -> None:
    async with database.transaction() as tx:
        item = Item("IT-1", b"wrapped", b"sealed", 6)
        await items.put(tx, item, seed.now)

        await items.destroy(tx, "IT-1", seed.now)
        await items.destroy(tx, "IT-1", seed.after(days=1))

        assert await items.get(tx, "IT-1") is None
        assert not await items.replace(tx, item)
        assert await items.get(tx, "IT-1") is None
