"""What a mail says of a leak in its ``Leak`` lines.

Rules: any line whose name begins with ``Leak`` is one, in the block or elsewhere, whatever else is
wrong with it or with the mail (law 5). Nothing here refuses; what could not be read is noted.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from policy.control import Block, Complaint, Line, read_block
from policy.instants import read_moment

_FIELDS = {"Leak": "what", "Leak-What": "what", "Leak-To": "to", "Leak-When": "when", "Leak-How": "how"}
ASKED = ("what", "to", "when", "how")
"""What every report is asked for, in this order."""
_BY = {
    "us": ("us", "we", "our", "ours", "ourselves"),
    "other": ("other", "others", "them", "third party", "someone else", "somebody else"),
    "unknown": ("unknown", "unclear", "not known", "unsure", "?"),
}
_BY_WORD = {word: by for by, words in _BY.items() for word in words}


@dataclass(frozen=True, slots=True)
class LeakLines:
    """A leak report in its own words.

    ``by`` is who leaked: "us" (the writer's organisation), "other" or "unknown". ``answer`` is set
    where the line was the answer to our question: "yes" or "no" (then it is no leak). ``at`` is the
    instant that ``when`` names, where it names one. ``missing`` lists what was not said, of a leak. ``notes``
    tells what could not be read as written; it never stands in the way.
    """

    what: str | None = None
    to: str | None = None
    when: str | None = None
    how: str | None = None
    by: str = "us"
    answer: str | None = None
    at: datetime | None = None
    missing: tuple[str, ...] = ASKED
    notes: tuple[Complaint, ...] = ()


def find_leak(text: str) -> LeakLines | None:
    """The leak report that a text makes with its lines, signed or not; None where it has no such line."""
    return leak_of(read_block(text))


def leak_of(block: Block) -> LeakLines | None:
    """The leak report in the lines of a block and outside it."""
    lines = sorted((line for line in (*block.lines, *block.strays) if line.is_leak), key=lambda line: line.number)
    return _gather(lines) if lines else None


def _gather(lines: list[Line]) -> LeakLines:
    said: dict[str, list[str]] = {field: [] for field in ASKED}
    answers: list[str] = []
    notes: list[Complaint] = []
    by = "us"
    for line in lines:
        if not line.known:
            notes.append(_note_name(line))
        word = line.value.casefold().strip(" .!")
        if line.name == "Leak-By":
            by = _BY_WORD.get(word, "unknown")
            if word not in _BY_WORD:
                notes.append(Complaint(line.said, "it says us, other or unknown; read as unknown"))
        elif line.name == "Leak" and word in {"yes", "no"}:
            answers.append(word)
        elif line.name in _FIELDS and line.value and line.value not in said[_FIELDS[line.name]]:
            said[_FIELDS[line.name]].append(line.value)
    fields = {field: "; ".join(values) or None for field, values in said.items()}
    is_told = any(fields.values()) or any(not line.is_named for line in lines)
    answer = _answer(answers, is_told=is_told)
    return LeakLines(
        **fields,
        by=by,
        answer=answer,
        at=read_moment(fields["when"]) if fields["when"] else None,
        missing=() if answer == "no" else tuple(field for field in ASKED if fields[field] is None),
        notes=tuple(notes),
    )


def _answer(answers: list[str], *, is_told: bool) -> str | None:
    """The answer to our question; a "no" beside a report, or beside a "yes", is no "no" (law 5)."""
    if not answers:
        return None
    return "no" if set(answers) == {"no"} and not is_told else "yes"


def _note_name(line: Line) -> Complaint:
    if line.is_named:
        return Complaint(line.said, f"there is no line {line.written!r}; it was read as {line.name}")
    return Complaint(line.said, f"there is no line {line.written!r}; it was taken as a leak report all the same")
