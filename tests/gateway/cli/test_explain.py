"""``embargo explain``: one JSON document, or a page for a person; from a file or a pipe, with and without a service."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

import gateway
import letters
from gateway.cli import app
from gateway.cli.explain import MEANINGS
from gateway.rehearsal import TAKEN_FOR
from world import LIST, world

OTHER = {"address": "other@lists.example.org", "name": "Other"}
BLOCK = "Hold-Until: +1h\nEmbargo-Until: +14d\nScope: group:distributors\n\nA canary in the text.\n"


@pytest.fixture
def mail(tmp_path):
    def write(raw: bytes):
        path = tmp_path / "mail.eml"
        path.write_bytes(raw)
        return path

    return write


async def test_beside_the_service_it_tells_scripts_and_people_what_would_happen(tmp_path, people, beside, mail):
    async with world(tmp_path, people, lists={"other": OTHER}) as story:
        shell = beside(story)
        shell.house.configure(story.box.port, more_of_list='[lists.other]\naddress = "other@lists.example.org"')
        records, good = await shell.trail(), mail(story.compose("alice", BLOCK))

        told = await shell.json("explain", good)
        assert list(told) == ["taken_for", "reason", "complaints", "dates", "recipients"]
        assert (told["taken_for"], told["reason"], told["complaints"]) == ("disclosure", None, [])
        assert all(instant.endswith("Z") for instant in told["dates"].values())
        assert [list(one.values()) for one in told["recipients"]] == [
            ["security@northwind.example", True, None],
            ["psirt@southgate.example", True, None],
            ["security@westlake.example", False, "scope"],
        ]

        page = await shell.ok("explain", "--list", "early-disclosure", good)
        assert "disclosure: a new disclosure" in page
        assert "Alice Archer <alice@project.example>, coordinator" in page
        assert "Who gets it: 2 of 3 members" in page
        assert "receipt to adam@project.example, alice@project.example" in page
        assert "nothing was changed, nothing was sent" in page
        assert "canary" not in page

        unclear = await shell.ok("explain", mail(story.compose("alice", "Embargo-Untill: 9AM PT\n\n\x1b[2JText.\n")))
        assert "control-lines: a control line is unknown" in unclear
        assert "did you mean Embargo-Until?" in unclear
        assert "The whole block, put right\n  Embargo-Until: 20" in unclear
        assert "No member gets anything of it." in unclear
        assert "complaint to alice@project.example" in unclear

        both = mail(story.compose("alice", BLOCK, to=f"{LIST}, other@lists.example.org"))
        assert "several lists (early-disclosure, other)" in await shell.refuse("explain", both, code=2)
        assert (await shell.json("explain", both, "--list", "other"))["reason"] == "undecryptable"
        judged = await shell.json("explain", both, "--list", "early-disclosure")
        assert judged["reason"] == "outsider-addressed"  # the other list has an audience of its own
        nobody = mail(story.compose("alice", BLOCK, to="x@y.example"))
        assert "neither To nor Cc" in await shell.refuse("explain", nobody, code=2)

        assert await shell.trail() == records
        await story.settle()
        assert story.box.mails == []
        assert await asyncio.to_thread(shell.house.json, "disclosure", "ls") == []


def test_without_a_service_it_reads_a_pipe(house):
    raw = letters.clear("Embargo-Until: 2036-12-08 18:00 UTC\n\nText.\n").replace(b"\r\n", b"\n")

    done = CliRunner().invoke(app, ["--config", str(house.config), "explain", "-", "--json"], input=raw)

    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert (told["taken_for"], told["reason"], told["recipients"]) == ("quarantine", "cleartext", [])
    assert house.json("quarantine", "ls") == []


def test_what_the_door_would_refuse_is_refused_here(house, mail):
    said = house.refuse("explain", mail(letters.clear("Text.\n") + b"\0"))

    assert "550 5.6.0" in said


def test_whatever_a_mail_is_recorded_as_has_its_word_in_the_contract():
    sources = "".join(path.read_text("utf-8") for path in Path(gateway.__file__).parent.glob("*.py"))
    recorded = set(re.findall(r'\.taken_for = "([a-z-]+)"', sources))

    assert recorded >= {"disclosure", "leak", "forward"}
    assert {TAKEN_FOR.get(word, word) for word in recorded} == set(MEANINGS)
