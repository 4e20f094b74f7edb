"""What the operator may do with a mail that was kept back: have it judged again, or destroy it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.intake import apply
from gateway.kept import mails as kept_mails
from gateway.operator.acts import ring_of
from gateway.operator.base import THE_OPERATOR
from gateway.operator.show import find_kept
from gateway.reading import read

if TYPE_CHECKING:
    from gateway.operator.base import Done
    from gateway.parts import Parts


async def release(parts: Parts, quarantine_id: str) -> Done:
    """Judge a kept mail again as if just come, the rules that kept it back waived by the operator.

    Where it would be kept back again nothing is changed. Raises RefusedError, and EngineUnavailable or
    ParserUnavailable where our own side fails.
    """
    async with parts.database.reading() as tx:
        kept = await kept_mails.take_out(parts, tx, await find_kept(tx, quarantine_id))
    ring = await ring_of(parts, kept.entry.list_id)
    seen = await read(parts, ring, kept.content, kept.mail.envelope_from)
    async with parts.database.transaction() as tx:
        return await kept_mails.release(parts, tx, kept, seen, parts.clock.now(), THE_OPERATOR, apply)


async def discard(parts: Parts, quarantine_id: str) -> Done:
    """Destroy a kept mail's content for good; its facts stay."""
    async with parts.database.transaction() as tx:
        entry = await find_kept(tx, quarantine_id)
        return await kept_mails.discard(parts, tx, entry, parts.clock.now(), THE_OPERATOR)
