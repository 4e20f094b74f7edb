"""Who is sent the list's key, and why others are not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from policy.keyanswers import MOST_OVER_ALL, KeyAsked, refuse_key

ASKED = KeyAsked("new@newcomer.example", True, False, True, 0, MOST_OVER_ALL - 1)


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
        (replace(ASKED, over_all=MOST_OVER_ALL), "too-many"),
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
