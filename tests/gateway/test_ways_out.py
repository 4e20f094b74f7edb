"""What coordinators are told that they may answer: lines that are taken as it stands, and no others."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from gateway.notices.dates import lift_asked
from gateway.notices.facts import decide
from gateway.notices.reminders import for_coordinators
from policy.facts import Disclosure, State, Upstream, UpstreamMode
from policy.reminders import Reminder, Subject

NOW = datetime(2026, 11, 22, 12, 28, 6, tzinfo=UTC)
HELD = Disclosure("ED-1", "l", State.HELD, 1, "a@x.example", "A", NOW, NOW, NOW + timedelta(days=9), "RED", "all")
OUT = replace(HELD, state=State.EMBARGOED, released_at=NOW)
HELD_BY = (Upstream("envoy", UpstreamMode.INHERIT),)


@pytest.mark.parametrize(
    ("disclosure", "by_agreement", "says", "says_not"),
    [
        pytest.param(OUT, False, "or with an earlier `Embargo-Until:`", "Send: now", id="the coordinators decide"),
        pytest.param(
            OUT, True, "or with an earlier `Propose-Embargo-Until:`", "`Embargo-Until:`", id="the list agrees"
        ),
        pytest.param(replace(OUT, upstreams=HELD_BY), False, "the embargo of envoy holds", "Lift: now", id="upstream"),
        pytest.param(HELD, False, "Send: now\n", "be moved to a later one", id="held: its dates are still free"),
        pytest.param(
            replace(HELD, state=State.PENDING, unapproved=True),
            False,
            "`Approve: ED-1`",
            "\nLift: now",
            id="unapproved",
        ),
        pytest.param(
            replace(HELD, state=State.PENDING), False, "a new `Embargo-Until:`", "\nLift: now", id="its date went by"
        ),
    ],
)
def test_where_attacks_are_seen_what_can_be_answered_is_told(
    disclosure: Disclosure, by_agreement: bool, says: str, says_not: str
) -> None:
    text = decide(disclosure, "Flaw", "UTC", NOW, by_agreement=by_agreement).text
    assert says in text
    assert says_not not in text


def test_no_date_is_asked_for_that_the_list_would_have_to_agree_on() -> None:
    def asked(*, is_final: bool) -> str:
        return lift_asked(OUT, "Flaw", "UTC", NOW, notice=None, late=None, is_final=is_final).text

    assert "Or name a later date with `Embargo-Until:`." in asked(is_final=False)
    assert "Embargo-Until" not in asked(is_final=True)

    def reminded(subject: Subject, *, by_agreement: bool) -> str:
        one = Reminder(NOW, subject, OUT.embargo_until)
        return for_coordinators(OUT, "F", one, (), "UTC", NOW, by_clock=True, by_agreement=by_agreement).text

    assert "a new `Hold-Until:` or `Embargo-Until:` line" in reminded(Subject.HOLD, by_agreement=False)
    assert "the date, answer with a new `Embargo-Until:` line" in reminded(Subject.DATE, by_agreement=False)
    assert "the date, answer with a new `Propose-Embargo-Until:` line" in reminded(Subject.DATE, by_agreement=True)
