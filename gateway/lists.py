"""The configured lists: their addresses, rules and keys."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gateway import safe
from gateway.settings import DateChange, LiftBy, PatchDayWord
from keys.results import ListKey, PinnedKey, Ring
from policy.calendars import Calendar
from policy.disclosure import Rules
from policy.facts import State
from policy.intake import Door
from storage import roster

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gateway.config import Config, ListConfig
    from gateway.parts import Parts
    from policy.facts import Disclosure
    from storage.database import Tx

SUFFIXES = {"-request": Door.REQUEST, "-owner": Door.OWNER, "-sendkey": Door.SENDKEY}


@dataclass(frozen=True, slots=True)
class MailingList:
    """One list as configured."""

    id: str
    config: ListConfig

    @property
    def address(self) -> str:
        """The address that disclosures and replies go to."""
        return self.config.address.lower()

    @property
    def name(self) -> str:
        """What people call it."""
        return self.config.name

    @property
    def local(self) -> str:
        """The part before the @."""
        return self.address.partition("@")[0]

    @property
    def domain(self) -> str:
        """The part after the @."""
        return self.address.partition("@")[2]

    @property
    def owner(self) -> str:
        """The coordinators' address."""
        return f"{self.local}-owner@{self.domain}"

    @property
    def request(self) -> str:
        """The address at which coordinators ask."""
        return f"{self.local}-request@{self.domain}"

    @property
    def list_id(self) -> str:
        """The List-Id (RFC 2919 s2)."""
        return f"{self.local}.{self.domain}"

    @property
    def rules(self) -> Rules:
        """What the configuration says about dates."""
        config = self.config
        return Rules(
            config.timezone,
            config.release_grace,
            config.max_embargo,
            config.min_notice,
            preferred_embargo=config.preferred_embargo,
            calendar=self.calendar,
        )

    @property
    def calendar(self) -> Calendar:
        """The list's own days."""
        config = self.config
        holidays = config.holidays_file.days if config.holidays_file else frozenset()
        return Calendar(config.timezone, config.patch_day, config.min_lead, config.release_window, holidays)

    @property
    def by_clock(self) -> bool:
        """Whether the public date itself ends an embargo; otherwise a coordinator does, then or later."""
        return self.config.lift is LiftBy.CLOCK

    @property
    def default_embargo(self) -> str:
        """The public date of a post without one, as a control line would say it; "" = it has to be said."""
        default = self.config.default_embargo
        if default is None:
            return ""
        return default.value if isinstance(default, PatchDayWord) else f"{int(default.total_seconds())}s"

    def is_by_agreement(self, disclosure: Disclosure | None) -> bool:
        """Whether the public date moves as the list agrees, not as a coordinator says: once members have it."""
        is_out = disclosure is not None and disclosure.state is State.EMBARGOED
        return is_out and self.config.date_change is DateChange.AGREEMENT

    def bounces(self, token: str) -> str:
        """The return path of one copy."""
        return f"{self.local}-bounces+{token}@{self.domain}"


@dataclass(frozen=True, slots=True)
class Addressed:
    """Where a recipient address leads. ``token`` is that of a return path, else ""."""

    mailing_list: MailingList
    door: Door
    token: str = ""


class Lists:
    """All configured lists, by id and by address. Holds each list's ring until its roster changes."""

    def __init__(self, config: Config) -> None:
        """Take the lists from the configuration."""
        self._lists = {list_id: MailingList(list_id, entry) for list_id, entry in config.lists.items()}
        self._rings: dict[str, Ring] = {}
        self._doors: dict[str, Addressed] = {}
        for entry in self._lists.values():
            self._doors[entry.address] = Addressed(entry, Door.LIST)
            for suffix, door in SUFFIXES.items():
                self._doors[f"{entry.local}{suffix}@{entry.domain}"] = Addressed(entry, door)

    def __iter__(self) -> Iterator[MailingList]:
        """Go through the lists."""
        return iter(self._lists.values())

    def __getitem__(self, list_id: str) -> MailingList:
        """Give one list. Raises KeyError for one that is not configured (any more)."""
        return self._lists[list_id]

    def get(self, list_id: str) -> MailingList | None:
        """Give one list, or None."""
        return self._lists.get(list_id)

    @property
    def lifted_by_hand(self) -> frozenset[str]:
        """The ids of the lists on which no date ends an embargo by itself."""
        return frozenset(entry.id for entry in self._lists.values() if not entry.by_clock)

    @property
    def domains(self) -> frozenset[str]:
        """The domains that are ours."""
        return frozenset(entry.domain for entry in self._lists.values())

    def find(self, address: str) -> Addressed | None:
        """Where an envelope recipient (in lower case) leads; None where it is not one of ours."""
        known = self._doors.get(address)
        if known is not None:
            return known
        local, _, domain = address.partition("@")
        for entry in self._lists.values():
            prefix = f"{entry.local}-bounces+"
            if domain == entry.domain and local.startswith(prefix) and len(local) > len(prefix):
                return Addressed(entry, Door.BOUNCES, local.removeprefix(prefix))
        return None

    async def ring(self, parts: Parts, tx: Tx, list_id: str) -> Ring:
        """The list's own key and all pinned keys, as the database has them now.

        Raises LookupError when the list has no key yet.
        """
        version = await roster.version(tx, list_id)
        held = self._rings.get(list_id)
        if held is not None and held.version == version:
            return held
        key = held.key if held is not None else await load_list_key(parts, tx, list_id)
        pinned: dict[str, PinnedKey] = {}
        for row in await roster.keys_of_list(tx, list_id):
            pinned.setdefault(row.fingerprint, PinnedKey(row.fingerprint, row.public))
        ring = Ring(key, tuple(pinned.values()), version)
        self._rings[list_id] = ring
        return ring


async def load_list_key(parts: Parts, tx: Tx, list_id: str) -> ListKey:
    """Open a list's own key. Raises LookupError when it has none."""
    row = await roster.list_key(tx, list_id)
    if row is None:
        message = f"list {list_id} has no key yet; run `embargo init`"
        raise LookupError(message)
    secret = await safe.take(parts, tx, row.secret_item)
    passphrase, _, armored = secret.partition(b"\n")
    return ListKey(list_id, row.fingerprint, row.public, armored, passphrase)
