"""Who is sent the list's key, and why others are not."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from policy.keyanswers import AN_ADDRESS_EVERY, OVER_ALL_EVERY, KeyAsked, refuse_key

ASKED = KeyAsked("new@newcomer.example", True, False, True, 0, 19)


@pytest.mark.parametrize(
    "sender",
    ["new@newcomer.example", "request@a.example", "owner@a.example", "bounce@a.example", "replyto@a.example"],
)
def test_the_key_goes_to_whoever_may_be_a_person(sender: str) -> None:
    assert refuse_key(replace(ASKED, sender=sender)) is None


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        (replace(ASKED, sender=""), "null-sender"),
        (replace(ASKED, is_ours=True), "own-address"),
        (replace(ASKED, can_be_written_to=False), "no-plain-address"),
        (replace(ASKED, is_readable=False), "perhaps-automatic"),
        (replace(ASKED, to_sender=1), "answered-lately"),
        (replace(ASKED, over_all=20), "too-many"),
        *(
            (replace(ASKED, sender=f"{local}@a.example"), "perhaps-automatic")
            for local in (
                "MAILER-DAEMON",
                "postmaster",
                "no-reply",
                "noreply+x",
                "do-not-reply",
                "owner-oss",
                "oss-owner",
                "oss-request",
                "oss-bounces",
                "oss-bounces+new=b.example",
                "oss-return-12-new=b.example",
                "bounce-123",
                "bounces+123",
            )
        ),
    ],
)
def test_the_key_is_not_sent_and_the_trail_says_why(asked: KeyAsked, why: str) -> None:
    assert refuse_key(asked) == why


def test_an_address_is_answered_once_a_day_and_the_twenty_over_all_are_those_of_an_hour() -> None:
    assert timedelta(hours=24) == AN_ADDRESS_EVERY
    assert timedelta(minutes=60) == OVER_ALL_EVERY
