"""The demo's middle: a patch put right, dates that are proposed, a reminder, attacks that are seen."""

from __future__ import annotations

import asyncio
import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from gateway.clock import SystemClock
from gateway.demo.cast import sha256
from gateway.demo.stage import REMINDED, StepFailedError
from gateway.demo.telling import MEMBERS, PATCH
from policy.instants import as_value

if TYPE_CHECKING:
    from gateway.demo.cast import Letter
    from gateway.demo.telling import Story

BETTER = PATCH.replace(b"length >= limit", b"length >= limit || length < 0")
SOON = timedelta(seconds=15)  # from the proposal of the earlier date until the reminder of it


async def dates(story: Story) -> None:
    """A later date falls by one objection; an earlier one comes with the coordinator's word."""
    story.title("7. The public date: members propose, one objection holds off a later one")
    await story.reply("north", "Propose-Embargo-Until: +60d\nReason: our build farm is down\n", story.copies["north"])
    ballot = await story.hears("south", "Another public date is proposed")
    is_discreet = "Northwind" not in ballot.text and "build farm" not in ballot.text
    story.check("Southgate is asked for its vote; who proposes it, and why, it does not read", holds=is_discreet)
    told = await story.hears("alice", "our build farm is down", inside=True)
    story.check("Alice reads both", holds="Proposed by Northwind" in told.text)
    await story.reply("south", f"Object: {_id(ballot, 'DP')}\n", ballot)
    everybody = ("alice", *(key for key, *_ in MEMBERS))
    notices = await asyncio.gather(*(story.hears(who, "The public date stands") for who in everybody))
    is_told = all("one objection defeats a later date" in notice.text for notice in notices)
    story.check("the date stands, and all four read so", holds=is_told)

    wanted = (SystemClock().now() + REMINDED + SOON).replace(microsecond=0)
    await story.reply("west", f"Propose-Embargo-Until: {as_value(wanted)}\n", story.copies["west"])
    asked = await story.hears("alice", "an earlier public date of", inside=True)
    is_open = "Until then the public date stands" in asked.text
    story.check("an earlier date changes nothing by itself; Alice is asked", holds=is_open)
    await story.reply("alice", f"Confirm: {_id(asked, 'DP')}\n", asked)
    notices = await asyncio.gather(*(story.hears(who, "New public date") for who in everybody))
    is_signed = all(notice.is_signed_by_list for notice in notices)
    shown = await story.shown()
    is_moved = datetime.fromisoformat(shown["embargo_until"]) == wanted
    story.check("it is confirmed: the date has moved, and all four read the new one", holds=is_signed and is_moved)


async def patch_put_right(story: Story) -> None:
    """A correction, acknowledged by one."""
    story.title("6. A better patch, and how far they are")
    text = "Corrects: last\nReplaces: fix.patch\nSend-To: audience\n\nThe first patch missed a case.\n"
    await story.reply("alice", text, attachments=[("fix.patch", BETTER)])
    for key, _, _, group in MEMBERS:
        letter = await story.hears(key, "CORRECTION", inside=True)
        story.copies[key] = letter
        has_it = letter.attachments.get("fix.patch") == BETTER
        says_discard = f"Discard fix.patch as you got it before (SHA-256 {sha256(PATCH)})" in letter.text
        is_right = (has_it and says_discard) if group == "distributors" else not (has_it or says_discard)
        what = "has the better patch, and reads which one to discard" if has_it else "hears nothing of the patch"
        story.check(f"{story.people[key].name} {what}", holds=is_right)
    await story.reply("west", "Ack: yes\nStatus: patched, in test\n", story.copies["west"])
    shown = await story.shown()
    is_status = [status["text"] for status in shown["statuses"]] == ["patched, in test"]
    story.check("Westlake's status stands with the disclosure", holds=is_status)
    is_one = [one["org"] for one in shown["acknowledged"]] == ["Westlake"]
    story.check(f"acknowledged by {len(shown['acknowledged'])} of {len(MEMBERS)}", holds=is_one)


async def attacks(story: Story) -> None:
    """A member's report of attacks, confirmed."""
    story.title("8. Attacks are seen")
    await story.reply("north", "Fact: attacks\nWhere: our honeypot in Oslo\n", story.copies["north"])
    report = await story.hears("alice", "Reported: attacks are seen")
    is_whole = "our honeypot in Oslo" in report.text and "Nothing has changed by it" in report.text
    story.check("Alice reads where; nothing has changed by it", holds=is_whole)
    await story.reply("alice", f"Confirm: {_id(report, 'FA')}\n", report)
    asked = await story.hears("alice", "Attacks are seen, please decide")
    story.check("she is asked to decide: lift it, an earlier date, or leave it", holds="Lift: now" in asked.text)
    await story.reply("north", "Propose-Embargo-Until: +60d\n", story.copies["north"])
    refused = await story.hears("north", "attacks are seen", inside=True)
    is_refused = "Propose-Embargo-Until: +60d" in refused.text
    story.check("a later date can't even be proposed from now on", holds=is_refused)


async def reminder(story: Story) -> None:
    """The public date comes near."""
    story.title(f"9. {REMINDED.days} days before the public date everybody is reminded")
    mine = await story.hears("alice", "Reminder, public soon")
    is_listed = "not acknowledged by" in mine.text and "Westlake" not in mine.text
    story.check("Alice reads who did not acknowledge", holds=is_listed)
    theirs = await asyncio.gather(*(story.hears(key, "Reminder, public soon") for key, *_ in MEMBERS))
    story.check("the members read when it ends", holds=all("The embargo of" in letter.text for letter in theirs))


def _id(letter: Letter, prefix: str) -> str:
    found = re.search(rf"{prefix}-\d{{4}}-[0-9A-Z]{{4}}", letter.text)
    if found is None:
        raise StepFailedError(f"no {prefix} id in '{letter.subject}'")
    return found[0]
