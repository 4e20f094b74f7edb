"""Blocks put together at random: whatever stands there, what is offered is accepted, and nothing is forgotten."""

from __future__ import annotations

import re
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from policy.calendars import parse_window
from policy.control import read_block
from policy.facts import UpstreamMode
from policy.instants import as_value
from policy.orders import Order
from surroundings import HERE, PUBLIC_AT, REPLY, order

VALUES = st.one_of(
    st.sampled_from(
        [
            *(
                "now",
                "yes",
                "no",
                "all",
                "audience",
                "soon",
                "",
                "+1d",
                "+200d",
                "+0s",
                "patch-day",
                "14 days",
                "RED",
                "WHITE",
            ),
            *("2026-12-08 18:00 UTC", "2026-12-08 18:00", "2020-12-08 18:00 UTC", "2027-05-08 18:00 UTC", "02/06/2027"),
            *("Wed, 10 Dec 2026", "9AM PT", "25 July, 1500UTC", "9998-12-31 23:59 UTC", "2026-11-22 00:00 UTC"),
            *(
                "group:envoy",
                "group:evnoy, all",
                "Litware",
                "org:zzz",
                "psirt@litware.exmple",
                "fix.patch to group:envoy",
            ),
            *("fix.path to all", "*.diff, fix.patch to org:Litware", "x to y to z", "notice.txt", "*", "CVE-2026-1234"),
        ]
    ),
    st.text(max_size=20).filter(lambda text: "\n" not in text),
)
LINE_NAMES = st.sampled_from(
    [
        *(
            "Embargo-Until",
            "CRD",
            "Hold-Until",
            "Send-At",
            "Scope",
            "Restrict",
            "TLP",
            "CVE",
            "Ref",
            "Permit",
            "Public-Notice",
        ),
        *(
            "Preview",
            "Lift",
            "Withdraw",
            "Send-To",
            "Ack",
            "Upstream",
            "Hold-Untill",
            "Scpoe",
            "Foo",
            "Leak",
            "Hold",
            "Embargo",
        ),
    ]
)
BLOCKS = st.lists(st.tuples(LINE_NAMES, VALUES).map(": ".join), max_size=6).map("\n".join)
PLACES = st.sampled_from(
    [
        HERE,
        REPLY,
        replace(HERE, max_embargo=timedelta(days=2)),
        replace(HERE, max_embargo=timedelta(seconds=3)),
        replace(HERE, default_embargo="14d", zone="Asia/Tokyo"),
        replace(HERE, attachments=(), has_public_address=False),
        replace(HERE, upstreams=(("envoy", UpstreamMode.MECHANICS),)),
        replace(HERE, role="member"),
        replace(REPLY, role="member"),
        replace(REPLY, embargo_until=None, hold_until=None),
        replace(HERE, now=datetime(9998, 12, 30, tzinfo=UTC)),
        replace(HERE, window=parse_window("tue-thu 08:00-17:00"), min_lead=timedelta(days=20)),
        replace(HERE, release_grace=timedelta(days=1), holidays=frozenset({PUBLIC_AT.date()})),
        replace(REPLY, min_notice=timedelta(days=3), window=parse_window("sat")),
    ]
)


@given(BLOCKS, st.sampled_from(["", "\n\nBody.\n", "\nHi all,\n\nBody.\n"]), PLACES)
@example("Embargo-Until: +0s\nHold-Untill: yes", "", HERE)
@example("Embargo-Until: +1s\nHold-Until: yes", "", HERE)
@example("Preview: now\nLift: now", "", HERE)
def test_the_corrected_block_is_accepted(block, below, here):
    found = order(block + below, here)
    if not found.complaints or not found.corrected:
        assert found.is_ready
        return

    again = order(found.corrected, here)

    assert found.is_ready == (not again.complaints)
    if not found.is_ready:
        # Only what must not be guessed is asked about again.
        asked = {complaint.line.partition(":")[0] for complaint in again.complaints}
        no_room = {"Embargo-Until"} if re.search(r"\+[01]s", block) else set()  # for a hold before the date
        assert asked <= {"Scope", "Restrict", "Hold-Until", "Public-Notice", "Upstream"} | no_room


@pytest.mark.parametrize("ends", ["+0s", "+1s", "+2s", "+90s", "+1h"])
def test_a_hold_that_is_proposed_lies_ahead(ends):
    found = order(f"Embargo-Until: {ends}\nHold-Until: yes\n", HERE)

    proposed = re.search(r"Hold-Until: (.*) UTC", found.corrected)
    assert proposed is not None
    form = "%Y-%m-%d %H:%M:%S" if proposed[1].count(":") == 2 else "%Y-%m-%d %H:%M"
    assert datetime.strptime(proposed[1], form).replace(tzinfo=UTC) > HERE.now


@given(BLOCKS, PLACES)
def test_an_accepted_order_keeps_the_order_of_dates(block, here):
    found = order(block, here)

    if found.complaints:
        assert {f.name for f in fields(found) if getattr(found, f.name)} <= {
            "complaints",
            "corrected",
            "is_ready",
            "leak",
        }
        return
    if found.hold_until:
        assert found.hold_until > here.now
    if found.embargo_until:
        start = here.now if found.hold_now else found.hold_until or here.hold_until or here.now
        if found.hold_now or found.hold_until or here.hold_until is None:
            start = max(start, here.now + here.release_grace)
        assert max(start, here.now) < found.embargo_until <= start + here.max_embargo


@given(BLOCKS, PLACES, st.text(max_size=80))
def test_what_stands_below_the_block_never_changes_the_order(block, here, below):
    alone, together = order(block, here), order(f"{block}\n\n{below}", here)

    if read_block(block).lines and not together.complaints:
        assert replace(together, leak=None) == replace(alone, leak=None)


@given(st.text(max_size=300), PLACES)
def test_no_text_raises(text, here):
    assert isinstance(order(text, here), Order)


@given(BLOCKS, PLACES)
def test_every_reading_is_in_the_future(block, here):
    for complaint in order(block, here).complaints:
        for reading in complaint.readings:
            assert reading.at > here.now
            assert reading.value == as_value(reading.at)
