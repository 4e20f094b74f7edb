"""Where something is done that mail and command line do alike: by whom, when, in which transaction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from gateway.incoming import Incoming
    from gateway.lists import MailingList
    from gateway.parts import Parts
    from policy.facts import Person
    from storage.database import Tx


@dataclass(frozen=True, slots=True)
class Scene:
    """What an act needs to know of its surroundings. ``actor``: an address, "operator" or "gateway"."""

    parts: Parts
    tx: Tx
    mailing_list: MailingList
    now: datetime
    actor: str
    mail_id: str | None = None

    async def audit(self, event: str, about: str, reason: str = "", detail: dict[str, object] | None = None) -> None:
        """Put one record into the trail, as done by the actor."""
        mail = {"mail": self.mail_id} if self.mail_id else {}
        await self.parts.trail.append(
            self.tx,
            at=self.now,
            event=event,
            id=about,
            list_id=self.mailing_list.id,
            actor=self.actor,
            reason=str(reason),
            detail={**mail, **(detail or {})},
        )


def scene_of(incoming: Incoming, writer: Person) -> Scene:
    """The scene of an act that a mail asks for."""
    return Scene(incoming.parts, incoming.tx, incoming.mailing_list, incoming.now, writer.address, incoming.mail_id)
