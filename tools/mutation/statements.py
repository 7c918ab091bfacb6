"""The mutants of statements; the whole walk through a file starts here."""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import Final

from .expressions import ARITHMETIC, Expressions
from .mutant import Around, Slot, setter, short, symbol

_SILENT_NAMES: Final = frozenset({"__all__", "__slots__"})
_SILENT_FUNCTIONS: Final = frozenset({"__repr__", "__str__"})
_FALSE = False


class Finder(Expressions):
    """Walks through the statements of one file."""

    def body(self, parent: ast.AST, name: str, around: Around) -> None:
        """Walk through a list of statements."""
        for index, statement in enumerate(getattr(parent, name)):
            if not _is_docstring(statement, index):
                self._statement(statement, Slot(parent, name, index), around)

    def _statement(self, node: ast.stmt, slot: Slot, around: Around) -> None:
        inside = replace(around, first=node.lineno, last=_header_end(node), lone=False)
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                self._function(node, inside)
            case ast.ClassDef():
                self.body(node, "body", replace(inside, scope=f"{inside.scope}{node.name}."))
            case ast.If() | ast.While():
                self._branch(node, inside)
            case ast.For() | ast.AsyncFor():
                self._expression(node.iter, Slot(node, "iter"), inside)
                self.body(node, "body", inside)
                self.body(node, "orelse", inside)
            case ast.With() | ast.AsyncWith():
                for item in node.items:
                    self._expression(item.context_expr, Slot(item, "context_expr"), inside)
                self.body(node, "body", inside)
            case ast.Try():
                self._try(node, inside)
            case ast.Match():
                self._match(node, inside)
            case _:
                self._simple(node, slot, replace(inside, lone=around.lone))

    def _branch(self, node: ast.If | ast.While, around: Around) -> None:
        lone = False
        if isinstance(node, ast.While):
            # Not True as well: a loop without an end only costs time.
            self._replace(Slot(node, "test"), node.test, ast.Constant(_FALSE), around, "condition")
            self._expression(node.test, Slot(node, "test"), replace(around, is_condition=True))
        elif not _is_type_checking(node.test):
            self._condition(Slot(node, "test"), node.test, around)
            # A branch of one statement goes with its condition already.
            lone = len(node.body) == 1 and not node.orelse
        if not _is_type_checking(node.test):
            self.body(node, "body", replace(around, lone=lone))
        self.body(node, "orelse", around)

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef, around: Around) -> None:
        if node.name in _SILENT_FUNCTIONS or any("overload" in ast.unparse(item) for item in node.decorator_list):
            return
        arguments = node.args
        for name in ("defaults", "kw_defaults"):
            for index, default in enumerate(getattr(arguments, name)):
                if default is not None:
                    self._expression(default, Slot(arguments, name, index), around)
        every = (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)
        inside = replace(
            around,
            function=around.function or around.scope + node.name,
            bound=frozenset(argument.arg for argument in every),
        )
        self.body(node, "body", inside)

    def _try(self, node: ast.Try, around: Around) -> None:
        self.body(node, "body", around)
        for index, handler in enumerate(node.handlers):
            if ast.unparse(handler.body[0]) != "raise":
                first = handler.body[0]
                here = replace(around, first=first.lineno, last=_header_end(first))
                again = ast.copy_location(ast.Raise(), first)
                change = setter(handler, "body", [again])
                self._note(handler, here, "handler", (f"except {short(handler.type)}", "raise"), change)
            self.body(node.handlers[index], "body", around)
        self.body(node, "orelse", around)
        self.body(node, "finalbody", around)

    def _match(self, node: ast.Match, around: Around) -> None:
        self._expression(node.subject, Slot(node, "subject"), around)
        for case in node.cases:
            here = replace(around, first=node.lineno, last=case.body[0].lineno)
            if case.guard is not None:
                self._condition(Slot(case, "guard"), case.guard, here)
            elif not (isinstance(case.pattern, ast.MatchAs) and case.pattern.pattern is None):
                no = ast.copy_location(ast.Constant(_FALSE), case.pattern)
                self._note(case.pattern, here, "case", (short(case.pattern), "never"), setter(case, "guard", no))
            for part in ast.walk(case.pattern):
                if isinstance(part, ast.MatchValue):
                    self._expression(part.value, Slot(part, "value"), here)
            self.body(case, "body", around)

    def _simple(self, node: ast.stmt, slot: Slot, around: Around) -> None:
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
                self._note(node, around, "statement", (short(node), "nothing"), lambda: slot.put(nothing))
            case ast.Continue():
                end = ast.copy_location(ast.Break(), node)
                self._note(node, around, "loop", ("continue", "break"), lambda: slot.put(end))
            case ast.Break():
                on = ast.copy_location(ast.Continue(), node)
                self._note(node, around, "loop", ("break", "continue"), lambda: slot.put(on))
            case ast.Return(value=ast.expr() as value) if not _is_truth(value):
                self._replace(Slot(node, "value"), value, ast.Constant(None), around, "return")
            case _:
                pass
        self._parts(node, around)

    def _parts(self, node: ast.stmt, around: Around) -> None:
        if isinstance(node, ast.Raise):
            assert node.exc is not None
            self._expression(node.exc, Slot(node, "exc"), replace(around, sentence=True))
        elif isinstance(node, ast.AugAssign):
            other = ARITHMETIC[type(node.op)]()
            symbols = (symbol(node.op) + "=", symbol(other) + "=")
            self._note(node, around, "arithmetic", symbols, setter(node, "op", other))
            self._expression(node.value, Slot(node, "value"), around)
        elif isinstance(node, ast.Expr | ast.Assign | ast.AnnAssign | ast.Return) and node.value is not None:
            self._expression(node.value, Slot(node, "value"), around)

    def _can_go(self, node: ast.stmt, around: Around) -> bool:
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
        function = _innermost_function(self._tree, node)
        return function is not None and any(
            isinstance(other, ast.Name)
            and isinstance(other.ctx, ast.Store)
            and other.id == target.id
            and other.lineno < node.lineno
            for other in ast.walk(function)
        )


def _is_docstring(node: ast.stmt, index: int) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _is_type_checking(test: ast.expr) -> bool:
    return ast.unparse(test).endswith("TYPE_CHECKING")


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
