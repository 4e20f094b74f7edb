"""Who is sent the list's public key for a mail to -sendkey: anybody who may be a person, and not too often.

An address is only claimed: whoever forges one must not get somebody flooded by us, nor two programs to
answer each other (RFC 3834 s2). In doubt nothing is sent; the mail itself is kept either way.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import timedelta

AN_ADDRESS_EVERY = timedelta(days=1)
OVER_ALL_EVERY = timedelta(hours=1)
MOST_OVER_ALL = 20

_PROGRAM = re.compile(
    r"(?:mailer-daemon|postmaster|majordomo|listserv|mailman|(?:no|donot|do-not)[-_.]?reply)(?:[+=-].*)?"
    r"|owner-.*|.*-(?:request|owner|bounces?|return)(?:[+=-].*)?|bounces?[+=-].*"
)


@dataclass(frozen=True, slots=True)
class KeyAsked:
    """What is known of whoever asks. ``sender``: the envelope's; ``to_sender``, ``over_all``: answers of late."""

    sender: str = field(repr=False)
    can_be_written_to: bool
    is_ours: bool
    is_readable: bool  # else it can't be told from automatic mail
    to_sender: int
    over_all: int


def refuse_key(asked: KeyAsked) -> str | None:
    """Why the key is not sent, in a word for the trail; None where it is."""
    if not asked.sender:
        return "null-sender"
    if asked.is_ours:
        return "own-address"
    if not asked.can_be_written_to:
        return "no-plain-address"
    if not asked.is_readable or _PROGRAM.fullmatch(asked.sender.partition("@")[0].lower()):
        return "perhaps-automatic"
    if asked.to_sender:
        return "answered-lately"
    return "too-many" if asked.over_all >= MOST_OVER_ALL else None
