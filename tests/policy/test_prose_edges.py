"""Where an acknowledgement, a reply's subject and a stop code begin and end."""

from __future__ import annotations

import pytest

from policy.leaktalk import _pieces, speaks_of_leak
from policy.prose import (
    find_stop_codes,
    is_plain_ack,
    is_reply_subject,
    says_nothing,
    subject_reports_leak,
    thread_tag,
)

NAMES = "Bob Miller\nNorthwind\nSecurity Team\n"


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        pytest.param("ack " * 30, True, id="thirty words"),
        pytest.param("ack " * 31, False, id="one more"),
        pytest.param("ack\n" * 15 + "and so\n" * 8, False, id="in lines"),
        pytest.param(f"ack\n\nBest regards\n{NAMES}", True, id="three lines of names"),
        pytest.param(f"ack\n\nBest regards\n{NAMES}Berlin\n", False, id="four"),
        pytest.param(f"ack\n{NAMES}", True, id="without a farewell"),
        pytest.param("ack\nBob Miller Of Northwind Networks", True, id="five words in one"),
        pytest.param("ack\nBob Miller Of Northwind Networks Berlin", False, id="six"),
        pytest.param("ack\nBob miller", False, id="a small letter"),
        pytest.param("ack\nBob @ Northwind", False, id="an address"),
        pytest.param("ack\n12 34", False, id="no letter at all"),
        pytest.param("ack\n-- \n" + "line\n\n" * 8, True, id="eight lines of a signature"),
        pytest.param("ack\n-- \n" + "line\n" * 9, False, id="nine"),
        pytest.param("-- \nack", False, id="nothing above it"),
        pytest.param("Hi Alice,\nthanks", True, id="a greeting above"),
        pytest.param("Hi, thanks", False, id="in one line with a greeting"),
        pytest.param("Dear thanks,\nok", False, id="a greeting that says it is none"),
        pytest.param("The build broke.\nthanks", False, id="no greeting"),
        pytest.param("Dear thanks,\nack", False, id="a greeting with a word of it"),
        pytest.param("Hi " + "x" * 59 + ",\nthanks", True, id="a long greeting"),
        pytest.param("ack " * 28 + "\nBest regards\nBob Miller\n", True, id="names are no words of it"),
        pytest.param("ok\nNoted Bob", False, id="nor does a name say it"),
        pytest.param("Hi Alice,\nHi Bob,\nthanks", False, id="two greetings"),
        pytest.param("Ack: yes.\n", True, id="the line itself"),
        pytest.param("Ack: no\n", False, id="its contrary"),
        pytest.param("ok\nreceived", True, id="on two lines"),
        pytest.param("ok\nyes", False, id="no word of it"),
        pytest.param("received: all", False, id="a colon"),
        pytest.param("thanks\n...\n", False, id="a line without a word"),
        pytest.param("thanks\nBest regards\nBest regards\nBob", False, id="two farewells"),
    ],
)
def test_an_acknowledgement_ends_where_more_is_said(text: str, *, is_one: bool) -> None:
    assert is_plain_ack(text) is is_one


@pytest.mark.parametrize(
    ("text", "is_nothing"),
    [
        pytest.param("Hi " + "x" * 59 + ",", True, id="a long greeting"),
        pytest.param("Hi " + "x" * 60 + ",", False, id="too long for one"),
    ],
)
def test_a_greeting_says_nothing_of_its_own(text: str, *, is_nothing: bool) -> None:
    assert says_nothing(text) is is_nothing


@pytest.mark.parametrize(
    ("subject", "is_reply", "reports"),
    [
        ("LEAK of a patch", False, True),
        ("Re: [list] (LEAK) of a patch", True, True),
        ("[LEAK] of a patch", False, True),
        ("* 'LEAK'", False, True),
        ("LEAK_FIX in libfoo", False, False),
        ("LEAKED", False, False),
        ("a LEAK", False, False),
        ("[a] [b] Re: x", True, False),
        ("- Re: x", True, False),
        ("(Re: x", True, False),
        ("x [a] Re: x", False, False),
        ("", False, False),
        (" " * 1990 + "LEAK", False, True),
        (" " * 2000 + "LEAK", False, False),
        (" " * 1996 + "LEAK", False, True),
        (" " * 1997 + "LEAK", False, False),
    ],
)
def test_what_stands_before_a_subject_is_taken_off(subject: str, *, is_reply: bool, reports: bool) -> None:
    assert is_reply_subject(subject) is is_reply
    assert subject_reports_leak(subject) is reports


def test_a_tag_is_read_in_capitals_wherever_it_stands() -> None:
    assert thread_tag("Re: [x] [ed-2026-k7qx] y [ED-2026-AAAA]") == "ED-2026-K7QX"
    assert thread_tag("ED-2026-K7QX") is None


def test_two_hundred_codes_are_found_and_no_more() -> None:
    codes = [f"AAAA-BBBB-{number:04}" for number in range(201)]

    assert find_stop_codes("\n\n".join(codes[:200])) == tuple(codes[:200])
    assert find_stop_codes("\n\n".join(codes)) == tuple(codes[:200])
    assert find_stop_codes("\n\n".join([codes[0]] * 300)) == (codes[0],)


@pytest.mark.parametrize(
    ("text", "speaks"),
    [
        pytest.param("- " * 29_000 + "we leaked it " + "- " * 40_000, True, id="within the first characters"),
        pytest.param("- " * 29_998 + "leak " + "- " * 40_000, True, id="the last of the first 60 000 characters"),
        pytest.param("- " * 29_998 + "-leak " + "- " * 40_000, False, id="one later"),
        pytest.param("- " * 40_000 + "we leaked it " + "- " * 40_000, False, id="in the middle of a log"),
        pytest.param("- " * 80_000 + "we leaked it", True, id="at the very end"),
        pytest.param("x" * 396 + " we " + "leaked it " + "x " * 400, True, id="in a long sentence"),
        pytest.param("x " * 495 + "we leaked it", True, id="between two pieces"),
        pytest.param("we have not " + "leaked it".ljust(60_000, "-"), False, id="denied over a cut that is not made"),
        pytest.param(
            "-" * 59_986 + "\n\nwe have not " + "leaked it".ljust(60_000, "-"), False, id="nor made of twice as much"
        ),
        pytest.param("We have not leaked it. We leaked it.", True, id="denied, and then not"),
        pytest.param("We will have made it public.", True, id="what will have been has"),
        pytest.param("We will make it public.", False, id="what is planned has not"),
        pytest.param("We did not make it public.", False, id="nor has what is denied"),
        pytest.param("We could not prevent that it was made public.", True, id="a denied prevention"),
    ],
)
def test_talk_of_a_leak_is_found_where_it_stands(text: str, *, speaks: bool) -> None:
    assert speaks_of_leak(text) is speaks


def test_a_long_sentence_is_read_in_pieces_of_a_thousand_that_share_two_hundred() -> None:
    sentence = "".join(chr(0x4E00 + place) for place in range(2100))

    assert list(_pieces(sentence)) == [sentence[:1000], sentence[800:1800], sentence[1600:]]
    assert list(_pieces("")) == [""]
