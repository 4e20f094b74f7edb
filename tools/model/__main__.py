"""``make model``: search the small worlds, print what was found; 1 where a law is broken or something never ends.

Then each guard is taken away in turn: 1 as well where the model does not report that.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial

from tools.model.guards import GUARDS
from tools.model.quick import remembered
from tools.model.search import Found
from tools.model.worlds import BALLOTS, SIZES, explore, explore_cases, explore_votes

WORLDS: tuple[tuple[str, Callable[[], Found]], ...] = (
    *((str(size), partial(explore, size)) for size in SIZES),
    *((f"votes, {size}", partial(explore_votes, size)) for size in BALLOTS),
    ("a leak case", explore_cases),
)


def _search(task: tuple[str, int]) -> tuple[Found, float]:
    """Search a world, or one without a guard, by its number; gives what was found, and the processor time it took."""
    kind, number = task
    began = time.process_time()
    with remembered():
        found = WORLDS[number][1]() if kind == "world" else GUARDS[number].search_without()
    return found, time.process_time() - began


def _tell_worlds(results: list[tuple[Found, float]]) -> Found:
    total = Found()
    for (name, _), (found, _) in zip(WORLDS, results, strict=True):
        print(f"{name}: {found.positions:,} states, {found.transitions:,} transitions")
        total.positions += found.positions
        total.transitions += found.transitions
        total.dead_ends += found.dead_ends
        for law, count in found.broken.items():
            total.broken[law] = total.broken.get(law, 0) + count
        for violation in found.violations:
            print(f"BROKEN {violation.law}: {violation.why}\n    {' | '.join(violation.way)}")
        if found.dead_ends:
            print(f"DEAD END after {' | '.join(found.dead_end) or 'nothing'}")
    print(
        f"{total.positions:,} states, {total.transitions:,} transitions, {sum(total.broken.values())} violations, "
        f"{total.dead_ends} dead ends, {sum(seconds for _, seconds in results):.0f} s of processor time"
    )
    return total


def _tell_guards(results: list[tuple[Found, float]]) -> int:
    """What came of taking each guard away; gives how many nobody missed."""
    missed = 0
    for guard, (found, _) in zip(GUARDS, results, strict=True):
        is_noticed = guard.law in found.broken
        missed += not is_noticed
        why = found.violations[0].why if found.violations else "nothing"
        print(f"without {guard.name}: {'' if is_noticed else 'NOT NOTICED, '}{guard.law}: {why}")
    print(f"{len(GUARDS)} guards taken away in turn, {missed} of them missed by nobody")
    return missed


def main() -> int:
    """Search all of them, and then without each guard; each search in a process, as many at once as there are cores."""
    tasks = [("world", number) for number in range(len(WORLDS))]
    tasks += [("guard", number) for number in range(len(GUARDS))]
    with ProcessPoolExecutor(os.cpu_count(), multiprocessing.get_context("fork")) as pool:
        results = list(pool.map(_search, tasks))
    total, missed = _tell_worlds(results[: len(WORLDS)]), _tell_guards(results[len(WORLDS) :])
    return 0 if total.is_good and not missed else 1


if __name__ == "__main__":
    sys.exit(main())
