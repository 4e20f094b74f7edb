"""The texts of reminders: an instant that comes near, in words, and what is not right yet."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from gateway.notices.common import Notice, tagged
from gateway.notices.dates import due
from policy.facts import Disclosure
from policy.instants import in_words
from policy.knowledge import is_out
from policy.proposals import Proposal
from policy.reminders import Reminder, Subject
from policy.upstream import lift_due


def for_coordinators(
    disclosure: Disclosure,
    subject: str,
    one: Reminder,
    wrong: Sequence[str],
    zone: str,
    now: datetime,
    *,
    by_clock: bool,
    by_agreement: bool,
) -> Notice:
    """An instant comes near; ``wrong`` is what somebody may still want to mend, ``by_clock`` what ends the embargo.

    ``by_agreement``: the public date moves only as the list agrees.
    """
    is_hold, ends = one.subject is Subject.HOLD, due(disclosure, zone, now, by_clock=by_clock)
    if is_hold:
        lines = [f"Members get {disclosure.id} {in_words(one.instant, zone, now)}.", f"Public {ends}."]
    else:
        by_hand = "" if by_clock else ", when one of you sends `Lift: now`"
        lines = [f"{disclosure.id} goes public {ends}{by_hand}."]
    lines.append("")
    lines += ["Not right yet:", *(f"* {what}" for what in wrong)] if wrong else ["Everything is in order."]
    date = "`Propose-Embargo-Until:`" if by_agreement else "`Embargo-Until:`"
    change = "an instant, answer with a new `Hold-Until:` or" if is_hold else "the date, answer with a new"
    lines += ["", f"To change {change} {date} line."]
    what = "members get it soon" if is_hold else "public soon"
    return Notice(tagged(disclosure.id, f"Reminder, {what}: {subject}"), "\n".join(lines) + "\n")


def for_members(disclosure: Disclosure, subject: str, zone: str, now: datetime, *, by_clock: bool) -> Notice:
    """Its end comes near; nothing of the content. ``by_clock``: the dates themselves end the embargo."""
    is_open = not by_clock or lift_due(disclosure) is None
    at_the_date = "Until then it holds; at that moment you are told that it is over."
    lines = [
        f"The embargo of {disclosure.id} ends {due(disclosure, zone, now, by_clock=by_clock)}.",
        "It holds until you get the lift notice." if is_open else at_the_date,
        "To report a leak, reply with the first line `Leak: what, to whom`",
    ]
    return Notice(tagged(disclosure.id, f"Reminder, public soon: {subject}"), "\n".join(lines) + "\n")


def no_public_post(disclosure: Disclosure, subject: str, kept: str | None, zone: str, now: datetime) -> Notice:
    """To coordinators: the embargo is over, and no public notice is on record. ``kept``: the one stored with it."""
    ended = disclosure.ended_at or now
    secret = "" if is_out(disclosure) else "nobody but members knows of the flaw yet: "
    lines = [
        f"The embargo of {disclosure.id} ended {in_words(ended, zone, now)}.",
        "No public notice is on record.",
        "",
        "If it is out, answer this mail with where it stands as the first line:",
        "",
        "Public-Post: https://...",
        "",
        f"If it is not, {secret}please publish it now.",
    ]
    if kept:
        lines += ["The gateway sends the one that is stored with it when you answer:", "", f"Public-Notice: {kept}"]
    return Notice(tagged(disclosure.id, f"No public notice yet: {subject}"), "\n".join(lines) + "\n")


def open_proposal(proposal: Proposal, zone: str, now: datetime) -> str:
    """What a reminder says of another public date that somebody proposes, while nothing has come of it."""
    confirmed = "" if proposal.confirmed_by else f", and you have not confirmed it: `Confirm: {proposal.id}`"
    votes = f"votes until {in_words(proposal.ends_at, zone, now)}"
    return f"{proposal.id} proposes {in_words(proposal.at, zone)}, {votes}{confirmed}"
