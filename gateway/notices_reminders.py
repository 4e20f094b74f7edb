"""The texts of reminders: an instant that comes near, in words, and what is not right yet."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from gateway.notices import Notice, tagged
from policy.facts import Disclosure
from policy.instants import in_words
from policy.reminders import Reminder, Subject


def for_coordinators(
    disclosure: Disclosure, subject: str, one: Reminder, wrong: Sequence[str], zone: str, now: datetime
) -> Notice:
    """An instant comes near; ``wrong`` is what somebody may still want to mend."""
    when = in_words(one.instant, zone, now)
    is_hold = one.subject is Subject.HOLD
    lines = [f"Members get {disclosure.id} {when}." if is_hold else f"{disclosure.id} goes public {when}."]
    if is_hold:
        lines.append(f"Public {in_words(disclosure.embargo_until, zone, now)}.")
    lines.append("")
    lines += ["Not right yet:", *(f"* {what}" for what in wrong)] if wrong else ["Everything is in order."]
    lines += ["", "To change an instant, answer with a new `Hold-Until:` or `Embargo-Until:` line."]
    what = "members get it soon" if is_hold else "public soon"
    return Notice(tagged(disclosure.id, f"Reminder, {what}: {subject}"), "\n".join(lines) + "\n")


def for_members(disclosure: Disclosure, subject: str, zone: str, now: datetime) -> Notice:
    """The public date comes near; nothing of the content."""
    lines = [
        f"The embargo of {disclosure.id} ends {in_words(disclosure.embargo_until, zone, now)}.",
        "Until then it holds; at that moment you are told that it is over.",
        "To report a leak, reply with the first line `Leak: what, to whom`",
    ]
    return Notice(tagged(disclosure.id, f"Reminder, public soon: {subject}"), "\n".join(lines) + "\n")
