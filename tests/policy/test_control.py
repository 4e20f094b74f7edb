"""Where control lines stand: the block at the top, strays elsewhere, and what is only prose."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy.control import _EVERYDAY, ALIASES, COMPANIONS, Block, meant_name, read_block
from policy.plain import plain

BODY = "\n\nThe parser reads past the end of a header.\n"


def values(text: str) -> list[tuple[str, str]]:
    return [(line.name, line.value) for line in read_block(text).lines]


def strays(text: str) -> list[tuple[str, str]]:
    return [(line.name, line.value) for line in read_block(text).strays]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("TLP: RED", [("TLP", "RED")], id="nothing below"),
        pytest.param("\n  \n\nTLP: RED" + BODY, [("TLP", "RED")], id="empty lines above"),
        pytest.param("hold-UNTIL: now" + BODY, [("Hold-Until", "now")], id="any case"),
        pytest.param("CRD: now\nSend-At: now" + BODY, [("Embargo-Until", "now"), ("Hold-Until", "now")], id="aliases"),
        pytest.param("Public-At: now" + BODY, [("Embargo-Until", "now")], id="another alias"),
        pytest.param("TLP:\n RED" + BODY, [("TLP", "RED")], id="value on the next line"),
        pytest.param("TLP:\tRED  " + BODY, [("TLP", "RED")], id="a tab, and blanks at the end"),
        pytest.param(
            "Restrict: fix.patch to group:envoy,\n  org:Northwind Networks" + BODY,
            [("Restrict", "fix.patch to group:envoy, org:Northwind Networks")],
            id="wrapped, indented",
        ),
        pytest.param(
            "Restrict: fix.patch to group:envoy,\norg:Northwind\nTLP: RED" + BODY,
            [("Restrict", "fix.patch to group:envoy, org:Northwind"), ("TLP", "RED")],
            id="wrapped by a mail program at 72 columns",
        ),
        pytest.param("\ufeffTLP: RED" + BODY, [("TLP", "RED")], id="byte-order mark"),
        pytest.param("T\u200bLP: RED" + BODY, [("TLP", "RED")], id="zero-width blank"),
        pytest.param("Hold\u2011Until: now" + BODY, [("Hold-Until", "now")], id="hyphen that does not break"),
        pytest.param("Hold\u2013Until:\u00a0now" + BODY, [("Hold-Until", "now")], id="dash and no-break space"),
        pytest.param("TLP\uff1a RED" + BODY, [("TLP", "RED")], id="full-width colon"),
        pytest.param("\uff34\uff2c\uff30\uff1a\u3000\uff32\uff25\uff24" + BODY, [("TLP", "RED")], id="all full-width"),
        pytest.param("TLP: RED\nFoo: bar" + BODY, [("TLP", "RED"), ("Foo", "bar")], id="unknown names are kept"),
        pytest.param("TLP: RED\n> quoted" + BODY, [("TLP", "RED")], id="a quote ends it"),
        pytest.param("Note: please read" + BODY, [], id="one paragraph near no name is prose"),
        pytest.param("Summary: x\nDetails: y" + BODY, [], id="a form of the writer's own is prose"),
        pytest.param("Hi all,\nTLP: RED" + BODY, [], id="a greeting first"),
        pytest.param("> TLP: RED" + BODY, [], id="quoted"),
        pytest.param("", [], id="nothing at all"),
    ],
)
def test_a_block_is_what_stands_at_the_top(text, expected):
    assert values(text) == expected


def test_the_body_is_left_as_it_was_written():
    block = read_block("\nTLP: RED\n\n\u201cFirst\u201d\u00a0line\n\nTLP\u2011like words\n")

    assert block.body == "\u201cFirst\u201d\u00a0line\n\nTLP\u2011like words\n"
    assert block.taken == 3


def test_a_text_without_a_block_is_all_body():
    text = "\n\nHello,\n\nbye\n"

    assert read_block(text) == Block((), (), text, 0)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("Hi all,\n\nHold-Until: now\n\nText", [("Hold-Until", "now")], id="below a greeting"),
        pytest.param("Hi all,\nHold-Until: now", [("Hold-Until", "now")], id="right below a greeting"),
        pytest.param("TLP: RED\n\nText\nHold-Untill: now", [("Hold-Until", "now")], id="misspelled, in the body"),
        pytest.param("TLP: RED\n\nRestrcit: a to b", [("Restrict", "a to b")], id="letters swapped"),
        pytest.param("TLP: RED\n\nScpoe: all", [("Scope", "all")], id="five letters, two swapped"),
        pytest.param("TLP: RED\n\nTPL: RED", [("TLP", "RED")], id="three letters, two swapped"),
        *(
            pytest.param(f"Ref: x\n\n{line}", [tuple(as_meant.split(": ", 1))], id=line)
            for line, as_meant in (
                ("Scp: group:envoy", "Scope: group:envoy"),
                ("Skoep: all.", "Scope: all."),
                ("scp: ORG : Northwind and others", "Scope: ORG : Northwind and others"),
                ("**Scp:** all", "Scope: all"),
                ("**Scp: all**", "Scope: all**"),
                ("TP: RED", "TLP: RED"),
                ("Tlpp: tlp:amber+strict", "TLP: tlp:amber+strict"),
                ("T: amber +strict", "TLP: amber +strict"),
                ("Lft: now!", "Lift: now!"),
                ("List: NOW", "Lift: NOW"),
            )
        ),
        pytest.param("Ref: x\nScp: all", [], id="in the block it is no stray"),
        pytest.param("TLP: RED\n\nHold Until: now", [("Hold-Until", "now")], id="a blank for the hyphen"),
        pytest.param("TLP: RED\n\nHold_Until : now", [("Hold-Until", "now")], id="a blank before the colon"),
        pytest.param("TLP: RED\n\nScope:all", [("Scope", "all")], id="no blank after the colon"),
        pytest.param("TLP: RED\n\n   Scope: all", [("Scope", "all")], id="indented"),
        pytest.param("TLP: RED\n\n**Hold-Until:** now", [("Hold-Until", "now")], id="set in bold"),
        pytest.param("TLP: RED\n\nH\u043eld-Until: now", [("Hold-Until", "now")], id="a Cyrillic letter"),
        pytest.param("TLP: RED\n\nx\u2028Hold-Until: now", [("Hold-Until", "now")], id="behind a line separator"),
        pytest.param("TLP: RED\rHold-Until: now", [("Hold-Until", "now")], id="behind a bare CR in the block"),
        pytest.param("TLP: RED\n Hold-Until: now", [("Hold-Until", "now")], id="indented in the block"),
        pytest.param("TLP: RED\nHold-Until:now", [("Hold-Until", "now")], id="no blank, in the block"),
        pytest.param("TLP: RED\n\n-- \nScope: all", [("Scope", "all")], id="in the signature"),
        pytest.param(
            "Hi,\n\nRestrict: a to group:x,\n  org:Y\n\nText", [("Restrict", "a to group:x, org:Y")], id="wrapped"
        ),
    ],
)
def test_a_control_line_anywhere_else_is_a_stray(text, expected):
    assert strays(text) == expected


def test_a_short_name_in_the_block_is_known_by_its_value():
    (_, line) = read_block("Ref: x\nScp: group:envoy\n\nText").lines
    assert (line.name, line.written, line.known) == ("Scope", "Scp", False)


@pytest.mark.parametrize(
    "line",
    [
        *(
            "Note: x",
            "Re: x",
            "URL: x",
            "Fix: x",
            "Hi: x",
            "File: x",
            "List: x",
            "PS: x",
            "To: x",
            "Subject: x",
            "Score: 9.8",
        ),
        *("Impact: x", "Version: 1", "Product: x", "Credit: x", "Commit: x", "API: x", "Left: x", "Lead: x", "Link: x"),
        *("https://example.org/", "The scope: all members", "1. Scope: x", "Timeline: x", "Affected: x", "Hash: x"),
        *(
            "List: now and then",
            "Scp: the group: all",
            "Note: all",
            "Step: all of it",
            "T: redo",
            "Lt: news",
            "Scp: allow",
        ),
        *("> Hold-Until: now", ">> Scope: all", "JD> Hold-Until: now", "Severity: x", "Public: x", ": x"),
    ],
)
def test_everyday_lines_and_quotes_are_prose(line):
    assert strays(f"TLP: RED\n\nText.\n{line}\n") == []
    assert strays(f"Hi,\n\n{line}\n") == []


@pytest.mark.parametrize(
    "tail",
    [
        "From: Alice <alice@example.org>\nSent: Monday\nTo: list\nSubject: x\n\nHold-Until: now",
        "*From:* Alice\n*Date:* Monday\n*To:* list\n*Subject:* x\n\nHold-Until: now",
        "Von: Alice\nGesendet: Montag\nAn: Liste\nBetreff: x\n\nHold-Until: now",
        "-----Original Message-----\nHold-Until: now",
        "----- Forwarded Message -----\nHold-Until: now",
        "Begin forwarded message:\n\nHold-Until: now",
    ],
)
def test_what_follows_a_quoted_header_is_quoted(tail):
    assert strays(f"Noted.\n\n{tail}") == []
    assert read_block(tail).lines == ()


def test_a_from_line_of_prose_begins_no_quote():
    assert strays("Text\nFrom: what we know, little.\n\nHold-Until: now") == [("Hold-Until", "now")]


@pytest.mark.parametrize("name", ["Leak", "LEAK", "Leak-What", "Leak-Whatt", "Leakage", "Leaked", "leak to", "Laek"])
@pytest.mark.parametrize("place", ["{}: x", "Hi,\n\n{}: x", "TLP: RED\n\ntext\n{}: x"])
def test_a_leak_line_is_found_wherever_it_stands(name, place):
    block = read_block(place.format(name))

    assert [line.value for line in (*block.lines, *block.strays) if line.is_leak] == ["x"]


def test_a_leak_line_is_found_below_any_number_of_strays():
    block = read_block("Hi\n" + "Scope: all\n\n" * 500 + "Leak: x\n")

    assert [line.name for line in block.strays if line.is_leak] == ["Leak"]
    assert len(block.strays) < 100


@pytest.mark.parametrize("name", sorted({*ALIASES, *(alias for names in ALIASES.values() for alias in names)}))
def test_every_known_name_is_known(name):
    line = read_block(f"{name.upper()}: x").lines[0]

    assert line.known
    assert meant_name(name) == line.name


@given(st.sampled_from(sorted(n for n in ALIASES if len(n) > 5 and n not in COMPANIONS)), st.data())
def test_two_slips_of_the_hand_never_make_a_control_line_prose(name, data):
    for _ in range(2):
        place = data.draw(st.integers(1, len(name) - 1))
        letter = data.draw(st.sampled_from("abcxyz-"))
        name = data.draw(
            st.sampled_from([name[:place] + name[place + 1 :], name[:place] + letter + name[place:], name])
        )

    if name.casefold() in _EVERYDAY:
        return  # "Stats": a word of its own
    assert meant_name(name) is not None
    assert strays(f"Hello,\n\n{name}: x") != []


@pytest.mark.parametrize("name", ["Share-th", "Share-Wh", "share wh", "Share-Wht"])
def test_a_name_between_one_that_acts_and_its_companion_is_no_prose(name):
    assert [line.written for line in read_block(f"Hello,\n\n{name}: x").strays] == [name]


@pytest.mark.parametrize("name", [*sorted(COMPANIONS), "Reasons"])
def test_a_companion_alone_is_prose(name):
    assert strays(f"Hello,\n\n{name}: x") == []


@given(st.text())
def test_no_text_raises_and_no_body_is_lost(text):
    block = read_block(text)

    assert text.endswith(block.body)
    assert block.taken or block.body == text
    assert text.count("\n") == block.body.count("\n") + block.taken or not block.body


@given(st.text(alphabet="ab: -\n>TLPREDHold-Until\u2028\u00a0\r", max_size=60))
def test_nothing_below_the_block_changes_the_block(below):
    block = read_block("TLP: RED\nHold-Until: now\n\n" + below)

    assert [(line.name, line.value) for line in block.lines] == [("TLP", "RED"), ("Hold-Until", "now")]


@given(st.text())
def test_reading_odd_characters_keeps_the_lines(text):
    assert plain(text).count("\n") == text.count("\n")
    assert plain(plain(text)) == plain(text)


def test_a_text_longer_than_any_letter_is_cut_and_says_so():
    assert read_block("TLP: RED\n\n" + "a\n" * 60_000).is_cut
    assert not read_block("TLP: RED\n\n" + "a\n" * 1000).is_cut
