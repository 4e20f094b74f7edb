"""Breadth-first search: every position that can be reached, every step on the way, and who never comes to an end."""

from __future__ import annotations

from array import array
from collections import deque
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

P = TypeVar("P", bound=Hashable)
MOST_TOLD = 5  # of one law's violations: the first few say it


@dataclass(frozen=True, slots=True)
class Step(Generic[P]):
    """One thing that happened: what, by whom, and where it led. ``facts`` is for laws to look at."""

    what: str
    who: str
    after: P
    facts: object = None


@dataclass(frozen=True, slots=True)
class Violation:
    """A law that did not hold, and the shortest way there."""

    law: str
    why: str
    way: tuple[str, ...]


@dataclass(slots=True)
class Found:
    """What a search came to."""

    positions: int = 0
    transitions: int = 0
    broken: dict[str, int] = field(default_factory=dict)
    violations: list[Violation] = field(default_factory=list)
    dead_ends: int = 0
    dead_end: tuple[str, ...] = ()
    is_whole: bool = True  # False: it stopped at the first violation, as asked

    @property
    def is_good(self) -> bool:
        """Whether every law held, and every position can still come to an end."""
        return not self.broken and not self.dead_ends


def search(
    start: P,
    steps: Callable[[P], Iterable[Step[P]]],
    laws: Callable[[P, Step[P]], Iterable[tuple[str, str]]],
    is_end: Callable[[P], bool],
    *,
    stops_at_first: bool = False,
) -> Found:
    """Walk everything. ``laws`` gives (name, why) for each law that a step breaks."""
    found = Found()
    index: dict[P, int] = {start: 0}
    order: list[P] = [start]
    came: list[tuple[int, str]] = [(-1, "")]
    sources, targets = array("L"), array("L")
    queue = deque((0,))
    while queue:
        here = queue.popleft()
        position = order[here]
        for step in steps(position):
            found.transitions += 1
            there = index.get(step.after)
            if there is None:
                there = index[step.after] = len(order)
                order.append(step.after)
                came.append((here, step.what))
                queue.append(there)
            if there != here:
                sources.append(here)
                targets.append(there)
            for law, why in laws(position, step):
                found.broken[law] = found.broken.get(law, 0) + 1
                if found.broken[law] <= MOST_TOLD:
                    found.violations.append(Violation(law, why, (*_way(came, here), step.what)))
                if stops_at_first:
                    found.positions, found.is_whole = len(order), False
                    return found
    found.positions = len(order)
    _find_dead_ends(found, order, came, sources, targets, is_end)
    return found


def _way(came: list[tuple[int, str]], at: int) -> tuple[str, ...]:
    words = []
    while at > 0:
        at, what = came[at]
        words.append(what)
    return tuple(reversed(words))


def _find_dead_ends(
    found: Found,
    order: list[P],
    came: list[tuple[int, str]],
    sources: array[int],
    targets: array[int],
    is_end: Callable[[P], bool],
) -> None:
    """Go back from every end: what is not met on the way can never come to one."""
    back: list[list[int]] = [[] for _ in order]
    for source, target in zip(sources, targets, strict=True):
        back[target].append(source)
    left = [number for number, position in enumerate(order) if is_end(position)]
    met = bytearray(len(order))
    for number in left:
        met[number] = 1
    while left:
        for before in back[left.pop()]:
            if not met[before]:
                met[before] = 1
                left.append(before)
    found.dead_ends = met.count(0)
    if found.dead_ends:
        found.dead_end = _way(came, met.index(0))
