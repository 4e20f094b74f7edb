"""The house stands as drawn: who may import whom, who reads the clock, what no file may hold.

Each rule that a tool keeps has a test here that the tool would notice a break.
"""

from __future__ import annotations

import ast
import graphlib
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from importlinter.cli import lint_imports

from gateway.log import ALLOWED

ROOT = Path(__file__).parents[1]
PACKAGES = ("gateway", "keys", "policy", "storage")
# Built or personal: never part of the tree.
OUTSIDE = {".git", ".venv", "build", "dist", "state", ".hypothesis", "__pycache__"}
# What a decision may be made of. zoneinfo reads the time zone tables: data, like a constant.
PURE = {
    "__future__", "bisect", "calendar", "collections", "dataclasses", "datetime", "difflib", "enum", "fnmatch",
    "functools", "itertools", "math", "operator", "re", "string", "textwrap", "types", "typing", "unicodedata",
    "zoneinfo",
}  # fmt: skip


def sources(*packages: str) -> list[Path]:
    return sorted(path for package in packages for path in (ROOT / package).rglob("*.py"))


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"), str(path))


@cache
def nodes(path: Path) -> tuple[ast.AST, ...]:
    """Everything in a file, read once for all the rules."""
    return tuple(ast.walk(tree(path)))


def walked(*packages: str) -> Iterator[tuple[str, ast.AST]]:
    """Everything in some packages, each with where it stands: ``policy/dates.py:12``."""
    for path in sources(*packages):
        name = path.relative_to(ROOT)
        for node in nodes(path):
            yield f"{name}:{getattr(node, 'lineno', 1)}", node


def imported(*packages: str) -> Iterator[tuple[str, str]]:
    for where, node in walked(*packages):
        if isinstance(node, ast.Import):
            yield from ((where, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{where}: imports are absolute"
            yield where, node.module or ""


def dotted(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else "?"


# ------------------------------------------------------------------------------ who imports whom


def test_every_import_contract_is_kept():
    # In a process of its own: the path of the tests is not the path of the program.
    code = "from importlinter.cli import lint_imports; raise SystemExit(lint_imports(no_cache=True, no_logo=True))"

    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("module", "line", "broken"),
    [
        pytest.param("policy/probe.py", "import storage", "one-way", id="policy looks up"),
        pytest.param("storage/probe.py", "import keys", "one-way", id="strangers meet"),
        pytest.param("keys/probe.py", "import gateway", "one-way", id="keys look up"),
        pytest.param("policy/probe.py", "import os", "pure-policy", id="policy does something"),
        pytest.param("policy/probe.py", "import time", "pure-policy", id="policy reads the clock"),
        pytest.param("gateway/mail/probe.py", "import socket", "pure-mail", id="mail opens a socket"),
        pytest.param("gateway/probe.py", "import gnupg", "gnupg", id="a second door to GnuPG"),
        pytest.param("gateway/probe.py", "import sqlalchemy", "database", id="a second door to the database"),
        pytest.param("gateway/probe.py", "import aiosmtplib", "mail-out", id="a second way out"),
        pytest.param("storage/probe.py", "import aiosmtpd.smtp", "mail-in", id="a second way in"),
        pytest.param("storage/probe.py", "import cryptography", "cryptography", id="a second holder of secrets"),
        pytest.param("gateway/probe.py", "import flufl.bounce", "bounces", id="a second reader of bounces"),
        pytest.param("policy/probe.py", "import pydantic", "pure-policy", id="policy with a framework"),
        pytest.param("keys/probe.py", "import structlog", "shell", id="keys write a log"),
    ],
)
def test_a_contract_breaks_when_somebody_breaks_it(tmp_path, module, line, broken):
    for package in PACKAGES:
        (tmp_path / package).mkdir()
        (tmp_path / package / "__init__.py").touch()
    for folder in ("gateway/mail",):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "__init__.py").touch()
    for door in ("keys/engine.py", "gateway/relay.py", "gateway/smtp.py", "gateway/app.py", "gateway/mail/bounces.py"):
        (tmp_path / door).touch()
    (tmp_path / module).write_text(f"{line}\n")
    (tmp_path / "pyproject.toml").write_text((ROOT / "pyproject.toml").read_text("utf-8"))
    code = (
        "from importlinter.cli import lint_imports;"
        f"raise SystemExit(lint_imports(no_cache=True, no_logo=True, limit_to_contracts=({broken!r},)))"
    )

    done = subprocess.run(
        [sys.executable, "-P", "-c", f"import sys; sys.path.insert(0, {str(tmp_path)!r}); {code}"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.returncode == 1, done.stdout
    assert "BROKEN" in done.stdout


def taken(path: Path, known: set[str]) -> set[str]:
    """Which of our modules a file imports when it runs, wherever in it; not what is there for the types alone."""
    for_types = {
        inner
        for node in nodes(path)
        if isinstance(node, ast.If) and dotted(node.test) == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    found = set()
    for node in nodes(path):
        if isinstance(node, ast.ImportFrom) and node not in for_types:
            found |= {name if name in known else node.module for alias in node.names
                      for name in [f"{node.module}.{alias.name}"]}  # fmt: skip
        elif isinstance(node, ast.Import) and node not in for_types:
            found |= {alias.name for alias in node.names}
    return found & known


@pytest.mark.side  # make check asks it
def test_no_module_needs_one_that_needs_it():
    modules = {
        str(path.relative_to(ROOT).with_suffix("")).replace("/", ".").removesuffix(".__init__"): path
        for path in sources(*PACKAGES)
    }
    graph = {name: taken(path, set(modules)) - {name} for name, path in modules.items()}

    assert graph["gateway.intake"] > {"gateway.facts", "gateway.steering"}
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


def test_the_import_linter_is_the_one_that_make_runs():
    assert callable(lint_imports)
    assert "lint_imports" in (ROOT / "Makefile").read_text("utf-8")


# ------------------------------------------------------------------------------------- purity


def test_policy_is_made_of_plain_values_only():
    for where, name in imported("policy"):
        assert name.partition(".")[0] in PURE | {"policy"}, f"{where}: {name}"


def test_policy_opens_prints_and_awaits_nothing():
    for where, node in walked("policy"):
        assert not isinstance(node, ast.AsyncFunctionDef | ast.Await | ast.Global), where
        if isinstance(node, ast.Call):
            assert dotted(node.func) not in {"open", "print", "input", "eval", "exec", "compile", "__import__"}, where


def test_mail_is_bytes_and_values_and_imports_only_itself():
    for where, name in imported("gateway/mail"):
        first = name.partition(".")[0]
        is_ours = name.startswith("gateway.mail") or first == "flufl"
        assert is_ours or first in sys.stdlib_module_names, f"{where}: {name}"
        assert first != "urllib" or name == "urllib.parse", f"{where}: {name}"


CLOCKS = {"now", "utcnow", "today"}
TIME = {"time.time", "time.time_ns", "time.localtime", "time.gmtime", "time.ctime", "time.strftime"}


def test_only_one_file_reads_the_clock():
    read = {
        where.partition(":")[0]
        for where, node in walked(*PACKAGES)
        if isinstance(node, ast.Call | ast.Attribute)
        for name in [dotted(node.func if isinstance(node, ast.Call) else node)]
        if name in TIME or (name.rpartition(".")[2] in CLOCKS and name.split(".")[-2:-1] in (["datetime"], ["date"]))
    }

    assert read == {"gateway/clock.py"}


@pytest.mark.parametrize(
    ("code", "rule"),
    [
        pytest.param("import datetime\nx = datetime.datetime.now(datetime.UTC)\n", "TID251", id="now"),
        pytest.param("from datetime import datetime\nx = datetime.utcnow()\n", "TID251", id="utcnow"),
        pytest.param("from datetime import date\nx = date.today()\n", "TID251", id="today"),
        pytest.param("import time\nx = time.time()\n", "TID251", id="time"),
        pytest.param("from email import policy\n", "ICN003", id="the name of our own package"),
        pytest.param("try:\n    x = 1\nexcept Exception:\n    pass\n", "S110", id="an error that is swallowed"),
        pytest.param("x = 1  # type: ignore\n", "PGH003", id="an unnamed exception from the types"),
        pytest.param("import subprocess\nsubprocess.run('x', shell=True)\n", "S602", id="a shell"),
        pytest.param("print('x')\n", "T201", id="a print in the middle of the house"),
    ],
)
def test_the_linter_knows_our_own_rules(code, rule):
    assert rule in ruff(code, "gateway/x.py")


def test_the_linter_lets_the_clock_read_the_clock():
    assert "TID251" not in ruff("from datetime import UTC, datetime\nx = datetime.now(UTC)\n", "gateway/clock.py")


def ruff(code: str, name: str) -> str:
    command = [
        sys.executable,
        "-m",
        "ruff",
        "check",
        "--no-cache",
        "--output-format=concise",
        "--stdin-filename",
        name,
        "-",
    ]
    return subprocess.run(command, input=code, cwd=ROOT, capture_output=True, text=True, check=False).stdout


# ----------------------------------------------------------------------------------------- files


def files() -> list[Path]:
    """Every file of the tree; of git's where there is git, so that a stray draft is no failure."""
    done = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode == 0 and done.stdout:
        return [ROOT / name for name in done.stdout.split("\0") if name and (ROOT / name).is_file()]
    found = (path for path in ROOT.rglob("*") if path.is_file())
    return [path for path in found if not OUTSIDE & set(path.relative_to(ROOT).parts) and ".egg-info" not in str(path)]


def texts() -> Iterator[tuple[str, str]]:
    for path in files():
        try:
            yield str(path.relative_to(ROOT)), path.read_text("utf-8")
        except UnicodeDecodeError:
            continue


# Each in two halves, so that this file does not hold them itself.
MACHINE = re.compile("/(?:" + "work|root|farm|home/[a-z]+)/")
REGISTRY = re.compile(r"pypi[.]org|python" + r"hosted|deb[.]debian|index-url ?=")
LEFTOVER = re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME|XX" + r"X|HA" + r"CK)\b")


@pytest.mark.parametrize(
    "pattern",
    [
        pytest.param(MACHINE, id="no path of somebody's machine"),
        pytest.param(REGISTRY, id="no host of a package registry"),
        pytest.param(LEFTOVER, id="no work left for later"),
    ],
)
def test_no_file_holds_what_belongs_elsewhere(pattern):
    found = [f"{name}: {match[0]}" for name, text in texts() for match in [pattern.search(text)] if match]

    assert found == []


def test_nobody_outside_the_example_domains_is_named():
    address = re.compile(r"\b[a-z0-9._+-]+@(?:[a-z0-9-]+\.)+[a-z]{2,}\b", re.IGNORECASE)
    ours = re.compile(r"(?:\.example(?:\.(?:org|com|net))?|@example\.(?:org|com|net)|\.test|\.invalid)$", re.IGNORECASE)
    places = (*PACKAGES, "docs", "README", "config", "SECURITY", "CONTRIBUTING", "CHANGELOG")

    found = [
        f"{name}: {match[0]}"
        for name, text in texts()
        if name.startswith(places)
        for match in address.finditer(text)
        if not ours.search(match[0])
    ]

    assert found == []


def test_no_secret_key_lies_in_the_tree():
    key = re.compile(r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY(?: BLOCK)?-----\r?\n")

    assert [name for name, text in texts() if key.search(text)] == []


def test_a_file_says_what_it_is_for_and_stays_one_subject_long():
    for path in sources(*PACKAGES, "tests"):
        text = path.read_text("utf-8")
        if text.strip() and "tests" not in path.parts:
            assert ast.get_docstring(tree(path)), f"{path}: begins with what it is for"
        assert text.count("\n") <= 500, path


def test_source_is_plain_ascii():
    # Other characters stand as escapes, where they can be seen.
    assert [path for path in sources(*PACKAGES) if not path.read_bytes().isascii()] == []


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_says_what_it_is_trusted_with(package):
    text = ast.get_docstring(tree(ROOT / package / "__init__.py")) or ""

    assert "TRUST:" in text or "laws" in text


# -------------------------------------------------------------------------------------- the tests


@pytest.mark.side  # make check asks it
def test_no_test_is_skipped_expected_to_fail_or_empty():
    for where, node in walked("tests"):
        if isinstance(node, ast.Attribute) and node.attr in {"skip", "skipif", "xfail", "importorskip"}:
            assert dotted(node.value) not in {"pytest", "pytest.mark", "unittest"}, where
        if isinstance(node, ast.Assert):
            assert not isinstance(node.test, ast.Constant), f"{where} asserts a constant"


# --------------------------------------------------------------------------------------- the log

LEVELS = {"debug", "info", "warning", "warn", "error", "critical", "exception", "fatal", "msg"}


def loggers_of(path: Path) -> set[str]:
    """The names under which a file keeps its loggers."""
    return {
        dotted(target)
        for node in nodes(path)
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call)
        if dotted(node.value.func).endswith("get_logger")
        for target in node.targets
    }


def test_an_event_is_a_constant_and_its_keys_are_allowed():
    seen = 0
    for path in sources("gateway"):
        loggers, name = loggers_of(path), path.relative_to(ROOT)
        for node in nodes(path):
            is_event = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in LEVELS
            if not is_event or dotted(node.func.value) not in loggers:
                continue
            seen += 1
            assert isinstance(node.args[0], ast.Constant), f"{name}:{node.lineno}: law 8, no content in logs"
            assert len(node.args) == 1, f"{name}:{node.lineno}: facts are named"
            if path.name == "log.py":
                continue
            for keyword in node.keywords:
                assert keyword.arg in ALLOWED | {"exc_info"}, f"{name}:{node.lineno}: {keyword.arg} would be dropped"
    assert seen > 20
