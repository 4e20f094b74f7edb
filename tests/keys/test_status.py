"""The rules of an opened message, each alone: any event missing, doubled, added or misplaced closes it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from keys import status
from keys.process import Finished, parse_status
from keys.results import SignatureStatus

LIST = "A" * 40
SIGNER = "B" * 40
SUBKEY = "C" * 40

BEFORE = [
    f"ENC_TO {'D' * 16} 18 0",
    f"KEY_CONSIDERED {LIST} 0",
    f"DECRYPTION_KEY {SUBKEY} {LIST} -",
    "BEGIN_DECRYPTION",
]
TEXT = ["DECRYPTION_INFO 2 9 0", "PLAINTEXT 62 1795310732 ", "PLAINTEXT_LENGTH 7"]
VALID = f"VALIDSIG {SUBKEY} 2026-11-22 1795310732 0 4 0 22 10 00 {SIGNER}"
GOOD = ["NEWSIG", "SIG_ID abc 2026-11-22 1795310732", "GOODSIG 1234 Somebody <a@b.example>", VALID]
UNKNOWN = ["NEWSIG", f"ERRSIG 1234 22 10 00 1795310732 9 {SIGNER}", "NO_PUBKEY 1234"]
AFTER = ["DECRYPTION_OKAY", "GOODMDC", "END_DECRYPTION"]
WHOLE = [*BEFORE, *TEXT, *GOOD, *AFTER]


def finished(lines: list[str], returncode: int = 0) -> Finished:
    text = b"".join(b"[GNUPG:] " + line.encode() + b"\n" for line in lines)
    return Finished(returncode, parse_status(text), b"plaintext")


def test_a_whole_message_is_whole():
    assert status.is_whole(finished(WHOLE), LIST)


def test_a_good_message_by_an_unknown_key_is_whole_though_the_exit_code_says_otherwise():
    ended = finished([*BEFORE, *TEXT, *UNKNOWN, *AFTER], 2)

    assert status.is_whole(ended, LIST)
    assert [seen.status for seen in status.read_signatures(ended)] == [SignatureStatus.UNKNOWN_KEY]


@pytest.mark.parametrize("keyword", status.EXACTLY_ONCE)
def test_an_event_that_is_missing_or_doubled_closes_the_message(keyword: str):
    without = [line for line in WHOLE if line.split()[0] != keyword]
    doubled = [line for line in WHOLE for _ in range(2 if line.split()[0] == keyword else 1)]

    assert len(without) == len(WHOLE) - 1
    assert not status.is_whole(finished(without), LIST)
    assert not status.is_whole(finished(doubled), LIST)


@pytest.mark.parametrize("keyword", sorted(status.NEVER))
def test_an_event_that_tells_of_trouble_closes_the_message(keyword: str):
    for at in range(len(WHOLE) + 1):
        assert not status.is_whole(finished([*WHOLE[:at], f"{keyword} 1 2", *WHOLE[at:]]), LIST)


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param([*BEFORE, *AFTER, *TEXT, *GOOD], id="text behind the decryption"),
        pytest.param([*TEXT, *BEFORE, *GOOD, *AFTER], id="text before the decryption"),
        pytest.param([*GOOD, *BEFORE, *TEXT, *AFTER], id="a signature before the decryption"),
        pytest.param([*BEFORE, *TEXT, *AFTER, *GOOD], id="a signature behind the decryption"),
        pytest.param([*BEFORE, *TEXT, *GOOD, *AFTER, "PLAINTEXT_LENGTH 3"], id="anything behind the decryption"),
        pytest.param([line.replace(LIST, SIGNER) for line in WHOLE], id="decrypted with another key"),
        pytest.param([], id="nothing"),
    ],
)
def test_an_event_out_of_its_place_closes_the_message(lines: list[str]):
    assert not status.is_whole(finished(lines), LIST)
    assert not status.is_whole(finished(lines, 2), LIST)


@pytest.mark.parametrize("returncode", [1, 2, 3, -9])
def test_an_exit_code_that_no_signature_explains_closes_the_message(returncode: int):
    assert not status.is_whole(finished(WHOLE, returncode), LIST)


@pytest.mark.parametrize("returncode", [3, -9, -24])
def test_no_signature_explains_a_killed_run(returncode: int):
    assert not status.is_whole(finished([*BEFORE, *TEXT, *UNKNOWN, *AFTER], returncode), LIST)


def test_a_run_that_was_cut_or_timed_out_is_never_whole():
    assert not status.is_whole(replace(finished(WHOLE), cut=True), LIST)
    assert not status.is_whole(replace(finished(WHOLE), timed_out=True), LIST)


def signature(*lines: str):
    (seen,) = status.read_signatures(finished(["NEWSIG", *lines]))
    return seen


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        pytest.param(GOOD[1:], SignatureStatus.GOOD, id="good"),
        pytest.param([GOOD[1], "EXPKEYSIG 1234 x", VALID], SignatureStatus.EXPIRED_KEY, id="by an expired key"),
        pytest.param([GOOD[1], "REVKEYSIG 1234 x", VALID], SignatureStatus.REVOKED_KEY, id="by a revoked key"),
        pytest.param([GOOD[1], "EXPSIG 1234 x", VALID], SignatureStatus.EXPIRED, id="expired"),
        pytest.param(["BADSIG 1234 x"], SignatureStatus.BAD, id="bad"),
        pytest.param(["ERRSIG 1234 22 10 00 1795310732 9 -"], SignatureStatus.UNKNOWN_KEY, id="unknown key"),
        pytest.param(["ERRSIG 1234 1 2 00 1795310732 5 -"], SignatureStatus.WEAK, id="a refused digest"),
        pytest.param(["ERRSIG 1234 99 10 00 1795310732 4 -"], SignatureStatus.BROKEN, id="an unknown algorithm"),
        pytest.param([*GOOD[1:3], VALID.replace(" 22 10 ", " 22 2 ")], SignatureStatus.WEAK, id="good over SHA-1"),
        pytest.param([*GOOD[1:3], VALID.replace(" 10 00 ", " 10 10 ")], SignatureStatus.BROKEN, id="a certification"),
        pytest.param([*GOOD[1:3], VALID.replace(" 0 4 0 ", " 0 3 0 ")], SignatureStatus.BROKEN, id="version 3"),
        pytest.param([*GOOD[1:3], VALID[:-1]], SignatureStatus.BROKEN, id="a fingerprint cut off"),
        pytest.param([*GOOD[1:3], VALID.lower()], SignatureStatus.BROKEN, id="not VALIDSIG"),
        pytest.param(GOOD[1:3], SignatureStatus.BROKEN, id="no VALIDSIG"),
        pytest.param(GOOD[2:], SignatureStatus.BROKEN, id="no SIG_ID"),
        pytest.param([*GOOD[1:], VALID], SignatureStatus.BROKEN, id="two VALIDSIG"),
        pytest.param([*GOOD[1:], "BADSIG 1234 x"], SignatureStatus.BROKEN, id="good and bad"),
        pytest.param([*GOOD[1:], "GOODSIG 1234 x"], SignatureStatus.BROKEN, id="good twice"),
        pytest.param([*GOOD[1:], "ERRSIG 1234 22 10 00 1 9 -"], SignatureStatus.BROKEN, id="good and in error"),
        pytest.param([], SignatureStatus.BROKEN, id="no outcome"),
    ],
)
def test_a_signature_is_what_its_own_events_say(lines: list[str], expected: SignatureStatus):
    seen = signature(*lines)

    assert seen.status is expected
    assert (seen.fingerprint == SIGNER) is (seen.status not in (
        SignatureStatus.BAD, SignatureStatus.UNKNOWN_KEY, SignatureStatus.BROKEN
    ) and any(line.startswith("VALIDSIG") for line in lines))  # fmt: skip


def test_every_signature_is_told_and_none_vouches_for_another():
    ended = finished([*BEFORE, *TEXT, *UNKNOWN, *GOOD, *AFTER], 2)

    assert [seen.status for seen in status.read_signatures(ended)] == [
        SignatureStatus.UNKNOWN_KEY,
        SignatureStatus.GOOD,
    ]


def test_an_instant_is_read_in_both_of_gnupgs_forms():
    seconds, iso = (
        signature(*GOOD[1:3], VALID.replace("1795310732", text)) for text in ("1795310732", "20261122T012532")
    )

    assert seconds.made_at == iso.made_at


@pytest.mark.parametrize("odd", ["", "x", "9" * 30, "-1x", "20261341T000000"])
def test_an_odd_instant_is_no_good_signature(odd: str):
    assert signature(*GOOD[1:3], VALID.replace("1795310732", odd)).status is SignatureStatus.BROKEN


def test_a_detached_check_that_failed_as_a_whole_has_no_good_signature():
    assert status.read_detached(finished(GOOD, 2))[0].status is SignatureStatus.BROKEN
    assert status.read_detached(finished([*GOOD, "NODATA 4"]))[0].status is SignatureStatus.BROKEN
    assert status.read_detached(finished([*GOOD, "PLAINTEXT 62 0 "]))[0].status is SignatureStatus.BROKEN
    assert status.read_detached(replace(finished(GOOD), timed_out=True))[0].status is SignatureStatus.BROKEN
    assert status.read_detached(finished([], 2))[0].status is SignatureStatus.BROKEN
    assert status.read_detached(finished(GOOD))[0].status is SignatureStatus.GOOD
