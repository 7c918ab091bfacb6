"""No `Any` in what the stack offers: parameters, results and fields of public functions and classes."""

import ast
from collections.abc import Iterator
import re

from tools.rooms import Module

from .source import Finding, Function, Modules, Names, in_stack, names_of

BY_TYPE = frozenset({"cosem.dlms.describe.association.DESCRIBERS", "cosem.dlms.describe.services.DESCRIBERS"})
"""Tables of functions by the type that each one takes: no annotation of a dict can say so."""


def no_any(module: Module, modules: Modules) -> Iterator[Finding]:
    """Under no other name, in no text, in no alias of our own, and in no comment that declares a type."""
    if not in_stack(module):
        return
    names = names_of(module)
    for name, annotation in public_annotations(module.tree):
        if f"{module.name}.{name}" in BY_TYPE:
            continue
        if means_any(annotation, names, modules):
            yield Finding(f"{module.name}.{name}", "Any in a public signature")
    for number, line in enumerate(module.source.splitlines(), 1):
        if re.search(r"#\s*type:(?!\s*ignore)", line):
            yield Finding(module.name, f"line {number} declares a type in a comment, which nobody looks into")


def public_annotations(parent: ast.AST, prefix: str = "") -> Iterator[tuple[str, ast.expr]]:
    """What public functions, classes, fields and names are declared with, with their qualified names."""
    for node in ast.iter_child_nodes(parent):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            if not _is_public(node.name):
                continue
            yield from ((prefix + node.name, declared) for declared in _declared_by(node))
            if isinstance(node, ast.ClassDef):
                yield from public_annotations(node, f"{prefix}{node.name}.")
            elif isinstance(parent, ast.ClassDef):
                yield from _fields_set_in(node, prefix)
        elif isinstance(node, ast.AnnAssign | ast.Assign | ast.TypeAlias):
            if isinstance(node, ast.TypeAlias) and _is_public(node.name.id):
                yield from ((prefix + node.name.id, declared) for declared in _of_type_parameters(node))
            yield from ((prefix + name, declared) for name, declared in _assigned(node) if _is_public(name))
        elif not isinstance(node, ast.expr):
            yield from public_annotations(node, prefix)


def _declared_by(node: Function | ast.ClassDef) -> Iterator[ast.expr]:
    """Annotations or bases, and the bounds and defaults of type parameters."""
    if isinstance(node, ast.ClassDef):
        yield from node.bases
        yield from (keyword.value for keyword in node.keywords)
    else:
        yield from annotations_of(node)
    yield from _of_type_parameters(node)


def _of_type_parameters(node: Function | ast.ClassDef | ast.TypeAlias) -> Iterator[ast.expr]:
    for parameter in node.type_params:
        declared = [getattr(parameter, name, None) for name in ("bound", "default_value")]
        yield from (one for one in declared if one is not None)


def _fields_set_in(method: Function, prefix: str) -> Iterator[tuple[str, ast.expr]]:
    for node in ast.walk(method):
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Attribute) and _is_public(node.target.attr):
            yield prefix + node.target.attr, node.annotation


def _assigned(node: ast.AnnAssign | ast.Assign | ast.TypeAlias) -> Iterator[tuple[str, ast.expr]]:
    """Names and what they are declared as, or are made by: `cast(Any, x)`, `NamedTuple("Row", [("x", Any)])`."""
    targets: list[ast.expr]
    declared: list[ast.expr] = []
    match node:
        case ast.TypeAlias():
            targets, declared = [node.name], [node.value]
        case ast.AnnAssign():
            targets, declared = [node.target], [node.annotation]
        case ast.Assign():
            targets = node.targets
    if isinstance(node.value, ast.Call | ast.Subscript | ast.BinOp):
        declared.append(node.value)
    for inner in (inner for target in targets for inner in ast.walk(target) if isinstance(inner, ast.Name)):
        yield from ((inner.id, one) for one in declared)


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
