"""Who needs to know: scopes, how they widen and narrow, and parts that only some get."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from openpgp import Person
from policy.facts import Role, Standing
from storage import roster
from world import World, world

FIX = b"--- a\r\n+++ b\r\nfix-canary\r\n"
POC = bytes(range(256))


async def test_a_restricted_part_reaches_only_those_named_and_the_others_read_what_is_withheld(
    tmp_path: Path, people: dict[str, Person]
) -> None:
    async with world(tmp_path, people) as story:
        await story.post(
            "alice",
            "Embargo-Until: +14d\nTLP: RED\nRestrict: *.patch to\n  group:distributors\n\nSee the fix.\n",
            attachments=[("fix.patch", FIX), ("poc.bin", POC)],
        )
        receipt = story.last("alice", "Receipt")

        for name in ("north", "south"):
            assert story.last(name).attachments == {"fix.patch": FIX, "poc.bin": POC}
            assert "Withheld" not in story.last(name).text
        outsider = story.last("west")
        assert outsider.attachments == {"poc.bin": POC}
        assert "Withheld from you: fix.patch (the coordinators restricted it" in outsider.text
        assert "TLP:RED" in outsider.text
        assert b"fix-canary" not in outsider.plaintext
        assert "Withheld: fix.patch from Westlake" in receipt.text
        assert len(receipt.proofs) == 2

        await story.post("alice", "A better fix.\n", reply_to=outsider, attachments=[("v2.patch", FIX)])
        assert story.last("north").attachments == {"v2.patch": FIX}
        assert story.last("west").attachments == {}
        assert "Withheld from you: v2.patch" in story.last("west").text


@pytest.mark.side
async def test_a_scope_names_groups_organisations_and_addresses(tmp_path: Path, people: dict[str, Person]) -> None:
    async with world(tmp_path, people) as story:
        for line, readers in {
            "group:cloud": {"west"},
            "org:Southgate": {"south"},
            "security@northwind.example, group:cloud": {"north", "west"},
            "all": {"north", "south", "west"},
        }.items():
            subject = f"Scope {line}"
            await story.post("alice", f"Embargo-Until: +14d\nScope: {line}\n\nA flaw.\n", subject=subject)
            reached = {name for name in ("north", "south", "west") if any(subject in s for s in story.subjects(name))}
            assert reached == readers
        assert (
            "2 of 3 members; not: Southgate (scope)." in story.last("alice", "Receipt: Scope security@northwind").text
        )


async def test_a_wider_scope_sends_what_went_before_and_a_narrower_one_stops(
    tmp_path: Path, people: dict[str, Person]
) -> None:
    async with world(tmp_path, people) as story:
        await story.post(
            "alice",
            "Embargo-Until: +14d\nScope: org:Northwind\nRestrict: fix.patch to org:Northwind\n\nOne.\n",
            attachments=[("fix.patch", FIX)],
        )
        await story.post("alice", "Two.\n", reply_to=story.last("north"))
        await story.post("north", "A reply of a member.\n", reply_to=story.last("north"))

        await story.post("alice", "Scope: org:Northwind, org:Westlake\n", reply_to=story.last("alice", "Receipt"))

        receipt = story.last("alice", "Receipt")
        assert "1 more get what went before: Westlake" in receipt.text
        first, second = sorted(story.inbox("west"), key=lambda copy: "One." not in copy.text)
        assert "One." in first.text
        assert "Withheld from you: fix.patch" in first.text
        assert "Two." in second.text
        assert {proof.as_string() for proof in receipt.proofs}
        assert first.message_id == story.inbox("north")[0].message_id
        assert len(story.inbox("north")) == 2
        assert story.inbox("south") == []

        await story.post("alice", "Scope: org:Westlake\n", reply_to=receipt)
        await story.post("alice", "Three.\n", reply_to=story.last("west"))
        assert "Three." in story.last("west").text
        assert len(story.inbox("north")) == 2

        await story.post("alice", "Scope: org:Nobody\n", reply_to=receipt)
        assert "there is no organisation 'Nobody'" in story.last("alice", "Kept back").text


@pytest.mark.side
async def test_who_joins_after_the_release_is_let_in_only_by_a_scope_line(
    tmp_path: Path, people: dict[str, Person]
) -> None:
    async with world(tmp_path, people, pinned=["alice", "north"]) as story:
        await story.post("alice", "Embargo-Until: +14d\nScope: all\n\nOne.\n")
        await _join(story, "south", "Southgate")
        await story.post("alice", "Two.\n", reply_to=story.last("north"))
        assert story.inbox("south") == []

        await story.post("alice", "Scope: all\n", reply_to=story.last("alice", "Receipt"))

        assert {copy.text.rstrip().rpartition("\n")[2] for copy in story.inbox("south")} == {"One.", "Two."}


async def test_a_copy_that_still_waits_is_called_off_by_a_narrower_scope_and_sent_by_a_wider_one(
    tmp_path: Path, people: dict[str, Person]
) -> None:
    async with world(tmp_path, people) as story:
        address = story.people["south"].address
        story.box.script("451 4.3.0 later", recipient=address)
        await story.post("alice", "Embargo-Until: +14d\n\nOne.\n")
        await story.post("alice", "Scope: org:Northwind\n", reply_to=story.last("alice", "Receipt"))
        await story.pass_time(3600)
        assert story.inbox("south") == []

        await story.post("alice", "Scope: all\n", reply_to=story.last("alice", "Receipt"))

        assert "One." in story.last("south").text


async def _join(story: World, name: str, organisation: str) -> None:
    person, now = story.people[name], story.clock.now()
    facts, public = await story.parts.engine.inspect(person.public, now=datetime.now(UTC))
    async with story.parts.database.transaction() as tx:
        person_id = await roster.add_person(
            tx,
            list_id="early-disclosure",
            role=Role.MEMBER,
            address=person.address,
            name=organisation,
            groups=(),
            policy_hash=None,
            now=now,
        )
        await roster.pin_key(
            tx,
            person_id=person_id,
            list_id="early-disclosure",
            fingerprint=facts.fingerprint,
            public=public,
            algorithm=facts.algorithm,
            expires_at=facts.expires_at,
            flaw=None,
            now=now,
        )


@pytest.mark.side
async def test_who_was_suspended_at_the_release_and_is_let_in_later_gets_the_whole_of_it(
    tmp_path: Path, people: dict[str, Person]
) -> None:
    async with world(tmp_path, people) as story:
        await _stand(story, "south", Standing.SUSPENDED)
        await story.post("alice", "Embargo-Until: +14d\n\nOne.\n", attachments=[("fix.patch", FIX)])
        assert "Southgate (suspended)" in story.last("alice", "Receipt").text
        await _stand(story, "south", Standing.ACTIVE)
        await story.settle()
        assert story.inbox("south") == []

        await story.post("alice", "Scope: all\n", reply_to=story.last("alice", "Receipt"))

        assert "One." in story.last("south").text
        assert story.last("south").attachments == {"fix.patch": FIX}


async def _stand(story: World, name: str, standing: Standing) -> None:
    async with story.parts.database.transaction() as tx:
        (found,) = [p for p in await roster.people(tx, "early-disclosure") if p.address == story.people[name].address]
        await roster.set_standing(tx, found.id, standing, now=story.clock.now())
