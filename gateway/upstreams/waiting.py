"""Notices that wait for their next hop while a third party's embargo comes: they may say less from then on."""

from __future__ import annotations

import email
import email.policy
from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from gateway import safe
from gateway.leaks import telling
from gateway.notices.common import Notice
from gateway.sending import mechanics, posting
from gateway.sending.content import UNDELIVERED
from policy.facts import CONTENT_KINDS, READERS, MessageKind
from storage import messages, outbox

if TYPE_CHECKING:
    from gateway.scene import Scene
    from gateway.sending.content import Setting
    from storage.records import Copy

_TOLD_ELSE = CONTENT_KINDS | {MessageKind.LEAK_NOTICE}


async def tell_less(scene: Scene, setting: Setting) -> None:
    """Where details are kept back from now on: neither what leaked is told, nor the subject, by what waits still."""
    await telling.tell_less(scene, setting)
    waiting: dict[str, list[Copy]] = defaultdict(list)
    for copy in await outbox.of_disclosure(scene.tx, setting.disclosure.id, roles=READERS):
        if copy.kind not in _TOLD_ELSE and copy.state in UNDELIVERED:
            waiting[copy.content_id].append(copy)
    for content_id, copies in waiting.items():
        before = await _written(scene, content_id)
        after = replace(before, subject=_without(setting, before.subject), text=_without(setting, before.text))
        if after != before:
            await posting.notify_instead(scene.parts, scene.tx, scene.mailing_list, copies, after, scene.now)


async def _written(scene: Scene, content_id: str) -> Notice:
    held = await messages.content(scene.tx, content_id)
    raw = await safe.find(scene.parts, scene.tx, held.item) if held else None
    mail = email.message_from_bytes(raw or b"", policy=email.policy.default)
    return Notice(str(mail["Subject"] or ""), "" if mail.is_multipart() else mail.get_content())


def _without(setting: Setting, text: str) -> str:
    """The same with the one subject that members may read now."""
    said = setting.particulars.subject.strip()
    return text.replace(said, mechanics.SUBJECT) if said else text
