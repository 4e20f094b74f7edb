"""Spans of time as people say them, and the middle of many.

Rule: what is said is never longer than what was: parts of the smaller unit are left off, not rounded up.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

_UNITS = ((86_400, "day", "days"), (3600, "h", "h"), (60, "min", "min"), (1, "s", "s"))


def span_in_words(span: timedelta) -> str:
    """Say a span in its two largest units: "13 days 23 h", "5 min", "0 s"; without its sign."""
    left = int(abs(span).total_seconds())
    said: list[str] = []
    for unit, one, many in _UNITS:
        count, left = divmod(left, unit)
        if count:
            said.append(f"{count} {one if count == 1 else many}")
        if said and (not count or len(said) > 1):
            break
    return " ".join(said) or "0 s"


def median(spans: Sequence[timedelta]) -> timedelta | None:
    """The span in the middle, between the two middle ones where their number is even; None of none."""
    if not spans:
        return None
    ordered, half = sorted(spans), len(spans) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2


def days(span: timedelta) -> float:
    """A span in days, to the hundredth: for tables and scripts."""
    return round(span.total_seconds() / 86_400, 2)
