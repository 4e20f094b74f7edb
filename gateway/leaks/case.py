"""A leak case after its alarm: vouched for, assessed, learnt from. By mail and by the operator alike."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from gateway import closing, release, safe
from gateway.acts import known
from gateway.leaks import escalating, ledger, retrospect
from gateway.leaks import telling as leaktelling
from gateway.leaks.choices import choices
from gateway.notices import leak as notices_leak
from gateway.sending import posting, reports
from keys.errors import VaultError
from policy import leakcase as table
from policy.facts import MessageKind, Standing
from policy.instants import in_words
from policy.knowledge import FactKind
from policy.leakcase import Assessment, CaseState, Outcome
from policy.leaklines import ASKED, LeakLines
from storage import disclosures, duties, leaks, roster
from storage.records import LeakRecord

if TYPE_CHECKING:
    from typing import Any

    from gateway.scene import Scene
    from policy.facts import Disclosure


async def disclosure_of(scene: Scene, case: LeakRecord) -> Disclosure | None:
    """The disclosure that a case is about; None for one that could be bound to none."""
    return await disclosures.get(scene.tx, case.disclosure_id) if case.disclosure_id else None


async def bind(scene: Scene, case: LeakRecord, disclosure: Disclosure) -> LeakRecord:
    """Say which disclosure a case is about, where its report could not be bound to one."""
    if case.disclosure_id is not None:
        return case
    await leaks.change(scene.tx, case.id, disclosure_id=disclosure.id)
    await scene.audit("leak-bound", case.id, "", {"disclosure": disclosure.id})
    if case.state != CaseState.CLOSED:
        await closing.reopen(scene, disclosure)
    return replace(case, disclosure_id=disclosure.id)


async def open_found(scene: Scene, disclosure: Disclosure, lines: LeakLines) -> tuple[str, int]:
    """Open a case for a leak that was found, not reported; give its id, and how many members are told."""
    tx, now, parts = scene.tx, scene.now, scene.parts
    said = {name: getattr(lines, name) for name in ASKED}
    case = LeakRecord(
        id=await leaks.new_id(tx, now),
        list_id=disclosure.list_id,
        disclosure_id=disclosure.id,
        state=CaseState.OPEN.value,
        verified=True,
        reporter=scene.actor,
        person_id=None,
        org=None,
        by=lines.by,
        missing=lines.missing,
        reported_at=now,
        mail_id="",
        report_item=await safe.keep_json(parts, tx, said, now),
        alarmed_at=now,
    )
    await leaks.add(tx, case)
    await scene.audit("leak-opened", case.id, "", {"disclosure": disclosure.id})
    was, disclosure = disclosure, await closing.reopen(scene, disclosure)
    await reports.raise_alarm(parts, tx, kind="leak", ref=case.id, list_id=case.list_id, now=now)
    await escalating.plan(tx, scene.mailing_list, case.id, now, now)
    setting = await release.setting_of(parts, tx, disclosure)
    readers = await leaktelling.audience(scene.mailing_list, tx, disclosure, case.by, now, but=None)
    alarm = notices_leak.LeakAlarm(
        choices=await choices(tx, case.id, disclosure, now),
        subject=setting.particulars.subject,
        reporter=f"the {scene.actor}",
        is_verified=True,
        reasons=(),
        lines=lines,
        text="(it was opened at the command line: the lines above are all of it)",
        audience_told=bool(readers),
        is_bare=setting.is_bare,
        is_found=True,
        is_reopened=disclosure is not was,
    )
    await posting.notify(
        parts,
        tx,
        scene.mailing_list,
        await posting.coordinators(tx, case.list_id),
        alarm.notice(()),
        kind=MessageKind.ALARM,
        now=now,
        thread=await posting.thread_of(tx, disclosure),
        priority=posting.LEAK,
        leak_id=case.id,
    )
    if readers:
        await leaktelling.tell(scene, setting, lines, case.id, readers)
    return case.id, len(readers)


async def vouch(scene: Scene, case: LeakRecord) -> str:
    """Row 16: from now on it is as good as a proved report, and the audience is told of it as of one."""
    acked = case.acked_at or scene.now
    state = CaseState.OPEN.value
    await leaks.change(scene.tx, case.id, verified=True, state=state, acked_at=acked)
    disclosure = await disclosure_of(scene, case)
    now, but = scene.now, case.person_id
    readers = await leaktelling.audience(scene.mailing_list, scene.tx, disclosure, case.by, now, but=but)
    await scene.audit("leak-vouched", case.id, "", {"disclosure": case.disclosure_id, "told": len(readers)})
    if disclosure is None or not readers:
        return f"{case.id} is vouched for; no member is told of it."
    setting = await release.setting_of(scene.parts, scene.tx, disclosure)
    await leaktelling.tell(scene, setting, await _lines(scene, case), case.id, readers)
    return f"{case.id} is vouched for; {len(readers)} {'member is' if len(readers) == 1 else 'members are'} told of it."


async def _lines(scene: Scene, case: LeakRecord) -> LeakLines:
    said = await opened(scene, case)
    what, to, when, how = (said.get(name) for name in ASKED)
    return LeakLines(what=what, to=to, when=when, how=how, by=case.by)


async def opened(scene: Scene, case: LeakRecord) -> dict[str, Any]:
    """What was said of a case; nothing where that was destroyed."""
    try:
        return await safe.take_json(scene.parts, scene.tx, case.report_item)
    except VaultError:
        return {}


async def judge(scene: Scene, case: LeakRecord, outcome: Outcome, reason: str | None) -> Assessment | str:
    """What assessing a case would lead to, or why it can't be."""
    disclosure = await disclosure_of(scene, case)
    return table.assess(case.state, case.outcome, outcome, reason, disclosure.state if disclosure else None)


async def assess(scene: Scene, case: LeakRecord, outcome: Outcome, reason: str | None) -> str:
    """Row 17: how it ended; what follows is done with it. Gives what was done, in words.

    ``judge`` comes before: what it refuses is a TypeError here.
    """
    tx, now, words = scene.tx, scene.now, []
    judged = await judge(scene, case, outcome, reason)
    if not isinstance(judged, Assessment):
        raise TypeError(judged)
    if judged.vouches:
        words.append(await vouch(scene, case))
    said = await opened(scene, case)
    if said:
        said["assessment"] = reason
        await safe.change_json(scene.parts, tx, case.report_item, said)
    due = now + scene.mailing_list.config.retrospective_within if judged.is_due else None
    await leaks.change(
        tx,
        case.id,
        state=judged.state.value,
        outcome=outcome.value,
        assessed_at=now,
        retrospective="due" if due else None,
        retrospective_due=due,
        acked_at=case.acked_at or now,
    )
    await scene.audit("leak-assessed", case.id, outcome.value, {"disclosure": case.disclosure_id})
    words.append(f"{case.id} is assessed as {outcome}.")
    await _ask_whether_it_stays(scene, case)
    disclosure = await disclosure_of(scene, case)
    if due is not None:
        disclosure = await closing.reopen(scene, disclosure) if disclosure is not None else None
        await duties.put(tx, kind=retrospect.DRAFT, ref=case.id, list_id=case.list_id, due_at=due)
        when = in_words(due, scene.mailing_list.config.timezone, now)
        words.append(f"Its retrospective is due {when}: `Retrospective: {case.id}`, and the text below.")
    if judged.is_fact and disclosure is not None:
        after = await known.confirm(scene, disclosure, FactKind.PUBLIC, cause="leaked")
        if after.state is not disclosure.state:
            words.append("The embargo is lifted, and everybody bound is told.")
    return " ".join(words)


async def _ask_whether_it_stays(scene: Scene, before: LeakRecord) -> None:
    """Row 22: a case was assessed; where its organisation leaked again, the coordinators are asked. Nobody is removed.

    ``before``: the case as it was before.
    """
    tx, case = scene.tx, await leaks.get(scene.tx, before.id)
    if case is None or case.org is None or not table.is_confirmed(case.org, case.by, case.outcome):
        return
    found = await ledger.confirmed(tx, case.list_id, case.org)
    is_news = not table.is_confirmed(before.org, before.by, before.outcome)
    person = await roster.person(tx, case.person_id) if case.person_id is not None else None
    if person is None or person.standing is Standing.REMOVED or not table.asks_for_removal(len(found), is_news=is_news):
        return
    await scene.audit("removal-asked", case.id, "", {"disclosure": case.disclosure_id, "confirmed": len(found)})
    request_address = scene.mailing_list.config.address_for("-request")
    notice = notices_leak.leaked_again(
        case.org, person.address, [one.id for one in found], request_address, case.list_id
    )
    about = await disclosure_of(scene, case)
    await posting.tell_coordinators(scene.parts, tx, scene.mailing_list, notice, now=scene.now, disclosure=about)


async def retrospective_posted(scene: Scene, case: LeakRecord) -> None:
    """Row 18: nothing is due of this case any more."""
    await leaks.change(scene.tx, case.id, state=CaseState.CLOSED.value, retrospective="done")
    await duties.finish(scene.tx, kind=retrospect.DRAFT, ref=case.id, now=scene.now)
    await scene.audit("leak-retrospective", case.id, "", {"disclosure": case.disclosure_id})


async def tell_coordinators(scene: Scene, case: LeakRecord, headline: str, words: list[str]) -> None:
    """Tell the coordinators what was done with a case, in the thread of its disclosure."""
    notice = notices_leak.case_changed(case.id, case.disclosure_id, headline, words)
    await posting.tell_coordinators(
        scene.parts,
        scene.tx,
        scene.mailing_list,
        notice,
        now=scene.now,
        disclosure=await disclosure_of(scene, case),
    )
