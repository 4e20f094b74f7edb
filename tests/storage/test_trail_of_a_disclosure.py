"""What the trail tells of a disclosure: all that belongs to it, and nothing of another."""

from __future__ import annotations

from policy.facts import MessageKind
from storage import alarms, audit, leaks, mails, quarantine
from storage.records import Alarm, LeakRecord, MailRecord, Quarantined

OURS, OTHER = "ED-2026-K7QX", "ED-2026-K7QY"


async def test_all_that_belongs_to_a_disclosure_is_found_and_nothing_of_another(database, seed):
    async def tell(tx, event, name, **detail):
        await trail.append(tx, at=seed.now, event=event, id=name, list_id=seed.list_id, actor="gateway", detail=detail)

    async with database.transaction() as tx:
        trail = audit.Trail(lambda message: message[:8], b"public", await seed.item(tx))
        for name, notice, mail, kept, leak, alarm in (
            (OURS, "MS-1", "ML-1", "QU-1", "LK-1", "AL-1"),
            (OTHER, "MS-2", "ML-2", "QU-2", "LK-2", "AL-2"),
        ):
            await seed.disclosure(tx, name)
            await seed.message(tx, f"{name}/1", disclosure_id=name, number=1)
            await seed.message(tx, notice, disclosure_id=name, kind=MessageKind.LIFT_NOTICE)
            received = {"list_id": seed.list_id, "received_at": seed.now, "envelope_from": "a@x.example", "size": 1}
            await mails.add(
                tx, MailRecord(id=mail, recipient="l", digest=mail, taken_for="x", disclosure_id=name, **received)
            )
            await quarantine.add(
                tx, Quarantined(id=kept, mail_id=mail, reason="x", reasons=(), disclosure_id=name, **received)
            )
            await leaks.add(
                tx,
                LeakRecord(
                    leak, seed.list_id, name, "open", True, "a@x.example", None, None, "us", (), seed.now, mail,
                    await seed.item(tx),
                ),
            )  # fmt: skip
            await alarms.add(tx, Alarm(id=alarm, kind="leak", ref=leak, list_id=seed.list_id, at=seed.now))
            await tell(tx, "step", name)
            await tell(tx, "copy-sent", f"{name}/1", copy="CP-1")
            await tell(tx, "copy-sent", notice, copy="CP-2")
            await tell(tx, "forwarded", mail)
            await tell(tx, "quarantined", kept)
            await tell(tx, "leak", leak)
            await tell(tx, "alarm", alarm, about=leak)
            await tell(tx, "proposal", "DP-1", disclosure=name)
            await tell(tx, "proposal", "DP-2", answers=f"{name}/1")
            await tell(tx, "member-suspended", "a@x.example", cancelled=1)

    async with database.reading() as tx:
        found = await audit.of_disclosure(tx, OURS)
        nothing = await audit.of_disclosure(tx, "ED-2026-K7Q_")

    assert [(record.event, record.id) for record in found] == [
        ("step", OURS),
        ("copy-sent", f"{OURS}/1"),
        ("copy-sent", "MS-1"),
        ("forwarded", "ML-1"),
        ("quarantined", "QU-1"),
        ("leak", "LK-1"),
        ("alarm", "AL-1"),
        ("proposal", "DP-1"),
        ("proposal", "DP-2"),
    ]
    assert nothing == ()
