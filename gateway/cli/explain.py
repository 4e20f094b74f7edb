"""``embargo explain``: a dry run on a mail."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.act import quiet
from gateway.cli.output import clean, emit, facts, heading, table
from gateway.cli.work import AsJson, ListName, config_of
from gateway.operator.acts import operating
from gateway.operator.explain import explain as tried_out
from gateway.rehearsal import Rehearsal
from policy.instants import in_words
from policy.reasons import Reason

app = typer.Typer(rich_markup_mode=None)

MEANINGS = {
    "disclosure": "a new disclosure",
    "follow-up": "a coordinator's text in a thread",
    "reply": "a reply, to be read by people",
    "leak": "a leak report: a case, and an alarm to every coordinator",
    "command": "control lines or an acknowledgement; no text goes on",
    "quarantine": "kept back, passed on to nobody",
    "automatic": "written by no person: recorded, answered by nobody",
}
COLUMNS = {"address": "ADDRESS", "org": "ORGANISATION", "gets": "GETS IT", "reason": "WHY"}


@app.command()
def explain(
    ctx: typer.Context,
    file: Annotated[str, typer.Argument(metavar="FILE", help="The raw mail; - reads standard input.")],
    list_name: ListName = None,
    as_json: AsJson = False,
) -> None:
    """Say what a mail would be taken for and who would get it; changes nothing, sends nothing."""
    config = config_of(ctx)
    quiet()
    most = config.smtp.max_message_bytes + 1  # one more than is taken tells that it is too large
    raw = _read(file, most)

    async def run() -> Rehearsal:
        async with operating(config) as parts:
            return await tried_out(parts, raw, list_name)

    found = asyncio.run(run())
    if as_json:
        emit(found.to_json())
    else:
        _print(found)


def _read(file: str, most: int) -> bytes:
    """At most so many bytes of it. Raises OSError."""
    if file == "-":
        return sys.stdin.buffer.read(most)
    with Path(file).open("rb") as opened:
        return opened.read(most)


def _print(found: Rehearsal) -> None:
    signer = found.signer
    facts(
        {
            "Came to": f"{found.came_to} (list {found.list_id})",
            "Taken for": f"{found.taken_for}: {MEANINGS.get(found.taken_for, '')}".rstrip(": "),
            "Belongs to": found.about,
            "Signed with the key of": f"{signer.name} <{signer.address}>, {signer.role}" if signer else "nobody known",
            "Encrypted": "to the list" if found.encrypted else "no",
            "Hold until": in_words(found.hold_until, found.zone, found.now) if found.hold_until else None,
            "Public at": in_words(found.embargo_until, found.zone, found.now) if found.embargo_until else None,
        }
    )
    _lines("Kept back because", [f"{reason}: {Reason(reason).meaning}" for reason in found.reasons])
    _print_complaints(found)
    _lines("To know", found.remarks)
    for answer in found.answers:
        _lines("Its writer would be told (with ids that are made up here)", answer.splitlines())
    _print_recipients(found)
    _lines("Beside that the gateway would send", [f"{kind} to {', '.join(who)}" for kind, who in found.notices])
    print("\nThis was a dry run: nothing was changed, nothing was sent.")


def _lines(title: str, lines: list[str] | tuple[str, ...]) -> None:
    if lines:
        heading(title)
        for line in lines:
            print(f"  {clean(line)}")


def _print_complaints(found: Rehearsal) -> None:
    told: list[str] = []
    for complaint in found.complaints:
        told += [complaint.line, f"  {complaint.why}"] if complaint.line else [complaint.why]
        for reading in complaint.readings:
            told.append(f"  could mean: {reading.value}" + (f"   ({reading.note})" if reading.note else ""))
    _lines("What its lines lack", told)
    _lines("The whole block, put right", found.corrected.strip().splitlines())


def _print_recipients(found: Rehearsal) -> None:
    reached = sum(one.gets for one in found.recipients)
    if not found.recipients:
        heading("No member gets anything of it.")
        return
    heading(f"Who gets it: {reached} of {len(found.recipients)} members")
    rows = [
        {"address": one.address, "org": one.name, "gets": one.gets, "reason": one.reason} for one in found.recipients
    ]
    table(rows, COLUMNS)
