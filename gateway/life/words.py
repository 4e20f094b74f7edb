"""What the page says in words, whatever it is written in: the facts, line by line, and the tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gateway.life.acts import CAUSES
from policy.facts import State
from policy.instants import in_words
from policy.release import LATE_AFTER, SAY_LATE_AFTER
from policy.spans import span_in_words

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from gateway.life.model import Life, Moment, Reader

REDACTED = (
    "Redacted: without subject, texts, file names, and the names and addresses of people and organisations. "
    "A number names somebody within this page only."
)
FULL = "In full: with subject, texts, names and addresses. Confidential as the disclosure itself is."
_KNOWN = {
    "fact_public_at": "Known as public",
    "fact_exploit_at": "Exploit public",
    "fact_attacks_at": "Attacks seen",
    "public_post_at": "Public notice",
    "closed_at": "Closed",
    "destroyed_at": "Destroyed",
}
NOTHING = "-"  # an empty cell


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table with its title."""

    title: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def visible(text: str, *, lines: bool = False) -> str:
    """Text in which every character is one to be seen (and, with ``lines``, a line's end)."""
    return "".join(
        letter if letter.isprintable() or (lines and letter in "\n\t") else "\N{REPLACEMENT CHARACTER}"
        for letter in text
    )


def title(life: Life) -> str:
    """What stands on top."""
    return f"{life.id}: {life.subject}" if life.subject is not None else life.id


def facts(life: Life) -> tuple[tuple[str, str], ...]:
    """The facts in a nutshell, as pairs of a name and what is so."""
    proved = sum(case.is_proved for case in life.cases)
    pairs = [
        ("List", life.list_id),
        ("State", f"{life.state}, stopped" if life.is_stopped else life.state),
        ("Posted", f"{_at(life, life.posted_at)} by {life.posted_by}"),
        ("Members got it", _release(life)),
        ("Public date", _date(life)),
        ("Ended", _end(life)),
        ("TLP", life.tlp),
        ("Scope", life.scope),
        ("Delivered", f"to {_count(life, 'delivered_at')} of {len(life.readers)} members"),
        ("Acknowledged", f"by {_count(life, 'acknowledged_at')} of {len(life.readers)} members"),
        ("Leak reports", f"{len(life.cases)}, {proved} proved" if life.cases else "none"),
        *((_KNOWN.get(name, name), _at(life, at)) for name, at in life.known.items()),
        ("As of", _at(life, life.made_at)),
        ("Audit head", life.trail_head or "none"),
    ]
    return tuple((name, visible(value)) for name, value in pairs)


def _at(life: Life, at: datetime) -> str:
    return in_words(at, life.zone)


def _count(life: Life, what: str) -> int:
    return sum(getattr(reader, what) is not None for reader in life.readers)


def _release(life: Life) -> str:
    if life.released_at is not None:
        late = life.released_at - life.hold_until
        after = f", {span_in_words(life.released_at - life.posted_at)} after the post"
        by = f", {span_in_words(late)} late" if late > SAY_LATE_AFTER else ""
        return f"{_at(life, life.released_at)}{after}{by}"
    if life.state == State.HELD and not life.is_stopped:
        return f"not yet; held until {_at(life, life.hold_until)}"
    return "never" if life.ended_at is not None else "not yet"


def _date(life: Life) -> str:
    first = life.first_embargo_until
    moved = f"; at first {_at(life, first)}" if first != life.embargo_until else ""
    return f"{_at(life, life.embargo_until)}{moved}"


def _end(life: Life) -> str:
    if life.ended_at is None:
        return "not yet"
    why = f": {CAUSES.get(life.lifted_as, 'withdrawn' if life.cause is None else life.cause)}"
    length = ""
    if life.released_at is not None:
        length = f", after an embargo of {span_in_words(life.ended_at - life.released_at)}"
    return f"{_at(life, life.ended_at)}{why}{length}{_punctuality(life.late)}"


def _punctuality(late: timedelta | None) -> str:
    if late is None:
        return ""
    if late > LATE_AFTER:
        return f", {span_in_words(late)} overdue"
    return f", {span_in_words(late)} before its date" if late < -LATE_AFTER else ", on its date"


def sheets(life: Life) -> tuple[Sheet, ...]:
    """The tables of the page; those without a row are left out."""
    every = (_happened(life), _messages(life), _members(life), _leaks(life))
    return tuple(
        Sheet(sheet.title, sheet.headings, tuple(tuple(map(visible, row)) for row in sheet.rows))
        for sheet in every
        if sheet.rows
    )


def _happened(life: Life) -> Sheet:
    rows = tuple((_when(moment), moment.what, moment.who or NOTHING, moment.why or NOTHING) for moment in life.moments)
    return Sheet("What happened", ("When", "What", "Who", "Why"), rows)


def _when(moment: Moment) -> str:
    said = in_words(moment.at, "UTC")
    lasted = moment.until - moment.at
    return f"{said}, within {span_in_words(lasted)}" if lasted.total_seconds() >= 1 else said


def _messages(life: Life) -> Sheet:
    rows = tuple(
        (
            row.message,
            row.kind.replace("-", " "),
            "the public" if row.to == "public" else f"{row.to}s",
            ", ".join(f"{count} {state}" for state, count in row.states.items()),
            in_words(row.last_at, "UTC") if row.last_at is not None else NOTHING,
        )
        for row in life.sent
    )
    return Sheet("What was sent", ("Message", "Kind", "To", "Copies", "Last delivered"), rows)


def _members(life: Life) -> Sheet:
    rows = tuple(
        (reader.name, _copy(reader), _instant(reader.delivered_at), _instant(reader.acknowledged_at))
        for reader in life.readers
    )
    return Sheet("Members", ("Member", "Copy", "Delivered", "Acknowledged"), rows)


def _copy(reader: Reader) -> str:
    return f"{reader.state}: {reader.why}" if reader.why else reader.state


def _instant(at: datetime | None) -> str:
    return in_words(at, "UTC") if at is not None else NOTHING


def _leaks(life: Life) -> Sheet:
    said: Sequence[str] = ("what", "to", "when", "how") if life.is_full else ()
    rows = tuple(
        (
            case.id,
            f"{case.state}: {case.outcome}" if case.outcome else case.state,
            case.reporter,
            in_words(case.reported_at, "UTC"),
            ", ".join(case.missing) or "nothing",
            *(case.said.get(name) or NOTHING for name in said),
        )
        for case in life.cases
    )
    headings = ("Report", "State", "Reported by", "At", "Not told", *(name.capitalize() for name in said))
    return Sheet("Leak reports", headings, rows)
