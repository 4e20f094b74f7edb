"""Keys that change while a copy waits: it goes out sealed to what is pinned at that moment, or waits."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from deeds import AT_ONCE, HELD, copies, pages, pin, states
from openpgp import Person
from world import World, world


@pytest.fixture
def newer(people: dict[str, Person]) -> Iterator[Person]:
    """Westlake with a new key, in a home of its own."""
    with Person(people["west"].name, people["west"].address) as person:
        yield person


def packets_of(story: World, person: Person, number: int = -1) -> str:
    return person.list_packets(story.box.to(person.address)[number].content)


async def test_a_key_replaced_during_the_hold_is_the_one_that_is_used(
    tmp_path: Path, people: dict[str, Person], newer: Person
) -> None:
    async with world(tmp_path, people) as story:
        await story.post("alice", HELD)
        await pin(story, newer, newer.public, instead=[people["west"].fingerprint])
        await story.pass_time(3600)

        (received,) = story.box.to(newer.address)
        newer.know(story.list_key)
        assert "A flaw in the parser." in story.open(newer, received).text
        with pytest.raises(AssertionError):
            assert story.open(people["west"], received).plaintext


@pytest.mark.parametrize("seal", ["each", "shared"])
async def test_a_key_replaced_while_the_relay_is_down_reseals_the_copy_under_the_same_message_id(
    tmp_path: Path, people: dict[str, Person], newer: Person, seal: str
) -> None:
    async with world(tmp_path, people, list={"seal": seal}) as story:
        west = people["west"].address
        story.box.script("451 4.3.0 later", recipient=west)
        await story.post("alice", AT_ONCE)
        await pin(story, newer, newer.public, instead=[people["west"].fingerprint])
        await story.pass_time(72)

        (received,) = story.box.to(west)
        newer.know(story.list_key)
        copy = story.open(newer, received)
        assert copy.message_id == story.inbox("north")[0].message_id
        assert copy.plaintext == story.inbox("north")[0].plaintext
        with pytest.raises(AssertionError):
            assert story.open(people["west"], received).plaintext


async def test_a_copy_without_a_usable_key_is_withheld_told_and_goes_out_by_itself_later(
    tmp_path: Path, people: dict[str, Person], newer: Person
) -> None:
    async with world(tmp_path, people) as story:
        await story.post("alice", HELD)
        disclosure = story.disclosure_id()
        await pin(story, newer, instead=[people["west"].fingerprint])
        await story.pass_time(3600)

        message = f"{disclosure}/1"
        assert (await states(story, message))["westlake"] == "withheld"
        kept = (await copies(story, message))[newer.address]
        assert kept.reason == "no key"
        assert len([copy for copy in story.inbox("adam") if "Withheld" in copy.subject]) == 1
        report = [copy for copy in story.inbox("adam") if "2 of 3" in copy.text]
        assert report, "the release report comes when the others are settled"
        assert people["west"].address not in story.box.attempts

        await story.pass_time(6 * 86400)
        story.box.script("451 4.3.0 later", recipient=newer.address)
        await pin(story, newer, newer.public)
        await story.settle()
        assert (await states(story, message))["westlake"] == "deferred", "its time to give up runs from now"
        await story.pass_time(72)
        (received,) = story.box.to(newer.address)
        newer.know(story.list_key)
        copy = story.open(newer, received)
        assert copy.message_id == story.inbox("north")[0].message_id


@pytest.mark.side
async def test_a_key_that_expires_by_the_clock_between_post_and_release_withholds_the_copy(
    tmp_path: Path, people: dict[str, Person]
) -> None:
    with Person(people["west"].name, people["west"].address, make=False) as brief:
        brief.make_key(expires="5d")
        async with world(tmp_path, people | {"west": brief}) as story:
            await story.post("alice", "Hold-Until: +5d\nEmbargo-Until: +14d\n\nA flaw in the parser.\n")
            assert "key expired" not in story.last("alice", "Receipt").text
            await story.pass_time(5 * 86400)
            message = f"{story.disclosure_id()}/1"
            kept = (await copies(story, message))[brief.address]
            assert (kept.state, kept.reason) == ("withheld", "key expired")
            assert story.box.to(brief.address) == []


@pytest.mark.side
async def test_a_coordinator_who_cannot_be_sealed_to_rings_the_pager_and_the_other_is_told(
    tmp_path: Path, people: dict[str, Person]
) -> None:
    async with world(tmp_path, people) as story:
        await pin(story, people["adam"], instead=[people["adam"].fingerprint])
        await story.post("alice", AT_ONCE)
        assert await pages(story, "coordinator-unreachable")
        assert any("Withheld" in subject and "Adam" in subject for subject in story.subjects("alice"))
        assert story.box.to(people["adam"].address) == []


@pytest.mark.side
async def test_a_copy_opens_with_each_of_a_members_keys_and_names_no_other(
    tmp_path: Path, people: dict[str, Person], newer: Person
) -> None:
    async with world(tmp_path, people, list={"seal": "shared"}) as story:
        await pin(story, newer, newer.public)
        await story.post("alice", AT_ONCE)
        (received,) = story.box.to(newer.address)
        newer.know(story.list_key)
        for holder in (newer, people["west"]):
            assert "A flaw in the parser." in story.open(holder, received).text
        assert packets_of(story, newer).count(":pubkey enc packet:") == 2
        assert packets_of(story, people["north"]).count(":pubkey enc packet:") == 1
