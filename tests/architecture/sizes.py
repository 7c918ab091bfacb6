"""How long files, classes and functions may be, how many parameters a function has, and what is called how."""

import ast
from collections.abc import Iterator
import re

from tools.rooms import Module

from .source import Finding, Function, Modules, classes_of, definitions_of, functions_of, lines, names_of, nodes_of

MOST_LINES_OF_A_FILE = 500
MOST_LINES_OF_A_CLASS = 250
MOST_LINES_OF_A_FUNCTION = 40
MOST_LINES_OF_NEARLY_ALL_FUNCTIONS = 25
NEARLY_ALL = 0.95
MOST_PARAMETERS = 6
MOST_HOT_LOOPS = 3

WITHOUT_CAP = "cosem.catalogue."
"""Tables: one file per theme, as long as its theme."""

HOT_LOOPS: dict[str, str] = {
    "cosem.dlms.encoding.data.decode_data": "mixed structures, an object list and a load profile take 1.15, 1.21 and "
    "1.12 times as long when containers, strings and numbers are functions of their own",
}
"""Functions above the cap -> what was measured with the loop cut into functions."""

FORBIDDEN_NAMES = re.compile(
    r"^(obis_code_str|attr_no|packet|telegram|pdu1|request_obj|session|login|auth_level|server_id|tid|mtu|u32|i64|guek|gak)$"
)
"""Words of other projects for what the standard has a word for (docs/architecture.md, Names)."""


def file_size(module: Module, _modules: Modules) -> Iterator[Finding]:
    length = len(module.source.splitlines())
    if length > MOST_LINES_OF_A_FILE and not module.name.startswith(WITHOUT_CAP):
        yield Finding(module.name, f"{length} lines, at most {MOST_LINES_OF_A_FILE}")


def class_size(module: Module, _modules: Modules) -> Iterator[Finding]:
    for name, node in classes_of(module):
        if lines(node) > MOST_LINES_OF_A_CLASS:
            yield Finding(f"{module.name}.{name}", f"{lines(node)} lines, at most {MOST_LINES_OF_A_CLASS}")


def function_size(module: Module, _modules: Modules) -> Iterator[Finding]:
    named: list[tuple[str, ast.stmt | ast.expr]] = list(functions_of(module))
    named += [("lambda", node) for node in nodes_of(module) if isinstance(node, ast.Lambda)]
    for name, node in named:
        if lines(node) > MOST_LINES_OF_A_FUNCTION and f"{module.name}.{name}" not in HOT_LOOPS:
            yield Finding(f"{module.name}.{name}", f"{lines(node)} lines, at most {MOST_LINES_OF_A_FUNCTION}")


def hot_loops(modules: Modules) -> Iterator[Finding]:
    """The exceptions are few, are above the cap, and say what was measured."""
    long = {
        f"{module.name}.{name}"
        for module in modules.values()
        for name, node in functions_of(module)
        if lines(node) > MOST_LINES_OF_A_FUNCTION
    }
    for name, reason in HOT_LOOPS.items():
        if name not in long:
            yield Finding(name, "needs no exception any more")
        if not re.search(r"\d", reason):
            yield Finding(name, "has no measured reason")
    if len(HOT_LOOPS) > MOST_HOT_LOOPS:
        yield Finding("HOT_LOOPS", f"{len(HOT_LOOPS)} exceptions, at most {MOST_HOT_LOOPS}")


def most_functions(modules: Modules) -> Iterator[Finding]:
    """Nineteen of twenty functions are short."""
    lengths = sorted(lines(node) for module in modules.values() for _name, node in functions_of(module))
    percentile = lengths[int(len(lengths) * NEARLY_ALL)]
    if percentile > MOST_LINES_OF_NEARLY_ALL_FUNCTIONS:
        yield Finding("95 % of all functions", f"up to {percentile} lines, {MOST_LINES_OF_NEARLY_ALL_FUNCTIONS} wanted")


def parameters(module: Module, _modules: Modules) -> Iterator[Finding]:
    """Six parameters; self and cls are none, *args and **kwargs one each or as many as are taken from them."""
    methods = {
        id(inner): not _is_static(inner)
        for _name, node in classes_of(module)
        for inner in node.body
        if isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    for name, node in functions_of(module):
        if _unpacks(node.args, module):
            yield Finding(f"{module.name}.{name}", "parameters that are unpacked, so that nobody counts them")
        count = _count(node.args) - methods.get(id(node), False) + _more_behind(node)
        if count > MOST_PARAMETERS:
            yield Finding(f"{module.name}.{name}", f"{count} parameters, at most {MOST_PARAMETERS}")
    for inner in nodes_of(module):
        if isinstance(inner, ast.Lambda) and _count(inner.args) > MOST_PARAMETERS:
            yield Finding(f"{module.name}.lambda", f"{_count(inner.args)} parameters, at most {MOST_PARAMETERS}")


def _is_static(function: Function) -> bool:
    return any(isinstance(node, ast.Name) and node.id == "staticmethod" for node in function.decorator_list)


def _count(arguments: ast.arguments) -> int:
    named = len(arguments.posonlyargs) + len(arguments.args) + len(arguments.kwonlyargs)
    return named + (arguments.vararg is not None) + (arguments.kwarg is not None)


def _unpacks(arguments: ast.arguments, module: Module) -> bool:
    """Whether parameters stand behind `**options: Unpack[Options]` or `*numbers: *tuple[int, int]`."""
    some = [item.annotation for item in (arguments.vararg, arguments.kwarg) if item is not None and item.annotation]
    origins = {origin for annotation in some for origin in names_of(module).mentioned(annotation)}
    starred = any(isinstance(annotation, ast.Starred) for annotation in some)
    return starred or not origins.isdisjoint({"typing.Unpack", "typing_extensions.Unpack"})


def _more_behind(function: Function) -> int:
    """How many more are taken from `*values` and `**options` by their places and names."""
    values, options = (item and item.arg for item in (function.args.vararg, function.args.kwarg))
    more, keys = 0, set()
    for node in ast.walk(function):
        match node:
            case ast.Assign(targets=[ast.Tuple(elts=parts)], value=ast.Name(id=name)) if name == values:
                more += len(parts) - 1
            case ast.Subscript(value=ast.Name(id=name), slice=ast.Constant(value=key)) if name in {values, options}:
                keys.add((name, key))
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name)), args=[ast.Constant(value=key), *_]):
                keys |= {(name, key)} if name == options else set()
    return more + max(0, len(keys) - 1)


def module_docstring(module: Module, _modules: Modules) -> Iterator[Finding]:
    if not (ast.get_docstring(module.tree) or "").strip():
        yield Finding(module.name, "does not say what it is for")


def standard_terms(module: Module, _modules: Modules) -> Iterator[Finding]:
    names = {node.arg for node in nodes_of(module) if isinstance(node, ast.arg)}
    names |= {node.id for node in nodes_of(module) if isinstance(node, ast.Name)}
    names |= {node.attr for node in nodes_of(module) if isinstance(node, ast.Attribute)}
    names |= {name.rpartition(".")[2] for name, _node in definitions_of(module)}
    names |= set(names_of(module).imported)
    for name in sorted(names):
        if FORBIDDEN_NAMES.match(name.lower()):
            yield Finding(module.name, f"calls something {name}; the standard has a word for it")


def reasons_for_exemptions(module: Module, _modules: Modules) -> Iterator[Finding]:
    """A `noqa` or `type: ignore` says why: behind it, or in a comment line above."""
    above = ""
    for number, line in enumerate(module.source.splitlines(), 1):
        if match := re.search(r"#\s*(noqa|type:\s*ignore)(:\s*[A-Z0-9, ]+|\[[\w\-, ]+\])?", line):
            reason = line[match.end() :].strip(" #-")
            if not reason and not above.lstrip().startswith("#"):
                yield Finding(module.name, f"line {number} exempts itself without a reason")
        if re.search(r"#\s*pragma:\s*no", line):
            yield Finding(module.name, f"line {number} takes itself out of the coverage")
        above = line
