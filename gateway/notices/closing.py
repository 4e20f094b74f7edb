"""The texts of the end: closed, still open, destroyed. None of them quotes what was written, not the subject either."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.notices.common import Notice, happened


def closed(disclosure_id: str, headline: str, words: Sequence[str]) -> Notice:
    """To coordinators: it is closed."""
    return happened(
        disclosure_id,
        headline,
        [*words, "", "Mail in its thread is kept back from now on; a leak report opens it again."],
    )


def still_open(disclosure_id: str, open_things: Sequence[str], request: str) -> Notice:
    """To coordinators, once: its time to be closed has come, and something of it is open."""
    lines = [
        "It would be closed now, but for this:",
        "",
        *(f"* {thing}" for thing in open_things),
        "",
        "When that is over it is closed by itself, or as soon as you answer with this line",
        f"(to {request}: `Close-Disclosure: {disclosure_id}`):",
        "",
        "Close: yes",
    ]
    return happened(disclosure_id, "Not closed yet", lines)


def destroyed(disclosure_id: str, headline: str, called_off: int) -> Notice:
    """To coordinators: its content is no more."""
    lines = [
        "Its texts, attachments and subjects, the replies, what was said of leaks, and all copies kept here",
        "of what was sent are destroyed. Nobody can bring them back from this database.",
        "Its record stays: ids, states, instants, addresses and the audit trail.",
    ]
    if called_off:
        count = "1 mail" if called_off == 1 else f"{called_off} mails"
        lines.append(f"{count} of its thread that could not be delivered until now never will be.")
    return happened(disclosure_id, headline, lines)
