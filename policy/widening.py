"""Who gets by a line what he would not get without: a wider scope, a wider restriction, a file under another name.

Rules:

* What counts is who is named, not who is active at this moment: a member who is suspended can be
  reinstated a minute later, and ``all`` or a group takes in whoever joins it.
* A restriction is replaced pattern by pattern, as it is written; one that is not named anew stays.
* In doubt it is wider.
"""

from __future__ import annotations

from collections.abc import Iterable

from policy.audience import is_named
from policy.facts import Person, Role, Standing
from policy.scopes import Restriction, Scope


def widens(before: Scope, after: Scope, people: Iterable[Person], admitted: frozenset[int] | None = None) -> bool:
    """Whether anybody may be let in by ``after`` whom ``before`` never would have.

    ``admitted``: ids of those who were let in at the release and since, None before it.
    """
    known = {group.casefold() for group in before.groups}
    if not before.all and (after.all or any(group.casefold() not in known for group in after.groups)):
        return True
    return any(
        is_named(person, after) and not (is_named(person, before) and (admitted is None or person.id in admitted))
        for person in people
        if person.standing is not Standing.REMOVED
        # A guest is let in by his grant, so a scope is nothing to him; a restriction is.
        and (person.role is Role.MEMBER or (person.role is Role.GUEST and admitted is None))
    )


def opens(before: Iterable[Restriction], anew: Iterable[Restriction], people: Iterable[Person]) -> bool:
    """Whether anybody may get by the new restrictions a part that the ones before would have kept from him."""
    everybody, rules = tuple(people), tuple(anew)
    return any(
        widens(old.to, new.to, everybody)
        for old in before
        for new in rules
        if not set(old.patterns).isdisjoint(new.patterns)
    )


def refuse_replacement(
    replaces: Iterable[str],
    attached: tuple[str, ...],
    stands: tuple[Restriction, ...],
    anew: tuple[Restriction, ...],
) -> str | None:
    """Why a correction's new files would reach whom the old ones did not; None where they would not.

    A file under its old name is restricted as that one was. What comes under another name, in the place of a
    restricted one, is restricted by the lines of this mail or by older ones: which of several files replaces
    which nobody but the writer knows, so that holds for each of them.
    """
    for name in replaces:
        if name in attached or not any(rule.covers(name) for rule in stands):
            continue
        bare = [one for one in attached if not any(rule.covers(one) for rule in (*stands, *anew))]
        if bare or not attached:
            what = f"{bare[0]} has" if bare and len(attached) > 1 else "it has"
            return (
                f"{name} is restricted: attach the new one under the same name, or give it a `Restrict:` of its own"
                + (f"; {what} none (`Restrict: ... to all` says that everybody may have it)" if bare else "")
            )
    return None
