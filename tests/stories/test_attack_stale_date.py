"""A copy that waits must not bring an old date: whoever reads it last would go by that."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from deeds import AT_ONCE, pin, set_standing
from gateway.operator import disclosures as operator_disclosures
from gateway.parser import ParserUnavailable
from gateway.sending import content
from openpgp import Person
from policy.facts import Standing
from storage import messages, outbox
from world import Copy, world

pytestmark = pytest.mark.side

FIX = [("fix.patch", b"--- a\n+++ b\n")]


def date_of(copy: Copy) -> str:
    """The day that a banner says."""
    line = next(line for line in copy.text.splitlines() if line.startswith("EMBARGOED"))
    return line.partition(" UTC")[0]


@pytest.mark.parametrize("why", ["deferred", "withheld"])
async def test_a_copy_still_on_its_way_when_the_date_moves_brings_the_new_one(
    tmp_path: Path, people: dict[str, Person], why: str
) -> None:
    with Person("Southgate PSIRT", people["south"].address) as other:
        async with world(tmp_path, dict(people)) as story:
            fingerprint = people["south"].fingerprint
            if why == "deferred":
                story.box.script("451 4.3.0 later", recipient=people["south"].address)
            else:
                await pin(story, people["south"], instead=[fingerprint])
            post = AT_ONCE.replace("\n\n", "\nRestrict: fix.patch to org:Northwind\nPermit: all you like\n\n")
            await story.post("alice", post, attachments=FIX)
            receipt = story.last("alice", "Receipt")
            await story.post(
                "alice",
                "Embargo-Until: +30d\nPermit: nothing\nRestrict: fix.patch to all\n\nAnother fix.\n",
                reply_to=receipt,
                attachments=FIX,
            )
            if why == "withheld":
                assert story.inbox("south") == []
                await pin(story, other, other.public)
                story.people["south"] = other
            await story.pass_time(3600)
            await story.post("alice", "One thing more.\n", reply_to=story.last("north"))

            late = next(copy for copy in story.inbox("south") if "A flaw in" in copy.text)
            after = next(copy for copy in story.inbox("north") if "One thing more" in copy.text)
            assert date_of(late) == date_of(after) != date_of(story.inbox("north")[0])
            assert "You may before then: nothing" in late.text
            assert "Withheld from you: fix.patch" in late.text
            assert late.attachments == {}
            assert late.message_id == story.inbox("north")[0].message_id


async def test_a_copy_still_on_its_way_at_an_early_lift_says_that_the_embargo_is_over(
    tmp_path: Path, people: dict[str, Person]
) -> None:
    async with world(tmp_path, people) as story:
        story.box.script("451 4.3.0 later", recipient=people["south"].address)
        await story.post("alice", AT_ONCE, attachments=FIX)
        await story.post("alice", "Lift: now\nCause: ready\n", reply_to=story.last("alice", "Receipt"))
        assert not [copy for copy in story.inbox("south") if "A flaw in" in copy.text]
        await story.pass_time(3600)

        late = next(copy for copy in story.inbox("south") if "A flaw in" in copy.text)
        assert "The embargo is over since" in late.text
        assert "EMBARGOED" not in late.text
        assert late.attachments == story.inbox("north")[0].attachments
        assert "EMBARGOED" in story.inbox("north")[0].text


async def test_no_mail_that_does_not_open_keeps_an_embargo_from_ending(
    tmp_path: Path, people: dict[str, Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    told, command = tmp_path / "paged", tmp_path / "page"
    command.write_text(f"#!/bin/sh\ncat >> {told}\n")
    command.chmod(0o700)
    async with world(tmp_path, people, alarm={"command": [str(command)]}) as story:
        story.box.script("451 4.3.0 later", recipient=people["south"].address)
        await story.post("alice", AT_ONCE)

        async def broken(*_: object, **__: object) -> None:
            raise ParserUnavailable("no answer")

        with monkeypatch.context() as patched:
            patched.setattr(content, "open_message", broken)
            await operator_disclosures.lift(story.parts, story.disclosure_id())
        await story.pass_time(3600)

        await story.parts.trouble.finish()
        paged = [json.loads(line) for line in told.read_text().splitlines()]
        assert ("defect", f"{story.disclosure_id()}/1") in [(one["kind"], one["id"]) for one in paged]
        assert all("Lifted" in " ".join(story.subjects(name)) for name in ("alice", "north", "south"))
        assert [copy for copy in story.inbox("south") if "A flaw in" in copy.text]


async def test_composing_anew_wakes_nobody_from_whom_it_is_kept(tmp_path: Path, people: dict[str, Person]) -> None:
    async with world(tmp_path, people) as story:
        await set_standing(story, people["west"], Standing.SUSPENDED)
        await story.post("alice", AT_ONCE)
        await set_standing(story, people["west"], Standing.ACTIVE)
        await story.post("alice", "Embargo-Until: +30d\n", reply_to=story.last("alice", "Receipt"))
        assert story.inbox("west") == []


async def test_what_was_sealed_while_it_was_composed_anew_is_sealed_again(
    tmp_path: Path, people: dict[str, Person]
) -> None:
    async with world(tmp_path, people) as story:
        story.box.script("451 4.3.0 later", recipient=people["south"].address)
        await story.post("alice", AT_ONCE)
        async with story.parts.database.transaction() as tx:
            copies = await outbox.of_message(tx, f"{story.disclosure_id()}/1")
            copy = next(copy for copy in copies if copy.address == people["south"].address)
            await messages.add_body(tx, "BD-late", copy.content_id, b"")
            sealed = {"body_id": "BD-late", "packets": b"", "sealed_to": (), "now": story.clock.now()}
            assert not await outbox.mark_sealed(tx, copy.id, content_id="CT-of-another-time", **sealed)  # type: ignore[arg-type]
            assert await outbox.mark_sealed(tx, copy.id, content_id=copy.content_id, **sealed)  # type: ignore[arg-type]
