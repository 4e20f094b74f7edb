"""The ledger of confirmed leaks: how many each organisation had."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policy import leakcase as table
from storage import leaks

if TYPE_CHECKING:
    from storage.database import Tx
    from storage.records import LeakRecord


async def confirmed(tx: Tx, list_id: str, org: str) -> tuple[LeakRecord, ...]:
    """The confirmed leaks of an organisation, oldest first."""
    found = await leaks.of_org(tx, list_id, org)
    return tuple(case for case in found if table.is_confirmed(case.org, case.by, case.outcome))
