"""The small worlds, each searched whole: dates and copies, two people and facts, votes, a leak case."""

from __future__ import annotations

from functools import partial

from policy.facts import State
from tools.model import cases, laws, votes
from tools.model.acts import QUEUED, Acts
from tools.model.search import Found, search
from tools.model.world import Position, Size, World

SIZES = (
    Size(),
    Size(grace=1, min_notice=1),
    Size(instants=3, max_embargo=2, two=True),
    Size(instants=3, max_embargo=2, min_notice=1, two=True, facts=True, by_hand=True),
    Size(instants=3, max_embargo=2, facts=True),
    Size(instants=3, max_embargo=2, upstream=True),
)
BALLOTS = (
    Size(instants=4, max_embargo=3, min_notice=1, window=1),
    Size(instants=4, max_embargo=3, window=2),
    Size(instants=4, max_embargo=3, window=1, one_org=True),
)


def is_end(position: Position) -> bool:
    """Nothing was posted, or it is over and no copy is on its way."""
    if position.paper is None:
        return True
    return position.paper.value.state in {State.LIFTED, State.CLOSED, State.WITHDRAWN} and QUEUED not in position.copies


def explore(size: Size, *, stops_at_first: bool = False) -> Found:
    """Search a world of dates, copies and people."""
    world = World(size)
    asked = partial(laws.ask, world)
    return search(world.start(), Acts(world).steps, asked, is_end, stops_at_first=stops_at_first)


def explore_votes(size: Size, *, stops_at_first: bool = False) -> Found:
    """Search a world in which a list agrees on its dates."""
    world = votes.Votes(size)
    asked = partial(votes.ask, world)
    return search(world.start(), world.steps, asked, votes.is_end, stops_at_first=stops_at_first)


def explore_cases(*, stops_at_first: bool = False) -> Found:
    """Search the life of a leak case."""
    world = cases.Cases()
    asked = partial(cases.ask, world)
    return search(world.start(), world.steps, asked, cases.is_end, stops_at_first=stops_at_first)
