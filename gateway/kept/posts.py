"""A coordinator answers the complaint about a new mail that was kept back.

That mail is judged again, with the answer's control block in place of its own; the answer's own text
goes to nobody.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from gateway import disclosing, steering
from gateway.grants import keyfiles
from gateway.reading import elsewhere
from policy.control import Complaint
from policy.keptposts import Cut, cut_lines
from policy.reasons import Reason
from policy.steering import Faults
from policy.verdicts import Posted
from storage import mails, quarantine

if TYPE_CHECKING:
    from gateway.incoming import Incoming
    from policy.verdicts import Reposted


def _is_more_than_keys(incoming: Incoming) -> bool:
    """Whether the answer has attachments that nobody will get; a key for a guest is taken from it."""
    payload = incoming.read.payload
    found = sum(part.is_attachment for part in payload.parts) if payload is not None else 0
    keys = len(keyfiles.paths(payload)) if payload is not None and keyfiles.are_meant(incoming) else 0
    return found > keys


async def repost(incoming: Incoming, verdict: Reposted) -> None:
    """Judge the kept mail under the new block; on success it is a disclosure, and released from quarantine."""
    kept, facts, order = incoming.kept_post, incoming.facts, verdict.order
    if kept is None or kept.read.payload is None or facts is None or facts.block is None:
        error = "a kept mail is posted again by an answer to the complaint about it"
        raise ValueError(error)
    if below := elsewhere(kept.read.payload).strays:
        why = "it stands in a further text of the mail that was kept; please send your mail again as a new one"
        faults = Faults(tuple(Complaint(line.said, why) for line in below), order.corrected)
        await steering.keep_back(incoming, verdict.writer, faults, is_preview=order.preview, anew=True)
        return
    cut = cut_lines(kept.read.payload.text, facts.block)
    if not isinstance(cut, Cut):
        await steering.keep_back(
            incoming, verdict.writer, Faults(cut, order.corrected), is_preview=order.preview, anew=True
        )
        return
    if _is_more_than_keys(incoming):
        incoming.notes.append("The attachments of this answer go to nobody: those of the mail that was kept do.")
    again = replace(
        incoming,
        read=kept.read,
        dropped_lines=(*range(cut.block), *cut.lines),
        answered=None,
        beside=incoming.read.payload,
    )
    posted = await disclosing.post(again, Posted(verdict.writer, order))
    incoming.disclosure, incoming.particulars, incoming.taken_for = again.disclosure, again.particulars, again.taken_for
    incoming.kept, incoming.receipt = again.kept, again.receipt
    if posted:
        await quarantine.set_state(incoming.tx, kept.quarantine_id, "released", incoming.now)
        about = incoming.disclosure.id if incoming.disclosure else None  # what it says ages with what it became
        await mails.set_taken_for(incoming.tx, kept.mail_id, "disclosure", disclosure_id=about)
        await incoming.audit("quarantine-released", kept.quarantine_id, Reason.CONTROL_LINES)
