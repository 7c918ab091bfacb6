"""What the checks read: the integration's modules, and where the names in them come from."""

import ast
import builtins
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import override

from tools.rooms import Module, one_spelling, taken_from

ROOT = Path(__file__).parents[2]
INTEGRATION = ROOT / "custom_components" / "cosem"
STACK = "cosem.dlms"

type Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Finding:
    """Something against the rules: where (a module, with what in it), and what is wrong there."""

    where: str
    what: str

    @override
    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


type Modules = Mapping[str, Module]
type ModuleCheck = Callable[[Module, Modules], Iterable[Finding]]
type TreeCheck = Callable[[Modules], Iterable[Finding]]


def in_stack(module: Module) -> bool:
    return f"{module.name}.".startswith(f"{STACK}.")


@cache
def nodes_of(module: Module) -> tuple[ast.AST, ...]:
    """Every node of a module's syntax tree."""
    return tuple(ast.walk(module.tree))


@cache
def definitions_of(module: Module) -> tuple[tuple[str, Function | ast.ClassDef], ...]:
    """All functions and classes with their qualified names, nested ones and methods too."""
    return tuple(_definitions(module.tree))


def _definitions(parent: ast.AST, prefix: str = "") -> Iterator[tuple[str, Function | ast.ClassDef]]:
    for node in ast.iter_child_nodes(parent):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield prefix + node.name, node
            yield from _definitions(node, f"{prefix}{node.name}.")
        elif not isinstance(node, ast.expr):
            yield from _definitions(node, prefix)


def functions_of(module: Module) -> Iterator[tuple[str, Function]]:
    yield from ((name, node) for name, node in definitions_of(module) if not isinstance(node, ast.ClassDef))


def classes_of(module: Module) -> Iterator[tuple[str, ast.ClassDef]]:
    yield from ((name, node) for name, node in definitions_of(module) if isinstance(node, ast.ClassDef))


def lines(node: ast.stmt | ast.expr) -> int:
    assert node.end_lineno is not None
    return node.end_lineno - node.lineno + 1


@dataclass(frozen=True)
class Names:
    """Where the names of one module come from.

    All scopes together: a name that means different things in two functions has both origins, so that no check
    overlooks one.
    """

    module: Module

    @cached_property
    def _imported(self) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for node in nodes_of(self.module):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    name = alias.name if alias.asname else alias.name.partition(".")[0]
                    found.setdefault(alias.asname or name, set()).add(name)
            elif isinstance(node, ast.ImportFrom):
                for alias in node.names:
                    origin = f"{taken_from(node, self.module)}.{alias.name}"
                    found.setdefault(alias.asname or alias.name, set()).add(origin)
        return found

    @cached_property
    def _assigned(self) -> dict[str, list[ast.expr]]:
        found: dict[str, list[ast.expr]] = {}
        for node in nodes_of(self.module):
            if isinstance(node, ast.Assign):
                pairs = [(target, node.value) for target in node.targets]
            elif isinstance(node, ast.AnnAssign | ast.NamedExpr | ast.TypeAlias) and node.value is not None:
                pairs = [(node.name if isinstance(node, ast.TypeAlias) else node.target, node.value)]
            elif isinstance(node, ast.AugAssign):
                pairs = [(node.target, node.value)]
            elif isinstance(node, ast.For | ast.AsyncFor | ast.comprehension):
                pairs = [(node.target, node.iter)]
            else:
                continue
            for target, value in pairs:
                for name in ast.walk(target):
                    if isinstance(name, ast.Name):
                        found.setdefault(name.id, []).append(value)
        return found

    @property
    def imported(self) -> Mapping[str, set[str]]:
        """Local name -> what was imported under it, dotted."""
        return self._imported

    def values_of(self, name: str) -> list[ast.expr]:
        """What is assigned to a name, anywhere in the module."""
        return self._assigned.get(name, [])

    def dotted(self, node: ast.expr) -> set[str]:
        """The dotted origins of a name or a chain of attributes; nothing for other expressions."""
        rest = ""
        while isinstance(node, ast.Attribute):
            rest = f".{node.attr}{rest}"
            node = node.value
        if not isinstance(node, ast.Name):
            return set()
        return {one_spelling(f"{origin}{rest}", self.module) for origin in self._origins(node.id)}

    def _origins(self, name: str) -> set[str]:
        if name not in self._known_origins:
            # A name that is assigned from itself finds this, and what else it is assigned from.
            self._known_origins[name] = set()
            found = set(self._imported.get(name, ()))
            for value in self.values_of(name):
                found |= self.dotted(value)
            if not found:
                found.add(f"builtins.{name}" if hasattr(builtins, name) else f"{self.module.name}.{name}")
            self._known_origins[name] = found
        return self._known_origins[name]

    @cached_property
    def _known_origins(self) -> dict[str, set[str]]:
        return {}

    def mentioned(self, node: ast.AST) -> set[str]:
        """The dotted origins of everything that an expression names, through what was assigned to these names."""
        found: set[str] = set()
        seen: set[str] = set()
        waiting: list[ast.AST] = [node]
        while waiting:
            for inner in ast.walk(waiting.pop()):
                if isinstance(inner, ast.Attribute | ast.Name):
                    found |= self.dotted(inner)
                if isinstance(inner, ast.Name) and inner.id not in seen:
                    seen.add(inner.id)
                    waiting += self.values_of(inner.id)
        return found


@cache
def names_of(module: Module) -> Names:
    """The names of a module, looked up once."""
    return Names(module)
