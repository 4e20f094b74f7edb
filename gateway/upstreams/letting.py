"""A second coordinator lets details go that an upstream's embargo keeps back: ``Approve: ED-.../1``, or all of them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from gateway import release
from gateway.sending import content
from gateway.upstreams import details
from policy.control import Complaint
from policy.facts import State
from policy.upstream import UpstreamWord, restricting
from storage import disclosures

if TYPE_CHECKING:
    from gateway.incoming import Incoming
    from policy.acts import Approve
    from policy.facts import Disclosure, Person
    from policy.orders import Order
    from storage.records import Message


async def refuse_all(
    incoming: Incoming, writer: Person, order: Order, disclosure: Disclosure, *, has_own: bool
) -> tuple[Complaint, ...]:
    """Who wrote what is kept back can't let everything go by ``Upstream: NAME details``.

    ``has_own``: the mail says something to members itself, so that line would let it go, too.
    """
    lines = [line for line in order.upstreams if line.word is UpstreamWord.DETAILS]
    if not lines:
        return ()
    if has_own:
        why = "another coordinator lets go what you write here; this line stands in a mail of its own, without a text"
        return (Complaint(f"Upstream: {lines[0].name} details", why),)
    own = [one for one in await _mails(incoming, disclosure) if one.author_id == writer.id]
    if not own:
        return ()
    others = (
        f"another coordinator lets it go; of the others' mails you may let each go, as in `Approve: {disclosure.id}/1`"
    )
    return (Complaint(f"Upstream: {lines[0].name} details", f"{own[0].id} is your own mail: {others}"),)


async def refuse(incoming: Incoming, writer: Person, act: Approve, disclosure: Disclosure) -> Complaint | None:
    """It must be a mail of another writer, of which something is kept back."""
    said = f"Approve: {act.ref}"
    found = next((one for one in await _mails(incoming, disclosure) if one.id == act.ref), None)
    if found is None:
        return Complaint(said, f"{disclosure.id} has no such mail for members, or its details went out already")
    if found.author_id == writer.id:
        return Complaint(said, "another coordinator lets the details of a mail go, not the one who wrote it")
    is_kept = bool(restricting(disclosure)) or await details.lacking(incoming.tx, disclosure.id, found.id)
    if not is_kept or disclosure.state not in {State.PENDING, State.HELD, State.EMBARGOED, State.LIFTED}:
        return Complaint(said, "nothing of that mail is kept back")
    return None


async def _mails(incoming: Incoming, disclosure: Disclosure) -> list[Message]:
    """The mails of a disclosure that are for members, are still there, and whose details nobody let go yet."""
    found = await content.content_messages(incoming.tx, disclosure)
    return [one for one in found if one.id not in disclosure.detailed and one.audience != "coordinators"]


async def let_go(incoming: Incoming, act: Approve, disclosure: Disclosure) -> str:
    """Let the details of one mail go: now to those who read its mechanics, or with its release."""
    parts, tx, now = incoming.parts, incoming.tx, incoming.now
    after = replace(disclosure, detailed=disclosure.detailed | {act.ref})
    await disclosures.update(tx, disclosure.id, detailed=after.detailed)
    await incoming.audit("details-let-go", disclosure.id, "", {"message": act.ref})
    if disclosure.state in {State.PENDING, State.HELD}:
        incoming.disclosure = after
        return f"The details of {act.ref} go out with it."
    setting = await release.setting_of(parts, tx, after)
    await details.settle(parts, tx, setting, now)
    if disclosure.state is State.LIFTED:
        await details.send(parts, tx, setting, now, only=act.ref)
    incoming.disclosure = await disclosures.get(tx, disclosure.id)
    return f"The details of {act.ref} go to those who read the mechanics of it."
