"""What a list wants of its dates: told in receipts, kept back over the cap; and a lift that waits for a coordinator."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from deeds import pages, state_of
from openpgp import Person
from policy.calendars import parse_window
from policy.instants import as_value, next_patch_day
from world import Copy, World, world

HOUR, DAY = 3600, 86_400
ZONE = "America/Los_Angeles"


def friday(story: World, weeks: int) -> datetime:
    """A Friday noon in Los Angeles, so many weeks ahead."""
    local = story.clock.now().astimezone(ZoneInfo(ZONE)) + timedelta(weeks=weeks)
    return (local + timedelta(days=(4 - local.weekday()) % 7)).replace(hour=12, minute=0, second=0, microsecond=0)


def offered(mail: Copy) -> list[str]:
    return re.findall(r"could mean: (.+? UTC)", mail.text)


@pytest.mark.side
async def test_receipts_tell_what_would_suit_the_list_and_dates_over_the_cap_are_kept_back(
    tmp_path: Path, people: dict[str, Person]
) -> None:
    (tmp_path / "quiet.txt").write_text("# when nobody reads mail\n2030-12-25\n")
    wishes = {
        "preferred_embargo": "14d",
        "min_lead": "14d",
        "release_window": "tue-thu 08:00-17:00",
        "holidays_file": str(tmp_path / "quiet.txt"),
        "min_notice": "2d",
        "default_embargo": "14d",
    }
    async with world(tmp_path, people, list=wishes) as story:
        now = story.clock.now()
        outside = friday(story, 4)
        await story.post("alice", f"Embargo-Until: {as_value(outside)}\n\nA flaw.\n")
        told = story.last("adam", "Receipt").text
        assert "longer than the 14 days that this list prefers" in told
        assert "outside this list's hours for it (tue-thu 08:00-17:00)" in told
        better = re.findall(r"^  Embargo-Until: (.+? UTC) ", told.replace("\r", ""), re.MULTILINE)
        assert better == [as_value(outside - timedelta(days=1)), as_value(outside + timedelta(days=4))]
        assert story.inbox("north"), "it is accepted all the same"

        await story.post("alice", f"Embargo-Until: {better[0]}\n", reply_to=story.last("alice", "Receipt"))
        assert "outside" not in story.last("adam", "Receipt").text, "what is offered suits"

        await story.post("alice", f"Embargo-Until: {as_value(now + timedelta(days=200))}\n\nA flaw.\n")
        kept = story.last("alice", "Kept back")
        (latest,) = offered(kept)
        at = datetime.strptime(latest, "%Y-%m-%d %H:%M UTC").replace(tzinfo=ZoneInfo("UTC"))
        assert now + timedelta(days=83) < at <= now + timedelta(days=90)
        window, local = parse_window("tue-thu"), at.astimezone(ZoneInfo(ZONE))
        assert local.weekday() in window.days
        assert 8 <= local.hour <= 17

        await story.post("alice", f"Embargo-Until: {latest}\n\nA flaw.\n")
        receipt = story.last("alice", "Receipt")
        assert story.disclosure_id() in receipt.subject
        assert "State: embargoed" in receipt.text or "State: held" in receipt.text, "what was offered is accepted"

        await story.pass_time(1)
        await story.post("alice", "Embargo-Until: +1d\n", reply_to=receipt)
        (soon,) = offered(story.last("alice", "Kept back"))
        await story.pass_time(HOUR / 2)
        await story.post("alice", f"Embargo-Until: {soon}\n", reply_to=receipt)
        assert "The public date is now" in story.last("alice", "Receipt").text, "there was time to answer"

        # The first one before which a hold of three days has not begun yet.
        first = next_patch_day("2nd tuesday 17:00", ZONE, story.clock.now() + timedelta(days=3))
        await story.post(
            "alice", f"Hold-Until: {as_value(first - timedelta(days=3))}\nEmbargo-Until: patch-day\n\nX.\n"
        )
        told = story.last("adam", "Receipt").text
        assert f"The patch day {first:%a} {first.day} {first:%b %Y}" in told
        assert "was skipped: it leaves members less than 14 days" in told
        assert "default" not in told

        await story.post("alice", "Scope: all\nPreview: yes\n\nA flaw.\n")
        assert "The public date is this list's default" in story.last("alice", "Preview").text


@pytest.mark.side
async def test_where_coordinators_lift_they_are_asked_until_one_does_and_nothing_ends_by_itself(
    tmp_path: Path, people: dict[str, Person]
) -> None:
    async with world(tmp_path, people, list={"lift": "coordinator", "public_address": "public@news.example"}) as story:
        notice = [("notice.txt", b"Flaw in the parser\n\nPlease update.\n")]
        lines = "Embargo-Until: +10d\nPublic-Notice: notice.txt\n\nA flaw.\n"
        await story.post("alice", lines, attachments=notice)
        disclosure, receipt = story.disclosure_id(), story.last("alice", "Receipt")
        assert "No date ends this embargo by itself" in receipt.text
        assert "with a `Lift: now` that names it" in receipt.text
        assert "EMBARGOED until you get the lift notice, due" in story.last("north").text

        await story.pass_time(10 * DAY - 1)
        assert asked(story) == 0
        assert "It holds until you get the lift notice." in story.last("north", "Reminder").text
        assert "one of you sends `Lift: now`" in story.last("adam", "Reminder").text
        await story.pass_time(1)
        assert (asked(story), await pages(story)) == (1, [])
        assert "Public-Notice: notice.txt" in story.last("adam", "To be lifted").text
        await story.pass_time(HOUR - 1)
        assert await pages(story) == []
        await story.pass_time(1)
        assert [(page.kind, page.ref) for page in await pages(story)] == [("lift-overdue", disclosure)]
        await story.pass_time(23 * HOUR)
        await story.pass_time(DAY)
        assert asked(story) == 1
        digest = story.last("alice", "Daily digest").text
        assert "Lift: now\r\nPublic-Notice: notice.txt" in digest
        assert await state_of(story, disclosure) == "embargoed"
        assert [subject for subject in story.subjects("north") if "Lifted" in subject] == []
        assert story.box.to("public@news.example") == []

        await story.post("alice", "Embargo-Until: +3h\n", reply_to=story.last("alice", "To be lifted"))
        await story.pass_time(3 * HOUR)
        assert story.subjects("adam")[-1] == f"[{disclosure}] To be lifted: Flaw in the parser", (
            "asked for the new date"
        )

        order = "Lift: now\nPublic-Notice: notice.txt\n"
        await story.post("adam", order, reply_to=story.last("adam", "To be lifted"))
        assert await state_of(story, disclosure) == "lifted"
        assert "Lifted" in story.last("north").subject
        assert len(story.box.to("public@news.example")) == 1
        told = asked(story)
        await story.pass_time(3 * DAY)
        assert asked(story) == told, "nothing is asked any more"
        assert len(await pages(story)) == 1, "and the second date was decided within its hour"


def asked(story: World) -> int:
    return len([subject for subject in story.subjects("alice") if "to be lifted" in subject.lower()])
