"""Who says it: which lines are the writer's own, to the line."""

from __future__ import annotations

import pytest

from policy.quotes import is_too_long, lines_of, unquoted


@pytest.mark.parametrize(
    ("text", "own"),
    [
        pytest.param("a\n> b\n  > c\nJD> d\n| e\n|f\n    > g", "0 5 6", id="marks"),
        pytest.param("a\nOn Monday Alice wrote:\n> b\nc", "0 3", id="who wrote it"),
        pytest.param("a\nOn Monday,\nAlice of Northwind\nwrote:\n> b\nc", "0 5", id="on three lines"),
        pytest.param("a\nOn\nMonday,\nAlice\nwrote:\n> b\nc", "0 1 2 3 4 6", id="not on four"),
        pytest.param("a\nOn Monday Alice wrote:\n\n> b\nc", "0 4", id="an empty line between"),
        pytest.param("a\nOn Monday Alice wrote:\n\n\n> b\nc", "0 5", id="two"),
        pytest.param("a\nOn Monday Alice wrote:\n\n\n\n\n> b\nc", "0 7", id="four"),
        pytest.param("a\nOn Monday Alice wrote:\n\n\n\n\n\n> b\nc", "0 1 2 3 4 5 6 8", id="not five"),
        pytest.param("On Monday Alice wrote:\n> b", "", id="on top"),
        pytest.param("\n> b", "0", id="nothing above it"),
        pytest.param("> b\nc\nLe 1 mai Bob a \u00e9crit :\n> d", "1", id="another one further below"),
        pytest.param("a\nFrom: x\nSent: y\nTo: z\nb", "0", id="a header, and all below it"),
        pytest.param("a\n*Von:* x\n*Gesendet:* y\n*Betreff:* z\nb", "0", id="in German, with emphasis"),
        pytest.param("a\nDe : x\nEnvoy\u00e9 : y\nObjet : z\nb", "0", id="in French"),
        pytest.param("a\nFr\u00e5n: x\nSkickat: y\n\u00c4mne: z\nb", "0", id="in Swedish"),
        pytest.param("a\nFrom: x\nSent: y\nb", "0 1 2 3", id="two lines are none"),
        pytest.param("a\nFrom: x\nb\nc\nd\ne\nTo: y\nSent: z", "0", id="within six lines"),
        pytest.param("a\nFrom: x\nb\nc\nd\ne\nf\nTo: y\nSent: z", "0 1 2 3 4 5 6 7 8", id="not within seven"),
        pytest.param("On Monday\n> Alice wrote:\n> b", "0", id="half of an attribution"),
        pytest.param("To: x\nSubject: y\n\nFrom: z\nb", "0 1 2 3 4", id="a sender below the rest"),
        pytest.param("Sent: x\nFrom: z\nTo: y", "0 1 2", id="one line above it"),
        pytest.param(" " * 36 + "From: x\nSent: y\nTo: z", "0 1 2", id="just too far to the right"),
        pytest.param(" " * 35 + "From: x\nSent: y\nTo: z", "", id="just not too far"),
        pytest.param("From\nSent: y\nTo: z", "0 1 2", id="a word without its colon"),
        pytest.param("a\nTo: x\nSent: y\nSubject: z\nb", "0 1 2 3 4", id="without a sender"),
        pytest.param("a\nFrom x\nSent y\nTo z", "0 1 2 3", id="without colons"),
        pytest.param("a\n-----Original Message-----\nb\nc", "0", id="a separator"),
        pytest.param("a\nBegin forwarded message:\nb", "0", id="another one"),
        pytest.param("a\n> -----Original Message-----\nb", "0 2", id="a quoted separator is one line"),
        pytest.param("a\n" + " " * 40 + "From: x\nSent: y\nTo: z", "0 1 2 3", id="far to the right"),
    ],
)
def test_which_lines_are_the_writers_own(text: str, own: str) -> None:
    lines = lines_of(text)

    assert [line.number for line in lines if not line.quoted] == [int(number) for number in own.split()]
    assert [line.number for line in lines] == list(range(len(text.split("\n"))))
    assert unquoted(text) == "\n".join(line.plain for line in lines if not line.quoted)


def test_a_line_is_kept_as_written_beside_what_it_reads_as() -> None:
    (line,) = lines_of("a\u00a0b")

    assert (line.text, line.plain) == ("a\u00a0b", "a b")


@pytest.mark.parametrize(
    ("text", "is_long"),
    [
        ("x" * 2_000_000, False),
        ("x" * 2_000_001, True),
        ("\n" * 49_999, False),
        ("\n" * 50_000, True),
    ],
)
def test_nobody_writes_more_than_that_by_hand(text: str, *, is_long: bool) -> None:
    assert is_too_long(text) is is_long


def test_of_a_longer_text_only_the_beginning_is_looked_at() -> None:
    assert len(lines_of("\n" * 60_000)) == 50_000
    assert sum(len(line.text) for line in lines_of("x" * 2_000_005)) == 2_000_000
