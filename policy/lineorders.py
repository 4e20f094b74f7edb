"""One control line at a time: what its value says, or what is wrong with it and what would be right.

Rules: each reader takes the text of a value and gives a ``Parsed``. Its ``fixed`` is a value that is
accepted and reveals no more than the one written; None leaves the line out; where neither is
possible it is the value as it was.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from policy.instants import Reading
from policy.plain import nearest, one_line, within
from policy.scopes import (
    Restriction,
    Scope,
    exact_patterns,
    fits,
    resolve_scope,
    restriction_text,
    scope_text,
    split_restriction,
)
from policy.surroundings import Surroundings

T = TypeVar("T")

MAX_VALUE = 4000
"""Characters of a value; a longer one is no control line."""
TLP_LABELS = ("CLEAR", "GREEN", "AMBER", "AMBER+STRICT", "RED")
"""TLP 2.0, from the widest to the narrowest."""
_CVE = re.compile(r"CVE-[0-9]{4}-[0-9]{4,19}", re.ASCII)
_CASE = re.compile(r"LK-[0-9]{4}-[0-9A-Z]{4}", re.ASCII)
_LOOSE_CVE = re.compile(r"(?:CVE)?[-_: ]*([0-9]{4})[-_ ]([0-9]{4,19})", re.ASCII | re.IGNORECASE)


class Cause(StrEnum):
    """Why a coordinator lifts an embargo before its date."""

    PUBLIC = "public"
    EXPLOITED = "exploited"
    LEAKED = "leaked"
    READY = "ready"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Parsed(Generic[T]):
    """What a value says: ``value`` where it is clear, else None with ``why``; ``fixed`` as it should be written.

    ``readings``: what it may mean.
    """

    value: T | None
    fixed: str | None
    why: str = ""
    readings: tuple[Reading, ...] = ()


def read_text(text: str, _: Surroundings) -> Parsed[str]:
    """Free text; it must not be empty."""
    return Parsed(text, text) if text else Parsed(None, None, "it says nothing")


def read_yes(text: str, _: Surroundings) -> Parsed[bool]:
    """Yes or no. In doubt yes: all that it is asked for are things that hold back."""
    word = text.casefold().rstrip(".!")
    if word in {"yes", "no"}:
        return Parsed(word == "yes", word)
    return Parsed(None, "yes", "it says yes or no")


def read_ack(text: str, surroundings: Surroundings) -> Parsed[bool | str]:
    """Yes or no; from a coordinator also the id of the leak case whose alarm he takes.

    What else a coordinator writes is not mended to a yes, which takes no alarm.
    """
    found = read_yes(text, surroundings)
    if surroundings.role != "coordinator" or found.value is not None:
        return Parsed(found.value, found.fixed, found.why)
    named = dict.fromkeys(_CASE.findall(text.upper()))
    case = next(iter(named)) if len(named) == 1 else None
    if text.upper().strip("[]<>. ") == case:
        return Parsed(case, case)
    return Parsed(None, case, "it names one leak case by its id alone, LK-YEAR-XXXX")


def read_lift(text: str, _: Surroundings) -> Parsed[bool]:
    """The word now. Anything else is left out: nothing ends an embargo by guess."""
    if text.casefold() == "now":
        return Parsed(value=True, fixed="now")
    return Parsed(None, None, "it only says now; an embargo that ends later is a new Embargo-Until")


def read_cause(text: str, _: Surroundings) -> Parsed[str]:
    """Why an embargo is lifted before its date."""
    word = text.casefold().rstrip(".!")
    if word in set(Cause):
        return Parsed(word, word)
    near = nearest(word, Cause)
    meant = f"; did you mean {near}?" if near else ""
    return Parsed(None, near or Cause.OTHER.value, f"it says one of {', '.join(Cause)}{meant}")


def read_send_to(text: str, _: Surroundings) -> Parsed[bool]:
    """The word audience."""
    if text.casefold() == "audience":
        return Parsed(value=True, fixed="audience")
    return Parsed(None, None, "it only says audience; without it a reply goes no further than the mail it answers")


def read_tlp(text: str, _: Surroundings) -> Parsed[str]:
    """A label of TLP 2.0, with or without "TLP:" before it."""
    label = re.sub(r"\s*\+\s*", "+", re.sub(r"^TLP\s*:\s*", "", text.upper()))
    if label in TLP_LABELS:
        return Parsed(label, label)
    known = f"the labels of TLP 2.0 are {', '.join(TLP_LABELS)}"
    if label == "WHITE":
        return Parsed(None, "CLEAR", f"WHITE is a label of TLP 1, in TLP 2.0 it is CLEAR; {known}")
    if re.fullmatch(r"AMBER[-_ ]*STRICT", label):
        return Parsed(None, "AMBER+STRICT", known)
    near = [name for name in TLP_LABELS if within(label, name, 1 if len(name) < 5 else 2)]  # noqa: PLR2004
    # Where two are near, the narrower one.
    return Parsed(None, near[-1] if near else None, known)


def read_cve(text: str, _: Surroundings) -> Parsed[tuple[str, ...]]:
    """A list of CVE numbers."""
    items = [item for item in re.split(r"[\s,;]+", text.upper()) if item]
    if items and all(_CVE.fullmatch(item) for item in items):
        return Parsed(tuple(dict.fromkeys(items)), text)
    found = [f"CVE-{match[1]}-{match[2]}" for match in _LOOSE_CVE.finditer(text)]
    return Parsed(None, ", ".join(dict.fromkeys(found)) or None, "a CVE number is written CVE-2026-1234")


def read_scope_line(text: str, surroundings: Surroundings) -> Parsed[Scope]:
    """Who needs to know."""
    resolved = resolve_scope(text, surroundings.roster)
    if not resolved.problems:
        return Parsed(resolved.scope, scope_text(resolved.scope))
    # A line that is left out would mean the list's default, which is wider than anything that was meant.
    fixed = text if resolved.scope.is_empty or resolved.scope.all else scope_text(resolved.scope)
    return Parsed(None, fixed, "; ".join(resolved.problems))


def read_restrict_line(
    text: str, surroundings: Surroundings, is_of_details: Callable[[Restriction], object]
) -> Parsed[Restriction]:
    """Attachments that go to some only. ``is_of_details``: it is about all that an upstream keeps back instead."""
    try:
        patterns, to = split_restriction(text)
    except ValueError as err:
        return Parsed(None, text, str(err))
    resolved = resolve_scope(to, surroundings.readers)
    whole = Restriction(tuple(patterns), resolved.scope)
    if not resolved.problems and is_of_details(whole):
        return Parsed(whole, text)
    problems: list[str] = []
    exact: list[str] = []
    offered: list[str] = []
    for pattern in patterns:
        more, is_found = exact_patterns(pattern, surroundings.attachments)
        exact.extend(more)
        near = pattern if is_found else nearest(pattern, surroundings.attachments)
        offered.append(one_line(near or pattern))
        if not is_found:
            problems.append(
                f"no attachment of this mail is called {pattern!r}" + (f"; did you mean {near}?" if near else "")
            )
    problems.extend(resolved.problems)
    restriction, notice = Restriction(tuple(exact), resolved.scope), surroundings.notice
    if not problems and notice is not None and restriction.keeps(notice):
        what = f"{one_line(notice)} goes public at the lift, so it can't be restricted as well"
        return Parsed(None, text, f"{what}: name the others, or another Public-Notice")
    if not problems:
        return Parsed(restriction, text)
    if resolved.scope.is_empty:
        return Parsed(None, text, "; ".join(problems))
    return Parsed(None, restriction_text(Restriction(tuple(offered), resolved.scope)), "; ".join(problems))


def read_notice_line(text: str, surroundings: Surroundings) -> Parsed[str]:
    """The attachment that goes public at the lift. In doubt none does."""
    if not surroundings.has_public_address:
        return Parsed(None, None, "this list has no address for public notices (public_address)")
    names = tuple(dict.fromkeys((*surroundings.attachments, *surroundings.stored_notices)))
    exact = exact_patterns(text.strip('"'), names)[0]
    found = [name for name in names if any(fits(name, pattern) for pattern in exact)]
    if len(found) == 1:
        return Parsed(found[0], text)
    if found:
        return Parsed(None, None, f"it fits {len(found)} attachments; name one: {one_line(', '.join(found[:5]))}")
    near = nearest(text, names)
    return Parsed(None, one_line(near) if near else None, _no_attachment(text, near))


def _no_attachment(written: str, near: str | None) -> str:
    return f"no attachment of this mail is called {written!r}" + (f"; did you mean {one_line(near)}?" if near else "")
