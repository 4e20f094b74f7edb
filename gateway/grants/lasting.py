"""How long something is shared: as long as was agreed, and to the public date at the latest, wherever that moves."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from gateway import safe
from gateway.scene import Scene
from policy.facts import GrantKind
from policy.grants import agreed_until, expires_at
from storage import duties, grants

if TYPE_CHECKING:
    from gateway.lists import MailingList
    from gateway.parts import Parts
    from policy.facts import Disclosure
    from storage.database import Tx
    from storage.records import GrantRecord

OVER = "grant-over"


@dataclass(frozen=True, slots=True)
class Asked:
    """What a share request says, as the member wrote it; ``agreed``: how long it may last, once it is approved."""

    name: str
    what: tuple[str, ...]
    why: str
    until: str | None = None  # RFC 3339, as the next one
    agreed: str | None = None


async def said(parts: Parts, tx: Tx, record: GrantRecord) -> Asked:
    """What was asked for."""
    found = await safe.take_json(parts, tx, record.request_item or "")
    return Asked(found["name"], tuple(found["what"]), found["why"], found["until"], found.get("agreed"))


async def agree(parts: Parts, tx: Tx, record: GrantRecord, agreed: datetime) -> None:
    """Note with what was asked for how long it may last, whatever becomes of the dates."""
    found = await safe.take_json(parts, tx, record.request_item or "")
    await safe.change_json(parts, tx, record.request_item or "", {**found, "agreed": agreed.isoformat()})


async def agreed_of(parts: Parts, tx: Tx, mailing_list: MailingList, record: GrantRecord, now: datetime) -> datetime:
    """How long it may last at most: as it was agreed, or would be now."""
    asked = await said(parts, tx, record)
    if asked.agreed is not None:
        return datetime.fromisoformat(asked.agreed)
    wanted = datetime.fromisoformat(asked.until) if asked.until else None
    return agreed_until(wanted, mailing_list.config.share_expires, now)


async def follow(
    parts: Parts, tx: Tx, mailing_list: MailingList, before: Disclosure, after: Disclosure, now: datetime
) -> None:
    """The public date moved: what is shared, or offered, ends with it, though never later than was agreed."""
    if before.embargo_until == after.embargo_until:
        return
    for record in await grants.of_disclosure(tx, after.id):
        ends = record.expires_at
        if record.kind is not GrantKind.SHARE or record.ended_at is not None or ends is None or ends <= now:
            continue
        agreed = await agreed_of(parts, tx, mailing_list, record, record.decided_at or now)
        until = expires_at(agreed, after)
        if until == ends:
            continue
        await grants.update_one(tx, record.id, expires_at=until)
        await duties.put(tx, kind=OVER, ref=record.id, list_id=mailing_list.id, due_at=until)
        scene = Scene(parts, tx, mailing_list, now, "gateway")
        await scene.audit("share-moved", after.id, "", {"grant": record.id, "until": str(until)})
