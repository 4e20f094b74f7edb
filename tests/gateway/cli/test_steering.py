"""What a coordinator's lines do, done by the operator: dates, a guest, a third party's embargo, where it is public."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from world import world

OUT = "Embargo-Until: +14d\n\nA flaw.\n"
HELD = "Hold-Until: +2d\nEmbargo-Until: +14d\n\nA flaw.\n"
TEAM = ("alice", "adam", "north", "south")
UPSTREAMS = {"upstreams": {"envoy": {"mode": "mechanics"}}}
MORE = '[lists.early-disclosure.upstreams.envoy]\nmode = "mechanics"\n'


def at(text):
    return datetime.fromisoformat(text)


async def the_one(shell):
    (listed,) = await shell.json("disclosure", "ls")
    return listed


async def test_a_later_public_date_is_told_to_everybody_and_audited(tmp_path, people, beside):
    async with world(tmp_path, people) as story:
        await story.post("alice", OUT)
        shell = beside(story)
        before = await the_one(shell)

        said = await shell.ok("disclosure", "date", before["id"].lower(), "--embargo-until", "+20d")
        await story.settle()

        after = await the_one(shell)
        assert at(after["embargo_until"]) > at(before["embargo_until"]) + timedelta(days=5)
        assert "public date is now" in said
        assert "New public date" in story.last("south").subject
        assert "public date is now" in story.last("adam", "The operator changed it").text
        assert [(one["event"], one["actor"]) for one in await shell.trail() if one["reason"] == "new-date"] == [
            ("disclosure-embargoed", "operator")
        ]


@pytest.mark.side
async def test_a_hold_is_moved_or_ended(tmp_path, people, beside):
    async with world(tmp_path, people) as story:
        await story.post("alice", HELD)
        shell = beside(story)
        held = await the_one(shell)

        await shell.ok("disclosure", "date", held["id"], "--hold-until", "+3d")
        assert at((await the_one(shell))["hold_until"]) > at(held["hold_until"]) + timedelta(hours=20)
        await story.pass_time(5)
        assert story.box.to(people["south"].address) == []
        await shell.ok("disclosure", "date", held["id"], "--hold-until", "now")
        await story.pass_time(60)
        assert story.last("south", "Flaw")
        assert "members have it already" in await shell.refuse("disclosure", "date", held["id"], "--hold-until", "+3d")


async def test_whatever_a_new_date_changes_is_said(tmp_path, people, beside):
    async with world(tmp_path, people, list={"two_person": ["release"]}) as story:
        await story.post("alice", HELD)
        shell = beside(story)
        waits = await the_one(shell)
        said = await shell.ok("disclosure", "date", waits["id"], "--embargo-until", "+30d")
        await story.settle()
        for text in (said, story.last("adam", "The operator changed it").text):
            assert "public date is now" in text
            assert "waits for a second coordinator" in text
        assert (await the_one(shell))["state"] == "pending"


@pytest.mark.side
@pytest.mark.parametrize("is_stopped", [False, True])
async def test_a_date_for_what_missed_its_own_says_what_becomes_of_it(tmp_path, people, beside, is_stopped):
    async with world(tmp_path, people) as story:
        await story.post("alice", HELD)
        shell = beside(story)
        held = await the_one(shell)
        if is_stopped:
            await shell.ok("disclosure", "stop", held["id"])
        await story.pass_time(40 * 86400)  # the gateway slept over hold and date
        assert (await the_one(shell))["state"] == "pending"

        late = (story.clock.now() + timedelta(days=20)).strftime("%Y-%m-%d %H:%M UTC")
        said = await shell.ok("disclosure", "date", held["id"], "--embargo-until", late)
        await story.settle()

        way = f"`embargo disclosure go {held['id']}`" if is_stopped else "Members get it"
        assert way in said
        assert way in story.last("adam", "The operator changed it").text
        assert bool(story.box.to(people["south"].address)) is not is_stopped


@pytest.mark.side
@pytest.mark.parametrize(
    ("words", "code", "why"),
    [
        (["--embargo-until", "2020-01-01T00:00Z"], 1, "past"),
        (["--embargo-until", "+300d"], 1, "the latest is"),
        (["--embargo-until", "10/11/2026 17:00 UTC"], 1, "which number is the month"),
        (["--embargo-until", "soon"], 1, "soon"),
        (["--embargo-until", "+20d\nLift: now"], 1, "one line"),
        ([], 2, "--embargo-until"),
    ],
    ids=["past", "over the cap", "two readings", "no date", "a second line", "nothing"],
)
async def test_a_date_that_is_not_clear_or_not_allowed_changes_nothing(tmp_path, people, beside, words, code, why):
    async with world(tmp_path, people) as story:
        await story.post("alice", OUT)
        shell = beside(story)
        before = await the_one(shell)

        said = await shell.refuse("disclosure", "date", before["id"], *words, code=code)
        assert why in said
        assert "below" not in said

        assert await the_one(shell) == before


@pytest.mark.side
async def test_a_date_that_the_list_agrees_on_is_not_the_operators(tmp_path, people, beside):
    async with world(tmp_path, people, list={"date_change": "agreement"}) as story:
        await story.post("alice", OUT)
        shell = beside(story)
        shell.house.configure(story.box.port, more_of_list='date_change = "agreement"')
        before = await the_one(shell)

        said = await shell.refuse("disclosure", "date", before["id"], "--embargo-until", "+20d")
        assert "`embargo proposal confirm`" in said
        assert await the_one(shell) == before


async def test_a_guest_is_let_in_by_name_address_and_key_and_let_go(tmp_path, people, beside):
    eve = people["mallory"]
    async with world(tmp_path, people, pinned=TEAM) as story:
        await story.post("alice", OUT)
        shell = beside(story)
        key = shell.house.key(eve)
        listed = await the_one(shell)
        guest = ["disclosure", "guest", listed["id"], eve.address]

        assert "give the public key" in (said := await shell.refuse(*guest))
        assert "--key" in said
        assert "--end" in await shell.refuse(*guest, "--end", "--key", key, code=2)
        assert "--name" in await shell.refuse(*guest, "--name", 'Eve "the finder" <x>', "--key", key, code=2)
        assert "guest" in await shell.ok(*guest, "--name", "Eve Finder", "--key", key, "--key", key)
        await story.settle()

        assert "A flaw." in story.last("mallory", "Flaw").text
        assert eve.fingerprint in story.last("alice", "The operator").text
        (shown,) = (await shell.json("disclosure", "show", listed["id"]))["guests"]
        assert (shown["address"], shown["name"], shown["state"]) == (eve.address, "Eve Finder", "active")
        assert "has this disclosure already" in (said := await shell.refuse(*guest, "--key", key))
        assert "--key" not in said
        await shell.ok(*guest, "--end")
        await story.settle()
        assert "bound" in story.last("adam", "The operator").text
        await story.post("alice", "Send-To: audience\n\nMore of it.\n", reply_to=story.last("north", "Flaw"))
        assert "More of it." in story.last("north").text
        assert "More of it." not in story.last("mallory").text
        assert "nobody of that address" in await shell.refuse(*guest, "--end")
        acts = {one["event"]: (one["actor"], one["reason"]) for one in await shell.trail()}
        assert (acts["guest-let-in"], acts["grant-ended"]) == (("operator", ""), ("operator", "operator"))


@pytest.mark.side
async def test_a_member_or_a_key_of_another_makes_no_guest(tmp_path, people, beside):
    async with world(tmp_path, people, pinned=TEAM) as story:
        await story.post("alice", OUT)
        shell = beside(story)
        listed, key = await the_one(shell), shell.house.key(people["north"])
        guest = ["disclosure", "guest", listed["id"]]

        assert "is a member" in await shell.refuse(*guest, people["north"].address, "--key", key)
        assert "pinned for the member" in await shell.refuse(*guest, "eve@elsewhere.example", "--key", key)
        assert "no plain mail address" in await shell.refuse(*guest, "eve", "--key", key, code=2)
        assert "`Guest:` line" in await shell.refuse(*guest, "o|x@elsewhere.example", "--key", key, code=2)
        assert (await shell.json("disclosure", "show", listed["id"]))["guests"] == []


@pytest.mark.side
async def test_a_third_partys_embargo_holds_and_is_over(tmp_path, people, beside):
    async with world(tmp_path, people, list=UPSTREAMS) as story:
        await story.post("alice", OUT)
        shell = beside(story)
        shell.house.configure(story.box.port, more_of_list=MORE)
        listed = await the_one(shell)
        upstream = ["disclosure", "upstream", listed["id"]]

        assert "--until" in await shell.refuse(*upstream, "envoy", "--over", "--until", "+30d", code=2)
        assert "no upstream" in await shell.refuse(*upstream, "linux", "--until", "+30d")
        said = await shell.ok(*upstream, "envoy", "--until", "+30d")
        await story.settle()
        assert "embargo of envoy holds" in said
        (shown,) = (await shell.json("disclosure", "show", listed["id"]))["upstreams"]
        assert (shown["name"], shown["mode"], shown["over_at"]) == ("envoy", "mechanics", None)
        assert "embargo of a third party holds" in story.last("north").text
        assert "embargo of envoy holds" in story.last("alice", "The operator").text
        await story.post("alice", "Send-To: audience\n\nThe heap, at 0x40.\n", reply_to=story.last("north", "Flaw"))
        assert "one name" in await shell.refuse(*upstream, "envoy details", code=2)
        assert "The heap" not in story.last("north", "Flaw").text

        await shell.ok(*upstream, "envoy")
        (shown,) = (await shell.json("disclosure", "show", listed["id"]))["upstreams"]
        assert shown["until"] is None  # without a date it holds until somebody says that it is over
        assert "disclosure upstream ID envoy --over" in await shell.refuse("disclosure", "lift", listed["id"])
        await shell.ok(*upstream, "envoy", "--over")
        await story.settle()
        assert "The heap" in story.last("north", "Flaw").text
        assert "no embargo of envoy holds" in await shell.refuse(*upstream, "envoy", "--over")


@pytest.mark.side
async def test_where_it_was_published_is_noted_after_the_lift(tmp_path, people, beside):
    async with world(tmp_path, people) as story:
        await story.post("alice", OUT)
        shell = beside(story)
        listed = await the_one(shell)
        post = ["disclosure", "public-post", listed["id"], "https://security.lists.example/ISTIO-1"]

        assert "embargo is not over" in (said := await shell.refuse(*post))
        assert "`embargo disclosure fact ID public`" in said
        await shell.ok("disclosure", "lift", listed["id"])
        await shell.ok(*post)
        await story.settle()

        shown = await shell.json("disclosure", "show", listed["id"])
        assert shown["public_post"] == "https://security.lists.example/ISTIO-1"
        assert "is noted" in story.last("adam", "The operator").text
        assert ("public-post", "operator") in {(one["event"], one["actor"]) for one in await shell.trail()}


@pytest.mark.side
async def test_what_two_decide_the_operator_does_not_decide_alone(tmp_path, people, beside):
    both = {"two_person": ["lift", "widen"], **UPSTREAMS}
    async with world(tmp_path, people, pinned=TEAM, list=both) as story:
        await story.post("alice", f"Upstream: envoy\n{OUT}")
        shell = beside(story)
        shell.house.configure(story.box.port, more_of_list=f'two_person = ["lift", "widen"]\n{MORE}')
        before = await the_one(shell)
        key = shell.house.key(people["mallory"])

        for words in (
            ["date", before["id"], "--embargo-until", "+10d"],
            ["guest", before["id"], people["mallory"].address, "--key", key],
            ["upstream", before["id"], "envoy", "--over"],
        ):
            assert "two coordinators" in await shell.refuse("disclosure", *words)
        await shell.ok("disclosure", "date", before["id"], "--embargo-until", "+20d")
        assert (await shell.json("disclosure", "show", before["id"]))["guests"] == []
