"""Mutants are small changes, each of them a module that can be read."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

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


def test_what_ends_a_run_is_told_and_not_kept_by_pytest(tmp_path: Path) -> None:
    at = Path(__file__).parents[2]
    drawn = "@given(st.just(1))\ndef test_that(one):\n    assert one\n"  # what is drawn at random doesn't count
    imports = "from hypothesis import given, strategies as st\n"
    (tmp_path / "test_one.py").write_text(f"{imports}def test_it():\n    assert False\n{drawn}")
    program = (
        "from pathlib import Path\n"
        "from tools.mutants.tests import collect, passes\n"
        "def use(tests):\n"
        "    raise SystemExit(f'{len(tests)} fails: {not passes(tests[0])}')\n"
        f"collect([Path({str(tmp_path / 'test_one.py')!r})], use)\n"
    )
    mine = os.environ | {"PYTEST_ADDOPTS": "-rP"}  # which pytest knows only beside its own report
    ended = subprocess.run(
        [sys.executable, "-c", program], cwd=at, env=mine, capture_output=True, text=True, check=False
    )
    assert (ended.returncode, ended.stderr.strip()) == (1, "1 fails: True")
