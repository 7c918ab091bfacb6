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


def findings(tree: ast.Module, helpers: Iterable[str]) -> list[str]:
    """Return what is wrong with the tests of a module, one line each: ``line: name: reason``."""
    found = []
    for test in tests_of(tree):
        if not checks(test, helpers):
            found.append(f"{test.lineno}: {test.name}: checks nothing")
        elif (line := _left_early(test, helpers)) is not None:
            found.append(f"{line}: {test.name}: may end before its first check")
        elif (line := _only_in_a_chosen_turn(test, helpers)) is not None:
            found.append(f"{line}: {test.name}: checks only some turns of a loop, perhaps none")
    comparisons = [node for node in ast.walk(tree) if isinstance(node, ast.Compare)]
    return found + [
        f"{node.lineno}: compares {ast.unparse(node)}"
        for node in comparisons
        if any(_same(left, right) for left, right in _pairs(node))
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


def _only_in_a_chosen_turn(test: Function, helpers: Iterable[str]) -> int | None:
    """Return the line of a loop whose every check hangs on an ``if``, when nothing else is checked.

    Of loops over wire samples only, because which samples there are is decided elsewhere.
    """
    checking = [statement for statement in test.body if checks(statement, helpers)]
    for statement in checking:
        if not isinstance(statement, ast.For) or "vectors(" not in ast.unparse(statement.iter):
            return None
        for inner in statement.body:
            if checks(inner, helpers) and not (
                isinstance(inner, ast.If) and not inner.orelse and not checks(inner.test, helpers)
            ):
                return None
    return checking[0].lineno


def _pairs(node: ast.Compare) -> Iterator[tuple[ast.expr, ast.expr]]:
    left = node.left
    for operator, right in zip(node.ops, node.comparators, strict=True):
        if isinstance(operator, ast.Eq | ast.Is | ast.LtE | ast.GtE):
            yield left, right
        left = right


def _same(left: ast.expr, right: ast.expr) -> bool:
    """Whether two expressions are written alike and may give nothing but the same."""
    return not isinstance(left, ast.Constant) and ast.dump(left) == ast.dump(right)
