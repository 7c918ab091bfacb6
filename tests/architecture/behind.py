"""What stands behind the modules of others: theirs are imported here, and each attribute taken is looked up.

A permitted module has imported others itself (`json.codecs`, `dataclasses.sys`), and carries things that are at home
elsewhere (`functools.RLock` of `_thread`).
"""

import ast
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module
import inspect
import sys
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import NamedTuple, TypeIs

from tools.rooms import Module

from .reach import MAY_ASK_FOR_OPTIONS, NOT_OF_HOME_ASSISTANT, allowed, permitted_names
from .source import Finding, Modules, names_of, nodes_of

type Permitted = Mapping[str, frozenset[str]]

KNOWN_HOMES = sys.stdlib_module_names - {"builtins", "operator"}
"""Other homes are no modules: C code is of `builtins`, Rust code of `ec`; `operator` compares digests."""

REALLY = {"posix": "os"}
"""Modules that are imported under another name."""


NOTHING = object()
"""Where a chain of attributes ends."""


class Taken(NamedTuple):
    """One step along a chain of attributes: the module by its own name, and what was taken from it."""

    module: str
    name: str
    value: object


@cache
def steps(origin: str) -> tuple[Taken, ...]:
    """What a dotted origin takes from which module of others, as far as it can be followed."""
    first, *rest = origin.split(".")
    place: object = import_module(first)
    found = []
    for name in rest:
        value = _attribute(place, name)
        if value is NOTHING:
            break
        if isinstance(place, ModuleType):
            found.append(Taken(place.__name__, name, value))
        elif isinstance(value, ModuleType):
            found.append(Taken(first, name, value))
        place = value
    return tuple(found)


def _attribute(place: object, name: str) -> object:
    try:
        return getattr(place, name)
    except AttributeError:
        try:
            return import_module(f"{place.__name__}.{name}") if isinstance(place, ModuleType) else NOTHING
        except ModuleNotFoundError:
            return NOTHING


def behind_modules(module: Module, _modules: Modules) -> Iterator[Finding]:
    """No module, function or class is reached through one that only happens to have it."""
    permitted = allowed(module)
    for line, origin in chains(module, permitted):
        for taken in steps(origin):
            if (wrong := _wrong(taken, permitted)) is not None:
                yield Finding(module.name, f"line {line} reaches {wrong} through {origin}")
                break


def chains(module: Module, permitted: Permitted) -> Iterator[tuple[int, str]]:
    """Lines, and the origins of what is imported and of all chains of attributes that begin in a permitted module."""
    names = names_of(module)
    tops = {name.partition(".")[0] for name in permitted}
    imported = {origin for origins in names.imported.values() for origin in origins}
    places = [(0, origin) for origin in imported]
    for node in nodes_of(module):
        if isinstance(node, ast.Attribute):
            places += [(node.lineno, origin) for origin in names.dotted(node)]
    for line, origin in sorted(set(places)):
        if origin.partition(".")[0] in tops and "*" not in origin:
            yield line, origin


def _wrong(taken: Taken, permitted: Permitted) -> str | None:
    """What is wrong with this step, if anything."""
    if isinstance(taken.value, ModuleType):
        name = taken.value.__name__
        spelt = f"{taken.module}.{taken.name}"
        above = any(other.startswith(f"{name}.") for other in permitted)
        known = spelt in permitted or above or permitted_names(permitted, name) is not None
        return None if known and not name.startswith(NOT_OF_HOME_ASSISTANT) else f"the module {name}"
    names = permitted_names(permitted, taken.module)
    if names and taken.name not in names:
        return f"{taken.module}.{taken.name}"
    home = taken.value.__module__ if _is_defined(taken.value) else None
    if home is None or _is_at_home(home, taken, permitted):
        return None
    return f"{taken.name} of {home}"


def _is_defined(value: object) -> TypeIs[type | FunctionType | BuiltinFunctionType]:
    return inspect.isclass(value) or inspect.isfunction(value) or inspect.isbuiltin(value)


def _is_at_home(home: str, taken: Taken, permitted: Permitted) -> bool:
    """Whether something belongs to the package it was taken from, or to a module from which it may be taken."""
    if home.startswith(NOT_OF_HOME_ASSISTANT):
        return False
    package = REALLY.get(home, home.partition(".")[0].lstrip("_"))
    if package == taken.module.partition(".")[0] or package not in KNOWN_HOMES:
        return True
    for where in (home, package):
        names = permitted_names(permitted, where)
        if names is not None:
            return not names or taken.name in names
    return False


def no_module_as_value(module: Module, _modules: Modules) -> Iterator[Finding]:
    """A module of others stands before a dot, and is not handed on to where nobody sees what is taken from it."""
    if module.name == MAY_ASK_FOR_OPTIONS:
        return
    names = names_of(module)
    permitted = allowed(module)
    tops = {name.partition(".")[0] for name in permitted}
    before_a_dot = {id(node.value) for node in nodes_of(module) if isinstance(node, ast.Attribute)}
    for node in nodes_of(module):
        if not isinstance(node, ast.Name | ast.Attribute) or not isinstance(node.ctx, ast.Load):
            continue
        for origin in names.dotted(node) if id(node) not in before_a_dot else ():
            if origin.partition(".")[0] in tops and is_module(origin):
                yield Finding(module.name, f"line {node.lineno} hands on the module {origin}")


def value_of(origin: str) -> object:
    """What an origin of others is; None when it cannot be followed."""
    first, *rest = origin.split(".")
    try:
        place: object = import_module(first)
    except ModuleNotFoundError:
        return None
    for name in rest:
        place = _attribute(place, name)
    return None if place is NOTHING else place


def is_module(origin: str) -> bool:
    """Whether an origin of others is a module."""
    return isinstance(value_of(origin), ModuleType)
