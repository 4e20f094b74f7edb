"""Who is on a list, and which keys are pinned for whom.

Each change moves the list's ``version``, by which the GnuPG homes (caches of this) know that they are old.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Column, ColumnElement, RowMapping, Select, bindparam, insert, select, update

from policy.facts import Key, Person, Role, Standing
from storage import grants, outbox
from storage import tables as t
from storage.database import Tx
from storage.errors import Conflict
from storage.records import KeyRow
from storage.rows import insert_if_new, plain, record_of, words

_REMOVED = Standing.REMOVED.value
_SMALL = tuple(column for column in t.keys.c if column.name != "public")  # of a key, but for the certificate


def _people(*key_columns: Column[Any]) -> Select[Any]:
    """Select people, each with as many rows as keys, and some columns of these."""
    labelled = (column.label(f"key_{column.name}") for column in key_columns)
    held = select(t.people, *labelled).outerjoin(t.keys, t.keys.c.person_id == t.people.c.id)
    return held.order_by(t.people.c.id, t.keys.c.id)


_PERSON = _people(*_SMALL).where(t.people.c.id == bindparam("wanted"))
_VERSION = select(t.roster_versions.c.version).where(t.roster_versions.c.list_id == bindparam("wanted"))


@dataclass(frozen=True, slots=True)
class ListKeyRow:
    """A list's own key: the public certificate, and the sealed item with the secret one."""

    fingerprint: str
    public: bytes = field(repr=False)
    secret_item: str


@dataclass(frozen=True, slots=True)
class _Held:
    """Somebody's row, and the rows of the keys held."""

    row: RowMapping
    keys: list[dict[str, Any]]


async def add_person(
    tx: Tx,
    *,
    list_id: str,
    role: Role,
    address: str,
    name: str,
    groups: Iterable[str],
    policy_hash: str | None,
    now: datetime,
) -> int:
    """Put somebody on a list, without a key yet, and return the id given.

    ``policy_hash`` records that the policy of that hash was accepted now. Raises Conflict when the
    address, in whatever case, is on the list already, in any role.
    """
    if await find(tx, address=address, list_id=list_id):
        raise Conflict("the address is on the list already")
    done = await tx.execute(
        insert(t.people).values(
            list_id=list_id,
            role=plain(role),
            address=address,
            name=name,
            standing=Standing.ACTIVE.value,
            groups=sorted(set(groups)),
            policy_hash=policy_hash,
            accepted_at=now if policy_hash is not None else None,
            added_at=now,
            changed_at=now,
        )
    )
    await _moved(tx, list_id)
    assert done.inserted_primary_key is not None
    return int(done.inserted_primary_key[0])


async def pin_key(
    tx: Tx,
    *,
    person_id: int,
    list_id: str,
    fingerprint: str,
    public: bytes,
    algorithm: str,
    expires_at: datetime | None,
    flaw: str | None,
    now: datetime,
) -> None:
    """Pin a key for somebody; for one that is pinned already, take the newer certificate.

    What waits sealed to that key is sealed anew, to what its certificate says now (invariant 28).
    Raises Conflict when it is pinned for anybody else on that list: a key says who speaks (law 6).
    """
    holder = await by_fingerprint(tx, list_id, fingerprint)
    if holder is not None and holder.id != person_id:
        raise Conflict("the key is pinned for another address or role of the list")
    await _take_off(tx, person_id, fingerprint, now)
    await tx.execute(
        insert(t.keys).values(
            person_id=person_id,
            list_id=list_id,
            fingerprint=fingerprint.upper(),
            public=public,
            algorithm=algorithm,
            expires_at=expires_at,
            flaw=flaw,
            added_at=now,
        )
    )
    await outbox.unseal_of_key(tx, list_id, fingerprint.upper())
    await _moved(tx, list_id)


async def unpin_key(tx: Tx, *, person_id: int, fingerprint: str, now: datetime) -> bool:
    """Unpin a key; False when it was not pinned for that person."""
    list_id = await tx.scalar(select(t.people.c.list_id).where(t.people.c.id == person_id))
    if list_id is None or not await _take_off(tx, person_id, fingerprint, now):
        return False
    await _moved(tx, list_id)
    return True


async def set_standing(tx: Tx, person_id: int, standing: Standing, now: datetime) -> None:
    """Suspend, reinstate or remove somebody. Raises Conflict when a removed one's address or key is in use again."""
    who = await person(tx, person_id)
    if who is None:
        return
    if who.standing is Standing.REMOVED and standing is not Standing.REMOVED:
        await _refuse_taken(tx, who)
    await tx.execute(
        update(t.people).where(t.people.c.id == person_id).values(standing=plain(standing), changed_at=now)
    )
    await _moved(tx, who.list_id)


async def people(
    tx: Tx, list_id: str | None, *, roles: Collection[Role] | None = None, with_removed: bool = False
) -> tuple[Person, ...]:
    """Return the people of a list (None: of all lists), in the order in which they came, with their keys."""
    where: list[ColumnElement[bool]] = []
    if list_id is not None:
        where.append(t.people.c.list_id == list_id)
    if roles is not None:
        where.append(t.people.c.role.in_(words(roles)))
    if not with_removed:
        where.append(t.people.c.standing != _REMOVED)
    found = _gathered((await tx.execute(_people(*_SMALL).where(*where))).mappings())
    return await _with_grants(tx, tuple(_person(one) for one in found))


async def person(tx: Tx, person_id: int) -> Person | None:
    """Return somebody, also one who is removed: then with the keys that were pinned last."""
    found = _gathered((await tx.execute(_PERSON, {"wanted": person_id})).mappings())
    return next(iter(await _with_grants(tx, tuple(_person(one) for one in found))), None)


async def find(tx: Tx, *, address: str, list_id: str | None = None) -> tuple[Person, ...]:
    """Return those (not removed) with an address, compared without regard to case."""
    wanted = address.casefold()
    everybody = await people(tx, list_id)
    return tuple(one for one in everybody if one.address.casefold() == wanted)


async def by_fingerprint(tx: Tx, list_id: str, fingerprint: str) -> Person | None:
    """Return whose pinned key that is; None where it is nobody's, or only of one who is removed."""
    holder = await tx.scalar(
        select(t.people.c.id)
        .join(t.keys, t.keys.c.person_id == t.people.c.id)
        .where(
            t.keys.c.list_id == list_id,
            t.keys.c.fingerprint == fingerprint.upper(),
            t.keys.c.removed_at.is_(None),
            t.people.c.standing != _REMOVED,
        )
    )
    return await person(tx, holder) if holder is not None else None


async def keys_of_list(tx: Tx, list_id: str) -> tuple[KeyRow, ...]:
    """Return all certificates that the list may have to seal to, each fingerprint once.

    Those who are removed are in it with the keys pinned last: what binds them has to reach them, sealed.
    """
    query = _people(*t.keys.c).where(t.people.c.list_id == list_id)
    found = _gathered((await tx.execute(query)).mappings())
    found.sort(key=lambda one: one.row["standing"] == _REMOVED)  # of one certificate twice, the living one
    ring: dict[str, KeyRow] = {}
    for one in found:
        for key in one.keys:
            ring.setdefault(key["fingerprint"], _key_row(one.row, key))
    return tuple(ring.values())


async def version(tx: Tx, list_id: str) -> int:
    """Return the version of a list's people and keys; 0 before the first."""
    found = await tx.scalar(_VERSION, {"wanted": list_id})
    return int(found or 0)


async def put_list_key(
    tx: Tx, *, list_id: str, fingerprint: str, public: bytes, secret_item: str, now: datetime
) -> None:
    """Keep a list's own key, in the place of the one before it."""
    row = {"fingerprint": fingerprint.upper(), "public": public, "secret_item": secret_item, "created_at": now}
    if not await insert_if_new(tx, t.list_keys, {"list_id": list_id, **row}):
        await tx.execute(update(t.list_keys).where(t.list_keys.c.list_id == list_id).values(**row))
    await _moved(tx, list_id)


async def list_key(tx: Tx, list_id: str) -> ListKeyRow | None:
    """Return a list's own key; None before ``init``."""
    row = (await tx.execute(select(t.list_keys).where(t.list_keys.c.list_id == list_id))).mappings().first()
    return record_of(ListKeyRow, row) if row is not None else None


async def _with_grants(tx: Tx, found: tuple[Person, ...]) -> tuple[Person, ...]:
    """The same people; those who are no members with what was granted to them."""
    held = await grants.held_by(tx, [one.id for one in found if one.role is Role.GUEST])
    return tuple(replace(one, grants=held[one.id]) if one.id in held else one for one in found) if held else found


async def _moved(tx: Tx, list_id: str) -> None:
    if not await insert_if_new(tx, t.roster_versions, {"list_id": list_id, "version": 1}):
        table = t.roster_versions
        await tx.execute(update(table).where(table.c.list_id == list_id).values(version=table.c.version + 1))


async def _take_off(tx: Tx, person_id: int, fingerprint: str, now: datetime) -> bool:
    done = await tx.execute(
        update(t.keys)
        .where(
            t.keys.c.person_id == person_id, t.keys.c.fingerprint == fingerprint.upper(), t.keys.c.removed_at.is_(None)
        )
        .values(removed_at=now)
    )
    return done.rowcount > 0


async def _refuse_taken(tx: Tx, who: Person) -> None:
    if await find(tx, address=who.address, list_id=who.list_id):
        raise Conflict("the address is on the list already")
    for key in who.keys:
        if await by_fingerprint(tx, who.list_id, key.fingerprint) is not None:
            raise Conflict("the key is pinned for another address or role of the list")


def _gathered(rows: Iterable[RowMapping]) -> list[_Held]:
    """Gather people, in the order in which they came, with their keys.

    Those that are pinned; for one who is removed and has none, those that were unpinned last.
    """
    every: dict[int, _Held] = {}
    for row in rows:
        one = every.setdefault(row["id"], _Held(row, []))
        if row["key_id"] is not None:
            one.keys.append({name.removeprefix("key_"): row[name] for name in row if name.startswith("key_")})
    for one in every.values():
        pinned = [key for key in one.keys if key["removed_at"] is None]
        if not pinned and one.keys and one.row["standing"] == _REMOVED:
            last = max(key["removed_at"] for key in one.keys)
            pinned = [key for key in one.keys if key["removed_at"] == last]
        one.keys[:] = pinned
    return list(every.values())


def _person(held: _Held) -> Person:
    row = held.row
    return Person(
        id=row["id"],
        list_id=row["list_id"],
        role=Role(row["role"]),
        address=row["address"],
        name=row["name"],
        standing=Standing(row["standing"]),
        groups=frozenset(row["groups"]),
        keys=tuple(Key(key["fingerprint"], key["algorithm"], key["expires_at"], key["flaw"]) for key in held.keys),
    )


def _key_row(row: RowMapping, key: Mapping[str, Any]) -> KeyRow:
    return KeyRow(
        person_id=row["id"],
        address=row["address"],
        role=Role(row["role"]),
        fingerprint=key["fingerprint"],
        public=key["public"],
        algorithm=key["algorithm"],
        expires_at=key["expires_at"],
        flaw=key["flaw"],
    )
