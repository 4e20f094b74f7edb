"""What a coordinator without a shell asks of the gateway, in lines to the -request address.

Rules, those of control lines (``policy.control``) once more:

* The block is the run of ``Name: value`` lines at the very top of the text, up to an empty line.
* A line that is unknown, misspelled or unclear, or that stands anywhere else, is told and never acted
  on, and then nothing of the mail is done (law 3). What is offered instead is a block to paste.
* What names none of these lines is no such block, and is judged as any other mail to that address.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import partial

from policy.control import Complaint, meant_name
from policy.plain import distance, is_slip, nearest, one_line
from policy.quotes import is_too_long, lines_of


class Ask(StrEnum):
    """The lines, by name, in the order in which the help text tells them."""

    SHOW = "Show"
    SUSPEND = "Suspend"
    REINSTATE = "Reinstate"
    RETRY = "Retry"
    CLOSE = "Close-Disclosure"
    RELEASE = "Release-Quarantine"
    DISCARD = "Discard-Quarantine"


OPEN, MEMBERS, QUARANTINE = "open", "members", "quarantine"
SHOWN = (OPEN, MEMBERS, QUARANTINE)
LEAK, KEPT, DISCLOSURE = "leak", "kept", "disclosure"
MOST = 50
"""Lines of one mail; more than that nobody writes by hand."""

# What people write who know the thing but not its name; only ever offered, never obeyed.
_OTHER_WORDS = {
    "list": Ask.SHOW,
    "status": Ask.SHOW,
    "unsuspend": Ask.REINSTATE,
    "resume": Ask.REINSTATE,
    "resend": Ask.RETRY,
    "close": Ask.CLOSE,
    "release": Ask.RELEASE,
    "discard": Ask.DISCARD,
    "quarantine-release": Ask.RELEASE,
    "quarantine-discard": Ask.DISCARD,
}
_NAMES = {ask.casefold(): ask for ask in Ask}
_LINE = re.compile(r"([A-Za-z][A-Za-z-]{1,30}):(?:\s|$)", re.ASCII)
_LOOSE = re.compile(r"[\s*_]{0,8}([A-Za-z][A-Za-z _-]{1,30}?)[\s*_]{0,8}:", re.ASCII)
_ID = re.compile(r"([A-Z]{1,8})-[0-9]{4}-[0-9A-Z]{4}", re.ASCII)
_OPENS = re.compile(r"^[ \t]*(?:approve|release-quarantine|show)[ \t]*:([^\r\n]{1,400})", re.IGNORECASE | re.MULTILINE)
_AHEAD, _MOST_AHEAD = 10_000, 8
_ADDRESS = re.compile(r"[^\s<>@,;:\"()\[\]\\]{1,64}@[^\s<>@,;:\"()\[\]\\]{1,253}")
_ROUND = " \t`'\"<>()[]*_.;"
_HELP = re.compile(r"help(?::.*)?", re.IGNORECASE)
_MOST_SAID = 200


@dataclass(frozen=True, slots=True)
class Request:
    """One thing asked for. ``about``: an id or a word as it is stored, or an address as written."""

    ask: Ask
    about: str

    @property
    def said(self) -> str:
        """The line as it should be written."""
        return f"{self.ask}: {self.about}"


@dataclass(frozen=True, slots=True)
class Asked:
    """What a mail asks for. With ``complaints`` nothing is asked; ``corrected`` is the block to paste, "" if none."""

    requests: tuple[Request, ...] = ()
    complaints: tuple[Complaint, ...] = ()
    corrected: str = ""
    is_help: bool = False


def block_of(requests: Iterable[Request]) -> str:
    """The lines as a block to paste."""
    return "".join(f"{request.said}\n" for request in requests)


def kind_of(about: str) -> str:
    """What a thing to be shown is: one of ``SHOWN``, or LEAK, KEPT or DISCLOSURE by its id."""
    if about in SHOWN:
        return about
    return {"LK": LEAK, "QU": KEPT}.get(about.partition("-")[0], DISCLOSURE)


def names_kept(text: str) -> tuple[str, ...]:
    """The ids that a text's lines name of what is kept and may have to be opened: of kept mails, or of disclosures.

    A guess, ahead of all judging: it decides nothing.
    """
    found = [match[0].upper() for line in _OPENS.finditer(text[:_AHEAD]) for match in _ID.finditer(line[1].upper())]
    return tuple(dict.fromkeys(found))[:_MOST_AHEAD]


def read_requests(text: str, *, is_html: bool = False) -> Asked | None:
    """Read what a text asks for; None where it is no such block. Never raises.

    ``is_html``: the mail has no plain text, and HTML never counts as lines (CONTRACT s6).
    """
    if is_too_long(text):
        return None
    own = _own_lines(text)
    top, rest = _parted(own)
    strays = [line for line in rest if _is_stray(line)]
    if _is_help(own) and not strays:
        return Asked(is_help=True)
    if not strays and not _is_block(top):
        return None
    reader = _Reader()
    for line in top:
        reader.take(line)
    for line in strays:
        reader.take(line, why="it stands outside the block at the very top, so it was not acted on")
    if is_html:
        why = "the mail is HTML alone, where lines don't count: please send it as plain text"
        reader.complaints.append(Complaint("", why))
    return reader.asked()


def _own_lines(text: str) -> list[str]:
    """The writer's own lines, without the signature below and empty lines around; a quoted one is empty."""
    lines = ["" if line.quoted else line.plain.rstrip() for line in lines_of(text)]
    end = next((i for i, line in enumerate(lines) if line == "--"), len(lines))
    return "\n".join(lines[:end]).strip("\n").split("\n") if any(lines[:end]) else []


def _parted(lines: list[str]) -> tuple[list[str], list[str]]:
    """The first paragraph, where it begins as a block does; and all the rest."""
    if not lines or _LINE.match(lines[0]) is None:
        return [], lines
    end = next((i for i, line in enumerate(lines) if not line.strip()), len(lines))
    return lines[:end], lines[end:]


def _is_help(lines: list[str]) -> bool:
    """Whether nothing is said, or the first paragraph says "help" and no more."""
    return not lines or (
        _HELP.fullmatch(lines[0].strip(_ROUND + "!?")) is not None and not any(line.strip() for line in lines[1:2])
    )


def _is_block(top: list[str]) -> bool:
    """Whether it is a block, and not one that was meant for the list's own address."""
    names = [match[1] for line in top if (match := _LINE.match(line))]
    return any(_meant(name) for name in names) or (bool(names) and not any(meant_name(name) for name in names))


def _is_stray(line: str) -> bool:
    match = _LOOSE.match(line)
    return match is not None and _meant(match[1], with_others=False) is not None


def _meant(written: str, *, with_others: bool = True) -> Ask | None:
    """The line that a name is, or is meant to be; None for any other word."""
    name = re.sub(r"[\s_-]+", "-", written.casefold().strip(" *_"))
    if name in _NAMES:
        return _NAMES[name]
    if with_others and name in _OTHER_WORDS:
        return _OTHER_WORDS[name]
    near = [(distance(name, other), other) for other in _NAMES if is_slip(name, other)]
    return _NAMES[min(near)[1]] if near else None


class _Reader:
    """Lines being read: what they ask for, what is wrong, and what would have been right."""

    def __init__(self) -> None:
        self.complaints: list[Complaint] = []
        self._requests: list[Request] = []
        self._corrected: list[str] = []

    def take(self, line: str, why: str = "") -> None:
        """Take one line. ``why``: what is wrong with it, whatever it says."""
        match = _LOOSE.match(line) if why else _LINE.match(line)
        said = one_line(line)[:_MOST_SAID]
        if match is None:
            self.complaints.append(Complaint(said, "this is no `Name: value` line; an empty line ends the block"))
            return
        ask, value = _meant(match[1]), line[match.end() :]
        if ask is None:
            self.complaints.append(Complaint(said, _not_one(match[1])))
            return
        if not why and match[1].casefold() not in _NAMES:
            why = f"there is no line {one_line(match[1])!r}; {ask} is meant, it seems"
        found, wrong = _READERS[ask](value)
        for reason in [reason for reason in (why, wrong) if reason]:
            self.complaints.append(Complaint(said, reason))
        self._requests += [Request(ask, about) for about in found]

    def asked(self) -> Asked:
        """What is asked for: all of it, or nothing."""
        requests = tuple(dict.fromkeys(self._requests))
        if len(requests) > MOST:
            self.complaints.append(Complaint("", f"there are {len(requests)} lines; please send at most {MOST}"))
        if self.complaints:
            return Asked(complaints=tuple(self.complaints), corrected=block_of(requests[:MOST]))
        return Asked(requests)


def _not_one(name: str) -> str:
    if meant_name(name) is not None:
        return "this line belongs into a mail to the list's own address, not here"
    return f"there is no line {name!r}"


Values = tuple[list[str], str]
"""What a value names, and what is wrong with it ("": nothing)."""


def _read_shown(value: str) -> Values:
    found, wrong = [], []
    for piece in _pieces(value):
        if piece.casefold() in SHOWN:
            found.append(piece.casefold())
        elif _ID.fullmatch(piece.upper()):
            found.append(piece.upper())
        else:
            near = nearest(piece, SHOWN)
            found += [near] if near else []
            wrong.append(f"{one_line(piece)!r} can't be shown")
    what = "`open`, `members`, `quarantine`, or the id of a disclosure, a leak report or a kept mail"
    return found, f"{'; '.join(wrong) or 'it names nothing'}: say {what}" if wrong or not found else ""


def _read_ids(value: str, *, prefix: str, what: str) -> Values:
    """Ids of one kind: of kept mails (QU), or of disclosures (any but QU and LK)."""
    found, is_wrong = [], False
    for piece in _pieces(value):
        match = _ID.fullmatch(piece.upper())
        fits = match is not None and (match[1] == prefix if prefix else match[1] not in {"QU", "LK"})
        found += [piece.upper()] if fits else []
        is_wrong = is_wrong or not fits
    return found, f"it needs the id of {what}" if is_wrong or not found else ""


def _read_addresses(value: str) -> Values:
    found, is_wrong = [], False
    for piece in value.split(","):
        inner = re.search(r"<([^<>]*)>", piece)
        address = (inner[1] if inner else piece).strip(_ROUND)
        fits = _ADDRESS.fullmatch(address) is not None
        found += [address] if fits else []
        is_wrong = is_wrong or not fits
    return found, "it needs the mail address of a member" if is_wrong or not found else ""


def _pieces(value: str) -> list[str]:
    return [piece for part in value.split(",") if (piece := part.strip(_ROUND))]


_read_kept = partial(_read_ids, prefix="QU", what="a kept mail, as in QU-2026-4T7B")
_READERS: dict[Ask, Callable[[str], Values]] = {
    Ask.SHOW: _read_shown,
    Ask.SUSPEND: _read_addresses,
    Ask.REINSTATE: _read_addresses,
    Ask.RETRY: partial(_read_ids, prefix="", what="a disclosure, as in ED-2026-K7QX"),
    Ask.CLOSE: partial(_read_ids, prefix="", what="a disclosure, as in ED-2026-K7QX"),
    Ask.RELEASE: _read_kept,
    Ask.DISCARD: _read_kept,
}
