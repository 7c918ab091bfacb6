"""No two public classes, and no two public functions, of one name with two meanings."""

import ast
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from tools.rooms import Module

from .layers import INTEGRATION_ORDER, room_in_integration
from .source import Finding, Modules, in_stack, names_of, nodes_of

CLASS_MAKERS = frozenset(
    {
        *("builtins.type", "collections.namedtuple", "dataclasses.make_dataclass", "types.new_class"),
        *("typing.NamedTuple", "typing.NewType", "typing.TypedDict"),
        *(f"enum.{name}" for name in ("Enum", "Flag", "IntEnum", "IntFlag", "StrEnum")),
    }
)
"""A call of one of these makes a class, which is called like what it is assigned to."""

ONE_MEANING: Mapping[str, tuple[frozenset[str], str]] = {
    "find": (
        frozenset(f"cosem.catalogue.{name}" for name in ("abstract", "electricity", "gas", "heat", "water")),
        "the catalogue asks each theme in the same words",
    ),
}
"""Functions of one name -> the modules that have one, and why."""

ASKED_FOR = frozenset(
    {
        *("async_setup_entry", "async_unload_entry", "async_remove_entry", "async_migrate_entry"),
        "async_get_triggers",
    }
)
"""Names under which Home Assistant looks for a function at the top of the integration."""


def public_classes_once(modules: Modules) -> Iterator[Finding]:
    """No two public classes of one name, however they are made."""
    for name, places in _several((module, _class_names(module)) for module in modules.values()):
        yield Finding(f"class {name}", f"defined in {', '.join(sorted(places))}")


def public_functions_once(modules: Modules) -> Iterator[Finding]:
    """No two public functions of one name, but where the name means the same on purpose."""
    found = dict(_several((module, _function_names(module)) for module in modules.values()))
    for name, places in found.items():
        excused = ONE_MEANING.get(name, (frozenset[str](), ""))[0]
        if places - excused:
            yield Finding(f"function {name}", f"defined in {', '.join(sorted(places))}")
    # Not in small trees of the examples, which have none of them.
    excused_here = {name for name, (places, _reason) in ONE_MEANING.items() if places & modules.keys()}
    for name in sorted(excused_here):
        if ONE_MEANING[name][0] - found.get(name, set()):
            yield Finding(f"function {name}", "is excused in modules where no function needs it any more")


def _several(names: Iterable[tuple[Module, Iterable[str]]]) -> Iterator[tuple[str, set[str]]]:
    """Public names that more than one module defines, with these."""
    found: dict[str, set[str]] = defaultdict(set)
    for module, of_module in names:
        for name in of_module:
            if not name.startswith("_"):
                found[name].add(module.name)
    yield from ((name, places) for name, places in sorted(found.items()) if len(places) > 1)


def _class_names(module: Module) -> Iterator[str]:
    for node in nodes_of(module):
        if isinstance(node, ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.TypeAlias):
            yield node.name.id
        elif isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Call):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            made = names_of(module).dotted(node.value.func) & CLASS_MAKERS
            for target in targets:
                if isinstance(target, ast.Name) and (made or target.id in _texts_given(node.value)):
                    yield target.id


def _texts_given(call: ast.Call) -> set[str]:
    """Texts among the arguments: a function that makes a class is given its name."""
    given = [*call.args, *(keyword.value for keyword in call.keywords)]
    return {item.value for item in given if isinstance(item, ast.Constant) and isinstance(item.value, str)}


def _function_names(module: Module) -> Iterator[str]:
    """Functions of a module that others can import, also those under an ``if`` and those made by lambda or a call."""
    at_the_top = not in_stack(module) and room_in_integration(module.name) not in INTEGRATION_ORDER
    for node in _outside_of_functions(module.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            if not (at_the_top and node.name in ASKED_FOR):
                yield node.name
        elif isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Lambda | ast.Call | ast.Name):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            yield from (item.id for item in targets if isinstance(item, ast.Name) and item.id.islower())


def _outside_of_functions(parent: ast.AST) -> Iterator[ast.AST]:
    for node in ast.iter_child_nodes(parent):
        yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.expr):
            yield from _outside_of_functions(node)
