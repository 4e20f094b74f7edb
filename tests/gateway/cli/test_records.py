"""Leak reports, alarms and the audit trail as the operator sees them."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import sys

import pytest

from world import world

OUT = "Embargo-Until: +14d\n\nA flaw.\n"
LEAK = {
    "id",
    "disclosure",
    "state",
    "verified",
    "reporter",
    "org",
    "confirmed_leaks",
    "what",
    "to",
    "when",
    "how",
    "reported_at",
    "missing",
    "outcome",
    "assessment",
    "retrospective",
    "retrospective_due",
}


async def test_leak_reports_are_shown_as_the_contract_says(tmp_path, people, beside):
    north = people["north"].address
    async with world(tmp_path, people) as story:
        await story.post("alice", OUT)
        await story.post("north", "Leak: fix.patch, a public repository\n", reply_to=story.last("north", "Flaw"))
        await story.post("mallory", "Leak-What: all of it\nLeak-To: a newspaper\n\nText.\n", subject="Hello")
        shell = beside(story)
        (disclosure,) = await shell.json("disclosure", "ls")

        # Both came in the same second of the story: in either order.
        unproved, proved = sorted(await shell.json("leak", "ls"), key=lambda case: case["verified"])

        assert proved.keys() == LEAK
        assert (proved["disclosure"], proved["state"], proved["verified"]) == (disclosure["id"], "open", True)
        assert (proved["reporter"], proved["org"]) == (north, "Northwind")
        assert proved["what"] == "fix.patch, a public repository"
        assert proved["missing"] == ["to", "when", "how"]
        assert (unproved["disclosure"], unproved["state"], unproved["verified"]) == (None, "quarantined", False)
        assert (unproved["org"], unproved["what"], unproved["to"]) == (None, "all of it", "a newspaper")
        assert await shell.json("leak", "show", proved["id"]) == proved
        assert "a newspaper" in await shell.ok("leak", "show", unproved["id"])


async def test_an_alarm_is_acknowledged_by_its_id_or_by_its_case(tmp_path, people, beside):
    async with world(tmp_path, people) as story:
        await story.post("alice", OUT)
        await story.post("north", "Leak: yes\n", reply_to=story.last("north", "Flaw"))
        shell = beside(story)
        (alarm,) = await shell.json("alarm", "ls")
        assert (alarm["kind"], alarm["list"]) == ("leak", "early-disclosure")

        await shell.ok("alarm", "ack", alarm["about"])

        (after,) = await shell.json("alarm", "ls")
        assert (after["id"], after["state"]) == (alarm["id"], "acked")
        assert "already" in await shell.refuse("alarm", "ack", alarm["id"])


def pager(house, code):
    """Configure a pager that writes down what it is told, and ends with this code."""
    told = house.directory / "told"
    program = f"import sys; open({str(told)!r}, 'w').write(sys.stdin.read()); sys.exit({code})"
    house.configure(more=f"[alarm]\ncommand = {json.dumps([sys.executable, '-c', program])}\n")
    return told


def test_the_pager_is_tried_and_what_it_was_told_is_said(house):
    told = pager(house, 0)

    said = house.ok("alarm", "test")

    assert json.loads(told.read_text()).keys() == {"kind", "id", "list", "at"}
    assert json.loads(told.read_text())["kind"] == "test"
    assert "was told: kind test" in said
    assert house.trail()[-1]["event"] == "alarm-tested"


def test_a_test_of_the_pager_stands_among_the_alarms_and_can_be_acknowledged(house):
    pager(house, 0)
    house.ok("alarm", "test")

    (alarm,) = house.json("alarm", "ls")
    assert (alarm["kind"], alarm["state"], alarm["attempts"]) == ("test", "told", 1)

    house.ok("alarm", "ack", alarm["id"])

    assert house.json("alarm", "ls")[0]["state"] == "acked"


def test_a_pager_that_fails_is_told_as_failing(house):
    pager(house, 3)

    assert "did not exit 0" in house.refuse("alarm", "test")
    assert house.json("alarm", "ls") == []


# --- the audit trail --------------------------------------------------------------------------


@pytest.fixture(scope="session")
def busy_template(template, house_at, people, tmp_path_factory):
    made = house_at(template, tmp_path_factory.mktemp("busy") / "house")
    made.add_coordinator(people["alice"])
    made.add_member(people["north"], "Northwind")
    for _ in range(5):
        made.ok("member", "suspend", people["north"].address)
        made.ok("member", "reinstate", people["north"].address)
    return made


@pytest.fixture
def busy(busy_template, house_at, tmp_path):
    """A house with thirteen records in its trail."""
    return house_at(busy_template.directory, tmp_path / "house")


def test_the_trail_is_listed_exported_and_verified(busy):
    listed = busy.json("audit", "ls")
    exported = busy.trail()

    assert [row["seq"] for row in listed] == list(range(1, len(listed) + 1))
    assert all(row.keys() == {"seq", "at", "event", "id", "reason", "hash"} for row in listed)
    assert [row["hash"] for row in exported] == [row["hash"] for row in listed]
    assert [row["seq"] for row in busy.json("audit", "ls", "--after", "3", "--limit", "2")] == [4, 5]
    assert {row["event"] for row in busy.json("audit", "ls", "--id", "security@northwind.example")} == {
        "member-added",
        "member-suspended",
        "member-reinstated",
    }
    assert busy.json("audit", "verify") == {"ok": True, "first_bad": None, "why": None}
    assert "whole" in busy.ok("audit", "verify")


def test_an_exported_record_can_be_held_against_its_hash_by_anybody(busy):
    for record in busy.trail():
        detail = json.dumps(record["detail"], sort_keys=True, separators=(",", ":"))
        hashed = {**record, "detail": detail}
        digest = hashed.pop("hash")
        text = json.dumps(hashed, ensure_ascii=True, sort_keys=True, separators=(",", ":"))
        assert hashlib.sha256(text.encode()).hexdigest() == digest


def verify(house, *words):
    """Verify a trail that was touched: exit 1, one line, and what is told to scripts."""
    said = house.refuse("audit", "verify", *words)
    result = house.run("audit", "verify", "--json", *words)
    found = json.loads(result.stdout)
    assert result.exit_code == 1
    assert found["ok"] is False
    assert f"record {found['first_bad']}" in said
    return found


def touch(house, *statements):
    with sqlite3.connect(house.directory / "state" / "embargo.sqlite3") as database:
        for statement in statements:
            database.execute(statement)
    database.close()


@pytest.mark.parametrize(
    ("statements", "first_bad"),
    [
        pytest.param(["UPDATE audit SET actor = 'alice@project.example' WHERE seq = 4"], 4, id="one changed"),
        pytest.param(["DELETE FROM audit WHERE seq = 5"], 5, id="one removed"),
        pytest.param(["DELETE FROM audit WHERE seq > 3"], 4, id="the end cut off"),
        pytest.param(["DELETE FROM trail_head"], 13, id="the head removed"),
        pytest.param(["DELETE FROM audit", "DELETE FROM trail_head"], 1, id="all of it removed"),
        pytest.param(["DELETE FROM items WHERE id = 'trail-key'"], 1, id="its key removed"),
        pytest.param(["UPDATE items SET body = x'01' WHERE id = 'trail-key'"], 1, id="its key changed"),
    ],
)
def test_a_trail_that_was_touched_does_not_verify(busy, statements, first_bad):
    touch(busy, *statements)

    assert verify(busy)["first_bad"] == first_bad


def test_a_trail_put_back_whole_shows_against_a_receipt(busy, people):
    database = busy.directory / "state" / "embargo.sqlite3"
    touch(busy, "PRAGMA wal_checkpoint(TRUNCATE)")
    old = database.read_bytes()
    busy.ok("member", "suspend", people["north"].address)
    last = busy.trail()[-1]
    head = f"{last['seq']}:{last['hash']}"
    assert "holds record" in busy.ok("audit", "verify", "--head", f"Audit head: {head}")
    for name in ("-wal", "-shm"):
        database.with_name(database.name + name).unlink(missing_ok=True)
    database.write_bytes(old)

    assert busy.json("audit", "verify")["ok"] is True
    assert verify(busy, "--head", head)["first_bad"] == last["seq"]


def test_nothing_is_written_over_a_trail_that_was_touched(busy, people):
    touch(busy, "UPDATE trail_head SET seq = seq - 1")

    assert "embargo audit verify" in busy.refuse("member", "suspend", people["north"].address)
    assert busy.json("member", "show", people["north"].address)["state"] == "active"
