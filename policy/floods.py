"""A flood of leak reports: whether one rings for itself, or waits a little to be told with others.

Rules: it is a case in any event, at once and whole (law 5). A proved report rings for itself, and so
does the first one about each disclosure, or about none, within the time. Only what nobody is proved to
have said waits, and only when more have rung than the list lets ring: else whoever can send a mail
could bury the alarm that counts under those that don't.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from policy.instants import parse_duration

_EXPECTED = "must be a number of alarms and a time, such as '5 in 10m'"
_WRITTEN = re.compile(r"([0-9]{1,4})\s+in\s+(\S+)", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Flood:
    """More alarms than ``most`` within a time are a flood; ``text`` is how the list wrote it."""

    most: int
    within: timedelta
    text: str


def parse_flood(text: str) -> Flood:
    """Read "5 in 10m". Raises ValueError saying what is expected."""
    match = _WRITTEN.fullmatch(text.strip())
    if match is None or int(match[1]) < 1:
        raise ValueError(f"{_EXPECTED}, not {text!r}")
    within = parse_duration(match[2])
    if not within:
        raise ValueError(f"{_EXPECTED}: the time must not be 0")
    return Flood(int(match[1]), within, " ".join(text.split()))


def waits(flood: Flood, *, is_proved: bool, about: str | None, rung: Sequence[str | None]) -> bool:
    """Whether a report waits for the mail that tells several together.

    ``about``: its disclosure. ``rung``: the disclosure of each leak alarm of the list within the time; an
    alarm that was only repeated is none.
    """
    return not is_proved and about in rung and len(rung) >= flood.most
