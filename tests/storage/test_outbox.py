from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from policy.facts import CopyState, MessageKind, Role
from storage import outbox
from storage.errors import Conflict

LEASE = timedelta(minutes=2)


async def claim(tx, now, *, owner="one", limit=100, lease_for=LEASE):
    return [copy.id for copy in await outbox.claim_due(tx, owner=owner, now=now, lease_for=lease_for, limit=limit)]


async def claim_unsealed(tx, now, *, owner="one"):
    return [copy.id for copy in await outbox.claim_unsealed(tx, owner=owner, now=now, lease_for=LEASE)]


async def test_a_copy_comes_back_as_it_was_put(with_message, seed) -> None:
    async with with_message.transaction() as tx:
        put = await seed.copy(tx, "CP-1", person_id=7, disclosure_id="ED-2026-K7QX", withheld=("2.1", "3"))

        assert await outbox.get(tx, "CP-1") == replace(put, changed_at=seed.now)
        assert await outbox.by_token(tx, "TOKEN-CP-1") == await outbox.get(tx, "CP-1")
        assert await outbox.get(tx, "CP-2") is None
        assert await outbox.by_token(tx, "token-cp-2") is None


async def test_a_sealed_copy_comes_back_with_what_it_was_sealed_to(with_message, seed) -> None:
    async with with_message.transaction() as tx:
        await seed.sealed(tx, "CP-1")

        copy = await outbox.get(tx, "CP-1")

    assert copy is not None
    assert (copy.body_id, copy.packets) == ("BD-CP-1", b"packets")
    assert copy.sealed_to == ("A" * 40, "B" * 40)
    assert copy.state is CopyState.QUEUED


async def test_an_address_gets_one_copy_of_a_message(with_message, seed) -> None:
    with pytest.raises(Conflict):
        async with with_message.transaction() as tx:
            await seed.copy(tx, "CP-1", address="security@northwind.example")
            await seed.copy(tx, "CP-2", address="security@northwind.example")


async def test_a_queued_copy_without_an_instant_is_due_from_its_creation(with_message, seed) -> None:
    async with with_message.transaction() as tx:
        await seed.copy(tx, "CP-1", next_at=None)

        assert await claim_unsealed(tx, seed.now) == ["CP-1"]


async def test_unsealed_copies_are_claimed_by_urgency_then_age(with_message, seed) -> None:
    async with with_message.transaction() as tx:
        await seed.copy(tx, "CP-young", created_at=seed.after(seconds=1))
        await seed.copy(tx, "CP-old")
        await seed.copy(tx, "CP-leak", priority=0, created_at=seed.after(seconds=2))
        await seed.copy(tx, "CP-later", next_at=seed.after(hours=1))
        await seed.sealed(tx, "CP-sealed")

        assert await claim_unsealed(tx, seed.after(minutes=1)) == ["CP-leak", "CP-old", "CP-young"]
        assert await claim_unsealed(tx, seed.after(minutes=1)) == []


async def test_sealed_copies_are_claimed_by_urgency_then_instant_and_never_before_it(with_message, seed) -> None:
    async with with_message.transaction() as tx:
        await seed.sealed(tx, "CP-second", next_at=seed.after(seconds=5))
        await seed.sealed(tx, "CP-first", next_at=seed.after(seconds=4))
        await seed.sealed(tx, "CP-leak", next_at=seed.after(seconds=6), priority=0)
        await seed.copy(tx, "CP-unsealed")

        assert await claim(tx, seed.after(seconds=4) - timedelta(microseconds=1)) == []
        assert await claim(tx, seed.after(seconds=6)) == ["CP-leak", "CP-first", "CP-second"]


@pytest.mark.parametrize("sealed", [False, True])
async def test_what_is_due_at_one_instant_is_claimed_in_the_order_of_the_messages(with_message, seed, sealed) -> None:
    async with with_message.transaction() as tx:
        for number, name in ((10, "CP-A"), (2, "CP-B"), (1, "CP-C")):
            await seed.message(tx, f"ED-2026-K7QX/{number}")
            put = seed.sealed if sealed else seed.copy
            await put(tx, name, message_id=f"ED-2026-K7QX/{number}")

        taken = claim if sealed else claim_unsealed
        assert await taken(tx, seed.now, **({"limit": 2} if sealed else {})) == (
            ["CP-C", "CP-B"] if sealed else ["CP-C", "CP-B", "CP-A"]
        )


async def test_a_claim_takes_no_more_than_asked_for(with_message, seed) -> None:
    async with with_message.transaction() as tx:
        for number in range(5):
            await seed.sealed(tx, f"CP-{number}")

        assert await claim(tx, seed.now, limit=2) == ["CP-0", "CP-1"]
        assert await claim(tx, seed.now, limit=2) == ["CP-2", "CP-3"]
        assert await claim(tx, seed.now, limit=2) == ["CP-4"]


@pytest.mark.parametrize(
    "state", [state for state in CopyState if state not in {CopyState.QUEUED, CopyState.DEFERRED}], ids=str
)
async def test_a_copy_that_is_not_on_its_way_is_never_claimed(with_message, seed, state: CopyState) -> None:
    async with with_message.transaction() as tx:
        await seed.sealed(tx, "CP-1")
        await outbox.settle(tx, "CP-1", state=state, reason=None, now=seed.now)

        assert await claim(tx, seed.after(days=1)) == []
        assert await outbox.next_due(tx) is None


async def test_a_crash_frees_its_copies_when_the_lease_ends(with_message, seed) -> None:
    async with with_message.transaction() as tx:
        await seed.sealed(tx, "CP-1")
        assert await claim(tx, seed.now, owner="crashed") == ["CP-1"]
        assert await outbox.next_due(tx) == seed.now + LEASE

        assert await claim(tx, seed.now + LEASE - timedelta(microseconds=1), owner="next") == []
        assert await claim(tx, seed.now + LEASE, owner="next") == ["CP-1"]


async def test_a_start_takes_back_its_own_leases_at_once_and_no_other(with_message, seed) -> None:
    async with with_message.transaction() as tx:
        await seed.sealed(tx, "CP-mine")
        assert await claim(tx, seed.now, owner="mine") == ["CP-mine"]
        await seed.sealed(tx, "CP-other")
        assert await claim(tx, seed.now, owner="other") == ["CP-other"]

        assert await outbox.release_leases(tx, "mine") == 1

        assert await claim(tx, seed.now, owner="next") == ["CP-mine"]


async def test_sealing_frees_the_lease_so_that_a_sender_can_claim(with_message, seed) -> None:
    async with with_message.transaction() as tx:
        await seed.copy(tx, "CP-1")
        assert await claim_unsealed(tx, seed.now, owner="sealer") == ["CP-1"]
        await seed.content(tx, name="CT-2")

        await outbox.mark_sealed(tx, "CP-1", body_id=await body(tx), packets=b"p", sealed_to=("A" * 40,), now=seed.now)

        assert await claim(tx, seed.now, owner="sender") == ["CP-1"]


async def body(tx) -> str:
    from storage import messages

    await messages.add_body(tx, "BD-1", "CT-1", b"ciphertext")
    return "BD-1"


async def test_a_copy_cancelled_while_it_was_sealed_stays_cancelled_and_unsealed(with_message, seed) -> None:
    async with with_message.transaction() as tx:
        await seed.copy(tx, "CP-1", person_id=7)
        await claim_unsealed(tx, seed.now)
        await outbox.cancel(tx, now=seed.now, reason="suspended", person_id=7)

        kept = await outbox.mark_sealed(
            tx, "CP-1", body_id=await body(tx), packets=b"p", sealed_to=("A" * 40,), now=seed.now
        )

        copy = await outbox.get(tx, "CP-1")
        assert copy is not None
        assert not kept
        assert (copy.state, copy.reason, copy.body_id) == (CopyState.CANCELLED, "suspended", None)


async def test_a_sent_copy_is_settled_for_good(with_message, seed) -> None:
    async with with_message.transaction() as tx:
        await seed.sealed(tx, "CP-1")

        await outbox.settle(tx, "CP-1", state=CopyState.SENT, reason=None, now=seed.after(seconds=3), attempts=1)

        copy = await outbox.get(tx, "CP-1")
        assert copy is not None
        assert (copy.state, copy.attempts, copy.next_at) == (CopyState.SENT, 1, None)
        assert copy.settled_at == copy.changed_at == seed.after(seconds=3)
        assert await outbox.unsettled(tx) == ()


async def test_a_deferred_copy_is_due_again_at_its_instant(with_message, seed) -> None:
    async with with_message.transaction() as tx:
        await seed.sealed(tx, "CP-1")
        await claim(tx, seed.now)

        await outbox.settle(
            tx,
            "CP-1",
            state=CopyState.DEFERRED,
            reason="451 4.3.0",
            now=seed.now,
            attempts=1,
            next_at=seed.after(minutes=1),
        )

        copy = await outbox.get(tx, "CP-1")
        assert copy is not None
        assert (copy.reason, copy.attempts, copy.settled_at) == ("451 4.3.0", 1, None)
        assert await outbox.next_due(tx) == seed.after(minutes=1)
        assert await claim(tx, seed.after(seconds=59)) == []
        assert await claim(tx, seed.after(minutes=1)) == ["CP-1"]


async def test_a_withheld_copy_waits_and_is_queued_again_when_the_key_is_good(with_message, seed) -> None:
    async with with_message.transaction() as tx:
        await seed.copy(tx, "CP-1")
        await outbox.settle(tx, "CP-1", state=CopyState.WITHHELD, reason="key expired", now=seed.now)
        assert [copy.id for copy in await outbox.withheld(tx, seed.list_id)] == ["CP-1"]
        assert await outbox.withheld(tx, "other") == ()
        assert [copy.id for copy in await outbox.unsettled(tx, seed.list_id)] == ["CP-1"]

        await outbox.settle(tx, "CP-1", state=CopyState.QUEUED, reason=None, now=seed.after(hours=1))

        assert await outbox.withheld(tx, seed.list_id) == ()
        assert await claim_unsealed(tx, seed.after(hours=1)) == ["CP-1"]


@pytest.mark.parametrize("state", [CopyState.QUEUED, CopyState.DEFERRED, CopyState.WITHHELD], ids=str)
@pytest.mark.parametrize("ended", [CopyState.CANCELLED, CopyState.SENT, CopyState.BOUNCED], ids=str)
async def test_what_has_ended_does_not_come_to_life_again(
    with_message, seed, ended: CopyState, state: CopyState
) -> None:
    async with with_message.transaction() as tx:
        await seed.sealed(tx, "CP-1")
        await outbox.settle(tx, "CP-1", state=ended, reason=None, now=seed.now)

        assert not await outbox.settle(tx, "CP-1", state=state, reason="late", now=seed.now)

        copy = await outbox.get(tx, "CP-1")
        assert copy is not None
        assert copy.state is ended


async def test_a_copy_handed_over_while_it_was_cancelled_is_told_as_sent(with_message, seed) -> None:
    async with with_message.transaction() as tx:
        await seed.sealed(tx, "CP-1", person_id=7)
        await claim(tx, seed.now)
        await outbox.cancel(tx, now=seed.now, reason="suspended", person_id=7)

        assert await outbox.settle(tx, "CP-1", state=CopyState.SENT, reason=None, now=seed.now)

        copy = await outbox.get(tx, "CP-1")
        assert copy is not None
        assert copy.state is CopyState.SENT


async def test_a_copy_reworded_while_it_is_handed_over_stays_in_those_hands_and_is_told_as_what_was_delivered(
    with_message, seed
) -> None:
    async with with_message.transaction() as tx:
        await seed.sealed(tx, "CP-1", person_id=7, disclosure_id="ED-1", withheld=("2",))
        given = await outbox.get(tx, "CP-1")
        assert given is not None
        await seed.copy(tx, "CP-2", disclosure_id="ED-1")
        await claim(tx, seed.now, owner="sender")
        await seed.content(tx, name="CT-2")

        await outbox.reword(tx, ["CP-1"], content_id="CT-2", withheld=())

        assert await outbox.in_hand(tx, "ED-1") == {"CP-1"}
        assert await claim_unsealed(tx, seed.now, owner="sealer") == ["CP-2"]
        assert await outbox.settle(tx, "CP-1", state=CopyState.SENT, reason=None, now=seed.now, given=given)
        copy = await outbox.get(tx, "CP-1")
        assert copy is not None
        assert (copy.content_id, copy.withheld, copy.sealed_to) == (given.content_id, ("2",), given.sealed_to)
        assert (copy.state, copy.body_id, copy.packets) == (CopyState.SENT, None, None)


async def test_an_unsealed_copy_is_sealed_anew_at_once(with_message, seed) -> None:
    async with with_message.transaction() as tx:
        await seed.sealed(tx, "CP-1")
        assert await claim(tx, seed.now, owner="sender") == ["CP-1"]

        await outbox.unseal(tx, "CP-1")

        copy = await outbox.get(tx, "CP-1")
        assert copy is not None
        assert (copy.body_id, copy.packets, copy.sealed_to) == (None, None, None)
        assert await claim_unsealed(tx, seed.now, owner="sealer") == ["CP-1"]


async def test_a_deferred_copy_that_was_unsealed_is_sealed_anew_when_it_is_due(with_message, seed) -> None:
    async with with_message.transaction() as tx:
        await seed.sealed(tx, "CP-1")
        later = seed.after(minutes=5)
        await outbox.settle(tx, "CP-1", state=CopyState.DEFERRED, reason="451", now=seed.now, next_at=later)
        await outbox.unseal(tx, "CP-1")

        assert await claim_unsealed(tx, seed.now) == []
        assert await claim_unsealed(tx, later) == ["CP-1"]


@pytest.mark.parametrize(
    ("conditions", "cancelled"),
    [
        pytest.param({"person_id": 1}, {"CP-a", "CP-b"}, id="all of a person"),
        pytest.param({"person_id": 1, "kinds": {MessageKind.REPLY}}, {"CP-b"}, id="of a person, by kind"),
        pytest.param({"disclosure_id": "ED-1"}, {"CP-a", "CP-b", "CP-c", "CP-d"}, id="of a disclosure"),
        pytest.param({"disclosure_id": "ED-1", "roles": {Role.MEMBER}}, {"CP-a", "CP-b", "CP-c"}, id="by role"),
        pytest.param({"message_id": "MS-2"}, {"CP-b"}, id="of a message"),
        pytest.param({"person_id": 1, "message_id": "MS-1"}, {"CP-a"}, id="all conditions hold"),
    ],
)
async def test_cancelling_takes_what_meets_all_conditions_and_is_not_settled(
    with_message, seed, conditions, cancelled
) -> None:
    async with with_message.transaction() as tx:
        await seed.message(tx, "MS-2")
        own = {"disclosure_id": "ED-1"}
        await seed.copy(tx, "CP-a", person_id=1, **own)
        await seed.copy(tx, "CP-b", person_id=1, message_id="MS-2", kind=MessageKind.REPLY, **own)
        await seed.copy(tx, "CP-c", person_id=2, **own)
        await seed.copy(tx, "CP-d", person_id=3, role=Role.COORDINATOR.value, **own)
        await seed.copy(tx, "CP-sent", person_id=1, **own)
        await outbox.settle(tx, "CP-sent", state=CopyState.SENT, reason=None, now=seed.now)
        await outbox.settle(tx, "CP-a", state=CopyState.DEFERRED, reason="451", now=seed.now)

        count = await outbox.cancel(tx, now=seed.now, reason="withdrawn", **conditions)

        copies = await outbox.of_disclosure(tx, "ED-1")
        assert {copy.id for copy in copies if copy.state is CopyState.CANCELLED} == cancelled
        assert count == len(cancelled)


async def test_cancelling_everything_is_refused(with_message, seed) -> None:
    async with with_message.transaction() as tx:
        with pytest.raises(ValueError, match="needs"):
            await outbox.cancel(tx, now=seed.now, reason="oops", kinds={MessageKind.REPLY})


async def test_copies_of_a_disclosure_are_chosen_by_role_and_kind(with_message, seed) -> None:
    async with with_message.transaction() as tx:
        await seed.message(tx, "MS-2")
        await seed.copy(tx, "CP-a", disclosure_id="ED-1")
        await seed.copy(tx, "CP-b", disclosure_id="ED-1", role="coordinator")
        await seed.copy(tx, "CP-c", disclosure_id="ED-1", message_id="MS-2", kind=MessageKind.LIFT_NOTICE)
        await seed.copy(tx, "CP-d", disclosure_id="ED-2")

        async def chosen(**how):
            return [copy.id for copy in await outbox.of_disclosure(tx, "ED-1", **how)]

        assert await chosen() == ["CP-a", "CP-b", "CP-c"]
        assert await chosen(roles=[Role.MEMBER]) == ["CP-a", "CP-c"]
        assert await chosen(kinds=[MessageKind.LIFT_NOTICE]) == ["CP-c"]
        assert await chosen(roles=["coordinator"], kinds=[MessageKind.LIFT_NOTICE]) == []
        assert [copy.id for copy in await outbox.of_message(tx, "MS-2")] == ["CP-c"]


async def test_reached_are_the_members_with_a_copy_that_is_not_cancelled(with_message, seed) -> None:
    async with with_message.transaction() as tx:
        await seed.copy(tx, "CP-a", person_id=1)
        await seed.copy(tx, "CP-b", person_id=2)
        await seed.copy(tx, "CP-c", person_id=3, role="coordinator")
        await seed.copy(tx, "CP-d", role="public")
        await outbox.cancel(tx, now=seed.now, reason="suspended", person_id=2)

        assert await outbox.reached(tx, "MS-1") == frozenset({1})


async def test_retrying_makes_what_waits_due_now(with_message, seed) -> None:
    async with with_message.transaction() as tx:
        for name in ("CP-a", "CP-b"):
            await seed.sealed(tx, name, next_at=seed.after(days=1))
        await seed.sealed(tx, "CP-sent")
        await outbox.settle(tx, "CP-sent", state=CopyState.SENT, reason=None, now=seed.now)

        assert await outbox.retry_now(tx, seed.now, "CP-b") == 1
        assert await claim(tx, seed.now) == ["CP-b"]
        assert await outbox.retry_now(tx, seed.now) == 2
        assert await outbox.retry_now(tx, seed.now, "CP-sent") == 0


async def test_the_next_instant_is_that_of_the_first_copy_that_can_be_claimed(with_message, seed) -> None:
    async with with_message.transaction() as tx:
        assert await outbox.next_due(tx) is None
        await seed.sealed(tx, "CP-later", next_at=seed.after(minutes=9))
        await seed.sealed(tx, "CP-claimed")
        await claim(tx, seed.now)

        assert await outbox.next_due(tx) == seed.now + LEASE

        await outbox.settle(tx, "CP-claimed", state=CopyState.SENT, reason=None, now=seed.now)
        assert await outbox.next_due(tx) == seed.after(minutes=9)


async def test_what_a_relay_says_is_kept_in_a_form_that_every_database_takes(with_message, seed) -> None:
    async with with_message.transaction() as tx:
        await seed.sealed(tx, "CP-1")

        await outbox.settle(tx, "CP-1", state=CopyState.BOUNCED, reason="550 \x00 \udcff " + "x" * 1000, now=seed.now)

        copy = await outbox.get(tx, "CP-1")
        assert copy is not None
        assert copy.reason is not None
        assert len(copy.reason) == 200
        assert copy.reason.startswith("550 \N{REPLACEMENT CHARACTER} ? xxx")


@pytest.mark.parametrize(
    ("state", "again"),
    [pytest.param(state, state in {CopyState.WITHHELD, CopyState.BOUNCED}, id=str(state)) for state in CopyState],
)
async def test_only_what_is_withheld_or_came_back_is_queued_anew_to_be_sealed_again(
    with_message, seed, state, again
) -> None:
    async with with_message.transaction() as tx:
        await seed.sealed(tx, "CP-1")
        await outbox.settle(tx, "CP-1", state=state, reason="why", now=seed.now, next_at=seed.after(hours=1))

        assert await outbox.requeue(tx, "CP-1", seed.after(days=1)) is again

        copy = await outbox.get(tx, "CP-1")
        assert copy is not None
        assert (copy.state is CopyState.QUEUED and copy.body_id is None) is again
        if again:
            assert (copy.reason, copy.next_at, copy.settled_at) == (None, seed.after(days=1), None)


async def test_a_bounced_copy_is_revived_as_it_was_sealed_and_no_other_is(with_message, seed) -> None:
    async with with_message.transaction() as tx:
        for name, state in (("CP-bounced", CopyState.BOUNCED), ("CP-cancelled", CopyState.CANCELLED)):
            await seed.sealed(tx, name)
            await outbox.settle(tx, name, state=state, reason="why", now=seed.now)

        assert await outbox.revive(tx, "CP-bounced", seed.after(hours=1))
        assert not await outbox.revive(tx, "CP-cancelled", seed.after(hours=1))

        assert await claim(tx, seed.after(hours=1)) == ["CP-bounced"]


async def test_a_reader_let_in_again_gets_the_copy_anew_with_another_content(with_message, seed) -> None:
    async with with_message.transaction() as tx:
        await seed.sealed(tx, "CP-1", person_id=7)
        await outbox.cancel(tx, now=seed.now, reason="scope", person_id=7)
        await seed.content(tx, name="CT-2")

        assert await outbox.renew(tx, "CP-1", content_id="CT-2", person_id=8, withheld=("2",), now=seed.after(hours=1))

        copy = await outbox.get(tx, "CP-1")
        assert copy is not None
        assert (copy.content_id, copy.person_id, copy.withheld, copy.body_id) == ("CT-2", 8, ("2",), None)
        assert (copy.state, copy.reason, copy.attempts) == (CopyState.QUEUED, None, 0)
        assert await claim_unsealed(tx, seed.after(hours=1)) == ["CP-1"]


async def test_whether_anything_is_due_is_asked_without_taking_it(with_message, seed) -> None:
    async with with_message.transaction() as tx:

        async def due(now):
            found = await outbox.waiting(tx, now)
            return found.unsealed, found.sealed

        assert await due(seed.now) == (False, False)
        await seed.copy(tx, "CP-1")
        await seed.sealed(tx, "CP-2", next_at=seed.after(minutes=1))

        assert await due(seed.now) == (True, False)
        assert await due(seed.after(minutes=1)) == (True, True)
        await claim(tx, seed.after(minutes=1))
        assert await due(seed.after(minutes=1)) == (True, False)
