"""What people read of an embargo that ended before its date: when it ended, not when it would have."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from gateway.notices import common, requests
from gateway.notices.common import Receipt
from gateway.notices.leak import leak_notice
from gateway.sending import mechanics
from gateway.sending.banner import Banner
from policy.facts import Disclosure, State, Upstream, UpstreamMode
from policy.instants import in_words
from policy.leaklines import LeakLines

NOW = datetime(2026, 11, 22, 12, 28, 6, tzinfo=UTC)
ENDED, PLANNED = NOW - timedelta(minutes=2), NOW + timedelta(minutes=53)
HELD = Disclosure("ED-1", "l", State.HELD, 1, "a@x.example", "A", NOW, NOW, PLANNED, "RED", "all")
OUT = replace(HELD, state=State.EMBARGOED, released_at=NOW - timedelta(hours=1))
LIFTED = replace(OUT, state=State.LIFTED, ended_at=ENDED, cause="ready")
WITHDRAWN = replace(OUT, state=State.WITHDRAWN, ended_at=ENDED)
SINCE = "is over since Sun 22 Nov 2026 12:26:06 UTC"


def receipt(disclosure: Disclosure) -> str:
    return Receipt(disclosure, "Flaw", "UTC", NOW, "Done.", (), {}, None, None).notice(()).text


def banner(disclosure: Disclosure, now: datetime = NOW) -> str:
    ended = disclosure.ended_at
    return Banner(
        "ED-1", "Follow-up", "RED", in_words(PLANNED, "UTC"), disclosure.state, "UTC", now, "A", True, ended
    ).text()


def shown(disclosure: Disclosure) -> str:
    facts = {name: getattr(disclosure, name) for name in ("hold_until", "embargo_until", "released_at", "ended_at")}
    stamps = {name: at.isoformat() if at else None for name, at in facts.items()}
    rows = ("upstreams", "copies", "acknowledged", "statuses", "proposals", "guests", "leaks", "facts", "timeline")
    others = dict.fromkeys(rows, ())
    said = {
        "id": "ED-1",
        "subject": "Flaw",
        "state": str(disclosure.state),
        "stopped": disclosure.stopped,
        "tlp": "RED",
    }
    post = {"scope": ["all"], "posted_by": "a@x.example", "posted_at": NOW.isoformat(), "audience": (3, 0)}
    return "\n".join(requests.disclosure({**stamps, **others, **said, **post}, "UTC", NOW))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        pytest.param(banner(LIFTED), f"The embargo {SINCE} (2 minutes ago).", id="a follow-up"),
        pytest.param(banner(LIFTED, ENDED - timedelta(hours=1)), f"{SINCE}.", id="an older mail: no distance ahead"),
        pytest.param(
            mechanics.text(LIFTED, (), "Follow-up", None, "UTC", NOW, by_clock=True),
            f"The embargo of this list {SINCE} (2 minutes ago).",
            id="mechanics",
        ),
        pytest.param(receipt(LIFTED), SINCE, id="a receipt, lifted"),
        pytest.param(receipt(replace(LIFTED, state=State.CLOSED)), SINCE, id="a receipt, lifted and closed"),
        pytest.param(
            receipt(replace(WITHDRAWN, state=State.CLOSED)),
            "It was withdrawn Sun 22 Nov 2026 12:26:06 UTC",
            id="a receipt, withdrawn and closed",
        ),
        pytest.param(shown(LIFTED), "Lifted Sun 22 Nov 2026 12:26:06 UTC", id="shown, lifted"),
        pytest.param(shown(WITHDRAWN), "Withdrawn Sun 22 Nov 2026 12:26:06 UTC", id="shown, withdrawn"),
        pytest.param(
            shown(replace(LIFTED, state=State.CLOSED)), "Ended Sun 22 Nov 2026 12:26:06 UTC", id="shown, closed"
        ),
    ],
)
def test_what_is_over_is_told_with_the_instant_at_which_it_ended_and_promises_no_date(text: str, says: str) -> None:
    assert says in text
    assert "13:21" not in text, "the date that was planned and given up"
    assert "Public Sun" not in text


def test_what_is_not_over_still_tells_its_public_date() -> None:
    for text in (banner(OUT), receipt(OUT), shown(OUT), receipt(HELD), shown(HELD)):
        assert "Public Sun 22 Nov 2026 13:21:06 UTC" in text


OURS = Upstream("envoy", UpstreamMode.INHERIT, PLANNED + timedelta(days=10))


@pytest.mark.parametrize(
    ("disclosure", "by_clock", "expected", "earlier"),
    [
        pytest.param(OUT, True, "due Sun 22 Nov 2026 13:21:06 UTC (in 53 minutes).", True, id="by the clock"),
        pytest.param(OUT, False, "13:21:06 UTC (in 53 minutes) or later.", True, id="a coordinator lifts it"),
        pytest.param(
            replace(OUT, embargo_until=NOW), False, "12:28:06 UTC (now) or later.", False, id="and its date has come"
        ),
        pytest.param(replace(OUT, upstreams=(OURS,)), True, "due Wed 2 Dec 2026 13:21:06 UTC", True, id="max(T, U)"),
        pytest.param(LIFTED, True, f"The embargo {SINCE}", False, id="it is over"),
    ],
)
def test_a_leak_notice_names_the_instant_at_which_the_lift_is_due(
    disclosure: Disclosure, by_clock: bool, expected: str, earlier: bool
) -> None:
    told = leak_notice(disclosure, "Flaw", LeakLines(what="the patch"), "UTC", NOW, by_clock=by_clock).text

    assert expected in told
    assert ("may come earlier" in told) == earlier
    assert "What leaked: the patch" in told
    assert "To whom: not known yet" in told
    assert told.startswith("A member reports that")
    assert leak_notice(disclosure, "Flaw", None, "UTC", NOW, by_member=False).text.startswith("The coordinators tell")


def test_a_leak_notice_says_nothing_of_what_a_third_party_keeps_back() -> None:
    kept = replace(OUT, upstreams=(replace(OURS, mode=UpstreamMode.MECHANICS),))
    told = leak_notice(kept, "A release", LeakLines(what="the patch", to="a blog"), "UTC", NOW).text

    assert "What leaked, to whom and when is not told for now" in told
    assert not any(word in told for word in ("patch", "blog", "envoy", "not known yet\nTo whom"))


def test_what_is_stopped_is_shown_as_stopped() -> None:
    told = shown(replace(HELD, stopped=True))

    assert "Members get nothing: the release is stopped. They would get it Sun 22 Nov 2026 12:28:06 UTC (now)." in told
    assert "Members get it" not in told


def test_what_waits_for_a_second_coordinator_is_shown_as_waiting() -> None:
    waiting = replace(HELD, state=State.PENDING, unapproved=True)
    told = shown(waiting)

    assert "It waits for a second coordinator's `Approve:`. Members get it after that, not before Sun 22 Nov" in told
    assert "Members get this once another coordinator has approved it. Public Sun 22 Nov" in receipt(waiting)
    ahead = replace(waiting, hold_until=NOW + timedelta(minutes=2))
    assert "Members get this Sun 22 Nov 2026 12:30:06 UTC (in 2 minutes), once another" in receipt(ahead)


def test_what_waits_for_a_new_date_is_not_said_to_go_out_in_the_past() -> None:
    gone = replace(HELD, state=State.PENDING, embargo_until=NOW)

    assert "its date went by, Sun 22 Nov 2026 12:28:06 UTC (now). It waits for a new `Embargo-Until:`" in shown(gone)
    assert "Members get this once it has a new `Embargo-Until:`." in receipt(gone)


@pytest.mark.parametrize(
    ("upstream", "is_void", "expected"),
    [
        pytest.param((), False, "It stays confidential until Sun 22 Nov 2026 13:21:06 UTC", id="until its date"),
        pytest.param((), True, "you are not bound by it any more", id="void"),
        pytest.param((OURS,), False, "until that is over, and until Wed 2 Dec 2026 13:21:06 UTC", id="max(T, U)"),
        pytest.param((OURS,), True, "until that is over, and until Wed 2 Dec 2026 13:21:06 UTC", id="void, not theirs"),
    ],
)
def test_a_withdrawal_frees_nobody_of_what_a_third_party_keeps(
    upstream: tuple[Upstream, ...], is_void: bool, expected: str
) -> None:
    told = common.withdrawn(replace(OUT, upstreams=upstream), "Flaw", "a duplicate", is_void, "UTC", NOW).text

    assert expected in told
    assert ("not bound" in told) == (is_void and not upstream)


@pytest.mark.parametrize(
    ("retrospective", "said"),
    [
        pytest.param("due", "Retrospective: due, by Sun 22 Nov 2026 13:21:06 UTC (in 53 minutes)", id="due"),
        pytest.param("done", "Retrospective: done", id="done"),
        pytest.param("none", "Retrospective: none is due any more", id="withdrawn"),
    ],
)
def test_a_leak_case_is_shown_with_what_is_due_of_it(retrospective: str, said: str) -> None:
    row = dict.fromkeys(("disclosure", "org", "confirmed_leaks", "what", "to", "when", "how", "assessment"))
    case = {"id": "LK-1", "state": "closed", "reporter": "eve@x.example", "reported_at": NOW.isoformat()}
    due = {"outcome": "contained", "retrospective": retrospective, "retrospective_due": PLANNED.isoformat()}
    told = requests.leak({**row, **case, **due}, "proved, a guest", "UTC", NOW)

    assert said in told
    assert any("eve@x.example (proved, a guest)" in line for line in told)
