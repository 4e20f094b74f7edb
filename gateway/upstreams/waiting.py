"""Notices that wait while a third party's embargo comes, or their reader goes out: they may say less from then on."""

from __future__ import annotations

import email
import email.policy
from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from gateway import holdings, release, safe
from gateway.leaks import telling
from gateway.log import get_logger
from gateway.notices.common import Notice
from gateway.sending import mechanics, posting
from gateway.sending.content import unsent
from policy.facts import BINDING_KINDS, CONTENT_KINDS, MessageKind
from storage import messages, outbox
from storage.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway.scene import Scene
    from gateway.sending.content import Setting
    from policy.facts import Disclosure
    from storage.records import Copy

log = get_logger("waiting")
_TOLD_ELSE = CONTENT_KINDS | {MessageKind.LEAK_NOTICE}


async def tell_less(scene: Scene, setting: Setting) -> None:
    """Where details are kept back from now on: neither what leaked is told, nor the subject, by what waits still."""
    await telling.tell_less(scene, setting)
    alike: dict[str, list[Copy]] = defaultdict(list)
    for copies in (await unsent(scene.tx, setting.disclosure, kinds=None)).values():
        for copy in copies:
            alike[copy.content_id].append(copy)
    for copies in alike.values():
        await name_nothing(scene, setting, copies)


async def tell_less_outside(scene: Scene, disclosure: Disclosure | None) -> None:
    """What waits for somebody who is out, and never had the first mail in full, names no subject any more.

    A notice that can't be worded anew does not leave: it is taken back, and a human is told.
    """
    parts, tx = scene.parts, scene.tx
    if disclosure is None or disclosure.destroyed_at is not None:
        return
    waits = (await unsent(tx, disclosure, kinds=BINDING_KINDS)).values()
    informed = await holdings.informed(tx, disclosure, await release.seats_of(tx, disclosure, scene.now))
    outside = [copy for copies in waits for copy in copies if copy.address.casefold() not in informed]
    if not outside:
        return
    setting = await release.setting_of(parts, tx, disclosure)
    for copy in outside:
        try:
            async with tx.begin_nested():
                await name_nothing(scene, setting, [copy])
        except Unavailable:
            raise  # the database itself: nothing can be done
        except Exception as error:  # noqa: BLE001 - whatever it is, nobody stays inside by it
            log.error("not composed anew", id=copy.message_id, error=type(error).__name__)
            parts.trouble.tell("defect", copy.message_id)
            await outbox.cancel(
                tx, now=scene.now, reason="not composed anew", person_id=copy.person_id, message_id=copy.message_id
            )


async def name_nothing(scene: Scene, setting: Setting, copies: Sequence[Copy]) -> None:
    """Have copies of one notice, which say the same, bear a constant subject where they bear that of the disclosure."""
    said = setting.particulars.subject.strip()
    before = await _written(scene, copies[0]) if copies[0].kind not in _TOLD_ELSE else None
    if before is not None and said and before.subject.endswith(said):
        after = replace(before, subject=before.subject.removesuffix(said) + mechanics.SUBJECT)
        await posting.notify_instead(scene.parts, scene.tx, scene.mailing_list, copies, after, scene.now)


async def _written(scene: Scene, copy: Copy) -> Notice | None:
    """A notice as it was sealed; None of what has attachments, which answers one person's own mail."""
    held = await messages.content(scene.tx, copy.content_id)
    raw = await safe.find(scene.parts, scene.tx, held.item) if held else None
    mail = email.message_from_bytes(raw or b"", policy=email.policy.default)
    return None if mail.is_multipart() else Notice(str(mail["Subject"] or ""), mail.get_content())
