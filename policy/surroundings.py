"""What control lines are held against: the list, the mail they came with, the disclosure they steer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from policy.calendars import Calendar, Window
from policy.facts import UpstreamMode
from policy.scopes import Restriction, Roster


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Where a block was found.

    ``now`` is the receipt of the mail, also of one that was kept and is read again: whether what it says is
    possible still is for the plan to judge. ``zone`` (IANA), ``patch_day``, ``min_lead``, ``window``,
    ``holidays``, ``max_embargo``, ``release_grace``, ``default_embargo`` ("" or "14d" or "patch-day")
    and ``default_scope`` are the list's settings; so is ``min_notice``, where members have it already.
    ``groups``, ``orgs`` and ``addresses`` are what a scope may name. ``attachments`` are the file
    names in this mail, ``stored_notices`` those kept as public notices with the disclosure. ``restricted`` is what
    its attachments are restricted to until now, ``notice`` the name of what goes public at its lift.
    ``role`` is "coordinator", "member" or None for anybody else. In a reply, ``hold_until`` is when
    the disclosure goes (or went) out, and ``embargo_until`` its public date, as they stand now;
    ``by_agreement`` says that this date moves only as the list agrees, ``no_later`` is that same date
    where members have it and attacks are seen, so that it moves to no later one. ``guests`` are addresses that a
    restriction may name besides. ``upstreams`` are the third parties that the list knows, each with its mode, and
    ``held_by`` those whose embargo holds here now.
    """

    now: datetime
    zone: str = "UTC"
    patch_day: str = "2nd tuesday 17:00"
    max_embargo: timedelta = timedelta(days=90)
    default_embargo: str = ""
    default_scope: str = "all"
    groups: frozenset[str] = frozenset()
    orgs: frozenset[str] = frozenset()
    addresses: frozenset[str] = frozenset()
    attachments: tuple[str, ...] = ()
    has_public_address: bool = False
    stored_notices: tuple[str, ...] = ()
    restricted: tuple[Restriction, ...] = ()
    notice: str | None = None
    role: str | None = "coordinator"
    is_reply: bool = False
    hold_until: datetime | None = None
    embargo_until: datetime | None = None
    by_agreement: bool = False
    no_later: datetime | None = None
    guests: frozenset[str] = frozenset()
    release_grace: timedelta = timedelta()
    min_notice: timedelta = timedelta()
    min_lead: timedelta = timedelta()
    window: Window | None = None
    holidays: frozenset[date] = frozenset()
    upstreams: tuple[tuple[str, UpstreamMode], ...] = ()
    held_by: frozenset[str] = frozenset()

    @property
    def calendar(self) -> Calendar:
        """The list's own days."""
        return Calendar(self.zone, self.patch_day, self.min_lead, self.window, self.holidays)

    @property
    def roster(self) -> Roster:
        """The names that a scope may use."""
        return Roster(self.groups, self.orgs, self.addresses)

    @property
    def readers(self) -> Roster:
        """The names that a restriction may use."""
        return Roster(self.groups, self.orgs, self.addresses | self.guests)
