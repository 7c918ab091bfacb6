"""Finds tests that cannot fail: without a check, left before the first check, or comparing something with itself.

Reads syntax trees only. A check is an ``assert``, ``pytest.raises`` and its like, or a call of a helper that checks: a
function of the same module, or one of that name in a module of helpers.
"""

import ast
from collections.abc import Iterable, Iterator

type Function = ast.FunctionDef | ast.AsyncFunctionDef

CHECKS_OF_LIBRARIES = frozenset(
    {"raises", "warns", "deprecated_call", "fail", "assert_awaited_once", "assert_not_called"}
)

SAYS_SO = ("assert", "check", "fail", "raises", "warns", "deprecated_call", "recovers", "reads", "use")


def functions_of(tree: ast.AST) -> Iterator[Function]:
    """Yield every function of a module, of classes and of functions too."""
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def tests_of(tree: ast.Module) -> Iterator[Function]:
    """Yield the functions that pytest collects."""
    for node in tree.body:
        inner = node.body if isinstance(node, ast.ClassDef) and node.name.startswith("Test") else [node]
        for function in inner:
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef) and function.name.startswith("test_"):
                yield function


def names_called(node: ast.AST) -> set[str]:
    """Return the names of the functions called, and of the methods whose name says that they check."""
    called = {call.func for call in ast.walk(node) if isinstance(call, ast.Call)}
    return {func.id for func in called if isinstance(func, ast.Name)} | {
        func.attr for func in called if isinstance(func, ast.Attribute) and func.attr.lstrip("_").startswith(SAYS_SO)
    }


def checking_names(trees: Iterable[ast.Module], known: Iterable[str] = CHECKS_OF_LIBRARIES) -> frozenset[str]:
    """Return ``known`` and the names of the helpers in these modules that check, themselves or through another one."""
    functions = [function for tree in trees for function in functions_of(tree)]
    helpers = [function for function in functions if not function.name.startswith(("test_", "__"))]
    names = set(known)
    while found := {helper.name for helper in helpers if checks(helper, names)} - names:
        names |= found
    return frozenset(names)


def usable_in(tree: ast.Module, helpers: Iterable[str]) -> frozenset[str]:
    """Return which of these helpers a module can mean: those it imports, methods that say so, functions of its own."""
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    names = {alias.name for node in imports for alias in node.names}
    usable = {helper for helper in helpers if helper in names or helper.lstrip("_").startswith(SAYS_SO)}
    return checking_names([tree], usable | CHECKS_OF_LIBRARIES)


def checks(node: ast.AST, helpers: Iterable[str]) -> bool:
    """Whether something in this node can make a test fail on purpose."""
    if not names_called(node).isdisjoint(helpers):
        return True
    return any(
        isinstance(part, ast.Assert)
        or (isinstance(part, ast.Raise) and part.exc is not None and "AssertionError" in ast.dump(part.exc))
        for part in ast.walk(node)
    )


def findings(tree: ast.Module, helpers: Iterable[str], empty: Iterable[str] = ()) -> list[str]:
    """Return what is wrong with the tests of a module, one line each: ``line: name: reason``.

    ``empty`` are imported names of tables without an entry.
    """
    nothing = empty_names(tree) | set(empty)
    found = []
    for test in tests_of(tree):
        if not checks(test, helpers):
            found.append(f"{test.lineno}: {test.name}: checks nothing")
        elif (line := _left_early(test, helpers)) is not None:
            found.append(f"{line}: {test.name}: may end before its first check")
        elif (line := _only_under_a_condition(test, helpers, nothing)) is not None:
            found.append(f"{line}: {test.name}: checks only under a condition, perhaps never")
        found += [
            f"{decorator.lineno}: {test.name}: {reason}"
            for decorator in test.decorator_list
            if (reason := _never_runs(decorator, nothing)) is not None
        ]
    return found + [
        f"{getattr(node, 'lineno', 0)}: {reason}"
        for node in ast.walk(tree)
        if (reason := _cannot_fail(node, nothing)) is not None
    ]


def _left_early(test: Function, helpers: Iterable[str]) -> int | None:
    """Return the line of a branch that ends the test without a check in it or before it."""
    for statement in test.body:
        for branch in _branches(statement):
            for position, inner in enumerate(branch):
                if isinstance(inner, ast.Return) and not any(checks(part, helpers) for part in branch[:position]):
                    return inner.lineno
        if checks(statement, helpers):
            return None
    return None


def _branches(statement: ast.stmt) -> Iterator[list[ast.stmt]]:
    """Yield the blocks of a statement that may be entered or not, and of those in them."""
    blocks: list[list[ast.stmt]] = []
    match statement:
        case ast.If() | ast.For() | ast.While():
            blocks = [statement.body, statement.orelse]
        case ast.Try():
            blocks = [statement.body, *(handler.body for handler in statement.handlers), statement.orelse]
        case ast.With():
            blocks = [statement.body]
        case ast.Match():
            blocks = [case.body for case in statement.cases]
    for block in blocks:
        yield block
        for inner in block:
            yield from _branches(inner)


def _only_under_a_condition(test: Function, helpers: Iterable[str], nothing: set[str]) -> int | None:
    """Return the line of the first check, when each one hangs on an ``if``, an exception or a loop over nothing."""
    checking = [statement for statement in test.body if checks(statement, helpers)]
    return None if any(_surely_checks(statement, helpers, nothing) for statement in checking) else checking[0].lineno


def _surely_checks(statement: ast.stmt, helpers: Iterable[str], nothing: set[str]) -> bool:
    """Whether a statement checks something whichever way it takes; a loop, other than over nothing, has a turn."""

    def surely(block: list[ast.stmt]) -> bool:
        return any(_surely_checks(inner, helpers, nothing) for inner in block)

    match statement:
        case ast.If(test=condition, body=body, orelse=orelse):
            # `if it is wrong: fail` is a check itself.
            either = surely(body) and (surely(orelse) or _ends(orelse))
            return checks(condition, helpers) or _fails(body) or _fails(orelse) or either
        case ast.Match(cases=cases):
            return any(_fails(case.body) for case in cases) or (
                _takes_all(cases[-1].pattern) and all(surely(case.body) or _ends(case.body) for case in cases)
            )
        case ast.Try(body=body, handlers=handlers, orelse=orelse, finalbody=finalbody):
            afterwards = surely(orelse) and all(surely(handler.body) for handler in handlers)
            return surely(body) or surely(finalbody) or afterwards or _fails(orelse)
        case ast.For(iter=over, body=body) | ast.AsyncFor(iter=over, body=body):
            return checks(over, helpers) or (not _is_empty(over, nothing) and surely(body))
        case ast.While(test=condition, body=body):
            return checks(condition, helpers) or surely(body)
        case ast.With(items=items, body=body) | ast.AsyncWith(items=items, body=body):
            return any(checks(item, helpers) for item in items) or surely(body)
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            return checks(statement, helpers)
        case _:
            return checks(statement, helpers)


def _fails(block: list[ast.stmt]) -> bool:
    """Whether a block is there to fail: it raises AssertionError, or calls a function that is called ``fail``."""
    return any(
        (isinstance(inner, ast.Raise) and inner.exc is not None and "AssertionError" in ast.dump(inner.exc))
        or (isinstance(inner, ast.Expr) and "fail" in names_called(inner))
        for inner in block
    )


def _ends(block: list[ast.stmt]) -> bool:
    """Whether a block skips the test, which is seen in the report."""
    return any(isinstance(inner, ast.Expr) and "pytest.skip(" in ast.unparse(inner) for inner in block)


def _takes_all(pattern: ast.pattern) -> bool:
    return isinstance(pattern, ast.MatchAs) and pattern.pattern is None


def empty_names(tree: ast.Module) -> set[str]:
    """Return names that a module assigns once, without an entry, and never fills."""
    assigned: list[tuple[str, bool]] = []
    filled: set[str] = set()
    for node in ast.walk(tree):
        match node:
            case ast.Assign(targets=targets, value=value):
                assigned += [(item.id, _is_empty(value, set())) for item in targets if isinstance(item, ast.Name)]
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                assigned.append((name, _is_empty(value, set())))
            case ast.Attribute(value=ast.Name(id=name), attr=attribute) if attribute not in READING:
                filled.add(name)
            case ast.AugAssign(target=ast.Name(id=name)) | ast.arg(arg=name):
                filled.add(name)
            case ast.Subscript(value=ast.Name(id=name), ctx=ast.Store()):
                filled.add(name)
            case ast.Call(func=function, args=arguments) if ast.unparse(function).rpartition(".")[2] not in ONLY_READ:
                # Whoever is given it may fill it.
                filled |= {item.id for item in arguments if isinstance(item, ast.Name)}
            case ast.Name(id=name, ctx=ast.Store()):
                assigned.append((name, True))
    names = [name for name, _empty in assigned]
    # Once as a target of the assignment and once as a name that is stored.
    return (
        {name for name, is_empty in assigned if names.count(name) == 2 and is_empty}
        - filled
        - {name for name, is_empty in assigned if not is_empty}
    )


ONLY_READ = frozenset({"all", "any", "enumerate", "len", "list", "parametrize", "reversed", "set", "sorted", "tuple"})
"""Functions that leave what they are given as it is."""

READING = frozenset({"copy", "get", "items", "keys", "values"})
"""Methods that leave a container as it is."""


def _is_empty(node: ast.expr, nothing: set[str]) -> bool:
    """Whether an expression is a container without an entry, or a view of one."""
    match node:
        case ast.List(elts=[]) | ast.Tuple(elts=[]) | ast.Dict(keys=[]) | ast.Constant(value="" | b""):
            return True
        case ast.Name(id=name):
            return name in nothing
        case ast.Call(func=ast.Name(id="dict" | "frozenset" | "list" | "set" | "tuple"), args=[], keywords=[]):
            return True
        case ast.Call(func=ast.Name(id="sorted" | "list" | "enumerate" | "tuple" | "reversed"), args=[inner]):
            return _is_empty(inner, nothing)
        case ast.Call(func=ast.Attribute(value=inner, attr=attribute), args=[]) if attribute in READING:
            return _is_empty(inner, nothing)
        case ast.Call(func=ast.Name(id="range"), args=[ast.Constant(value=0)]):
            return True
        case _:
            return False


def _never_runs(decorator: ast.expr, nothing: set[str]) -> str | None:
    """Return why a test with this decorator never runs, or may fail unnoticed."""
    name = ast.unparse(decorator.func if isinstance(decorator, ast.Call) else decorator)
    if name.endswith("mark.skip"):
        return "is always skipped"
    if name.endswith("mark.xfail") and "strict=True" not in ast.unparse(decorator):
        return "may fail and pass"
    if name.endswith("parametrize") and isinstance(decorator, ast.Call):
        values = [*decorator.args[1:2], *(item.value for item in decorator.keywords if item.arg == "argvalues")]
        if any(_is_empty(value, nothing) for value in values):
            return "has no case"
    return None


def _cannot_fail(node: ast.AST, nothing: set[str]) -> str | None:
    """Return why a check is none."""
    match node:
        case ast.Assert(test=test) if _always_true(test, nothing):
            return f"always true: {ast.unparse(test)}"
        case ast.Compare() if any(_same(left, right) for left, right in _pairs(node)):
            return f"compares {ast.unparse(node)}"
        case ast.Expr(value=ast.Compare()) | ast.Expr(value=ast.Attribute(attr="assert_called" | "assert_awaited")):
            return f"looks at nothing: {ast.unparse(node)}"
        case ast.Expr(value=ast.Attribute(attr=name)) if name.startswith("assert"):
            return f"looks at nothing: {ast.unparse(node)}"
        case ast.Call(func=function, args=arguments) if ast.unparse(function).endswith("suppress"):
            if any(_takes_failures(argument) for argument in arguments):
                return "suppresses failures"
        case ast.Try(body=body, handlers=handlers) | ast.TryStar(body=body, handlers=handlers):
            tried = any(isinstance(inner, ast.Assert) for part in body for inner in ast.walk(part))
            if tried and any(_forgives(handler) for handler in handlers):
                return "catches failures"
        case ast.Call(func=function, args=[kind, *_], keywords=keywords):
            narrow = any(keyword.arg in {"match", "check"} for keyword in keywords)
            if ast.unparse(function) in {"raises", "pytest.raises"} and _is_anything(kind) and not narrow:
                return f"any mistake raises {ast.unparse(kind)}"
    return None


def _takes_failures(kind: ast.expr) -> bool:
    """Whether an AssertionError is among these exceptions."""
    names = {inner.id for inner in ast.walk(kind) if isinstance(inner, ast.Name)}
    return not names.isdisjoint({"AssertionError", "BaseException", "Exception"})


def _is_anything(kind: ast.expr) -> bool:
    return any(isinstance(inner, ast.Name) and inner.id in {"BaseException", "Exception"} for inner in ast.walk(kind))


def _forgives(handler: ast.ExceptHandler) -> bool:
    """Whether a handler takes an AssertionError and neither raises nor checks something else."""
    again = any(isinstance(inner, ast.Raise | ast.Assert) for part in handler.body for inner in ast.walk(part))
    return (handler.type is None or _takes_failures(handler.type)) and not again


def _always_true(test: ast.expr, nothing: set[str]) -> bool:
    match test:
        case ast.Constant(value=value):
            return bool(value)
        case ast.Tuple(elts=[_, *_]) | ast.List(elts=[_, *_]) | ast.Dict(keys=[_, *_]):
            return True
        case ast.Lambda() | ast.GeneratorExp():
            return True
        case ast.JoinedStr(values=values):
            return any(isinstance(value, ast.Constant) for value in values)
        case ast.BoolOp(op=ast.Or(), values=values):
            return any(_always_true(value, nothing) for value in values)
        case ast.BoolOp(op=ast.And(), values=values):
            return all(_always_true(value, nothing) for value in values)
        case ast.UnaryOp(op=ast.Not(), operand=ast.Constant(value=value)):
            return not value
        case ast.Call(func=ast.Name(id="all"), args=[ast.GeneratorExp(generators=[over, *_])]):
            return _is_empty(over.iter, nothing)
        case ast.Compare(left=ast.Call(func=ast.Name(id="len")), ops=[ast.GtE()], comparators=[ast.Constant(value=0)]):
            return True
        case _:
            return False


def _pairs(node: ast.Compare) -> Iterator[tuple[ast.expr, ast.expr]]:
    left = node.left
    for operator, right in zip(node.ops, node.comparators, strict=True):
        if isinstance(operator, ast.Eq | ast.Is | ast.LtE | ast.GtE):
            yield left, right
        left = right


def _same(left: ast.expr, right: ast.expr) -> bool:
    """Whether two expressions are written alike and may give nothing but the same."""
    return not isinstance(left, ast.Constant) and ast.dump(left) == ast.dump(right)
