"""The texts of reminders: an instant that comes near, in words, and what is not right yet."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from gateway.notices.common import Notice, tagged
from policy.facts import Disclosure
from policy.instants import in_words
from policy.reminders import Reminder, Subject


def for_coordinators(
    disclosure: Disclosure,
    subject: str,
    one: Reminder,
    wrong: Sequence[str],
    zone: str,
    now: datetime,
    *,
    by_clock: bool,
) -> Notice:
    """An instant comes near; ``wrong`` is what somebody may still want to mend, ``by_clock`` what ends the embargo."""
    when = in_words(one.instant, zone, now)
    is_hold = one.subject is Subject.HOLD
    lines = [f"Members get {disclosure.id} {when}." if is_hold else f"{disclosure.id} goes public {when}."]
    if not is_hold and not by_clock:
        lines = [f"The public date of {disclosure.id} comes {when}. Then or later one of you sends `Lift: now`."]
    if is_hold:
        lines.append(f"Public {in_words(disclosure.embargo_until, zone, now)}.")
    lines.append("")
    lines += ["Not right yet:", *(f"* {what}" for what in wrong)] if wrong else ["Everything is in order."]
    lines += ["", "To change an instant, answer with a new `Hold-Until:` or `Embargo-Until:` line."]
    what = "members get it soon" if is_hold else "public soon"
    return Notice(tagged(disclosure.id, f"Reminder, {what}: {subject}"), "\n".join(lines) + "\n")


def for_members(disclosure: Disclosure, subject: str, zone: str, now: datetime, *, by_clock: bool) -> Notice:
    """The public date comes near; nothing of the content. ``by_clock``: the date itself ends the embargo."""
    when = in_words(disclosure.embargo_until, zone, now)
    ends = [
        f"The embargo of {disclosure.id} ends {when}.",
        "Until then it holds; at that moment you are told that it is over.",
    ]
    waits = [
        f"The public date of {disclosure.id} comes {when}.",
        "The embargo holds until you get the lift notice, then or later.",
    ]
    lines = [
        *(ends if by_clock else waits),
        "To report a leak, reply with the first line `Leak: what, to whom`",
    ]
    return Notice(tagged(disclosure.id, f"Reminder, public soon: {subject}"), "\n".join(lines) + "\n")
