"""Story 3: a leak report. The case, the alarm to every coordinator, the acknowledgement and the
notice to the audience stand in one transaction with the mail itself (law 5, invariant 20)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway import notices, posting, release, reports, safe
from policy.facts import Disclosure, MessageKind, Person, Role, Standing, State

from storage import leaks
from storage.records import LeakRecord

if TYPE_CHECKING:
    from gateway.intake import Incoming
    from policy.intake import LeakReport

FIELDS = ("what", "to", "when", "how")


async def take_report(incoming: Incoming, report: LeakReport) -> None:
    """Open a case, or add to the one that this is a reply to."""
    joined = await _joined(incoming, report)
    leak_id = joined or await _open_case(incoming, report)
    await incoming.audit(
        "leak-added" if joined else "leak",
        leak_id,
        report.reasons[0] if report.reasons else "",
        {"disclosure": incoming.disclosure.id if incoming.disclosure else None, "verified": report.reporter is not None},
    )
    await reports.raise_alarm(
        incoming.parts, incoming.tx, kind="leak", ref=leak_id, list_id=incoming.mailing_list.id, now=incoming.now
    )
    readers = () if joined else await _audience(incoming, report)
    await _alarm(incoming, report, leak_id, audience_told=bool(readers))
    if report.reporter is not None:
        await _acknowledge(incoming, report, report.reporter, leak_id)
    if readers:
        await _tell_audience(incoming, report, leak_id, readers)


async def _joined(incoming: Incoming, report: LeakReport) -> str | None:
    """A reply to a leak notice or alarm belongs to that case, unless it reports one with lines of its own."""
    if not report.joins or incoming.answered is None:
        return None
    return await leaks.of_message(incoming.tx, incoming.answered.id)


async def _open_case(incoming: Incoming, report: LeakReport) -> str:
    tx, lines, reporter = incoming.tx, report.lines, report.reporter
    leak_id = await leaks.new_id(tx, incoming.now)
    said = {name: getattr(lines, name) if lines else None for name in FIELDS}
    item = await safe.keep_json(incoming.parts, tx, said, incoming.now)
    await leaks.add(
        tx,
        LeakRecord(
            id=leak_id,
            list_id=incoming.mailing_list.id,
            disclosure_id=incoming.disclosure.id if incoming.disclosure else None,
            state="open" if reporter else "quarantined",
            verified=reporter is not None,
            reporter=_reporter(incoming, reporter),
            person_id=reporter.id if reporter else None,
            org=reporter.org if reporter else None,
            by=lines.by if lines else "us",
            missing=tuple(name for name in ("what", "to", "when", "how") if said[name] is None),
            reported_at=incoming.now,
            mail_id=incoming.mail_id,
            report_item=item,
        ),
    )
    return leak_id


def _reporter(incoming: Incoming, reporter: Person | None) -> str:
    if reporter is not None:
        return reporter.address
    senders = incoming.read.outer.sender
    return senders[0].address if senders else incoming.envelope.sender


async def _alarm(incoming: Incoming, report: LeakReport, leak_id: str, *, audience_told: bool) -> None:
    """The whole report, to every coordinator, ahead of all other work."""
    payload = incoming.read.payload
    text = payload.text if payload else ""
    is_whole = payload is not None and len(payload.parts) == 1 and bool(text.strip())
    alarm = notices.LeakAlarm(
        leak_id=leak_id,
        disclosure_id=incoming.disclosure.id if incoming.disclosure else None,
        subject=incoming.particulars.subject if incoming.particulars else incoming.read.headers.subject,
        reporter=_reporter(incoming, report.reporter),
        is_verified=report.reporter is not None,
        reasons=report.reasons,
        lines=report.lines,
        text=text,
        audience_told=audience_told,
    )
    people = await posting.coordinators(incoming.tx, incoming.mailing_list.id)
    await posting.notify(
        incoming.parts,
        incoming.tx,
        incoming.mailing_list,
        people,
        alarm.notice(() if is_whole else incoming.raw_attachment()),
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


async def _acknowledge(incoming: Incoming, report: LeakReport, reporter: Person, leak_id: str) -> None:
    """To the reporter alone: it is a case, and what is still to be told. Quotes nothing."""
    lines = report.lines
    missing = [name for name in FIELDS if lines is None or getattr(lines, name) is None]
    notice = notices.leak_acknowledged(
        leak_id,
        incoming.disclosure.id if incoming.disclosure else None,
        missing,
        (*(lines.notes if lines else ()), *report.complaints),
    )
    await posting.notify(
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
    """Who is told beside the coordinators: members who have it, when the report is proved and about "us"."""
    disclosure = incoming.disclosure
    by = report.lines.by if report.lines else "us"
    told = report.reporter is not None and by == "us" and incoming.mailing_list.config.leak_notice == "list"
    if not told or disclosure is None or disclosure.state not in {State.EMBARGOED, State.LIFTED}:
        return ()
    bound = await release.bound_people(incoming.tx, disclosure)
    reporter = report.reporter
    return tuple(
        person
        for person in bound
        if person.standing is Standing.ACTIVE
        and person.role is Role.MEMBER
        and person.id in (disclosure.admitted or ())
        and (reporter is None or person.id != reporter.id)
    )


async def _tell_audience(
    incoming: Incoming, report: LeakReport, leak_id: str, readers: tuple[Person, ...]
) -> None:
    disclosure, particulars = incoming.disclosure, incoming.particulars
    if disclosure is None or particulars is None:
        return
    zone = incoming.mailing_list.config.timezone
    notice = notices.leak_notice(disclosure, particulars.subject, report.lines, zone, incoming.now)
    await posting.notify(
        incoming.parts,
        incoming.tx,
        incoming.mailing_list,
        readers,
        notice,
        kind=MessageKind.LEAK_NOTICE,
        now=incoming.now,
        thread=await posting.thread_of(incoming.tx, disclosure),
        priority=posting.LEAK,
        leak_id=leak_id,
    )


async def no_leak(incoming: Incoming, writer: Person) -> None:
    """A member answers that it was no leak: the coordinators are told, nothing else happens."""
    disclosure: Disclosure | None = incoming.disclosure
    await incoming.audit("no-leak", disclosure.id if disclosure else incoming.mail_id)
    notice = notices.happened(
        disclosure.id if disclosure else None,
        f"{writer.name} says that it is no leak",
        ["The reply that was kept back can be released with `embargo quarantine release`."],
    )
    await posting.tell_coordinators(
        incoming.parts,
        incoming.tx,
        incoming.mailing_list,
        notice,
        now=incoming.now,
        disclosure=disclosure,
        answered=incoming.answered.id if incoming.answered else None,
    )


