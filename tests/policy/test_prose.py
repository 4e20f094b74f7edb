"""Subjects, acknowledgements, quotes and stop codes, as people and their mail programs write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy.prose import (
    find_stop_codes,
    is_plain_ack,
    is_reply_subject,
    says_nothing,
    speaks_of_leak,
    subject_reports_leak,
    thread_tag,
    unquoted,
)


@pytest.mark.parametrize(
    "subject",
    [
        *(
            "Re: x",
            "RE: x",
            "re:x",
            "Re : x",
            "Fwd: x",
            "FW: x",
            "AW: x",
            "Antw: x",
            "WG: x",
            "SV: x",
            "VS: x",
            "TR: x",
        ),
        *(
            "RV: x",
            "Rif: x",
            "Odp: x",
            "Re[2]: x",
            "Re^3: x",
            "Re(2): x",
            "[list] Re: x",
            "[...] AW: x",
            "R: x",
            "I: x",
        ),
        *("\u56de\u590d\uff1ax", "\u8f6c\u53d1: x", "RE\u00a0: x", "Re: Fwd: x", " \t Re: x", "Re:"),
    ],
)
def test_a_subject_of_an_answer_or_forward_is_known(subject):
    assert is_reply_subject(subject)


@pytest.mark.parametrize(
    "subject",
    ["", "x", "Regression: x", "Release 1.2", "Reply needed", "[Re] x", "x Re: y", "Red: x", "A: x", "[vs] x", "Fw x"],
)
def test_any_other_subject_begins_something(subject):
    assert not is_reply_subject(subject)


@pytest.mark.parametrize(
    "subject",
    [
        *(
            "LEAK",
            "LEAK: x",
            "LEAK in the news",
            "Re: LEAK",
            "Re: [ED-2026-K7QX] LEAK: x",
            "[ED-2026-K7QX] LEAK ...",
            "(LEAK)",
        ),
        *("[LEAK] x", "Re: [x] Fwd: [y] LEAK", "AW: AW: LEAK!", "*LEAK*", "Re: (LEAK) x", "[[LEAK]]", "- LEAK"),
    ],
)
def test_a_subject_reports_a_leak(subject):
    assert subject_reports_leak(subject)


@pytest.mark.parametrize(
    "subject",
    [
        "",
        "leak",
        "Leak: x",
        "LEAKED",
        "LEAKS: x",
        "A LEAK",
        "Re: no LEAK",
        "[x] memory LEAK",
        "LEAK_x",
        "MEMLEAK",
        "Re: x LEAK",
    ],
)
def test_another_subject_reports_none(subject):
    assert not subject_reports_leak(subject)


@pytest.mark.parametrize(
    ("subject", "tag"),
    [
        ("Re: [ED-2026-K7QX] x", "ED-2026-K7QX"),
        ("[ed-2026-k7qx] x", "ED-2026-K7QX"),
        ("[ED\u20112026\u2011K7QX] x", "ED-2026-K7QX"),
        ("[x] [ABCDEFGH-2026-0000] [ED-2026-K7QX]", "ABCDEFGH-2026-0000"),
        ("ED-2026-K7QX", None),
        ("[ED-2026-K7QL]", None),
        ("[ED-26-K7QX]", None),
        ("", None),
    ],
)
def test_the_tag_of_a_thread_is_found(subject, tag):
    assert thread_tag(subject) == tag


@pytest.mark.parametrize(
    ("text", "left"),
    [
        pytest.param("a\n> b\nc", "a\nc", id="marked lines"),
        pytest.param("a\n>> b\n > c", "a", id="marked twice, indented"),
        pytest.param("a\nAB> b", "a", id="marked with initials"),
        pytest.param("a\n\nOn Mon, 1 Jun 2026, Alice wrote:\n> b\n\nc", "a\n\n\nc", id="attribution"),
        pytest.param("a\nOn Mon, 1 Jun 2026 at 10:00, Alice\n<alice@a.example> wrote:\n\n> b", "a", id="wrapped"),
        pytest.param("a\nAm 1. Juni schrieb Alice:\n> b", "a", id="German attribution"),
        pytest.param("a\n-----Original Message-----\nb", "a", id="Outlook"),
        pytest.param("a\n\nFrom: x\nSent: y\nTo: z\nSubject: w\n\nb", "a\n", id="Outlook's header"),
        pytest.param("On Monday Alice wrote:\nsomething new", "On Monday Alice wrote:\nsomething new", id="prose"),
        pytest.param("a > b\nb", "a > b\nb", id="greater than"),
    ],
)
def test_what_is_quoted_is_taken_away(text, left):
    assert unquoted(text) == left


@pytest.mark.parametrize(
    "text",
    [
        *(
            "ack",
            "Ack.",
            "ACK!",
            "acknowledged",
            "Received.",
            "received, thanks",
            "Thanks",
            "Thank you!",
            "Got it, thanks!",
        ),
        *(
            "Confirmed.",
            "Received and understood.",
            "Ack: yes",
            "Noted, thank you very much.",
            "We have received this mail.",
        ),
        "Hi Alice,\n\nreceived, thanks.\n\nBest regards,\nBob Miller\nNorthwind Security Team",
        "Hello all,\nack\n\n-- \nBob Miller\nPSIRT, Northwind\n+1 555 0100\nhttps://northwind.example/",
        "Thanks,\nBob",
        "Ack\n\nOn Mon, 1 Jun 2026, Alice wrote:\n> the parser reads too far\n> please patch",
        "Thank you\n\nFrom: A\nSent: B\nTo: C\nSubject: D\n\nall the text",
        "We acknowledge receipt.\nKind regards\nBob",
    ],
)
def test_a_plain_acknowledgement_is_known(text):
    assert is_plain_ack(text)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "Hi Alice,",
            "\n\n",
            "> ack",
            "Best regards,\nBob",
            "ok",
            "Not received.",
            "Received? By whom?",
            "Is it received?",
        ),
        *("Thanks, but the patch does not apply.", "Ack, testing now.", "Received. One question: which versions?"),
        "Thanks.\n\nWe pushed it to our mirror, sorry.",
        "ack\n\nRegards,\nBob\n\nPS: we leaked it",
        "ack\n\nRegards,\nBob\nwe leaked it",
        "ack\n-- \n" + "more and more text\n" * 12,
        "Thanks for the patch, it breaks version 1.2.",
        "Leak: yes",
        "ack " * 100,
    ],
)
def test_anything_more_is_an_ordinary_reply(text):
    assert not is_plain_ack(text)


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("Stop code: K7QX-9D3M-2ABC", ("K7QX-9D3M-2ABC",)),
        ("please stop k7qx-9d3m-2abc now", ("K7QX-9D3M-2ABC",)),
        ("K7QX - 9D3M - 2ABC", ("K7QX-9D3M-2ABC",)),
        ("K7QX\u20119D3M\u20132ABC", ("K7QX-9D3M-2ABC",)),
        ("> Stop code: K7QX-9D3M-\n> 2ABC", ("K7QX-9D3M-2ABC",)),
        ("OIL0-9D3M-2ABC", ("0110-9D3M-2ABC",)),
        ("AAAA-BBBB-CCCC AAAA-BBBB-CCCC", ("AAAA-BBBB-CCCC",)),
        ("AAAA-BBBB-CCCC-DDDD", ("AAAA-BBBB-CCCC", "BBBB-CCCC-DDDD")),
        ("AAAU-BBBB-CCCC", ()),
        ("AAAAA-BBBB-CCCC", ()),
        ("AAAA-BBBB-CCCCC", ()),
        ("", ()),
    ],
)
def test_stop_codes_are_found(text, codes):
    assert find_stop_codes(text) == codes


CODE = st.lists(st.text("0123456789ABCDEFGHJKMNPQRSTVWXYZ", min_size=4, max_size=4), min_size=3, max_size=3).map(
    "-".join
)


@given(CODE, st.text(), st.text())
def test_a_stop_code_on_a_line_of_its_own_is_found_in_any_text(code, before, after):
    assert code in find_stop_codes(f"{before}\n{code.lower()}\n{after}")


@given(st.text())
def test_no_text_raises(text):
    assert is_plain_ack(text) in {True, False}
    assert speaks_of_leak(text) in {True, False}
    assert is_reply_subject(text) in {True, False}
    assert subject_reports_leak(text) in {True, False}
    assert thread_tag(text) is None or thread_tag(text).isupper()
    assert isinstance(find_stop_codes(text), tuple)
    assert unquoted(unquoted(text)) is not None


@pytest.mark.parametrize(
    "piece", ["[", "Re: ", "(", "a: ", "\n", "> x\n", " ", "On x wrote:\n>\n", "AAAA-", "From: a\n", "ack\n"]
)
def test_a_huge_text_takes_no_longer_than_its_length_explains(piece):
    text = piece * (200_000 // len(piece))  # squared, it would end with the test's time

    assert is_reply_subject(text) in {True, False}
    assert subject_reports_leak(text) in {True, False}
    assert is_plain_ack(text) in {True, False}
    assert speaks_of_leak(text) in {True, False}
    assert isinstance(find_stop_codes(text), tuple)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n \n",
        "> quoted\n",
        "Hi all,\n",
        "Thanks,\nAnn Otter\n",
        "Hello Ann,\n\nRegards\nBen\n",
        "-- \nAnn\nNorthwind\n",
    ],
)
def test_nothing_of_ones_own_stands_in_courtesies_and_quotes(text):
    assert says_nothing(text)


@pytest.mark.parametrize(
    "text",
    [
        "See below.\n",
        "Ann\n",
        "Hi all,\n\nit is on a blog.\n",
        "Thanks,\nit is on a blog.\n",
        "-- \n" + "more\n" * 9,
        "-- \n" + "x\n" * 9,
    ],
)
def test_anything_else_is_something(text):
    assert not says_nothing(text)
