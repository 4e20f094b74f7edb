"""The control block: from the text of a mail to its control lines, and those that stand elsewhere.

Rules:

* A block is the run of ``Name: value`` lines at the very top of the text, up to an empty line, if
  at least one of its names is known, or near a known one. A line that begins with a blank or has
  no name continues the one before.
* A known name, or one near it, followed by a colon at the start of an unquoted line anywhere else
  is a *stray*: it is found and reported, and never acted on (law 3).
* Near is what a slip of the hand makes of a name: within two letters for names of six letters and
  more, within one for five, and for shorter ones two neighbours swapped or one doubled only,
  because everyday words ("List:", "Re:", "Fix:") are within one letter of them. Letters are told
  apart whatever their script, so a Cyrillic look-alike counts as one wrong letter.
* Any name that begins with ``Leak`` is a leak line, wherever it stands (law 5).

The text is the signed one, with format=flowed undone and LF between lines.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from policy.instants import Reading
from policy.plain import distance, is_slip, one_line, within
from policy.quotes import TextLine, is_too_long, lines_of

ALIASES: dict[str, tuple[str, ...]] = {
    "Embargo-Until": ("Public-At", "CRD"),
    "Hold-Until": ("Send-At",),
    "Scope": (),
    "Restrict": (),
    "TLP": (),
    "Upstream": (),
    "Mechanics-Version": (),
    "Mechanics-Branches": (),
    "Mechanics-Action": (),
    "CVE": (),
    "Ref": (),
    "Permit": (),
    "Public-Notice": (),
    "Preview": (),
    "Lift": (),
    "Withdraw": (),
    "Send-To": (),
    "Leak": (),
    "Leak-What": (),
    "Leak-To": (),
    "Leak-When": (),
    "Leak-How": (),
    "Leak-By": (),
    "Ack": (),
    "Status": (),
    "Approve": (),
    "Guest": (),
    "Share-With": (),
    "Share-What": (),
    "Share-Why": (),
    "Share-Until": (),
    "Deny": (),
    "Accept": (),
    "Corrects": (),
    "Replaces": (),
    "Propose-Embargo-Until": (),
    "Agree": (),
    "Object": (),
    "Public-Post": (),
    "Fact": (),
    "Where": (),
    "Confirm": (),
    "Cause": (),
    "Send": (),
    "Vouch": (),
    "Assess": (),
    "Outcome": (),
    "Reason": (),
    "Retrospective": (),
    "Close": (),
}
"""Every name of a control line, with the other names that mean the same; those of ``policy.acts`` as well."""

COMPANIONS: frozenset[str] = frozenset(
    {
        "Cause",
        "Outcome",
        "Reason",
        "Replaces",
        "Send",
        "Share-What",
        "Share-Why",
        "Share-Until",
        "Where",
    }
)
"""Names that mean something only in a block, beside a line that takes them: elsewhere they are prose."""

REPEATABLE = frozenset({"Restrict", "Ref", "CVE", "Vouch", "Fact", "Confirm", "Guest", "Upstream"})
"""Names that may stand several times; of any other, two lines must say the same."""

_CANONICAL = {name.casefold(): main for main, others in ALIASES.items() for name in (main, *others)}
_BLOCK_LINE = re.compile(r"([A-Za-z][A-Za-z-]{1,30}):(?:\s|$)", re.ASCII)
_ANY_NAME = re.compile(r"[\s*_]{0,8}([^\W\d_][^:\n]{0,39}?)[\s*_]{0,8}:")
_LEAK_NAME = re.compile(r"leak[a-z-]*", re.ASCII)
# Near a name, and words of advisories and mails ("Score: 9.8", "Subject: ...") rather than slips of the hand.
_EVERYDAY = frozenset(
    {
        "score",
        "subject",
        "access",
        "improve",
        "state",
        "states",
        "stats",
        "there",
        "here",
        "approved",
        "confirmed",
        "confirms",
        "agreed",
        "reject",
        "objects",
        "guests",
        "quest",
        "guess",
        "closed",
        "closes",
        "clone",
        "lose",
        "accepted",
        "accepts",
        "except",
        "expect",
    }
)
# What else may stand after a name that is two letters from one of these, and can't be prose: a slip in these sends to
# more people, or at once.
_VALUES = {
    "Scope": re.compile(r"all\.?|(?:group|org)\s*:.*", re.ASCII | re.IGNORECASE),
    "TLP": re.compile(
        r"(?:tlp\s*:\s*)?(?:red|amber|amber\s?\+\s?strict|green|clear|white)\.?", re.ASCII | re.IGNORECASE
    ),
    "Lift": re.compile(r"now[.!]?", re.ASCII | re.IGNORECASE),
}
_LINE_BREAKS = re.compile("[\r\v\f\x1c\x1d\x1e\x85\u2028\u2029]")
_MAX_STRAYS = 50
_MAX_SAID = 500


@dataclass(frozen=True, slots=True)
class Line:
    """A control line.

    ``name`` is the canonical name, of the nearest known one where it is misspelled, and as written
    where none is near. ``known``: it was written as it should be. ``value`` is all of it, continued
    lines joined; ``first`` the part on its own line. ``number`` counts from 1. ``written`` is the
    name as written.
    """

    name: str
    written: str
    value: str
    first: str
    number: int
    known: bool

    @property
    def is_leak(self) -> bool:
        """Whether it makes its mail a leak report."""
        return self.name.casefold().startswith("leak")

    @property
    def is_named(self) -> bool:
        """Whether its name is a known one, or is near one."""
        return self.name in ALIASES

    @property
    def said(self) -> str:
        """The line as one reads it: name as written, and value; a very long one cut off."""
        said = f"{self.written}: {self.value}".rstrip()
        return said if len(said) <= _MAX_SAID else f"{said[:_MAX_SAID]}..."


@dataclass(frozen=True, slots=True)
class Complaint:
    """What is wrong with one control line (``line``, as written; "" where one is missing), and what it may mean.

    ``instead`` is the value that it is likely meant to have, where that is no instant; "" where none is near.
    """

    line: str
    why: str
    readings: tuple[Reading, ...] = ()
    instead: str = ""


@dataclass(frozen=True, slots=True)
class Block:
    """What a text has in control lines.

    ``lines`` stand in the block (empty: there is none), ``strays`` anywhere else. ``body`` is the
    text below the block, character for character, and ``taken`` the number of lines above it.
    """

    lines: tuple[Line, ...]
    strays: tuple[Line, ...]
    body: str
    taken: int
    is_cut: bool = False


def read_block(text: str) -> Block:
    """Find the control block of a text and every control line outside it. Never raises."""
    lines = lines_of(text)
    start = next((i for i, line in enumerate(lines) if line.plain.strip()), len(lines))
    end = start
    if start < len(lines) and _is_block_line(lines[start]):
        end = _paragraph_end(lines, start)
    found = _lines(lines[start:end])
    if not any(line.is_named or line.is_leak for line in found):
        found, end = (), start
    strays = [*_hidden(lines[start:end], found), *_outside(lines[end:])]
    while end < len(lines) and found and not lines[end].plain.strip():
        end += 1
    taken = end if found else 0
    body = text.split("\n", taken)[-1] if text.count("\n") >= taken else ""
    return Block(found, tuple(strays), body, taken, is_too_long(text))


def meant_name(written: str) -> str | None:
    """The canonical name that this one is, or is a slip of the hand of; None for any other word."""
    return _meant_name(_plain(written))


def _plain(written: str) -> str:
    return re.sub(r"[\s_-]+", "-", written.casefold().strip(" *_"))


@lru_cache(maxsize=4096)
def _may_act(name: str) -> bool:
    """Whether a name may be meant as a line that acts, however near a companion it is as well."""
    acting = (other for other, main in _CANONICAL.items() if main not in COMPANIONS)
    return any(is_slip(name, other) for other in acting)


@lru_cache(maxsize=4096)
def _meant_name(name: str) -> str | None:
    if name in _CANONICAL:
        return _CANONICAL[name]
    if name in _EVERYDAY:
        return None
    near = [(distance(name, other), other) for other in _CANONICAL if is_slip(name, other)]
    return _CANONICAL[min(near)[1]] if near else None


def _meant_by_value(written: str, value: str) -> str | None:
    """The short name that a word within two letters of it is meant to be, as the value leaves no doubt."""
    word, said = _plain(written), value.strip(" \t*_")
    near = (name for name, shape in _VALUES.items() if shape.fullmatch(said) and within(word, name.casefold(), 2))
    return next(near, None)


def _is_block_line(line: TextLine) -> bool:
    return not line.quoted and bool(_BLOCK_LINE.match(line.plain))


def _paragraph_end(lines: tuple[TextLine, ...], start: int) -> int:
    end = start
    while end < len(lines) and lines[end].plain.strip() and not lines[end].quoted:
        end += 1
    return end


class _Draft:
    """A control line while its continuations are still coming."""

    def __init__(self, written: str, value: str, number: int) -> None:
        self._written = " ".join(written.split())
        self._meant = meant_name(self._written) or _meant_by_value(self._written, value) or self._written
        self._parts = [one_line(value)]
        self._number = number

    @property
    def is_leak(self) -> bool:
        """Whether it will be a leak line."""
        return self._meant.casefold().startswith("leak")

    def add(self, more: str) -> None:
        """Take a line that continues it."""
        self._parts.append(one_line(more))

    def line(self) -> Line:
        """The whole line."""
        known = self._written.casefold() in _CANONICAL
        value = " ".join(part for part in self._parts if part)
        return Line(self._meant, self._written, value, self._parts[0], self._number + 1, known)


def _lines(paragraph: tuple[TextLine, ...]) -> tuple[Line, ...]:
    """The control lines of a block, continuations joined."""
    found: list[_Draft] = []
    for line in paragraph:
        match = _BLOCK_LINE.match(line.plain)
        if match:
            found.append(_Draft(match[1], line.plain[match.end() :], line.number))
        else:
            found[-1].add(line.plain)
    return tuple(draft.line() for draft in found)


def _hidden(paragraph: tuple[TextLine, ...], found: tuple[Line, ...]) -> list[Line]:
    """Control lines that a block's continuation lines swallow: indented, or without a blank after the colon."""
    taken = {line.number - 1 for line in found}
    strays = []
    for line in paragraph:
        for i, piece in enumerate(_LINE_BREAKS.split(line.plain)):
            if i or line.number not in taken:
                stray = _stray(piece, line.number)
                strays.extend([stray.line()] if stray else [])
    return strays


def _outside(lines: tuple[TextLine, ...]) -> list[Line]:
    """Control lines below (or without) a block. A stray goes on to the end of its paragraph, as in a block."""
    strays: list[_Draft] = []
    goes_on = False
    for line in lines:
        if line.quoted or not line.plain.strip():
            goes_on = False
            continue
        for piece in _LINE_BREAKS.split(line.plain):
            stray = _stray(piece, line.number)
            if stray is not None:
                goes_on = len(strays) < _MAX_STRAYS or stray.is_leak  # law 5: a leak line is never one too many
                strays.extend([stray] if goes_on else [])
            elif goes_on and _BLOCK_LINE.match(piece) is None:
                strays[-1].add(piece)
            else:
                goes_on = False
    return [draft.line() for draft in strays]


def _stray(text: str, number: int) -> _Draft | None:
    match = _ANY_NAME.match(text)
    if match is None:
        return None
    written, value = match[1].rstrip(" *_"), text[match.end() :].lstrip(" *_")
    name = meant_name(written) or _meant_by_value(written, value)
    if name in COMPANIONS and not _may_act(_plain(written)):
        return None
    if name is None and not _LEAK_NAME.fullmatch(written.casefold()):
        return None
    return _Draft(written, value, number)
