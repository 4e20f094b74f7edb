"""Mutants are small changes, each of them a module that can be read."""

from __future__ import annotations

import ast

import pytest

from tools.mutants.changes import mutants


@pytest.mark.parametrize("module", ["release", "audience"])
def test_each_mutant_is_another_readable_module_and_has_a_name_of_its_own(module: str) -> None:
    tree, found = mutants(module)
    plain = ast.unparse(tree)

    assert len(found) > 40
    assert len({(one.place, one.change) for one in found}) == len(found)
    for one in found:
        old = one.put()
        changed = ast.unparse(tree)
        compile(changed, module, "exec")
        assert changed != plain
        one.take_back(old)
    assert ast.unparse(tree) == plain


def test_texts_words_and_types_are_left_alone() -> None:
    changes = [one.change for one in mutants("facts")[1]]

    assert not [one for one in changes if "StrEnum" in one or "coordinator" in one or "str | None ->" in one]
