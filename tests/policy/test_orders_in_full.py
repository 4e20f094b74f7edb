"""Control lines, word for word.

``orders.txt`` has where a block stands, and the block on one line (its lines end as \\n); below it what it orders
or what is complained of, and the block to paste back. Where a wording changes, it changes there.
"""

from __future__ import annotations

import re
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from policy.control import read_block
from policy.facts import UpstreamMode
from policy.orders import Order, Surroundings, read_order

NOW = datetime(2026, 11, 21, 17, tzinfo=UTC)
POST = Surroundings(
    now=NOW,
    groups=frozenset({"envoy", "distributors"}),
    orgs=frozenset({"Northwind", "Litware"}),
    addresses=frozenset({"a@north.example", "b@litware.example"}),
    attachments=("fix.patch", "notice.txt", "note.txt", "x[1].txt"),
    has_public_address=True,
)
STEER = replace(POST, is_reply=True, hold_until=NOW - timedelta(days=1), embargo_until=NOW + timedelta(days=13))
HELD = replace(STEER, hold_until=NOW + timedelta(days=1))
PLACES = {
    "post": POST,
    "scoped": replace(POST, default_scope=""),
    "quiet": replace(POST, has_public_address=False),
    "steer": STEER,
    "held": HELD,
    "agree": replace(STEER, by_agreement=True),
    "member": replace(STEER, role="member"),
    "membernew": replace(POST, role="member", default_scope=""),
    "empty": replace(POST, groups=frozenset(), orgs=frozenset(), addresses=frozenset()),
    "third": replace(STEER, upstreams=(("envoy", UpstreamMode.MECHANICS),)),
    "bound": replace(STEER, upstreams=(("envoy", UpstreamMode.MECHANICS),), held_by=frozenset({"envoy"})),
    "guests": replace(STEER, guests=frozenset({"eve@g.example"})),
    "stranger": replace(STEER, role=None),
}
LINES = (Path(__file__).parent / "orders.txt").read_text("utf-8").splitlines()


def told(order: Order) -> str:
    """An order or its complaints on one line."""
    default = Order()
    said = [
        f"{one.name}={getattr(order, one.name)!r}"
        for one in fields(Order)
        if one.name not in {"leak", "complaints", "corrected", "is_ready"}
        and getattr(order, one.name) != getattr(default, one.name)
    ]
    why = [re.sub(r"(only coordinators steer).*", r"\1", one.why) for one in order.complaints]
    wrong = [f"{one.line} -> {text} ({len(one.readings)})" for one, text in zip(order.complaints, why, strict=True)]
    ready = "" if order.is_ready else " (to be asked about again)"
    whole = f"{' '.join(said + wrong) or 'nothing'} | {'; '.join(order.corrected.splitlines())}{ready}"
    whole = re.sub(r"datetime\.datetime\((\d+), (\d+), (\d+), (\d+), (\d+)[^)]*\)", r"\1-\2-\3 \4:\5", whole)
    return re.sub(r"Scope\(all=False, groups=(\(.*?\)), orgs=(\(.*?\)), addresses=(\(.*?\))\)", r"\1\2\3", whole)


@pytest.mark.parametrize(("text", "answer"), list(zip(LINES[::2], LINES[1::2], strict=True)))
def test_a_block_as_written_is_answered_like_this(text: str, answer: str) -> None:
    place, _, block = text.partition(": ")

    assert told(read_order(read_block(block.replace("\\n", "\n")), PLACES[place])) == answer[4:]


def test_a_value_is_as_long_as_is_allowed_and_no_longer() -> None:
    just, more = "x" * 4000, "x" * 4001
    swallowed = read_order(read_block(f"TLP: RED\n{just}\n"), STEER)

    assert read_order(read_block(f"Permit: {just}\n"), STEER).permit == just
    assert read_order(read_block(f"Permit: {more}\n"), STEER).complaints[0].why == ("it is longer than 4000 characters")
    assert swallowed.corrected == "TLP: RED\n"
    (long,) = read_order(read_block(f"Permit: {more}\nplease\n"), STEER).complaints
    assert long.why == "it is longer than 4000 characters"
    (ends,) = read_order(read_block(f"Permit: {just}\nplease\n"), STEER).complaints
    assert ends.why.endswith("(is the empty line after the block missing, or a line not indented?)")
    assert read_order(read_block(f"CVE: {more}\nplease\n"), STEER).corrected.startswith("CVE: xxx")


def test_a_long_line_is_told_in_short() -> None:
    (just,) = read_block(f"Permit: {'x' * 492}\n").lines
    (more,) = read_block(f"Permit: {'x' * 493}\n").lines

    assert just.said == f"Permit: {'x' * 492}"
    assert more.said == f"Permit: {'x' * 492}..."


def test_a_list_without_a_public_address_publishes_nothing() -> None:
    found = read_order(read_block("Public-Notice: notice.txt\n"), Surroundings(now=NOW, is_reply=True))

    assert "no address for public notices" in found.complaints[0].why
