"""Reading that is done a million times over is done once a text: pure code answers the same again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import lru_cache
from importlib import import_module
from unittest import mock

PURE = ("policy.dateorders.read_instant", "policy.upstreamlines.read_instant", "policy.offers.read_block")


@contextmanager
def remembered() -> Iterator[None]:
    """Have what the real code reads remembered for the time of one search; what it decides is asked anew."""
    with ExitStack() as stack:
        for place in PURE:
            module, _, name = place.rpartition(".")
            stack.enter_context(mock.patch(place, lru_cache(maxsize=None)(getattr(import_module(module), name))))
        yield
