"""Setting up: what is made, with which rights, and that doing it again changes nothing."""

from __future__ import annotations

import stat

import pytest

import pg_server
from storage.database import Database


def rights(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_everything_is_made_for_its_owner_alone(house):
    directory = house.directory

    assert rights(directory / "state") == 0o700
    assert rights(directory / "master.key") == 0o600
    assert rights(directory / "state" / "embargo.sqlite3") == 0o600
    assert house.json("list", "ls")[0]["fingerprint"]


def test_doing_it_again_changes_nothing(house):
    key = (house.directory / "master.key").read_bytes()
    before = house.json("list", "ls")

    said = house.ok("init")

    assert "nothing to do" in said
    assert (house.directory / "master.key").read_bytes() == key
    assert house.json("list", "ls") == before


def test_rights_that_were_widened_are_narrowed_again(house):
    (house.directory / "state").chmod(0o755)

    house.ok("init")

    assert rights(house.directory / "state") == 0o700


def test_an_upgraded_database_is_said_to_be_brought_up_to_date(house, monkeypatch):
    states = iter(["old", "current"])

    async def state(_):
        return next(states)

    monkeypatch.setattr(Database, "schema_state", state)

    said = house.ok("init")

    assert "brought the database schema up to date" in said


def test_a_list_that_was_added_later_gets_its_key(house):
    with house.config.open("a") as file:
        file.write('[lists.other]\naddress = "other@lists.example.org"\n')

    said = house.ok("init")

    assert "OpenPGP key of list other" in said
    assert [row["list"] for row in house.json("list", "ls")] == ["early-disclosure", "other"]


def test_a_lost_master_key_is_never_made_anew(house):
    (house.directory / "master.key").unlink()

    said = house.refuse("init", code=2)

    assert "master_key_file" in said
    assert "put the file back" in said
    assert not (house.directory / "master.key").exists()


def test_another_master_key_opens_nothing(house):
    (house.directory / "master.key").write_bytes(b"x" * 32)

    assert "master key" in house.refuse("init", code=2)
    assert "master key" in house.refuse("member", "ls", code=2)


def test_a_policy_of_ones_own_is_left_alone(house):
    (house.directory / "policy.md").write_text("Our rules.\n")

    house.ok("init")

    assert (house.directory / "policy.md").read_text() == "Our rules.\n"


def test_where_no_policy_can_be_written_the_rest_is_set_up_and_it_says_what_is_missing(tmp_path, house_at, template):
    fresh = house_at(template, tmp_path / "fresh")
    fresh.configure(more_of_list='policy_file = "rules/policy.md"')  # a directory that init does not make
    (fresh.directory / "master.key").unlink()
    (fresh.directory / "state" / "embargo.sqlite3").unlink()

    result = fresh.run("init")

    assert result.exit_code == 1
    assert "made the OpenPGP key of list early-disclosure" in result.stdout
    assert result.stderr.count("\n") == 1
    assert "lists.early-disclosure.policy_file" in result.stderr
    assert "rules/policy.md can't be written (No such file or directory)" in result.stderr
    assert "all else is set up" in result.stderr
    assert "members accept that text" in fresh.refuse("init")


@pytest.mark.parametrize(
    "words",
    [
        pytest.param(("member", "ls"), id="reading"),
        pytest.param(("queue", "retry"), id="acting"),
        pytest.param(("audit", "verify"), id="verifying"),
    ],
)
def test_before_it_a_command_says_what_to_do(house, words):
    house.config.write_text(house.config.read_text().replace('"state"', '"elsewhere"'))

    assert "embargo init" in house.refuse(*words, code=2)


def test_the_lists_key_is_printed_as_gnupg_takes_it(house, people):
    armored = house.ok("list", "key", "early-disclosure")

    shown = people["mallory"].gpg("--show-keys", "--with-colons", data=armored.encode()).decode()

    assert house.json("list", "ls")[0]["fingerprint"] in shown
    assert "early-disclosure@lists.example.org" in shown
    assert house.json("list", "key")["key"] == armored


@pytest.mark.side
@pytest.mark.parametrize("kind", ["sqlite", *(["postgresql"] if pg_server.available() else [])])
def test_all_of_it_stands_on_either_database(tmp_path, house, people, kind):
    if kind == "postgresql":
        url = pg_server.shared().empty()
        house.configure(more=f'[storage]\nurl = "{url}"\n')
        (house.directory / "master.key").unlink()
    try:
        house.ok("init")
        house.add_coordinator(people["alice"])
        house.add_member(people["north"], "Northwind")
        house.ok("member", "suspend", people["north"].address)

        assert house.json("member", "ls")[0]["state"] == "suspended"
        assert house.json("audit", "verify")["ok"]
        assert all(row["ok"] for row in house.json_of_check() if row["name"] != "relay")
    finally:
        if kind == "postgresql":
            pg_server.shared().drop(url)
