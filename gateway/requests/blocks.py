"""A coordinator without a shell: what is asked at the -request address is done, and answered.

The lines are done in their order, each by what the command line uses as well. If one can't be done, all
are taken back, and the answer says why: nothing is half done. The answer goes to that coordinator alone,
sealed; of what was changed all others hear as they do of the operator's acts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.kept import approvals
from gateway.kept import mails as kept_mails
from gateway.notices import requests as notices_requests
from gateway.operator import closing as operator_closing
from gateway.operator import roster as operator_roster
from gateway.operator import waiting as operator_waiting
from gateway.operator.base import Actor, Done, RefusedError
from gateway.requests.show import MOST_ATTACHED, Outcome, find_disclosure, find_kept, show
from gateway.sending import posting
from gateway.settings import TwoPerson
from policy.control import Complaint
from policy.facts import MessageKind, Role, Standing
from policy.reasons import Reason
from policy.requests import Ask, Asked, Request, block_of
from storage import messages, roster

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway.incoming import Incoming
    from gateway.notices.common import Notice
    from policy.facts import Person
    from policy.verdicts import Requested

STANDINGS = {Ask.SUSPEND: Standing.SUSPENDED, Ask.REINSTATE: Standing.ACTIVE}


class _RefusedError(Exception):
    """Takes back what a mail's lines did, and carries what is wrong; never leaves this module."""

    def __init__(self, refused: dict[Request, RefusedError]) -> None:
        """Take the lines that can't be done, each with what is wrong."""
        super().__init__()
        self.refused = refused


class _WaitsError(Exception):
    """Takes back what could be done, as another coordinator has to agree to it; never leaves this module."""


def _takes_two(incoming: Incoming, asked: Asked) -> bool:
    """Whether it changes the roster, on a list where nobody does so alone."""
    changes = any(request.ask in STANDINGS for request in asked.requests)
    return changes and TwoPerson.ROSTER in approvals.left_to_two(incoming)


async def carry_out(incoming: Incoming, verdict: Requested) -> None:
    """Do what is asked, or nothing of it, and answer."""
    writer, asked = verdict.writer, verdict.asked
    address = incoming.mailing_list.request
    if asked.is_help:
        incoming.notes.append("It asks for nothing: its writer gets the help text.")
        await incoming.audit("request-help", incoming.mail_id)
        await _answer(incoming, writer, notices_requests.help_text(address), MessageKind.NOTE)
        return
    if asked.complaints:
        await _refuse(incoming, writer, asked, Reason.CONTROL_LINES)
        return
    try:
        async with incoming.tx.begin_nested():
            done = await _do_all(incoming, writer, asked.requests)
            if _takes_two(incoming, asked):
                raise _WaitsError
    except _WaitsError:
        await approvals.keep(incoming, writer, [request.said for request in asked.requests])
        return
    except _RefusedError as over:
        complaints = tuple(Complaint(request.said, str(error)) for request, error in over.refused.items())
        left = block_of(request for request in asked.requests if request not in over.refused)
        first = next(iter(over.refused.values()))
        await _refuse(incoming, writer, Asked(complaints=complaints, corrected=left), first.reason)
        return
    told = [(request.said, outcome.lines) for request, outcome in done]
    attachments = [part for _, outcome in done for part in outcome.attachments]
    incoming.notes += [f"{said} -- {lines[0] if len(lines) == 1 else 'its writer is shown it'}" for said, lines in told]
    await incoming.audit("request-done", incoming.mail_id, detail={"lines": [str(one.ask) for one in asked.requests]})
    await _answer(incoming, writer, notices_requests.answer(told, attachments), MessageKind.REPORT)


async def _refuse(incoming: Incoming, writer: Person, asked: Asked, reason: Reason) -> None:
    incoming.refused = asked
    await incoming.audit("request-refused", incoming.mail_id, reason)
    notice = notices_requests.not_done(asked.complaints, asked.corrected, incoming.mailing_list.request)
    await _answer(incoming, writer, notice, MessageKind.NOTE)


async def _do_all(incoming: Incoming, writer: Person, requests: Sequence[Request]) -> list[tuple[Request, Outcome]]:
    """Do each line; where any can't be done, say so of all that can't, at once. Raises _RefusedError."""
    actor = Actor(writer.address, f"{writer.name} <{writer.address}>", writer.id, incoming.mail_id)
    done: list[tuple[Request, Outcome]] = []
    refused: dict[Request, RefusedError] = {}
    left = MOST_ATTACHED
    for request in requests:
        try:
            async with incoming.tx.begin_nested():
                outcome = await _do(incoming, request, actor)
        except RefusedError as error:
            refused[request] = error
            continue
        left -= sum(len(part.data) for part in outcome.attachments)
        if left < 0:
            why = "that is more than fits into one answer; please ask for fewer kept mails at once"
            refused[request] = RefusedError(why)
        done.append((request, outcome))
    if refused:
        raise _RefusedError(refused)
    return done


async def _do(incoming: Incoming, request: Request, actor: Actor) -> Outcome:
    parts, tx, now = incoming.parts, incoming.tx, incoming.now
    match request.ask:
        case Ask.SHOW:
            return await show(incoming, request.about)
        case Ask.SUSPEND | Ask.REINSTATE:
            member = await _member(incoming, request.about)
            return _said(await operator_roster.move(parts, tx, member, STANDINGS[request.ask], now, actor))
        case Ask.RETRY:
            disclosure = await find_disclosure(incoming, request.about)
            return _said(await operator_waiting.retry_disclosure(parts, tx, disclosure, now, actor))
        case Ask.CLOSE:
            disclosure = await find_disclosure(incoming, request.about)
            return _said(await operator_closing.close_it(parts, tx, disclosure, now, actor))
        case Ask.RELEASE:
            entry = await find_kept(incoming, request.about)
            return _said(
                await kept_mails.let_go(parts, tx, entry, now, actor, incoming.carry_out, ahead=incoming.ahead)
            )
        case Ask.DISCARD:
            entry = await find_kept(incoming, request.about)
            return _said(await kept_mails.discard(parts, tx, entry, now, actor))


def _said(done: Done) -> Outcome:
    return Outcome([f"Done: {done.line}.", *done.warnings])


async def _member(incoming: Incoming, address: str) -> Person:
    """The member of this list with that address. Raises RefusedError."""
    for person in await roster.find(incoming.tx, address=address, list_id=incoming.mailing_list.id):
        if person.role is Role.MEMBER:
            return person
        if person.role is Role.GUEST:
            raise RefusedError(
                f"{person.address} is a guest of one disclosure, not a member; `Guest: end {person.address}`, "
                "as an answer in its thread, ends that"
            )
        raise RefusedError(f"{person.address} is a {person.role} of this list, not a member")
    raise RefusedError(f"no member {address} on this list; `Show: members` tells them all")


async def _answer(incoming: Incoming, writer: Person, notice: Notice, kind: MessageKind) -> None:
    """Answer its writer alone; a later answer to the mail in the Sent folder finds this one."""
    answered = incoming.answered.id if incoming.answered else None
    message = await posting.notify(
        incoming.parts,
        incoming.tx,
        incoming.mailing_list,
        [writer],
        notice,
        kind=kind,
        now=incoming.now,
        thread=await posting.thread_of(incoming.tx, None, answered),
        mail_id=incoming.mail_id,
    )
    header = incoming.read.headers.message_id
    if header:
        await messages.link_header(incoming.tx, list_id=incoming.mailing_list.id, header=header, message_id=message.id)
