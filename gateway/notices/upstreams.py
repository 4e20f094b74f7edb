"""Texts about third parties' embargoes: what waits for them, that one is over, what members may know of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from gateway.notices.common import Notice, tagged
from gateway.notices.dates import due
from policy.facts import Disclosure, State, Upstream, UpstreamMode
from policy.instants import in_words
from policy.upstream import holding, lift_due, restricting


def _ends(one: Upstream, zone: str, now: datetime) -> str:
    return f"until {in_words(one.until, zone, now)}" if one.until else "until you say that it is over"


def over(disclosure: Disclosure, subject: str, names: Iterable[str], sent: int, zone: str, now: datetime) -> Notice:
    """To coordinators: the date of an upstream has come. ``sent``: of how many mails the details go out."""
    lines = [f"The embargo of {' and '.join(names)} on {disclosure.id} is over: its date has come."]
    if sent:
        lines.append(f"What it kept back of {sent} {'mail' if sent == 1 else 'mails'} goes to members now.")
    lines += [f"The embargo of {one.name} still holds, {_ends(one, zone, now)}." for one in holding(disclosure)]
    if disclosure.state is State.LIFTED:
        lines.append("Ours ended before: nothing goes out by itself. A mail's details go by `Approve:` and its number.")
    return Notice(tagged(disclosure.id, f"A third party's embargo is over: {subject}"), "\n".join(lines) + "\n")


def waits(disclosure: Disclosure, subject: str, held_by: Sequence[Upstream], zone: str, now: datetime) -> Notice:
    """To coordinators: the public date has come, and the lift waits."""
    lines = [f"The public date of {disclosure.id} has come: {in_words(disclosure.embargo_until, zone, now)}."]
    lines += [f"It waits for {one.name}, whose embargo holds {_ends(one, zone, now)}." for one in held_by]
    lines += [
        "Members are still bound, and nothing went out. If it is over earlier, answer with this as the first line:"
    ]
    for one in held_by:
        lines += ["", f"Upstream: {one.name} over"]
    if any(one.until is None for one in held_by):
        lines += ["", "Or name its date: `Upstream: NAME until ...`. The daily digest tells it until then."]
    names = " and ".join(one.name for one in held_by)
    return Notice(tagged(disclosure.id, f"Waits for {names}: {subject}"), "\n".join(lines) + "\n")


def wait_changed(disclosure: Disclosure, subject: str, zone: str, now: datetime, *, by_clock: bool) -> Notice:
    """To everybody bound: the embargo ends at another time, as a third party's does. Names nobody."""
    ends = due(disclosure, zone, now, by_clock=by_clock)
    held = "The embargo of a third party holds as well" if holding(disclosure) else "No other embargo holds any more"
    when = f"due {ends}" if lift_due(disclosure) else "whenever both are over: the date is not known yet"
    text = (
        f"The end of the embargo of {disclosure.id} changed. {held}.\n\n"
        f"Until you get the lift notice, {when},\n"
        "tell only those in your team who need to know.\n"
    )
    return Notice(tagged(disclosure.id, f"New end of the embargo: {subject}"), text)


def notes(disclosure: Disclosure, said: Iterable[str], longest: timedelta, zone: str, now: datetime) -> list[str]:
    """To coordinators, in a receipt: whose embargo holds, what that means. ``said``: which mechanics are told."""
    lines = [f"The embargo of {one.name} ({one.mode}) holds {_ends(one, zone, now)}." for one in holding(disclosure)]
    if not lines:
        return []
    if disclosure.state is State.LIFTED:
        lines.append("Ours is over all the same. What it keeps back, and a public notice, wait for it.")
    else:
        lines += _lift_waits(disclosure, longest, zone, now)
    closed = restricting(disclosure)
    if closed:
        lines += _kept_back(disclosure, closed, frozenset(said))
    return lines


def _lift_waits(disclosure: Disclosure, longest: timedelta, zone: str, now: datetime) -> list[str]:
    ends = lift_due(disclosure)
    lines = [f"The lift waits for it: {f'due {in_words(ends, zone, now)}' if ends else 'its date is not known'}."]
    start = disclosure.released_at or disclosure.hold_until
    if ends is not None and ends > start + longest:
        lines.append("Warning: that is a longer embargo than this list allows of its own.")
    return lines


def _kept_back(disclosure: Disclosure, closed: Sequence[Upstream], said: frozenset[str]) -> list[str]:
    lines = [
        "Members read the mechanics of the release alone: text, subject, attachments and references are kept back."
    ]
    missing = [name for name in ("version", "branches", "action") if name not in said]
    if missing:
        names = " ".join(f"`Mechanics-{name.capitalize()}:`" for name in missing)
        lines.append(f"Not told yet: {names}")
    lines.append(f"Another coordinator than its writer lets the details of a mail go: `Approve: {disclosure.id}/1`")
    lines += [f"or of all: `Upstream: {one.name} details`" for one in closed if one.mode is UpstreamMode.MECHANICS]
    lines += [f"Members of the group {one.name} get the details." for one in closed if one.shared]
    return lines
