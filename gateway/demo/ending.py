"""The demo's end: a leak, the lift, the public notice, what was learnt, and nothing left but the record."""

from __future__ import annotations

import asyncio
import email
import email.policy
import json
from typing import TYPE_CHECKING

from gateway.demo.stage import LOOK_EVERY, PATIENCE, PUBLIC
from gateway.demo.telling import MEMBERS, SUBJECT

if TYPE_CHECKING:
    from gateway.demo.telling import Story

POST = "https://project.example/advisories/7"


async def leak(story: Story) -> None:
    """A report that nobody signed: an alarm at once, and vouched for by Alice."""
    story.title("10. The bad day: somebody at Southgate reports a leak, from a phone, unsigned")
    before = [story.count(member) for member in story.members]
    text = "Leak: fix.patch was pushed to a public repository\nLeak-When: an hour ago\n\nWe are taking it down.\n"
    await story.reply("south", text, story.copies["south"], signed=False)
    alarm = await story.hears("alice", "ALARM")
    is_honest = "We are taking it down" in alarm.text and "NOT PROVED" in alarm.text
    story.check("the alarm reached Alice at once, with the whole report; it says NOT PROVED", holds=is_honest)
    async with asyncio.timeout(PATIENCE):
        while not (found := _leak_pages(story)):  # noqa: ASYNC110 - another process writes it
            await asyncio.sleep(LOOK_EVERY)
    page = found[0]
    is_bare = set(page) == {"kind", "id", "list", "at"}
    story.leak_id = page["id"]
    story.check(f"the pager was told: {page['kind']} {page['id']}, no content", holds=is_bare)
    others = [story.people[key] for key in ("north", "west")]
    is_quiet = [story.count(one) for one in others] == [before[0], before[2]]
    story.check("no other member was told on the word of somebody unproved", holds=is_quiet)
    await story.reply("alice", f"Vouch: {story.leak_id}\n", alarm)
    for key in ("north", "west"):
        notice = await story.hears(key, "A leak is reported")
        is_right = "public repository" in notice.text and "Southgate" not in notice.text
        story.check(f"{story.people[key].name} is told what leaked, without naming anybody", holds=is_right)


async def lift(story: Story) -> None:
    """Assessed as public: the embargo is over, and whoever got a copy is told."""
    story.title("11. It is out: the assessment lifts the embargo")
    west = story.people["west"]
    await story.stage.embargo("member", "suspend", west.address)
    story.tell(f"embargo member suspend {west.address}")
    text = f"Assess: {story.leak_id}\nOutcome: public\nReason: three mirrors have the patch\n"
    await story.reply("alice", text, await story.hears("alice", "ALARM"))
    for key, org, _, _ in MEMBERS:
        notice = await story.hears(key, "Lifted")
        is_right = notice.is_signed_by_list and "mirrors" not in notice.text
        also = ", suspended but bound until now," if key == "west" else ""
        story.check(f"{org}{also} got the lift notice", holds=is_right)


async def publish(story: Story) -> None:
    """The public notice goes out on a fresh order alone."""
    story.title("12. The public notice, when Alice orders it and not before")
    story.check("no lift by a leak publishes anything", holds=not _published(story))
    await story.reply("alice", "Public-Notice: notice.txt\n")
    async with asyncio.timeout(PATIENCE):
        while not _published(story):  # noqa: ASYNC110 - looked at as a person would
            await asyncio.sleep(LOOK_EVERY)
    (raw,) = _published(story)
    is_good = b"Update to 1.2.3." in raw and await _is_signed(story, raw)
    story.check(f"{PUBLIC} has it in clear, signed by the list", holds=is_good)
    await story.reply("alice", f"Public-Post: {POST}\n")
    noted = await story.hears("alice", "Where the public notice stands is noted", inside=True)
    story.check("where else it stands is noted", holds=noted.is_signed_by_list)


async def learn(story: Story) -> None:
    """The retrospective: drafted by the gateway, posted by Alice."""
    story.title("13. What is learnt from it")
    draft = await story.hears("alice", "Retrospective due")
    body = draft.text.partition("-" * 60)[2].lstrip()
    is_draft = body.startswith(f"Retrospective: {story.leak_id}") and "Southgate" not in body
    story.check("a draft came by itself: what happened when, without names", holds=is_draft)
    is_attached = b"Southgate" in draft.attachments.get("who-had-what.txt", b"")
    story.check("who had what is attached, for Alice alone", holds=is_attached)
    for line in body.splitlines():
        if line.startswith("  2"):
            story.tell(f"  {line.strip()}")
    learnt = "Build trees with embargoed patches push nowhere."
    await story.reply("alice", body.replace("...", learnt), draft)
    for key in ("north", "south"):
        letter = await story.hears(key, learnt, inside=True)
        is_alone = "who-had-what.txt" not in letter.attachments
        story.check(f"{story.people[key].name} reads it", holds=is_alone)


async def look_back(story: Story) -> None:
    """Closed, and the whole life on one page."""
    story.title("14. Closed, and its whole life on one page")
    await story.reply("alice", "Close: yes\n")
    shown = await story.shown()
    (case,) = shown["leaks"]
    is_over = (case["state"], case["outcome"], case["verified"]) == ("closed", "public", True)
    story.check(f"{story.leak_id} is {case['state']}: {case['outcome']}, vouched for", holds=is_over)
    is_on_record = shown["public_post"] == POST and shown["subject"] == SUBJECT
    story.check("where the public notice stands is on record", holds=is_on_record)
    sent = [copy for copy in shown["copies"] if copy["state"] == "sent"]
    is_closed = shown["state"] == "closed" and len(sent) >= len(MEMBERS)
    story.check(f"{story.disclosure_id} is {shown['state']}, {len(sent)} copies sent", holds=is_closed)
    page = await story.stage.embargo("disclosure", "report", story.disclosure_id, "--html")
    is_page = "<svg" in page and "<script" not in page and SUBJECT not in page
    story.check("the report has a picture of it all, and no secret", holds=is_page)
    story.check("it says: acknowledged by 1 of 3 members", holds="by 1 of 3 members" in page)
    await asyncio.to_thread((story.stage.directory / "report.html").write_text, page)


async def destroy(story: Story) -> None:
    """What people wrote is gone; the record stays."""
    story.title("15. What people wrote is destroyed; the record stays")
    story.tell(f"embargo disclosure destroy {story.disclosure_id}")
    await story.stage.embargo("disclosure", "destroy", story.disclosure_id)
    shown = await story.shown()
    is_gone = shown["subject"].startswith("(content destroyed on") and not shown["statuses"]
    story.check(f"its subject is gone, too: {shown['subject']}", holds=is_gone)
    written = (SUBJECT, "honeypot", "build farm", "repository", "mirrors", "push nowhere")
    is_empty = shown["destroyed_at"] is not None and not any(word in json.dumps(shown) for word in written)
    story.check(f"{len(shown['timeline'])} entries tell what happened when, and nothing else", holds=is_empty)
    verified = await story.stage.embargo_json("audit", "verify")
    story.check("the audit trail is whole", holds=verified["ok"] is True)
    code = await story.stage.stop()
    story.check("the gateway stopped by itself when asked to", holds=code == 0)


def _leak_pages(story: Story) -> list[dict[str, str]]:
    """What the alarm command was told of leaks; its last line may not be whole yet."""
    lines = story.stage.pages.read_text().splitlines() if story.stage.pages.exists() else []
    pages = [json.loads(line) for line in lines if line.endswith("}")]
    return [page for page in pages if page["kind"] == "leak"]


def _published(story: Story) -> list[bytes]:
    return [mail.content for mail in story.stage.mails if mail.recipient == PUBLIC]


async def _is_signed(story: Story, raw: bytes) -> bool:
    """Whether anybody who has the list's key, as here the stranger, finds its signature good (RFC 3156 s5)."""
    boundary = email.message_from_bytes(raw, policy=email.policy.default).get_boundary() or ""
    _, signed, rest, _ = raw.split(b"--" + boundary.encode())
    data, signature = story.stage.directory / "notice.signed", story.stage.directory / "notice.asc"
    await asyncio.to_thread(data.write_bytes, signed.removeprefix(b"\r\n").removesuffix(b"\r\n"))
    await asyncio.to_thread(signature.write_bytes, rest.partition(b"\r\n\r\n")[2])
    _, _, status = await story.people["mallory"].gpg("--verify", str(signature), str(data))
    return b"GOODSIG" in status and story.list_fingerprint.encode() in status
