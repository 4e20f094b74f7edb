"""Mutants are small changes, each of them a module that can be read."""

from __future__ import annotations

import ast

from tools.mutants import MODULES, ROOT, mutants


def test_each_mutant_is_another_readable_module_and_has_a_name_of_its_own() -> None:
    for module in MODULES:
        plain = ast.unparse(ast.parse((ROOT / "policy" / f"{module}.py").read_text("utf-8")))
        found = list(mutants(module))
        assert len(found) > 40
        assert len({one.name for one in found}) == len(found)
        assert all(one.source != plain and ast.parse(one.source) for one in found)
