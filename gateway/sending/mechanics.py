"""What members read of a release while a third party's embargo keeps everything else back."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from gateway.notices.dates import due
from policy.facts import Disclosure, State
from policy.instants import in_words
from policy.upstream import lift_due

SUBJECT = "A release is being prepared"
_LABELS = {"version": "Fixed in", "branches": "Branches", "action": "To be done"}


def said(mechanics: Iterable[tuple[str, str]]) -> list[str]:
    """The mechanics in lines."""
    return [f"{_LABELS[what]}: {value}" for what, value in mechanics]


def since(ended_at: datetime | None, zone: str, now: datetime) -> str:
    """Since when an embargo is over; a text that counts from before that instant tells no distance to it."""
    if ended_at is None:
        return ""
    return f" since {in_words(ended_at, zone, now if ended_at <= now else None)}"


def puts_right(corrects: str) -> str:
    """What a correction says, and asks for; ``corrects`` is the mail that it puts right."""
    return f"This puts {corrects} right. Please say that you have it: reply with `Ack: yes`"


def text(
    disclosure: Disclosure,
    mechanics: Iterable[tuple[str, str]],
    label: str,
    standing: str | None,
    zone: str,
    now: datetime,
    *,
    by_clock: bool,
    corrects: str | None = None,
) -> str:
    """The whole text of a mail whose details are kept back: nothing that people wrote but the mechanics.

    ``standing`` is for a guest: how he came to have it; ``by_clock``: the dates themselves end the embargo.
    ``corrects``: the mail that it puts right, which is to be acknowledged anew.
    """
    lines = [f"{label} {disclosure.id}   TLP:{disclosure.tlp}"]
    if disclosure.state is State.LIFTED:
        lines.append(f"The embargo of this list is over{since(disclosure.ended_at, zone, now)}.")
    else:
        ends = due(disclosure, zone, now, by_clock=by_clock)
        lines.append(f"EMBARGOED until you get the lift notice, due {ends}.")
        lines.append("Until then tell only those in your team who need to know.")
    lines += [standing] if standing else []
    lines += [puts_right(corrects)] if corrects else []
    own_end = disclosure.ended_at if disclosure.state is State.LIFTED else None
    date = lift_due(replace(disclosure, embargo_until=own_end or disclosure.embargo_until))
    lines += [
        "",
        "A security release is being prepared. It is under the embargo of a third party as well, so for now",
        "this is all that may be told:",
        "",
        *said(mechanics),
        f"Date: {in_words(date, zone, now)}" if date else "Date: not known yet",
        "",
        "The rest follows when it may be told; please plan for the release, and don't guess in public.",
        "To report a leak, reply with the first line `Leak: what, to whom`",
    ]
    return "\n".join(lines) + "\n"
