"""Gathering the facts by which a mail is judged: who, which thread, what it says."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from gateway import safe
from gateway.kept import finding
from gateway.particulars import MessageFacts, Particulars
from gateway.surroundings import around
from keys.results import SignatureStatus
from policy.audience import judge_seat
from policy.facts import CONTENT_KINDS, Disclosure, MessageKind, Person, Role, Standing, State
from policy.grants import invited
from policy.intake import Answered, Door, MailFacts, Signature
from policy.outsiders import Addressed
from policy.prose import thread_tag
from policy.requests import Asked, read_requests
from policy.scopes import read_scope
from policy.surroundings import Surroundings
from storage import disclosures, mails, messages, roster

if TYPE_CHECKING:
    from gateway.incoming import Incoming
    from gateway.mail.model import Headers
    from gateway.reading import Read
    from keys.results import SignatureSeen
    from policy.reasons import Reason


async def gather(incoming: Incoming, waived: frozenset[Reason]) -> MailFacts:
    """Look up what is known of a mail; fills in ``incoming``'s people, thread and disclosure as well."""
    seen = incoming.read
    incoming.people = await roster.people(incoming.tx, incoming.mailing_list.id, with_removed=True)
    signatures = [await _signature(incoming, signature) for signature in seen.seen]
    answered = await _thread(incoming)
    payload = seen.payload
    text = payload.text if payload else ""
    is_html = payload.text_is_html if payload else False
    signer = next((signature.signer for signature in signatures if signature.signer), None)
    answered = await _about_kept_post(incoming, answered, signer)
    attachments = incoming.kept_post.attachments if incoming.kept_post else attachment_names(incoming)
    return MailFacts(
        door=incoming.door,
        automatic=seen.automatic,
        problem=seen.problem,
        encrypted=seen.encrypted,
        undecryptable=seen.undecryptable,
        opaque=seen.opaque,
        partly_signed=seen.partly_signed,
        signatures=tuple(signatures),
        header_protected=seen.header_protected,
        addressed_here=_is_addressed_here(incoming),
        subject=seen.headers.subject,
        is_threaded=seen.headers.is_threaded,
        answered=answered,
        disclosure=incoming.disclosure,
        disclosure_subject=incoming.particulars.subject if incoming.particulars else "",
        text=text,
        text_is_html=is_html,
        heard=seen.heard,
        received_at=incoming.envelope.received_at,
        block=seen.block,
        surroundings=await _surroundings(incoming, signer, attachments),
        asked=await _asked(incoming, is_html=is_html),
        attachments=attachment_names(incoming),
        in_audience=_is_in_audience(incoming, signer),
        addressed=_addressed(incoming, signer),
        claimed=_claimed(incoming),
        waived=waived,
    )


async def _asked(incoming: Incoming, *, is_html: bool) -> Asked | None:
    """What a mail asks for: at the -request address, or as an answer to what the gateway answered from there.

    Our answers bear the list's own address, which is where people's "reply" goes. There only lines count.
    """
    if incoming.read.payload is None:
        return None
    asked = read_requests(incoming.read.said, is_html=is_html)
    if asked is None or incoming.door is Door.REQUEST:
        return asked
    if (
        incoming.door is not Door.LIST
        or asked.is_help
        or incoming.answered is None
        or incoming.answered.mail_id is None
    ):
        return None
    answered = await mails.get(incoming.tx, incoming.answered.mail_id)
    is_ours = answered is not None and answered.recipient == incoming.mailing_list.request
    return asked if is_ours and incoming.answered.kind in {MessageKind.REPORT, MessageKind.NOTE} else None


async def _signature(incoming: Incoming, seen: SignatureSeen) -> Signature:
    signer = None
    if seen.fingerprint is not None:
        found = await roster.by_fingerprint(incoming.tx, incoming.mailing_list.id, seen.fingerprint)
        signer = found if found is not None and found.standing is not Standing.REMOVED else None
    return Signature(
        good=seen.status is SignatureStatus.GOOD,
        known=seen.status is not SignatureStatus.UNKNOWN_KEY,
        made_at=seen.made_at,
        signer=signer,
        replayed=await _is_replay(incoming, seen.signature_id),
    )


async def _is_replay(incoming: Incoming, signature_id: str | None) -> bool:
    """Whether that signature came before, in another mail.

    The very same bytes at another address of the list are none where the mail names that address: its
    writer sent it to both.
    """
    if signature_id is None:
        return False
    owner = await mails.signature_owner(incoming.tx, incoming.mailing_list.id, signature_id)
    if owner is None or owner == incoming.mail_id:
        return False
    first = await mails.get(incoming.tx, owner)
    recipient = incoming.envelope.recipient
    is_same = first is not None and first.digest == incoming.digest and first.recipient != recipient
    return not (is_same and recipient in _named(incoming))


async def _thread(incoming: Incoming) -> Answered | None:
    """Find the message that this mail answers: by In-Reply-To, by the latest known reference, or by the tag."""
    tx, mailing_list, headers = incoming.tx, incoming.mailing_list, incoming.read.headers
    known = await messages.by_headers(tx, mailing_list.id, (*headers.in_reply_to, *headers.references))
    named = [known[header] for header in headers.in_reply_to if header in known]
    if not named:
        named = [known[header] for header in reversed(headers.references) if header in known][:1]
    if named:
        # Several answered at once: the one that fewest may read counts.
        answered = min(named, key=lambda message: message.kind in CONTENT_KINDS)
        incoming.answered = answered
        if answered.disclosure_id is not None:
            await _load(incoming, await disclosures.get(tx, answered.disclosure_id))
        parents = headers.in_reply_to or headers.references[-1:]
        is_sole = {known[parent].id if parent in known else "" for parent in parents} == {answered.id}
        return Answered(answered.id, answered.kind, by_tag=False, is_sole=is_sole)
    tag = thread_tag(headers.subject)
    found = await disclosures.get(tx, tag.upper()) if tag else None
    if found is None or found.list_id != mailing_list.id:
        return None
    await _load(incoming, found)
    root = await messages.get(tx, f"{found.id}/1")
    incoming.answered = root
    return Answered(root.id, MessageKind.DISCLOSURE, by_tag=True) if root else None


async def _about_kept_post(incoming: Incoming, answered: Answered | None, signer: Person | None) -> Answered | None:
    """Whether its writer answers the complaint about a new mail of his own that is still kept back."""
    if answered is None or incoming.answered is None or signer is None:
        return answered
    kept = await finding.find(incoming, incoming.answered)
    if kept is None or kept.writer_id != signer.id:
        return answered
    incoming.kept_post = kept
    return replace(answered, about_kept_post=True)


async def _load(incoming: Incoming, disclosure: Disclosure | None) -> None:
    if disclosure is None:
        return
    incoming.disclosure = disclosure
    item = await disclosures.particulars_item(incoming.tx, disclosure.id)
    incoming.particulars = Particulars.from_json(await safe.take_json(incoming.parts, incoming.tx, item))


def attachment_names(incoming: Incoming) -> tuple[str, ...]:
    """The file names of the mail's attachments."""
    payload = incoming.read.payload
    return tuple(part.filename for part in payload.parts if part.is_attachment) if payload else ()


async def _surroundings(incoming: Incoming, signer: Person | None, attachments: tuple[str, ...]) -> Surroundings:
    disclosure = incoming.disclosure
    members = [
        person for person in incoming.people if person.role is Role.MEMBER and person.standing is not Standing.REMOVED
    ]
    names = list(attachments)
    notices: list[str] = []
    particulars = incoming.particulars
    is_ahead = disclosure is not None and disclosure.state in {State.PENDING, State.HELD, State.EMBARGOED}
    if disclosure is not None:
        for message in await messages.of_disclosure(incoming.tx, disclosure.id, CONTENT_KINDS):
            if message.facts_item is not None and message.kind is not MessageKind.REPLY:
                said = await safe.find_json(incoming.parts, incoming.tx, message.facts_item)
                if said is None:
                    continue
                stored = MessageFacts.from_json(said)
                names += stored.names if disclosure.state in {State.HELD, State.PENDING} else ()
                notices += [name for path, name in stored.attachments if path in stored.hidden]
    return replace(
        around(
            incoming.mailing_list,
            disclosure,
            incoming.now,
            role=signer.role.value if signer else None,
            is_reply=incoming.answered is not None and incoming.kept_post is None,
        ),
        now=incoming.envelope.received_at,  # a kept mail says what it said when it came; its plan is judged now
        groups=frozenset(group for person in members for group in person.groups),
        orgs=frozenset(person.name for person in members),
        addresses=frozenset(person.address for person in members),
        guests=_guests(incoming, signer),
        attachments=tuple(names),
        stored_notices=tuple(notices),
        restricted=particulars.restrict if particulars else (),
        notice=particulars.notice.name if particulars and particulars.notice and is_ahead else None,
    )


def _guests(incoming: Incoming, signer: Person | None) -> frozenset[str]:
    """Who else is let into this disclosure: by a grant, or by a coordinator's line of this very mail."""
    block, disclosure = incoming.read.block, incoming.disclosure
    found = [
        person.address
        for person in incoming.people
        if disclosure is not None
        and person.role is Role.GUEST
        and judge_seat(person, read_scope(disclosure.scope), None, incoming.now, disclosure.id).inside
    ]
    if block is None or signer is None or signer.role is not Role.COORDINATOR:
        return frozenset(found)
    return frozenset(found) | invited(line.value for line in block.lines if line.name == "Guest")


def _is_in_audience(incoming: Incoming, signer: Person | None) -> bool:
    disclosure = incoming.disclosure
    if signer is None or disclosure is None or disclosure.admitted is None:
        return False
    scope = read_scope(disclosure.scope)
    return judge_seat(signer, scope, disclosure.admitted, incoming.now, disclosure.id).inside


def _is_addressed_here(incoming: Incoming) -> bool:
    """Whether To or Cc names the address that it came to, or any other of the list's (RFC 9580 s13.12).

    Protected fields must name it; outer ones prove nothing, so a mail without any passes. What came to the
    list must name the list itself: a mail to the coordinators alone is not led to members by another envelope.
    """
    if incoming.door is Door.BOUNCES:
        return True
    named = _named(incoming)
    if not named:
        return not incoming.read.header_protected
    lists = incoming.parts.lists
    found = [lists.find(address) for address in named]
    doors = {entry.door for entry in found if entry is not None and entry.mailing_list.id == incoming.mailing_list.id}
    return Door.LIST in doors if incoming.door is Door.LIST else bool(doors)


def _named(incoming: Incoming) -> list[str]:
    headers = incoming.read.headers
    return [address.address.lower() for address in (*headers.to, *headers.cc)]


def _addressed(incoming: Incoming, signer: Person | None) -> Addressed:
    """Whom the mail names in To, Cc and Reply-To, and the kept mail that it may put right."""
    headers, lists, own = incoming.read.headers, incoming.parts.lists, incoming.mailing_list.id
    named, kept = _addressees(incoming.read), _addressees(incoming.kept_post.read) if incoming.kept_post else ()
    found = {address: lists.find(address.lower()) for address in (*named, *kept)}
    return Addressed(
        named=named,
        signed=_all_of(headers) if incoming.read.header_protected else (),
        kept=kept,
        house=frozenset(address for address, entry in found.items() if entry and entry.mailing_list.id == own),
        people=incoming.people,
        also_allowed=_guests(incoming, signer),
        public_lists=frozenset(incoming.mailing_list.config.public_lists),
    )


def _addressees(seen: Read) -> tuple[str, ...]:
    return (*_all_of(seen.headers), *_all_of(seen.outer))


def _all_of(headers: Headers) -> tuple[str, ...]:
    return tuple(address.address for address in (*headers.to, *headers.cc, *headers.reply_to))


def _claimed(incoming: Incoming) -> Person | None:
    """Whose address the mail bears as its writer's, inside or outside: recognisable, never believed."""
    senders = {address.address.lower() for address in (*incoming.read.outer.sender, *incoming.read.headers.sender)} | {
        incoming.envelope.sender.lower()
    }
    return next(
        (
            person
            for person in incoming.people
            if person.standing is not Standing.REMOVED and person.address.lower() in senders
        ),
        None,
    )
