"""Attacks by size: no text that anybody may send keeps the one loop from its clock."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest

from gateway.mail import compose
from gateway.notices import common as notices
from gateway.notices import digest as notices_digest
from gateway.notices import leak as notices_leak
from policy.facts import Disclosure, State
from policy.orders import LeakLines

SECONDS = 2.0  # for what takes some ten milliseconds, and took minutes before it was mended
NOW = datetime(2026, 11, 22, tzinfo=UTC)


def took(begun: float) -> float:
    return time.thread_time() - begun


@pytest.mark.parametrize(
    "subject",
    [
        pytest.param(" " * 60_000, id="blanks"),
        pytest.param("\u3000" * 60_000, id="wide-blanks"),
        pytest.param("[ED-2026-" * 6_000, id="tags-begun"),
        pytest.param("[ " * 30_000, id="brackets"),
    ],
)
def test_taking_the_tags_out_of_a_subject_takes_no_longer_than_its_length_explains(subject: str) -> None:
    begun = time.thread_time()
    notices.untagged(f"x{subject}x")
    assert took(begun) < SECONDS


def test_tags_are_taken_out_wherever_they_stand() -> None:
    assert notices.untagged("Re: [ED-2026-K7QX] Re:  x[ ED-2026-K7QX ]y") == "Re: Re: x y"


@pytest.mark.parametrize("text", ["\n", "\u200b", "> \n", "=\n"])
def test_an_alarm_about_a_book_is_composed_at_once_and_says_that_it_is_cut(text: str) -> None:
    book = text * (8_000_000 // len(text))
    lines = LeakLines(what=book, to=book)
    alarm = notices_leak.LeakAlarm(
        choices=notices_leak.Choices("LK-2026-AAAA"),
        subject="",
        reporter="a@b.example",
        is_verified=False,
        reasons=(),
        lines=lines,
        text=f"Leak: all{book}",
        audience_told=False,
    )
    begun = time.thread_time()
    compose.text_entity(alarm.notice(()).text).render()
    compose.text_entity(notices.with_report(notices.Notice("x", "y"), f"a{book}", ()).text).render()
    compose.text_entity(notices.forwarded("a@b.example", None, (), "x", book, ()).text).render()
    assert took(begun) < SECONDS
    assert "the whole mail is attached" in alarm.notice(()).text


def test_a_leak_notice_has_no_room_for_quotes() -> None:
    disclosure = Disclosure("ED-2026-AAAA", "l", State.EMBARGOED, 1, "a@b.example", "A", NOW, NOW, NOW, "RED", "all")
    patch = "--- a/x.c +++ b/x.c " + "fix " * 500
    told = notices_leak.leak_notice(disclosure, "Flaw", LeakLines(what=patch, to="a customer"), "UTC", NOW).text

    assert len(told) < 1200
    assert "the coordinators have the rest" in told
    assert "To whom: a customer" in told


def test_a_digest_of_a_flood_is_short() -> None:
    rows = [(f"QU-2026-{number}", "stranger", "a@b.example", 1) for number in range(20_000)]
    told = "\n".join(notices_digest.strangers(rows, "early-request@lists.example.org").lines())

    assert len(told) < 60_000
    assert "and 19500 more" in told
