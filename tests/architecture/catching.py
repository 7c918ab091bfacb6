"""Who catches what: errors of the stack in two places of the integration, and nobody swallows everything."""

import ast
import builtins
from collections.abc import Iterator

from tools.rooms import Module

from .source import STACK, Finding, Modules, Names, classes_of, in_stack, names_of, nodes_of

DECIDE = frozenset({"cosem.meter.doctor", "cosem.meter.error_mapping"})
"""error_mapping for polls, doctor for forms: nobody else decides what an error of the stack means."""

RAISED_BY_US = "LocalProtocolError"
"""For what a person typed, which forms ask the stack about."""

EVERYTHING = frozenset({"builtins.Exception", "builtins.BaseException"})


def stack_errors(modules: Modules) -> set[str]:
    """The names of the stack's error classes."""
    return {name for name, _node in classes_of(modules[f"{STACK}.errors"])}


def caught(module: Module) -> Iterator[tuple[int, ast.AST, ast.AST | None]]:
    """Line, what is caught, and the handler (none where nothing handles it)."""
    names = names_of(module)
    for node in nodes_of(module):
        if isinstance(node, ast.ExceptHandler):
            yield node.lineno, node.type or ast.Name("BaseException", ast.Load()), node
        elif isinstance(node, ast.Call) and "contextlib.suppress" in names.mentioned(node.func):
            for argument in node.args:
                yield node.lineno, argument, None


def errors_decided_in_one_place(module: Module, modules: Modules) -> Iterator[Finding]:
    """Outside of DECIDE the integration catches no error of the stack, under any name."""
    if in_stack(module) or module.name in DECIDE:
        return
    errors = stack_errors(modules) - {RAISED_BY_US}
    for line, what, _handler in caught(module):
        for origin in sorted(everything_behind(names_of(module).mentioned(what), modules, bases=True)):
            if origin.startswith("cosem.") and origin.rpartition(".")[2] in errors:
                yield Finding(module.name, f"line {line} catches {origin.rpartition('.')[2]}")


def everything_behind(origins: set[str], modules: Modules, *, bases: bool = False) -> set[str]:
    """The origins, with what our modules assigned to these names; with ``bases`` what they derive from, too."""
    found: set[str] = set()
    waiting = set(origins)
    while waiting:
        origin = waiting.pop()
        found.add(origin)
        where, _, name = origin.rpartition(".")
        if where not in modules or in_stack(modules[where]):
            continue
        names = names_of(modules[where])
        nodes: list[ast.AST] = list(names.values_of(name))
        if bases:
            nodes += [base for own, node in classes_of(modules[where]) if own == name for base in node.bases]
        behind = set(names.imported.get(name, ()))
        for node in nodes:
            behind |= names.mentioned(node)
        waiting |= behind - found
    return found


def nothing_swallowed(module: Module, modules: Modules) -> Iterator[Finding]:
    """Nobody catches every exception; who catches BaseException, to clean up, raises it again at the end."""
    names = names_of(module)
    for line, what, handler in caught(module):
        behind = everything_behind(names.mentioned(what), modules)
        again = isinstance(handler, ast.ExceptHandler) and ends_with_raise(handler)
        if "builtins.Exception" in behind or (EVERYTHING & behind and not again):
            yield Finding(module.name, f"line {line} swallows every exception")
        if not readable(what, names):
            yield Finding(module.name, f"line {line}: what is caught cannot be read from the source")
    called = {id(node.func) for node in nodes_of(module) if isinstance(node, ast.Call)}
    for node in nodes_of(module):
        if not isinstance(node, ast.Name | ast.Attribute) or id(node) in called:
            continue
        if "contextlib.suppress" in names.dotted(node):
            yield Finding(module.name, f"line {node.lineno} hands suppress on, so that nobody sees what for")
    for node in nodes_of(module):
        if isinstance(node, ast.Try | ast.TryStar):
            for inner in leaves(node.finalbody):
                yield Finding(module.name, f"line {inner.lineno} leaves a finally, which swallows every exception")
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name in {"__exit__", "__aexit__"}:
            values = [item.value for item in ast.walk(node) if isinstance(item, ast.Return)]
            if any(value is not None and not _is_false(value) for value in values):
                yield Finding(module.name, f"line {node.lineno}: an {node.name} that may swallow every exception")
        elif isinstance(node, ast.keyword) and node.arg == "return_exceptions" and not _is_false(node.value):
            yield Finding(module.name, f"line {node.value.lineno} keeps every exception as a value")


def readable(what: ast.AST, names: Names, seen: frozenset[str] = frozenset()) -> bool:
    """Whether an expression consists of classes by their names, directly or through tuples assigned in this module."""
    if isinstance(what, ast.Tuple):
        return all(readable(item, names, seen) for item in what.elts)
    if isinstance(what, ast.Starred):
        return readable(what.value, names, seen)
    if isinstance(what, ast.BinOp):
        return readable(what.left, names, seen) and readable(what.right, names, seen)
    if isinstance(what, ast.Attribute):
        return any(origin.partition(".")[0] != "builtins" for origin in names.dotted(what))
    if not isinstance(what, ast.Name) or what.id in seen:
        return False
    if values := names.values_of(what.id):
        return all(readable(value, names, seen | {what.id}) for value in values)
    own = {name.rpartition(".")[2] for name, _node in classes_of(names.module)}
    return what.id in own or what.id in names.imported or hasattr(builtins, what.id)


def _is_false(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value in {None, False}


def ends_with_raise(handler: ast.ExceptHandler) -> bool:
    """Whether the last statement raises the same exception, and none before it leaves."""
    last = handler.body[-1]
    return isinstance(last, ast.Raise) and last.exc is None and not list(leaves(handler.body))


def leaves(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Statements that leave a block: return, and break or continue of a loop around it."""

    def visit(node: ast.AST, in_loop: bool) -> Iterator[ast.stmt]:
        if isinstance(node, ast.Return) or (isinstance(node, ast.Break | ast.Continue) and not in_loop):
            yield node
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            return
        looping = in_loop or isinstance(node, ast.For | ast.AsyncFor | ast.While)
        for inner in ast.iter_child_nodes(node):
            yield from visit(inner, looping)

    for statement in body:
        yield from visit(statement, in_loop=False)
