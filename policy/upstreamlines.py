"""``Upstream:`` and the lines of a release's mechanics: what each value says, or what would be right.

Rules: in doubt an upstream holds, and for longer: an unclear date is offered as the latest that it may mean, and
a line that can't be read at all as the bare name, which holds until somebody says that it is over. What
the lines of the mechanics say goes to members whatever holds, so it is short and names no flaw.
"""

from __future__ import annotations

import re
from dataclasses import replace

from policy.control import Complaint
from policy.instants import Instant, Reading, Unclear, read_instant
from policy.lineorders import Parsed
from policy.plain import nearest, one_line
from policy.scopes import Restriction
from policy.surroundings import Surroundings
from policy.upstream import UpstreamLine, UpstreamWord

_VERSIONS = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+/-]{0,39}(?:[ ,]+[A-Za-z0-9][A-Za-z0-9._+/-]{0,39}){0,19}", re.ASCII)
_TELLS = re.compile(r"CVE[\W_]{0,3}\d|://", re.IGNORECASE)
_MOST_ACTION = 200
EVERYTHING = "*"


def read_upstream(text: str, surroundings: Surroundings) -> Parsed[UpstreamLine]:
    """Which third party's embargo, and what of it: that it holds, until when, that it is over, that details may go."""
    name, _, rest = text.partition(" ")
    modes = dict(surroundings.upstreams)
    known = {one.casefold(): one for one in modes}
    found = known.get(name.casefold())
    if found is None:
        return _unknown(text, name, rest, surroundings)
    line = UpstreamLine(found, modes[found])
    word = rest.strip().rstrip(".!").casefold()
    if not word:
        return Parsed(line, found)
    if word in {UpstreamWord.OVER, UpstreamWord.DETAILS}:
        return Parsed(replace(line, word=UpstreamWord(word)), f"{found} {word}")
    if word.partition(" ")[0] == "until":
        return _until(line, rest.strip()[len("until") :].strip(), surroundings)
    return Parsed(None, found, f"it says {found}, {found} until a date, or {found} over")


def _unknown(text: str, name: str, rest: str, surroundings: Surroundings) -> Parsed[UpstreamLine]:
    """A name that the list does not know; the line is never left out, as that would let everything go."""
    if not surroundings.upstreams:
        return Parsed(
            None, text, "this list knows no third parties (`[lists.NAME.upstreams.envoy]` in its configuration)"
        )
    known = [one for one, _ in surroundings.upstreams]
    names = ", ".join(known)
    near = nearest(name, known)
    if near is None:
        return Parsed(None, text, f"there is no upstream {one_line(name)!r}; this list knows {names}")
    again = read_upstream(f"{near} {rest}".strip(), surroundings)
    why = f"there is no upstream {one_line(name)!r}; did you mean {near}? This list knows {names}"
    return Parsed(None, again.fixed, f"{why}; {again.why}" if again.why else why, again.readings)


def _until(line: UpstreamLine, text: str, surroundings: Surroundings) -> Parsed[UpstreamLine]:
    read = read_instant(text, now=surroundings.now, zone=surroundings.zone, patch_day=surroundings.patch_day)
    if isinstance(read, Instant):
        return Parsed(replace(line, until=read.at), f"{line.name} until {text}")
    if not isinstance(read, Unclear):
        return Parsed(None, line.name, f"if it is over, write `Upstream: {line.name} over`")
    readings = tuple(Reading(f"{line.name} until {one.value}", one.at, one.note) for one in read.readings)
    if readings:
        return Parsed(None, max(readings, key=lambda one: one.at).value, read.why, readings)
    why = f"{read.why}. Without a date it holds until you say `Upstream: {line.name} over`, as in the block below"
    return Parsed(None, line.name, why)


def contradiction(lines: list[UpstreamLine]) -> tuple[Complaint, str] | None:
    """Two lines that say two things of one upstream: the complaint, and its name; None where none do."""
    said: dict[str, UpstreamLine] = {}
    for line in lines:
        if said.setdefault(line.name, line) != line:
            return Complaint(f"Upstream: {line.name}", "two lines say two things of it"), line.name
    return None


def read_versions(text: str, _: Surroundings) -> Parsed[str]:
    """Version numbers or names of branches."""
    if _VERSIONS.fullmatch(text) and not _TELLS.search(text):
        return Parsed(text, text)
    return Parsed(None, None, "it names versions or branches and nothing else, such as 1.19.2, 1.20.0")


def read_action(text: str, _: Surroundings) -> Parsed[str]:
    """What members will have to do, in a sentence that tells nothing of the flaw."""
    if not text or len(text) > _MOST_ACTION:
        return Parsed(None, None, f"it says in at most {_MOST_ACTION} characters what members will have to do")
    if _TELLS.search(text):
        return Parsed(None, None, "it names a CVE number or an address, and that is not for members yet")
    return Parsed(text, text)


def is_of_details(restriction: Restriction, names: frozenset[str]) -> bool:
    """Whether ``Restrict: * to group:NAME`` is about all that an upstream keeps back, and of no attachment."""
    return restriction.patterns == (EVERYTHING,) and bool(shared_with(restriction, names))


def shared_with(restriction: Restriction, names: frozenset[str]) -> tuple[str, ...]:
    """The upstreams whose groups get the details by ``Restrict: ... to group:NAME``; () for any other restriction.

    To let such a group have one of the attachments, by name, lets it have what is said of it.
    """
    to = restriction.to
    known = {name.casefold(): name for name in names}
    found = [known[group.casefold()] for group in to.groups if group.casefold() in known]
    is_only = not (to.all or to.orgs or to.addresses)
    return tuple(found) if is_only and found and len(found) == len(to.groups) else ()
