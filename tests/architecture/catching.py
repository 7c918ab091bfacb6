"""Nobody swallows everything: by `except`, at the end of a `with` or a `finally`, or in tasks."""

import ast
import builtins
from collections.abc import Iterator

from tools.rooms import Module

from .behind import is_module, value_of
from .source import Finding, Modules, classes_of, in_stack, names_of, nodes_of

EVERYTHING = (Exception, BaseException)

EXITS = {"__exit__", "__aexit__"}

PUSHES = {"push", "push_async_exit"}
"""Methods of an ExitStack that take any function for an `__exit__`."""

MAY_DROP_ERRORS_OF_TASKS = {"cosem.meter.tasks_in_turn"}
"""It ends tasks whose errors their callers get as well, or that nobody waits for any more."""


def caught(module: Module) -> Iterator[tuple[int, ast.AST, ast.AST | None]]:
    """Line, what is caught, and the handler (none where nothing handles it)."""
    names = names_of(module)
    for node in nodes_of(module):
        if isinstance(node, ast.ExceptHandler):
            yield node.lineno, node.type or ast.Name("BaseException", ast.Load()), node
        elif isinstance(node, ast.Call) and "contextlib.suppress" in names.mentioned(node.func):
            for argument in node.args:
                yield node.lineno, argument, None


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
    for line, what, handler in caught(module):
        behind = everything_behind(names_of(module).mentioned(what), modules)
        kinds = {kind for origin in behind for kind in EVERYTHING if _is_really(origin, kind)}
        again = isinstance(handler, ast.ExceptHandler) and ends_with_raise(handler)
        if Exception in kinds or (kinds and not again):
            yield Finding(module.name, f"line {line} swallows every exception")
        if not readable(what, module, modules):
            yield Finding(module.name, f"line {line}: what is caught cannot be read from the source")
    for node in nodes_of(module):
        if isinstance(node, ast.Try | ast.TryStar):
            for inner in leaves(node.finalbody, raising=True):
                yield Finding(module.name, f"line {inner.lineno} leaves a finally, which swallows every exception")
    yield from _contexts(module)
    yield from _of_tasks(module)


def _contexts(module: Module) -> Iterator[Finding]:
    """What the end of a `with` may swallow."""
    names = names_of(module)
    called = {id(node.func) for node in nodes_of(module) if isinstance(node, ast.Call)}
    stacks = {"contextlib.ExitStack", "contextlib.AsyncExitStack"}
    has_stack = any(origins & stacks or "contextlib" in origins for origins in names.imported.values())
    for node in nodes_of(module):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name in EXITS:
            values = [item.value for item in ast.walk(node) if isinstance(item, ast.Return)]
            if any(value is not None and not _is_false(value) for value in values):
                yield Finding(module.name, f"line {node.lineno}: an {node.name} that may swallow every exception")
        elif EXITS & _bound_or_spelt(node):
            yield Finding(module.name, f"line {getattr(node, 'lineno', 0)} makes an __exit__ of something else")
        elif isinstance(node, ast.Attribute) and node.attr in PUSHES and has_stack:
            yield Finding(module.name, f"line {node.lineno} pushes an __exit__ that may swallow every exception")
        named = names.dotted(node) if isinstance(node, ast.Name | ast.Attribute) and id(node) not in called else set()
        if "contextlib.suppress" in named:
            yield Finding(
                module.name, f"line {getattr(node, 'lineno', 0)} hands suppress on, so that nobody sees what for"
            )


def _bound_or_spelt(node: ast.AST) -> set[str]:
    """The name that a node binds or reads, imports it under, or has as a text."""
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name) | ast.Constant(value=str(name)) | ast.alias(asname=str(name)):
            return {name}
        case _:
            return set()


def _of_tasks(module: Module) -> Iterator[Finding]:
    """What tasks and the event loop may swallow."""
    names = names_of(module)
    for node in nodes_of(module):
        line = getattr(node, "lineno", 0)
        match node:
            case ast.keyword(arg="return_exceptions", value=value) if not _is_false(value):
                yield Finding(module.name, f"line {value.lineno} keeps every exception as a value")
            case ast.Constant(value="return_exceptions"):
                yield Finding(module.name, f"line {line} keeps every exception as a value")
            case ast.Call(keywords=keywords) if "asyncio.gather" in names.dotted(node.func):
                if any(keyword.arg is None for keyword in keywords):
                    yield Finding(module.name, f"line {line} may keep every exception as a value")
            case ast.Expr(value=ast.Call(func=ast.Attribute(attr="exception"), args=[])):
                if module.name not in MAY_DROP_ERRORS_OF_TASKS:
                    yield Finding(module.name, f"line {line} takes the exception of a task and drops it")
            case ast.Attribute(attr="set_exception_handler" | "excepthook" | "unraisablehook"):
                yield Finding(module.name, f"line {line} decides what becomes of every exception")


def readable(what: ast.AST, module: Module, modules: Modules, seen: frozenset[str] = frozenset()) -> bool:
    """Whether an expression consists of classes by their names, directly or through tuples assigned in this module."""
    names = names_of(module)
    if isinstance(what, ast.Tuple):
        return all(readable(item, module, modules, seen) for item in what.elts)
    if isinstance(what, ast.Starred):
        return readable(what.value, module, modules, seen)
    if isinstance(what, ast.BinOp):
        return readable(what.left, module, modules, seen) and readable(what.right, module, modules, seen)
    if isinstance(what, ast.Attribute):
        # Only what a module has: anything may stand behind an attribute of a class.
        above = {origin.rpartition(".")[0] for origin in names.dotted(what)}
        return bool(above) and all(place in modules or is_module(place) for place in above)
    if not isinstance(what, ast.Name) or what.id in seen:
        return False
    if values := names.values_of(what.id):
        return all(readable(value, module, modules, seen | {what.id}) for value in values)
    own = {name.rpartition(".")[2] for name, _node in classes_of(module)}
    return what.id in own or what.id in names.imported or hasattr(builtins, what.id)


def _is_really(origin: str, kind: type[BaseException]) -> bool:
    """Whether this class is behind a name of others."""
    if origin.partition(".")[0] in {"builtins", "cosem"}:
        return origin == f"builtins.{kind.__name__}"
    return value_of(origin) is kind


def _is_false(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value in {None, False}


def ends_with_raise(handler: ast.ExceptHandler) -> bool:
    """Whether the last statement raises the same exception, and none before it leaves or raises another one.

    One kind may become another error: `if isinstance(error, TimeoutError): raise ConnectTimeout`.
    """
    last = handler.body[-1]
    if not isinstance(last, ast.Raise) or last.exc is not None:
        return False
    rest = [statement for statement in handler.body[:-1] if not _names_one_kind(statement, handler.name)]
    return not list(leaves(rest, raising=True)) and not list(leaves(handler.body))


def _names_one_kind(statement: ast.stmt, error: str | None) -> bool:
    match statement:
        case ast.If(test=ast.Call(func=ast.Name("isinstance"), args=[ast.Name(id=name), ast.Name(id=kind)]), orelse=[]):
            return name == error and kind not in {"Exception", "BaseException"}
        case _:
            return False


def leaves(body: list[ast.stmt], *, raising: bool = False) -> Iterator[ast.stmt]:
    """Statements that leave a block: return, break or continue of a loop around it; with ``raising`` raise, too."""

    def visit(node: ast.AST, in_loop: bool) -> Iterator[ast.stmt]:
        if isinstance(node, ast.Return) or (isinstance(node, ast.Break | ast.Continue) and not in_loop):
            yield node
        if raising and isinstance(node, ast.Raise):
            yield node
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            return
        looping = in_loop or isinstance(node, ast.For | ast.AsyncFor | ast.While)
        for inner in ast.iter_child_nodes(node):
            yield from visit(inner, looping)

    for statement in body:
        yield from visit(statement, in_loop=False)
