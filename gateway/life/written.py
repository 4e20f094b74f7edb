"""The report as Markdown, fit to be read as it is, and as a JSON document with stable keys."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from gateway.life import words
from gateway.life.words import visible
from policy.instants import rfc3339
from policy.release import LATE_AFTER
from policy.spans import days

if TYPE_CHECKING:
    from datetime import datetime

    from gateway.life.model import Life, Moment, Text
    from gateway.life.words import Sheet

_MARKUP = re.compile(r"([\\`*_\[\]<>|~&#])")


def markdown(life: Life) -> str:
    """The whole page as Markdown; what people wrote can be no markup in it."""
    return "\n".join(_lines(life)) + "\n"


def _lines(life: Life) -> Iterator[str]:
    yield f"# {_safe(words.title(life))}"
    yield ""
    yield words.FULL if life.is_full else words.REDACTED
    yield ""
    for name, value in words.facts(life):
        yield f"* {name}: {_safe(value)}"
    for sheet in words.sheets(life):
        yield from _sheet(sheet)
    if life.texts:
        yield ""
        yield "## What was written"
    for text in life.texts:
        yield from _written(text)


def _sheet(sheet: Sheet) -> Iterator[str]:
    yield ""
    yield f"## {sheet.title}"
    yield ""
    yield from table(sheet.headings, sheet.rows)


def table(headings: tuple[str, ...], rows: tuple[tuple[str, ...], ...]) -> Iterator[str]:
    """The lines of a table."""
    yield f"| {' | '.join(headings)} |"
    yield f"|{' --- |' * len(headings)}"
    for row in rows:
        yield f"| {' | '.join(map(_safe, row))} |"


def _written(text: Text) -> Iterator[str]:
    yield ""
    yield f"### {_safe(text.message)}: {_safe(text.subject)}"
    yield ""
    attached = f"; attached: {_safe(', '.join(text.attachments))}" if text.attachments else ""
    yield f"{_safe(text.label)} by {_safe(text.writer)}{attached}"
    yield ""
    for line in visible(text.text, lines=True).split("\n"):
        yield f"    {line}".rstrip()  # indented: no character of it is markup


def _safe(text: str) -> str:
    return _MARKUP.sub(r"\\\1", " ".join(visible(text).split()))


def document(life: Life) -> dict[str, Any]:
    """The report as one JSON object; what a redacted one hides is null, or not in a list."""
    return {
        "id": life.id,
        "list": life.list_id,
        "redacted": not life.is_full,
        "made_at": rfc3339(life.made_at),
        "trail_head": life.trail_head,
        "subject": life.subject,
        "state": life.state,
        "stopped": life.is_stopped,
        "tlp": life.tlp,
        "scope": life.scope,
        "posted_by": life.posted_by,
        "posted_at": rfc3339(life.posted_at),
        "hold_until": rfc3339(life.hold_until),
        "released_at": _instant(life.released_at),
        "first_embargo_until": rfc3339(life.first_embargo_until),
        "embargo_until": rfc3339(life.embargo_until),
        "ended_at": _instant(life.ended_at),
        "cause": life.cause,
        "known": {name: rfc3339(at) for name, at in life.known.items()},
        "length_days": _length(life),
        "overdue_days": _overdue(life),
        "timeline": [_moment(moment) for moment in life.moments],
        "messages": [
            {
                "message": row.message,
                "kind": row.kind,
                "to": row.to,
                "copies": row.states,
                "first_at": _instant(row.first_at),
                "last_at": _instant(row.last_at),
            }
            for row in life.sent
        ],
        "members": [
            {
                "member": reader.name,
                "state": reader.state,
                "delivered_at": _instant(reader.delivered_at),
                "acknowledged_at": _instant(reader.acknowledged_at),
                "reason": reader.why,
            }
            for reader in life.readers
        ],
        "leaks": [
            {
                "id": case.id,
                "state": case.state,
                "outcome": case.outcome,
                "verified": case.is_proved,
                "reporter": case.reporter,
                "reported_at": rfc3339(case.reported_at),
                "missing": list(case.missing),
                **{name: case.said.get(name) for name in ("what", "to", "when", "how")},
            }
            for case in life.cases
        ],
        "texts": [
            {
                "message": text.message,
                "writer": text.writer,
                "at": rfc3339(text.at),
                "subject": text.subject,
                "text": text.text,
                "attachments": list(text.attachments),
            }
            for text in life.texts
        ],
    }


def _moment(moment: Moment) -> dict[str, Any]:
    return {
        "at": rfc3339(moment.at),
        "until": rfc3339(moment.until),
        "event": moment.event,
        "sign": moment.sign.value,
        "what": moment.what,
        "who": moment.who,
        "why": moment.why,
        "count": moment.count,
    }


def _instant(at: datetime | None) -> str | None:
    return rfc3339(at) if at is not None else None


def _length(life: Life) -> float | None:
    if life.released_at is None or life.ended_at is None:
        return None
    return days(life.ended_at - life.released_at)


def _overdue(life: Life) -> float | None:
    """How late it was lifted; 0 where it was in time, None where it was not lifted."""
    if life.late is None:
        return None
    return days(life.late) if life.late > LATE_AFTER else 0.0
