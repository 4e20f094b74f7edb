"""The hold: nobody gets anything a second before it, and then what the receipt proved, to the byte."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from openpgp import Person
from world import World, world

MEMBERS = ("north", "south", "west")
BLOCK = (
    "Hold-Until: +1h\nEmbargo-Until: +14d\nCVE: CVE-2026-1234\nRef: https://tracker.example/7\n"
    "Permit: build, test and stage\n\n"
)


async def test_what_members_open_is_the_proof_of_the_receipt_to_the_byte(
    tmp_path: Path, people: dict[str, Person]
) -> None:
    async with world(tmp_path, people) as story:
        await story.post(
            "alice",
            BLOCK + "A fl\u00e4w.\n",
            subject="Parser fl\u00e4w",
            attachments=[("fix.patch", b"--- a\r\n+++ b\r\n\xff")],
        )
        receipt = story.last("alice", "Receipt")

        await story.pass_time(3600)

        proof = _proof_bytes(receipt.plaintext)
        for name in MEMBERS:
            (copy,) = story.inbox(name)
            assert copy.plaintext == proof
            assert copy.good_signer() == _list_fingerprint(story)


async def test_the_banner_says_what_members_need_to_know(tmp_path: Path, people: dict[str, Person]) -> None:
    async with world(tmp_path, people) as story:
        await story.post("alice", BLOCK + "A flaw.\n")
        await story.pass_time(3600)
        copy = story.last("north")
        disclosure = story.disclosure_id()

        assert copy.subject == f"[{disclosure}] Flaw in the parser"
        assert str(copy.inner["From"]).startswith("Alice Archer via Example early disclosure <early-disclosure@")
        assert str(copy.inner["To"]).endswith("<early-disclosure@lists.example.org>")
        banner, _, body = copy.text.partition("-" * 60)
        assert body.strip() == "A flaw."
        assert disclosure in banner
        assert "TLP:AMBER+STRICT" in banner
        assert re.search(
            r"Public \w{3} \d{1,2} \w{3} \d{4} \d\d:\d\d(:\d\d)? UTC \(.* in Los Angeles, in \d+ days\)", banner
        )
        assert "Alice Archer; the signature was checked" in banner
        assert "CVE: CVE-2026-1234" in banner
        assert "Ref: https://tracker.example/7" in banner
        assert "build, test and stage" in banner
        assert "`Leak: what, to whom`" in banner
        assert "subject was not signed" not in banner


@pytest.mark.side
async def test_a_mail_without_header_protection_works_and_says_that_its_subject_was_not_signed(
    tmp_path: Path, people: dict[str, Person]
) -> None:
    async with world(tmp_path, people) as story:
        await story.post("alice", "Hold-Until: now\nEmbargo-Until: +14d\n\nA flaw.\n", protect=False)
        await story.settle()
        copy = story.last("north")

        assert copy.subject.endswith("Flaw in the parser")
        assert "The subject was not signed." in copy.text
        assert "build and test only" in copy.text

        await story.post("north", "We see it too.\n", reply_to=copy, protect=False)
        assert "We see it too." in story.last("alice", "Re:").text
        await story.post("alice", "A follow-up.\n", reply_to=copy, protect=False)
        assert "A follow-up." in story.last("south").text


@pytest.mark.side
async def test_with_banner_part_the_posters_tree_stays_as_it_was(tmp_path: Path, people: dict[str, Person]) -> None:
    async with world(tmp_path, people, list={"banner": "part"}) as story:
        raw = story.compose("alice", "Embargo-Until: +14d\n\nA flaw.\n", attachments=[("fix.patch", b"--- a\n")])
        await story.deliver(raw)
        await story.settle()
        copy = story.last("north")

        parts = [part for part in copy.inner.walk() if not part.is_multipart()]
        assert "EMBARGOED" in parts[0].get_content()
        assert parts[1].get_content().strip().endswith("A flaw.")
        assert copy.attachments["fix.patch"] == b"--- a\n"


async def test_a_release_slept_through_happens_at_once_and_says_how_late_but_never_after_the_date(
    tmp_path: Path, people: dict[str, Person]
) -> None:
    async with world(tmp_path, people) as story:
        await story.post("alice", "Hold-Until: +1h\nEmbargo-Until: +14d\n\nOne.\n", subject="One")
        await story.post("alice", "Hold-Until: +1h\nEmbargo-Until: +2h\n\nTwo.\n", subject="Two")

        await story.pass_time(2.5 * 3600)

        assert [subject.partition("] ")[2] for subject in story.subjects("north")] == ["One"]
        assert "1 h 30 min late" in story.last("alice", "Release report: One").text
        asked = story.last("alice", "Needs a new date: Two")
        assert "Nothing was sent to members" in asked.text

        await story.post("alice", "Embargo-Until: +10d\n", reply_to=asked)
        await story.settle()
        assert story.last("north").text.rstrip().endswith("Two.")


def _proof_bytes(plaintext: bytes) -> bytes:
    """The attached proof as it stands, cut out by its boundary."""
    boundary = re.search(rb'boundary="([^"]+)"', plaintext)
    assert boundary is not None
    (part,) = [part for part in plaintext.split(b"--" + boundary[1])[1:-1] if b"message/rfc822" in part[:300]]
    return part.partition(b"\r\n\r\n")[2].removesuffix(b"\r\n")


def _list_fingerprint(story: World) -> str:
    listing = story.people["alice"].gpg("--with-colons", "--show-keys", data=story.list_key).decode()
    return next(line.split(":")[9] for line in listing.splitlines() if line.startswith("fpr:"))
