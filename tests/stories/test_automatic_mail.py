"""What no person wrote: recorded without content, distributed to nobody, never answered; bounces settle one copy."""

from __future__ import annotations

from pathlib import Path

import pytest

import letters
from letters import DISCLOSURE, MEMBERS, cases, hand_in, kept, mail_of, sizes, token_of
from openpgp import Person
from policy.facts import CopyState
from storage import outbox
from world import OWNER, World, world

TEAM = ("alice", "adam", *MEMBERS)
REPORT = (
    "Content-Type: multipart/report; report-type=delivery-status; boundary=r\r\n\r\n--r\r\n"
    "Content-Type: text/plain\r\n\r\nIt could not be delivered. Leak: no such thing\r\n--r\r\n"
    "Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.northwind.example\r\n\r\n"
    "Final-Recipient: rfc822; security@northwind.example\r\nAction: {action}\r\nStatus: 5.1.1\r\n\r\n--r--\r\n"
)


def bounce(action: str = "failed") -> bytes:
    head = f"From: MAILER-DAEMON@mx.northwind.example\r\nMessage-ID: {letters.fresh_id()}\r\nMIME-Version: 1.0\r\n"
    return (head + REPORT.format(action=action)).encode()


def return_path(token: str) -> str:
    return f"early-disclosure-bounces+{token}@lists.example.org"


async def states(story: World) -> dict[str, CopyState]:
    async with story.parts.database.reading() as tx:
        rows = await outbox.of_message(tx, f"{story.disclosure_id()}/1")
    return {row.address: row.state for row in rows if row.role == "member"}


@pytest.mark.side
async def test_automatic_mail_is_recorded_without_content_and_goes_nowhere(
    tmp_path: Path, people: dict[str, Person]
) -> None:
    async with world(tmp_path, people, pinned=TEAM) as story:
        await story.post("alice", DISCLOSURE)
        copy, before, text = story.last("north", "Flaw"), sizes(story), "Leak: I am on holiday, okapi\n"
        north = letters.address_of(story, "north")
        mails = {
            "marked": letters.clear(text, sender=north, answers=copy, headers={"Auto-Submitted": "auto-replied"}),
            "vacation": letters.clear(text, sender=north, answers=copy, subject="Automatic reply: Flaw"),
            "from a mailer": letters.clear(text, sender="MAILER-DAEMON@mx.northwind.example"),
            "our own": letters.clear(text, headers={"List-Id": "<early-disclosure.lists.example.org>"}),
            "sealed and marked": letters.signed_payload(
                story,
                b"Content-Type: text/plain\r\n\r\nLeak: okapi\r\n",
                who="north",
                headers={"Auto-Submitted": "auto-generated"},
            ),
        }
        for name, raw in mails.items():
            for to in ("early-disclosure@lists.example.org", OWNER):
                assert await hand_in(story, raw, to=to) == 250, name
        assert await hand_in(story, letters.clear(text, sender=north), sender="") == 250
        await story.settle()

        assert sizes(story) == before
        assert await cases(story) == []
        assert await kept(story) == []
        recorded = [record for record in await letters.trail(story) if record.event == "automatic"]
        assert len(recorded) == 2 * len(mails) + 1
        for record in recorded:
            mail = await mail_of(story, record.id)
            assert (mail.taken_for, mail.raw_item) == ("automatic", None)
        assert "okapi" not in str(recorded)


async def test_a_bounce_settles_the_copy_whose_return_path_it_came_to_and_no_other(
    tmp_path: Path, people: dict[str, Person]
) -> None:
    async with world(tmp_path, people, pinned=TEAM) as story:
        await story.post("alice", DISCLOSURE)
        north, south = people["north"].address, people["south"].address
        first = f"{story.disclosure_id()}/1"
        to = return_path(await token_of(story, first, north))
        for raw, sender in ((bounce("delayed"), ""), (bounce(), "mallory@elsewhere.example")):
            assert await hand_in(story, raw, to=to, sender=sender) == 250
        await story.settle()
        assert set((await states(story)).values()) == {CopyState.SENT}
        assert await hand_in(story, bounce(), to="early-disclosure@lists.example.org", sender="") == 250
        assert set((await states(story)).values()) == {CopyState.SENT}

        before = sizes(story)
        assert await hand_in(story, bounce(), to=to, sender="") == 250
        await story.settle()
        after = await states(story)
        assert after.pop(north) is CopyState.BOUNCED
        assert set(after.values()) == {CopyState.SENT}
        assert south in after
        more = {who: count - before[who] for who, count in sizes(story).items() if count != before[who]}
        assert more == {"alice": 1, "adam": 1}
        assert "Bounced" in story.last("adam").subject
        assert await kept(story) == []
        assert await cases(story) == []

        await story.post("alice", "Send-To: audience\n\nMore on it.\n", reply_to=story.last("adam", "Flaw"))
        assert "More on it" in story.last("north").text  # a bounce removes nobody
