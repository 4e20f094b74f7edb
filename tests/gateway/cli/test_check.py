"""The doctor: each thing that would keep mail from flowing is found, and named."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from datetime import UTC, datetime, timedelta

import pytest

from fakes import FakeClock
from gateway import config as configuration
from gateway.operator.check import examine
from openpgp import Person
from world import world


def found(house, name):
    """The one finding of a name."""
    (finding,) = [row for row in house.json_of_check() if row["name"] == name]
    assert finding.keys() == {"name", "ok", "text"}
    return finding


async def test_a_gateway_that_works_has_nothing_against_it(tmp_path, people, beside):
    async with world(tmp_path, people) as story:
        shell = beside(story)

        findings = await shell.json("check")

        assert all(row["ok"] for row in findings), findings
        names = {row["name"] for row in findings}
        assert {"config", "state directory", "master key", "database", "gnupg", "relay", "clock", "alarm"} <= names
        assert {f"key of {people[who].address}" for who in ("alice", "adam", "north", "south", "west")} <= names


def test_people_read_a_line_each_and_the_exit_code_says_it_too(house):
    result = house.run("check")

    assert result.exit_code == 1
    assert "FAILED   relay: 127.0.0.1:9" in result.stdout
    assert "ok       gnupg:" in result.stdout
    assert "warning  alarm:" in result.stdout
    assert len(result.stdout.splitlines()) == len(house.json_of_check())


def rename(path):
    path.rename(path.with_name("gone"))


def future(house):
    with sqlite3.connect(house.directory / "state" / "embargo.sqlite3") as database:
        database.execute("UPDATE audit SET at = '2999-01-01T00:00:00.000000Z'")
    database.close()


def short_life(house):
    with Person("Short", "short@northwind.example", make=False) as short:
        short.make_key(expires="1d")
        house.add_member(short, "Short")
    with sqlite3.connect(house.directory / "state" / "embargo.sqlite3") as database:
        row = database.execute("SELECT list_id, fingerprint, public, algorithm, added_at FROM keys").fetchone()
        database.execute("UPDATE keys SET public = ?", (row[2][:40],))
    database.close()


@pytest.mark.parametrize(
    ("harm", "name", "says"),
    [
        pytest.param(lambda h: (h.directory / "state").chmod(0o755), "state directory", "chmod 700", id="open state"),
        pytest.param(lambda h: rename(h.directory / "state"), "state directory", "embargo init", id="no state"),
        pytest.param(lambda h: (h.directory / "master.key").chmod(0o644), "master key", "chmod 600", id="open key"),
        pytest.param(lambda h: rename(h.directory / "master.key"), "master key", "can't be read", id="no master key"),
        pytest.param(
            lambda h: (h.directory / "master.key").write_bytes(b"y" * 32), "database", "master key", id="another key"
        ),
        pytest.param(
            lambda h: rename(h.directory / "state" / "embargo.sqlite3"), "database", "embargo init", id="no database"
        ),
        pytest.param(future, "clock", "set it", id="a clock that is behind"),
        pytest.param(lambda h: None, "coordinators of early-disclosure", "coordinator add", id="no coordinator"),
        pytest.param(
            lambda h: h.configure(more='[alarm]\ncommand = ["/nowhere/page"]'), "alarm", "/nowhere/page", id="no pager"
        ),
        pytest.param(
            short_life, "key of short@northwind.example", "not readable", id="a certificate that can't be read"
        ),
    ],
)
def test_what_keeps_mail_from_flowing_is_named_with_the_way_out(house, harm, name, says):
    harm(house)

    finding = found(house, name)

    assert finding["ok"] is False
    assert says in finding["text"]
    assert house.run("check").exit_code == 1


def test_a_master_key_in_the_state_directory_is_a_warning(house):
    (house.directory / "master.key").rename(house.directory / "state" / "master.key")
    house.configure(more='[storage]\nmaster_key_file = "state/master.key"')

    finding = found(house, "master key")

    assert finding["ok"]
    assert "inside the state directory" in finding["text"]


async def finding_in(house, days, name):
    """What the doctor finds of a name, so many days from now."""
    clock = FakeClock(datetime.now(UTC) + timedelta(days=days))
    rows = await examine(configuration.load(house.config), clock, lambda _step: None)
    return next(row for row in rows if row.name == name)


async def test_a_key_is_a_warning_before_its_end_and_a_failure_after_it_to_whoever_should_get_mail(house):
    with Person("Short", "short@northwind.example", make=False) as short:
        short.make_key(expires="20d")
        await asyncio.to_thread(house.add_member, short, "Short")
        name = f"key of {short.address}"

        soon, after = await finding_in(house, 0, name), await finding_in(house, 30, name)
        await asyncio.to_thread(house.ok, "member", "suspend", short.address)
        suspended = await finding_in(house, 30, name)

    assert (soon.ok, soon.warns) == (True, True)
    assert "expires" in soon.text
    assert (after.ok, "expired" in after.text) == (False, True)
    assert (suspended.ok, suspended.warns) == (True, True)


def test_without_gnupg_it_says_so(house, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))

    assert "install GnuPG" in found(house, "gnupg")["text"]


def test_a_broken_configuration_is_all_told_at_once(house):
    house.config.write_text("[relay]\nhots = 'x'\n[smtp]\nlisten = 3\n[lists.a]\naddress = 'a@l.example'\n")

    result = house.run("check", "--json")

    assert result.exit_code == 2
    assert [row["ok"] for row in json.loads(result.stdout)] == [False]
    assert result.stderr.count("\n") == 1
