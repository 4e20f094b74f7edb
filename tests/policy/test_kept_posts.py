"""A kept text under another block: which of its lines go, to the line."""

from __future__ import annotations

import pytest

from policy.control import read_block
from policy.keptposts import Cut, cut_lines

ANEW = read_block("Embargo-Until: +3d\nScope: group:distributors, org:Northwind\nTLP: RED\n")


@pytest.mark.parametrize(
    ("kept", "cut"),
    [
        pytest.param(
            "Hi,\nScope: group:x,\n org:Northwind\nTLP: GREEN\n\nText.\n", Cut(0, (1, 2, 3)), id="one below another"
        ),
        pytest.param("Hi,\nScope: group:x,\n org:Northwind\n> quoted\n", Cut(0, (1, 2)), id="a quotation ends it"),
        pytest.param("Hi,\nTLP: GREEN\nFoo: bar\n\nText.\n", Cut(0, (1,)), id="so does another name"),
        pytest.param("Scope: all\n\nTLP: GREEN\n\nText.\n", Cut(2, (2,)), id="just below the block"),
        pytest.param(
            "Hi,\nScope: group:distributors,\norg:Northwind\n\nText.\n", Cut(0, (1, 2)), id="the same said anew"
        ),
    ],
)
def test_the_lines_that_go(kept: str, cut: Cut) -> None:
    assert cut_lines(kept, ANEW) == cut
