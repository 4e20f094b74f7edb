"""Third parties' embargoes against those who would open them too early: one word too many, or an older word."""

from __future__ import annotations

from pathlib import Path

import pytest

from deeds import state_of
from letters import kept
from openpgp import Person
from world import World, world

pytestmark = pytest.mark.side

DAY = 24 * 3600
TEAM = ("alice", "adam", "north", "south")
REQUEST = "early-disclosure-request@lists.example.org"
SECRETS = ("smuggled", "hpack", "fix-canary", "envoy", "cloud")
NOTICE = ("notice.txt", b"Advisory 7\n\nhpack lets requests be smuggled.\n")
UPSTREAMS = {"upstreams": {"envoy": {"mode": "case-by-case"}, "cloud": {"mode": "mechanics"}}}


def told(story: World, name: str) -> set[str]:
    """Which of the secrets stand in anything that somebody got."""
    read = b"".join(
        copy.plaintext + copy.text.encode() + b"".join(copy.attachments.values()) for copy in story.inbox(name)
    ).decode(errors="replace")
    return {secret for secret in SECRETS if secret in read}


async def test_nobody_opens_alone_what_an_embargo_keeps_back_where_widening_takes_two(
    tmp_path: Path, people: dict[str, Person]
) -> None:
    told_list = UPSTREAMS | {"two_person": ["widen"], "discussion": "audience"}
    async with world(tmp_path, people, pinned=TEAM, list=told_list) as story:
        text = "Embargo-Until: +14d\nUpstream: cloud until +5d\n\nRequests can be smuggled.\n"
        await story.post("alice", text, subject="Flaw in hpack")
        which, receipt = story.disclosure_id(), story.last("alice", "Receipt")
        await story.post("north", "Upstream: nginx over\n", reply_to=story.last("north"))
        asked = []
        for line in ("Upstream: cloud over", "Upstream: cloud until +1d"):
            await story.post("alice", f"{line}\n", reply_to=receipt)
            asked.append(story.last("adam", "A second coordinator is asked"))
            assert asked[-1].text.count(line) == 1
            assert told(story, "north") == told(story, "south") == set()
        over, sooner = (one.text.partition("Approve: ")[2].strip() for one in asked)
        await story.post("alice", "Upstream: cloud until +6d\n", reply_to=receipt)
        assert "holds" in story.last("alice", "Receipt").text, "longer is for one to say"
        await story.pass_time(2 * DAY)
        assert told(story, "north") == set()
        await story.post("alice", f"Approve: {over}\n", reply_to=receipt)
        assert told(story, "north") == set()
        await story.post("adam", f"Approve: {over}\n", reply_to=asked[0])
        assert "smuggled" in told(story, "north")
        assert await state_of(story, which) == "embargoed"
        assert sooner in [one.id for one in await kept(story)]


async def test_what_was_let_go_under_one_embargo_is_not_under_the_next(
    tmp_path: Path, people: dict[str, Person]
) -> None:
    async with world(tmp_path, people, pinned=TEAM, list=UPSTREAMS) as story:
        text = "Hold-Until: +1h\nEmbargo-Until: +14d\nUpstream: envoy\n\nRequests can be smuggled.\n"
        await story.post("alice", text, subject="Flaw in hpack")
        which, receipt = story.disclosure_id(), story.last("alice", "Receipt")
        await story.post("adam", f"Approve: {which}/1\n", reply_to=story.last("adam"))
        assert f"The details of {which}/1 go out with it." in story.last("adam", "Receipt").text
        await story.post("alice", "Upstream: cloud\n", reply_to=receipt)
        await story.pass_time(3600)
        assert len(story.inbox("north")) == 1
        assert told(story, "north") == told(story, "south") == set()
        await story.post("adam", f"Approve: {which}/1\n", reply_to=story.last("adam"))
        assert "smuggled" in told(story, "north")


async def test_a_public_notice_waits_goes_once_and_nothing_of_it_opens_when_it_was_destroyed(
    tmp_path: Path, people: dict[str, Person]
) -> None:
    told_list = UPSTREAMS | {"public_address": "public@lists.example.org"}
    async with world(tmp_path, people, pinned=TEAM, list=told_list) as story:
        text = "Embargo-Until: +14d\nUpstream: cloud\nPublic-Notice: notice.txt\n\nRequests can be smuggled.\n"
        await story.post("alice", text, subject="Flaw in hpack", attachments=[NOTICE])
        which, receipt = story.disclosure_id(), story.last("alice", "Receipt")
        await story.post("alice", "Fact: public\nPublic-Notice: notice.txt\n", reply_to=receipt)
        assert await state_of(story, which) == "lifted"
        assert "The public notice does not go out: it waits" in " ".join(story.last("alice", "Receipt").text.split())
        await story.post("adam", "Public-Notice: notice.txt\n", reply_to=story.last("adam"))
        assert "Upstream: cloud over" in story.last("adam", "Kept back").text
        assert published(story) == 0
        assert told(story, "north") == set()
        await story.post("alice", "Upstream: cloud over\nPublic-Notice: notice.txt\n", reply_to=receipt)
        assert published(story) == 1
        await story.post("adam", "Public-Notice: notice.txt\n", reply_to=story.last("adam"))
        assert published(story) == 1
        assert "went out already; it is not sent twice" in story.last("adam", "Receipt").text
        new = (NOTICE[0], NOTICE[1].replace(b"7", b"8"))
        await story.post("adam", "Public-Notice: notice.txt\n", attachments=[new], reply_to=story.last("adam"))
        assert published(story) == 2

        await story.post("alice", "Close: yes\n", reply_to=receipt)
        await story.pass_time(120 * DAY)
        copy = story.inbox("north")[0]
        await story.post("south", "Leak: all of it, to Y\n", reply_to=copy)
        assert await state_of(story, which) == "lifted"
        await story.post("adam", f"Approve: {which}/1\n", reply_to=receipt)
        assert "has no such mail" in story.last("adam", "Kept back").text
        await story.post("adam", "Public-Notice: notice.txt\n", reply_to=receipt)
        assert published(story) == 2


def published(story: World) -> int:
    return len(story.box.to("public@lists.example.org"))
