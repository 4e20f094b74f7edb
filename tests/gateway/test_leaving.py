"""The last way out of a stop that hangs: the process ends, whatever hinders it."""

from __future__ import annotations

import os
import threading
from types import SimpleNamespace
from typing import Any, cast

import pytest

from gateway import app


class Engine:
    """An engine that has something to do when it is closed."""

    def __init__(self, act: Any) -> None:
        self._act = act

    async def close(self) -> None:
        self._act()


def fails() -> None:
    raise OSError("too many open files")


@pytest.mark.parametrize("how", ["closes", "fails", "hangs"])
def test_a_process_that_stops_at_last_ends(monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    ended, closed, goes_on = list[int](), list[bool](), threading.Event()
    acts = {"closes": lambda: closed.append(True), "fails": fails, "hangs": lambda: goes_on.wait(60)}
    monkeypatch.setattr(os, "_exit", ended.append)
    monkeypatch.setattr(app, "LEFT_WITHIN", 0.05 if how == "hangs" else 60)

    app._leave(cast(Any, SimpleNamespace(engine=Engine(acts[how]))))
    goes_on.set()

    assert ended == [0]
    assert closed == [True] * (how == "closes")
