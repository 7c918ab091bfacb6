"""Who may import whom: layers of the stack, its front door, arrows inside the integration, cycles."""

import ast
from collections.abc import Iterator

from tools.rooms import Module, imports_of, own_modules_imported

from .source import STACK, Finding, Modules, in_stack, names_of, nodes_of

STACK_ORDER = {
    "codes": -1,
    **dict.fromkeys(("addresses", "errors", "limits"), 0),
    "encoding": 1,
    "apdu": 2,
    "security": 3,
    "interface_classes": 3,
    "describe": 3.5,
    "protocol": 4,
    "client": 5,
    "command_line": 6,
    "__main__": 7,
    "__init__": 8,
}
"""Room -> place. A room imports only from rooms with a smaller number, never from a neighbour with the same one."""

FIRST_WITH_ASYNCIO = 5

INTEGRATION_ORDER = {
    "catalogue": 0,
    "const": 0,
    "blueprints": 1,
    "meter": 1,
    "history": 2,
    "push": 2,
    "forms": 3,
    "coordinator": 4,
    "actions": 5,
    "device": 5,
    "entity": 6,
}
"""The same for the integration; everything else is what Home Assistant asks for by its file name, at the top."""

TOP = 7
ENTRY_POINT = "cosem"
CALLED_AT_SET_UP = {"cosem.services"}
"""Imported by the integration's own __init__, which registers what is in there."""


def room_in_stack(name: str) -> str:
    return (name.removeprefix(STACK).strip(".") or "__init__").split(".")[0]


def place_in_stack(name: str) -> float | None:
    return STACK_ORDER.get(room_in_stack(name))


def stack_layers(module: Module, modules: Modules) -> Iterator[Finding]:
    """The stack imports from lower layers only, and nothing of the integration."""
    if not in_stack(module):
        return
    own = place_in_stack(module.name)
    if own is None:
        yield Finding(module.name, "no layer is named for this room in STACK_ORDER and docs/architecture.md")
        return
    for target in sorted(own_modules_imported(module, modules)):
        if not f"{target}.".startswith(f"{STACK}."):
            yield Finding(f"{module.name} -> {target}", "the stack knows nothing of the integration")
            continue
        other = place_in_stack(target)
        if room_in_stack(target) != room_in_stack(module.name) and (other is None or other >= own):
            yield Finding(f"{module.name} -> {target}", f"layer {own} imports layer {other}")


def known_imports(module: Module, modules: Modules) -> Iterator[Finding]:
    """Every import of our own leads to a module that exists, and takes what is defined there."""
    for entry in imports_of(module):
        if entry.module.startswith("."):
            yield Finding(module.name, f"line {entry.line} leaves the integration with {entry.module}")
        if "*" in entry.names:
            yield Finding(module.name, f"line {entry.line} imports * from {entry.module}")
        if entry.module.split(".")[0] != "cosem":
            continue
        if entry.module not in modules:
            yield Finding(module.name, f"line {entry.line} imports {entry.module}, which is no module of ours")
            continue
        source = modules[entry.module]
        if source.is_package or entry.module == module.name:
            continue
        own = defined_names(source)
        if "__all__" in own:
            own |= exported_names(source)
        for name in entry.names:
            if name in names_of(source).imported and name not in own:
                yield Finding(module.name, f"takes {name} from {entry.module}, which only imported it itself")


def defined_names(module: Module) -> set[str]:
    """Names that a module binds by a definition or an assignment."""
    found = set()
    for node in nodes_of(module):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
    return found


def exported_names(package: Module) -> set[str]:
    """The names of a literal `__all__`."""
    for node in package.tree.body:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        if any(isinstance(target, ast.Name) and target.id == "__all__" for target in targets):
            assert isinstance(node, ast.Assign | ast.AnnAssign)
            assert node.value is not None
            return set(ast.literal_eval(node.value))
    raise AssertionError(f"{package.name} has no __all__")


def front_door(module: Module, modules: Modules) -> Iterator[Finding]:
    """The integration takes exported names of the stack, one by one; the stack does not use its own front door."""
    exported = exported_names(modules[STACK])
    for entry in imports_of(module):
        whole = entry.module == STACK and not entry.names
        by_name = {f"{entry.module}.{name}" for name in entry.names} | {entry.module}
        if in_stack(module):
            if entry.module == STACK and module.name != STACK:
                yield Finding(module.name, f"line {entry.line} imports the stack's own front door")
        elif whole or (entry.module != STACK and STACK in by_name):
            yield Finding(module.name, f"line {entry.line} imports the whole stack instead of names")
        elif entry.module.startswith(f"{STACK}."):
            yield Finding(module.name, f"line {entry.line} imports {entry.module}, which is not the front door")
        elif entry.module == STACK:
            for name in sorted(set(entry.names) - exported):
                yield Finding(module.name, f"line {entry.line} imports {name}, which the stack does not export")


def room_in_integration(name: str) -> str:
    return [*name.split("."), "__init__"][1]


def integration_arrows(module: Module, modules: Modules) -> Iterator[Finding]:
    """Arrows inside the integration go one way, and nobody imports what Home Assistant loads by its name."""
    if in_stack(module):
        return
    own = room_in_integration(module.name)
    for target in sorted(own_modules_imported(module, modules)):
        if f"{target}.".startswith(f"{STACK}."):
            continue
        other = room_in_integration(target)
        if other == own:
            continue
        if INTEGRATION_ORDER.get(own, TOP) <= INTEGRATION_ORDER.get(other, TOP):
            if module.name == ENTRY_POINT and target in CALLED_AT_SET_UP:
                continue
            yield Finding(f"{module.name} -> {target}", "against the order of the integration's rooms")


def no_cycles(modules: Modules) -> Iterator[Finding]:
    """No import cycle, imports for type checkers and inside functions included."""
    graph = {name: own_modules_imported(module, modules) for name, module in modules.items()}
    done: set[str] = set()

    def visit(module: str, way: tuple[str, ...]) -> Iterator[Finding]:
        if module in way:
            yield Finding(" -> ".join([*way[way.index(module) :], module]), "import cycle")
        elif module not in done:
            for target in sorted(graph[module]):
                yield from visit(target, (*way, module))
            done.add(module)

    for module in sorted(graph):
        yield from visit(module, ())
