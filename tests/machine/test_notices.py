"""What is told by what waited or came back, and to those who are out: no more of the flaw than they may read now."""

from __future__ import annotations

from datetime import timedelta

import pytest

from gateway.operator import roster, waiting
from gateway.relay import Bounced, Deferred
from machine.house import LIST_ID, House, address_of
from machine.told import DAY, OUT, Told, told
from policy.facts import CopyState, Standing
from storage import disclosures, outbox

UNDER = {"upstreams": (("cloud", "mechanics"),)}
SUBJECT = "Smuggling in hpack"
NAMELESS = "A release is being prepared"
LATER = Deferred("451 4.7.1 later")


def stands(house: House, who: str, standing: Standing) -> None:
    house.do(roster.change_standing(house.parts, address_of(who), None, standing))
    house.do(house.settle())


def test_who_had_the_mechanics_alone_and_is_out_reads_no_subject_and_no_reason() -> None:
    with told(**UNDER, member_reminder="3d") as story:
        story.post("alice", f"{OUT}Upstream: cloud\n\nThe text.\n", subject=SUBJECT)
        receipt = story.last("alice", "Receipt")
        story.post("alice", "Scope: org:Southgate\n", answers=receipt)
        story.post("alice", "Upstream: cloud over\n", answers=receipt)
        story.post("alice", "Embargo-Until: +20d\n", answers=receipt)
        story.time_passes(18 * DAY)
        story.post("alice", "Withdraw: the table of hpack does not overflow\n", answers=receipt)

        told_south, told_north = (story.subjects(who) for who in ("south", "north"))
        assert len(told_north) == 5, "the mail, its new end, its new date, what comes near, the withdrawal"
        assert all(subject.endswith(f": {NAMELESS}") for subject in told_north[1:]), told_north
        assert "hpack" not in story.read("north")
        assert "It stays confidential until" in story.read("north")
        assert [subject for subject in told_south if subject.endswith(f": {SUBJECT}")][-1].endswith(
            f"Withdrawn: {SUBJECT}"
        )
        assert "Reason: the table of hpack does not overflow" in story.read("south")
        assert "Reason: the table of hpack does not overflow" in story.read("alice")
        assert story.subjects("alice").count(story.subjects("south")[-1]) == 1


def test_who_was_suspended_before_a_copy_got_through_reads_no_subject_also_of_the_lift() -> None:
    with told() as story:
        story.refuse(LATER, "north")
        story.post("alice", f"{OUT}\nThe text.\n", subject=SUBJECT)
        receipt = story.last("alice", "Receipt")
        story.take_all()
        stands(story.house, "north", Standing.SUSPENDED)
        stands(story.house, "west", Standing.SUSPENDED)
        story.post("alice", "Embargo-Until: +10d\n", answers=receipt)
        story.time_passes(timedelta(days=10).total_seconds())
        assert "hpack" not in story.read("north")
        assert [subject.partition("] ")[2] for subject in story.subjects("north")[-2:]] == [
            f"New public date: {NAMELESS}",
            f"Lifted: {NAMELESS}",
        ]
        for who in ("south", "west", "alice"):
            found = [subject.partition("] ")[2] for subject in story.subjects(who)]
            assert {f"New public date: {SUBJECT}", f"Lifted: {SUBJECT}"} <= set(found), (
                "who has it knows it by its name"
            )
            assert not [subject for subject in found if NAMELESS in subject]


@pytest.mark.parametrize("by_scope", [False, True])
def test_a_notice_that_waits_for_somebody_who_goes_out_names_no_subject(by_scope: bool) -> None:
    with told() as story:
        story.refuse(LATER, "north")
        story.post("alice", f"{OUT}\nThe text.\n", subject=SUBJECT)
        receipt = story.last("alice", "Receipt")
        story.post("alice", "Embargo-Until: +10d\n", answers=receipt)
        if by_scope:
            story.post("alice", "Scope: org:Southgate\n", answers=receipt)
        else:
            stands(story.house, "north", Standing.SUSPENDED)
        story.take_all()
        story.time_passes(DAY)
        assert [subject for subject in story.subjects("north") if subject.endswith(f"New public date: {NAMELESS}")]
        assert "hpack" not in story.read("north")


@pytest.mark.parametrize("by_scope", [False, True])
def test_a_notice_that_can_not_be_worded_anew_for_somebody_who_goes_out_does_not_leave(
    monkeypatch: pytest.MonkeyPatch, by_scope: bool
) -> None:
    async def broken(*_: object) -> None:
        raise RuntimeError("does not open")

    with told() as story:
        story.refuse(LATER, "north")
        story.post("alice", f"{OUT}\nThe text.\n", subject=SUBJECT)
        receipt = story.last("alice", "Receipt")
        story.post("alice", "Embargo-Until: +10d\n", answers=receipt)
        rung: list[tuple[str, str | None]] = []
        with monkeypatch.context() as during:
            during.setattr("gateway.sending.posting.notify_instead", broken)
            during.setattr(story.house.parts.trouble, "tell", lambda kind, ref=None: rung.append((kind, ref)))
            if by_scope:
                story.post("alice", "Scope: org:Southgate\n", answers=receipt)
            else:
                stands(story.house, "north", Standing.SUSPENDED)
        (found,) = story.stored(lambda tx: disclosures.ls(tx, LIST_ID, None))
        copies = story.stored(lambda tx: outbox.of_disclosure(tx, found.id))
        (taken_back,) = [one for one in copies if one.reason == "not composed anew"]
        assert (taken_back.address, taken_back.state) == (address_of("north"), CopyState.CANCELLED)
        assert rung == [("defect", taken_back.message_id)], "and a human is told which"
        story.take_all()
        story.time_passes(DAY)
        assert "hpack" not in story.read("north")
        assert [one for one in story.subjects("south") if one.endswith(f"New public date: {SUBJECT}")]
        story.time_passes(10 * DAY)
        assert story.subjects("north")[-1].endswith(f"Lifted: {NAMELESS}"), "what comes later is told as ever"


GONE = Bounced("550 5.2.2 mailbox full")
OLD = [("fix.patch", b"the old patch\n")]
CORRECTION = """Corrects: last
Replaces: fix.patch
Restrict: fix.patch to group:cloud
TLP: RED
Permit: nothing
Send-To: audience

The old patch is dangerous.
"""


def tried_again(story: Told) -> None:
    (found,) = story.stored(lambda tx: disclosures.ls(tx, LIST_ID, None))
    story.house.do(waiting.retry(story.house.parts, found.id))
    story.house.do(story.house.settle())


def test_what_came_back_is_tried_again_as_what_a_third_party_lets_be_told_now() -> None:
    with told(**UNDER) as story:
        story.refuse(GONE, "north")
        story.post("alice", f"{OUT}\nThe text.\n", subject=SUBJECT)
        receipt = story.last("alice", "Receipt")
        story.post("alice", "Embargo-Until: +16d\n", answers=receipt)
        story.post("south", "Leak: the overflow, to pastebin\n", answers=story.last("south"))
        story.post("alice", "Upstream: cloud\n", answers=receipt)
        story.take_all()
        assert not story.subjects("north")
        tried_again(story)
        read, subjects = story.read("north"), story.subjects("north")
        assert "hpack" not in read
        assert "The text." not in read
        assert "pastebin" not in read
        assert "What leaked, to whom and when is not told" in read
        assert len(subjects) == 4
        assert all(subject.endswith(NAMELESS) for subject in subjects), subjects


@pytest.mark.parametrize("was_delivered", [False, True])
def test_what_came_back_is_tried_again_as_it_is_to_be_read_now(was_delivered: bool) -> None:
    with told(discussion="audience") as story:
        story.refuse(*(LATER, "south") if was_delivered else (GONE, "north"))
        story.post("alice", f"{OUT}\nThe text.\n", subject=SUBJECT, attachments=OLD)
        receipt = story.last("alice", "Receipt")
        if was_delivered:  # to some of those behind its alias; of the others it was told later that it failed
            came_back(story, "north")
        right = [("fix.patch", b"the right patch\n")]
        story.post("alice", CORRECTION, answers=receipt, attachments=right)
        story.post("alice", "Embargo-Until: +20d\n", answers=receipt)
        story.take_all()
        before = story.read("north")
        story.time_passes(DAY)
        tried_again(story)
        again = story.read("north").removeprefix(before)
        assert "the old patch" not in again
        assert again.count("TLP:RED") == (1 if was_delivered else 2)
        assert "in 19 days" in again
        assert "Withheld from you: fix.patch" in again
        if was_delivered:
            assert "the old patch" in before
            assert "the old patch" not in story.read("south")
            story.post("north", "As I read the old one: it breaks.\n", answers=story.last("north", SUBJECT))
            assert "As I read the old one" in story.read("alice")
            assert "As I read the old one" in story.read("west")
            assert "As I read the old one" not in story.read("south"), "what it may quote is not for everybody"


def came_back(story: Told, who: str) -> None:
    """A bounce tells later that a copy was not delivered."""

    async def settle() -> None:
        async with story.house.parts.database.transaction() as tx:
            (found,) = await disclosures.ls(tx, LIST_ID, None)
            for copy in await outbox.of_disclosure(tx, found.id):
                if copy.address == address_of(who):
                    now = story.house.clock.now()
                    await outbox.settle(tx, copy.id, state=CopyState.BOUNCED, reason="came back", now=now, attempts=1)

    story.house.do(settle())
