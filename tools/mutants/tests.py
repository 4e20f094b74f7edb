"""The tests of ``tests/policy``: collected once by pytest, and each called on its own, without pytest around it."""

from __future__ import annotations

import hashlib
import os
import pickle
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

from tools.mutants.changes import ROOT

TESTS = ROOT / "tests" / "policy"
# What only measures time: seconds for each mutant, and none noticed. Hypothesis' tests are left out as well.
LEFT_OUT = {
    "test_a_huge_text_takes_no_longer_than_its_length_explains",
    "test_a_text_without_a_full_stop_is_read_in_no_time",
}
SEEN = ROOT / "build" / "mutants-seen.pickle"
OPTIONS = ("-s", "-c", os.devnull, "--rootdir", str(ROOT), "-p", "no:cacheprovider", "-p", "no:terminal")
OPTIONS += ("--import-mode=importlib", "-o", f"pythonpath={ROOT / 'tests'} {ROOT}")
Lines = set[tuple[str, int]]


@dataclass(slots=True)
class Test:
    """One test with its row of the table; ``ran`` are the lines of ``policy/`` that it runs."""

    name: str
    file: str
    call: Callable[[], object]
    seconds: float = 0.0
    ran: Lines = field(default_factory=set)


class Watch:
    """Notes which lines of ``policy/`` run."""

    def __init__(self) -> None:
        self._paths = {str(path): path.stem for path in (ROOT / "policy").glob("*.py")}
        self._all: dict[CodeType, frozenset[tuple[str, int]]] = {}  # of each function
        self._lines: Lines = set()

    def run(self, call: Callable[[], object]) -> Lines:
        """Call, and tell what ran."""
        self._lines = set()
        before = sys.gettrace()
        sys.settrace(self._called)
        try:
            call()
        finally:
            sys.settrace(before)
        return self._lines

    def _called(self, frame: FrameType, _event: str, _arg: object) -> Any:
        code = frame.f_code
        name = self._paths.get(code.co_filename)
        if name is None:
            return None
        every = self._all.get(code)
        if every is None:
            every = self._all[code] = frozenset((name, line) for _, _, line in code.co_lines() if line is not None)
        lines = self._lines
        if every <= lines:
            return None  # there is nothing more to learn of it
        add = lines.add

        def each(inner: FrameType, event: str, _arg: object) -> Any:
            if event == "line":
                add((name, inner.f_lineno))
            return each

        add((name, frame.f_lineno))
        return each


class Taken:
    """A plugin for pytest: where it would run the tests, ``use`` gets them instead."""

    def __init__(self, use: Callable[[list[Test]], None]) -> None:
        self._use = use
        self.ended: SystemExit | None = None  # pytest would keep it to itself

    def pytest_runtestloop(self, session: Any) -> bool:
        """Give the tests away."""
        if not session.testsfailed:
            try:
                self._use([_test(item) for item in session.items if _counts(item)])
            except SystemExit as end:
                self.ended = end
        return True


def collect(files: Iterable[Path], use: Callable[[list[Test]], None]) -> int:
    """Collect the tests of these files and ``use`` them; 0 where that worked. Raises SystemExit as ``use`` does."""
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"  # policy/ needs none of them
    os.environ.pop("PYTEST_ADDOPTS", None)  # what somebody likes to see of the whole suite is not for these
    import pytest  # noqa: PLC0415 - the parent loads it when it needs it

    taken = Taken(use)
    answer = int(pytest.main([*OPTIONS, *map(str, files)], plugins=[taken]))
    if taken.ended is not None:
        raise taken.ended
    return answer


def _counts(item: Any) -> bool:
    """Whether a test notices a change always or never: what hypothesis draws depends on whatever else is loaded."""
    is_drawn = getattr(item.obj, "is_hypothesis_test", False)
    return not is_drawn and item.originalname not in LEFT_OUT


def _test(item: Any) -> Test:
    """A plain function with the values of its row: tests of policy/ need no fixtures."""
    values = item.callspec.params if hasattr(item, "callspec") else {}
    function = item.obj
    return Test(item.nodeid, Path(item.path).name, lambda: function(**values))


def forget() -> None:
    """Empty what ``policy/`` keeps of earlier calls."""
    for name, module in list(sys.modules.items()):
        if name.startswith("policy."):
            for one in list(vars(module).values()):
                if hasattr(one, "cache_clear"):
                    one.cache_clear()


def passes(test: Test) -> bool:
    """Whether a test passes."""
    forget()
    try:
        test.call()
    except BaseException as error:  # pytest's own failures are no Exception
        if isinstance(error, KeyboardInterrupt):
            raise
        return False
    return True


def watched(tests: list[Test]) -> dict[tuple[str, int], list[int]]:
    """Run all once: how long each takes, and for each line of ``policy/`` which run it, the fastest first.

    What was seen of a test is not looked at again while its file and all modules that it runs are as they were.
    """
    known: dict[str, tuple[str, float, Lines]] = pickle.loads(SEEN.read_bytes()) if SEEN.exists() else {}  # noqa: S301
    prints = {path.stem: _print(path) for path in (ROOT / "policy").glob("*.py")}
    files = {test.file: _print(TESTS / test.file) for test in tests}
    seen: dict[str, tuple[str, float, Lines]] = {}
    watch = Watch()

    def stamp(file: str, ran: Lines) -> str:
        return " ".join([files[file], *(f"{one}={prints.get(one)}" for one in sorted({name for name, _ in ran}))])

    for test in tests:
        entry = known.get(test.name)
        if entry is None or entry[0] != stamp(test.file, entry[2]):
            start = time.process_time()
            if not passes(test):
                raise SystemExit(f"{test.name} fails without any change")
            seconds = time.process_time() - start
            forget()
            ran = watch.run(test.call)
            entry = (stamp(test.file, ran), seconds, ran)
        seen[test.name] = entry
        _, test.seconds, test.ran = entry
    SEEN.parent.mkdir(exist_ok=True)
    SEEN.write_bytes(pickle.dumps(seen))
    by_line: dict[tuple[str, int], list[int]] = defaultdict(list)
    for number in sorted(range(len(tests)), key=lambda at: tests[at].seconds):
        for line in tests[number].ran:
            by_line[line].append(number)
    return by_line


def _print(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]
