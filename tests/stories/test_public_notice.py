"""The public notice: to nobody before the lift, then in clear and signed, and at ``Lift: now`` only when named anew."""

from __future__ import annotations

import asyncio
from email import message_from_bytes, policy
from pathlib import Path

import pytest

from deeds import pages
from gateway.relay import Bounced, Deferred, Delivered
from letters import is_signed_by_the_list
from mailbox_server import Received
from openpgp import Person
from world import World, world

PUBLIC = "announce@public.example"
NOTICE = b"Security notice: parser flaw\n\nUpdate to 1.2.3. The notice-canary.\n"
DAY = 86400
POST = "Embargo-Until: +2d\nPublic-Notice: notice.txt\n\nA flaw.\n"


async def test_the_notice_waits_for_the_clock_and_then_goes_out_in_clear_and_signed(
    tmp_path: Path, people: dict[str, Person]
) -> None:
    async with world(tmp_path, people, list={"public_address": PUBLIC}) as story:
        await story.post("alice", POST, attachments=[("notice.txt", NOTICE), ("fix.patch", b"--- a\n")])

        assert any(copy.attachments.get("notice.txt") == NOTICE for copy in story.inbox("adam"))
        receipt = story.last("alice", "Receipt")
        assert f"notice.txt goes to {PUBLIC} when the date comes" in receipt.text
        for name in ("north", "south", "west"):
            assert list(story.last(name).attachments) == ["fix.patch"]
            assert b"notice-canary" not in story.last(name).plaintext
        await story.pass_time(2 * DAY - 1)
        assert published(story) == []

        await story.pass_time(1)
        await story.pass_time(DAY)
        (mail,) = published(story)
        assert await pages(story, "no-public-post") == [], "the gateway's own counts, once it is delivered"
        assert is_signed_by_the_list(story, mail)
        outer = message_from_bytes(mail.content, policy=policy.default)
        assert "parser flaw" in str(outer["Subject"])
        assert b"Update to 1.2.3." in mail.content
        assert story.disclosure_id().encode() not in mail.content


@pytest.mark.side
async def test_members_have_the_text_before_the_public_has_the_notice(
    tmp_path: Path, people: dict[str, Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    async with world(tmp_path, people, list={"public_address": PUBLIC}) as story:
        held = f"Hold-Until: +1d\n{POST}"
        await story.post("alice", held, attachments=[("notice.txt", NOTICE)])
        hand_over, delivery, begun = story.parts.relay.hand_over, story.gateway.delivery, list[str]()

        async def slowly(sender: str, address: str, data: bytes) -> Delivered | Deferred | Bounced:
            begun.append(address)
            if begun.count(address) == 1 and address == people["south"].address:
                for _ in range(100):  # until the notice is ready, where that comes in the same round
                    if PUBLIC in {*begun, *(copy.address for copy in delivery._ready)}:
                        break
                    await asyncio.sleep(0.01)
            return await hand_over(sender, address, data)

        monkeypatch.setattr(story.parts.relay, "hand_over", slowly)
        block = "Lift: now\nSend: now\nPublic-Notice: notice.txt\n"
        await story.post("alice", block, reply_to=story.last("alice", "Receipt"))

        members = {people[name].address for name in ("north", "south", "west")}
        to = [mail.recipient for mail in story.box.mails if mail.recipient in {*members, PUBLIC}]
        assert set(to[: to.index(PUBLIC)]) == members, "south as well, who has the text last"


@pytest.mark.side
async def test_lift_now_publishes_only_what_that_mail_names_itself(tmp_path: Path, people: dict[str, Person]) -> None:
    async with world(tmp_path, people, list={"public_address": PUBLIC}) as story:
        for number in range(3):
            await story.post("alice", POST, subject=f"Flaw {number}", attachments=[("notice.txt", NOTICE)])
        receipts = [story.last("alice", f"Receipt: Flaw {number}") for number in range(3)]

        await story.post("alice", "Lift: now\n", reply_to=receipts[0])
        assert published(story) == []

        await story.post("alice", "Lift: now\nPublic-Notice: notice.txt\n", reply_to=receipts[1])
        assert len(published(story)) == 1

        newer = b"A newer notice\n\nUpdate to 1.2.4.\n"
        later = [("notice-2.txt", newer)]
        await story.post("alice", "Public-Notice: notice-2.txt\n", reply_to=receipts[2], attachments=later)
        await story.post("alice", "Lift: now\nPublic-Notice: notice.txt\n", reply_to=receipts[2])
        assert len(published(story)) == 2
        assert b"Update to 1.2.3." in published(story)[1].content
        await story.pass_time(3 * DAY)
        assert len(published(story)) == 2


@pytest.mark.side
async def test_a_notice_named_during_the_hold_is_taken_out_of_what_waits(
    tmp_path: Path, people: dict[str, Person]
) -> None:
    async with world(tmp_path, people, list={"public_address": PUBLIC}) as story:
        held = "Hold-Until: +1h\nEmbargo-Until: +2d\n\nA flaw.\n"
        await story.post("alice", held, attachments=[("notice.txt", NOTICE)])
        await story.post("alice", "Public-Notice: notice.txt\n", reply_to=story.last("alice", "Receipt"))
        assert b"notice-canary" not in story.last("alice", "Receipt").plaintext
        await story.pass_time(3600)
        assert story.last("north").attachments == {}
        await story.pass_time(2 * DAY)
        assert len(published(story)) == 1


async def test_a_notice_without_a_public_address_keeps_the_mail_back(tmp_path: Path, people: dict[str, Person]) -> None:
    async with world(tmp_path, people) as story:
        await story.post("alice", POST, attachments=[("notice.txt", NOTICE)])
        assert "public_address" in story.last("alice", "Kept back").text


async def test_a_notice_that_is_no_text_or_not_there_keeps_the_mail_back(
    tmp_path: Path, people: dict[str, Person]
) -> None:
    async with world(tmp_path, people, list={"public_address": PUBLIC}) as story:
        await story.post(
            "alice",
            POST.replace("notice.txt", "notice.pdf"),
            attachments=[("notice.pdf", b"%PDF\x00"), ("a.txt", b"a\n")],
        )
        assert "plain text" in story.last("alice", "Kept back").text
        await story.post("alice", POST)
        assert "no attachment of this mail" in story.last("alice", "Kept back").text
        assert story.inbox("north") == []


@pytest.mark.side
async def test_a_notice_that_a_mail_program_sent_as_octet_stream_is_published_all_the_same(
    tmp_path: Path, people: dict[str, Person]
) -> None:
    async with world(tmp_path, people, list={"public_address": PUBLIC}) as story:
        post = POST.replace("notice.txt", "notice.md")  # world attaches what ends in .md as octet-stream
        await story.post("alice", post, attachments=[("notice.md", NOTICE)])
        assert story.last("north").attachments == {}
        await story.pass_time(2 * DAY)
        (mail,) = published(story)
        assert b"Update to 1.2.3." in mail.content


def published(story: World) -> list[Received]:
    return story.box.to(PUBLIC)
