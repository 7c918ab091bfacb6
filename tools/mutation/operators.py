"""What can be changed in one source file so that a test ought to fail: the mutants, found in its syntax tree.

Not changed, because no test should hold it: docstrings, annotations, decorators, assertions, ``if TYPE_CHECKING``,
``__repr__`` and ``__str__``, what is logged, and the sentences of exceptions. The list depends on the text alone: the same
text has the same mutants in the same order.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
import re
from types import CodeType
from typing import Final, override

_BOUNDARY: Final[dict[type[ast.cmpop], type[ast.cmpop]]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
}
_OPPOSITE: Final[dict[type[ast.cmpop], type[ast.cmpop]]] = {
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
# A check for exactly n octets must refuse both fewer and more.
_ONE_SIDED: Final[dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]]] = {
    ast.Eq: (ast.LtE, ast.GtE),
    ast.NotEq: (ast.Lt, ast.Gt),
}
_SIZES: Final = re.compile(r"len|length|size|count|remaining|octets|bits|total|left")
_ARITHMETIC: Final[dict[type[ast.operator], type[ast.operator]]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.Pow: ast.Mult,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
    ast.BitXor: ast.BitOr,
}
_CALLS: Final = {
    "min": "max",
    "max": "min",
    "any": "all",
    "all": "any",
    "sorted": "list",
    "startswith": "endswith",
    "endswith": "startswith",
    "removeprefix": "removesuffix",
    "removesuffix": "removeprefix",
    "lower": "upper",
    "upper": "lower",
}
_STRINGS: Final = {"big": "little", "little": "big"}
_LOGGERS: Final = frozenset({"_LOGGER", "LOGGER", "logger"})
_SILENT_CALLS: Final = frozenset({"assert_never", "cast", "TypeVar", "NewType", "reveal_type"})
_SILENT_NAMES: Final = frozenset({"__all__", "__slots__"})
_SILENT_FUNCTIONS: Final = frozenset({"__repr__", "__str__"})
_FALSE, _TRUE = False, True


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change. ``function`` is the outermost function around it, "" where the change acts on import.

    ``first`` and ``last`` are the lines of the statement: a test that runs none of them cannot notice.
    """

    path: str
    line: int
    text: str
    operator: str
    before: str
    after: str
    function: str
    first: int
    last: int

    @property
    def change(self) -> str:
        """The change as it is written in the list of equivalent mutants."""
        return f"{self.operator}: {self.before} -> {self.after}"

    @override
    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.change}   [{self.text}]"


@dataclass(frozen=True, slots=True)
class _Around:
    """What surrounds a node."""

    function: str = ""
    scope: str = ""
    first: int = 0
    last: int = 0
    sentence: bool = False  # texts are for people here
    is_condition: bool = False  # replaced as a whole anyway
    both: bool = False  # a number that is a limit: one more and one less
    bound: frozenset[str] = frozenset()
    lone: bool = False  # the only statement of its branch


@dataclass(frozen=True, slots=True)
class _Slot:
    """The place of a node in its parent."""

    parent: ast.AST
    name: str
    index: int | None = None

    def put(self, node: ast.AST) -> None:
        """Put another node there."""
        if self.index is None:
            setattr(self.parent, self.name, node)
        else:
            getattr(self.parent, self.name)[self.index] = node


def enum_members(sources: list[str]) -> dict[str, list[str]]:
    """Return the members of every Enum class in these sources, for swapping one for another."""
    found: dict[str, list[str]] = {}
    for source in sources:
        for node in ast.walk(ast.parse(source)):
            if not isinstance(node, ast.ClassDef) or not any("Enum" in ast.unparse(base) or "Flag" in ast.unparse(base) for base in node.bases):
                continue
            names = [
                target.id
                for statement in node.body
                if isinstance(statement, ast.Assign)
                for target in statement.targets
                if isinstance(target, ast.Name) and not target.id.startswith("_")
            ]
            if len(names) > 1:
                found[node.name] = names
    return found


@dataclass(slots=True)
class Source:
    """One file with its mutants. ``compiled`` may be called once: it changes the tree."""

    path: str
    text: str
    enums: dict[str, list[str]] = field(default_factory=dict)
    errors: frozenset[str] = frozenset()
    mutants: list[Mutant] = field(init=False)
    _tree: ast.Module = field(init=False)
    _changes: list[Callable[[], None]] = field(init=False)

    def __post_init__(self) -> None:
        """Find the mutants."""
        self._tree = ast.parse(self.text, self.path)
        finder = _Finder(self)
        finder.body(self._tree, "body", _Around())
        order = sorted(range(len(finder.mutants)), key=lambda index: (finder.mutants[index].line, index))
        self.mutants = [finder.mutants[index] for index in order]
        self._changes = [finder.changes[index] for index in order]

    def compiled(self, number: int, filename: str | None = None) -> CodeType:
        """Return the module's code with this mutant."""
        self._changes[number]()
        return compile(ast.fix_missing_locations(self._tree), filename or self.path, "exec", dont_inherit=True)

    def mutated_text(self, number: int) -> str:
        """Return the text with this mutant, as the syntax tree would be written."""
        self._changes[number]()
        return ast.unparse(ast.fix_missing_locations(self._tree))


class _Finder:
    """Walks through one tree and notes mutants with what makes them."""

    def __init__(self, source: Source) -> None:
        self.mutants: list[Mutant] = []
        self.changes: list[Callable[[], None]] = []
        self._source = source
        self._lines = source.text.splitlines()

    def _note(self, node: ast.AST, around: _Around, operator: str, what: tuple[str, str], change: Callable[[], None]) -> None:
        line = getattr(node, "lineno", around.first)
        before, after = (" ".join(text.split()) for text in what)
        text = self._lines[line - 1].strip()
        self.mutants.append(
            Mutant(
                self._source.path, line, text, operator, before, after, around.function, around.first, around.last
            )
        )
        self.changes.append(change)

    def _replace(self, slot: _Slot, old: ast.expr, new: ast.expr, around: _Around, operator: str) -> None:
        ast.copy_location(new, old)
        self._note(old, around, operator, (_short(old), _short(new)), lambda: slot.put(new))

    # -- statements

    def body(self, parent: ast.AST, name: str, around: _Around) -> None:
        """Walk through a list of statements."""
        for index, statement in enumerate(getattr(parent, name)):
            if not _is_docstring(statement, index):
                self._statement(statement, _Slot(parent, name, index), around)

    def _statement(self, node: ast.stmt, slot: _Slot, around: _Around) -> None:
        lone = around.lone
        around = _with(around, first=node.lineno, last=_header_end(node), lone=False)
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                self._function(node, around)
            case ast.ClassDef():
                self.body(node, "body", _with(around, scope=f"{around.scope}{node.name}."))
            case ast.If() if _is_type_checking(node.test):
                self.body(node, "orelse", around)
            case ast.If():
                self._condition(_Slot(node, "test"), node.test, around)
                # A branch of one statement goes with its condition already.
                self.body(node, "body", _with(around, lone=len(node.body) == 1 and not node.orelse))
                self.body(node, "orelse", around)
            case ast.While():
                self._replace(_Slot(node, "test"), node.test, ast.Constant(_FALSE), around, "condition")
                self._expression(node.test, _Slot(node, "test"), _with(around, is_condition=True))
                self.body(node, "body", around)
            case ast.For() | ast.AsyncFor():
                self._expression(node.iter, _Slot(node, "iter"), around)
                self.body(node, "body", around)
                self.body(node, "orelse", around)
            case ast.With() | ast.AsyncWith():
                for item in node.items:
                    self._expression(item.context_expr, _Slot(item, "context_expr"), around)
                self.body(node, "body", around)
            case ast.Try():
                self._try(node, around)
            case ast.Match():
                self._match(node, around)
            case _:
                self._simple(node, slot, _with(around, lone=lone))

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef, around: _Around) -> None:
        if node.name in _SILENT_FUNCTIONS or any("overload" in ast.unparse(item) for item in node.decorator_list):
            return
        arguments = node.args
        for name in ("defaults", "kw_defaults"):
            for index, default in enumerate(getattr(arguments, name)):
                if default is not None:
                    self._expression(default, _Slot(arguments, name, index), around)
        every = (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)
        inside = _with(
            around,
            function=around.function or around.scope + node.name,
            bound=frozenset(argument.arg for argument in every),
        )
        self.body(node, "body", inside)

    def _try(self, node: ast.Try, around: _Around) -> None:
        self.body(node, "body", around)
        for index, handler in enumerate(node.handlers):
            if ast.unparse(handler.body[0]) != "raise":
                first = handler.body[0]
                here = _with(around, first=first.lineno, last=_header_end(first))
                again = ast.copy_location(ast.Raise(), first)
                change = _setter(handler, "body", [again])
                self._note(handler, here, "handler", (f"except {_short(handler.type)}", "raise"), change)
            self.body(node.handlers[index], "body", around)
        self.body(node, "orelse", around)
        self.body(node, "finalbody", around)

    def _match(self, node: ast.Match, around: _Around) -> None:
        self._expression(node.subject, _Slot(node, "subject"), around)
        for case in node.cases:
            here = _with(around, first=node.lineno, last=case.body[0].lineno)
            if case.guard is not None:
                self._condition(_Slot(case, "guard"), case.guard, here)
            elif not (isinstance(case.pattern, ast.MatchAs) and case.pattern.pattern is None):
                no = ast.copy_location(ast.Constant(_FALSE), case.pattern)
                self._note(case.pattern, here, "case", (_short(case.pattern), "never"), _setter(case, "guard", no))
            for part in ast.walk(case.pattern):
                if isinstance(part, ast.MatchValue):
                    self._expression(part.value, _Slot(part, "value"), here)
            self.body(case, "body", around)

    def _simple(self, node: ast.stmt, slot: _Slot, around: _Around) -> None:
        nothing = ast.copy_location(ast.Pass(), node)
        match node:
            case ast.Expr(value=ast.Call() as call) if self._is_silent(call):
                return
            case ast.Expr(value=ast.Constant()) | ast.Assert() | ast.TypeAlias() | ast.Import() | ast.ImportFrom():
                return
            case ast.Raise() if node.exc is None or "AssertionError" in ast.unparse(node.exc):
                return
            case ast.Assign() | ast.AnnAssign() if _is_silent_target(node):
                return
            case _ if self._can_go(node, around):
                self._note(node, around, "statement", (_short(node), "nothing"), lambda: slot.put(nothing))
            case ast.Continue():
                end = ast.copy_location(ast.Break(), node)
                self._note(node, around, "loop", ("continue", "break"), lambda: slot.put(end))
            case ast.Break():
                on = ast.copy_location(ast.Continue(), node)
                self._note(node, around, "loop", ("break", "continue"), lambda: slot.put(on))
            case ast.Return(value=ast.expr() as value) if not _is_truth(value):
                self._replace(_Slot(node, "value"), value, ast.Constant(None), around, "return")
            case _:
                pass
        self._parts(node, around)

    def _parts(self, node: ast.stmt, around: _Around) -> None:
        if isinstance(node, ast.Raise):
            assert node.exc is not None
            self._expression(node.exc, _Slot(node, "exc"), _with(around, sentence=True))
        elif isinstance(node, ast.AugAssign):
            other = _ARITHMETIC[type(node.op)]()
            symbols = (_symbol(node.op) + "=", _symbol(other) + "=")
            self._note(node, around, "arithmetic", symbols, _setter(node, "op", other))
            self._expression(node.value, _Slot(node, "value"), around)
        elif isinstance(node, ast.Expr | ast.Assign | ast.AnnAssign | ast.Return) and node.value is not None:
            self._expression(node.value, _Slot(node, "value"), around)

    def _can_go(self, node: ast.stmt, around: _Around) -> bool:
        """Whether the file makes sense without it: not without the first assignment of a name, for example."""
        if around.lone:
            return False
        if isinstance(node, ast.Raise | ast.Delete | ast.AugAssign):
            return True
        if isinstance(node, ast.Expr):
            return not isinstance(node.value, ast.Yield | ast.YieldFrom)
        if not around.function or not isinstance(node, ast.Assign | ast.AnnAssign) or node.value is None:
            return False
        target = node.targets[0] if isinstance(node, ast.Assign) else node.target
        if isinstance(target, ast.Name):
            return target.id in around.bound or self._is_bound_before(target, node)
        return isinstance(target, ast.Attribute | ast.Subscript)

    def _is_bound_before(self, target: ast.Name, node: ast.stmt) -> bool:
        function = _innermost_function(self._source._tree, node)  # noqa: SLF001 - one module, one tree
        return function is not None and any(
            isinstance(other, ast.Name)
            and isinstance(other.ctx, ast.Store)
            and other.id == target.id
            and other.lineno < node.lineno
            for other in ast.walk(function)
        )

    def _is_silent(self, call: ast.Call) -> bool:
        root = call.func
        while isinstance(root, ast.Attribute):
            root = root.value
        return isinstance(root, ast.Name) and (root.id in _LOGGERS or root.id in _SILENT_CALLS)

    # -- expressions

    def _condition(self, slot: _Slot, node: ast.expr, around: _Around) -> None:
        for value in (_TRUE, _FALSE):
            self._replace(slot, node, ast.Constant(value), around, "condition")
        self._expression(node, slot, _with(around, is_condition=True))

    def _expression(self, node: ast.expr, slot: _Slot, around: _Around) -> None:
        inside = _with(around, is_condition=False, both=False)
        match node:
            case ast.Lambda() | ast.Starred():
                name = "body" if isinstance(node, ast.Lambda) else "value"
                self._expression(getattr(node, name), _Slot(node, name), inside)
                return
            case ast.Constant():
                self._constant(node, slot, around)
                return
            case ast.JoinedStr():
                self._joined(node, inside)
                return
            case ast.Call():
                self._call(node, slot, inside)
                return
            case ast.IfExp():
                self._condition(_Slot(node, "test"), node.test, inside)
                self._expression(node.body, _Slot(node, "body"), inside)
                self._expression(node.orelse, _Slot(node, "orelse"), inside)
                return
            case ast.Compare():
                self._compare(node, around)
                inside = _with(inside, both=True)
            case ast.BoolOp():
                self._bool(node, slot, inside)
            case ast.UnaryOp():
                self._replace(slot, node, node.operand, around, "sign" if not isinstance(node.op, ast.Not) else "not")
            case ast.BinOp():
                self._binary(node, inside)
                inside = _with(inside, both=True)
            case ast.Attribute():
                self._member(node, slot, inside)
            case ast.Slice():
                self._slice(node, inside)
                inside = _with(inside, both=True)
            case ast.Subscript():
                inside = _with(inside, both=True)
            case ast.Set() | ast.Dict():
                self._elements(node, inside)
            case _:
                pass
        self._children(node, inside)

    def _children(self, node: ast.AST, around: _Around) -> None:
        for name, value in ast.iter_fields(node):
            for index, child in _children_of(value):
                slot = _Slot(node, name, index)
                if isinstance(child, ast.comprehension):
                    self._expression(child.iter, _Slot(child, "iter"), around)
                    for number, test in enumerate(child.ifs):
                        self._condition(_Slot(child, "ifs", number), test, around)
                elif isinstance(child, ast.expr) and not isinstance(getattr(child, "ctx", None), ast.Store):
                    self._expression(child, slot, around)

    def _constant(self, node: ast.Constant, slot: _Slot, around: _Around) -> None:
        for value in self._other_values(node.value, around):
            self._replace(slot, node, ast.Constant(value), around, "constant")

    def _other_values(self, value: object, around: _Around) -> Iterator[bool | float | str | bytes]:
        if isinstance(value, bool):
            yield not value
        elif isinstance(value, int | float):
            yield value + 1
            if around.both:
                yield value - 1
        elif isinstance(value, bytes):
            yield value[:-1] + bytes((value[-1] ^ 1,)) if value else b"\x00"
        elif isinstance(value, str) and not around.sentence:
            yield _STRINGS.get(value, value + "~")

    def _joined(self, node: ast.JoinedStr, around: _Around) -> None:
        for index, part in enumerate(node.values):
            if isinstance(part, ast.FormattedValue):
                self._expression(part.value, _Slot(part, "value"), around)
            elif not around.sentence:
                self._expression(part, _Slot(node, "values", index), around)

    def _call(self, node: ast.Call, slot: _Slot, around: _Around) -> None:
        if self._is_silent(node):
            return
        name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        if name in self._source.errors:
            around = _with(around, sentence=True)
        other = _CALLS.get(name)
        if other is not None:
            holder, key = (node.func, "id") if isinstance(node.func, ast.Name) else (node.func, "attr")
            self._note(node, around, "call", (name, other), _setter(holder, key, other))
        if isinstance(node.func, ast.Attribute):
            self._expression(node.func.value, _Slot(node.func, "value"), around)
        elif not isinstance(node.func, ast.Name):
            self._expression(node.func, _Slot(node, "func"), around)
        inside = _with(around, both=name in {"range", "ljust", "rjust", "zfill", "round", "to_bytes", "from_bytes"})
        for index, argument in enumerate(node.args):
            self._expression(argument, _Slot(node, "args", index), inside)
        for keyword in node.keywords:
            self._expression(keyword.value, _Slot(keyword, "value"), inside)

    def _compare(self, node: ast.Compare, around: _Around) -> None:
        sides = (node.left, *node.comparators)
        for index, operation in enumerate(node.ops):
            kind = type(operation)
            others = [_BOUNDARY[kind]] if kind in _BOUNDARY else []
            if not around.is_condition or len(node.ops) > 1:
                others.append(_OPPOSITE[kind])
            if any(_SIZES.search(ast.unparse(side)) for side in sides[index : index + 2]):
                others.extend(_ONE_SIDED.get(kind, ()))
            for other in others:
                change = _setter(node.ops, index, other())
                self._note(node, around, "compare", (_symbol(operation), _symbol(other())), change)

    def _bool(self, node: ast.BoolOp, slot: _Slot, around: _Around) -> None:
        other: ast.boolop = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        self._note(node, around, "logic", (_symbol(node.op), _symbol(other)), _setter(node, "op", other))
        for index, operand in enumerate(node.values):
            rest = [value for value in node.values if value is not operand]
            new = rest[0] if len(rest) == 1 else ast.BoolOp(node.op, rest)
            self._note(
                operand, around, "operand", (_short(operand), "nothing"), _putter(slot, ast.copy_location(new, node))
            )
            self._expression(operand, _Slot(node, "values", index), around)

    def _binary(self, node: ast.BinOp, around: _Around) -> None:
        if isinstance(node.op, ast.BitOr) and (_is_none(node.left) or _is_none(node.right)):
            return  # a type
        other = _ARITHMETIC[type(node.op)]()
        self._note(node, around, "arithmetic", (_symbol(node.op), _symbol(other)), _setter(node, "op", other))

    def _member(self, node: ast.Attribute, slot: _Slot, around: _Around) -> None:
        if not isinstance(node.value, ast.Name):
            return
        members = self._source.enums.get(node.value.id, [])
        if node.attr in members:
            other = members[(members.index(node.attr) + 1) % len(members)]
            self._replace(slot, node, ast.Attribute(node.value, other, ast.Load()), around, "member")

    def _slice(self, node: ast.Slice, around: _Around) -> None:
        for name in ("lower", "upper"):
            bound = getattr(node, name)
            if bound is not None:
                self._note(bound, around, "slice", (_short(bound), "nothing"), _setter(node, name, None))

    def _elements(self, node: ast.Set | ast.Dict, around: _Around) -> None:
        parts = node.elts if isinstance(node, ast.Set) else node.values
        if len(parts) < 2:
            return
        for index, part in enumerate(parts):
            if isinstance(part, ast.Constant):
                continue  # changed itself

            def remove(index: int = index) -> None:
                if isinstance(node, ast.Dict):
                    del node.keys[index]
                del parts[index]

            self._note(part, around, "element", (_short(part), "nothing"), remove)


# -- small helpers


def _with(around: _Around, **changes: object) -> _Around:
    values = {name: getattr(around, name) for name in _Around.__dataclass_fields__}
    return _Around(**{**values, **changes})


def _setter(holder: object, key: str | int, value: object) -> Callable[[], None]:
    def change() -> None:
        if isinstance(key, int):
            assert isinstance(holder, list)
            holder[key] = value
        else:
            setattr(holder, key, value)

    return change


def _putter(slot: _Slot, node: ast.AST) -> Callable[[], None]:
    return lambda: slot.put(node)


def _short(node: ast.AST | None) -> str:
    text = " ".join(ast.unparse(node).split()) if node is not None else "everything"
    return text if len(text) <= 60 else f"{text[:57]}..."


def _symbol(operation: ast.AST) -> str:
    probe = {
        ast.boolop: lambda: ast.BoolOp(operation, [ast.Name("a"), ast.Name("b")]),  # type: ignore[arg-type]  # one of them
        ast.cmpop: lambda: ast.Compare(ast.Name("a"), [operation], [ast.Name("b")]),  # type: ignore[list-item]  # one of them
        ast.operator: lambda: ast.BinOp(ast.Name("a"), operation, ast.Name("b")),  # type: ignore[arg-type]  # one of them
    }
    made = next(make for kind, make in probe.items() if isinstance(operation, kind))()
    return ast.unparse(made)[1:-1].strip()


def _children_of(value: object) -> Iterator[tuple[int | None, ast.AST]]:
    if isinstance(value, ast.AST):
        yield None, value
    elif isinstance(value, list):
        yield from ((index, item) for index, item in enumerate(value) if isinstance(item, ast.AST))


def _is_docstring(node: ast.stmt, index: int) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _is_type_checking(test: ast.expr) -> bool:
    return ast.unparse(test).endswith("TYPE_CHECKING")


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _is_truth(value: ast.expr) -> bool:
    """Whether None would say the same as False, or the value is changed itself."""
    negated = isinstance(value, ast.UnaryOp) and isinstance(value.op, ast.Not)
    constant = isinstance(value, ast.Constant) and (value.value is None or isinstance(value.value, bool))
    return negated or constant or isinstance(value, ast.Compare | ast.BoolOp)


def _is_silent_target(node: ast.Assign | ast.AnnAssign) -> bool:
    target = node.targets[0] if isinstance(node, ast.Assign) else node.target
    return isinstance(target, ast.Name) and target.id in _SILENT_NAMES


def _header_end(node: ast.stmt) -> int:
    body = getattr(node, "body", None) or getattr(node, "cases", None)
    if isinstance(node, ast.Match):
        return node.subject.end_lineno or node.lineno
    return max(node.lineno, body[0].lineno - 1) if body else node.end_lineno or node.lineno


def _innermost_function(tree: ast.Module, node: ast.stmt) -> ast.AST | None:
    around = [
        function
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        and function.lineno < node.lineno <= (function.end_lineno or 0)
    ]
    return max(around, key=lambda function: function.lineno, default=None)
