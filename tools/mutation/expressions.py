"""The mutants of expressions."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import replace
import re
from typing import Final

from .mutant import Around, Mutant, Names, Slot, putter, setter, short, symbol

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
ARITHMETIC: Final[dict[type[ast.operator], type[ast.operator]]] = {
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
_FALSE, _TRUE = False, True


class Expressions:
    """Walks through one tree and notes mutants with what makes them."""

    def __init__(self, path: str, text: str, tree: ast.Module, names: Names) -> None:
        self.mutants: list[Mutant] = []
        self.changes: list[Callable[[], None]] = []
        self._path, self._lines, self._tree, self._names = path, text.splitlines(), tree, names

    def _note(
        self, node: ast.AST, around: Around, operator: str, what: tuple[str, str], change: Callable[[], None]
    ) -> None:
        line = getattr(node, "lineno", around.first)
        before, after = (" ".join(text.split()) for text in what)
        text = self._lines[line - 1].strip()
        self.mutants.append(
            Mutant(self._path, line, text, operator, before, after, around.function, around.first, around.last)
        )
        self.changes.append(change)

    def _replace(self, slot: Slot, old: ast.expr, new: ast.expr, around: Around, operator: str) -> None:
        ast.copy_location(new, old)
        self._note(old, around, operator, (short(old), short(new)), lambda: slot.put(new))

    def _is_silent(self, call: ast.Call) -> bool:
        root = call.func
        while isinstance(root, ast.Attribute):
            root = root.value
        return isinstance(root, ast.Name) and (root.id in _LOGGERS or root.id in _SILENT_CALLS)

    def _condition(self, slot: Slot, node: ast.expr, around: Around) -> None:
        for value in (_TRUE, _FALSE):
            self._replace(slot, node, ast.Constant(value), around, "condition")
        self._expression(node, slot, replace(around, is_condition=True))

    def _expression(self, node: ast.expr, slot: Slot, around: Around) -> None:
        inside = replace(around, is_condition=False, both=False)
        match node:
            case ast.Constant():
                self._constant(node, slot, around)
            case ast.JoinedStr():
                self._joined(node, inside)
            case ast.Call():
                self._call(node, slot, inside)
            case ast.IfExp():
                self._condition(Slot(node, "test"), node.test, inside)
                self._expression(node.body, Slot(node, "body"), inside)
                self._expression(node.orelse, Slot(node, "orelse"), inside)
            case ast.BoolOp():
                self._bool(node, slot, inside)
            case ast.Compare() | ast.BinOp() | ast.Slice() | ast.Subscript():
                self._limits(node, around)
                self._children(node, replace(inside, both=True))
            case _:
                self._whole(node, slot, around)
                self._children(node, inside)

    def _limits(self, node: ast.Compare | ast.BinOp | ast.Slice | ast.Subscript, around: Around) -> None:
        """Expressions whose numbers matter to the last one."""
        match node:
            case ast.Compare():
                self._compare(node, around)
            case ast.BinOp():
                self._binary(node, around)
            case ast.Slice():
                self._slice(node, around)
            case ast.Subscript():
                pass

    def _whole(self, node: ast.expr, slot: Slot, around: Around) -> None:
        """Expressions that change as a whole or by their elements."""
        match node:
            case ast.UnaryOp():
                name = "not" if isinstance(node.op, ast.Not) else "sign"
                self._replace(slot, node, node.operand, around, name)
            case ast.Attribute():
                self._member(node, slot, around)
            case ast.Set() | ast.Dict():
                self._elements(node, around)
            case _:
                pass

    def _children(self, node: ast.AST, around: Around) -> None:
        for name, value in ast.iter_fields(node):
            for index, child in _children_of(value):
                slot = Slot(node, name, index)
                if isinstance(child, ast.comprehension):
                    self._expression(child.iter, Slot(child, "iter"), around)
                    for number, test in enumerate(child.ifs):
                        self._condition(Slot(child, "ifs", number), test, around)
                elif isinstance(child, ast.expr) and not isinstance(getattr(child, "ctx", None), ast.Store):
                    self._expression(child, slot, around)

    def _constant(self, node: ast.Constant, slot: Slot, around: Around) -> None:
        for value in self._other_values(node.value, around):
            self._replace(slot, node, ast.Constant(value), around, "constant")

    def _other_values(self, value: object, around: Around) -> Iterator[bool | float | str | bytes]:
        if isinstance(value, bool):
            yield not value
        elif isinstance(value, int | float):
            yield value + 1
            if around.both:
                yield value - 1
        elif isinstance(value, bytes):
            yield value[:-1] + bytes((value[-1] ^ 1,)) if value else b"\x00"
        elif isinstance(value, str) and not around.sentence:
            yield _STRINGS.get(value, value + "x")

    def _joined(self, node: ast.JoinedStr, around: Around) -> None:
        if around.sentence:
            return
        for index, part in enumerate(node.values):
            if isinstance(part, ast.FormattedValue):
                self._expression(part.value, Slot(part, "value"), around)
            else:
                self._expression(part, Slot(node, "values", index), around)

    def _call(self, node: ast.Call, slot: Slot, around: Around) -> None:
        if self._is_silent(node):
            return
        name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        if name in self._names.errors:
            around = replace(around, sentence=True)
        other = _CALLS.get(name)
        if other is not None:
            holder, key = (node.func, "id") if isinstance(node.func, ast.Name) else (node.func, "attr")
            self._note(node, around, "call", (name, other), setter(holder, key, other))
        if isinstance(node.func, ast.Attribute):
            self._expression(node.func.value, Slot(node.func, "value"), around)
        elif not isinstance(node.func, ast.Name):
            self._expression(node.func, Slot(node, "func"), around)
        inside = replace(around, both=name in {"range", "ljust", "rjust", "zfill", "round", "to_bytes", "from_bytes"})
        for index, argument in enumerate(node.args):
            self._expression(argument, Slot(node, "args", index), inside)
        for keyword in node.keywords:
            self._expression(keyword.value, Slot(keyword, "value"), inside)

    def _compare(self, node: ast.Compare, around: Around) -> None:
        sides = (node.left, *node.comparators)
        for index, operation in enumerate(node.ops):
            kind = type(operation)
            others = [_BOUNDARY[kind]] if kind in _BOUNDARY else []
            if not around.is_condition or len(node.ops) > 1:
                others.append(_OPPOSITE[kind])
            if any(_SIZES.search(ast.unparse(side)) for side in sides[index : index + 2]):
                others.extend(_ONE_SIDED.get(kind, ()))
            for other in others:
                change = setter(node.ops, index, other())
                self._note(node, around, "compare", (symbol(operation), symbol(other())), change)

    def _bool(self, node: ast.BoolOp, slot: Slot, around: Around) -> None:
        other: ast.boolop = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        self._note(node, around, "logic", (symbol(node.op), symbol(other)), setter(node, "op", other))
        for index, operand in enumerate(node.values):
            rest = [value for value in node.values if value is not operand]
            new = rest[0] if len(rest) == 1 else ast.BoolOp(node.op, rest)
            self._note(
                operand, around, "operand", (short(operand), "nothing"), putter(slot, ast.copy_location(new, node))
            )
            self._expression(operand, Slot(node, "values", index), around)

    def _binary(self, node: ast.BinOp, around: Around) -> None:
        if isinstance(node.op, ast.BitOr) and (_is_none(node.left) or _is_none(node.right)):
            return  # a type
        other = ARITHMETIC[type(node.op)]()
        self._note(node, around, "arithmetic", (symbol(node.op), symbol(other)), setter(node, "op", other))

    def _member(self, node: ast.Attribute, slot: Slot, around: Around) -> None:
        if not isinstance(node.value, ast.Name):
            return
        members = self._names.enums.get(node.value.id, [])
        if node.attr in members:
            other = members[(members.index(node.attr) + 1) % len(members)]
            self._replace(slot, node, ast.Attribute(node.value, other, ast.Load()), around, "member")

    def _slice(self, node: ast.Slice, around: Around) -> None:
        for name in ("lower", "upper"):
            bound = getattr(node, name)
            if bound is not None:
                self._note(bound, around, "slice", (short(bound), "nothing"), setter(node, name, None))

    def _elements(self, node: ast.Set | ast.Dict, around: Around) -> None:
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

            self._note(part, around, "element", (short(part), "nothing"), remove)


def _children_of(value: object) -> Iterator[tuple[int | None, ast.AST]]:
    if isinstance(value, ast.AST):
        yield None, value
    elif isinstance(value, list):
        yield from ((index, item) for index, item in enumerate(value) if isinstance(item, ast.AST))


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None
