"""Story 3: a leak report.

The case, the alarm to every coordinator, the acknowledgement and the notice to the audience stand in
one transaction with the mail itself (law 5, invariant 20).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from gateway import closing, safe
from gateway.leaks import escalating, floods
from gateway.leaks import telling as leaktelling
from gateway.leaks.choices import choices
from gateway.notices import common as notices
from gateway.notices import leak as notices_leak
from gateway.notices import outsiders as notices_outsiders
from gateway.scene import Scene, scene_of
from gateway.sending import posting, reports
from gateway.sending.content import Setting
from policy import leakcase
from policy.facts import MessageKind, Person, Role, State
from policy.leaklines import ASKED
from policy.upstream import restricting
from storage import items, leaks, messages
from storage.records import LeakRecord

if TYPE_CHECKING:
    from datetime import datetime

    from gateway.incoming import Incoming
    from gateway.notices.leak import Choices
    from policy.leaklines import LeakLines
    from policy.verdicts import LeakReport, NoLeak
    from storage.records import Message


async def take_report(incoming: Incoming, report: LeakReport, kept_as: str | None = None) -> None:
    """Open a case, or add to the one that this belongs to. ``kept_as``: the mail is in quarantine as well."""
    known = await leaks.of_same_bytes(incoming.tx, incoming.mailing_list.id, incoming.digest)
    if known is not None:  # sent to two addresses of the list, or judged again: one case (invariant 19)
        await incoming.audit("leak-again", known.id)
        return
    is_flood = await floods.waits(incoming, report)
    joined = None if is_flood else await _joined(incoming, report)
    leak_id = joined.id if joined else await _open_case(incoming, report, None if is_flood else incoming.now)
    is_reopened = joined is None and await _reopen(incoming, report)
    about = joined.disclosure_id if joined else (incoming.disclosure.id if incoming.disclosure else None)
    await incoming.audit(
        "leak-added" if joined else "leak",
        leak_id,
        report.reasons[0] if report.reasons else "",
        {"disclosure": about, "verified": report.is_verified, "found": len(report.found)},
    )
    if joined and report.lines is not None:
        report = replace(report, lines=await _fill_in(incoming, joined, report.lines))
    if is_flood:
        await floods.plan(incoming.tx, incoming.mailing_list, incoming.now)
    elif report.is_urgent:
        await reports.raise_alarm(
            incoming.parts, incoming.tx, kind="leak", ref=leak_id, list_id=incoming.mailing_list.id, now=incoming.now
        )
    if joined is None and report.is_verified:
        await escalating.plan(incoming.tx, incoming.mailing_list, leak_id, incoming.now, incoming.now)
    readers = () if joined else await _audience(incoming, report)
    can = await choices(incoming.tx, leak_id, incoming.disclosure, incoming.now)
    if report.found:
        alarm = _alarm_found(incoming, report, can, kept_as)
    else:
        alarm = _alarm(
            incoming,
            report,
            can,
            audience_told=bool(readers),
            is_addition=joined is not None,
            is_reopened=is_reopened,
        )
    answer = await _sound(incoming, leak_id, alarm, is_flood=is_flood)
    if report.reporter is not None and report.is_urgent:
        answer = await _acknowledge(incoming, report, report.reporter, leak_id)
    elif report.reporter is not None and report.complaints:
        await _tell_set_aside(incoming, report.reporter, notices_leak.not_acted_on(about, report.complaints))
    if own := incoming.read.headers.message_id:  # an answer from the Sent folder belongs to the case as well
        await messages.link_header(incoming.tx, list_id=incoming.mailing_list.id, header=own, message_id=answer.id)
    if readers:
        await _tell_audience(incoming, report, leak_id, readers)


async def _joined(incoming: Incoming, report: LeakReport) -> LeakRecord | None:
    """The case of the message that this is a reply to.

    With lines of its own a report joins only the reporter's own proved case: there it fills in what
    the acknowledgement asked for. What is closed, case or disclosure, takes talk, and no new report.
    """
    is_closed = incoming.disclosure is not None and incoming.disclosure.state is State.CLOSED
    if not report.joins or incoming.answered is None or (is_closed and report.is_urgent):
        return None
    leak_id = await leaks.of_message(incoming.tx, incoming.answered.id)
    case = await leaks.get(incoming.tx, leak_id) if leak_id is not None else None
    if case is None or not leakcase.takes(case.state, is_urgent=report.is_urgent):
        return None
    if report.lines is None:
        return case
    is_own = report.reporter is not None and case.person_id == report.reporter.id
    is_there = await items.get(incoming.tx, case.report_item) is not None  # else it was destroyed after its time
    return case if is_own and is_there else None


async def _reopen(incoming: Incoming, report: LeakReport) -> bool:
    """A new case opens what is closed (row 16), whoever reports it; says whether it did."""
    disclosure = incoming.disclosure
    if disclosure is None or disclosure.state is not State.CLOSED:
        return False
    actor = report.reporter.address if report.reporter else "gateway"
    scene = Scene(incoming.parts, incoming.tx, incoming.mailing_list, incoming.now, actor, incoming.mail_id)
    incoming.disclosure = await closing.reopen(scene, disclosure)
    return True


async def _fill_in(incoming: Incoming, case: LeakRecord, lines: LeakLines) -> LeakLines:
    """Put what an addition says into its case; give the lines of the whole case as they are then."""
    said = await safe.take_json(incoming.parts, incoming.tx, case.report_item)
    for name in ASKED:
        more = getattr(lines, name)
        if more is not None and more != said[name]:
            said[name] = f"{said[name]}; {more}" if said[name] else more
    missing = tuple(name for name in ASKED if said[name] is None)
    await safe.change_json(incoming.parts, incoming.tx, case.report_item, said)
    await leaks.set_missing(incoming.tx, case.id, missing)
    return replace(lines, what=said["what"], to=said["to"], when=said["when"], how=said["how"], missing=missing)


async def _open_case(incoming: Incoming, report: LeakReport, alarmed_at: datetime | None) -> str:
    tx, lines, reporter = incoming.tx, report.lines, report.reporter
    leak_id = await leaks.new_id(tx, incoming.now)
    said: dict[str, object] = {name: getattr(lines, name) if lines else None for name in ASKED}
    if report.found:
        said["found"] = list(report.found)
    item = await safe.keep_json(incoming.parts, tx, said, incoming.now)
    await leaks.add(
        tx,
        LeakRecord(
            id=leak_id,
            list_id=incoming.mailing_list.id,
            disclosure_id=incoming.disclosure.id if incoming.disclosure else None,
            state="open" if reporter else "quarantined",
            verified=report.is_verified,
            reporter=_reporter(incoming, reporter),
            person_id=reporter.id if reporter else None,
            org=reporter.org if reporter and report.is_verified else None,
            by=lines.by if lines else ("unknown" if report.found and not report.is_verified else "us"),
            missing=tuple(name for name in ASKED if said[name] is None),
            reported_at=incoming.now,
            mail_id=incoming.mail_id,
            report_item=item,
            alarmed_at=alarmed_at,
        ),
    )
    return leak_id


def _reporter(incoming: Incoming, reporter: Person | None) -> str:
    if reporter is not None:
        return reporter.address
    senders = incoming.read.outer.sender
    return senders[0].address if senders else incoming.envelope.sender


def _alarm(
    incoming: Incoming,
    report: LeakReport,
    can: Choices,
    *,
    audience_told: bool,
    is_addition: bool,
    is_reopened: bool,
) -> notices.Notice:
    """The whole report."""
    alarm = notices_leak.LeakAlarm(
        choices=can,
        subject=_subject(incoming),
        reporter=_reporter(incoming, report.reporter),
        is_verified=report.reporter is not None,
        reasons=report.reasons,
        lines=report.lines,
        text=incoming.read.said,
        audience_told=audience_told,
        is_bare=incoming.disclosure is not None and bool(restricting(incoming.disclosure)),
        is_addition=is_addition,
        is_reopened=is_reopened,
    )
    return alarm.notice(_beside_text(incoming))


def _alarm_found(incoming: Incoming, report: LeakReport, can: Choices, kept_as: str | None) -> notices.Notice:
    """The whole mail, as its copy has left: what is out must be known, whoever wrote it."""
    alarm = notices_outsiders.FoundAlarm(
        choices=can,
        quarantine_id=kept_as,
        subject=_subject(incoming),
        writer=_reporter(incoming, report.reporter),
        is_proved=report.reporter is not None,
        is_signed=report.is_signed,
        reasons=report.reasons,
        found=report.found,
        text=incoming.read.said,
    )
    return alarm.notice(_beside_text(incoming))


def _subject(incoming: Incoming) -> str:
    return incoming.particulars.subject if incoming.particulars else incoming.read.headers.subject


def _beside_text(incoming: Incoming) -> tuple[notices.Attachment, ...]:
    """The mail as it came, where its text alone is not all that it says."""
    payload, text = incoming.read.payload, incoming.read.said
    is_whole = payload is not None and not incoming.read.opaque and len(payload.parts) == 1 and bool(text.strip())
    is_whole &= len(text) <= notices.MOST_VALUE  # nothing of it is cut off then
    return () if is_whole else incoming.raw_attachment()


async def _sound(incoming: Incoming, leak_id: str, notice: notices.Notice, *, is_flood: bool) -> Message:
    """To every coordinator, ahead of all other work; in a flood it is kept for the one mail that tells of all."""
    return await posting.notify(
        incoming.parts,
        incoming.tx,
        incoming.mailing_list,
        () if is_flood else await posting.coordinators(incoming.tx, incoming.mailing_list.id),
        notice,
        kind=MessageKind.ALARM,
        now=incoming.now,
        thread=await _thread(incoming),
        priority=posting.LEAK,
        leak_id=leak_id,
        mail_id=incoming.mail_id,
    )


async def _thread(incoming: Incoming) -> posting.Thread:
    return await posting.thread_of(
        incoming.tx, incoming.disclosure, incoming.answered.id if incoming.answered else None
    )


async def _acknowledge(incoming: Incoming, report: LeakReport, reporter: Person, leak_id: str) -> Message:
    """To the reporter alone: it is a case, and what is still to be told. Quotes nothing."""
    lines = report.lines
    missing = [name for name in ASKED if lines is None or getattr(lines, name) is None]
    about = incoming.disclosure.id if incoming.disclosure else None
    if report.found:
        notice = notices_outsiders.found_acknowledged(leak_id, about, report.found)
    else:
        complaints = (*(lines.notes if lines else ()), *report.complaints)
        notice = notices_leak.leak_acknowledged(leak_id, about, missing, complaints)
    return await posting.notify(
        incoming.parts,
        incoming.tx,
        incoming.mailing_list,
        [reporter],
        notice,
        kind=MessageKind.ACKNOWLEDGEMENT,
        now=incoming.now,
        thread=await _thread(incoming),
        priority=posting.LEAK,
        leak_id=leak_id,
    )


async def _audience(incoming: Incoming, report: LeakReport) -> tuple[Person, ...]:
    """Who is told beside the coordinators: members who have it, when the report is proved."""
    by = report.lines.by if report.lines else "us"
    if report.reporter is None or report.found:
        return ()
    return await leaktelling.audience(
        incoming.mailing_list, incoming.tx, incoming.disclosure, by, incoming.now, but=report.reporter.id
    )


async def _tell_audience(incoming: Incoming, report: LeakReport, leak_id: str, readers: tuple[Person, ...]) -> None:
    disclosure, particulars, reporter = incoming.disclosure, incoming.particulars, report.reporter
    if disclosure is None or particulars is None or reporter is None:
        return
    setting = Setting(incoming.mailing_list, disclosure, particulars)
    by_member = reporter.role is not Role.COORDINATOR
    await leaktelling.tell(scene_of(incoming, reporter), setting, report.lines, leak_id, readers, by_member=by_member)


async def join_case(incoming: Incoming) -> None:
    """Note that a coordinator's reply to an alarm belongs to its case; what it says went its way already."""
    if incoming.answered is None:
        return
    leak_id = await leaks.of_message(incoming.tx, incoming.answered.id)
    if leak_id is None:
        return
    await incoming.audit("leak-discussed", leak_id)
    own = incoming.read.headers.message_id
    found = await messages.by_headers(incoming.tx, incoming.mailing_list.id, (own,)) if own else {}
    for message in found.values():
        await leaks.link_message(incoming.tx, message_id=message.id, leak_id=leak_id)


async def no_leak(incoming: Incoming, verdict: NoLeak) -> None:
    """A member answers that it was no leak: the coordinators are told, nothing else happens."""
    disclosure, writer = incoming.disclosure, verdict.writer
    about = disclosure.id if disclosure else None
    await incoming.audit("no-leak", about or incoming.mail_id)
    notice = notices.happened(
        about,
        f"{writer.name} says that it is no leak",
        [
            "The reply that was kept back can be released with `embargo quarantine release`.",
            notices.LINE,
            "",
            notices.shortened(incoming.read.said, notices.MOST_TEXT),
        ],
    )
    await posting.tell_coordinators(
        incoming.parts,
        incoming.tx,
        incoming.mailing_list,
        replace(notice, attachments=incoming.attached_unless_told()),
        now=incoming.now,
        disclosure=disclosure,
        answered=incoming.answered.id if incoming.answered else None,
    )
    if verdict.complaints:
        await _tell_set_aside(incoming, writer, notices_leak.not_acted_on(about, verdict.complaints))


async def _tell_set_aside(incoming: Incoming, writer: Person, notice: notices.Notice) -> None:
    """To the writer alone: what stands beside a word about a leak was not done."""
    await posting.notify(
        incoming.parts,
        incoming.tx,
        incoming.mailing_list,
        [writer],
        notice,
        kind=MessageKind.NOTE,
        now=incoming.now,
        thread=await _thread(incoming),
    )
