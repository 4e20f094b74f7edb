"""``Preview: yes``: the receipt comes back with what would happen, and nothing is stored or scheduled."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import func, select

from openpgp import Person
from storage import audit
from storage import tables as t
from world import World, world

BLOCK = "Preview: yes\nHold-Until: +1h\nEmbargo-Until: +14d\nScope: group:distributors\n\nA flaw.\n"


async def test_a_preview_goes_to_its_writer_alone_and_leaves_nothing_behind(
    tmp_path: Path, people: dict[str, Person]
) -> None:
    async with world(tmp_path, people) as story:
        await story.post("alice", BLOCK, attachments=[("fix.patch", b"--- a\n")])

        (preview,) = story.inbox("alice")
        assert "Preview" in preview.subject
        assert "2 of 3 members; not: Westlake (scope)." in preview.text
        assert len(preview.proofs) == 1
        assert "Stop code" not in preview.text
        assert f"Audit head: {await head_before(story)}" in preview.text
        assert story.inbox("adam") == []
        assert await rows(story) == (0, 1)
        await story.pass_time(7200)
        assert story.box.mails == story.box.mails[:1]

        real = BLOCK.removeprefix("Preview: yes\n")
        await story.post("alice", real, reply_to=None)
        receipt = story.last("alice", "Receipt")

        await story.post("alice", "Preview: yes\nScope: all\nTLP: RED\n\nMore text.\n", reply_to=receipt)
        shown = story.last("alice", "Preview")
        assert "3 of 3 members" in shown.text
        assert "TLP:RED" in shown.text
        await story.pass_time(3600)
        assert story.inbox("west") == []
        assert "TLP:AMBER+STRICT" in story.last("north").text

        await story.post("alice", "Preview: yes\nLift: now\n", reply_to=receipt)
        assert "lifted" in story.last("alice", "Preview").text
        await story.post("alice", "Preview: yes\nWithdraw: no longer needed\n", reply_to=receipt)
        await story.post("alice", "Preview: yes\nHold-Until: now\n", reply_to=receipt)
        assert "no hold to change" in story.last("alice", "Kept back").text
        # What can't be read is answered, and no more kept or told than what can't be done.
        for line in ("TPL: RED", "Hold-Until: +3d\nLift: now", "Embargo-Until: +200d"):
            told, kept = len(story.inbox("adam")), len(story.inbox("alice"))
            await story.post("alice", f"Preview: yes\n{line}\n", reply_to=receipt)
            answer = story.last("alice", "Kept back").text
            assert "Nothing of it is stored" in answer
            assert (len(story.inbox("adam")), len(story.inbox("alice"))) == (told, kept + 1)
            assert ("members have it already" in answer and "no block to paste" in answer) is ("Hold" in line)
        await story.post("alice", "Preview: yes\nEmbargo-Untill: +9d\n", subject="New")
        assert "Nothing of it is stored" in story.last("alice", "Kept back").text
        async with story.parts.database.reading() as tx:
            assert not (await tx.execute(select(t.quarantine))).all()
        assert len(story.inbox("north")) == 1
        assert not any("Preview" in subject for subject in story.subjects("adam"))


async def head_before(story: World) -> str:
    async with story.parts.database.reading() as tx:
        head = await audit.head(tx)
        assert head is not None
        (preview,) = (await tx.execute(select(t.audit.c.seq, t.audit.c.hash).where(t.audit.c.event == "preview"))).all()
    return f"{preview.seq}:{preview.hash}"


async def rows(story: World) -> tuple[int, int]:
    """How many disclosures and messages are stored."""
    async with story.parts.database.reading() as tx:
        found = [await tx.scalar(select(func.count()).select_from(table)) for table in (t.disclosures, t.messages)]
    return int(found[0] or 0), int(found[1] or 0)
