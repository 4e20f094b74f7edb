"""What the control lines of a list mean by themselves: its settings, and a disclosure as it stands (``policy``)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from policy.disclosure import is_barred
from policy.facts import State
from policy.surroundings import Surroundings
from policy.upstream import holding

if TYPE_CHECKING:
    from datetime import datetime

    from gateway.lists import MailingList
    from policy.facts import Disclosure


def around(
    mailing_list: MailingList, disclosure: Disclosure | None, now: datetime, *, role: str | None, is_reply: bool
) -> Surroundings:
    """Surroundings without anybody else in them: what is attached and who may be named is for the caller."""
    config = mailing_list.config
    return Surroundings(
        now=now,
        role=role,
        is_reply=is_reply,
        zone=config.timezone,
        patch_day=config.patch_day,
        max_embargo=config.max_embargo,
        default_embargo=mailing_list.default_embargo,
        default_scope=config.default_scope,
        has_public_address=bool(config.public_address),
        hold_until=_start(disclosure, now + config.release_grace) if disclosure else None,
        embargo_until=disclosure.embargo_until if disclosure else None,
        by_agreement=mailing_list.is_by_agreement(disclosure),
        no_later=disclosure.embargo_until if disclosure and is_barred(disclosure) else None,
        release_grace=config.release_grace,
        min_notice=config.min_notice if disclosure and disclosure.state is State.EMBARGOED else timedelta(),
        min_lead=config.min_lead,
        window=config.release_window,
        holidays=config.holidays_file.days if config.holidays_file else frozenset(),
        upstreams=tuple((name, one.mode) for name, one in config.upstreams.items()),
        held_by=frozenset(one.name for one in holding(disclosure)) if disclosure else frozenset(),
    )


def _start(disclosure: Disclosure, soonest: datetime) -> datetime:
    """When members got it, or will; what is pending has its grace again once it has a date."""
    if disclosure.state is State.PENDING:
        return max(disclosure.hold_until, soonest)
    return disclosure.released_at or disclosure.hold_until
