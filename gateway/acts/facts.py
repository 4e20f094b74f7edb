"""``Fact:`` and ``Confirm: FA-...``: what is known of a disclosure, reported by anybody, confirmed by coordinators."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway import safe
from gateway.acts import known, proposals
from gateway.notices import facts as notices_facts
from gateway.scene import scene_of
from gateway.sending import posting, reports
from policy.control import Complaint
from policy.facts import Role
from policy.knowledge import FactKind, known_since
from storage import facts
from storage.records import FactRecord

if TYPE_CHECKING:
    from gateway.incoming import Incoming
    from gateway.scene import Scene
    from policy.acts import ConfirmFact, TellFact
    from policy.facts import Disclosure, Person


async def refuse_fact(incoming: Incoming, _writer: Person, act: TellFact) -> Complaint | None:
    """What is known for a fact already needs no report."""
    disclosure = incoming.disclosure
    if disclosure is None or known_since(disclosure, act.kind) is None:
        return None
    return Complaint(f"Fact: {act.kind}", "that is known and confirmed already")


async def tell(incoming: Incoming, writer: Person, act: TellFact) -> str:
    """A coordinator's word confirms it; anybody else's is a report, and changes nothing."""
    disclosure = _thread(incoming)
    fact = await keep(scene_of(incoming, writer), disclosure, act.kind, act.where, person_id=writer.id)
    if writer.role is Role.COORDINATOR:
        return await _confirm(incoming, writer, fact, disclosure)
    await reports.raise_alarm(
        incoming.parts, incoming.tx, kind="fact", ref=fact.id, list_id=fact.list_id, now=incoming.now
    )
    await posting.tell_coordinators(
        incoming.parts,
        incoming.tx,
        incoming.mailing_list,
        notices_facts.reported(fact.id, disclosure, act.kind, f"{writer.name} <{writer.address}>", act.where),
        now=incoming.now,
        disclosure=disclosure,
        answered=incoming.answered.id if incoming.answered else None,
        priority=posting.LEAK,
    )
    return f"Your report {fact.id} is with the coordinators. Nothing changes before they confirm it."


async def keep(
    scene: Scene, disclosure: Disclosure, kind: FactKind, where: str | None, *, person_id: int | None = None
) -> FactRecord:
    """Keep a report of a fact; it changes nothing."""
    fact = FactRecord(
        id=await facts.new_id(scene.tx, scene.now),
        list_id=disclosure.list_id,
        disclosure_id=disclosure.id,
        kind=kind.value,
        state="reported",
        reporter=scene.actor,
        person_id=person_id,
        reported_at=scene.now,
        report_item=await safe.keep_json(scene.parts, scene.tx, {"where": where}, scene.now),
    )
    await facts.add(scene.tx, fact)
    await scene.audit("fact-reported", fact.id, kind.value, {"disclosure": disclosure.id})
    return fact


async def refuse_confirm(incoming: Incoming, _writer: Person, act: ConfirmFact) -> Complaint | None:
    """It must be a report about this thread's disclosure that is not confirmed yet."""
    fact = await facts.get(incoming.tx, act.fact_id)
    disclosure = incoming.disclosure
    if fact is None or disclosure is None or fact.list_id != disclosure.list_id:
        return Complaint(f"Confirm: {act.fact_id}", "there is no such report on this list")
    if fact.disclosure_id != disclosure.id:
        why = f"that report is about {fact.disclosure_id}, and this thread about {disclosure.id}: answer there"
        return Complaint(f"Confirm: {fact.id}", why)
    return Complaint(f"Confirm: {fact.id}", "it is confirmed already") if fact.state == "confirmed" else None


async def confirm(incoming: Incoming, writer: Person, act: ConfirmFact) -> str:
    """Make a report a fact."""
    fact = await facts.get(incoming.tx, act.fact_id)
    if fact is None:
        error = "what was never reported is refused before"
        raise ValueError(error)
    return await _confirm(incoming, writer, fact, _thread(incoming))


async def _confirm(incoming: Incoming, writer: Person, fact: FactRecord, disclosure: Disclosure) -> str:
    incoming.disclosure, said = await make_known(scene_of(incoming, writer), fact, disclosure)
    await proposals.look_again(incoming, writer)
    return said


async def make_known(scene: Scene, fact: FactRecord, disclosure: Disclosure) -> tuple[Disclosure, str]:
    """Confirm a report, and do what follows of its fact; an open proposal is the caller's to look at again.

    Gives the disclosure as it is then, and what was done, in words.
    """
    kind = FactKind(fact.kind)
    await facts.confirm(scene.tx, fact.id, by=scene.actor, now=scene.now)
    after = await known.confirm(scene, disclosure, kind)
    said = f"{notices_facts.SAID[kind].capitalize()}: confirmed ({fact.id})."
    if after.state is not disclosure.state:
        said += " The embargo is lifted, and everybody bound is told."
    return after, said


def _thread(incoming: Incoming) -> Disclosure:
    if incoming.disclosure is None:
        error = "an act without a disclosure is refused before"
        raise ValueError(error)
    return incoming.disclosure
