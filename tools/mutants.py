"""``make mutants``: change the judges in small ways, one at a time, and see whether the tests of policy/ notice.

A mutant is one small change of one module's syntax tree: a comparison, a constant, a boolean, a returned
value, a statement left out. All tests of ``tests/policy`` that can tell run against each, in a process of its
own that ends at the first failure. Whoever survives is listed, and must stand in ``equivalent_mutants.toml``
with the reason why it changes nothing; what stands there and does not survive is told as well.

    python -m tools.mutants [MODULE ...] [--list]
"""

from __future__ import annotations

import ast
import contextlib
import copy
import io
import os
import signal
import sys
import tomllib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LISTED = ROOT / "tools" / "equivalent_mutants.toml"
SECONDS = 120  # of processor time for one mutant: more is an endless loop, and noticed
# The judges, and which tests know them.
MODULES = {
    "release": ("test_release",),
    "audience": ("test_audience",),
}
TURNED = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
    ast.And: (ast.Or,),
    ast.Or: (ast.And,),
    ast.Add: (ast.Sub,),
    ast.Sub: (ast.Add,),
    ast.Mult: (ast.Div,),
}


@dataclass(frozen=True, slots=True)
class Mutant:
    """One small change: where, what the line was, and what it is now."""

    module: str
    line: int
    was: str
    now: str
    source: str

    @property
    def name(self) -> str:
        """By which it is listed: no line number, so that it is found again when the file grows."""
        return f"{self.module}: {self.was} -> {self.now}"


def mutants(module: str) -> Iterator[Mutant]:
    """Every mutant of a module."""
    tree = ast.parse((ROOT / "policy" / f"{module}.py").read_text("utf-8"))
    seen: dict[str, int] = {}
    frozen = {id(one) for node in ast.walk(tree) for one in _decorators(node)}
    for number, node in enumerate(ast.walk(tree)):
        for change in range(0 if id(node) in frozen else _changes(node)):
            twin = copy.deepcopy(tree)
            other = next(one for at, one in enumerate(ast.walk(twin)) if at == number)
            was = _said(node)
            _change(other, change)
            now = _said(other)
            if was == now:
                continue
            name = f"{was} -> {now}"
            seen[name] = seen.get(name, 0) + 1
            if seen[name] > 1:
                now = f"{now} ({seen[name]})"
            yield Mutant(module, getattr(node, "lineno", 0), was, now, ast.unparse(ast.fix_missing_locations(twin)))


def _decorators(node: ast.AST) -> Iterator[ast.AST]:
    """What makes values frozen and small is no decision."""
    for decorator in node.decorator_list if isinstance(node, ast.ClassDef) else ():
        yield from ast.walk(decorator)


def _said(node: ast.AST) -> str:
    text = ast.unparse(node)
    return text.split("\n")[0] if isinstance(node, ast.If) else " ".join(text.split())


def _changes(node: ast.AST) -> int:
    """How many mutants a node has."""
    match node:
        case ast.Compare(ops=[op]) | ast.BoolOp(op=op) | ast.BinOp(op=op):
            return len(TURNED.get(type(op), ()))
        case ast.If() | ast.IfExp():
            return 1
        case ast.UnaryOp(op=ast.Not()):
            return 1
        case ast.Constant(value=bool()):
            return 1
        case ast.Constant(value=int() | float()):
            return 1
        case ast.Return(value=ast.expr() as value):
            return 0 if isinstance(value, ast.Constant) and value.value is None else 1
        case ast.AugAssign():
            return 1
    return 0


def _change(node: ast.AST, which: int) -> None:
    match node:
        case ast.Compare(ops=[op]):
            node.ops = [TURNED[type(op)][which]()]
        case ast.BoolOp(op=op) | ast.BinOp(op=op):
            node.op = TURNED[type(op)][which]()
        case ast.If() | ast.IfExp():
            node.test = ast.UnaryOp(ast.Not(), node.test)
        case ast.UnaryOp():
            node.op = ast.UAdd() if not isinstance(node.op, ast.Not) else ast.Not()
            node.operand = ast.UnaryOp(ast.Not(), node.operand)
        case ast.Constant(value=bool() as value):
            node.value = not value
        case ast.Constant(value=value):
            node.value = value + 1  # type: ignore[operator]
        case ast.Return():
            node.value = ast.Constant(None)
        case ast.AugAssign():
            node.value = ast.Constant(0) if isinstance(node.value, ast.Constant) else ast.Tuple([], ast.Load())


def is_noticed(mutant: Mutant) -> bool:
    """Run the tests against a mutant, in a child that has pytest loaded already."""
    child = os.fork()
    if child == 0:
        os._exit(_run(mutant))
    _, status = os.waitpid(child, 0)
    return status != 0


def _run(mutant: Mutant) -> int:
    """In the child: put the mutant in the module's place before anything imports it."""
    import resource  # noqa: PLC0415 - of the child alone

    import pytest  # noqa: PLC0415 - of the child alone

    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    os.environ["EMBARGO_MUTANT"] = mutant.module
    loader = _Loader(mutant)
    sys.meta_path.insert(0, loader)
    files = [str(ROOT / "tests" / "policy" / f"{name}.py") for name in MODULES[mutant.module]]
    options = ["-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "--no-header", "--hypothesis-seed=1"]
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        return int(pytest.main([*options, *files]) != 0)


class _Loader:
    """Gives the mutant where its module is imported."""

    def __init__(self, mutant: Mutant) -> None:
        self._mutant = mutant

    def find_spec(self, name: str, *_: object) -> object:
        """Find the one module that is changed."""
        from importlib.machinery import ModuleSpec  # noqa: PLC0415 - of the child alone

        return ModuleSpec(name, self) if name == f"policy.{self._mutant.module}" else None

    def create_module(self, spec: object) -> None:
        """Let Python make an ordinary one."""

    def exec_module(self, module: object) -> None:
        """Fill it."""
        path = ROOT / "policy" / f"{self._mutant.module}.py"
        exec(compile(self._mutant.source, str(path), "exec"), vars(module))  # noqa: S102 - our own source, changed


def main(arguments: list[str]) -> int:
    """Try all mutants of the modules named, or of all that are listed in ``MODULES``."""
    import pytest  # noqa: F401, PLC0415 - loaded once, before the children are made

    named = [name for name in arguments if not name.startswith("-")] or list(MODULES)
    with LISTED.open("rb") as file:
        reasons: dict[str, str] = tomllib.load(file)["equivalent"]
    found = [mutant for name in named for mutant in mutants(name)]
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        survivors = [one for one, noticed in zip(found, pool.map(is_noticed, found), strict=True) if not noticed]
    names = {one.name for one in survivors}
    unexplained = [one for one in survivors if one.name not in reasons]
    for one in unexplained:
        print(f"SURVIVES policy/{one.module}.py:{one.line}  {one.was}  ->  {one.now}")
    gone = [name for name in reasons if name.partition(":")[0] in named and name not in names]
    for name in gone:
        print(f"NO LONGER SURVIVES {name}: take it out of {LISTED.name}")
    print(
        f"{len(found)} mutants of {', '.join(named)}: {len(found) - len(survivors)} noticed, "
        f"{len(survivors) - len(unexplained)} explained, {len(unexplained)} not"
    )
    return 1 if unexplained or gone else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
