"""What an error of the stack means is decided in few places; elsewhere nobody catches one or asks which one it is."""

import ast
from collections.abc import Iterator

from tools.rooms import Module

from .annotations import annotations_of
from .catching import caught, everything_behind
from .source import STACK, Finding, Modules, classes_of, in_stack, names_of, nodes_of

DECIDE = frozenset({"cosem.meter.doctor", "cosem.meter.error_mapping"})
"""error_mapping for polls, doctor for forms: nobody else decides what an error of the stack means."""

ASK: dict[str, str] = {
    "cosem.meter.issues": "shows the issue for an error that error_mapping has made a failed poll of",
    "cosem.meter.security": "asks the meter for its counter, or associates anew, after errors that may come of it",
}
"""Modules that catch none and ask which one it was -> for what."""

RAISED_BY_US = "LocalProtocolError"
"""For what a person typed, which forms ask the stack about."""


def stack_errors(modules: Modules) -> set[str]:
    """The names of the stack's error classes: DlmsError, and what derives from it."""
    found = {"DlmsError"}
    for name, node in classes_of(modules[f"{STACK}.errors"]):
        if any(isinstance(base, ast.Name) and base.id in found for base in node.bases):
            found.add(name)
    return found


def errors_decided_in_one_place(module: Module, modules: Modules) -> Iterator[Finding]:
    """Outside of DECIDE the integration catches no error of the stack, under any name, and asks for none."""
    if in_stack(module) or module.name in DECIDE:
        return
    errors = stack_errors(modules) - {RAISED_BY_US}
    for line, what, _handler in caught(module):
        behind = everything_behind(names_of(module).mentioned(what), modules, bases=True)
        for name in sorted(_errors_among(behind, errors)):
            yield Finding(module.name, f"line {line} catches {name}")
    asked = sorted(set(_asked_for(module, modules, errors)))
    if module.name not in ASK:
        yield from (Finding(module.name, f"line {line} asks for {name}") for line, name in asked)
    elif not asked:
        yield Finding(module.name, "asks for no error, and needs no exception any more")


def _errors_among(origins: set[str], errors: set[str]) -> set[str]:
    return {origin.rpartition(".")[2] for origin in origins if origin.startswith("cosem.")} & errors


def _asked_for(module: Module, modules: Modules, errors: set[str]) -> Iterator[tuple[int, str]]:
    """Errors that are named anywhere but where they are raised, derived from, caught, or declared."""
    names = names_of(module)
    known: dict[frozenset[str], set[str]] = {}
    elsewhere = {id(inner) for node in _declarations(module) for inner in ast.walk(node)}
    for node in nodes_of(module):
        if id(node) in elsewhere:
            continue
        if isinstance(node, ast.Constant) and node.value in errors:
            yield node.lineno, str(node.value)
        elif isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Load):
            # What was assigned to a name is looked at where it was assigned.
            origins = frozenset(names.dotted(node))
            if origins not in known:
                known[origins] = _errors_among(everything_behind(set(origins), modules, bases=True), errors)
            yield from ((node.lineno, name) for name in known[origins])


def _declarations(module: Module) -> Iterator[ast.AST]:
    for node in nodes_of(module):
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                yield from annotations_of(node)
            case ast.AnnAssign(annotation=declared) | ast.TypeAlias(value=declared):
                yield declared
            case ast.ClassDef(bases=bases):
                yield from bases
            case ast.Raise(exc=ast.Call(func=raised)) | ast.Raise(exc=ast.Name() | ast.Attribute() as raised):
                yield raised
            case ast.ExceptHandler(type=ast.expr() as kind):
                yield kind
