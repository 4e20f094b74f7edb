"""The numbers of a period, list by list and of all: what a list of distributors publishes about itself."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from gateway.operator.base import UnclearError, narrowed
from policy.instants import rfc3339
from policy.spans import days
from policy.statistics import Leak, Numbers, Period, count
from storage import disclosures, leaks

if TYPE_CHECKING:
    from gateway.operator.base import Desk

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


def read_period(since: str | None, until: str | None) -> Period:
    """Read the ends of a period: a day in UTC, the last one included, or an instant. Raises UnclearError."""
    period = Period(_read("--since", since, timedelta()), _read("--until", until, timedelta(days=1)))
    if period.since is not None and period.until is not None and period.since >= period.until:
        raise UnclearError("--since must be before --until")
    return period


def _read(option: str, text: str | None, more: timedelta) -> datetime | None:
    if text is None:
        return None
    try:
        if _DAY.fullmatch(text.strip()):
            return datetime.combine(date.fromisoformat(text.strip()), time(), UTC) + more
        found = datetime.fromisoformat(text.strip())
    except (ValueError, OverflowError):
        found = None
    if found is None or found.utcoffset() is None:
        raise UnclearError(f"{option}: must be a day like 2026-12-31, or an instant like 2026-12-31T12:00:00Z")
    return found.astimezone(UTC)


async def numbers(desk: Desk, list_name: str | None, period: Period) -> dict[str, Any]:
    """The numbers of each list (or of one), and of all of them together; as a JSON object."""
    now, wanted = desk.clock.now(), narrowed(desk.config, list_name)
    async with desk.database.reading() as tx:
        found = await disclosures.ls(tx, wanted)
        reported = [
            Leak(case.list_id, case.reported_at, case.verified)
            for case in await leaks.ls(tx, wanted)
        ]  # fmt: skip
    # A list that was taken out of the configuration has its past all the same.
    past = {one.list_id for one in found} | {leak.list_id for leak in reported}
    names = [wanted] if wanted is not None else [*desk.config.lists, *sorted(past - set(desk.config.lists))]
    rows = {
        name: count(
            [one for one in found if one.list_id == name],
            [leak for leak in reported if leak.list_id == name],
            period,
            now,
        )
        for name in names
    }
    return {
        "since": rfc3339(period.since) if period.since else None,
        "until": rfc3339(period.until) if period.until else None,
        "as_of": rfc3339(now),
        "lists": [{"list": name, **_json(row)} for name, row in rows.items()],
        "all": _json(count(found, reported, period, now)),
    }


def _json(row: Numbers) -> dict[str, Any]:
    return {
        "notified": row.notified,
        "lifted": row.lifted,
        "withdrawn": row.withdrawn,
        "open": row.still_open,
        "open_overdue": row.open_late,
        "length_median_days": _days(row.length_median),
        "length_longest_days": _days(row.length_longest),
        "overdue": row.overdue,
        "overdue_median_days": _days(row.overdue_median),
        "overdue_longest_days": _days(row.overdue_longest),
        "early": row.early,
        "causes": dict(row.causes),
        "leaks": row.leaks,
        "leaks_proved": row.leaks_proved,
    }


def _days(span: timedelta | None) -> float | None:
    return days(span) if span is not None else None
