"""Who needs to know, as control lines say it: scopes, and restrictions of attachments.

Rules:

* A scope is ``all``, or a list of ``group:NAME``, ``org:NAME`` and addresses, never both.
* A restriction is a list of names or globs of attachments, the word ``to``, and a scope.
* Names that hold commas or quotes stand in double quotes, with a backslash before a quote inside.
* What is rendered here is read back as the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase

from policy.plain import nearest, one_line, plain

_ADDRESS = re.compile(r"[^\s@,\"]+@[^\s@,\"]+")
_TO = re.compile(r"\sto\s", re.IGNORECASE)
_KINDS = {"group:": "group", "groups:": "group", "org:": "org", "orgs:": "org", "organisation:": "org"}
_STRICT = {"group:": "group", "org:": "org"}


@dataclass(frozen=True, slots=True)
class Scope:
    """Who needs to know: everybody, or the named groups, organisations and addresses."""

    all: bool = False
    groups: tuple[str, ...] = ()
    orgs: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether it names nobody."""
        return not (self.all or self.groups or self.orgs or self.addresses)


@dataclass(frozen=True, slots=True)
class Restriction:
    """Attachments (names or globs) that go only to those whom ``to`` names."""

    patterns: tuple[str, ...]
    to: Scope

    def covers(self, name: str) -> bool:
        """Whether an attachment of that name is restricted; case is ignored."""
        return any(fits(name, pattern) for pattern in self.patterns)

    def keeps(self, name: str) -> bool:
        """Whether it keeps an attachment of that name from anybody."""
        return not self.to.all and self.covers(name)


def standing(before: Iterable[Restriction], anew: Iterable[Restriction]) -> tuple[Restriction, ...]:
    """What is left of older restrictions beside new ones: a pattern that is named anew is ruled anew, no other."""
    patterns = {pattern for rule in anew for pattern in rule.patterns}
    return tuple(
        Restriction(left, rule.to)
        for rule in before
        if (left := tuple(pattern for pattern in rule.patterns if pattern not in patterns))
    )


@dataclass(frozen=True, slots=True)
class Roster:
    """The names that a scope may use."""

    groups: frozenset[str]
    orgs: frozenset[str]
    addresses: frozenset[str]


@dataclass(frozen=True, slots=True)
class Resolved:
    """A scope held against the roster: what of it can be meant, and what is wrong with it, in words."""

    scope: Scope
    problems: tuple[str, ...]


def read_scope(text: str) -> Scope:
    """Read ``all`` or a list of ``group:x``, ``org:Y Z`` and addresses.

    Raises ValueError saying which item is none of these.
    """
    groups: list[str] = []
    orgs: list[str] = []
    addresses: list[str] = []
    items = _split(text)
    if [item.casefold() for item in items] == ["all"]:
        return Scope(all=True)
    if not items:
        raise ValueError("a scope names somebody: all, or group:NAME, org:NAME, an address")
    for item in items:
        kind, name = _kind(item, _STRICT)
        if kind == "group" and name:
            groups.append(name)
        elif kind == "org" and name:
            orgs.append(name)
        elif not kind and _ADDRESS.fullmatch(item):
            addresses.append(item)
        else:
            raise ValueError(f"{item!r} is not group:NAME, org:NAME or an address (or all, alone)")
    return Scope(groups=tuple(groups), orgs=tuple(orgs), addresses=tuple(addresses))


def scope_text(scope: Scope) -> str:
    """Write a scope as a control line takes it; "" for one that names nobody."""
    if scope.all:
        return "all"
    return ", ".join(
        [
            *(f"group:{_quoted(name)}" for name in scope.groups),
            *(f"org:{_quoted(name)}" for name in scope.orgs),
            *scope.addresses,
        ]
    )


def read_restriction(text: str) -> Restriction:
    """Read ``fix.patch, *.diff to group:envoy``. Raises ValueError saying what is missing."""
    patterns, scope = split_restriction(text)
    return Restriction(tuple(patterns), read_scope(scope))


def restriction_text(restriction: Restriction) -> str:
    """Write a restriction as a control line takes it."""
    return f"{', '.join(_quoted(p, is_pattern=True) for p in restriction.patterns)} to {scope_text(restriction.to)}"


def split_restriction(text: str) -> tuple[list[str], str]:
    """The patterns, and the text of the scope behind ``to``. Raises ValueError where one of them is missing.

    A file name may hold the word itself ("how to fix.txt"): the first ``to`` is taken that a scope
    follows, else the last one.
    """
    places = [match for match in _TO.finditer(text) if not _is_inside_quotes(text, match.start())]
    if not places:
        raise ValueError("it is written like this: fix.patch to group:NAME")
    place = next((match for match in places if _is_scope(text[match.end() :])), places[-1])
    patterns = _split(text[: place.start()])
    if not patterns:
        raise ValueError("it names no attachment before the word to")
    return patterns, text[place.end() :]


def fits(name: str, pattern: str) -> bool:
    """Whether an attachment's name fits a name or glob, case ignored."""
    return fnmatchcase(name.casefold(), pattern.casefold())


def exact_patterns(pattern: str, names: Iterable[str]) -> tuple[tuple[str, ...], bool]:
    """A pattern as written, completed so that ``fits`` finds every name that a person means by it.

    Names with brackets are globs to a computer, and mail programs change dashes and quotes. Returns
    the patterns, and whether any name is meant at all.
    """
    more = []
    found = False
    for name in names:
        is_plain = _key(name) == _key(pattern) or fnmatchcase(_key(name), _key(pattern))
        if fits(name, pattern):
            found = True
        elif is_plain:
            found = True
            more.append(re.sub(r"([*?[])", r"[\1]", name))
    return (pattern, *more), found


def resolve_scope(text: str, roster: Roster) -> Resolved:
    """Hold a scope against the roster: names in its spelling, misspelled ones as the nearest, others left out."""
    items = _split(text)
    found: dict[str, list[str]] = {"group": [], "org": [], "address": []}
    problems: list[str] = []
    everybody = [item for item in items if item.casefold() == "all"]
    if everybody and len(items) == 1:
        return Resolved(Scope(all=True), () if roster.addresses else ("the list has no members yet",))
    if everybody:
        problems.append("it says all and names somebody as well; one of them can't be meant")
    for item in items:
        if item.casefold() != "all":
            _resolve(item, roster, found, problems)
    scope = Scope(groups=_once(found["group"]), orgs=_once(found["org"]), addresses=_once(found["address"]))
    if scope.is_empty and not problems:
        problems.append("it names nobody")
    return Resolved(scope, tuple(problems))


def _resolve(item: str, roster: Roster, found: dict[str, list[str]], problems: list[str]) -> None:
    """One item of a scope: to ``found`` what it means, to ``problems`` what is wrong with it."""
    kind, name = _kind(item, _KINDS)
    if not kind and "@" in item:
        kind = "address"
    known = {"group": roster.groups, "org": roster.orgs, "address": roster.addresses}
    by_key = {_key(choice): choice for choice in known.get(kind, ())}
    if _key(name) in by_key:
        found[kind].append(by_key[_key(name)])
        if kind != "address" and _kind(item, _STRICT)[0] != kind:
            problems.append(f"{item!r} is written {kind}:{name}")
        return
    kinds = [kind] if kind else ["group", "org"]
    offers = [(k, near) for k in kinds if (near := nearest(name, known[k])) is not None]
    if not offers:
        what = {"group": "group ", "org": "organisation ", "address": "member with the address "}.get(kind)
        problems.append(f"there is no {what}{name!r}" if what else f"{item!r} is no group:NAME, org:NAME or address")
        return
    kind, near = offers[0]
    found[kind].append(near)
    meant = near if kind == "address" else f"{kind}:{near}"
    problems.append(f"{item!r} is nobody here; did you mean {meant}?")


def _kind(item: str, kinds: dict[str, str]) -> tuple[str, str]:
    for prefix, kind in kinds.items():
        if item.casefold().startswith(prefix):
            return kind, _unquoted(item[len(prefix) :].strip())
    return "", item


def _once(names: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))


def _key(name: str) -> str:
    return one_line(plain(name)).casefold()


def _is_scope(text: str) -> bool:
    try:
        read_scope(text)
    except ValueError:
        return False
    return True


def _quoted(name: str, *, is_pattern: bool = False) -> str:
    clear = name == name.strip() and name and not re.search(r'[,"\\]', name)
    if clear and not (is_pattern and re.search(r"\bto\b", name, re.IGNORECASE)):
        return name
    return '"' + re.sub(r'(["\\])', r"\\\1", name) + '"'


def _unquoted(item: str) -> str:
    if len(item) > 1 and item[0] == item[-1] == '"':
        return re.sub(r"\\(.)", r"\1", item[1:-1])
    return item


def _split(text: str) -> list[str]:
    """The items of a comma list. Quotes around a whole item are undone; those behind ``org:`` are kept."""
    items = [""]
    for character, is_inside in _marked(text):
        if character == "," and not is_inside:
            items.append("")
        else:
            items[-1] += character
    return [_unquoted(item.strip()) for item in items if item.strip()]


def _marked(text: str) -> Iterable[tuple[str, bool]]:
    """Each character, and whether it stands inside quotes; only a quote that begins a name opens them."""
    is_inside = is_escaped = False
    seen = ""
    for character in text:
        if is_inside:
            closes = character == '"' and not is_escaped
            is_escaped = character == "\\" and not is_escaped
            is_inside = not closes
            yield character, True
            continue
        seen = "" if character == "," else seen + character
        opens = character == '"' and seen[:-1].strip().casefold() in {"", "org:", "group:"}
        is_inside = opens
        yield character, opens


def _is_inside_quotes(text: str, at: int) -> bool:
    return [inside for _, inside in _marked(text)][at]
