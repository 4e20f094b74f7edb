"""What the house is made of: one frozen value that is handed to every story.

Tests put a fake in with ``dataclasses.replace(parts, relay=...)``; that is the whole framework.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from gateway.alarm import Pager
    from gateway.clock import Clock
    from gateway.config import Config
    from gateway.lists import Lists
    from gateway.parser import Parser
    from gateway.relay import Bounced, Deferred, Delivered
    from gateway.trouble import Trouble
    from keys.engine import Engine
    from keys.vault import Vault
    from storage.audit import Trail
    from storage.database import Database


class HandsOver(Protocol):
    """The way out: what delivery needs of a relay."""

    async def hand_over(self, sender: str, recipient: str, message: bytes) -> Delivered | Deferred | Bounced:
        """Hand one message for one recipient to the next hop."""
        ...

    async def close(self) -> None:
        """Close what is open."""
        ...


@dataclass(frozen=True, slots=True)
class Nudges:
    """Bells between the stories: ring one and its loop looks again at once."""

    schedule: asyncio.Event = field(default_factory=asyncio.Event)
    outbox: asyncio.Event = field(default_factory=asyncio.Event)
    pager: asyncio.Event = field(default_factory=asyncio.Event)

    def ring(self) -> None:
        """Something was committed: everybody look."""
        self.schedule.set()
        self.outbox.set()
        self.pager.set()


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything a story may use. ``node`` names this state directory's process in leases.

    ``own_parser`` reads what was accepted before: a stranger's mail in ``parser`` delays no release.
    """

    config: Config
    clock: Clock
    database: Database
    engine: Engine
    vault: Vault
    relay: HandsOver
    pager: Pager
    parser: Parser
    own_parser: Parser
    trail: Trail
    lists: Lists
    node: str
    trouble: Trouble
    nudges: Nudges = field(default_factory=Nudges)
