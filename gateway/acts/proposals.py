"""Proposed public dates: opened, voted on, confirmed, and what they come to (``policy.proposals``).

A list whose coordinators decide on dates knows no votes: there a member's proposal is a request to them.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from gateway import release, safe
from gateway.notices import common as notices
from gateway.notices import proposals as notices_proposals
from gateway.notices.proposals import Ballot
from gateway.scene import scene_of
from gateway.sending import content, posting
from gateway.sending.content import Setting
from policy import proposals as table
from policy.control import Complaint
from policy.disclosure import Event, Refusal, move
from policy.facts import MessageKind, State
from policy.instants import in_words
from policy.proposals import Fate, Proposal
from storage import disclosures, duties
from storage.ids import disclosure_id as public_id

if TYPE_CHECKING:
    from gateway.incoming import Incoming
    from gateway.scene import Scene
    from policy.acts import CastVote, ConfirmDate, ProposeDate
    from policy.facts import Person

WINDOW = "vote-window"


def _setting(incoming: Incoming) -> Setting:
    if incoming.disclosure is None or incoming.particulars is None:
        error = "a known disclosure has particulars"
        raise ValueError(error)
    return Setting(incoming.mailing_list, incoming.disclosure, incoming.particulars)


def _leave(incoming: Incoming, setting: Setting) -> None:
    """Leave the disclosure as an act has made it, for what follows in the same mail."""
    incoming.disclosure, incoming.particulars = setting.disclosure, setting.particulars


async def audience(scene: Scene, setting: Setting) -> tuple[Person, ...]:
    """Who may vote now."""
    seats = await release.seats_of(scene.tx, setting.disclosure, scene.now)
    return content.members(seat.person for seat in seats if seat.inside)


# --- Propose-Embargo-Until ----------------------------------------------------------------------


async def refuse_proposal(incoming: Incoming, _writer: Person, act: ProposeDate) -> Complaint | None:
    """Say why nobody could agree to the date even if they wished to."""
    refusal = _judged(incoming, _setting(incoming), act)
    return Complaint("Propose-Embargo-Until:", refusal.why) if refusal is not None else None


def _judged(incoming: Incoming, setting: Setting, act: ProposeDate) -> Refusal | None:
    """Why the list, or its coordinators where they decide, can't be asked for the date."""
    mailing_list = incoming.mailing_list
    judge = table.judge_ballot if mailing_list.is_by_agreement(setting.disclosure) else table.judge_proposal
    return judge(setting.disclosure, act.at, mailing_list.rules, incoming.now)


async def propose(incoming: Incoming, writer: Person, act: ProposeDate) -> str:
    """Open a proposal (rows 7 and 8); or put a request to the coordinators, where they decide."""
    setting = _setting(incoming)
    refusal = _judged(incoming, setting, act)
    if refusal is not None:  # another line of the same mail has moved or ended it
        return f"Your proposal is not taken up: {refusal.why}."
    if not incoming.mailing_list.is_by_agreement(setting.disclosure):
        return await _ask(incoming, writer, act, setting)
    scene, known = scene_of(incoming, writer), setting.particulars.proposals
    config, ids = incoming.mailing_list.config, {one.id for one in known}
    proposal_id = next(free for _ in range(100) if (free := public_id("DP", scene.now)) not in ids)
    made = table.opened(proposal_id, setting.disclosure, act.at, writer, config.vote_window, scene.now)
    older = table.open_one(known)
    if older is not None:
        setting = await _store(scene, setting, replace(older, fate=Fate.SUPERSEDED))
    setting = await _store(scene, setting, made)
    instants = {name: getattr(made, name).isoformat() for name in ("at", "stands", "ends_at")}
    detail = {"proposal": made.id, "person": writer.id, "supersedes": older.id if older else None, **instants}
    await scene.audit("date-proposed", setting.disclosure.id, "", detail)
    ref = f"{setting.disclosure.id}/{made.id}"
    await duties.add(scene.tx, kind=WINDOW, ref=ref, list_id=scene.mailing_list.id, due_at=made.ends_at)
    await _announce(scene, setting, made, older, writer, act.reason)
    _leave(incoming, setting)
    ends = in_words(made.ends_at, config.timezone, scene.now)
    return f"{made.id} is open: the audience may vote on it until {ends}. Until it is agreed the public date stands."


async def _announce(
    scene: Scene, setting: Setting, made: Proposal, older: Proposal | None, writer: Person, reason: str
) -> None:
    ballot = Ballot(setting.disclosure, setting.told_subject, made, older.id if older else "")
    zone = scene.mailing_list.config.timezone
    thread = await posting.thread_of(scene.tx, setting.disclosure)
    people = await audience(scene, setting)
    notice, kind = ballot.to_members(zone, scene.now), MessageKind.DATE_NOTICE
    await posting.notify(
        scene.parts, scene.tx, scene.mailing_list, people, notice, kind=kind, now=scene.now, thread=thread
    )
    notice = ballot.to_coordinators(f"{writer.name} <{writer.address}>", reason, zone, scene.now)
    await posting.tell_coordinators(
        scene.parts, scene.tx, scene.mailing_list, notice, now=scene.now, disclosure=setting.disclosure
    )


async def _ask(incoming: Incoming, writer: Person, act: ProposeDate, setting: Setting) -> str:
    """Put it to the coordinators, with the lines to answer with; the date stands."""
    disclosure, zone, now = setting.disclosure, incoming.mailing_list.config.timezone, incoming.now
    request = notices_proposals.Request(
        disclosure, setting.particulars.subject, f"{writer.name} <{writer.address}>", act.at, act.reason
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


# --- Agree, Object, Confirm ---------------------------------------------------------------------


def _open(setting: Setting, proposal_id: str) -> Proposal | Refusal:
    """The open proposal of that id, while the embargo whose date it would change stands."""
    target = move(setting.disclosure.state, Event.VOTE)
    return target if isinstance(target, Refusal) else table.find_open(setting.particulars.proposals, proposal_id)


async def refuse_vote(incoming: Incoming, _writer: Person, act: CastVote) -> Complaint | None:
    """A vote is on the proposal that is open, and says one thing."""
    block = incoming.facts.block if incoming.facts else None
    if block is not None and {"Agree", "Object"} <= {line.name for line in block.lines}:
        return Complaint(act.line, "a vote says one thing: leave the other line out")
    found = _open(_setting(incoming), act.proposal_id)
    return Complaint(act.line, found.why) if isinstance(found, Refusal) else None


async def vote(incoming: Incoming, writer: Person, act: CastVote) -> str:
    """Record an organisation's vote (row 9), and see what it leads to."""
    setting, scene = _setting(incoming), scene_of(incoming, writer)
    found = _open(setting, act.proposal_id)
    if isinstance(found, Refusal):  # another line of the same mail has closed it
        return f"Your vote is not counted: {found.why}."
    changed = table.voted(found, writer, scene.now, agrees=act.agrees)
    detail = {"proposal": found.id, "person": writer.id, "agrees": act.agrees}
    await scene.audit("date-vote", setting.disclosure.id, "", detail)
    setting, fate = await take_stock(scene, setting, changed)
    _leave(incoming, setting)
    inside = await audience(scene, setting)
    if fate is Fate.OPEN and not table.missing_orgs(changed, inside):
        counted = replace(changed, votes=table.valid_votes(changed, inside))
        notice = notices_proposals.all_voted(setting.disclosure, setting.particulars.subject, counted)
        await posting.tell_coordinators(
            scene.parts, scene.tx, scene.mailing_list, notice, now=scene.now, disclosure=setting.disclosure
        )
    return f"Your organisation {'agrees to' if act.agrees else 'objects to'} {found.id}: that is recorded."


async def refuse_confirmation(incoming: Incoming, _writer: Person, act: ConfirmDate) -> Complaint | None:
    """Say why the proposal can't be confirmed."""
    setting = _setting(incoming)
    found = _open(setting, act.proposal_id)
    if not isinstance(found, Refusal):
        seats = await release.seats_of(incoming.tx, setting.disclosure, incoming.now)
        inside = [seat.person for seat in seats if seat.inside]
        rules = incoming.mailing_list.rules
        refusal = table.judge_confirmation(found, setting.disclosure, inside, rules, incoming.now)
        if refusal is None:
            return None
        found = refusal
    return Complaint(f"Confirm: {act.proposal_id}", found.why)


async def confirm_by_mail(incoming: Incoming, writer: Person, act: ConfirmDate) -> str:
    """Confirm a proposal, as a coordinator's line asks."""
    done, setting = await confirm(scene_of(incoming, writer), _setting(incoming), act.proposal_id)
    _leave(incoming, setting)
    return f"Not confirmed: {done.why}." if isinstance(done, Refusal) else done


async def confirm(scene: Scene, setting: Setting, proposal_id: str) -> tuple[str | Refusal, Setting]:
    """Confirm a proposal (row 10): it comes to stand now, or when the list has been heard."""
    found = _open(setting, proposal_id)
    if isinstance(found, Refusal):
        return found, setting
    inside, rules = await audience(scene, setting), scene.mailing_list.rules
    refusal = table.judge_confirmation(found, setting.disclosure, inside, rules, scene.now)
    if refusal is not None:
        return refusal, setting
    await scene.audit("date-confirmed", setting.disclosure.id, "", {"proposal": found.id})
    setting, fate = await take_stock(scene, setting, replace(found, confirmed_by=scene.actor))
    zone = scene.mailing_list.config.timezone
    if fate is Fate.AGREED:
        return f"{found.id} is agreed: the public date is now {in_words(found.at, zone, scene.now)}.", setting
    ends = in_words(found.ends_at, zone, scene.now)
    return f"{found.id} is confirmed: it comes to stand when all have agreed, or {ends} if nobody objects.", setting


# --- what a proposal comes to -------------------------------------------------------------------


async def take_stock(scene: Scene, setting: Setting, proposal: Proposal) -> tuple[Setting, Fate]:
    """Store an open proposal as it is now, and carry out what it comes to (rows 10 and 11)."""
    proposal = table.still_confirmed(proposal, await posting.coordinators(scene.tx, scene.mailing_list.id))
    inside = await audience(scene, setting)
    fate = table.fate_of(proposal, setting.disclosure, inside, scene.mailing_list.rules, scene.now)
    setting = await _store(scene, setting, replace(proposal, fate=fate))
    if fate is Fate.AGREED:
        setting = await _settle(scene, setting, proposal)
    elif fate is not Fate.OPEN:
        await scene.audit(Event.DATE_STANDS.value, setting.disclosure.id, fate.value, {"proposal": proposal.id})
        zone = scene.mailing_list.config.timezone
        await release.tell_bound(
            scene.parts,
            scene.tx,
            setting,
            lambda told: notices_proposals.fallen(told.disclosure, told.told_subject, proposal, fate, zone, scene.now),
            MessageKind.DATE_NOTICE,
            scene.now,
        )
    return setting, fate


async def look_again(incoming: Incoming, writer: Person) -> None:
    """See what an open proposal comes to after something has changed: with attacks seen a later date falls (row 15)."""
    _leave(incoming, await look_at(scene_of(incoming, writer), _setting(incoming)))


async def look_at(scene: Scene, setting: Setting) -> Setting:
    """The same of a disclosure, whoever changed it; gives it as it is then."""
    found = table.open_one(setting.particulars.proposals)
    if found is not None and scene.mailing_list.is_by_agreement(setting.disclosure):
        setting, _ = await take_stock(scene, setting, found)
    return setting


async def unconfirm(scene: Scene) -> None:
    """Somebody is no coordinator any more: what he confirmed, and is open still, waits for another's confirmation."""
    coordinators = await posting.coordinators(scene.tx, scene.mailing_list.id)
    for disclosure in await disclosures.ls(scene.tx, scene.mailing_list.id, frozenset({State.EMBARGOED})):
        setting = await release.setting_of(scene.parts, scene.tx, disclosure)
        found = table.open_one(setting.particulars.proposals)
        if found is None or table.still_confirmed(found, coordinators) == found:
            continue
        await _store(scene, setting, replace(found, confirmed_by=""))
        await scene.audit("date-unconfirmed", disclosure.id, "", {"proposal": found.id})
        notice = notices_proposals.unconfirmed(
            disclosure, setting.particulars.subject, found, scene.mailing_list.config.timezone, scene.now
        )
        await posting.tell_coordinators(
            scene.parts, scene.tx, scene.mailing_list, notice, now=scene.now, disclosure=disclosure
        )


async def _settle(scene: Scene, setting: Setting, proposal: Proposal) -> Setting:
    before, parts, tx, now = setting.disclosure, scene.parts, scene.tx, scene.now
    after = replace(before, embargo_until=proposal.at)
    await disclosures.update(tx, before.id, embargo_until=after.embargo_until)
    await release.transition(parts, tx, before, after, now, actor=scene.actor, reason=Event.DATE_AGREED.value)
    setting = replace(setting, disclosure=after)
    zone = scene.mailing_list.config.timezone
    await release.tell_bound(
        parts,
        tx,
        setting,
        lambda told: notices.new_date(after, told.told_subject, before.embargo_until, zone, now),
        MessageKind.DATE_NOTICE,
        now,
    )
    await content.compose_unsent_again(parts, tx, setting, now)
    return setting


async def _store(scene: Scene, setting: Setting, proposal: Proposal) -> Setting:
    """Put a proposal into the place of the one with its id, or behind the others."""
    others = setting.particulars.proposals
    is_new = all(one.id != proposal.id for one in others)
    stored = tuple(proposal if one.id == proposal.id else one for one in others) + ((proposal,) if is_new else ())
    particulars = replace(setting.particulars, proposals=stored)
    item = await disclosures.particulars_item(scene.tx, setting.disclosure.id)
    await safe.change_json(scene.parts, scene.tx, item, particulars.to_json())
    return replace(setting, particulars=particulars)
