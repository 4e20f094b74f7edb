"""The texts of a leak case after its alarm: changed, due, learnt from. Pure, as ``gateway.notices``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from gateway.notices import Attachment, Notice, tagged
from policy.instants import in_words
from policy.steering import instant_value


def case_changed(leak_id: str, disclosure_id: str | None, headline: str, words: Sequence[str]) -> Notice:
    """To coordinators: what was done with a case at the command line."""
    return Notice(tagged(disclosure_id, f"Case {leak_id}: {headline}"), "\n".join([f"{headline}.", "", *words]) + "\n")


@dataclass(frozen=True, slots=True)
class Draft:
    """What the gateway knows of a case from its own trail.

    ``steps``: (instant, what happened), no names. ``rows``: who had what when, for coordinators alone.
    """

    leak_id: str
    disclosure_id: str
    outcome: str
    steps: tuple[tuple[datetime, str], ...]
    rows: tuple[str, ...]


def draft(found: Draft) -> Notice:
    """To coordinators, on the day that a retrospective is due: a text that can be posted as it stands.

    Who had what is in an attachment: an answer quotes no attachment, so no member reads of another.
    """
    lines = [
        f"The retrospective of {found.leak_id} is due. Here is a draft, from what the gateway itself knows.",
        "To post it to the audience, answer this mail with what stands below the line, and put it into your words.",
        "Who had what and when is attached, for you alone.",
        "-" * 60,
        "",
        f"Retrospective: {found.leak_id}",
        "",
        f"What happened (in UTC), and how it ended ({found.outcome}):",
        "",
        *(f"  {instant_value(at)}  {what}" for at, what in found.steps),
        "",
        "What we learnt from it, and what we change:",
        "",
        "  ...",
    ]
    attachment = Attachment("who-had-what.txt", "text/plain", ("\n".join(found.rows) + "\n").encode())
    return Notice(
        tagged(found.disclosure_id, f"Retrospective due: {found.leak_id}"), "\n".join(lines) + "\n", (attachment,)
    )


def overdue(rows: Sequence[tuple[str, str | None, datetime]], zone: str, now: datetime) -> Notice:
    """To coordinators, once a day: retrospectives not posted yet; ``rows`` are case, disclosure, due date."""
    lines = [f"{len(rows)} {'retrospective is' if len(rows) == 1 else 'retrospectives are'} not posted yet.", ""]
    lines += [f"  {case} on {about or 'no disclosure'}, due {in_words(due, zone, now)}" for case, about, due in rows]
    lines += ["", "Post one in its thread: `Retrospective: LK-...` as the first line, and the text below."]
    return Notice("Retrospectives overdue", "\n".join(lines) + "\n")
