"""``Vouch:``, ``Assess:`` and ``Retrospective:`` in a mail."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway import release, storing
from gateway.holdings import readers_of_all
from gateway.leaks import case as leakcase
from gateway.leaks import escalating
from gateway.scene import scene_of
from gateway.sending import content
from gateway.sending.content import Setting
from policy import leakcase as table
from policy.control import Complaint
from policy.facts import MessageKind, Role
from policy.upstream import restricting
from storage import leaks

if TYPE_CHECKING:
    from gateway.incoming import Incoming
    from policy.acts import AssessLeak, PostRetrospective, TakeAlarm, VouchLeak
    from policy.facts import Disclosure, Person
    from storage.records import LeakRecord


async def _find(incoming: Incoming, line: str, leak_id: str) -> LeakRecord | Complaint:
    """The case, where it is one of this list, and of this thread or still of none."""
    case = await leaks.get(incoming.tx, leak_id)
    if case is None or case.list_id != incoming.mailing_list.id:
        return Complaint(f"{line}: {leak_id}", "there is no such leak case on this list")
    disclosure = incoming.disclosure
    if disclosure is not None and case.disclosure_id not in {None, disclosure.id}:
        why = f"that case is about {case.disclosure_id}, and this thread about {disclosure.id}: answer there"
        return Complaint(f"{line}: {leak_id}", why)
    return case


async def _find_own(incoming: Incoming, line: str, leak_id: str) -> LeakRecord | Complaint:
    """As ``_find``, for a member: of a case that it did not report, or of another thread, it learns nothing."""
    case, writer, disclosure = await leaks.get(incoming.tx, leak_id), incoming.signer(), incoming.disclosure
    if case is None or writer is None or case.person_id != writer.id:
        return Complaint(f"{line}: {leak_id}", "there is no such leak case that you reported")
    if disclosure is not None and case.disclosure_id not in {None, disclosure.id}:
        why = "that case is not of this thread: answer the acknowledgement of your report, or leave it to us"
        return Complaint(f"{line}: {leak_id}", why)
    return case


async def _found(incoming: Incoming, leak_id: str) -> LeakRecord:
    """The case of an act that was not refused; one that was bound to no disclosure is from now on to this thread's."""
    case = await leaks.get(incoming.tx, leak_id)
    if case is None:
        error = "an act on no case is refused before"
        raise ValueError(error)
    signer = incoming.signer()
    if incoming.disclosure is None or signer is None:
        return case
    scene = scene_of(incoming, signer)
    bound = await leakcase.bind(scene, case, incoming.disclosure)
    incoming.disclosure = await leakcase.disclosure_of(scene, bound)
    return bound


async def refuse_take(incoming: Incoming, _writer: Person, act: TakeAlarm) -> Complaint | None:
    """It must be a case of this list; who is late is told that it was taken."""
    case = await _find(incoming, "Ack", act.leak_id)
    if isinstance(case, Complaint):
        return case
    return Complaint(f"Ack: {case.id}", "its alarm was taken already") if case.acked_at else None


async def take(incoming: Incoming, writer: Person, act: TakeAlarm) -> str:
    """Sound its alarm no more."""
    await escalating.take(scene_of(incoming, writer), await _found(incoming, act.leak_id))
    return f"{writer.name} has {act.leak_id} in hand; its alarm is not repeated."


async def refuse_vouch(incoming: Incoming, _writer: Person, act: VouchLeak) -> Complaint | None:
    """It must be a case that was not proved."""
    case = await _find(incoming, "Vouch", act.leak_id)
    if isinstance(case, Complaint):
        return case
    why = table.refuse_vouch(case.state, verified=case.verified)
    return Complaint(f"Vouch: {case.id}", why) if why else None


async def vouch(incoming: Incoming, writer: Person, act: VouchLeak) -> str:
    """Make it a proved one."""
    return await leakcase.vouch(scene_of(incoming, writer), await _found(incoming, act.leak_id))


async def refuse_assess(incoming: Incoming, writer: Person, act: AssessLeak) -> Complaint | None:
    """The outcome must be possible, and a dismissal has its reason."""
    case = await _find(incoming, "Assess", act.leak_id)
    if isinstance(case, Complaint):
        return case
    disclosure = incoming.disclosure or await leakcase.disclosure_of(scene_of(incoming, writer), case)
    state = disclosure.state if disclosure else None
    judged = table.assess(case.state, case.outcome, act.outcome, act.reason, state)
    return Complaint(f"Assess: {case.id}", judged) if isinstance(judged, str) else None


async def assess(incoming: Incoming, writer: Person, act: AssessLeak) -> str:
    """Say how it ended, and do what follows."""
    scene = scene_of(incoming, writer)
    case = await _found(incoming, act.leak_id)
    said = await leakcase.assess(scene, case, act.outcome, act.reason)
    if incoming.disclosure is not None:
        incoming.disclosure = await leakcase.disclosure_of(scene, case)
    return said


async def refuse_retrospective(incoming: Incoming, writer: Person, act: PostRetrospective) -> Complaint | None:
    """It comes from a coordinator or the reporter, when it is due, and says something."""
    line, disclosure = f"Retrospective: {act.leak_id}", incoming.disclosure
    found = _find if writer.role is Role.COORDINATOR else _find_own
    case = await found(incoming, "Retrospective", act.leak_id)
    if isinstance(case, Complaint):
        return case
    why = table.refuse_retrospective(case.state, case.retrospective, disclosure.state if disclosure else None)
    if why is None and disclosure is None:
        why = "it is posted in the thread of the disclosure: answer a mail of that thread"
    if why is None and writer.role is not Role.COORDINATOR and incoming.disclosure and restricting(incoming.disclosure):
        why = "a third party's embargo holds, so nothing of it is passed on yet; the coordinators can post it"
    if why is None and not storing.has_text(incoming):
        why = "it says nothing: the text stands below the block, after an empty line"
    if why is None and writer.role is not Role.COORDINATOR and disclosure is not None:
        why = await _why_unread(incoming, writer, disclosure)
    return Complaint(line, why) if why else None


async def _why_unread(incoming: Incoming, writer: Person, disclosure: Disclosure) -> str | None:
    """Why a reporter's text would reach none of the others, though there are some; None where it would."""
    seats = await release.seats_of(incoming.tx, disclosure, incoming.now)
    is_alone = not any(seat.inside and seat.person.id != writer.id for seat in seats)
    if is_alone or await readers_of_all(incoming.tx, disclosure, writer, seats):
        return None
    return "no other member has all that you have, so none of them could get it from you; the coordinators can post it"


async def post_retrospective(incoming: Incoming, writer: Person, act: PostRetrospective) -> str:
    """The text goes to the audience: a coordinator's as any follow-up, the reporter's by what each member holds."""
    scene = scene_of(incoming, writer)
    await leakcase.retrospective_posted(scene, await _found(incoming, act.leak_id))
    if writer.role is Role.COORDINATOR:
        return f"The retrospective of {act.leak_id} is done."
    disclosure, particulars = incoming.disclosure, incoming.particulars
    if disclosure is None or particulars is None:
        return ""
    seats = await release.seats_of(incoming.tx, disclosure, incoming.now)
    readers = await readers_of_all(incoming.tx, disclosure, writer, seats)
    opened = await storing.store(incoming, writer, MessageKind.REPLY, "Retrospective", waiting=False, audience="named")
    setting = Setting(incoming.mailing_list, disclosure, particulars)
    await content.queue_for_members(incoming.parts, incoming.tx, setting, opened, readers, incoming.now)
    await incoming.audit("reply", opened.message.id, "", {"readers": [person.id for person in readers]})
    if readers:
        await release.watch(incoming.tx, opened.message, incoming.now)
    if writer.role is Role.GUEST:  # who is in, and how many, is nothing to him
        return f"The retrospective of {act.leak_id} is posted."
    others = {0: "no other member", 1: "1 other member"}.get(len(readers), f"{len(readers)} other members")
    return f"The retrospective of {act.leak_id} is posted: to the coordinators and {others}."
