"""What members ask to share: shown, approved and denied by the operator, as a coordinator may."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gateway import release, safe
from gateway.grants import sharing
from gateway.notices import common as notices
from gateway.operator.acts import tell
from gateway.operator.base import OPERATOR, Done, RefusedError, narrowed
from gateway.scene import Scene
from gateway.settings import TwoPerson
from keys.errors import VaultError
from policy.disclosure import Refusal
from policy.facts import GrantKind
from policy.instants import rfc3339
from storage import disclosures, grants, roster

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime

    from gateway.operator.base import Desk
    from gateway.parts import Parts
    from gateway.safe import HoldsVault
    from gateway.sending.content import Setting
    from storage.database import Tx
    from storage.records import GrantRecord


async def every(desk: Desk, list_name: str | None) -> list[dict[str, Any]]:
    """All share requests of a list (None: of all), oldest first."""
    wanted = narrowed(desk.config, list_name)
    async with desk.database.reading() as tx:
        return [await share_facts(desk, tx, one) for one in await grants.ls(tx, wanted, GrantKind.SHARE)]


async def one(desk: Desk, share_id: str) -> dict[str, Any]:
    """One share request. Raises RefusedError."""
    async with desk.database.reading() as tx:
        return await share_facts(desk, tx, await _find(tx, share_id))


async def share_facts(desk: HoldsVault, tx: Tx, record: GrantRecord) -> dict[str, Any]:
    """A share request as it is shown; what people wrote is null where it was destroyed."""
    said: dict[str, Any] = {}
    if record.request_item is not None:
        try:
            said = await safe.take_json(desk, tx, record.request_item)
        except VaultError:
            said = {}
    asker = await roster.person(tx, record.asked_by) if record.asked_by is not None else None
    return {
        "id": record.id,
        "list": record.list_id,
        "disclosure": record.disclosure_id,
        "state": record.state,
        "address": record.address,
        "name": said.get("name"),
        "what": said.get("what"),
        "why": said.get("why"),
        "fingerprint": record.fingerprint,
        "by": asker.address if asker else None,
        "asked_at": rfc3339(record.asked_at),
        "decided_by": record.decided_by,
        "decided_at": _at(record.decided_at),
        "policy": record.policy_hash,
        "accepted_at": _at(record.started_at),
        "until": _at(record.expires_at),
        "ended_at": _at(record.ended_at),
    }


def _at(instant: datetime | None) -> str | None:
    return rfc3339(instant) if instant is not None else None


async def approve(parts: Parts, share_id: str) -> Done:
    """Approve a share request; the coordinators and who asked are told. Raises RefusedError."""
    return await _decide(parts, share_id, "approved", sharing.approve)


async def deny(parts: Parts, share_id: str) -> Done:
    """Turn a share request down; the coordinators and who asked are told. Raises RefusedError."""
    return await _decide(parts, share_id, "denied", sharing.deny)


async def _decide(
    parts: Parts,
    share_id: str,
    what: str,
    decide: Callable[[Scene, Setting, GrantRecord], Awaitable[str | Refusal]],
) -> Done:
    async with parts.database.transaction() as tx:
        record = await _find(tx, share_id)
        disclosure = await disclosures.get(tx, record.disclosure_id)
        mailing_list = parts.lists.get(record.list_id)
        if disclosure is None or mailing_list is None:
            raise RefusedError(f"{record.id} is of a list that is not in {parts.config.path} any more")
        if what == "approved" and TwoPerson.SHARE in mailing_list.config.two_person:
            way = f"`Approve: {record.id}` by each, by mail"
            raise RefusedError(f"{record.id}: two coordinators decide on sharing here (two_person): {way}")
        scene = Scene(parts, tx, mailing_list, parts.clock.now(), OPERATOR)
        done = await decide(scene, await release.setting_of(parts, tx, disclosure), record)
        if isinstance(done, Refusal):
            raise RefusedError(f"{record.id}: {done.why}", done.reason)
        notice = notices.happened(disclosure.id, f"The operator {what} {record.id}", [done])
        await tell(parts, tx, mailing_list, notice, scene.now, disclosure=disclosure)
    return Done(done.rstrip("."))


async def _find(tx: Tx, share_id: str) -> GrantRecord:
    found = await grants.get(tx, share_id.strip().upper())
    if found is None or found.kind is not GrantKind.SHARE:
        raise RefusedError(f"no share request {share_id}: see `embargo share ls`")
    return found
