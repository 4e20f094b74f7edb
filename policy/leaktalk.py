"""Talk of a leak in ordinary prose.

Rules: in doubt a text speaks of a leak (law 5): that costs its writer one question. Only the
writer's own words count. Leaks of memory and the like, denials, plans and fears are none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from policy.quotes import unquoted

_W = r"(?:[\w'/.-]+ ){0,%d}"  # up to so many words between
_INSIDE = r"(?:internal|private|staging|embargoed|closed|local|restricted|confidential|security)\b"
_SITES = (
    r"on (?:\w+ )?(?:github|gitlab|twitter|mastodon|reddit|hacker news|lwn|pastebin|oss-security|bugtraq|"
    r"full[- ]disclosure)\b"
)
_PUBLIC_NOUNS = r"(?! (?:holiday|date|notice|key|api|interface|cloud|advisory|disclosure date|release date|sector))"
_ACCIDENT = (
    r"(?:accident(?:al)?ly|by (?:accident|error)|inadvertent(?:ly)?|mistakenly|unintentional(?:ly)?|in error|"
    r"premature(?:ly)?|too early|ahead of (?:the )?(?:embargo|date|time|schedule))"
)
_TOLD = (
    r"(?:publish|forward|post|push|sen[dt]|shar|upload|merg|commit|cc\b|cc'|disclos|releas|attach|past|reveal|expos|copied|"
    r"visible|mention|tweet|told|deliver|mail|replied)"
)
_OUTSIDERS = (
    rf"(?:wrong|unintended|outsiders?|external|third part\w+|public\b{_PUBLIC_NOUNS}|non-members?|journalists?|"
    r"customers?)"
)
_MOVED = r"(?:the |our |it )?(?:date|meeting|deadline|release|embargo|it) to \w+day"
_TRUNK = r"(?:the |our )?(?:public|master|main|trunk|upstream)\b"
_OPEN_PLACES = (
    r"(?:commit|pull request|merge request|repo|repository|branch|bug|issue|ticket|gist|(?:bug |issue )?tracker|"
    r"mailing[ -]list|list|channel|forum)"
)
# What is said of servers in a text about a flaw is mostly said of those that have it, not of where something lies.
_LIES = "|".join(rf"(?<=\b{at} {one} )" for at in ("on", "to", "from", "in") for one in ("a", "an", "the", "our"))
_OPEN_STORES = rf"(?:{_LIES})(?:public|open) (?!source|key|facing|cloud)(?:\w+ )?(?:server|mirror|wiki|bucket)"
# Each of these speaks of a leak on its own, unless it is denied or only planned.
_SPOKEN = tuple(
    re.compile(pattern)
    for pattern in (
        rf"embargo {_W % 4}(?:broken|breached|violated|blown|void|compromised)\b",
        rf"\b(?:br(?:oke|eak|eaks|eaking|oken|each|eached)|violat(?:e|ed|es|ing)|blew|blown|jumped) {_W % 3}embargo",
        r"embargo (?:breach|break|violation)\b|\b(?:breach|violation) of (?:the |an |our |this )?embargo",
        rf"\b(?:made|make|went|gone|became|become|turned) {_W % 4}public\b{_PUBLIC_NOUNS}",
        rf"\b(?:is|are|was|were|been|already|now) (?:already |now |fully |all )*public\b{_PUBLIC_NOUNS}",
        r"\bpublicly (?:visible|available|accessible|known|readable|viewable|disclosed|announced|posted|discussed)",
        r"\bby mistake\b",
        rf"\b{_ACCIDENT}\b.{{0,150}}\b{_TOLD}|\b{_TOLD}.{{0,150}}\b{_ACCIDENT}\b",
        rf"\bpushed (?!back\b)(?!{_MOVED}){_W % 5}to (?!{_W % 3}{_INSIDE})",
        rf"\b(?:merged|committed|landed) {_W % 3}(?:to|into|in|on) {_TRUNK}",
        rf"\bcc'?-?e?d {_W % 4}(?:to|on)\b|\bcc'?-?e?d {_W % 6}(?:public|wrong|list|external|outside|customers?)\b",
        rf"\b(?:sent|forwarded|mailed|posted|went|shared|delivered|addressed|replied|showed|gave) {_W % 7}{_OUTSIDERS}",
        rf"\b(?:posted|published|appeared|uploaded|available|visible|found|se+n|saw|discussed|is|are) {_W % 5}{_SITES}",
        rf"\b(?:public|open) {_OPEN_PLACES}\b|{_OPEN_STORES}\b",
        r"\b(?:was|were|been|got|already) (?:already |accidentally )?(?:published|exposed|tweeted|revealed)\b",
        r"\bindependently (?:re)?discovered\b|\btweeted\b|\bgot out\b|\bslipped out\b",
        rf"\b(?:outside|beyond) (?:of )?(?:the|our) {_W % 2}(?:team|embargo|list|audience|company|group|organi\w+)\b",
        rf"\b(?:told|informed) {_W % 4}(?:customers?|journalists?|press|media|friends?|partners?)\b",
    )
)
_LEAK = re.compile(r"\bleak(?:s|ed|ing|age|ages)?\b")
_TECHNICAL = re.compile(
    r"\b(?:memory|mem|resource|handle|fd|descriptors?|info|information|heap|stack|kernel|pointer|address|socket|connection|"
    r"goroutine|thread|object|timing|side[- ]channel|reference|refcount|buffer|cache|oob|byte|uninitiali[sz]ed)"
    r"(?: |-)leak(?:s|ed|ing|age|ages)?\b"
    r"|\bleak(?:s|ed|ing|age|ages)? (?:(?:of|in|from|via|through|up|to|the|a|an|its|our|some|few|\d+|\w+'s|\w+) ){0,4}"
    r"(?:parser|memory|heap|stack|kernel|pointers?|address(?:es)?|bytes?|descriptors?|handles?|sockets?|buffers?|functions?|"
    r"drivers?|module|allocator|decoder|connections?|goroutines?|threads?|fds?|aslr|canary|canaries|cookies?|tokens?)\b"
)
_FEARED = re.compile(
    rf"\b(?:in case of|risk of|chance of|worried about|afraid of|fear of|if|should|report|reporting) {_W % 4}leaks?\b"
)
_DENIED = re.compile(
    rf"(?:\b(?:not|never|no|without|avoid(?:s|ing)?|prevent(?:s|ing)?|against|nobody|nothing|none)|n't) {_W % 3}$"
)
_NOT_PREVENTED = re.compile(r"(?:\bnot|n't|failed to|unable to|too late to) (?:\w+ )?(?:prevent|avoid)\b")
_PLANNED = re.compile(
    rf"(?:\b(?:will|would|should|shall|can|must|until|once|before|going to|to be|plan to|planned|please)|'ll) {_W % 3}$"
)
_PIECE, _OVERLAP = 1000, 200
_ENDS = 60_000  # of a longer text, say with a log in it, only the first and the last characters count
_SENTENCE = re.compile(r"(?<=[.!?;])\s+|\n\s*\n|\n\s*(?=[-*] )")


def speaks_of_leak(text: str) -> bool:
    """Whether the writer's own words seem to say that something got out: to be asked, not believed."""
    said = unquoted(text).casefold()
    if len(said) > 2 * _ENDS:
        said = f"{said[:_ENDS]}\n\n{said[-_ENDS:]}"
    sentences = _SENTENCE.split(said)
    return any(_sentence_speaks(piece) for sentence in sentences for piece in _pieces(" ".join(sentence.split())))


def _pieces(sentence: str) -> Iterator[str]:
    """Long sentences in pieces that overlap, so that no text takes longer than its length explains."""
    for start in range(0, max(1, len(sentence)), _PIECE - _OVERLAP):
        yield sentence[start : start + _PIECE]


def _sentence_speaks(sentence: str) -> bool:
    if any(_is_meant(sentence, match) for spoken in _SPOKEN for match in spoken.finditer(sentence)):
        return True
    rest = _FEARED.sub(" ", _TECHNICAL.sub(" ", sentence))
    return any(not _is_denied(rest[: match.start()]) for match in _LEAK.finditer(rest))


def _is_meant(sentence: str, match: re.Match[str]) -> bool:
    before = sentence[: match.start()]
    planned = _PLANNED.search(before)
    return not _is_denied(before) and (planned is None or " have " in f" {planned[0]} ")


def _is_denied(before: str) -> bool:
    return bool(_DENIED.search(before)) and not _NOT_PREVENTED.search(before)
