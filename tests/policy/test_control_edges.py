"""Where a block ends, and how many strays are found."""

from __future__ import annotations

import pytest

from policy.control import meant_name, read_block


def strays(text: str) -> list[tuple[str, str]]:
    return [(line.name, line.value) for line in read_block(text).strays]


@pytest.mark.parametrize(
    ("text", "names", "body"),
    [
        pytest.param("TLP: RED", ["TLP"], "", id="without a line end"),
        pytest.param("TLP: RED\n", ["TLP"], "", id="with one"),
        pytest.param("TLP: RED\n\n\nText\n", ["TLP"], "Text\n", id="empty lines below"),
        pytest.param("Leak-Severity: high\n\nText\n", ["Leak-Severity"], "Text\n", id="nothing but a leak line"),
        pytest.param("\n\nTLP: RED\nText\n\nMore", ["TLP"], "More", id="prose that ran into it"),
        pytest.param("Foo: bar\n\nText\n", [], "Foo: bar\n\nText\n", id="no known name"),
    ],
)
def test_a_block_ends_at_the_first_empty_line(text: str, names: list[str], body: str) -> None:
    block = read_block(text)

    assert [line.name for line in block.lines] == names
    assert block.body == body


def test_a_stray_ends_at_another_name() -> None:
    assert strays("Hi,\nTLP: RED\nFoo: bar\nmore\n") == [("TLP", "RED")]
    assert strays("Hi,\nTLP: RED\nmore\n\nmore\n") == [("TLP", "RED more")]


@pytest.mark.parametrize(("written", "name"), [("_Scope_", "Scope"), (" *TLP* ", "TLP"), ("x_y", None)])
def test_a_name_may_be_set_in_bold(written: str, name: str | None) -> None:
    assert meant_name(written) == name
    assert strays("Hi,\n\nLeak-Severity**********: y\n") == [("Leak-Severity", "y")]


def test_fifty_strays_are_told_but_no_leak_is_one_too_many() -> None:
    many = "Hi,\n\n" + "".join(f"Ref: {number}\n\n" for number in range(52))
    found = strays(f"{many}Laek: a\n\nLeak-Severity: b\n\nTLP: RED\n")

    assert found[:50] == [("Ref", str(number)) for number in range(50)]
    assert found[50:] == [("Leak", "a"), ("Leak-Severity", "b")]
