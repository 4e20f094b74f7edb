"""The real command line, in this process, against a gateway that was set up with real keys."""

from __future__ import annotations

import asyncio
import json
import logging
import shutil
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog
from typer.testing import CliRunner, Result

from gateway import log
from gateway.cli import app
from openpgp import Person
from world import LIST, World

CAST = {
    "alice": ("Alice Archer", "alice@project.example"),
    "adam": ("Adam Abbot", "adam@project.example"),
    "north": ("Northwind Security", "security@northwind.example"),
    "south": ("Southgate PSIRT", "psirt@southgate.example"),
    "west": ("Westlake Security", "security@westlake.example"),
    "mallory": ("Mallory", "mallory@elsewhere.example"),
}


@pytest.fixture(autouse=True)
def loud_again() -> Iterator[None]:
    """A command takes the log and the hooks of its process over, which here is also that of other tests.

    What a library says later would stand in what the next command prints, and what fails unseen would be no failure.
    """
    root = logging.getLogger()
    before = [(one, one.level, list(one.handlers)) for one in (root, *map(logging.getLogger, log.LOUD))]
    owners = ((sys, "excepthook"), (threading, "excepthook"), (sys, "unraisablehook"))
    hooks = [(owner, name, getattr(owner, name)) for owner, name in owners]
    yield
    structlog.reset_defaults()
    for one, level, handlers in before:
        one.setLevel(level)
        one.handlers[:] = [each for each in handlers if not isinstance(each, log.LibraryHandler)]
    for owner, name, hook in hooks:
        setattr(owner, name, hook)


@pytest.fixture(scope="session")
def people() -> Iterator[dict[str, Person]]:
    cast = {name: Person(*who) for name, who in CAST.items()}
    yield cast
    for person in cast.values():
        person.close()


class House:
    """A directory with a configuration, and the commands run on it."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.config = directory / "config.toml"

    def configure(self, relay_port: int = 9, more: str = "", more_of_list: str = "") -> None:
        """Write the configuration; its relay answers nobody unless a port is given."""
        self.config.write_text(
            f"""
[gateway]
state_dir = "state"
hostname = "mx.lists.example.org"
[smtp]
listen = "127.0.0.1:0"
[relay]
port = {relay_port}
{more}
[lists.early-disclosure]
address = "{LIST}"
name = "Example early disclosure"
release_grace = "0s"
{more_of_list}
"""
        )

    def run(self, *words: str | Path) -> Result:
        """Run a command as from a shell."""
        result = CliRunner().invoke(app, ["--config", str(self.config), *map(str, words)])
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result

    def ok(self, *words: str | Path) -> str:
        """Run a command that has to succeed; give what it printed."""
        result = self.run(*words)
        assert result.exit_code == 0, result.output
        return result.stdout

    def json(self, *words: str | Path) -> Any:
        """Run a reading command; give its one JSON document."""
        return json.loads(self.ok(*words, "--json"))

    def refuse(self, *words: str | Path, code: int = 1) -> str:
        """Run a command that has to fail; give its one line of why."""
        result = self.run(*words)
        assert result.exit_code == code, result.output
        assert result.stderr.count("\n") == 1, result.stderr
        return result.stderr

    def key(self, person: Person) -> Path:
        """A person's public key as a file."""
        path = self.directory / f"{person.address}.asc"
        path.write_bytes(person.public)
        return path

    def add_member(self, person: Person, org: str, *words: str) -> str:
        return self.ok("member", "add", "--org", org, "--address", person.address, "--key", self.key(person), *words)

    def add_coordinator(self, person: Person) -> str:
        return self.ok(
            "coordinator", "add", "--name", person.name, "--address", person.address, "--key", self.key(person)
        )

    def json_of_check(self) -> Any:
        """What the doctor finds, whether or not all is well."""
        return json.loads(self.run("check", "--json").stdout)

    def trail(self) -> list[dict[str, Any]]:
        """The audit trail, whole records."""
        return [json.loads(line) for line in self.ok("audit", "export").splitlines()]


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = House(tmp_path_factory.mktemp("house"))
    made.configure()
    made.ok("init")
    return made.directory


@pytest.fixture(scope="session")
def house_at() -> Callable[[Path, Path], House]:
    """Copy a gateway that was set up to another place."""

    def copy(source: Path, target: Path) -> House:
        shutil.copytree(source, target)
        return House(target)

    return copy


@pytest.fixture
def house(template: Path, tmp_path: Path, house_at: Callable[[Path, Path], House]) -> House:
    """A gateway that was just set up: one list, nobody on it."""
    return house_at(template, tmp_path / "house")


class Beside:
    """The commands, run beside a gateway that is running in a story."""

    def __init__(self, story: World, directory: Path) -> None:
        self.story = story
        self.house = House(directory)
        self.house.configure(story.box.port)
        (directory / "policy.md").write_text("Rules.\n")

    async def ok(self, *words: str | Path) -> str:
        said = await asyncio.to_thread(self.house.ok, *words)
        self.catch_up()
        return said

    async def json(self, *words: str | Path) -> Any:
        return await asyncio.to_thread(self.house.json, *words)

    async def refuse(self, *words: str | Path, code: int = 1) -> str:
        return await asyncio.to_thread(lambda: self.house.refuse(*words, code=code))

    async def trail(self) -> list[dict[str, Any]]:
        return await asyncio.to_thread(self.house.trail)

    def catch_up(self) -> None:
        """The commands live by the machine's clock: let the story's be no earlier."""
        self.story.clock.move_to(max(self.story.clock.now(), datetime.now(UTC) + timedelta(seconds=1)))


@pytest.fixture
def beside(tmp_path: Path):
    return lambda story: Beside(story, tmp_path)
