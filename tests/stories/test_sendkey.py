"""The address -sendkey: the list's public key, in clear and signed, to whoever asks, and not too often."""

from __future__ import annotations

from email import message_from_bytes
from email import policy as email_policy
from pathlib import Path

import pytest

import letters
from letters import hand_in, is_signed_by_the_list, last_kept, trail
from openpgp import Person, fingerprint_of
from policy import keyanswers
from world import LIST, STEADY, world

SENDKEY = LIST.replace("@", "-sendkey@")
ASKER = "New.Asker@newcomer.example"


async def test_the_lists_key_goes_to_whoever_asks_once_a_day_and_to_no_program(
    tmp_path: Path, people: dict[str, Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    async with world(tmp_path, people, pinned=("alice", "north"), list={"timezone": STEADY}) as story:

        async def ask(sender: str = ASKER, text: str = "Your key, okapi?\n", **headers: str) -> int:
            raw = letters.clear(text, sender=f"New <{ASKER}>", subject="okapi", to=SENDKEY, headers=headers)
            before = len(story.box.mails)
            assert await hand_in(story, raw, to=SENDKEY, sender=sender) == 250
            await story.settle()
            return len(story.box.mails) - before

        assert await ask() == 1
        (received,) = story.box.to(ASKER)
        mail = message_from_bytes(received.content, policy=email_policy.default)
        assert is_signed_by_the_list(story, received)
        assert received.sender.startswith("early-disclosure-bounces+")
        assert mail["Auto-Submitted"] == "auto-replied"
        assert "public key of Example early disclosure" in mail["Subject"]
        assert b"okapi" not in received.content
        (key,) = [part for part in mail.walk() if part.get_content_type() == "application/pgp-keys"]
        own = fingerprint_of(story.list_key)
        assert fingerprint_of(key.get_payload(decode=True)) == own  # type: ignore[arg-type]
        words = next(part.get_content() for part in mail.walk() if part.get_content_type() == "text/plain")
        assert " ".join(own[at : at + 4] for at in range(0, 40, 4)) in words
        entry = await last_kept(story)
        assert (entry.reason, entry.known) == ("cleartext", False), "kept, and told in the digest"
        assert story.inbox("alice") == []

        assert await ask(ASKER.upper()) == 0
        assert await ask("") == 0
        assert await ask("owner-noise@newcomer.example") == 0
        assert await ask(SENDKEY) == 0
        assert await ask("robot@newcomer.example", **{"Auto-Submitted": "auto-replied"}) == 0
        await story.pass_time(86_401)
        assert "cleartext" in story.inbox("alice")[-1].text
        assert len(story.box.to(ASKER)) == 1
        await ask()
        assert len(story.box.to(ASKER)) == 2

        monkeypatch.setattr(keyanswers, "MOST_OVER_ALL", 2)
        assert [await ask(f"a{number}@crowd.example") for number in range(2)] == [1, 0]
        asked = [record for record in await trail(story) if record.event == "key-asked"]
        why = ["sent", "answered-lately", "perhaps-automatic", "own-address", "sent", "sent", "too-many"]
        assert [record.reason for record in asked] == why

        known = letters.clear("The key?\n", sender=letters.address_of(story, "north"), to=SENDKEY)
        await story.pass_time(3601)
        await hand_in(story, known, to=SENDKEY, sender="desk@northwind.example")
        await story.settle()
        assert "in a mail of its own" in story.last("north").text
        assert story.box.to("desk@northwind.example")
