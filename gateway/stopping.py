"""The stop code: any mail to the list or to -owner that holds it stops that release (row 3a), and only that.

It is found wherever it stands, in whatever the mail is (``gateway.reading``): that can do no harm. Nothing is
believed and nobody is proved, so nothing starts again by it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from gateway import release
from gateway.disclosing import stop_hash
from policy.facts import State
from policy.intake import Door
from storage import disclosures

if TYPE_CHECKING:
    from gateway.incoming import Incoming
    from policy.facts import Disclosure


async def stop_by_code(incoming: Incoming) -> None:
    """Stop every unreleased disclosure whose stop code the mail holds."""
    if incoming.door not in {Door.LIST, Door.OWNER}:
        return
    for code in incoming.read.codes:
        hashed = stop_hash(incoming.mailing_list.id, code)
        for found in await disclosures.by_stop_hash(incoming.tx, incoming.mailing_list.id, hashed):
            await _stop(incoming, found)


async def _stop(incoming: Incoming, disclosure: Disclosure) -> None:
    if disclosure.state not in {State.HELD, State.PENDING} or disclosure.stopped:
        return
    by = "somebody who sent its stop code"
    await release.stop(incoming.parts, incoming.tx, disclosure, incoming.now, actor="stop-code", by=by)
    if incoming.disclosure is not None and incoming.disclosure.id == disclosure.id:
        incoming.disclosure = replace(incoming.disclosure, stopped=True)
    incoming.notes.append(f"The release of {disclosure.id} was stopped: this mail held its stop code.")
