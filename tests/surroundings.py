"""A list, a moment and a way to read a block there, for the tests of control blocks."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from policy.control import read_block
from policy.orders import Order, Surroundings, read_order

NOW = datetime(2026, 11, 21, 17, 0, 0, 500, tzinfo=UTC)
HERE = Surroundings(
    now=NOW,
    zone="America/Los_Angeles",
    patch_day="2nd tuesday 17:00",
    groups=frozenset({"envoy", "distributors"}),
    orgs=frozenset({"Northwind Networks", "Litware"}),
    addresses=frozenset({"security@northwind.example", "psirt@litware.example"}),
    attachments=("fix.patch", "notice.txt", "x[1].diff"),
    has_public_address=True,
)
REPLY = replace(HERE, is_reply=True, hold_until=NOW - timedelta(days=1), embargo_until=NOW + timedelta(days=13))
PUBLIC = "Embargo-Until: 2026-12-08 18:00 UTC\n"
PUBLIC_AT = datetime(2026, 12, 8, 18, tzinfo=UTC)
PATCH_DAY = "2026-12-09 01:00 UTC"


def order(text: str, here: Surroundings = HERE) -> Order:
    return read_order(read_block(text), here)
