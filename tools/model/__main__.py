"""``make model``: search the small worlds, print what was found; 1 where a law is broken or something never ends."""

from __future__ import annotations

import sys
import time
from functools import partial

from policy.facts import State
from tools.model.acts import QUEUED, Acts
from tools.model.laws import ask
from tools.model.search import Found, search
from tools.model.world import Position, Size, World

SIZES = (Size(), Size(grace=1, min_notice=1))


def is_end(position: Position) -> bool:
    """Nothing was posted, or it is over and no copy is on its way."""
    if position.paper is None:
        return True
    return position.paper.value.state in {State.LIFTED, State.CLOSED, State.WITHDRAWN} and QUEUED not in position.copies


def explore(size: Size, *, stops_at_first: bool = False) -> Found:
    """Search one world."""
    world = World(size)
    return search(world.start(), Acts(world).steps, partial(ask, world), is_end, stops_at_first=stops_at_first)


def main() -> int:
    """Search all of them."""
    total = Found()
    began = time.process_time()
    for size in SIZES:
        found = explore(size)
        print(f"{size}: {found.positions:,} states, {found.transitions:,} transitions")
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
        f"{total.dead_ends} dead ends, {time.process_time() - began:.0f} s of processor time"
    )
    return 0 if total.is_good else 1


if __name__ == "__main__":
    sys.exit(main())
