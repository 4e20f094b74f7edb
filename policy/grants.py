"""Somebody who is no member, let into one disclosure: what such a line says, and what has to be true for it.

Rules:

* A grant is for one disclosure and one address, and its holder is known by a key that is pinned with it.
* A key belongs to one address in one role of a list: one that is pinned for anybody else is refused.
* The user id of a key need not hold the address; where several keys are attached, it tells which is meant.
* Who is on the list already needs no grant: a member is let in by ``Scope:``.
* What a member asks to share is let in by nobody alone: coordinators approve, and he who is to have it accepts
  the terms, signed with the key that came with the request.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from policy.audience import judge_seat, let_in
from policy.facts import Disclosure, Grant, Person, Role, Standing, State
from policy.lineorders import Parsed
from policy.scopes import fits, read_scope

MAX_NAME = 200
_NAMED = re.compile(r'(?:"(?P<quoted>[^"<>]*)"|(?P<name>[^<>"]*?))\s*<(?P<address>[^<>\s]+)>')
_ADDRESS = re.compile(r"[A-Za-z0-9][A-Za-z0-9._%+'=-]{0,63}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})+", re.ASCII)
_END = re.compile(r"end\s+(.+)", re.IGNORECASE)
OPEN = frozenset({State.PENDING, State.HELD, State.EMBARGOED})
"""States of a disclosure that somebody may still be let into."""
_OVER = frozenset({State.WITHDRAWN, State.CLOSED})


@dataclass(frozen=True, slots=True)
class InviteGuest:
    """``Guest: Name <address>`` a coordinator lets somebody into this one disclosure."""

    name: str
    address: str

    @property
    def line(self) -> str:
        """The line that it came from."""
        return f"Guest: {who_text(self.name, self.address)}"


@dataclass(frozen=True, slots=True)
class EndGuest:
    """``Guest: end address`` a coordinator ends what lets somebody into this one disclosure."""

    address: str

    @property
    def line(self) -> str:
        """The line that it came from."""
        return f"Guest: end {self.address}"


@dataclass(frozen=True, slots=True)
class AskShare:
    """``Share-With: Name <address>`` a member asks that somebody may have this disclosure, or a part of it.

    ``what`` are names or globs of attachments; "*" is all of them. The texts go with any of them.
    """

    name: str
    address: str
    what: tuple[str, ...]
    why: str
    until: datetime | None = None

    @property
    def line(self) -> str:
        """The line that it came from."""
        return f"Share-With: {who_text(self.name, self.address)}"


@dataclass(frozen=True, slots=True)
class DenyShare:
    """``Deny: SR-...`` a coordinator turns down what a member asked to share."""

    grant_id: str


@dataclass(frozen=True, slots=True)
class AcceptTerms:
    """``Accept: SR-...`` he who is to have it accepts the terms."""

    grant_id: str


def read_what(text: str) -> tuple[str, ...]:
    """The names or globs of a ``Share-What:`` line; ``all`` is every attachment."""
    names = tuple(dict.fromkeys(name for one in text.split(",") if (name := one.strip().strip('"'))))
    return ("*",) if [name.casefold() for name in names] == ["all"] else names


def refuse_what(what: Sequence[str], names: Iterable[str]) -> str | None:
    """Why these can't be asked for; ``names`` are the attachments that the asker has."""
    known = tuple(names)
    unknown = [one for one in what if one != "*" and not any(fits(name, one) for name in known)]
    return f"you have no attachment called {unknown[0]!r} in this thread (or say `all`)" if unknown else None


OPEN_STATES = ("asked", "pending", "approved")
"""States of a share request that is not at its end: pending waits for a second coordinator."""


def refuse_approval(
    state: str, first: str | None, approver: str, disclosure: Disclosure, now: datetime, asker: Person | None
) -> str | None:
    """Why a coordinator can't approve a share request of ``asker``; ``first`` approved it before."""
    if disclosure.state is not State.EMBARGOED or now >= disclosure.embargo_until:
        return f"{disclosure.id} is {disclosure.state}: there is nothing left to share"
    if state not in {"asked", "pending"}:
        return f"it is {state} already"
    if state == "pending" and first is not None and first.casefold() == approver.casefold():
        return "a second coordinator approves, not the one who approved it first"
    if asker is None or not judge_seat(asker, read_scope(disclosure.scope), let_in(disclosure), now).inside:
        return "who asked for it is not in its audience any more"
    return None


def refuse_time(until: datetime, now: datetime) -> str | None:
    """Why what was asked for can't be shared ``until`` then."""
    return "the time that was asked for (Share-Until) is over" if until <= now else None


def agreed_until(asked: datetime | None, span: timedelta, now: datetime) -> datetime:
    """How long what is approved now may be shared at most: as asked for, or the list's span."""
    return asked or now + span


def expires_at(agreed: datetime, disclosure: Disclosure) -> datetime:
    """Until when somebody has what is shared with him: as agreed, the public date as it stands at the latest."""
    return min(agreed, disclosure.embargo_until)


def read_who(text: str) -> tuple[str, str] | None:
    """A name and an address: ``Jane Doe <jane@corp.example>``, or the address alone, which is then the name too."""
    plain = text.strip().strip(",;")
    match = _NAMED.fullmatch(plain)
    address = match["address"] if match else plain
    if not _ADDRESS.fullmatch(address):
        return None
    name = " ".join(((match["quoted"] or match["name"] or "") if match else "").split())
    if not name.isprintable():  # it stands in what others read
        return None
    return (name or address)[:MAX_NAME], address


def who_text(name: str, address: str) -> str:
    """A name and an address as a line takes them."""
    if name == address:
        return address
    return f'"{name}" <{address}>' if re.search(r"[,;]", name) else f"{name} <{address}>"


def read_guest(text: str) -> Parsed[InviteGuest | EndGuest]:
    """Read what a ``Guest:`` line says. What can't be read is left out: nobody is let in by guess."""
    end = _END.fullmatch(text.strip())
    who = read_who(end[1] if end else text)
    if who is None:
        return Parsed(None, None, "it is written Name <address>, or end and the address of a guest")
    name, address = who
    if end:
        return Parsed(EndGuest(address), f"end {address}")
    return Parsed(InviteGuest(name, address), who_text(name, address))


def invited(values: Iterable[str]) -> frozenset[str]:
    """The addresses that ``Guest:`` lines of these values let in."""
    read = (read_guest(value).value for value in values)
    return frozenset(act.address for act in read if isinstance(act, InviteGuest))


@dataclass(frozen=True, slots=True)
class OfferedKey:
    """A key that is attached to a mail. ``trouble``: why it can't be pinned; ``holder``: for whom it is pinned."""

    filename: str = field(repr=False)
    fingerprint: str = ""
    addresses: tuple[str, ...] = ()
    trouble: str = ""
    holder: Person | None = None
    is_lists_own: bool = False


@dataclass(frozen=True, slots=True)
class Admission:
    """Somebody may be let in: as whom he is known (None: as nobody yet), and which of the keys is to be pinned.

    ``key`` is None where the key that is pinned for him already stands.
    """

    known: Person | None
    key: OfferedKey | None


def admit(
    address: str,
    keys: Sequence[OfferedKey],
    known: Person | None,
    disclosure: Disclosure | None,
    now: datetime,
    *,
    alone: bool = True,
) -> Admission | str:
    """Judge whether somebody may be let into a disclosure, or say why not.

    ``known``: whoever has the address on that list. ``disclosure`` is None for one that the mail begins.
    ``alone``: nobody else is let in by the same mail, so that one key needs no name on it.
    """
    if disclosure is not None and disclosure.state not in OPEN:
        return f"it is {disclosure.state}: nobody is let in any more"
    refused = _refuse_known(known, disclosure, now)
    if refused:
        return refused
    chosen = _choose(address, keys, known, now, alone=alone)
    if isinstance(chosen, str) or chosen is None:
        return chosen if chosen is not None else Admission(known, None)
    refused = _refuse_key(chosen, known)
    return refused or Admission(known, chosen)


def _refuse_known(known: Person | None, disclosure: Disclosure | None, now: datetime) -> str:
    if known is None:
        return ""
    if known.role is Role.MEMBER:
        return f"{known.address} is a member of this list: name it in a `Scope:` line"
    if known.role is Role.COORDINATOR:
        return f"{known.address} is a coordinator of this list, and gets every disclosure"
    grant = known.grant_of(disclosure.id) if disclosure is not None else None
    return f"{known.address} has this disclosure already" if grant is not None and grant.is_live(now) else ""


def _choose(
    address: str, keys: Sequence[OfferedKey], known: Person | None, now: datetime, *, alone: bool
) -> OfferedKey | str | None:
    named = [key for key in keys if address.casefold() in {one.casefold() for one in key.addresses}]
    if len(named) == 1:
        return named[0]
    if alone and len(keys) == 1:
        return keys[0]
    if not keys and known is not None and known.usable_keys(now):
        return None
    if not keys:
        return f"attach the public key of {address} to the mail (a file such as key.asc): without it nobody is let in"
    if not named:
        return f"{len(keys)} keys are attached, and none has a user id with {address}: attach the one that is meant"
    return f"{len(named)} of the keys attached have a user id with {address}: attach one"


def _refuse_key(key: OfferedKey, known: Person | None) -> str:
    if key.trouble:
        return f"the key attached can't be used: {key.trouble}"
    if key.is_lists_own:
        return "the key attached is this list's own"
    if key.holder is not None and (known is None or key.holder.id != known.id):
        return f"the key attached is pinned for the {key.holder.role} {key.holder.address} already"
    pinned = [one.fingerprint for one in known.keys] if known is not None else []
    if pinned and key.fingerprint not in pinned:
        return f"another key is pinned for that guest, {pinned[0]}: attach that one, or none"
    return ""


def standing_of(grants: Iterable[Grant], states: Mapping[str, State], now: datetime) -> Standing:
    """Where somebody who is no member stands, by all grants ever given to him.

    Active while one lets him in. Suspended while one waits for his word, or what he got binds him still: his
    key proves him, and nothing is sent to him. Else removed: his address and key may be somebody's anew.
    """
    found = tuple(grants)
    if any(grant.is_live(now) and states[grant.disclosure_id] not in _OVER for grant in found):
        return Standing.ACTIVE
    waits = any(grant.started_at is None and grant.ended_at is None for grant in found)
    is_bound = any(grant.started_at is not None and states[grant.disclosure_id] is State.EMBARGOED for grant in found)
    return Standing.SUSPENDED if waits or is_bound else Standing.REMOVED
