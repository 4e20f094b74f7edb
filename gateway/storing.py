"""What somebody wrote becomes a message of its disclosure: payload and facts sealed, its thread known."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from gateway import safe
from gateway.grants import keyfiles
from gateway.notices import common as notices
from gateway.particulars import MessageFacts, Particulars, PublicNotice, path_text
from gateway.sending import content, posting
from gateway.sending.content import Opened
from gateway.settings import Banner
from policy.control import Complaint
from policy.facts import MessageKind
from policy.prose import unquoted
from policy.scopes import standing
from policy.steering import Faults
from storage import disclosures, messages
from storage.ids import message_id
from storage.records import Message

if TYPE_CHECKING:
    from gateway.incoming import Incoming
    from policy.facts import Disclosure, Person
    from policy.orders import Order


@dataclass(frozen=True, slots=True)
class Correction:
    """The message that a mail puts right, and what of it is to be discarded: (file name, SHA-256)."""

    message: str
    discards: tuple[tuple[str, str], ...] = field(default=(), repr=False)


async def store(
    incoming: Incoming,
    writer: Person,
    kind: MessageKind,
    label: str,
    *,
    waiting: bool,
    audience: str = "audience",
    correction: Correction | None = None,
    number: int | None = None,
) -> Opened:
    """Store a mail as a message of the disclosure that it belongs to.

    ``audience`` as in ``storage.records.Message``; ``waiting``: held with its disclosure; ``number``: taken
    for it already.
    """
    tx, now, disclosure = incoming.tx, incoming.now, incoming.disclosure
    payload = incoming.read.payload
    if disclosure is None or payload is None:
        error = "only a readable mail in a known thread is stored"
        raise ValueError(error)
    if number is None:
        number = await disclosures.take_number(tx, disclosure.id)
    notice = incoming.particulars.notice if incoming.particulars else None
    message_ref = f"{disclosure.id}/{number}"
    attachments = tuple((path_text(part.path), part.filename) for part in payload.parts if part.is_attachment)
    keys = keyfiles.paths(payload) if keyfiles.are_meant(incoming) else ()
    is_notice_here = notice is not None and notice.message == message_ref
    facts = MessageFacts(
        subject=subject_of(incoming) if number == 1 else _reply_subject(incoming),
        is_subject_signed=incoming.read.header_protected,
        writer=writer.name,
        label=label,
        block_lines=_block_lines(incoming),
        attachments=attachments,
        hidden=tuple(
            path
            for path, name in attachments
            if path in keys or (is_notice_here and notice is not None and name == notice.name)
        ),
        dropped_lines=incoming.dropped_lines or (),
        corrects=correction.message if correction else None,
        discards=correction.discards if correction else (),
    )
    thread = await posting.thread_of(tx, disclosure, incoming.answered.id if incoming.answered else None)
    message = Message(
        id=message_ref,
        list_id=disclosure.list_id,
        kind=kind,
        message_id=message_id(incoming.mailing_list.domain),
        dated_at=disclosure.hold_until if waiting else now,
        created_at=now,
        audience=audience,
        disclosure_id=disclosure.id,
        number=number,
        references=thread.references,
        answers=thread.answers,
        author_id=writer.id,
        mail_id=incoming.mail_id,
        waiting=waiting,
        payload_item=await safe.keep(incoming.parts, tx, payload.raw, now),
        facts_item=await safe.keep_json(incoming.parts, tx, facts.to_json(), now),
    )
    await messages.add(tx, message)
    # The writer's own Message-ID: answers from the Sent folder belong here. The outer one counts where
    # none is protected, as with the other fields of the thread.
    own = incoming.read.headers.message_id or incoming.read.outer.message_id
    await messages.link_header(tx, list_id=message.list_id, header=message.message_id, message_id=message.id)
    if own:
        await _link_own(incoming, message, own)
    return Opened(message, facts, payload)


async def _link_own(incoming: Incoming, message: Message, own: str) -> None:
    """Link the writer's own Message-ID; of a mail that was kept it led to the complaint until now."""
    tx, mail_ids = incoming.tx, {incoming.mail_id}
    if incoming.kept_post is not None:
        mail_ids.add(incoming.kept_post.mail_id)
    before = (await messages.by_headers(tx, message.list_id, [own])).get(own)
    is_answered = before is not None and before.kind is MessageKind.COMPLAINT and before.mail_id in mail_ids
    link = messages.relink_header if is_answered else messages.link_header
    await link(tx, list_id=message.list_id, header=own, message_id=message.id)


def _block_lines(incoming: Incoming) -> int:
    facts = incoming.facts
    if facts is None or facts.block is None or facts.text_is_html or incoming.dropped_lines is not None:
        return 0
    return facts.block.taken


def has_text(incoming: Incoming) -> bool:
    """Whether a reply says anything beside its control lines and what it quotes."""
    facts = incoming.facts
    if facts is None or facts.block is None:
        return False
    own = unquoted(facts.block.body).partition("\n-- \n")[0]
    return bool(own.strip()) or len(facts.attachments) > _keys_attached(incoming)


def shows_lines(incoming: Incoming) -> bool:
    """Whether members would read the text of a mail with its control lines, as they were written."""
    config, payload = incoming.mailing_list.config, incoming.read.payload
    has_html = payload is not None and any(part.content_type == "text/html" for part in payload.parts)
    is_shown = config.banner is Banner.PART or (config.keep_html and has_html)
    return is_shown and (incoming.disclosure is None or has_text(incoming))


def _keys_attached(incoming: Incoming) -> int:
    """How many attachments are keys for the gateway alone."""
    payload = incoming.read.payload
    return len(keyfiles.paths(payload)) if payload is not None and keyfiles.are_meant(incoming) else 0


def subject_of(incoming: Incoming) -> str:
    """The subject without the gateway's tags."""
    return notices.untagged(incoming.read.headers.subject) or "(no subject)"


def _reply_subject(incoming: Incoming) -> str:
    stands = incoming.particulars.subject if incoming.particulars else ""
    return notices.untagged(incoming.read.headers.subject) or stands


# --- what an order changes of the particulars ---------------------------------------------------


def notice_faults(incoming: Incoming, order: Order) -> Faults | None:
    """The public notice must be a text that can be published; None where nothing is wrong."""
    payload = incoming.read.payload
    if order.public_notice is None or payload is None:
        return None
    parts = [part for part in payload.parts if part.is_attachment and part.filename == order.public_notice]
    if parts and parts[0].text is None:
        why = "the public notice must be a plain text file, as it is published as a mail's text"
        # The line stays in the block as it was, to be asked again: without it the file would go to members.
        return Faults((Complaint(f"Public-Notice: {order.public_notice}", why, ()),), order.corrected)
    return None


async def with_order(
    incoming: Incoming, particulars: Particulars, order: Order, message: str, disclosure: Disclosure | None = None
) -> Particulars:
    """The particulars as the order changes them; ``message`` is the one that this mail becomes.

    ``disclosure``: that which is steered. A public notice that is named but not attached is the one
    stored with it; it is then hidden in its message.
    """
    changed = replace(
        particulars,
        cve=order.cve or particulars.cve,
        references=order.refs or particulars.references,
        permit=order.permit or particulars.permit,
        restrict=(*standing(particulars.restrict, order.restrict), *order.restrict),
        mechanics=tuple({**dict(particulars.mechanics), **dict(order.mechanics)}.items()),
    )
    payload = incoming.read.payload
    if order.public_notice is None or payload is None:
        return changed
    for part in payload.parts:
        if part.is_attachment and part.text is not None and part.filename == order.public_notice:
            return replace(changed, notice=PublicNotice(message, part.filename, part.text))
    found = await _stored_notice(incoming, order.public_notice, disclosure) if disclosure is not None else None
    return replace(changed, notice=found) if found is not None else changed


async def _stored_notice(incoming: Incoming, name: str, disclosure: Disclosure) -> PublicNotice | None:
    """The latest attachment of that name: of what still waits, or of those that were notices from the start."""
    parts, tx = incoming.parts, incoming.tx
    for message in reversed(await content.content_messages(tx, disclosure)):
        opened = await content.open_message(parts, tx, message)
        for part in opened.payload.parts:
            path = path_text(part.path)
            may_be = message.waiting or path in opened.facts.hidden
            if part.is_attachment and part.text is not None and part.filename == name and may_be:
                await _hide(incoming, message, opened.facts, path)
                return PublicNotice(message.id, part.filename, part.text)
    return None


async def _hide(incoming: Incoming, message: Message, facts: MessageFacts, path: str) -> None:
    if path not in facts.hidden and message.facts_item is not None:
        hidden = replace(facts, hidden=(*facts.hidden, path))
        await safe.change_json(incoming.parts, incoming.tx, message.facts_item, hidden.to_json())
