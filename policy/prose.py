"""What people write in words: what is a reply, an acknowledgement, a stop code.

Rules:

* Quoted text never counts as said by the writer (``policy.quotes``).
* In doubt a text is no plain acknowledgement (law 4): at worst coordinators read one mail more.
* A stop code is found wherever it stands: all it can do is stop.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from policy.leaktalk import speaks_of_leak
from policy.plain import plain
from policy.quotes import unquoted

__all__ = [
    "find_stop_codes",
    "is_plain_ack",
    "is_reply_subject",
    "speaks_of_leak",
    "subject_reports_leak",
    "thread_tag",
    "unquoted",
]

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


def says_nothing(text: str) -> bool:
    """Whether nothing of one's own stands in a text: quotes, a greeting, a sign-off and a signature are nothing."""
    above = _without_signature(unquoted(text))
    lines = [line.strip() for line in above or () if line.strip()]
    if lines and _GREETING.fullmatch(lines[0].rstrip(",!.")):
        lines = lines[1:]
    return above is not None and (not lines or (_SIGN_OFF.fullmatch(lines[0]) is not None and _is_closing(lines)))


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
