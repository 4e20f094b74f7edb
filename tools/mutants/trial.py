"""Trying mutants, each in a child of its own.

A change inside a function is tried *warm*: the child is forked from a process that has the tests collected, gets the
changed code put under the function as all know it, and runs the tests that run that line. A change of what a module
runs when it is loaded (tables, limits, defaults) is tried *cold*: the child loads the changed module anew, before
anything else of ``policy/`` is there.
"""

from __future__ import annotations as modern

import ast
import contextlib
import importlib
import mmap
import os
import pickle
import resource
import signal
import struct
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

from tools.mutants.changes import ROOT, Mutant
from tools.mutants.tests import TESTS, Test, Watch, collect, passes, watched

NOBODY, NEVER_RUN, COLD, BY_TIME = -1, -2, -3, -4
PATIENCE = 5.0  # seconds of processor time beside three times what the tests take: more is an endless loop, noticed
COLD_PATIENCE = 90.0
MEMORY = 4 << 30

Results = dict[int, int]  # the mutant's number -> the test that noticed, or one of the above


def quietly() -> None:
    """Say nothing from here on: what a test prints is of no interest."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    os.dup2(null, 2)


def apart(work: Callable[[], Any]) -> Any:
    """Do something in a child, and give what it gives."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        try:
            answer = pickle.dumps(work())
        except SystemExit as error:
            answer = pickle.dumps(error)
        with os.fdopen(writer, "wb") as pipe:
            pipe.write(answer)
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        answer = pipe.read()
    os.waitpid(child, 0)
    if not answer:
        raise SystemExit("the process that runs the tests ended without an answer")
    given = pickle.loads(answer)  # noqa: S301 - our own child's
    if isinstance(given, SystemExit):
        raise given
    return given


def in_children(
    numbers: list[int], workers: int, begin: Callable[[int], Callable[[], int]], note: Callable[[int, int], None]
) -> None:
    """Run ``begin(number)()`` for each in a child; its answer, or BY_TIME where it was ended, goes to ``note``."""
    answers = mmap.mmap(-1, 4 * (len(numbers) or 1))
    running: dict[int, int] = {}
    waiting = iter(enumerate(numbers))
    while True:
        for at, number in waiting:
            work = begin(number)
            child = os.fork()
            if child == 0:
                struct.pack_into("i", answers, 4 * at, BY_TIME)
                struct.pack_into("i", answers, 4 * at, work())
                os._exit(0)
            running[child] = at
            if len(running) == workers:
                break
        if not running:
            return
        child, _status = os.wait()
        at = running.pop(child)
        note(numbers[at], struct.unpack_from("i", answers, 4 * at)[0])


def limit(seconds: float) -> None:
    """End this process when it has used that much processor time, whatever it does."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_PROF, seconds)


# --- warm -----------------------------------------------------------------------------------------------


def warm(found: list[Mutant], wanted: list[int], workers: int) -> tuple[Results, dict[str, list[str]]]:
    """Try the changes inside functions; also tells which files of tests run anything of each module."""
    quietly()
    sys.dont_write_bytecode = True
    loaded = Watch().run(_load)
    results: Results = {}
    files: dict[str, list[str]] = {}

    def use(tests: list[Test]) -> None:
        by_line = watched(tests)
        files.update(_files(tests))
        killers: dict[tuple[str, str], list[int]] = defaultdict(list)
        warm_ones = []
        for number in wanted:
            mutant = found[number]
            lines = [(mutant.module, line) for line in mutant.lines]
            if not mutant.function or any(line in loaded for line in lines):
                results[number] = COLD
            elif not any(line in by_line for line in lines):
                results[number] = NEVER_RUN
            else:
                warm_ones.append(number)

        def begin(number: int) -> Callable[[], int]:
            mutant = found[number]
            lines = [(mutant.module, line) for line in mutant.lines]
            known = killers[mutant.module, mutant.function]
            relevant = dict.fromkeys(at for line in lines for at in by_line.get(line, ()))
            first = [at for at in reversed(known) if at in relevant]
            order = list(dict.fromkeys([*first[:20], *sorted(relevant, key=lambda at: tests[at].seconds)]))
            return lambda: _try_warm(mutant, tests, order)

        def note(number: int, answer: int) -> None:
            results[number] = answer
            if answer >= 0:
                killers[found[number].module, found[number].function].append(answer)

        in_children(warm_ones, workers, begin, note)

    if collect([TESTS], use) != 0:
        raise SystemExit("the tests of policy/ could not be collected")
    return results, files


def _load() -> None:
    for path in sorted((ROOT / "policy").glob("*.py")):
        importlib.import_module(f"policy.{path.stem}" if path.stem != "__init__" else "policy")


def _files(tests: list[Test]) -> dict[str, list[str]]:
    """For each module the files of tests that run anything of it, the one that runs it most often first."""
    counted: dict[str, Counter[str]] = defaultdict(Counter)
    for test in tests:
        for module in {module for module, _ in test.ran}:
            counted[module][test.file] += 1
    return {module: [name for name, _ in counts.most_common()] for module, counts in counted.items()}


def _try_warm(mutant: Mutant, tests: list[Test], order: list[int]) -> int:
    limit(PATIENCE + 3 * sum(tests[at].seconds for at in order))
    mutant.put()
    for function, code in _changed(mutant):
        function.__code__ = code
    for at in order:
        if not passes(tests[at]):
            return at
    return NOBODY


def _changed(mutant: Mutant) -> Iterator[tuple[FunctionType, CodeType]]:
    """The function as all know it, and its changed code."""
    *classes, name = mutant.function.split(".")
    assert isinstance(mutant.definition, ast.FunctionDef)
    mutant.definition.decorator_list = []
    body: ast.stmt = mutant.definition
    for one in reversed(classes):
        body = ast.ClassDef(name=one, bases=[], keywords=[], body=[body], decorator_list=[])
    tree = ast.fix_missing_locations(ast.Module(body=[body], type_ignores=[]))
    code = compile(tree, str(ROOT / "policy" / f"{mutant.module}.py"), "exec", modern.compiler_flag, True)
    for one in (*classes, name):
        code = next(part for part in code.co_consts if isinstance(part, CodeType) and part.co_name == one)
    holder: Any = sys.modules[f"policy.{mutant.module}"]
    for one in classes:
        holder = vars(holder)[one]
    yield _function(vars(holder)[name]), code


def _function(known: Any) -> FunctionType:
    for inner in ("fget", "__func__", "__wrapped__", "func"):
        if not isinstance(known, FunctionType) and hasattr(known, inner):
            known = getattr(known, inner)
    if not isinstance(known, FunctionType):
        raise TypeError(known)
    return known


# --- cold -----------------------------------------------------------------------------------------------


def cold(
    found: list[Mutant], trees: dict[str, ast.Module], numbers: list[int], files: dict[str, list[str]], workers: int
) -> Results:
    """Try the changes of what a module runs when it is loaded."""
    import hypothesis  # noqa: F401, PLC0415 - loaded once, before the children are made
    import pytest  # noqa: F401, PLC0415

    results: Results = {}
    chosen: dict[int, list[str]] = {}
    killers: dict[str, Counter[str]] = defaultdict(Counter)
    everything = [path.name for path in sorted(TESTS.glob("test_*.py"))]
    sources = {path.stem: path.read_text("utf-8") for path in (ROOT / "policy").glob("*.py")}

    def begin(number: int) -> Callable[[], int]:
        mutant = found[number]
        named = mutant.function or _names(mutant)
        users = [module for module, text in sources.items() if any(name in text for name in named)]
        order = dict.fromkeys(
            [name for name, _ in killers[mutant.module].most_common()]
            + [f"test_{mutant.module}.py", *files.get(mutant.module, ())]
            + [name for module in users for name in files.get(module, ())]
            + everything
        )
        chosen[number] = [name for name in order if name in everything]
        return lambda: _try_cold(mutant, trees[mutant.module], chosen[number])

    def note(number: int, answer: int) -> None:
        results[number] = answer
        if answer >= 0:
            killers[found[number].module][chosen[number][answer]] += 1

    in_children(numbers, workers, begin, note)
    return results


def _names(mutant: Mutant) -> list[str]:
    """What a statement of the module defines."""
    if mutant.inside:
        return [mutant.inside.split(".")[0]]
    return [one.id for one in ast.walk(mutant.said) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)]


def _try_cold(mutant: Mutant, tree: ast.Module, files: list[str]) -> int:
    limit(COLD_PATIENCE)
    quietly()
    sys.dont_write_bytecode = False
    mutant.put()
    sys.meta_path.insert(0, _Loader(mutant.module, tree))
    for number, name in enumerate(files):
        noticed: list[str] = []

        def use(tests: list[Test], noticed: list[str] = noticed) -> None:
            noticed += [test.name for test in tests if not noticed and not passes(test)]

        with contextlib.suppress(SystemExit):
            if collect([TESTS / name], use) == 0 and not noticed:
                continue
        return number
    return NOBODY


class _Loader:
    """Gives the mutant where its module is imported."""

    def __init__(self, module: str, tree: ast.Module) -> None:
        self._module = module
        self._tree = tree

    def find_spec(self, name: str, *_: object) -> ModuleSpec | None:
        """Find the one module that is changed."""
        return ModuleSpec(name, self) if name == f"policy.{self._module}" else None  # type: ignore[arg-type]

    def create_module(self, spec: object) -> None:
        """Let Python make an ordinary one."""

    def exec_module(self, module: object) -> None:
        """Fill it."""
        path = Path(ROOT / "policy" / f"{self._module}.py")
        exec(compile(ast.fix_missing_locations(self._tree), str(path), "exec"), vars(module))  # noqa: S102 - ours, changed
