"""Text as mail programs leave it: odd characters read as what they stand for, names compared.

Rules: nothing here judges. ``plain`` changes no ASCII character and never the number of lines, so
that a place found in the plain text is the same place in the text as written.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

# Characters that show nothing: zero-width ones, marks of direction, byte-order mark, soft hyphen.
_INVISIBLE = (
    "\u00ad\u034f\u061c\u180e\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e"
    "\u2060\u2061\u2062\u2063\u2064\u2066\u2067\u2068\u2069\ufe0e\ufe0f\ufeff"
)
_BLANKS = "\t\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
_HYPHENS = "\u2010\u2011\u2012\u2013\u2014\u2015\u2043\u2212\ufe58\ufe63\uff0d"
_COLONS = "\u2236\ua789\ufe13\ufe55\uff1a"
_SINGLE_QUOTES = "\u2018\u2019\u201a\u201b\u2032\u02bc"
_DOUBLE_QUOTES = "\u201c\u201d\u201e\u201f\u2033"

_TABLE: dict[int, str | None] = (
    {code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)}  # the full-width forms of ASCII
    | {ord(c): None for c in _INVISIBLE}
    | {ord(c): " " for c in _BLANKS}
    | {ord(c): "-" for c in _HYPHENS}
    | {ord(c): ":" for c in _COLONS}
    | {ord(c): "'" for c in _SINGLE_QUOTES}
    | {ord(c): '"' for c in _DOUBLE_QUOTES}
)


def plain(text: str) -> str:
    """The text with look-alike blanks, hyphens, colons and quotes as ASCII, invisible ones gone."""
    return text.translate(_TABLE)


def one_line(text: str) -> str:
    """The text on one line: line breaks and control characters are blanks, and blanks are single."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def distance(one: str, other: str) -> int:
    """How many letters to change, add, leave out or swap with a neighbour to get the other word."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        above, row = row, [i]
        for j, b in enumerate(other, 1):
            cost = min(above[j] + 1, row[j - 1] + 1, above[j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and b == one[i - 2]:
                cost = min(cost, before[j - 2] + 1)
            row.append(cost)
        before = above
    return row[-1]


def within(one: str, other: str, limit: int) -> bool:
    """Whether the distance is at most ``limit``; quick to say no."""
    if abs(len(one) - len(other)) > limit:
        return False
    # One edit changes at most two letters of the set, so most pairs need no table.
    if (_letters(one) ^ _letters(other)).bit_count() > 2 * limit:
        return False
    return distance(one, other) <= limit


def is_slip(name: str, other: str) -> bool:
    """Whether a name (both in lower case) is what a slip of the hand makes of another.

    Within two letters for names of six letters and more, within one for five; for shorter ones two
    neighbours swapped or one doubled only, because everyday words are within one letter of them.
    """
    if len(other) > 5:  # noqa: PLR2004 - the lengths are the rule above
        return within(name, other, 2)
    if len(other) == 5:  # noqa: PLR2004
        return within(name, other, 1)
    if len(name) == len(other):
        return sorted(name) == sorted(other) and within(name, other, 1)
    return len(name) == len(other) + 1 and re.sub(r"(.)\1", r"\1", name) == other


def nearest(word: str, choices: Iterable[str]) -> str | None:
    """The choice that the word is most likely meant to be, or None where none is near.

    Near is: up to a third of its letters (at least one, at most four) differ, or one is the
    beginning of the other or a whole word of it ("IBM" for "IBM Corporation").
    """
    wanted = word.casefold().strip()[:200]
    if not wanted:
        return None
    found: list[tuple[int, str]] = []
    for choice in choices:
        other = choice.casefold()
        limit = min(4, max(1, len(other) // 3))
        if within(wanted, other, limit):
            found.append((distance(wanted, other), choice))
        elif _shares_a_beginning(wanted, other):
            found.append((5, choice))
    return min(found)[1] if found else None


def _shares_a_beginning(one: str, other: str) -> bool:
    short, long = sorted((one, other), key=len)
    return len(short) > 1 and (long.startswith(short) or short in long.split())


@lru_cache(maxsize=4096)
def _letters(word: str) -> int:
    bits = 0
    for letter in word:
        bits |= 1 << (ord(letter) % 61)
    return bits
