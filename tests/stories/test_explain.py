"""``embargo explain``: what would become of a mail, told before it comes; it comes true, and changes nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

import deeds
import letters
from deeds import LIST_ID
from gateway.operator.base import RefusedError, UnclearError
from gateway.operator.explain import explain
from gateway.rehearsal import Rehearsal
from openpgp import Person
from policy.facts import Standing
from storage import tables
from world import LIST, OWNER, World, world

POST = (
    "Hold-Until: 2036-11-24 17:00 UTC\nEmbargo-Until: 2036-12-08 19:00 +01:00\nScope: group:distributors\n"
    "Restrict: fix.patch to security@northwind.example\n\nA canary in the text.\n"
)
NOT_SAID = {"hold_until": None, "embargo_until": None}


async def everything(story: World) -> dict[str, list[Any]]:
    """All rows of all tables."""
    async with story.parts.database.reading() as tx:
        return {
            table.name: sorted(map(repr, (await tx.execute(select(table))).all()))
            for table in tables.metadata.sorted_tables
        }


async def explained(story: World, raw: bytes, list_name: str | None = None) -> Rehearsal:
    """Explain a mail, and see to it that nothing is changed: so nothing waits to be sent, either."""
    before = await everything(story)
    found = await explain(story.parts, raw, list_name)
    assert await everything(story) == before
    return found


def who(found: Rehearsal) -> dict[str, str | None]:
    """Each member by the first word of its domain: None where it gets all of it, else what its reason says."""
    return {
        one.address.partition("@")[2].partition(".")[0]: one.reason if not one.gets else f"gets it, {one.reason}"
        for one in found.recipients
    }


async def test_a_post_is_explained_and_then_comes_true(tmp_path: Path, people: dict[str, Person]) -> None:
    async with world(tmp_path, people, list={"max_embargo": "9000d"}) as story:
        raw = story.compose("alice", POST, attachments=[("fix.patch", b"--- a\n")])

        found = await explained(story, raw)

        assert found.to_json() == {
            "taken_for": "disclosure",
            "reason": None,
            "complaints": [],
            "dates": {"hold_until": "2036-11-24T17:00:00Z", "embargo_until": "2036-12-08T18:00:00Z"},
            "recipients": [
                {"address": "security@northwind.example", "gets": True, "reason": None},
                {"address": "psirt@southgate.example", "gets": True, "reason": "without fix.patch"},
                {"address": "security@westlake.example", "gets": False, "reason": "scope"},
            ],
        }
        assert dict(found.notices)["receipt"] == ("adam@project.example", "alice@project.example")
        assert (found.came_to, found.about) == (LIST, None)
        as_saved = raw.replace(b"\r\n", b"\n").rstrip(b"\n")
        assert (await explained(story, b"From alice Sun Nov 22\n" + as_saved)).to_json() == found.to_json()

        preview = story.compose("alice", f"Preview: yes\n{POST}", attachments=[("fix.patch", b"")])
        shown = await explained(story, preview)
        assert shown.to_json()["recipients"][0]["gets"]
        assert "Preview: yes" in shown.remarks[-1]

        await story.deliver(raw)
        await story.settle()
        again, replayed = await explained(story, raw), await explained(story, letters.again(raw))
        assert (again.taken_for, again.reasons, again.recipients) == ("disclosure", (), ())
        assert "The same bytes came already" in again.remarks[0]
        assert again.signer is not None, "who signed it is told all the same"
        assert story.disclosure_id() in again.remarks[0]
        assert (replayed.taken_for, replayed.reasons, replayed.recipients) == ("quarantine", ("replay",), ())
        assert "The same signature came already" in replayed.remarks[0]

        receipt = story.last("alice", "Receipt")
        code = next(line for line in receipt.text.splitlines() if "Stop code" in line)
        stopping = await explained(story, letters.clear(f"please\n{code}\n"))
        assert (stopping.taken_for, stopping.reasons) == ("quarantine", ("cleartext",))
        assert story.disclosure_id() in stopping.remarks[0]
        assert "stop code" in stopping.to_json()["complaints"][0]

        go = await explained(story, story.compose("adam", "Hold-Until: +1h\nScope: all\n", reply_to=receipt))
        assert go.taken_for == "command"
        assert go.about == story.disclosure_id()
        assert "The scope is now: all." in go.remarks[0]
        assert set(who(go).values()) == {"no text of it goes on"}
        held = await explained(
            story, story.compose("adam", "Send-To: audience\n\nMore of it.\n", reply_to=receipt, subject="Re: it")
        )
        assert held.taken_for == "follow-up"
        assert who(held) == {"northwind": "gets it, None", "southgate": "gets it, None", "westlake": "scope"}


@pytest.mark.side
async def test_what_is_kept_back_is_explained_with_its_reason_and_what_to_write_instead(
    tmp_path: Path, people: dict[str, Person]
) -> None:
    async with world(tmp_path, people, list={"max_embargo": "9000d"}) as story:
        block = "Hold-Untill: +1h\nEmbargo-Until: 02/06/2036\n"
        unclear = await explained(story, story.compose("alice", f"{block}\nText.\n"))
        assert (unclear.taken_for, unclear.reasons, unclear.recipients) == ("quarantine", ("control-lines",), ())
        told = unclear.to_json()
        assert told["reason"] == "control-lines"
        assert "did you mean Hold-Until" in told["complaints"][0]
        assert "could mean" in told["complaints"][1]
        assert told["complaints"][2].startswith("the whole block, put right:\nHold-Until: +1h\nEmbargo-Until: 2036")
        right = await explained(story, story.compose("alice", f"{unclear.corrected}\nText.\n"))
        assert (right.taken_for, right.complaints) == ("disclosure", ())
        assert dict(unclear.notices)["complaint"] == ("alice@project.example",)

        late = await explained(story, story.compose("alice", "Embargo-Until: +9001d\n\nText.\n"))
        assert (late.taken_for, late.reasons) == ("quarantine", ("control-lines",))
        assert "Embargo-Until: 20" in late.corrected
        await deeds.set_standing(story, people["west"], Standing.SUSPENDED)
        nobody = "Embargo-Until: 2036-12-08 18:00 UTC\nScope: org:Westlake\n\nText.\n"
        empty = await explained(story, story.compose("alice", nobody))
        assert (empty.taken_for, empty.complaints[0].why) == ("quarantine", "no active member is in this scope")
        assert empty.to_json()["dates"] == {"hold_until": None, "embargo_until": "2036-12-08T18:00:00Z"}

        post = "Embargo-Until: 2036-12-08 18:00 UTC\n\nText.\n"
        dates = {"hold_until": None, "embargo_until": "2036-12-08T18:00:00Z"}
        unsigned = letters.unsigned(story, post, who="alice")
        for raw, reason in (
            (letters.clear(post), "cleartext"),
            (unsigned, "unsigned"),
            (story.compose("mallory", post), "stranger"),
        ):
            found = await explained(story, raw)
            assert (found.taken_for, found.reasons[0], found.recipients) == ("quarantine", reason, ())
            assert found.to_json()["dates"] == dates
        assert (await explained(story, story.compose("alice", "Hello.\n"))).reasons == ("no-control-block",)

        await story.post("alice", f"{block}\nText.\n")
        mended = story.compose("alice", unclear.corrected, reply_to=story.last("alice", "Kept back"))
        assert (await explained(story, mended)).to_json()["recipients"][0]["gets"]
        assert (await explained(story, mended)).taken_for == "disclosure"

        await story.deliver(unsigned)
        again = await explained(story, unsigned)
        assert (again.taken_for, again.reasons) == ("quarantine", ("unsigned",))
        assert "(QU-" in again.remarks[0]

        broken = f"To: {LIST}\r\nSubject: x\r\nno header at all\r\n\r\nText.\r\n".encode()
        assert (await explained(story, broken)).reasons == ("malformed",)
        assert (await explained(story, b"nonsense")).reasons == ("malformed",)
        away = letters.clear("I am away.\n", headers={"Auto-Submitted": "auto-replied"})
        assert (await explained(story, away)).to_json() == {
            "taken_for": "automatic", "reason": None, "complaints": [], "dates": NOT_SAID, "recipients": [],
        }  # fmt: skip
        null = b"Return-Path: <>\r\n" + letters.clear("I am away.\n")
        assert (await explained(story, null)).taken_for == "automatic"
        asked = await explained(story, letters.clear("A question.\n", to=OWNER))
        assert (asked.taken_for, asked.came_to) == ("reply", OWNER)
        assert dict(asked.notices)["forward"] == ("adam@project.example", "alice@project.example")

        elsewhere = story.compose("alice", post, to="other@lists.example.net")
        with pytest.raises(UnclearError, match="neither To nor Cc"):
            await explained(story, elsewhere)
        assert (await explained(story, elsewhere, LIST_ID)).reasons == ("wrong-list", "outsider-addressed")
        for raw in (unsigned + b"\0", b"a\r\nb\nc", unsigned + b"x" * 30_000_000):
            with pytest.raises(RefusedError, match="not be taken at all"):
                await explained(story, raw, LIST_ID)
        with pytest.raises(RefusedError, match="no such address"):
            await explained(story, letters.clear("x", to=LIST.replace("@", "-bounces+abcdef@")))


async def test_what_is_said_in_a_thread_is_explained_by_who_would_get_it(
    tmp_path: Path, people: dict[str, Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    async with world(tmp_path, people, list={"discussion": "audience"}) as story:
        lines = "Scope: group:distributors\nRestrict: fix.patch to security@northwind.example\n"
        text = f"Embargo-Until: +14d\n{lines}\nA flaw.\n"
        post = story.compose("alice", text, attachments=[("fix.patch", b"--- a\n")])
        told = {one.address for one in (await explained(story, post)).recipients if one.gets}
        await story.deliver(post)
        await story.settle()
        assert told == {people["north"].address, people["south"].address}
        assert told == set(await deeds.copies(story, f"{story.disclosure_id()}/1"))
        north, south = story.last("north"), story.last("south")

        assert who(await explained(story, story.compose("north", "My patch.\n", reply_to=north))) == {
            "northwind": "wrote it",
            "southgate": "does not hold all that its writer holds",
            "westlake": "scope",
        }
        to_all = await explained(story, story.compose("south", "Thanks for this.\nIt builds.\n", reply_to=south))
        assert (to_all.taken_for, who(to_all)) == (
            "reply",
            {"northwind": "gets it, None", "southgate": "wrote it", "westlake": "scope"},
        )
        status = await explained(story, story.compose("south", "Status: patched\n", reply_to=south))
        assert (status.taken_for, who(status)["northwind"]) == ("command", "it goes to the coordinators alone")
        assert "Your status is with the coordinators" in status.to_json()["complaints"][-1]
        ack = await explained(story, story.compose("south", "Ack: yes\n", reply_to=south))
        assert (ack.taken_for, who(ack)["northwind"]) == ("command", "no text of it goes on")
        lift = await explained(story, story.compose("alice", "Lift: now\n", reply_to=north))
        assert (lift.taken_for, dict(lift.notices)["lift-notice"]) == (
            "command",
            tuple(sorted(people[name].address for name in ("alice", "adam", "north", "south"))),
        )
        assert "The embargo is lifted." in lift.remarks[0]

        leak = await explained(story, story.compose("south", "Leak: the patch, to GitHub\n", reply_to=south))
        assert (leak.taken_for, leak.reasons, who(leak)) == (
            "leak",
            (),
            {
                "northwind": "gets the gateway's notice, not the report",
                "southgate": "wrote it",
                "westlake": "it goes to the coordinators alone",
            },
        )
        assert dict(leak.notices)["alarm"] == ("adam@project.example", "alice@project.example")
        claim = await explained(story, letters.clear("Leak: the patch\n", answers=south))
        assert claim.taken_for == "leak"
        assert "not proved (cleartext)" in claim.remarks[0]
        assert "quarantine" not in str(claim.to_json()["reason"])
        unsure = await explained(story, story.compose("north", "It was pushed to GitHub.\n", reply_to=north))
        assert (unsure.taken_for, unsure.reasons) == ("quarantine", ("possible-leak",))
        assert "Leak: yes" in unsure.answers[0]

        wider = await explained(story, story.compose("alice", "Scope: all\n", reply_to=north))
        assert (wider.taken_for, who(wider)) == (
            "command",
            {
                "northwind": "no text of it goes on",
                "southgate": "no text of it goes on",
                "westlake": "gets it, without what is restricted to others",
            },
        )
        settings = story.parts.lists[LIST_ID].config
        monkeypatch.setitem(settings.__dict__, "discussion", "coordinators")
        alone = await explained(story, story.compose("south", "Thanks.\nIt builds.\n", reply_to=south))
        assert (alone.taken_for, who(alone)) == (
            "reply",
            {
                "northwind": "the list sends replies to the coordinators alone",
                "southgate": "wrote it",
                "westlake": "scope",
            },
        )
        monkeypatch.setitem(settings.__dict__, "discussion", "audience")
        tagged = story.compose("south", "It builds.\n", subject=f"Re: [{story.disclosure_id()}] Flaw")
        assert who(await explained(story, tagged))["northwind"] == "it goes to the coordinators alone"
        await deeds.set_standing(story, people["south"], Standing.SUSPENDED)
        follow_up = await explained(story, story.compose("alice", "Another thing.\n", reply_to=north))
        assert (follow_up.taken_for, who(follow_up)) == (
            "follow-up",
            {"northwind": "gets it, None", "southgate": "suspended", "westlake": "scope"},
        )
        among = await explained(story, story.compose("alice", "For us.\n", reply_to=story.last("alice", "Receipt")))
        assert (among.taken_for, who(among)["northwind"]) == ("follow-up", "it goes to the coordinators alone")
