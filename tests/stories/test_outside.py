"""What stands outside the encryption: an allowlist of fields, and not a byte that tells."""

from __future__ import annotations

from pathlib import Path

import pytest

from openpgp import Person
from world import Copy, world

ALWAYS = {
    "From", "To", "Subject", "Date", "Message-ID", "List-Id", "List-Post", "Precedence", "MIME-Version", "Content-Type",
}  # fmt: skip
ANSWERS = {"In-Reply-To", "References"}
BY_THE_GATEWAY = {"Auto-Submitted", "X-Auto-Response-Suppress"}


@pytest.mark.side
async def test_outside_stands_the_allowlist_and_nothing_that_tells(tmp_path: Path, people: dict[str, Person]) -> None:
    async with world(tmp_path, people) as story:
        await story.post(
            "alice",
            "Embargo-Until: +14d\nRestrict: canary.patch to org:Northwind\n\nThe canary word.\n",
            subject="Canary subject",
            attachments=[("canary.patch", b"canary\n")],
        )
        await story.post("alice", "Canary again.\n", reply_to=story.last("north"))
        await story.post("north", "Canary answer.\n", reply_to=story.last("north"))
        await story.post("south", "Leak: canary, to a journalist\n", reply_to=story.last("south"))
        await story.post("alice", "Lift: now\n", reply_to=story.last("alice", "Receipt"))
        disclosure = story.disclosure_id()

        (first, follow_up, *later) = story.inbox("south")
        assert set(first.outer.keys()) == ALWAYS
        assert set(follow_up.outer.keys()) == ALWAYS | ANSWERS
        assert all(set(copy.outer.keys()) == ALWAYS | ANSWERS | BY_THE_GATEWAY for copy in later)
        given = {copy.message_id for name in (*people,) for copy in story.inbox(name)}
        for reader in ("alice", "adam", "north", "south", "west"):
            for copy in story.inbox(reader):
                _says_nothing(copy, story.people[reader], people, disclosure)
                for field in ANSWERS:
                    assert set(str(copy.outer.get(field, "")).split()) <= given
                assert copy.received.sender.startswith("early-disclosure-bounces+")
        tokens = [mail.sender for mail in story.box.mails]
        assert len(set(tokens)) == len(tokens)


def _says_nothing(copy: Copy, reader: Person, people: dict[str, Person], disclosure: str) -> None:
    head, _, _ = copy.received.content.partition(b"-----BEGIN PGP MESSAGE-----")
    outside = (head + copy.received.content.rpartition(b"-----END PGP MESSAGE-----")[2]).lower()
    assert str(copy.outer["Subject"]) == "[...]"
    assert str(copy.outer["From"]).endswith("<early-disclosure@lists.example.org>")
    assert str(copy.outer["To"]) == reader.address
    assert disclosure.lower().encode() not in outside
    assert b"canary" not in outside
    for person in people.values():
        if person is not reader:
            assert person.address.lower().encode() not in outside
            assert person.name.lower().encode() not in outside
    for name in (b"northwind", b"southgate", b"westlake"):
        assert name in reader.address.encode() or name not in outside
    assert str(copy.inner["Message-ID"]) == str(copy.outer["Message-ID"])
    assert str(copy.inner["Date"]) == str(copy.outer["Date"])
