"""``make model``: search the small worlds, print what was found; 1 where a law is broken or something never ends.

Then each guard is taken away in turn: 1 as well where the model does not report that.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from functools import partial

from tools.model.guards import GUARDS
from tools.model.search import Found
from tools.model.worlds import BALLOTS, SIZES, explore, explore_cases, explore_votes


def _worlds() -> Iterator[tuple[str, Callable[[], Found]]]:
    for size in SIZES:
        yield str(size), partial(explore, size)
    for size in BALLOTS:
        yield f"votes, {size}", partial(explore_votes, size)
    yield "a leak case", explore_cases


def _search_all() -> Found:
    total = Found()
    for name, explored in _worlds():
        found = explored()
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
    return total


def _drop_each_guard() -> int:
    """Take each guard away; give how many nobody missed."""
    missed = 0
    for guard in GUARDS:
        found = guard.search_without()
        is_noticed = guard.law in found.broken
        missed += not is_noticed
        why = found.violations[0].why if found.violations else "nothing"
        print(f"without {guard.name}: {'' if is_noticed else 'NOT NOTICED, '}{guard.law}: {why}")
    return missed


def main() -> int:
    """Search all of them, and then without each guard."""
    began = time.process_time()
    total = _search_all()
    print(
        f"{total.positions:,} states, {total.transitions:,} transitions, {sum(total.broken.values())} violations, "
        f"{total.dead_ends} dead ends, {time.process_time() - began:.0f} s of processor time"
    )
    missed = _drop_each_guard()
    print(f"{len(GUARDS)} guards taken away in turn, {missed} of them missed by nobody")
    return 0 if total.is_good and not missed else 1


if __name__ == "__main__":
    sys.exit(main())
