"""Texts about dates: what a list would rather have, and a public date that waits for a coordinator's word."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.notices.common import Notice, noticed_late, tagged
from policy.instants import as_value, in_words
from policy.upstream import lift_due, not_before

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from policy.disclosure import Remarks, Rules
    from policy.facts import Disclosure


def remarked(remarks: Remarks, rules: Rules, now: datetime, *, by_agreement: bool) -> list[str]:
    """To coordinators, in a receipt: the date is accepted, and this would suit the list better.

    ``by_agreement``: another one takes a proposal.
    """
    zone, preferred, lead = rules.zone, rules.preferred_embargo, rules.calendar.min_lead
    lines = [
        f"The patch day {in_words(skipped, zone)} was skipped: it leaves members less than {_days(lead)}."
        for skipped in remarks.skipped
    ]
    if remarks.lead is not None:
        lines.append(
            f"Warning: members have less than the {_days(lead)} that this list gives them; "
            f"that would be from {in_words(remarks.lead, zone, now)} on."
        )
    if remarks.preferred is not None and preferred is not None:
        lines.append(
            f"Warning: the embargo is longer than the {_days(preferred)} that this list prefers; "
            f"that would be until {in_words(remarks.preferred, zone, now)}."
        )
    if remarks.objection:
        lines += _better(remarks, zone, now, "Propose-Embargo-Until" if by_agreement else "Embargo-Until")
    return lines


def _better(remarks: Remarks, zone: str, now: datetime, name: str) -> list[str]:
    better = [("before", remarks.before), ("after", remarks.after)]
    found = [(word, at) for word, at in better if at is not None]
    lines = [f"Warning: the public date is accepted, but it is {remarks.objection}."]
    if not found:
        return [f"{lines[0]} No better one is allowed."]
    lines.append("Better, and nearest to it (reply with one of these as the first line):")
    for word, at in found:
        lines.append(f"  {name}: {as_value(at)}   ({word} it: {in_words(at, zone, now)})")
    return lines


def _days(span: timedelta) -> str:
    if span.seconds or not span.days:
        return f"{span.total_seconds() / 3600:g} hours"
    return f"{span.days} {'day' if span.days == 1 else 'days'}"


def due(disclosure: Disclosure, zone: str, now: datetime, *, by_clock: bool) -> str:
    """When its embargo ends; "or later" where the clock does not end it, or nobody knows yet when."""
    is_open = not by_clock or lift_due(disclosure) is None
    return f"{in_words(not_before(disclosure), zone, now)}{' or later' if is_open else ''}"


BY_HAND = "No date ends this embargo by itself: at the public date or later a coordinator sends `Lift: now`."


def lift_asked(
    disclosure: Disclosure,
    subject: str,
    zone: str,
    now: datetime,
    *,
    notice: str | None,
    late: str | None,
    is_final: bool,
) -> Notice:
    """To coordinators: the public date has come, and the embargo lasts until one of them ends it.

    ``notice`` is the name of the public notice that is kept for the lift; ``is_final``: no later date can be named.
    """
    instead = "Until then it holds." if is_final else "Or name a later date with `Embargo-Until:`."
    lines = [
        f"The public date of {disclosure.id} has come: {in_words(disclosure.embargo_until, zone, now)}.",
        "Nothing ended by itself: on this list an embargo ends when a coordinator says so. Members are still",
        "bound, and nothing went out. The daily digest tells it until it is decided.",
        *noticed_late(late).splitlines(),
        "",
        "To end it now, reply to this mail with this as the first line:",
        "",
        "Lift: now",
        *([f"Public-Notice: {notice}"] if notice else []),
        "",
        *(["(Without the second line the public notice stays where it is.)", ""] if notice else []),
        instead,
    ]
    return Notice(tagged(disclosure.id, f"To be lifted: {subject}"), "\n".join(lines) + "\n")


def kept_public_notice(name: str, address: str, *, by_clock: bool) -> str:
    """In a receipt: where the public notice goes, and when."""
    if by_clock:
        return f"Public notice: {name} goes to {address} when the date comes, and to nobody before."
    return f"Public notice: {name} goes to {address} with a `Lift: now` that names it, and to nobody before."
