"""Coordinators and members: adding, suspending, reinstating, removing."""

from __future__ import annotations

import hashlib

import pytest

from openpgp import Person
from world import world

MEMBER_KEYS = {"list", "org", "address", "keys", "groups", "state"}


def test_a_member_is_added_with_its_groups_and_keys(house, people):
    north = people["north"]
    fingerprint = f"{north.fingerprint[:20]} {north.fingerprint[20:].lower()}"

    said = house.add_member(
        north, "Northwind", "--group", "distributors", "--group", "cloud", "--fingerprint", fingerprint
    )

    assert north.fingerprint in said
    assert house.json("member", "ls") == [
        {
            "list": "early-disclosure",
            "org": "Northwind",
            "address": north.address,
            "keys": [north.fingerprint],
            "groups": ["cloud", "distributors"],
            "state": "active",
        }
    ]
    assert house.json("member", "show", north.address.upper()).keys() == MEMBER_KEYS | {"confirmed_leaks"}


def test_its_acceptance_of_the_policy_is_in_the_trail_by_hash(house, people):
    house.add_member(people["north"], "Northwind")

    record = house.trail()[-1]

    text = (house.directory / "policy.md").read_bytes()
    assert record["event"] == "member-added"
    assert record["actor"] == "operator"
    assert record["detail"]["policy"] == hashlib.sha256(text).hexdigest()


def test_without_a_policy_no_member_is_added(house, people):
    (house.directory / "policy.md").unlink()
    north = people["north"]

    said = house.refuse("member", "add", "--org", "N", "--address", north.address, "--key", house.key(north), code=2)

    assert "policy_file" in said
    assert house.json("member", "ls") == []


def test_a_team_has_several_keys_for_one_address(house, people):
    north = people["north"]
    with Person("Second", north.address) as second:
        other = house.directory / "second.asc"
        other.write_bytes(second.public_binary)

        house.add_member(north, "Northwind", "--key", str(other))

        assert house.json("member", "show", north.address)["keys"] == [north.fingerprint, second.fingerprint]


def refused(house, person, *words, org="Northwind", address=None, key=None, code=1):
    """Try to add a member, and see that nobody was."""
    before = house.json("key", "ls")
    said = house.refuse(
        "member", "add", "--org", org, "--address", address or person.address, "--key", key or house.key(person),
        *words, code=code,
    )  # fmt: skip
    assert house.json("key", "ls") == before
    return said


def test_a_key_that_is_not_the_named_one_is_refused(house, people):
    assert people["north"].fingerprint in refused(house, people["north"], "--fingerprint", people["south"].fingerprint)


def test_each_of_several_keys_has_to_be_named_once_one_is(house, people):
    with Person("Second", people["north"].address) as second:
        other = house.directory / "second.asc"
        other.write_bytes(second.public)

        said = refused(house, people["north"], "--key", str(other), "--fingerprint", people["north"].fingerprint)

        assert second.fingerprint in said


def test_half_a_fingerprint_is_none(house, people):
    assert "full fingerprint" in refused(
        house, people["north"], "--fingerprint", people["north"].fingerprint[-16:], code=2
    )


def test_a_key_without_the_address_is_refused(house, people):
    said = refused(house, people["north"], address="other@northwind.example")

    assert "other@northwind.example" in said
    assert people["north"].address in said


@pytest.mark.parametrize(
    ("make", "says"),
    [
        pytest.param(lambda person: person.secret, "secret key", id="a secret key"),
        pytest.param(lambda person: b"hello", "not an OpenPGP key", id="no key"),
        pytest.param(lambda person: b"", "empty", id="an empty file"),
        pytest.param(lambda person: person.public + person.public, "more than one key", id="two keys"),
    ],
)
def test_a_file_that_is_no_single_public_key_is_refused_by_name(house, people, make, says):
    path = house.directory / "given.asc"
    path.write_bytes(make(people["north"]))

    said = refused(house, people["north"], key=path)

    assert says in said
    assert "given.asc" in said


def test_a_key_that_only_signs_is_refused(house):
    with Person("Signer", "signer@northwind.example", algorithms=("ed25519", "")) as signer:
        assert "no encryption subkey" in refused(house, signer)


def test_a_weak_key_is_refused_by_name(house):
    with Person("Weak", "weak@northwind.example", algorithms=("rsa2048", "rsa2048")) as weak:
        assert "RSA 2048" in refused(house, weak)


def test_an_address_that_is_there_is_refused_in_any_role_and_case(house, people):
    house.add_coordinator(people["alice"])

    said = refused(house, people["alice"], address=people["alice"].address.upper())

    assert "coordinator" in said


def test_an_organisation_has_one_alias(house, people):
    house.add_member(people["north"], "Northwind")

    assert people["north"].address in refused(house, people["south"], org="northwind")


def test_a_key_belongs_to_one_address(house, people):
    north = people["north"]
    with Person("Both", "one@northwind.example", make=False) as both:
        both.fingerprint = both.make_primary("One <one@northwind.example>")
        both.gpg("--quick-add-key", both.fingerprint, "cv25519", "encr")
        both.gpg("--quick-add-uid", both.fingerprint, f"Two <{north.address}>")
        house.add_member(both, "Both")

        said = refused(house, both, org="Other", address=north.address)

        assert "one@northwind.example" in said


@pytest.mark.parametrize(
    ("address", "code"),
    [
        pytest.param("north", 2, id="no address"),
        pytest.param("north wind@n.example", 2, id="a blank"),
        pytest.param("a@n.example, b@n.example", 2, id="two"),
        pytest.param("early-disclosure@lists.example.org", 1, id="the list itself"),
        pytest.param("Early-Disclosure-Owner@lists.example.org", 1, id="the list's owner address"),
    ],
)
def test_an_address_that_can_not_be_a_members_is_refused(house, people, address, code):
    refused(house, people["north"], address=address, code=code)


def test_names_are_what_people_can_read(house, people):
    assert "--org" in refused(house, people["north"], org="North\x1b[2Jwind", code=2)


def test_who_is_suspended_can_be_reinstated_and_neither_twice(house, people):
    north = people["north"].address
    house.add_member(people["north"], "Northwind")

    house.ok("member", "suspend", north)
    assert house.json("member", "show", north)["state"] == "suspended"
    assert "suspended already" in house.refuse("member", "suspend", north)

    house.ok("member", "reinstate", north)
    assert house.json("member", "show", north)["state"] == "active"
    assert "active already" in house.refuse("member", "reinstate", north)


def test_who_is_removed_is_gone_and_may_come_again_with_the_same_key(house, people):
    north = people["north"]
    house.add_member(north, "Northwind")

    house.ok("member", "rm", north.address)

    assert house.json("member", "ls") == []
    assert "no member" in house.refuse("member", "reinstate", north.address)
    house.add_member(north, "Northwind")
    assert house.json("member", "show", north.address)["state"] == "active"


def test_a_role_is_not_mistaken_for_the_other(house, people):
    house.add_coordinator(people["alice"])
    house.add_member(people["north"], "Northwind")

    assert "is a coordinator" in house.refuse("member", "rm", people["alice"].address)
    assert "is a member" in house.refuse("coordinator", "rm", people["north"].address)


def test_the_last_coordinator_may_go_with_a_warning(house, people):
    house.add_coordinator(people["alice"])
    house.add_coordinator(people["adam"])

    first = house.run("coordinator", "rm", people["alice"].address)
    last = house.run("coordinator", "rm", people["adam"].address)

    assert (first.exit_code, first.stderr) == (0, "")
    assert last.exit_code == 0
    assert "no coordinator any more" in last.stderr
    assert house.json("coordinator", "ls") == []


def test_every_act_is_in_the_trail_as_the_operators(house, people):
    alice, north = people["alice"], people["north"]
    house.add_coordinator(alice)
    house.add_member(north, "Northwind")
    for verb in ("suspend", "reinstate", "rm"):
        house.ok("member", verb, north.address)
    house.ok("coordinator", "rm", alice.address)

    acts = [(record["event"], record["id"]) for record in house.trail() if record["actor"] == "operator"][1:]

    assert acts == [
        ("coordinator-added", alice.address),
        ("member-added", north.address),
        ("member-suspended", north.address),
        ("member-reinstated", north.address),
        ("member-removed", north.address),
        ("coordinator-removed", alice.address),
    ]


def test_with_several_lists_the_list_has_to_be_said(house, people):
    with house.config.open("a") as file:
        file.write('[lists.other]\naddress = "other@lists.example.org"\n')
    house.ok("init")
    north = people["north"]

    said = house.refuse("member", "add", "--org", "N", "--address", north.address, "--key", house.key(north), code=2)
    assert "--list" in said

    house.add_member(north, "Northwind", "--list", "other")
    house.add_member(north, "Northwind", "--list", "early-disclosure")
    assert "--list" in house.refuse("member", "suspend", north.address, code=2)
    house.ok("member", "suspend", north.address, "--list", "other")
    assert [row["state"] for row in house.json("member", "ls")] == ["suspended", "active"]


async def test_the_coordinators_hear_of_it_and_the_member_too(tmp_path, people, beside):
    async with world(tmp_path, people, pinned=["alice", "adam", "north"]) as story:
        shell = beside(story)

        await shell.ok("member", "suspend", people["north"].address)
        await story.settle()

        for who in ("alice", "adam"):
            assert "suspended the member Northwind" in story.last(who, "Roster").text
        assert story.subjects("north") == ["Example early disclosure: suspended"]
        assert "confidential" in story.last("north").text


async def test_a_removed_coordinator_gets_nothing_more(tmp_path, people, beside):
    async with world(tmp_path, people, pinned=["alice", "adam"]) as story:
        shell = beside(story)

        await shell.ok("coordinator", "rm", people["adam"].address)
        await story.settle()

        assert story.subjects("adam") == []
        assert "removed the coordinator Adam Abbot" in story.last("alice", "Roster").text


async def test_what_was_queued_for_a_suspended_member_never_leaves(tmp_path, people, beside):
    async with world(tmp_path, people, relay={"port": 9}) as story:  # nobody answers there: all of it waits
        shell = beside(story)
        await story.post("alice", "Embargo-Until: +14d\n\nA flaw.\n")
        disclosure = (await shell.json("disclosure", "ls"))[0]["id"]

        said = await shell.ok("member", "suspend", people["north"].address)

        shown = await shell.json("disclosure", "show", disclosure)
        states = {copy["org"]: (copy["state"], copy["reason"]) for copy in shown["copies"]}
        assert "1 queued copies cancelled" in said
        assert states["Northwind"] == ("cancelled", "suspended")
        assert states["Southgate"][0] == "deferred"
        assert shown["recipients"] == 2
