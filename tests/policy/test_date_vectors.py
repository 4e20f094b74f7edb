"""How people really wrote their dates, as values of a control line: taken, or asked about with every reading there is.

Each text stood in a mail to an embargo list, or in the template of one; what is expected follows the contract.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy.calendars import Calendar, parse_window
from policy.control import read_block
from policy.orders import Order, Surroundings, read_order
from policy.steering import with_line

ZONE = "America/Los_Angeles"


def order(value: str, now: str, **more: object) -> Order:
    return read_order(read_block(f"Embargo-Until: {value}\n"), here(now, **more))


def here(now: str, **more: object) -> Surroundings:
    settings = {"zone": ZONE, "max_embargo": timedelta(days=366)} | more
    return Surroundings(now=datetime.fromisoformat(now).replace(tzinfo=UTC), **settings)


@pytest.mark.parametrize(
    ("value", "now", "expected"),
    [
        pytest.param("2024-03-12 14:00 UTC", "2024-03-01", "2024-03-12 14:00", id="the plain form"),
        pytest.param("Thu Jul 25 10:00:00 UTC 2019", "2019-07-22", "2019-07-25 10:00", id="Exim: ctime"),
        pytest.param("2013-09-09 16:00 UTC", "2013-08-30", "2013-09-09 16:00", id="Ubuntu: a clean date"),
        pytest.param("2026-12-08, 1500UTC", "2026-11-21", "2026-12-08 15:00", id="OpenStack: compact time"),
        pytest.param("14 days", "2021-09-01 09:30", "2021-09-15 09:30", id="linux-distros: a length of time"),
        pytest.param("+14d", "2021-09-01 09:30", "2021-09-15 09:30", id="the same, short"),
    ],
)
def test_a_clear_date_is_taken(value: str, now: str, expected: str) -> None:
    found = order(value, now)

    assert found.complaints == ()
    assert found.embargo_until == datetime.fromisoformat(expected).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "now", "readings"),
    [
        pytest.param("25 July, 1500UTC", "2026-06-01", ["2026-07-25 15:00"], id="no year: the next one"),
        pytest.param("25 July, 1500UTC", "2026-11-21", ["2027-07-25 15:00"], id="no year: next year's"),
        pytest.param("July 25th, 10:00 UTC", "2019-07-22", ["2019-07-25 10:00"], id="Exim: no year"),
        pytest.param("t0+~4d", "2019-07-22 12:00", ["2019-07-26 12:00"], id="Exim: a relative timeline"),
        pytest.param("9AM PT", "2026-07-01 12:00", ["2026-07-01 16:00", "2026-07-01 17:00"], id="PT in summer"),
        pytest.param("9AM PT", "2026-12-01 12:00", ["2026-12-01 17:00", "2026-12-01 16:00"], id="PT in winter"),
        pytest.param(
            "2026-12-08 at or after 9AM PT", "2026-11-21", ["2026-12-08 17:00", "2026-12-08 16:00"], id="Kubernetes"
        ),
        pytest.param(
            "Jan 12 2027 10am PDT", "2026-11-21", ["2027-01-12 17:00", "2027-01-12 18:00"], id="PDT in winter"
        ),
        pytest.param(
            "on the 8th of December 2026 at 10am PST (1800 GMT)", "2026-11-21", ["2026-12-08 18:00"], id="Envoy: agree"
        ),
        pytest.param(
            "on the 8th of December 2026 at 10am CEST (0700 GMT)",
            "2026-11-21",
            ["2026-12-08 08:00", "2026-12-08 09:00", "2026-12-08 07:00"],
            id="Envoy: two zones that do not agree",
        ),
        pytest.param(
            "2026-12-08 at 10am Pacific Time or soon thereafter",
            "2026-11-21",
            ["2026-12-08 18:00", "2026-12-08 17:00"],
            id="Git",
        ),
        pytest.param("29th February 2028", "2028-02-01", ["2028-03-01 01:00"], id="OpenSSL: no time of day"),
        pytest.param("Standard 90-day embargo requested", "2026-06-01 12:00", ["2026-08-30 12:00"], id="90-day"),
        pytest.param("14 days maximum", "2026-06-21 12:00", ["2026-07-05 12:00"], id="a length with more words"),
        pytest.param("14 days of the embargo", "2021-09-01", ["2021-09-15 00:00"], id="Juniper: words behind it"),
        pytest.param("Sunday, July 5th", "2026-06-21", ["2026-07-06 00:00"], id="no year and no time"),
        pytest.param("Wednesday, July 1st, 2026", "2026-06-21", ["2026-07-02 00:00"], id="no time"),
        pytest.param("the August, 15th 2022", "2022-07-01", ["2022-08-16 00:00"], id="Netfilter: no time, no zone"),
        pytest.param(
            "02/06/2023 12:00UTC",
            "2023-01-20",
            ["2023-06-02 12:00", "2023-02-06 12:00"],
            id="kernel: which is the month",
        ),
        pytest.param("02/06/2023", "2023-01-20", ["2023-06-03 00:00", "2023-02-07 01:00"], id="and no time"),
        pytest.param(
            "Wed, July 2 2026", "2026-06-01", ["2026-07-03 00:00", "2026-07-02 00:00"], id="2 July 2026 is a Thursday"
        ),
        pytest.param("embargo until Tuesday", "2026-06-01", ["2026-06-03 00:00"], id="the next Tuesday, list time"),
        pytest.param(
            "2027-03-14 02:30 America/Los_Angeles", "2026-11-21", ["2027-03-14 09:30", "2027-03-14 10:30"], id="a gap"
        ),
        pytest.param(
            "2026-10-25 02:30 Europe/Berlin", "2026-10-01", ["2026-10-25 00:30", "2026-10-25 01:30"], id="a fold"
        ),
    ],
)
def test_an_unclear_date_is_asked_about_with_its_readings_and_each_of_them_is_accepted(
    value: str, now: str, readings: list[str]
) -> None:
    found = order(value, now)

    (complaint,) = found.complaints
    assert [reading.value for reading in complaint.readings] == [f"{text} UTC" for text in readings]
    for reading in complaint.readings:
        again = order(reading.value, now)
        assert (again.complaints, again.embargo_until) == ((), reading.at)


@pytest.mark.parametrize(
    ("value", "now", "why"),
    [
        pytest.param("2024-03-12 14:00 UTC", "2026-11-21", "in the past", id="a past date"),
        pytest.param("29th February 2000", "2026-11-21", "in the past", id="a past date that is unclear as well"),
        pytest.param("2026-02-30 10:00 UTC", "2026-01-21", "no 30 Feb", id="no such day"),
        pytest.param("until the advisory is public", "2026-11-21", "names an event", id="OpenSSL: an event"),
        pytest.param(
            "five days, unless somebody else publishes", "2026-11-21", "not part of a date", id="a trip clause"
        ),
        pytest.param("now", "2026-11-21", "lies ahead", id="now"),
    ],
)
def test_what_is_past_or_no_date_has_no_reading_and_says_so(value: str, now: str, why: str) -> None:
    found = order(value, now)

    (complaint,) = found.complaints
    assert why in complaint.why
    assert complaint.readings == ()
    assert "proposal, not a reading" in complaint.why or value == "now"
    assert order(found.corrected.partition(": ")[2].strip(), now).complaints == ()


def test_a_reading_that_the_list_does_not_allow_is_told_and_not_offered() -> None:
    found = order("02/06/2027 12:00UTC", "2026-12-20", max_embargo=timedelta(days=90))

    (complaint,) = found.complaints
    assert [reading.value for reading in complaint.readings] == ["2027-02-06 12:00 UTC"]
    assert "2027-06-02 12:00 UTC is more than 90 days after members get it" in complaint.why


def test_a_reading_that_is_past_is_told_and_not_offered() -> None:
    (complaint,) = order("02/06/2026 12:00UTC", "2026-03-01").complaints

    assert [reading.value for reading in complaint.readings] == ["2026-06-02 12:00 UTC"]
    assert "2026-02-06 12:00 UTC is in the past" in complaint.why


@pytest.mark.parametrize(
    ("value", "readings", "corrected"),
    [
        pytest.param("2026-12-04 18:00", [], "TLP: RED\n", id="later, no zone: no reading is possible"),
        pytest.param("2026-12-04 17:00", ["2026-12-04 17:00"], "2026-12-04 17:00", id="what stands is one of them"),
        pytest.param("2026-12-01 18:00", ["2026-12-01 18:00", "2026-12-02 02:00"], "2026-12-01 18:00", id="earlier"),
        pytest.param("+200d", [], "TLP: RED\n", id="over the cap: not even the latest date of the list"),
        pytest.param("2026-11-21 16:00 UTC", [], "TLP: RED\n", id="a past one: no date that nobody asked for"),
        pytest.param("soon", [], "TLP: RED\n", id="no date"),
        pytest.param("+1h", ["2026-11-24 18:01"], "2026-11-24 18:01", id="earlier, with too little notice"),
    ],
)
def test_where_attacks_are_seen_no_later_date_is_offered(value: str, readings: list[str], corrected: str) -> None:
    place = here("2026-11-21 17:00", **SENT, min_notice=timedelta(days=3), no_later=SENT["embargo_until"])
    found = read_order(read_block(f"Embargo-Until: {value}\nTLP: RED\n"), place)
    (complaint,) = found.complaints
    assert [reading.value for reading in complaint.readings] == [f"{one} UTC" for one in readings]
    assert found.corrected == (
        corrected if corrected == "TLP: RED\n" else f"Embargo-Until: {corrected} UTC\nTLP: RED\n"
    )
    assert "block below" not in complaint.why
    assert "no other date" not in complaint.why, "an earlier one is"
    assert ("attacks are seen" in complaint.why) == value.startswith(("2026-12-04", "+200d"))
    assert read_order(read_block(found.corrected), place).complaints == ()


def test_attacks_bar_no_date_that_is_not_later() -> None:
    place = here("2026-11-21 17:00", **SENT, no_later=SENT["embargo_until"])
    same = read_order(read_block("Embargo-Until: 2026-12-04 17:00 UTC\n"), place)
    assert (same.complaints, same.embargo_until) == ((), SENT["embargo_until"])


def test_where_attacks_are_seen_no_later_date_is_named_for_a_hold() -> None:
    place = here("2026-11-21 17:00", **SENT, no_later=SENT["embargo_until"])
    found = read_order(read_block("Hold-Until: 2027-01-01 10:00 UTC\n"), place)
    assert "Embargo-Until" not in found.corrected
    assert not any("no other date" in complaint.why for complaint in found.complaints)


def test_a_date_in_a_quote_is_never_applied() -> None:
    block = read_block("> Embargo-Until: 2026-12-08 18:00 UTC\n\nI agree.\n")

    found = read_order(block, here("2026-11-21", is_reply=True))

    assert found.embargo_until is None
    assert found.complaints == ()


def test_patch_day_leaves_members_the_lead_of_the_list_from_their_hold_on() -> None:
    asked = read_block("Hold-Until: 2026-12-01 10:00 UTC\nEmbargo-Until: patch-day\n")

    plain = read_order(asked, here("2026-11-21"))
    lead = read_order(asked, here("2026-11-21", min_lead=timedelta(days=14)))

    assert (plain.complaints, lead.complaints) == ((), ())
    assert plain.embargo_until == datetime(2026, 12, 9, 1, tzinfo=UTC)
    assert lead.embargo_until == datetime(2027, 1, 13, 1, tzinfo=UTC)
    assert Calendar(ZONE, min_lead=timedelta(days=14)).skipped_before(lead.embargo_until, lead.hold_until) == (
        plain.embargo_until,
    )


NOW = "2026-11-21 17:00:00.000500"
SENT = {
    "is_reply": True,
    "hold_until": datetime(2026, 11, 20, 17, tzinfo=UTC),
    "embargo_until": datetime(2026, 12, 4, 17, tzinfo=UTC),
}
PLACES = st.sampled_from(
    [
        here(NOW),
        here(NOW, max_embargo=timedelta(days=90)),
        here(NOW, max_embargo=timedelta(days=2)),
        here(NOW, max_embargo=timedelta(seconds=3)),
        here(NOW, window=parse_window("tue-thu 08:00-17:00"), min_lead=timedelta(days=20)),
        here(NOW, release_grace=timedelta(days=1), default_embargo="14d"),
        here(NOW, **SENT),
        here(NOW, **SENT, min_notice=timedelta(days=3), window=parse_window("sat")),
        here(NOW, **SENT, max_embargo=timedelta(days=16), min_notice=timedelta(days=10)),
        here(NOW, **SENT, min_notice=timedelta(days=3), no_later=SENT["embargo_until"]),
        here(NOW, **SENT | {"hold_until": datetime(2026, 11, 24, 17, tzinfo=UTC)}, release_grace=timedelta(hours=1)),
        here("9998-12-30"),
    ]
)
VALUES = st.sampled_from(
    [
        *("now", "soon", "+0s", "+1d", "+200d", "patch-day", "14 days maximum", "2026-12-08 18:00", "2026-12-08"),
        *("02/12/2026", "02/06/2027 10:00 UTC", "Wed, 10 Dec 2026", "9AM PT", "25 July, 1500UTC", "IST 12am 3/12"),
        *("2020-12-08 18:00 UTC", "2026-11-22 00:00 UTC", "midnight CST", "2027-03-14 02:30 America/Los_Angeles"),
        *("Sunday", "next Tuesday 10am PT", "2026-11-29 18:00 EST", "29 Feb", "9998-12-31 23:59 UTC", "t0+4d"),
    ]
)
LINES = st.tuples(st.sampled_from(["Hold-Until", "Send-At", "Embargo-Until", "CRD"]), VALUES).map(": ".join)


@given(st.lists(LINES, min_size=1, max_size=3).map("\n".join), PLACES)
def test_every_reading_is_accepted_when_it_is_pasted_into_the_block(block: str, place: Surroundings) -> None:
    found = read_order(read_block(block), place)
    if not found.is_ready:
        return  # a hold that can't be read at all is asked about again

    for complaint in found.complaints:
        name = "Hold-Until" if complaint.line.startswith(("Hold", "Send-At")) else "Embargo-Until"
        for reading in complaint.readings:
            again = read_order(read_block(with_line(found.corrected, name, reading.value)), place)

            assert again.complaints == ()
            assert reading.at in {again.hold_until, again.embargo_until}
