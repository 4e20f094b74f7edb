"""What people write in words: who is quoted, what is a reply, an acknowledgement, talk of a leak.

Rules:

* Quoted text never counts as said by the writer; everything else does, signatures included.
* In doubt a text speaks of a leak (law 5) and is no plain acknowledgement (law 4): the first costs
  its writer one question, the second at worst a mail that coordinators read once more.
* A stop code is found wherever it stands: all it can do is stop.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
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
    r"\s*(?:on|am|le|el|il|op|den|em)\b.{0,300}\b(?:wrote|writes|schrieb|crit|escribi\S*|scritto|schreef|skrev|escreveu)\b"
    r".{0,80}:\s*",
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


# --- subjects ---------------------------------------------------------------------------------------

_REPLY_WORDS = (
    "re|r|aw|antw|antwort|sv|vs|rv|res|resp|rif|odp|ynt|vb|va|v\u00e1|tr|wg|fwd|fw|i|enc|pd|ilt|doorst|"
    "\u56de\u590d|\u7b54\u590d|\u8f6c\u53d1|\u56de\u8986|\u8f49\u5bc4|\u8fd4\u4fe1"
)
_REPLY = re.compile(rf"(?:{_REPLY_WORDS})(?:\s?[\[(^]?[0-9]{{1,3}}[\])]?)?\s?:\s*", re.IGNORECASE)
_TAG = re.compile(r"\[[^\[\]]{0,80}\]\s*")
_ID_TAG = re.compile(r"\[\s?([A-Z]{1,8}-[0-9]{4}-[0-9A-HJKMNP-TV-Z]{4})\s?\]", re.IGNORECASE | re.ASCII)
_LEAK_WORD = re.compile(r"LEAK(?![A-Za-z0-9_])")


def is_reply_subject(subject: str) -> bool:
    """Whether a subject begins as that of an answer or forward does ("Re:", "AW:", "[x] Re[2]:")."""
    return any(step == "reply" for step, _ in _peel(subject))


def subject_reports_leak(subject: str) -> bool:
    """Whether a subject, after reply words, tags and brackets, starts with the whole word LEAK in capitals."""
    return any(_LEAK_WORD.match(rest) for _, rest in _peel(subject))


def thread_tag(subject: str) -> str | None:
    """The first id tag of a subject ("[ED-2026-K7QX]") without its brackets, in capitals; None without one."""
    match = _ID_TAG.search(plain(subject))
    return match[1].upper() if match else None


def _peel(subject: str) -> Iterator[tuple[str, str]]:
    """Take off what mail programs and lists put before a subject, one at a time; each rest once."""
    rest = " ".join(plain(subject[:2000]).split())
    yield "", rest
    while rest:
        reply, tag = _REPLY.match(rest), _TAG.match(rest)
        if reply:
            rest = rest[reply.end() :]
            yield "reply", rest
            continue
        if rest[0] in "([{<*\"'-: ":
            yield "bracket", rest[1:].lstrip()
        if tag:
            rest = rest[tag.end() :]
        elif rest[0] in "([{<*\"'-: ":
            rest = rest[1:]
        else:
            return
        yield "tag", rest


# --- acknowledgements -------------------------------------------------------------------------------


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_ACK_CORE = _set(
    "ack acked acknowledge acknowledged acknowledging acknowledgement received understood thanks thank thx ty cheers "
    "confirm confirmed confirming confirms noted roger got merci danke gracias"
)
_ACK_BESIDE = _set(
    "and ok okay yes we i have ve has this the it your mail email message disclosure notice notification advisory "
    "well very much many a lot all both for you with here hereby receipt of is so just to everyone team security "
    "been on our side"
)
_MAX_ACK_WORDS = 30
_ACK_LINE = re.compile(r"ack:\s*yes\.?", re.IGNORECASE)
_GREETING = re.compile(
    r"(?:hi|hello|hey|dear|good (?:morning|afternoon|evening|day)|hallo|moin|bonjour|greetings)\b[^:?]{0,60}",
    re.IGNORECASE,
)
_SIGN_OFF = re.compile(
    r"(?:(?:kind|best|warm|many)?\s?(?:regards|wishes|greetings)|best|cheers|sincerely|yours(?: \w+)?|br|kr|rgds|"
    r"all the best|mfg|viele gr\S+|gr\S+|sent from my \w+|thanks|thank you|many thanks)[,.!]?",
    re.IGNORECASE,
)
_MAX_SIGNATURE_LINES = 8
_MAX_NAME_LINES = 3


def is_plain_ack(text: str) -> bool:
    """Whether a reply says that it was received, and nothing else ("ack", "received, thanks").

    Greeting, sign-off with a name below, the signature under "-- " and quotes don't count. Anything
    that could hold a message of its own makes it an ordinary reply.
    """
    above = _without_signature(unquoted(text))
    if above is None:
        return False
    lines = [line.strip() for line in above if line.strip()]
    if lines and _GREETING.fullmatch(lines[0].rstrip(",!.")) and not _words(lines[0]) & _ACK_CORE:
        lines = lines[1:]
    said = 0
    while said < len(lines) and _is_ack_line(lines[said]):
        said += 1
    words = sum(len(line.split()) for line in lines[:said])
    core = any(_words(line) & _ACK_CORE for line in lines[:said])
    return core and words <= _MAX_ACK_WORDS and _is_closing(lines[said:])


def _without_signature(text: str) -> list[str] | None:
    """The lines above "-- "; None where so much stands below that it is no signature."""
    lines = text.split("\n")
    for i, line in enumerate(lines):
        if line.rstrip() == "--":
            below = [other for other in lines[i + 1 :] if other.strip()]
            return lines[:i] if len(below) <= _MAX_SIGNATURE_LINES else None
    return lines


def _words(line: str) -> set[str]:
    return set(re.findall(r"[^\W_]+", line.casefold()))


def _is_ack_line(line: str) -> bool:
    if _ACK_LINE.fullmatch(line):
        return True
    return "?" not in line and ":" not in line and _words(line) <= _ACK_CORE | _ACK_BESIDE and bool(_words(line))


def _is_closing(lines: list[str]) -> bool:
    """Whether the last lines are a sign-off and a name: few, short, every word with a capital."""
    if lines and _SIGN_OFF.fullmatch(lines[0]):
        lines = lines[1:]
    if len(lines) > _MAX_NAME_LINES:
        return False
    return all(len(line.split()) <= 5 and _is_name(line) for line in lines)  # noqa: PLR2004


def _is_name(line: str) -> bool:
    words = re.findall(r"[^\W\d_]+", line)
    return bool(words) and not re.search(r"[:?!/@]", line) and all(word[0].isupper() for word in words)


# --- stop codes -------------------------------------------------------------------------------------

_GAP = r"[ \t\n>]{0,4}-[ \t\n>]{0,4}"  # a code may be wrapped, and quoted then
_STOP_CODE = re.compile(
    rf"(?<![0-9A-Z])(?=([0-9A-Z]{{4}}){_GAP}([0-9A-Z]{{4}}){_GAP}([0-9A-Z]{{4}})(?![0-9A-Z]))",
    re.IGNORECASE | re.ASCII,
)
_CROCKFORD = str.maketrans("OIL", "011")
_CROCKFORD_LETTERS = frozenset("0123456789ABCDEFGHJKMNPQRSTVWXYZ-")
_MAX_STOP_CODES = 200


def find_stop_codes(text: str) -> tuple[str, ...]:
    """Everything in a text that may be a stop code, as ``XXXX-XXXX-XXXX`` in capitals, each once.

    Crockford's base 32: case does not matter, O is read as 0, I and L as 1. At most 200.
    """
    found: dict[str, None] = {}
    for match in _STOP_CODE.finditer(plain(text)):
        code = "-".join(match.groups()).upper().translate(_CROCKFORD)
        if set(code) <= _CROCKFORD_LETTERS:
            found[code] = None
        if len(found) >= _MAX_STOP_CODES:
            break
    return tuple(found)
