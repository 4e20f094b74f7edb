"""A dry run of one incoming mail: the real judges and the real acts, and then everything is taken back.

What is told is what was done a moment ago in the same transaction, so it can't differ from what would happen:
which copies were queued, for whom, and why not for the others.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from gateway import safe
from gateway.disclosing import TO_COORDINATORS, why_to_coordinators
from gateway.intake import carry_out, judge
from gateway.mail.model import Payload
from gateway.notices.outsiders import in_a_line
from gateway.sending.content import Setting, withheld_from
from policy.audience import judge_seat, let_in
from policy.control import Complaint
from policy.facts import CONTENT_KINDS, READERS, CopyState, MessageKind, Person, Role, State
from policy.instants import rfc3339
from policy.orders import read_order
from policy.reasons import Reason
from policy.scopes import read_scope
from policy.upstream import DETAILS, gets_details
from policy.verdicts import Acted, Kept, LeakReport, Posted, Reposted, Steered
from storage import disclosures, mails, messages, outbox, quarantine, roster

if TYPE_CHECKING:
    from datetime import datetime

    from gateway.incoming import Incoming
    from policy.orders import Order
    from policy.verdicts import Verdict
    from storage.records import Copy, MailRecord, Message

UNRELEASED = frozenset({State.HELD, State.PENDING})
TAKEN_FOR = {"forward": "reply", "preview": "command"}
"""What a mail is recorded as, where ``explain`` has another word for it: mail to -owner goes to the coordinators."""
GETS_NOTHING = frozenset({"quarantine", "automatic"})
ANSWERS = frozenset({MessageKind.NOTE, MessageKind.ACKNOWLEDGEMENT, MessageKind.REPORT})


@dataclass(frozen=True, slots=True)
class Recipient:
    """One member: whether the mail itself would reach it; ``reason``: why not, or what of it would be left out."""

    address: str
    name: str
    gets: bool
    reason: str | None


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What would happen to a mail.

    ``complaints`` are what its writer would be told of its lines, with the ``corrected`` block; ``remarks``
    whatever else is to be known; ``answers`` the texts of the notes that its writer would get; ``notices`` what
    the gateway would write itself: kind, and addresses. ``about``: the disclosure that the mail belongs to already.
    """

    list_id: str
    came_to: str
    now: datetime
    zone: str
    taken_for: str
    signer: Person | None = None
    encrypted: bool = False
    about: str | None = None
    reasons: tuple[str, ...] = ()
    complaints: tuple[Complaint, ...] = field(default=(), repr=False)
    corrected: str = field(default="", repr=False)
    remarks: tuple[str, ...] = field(default=(), repr=False)
    answers: tuple[str, ...] = field(default=(), repr=False)
    hold_until: datetime | None = None
    embargo_until: datetime | None = None
    recipients: tuple[Recipient, ...] = ()
    notices: tuple[tuple[str, tuple[str, ...]], ...] = ()

    def to_json(self) -> dict[str, Any]:
        """As the document that scripts rely on; whatever is to be told in words stands among the complaints."""
        told = [in_one_line(complaint) for complaint in self.complaints]
        told += [f"the whole block, put right:\n{self.corrected.strip()}"] if self.corrected.strip() else []
        return {
            "taken_for": self.taken_for,
            "reason": self.reasons[0] if self.reasons else None,
            "complaints": [*told, *self.remarks, *self.answers],
            "dates": {
                "hold_until": rfc3339(self.hold_until) if self.hold_until else None,
                "embargo_until": rfc3339(self.embargo_until) if self.embargo_until else None,
            },
            "recipients": [{"address": one.address, "gets": one.gets, "reason": one.reason} for one in self.recipients],
        }


def in_one_line(complaint: Complaint) -> str:
    """A complaint with its readings: "Embargo-Until: 02/06/2026 -- why; could mean: ..."."""
    said = f"{complaint.line} -- {complaint.why}" if complaint.line else complaint.why
    readings = [f"{one.value} ({one.note})" if one.note else one.value for one in complaint.readings]
    return f"{said}; could mean: {' or '.join(readings)}" if readings else said


async def rehearse(incoming: Incoming) -> Rehearsal:
    """Let a mail run through everything in its transaction, and tell what came of it.

    The caller takes the transaction back.
    """
    verdict = await judge(incoming)
    earlier = await mails.seen_before(
        incoming.tx,
        list_id=incoming.mailing_list.id,
        recipient=incoming.envelope.recipient,
        digest=incoming.digest,
    )
    if earlier is not None:
        return await _came_already(incoming, earlier)
    before = {copy.id for copy in await outbox.unsettled(incoming.tx, incoming.mailing_list.id)}
    about = incoming.disclosure.id if incoming.disclosure else None
    is_preview = isinstance(verdict, Posted | Reposted | Steered | Acted) and verdict.order.preview
    is_preview = is_preview or (isinstance(verdict, Kept) and verdict.is_preview)
    verdict = _in_earnest(verdict)
    await carry_out(incoming, verdict)
    remarks = [*_doings(incoming, verdict), *await _replayed(incoming)]
    if is_preview:
        remarks.append("With its line `Preview: yes` only its writer is shown this: nothing is sent or kept.")
    queued = [copy for copy in await outbox.unsettled(incoming.tx, incoming.mailing_list.id) if copy.id not in before]
    own = await _own_message(incoming)
    taken_for = _taken_for(incoming, own)
    hold_until, embargo_until = _dates(incoming, taken_for, verdict)
    kept = incoming.kept if taken_for == "quarantine" else None
    told = kept or incoming.refused
    complaints = told.complaints if told else verdict.complaints if isinstance(verdict, LeakReport) else ()
    return replace(
        _blank(incoming, taken_for),
        about=about,
        reasons=tuple(reason.value for reason in kept.reasons) if kept else (),
        complaints=complaints,
        corrected=told.corrected if told and not (kept and kept.mend) else "",
        remarks=tuple(remarks),
        answers=() if complaints else await _answers(incoming, queued),
        hold_until=hold_until,
        embargo_until=embargo_until,
        recipients=await _recipients(incoming, taken_for, own, queued),
        notices=_notices(queued),
    )


def _blank(incoming: Incoming, taken_for: str) -> Rehearsal:
    return Rehearsal(
        list_id=incoming.mailing_list.id,
        came_to=incoming.envelope.recipient,
        now=incoming.now,
        zone=incoming.mailing_list.config.timezone,
        taken_for=taken_for,
        signer=incoming.signer(),
        encrypted=incoming.read.encrypted,
    )


def _in_earnest(verdict: Verdict) -> Verdict:
    """A preview is rehearsed as what it previews."""
    if isinstance(verdict, Posted | Reposted | Steered | Acted) and verdict.order.preview:
        return replace(verdict, order=replace(verdict.order, preview=False))
    return replace(verdict, is_preview=False) if isinstance(verdict, Kept) else verdict


def _doings(incoming: Incoming, verdict: Verdict) -> list[str]:
    """What the receipt would say was done, with its notes; and what an unproved report leads to."""
    receipt = incoming.receipt
    said = list(receipt.notes if receipt else incoming.notes)
    if receipt is not None and isinstance(verdict, Steered):
        said.insert(0, receipt.headline)
    if isinstance(verdict, LeakReport) and verdict.reporter is None:
        why = ", ".join(reason.value for reason in verdict.reasons)
        said.append(f"The report is not proved ({why}): its case is quarantined until a coordinator vouches for it.")
    if isinstance(verdict, Kept) and verdict.outsiders:
        said.append(f"It also names somebody outside its audience: {in_a_line(verdict.outsiders)}.")
    if found := verdict.leak.found if isinstance(verdict, Kept) and verdict.leak else ():
        said.append(f"It opens a leak case at once, as a public list is addressed: {in_a_line(found)}.")
    return said


async def _came_already(incoming: Incoming, earlier: MailRecord) -> Rehearsal:
    """The same bytes again: answered 250 and counted; told as what they were taken for then."""
    disclosure = await disclosures.get(incoming.tx, earlier.disclosure_id) if earlier.disclosure_id else None
    entry = await quarantine.of_mail(incoming.tx, earlier.id)
    taken_for = TAKEN_FOR.get(earlier.taken_for, earlier.taken_for)
    about = entry.id if entry is not None and taken_for == "quarantine" else earlier.disclosure_id
    remark = (
        f"The same bytes came already, {rfc3339(earlier.received_at)}, and were taken for {earlier.taken_for}"
        f"{f' ({about})' if about else ''}. Again they are answered 250 and counted, and nothing more happens."
    )
    is_dated = disclosure is not None and taken_for not in GETS_NOTHING
    return replace(
        _blank(incoming, taken_for),
        about=disclosure.id if disclosure else None,
        reasons=entry.reasons if entry is not None and taken_for == "quarantine" else (),
        remarks=(remark,),
        hold_until=disclosure.hold_until if disclosure is not None and is_dated else None,
        embargo_until=disclosure.embargo_until if disclosure is not None and is_dated else None,
    )


async def _replayed(incoming: Incoming) -> list[str]:
    """When and in which mail a signature came first, of a mail that is kept as its replay."""
    if incoming.kept is None or Reason.REPLAY not in incoming.kept.reasons:
        return []
    for seen in incoming.read.seen:
        list_id, signature_id = incoming.mailing_list.id, seen.signature_id
        first = await mails.signature_owner(incoming.tx, list_id, signature_id) if signature_id else None
        mail = await mails.get(incoming.tx, first) if first else None
        if mail is not None and mail.id != incoming.mail_id:
            when = rfc3339(mail.received_at)
            return [f"The same signature came already, {when}, in a mail that was taken for {mail.taken_for}."]
    return []


async def _own_message(incoming: Incoming) -> Message | None:
    """The message of its disclosure that the mail's own text became; None where no text of it goes on."""
    if incoming.disclosure is None:
        return None
    found = await messages.of_disclosure(incoming.tx, incoming.disclosure.id, CONTENT_KINDS)
    return next((message for message in found if message.mail_id == incoming.mail_id), None)


def _taken_for(incoming: Incoming, own: Message | None) -> str:
    """In the words of the contract: a reply that is nothing but control lines is a command."""
    if incoming.taken_for == "follow-up" and own is None:
        return "reply" if incoming.disclosure is None else "command"
    return TAKEN_FOR.get(incoming.taken_for, incoming.taken_for)


def _dates(incoming: Incoming, taken_for: str, verdict: Verdict) -> tuple[datetime | None, datetime | None]:
    """The disclosure's dates as they are then; of what is kept back, what its own lines say."""
    if taken_for == "automatic":
        return None, None
    if taken_for != "quarantine":
        disclosure = incoming.disclosure
        return (disclosure.hold_until, disclosure.embargo_until) if disclosure else (None, None)
    order = verdict.order if isinstance(verdict, Posted | Reposted | Steered | Acted) else _said(incoming)
    return (order.hold_until, order.embargo_until) if order else (None, None)


def _said(incoming: Incoming) -> Order | None:
    """What the lines of a mail would mean if a coordinator had proved to have written them."""
    facts = incoming.facts
    if facts is None or facts.block is None or facts.surroundings is None:
        return None
    return read_order(facts.block, replace(facts.surroundings, role=Role.COORDINATOR.value))


async def _answers(incoming: Incoming, queued: list[Copy]) -> tuple[str, ...]:
    """What its writer would be told in a note; not the receipt: its stop code will never be one."""
    signer, found = incoming.recognised(), []
    for copy in queued:
        if signer is not None and copy.person_id == signer.id and copy.kind in ANSWERS:
            content = await messages.content(incoming.tx, copy.content_id)
            raw = await safe.take(incoming.parts, incoming.tx, content.item) if content else b""
            payload = await incoming.parts.own_parser.payload(raw)
            found.append(payload.text.strip() if isinstance(payload, Payload) else "")
    return tuple(found)


def _notices(queued: list[Copy]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """What the gateway would write itself, or pass on to coordinators: kind, and to whom."""
    found: dict[str, list[str]] = {}
    for copy in queued:
        if copy.kind not in CONTENT_KINDS or copy.role not in READERS:
            found.setdefault(copy.kind.value, []).append(copy.address)
    return tuple((kind, tuple(sorted(addresses))) for kind, addresses in found.items())


# --- who gets it ------------------------------------------------------------------------------


async def _recipients(
    incoming: Incoming, taken_for: str, own: Message | None, queued: list[Copy]
) -> tuple[Recipient, ...]:
    """Every member of the list, and why it gets nothing of this mail; () where nobody gets anything of such a mail."""
    if taken_for in GETS_NOTHING:
        return ()
    about = incoming.disclosure.id if incoming.disclosure else None
    readers = await roster.people(incoming.tx, incoming.mailing_list.id, roles=READERS)
    members = [one for one in readers if one.role is Role.MEMBER or one.grant_of(about) is not None]
    judge_one = _Judge(incoming, own, queued)
    return tuple(judge_one.recipient(person) for person in members)


class _Judge:
    """Tells of one member after the other what of a mail reaches it, by what was queued."""

    def __init__(self, incoming: Incoming, own: Message | None, queued: list[Copy]) -> None:
        self._incoming = incoming
        self._own = own
        self._content = {copy.person_id: copy for copy in queued if copy.kind in CONTENT_KINDS}
        self._is_passed_on = any(copy.kind is MessageKind.FORWARD for copy in queued) or incoming.taken_for == "reply"
        self._told = {copy.person_id for copy in queued if copy.kind is MessageKind.LEAK_NOTICE}

    def recipient(self, person: Person) -> Recipient:
        gets, reason = self._judged(person)
        name = f"{person.name} (guest)" if person.role is Role.GUEST else person.name
        return Recipient(person.address, name, gets, reason)

    def _judged(self, person: Person) -> tuple[bool, str | None]:
        incoming, copy = self._incoming, self._content.get(person.id)
        if copy is not None:
            trouble = copy.reason if copy.state is CopyState.WITHHELD else person.key_trouble(incoming.now)
            return trouble is None, trouble or self._left_out(person)
        signer = incoming.signer()
        if signer is not None and signer.id == person.id:
            return False, "wrote it"
        if incoming.taken_for == "leak":
            is_told = person.id in self._told
            return False, "gets the gateway's notice, not the report" if is_told else TO_COORDINATORS
        outside = self._why_outside(person)
        if self._own is not None and self._own.waiting:
            return outside is None, outside or self._left_out(person)
        return False, outside or self._why_not()

    def _why_outside(self, person: Person) -> str | None:
        disclosure = self._incoming.disclosure
        if disclosure is None:
            return None
        scope, now = read_scope(disclosure.scope), self._incoming.now
        return judge_seat(person, scope, let_in(disclosure), now, disclosure.id).reason

    def _why_not(self) -> str:
        """Why one in the audience gets nothing."""
        own = self._own
        if own is None:
            return TO_COORDINATORS if self._is_passed_on else "no text of it goes on"
        if own.audience == "coordinators":
            return TO_COORDINATORS
        if own.kind is MessageKind.REPLY:
            return self._why_no_reply() or "does not hold all that its writer holds"
        return "did not get the mail that it answers"

    def _why_no_reply(self) -> str | None:
        """Why a reply reaches no member at all; a retrospective goes by what each one holds."""
        incoming = self._incoming
        if incoming.taken_for != "reply" or incoming.disclosure is None:
            return None
        return why_to_coordinators(incoming, incoming.disclosure)

    def _is_bare(self, person: Person) -> bool:
        """Whether an upstream's embargo keeps the details of what waits from one."""
        own, disclosure = self._own, self._incoming.disclosure
        return own is not None and disclosure is not None and not gets_details(disclosure, person, own.id)

    def _left_out(self, person: Person) -> str | None:
        """What is withheld from one who gets it."""
        incoming = self._incoming
        if incoming.particulars is None or incoming.facts is None:
            return None
        copy = self._content.get(person.id)
        is_bare = DETAILS in copy.withheld if copy is not None else self._is_bare(person)
        if is_bare:
            return "the mechanics alone: a third party's embargo holds"
        names = incoming.kept_post.attachments if incoming.kept_post else incoming.facts.attachments
        disclosure = incoming.disclosure
        setting = Setting(incoming.mailing_list, disclosure, incoming.particulars) if disclosure else None
        withheld = withheld_from(setting, person, names) if setting else frozenset()
        if withheld:
            return f"without {', '.join(sorted(withheld))}"
        return "without what is restricted to others" if copy is not None and copy.withheld else None
