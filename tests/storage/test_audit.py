"""The trail: what is appended, and every way to tamper with it that has to show."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from sqlalchemy import text

from policy.reasons import Reason
from storage import audit
from storage.database import Database, Tx
from storage.errors import TrailBroken
from storage.records import Verified

COUNT = 12


class Signer:
    """A trail's key, outside storage as in the product."""

    def __init__(self) -> None:
        self._key = Ed25519PrivateKey.generate()
        self.public = self._key.public_key().public_bytes_raw()

    def sign(self, message: bytes) -> bytes:
        return self._key.sign(message)


def check(public_key: bytes, message: bytes, signature: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


@pytest.fixture
def signer() -> Signer:
    return Signer()


@pytest.fixture
async def trail(database: Database, signer: Signer, seed) -> audit.Trail:
    async with database.transaction() as tx:
        return audit.Trail(signer.sign, signer.public, await seed.item(tx))


async def append(tx: Tx, trail: audit.Trail, number: int, **changes):
    given = {
        "at": datetime(2026, 11, 24, 17, 0, number % 60, 123, tzinfo=UTC),
        "event": "copy-sent",
        "id": f"CP-{number}",
        "list_id": "early",
        "actor": "gateway",
        "reason": Reason.STRANGER,
        "detail": {"message": f"ED-2026-K7QX/{number}", "until": datetime(2026, 12, 8, 18, tzinfo=UTC)},
    }
    return await trail.append(tx, **(given | changes))


@pytest.fixture
async def filled(database: Database, trail: audit.Trail) -> Database:
    async with database.transaction() as tx:
        for number in range(1, COUNT + 1):
            await append(tx, trail, number)
    return database


async def verify(database: Database, **how) -> Verified:
    async with database.reading() as tx:
        return await audit.verify(tx, check, **({"public_key": None} | how))


async def tamper(database: Database, *statements: str, **values) -> None:
    async with database.transaction() as tx:
        if not database.is_sqlite:
            await tx.execute(text("SET LOCAL session_replication_role = replica"))  # without foreign keys
        for statement in statements:
            await tx.execute(text(statement), values)


async def test_an_empty_trail_is_whole(database: Database) -> None:
    assert await verify(database) == Verified(ok=True, first_bad=None, why=None)
    async with database.reading() as tx:
        assert await audit.head(tx) is None
        assert await audit.ls(tx) == ()


async def test_records_are_numbered_chained_and_read_back_as_they_were_appended(
    database: Database, trail: audit.Trail
) -> None:
    async with database.transaction() as tx:
        first = await append(tx, trail, 1)
        second = await append(tx, trail, 2, at=first.at + timedelta(microseconds=1))

    async with database.reading() as tx:
        assert await audit.ls(tx) == (first, second)
        assert await audit.head(tx) == (2, second.hash)
    assert (first.seq, first.previous) == (1, audit.ORIGIN)
    assert (second.seq, second.previous) == (2, first.hash)
    assert first.reason == "stranger"
    assert first.detail == {"message": "ED-2026-K7QX/1", "until": "2026-12-08T18:00:00.000000Z"}


async def test_records_are_listed_after_one_and_about_one_thing(filled: Database) -> None:
    async with filled.reading() as tx:
        assert [record.seq for record in await audit.ls(tx, after=9)] == [10, 11, 12]
        assert [record.seq for record in await audit.ls(tx, after=3, limit=2)] == [4, 5]
        assert [record.seq for record in await audit.ls(tx, id="CP-7")] == [7]


async def test_a_trail_that_nobody_touched_is_whole(filled: Database, signer: Signer) -> None:
    async with filled.reading() as tx:
        head = await audit.head(tx)
        fifth = (await audit.ls(tx, after=4, limit=1))[0]

    assert (await verify(filled, public_key=signer.public, witness=head)).ok
    assert (await verify(filled, witness=(5, fifth.hash.upper()))).ok


async def test_a_rolled_back_record_leaves_no_gap(filled: Database, trail: audit.Trail) -> None:
    with pytest.raises(RuntimeError):
        async with filled.transaction() as tx:
            await append(tx, trail, 99)
            raise RuntimeError("the work failed")
    async with filled.transaction() as tx:
        assert (await append(tx, trail, 13)).seq == 13

    assert (await verify(filled)).ok


async def test_strange_text_goes_into_the_trail_and_still_verifies(database: Database, trail: audit.Trail) -> None:
    async with database.transaction() as tx:
        await append(
            tx, trail, 1, actor="m\u00fcller\x00\udcff@" + "x" * 400, reason="r" * 300, detail={"k": "\x00\ud800"}
        )

    assert (await verify(database)).ok


CHANGES = [
    pytest.param("at", "at || ''", "at + interval '1 microsecond'", id="at"),
    pytest.param("event", "'copy-lost'", "'copy-lost'", id="event"),
    pytest.param("id", "'CP-8'", "'CP-8'", id="id"),
    pytest.param("list_id", "'late'", "'late'", id="list_id"),
    pytest.param("actor", "'operator'", "'operator'", id="actor"),
    pytest.param("reason", "''", "''", id="reason"),
    pytest.param("detail", "'{}'", "'{}'", id="detail"),
    pytest.param("detail", "detail || ' '", "detail || ' '", id="detail: only white space"),
    pytest.param("previous", f"'{'0' * 64}'", f"'{'0' * 64}'", id="previous"),
    pytest.param("hash", f"'{'0' * 64}'", f"'{'0' * 64}'", id="hash"),
    pytest.param("hash", "upper(hash)", "upper(hash)", id="hash: only its case"),
]


@pytest.mark.parametrize("seq", [1, COUNT])
@pytest.mark.parametrize(("column", "on_sqlite", "on_postgresql"), CHANGES)
async def test_any_column_changed_is_found_at_its_record(
    filled: Database, column: str, on_sqlite: str, on_postgresql: str, seq: int
) -> None:
    if column == "at" and filled.is_sqlite:
        on_sqlite = "replace(at, '.000123', '.000124')"
    if column == "previous" and seq == 1:
        on_sqlite = on_postgresql = f"'{'1' * 64}'"
    value = on_sqlite if filled.is_sqlite else on_postgresql
    await tamper(filled, f"UPDATE audit SET {column} = {value} WHERE seq = {seq}")

    found = await verify(filled)

    assert (found.ok, found.first_bad) == (False, seq)
    assert found.why


ODD_TYPES = [
    pytest.param("UPDATE audit SET event = CAST(event AS BLOB) WHERE seq = 7", id="text made a blob"),
    pytest.param("UPDATE audit SET reason = CAST(x'ff' AS TEXT) WHERE seq = 7", id="text that is no UTF-8"),
    pytest.param(
        "UPDATE audit SET at = replace(at, 'Z', '+00:00') WHERE seq = 7", id="the same instant, written otherwise"
    ),
    pytest.param("UPDATE audit SET seq = 'seven' WHERE seq = 7", id="seq made text"),
    pytest.param("UPDATE audit SET seq = 7.5 WHERE seq = 7", id="seq made a fraction"),
    pytest.param("UPDATE audit SET seq = x'37' WHERE seq = 7", id="seq made a blob"),
    pytest.param("UPDATE audit SET detail = detail || char(0) || 'x' WHERE seq = 7", id="more behind a NUL"),
]


@pytest.mark.parametrize("statement", ODD_TYPES)
async def test_on_sqlite_a_value_of_another_type_is_found_too(
    filled: Database, statement: str, request: pytest.FixtureRequest
) -> None:
    if not filled.is_sqlite:
        statement = "UPDATE audit SET detail = detail || ' ' WHERE seq = 7"  # there the columns keep their types

    await tamper(filled, statement)

    found = await verify(filled)
    assert (found.ok, found.first_bad) == (False, 7)


@pytest.mark.parametrize("seq", [1, 7])
async def test_a_removed_record_is_found_as_missing(filled: Database, seq: int) -> None:
    await tamper(filled, f"DELETE FROM audit WHERE seq = {seq}")

    assert (await verify(filled)).first_bad == seq


async def test_a_removed_record_is_found_though_those_behind_it_were_numbered_anew(filled: Database) -> None:
    renumber = [f"UPDATE audit SET seq = {seq - 1} WHERE seq = {seq}" for seq in range(8, COUNT + 1)]
    await tamper(filled, "DELETE FROM audit WHERE seq = 7", *renumber)

    assert (await verify(filled)).first_bad == 7


async def test_two_swapped_records_are_found(filled: Database) -> None:
    await tamper(
        filled,
        "UPDATE audit SET seq = -1 WHERE seq = 5",
        "UPDATE audit SET seq = 5 WHERE seq = 9",
        "UPDATE audit SET seq = 9 WHERE seq = -1",
    )

    assert (await verify(filled)).first_bad == 5


@pytest.mark.parametrize("left", [0, 2, COUNT - 1])
async def test_a_cut_off_end_is_found_at_the_first_missing_record(filled: Database, left: int) -> None:
    await tamper(filled, f"DELETE FROM audit WHERE seq > {left}")

    found = await verify(filled)

    assert (found.ok, found.first_bad) == (False, left + 1)


async def test_a_cut_off_end_is_found_though_the_head_was_set_back(filled: Database) -> None:
    await tamper(
        filled,
        "DELETE FROM audit WHERE seq > 2",
        "UPDATE trail_head SET seq = 2, hash = (SELECT hash FROM audit WHERE seq = 2)",
    )

    found = await verify(filled)

    assert not found.ok
    assert found.why is not None
    assert "not signed" in found.why


async def test_a_head_signed_with_another_key_is_found_by_the_expected_one(
    filled: Database, signer: Signer, seed
) -> None:
    forger = Signer()
    async with filled.transaction() as tx:
        key_item = await seed.item(tx)
        await tx.execute(text("DELETE FROM audit"))
        await tx.execute(text("DELETE FROM trail_head"))
        forged = audit.Trail(forger.sign, forger.public, key_item)
        for number in range(1, COUNT + 1):
            await append(tx, forged, number, reason="all is well")

    assert (await verify(filled, public_key=None)).ok
    assert not (await verify(filled, public_key=signer.public)).ok


@pytest.mark.parametrize(
    "statement",
    [
        pytest.param("UPDATE trail_head SET seq = seq + 1", id="seq"),
        pytest.param("UPDATE trail_head SET hash = 'x'", id="hash"),
        pytest.param("UPDATE trail_head SET signature = :junk", id="signature"),
        pytest.param("UPDATE trail_head SET public_key = :junk", id="public_key"),
        pytest.param("UPDATE trail_head SET key_item = 'IT-other'", id="key_item"),
        pytest.param("UPDATE trail_head SET id = 2", id="id"),
        pytest.param("DELETE FROM trail_head", id="removed"),
        pytest.param(
            "INSERT INTO trail_head (id, seq, hash, signature, public_key, key_item)"
            " SELECT 2, seq, hash, signature, public_key, key_item FROM trail_head",
            id="a second one",
        ),
        pytest.param("DELETE FROM audit", id="all records removed"),
    ],
)
async def test_any_change_of_the_head_is_found(filled: Database, seed, statement: str) -> None:
    async with filled.transaction() as tx:
        await tx.execute(
            text("INSERT INTO items (id, size, created_at) SELECT 'IT-other', size, created_at FROM items LIMIT 1")
        )
    values = {"junk": b"j" * 32} if ":junk" in statement else {}

    await tamper(filled, statement, **values)

    assert not (await verify(filled)).ok


async def test_a_record_added_without_the_key_is_found(filled: Database) -> None:
    """With a right hash and a right predecessor, as anybody can make them; all but the signature."""
    async with filled.transaction() as tx:
        end = await audit.head(tx)
        assert end is not None
        forger = Signer()
        await tx.execute(text("CREATE TABLE kept AS SELECT * FROM trail_head"))
        item = await tx.scalar(text("SELECT key_item FROM trail_head"))
        forged = audit.Trail(forger.sign, forger.public, item)
        await tx.execute(
            text("UPDATE trail_head SET signature = :signature, public_key = :public"),
            {"signature": forger.sign(audit.head_message(*end, item)), "public": forger.public},
        )
        await append(tx, forged, COUNT + 1)
        await tx.execute(text("DELETE FROM trail_head"))
        await tx.execute(text("INSERT INTO trail_head SELECT * FROM kept"))

    found = await verify(filled)

    assert (found.ok, found.first_bad) == (False, COUNT + 1)


async def test_a_database_put_back_whole_shows_against_a_witness_alone(
    database: Database, trail: audit.Trail, signer: Signer
) -> None:
    async with database.transaction() as tx:
        await append(tx, trail, 1)
    witness = (2, "a" * 64)  # from a receipt: a second record was there once

    assert (await verify(database, public_key=signer.public)).ok
    found = await verify(database, public_key=signer.public, witness=witness)

    assert (found.ok, found.first_bad) == (False, 2)


async def test_a_trail_written_anew_shows_against_a_witness(filled: Database) -> None:
    found = await verify(filled, witness=(5, "a" * 64))

    assert (found.ok, found.first_bad) == (False, 5)


BROKEN = [
    pytest.param("DELETE FROM trail_head", id="the head removed"),
    pytest.param(
        "UPDATE trail_head SET seq = 2, hash = (SELECT hash FROM audit WHERE seq = 2)", id="the head set back"
    ),
    pytest.param("UPDATE trail_head SET signature = :junk", id="the signature changed"),
    pytest.param("UPDATE trail_head SET public_key = :junk", id="the key changed"),
]


@pytest.mark.parametrize("statement", BROKEN)
async def test_nothing_is_appended_to_a_trail_whose_head_is_not_ours(
    filled: Database, trail: audit.Trail, statement: str
) -> None:
    """Signing the next record over a forged head would make the forgery good."""
    values = {"junk": b"j" * 32} if ":junk" in statement else {}
    await tamper(filled, "DELETE FROM audit WHERE seq > 2", statement, **values)

    with pytest.raises(TrailBroken):
        async with filled.transaction() as tx:
            await append(tx, trail, 99)

    assert not (await verify(filled)).ok


async def test_appending_after_the_end_was_cut_off_does_not_hide_it(filled: Database, trail: audit.Trail) -> None:
    await tamper(filled, "DELETE FROM audit WHERE seq > 2")

    async with filled.transaction() as tx:
        await append(tx, trail, 99)

    assert (await verify(filled)).first_bad == 3


async def test_several_writers_make_one_chain(filled: Database, trail: audit.Trail, url: str) -> None:
    import asyncio

    databases = [Database(url, patience=60) for _ in range(3)]
    for each in databases:
        await each.open()

    async def write(one: Database) -> None:
        for number in range(10):
            async with one.transaction() as tx:
                await append(tx, trail, number)

    await asyncio.gather(*(write(one) for one in databases))

    assert (await verify(filled)).ok
    async with filled.reading() as tx:
        head = await audit.head(tx)
    assert head is not None
    assert head[0] == COUNT + 30
    for each in databases:
        await each.close()


async def test_a_trail_of_several_pages_is_read_to_its_last_record(
    database: Database, trail: audit.Trail, signer: Signer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last record is bad, so that all are read. How fast it goes, ``make bench`` tells."""
    monkeypatch.setattr(audit, "_PAGE", 40)
    count = 210
    previous = audit.ORIGIN
    rows = []
    at = datetime(2026, 11, 24, 17, tzinfo=UTC)
    for seq in range(1, count + 1):
        row = {
            "seq": seq,
            "at": "2026-11-24T17:00:00.000000Z",
            "event": "copy-sent",
            "id": f"CP-{seq}",
            "list_id": "early",
            "actor": "gateway",
            "reason": "",
            "detail": "{}",
            "previous": previous,
        }
        previous = audit._digest(row)
        rows.append(row | {"hash": previous, "at": at})
    async with database.transaction() as tx:
        await tx.execute(audit.insert(audit.t.audit), rows)

    found = await verify(database, public_key=signer.public)

    assert not found.ok
    assert found.first_bad == count
    assert found.why == "there is not exactly one head"
