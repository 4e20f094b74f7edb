"""Mail to the coordinators' own address: passed on sealed, with its sender and signature told."""

from __future__ import annotations

from pathlib import Path

import letters
from letters import MEMBERS, hand_in, kept, sizes
from openpgp import Person
from world import OWNER, entity, world

TEAM = ("alice", "adam", *MEMBERS)


async def test_mail_to_the_coordinators_reaches_them_sealed_with_sender_and_signature_told(
    tmp_path: Path, people: dict[str, Person]
) -> None:
    async with world(tmp_path, people, pinned=TEAM) as story:
        clear = letters.clear("May we join? okapi\n", sender="New <new@newcomer.example>", subject="Joining")
        assert await hand_in(story, clear, to=OWNER, sender="bounce@newcomer.example") == 250
        await story.settle()
        for coordinator in ("alice", "adam"):
            copy = story.last(coordinator)
            assert copy.good_signer()
            assert "okapi" in copy.text
            assert "bounce@newcomer.example (From: new@newcomer.example)" in copy.text
            assert "Nobody is proved" in copy.text
            assert b"okapi" not in copy.received.content
            assert b"Joining" not in copy.received.content
            assert "Joining" in copy.subject
        assert await kept(story) == []

        await hand_in(story, story.compose("north", "A question.\n", to=OWNER), to=OWNER)
        await story.settle()
        assert story.last("adam").text.startswith("Northwind <security@northwind.example> wrote to the coordinators;")
        assert people["north"].address in story.last("adam").text

        before = sizes(story)
        await hand_in(story, story.compose("alice", "Hold-Until: now\n\nNote to all of us.\n", to=OWNER), to=OWNER)
        await story.settle()
        more = {who: count - before[who] for who, count in sizes(story).items()}
        assert more == {"alice": 0, "adam": 1, "north": 0, "south": 0, "west": 0, "mallory": 0}

        elsewhere = story.compose("north", "Dear other list\n", to="other@lists.example.org")
        await hand_in(story, elsewhere, to=OWNER)
        await story.settle()
        assert "Nobody is proved" in story.last("adam").text
        assert "wrong-list" in story.last("adam").text

        ciphertext = people["north"].sign_encrypt(entity("secret"), [people["south"]])
        unreadable = letters.encrypted(story, ciphertext, who="north", to=OWNER)
        await hand_in(story, unreadable, to=OWNER)
        await story.settle()
        assert b"BEGIN PGP MESSAGE" in story.last("adam").attachments["as-it-came.eml"]
        assert await kept(story) == []
        assert {name: sizes(story)[name] for name in MEMBERS} == dict.fromkeys(MEMBERS, 0)


async def test_a_coordinators_answer_to_forwarded_mail_stays_among_coordinators(
    tmp_path: Path, people: dict[str, Person]
) -> None:
    async with world(tmp_path, people, pinned=TEAM) as story:
        await hand_in(story, letters.clear("May we join?\n"), to=OWNER)
        await story.settle()
        before = sizes(story)
        await story.post("alice", "I say yes.\n", reply_to=story.last("alice"))
        more = {who: count - before[who] for who, count in sizes(story).items() if count != before[who]}
        assert more == {"adam": 1}
        assert "I say yes" in story.last("adam").text
