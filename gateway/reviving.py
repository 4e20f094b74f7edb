"""A copy that came back for good is sent again: as what its reader may have now, not as it was when it bounced."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway import holdings, release
from gateway.leaks import telling
from gateway.log import get_logger
from gateway.scene import Scene
from gateway.sending import content
from gateway.upstreams import waiting
from policy.facts import CONTENT_KINDS, READERS, MessageKind, State
from storage import disclosures, outbox
from storage.errors import Unavailable

if TYPE_CHECKING:
    from datetime import datetime

    from gateway.parts import Parts
    from storage.database import Tx
    from storage.records import Copy

log = get_logger("reviving")


async def revive(parts: Parts, tx: Tx, copy: Copy, now: datetime) -> bool:
    """Make a copy that bounced due again; False where it did not bounce, or can't be composed (a human is told)."""
    try:
        async with tx.begin_nested():
            is_due = await outbox.revive(tx, copy.id, now)
            if is_due and copy.disclosure_id is not None and copy.role in READERS:
                await _compose(parts, tx, copy, copy.disclosure_id, now)
    except Unavailable:
        raise  # the database itself: nothing can be done
    except Exception as error:  # noqa: BLE001 - whatever it is, nothing goes out as it was before
        log.error("not sent again", id=copy.message_id, error=type(error).__name__)
        parts.trouble.tell("defect", copy.message_id)
        return False
    return is_due


async def _compose(parts: Parts, tx: Tx, copy: Copy, disclosure_id: str, now: datetime) -> None:
    """Compose it by what holds now. Whether its reader may have it at all is judged before it leaves."""
    disclosure = await disclosures.get(tx, disclosure_id)
    if disclosure is None or disclosure.destroyed_at is not None:
        return
    setting = await release.setting_of(parts, tx, disclosure)
    if copy.kind in CONTENT_KINDS:
        if disclosure.state in {State.EMBARGOED, State.LIFTED}:
            await content.compose_again(parts, tx, setting, copy, now)
        return
    scene = Scene(parts, tx, setting.mailing_list, now, "operator")
    if copy.kind is MessageKind.LEAK_NOTICE:
        if setting.is_bare:
            await telling.tell_less_by(scene, setting, [copy])
        return
    informed = await holdings.informed(tx, disclosure, await release.seats_of(tx, disclosure, now))
    if setting.is_bare or copy.address.casefold() not in informed:
        await waiting.name_nothing(scene, setting, [copy])
