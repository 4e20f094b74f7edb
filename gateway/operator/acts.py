"""Acting as the operator, or as a coordinator by mail: the parts of the house that it takes, the trail, telling."""

from __future__ import annotations

from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any

from gateway.alarm import Pager
from gateway.clock import Clock, SystemClock
from gateway.config import ConfigError
from gateway.lists import Lists, MailingList
from gateway.opening import open_store
from gateway.operator.base import THE_OPERATOR, Actor
from gateway.parser import Parser
from gateway.parts import Parts
from gateway.sending import posting
from gateway.trouble import Trouble
from keys.engine import Engine

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from datetime import datetime

    from gateway.config import Config
    from gateway.notices.common import Notice
    from gateway.relay import Bounced, Deferred, Delivered
    from keys.results import Ring
    from policy.facts import Disclosure
    from storage.database import Tx


class _NoRelay:
    """Commands hand nothing over: copies wait in the outbox for the service."""

    async def hand_over(self, sender: str, recipient: str, message: bytes) -> Delivered | Deferred | Bounced:
        """Refuse: it is a defect to come here."""
        raise NotImplementedError(f"{type(self).__name__} sends nothing ({len(sender + recipient)}, {len(message)})")

    async def close(self) -> None:
        """Nothing is open."""


@asynccontextmanager
async def operating(config: Config, *, clock: Clock | None = None) -> AsyncIterator[Parts]:
    """Open what the operator's acts need, and close it. No process is started before it is needed.

    Raises ConfigError, VaultError or StorageError as ``gateway.opening.open_store`` does.
    """
    clock = clock or SystemClock()
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(open_store(config))
        lists = Lists(config)
        engine = await stack.enter_async_context(Engine())
        parser = Parser(own_list_ids=[entry.list_id for entry in lists])
        stack.push_async_callback(parser.close)
        pager = Pager(config.alarm.command)
        yield Parts(
            config=config,
            clock=clock,
            database=store.database,
            engine=engine,
            vault=store.vault,
            relay=_NoRelay(),
            pager=pager,
            parser=parser,
            own_parser=parser,
            trail=store.trail,
            lists=lists,
            node=store.node,
            trouble=Trouble(pager, clock),
        )


async def ring_of(parts: Parts, list_id: str) -> Ring:
    """The list's own key and all pinned ones. Raises ConfigError for a list that was never set up."""
    try:
        async with parts.database.reading() as tx:
            return await parts.lists.ring(parts, tx, list_id)
    except LookupError as error:
        raise ConfigError([f"list {list_id} has no key yet: run `embargo init`"]) from error


async def audit(
    parts: Parts,
    tx: Tx,
    now: datetime,
    event: str,
    about: str,
    list_id: str = "",
    reason: str = "",
    detail: dict[str, Any] | None = None,
    *,
    actor: Actor = THE_OPERATOR,
) -> None:
    """Put an act into the trail as the actor's: the operator's, or a coordinator's with the mail that asked for it."""
    if actor.mail_id is not None:
        detail = {"mail": actor.mail_id, **(detail or {})}
    await parts.trail.append(
        tx, at=now, event=event, id=about, list_id=list_id, actor=actor.trail, reason=reason, detail=detail
    )


async def tell(
    parts: Parts,
    tx: Tx,
    mailing_list: MailingList,
    notice: Notice,
    now: datetime,
    *,
    disclosure: Disclosure | None = None,
    actor: Actor = THE_OPERATOR,
) -> None:
    """Tell all coordinators of an act, sealed, in its transaction; one who acted by mail reads it in the answer."""
    await posting.tell_coordinators(
        parts, tx, mailing_list, notice, now=now, disclosure=disclosure, but=actor.person_id
    )
