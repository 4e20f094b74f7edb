"""The audit trail: append-only, each record chained by hash to the one before, its end signed.

What makes a change visible. A record's hash is over every other column of its row and over the hash
before it, so a changed, removed, inserted or swapped row breaks the chain at its place. The head
(``trail_head``) names the last record and is signed in the same transaction, so an end cut off, or
records added by anybody without the key, shows as well. A database put back whole, head and all, shows
only against a witness from outside: the ``SEQ:HASH`` that every receipt tells the coordinators.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, insert, or_, select, text, update

from storage import tables as t
from storage.columns import instant_text
from storage.database import Tx
from storage.errors import TrailBroken
from storage.records import AuditRecord, Verified
from storage.rows import clip, plain

ORIGIN = "0" * 64
"""What stands as the hash before the first record."""

_PAGE = 4000  # records in memory at a time while verifying

_COLUMNS = tuple(column.name for column in t.audit.columns)
_HASHED = tuple(name for name in _COLUMNS if name != "hash")
_HEAD = select(t.trail_head).where(t.trail_head.c.id == 1)
_MOVE_HEAD = update(t.trail_head).where(t.trail_head.c.id == 1)
_INTEGERS = frozenset({"seq"})

Check = Callable[[bytes, bytes, bytes], bool]
"""(public key, message, signature) -> whether the signature holds."""


def head_message(seq: int, digest: str, key_item: str) -> bytes:
    """Return the bytes that the head's signature is over."""
    return f"embargo-gateway audit head\n{seq}\n{digest}\n{key_item}\n".encode()


class Trail:
    """The one writer of the trail. ``sign`` has to be deterministic, as Ed25519 is (RFC 8032 s5.1.6)."""

    def __init__(self, sign: Callable[[bytes], bytes], public_key: bytes, key_item: str) -> None:
        """Take the signer, the public key that belongs to it, and the id of the sealed item with the secret one."""
        self._sign = sign
        self._public_key = public_key
        self._key_item = key_item

    async def append(
        self,
        tx: Tx,
        *,
        at: datetime,
        event: str,
        id: str,  # noqa: A002  # the name of the column, and of the contract's JSON
        list_id: str,
        actor: str,
        reason: str = "",
        detail: Mapping[str, Any] | None = None,
    ) -> AuditRecord:
        """Add a record, in the transaction of what it tells of. ``detail``: ids, states, numbers, instants.

        Raises TrailBroken when the head is missing or not signed by this key: to sign a new one would
        hide what was done to the trail. The head must not be signed over without having been checked.
        """
        seq, previous, is_first = await self._end(tx)
        row: dict[str, Any] = {
            "seq": seq + 1,
            "at": instant_text(at),
            "event": clip(plain(event), 64),
            "id": clip(id, 64),
            "list_id": clip(list_id, 64),
            "actor": clip(actor, 320),
            "reason": clip(plain(reason), 200),
            "detail": _canonical(detail or {}),
            "previous": previous,
        }
        row["hash"] = _digest(row)
        await tx.execute(insert(t.audit), row | {"at": at})
        await self._sign_head(tx, row["seq"], row["hash"], is_first=is_first)
        return _record(row | {"at": datetime.fromisoformat(row["at"])})

    async def _end(self, tx: Tx) -> tuple[int, str, bool]:
        """Return seq and hash to go on from, and whether there is nothing yet; trust it only as signed by us."""
        end = (await tx.execute(_HEAD)).mappings().first()
        if end is None:
            if await tx.scalar(select(t.audit.c.seq).limit(1)) is not None:
                raise TrailBroken("the audit trail has records but no head")
            return 0, ORIGIN, True
        # Signing anew gives the same bytes, so no verifier is needed here.
        message = head_message(end["seq"], end["hash"], end["key_item"])
        if end["public_key"] != self._public_key or self._sign(message) != end["signature"]:
            raise TrailBroken("the head of the audit trail is not signed by this gateway's key")
        return end["seq"], end["hash"], False

    async def _sign_head(self, tx: Tx, seq: int, digest: str, *, is_first: bool) -> None:
        values = {
            "seq": seq,
            "hash": digest,
            "signature": self._sign(head_message(seq, digest, self._key_item)),
            "public_key": self._public_key,
            "key_item": self._key_item,
        }
        if is_first:
            await tx.execute(insert(t.trail_head), {"id": 1} | values)
        else:
            await tx.execute(_MOVE_HEAD, values)


async def head(tx: Tx) -> tuple[int, str] | None:
    """Return seq and hash of the end, as told in receipts; None before the first record."""
    row = (await tx.execute(select(t.trail_head.c.seq, t.trail_head.c.hash).where(t.trail_head.c.id == 1))).first()
    return (row[0], row[1]) if row is not None else None


async def ls(
    tx: Tx,
    after: int = 0,
    limit: int | None = None,
    id: str | None = None,  # noqa: A002  # as in append
) -> tuple[AuditRecord, ...]:
    """Return records in order, after a seq, at most ``limit``, about one id only where it is given."""
    query = select(t.audit).where(t.audit.c.seq > after).order_by(t.audit.c.seq).limit(limit)
    if id is not None:
        query = query.where(t.audit.c.id == id)
    return tuple(_record(dict(row)) for row in (await tx.execute(query)).mappings())


async def of_disclosure(tx: Tx, disclosure_id: str) -> tuple[AuditRecord, ...]:
    """Return all that the trail tells of a disclosure, in order.

    That is what is about it, its messages and their copies, its leak reports and the alarms over them, what
    was kept back in its thread; and whatever names it in its detail.
    """
    own_messages = select(t.messages.c.id).where(t.messages.c.disclosure_id == disclosure_id)
    own_leaks = select(t.leaks.c.id).where(t.leaks.c.disclosure_id == disclosure_id)
    rung = or_(t.alarms.c.ref == disclosure_id, t.alarms.c.ref.in_(own_messages), t.alarms.c.ref.in_(own_leaks))
    # A detail is JSON: the id whole, or that of one of its messages ("ED-2026-K7QX/2").
    named = (t.audit.c.detail.contains(f'"{disclosure_id}{end}', autoescape=True) for end in ('"', "/"))
    query = select(t.audit).where(
        or_(
            t.audit.c.id == disclosure_id,
            t.audit.c.id.in_(own_messages),
            t.audit.c.id.in_(own_leaks),
            t.audit.c.id.in_(select(t.quarantine.c.id).where(t.quarantine.c.disclosure_id == disclosure_id)),
            t.audit.c.id.in_(select(t.mails.c.id).where(t.mails.c.disclosure_id == disclosure_id)),
            t.audit.c.id.in_(select(t.alarms.c.id).where(rung)),
            *named,
        )
    )
    return tuple(_record(dict(row)) for row in (await tx.execute(query.order_by(t.audit.c.seq))).mappings())


async def verify(tx: Tx, check: Check, *, public_key: bytes | None, witness: tuple[int, str] | None = None) -> Verified:
    """Hold the whole trail against its hashes, its head and a witness; name the first bad record.

    ``public_key`` is the key that has to have signed (None: the one that the head names, which a forger
    would have exchanged as well). Where the end is missing, the first bad record is the first missing one.
    """
    seq, digest, seen = 0, ORIGIN, None
    async for row in _rows(tx):
        if row is None:
            return _bad(seq + 1, "a value of it cannot be read")
        why = _why_bad(row, seq + 1, digest)
        if why is not None:
            return _bad(seq + 1, why)
        seq, digest = seq + 1, row["hash"]
        if witness is not None and witness[0] == seq:
            seen = digest
    if witness is not None and witness[0] > seq:
        return _bad(seq + 1, f"the trail ends at {seq}, before the record that the witness names")
    if witness is not None and seen != witness[1].lower():
        return _bad(witness[0], "the witness has another hash for this record")
    return await _verify_head(tx, check, public_key, seq, digest)


async def _verify_head(tx: Tx, check: Check, public_key: bytes | None, seq: int, digest: str) -> Verified:
    heads = (await tx.execute(text(_raw(tx, "trail_head", [column.name for column in t.trail_head.columns])))).all()
    if not heads and seq == 0:
        return Verified(ok=True, first_bad=None, why=None)
    if len(heads) != 1:
        return _bad(seq or 1, "there is not exactly one head")
    row = _decoded(tx, heads[0], [column.name for column in t.trail_head.columns])
    if row is None or not _is_head(row):
        return _bad(seq or 1, "the head is damaged")
    message = head_message(row["seq"], row["hash"], row["key_item"])
    expected = row["public_key"] if public_key is None else public_key
    if row["public_key"] != expected or not check(expected, message, row["signature"]):
        return _bad(min(row["seq"], seq) or 1, "the head is not signed by the gateway's key")
    if row["seq"] > seq:
        return _bad(seq + 1, f"the end is missing: the signed head names {row['seq']}")
    if row["seq"] < seq:
        return _bad(row["seq"] + 1, "it was added without the gateway's signature")
    if row["hash"] != digest:
        return _bad(seq or 1, "the signed head has another hash for this record")
    return Verified(ok=True, first_bad=None, why=None)


def _is_head(row: Mapping[str, Any]) -> bool:
    kinds = {"id": int, "seq": int, "hash": str, "signature": bytes, "public_key": bytes, "key_item": str}
    return row["id"] == 1 and all(type(row[name]) is kind for name, kind in kinds.items())


def _why_bad(row: Mapping[str, Any], seq: int, previous: str) -> str | None:
    if type(row["seq"]) is not int or row["seq"] != seq:
        return "it is missing, or another stands in its place"
    if any(type(row[name]) is not str for name in _COLUMNS if name not in _INTEGERS):
        return "a value of it is of another type"
    if row["previous"] != previous:
        return "it does not follow the record before it"
    if row["hash"] != _digest(row):
        return "it was changed"
    return None


def _bad(first_bad: int, why: str) -> Verified:
    return Verified(ok=False, first_bad=first_bad, why=why)


def _record(row: Mapping[str, Any]) -> AuditRecord:
    return AuditRecord(**{name: row[name] for name in _COLUMNS} | {"detail": json.loads(row["detail"])})


def _canonical(value: object) -> str:
    return json.dumps(value, ensure_ascii=True, sort_keys=True, separators=(",", ":"), default=_as_json)


def _as_json(value: object) -> object:
    if isinstance(value, datetime):
        return instant_text(value)
    if isinstance(value, set | frozenset):
        return plain(frozenset(value))
    raise TypeError(f"the trail takes no {type(value).__name__}")


def _digest(row: Mapping[str, Any]) -> str:
    """Hash the columns of a record, named, as they stand in the table; an instant as fixed-width text."""
    return hashlib.sha256(_canonical({name: row[name] for name in _HASHED}).encode()).hexdigest()


async def _rows(tx: Tx) -> AsyncIterator[dict[str, Any] | None]:
    """Read the trail as it stands, in order of seq, a page at a time; None for a row that cannot be read.

    Where SQLite is the database each value is read as its type and its bytes: it would otherwise take text
    for an instant of the same meaning, and stop at text that is no UTF-8.
    """
    everything = _raw(tx, "audit", _COLUMNS)
    page: Sequence[Row[Any]] = (await tx.execute(text(f"{everything} ORDER BY seq LIMIT {_PAGE}"))).all()
    following = text(f"{everything} WHERE seq > :last ORDER BY seq LIMIT {_PAGE}")
    while page:
        row: dict[str, Any] | None = None
        for each in page:
            row = _decoded(tx, each, _COLUMNS)
            yield row
        # Whoever reads stops at a row that is none, or whose seq is not the next.
        assert row is not None
        page = (await tx.execute(following, {"last": row["seq"]})).all()


def _raw(tx: Tx, table: str, names: Sequence[str]) -> str:
    # The names are those of our own tables, never a value.
    if tx.dialect.name != "sqlite":
        return f"SELECT {', '.join(names)} FROM {table}"  # noqa: S608
    pairs = ", ".join(f"typeof({name}), CAST({name} AS BLOB)" for name in names)
    return f"SELECT {pairs} FROM {table}"  # noqa: S608


def _decoded(tx: Tx, row: Row[Any], names: Sequence[str]) -> dict[str, Any] | None:
    if tx.dialect.name != "sqlite":
        return {name: instant_text(v) if isinstance(v, datetime) else v for name, v in zip(names, row, strict=True)}
    values: dict[str, Any] = {}
    for place, name in enumerate(names):
        kind, raw = row[2 * place], row[2 * place + 1]
        try:
            values[name] = _of_type(kind, raw)
        except ValueError:
            return None
    return values


def _of_type(kind: str, raw: bytes | None) -> object:
    if raw is None or kind == "null":
        return None
    if kind == "text":
        return raw.decode("utf-8")
    return int(raw) if kind == "integer" else raw if kind == "blob" else float(raw)
