"""``Propose-Embargo-Until:`` a member asks for another public date; the coordinators alone hear of it, and decide."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway import notices_proposals, posting
from policy.control import Complaint
from policy.disclosure import Refusal
from policy.instants import in_words
from policy.proposals import judge_proposal

if TYPE_CHECKING:
    from gateway.incoming import Incoming
    from policy.acts import ProposeDate
    from policy.facts import Person


async def refuse(incoming: Incoming, _writer: Person, act: ProposeDate) -> Complaint | None:
    """Say why the coordinators could not agree to the date even if they wished to."""
    if incoming.disclosure is None:
        return None
    refusal = judge_proposal(incoming.disclosure, act.at, incoming.mailing_list.rules, incoming.now)
    return Complaint("Propose-Embargo-Until:", refusal.why) if isinstance(refusal, Refusal) else None


async def ask(incoming: Incoming, writer: Person, act: ProposeDate) -> str:
    """Put it to the coordinators, with the lines to answer with; the date stands."""
    disclosure, particulars = incoming.disclosure, incoming.particulars
    if disclosure is None or particulars is None:
        error = "a known disclosure has particulars"
        raise ValueError(error)
    zone, now = incoming.mailing_list.config.timezone, incoming.now
    request = notices_proposals.Request(
        disclosure, particulars.subject, f"{writer.name} <{writer.address}>", act.at, act.reason
    )
    await posting.tell_coordinators(
        incoming.parts,
        incoming.tx,
        incoming.mailing_list,
        request.notice(zone, now),
        now=now,
        disclosure=disclosure,
        mail_id=incoming.mail_id,
    )
    detail = {"asked": act.at.isoformat(), "stands": disclosure.embargo_until.isoformat(), "person": writer.id}
    await incoming.audit("date-asked", disclosure.id, "", detail)
    asked, stands = in_words(act.at, zone, now), in_words(disclosure.embargo_until, zone, now)
    return f"The coordinators are asked for {asked}. Until they say otherwise the public date is {stands}."
