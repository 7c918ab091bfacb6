"""No `Any` in what the stack offers: parameters, results and fields of public functions and classes."""

import ast
from collections.abc import Iterator

from tools.rooms import Module

from .source import Finding, Function, Modules, Names, in_stack, names_of


def no_any(module: Module, modules: Modules) -> Iterator[Finding]:
    """Under no other name, in no text, in no alias of our own."""
    if not in_stack(module):
        return
    names = names_of(module)
    for name, annotation in public_annotations(module.tree):
        if means_any(annotation, names, modules):
            yield Finding(f"{module.name}.{name}", "Any in a public signature")


def public_annotations(parent: ast.AST, prefix: str = "") -> Iterator[tuple[str, ast.expr]]:
    """The annotations of public functions, methods and fields, with their qualified names."""
    in_class = isinstance(parent, ast.ClassDef)
    for node in ast.iter_child_nodes(parent):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            if _is_public(node.name):
                yield from ((prefix + node.name, annotation) for annotation in annotations_of(node))
        elif isinstance(node, ast.ClassDef):
            if _is_public(node.name):
                yield from ((prefix + node.name, base) for base in node.bases)
                yield from public_annotations(node, f"{prefix}{node.name}.")
        elif isinstance(node, ast.AnnAssign):
            if in_class and isinstance(node.target, ast.Name) and _is_public(node.target.id):
                yield prefix + node.target.id, node.annotation
        elif not isinstance(node, ast.expr):
            yield from public_annotations(node, prefix)


def _is_public(name: str) -> bool:
    return not name.startswith("_") or (name.startswith("__") and name.endswith("__"))


def annotations_of(function: Function) -> Iterator[ast.expr]:
    arguments = function.args
    every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
    yield from (item.annotation for item in every if item is not None and item.annotation is not None)
    if function.returns is not None:
        yield function.returns


def means_any(annotation: ast.expr, names: Names, modules: Modules) -> bool:
    """Whether `typing.Any` is behind an annotation."""
    waiting = names.mentioned(annotation) | _in_texts(annotation, names)
    seen: set[str] = set()
    while waiting:
        origin = waiting.pop()
        seen.add(origin)
        if origin in {"typing.Any", "typing_extensions.Any"}:
            return True
        where, _, name = origin.rpartition(".")
        if where in modules:
            other = names_of(modules[where])
            for value in other.values_of(name):
                waiting |= other.mentioned(value) | _in_texts(value, other)
            waiting |= other.imported.get(name, set())
            waiting -= seen
    return False


def _in_texts(annotation: ast.expr, names: Names) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(annotation):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            try:
                found |= names.mentioned(ast.parse(node.value, mode="eval").body)
            except SyntaxError:
                continue
    return found
