from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from policy.facts import State
from storage import disclosures, duties
from storage.errors import Conflict, StorageError

MICROSECOND = timedelta(microseconds=1)


async def test_a_disclosure_comes_back_as_it_was_added(database, seed) -> None:
    async with database.transaction() as tx:
        added = await seed.disclosure(tx)

        assert await disclosures.get(tx, added.id) == added
        assert await disclosures.get(tx, "ED-2026-0000") is None
        assert await disclosures.particulars_item(tx, added.id) == "IT-1"


async def test_an_id_is_given_once(database, seed) -> None:
    with pytest.raises(Conflict):
        async with database.transaction() as tx:
            await seed.disclosure(tx)
            await seed.disclosure(tx)


async def test_disclosures_are_listed_by_list_and_state_oldest_first(database, seed) -> None:
    async with database.transaction() as tx:
        await seed.disclosure(tx, "ED-2026-0002", posted_at=seed.after(hours=2), state=State.EMBARGOED)
        await seed.disclosure(tx, "ED-2026-0001")
        await seed.disclosure(tx, "ED-2026-0003", list_id="late")

        async def ids(*conditions):
            return [each.id for each in await disclosures.ls(tx, *conditions)]

        assert await ids() == ["ED-2026-0001", "ED-2026-0003", "ED-2026-0002"]
        assert await ids(seed.list_id) == ["ED-2026-0001", "ED-2026-0002"]
        assert await ids(seed.list_id, {State.EMBARGOED, State.LIFTED}) == ["ED-2026-0002"]
        assert await ids(None, {State.HELD}) == ["ED-2026-0001", "ED-2026-0003"]


async def test_changes_touch_what_is_named_and_nothing_else(database, seed) -> None:
    async with database.transaction() as tx:
        added = await seed.disclosure(tx)
        changes = {
            "state": State.LIFTED,
            "released_at": seed.after(hours=1),
            "ended_at": seed.after(days=14),
            "cause": "clock",
            "admitted": frozenset({3, 1}),
            "stopped": True,
        }

        await disclosures.update(tx, added.id, **changes)
        await disclosures.update(tx, added.id)

        assert await disclosures.get(tx, added.id) == replace(added, **changes)
        item = await seed.item(tx)
        await disclosures.update(tx, added.id, stop_hash="other", particulars_item=item)
        assert await disclosures.particulars_item(tx, added.id) == item
        assert await disclosures.by_stop_hash(tx, seed.list_id, "stop") == ()


async def test_a_wrong_name_and_an_unknown_disclosure_are_told(database, seed) -> None:
    async with database.transaction() as tx:
        added = await seed.disclosure(tx)

        with pytest.raises(TypeError, match="holdd_until"):
            await disclosures.update(tx, added.id, holdd_until=seed.now)
        with pytest.raises(TypeError, match="id"):
            await disclosures.update(tx, added.id, id="ED-2026-0000")
        for call in (
            disclosures.update(tx, "ED-2026-0000", stopped=True),
            disclosures.take_number(tx, "ED-2026-0000"),
            disclosures.particulars_item(tx, "ED-2026-0000"),
        ):
            with pytest.raises(StorageError):
                await call


async def test_a_stop_code_finds_its_disclosure_on_its_list_alone(database, seed) -> None:
    async with database.transaction() as tx:
        await seed.disclosure(tx, "ED-2026-0001", stop_hash="one")
        await seed.disclosure(tx, "ED-2026-0002", stop_hash="two")

        assert [each.id for each in await disclosures.by_stop_hash(tx, seed.list_id, "two")] == ["ED-2026-0002"]
        assert await disclosures.by_stop_hash(tx, "late", "two") == ()


async def test_messages_of_a_disclosure_are_numbered_from_one(database, seed) -> None:
    async with database.transaction() as tx:
        await seed.disclosure(tx, "ED-2026-0001")
        await seed.disclosure(tx, "ED-2026-0002")

        assert [await disclosures.take_number(tx, "ED-2026-0001") for _ in range(3)] == [1, 2, 3]
        assert await disclosures.take_number(tx, "ED-2026-0002") == 1


DUE = [
    # state, stopped, whether it is due at the hold, whether at the end of the embargo
    pytest.param(State.PENDING, False, False, False, id="pending"),
    pytest.param(State.HELD, False, True, True, id="held"),
    pytest.param(State.HELD, True, False, True, id="held and stopped"),
    pytest.param(State.EMBARGOED, False, False, True, id="embargoed"),
    pytest.param(State.LIFTED, False, False, False, id="lifted"),
    pytest.param(State.CLOSED, False, False, False, id="closed"),
    pytest.param(State.WITHDRAWN, False, False, False, id="withdrawn"),
]


@pytest.mark.parametrize(("state", "stopped", "at_hold", "at_end"), DUE)
async def test_what_is_due_follows_from_state_and_instant_to_the_microsecond(
    database, seed, state, stopped, at_hold, at_end
) -> None:
    async with database.transaction() as tx:
        added = await seed.disclosure(tx, state=state, stopped=stopped)

        for now, is_due in (
            (added.hold_until - MICROSECOND, False),
            (added.hold_until, at_hold),
            (added.embargo_until - MICROSECOND, at_hold),
            (added.embargo_until, at_end),
        ):
            assert await disclosures.due(tx, now) == ((added,) if is_due else ())
        expected = added.hold_until if at_hold else added.embargo_until if at_end else None
        assert await disclosures.next_instant(tx) == expected


async def test_where_coordinators_lift_a_date_that_came_is_due_until_they_are_asked(database, seed) -> None:
    async with database.transaction() as tx:
        added = await seed.disclosure(tx, state=State.EMBARGOED)
        came, again = added.embargo_until, seed.after(days=15)
        by_hand = {added.list_id}
        assert await disclosures.due(tx, came, by_hand) == (added,)
        kind = disclosures.LIFT_OVERDUE
        await duties.add(tx, kind=kind, ref=added.id, list_id=added.list_id, due_at=again)

        assert await disclosures.due(tx, came, by_hand) == ()
        assert await disclosures.next_instant(tx, by_hand) == again
        assert await duties.finish(tx, kind=kind, ref=added.id, now=again)
        assert await disclosures.due(tx, came, by_hand) == (), "asked once; the pager's word does not ask anew"
        assert await disclosures.due(tx, came) == (added,), "by the clock nobody is asked"
        assert await disclosures.next_instant(tx) == came

        await disclosures.update(tx, added.id, embargo_until=seed.after(days=20))
        assert await disclosures.next_instant(tx, by_hand) == seed.after(days=20), "the old date is forgotten"


async def test_the_next_instant_is_the_earliest_of_holds_embargoes_and_duties(database, seed) -> None:
    async with database.transaction() as tx:
        assert await disclosures.next_instant(tx) is None
        await seed.disclosure(tx, "ED-2026-0001", state=State.EMBARGOED)
        assert await disclosures.next_instant(tx) == seed.after(days=14)
        await seed.disclosure(tx, "ED-2026-0002")
        assert await disclosures.next_instant(tx) == seed.after(hours=1)
        await duties.add(tx, kind="digest", ref="early", list_id="early", due_at=seed.after(minutes=1))
        assert await disclosures.next_instant(tx) == seed.after(minutes=1)

        (duty,) = await duties.due(tx, seed.after(minutes=1))
        await duties.done(tx, duty.id, seed.after(minutes=1))

        assert await disclosures.next_instant(tx) == seed.after(hours=1)


async def test_an_acknowledgement_counts_the_first_time(database, seed) -> None:
    async with database.transaction() as tx:
        added = await seed.disclosure(tx)

        await disclosures.acknowledge(tx, added.id, 7, seed.now)
        await disclosures.acknowledge(tx, added.id, 7, seed.after(hours=1))
        await disclosures.acknowledge(tx, added.id, 8, seed.after(hours=2))

        assert await disclosures.acknowledged(tx, added.id) == {7: seed.now, 8: seed.after(hours=2)}


async def test_a_new_id_is_free(database, seed) -> None:
    async with database.transaction() as tx:
        made = await disclosures.new_id(tx, "ED", seed.now)

    assert made.startswith("ED-2026-")
