from __future__ import annotations

from datetime import timedelta

import pytest

from policy.facts import CopyState, MessageKind, Role, Standing
from storage import outbox, roster
from storage.errors import Conflict

A, B, C = "A" * 40, "B" * 40, "C" * 40


async def test_a_person_comes_back_with_groups_and_keys(database, seed) -> None:
    async with database.transaction() as tx:
        alice = await seed.person(tx, "alice@northwind.example", Role.COORDINATOR)
        f5 = await seed.person(tx, "security@f5.example")
        await seed.key(tx, f5, A.lower(), expires_at=seed.after(days=30))
        await seed.key(tx, f5, B, flaw="weak key: RSA 1024")

        everybody = await roster.people(tx, seed.list_id)

    assert [person.id for person in everybody] == [alice, f5]
    person = everybody[1]
    assert (person.role, person.standing, person.groups) == (Role.MEMBER, Standing.ACTIVE, frozenset({"distros"}))
    assert [key.fingerprint for key in person.keys] == [A, B]
    assert [key.fingerprint for key in person.usable_keys(seed.now)] == [A]
    assert person.keys[0].expires_at == seed.after(days=30)
    assert person.keys[1].flaw == "weak key: RSA 1024"


async def test_people_are_chosen_by_list_role_and_standing(database, seed) -> None:
    async with database.transaction() as tx:
        alice = await seed.person(tx, "alice@northwind.example", Role.COORDINATOR)
        member = await seed.person(tx, "security@f5.example")
        gone = await seed.person(tx, "gone@f5.example")
        await roster.set_standing(tx, gone, Standing.REMOVED, seed.now)
        elsewhere = await seed.person(tx, "security@f5.example", list_id="late")

        async def ids(list_id, **how):
            return [person.id for person in await roster.people(tx, list_id, **how)]

        assert await ids(seed.list_id) == [alice, member]
        assert await ids(seed.list_id, roles={Role.MEMBER}) == [member]
        assert await ids(seed.list_id, with_removed=True) == [alice, member, gone]
        assert await ids("late") == [elsewhere]
        assert await ids("never") == []
        assert await roster.person(tx, 4711) is None


@pytest.mark.parametrize("address", ["security@f5.example", "Security@F5.example"])
@pytest.mark.parametrize("role", list(Role))
async def test_an_address_is_on_a_list_once_in_whatever_role_or_case(database, seed, address, role) -> None:
    async with database.transaction() as tx:
        await seed.person(tx, "security@f5.example")

        with pytest.raises(Conflict):
            await seed.person(tx, address, role)

        await seed.person(tx, address, role, list_id="late")


async def test_an_address_is_found_on_one_list_or_on_all_and_not_after_removal(database, seed) -> None:
    async with database.transaction() as tx:
        here = await seed.person(tx, "security@f5.example")
        there = await seed.person(tx, "security@f5.example", list_id="late")

        async def found(**how):
            return [person.id for person in await roster.find(tx, address="SECURITY@f5.example", **how)]

        assert await found() == [here, there]
        assert await found(list_id="late") == [there]
        await roster.set_standing(tx, here, Standing.REMOVED, seed.now)
        assert await found() == [there]


async def test_a_removed_address_can_be_added_again_as_somebody_new(database, seed) -> None:
    async with database.transaction() as tx:
        first = await seed.person(tx, "security@f5.example")
        await seed.key(tx, first, A)
        await roster.set_standing(tx, first, Standing.REMOVED, seed.now)

        second = await seed.person(tx, "security@f5.example")
        await seed.key(tx, second, A)

        assert second != first
        holder = await roster.by_fingerprint(tx, seed.list_id, A)
        assert holder is not None
        assert holder.id == second


async def test_who_was_removed_comes_back_only_where_address_and_key_are_still_free(database, seed) -> None:
    async with database.transaction() as tx:
        first = await seed.person(tx, "security@f5.example")
        await seed.key(tx, first, A)
        await roster.set_standing(tx, first, Standing.REMOVED, seed.now)
        await roster.set_standing(tx, first, Standing.ACTIVE, seed.now)
        await roster.set_standing(tx, first, Standing.REMOVED, seed.now)
        other = await seed.person(tx, "other@f5.example")
        await seed.key(tx, other, A)

        with pytest.raises(Conflict, match="key"):
            await roster.set_standing(tx, first, Standing.ACTIVE, seed.now)

        await roster.unpin_key(tx, person_id=other, fingerprint=A, now=seed.now)
        await seed.person(tx, "security@f5.example")
        with pytest.raises(Conflict, match="address"):
            await roster.set_standing(tx, first, Standing.ACTIVE, seed.now)


@pytest.mark.parametrize("role", list(Role))
async def test_a_key_belongs_to_one_address_in_one_role_of_a_list(database, seed, role: Role) -> None:
    async with database.transaction() as tx:
        holder = await seed.person(tx, "security@f5.example")
        await seed.key(tx, holder, A)
        other = await seed.person(tx, "alice@northwind.example", role)

        with pytest.raises(Conflict):
            await seed.key(tx, other, A.lower())

        elsewhere = await seed.person(tx, "alice@northwind.example", role, list_id="late")
        await seed.key(tx, elsewhere, A, list_id="late")


async def test_pinning_a_key_again_takes_the_newer_certificate(database, seed) -> None:
    async with database.transaction() as tx:
        holder = await seed.person(tx, "security@f5.example")
        await seed.key(tx, holder, A, public=b"old", expires_at=seed.after(days=1))
        await seed.key(tx, holder, A, public=b"new", expires_at=seed.after(days=400))

        assert [(key.fingerprint, key.public) for key in await roster.keys_of_list(tx, seed.list_id)] == [(A, b"new")]
        person = await roster.person(tx, holder)
        assert person is not None
        assert [key.expires_at for key in person.keys] == [seed.after(days=400)]


async def test_a_pinned_key_proves_its_holder_suspended_or_not_but_not_removed(database, seed) -> None:
    async with database.transaction() as tx:
        holder = await seed.person(tx, "security@f5.example")
        await seed.key(tx, holder, A)

        async def proved(fingerprint=A, list_id=seed.list_id):
            found = await roster.by_fingerprint(tx, list_id, fingerprint)
            return None if found is None else (found.id, found.standing)

        assert await proved() == await proved(A.lower()) == (holder, Standing.ACTIVE)
        assert await proved(B) is None
        assert await proved(A, "late") is None
        await roster.set_standing(tx, holder, Standing.SUSPENDED, seed.now)
        assert await proved() == (holder, Standing.SUSPENDED)
        await roster.set_standing(tx, holder, Standing.REMOVED, seed.now)
        assert await proved() is None


async def test_an_unpinned_key_proves_nobody_and_seals_nothing(database, seed) -> None:
    async with database.transaction() as tx:
        holder = await seed.person(tx, "security@f5.example")
        await seed.key(tx, holder, A)
        await seed.key(tx, holder, B)

        assert await roster.unpin_key(tx, person_id=holder, fingerprint=A, now=seed.now)

        assert not await roster.unpin_key(tx, person_id=holder, fingerprint=A, now=seed.now)
        assert not await roster.unpin_key(tx, person_id=4711, fingerprint=B, now=seed.now)
        assert await roster.by_fingerprint(tx, seed.list_id, A) is None
        assert [key.fingerprint for key in await roster.keys_of_list(tx, seed.list_id)] == [B]


async def test_one_who_was_removed_keeps_the_keys_pinned_last_for_what_binds_him(database, seed) -> None:
    async with database.transaction() as tx:
        holder = await seed.person(tx, "security@f5.example")
        for fingerprint in (A, B, C):
            await seed.key(tx, holder, fingerprint)
        await roster.unpin_key(tx, person_id=holder, fingerprint=A, now=seed.now)
        later = seed.now + timedelta(hours=1)
        await roster.set_standing(tx, holder, Standing.REMOVED, later)
        for fingerprint in (B, C):
            await roster.unpin_key(tx, person_id=holder, fingerprint=fingerprint, now=later)

        person = await roster.person(tx, holder)

        assert person is not None
        assert [key.fingerprint for key in person.keys] == [B, C]
        assert [key.fingerprint for key in await roster.keys_of_list(tx, seed.list_id)] == [B, C]


async def test_the_ring_holds_each_certificate_once_and_the_living_holder_s_first(database, seed) -> None:
    async with database.transaction() as tx:
        first = await seed.person(tx, "security@f5.example")
        await seed.key(tx, first, A, public=b"old")
        await roster.set_standing(tx, first, Standing.REMOVED, seed.now)
        second = await seed.person(tx, "security@f5.example")
        await seed.key(tx, second, A, public=b"new")
        await seed.key(tx, second, B)

        ring = await roster.keys_of_list(tx, seed.list_id)

    assert [(key.person_id, key.fingerprint, key.public) for key in ring] == [
        (second, A, b"new"),
        (second, B, b"certificate"),
    ]
    assert {key.address for key in ring} == {"security@f5.example"}


async def test_every_change_of_people_or_keys_moves_the_version_of_that_list_alone(database, seed) -> None:
    async with database.transaction() as tx:
        versions = [await roster.version(tx, seed.list_id)]

        async def moved() -> None:
            versions.append(await roster.version(tx, seed.list_id))

        holder = await seed.person(tx, "security@f5.example")
        await moved()
        await seed.key(tx, holder, A)
        await moved()
        await roster.set_standing(tx, holder, Standing.SUSPENDED, seed.now)
        await moved()
        await roster.unpin_key(tx, person_id=holder, fingerprint=A, now=seed.now)
        await moved()
        secret_item = await seed.item(tx)
        await roster.put_list_key(
            tx, list_id=seed.list_id, fingerprint=B, public=b"public", secret_item=secret_item, now=seed.now
        )
        await moved()

        assert versions == [0, 1, 2, 3, 4, 5]
        assert await roster.version(tx, "late") == 0


async def test_a_list_has_one_key_of_its_own(database, seed) -> None:
    async with database.transaction() as tx:
        assert await roster.list_key(tx, seed.list_id) is None
        for fingerprint in (A, B):
            await roster.put_list_key(
                tx,
                list_id=seed.list_id,
                fingerprint=fingerprint,
                public=b"public",
                secret_item=await seed.item(tx),
                now=seed.now,
            )

        found = await roster.list_key(tx, seed.list_id)

    assert found == roster.ListKeyRow(B, b"public", "IT-2")
    assert "public" not in repr(found).replace("secret_item", "")


async def test_what_waits_sealed_to_a_key_is_sealed_anew_for_its_newer_certificate(with_message, seed) -> None:
    async with with_message.transaction() as tx:
        holder = await seed.person(tx, "security@f5.example")
        await seed.key(tx, holder, A)
        await seed.key(tx, holder, C)
        await seed.sealed(tx, "CP-1")  # to A and B
        await seed.sealed(tx, "CP-2", kind=MessageKind.KEY_NOTICE)
        await seed.sealed(tx, "CP-3")
        await outbox.settle(tx, "CP-3", state=CopyState.SENT, reason=None, now=seed.now)
        await seed.sealed(tx, "CP-4")
        await outbox.claim_due(tx, owner="sender", now=seed.now, lease_for=timedelta(minutes=2), limit=1)

        async def sealed():
            names = ("CP-1", "CP-2", "CP-3", "CP-4")
            return [name for name in names if (await outbox.get(tx, name)).sealed_to is not None]

        await seed.key(tx, holder, C, public=b"newer")
        assert await sealed() == ["CP-1", "CP-2", "CP-3", "CP-4"]
        await seed.key(tx, holder, A.lower(), public=b"newer")
        assert await sealed() == ["CP-2", "CP-3"]
        unsealed = await outbox.claim_unsealed(tx, owner="sealer", now=seed.now, lease_for=timedelta(minutes=2))
        assert [copy.id for copy in unsealed] == ["CP-4"], "the other one is in somebody's hands"
