"""The daily digest to coordinators: all that can wait, a section for each kind, with the lines to paste. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from gateway.notices.common import MOST_ROWS, MOST_SUBJECT, Notice, shortened
from policy.disclosure import Rules, example_date
from policy.instants import in_words

MOST_ENTRIES = 50  # of any other section


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that waits. ``thread``: the disclosure in whose thread its blocks belong. ``blocks``: one is pasted."""

    ref: str
    what: str
    blocks: tuple[str, ...] = ()
    thread: str | None = None

    def lines(self) -> list[str]:
        """The entry as it is read: what waits, and what may be answered."""
        about = f" [{self.thread}]" if self.thread else ""
        lines = [f"* {self.ref}{about}: {self.what}" if self.ref else f"*{about} {self.what}"]
        for number, block in enumerate(self.blocks):
            lines += ["or:" if number else "", block]
        return [*lines, ""] if self.blocks else lines


@dataclass(frozen=True, slots=True)
class Section:
    """What waits of one kind. ``name``: its word in the trail. ``count``: of how many, where not all are told."""

    name: str
    heading: str
    entries: tuple[Entry, ...]
    count: int
    below: tuple[str, ...] = ()

    def lines(self) -> list[str]:
        """The section as it is read."""
        left = self.count - len(self.entries)
        lines = [f"== {self.heading} ({self.count}) ==", ""]
        lines += [line for entry in self.entries for line in entry.lines()]
        lines += [f"and {left} more"] if left else []
        return [*lines, *self.below, ""]


def section(name: str, heading: str, entries: Sequence[Entry], below: Sequence[str] = ()) -> Section:
    """A section of some entries; of very many the first ones."""
    return Section(name, heading, tuple(entries[:MOST_ENTRIES]), len(entries), tuple(below))


def digest(name: str, sections: Sequence[Section], address: str, zone: str, now: datetime) -> Notice:
    """To coordinators, once a day at most: everything that waits for one of them and can wait."""
    count = sum(one.count for one in sections)
    lines = [f"What waits on {name}, {in_words(now, zone)}. Nothing here is more urgent than it was.", ""]
    lines += [line for one in sections for line in one.lines()]
    if any(entry.blocks for one in sections for entry in one.entries):
        lines += [
            "Each block goes, signed and encrypted, to the top of a mail of its own. Where an id stands in brackets,",
            f"it belongs in that thread: a new mail to {address} with it, in its brackets, in the subject will do.",
            "Where none stands, answer this mail; unless the section names another address.",
        ]
    return Notice(f"Daily digest: {count} {'thing waits' if count == 1 else 'things wait'}", "\n".join(lines) + "\n")


def _named(subject: str) -> str:
    return f'"{shortened(subject, MOST_SUBJECT, "...")}"' if subject else "(its subject is gone)"


def approval(ref: str, thread: str | None, subject: str | None) -> Entry:
    """What a second coordinator has to agree to."""
    about = f", about {_named(subject)}" if subject is not None else ""
    return Entry(ref, f"waits for a coordinator who did not ask for it{about}", (f"Approve: {ref}",), thread)


def new_date(ref: str, subject: str, gone: datetime, rules: Rules, now: datetime) -> Entry:
    """A disclosure whose date went by before members had it."""
    what = f"{_named(subject)}, its date went by {in_words(gone, rules.zone, now)}; members got nothing"
    return Entry("", what, (f"Embargo-Until: {example_date(rules, now)}", "Withdraw: REASON"), ref)


def lift(ref: str, subject: str, date: datetime, notice: str | None, zone: str, now: datetime) -> Entry:
    """A public date that has come, on a list where a coordinator ends the embargo. ``notice``: that is kept for it."""
    order = "Lift: now" + (f"\nPublic-Notice: {notice}" if notice else "")
    return Entry("", f"{_named(subject)}, its date came {in_words(date, zone, now)}", (order,), ref)


def upstream(ref: str, subject: str, names: Sequence[str], zone: str, date: datetime, now: datetime) -> Entry:
    """A public date that has come, and waits for third parties who named none."""
    what = f"{_named(subject)}, its date came {in_words(date, zone, now)}; it waits for {' and '.join(names)}"
    return Entry("", what, tuple(f"Upstream: {name} over" for name in names), ref)


def leak(ref: str, thread: str | None, reported: datetime, zone: str, now: datetime, *, is_proved: bool) -> Entry:
    """A leak case that nobody has assessed."""
    doubt = "" if is_proved else "; nobody is proved to have reported it"
    blocks = (
        *(() if is_proved else (f"Vouch: {ref}",)),
        f"Assess: {ref}\nOutcome: contained",
        f"Assess: {ref}\nOutcome: dismissed\nReason: ...",
    )
    return Entry(ref, f"reported {in_words(reported, zone, now)}{doubt}", blocks, thread)


def retrospective(ref: str, thread: str | None, due: datetime, zone: str, now: datetime) -> Entry:
    """A retrospective that is not posted yet."""
    return Entry(
        ref, f"due {in_words(due, zone, now)}; your text goes below the line", (f"Retrospective: {ref}",), thread
    )


def share(ref: str, thread: str, asked: datetime, zone: str, now: datetime) -> Entry:
    """What a member asks to share."""
    return Entry(ref, f"asked {in_words(asked, zone, now)}", (f"Approve: {ref}", f"Deny: {ref}"), thread)


def kept(ref: str, reason: str, came: datetime, zone: str, now: datetime) -> Entry:
    """A kept mail that may be a leak report."""
    blocks = (f"Show: {ref}", f"Release-Quarantine: {ref}", f"Discard-Quarantine: {ref}")
    return Entry(ref, f"{reason}, came {in_words(came, zone, now)}", blocks)


def unpublished(ref: str, subject: str, ended: datetime, zone: str, now: datetime) -> Entry:
    """A lifted disclosure of which no public notice is on record."""
    return Entry("", f"{_named(subject)}, over {in_words(ended, zone, now)}", ("Public-Post: https://...",), ref)


def withheld(name: str, address: str, reason: str, count: int) -> Entry:
    """Mails that can't be sealed to somebody."""
    mails = "1 mail" if count == 1 else f"{count} mails"
    return Entry("", f"{name} <{address}>: {mails}, {reason}")


def expiring(name: str, address: str, at: datetime, zone: str, now: datetime) -> Entry:
    """Somebody whose last key ends soon."""
    return Entry("", f"{name} <{address}>: {in_words(at, zone, now)}")


def strangers(rows: Sequence[tuple[str, str, str, int]], request_address: str) -> Section:
    """What strangers sent since the last digest. ``rows`` are id, reason, envelope sender, size."""
    entries = [
        Entry("", f"{row[0]}  {row[1]:<18} {row[3]:>9} bytes  from {row[2] or '<>'}") for row in rows[:MOST_ROWS]
    ]
    below = ["", f"See one with `Show: ID` to {request_address}; nothing has to be done about them."]
    return Section("strangers", "Kept back since the last digest", tuple(entries), len(rows), tuple(below))
