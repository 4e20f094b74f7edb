"""Who says it: a writer's own lines, and those that are quoted.

Rules: quoted text never counts as said by the writer; everything else does, signatures included.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from policy.plain import plain

_QUOTE = re.compile(r"\s{0,3}(?:[A-Za-z]{0,5}>|\|\s)")
# Anybody may send 25 MB of line breaks; a book has a million characters.
_MAX_CHARACTERS = 2_000_000
_MAX_LINES = 50_000
_EMPHASIS = " *_"
_HEADER_WORDS = {
    "from": "from von de da van fra fran od",
    "sent": "sent date gesendet datum envoye enviado inviato data verzonden skickat sendt",
    "to": "to an a para aan till til do",
    "subject": "subject betreff objet asunto oggetto assunto onderwerp amne emne temat",
}
_HEADER_KIND = {word: kind for kind, words in _HEADER_WORDS.items() for word in words.split()}
_SEPARATOR = re.compile(
    r"\s*(?:-{2,}\s*(?:original message|original appointment|urspr\S* nachricht|message d'origine|mensaje original|"
    r"messaggio originale|forwarded message|weitergeleitete nachricht)\s*-{2,}|begin forwarded message:)\s*",
    re.IGNORECASE,
)
_ATTRIBUTION = re.compile(
    r"\s*(?:on|am|le|el|il|op|den|em)\b.{0,300}"
    r"\b(?:wrote|writes|schrieb|\S?crit|escribi\S*|scritto|schreef|skrev|escreveu)\b.{0,80}:\s*",
    re.IGNORECASE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class TextLine:
    """A line of a text: ``number`` counts from 0, ``plain`` is what it reads as, ``quoted`` if not the writer's."""

    number: int
    text: str
    plain: str
    quoted: bool


def lines_of(text: str) -> tuple[TextLine, ...]:
    """Every line of a text, told apart: the writer's own, and what is quoted.

    Quoted are lines that begin with ``>``, the line that introduces them ("... wrote:"), and all
    that follows an Outlook-style quoted header or an "Original Message" line. Of a text that
    ``is_too_long`` only the beginning is looked at.
    """
    raw = text[:_MAX_CHARACTERS].split("\n", _MAX_LINES)[:_MAX_LINES]
    smooth = [plain(line) for line in raw]
    quoted = [bool(_QUOTE.match(line)) for line in smooth]
    tail = next((i for i in range(len(smooth)) if not quoted[i] and _begins_a_tail(smooth, i)), len(smooth))
    quoted[tail:] = [True] * (len(quoted) - tail)
    for i in range(len(smooth)):
        if quoted[i] and i and not quoted[i - 1]:
            _mark_attribution(smooth, quoted, i)
    return tuple(TextLine(i, raw[i], smooth[i], quoted[i]) for i in range(len(raw)))


def is_too_long(text: str) -> bool:
    """Whether a text is longer than what ``lines_of`` looks at; nobody writes that much by hand."""
    return len(text) > _MAX_CHARACTERS or text.count("\n") >= _MAX_LINES


def unquoted(text: str) -> str:
    """The writer's own lines, odd characters read as what they stand for (see ``plain``)."""
    return "\n".join(line.plain for line in lines_of(text) if not line.quoted)


def _begins_a_tail(lines: list[str], i: int) -> bool:
    """Whether everything from here on is the answered mail, as Outlook puts it: no marks, a header on top."""
    line = lines[i]
    if _SEPARATOR.fullmatch(line):
        return True
    if _header_kind(line) != "from":
        return False
    kinds = {_header_kind(other) for other in lines[i + 1 : i + 7]}
    return len(kinds & {"sent", "to", "subject"}) > 1


def _header_kind(line: str) -> str | None:
    name, colon, _ = line[:40].lstrip(_EMPHASIS).partition(":")
    name = name.strip(_EMPHASIS).casefold().replace("\u00e9", "e").replace("\u00e5", "a").replace("\u00e4", "a")
    return _HEADER_KIND.get(name) if colon else None


def _mark_attribution(lines: list[str], quoted: list[bool], first: int) -> None:
    """Mark the up to three lines above a quotation that say whose it is."""
    end = first - 1
    while end >= 0 and not lines[end].strip() and first - end <= 2:  # noqa: PLR2004 - one or two empty lines
        end -= 1
    for start in range(end, max(-1, end - 3), -1):
        if start >= 0 and _ATTRIBUTION.fullmatch("\n".join(lines[start : end + 1])):
            quoted[start:first] = [True] * (first - start)
            return
