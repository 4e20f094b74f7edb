"""``Corrects:`` a coordinator puts right what went out: told as such, with what to discard, and acknowledged anew."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.sending import content
from gateway.storing import Correction
from policy.acts import Correct
from policy.control import Complaint
from policy.facts import CONTENT_KINDS, State
from policy.orders import read_order
from policy.plain import nearest
from policy.prose import unquoted
from policy.widening import refuse_replacement
from storage import disclosures

if TYPE_CHECKING:
    from gateway.incoming import Incoming
    from policy.facts import Disclosure, Person
    from policy.orders import Order
    from policy.scopes import Restriction
    from storage.records import Message


async def refuse(incoming: Incoming, _writer: Person, act: Correct) -> Complaint | None:
    """Say why the mail can't be a correction: what it corrects is not there, or it would reach the wrong people."""
    disclosure, facts = incoming.disclosure, incoming.facts
    if disclosure is None or facts is None:
        return None
    if not facts.attachments and (facts.block is None or not unquoted(facts.block.body).strip()):
        return Complaint("Corrects:", "it says nothing: tell below the block what is right, or attach it")
    corrected = await _corrected(incoming, disclosure, act)
    if corrected is None:
        return Complaint("Corrects:", "there is no such mail in this thread that went to members")
    if not _reaches_members(incoming):
        why = "a correction goes to those who got what it corrects: answer that mail, or add `Send-To: audience`"
        return Complaint("Corrects:", why)
    return await _refuse_names(incoming, corrected, act)


async def _refuse_names(incoming: Incoming, corrected: Message, act: Correct) -> Complaint | None:
    known = (await content.open_message(incoming.parts, incoming.tx, corrected)).facts.open_names
    unknown = [name for name in act.replaces if name not in known]
    if unknown:
        meant = {name: nearest(name, known) for name in unknown}
        near = meant[unknown[0]]
        hint = f"; did you mean {near}?" if near else ""
        names = [meant.get(name, name) for name in act.replaces]
        instead = ", ".join(name for name in dict.fromkeys(names) if name) if all(names) else ""
        return Complaint("Replaces:", f"{corrected.id} has no attachment {unknown[0]!r}{hint}", instead=instead)
    stands = incoming.particulars.restrict if incoming.particulars else ()
    attached = incoming.facts.attachments if incoming.facts else ()
    why = refuse_replacement(act.replaces, attached, stands, _restricted_anew(incoming))
    return Complaint("Replaces:", why) if why else None


def _restricted_anew(incoming: Incoming) -> tuple[Restriction, ...]:
    """The restrictions that the mail itself makes."""
    facts = incoming.facts
    if facts is None or facts.block is None or facts.surroundings is None:
        return ()
    return read_order(facts.block, facts.surroundings).restrict


def _reaches_members(incoming: Incoming) -> bool:
    """Whether the mail answers what went to members, or says that it is for the audience."""
    answered, facts = incoming.answered, incoming.facts
    if _has(incoming, "Send-To"):
        return True
    if answered is None or facts is None or facts.answered is None or facts.answered.by_tag:
        return False
    return answered.kind in CONTENT_KINDS and answered.audience != "coordinators" and facts.answered.is_sole


def _has(incoming: Incoming, name: str) -> bool:
    block = incoming.facts.block if incoming.facts else None
    return block is not None and any(line.name == name for line in block.lines)


async def announce(incoming: Incoming, _writer: Person, act: Correct) -> str:
    """Whoever had acknowledged is asked again: what was received before is not what holds now."""
    disclosure = incoming.disclosure
    corrected = await _corrected(incoming, disclosure, act) if disclosure else None
    if disclosure is None or corrected is None:
        return ""
    asked = await disclosures.forget_acknowledgements(incoming.tx, disclosure.id)
    await incoming.audit("correction", disclosure.id, "", {"corrects": corrected.id, "acknowledgements": asked})
    if disclosure.state in {State.PENDING, State.HELD}:
        return f"It goes out as a correction of {corrected.id}."
    return f"It goes out as a correction of {corrected.id}, and members are asked to acknowledge anew."


async def of(incoming: Incoming, order: Order) -> Correction | None:
    """What a mail corrects, with the digests of the parts that it replaces; None where it is no correction."""
    act = next((act for act in order.acts if isinstance(act, Correct)), None)
    if act is None or incoming.disclosure is None:
        return None
    corrected = await _corrected(incoming, incoming.disclosure, act)
    if corrected is None:
        return None
    opened = await content.open_message(incoming.parts, incoming.tx, corrected)
    parts = {part.filename: part for part in opened.payload.parts if part.is_attachment}
    discards = tuple((name, parts[name].digest) for name in act.replaces if name in parts)
    return Correction(corrected.id, discards)


async def _corrected(incoming: Incoming, disclosure: Disclosure, act: Correct) -> Message | None:
    """The message of that number, or the latest one, among those that are for members."""
    sent = [one for one in await content.content_messages(incoming.tx, disclosure) if one.audience != "coordinators"]
    if act.what is None:
        return sent[-1] if sent else None
    return next((one for one in sent if one.number == act.what), None)
