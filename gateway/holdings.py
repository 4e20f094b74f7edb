"""What each member holds of a disclosure: whom it binds, who may read of what it is, and what a reply may tell it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policy.audience import Holding, held_without, reply_reaches
from policy.facts import CONTENT_KINDS, READERS, CopyState, Disclosure, MessageKind, Person, Standing
from policy.knowledge import was_read
from storage import messages, outbox, roster

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from policy.audience import Seat
    from storage.database import Tx
    from storage.records import Copy

NOT_HELD = {CopyState.CANCELLED, CopyState.WITHHELD, CopyState.BOUNCED}


async def bound_people(tx: Tx, disclosure: Disclosure) -> tuple[Person, ...]:
    """Everybody who ever got content of a disclosure: they stay bound until the lift."""
    sent = await outbox.of_disclosure(tx, disclosure.id, roles=READERS, kinds=CONTENT_KINDS)
    ids = dict.fromkeys(copy.person_id for copy in sent if copy.person_id is not None and may_have_left(copy))
    people = [await roster.person(tx, person_id) for person_id in ids]
    return tuple(person for person in people if person is not None)


def may_have_left(copy: Copy) -> bool:
    """Whether a copy reached its reader, or may have, or still will: also one that waits for a good key."""
    if copy.state is CopyState.WITHHELD:
        return copy.reason != Standing.SUSPENDED
    return copy.state is not CopyState.CANCELLED or copy.attempts > 0


async def informed(tx: Tx, disclosure: Disclosure, seats: Sequence[Seat]) -> frozenset[str]:
    """The addresses (casefolded) of members and guests who may read of what it is, in a notice of the gateway's.

    The audience, and whoever has read its first mail in full: for anybody else who is bound its id has to do.
    """
    opening = f"{disclosure.id}/1"
    details = await messages.details_of(tx, opening)
    tells = {opening, *([details.id] if details else [])}
    copies = await outbox.of_disclosure(tx, disclosure.id, roles=READERS, kinds=CONTENT_KINDS)
    read = {copy.address for copy in copies if copy.message_id in tells and was_read(copy.state, copy.withheld)}
    return frozenset(one.casefold() for one in {*read, *(seat.person.address for seat in seats if seat.inside)})


def parted(people: Iterable[Person], informed: Collection[str]) -> tuple[list[Person], list[Person]]:
    """Those who may read of what it is, coordinators with them, and those who may not."""
    parts: tuple[list[Person], list[Person]] = ([], [])
    for person in people:
        parts[person.role in READERS and person.address.casefold() not in informed].append(person)
    return parts


async def holdings(tx: Tx, disclosure: Disclosure, writer: Person) -> dict[int, Holding]:
    """What each member and guest holds of a disclosure, by the copies that left or will.

    In doubt the writer holds it, and may quote it, and nobody else does. The writer's own replies are left
    out: they are his to tell, and what he quoted in them he got in another's mail.
    """
    held: dict[int, dict[str, frozenset[str]]] = {}
    found = await messages.of_disclosure(tx, disclosure.id, CONTENT_KINDS)
    details_of = {message.id: message.details_of for message in found if message.details_of is not None}
    complete: dict[int, dict[str, frozenset[str]]] = {}
    for copy in await outbox.of_disclosure(tx, disclosure.id, roles=READERS, kinds=CONTENT_KINDS):
        is_writer = copy.person_id == writer.id
        if copy.person_id is not None and _holds(copy, is_writer=is_writer):
            # Whoever got the details of a mail afterwards holds that mail.
            kind = complete if copy.message_id in details_of else held
            about = details_of.get(copy.message_id, copy.message_id)
            kind.setdefault(copy.person_id, {})[about] = held_without(copy.withheld, is_writer=is_writer)
    for message in found:
        author = message.author_id
        if message.kind is MessageKind.REPLY and author is not None and author != writer.id:  # who wrote it holds it
            held.setdefault(author, {})[message.id] = frozenset()
    everybody = {*held, *complete}
    return {person_id: Holding({**held.get(person_id, {}), **complete.get(person_id, {})}) for person_id in everybody}


def _holds(copy: Copy, *, is_writer: bool) -> bool:
    """Whether its reader has a copy: a bounce may come after the delivery, and a try to deliver may have been one."""
    return copy.attempts > 0 or may_have_left(copy) if is_writer else copy.state not in NOT_HELD


async def readers_of_all(tx: Tx, disclosure: Disclosure, writer: Person, seats: Sequence[Seat]) -> tuple[Person, ...]:
    """Members in the audience who hold all that ``writer`` holds: whatever he quotes they have already."""
    return reply_reaches(
        [seat.person for seat in seats],
        writer=writer,
        holdings=await holdings(tx, disclosure, writer),
        audience=frozenset(seat.person.id for seat in seats if seat.inside),
    )
