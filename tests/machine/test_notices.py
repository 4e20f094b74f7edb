"""What notices tell those who are out: that they are bound and until when, and no more of the flaw than they had."""

from __future__ import annotations

from datetime import timedelta

from gateway.operator import roster
from gateway.relay import Deferred
from machine.house import House, address_of
from machine.told import DAY, OUT, told
from policy.facts import Standing

UNDER = {"upstreams": (("cloud", "mechanics"),)}
SUBJECT = "Smuggling in hpack"
NAMELESS = "A release is being prepared"


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
        story.refuse(Deferred("451 4.7.1 later"), "north")
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
