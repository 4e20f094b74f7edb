"""Exit codes, and errors of one line: what, where, what to do."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.cli import NOUNS
from gateway.cli.failures import told
from keys.errors import EngineUnavailable
from storage.errors import TrailBroken, Unavailable

ID = "ED-2026-K7QX"


@pytest.mark.parametrize(
    "noun", sorted(noun for noun, help_ in NOUNS.items() if ": " in help_ and noun not in {"init", "stats"})
)
def test_what_is_said_of_a_noun_names_each_of_its_verbs(noun) -> None:
    app = importlib.import_module(f"gateway.cli.{noun}").app

    said = NOUNS[noun].partition(": ")[2].rstrip(".").split(", ")

    assert sorted(said) == sorted(command.name for command in app.registered_commands)


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        pytest.param(("membr", "ls"), 2, "did you mean 'member'", id="an unknown noun"),
        pytest.param(("member", "lss"), 2, "member --help", id="an unknown verb"),
        pytest.param(("member",), 2, "member --help", id="no verb"),
        pytest.param(("member", "ls", "--jsn"), 2, "--jsn", id="an unknown option"),
        pytest.param(("member", "add"), 2, "--org", id="a missing option"),
        pytest.param(("disclosure", "show"), 2, "ID", id="a missing argument"),
        pytest.param(
            ("member", "add", "--org", "N", "--address", "a@n.example", "--key", "nowhere.asc"),
            2,
            "nowhere.asc",
            id="a key file that is not there",
        ),
        pytest.param(("key", "rm", "--address", "a@n.example"), 2, "fingerprint", id="no key named"),
        pytest.param(("audit", "verify", "--head", "12"), 2, "SEQ:HASH", id="half a witness"),
        pytest.param(("disclosure", "ls", "--state", "gone"), 2, "gone", id="an unknown state"),
        pytest.param(("member", "show", "x@y.example"), 1, "x@y.example", id="an unknown address"),
        pytest.param(("member", "ls", "--list", "other"), 1, "early-disclosure", id="an unknown list"),
        pytest.param(("list", "key", "other"), 1, "early-disclosure", id="the key of an unknown list"),
        pytest.param(("key", "show", "x@y.example"), 1, "x@y.example", id="keys of nobody"),
        pytest.param(("disclosure", "show", ID), 1, ID, id="an unknown disclosure"),
        pytest.param(("disclosure", "lift", ID), 1, ID, id="lifting an unknown disclosure"),
        pytest.param(("leak", "show", "LK-2026-9D3M"), 1, "LK-2026-9D3M", id="an unknown case"),
        pytest.param(("quarantine", "show", "QU-1"), 1, "QU-1", id="an unknown kept mail"),
        pytest.param(("quarantine", "release", "QU-1"), 1, "QU-1", id="releasing an unknown mail"),
        pytest.param(("quarantine", "discard", "QU-1"), 1, "QU-1", id="discarding an unknown mail"),
        pytest.param(("explain", "nowhere.eml"), 1, "nowhere.eml", id="explaining a file that is not there"),
        pytest.param(("explain", "/"), 1, "/: ", id="explaining a directory"),
        pytest.param(("explain", __file__, "--list", "other"), 1, "early-disclosure", id="explaining for no list"),
        pytest.param(("explain",), 2, "FILE", id="explaining nothing"),
        pytest.param(("queue", "retry", "CP-1"), 1, "CP-1", id="an unknown copy"),
        pytest.param(("alarm", "ack", "AL-1"), 1, "AL-1", id="an unknown alarm"),
        pytest.param(("alarm", "test"), 1, "[alarm]", id="no pager"),
    ],
)
def test_a_command_that_fails_says_why_in_one_line(house, words, code, says):
    said = house.refuse(*words, code=code)

    assert says in said
    assert said.startswith("embargo")


@pytest.mark.parametrize(
    ("written", "says"),
    [
        pytest.param("[lists", "TOML", id="no TOML"),
        pytest.param("[relay]\nhots = 'x'\n[lists.a]\naddress='a@l.example'\n", "host", id="a key misspelt"),
        pytest.param("", "list", id="no list"),
    ],
)
def test_a_broken_configuration_ends_with_2(house, written, says):
    house.config.write_text(written)

    assert says in house.refuse("member", "ls", code=2)


def test_a_missing_configuration_ends_with_2(house):
    house.config.unlink()

    assert "--config" in house.refuse("member", "ls", code=2)


@pytest.mark.parametrize(
    "words",
    [
        pytest.param(("list", "ls"), id="list"),
        pytest.param(("coordinator", "ls"), id="coordinator"),
        pytest.param(("member", "ls"), id="member"),
        pytest.param(("key", "ls"), id="key"),
        pytest.param(("disclosure", "ls"), id="disclosure"),
        pytest.param(("leak", "ls"), id="leak"),
        pytest.param(("quarantine", "ls"), id="quarantine"),
        pytest.param(("queue", "ls"), id="queue"),
        pytest.param(("alarm", "ls"), id="alarm"),
        pytest.param(("audit", "ls"), id="audit"),
        pytest.param(("audit", "export"), id="export"),
    ],
)
def test_a_reading_command_gives_one_json_array_and_else_a_text_for_people(house, words):
    assert isinstance(house.json(*words), list)
    assert house.ok(*words).strip()


def test_help_names_every_noun_without_importing_any(tmp_path):
    code = "import sys; sys.argv = ['embargo', '--help']; from gateway.cli import main\n"
    code += "try: main()\nexcept SystemExit: pass\n"
    code += "print([name for name in sys.modules if name.startswith(('sqlalchemy', 'pydantic', 'gateway.operator'))])"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)

    assert done.stdout.splitlines()[-1] == "[]"
    assert all(f"\n  {noun} " in done.stdout for noun in NOUNS)


def test_showing_does_not_pay_for_acting(house):
    code = "import sys; from gateway.cli import main\ntry: main()\nexcept SystemExit: pass\n"
    heavy = ("gnupg", "aiosmtpd", "aiosmtplib", "alembic", "gateway.sending.posting")
    code += f"print([n for n in sys.modules if n in {heavy!r}])"
    words = ["--config", str(house.config), "member", "ls"]

    done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, check=True)

    assert done.stdout.splitlines() == ["no member", "[]"]


def test_options_stand_anywhere_around_arguments(house):
    assert "nobody@n.example" in house.refuse("member", "show", "--json", "nobody@n.example")
    assert "nobody@n.example" in house.refuse("member", "show", "nobody@n.example", "--json")


@pytest.mark.side
def test_the_configuration_is_found_by_variable_and_by_directory(house):
    command = [sys.executable, "-m", "gateway", "list", "ls", "--json"]
    root = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    named = {**root, "EMBARGO_CONFIG": str(house.config)}

    by_variable = subprocess.run(command, capture_output=True, text=True, check=False, env=named, cwd="/")
    by_directory = subprocess.run(command, capture_output=True, text=True, check=False, env=root, cwd=house.directory)

    assert "early-disclosure" in by_variable.stdout
    assert by_directory.stdout == by_variable.stdout


class OddError(Exception):
    """Nobody foresaw it."""


@pytest.mark.parametrize(
    ("error", "code", "says"),
    [
        pytest.param(Unavailable("the database is not available"), 1, "try again", id="the database is busy"),
        pytest.param(TrailBroken("the head is not signed"), 1, "embargo audit verify", id="the trail was touched"),
        pytest.param(EngineUnavailable("no gpg"), 1, "embargo check", id="GnuPG is missing"),
        pytest.param(PermissionError(13, "Permission denied", "x.asc"), 1, "x.asc: Permission denied", id="a file"),
        pytest.param(OddError("the secret words"), 1, "defect", id="a defect"),
    ],
)
def test_what_goes_wrong_is_told_with_a_way_out_and_never_with_content(error, code, says):
    line, exit_code = told(error).line, told(error).code

    assert exit_code == code
    assert says in line
    assert "secret" not in line
    assert "\n" not in line
