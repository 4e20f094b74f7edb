"""What steering answers to the letter: what becomes of the dates, what is offered, and the block to paste back."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from policy.disclosure import Event, Rules
from policy.facts import Disclosure, State, Upstream, UpstreamMode
from policy.orders import Order
from policy.scopes import read_restriction, read_scope
from policy.steering import (
    Defaults,
    Faults,
    PostPlan,
    SteerPlan,
    changes_particulars,
    instant_value,
    plan_post,
    plan_steering,
    with_line,
)
from policy.upstream import UpstreamLine, UpstreamWord

NOW = datetime(2026, 11, 22, 12, 0, 30, 7, tzinfo=UTC)  # a Sunday, within a minute
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
FULL = NOW.replace(second=0, microsecond=0)
RULES = Rules("UTC", timedelta(minutes=10), 90 * DAY, timedelta())
NOTICE = replace(RULES, min_notice=2 * DAY)
DEFAULTS = Defaults("all", "", "AMBER+STRICT")
PATCH_DAY = datetime(2026, 12, 8, 17, tzinfo=UTC)
HELD = Disclosure(
    "ED-2026-K7QX", "l", State.HELD, 1, "a@x.example", "A", NOW, NOW + DAY, NOW + 14 * DAY, "RED", "all", stopped=True
)
SENT = replace(HELD, state=State.EMBARGOED, released_at=NOW - DAY, hold_until=NOW - 3 * DAY, stopped=False)
STALE = replace(HELD, state=State.PENDING, embargo_until=NOW, hold_until=NOW - DAY)
UNAPPROVED = replace(HELD, state=State.PENDING, unapproved=True, hold_until=NOW - DAY)
NORTH = read_scope("org:North")
ENVOY = Upstream("envoy", UpstreamMode.MECHANICS)
OVER = UpstreamLine("envoy", UpstreamMode.MECHANICS, UpstreamWord.OVER)
LIFTED = replace(SENT, state=State.LIFTED, ended_at=NOW - HOUR)


def test_an_instant_is_written_to_the_minute_or_to_the_second() -> None:
    assert instant_value(PATCH_DAY) == "2026-12-08 17:00 UTC"
    assert instant_value(PATCH_DAY.replace(second=5)) == "2026-12-08 17:00:05 UTC"


def test_a_line_of_a_block_is_replaced_whatever_its_case_and_empty_lines_go() -> None:
    assert with_line("scope : north\n\nTLP: RED\n", "Scope", "all") == "TLP: RED\nScope: all\n"


def test_a_plan_tells_its_events_from_others() -> None:
    plan = SteerPlan(HELD, (Event.CHANGE,))

    assert plan.has(Event.CHANGE)
    assert not plan.has(Event.NEW_DATE)


# --- posts


def test_what_a_post_says_goes_before_what_the_list_says() -> None:
    plan = plan_post(Order(embargo_until=NOW + DAY, scope=NORTH, tlp="GREEN"), RULES, DEFAULTS, NOW)

    assert plan == PostPlan(NOW + 10 * MINUTE, NOW + DAY, "org:North", "GREEN")


def test_the_lists_default_may_be_its_patch_day() -> None:
    plan = plan_post(Order(), RULES, replace(DEFAULTS, embargo="patch-day"), NOW)

    assert isinstance(plan, PostPlan)
    assert plan.embargo_until == PATCH_DAY


NEXT, LATEST = "a proposal: the next patch day", "the latest date that this list allows"


@pytest.mark.parametrize(
    ("hold", "most", "at", "note"),
    [
        pytest.param(NOW, 90 * DAY, PATCH_DAY, NEXT, id="the next patch day"),
        pytest.param(FULL + 5 * HOUR, 16 * DAY, PATCH_DAY, NEXT, id="also as the very last date"),
        pytest.param(NOW + DAY, 5 * DAY, FULL + 6 * DAY, LATEST, id="where that is too far, the latest full minute"),
    ],
)
@pytest.mark.parametrize("asked", [None, NOW])
def test_a_post_without_a_possible_date_is_offered_one(hold, most, at, note, asked) -> None:
    order = Order(hold_until=hold, embargo_until=asked, corrected="TLP: RED\nEmbargo-Until: now\n")
    found = plan_post(order, replace(RULES, max_embargo=most), DEFAULTS, NOW)

    assert isinstance(found, Faults)
    (complaint,) = found.complaints
    (reading,) = complaint.readings
    assert (reading.at, reading.note, reading.value) == (at, note, instant_value(at))
    assert found.corrected == f"TLP: RED\nEmbargo-Until: {instant_value(at)}\n"


def test_a_post_is_told_of_lines_that_would_end_it_and_gets_its_block_without_them() -> None:
    order = Order(embargo_until=NOW + DAY, lift_now=True, corrected="lift : now\nEmbargo-Until: +1d\n")
    found = plan_post(order, RULES, DEFAULTS, NOW)

    assert isinstance(found, Faults)
    assert found.corrected == "Embargo-Until: +1d\n"


# --- replies


@pytest.mark.parametrize(
    ("before", "order", "events", "changes"),
    [
        pytest.param(
            HELD,
            Order(hold_now=True, hold_until=NOW + 3 * DAY),
            (Event.CHANGE,),
            {"hold_until": NOW + 10 * MINUTE, "stopped": False},
            id="now is now",
        ),
        pytest.param(HELD, Order(embargo_until=HELD.embargo_until), (), {}, id="the date that stands is no change"),
        pytest.param(
            UNAPPROVED,
            Order(embargo_until=NOW + 9 * DAY),
            (Event.CHANGE,),
            {"embargo_until": NOW + 9 * DAY},
            id="a new date approves nothing",
        ),
        pytest.param(
            UNAPPROVED,
            Order(hold_until=NOW + 2 * DAY),
            (Event.CHANGE,),
            {"hold_until": NOW + 2 * DAY, "stopped": False},
            id="a later hold of what waits for approval",
        ),
        pytest.param(UNAPPROVED, Order(tlp="GREEN"), (Event.CHANGE,), {"tlp": "GREEN"}, id="a label moves no hold"),
        pytest.param(STALE, Order(tlp="GREEN"), (Event.CHANGE,), {"tlp": "GREEN"}, id="a label, its date gone by"),
        pytest.param(
            STALE,
            Order(embargo_until=NOW + 9 * DAY, scope=NORTH),
            (Event.NEW_DATE, Event.CHANGE),
            {
                "state": State.HELD,
                "embargo_until": NOW + 9 * DAY,
                "hold_until": NOW + 10 * MINUTE,
                "scope": "org:North",
            },
            id="row 2, beside a new scope",
        ),
        pytest.param(
            replace(SENT, embargo_until=NOW),
            Order(scope=NORTH),
            (Event.CHANGE,),
            {"scope": "org:North"},
            id="a scope at the very date",
        ),
        pytest.param(
            HELD,
            Order(lift_now=True, send_now=True, lift_cause="public"),
            (Event.SEND_AND_LIFT,),
            {"state": State.LIFTED, "ended_at": NOW, "cause": "public"},
            id="sent and lifted in one step, with its cause",
        ),
        pytest.param(
            SENT,
            Order(lift_now=True, send_now=True),
            (Event.LIFT_NOW,),
            {"state": State.LIFTED, "ended_at": NOW, "cause": "other"},
            id="what members have is only lifted",
        ),
        pytest.param(
            HELD,
            Order(withdraw="why", send_now=True),
            (Event.WITHDRAW,),
            {"state": State.WITHDRAWN, "ended_at": NOW},
            id="what is withdrawn is not sent",
        ),
        pytest.param(
            replace(SENT, upstreams=(ENVOY,)),
            Order(withdraw="why"),
            (Event.WITHDRAW,),
            {"state": State.WITHDRAWN, "ended_at": NOW},
            id="what is withdrawn waits for no upstream, as nothing is published",
        ),
        pytest.param(
            replace(SENT, upstreams=(ENVOY,)),
            Order(upstreams=(OVER,)),
            (Event.UPSTREAM,),
            {"upstreams": (replace(ENVOY, over_at=NOW),)},
            id="an upstream that is over",
        ),
        pytest.param(
            replace(SENT, upstreams=(ENVOY,)),
            Order(shares=("envoy",)),
            (Event.UPSTREAM,),
            {"upstreams": (replace(ENVOY, shared=True),)},
            id="details for an upstream's group",
        ),
        pytest.param(
            replace(LIFTED, upstreams=(ENVOY,)),
            Order(upstreams=(OVER,)),
            (Event.UPSTREAM,),
            {"upstreams": (replace(ENVOY, over_at=NOW),)},
            id="also after the lift, and without a notice nothing is published",
        ),
        pytest.param(HELD, Order(public_notice="n.txt"), (Event.CHANGE,), {}, id="a notice before the lift is kept"),
        pytest.param(
            replace(SENT, upstreams=(ENVOY,)),
            Order(public_notice="n.txt"),
            (Event.CHANGE,),
            {},
            id="also while an upstream holds",
        ),
        pytest.param(LIFTED, Order(public_notice="n.txt"), (Event.PUBLISH,), {}, id="after it, it is published"),
        pytest.param(
            replace(LIFTED, upstreams=(ENVOY,)),
            Order(public_notice="n.txt", upstreams=(OVER,)),
            (Event.UPSTREAM, Event.PUBLISH),
            {"upstreams": (replace(ENVOY, over_at=NOW),)},
            id="and as the last upstream is told to be over",
        ),
    ],
)
def test_a_reply_changes_just_that(before, order, events, changes) -> None:
    assert plan_steering(order, before, RULES, NOW) == SteerPlan(replace(before, **changes), events)


@pytest.mark.parametrize(
    ("order", "changes"),
    [
        (Order(restrict=(read_restriction("a to all"),)), True),
        (Order(cve=("CVE-2026-1",)), True),
        (Order(refs=("bug 1",)), True),
        (Order(permit="stage it"), True),
        (Order(mechanics=(("version", "1.2.3"),)), True),
        (Order(public_notice="notice.txt"), False),
        (Order(tlp="RED", scope=NORTH), False),
    ],
)
def test_what_the_banner_says_or_is_withheld_is_a_particular(order, changes) -> None:
    assert changes_particulars(order) is changes


ENDS = {"embargo_until": NOW + DAY, "hold_until": NOW + DAY, "hold_now": True, "scope": NORTH}


@pytest.mark.parametrize("beside", ENDS)
@pytest.mark.parametrize("end", [{"withdraw": "a mistake"}, {"lift_now": True}])
def test_an_end_stands_alone_and_is_offered_alone(beside, end) -> None:
    found = plan_steering(Order(**end, **{beside: ENDS[beside]}), SENT, RULES, NOW)

    assert isinstance(found, Faults)
    assert found.corrected == ("Lift: now\n" if "lift_now" in end else "Withdraw: a mistake\n")


@pytest.mark.parametrize("before", [UNAPPROVED, replace(HELD, hold_until=NOW - 10 * DAY)], ids=["pending", "stopped"])
def test_a_date_for_what_waited_past_its_hold_counts_from_now(before: Disclosure) -> None:
    waited = replace(before, hold_until=NOW - 10 * DAY, embargo_until=NOW + HOUR)
    latest = FULL + 90 * DAY
    plan = plan_steering(Order(embargo_until=latest), waited, RULES, NOW)
    assert isinstance(plan, SteerPlan)
    assert (plan.after.embargo_until, plan.after.hold_until) == (latest, waited.hold_until)

    asked = Order(embargo_until=NOW + 91 * DAY, corrected="Embargo-Until: +91d\n")
    found = plan_steering(asked, waited, RULES, NOW)
    assert isinstance(found, Faults)
    assert found.complaints[0].line == "Embargo-Until:"
    assert [reading.at for reading in found.complaints[0].readings] == [latest]


@pytest.mark.parametrize(
    ("before", "order", "line"),
    [
        pytest.param(UNAPPROVED, Order(hold_until=NOW + 15 * DAY), "Hold-Until:", id="a hold"),
        pytest.param(replace(HELD, embargo_until=NOW + MINUTE), Order(hold_now=True), "Hold-Until:", id="now"),
        pytest.param(UNAPPROVED, Order(hold_until=NOW + DAY, embargo_until=NOW + DAY), "Hold-Until:", id="both"),
        pytest.param(UNAPPROVED, Order(embargo_until=NOW + 91 * DAY), "Embargo-Until:", id="a date"),
        pytest.param(STALE, Order(hold_until=NOW + DAY, embargo_until=NOW + DAY), "Embargo-Until:", id="a new date"),
    ],
)
def test_what_is_refused_is_the_line_that_was_written(before: Disclosure, order: Order, line: str) -> None:
    found = plan_steering(order, before, RULES, NOW)

    assert isinstance(found, Faults)
    assert [complaint.line for complaint in found.complaints] == [line]


def test_what_waits_is_not_sent_and_lifted() -> None:
    found = plan_steering(Order(lift_now=True, send_now=True), STALE, RULES, NOW)

    assert isinstance(found, Faults)
    assert "its public date has gone by, and nothing is sent under it" in found.complaints[0].why
    assert "approves" not in found.complaints[0].why

    for now in (HELD.embargo_until, HELD.embargo_until + DAY):  # the clock has not come to it yet
        found = plan_steering(Order(lift_now=True, send_now=True), HELD, RULES, now)
        assert isinstance(found, Faults)
        assert "first a new `Embargo-Until:`" in found.complaints[0].why
    found = plan_steering(Order(lift_now=True), replace(HELD, embargo_until=NOW), RULES, NOW)
    assert isinstance(found, Faults)
    assert "gone by" not in found.complaints[0].why

    unapproved = replace(STALE, unapproved=True)
    for order, is_told in ((Order(lift_now=True, send_now=True), True), (Order(lift_now=True), False)):
        found = plan_steering(order, unapproved, RULES, NOW)
        assert isinstance(found, Faults)
        assert (f"first another coordinator approves it, `Approve: {STALE.id}`" in found.complaints[0].why) is is_told


ASKED = "Embargo-Until: x\nHold-Until: y\n"


@pytest.mark.parametrize(
    ("before", "asked", "rules", "offered"),
    [
        pytest.param(HELD, NOW + 200 * DAY, RULES, FULL + 91 * DAY, id="held, beyond the cap: the latest"),
        pytest.param(HELD, NOW + DAY / 2, NOTICE, PATCH_DAY, id="held, before members get it: the patch day"),
        pytest.param(HELD, NOW + DAY, RULES, PATCH_DAY, id="held, as members get it: the patch day"),
        pytest.param(SENT, NOW + 200 * DAY, RULES, FULL + 89 * DAY, id="out, beyond the cap, from the real release"),
        pytest.param(SENT, NOW + DAY, NOTICE, FULL + 2 * DAY + HOUR + MINUTE, id="out, short notice: time to answer"),
        pytest.param(
            SENT, NOW + DAY, replace(RULES, min_notice=100 * DAY), NOW + 14 * DAY, id="out, no notice: what stands"
        ),
        pytest.param(SENT, NOW, RULES, FULL + 89 * DAY, id="out, this very moment: the latest"),
        pytest.param(SENT, NOW - DAY, RULES, FULL + HOUR + MINUTE, id="out, gone by: soon"),
        pytest.param(
            SENT,
            NOW + 10 * DAY,
            replace(NOTICE, max_embargo=5 * DAY),
            FULL + 4 * DAY,
            id="out, beyond a cap that was lowered",
        ),
        pytest.param(
            replace(SENT, embargo_until=NOW), NOW - DAY, RULES, FULL + 89 * DAY, id="out, its date reached: the latest"
        ),
        pytest.param(
            replace(SENT, released_at=NOW - 100 * DAY, embargo_until=NOW),
            NOW + DAY,
            RULES,
            None,
            id="out, past every date: nothing",
        ),
    ],
)
def test_the_date_that_is_offered(before, asked, rules, offered) -> None:
    found = plan_steering(Order(embargo_until=asked, corrected=ASKED), before, rules, NOW)

    assert isinstance(found, Faults)
    (complaint,) = found.complaints
    assert complaint.line == "Embargo-Until:"
    assert [reading.at for reading in complaint.readings] == ([] if offered is None else [offered])
    said = "" if offered is None else f"Embargo-Until: {instant_value(offered)}\n"
    assert found.corrected == f"Hold-Until: y\n{said}"


def test_a_hold_past_the_date_is_taken_out_of_the_block() -> None:
    found = plan_steering(Order(hold_until=NOW + 20 * DAY, corrected=ASKED), HELD, RULES, NOW)

    assert isinstance(found, Faults)
    assert (found.complaints[0].line, found.complaints[0].readings) == ("Hold-Until:", ())
    assert found.corrected == "Embargo-Until: x\n"


# --- upstreams


NOT_HERE = "no embargo of envoy holds here"


@pytest.mark.parametrize("before", [None, HELD, SENT])
@pytest.mark.parametrize("beside", [{}, {"lift_now": True}])
def test_an_upstream_that_holds_nothing_here_is_told_under_its_line_and_asked_about_again(before, beside) -> None:
    order = Order(upstreams=(OVER,), corrected=ASKED, **beside)
    found = plan_steering(order, before, RULES, NOW) if before else plan_post(order, RULES, DEFAULTS, NOW)

    assert isinstance(found, Faults)
    assert [(one.line, one.why) for one in found.complaints] == [("Upstream:", NOT_HERE)]
    assert found.corrected == ASKED


def test_a_notice_waits_for_every_upstream_and_is_taken_out_of_the_block() -> None:
    order = Order(public_notice="n.txt", cve=("CVE-2026-1",), corrected="Public-Notice: n.txt\nCVE: CVE-2026-1\n")
    found = plan_steering(order, replace(LIFTED, upstreams=(ENVOY,)), RULES, NOW)

    assert isinstance(found, Faults)
    (complaint,) = found.complaints
    assert complaint.line == "Public-Notice:"
    assert "`Upstream: envoy over`" in complaint.why
    assert found.corrected == "CVE: CVE-2026-1\n"
