"""Which reasons mean that nobody is known to have said it, so that nobody can waive them."""

from __future__ import annotations

import pytest

from policy.reasons import Reason, judged_unproved

NOBODY_SAID_IT = {
    "malformed",
    "too-complex",
    "undecryptable",
    "cleartext",
    "unsigned",
    "partly-signed",
    "bad-signature",
    "stranger",
}


@pytest.mark.parametrize("reason", list(Reason))
def test_what_could_not_be_read_or_was_not_proved_is_believed_of_nobody(reason: Reason) -> None:
    assert judged_unproved((reason,)) is (reason.value in NOBODY_SAID_IT)
    assert judged_unproved((Reason.REPLAY, reason)) is (reason.value in NOBODY_SAID_IT)
