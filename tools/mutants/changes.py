"""The changes: which mutants a module has.

A mutant replaces one node of the module's syntax tree. What it is called says the function and the line before and
after, and no line number, so that it is found again when the file grows. Left alone are texts for people (f-strings
with words in them, arguments of exceptions), annotations, decorators, assertions and lists of words.

Of two changes that no test can tell apart where one is noticed, only the harder one is made: a condition is forced
both ways rather than turned round, a part of it left out rather than its "and" made an "or".
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_EDGE = {ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt}
_TURNED = {
    ast.Lt: ast.GtE,
    ast.LtE: ast.Gt,
    ast.Gt: ast.LtE,
    ast.GtE: ast.Lt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
_OTHER = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
}
_SWAPPED = {"min": "max", "max": "min", "any": "all", "all": "any"}
_WORD_METHODS = {
    "startswith",
    "endswith",
    "removeprefix",
    "removesuffix",
    "partition",
    "rpartition",
    "split",
    "rsplit",
    "strip",
    "lstrip",
    "rstrip",
    "replace",
}
_WIDE = 100  # of a line in a mutant's name
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


@dataclass(slots=True)
class Mutant:
    """One node put in another's place. ``function``: the outermost around it, "" where the module runs it itself."""

    module: str
    function: str
    inside: str  # the innermost, for the name
    lines: range
    parent: ast.AST
    field: str
    index: int | None
    new: ast.AST | None
    definition: ast.AST | None  # of ``function``
    said: ast.AST  # the statement that the name shows
    was: str = ""
    now: str = ""

    def put(self) -> ast.AST | None:
        """Put the change in its place; gives what stood there, for ``put`` to put it back."""
        if self.index is None:
            old = getattr(self.parent, self.field)
            setattr(self.parent, self.field, self.new)
        else:
            place = getattr(self.parent, self.field)
            old = place[self.index]
            if self.new is None:
                del place[self.index]
            else:
                place[self.index] = self.new
        return old

    def take_back(self, old: ast.AST | None) -> None:
        """Put back what ``put`` gave."""
        if self.index is None:
            setattr(self.parent, self.field, old)
        elif self.new is None:
            getattr(self.parent, self.field).insert(self.index, old)
        else:
            getattr(self.parent, self.field)[self.index] = old

    @property
    def place(self) -> str:
        """Where it is listed."""
        return f"{self.module}: {self.inside}" if self.inside else self.module

    @property
    def change(self) -> str:
        """What it is called there."""
        return f"{self.was} -> {self.now}"


@dataclass(frozen=True, slots=True)
class _Spot:
    """Where the walk is."""

    function: str = ""
    inside: str = ""
    classes: str = ""
    definition: ast.AST | None = None
    statement: ast.AST | None = None
    truth: bool = False  # only whether it is true matters here
    gives_truth: bool = False  # the function returns bool
    set_before: frozenset[str] = frozenset()

    def but(self, **changed: object) -> _Spot:
        return _Spot(**{**{name: getattr(self, name) for name in self.__slots__}, **changed})  # type: ignore[arg-type]


Edit = tuple[ast.AST, str, int | None, ast.AST | None]


def mutants(module: str) -> tuple[ast.Module, list[Mutant]]:
    """A module's tree, and every mutant of it."""
    tree = ast.parse((ROOT / "policy" / f"{module}.py").read_text("utf-8"))
    found: list[Mutant] = []
    seen: dict[tuple[str, str], int] = {}
    for (parent, field, index, new), spot in _walk(tree, _Spot()):
        said = spot.statement or tree
        mutant = Mutant(
            module, spot.function, spot.inside, _lines(said), parent, field, index, new, spot.definition, said
        )
        was = _header(said)
        old = mutant.put()
        now = _header(said)
        mutant.take_back(old)
        mutant.was, mutant.now = _shortened(was, now)
        times = seen[mutant.place, mutant.change] = seen.get((mutant.place, mutant.change), 0) + 1
        if times > 1:
            mutant.now += f" ({times})"
        if was != now:
            found.append(mutant)
    return tree, found


# --- what a mutant is called ----------------------------------------------------------------------------


def _header(node: ast.AST) -> str:
    """A statement in one line; of one that holds others, only what stands before the colon."""
    body = getattr(node, "body", None)
    if isinstance(node, ast.match_case):
        guard = f" if {ast.unparse(node.guard)}" if node.guard else ""
        return f"case {ast.unparse(node.pattern)}{guard}:"
    if isinstance(node, ast.ExceptHandler):
        return f"except {ast.unparse(node.type) if node.type else ''}:"
    if isinstance(body, list) and not isinstance(node, ast.Module):
        return ast.unparse(node).partition(":\n")[0].split("\n")[-1] + ":"
    return " ".join(ast.unparse(node).split())


def _shortened(was: str, now: str) -> tuple[str, str]:
    """Both without the beginning and the end that they share, where they are long."""
    if len(was) <= _WIDE and len(now) <= _WIDE:
        return was, now
    same = 0
    while same < min(len(was), len(now)) and was[same] == now[same]:
        same += 1
    rest = 0
    while rest < min(len(was), len(now)) - same and was[-1 - rest] == now[-1 - rest]:
        rest += 1
    start = max(0, same - 40)
    end = max(0, rest - 25)
    return tuple(  # type: ignore[return-value]
        ("..." if start else "") + text[start : len(text) - end] + ("..." if end else "") for text in (was, now)
    )


def _lines(node: ast.AST) -> range:
    """The lines that run when a statement does."""
    if isinstance(node, ast.match_case):
        return range(node.pattern.lineno, node.body[0].lineno)
    first = getattr(node, "lineno", 1)
    body = getattr(node, "body", None)
    if isinstance(body, list) and body:
        return range(first, max(first + 1, body[0].lineno))
    return range(first, getattr(node, "end_lineno", first) + 1)


# --- the walk -------------------------------------------------------------------------------------------


def _walk(node: ast.AST, spot: _Spot) -> Iterator[tuple[Edit, _Spot]]:
    if isinstance(node, ast.ClassDef):
        inner = spot.but(classes=f"{spot.classes}{node.name}.", inside=f"{spot.classes}{node.name}", statement=node)
        for at, child in enumerate(node.body):
            yield from _statement(node, "body", at, child, inner)
        return
    if isinstance(node, _FUNCTIONS):
        yield from _function(node, spot)
        return
    for field, value in ast.iter_fields(node):
        if isinstance(value, list):
            for at, child in enumerate(value):
                if isinstance(child, ast.stmt | ast.match_case | ast.ExceptHandler):
                    yield from _statement(node, field, at, child, spot)
                elif isinstance(child, ast.AST):
                    yield from _expression(node, field, at, child, spot)
        elif isinstance(value, ast.AST) and field not in {"annotation", "returns", "type_comment"}:
            yield from _expression(node, field, None, value, spot)


def _function(node: ast.FunctionDef | ast.AsyncFunctionDef, spot: _Spot) -> Iterator[tuple[Edit, _Spot]]:
    name = f"{spot.classes}{node.name}"
    here = spot.but(inside=f"{spot.inside}.{node.name}" if spot.function else name, statement=node)
    if not spot.function:
        here = here.but(function="")
    for field in ("defaults", "kw_defaults"):
        for at, value in enumerate(getattr(node.args, field)):
            if value is not None:
                yield from _expression(node.args, field, at, value, here)
    arguments = frozenset(one.arg for one in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs))
    returns = ast.unparse(node.returns) if node.returns else ""
    inner = here.but(
        function=spot.function or name,
        definition=spot.definition or node,
        gives_truth=returns == "bool",
        set_before=spot.set_before | arguments,
    )
    for at, child in enumerate(node.body):
        yield from _statement(node, "body", at, child, inner)
        inner = inner.but(set_before=inner.set_before | _names_set(child))


def _names_set(node: ast.AST) -> frozenset[str]:
    return frozenset(one.id for one in ast.walk(node) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store))


def _statement(parent: ast.AST, field: str, at: int, node: ast.AST, spot: _Spot) -> Iterator[tuple[Edit, _Spot]]:
    """A statement left out, and what it consists of changed."""
    here = spot.but(statement=node, truth=False)
    if _says_nothing(node):
        return
    if _can_be_left_out(node, spot):
        yield (parent, field, at, ast.Pass()), here
    match node:
        case ast.Raise():
            return
        case ast.Return(value=ast.expr() as value):
            yield from _returned(node, value, here)
        case ast.ExceptHandler():
            yield (node, "type", None, ast.Tuple(elts=[], ctx=ast.Load())), here
            for number, child in enumerate(node.body):
                yield from _statement(node, "body", number, child, spot)
        case ast.ClassDef() | ast.FunctionDef():
            yield from _walk(node, spot)
        case _:
            for edit in _conditions(node):
                yield edit, here
            yield from _walk_fields(node, here, spot)


def _says_nothing(node: ast.AST) -> bool:
    match node:
        case ast.Assert() | ast.Import() | ast.ImportFrom() | ast.Expr(value=ast.Constant()):
            return True
        case ast.If(test=ast.Name(id="TYPE_CHECKING")):
            return True
    return False


def _can_be_left_out(node: ast.AST, spot: _Spot) -> bool:
    """Whether the function goes on without this statement; an assignment, where it is not the first to that name."""
    match node:
        case ast.Raise() | ast.Return(value=None) | ast.Continue() | ast.Break() | ast.AugAssign() | ast.Delete():
            return True
        case ast.Expr(value=ast.Call() | ast.Yield() | ast.YieldFrom()):
            return True
        case ast.Assign(targets=targets) if spot.function:
            return all(
                isinstance(target, ast.Attribute | ast.Subscript) or _names_set(target) <= spot.set_before
                for target in targets
            )
    return False


def _conditions(node: ast.AST) -> Iterator[Edit]:
    """What an if, a while or a case depends on."""
    match node:
        case ast.If() | ast.While():
            for new in _forced(node.test):
                if isinstance(node, ast.If) or not new.value:
                    yield node, "test", None, new
        case ast.match_case():
            if node.guard is not None:
                yield node, "guard", None, None
            if not isinstance(node.pattern, ast.MatchAs) or node.pattern.pattern is not None:
                yield node, "guard", None, ast.Constant(value=False)
            for one in ast.walk(node.pattern):
                for at in range(len(one.patterns) if isinstance(one, ast.MatchOr) else 0):
                    yield one, "patterns", at, None


def _walk_fields(node: ast.AST, here: _Spot, spot: _Spot) -> Iterator[tuple[Edit, _Spot]]:
    for field, value in ast.iter_fields(node):
        if isinstance(value, list) and value and isinstance(value[0], ast.stmt | ast.match_case | ast.ExceptHandler):
            inner = spot
            for at, child in enumerate(value):
                yield from _statement(node, field, at, child, inner)
                inner = inner.but(set_before=inner.set_before | _names_set(child))
        elif isinstance(value, list):
            for at, child in enumerate(value):
                yield from _expression(node, field, at, child, here)
        elif isinstance(value, ast.pattern):
            continue
        elif isinstance(value, ast.AST) and field != "annotation":
            yield from _expression(node, field, None, value, here.but(truth=field in {"test", "guard"}))


def _returned(node: ast.Return, value: ast.expr, here: _Spot) -> Iterator[tuple[Edit, _Spot]]:
    if here.gives_truth:
        if not isinstance(value, ast.Constant):
            for new in _forced(value):
                yield (node, "value", None, new), here
        yield from _expression(node, "value", None, value, here.but(truth=True))
        return
    if not (isinstance(value, ast.Constant) and value.value is None):
        yield (node, "value", None, ast.Constant(value=None)), here
    yield from _expression(node, "value", None, value, here)


def _forced(test: ast.expr) -> list[ast.Constant]:
    """A condition that is always true, or always false; not where leaving a part of it out is noticed sooner."""
    if isinstance(test, ast.Constant):
        return []
    if isinstance(test, ast.BoolOp):
        return [ast.Constant(value=isinstance(test.op, ast.Or))]
    return [ast.Constant(value=True), ast.Constant(value=False)]


# --- expressions ----------------------------------------------------------------------------------------


def _expression(
    parent: ast.AST, field: str, at: int | None, node: ast.AST, spot: _Spot
) -> Iterator[tuple[Edit, _Spot]]:
    """What may stand in an expression's place, and in the place of its parts."""
    if isinstance(node, ast.JoinedStr) and _is_prose(node):
        return
    if isinstance(node, ast.keyword) and node.arg == "strict":
        return  # of zip: an assertion
    if not spot.function and isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr) and spot.statement:
        return  # a type by another name
    for new in _instead(node, spot.truth):
        yield (parent, field, at, new), spot
    yield from _inside(node, spot)
    inner = spot.but(truth=False)
    for name, value in ast.iter_fields(node):
        if name in {"annotation", "returns"} or (isinstance(node, ast.Call) and name == "func" and _is_name(value)):
            continue
        kept = spot if _keeps_truth(node, name) else inner.but(truth=name == "test" and isinstance(node, ast.IfExp))
        if isinstance(value, list):
            for index, child in enumerate(value):
                if isinstance(child, ast.AST):
                    yield from _expression(node, name, index, child, kept)
        elif isinstance(value, ast.AST):
            yield from _expression(node, name, None, value, kept)


def _is_name(value: object) -> bool:
    return isinstance(value, ast.Name)


def _keeps_truth(node: ast.AST, field: str) -> bool:
    is_part = isinstance(node, ast.BoolOp) or (isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not))
    return is_part and field in {"values", "operand"}


def _is_prose(node: ast.JoinedStr) -> bool:
    return any(isinstance(part, ast.Constant) and " " in str(part.value).strip() for part in node.values) or any(
        isinstance(part, ast.Constant) and part.value.strip(" :;,.()`'+-/[]<>TZUC0123456789\n") for part in node.values
    )


def _instead(node: ast.AST, truth: bool) -> Iterator[ast.AST]:
    """What may stand in the place of a node as a whole."""
    match node:
        case ast.Compare(left=left, ops=[op], comparators=comparators):
            if type(op) in _EDGE:
                yield ast.Compare(left=left, ops=[_EDGE[type(op)]()], comparators=comparators)
            if not truth:
                yield ast.Compare(left=left, ops=[_TURNED[type(op)]()], comparators=comparators)
        case ast.Compare():
            yield from _chain(node)
        case ast.BoolOp(op=op, values=values):
            for at in range(len(values)):
                rest = values[:at] + values[at + 1 :]
                yield rest[0] if len(rest) == 1 else ast.BoolOp(op=op, values=rest)
        case ast.UnaryOp(op=ast.Not(), operand=operand) if not truth:
            yield operand
        case ast.IfExp(test=test, body=body, orelse=orelse):
            if not isinstance(test, ast.BoolOp) or isinstance(test.op, ast.Or):
                yield body
            if not isinstance(test, ast.BoolOp) or isinstance(test.op, ast.And):
                yield orelse
        case _:
            yield from _value_instead(node)


def _value_instead(node: ast.AST) -> Iterator[ast.AST]:
    """The same, of what is no condition."""
    match node:
        case ast.UnaryOp(op=ast.USub(), operand=operand) if not isinstance(operand, ast.Constant):
            yield operand
        case ast.BinOp(left=left, op=ast.BitOr() | ast.BitAnd(), right=right):
            yield left
            yield right
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OTHER and not _is_text(left, right):
            yield ast.BinOp(left=left, op=_OTHER[type(op)](), right=right)
        case ast.Constant(value=bool() as value):
            yield ast.Constant(value=not value)
        case ast.Constant(value=int() | float() as value):
            yield ast.Constant(value=value + 1)
        case ast.Call(func=ast.Name(id=name) as called, args=args, keywords=keywords) if name in _SWAPPED:
            yield ast.Call(func=ast.Name(id=_SWAPPED[called.id], ctx=ast.Load()), args=args, keywords=keywords)


def _is_text(*parts: ast.expr) -> bool:
    return any(
        isinstance(part, ast.JoinedStr) or (isinstance(part, ast.Constant) and isinstance(part.value, str))
        for part in parts
    )


def _chain(node: ast.Compare) -> Iterator[ast.Compare]:
    """``a < b <= c``: each sign's other edge, and the first or the last comparison left out."""
    for at, op in enumerate(node.ops):
        if type(op) in _EDGE:
            ops = [*node.ops[:at], _EDGE[type(op)](), *node.ops[at + 1 :]]
            yield ast.Compare(left=node.left, ops=ops, comparators=node.comparators)
    yield ast.Compare(left=node.comparators[0], ops=node.ops[1:], comparators=node.comparators[1:])
    yield ast.Compare(left=node.left, ops=node.ops[:-1], comparators=node.comparators[:-1])


def _inside(node: ast.AST, spot: _Spot) -> Iterator[tuple[Edit, _Spot]]:
    """One part of a node left out, or emptied."""
    of = _elements(node, spot)
    for at in range(len(of.elts) if of is not None else 0):
        yield (of, "elts", at, None), spot
    match node:
        case ast.Slice(lower=lower, upper=upper):
            if lower is not None:
                yield (node, "lower", None, None), spot
            if upper is not None:
                yield (node, "upper", None, None), spot
        case ast.comprehension(ifs=conditions):
            for at in range(len(conditions)):
                yield (node, "ifs", at, ast.Constant(value=True)), spot
        case ast.Call(func=ast.Attribute(attr=name), args=args) if name in _WORD_METHODS:
            for at, one in enumerate(args):
                if isinstance(one, ast.Constant) and isinstance(one.value, str) and one.value:
                    yield (node, "args", at, ast.Constant(value="")), spot


def _elements(node: ast.AST, spot: _Spot) -> ast.Set | ast.Tuple | None:
    """What of a node's elements may be left out one at a time: of sets, of "in", and the rows of a table."""
    match node:
        case ast.Set(elts=elements) if len(elements) > 1 and not (_are_words(elements) and not spot.function):
            return node
        case ast.Tuple(elts=elements) if not spot.function and elements and _are_calls(elements):
            return node
        case ast.Compare(ops=[ast.In() | ast.NotIn()], comparators=[ast.Tuple(elts=elements) as of]):
            return of if len(elements) > 1 else None
    return None


def _are_words(elements: list[ast.expr]) -> bool:
    return all(isinstance(one, ast.Constant) and isinstance(one.value, str) for one in elements)


def _are_calls(elements: list[ast.expr]) -> bool:
    return all(isinstance(one, ast.Call) for one in elements)
