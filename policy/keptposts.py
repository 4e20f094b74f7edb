"""The text of a mail that was kept back, under another control block: which of its lines were for the gateway.

Rules: the old block goes, and every stray control line whose name the new block holds. Where it is
not certain which lines those are (prose may have run into a control line), or where a stray line
is left that the new block says nothing of, the mail stays kept: a new one has to be written (law 3).
"""

from __future__ import annotations

from dataclasses import dataclass

from policy.control import Block, Complaint, Line, read_block
from policy.quotes import TextLine, lines_of

_ANEW = "please send your mail again as a new one, with the block below on top"


@dataclass(frozen=True, slots=True)
class Cut:
    """Where the control lines of a kept text stand: ``block`` lines at its top, and ``lines`` (from 0) below."""

    block: int
    lines: tuple[int, ...]


def cut_lines(text: str, new: Block) -> Cut | tuple[Complaint, ...]:
    """Say which lines of ``text`` the block ``new`` takes the place of, or why that is not certain."""
    old, lines = read_block(text), lines_of(text)
    starts = {line.number - 1 for line in (*old.lines, *old.strays)}
    said = {(line.name, line.value) for line in new.lines}
    names = {line.name for line in new.lines}
    complaints: list[Complaint] = []
    dropped: list[int] = []
    for line in (*old.lines, *old.strays):
        below = _below(line, lines, starts)
        is_clear = not below or (line.name, line.value) in said or all(one.text[:1].isspace() for one in below)
        if not is_clear:
            complaints.append(Complaint(line.said, f"what stands below it may be its value or your text; {_ANEW}"))
        if line.number - 1 >= old.taken:
            dropped += [line.number - 1, *(one.number for one in below)]
    complaints += [
        Complaint(line.said, f"it stands in the text that was kept, and not in your block; {_ANEW}")
        for line in old.strays
        if line.name not in names
    ]
    if complaints:
        return tuple(complaints)
    return Cut(old.taken, tuple(sorted(set(dropped))))


def _below(line: Line, lines: tuple[TextLine, ...], starts: set[int]) -> list[TextLine]:
    """The lines below a control line that were read as part of it."""
    if line.value == line.first:
        return []
    found = []
    for one in lines[line.number :]:
        if one.quoted or not one.plain.strip() or one.number in starts:
            break
        found.append(one)
    return found
