"""What the docs say holds: commands, keys, files, links, states, reasons, control lines."""

from __future__ import annotations

import importlib
import re
import tomllib
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import typer.main

from gateway import cli
from gateway.config import Config, _model_of
from gateway.notices.requests import LINES
from policy.control import ALIASES
from policy.disclosure import BESIDE, ROWS
from policy.facts import State
from policy.leakcase import CASE_ROWS
from policy.reasons import Reason
from policy.requests import Ask

ROOT = Path(__file__).parents[1]
DOCS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
# The attacks that the first version must have a test of its own for.
THREATS = ("T1", "T3", "T6", "T8", "T13", "T17", "T18", "T22", "T23", "T31", "T32", "T33")
# What the table of states calls its guards: module.function of policy/.
FUNCTIONS = {
    name for row in (*ROWS, *BESIDE) for name in re.findall(r"`([a-z]+\.[a-z_]+)`", f"{row.guard} {row.effect}")
}

each_doc = pytest.mark.parametrize("doc", [pytest.param(path, id=str(path.relative_to(ROOT))) for path in DOCS])


def text(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


def spoken(doc: Path) -> str:
    """The doc without its blocks of code."""
    return re.sub(r"(?ms)^```.*?^```$", "", doc.read_text("utf-8"))


def table(doc: str, heading: str) -> Iterator[list[str]]:
    """The rows of the first table below a heading, as cells."""
    below = text(doc).split(f"{heading}\n", 1)[1]
    lines = below[below.index("|") :].splitlines()
    for line in lines[2:]:
        if not line.startswith("|"):
            return
        yield [cell.strip().strip("`") for cell in line.strip("|").split("|")]


# ------------------------------------------------------------------------------------- commands


def commands() -> dict[str, Any]:
    """Every command by its words: ``disclosure show``."""
    found: dict[str, Any] = {}

    def walk(command: Any, words: tuple[str, ...]) -> None:
        if hasattr(command, "list_commands"):
            for name in command.list_commands(None):
                walk(command.get_command(None, name), (*words, name))
        else:
            found[" ".join(words)] = command

    walk(typer.main.get_command(cli.app), ())
    return found


SAID = re.compile(r"(?:^|`|/)embargo((?: --?[a-z]+(?: [A-Z]+)?)*(?: [a-z]+(?:-[a-z]+)*)+)", re.MULTILINE)


@each_doc
def test_every_command_that_is_named_exists(doc):
    known = commands()
    for match in SAID.finditer(doc.read_text("utf-8")):
        words = match[1].split()
        while words and words[0].startswith("-"):
            words = words[2:]
        said = " ".join(words)
        assert any(said == name or said.startswith(f"{name} ") for name in known), f"embargo {said}"


def test_every_command_is_documented():
    said = "".join(doc.read_text("utf-8") for doc in DOCS)

    assert [name for name in commands() if f"embargo {name}" not in said] == []


@each_doc
def test_every_option_of_a_named_command_exists(doc):
    known = commands()
    for line in re.findall(r"embargo ([a-z]+(?: [a-z]+)?[^`\n]*)", doc.read_text("utf-8")):
        for name in (" ".join(line.split()[:2]), line.split()[0]):
            if name in known:
                options = {option for parameter in known[name].params for option in parameter.opts}
                said = re.findall(r"(?<![\w-])--[a-z-]+", line)
                assert set(said) <= options | {"--config"}, line
                break


@each_doc
def test_every_make_target_that_is_named_exists(doc):
    targets = set(re.findall(r"(?m)^([a-z-]+):", text("Makefile")))

    for said in re.findall(r"(?:^|`)make ([a-z-]+)", doc.read_text("utf-8"), re.MULTILINE):
        assert said in targets, f"make {said}"


def test_the_makefile_has_the_targets_of_the_contract_and_tells_what_they_do():
    told = set(re.findall(r"(?m)^([a-z-]+):.*## .+", text("Makefile")))

    assert told >= {"help", "demo", "test", "lint", "types", "check", "bench", "serve"}


# ----------------------------------------------------------------------------------------- files


@each_doc
def test_every_link_leads_somewhere(doc):
    for target in re.findall(r"\]\(([^)\s]+)\)", doc.read_text("utf-8")):
        if target.startswith(("https://", "mailto:")):
            continue
        path, _, anchor = target.partition("#")
        file = (doc.parent / path) if path else doc
        assert file.exists(), target
        if anchor:
            headings = re.findall(r"(?m)^#+ (.+)$", file.read_text("utf-8"))
            slugs = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
            assert anchor in slugs, target


FILE = re.compile(r"`((?:gateway|policy|storage|keys|tests|docs|benchmarks|\.ci)/[\w./*-]+)`")


@each_doc
def test_every_file_that_is_named_exists(doc):
    for name in FILE.findall(doc.read_text("utf-8")):
        assert list(ROOT.glob(name)) or (ROOT / name).exists(), name


def test_every_doc_is_reached_from_the_readme():
    reached, left = set(), [ROOT / "README.md"]
    while left:
        doc = left.pop()
        if doc in reached or doc.suffix != ".md":
            continue
        reached.add(doc)
        for target in re.findall(r"\]\(([^)#\s]+)\)", doc.read_text("utf-8")):
            path = (doc.parent / target).resolve()
            left += sorted(path.glob("*.md")) if path.is_dir() else [path] if path.is_file() else []

    assert set(DOCS) - reached == set()


@each_doc
def test_a_doc_is_plain_and_not_too_wide(doc):
    content = spoken(doc)

    assert content.isascii()
    for line in content.splitlines():
        assert len(line) <= 125 or line.startswith(("|", "*")), line


# ------------------------------------------------------------------------------- settings, words


def test_every_setting_that_is_named_exists():
    sections = {name: _model_of(field.annotation) for name, field in Config.model_fields.items()}
    keys = {key for model in sections.values() if model for key in model.model_fields}

    for doc in DOCS:
        for block in re.findall(r"(?ms)^```toml\n(.*?)^```$", doc.read_text("utf-8")):
            for section, table_ in tomllib.loads(block).items():
                model = sections[section]
                for inner in table_.values() if section == "lists" else [table_]:
                    assert set(inner) <= set(model.model_fields), doc.name
        for key in re.findall(r"`([a-z_]+) = ", spoken(doc)):
            assert key in keys or key in {"log_parameter_max_length_on_error", "log_statement"}, f"{doc.name}: {key}"


def test_every_reason_is_explained_in_its_own_words():
    told = {cells[0]: cells[1] for cells in table("docs/coordinators.md", "## What was kept back, and why")}

    assert told == {reason.value: reason.meaning for reason in Reason}


def test_every_control_line_is_explained_and_no_other():
    rows = " ".join(cell for cells in table("docs/coordinators.md", "## Control lines") for cell in cells)
    said = set(re.findall(r"(?<![\w-])([A-Z][A-Za-z]*(?:-[A-Z][a-z]+)*):(?:[ `]|$)", rows))

    assert said == {name for main, others in ALIASES.items() for name in (main, *others)}


def test_the_help_of_the_request_address_tells_every_line():
    for ask in Ask:
        assert f"{ask}: " in LINES, ask


def test_members_are_told_every_leak_line():
    assert {name for name in ALIASES if name.startswith("Leak")} <= set(
        re.findall(r"`([\w-]+):", text("docs/members.md"))
    )


def test_the_table_of_states_is_the_program_s():
    told = [tuple(cells) for cells in table("docs/states.md", "## What moves it")]
    rows = [(row.number, str(row.source or "-"), row.event, row.target, row.guard, row.effect) for row in ROWS]

    assert told == [tuple(cell.strip("`") for cell in row) for row in rows]


def test_the_table_of_what_moves_beside_a_disclosure_is_the_program_s():
    told = [tuple(cells) for cells in table("docs/states.md", "## What moves beside it")]

    assert told == [(row.number, row.about, row.event, row.guard, row.effect) for row in BESIDE]


def test_every_row_of_the_specification_that_is_about_a_disclosure_has_its_guard_and_its_effect():
    rows = [*ROWS, *BESIDE]

    assert {row.number for row in rows} == {*(str(at) for at in range(1, 24) if at != 21), "3a", "5a", "10a"}
    assert all(row.guard and row.effect for row in rows)
    for before, row in pairwise(ROWS):
        if row.guard == "the same":
            assert (row.number, row.event) == (before.number, before.event), row


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_a_function_that_a_row_names_is_there(name):
    module, function = name.split(".")

    assert callable(getattr(importlib.import_module(f"policy.{module}"), function))


def test_the_table_of_leak_cases_is_the_program_s():
    told = [tuple(cells[:3]) for cells in table("docs/states.md", "## What moves a leak case")]

    assert told == [(str(row.source), str(row.event), str(row.target)) for row in CASE_ROWS]


def test_every_state_is_explained():
    told = [cells[0] for cells in table("docs/states.md", "# The states of a disclosure")]

    assert sorted(told) == sorted(State)


# -------------------------------------------------------------------------------------- security


@pytest.mark.parametrize("threat", THREATS)
def test_a_threat_has_a_test_of_its_own_and_a_row(threat):
    rows = {
        cells[0]: cells[3] for cells in table("docs/security.md", "# Security: known attacks, and what keeps them out")
    }

    assert f"test_{threat.lower()}_" in rows[threat]


def test_every_attack_that_has_a_test_has_a_row():
    named = set(re.findall(r"tests/[\w/]+/test_t\d+_\w+\.py", text("docs/security.md")))
    there = {str(path.relative_to(ROOT)) for path in ROOT.glob("tests/**/test_t[0-9]*_*.py")}

    assert named == there


# ------------------------------------------------------------------------------------- changelog


def test_the_changelog_has_a_place_for_what_comes_next():
    headings = re.findall(r"(?m)^## \[(.+?)\]", text("CHANGELOG.md"))

    assert headings[0] == "Unreleased"
    assert set(re.findall(r"(?m)^### (\w+)$", text("CHANGELOG.md"))) <= {
        "Added", "Changed", "Deprecated", "Removed", "Fixed", "Security",
    }  # fmt: skip
