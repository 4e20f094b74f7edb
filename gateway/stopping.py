"""The stop code: any mail to the list or to -owner that holds it stops that release (row 3a), and only that.

It is looked for wherever it may stand, in whatever the mail is: finding it can do no harm. Nothing is
believed and nobody is proved, so nothing starts again by it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from gateway import release
from gateway.disclosing import stop_hash
from gateway.mail.flowed import html_to_text
from policy.facts import State
from policy.intake import Door
from policy.prose import find_stop_codes
from storage import disclosures

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gateway.intake import Incoming
    from policy.facts import Disclosure

RAW = 1_000_000  # characters of a mail that are searched as they came, whatever they are


async def stop_by_code(incoming: Incoming) -> None:
    """Stop every unreleased disclosure whose stop code the mail holds."""
    if incoming.door not in {Door.LIST, Door.OWNER}:
        return
    codes = {code for text in _texts(incoming) for code in find_stop_codes(text)}
    for code in sorted(codes):
        hashed = stop_hash(incoming.mailing_list.id, code)
        for found in await disclosures.by_stop_hash(incoming.tx, incoming.mailing_list.id, hashed):
            await _stop(incoming, found)


def _texts(incoming: Incoming) -> Iterator[str]:
    read = incoming.read
    yield read.headers.subject
    yield read.outer.subject
    for part in read.payload.parts if read.payload else ():
        if part.text:
            yield part.text
            if part.content_type == "text/html":  # where marks may stand between its groups
                yield html_to_text(part.text)
    yield incoming.envelope.content[:RAW].decode("ascii", "replace")  # also of a mail that nobody can read


async def _stop(incoming: Incoming, disclosure: Disclosure) -> None:
    if disclosure.state not in {State.HELD, State.PENDING} or disclosure.stopped:
        return
    by = "somebody who sent its stop code"
    await release.stop(incoming.parts, incoming.tx, disclosure, incoming.now, actor="stop-code", by=by)
    if incoming.disclosure is not None and incoming.disclosure.id == disclosure.id:
        incoming.disclosure = replace(incoming.disclosure, stopped=True)
    incoming.notes.append(f"The release of {disclosure.id} was stopped: this mail held its stop code.")
