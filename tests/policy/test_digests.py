"""When a digest is due: in the morning where the list lives, one a day, however late one was."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy.digests import UNDECIDED_AFTER, ends_at, first_at, is_weekly, next_at
from policy.facts import Key, Person, Role, Standing

NINE = time(9)
BERLIN = "Europe/Berlin"
NOW = datetime(2026, 8, 3, 12, 0, tzinfo=UTC)  # a Monday


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "first", "following"),
    [
        ("2026-08-03T06:59:59", "2026-08-03T07:00", "2026-08-04T07:00"),
        ("2026-08-03T07:00", "2026-08-04T07:00", "2026-08-04T07:00"),
        ("2026-08-03T21:59", "2026-08-04T07:00", "2026-08-04T07:00"),
        ("2026-08-03T22:30", "2026-08-04T07:00", "2026-08-05T07:00"),  # it is Tuesday there already
        ("2026-10-24T12:00", "2026-10-25T08:00", "2026-10-25T08:00"),  # the clocks go back at night
        ("2026-03-28T12:00", "2026-03-29T07:00", "2026-03-29T07:00"),
    ],
)
def test_a_digest_is_due_in_the_morning_of_its_list(now: str, first: str, following: str) -> None:
    assert first_at(NINE, BERLIN, utc(now)) == utc(first)
    assert next_at(NINE, BERLIN, utc(now)) == utc(following)


@given(
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC)),  # noqa: DTZ001 - made aware by it
    st.times(),
    st.sampled_from([BERLIN, "America/Los_Angeles", "Pacific/Auckland", "UTC"]),
)
def test_no_day_has_two_however_late_one_was_and_none_is_left_out(now: datetime, at: time, zone: str) -> None:
    following = next_at(at, zone, now)
    days = following.astimezone(ZoneInfo(zone)).date() - now.astimezone(ZoneInfo(zone)).date()
    assert days == timedelta(days=1)
    assert now < first_at(at, zone, now) <= following


def test_once_a_week_is_on_a_monday_where_the_list_lives() -> None:
    assert is_weekly(BERLIN, utc("2026-08-02T22:30"))
    assert not is_weekly("UTC", utc("2026-08-02T22:30"))
    assert not is_weekly(BERLIN, utc("2026-08-03T22:30"))


def test_a_key_is_told_of_while_it_is_the_last_and_ends_within_a_month() -> None:
    def person(*days: int | None) -> Person:
        keys = [
            Key(str(n), "ed25519", None if day is None else NOW + timedelta(days=day)) for n, day in enumerate(days)
        ]
        return replace(nobody, keys=tuple(keys))

    nobody = Person(1, "l", Role.MEMBER, "a@b.example", "A", Standing.ACTIVE, frozenset(), ())
    assert ends_at(person(30), NOW) == NOW + timedelta(days=30)
    assert ends_at(person(-1, 3, 29), NOW) == NOW + timedelta(days=29)
    for days in ((31,), (None,), (3, 40), (3, None), (-1,), (0,), ()):
        assert ends_at(person(*days), NOW) is None


def test_what_nobody_decides_in_a_day_is_told_again() -> None:
    assert timedelta(hours=24) == UNDECIDED_AFTER
