"""Pinned keys: shown, replaced, added, removed; a change shows to whoever holds the old key."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from openpgp import Person
from world import world

KEYS = {"address", "fingerprint", "algorithm", "expires_at", "usable", "reason"}


@pytest.fixture(scope="session")
def fresh() -> Iterator[Person]:
    """Northwind's next key."""
    with Person("Northwind Security", "security@northwind.example") as person:
        yield person


@pytest.fixture
def given(house, people):
    """Northwind on the list with its first key."""
    house.add_member(people["north"], "Northwind")
    return house


def file_of(house, person):
    path = house.directory / f"{person.fingerprint}.asc"
    path.write_bytes(person.public)
    return path


def pinned(house):
    return [row["fingerprint"] for row in house.json("key", "ls")]


def test_a_key_is_shown_with_its_use(given, people):
    north = people["north"]

    shown = given.json("key", "show", north.address)

    assert shown == given.json("key", "ls")
    assert shown[0].keys() == KEYS
    assert shown[0] == {
        "address": north.address,
        "fingerprint": north.fingerprint,
        "algorithm": shown[0]["algorithm"],
        "expires_at": None,
        "usable": True,
        "reason": None,
    }
    assert "25519" in shown[0]["algorithm"]


def test_a_key_that_ends_says_when(house):
    with Person("Short", "short@northwind.example", make=False) as short:
        short.make_key(expires="20d")
        house.add_member(short, "Short")

        assert house.json("key", "ls")[0]["expires_at"].endswith("Z")
        assert any("expires" in row["text"] and row["ok"] for row in house.json_of_check())


def test_replacing_takes_all_old_keys_off(given, people, fresh):
    address = people["north"].address

    said = given.ok("key", "replace", "--address", address, "--key", file_of(given, fresh))

    assert pinned(given) == [fresh.fingerprint]
    assert people["north"].fingerprint in said
    record = given.trail()[-1]
    assert (record["event"], record["actor"]) == ("key-replaced", "operator")
    assert record["detail"] == {"gone": [people["north"].fingerprint], "pinned": [fresh.fingerprint]}


def test_a_further_key_stands_beside_the_first_and_can_go_again(given, people, fresh):
    address, old = people["north"].address, people["north"].fingerprint

    given.ok("key", "add", "--address", address, "--key", file_of(given, fresh), "--fingerprint", fresh.fingerprint)
    assert pinned(given) == [old, fresh.fingerprint]

    given.ok("key", "rm", "--address", address, "--fingerprint", old)
    assert pinned(given) == [fresh.fingerprint]


def test_the_only_key_stays(given, people):
    north = people["north"]

    assert "only key" in given.refuse("key", "rm", "--address", north.address, north.fingerprint)
    assert pinned(given) == [north.fingerprint]


def test_a_key_that_is_not_pinned_can_not_be_taken_off(given, people, fresh):
    assert "has no key" in given.refuse("key", "rm", fresh.fingerprint, "--address", people["north"].address)


def test_a_bad_file_changes_nothing(given, people):
    path = given.directory / "bad.asc"
    path.write_bytes(people["south"].public)

    assert "bad.asc" in given.refuse("key", "replace", "--address", people["north"].address, "--key", path)
    assert pinned(given) == [people["north"].fingerprint]


def test_a_key_of_somebody_else_is_refused(house, people):
    with Person("Two", "one@northwind.example", make=False) as two:
        two.fingerprint = two.make_primary("One <one@northwind.example>")
        two.gpg("--quick-add-key", two.fingerprint, "cv25519", "encr")
        two.gpg("--quick-add-uid", two.fingerprint, f"Two <{people['south'].address}>")
        house.add_member(two, "One")
        house.add_member(people["south"], "Southgate")

        said = house.refuse("key", "add", "--address", people["south"].address, "--key", file_of(house, two))

        assert "one@northwind.example" in said


def test_the_same_key_with_a_longer_life_is_taken_over(house):
    with Person("Short", "short@northwind.example", make=False) as short:
        short.make_key(expires="20d")
        house.add_member(short, "Short")
        before = house.json("key", "ls")[0]["expires_at"]
        short.gpg("--quick-set-expire", short.fingerprint, "2y")
        short.gpg("--quick-set-expire", short.fingerprint, "2y", "*")

        house.ok("key", "replace", "--address", short.address, "--key", file_of(house, short))

        after = house.json("key", "ls")
        assert len(after) == 1
        assert after[0]["expires_at"] > before


async def test_a_change_shows_to_the_old_keys_holder_and_the_coordinators(tmp_path, people, fresh, beside):
    north = people["north"]
    async with world(tmp_path, people, pinned=["alice", "north"]) as story:
        shell = beside(story)

        await shell.ok("key", "replace", "--address", north.address, "--key", file_of(shell.house, fresh))
        await story.settle()

        note = story.last("north", "Your pinned key changed")
        assert f"No longer: {north.fingerprint}" in note.text
        assert f"From now on: {fresh.fingerprint}" in note.text
        assert note.good_signer() is not None
        told = story.last("alice", "Roster").text
        assert north.fingerprint in told
        assert fresh.fingerprint in told


async def test_a_further_key_shows_to_the_holder_of_the_first(tmp_path, people, fresh, beside):
    north = people["north"]
    async with world(tmp_path, people, pinned=["alice", "north"]) as story:
        shell = beside(story)

        await shell.ok("key", "add", "--address", north.address, "--key", file_of(shell.house, fresh))
        await story.settle()

        (received,) = story.box.to(north.address)
        assert fresh.fingerprint in story.open(north, received).text
        assert story.subjects("north") == ["Your pinned key changed"]


async def test_a_removed_key_is_told_that_it_is(tmp_path, people, fresh, beside):
    north = people["north"]
    async with world(tmp_path, people, pinned=["alice"]) as story:
        shell = beside(story)
        keys = ["--key", shell.house.key(north), "--key", file_of(shell.house, fresh)]
        await shell.ok("member", "add", "--org", "Northwind", "--address", north.address, *keys)

        await shell.ok("key", "rm", "--address", north.address, fresh.fingerprint)
        await story.settle()

        fresh.know(story.list_key)
        (received,) = story.box.to(north.address)
        assert f"No longer: {fresh.fingerprint}" in story.open(fresh, received).text


@pytest.mark.side
async def test_a_copy_that_waits_is_sealed_to_the_new_key(tmp_path, people, fresh, beside):
    north = people["north"]
    async with world(tmp_path, people) as story:
        story.box.script("451 4.3.0 later", recipient=north.address)
        await story.post("alice", "Embargo-Until: +14d\n\nA flaw.\n")
        shell = beside(story)

        await shell.ok("key", "replace", "--address", north.address, "--key", file_of(shell.house, fresh))
        await shell.ok("queue", "retry")
        await story.settle()

        fresh.know(story.list_key)
        texts = []
        for received in story.box.to(north.address):
            try:
                texts.append(story.open(fresh, received).text)
            except AssertionError:
                texts.append(story.open(north, received).subject)
        assert any("A flaw." in text for text in texts)
        assert "Your pinned key changed" in texts
