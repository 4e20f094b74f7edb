"""The stop code: anybody who has it can stop a release, wherever it stands, and can do nothing else with it."""

from __future__ import annotations

import base64
import re
from pathlib import Path

import letters
from letters import DISCLOSURE, MEMBERS, hand_in, sizes
from openpgp import Person
from policy.facts import Disclosure, State
from storage import disclosures
from world import LIST, OWNER, World, world

TEAM = ("alice", "adam", *MEMBERS)
HELD = "Hold-Until: +1h\n" + DISCLOSURE


async def latest(story: World) -> Disclosure:
    async with story.parts.database.reading() as tx:
        return (await disclosures.ls(tx))[-1]


async def start_again(story: World) -> None:
    """As ``disclosure go`` does it, without its mails."""
    async with story.parts.database.transaction() as tx:
        await disclosures.update(tx, (await disclosures.ls(tx))[-1].id, stopped=False)


def code_in(story: World) -> str:
    found = re.search(r"Stop code: ([0-9A-Z-]{14})", story.last("alice", "Receipt").text)
    assert found is not None
    return found[1]


def ways(story: World, code: str) -> dict[str, tuple[bytes, str]]:
    """Mails that hold the code, and the address that they come to."""
    first, second, third = code.split("-")
    encoded = base64.encodebytes(f"please {code}".encode()).replace(b"\n", b"\r\n")
    fields = {"MIME-Version": "1.0", "Content-Type": "text/plain; charset=utf-8"}
    marked = f"<p><b>{first}</b>-{second}-<i>{third}</i></p>".encode()
    head = b"From: x@elsewhere.example\r\nMIME-Version: 1.0\r\nMessage-ID: " + letters.fresh_id().encode() + b"\r\n"
    return {
        "in the text": (letters.clear(f"stop it: {code.lower()}\n"), LIST),
        "in the subject": (letters.clear("Hello\n", subject=f"Re: {code}"), LIST),
        "to the coordinators": (letters.clear(f"{code}\n"), OWNER),
        "quoted and wrapped": (letters.clear(f"> {first}-\n> {second}-{third}\n"), LIST),
        "in base64": (
            head + b"Content-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\n" + encoded,
            LIST,
        ),
        "in HTML": (head + b"Content-Type: text/html\r\n\r\n" + marked + b"\r\n", LIST),
        "in a mail that nobody can read": (b"From: y@elsewhere.example\r\n" + letters.clear(f"{code}\n"), LIST),
        "in an automatic answer": (letters.clear(f"> {code}\n", headers={"Auto-Submitted": "auto-replied"}), LIST),
        "encrypted, by a stranger": (story.compose("mallory", f"{code}\n"), LIST),
        "beside a form that is not read": (letters.clear(f"{code}\n", headers=fields | {"X-Mark": "1"}), LIST),
    }


async def test_the_code_stops_the_release_wherever_it_stands_and_only_a_coordinator_starts_it_again(
    tmp_path: Path, people: dict[str, Person]
) -> None:
    async with world(tmp_path, people, pinned=TEAM) as story:
        await story.post("alice", HELD)
        code = code_in(story)
        for name, (raw, to) in ways(story, code).items():
            before = await latest(story)
            assert not before.stopped, name
            assert await hand_in(story, raw, to=to) == 250, name
            await story.settle()
            after = await latest(story)
            assert after.stopped, name
            assert (after.state, after.hold_until, after.embargo_until, after.scope) == (
                State.HELD, before.hold_until, before.embargo_until, before.scope,
            ), name  # fmt: skip
            assert "stopped" in " ".join(story.subjects("adam")[-3:]).lower(), name
            await start_again(story)
        reasons = {entry.reason for entry in await letters.kept(story)}
        assert reasons == {"cleartext", "malformed", "stranger"}  # what the mails are, as always

        await hand_in(story, letters.clear(f"once more {code}\n"))
        await story.pass_time(4000)
        assert (await latest(story)).state is State.HELD
        assert {sizes(story)[member] for member in MEMBERS} == {0}
        await story.post("adam", "Hold-Until: now\n", reply_to=story.last("adam", "Receipt"))
        assert (await latest(story)).state is State.EMBARGOED
        assert {sizes(story)[member] for member in MEMBERS} == {1}

        count = sizes(story)
        assert await hand_in(story, letters.clear(f"too late {code}\n")) == 250
        await story.settle()
        assert not (await latest(story)).stopped
        assert sizes(story) == count


async def test_a_wrong_code_or_the_same_bytes_again_do_nothing(tmp_path: Path, people: dict[str, Person]) -> None:
    async with world(tmp_path, people, pinned=TEAM) as story:
        await story.post("alice", HELD)
        code = code_in(story)
        wrong = code[:-1] + ("0" if code[-1] != "0" else "1")
        request = OWNER.replace("owner", "request")
        await hand_in(story, letters.clear(f"{wrong}\n"))
        await hand_in(story, letters.clear(f"{code}\n"), to=request)
        assert not (await latest(story)).stopped

        stop = letters.clear(f"{code}\n")
        await hand_in(story, stop)
        assert (await latest(story)).stopped
        await story.post("alice", "Hold-Until: +1h\n", reply_to=story.last("alice", "Receipt"))
        await hand_in(story, stop)
        assert not (await latest(story)).stopped
