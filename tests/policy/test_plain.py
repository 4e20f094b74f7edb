"""Text as mail programs leave it, and names compared."""

from __future__ import annotations

import pytest

from policy.plain import distance, is_slip, nearest, one_line, plain, within


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("\uff21\uff1a\uff5e", "A:~"),
        ("\uff00\uff5f", "\uff00\uff5f"),
        ("a\u200bb\ufeff\u00adc", "abc"),
        ("a\u00a0b\u3000c\td", "a b c d"),
        ("\u2010\u2014\u2212", "---"),
        ("\u2018\u2019 \u201c\u201d", "'' \"\""),
        ("a\nb\u2028c", "a\nb\u2028c"),
    ],
)
def test_odd_characters_are_read_as_what_they_stand_for(text: str, expected: str) -> None:
    assert plain(text) == expected


def test_a_text_on_one_line_has_single_blanks() -> None:
    assert one_line(" a\r\n b\x00\x1bc\u2028d  e ") == "a b c d e"


@pytest.mark.parametrize(
    ("one", "other", "edits"),
    [
        ("", "", 0),
        ("", "ab", 2),
        ("ab", "", 2),
        ("a", "b", 1),
        ("ab", "ba", 1),
        ("abc", "acb", 1),
        ("abcd", "badc", 2),
        ("ca", "abc", 3),
        ("kitten", "sitting", 3),
        ("hold", "hodl", 1),
        ("hold", "holdd", 1),
        ("hold", "old", 1),
        ("xabc", "yacb", 2),
        ("aab", "baa", 2),
        ("aaa", "a", 2),
        ("abab", "baba", 2),
        ("abcdef", "abdcfe", 2),
    ],
)
def test_how_far_words_are_apart(one: str, other: str, edits: int) -> None:
    assert distance(one, other) == distance(other, one) == edits
    assert within(one, other, edits)
    assert edits == 0 or not within(one, other, edits - 1)


@pytest.mark.parametrize(
    ("name", "other", "is_one"),
    [
        ("embrago", "embargo", True),
        ("embarg", "embargo", True),
        ("emargoo", "embargo", True),
        ("mbarog", "embargo", True),
        ("mbraog", "embargo", False),
        ("permt", "permit", True),
        ("prmt", "permit", True),
        ("prt", "permit", False),
        ("scop", "scope", True),
        ("socpe", "scope", True),
        ("scp", "scope", False),
        ("hodl", "hold", True),
        ("held", "hold", False),
        ("dlho", "hold", False),
        ("ohdl", "hold", False),
        ("holld", "hold", True),
        ("hholld", "hold", False),
        ("holds", "hold", False),
        ("hol", "hold", False),
        ("hold", "hold", True),
        ("ccve", "cve", True),
    ],
)
def test_a_slip_of_the_hand_depends_on_the_length_of_the_name(name: str, other: str, *, is_one: bool) -> None:
    assert is_slip(name, other) is is_one


NAMES = ["envoy", "Northwind Networks", "IBM Corporation", "abc", "abcdef"]


@pytest.mark.parametrize(
    ("word", "choice"),
    [
        ("ENVOY ", "envoy"),
        ("envy", "envoy"),
        ("evny", None),
        ("abd", "abc"),
        ("axy", None),
        ("abcxyf", "abcdef"),
        ("axcxyf", None),
        ("Northwnid Netwrks", "Northwind Networks"),
        ("Nrthwnd Ntwrks", "Northwind Networks"),
        ("Nrthwnd Ntwks", None),
        ("ibm", "IBM Corporation"),
        ("corporation", "IBM Corporation"),
        ("networks", "Northwind Networks"),
        ("no", "Northwind Networks"),
        ("n", None),
        ("IBM Corporation of Armonk", "IBM Corporation"),
        ("", None),
        ("  ", None),
        ("envoy" + "x" * 300, "envoy"),
    ],
)
def test_the_nearest_name_is_the_one_that_is_most_likely_meant(word: str, choice: str | None) -> None:
    assert nearest(word, NAMES) == choice


def test_fewer_letters_apart_is_nearer_than_a_beginning() -> None:
    assert nearest("envo", ["envolope-makers", "envoy"]) == "envoy"
    assert nearest("northwind", ["northwind networks", "northwinds"]) == "northwinds"
    assert nearest("ab", ["abx", "aby"]) == "abx"


def test_of_a_very_long_word_the_beginning_counts() -> None:
    long = "y" * 200

    assert nearest(f"{long}z", [long, f"{long}z"]) == long
    assert nearest("", ["a"]) is None
