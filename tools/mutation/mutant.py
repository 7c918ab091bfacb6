"""One mutant, and what both halves of the search for mutants need."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import override


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change. ``function``: the outermost one around it, "" where the change acts on import.

    ``first`` and ``last`` are the lines of the statement: a test that runs none of them cannot notice.
    """

    path: str
    line: int
    text: str
    operator: str
    before: str
    after: str
    function: str
    first: int
    last: int

    @property
    def change(self) -> str:
        """The change as it is written in the list of equivalent mutants."""
        return f"{self.operator}: {self.before} -> {self.after}"

    @override
    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.change}   [{self.text}]"


@dataclass(frozen=True, slots=True)
class Around:
    """What surrounds a node."""

    function: str = ""
    scope: str = ""
    first: int = 0
    last: int = 0
    sentence: bool = False  # texts are for people here
    is_condition: bool = False  # replaced as a whole anyway
    both: bool = False  # a number that is a limit: one more and one less
    bound: frozenset[str] = frozenset()
    lone: bool = False  # the only statement of its branch


@dataclass(frozen=True, slots=True)
class Slot:
    """The place of a node in its parent."""

    parent: ast.AST
    name: str
    index: int | None = None

    def put(self, node: ast.AST) -> None:
        """Put another node there."""
        if self.index is None:
            setattr(self.parent, self.name, node)
        else:
            getattr(self.parent, self.name)[self.index] = node


@dataclass(frozen=True, slots=True)
class Names:
    """What a file alone does not tell: members of enums, names of exceptions."""

    enums: Mapping[str, Sequence[str]] = field(default_factory=dict)
    errors: frozenset[str] = frozenset()


def setter(holder: object, key: str | int, value: object) -> Callable[[], None]:
    """Return what sets an attribute, or an element of a list."""

    def change() -> None:
        if isinstance(key, int):
            assert isinstance(holder, list)
            holder[key] = value
        else:
            setattr(holder, key, value)

    return change


def putter(slot: Slot, node: ast.AST) -> Callable[[], None]:
    """Return what puts a node into its place."""
    return lambda: slot.put(node)


def short(node: ast.AST | None) -> str:
    """Return the source of a node in at most 60 characters."""
    text = " ".join(ast.unparse(node).split()) if node is not None else "everything"
    return text if len(text) <= 60 else f"{text[:57]}..."


def symbol(operation: ast.boolop | ast.cmpop | ast.operator) -> str:
    """Return how an operation is written."""
    left, right = ast.Name("a"), ast.Name("b")
    made: ast.expr
    if isinstance(operation, ast.boolop):
        made = ast.BoolOp(operation, [left, right])
    elif isinstance(operation, ast.cmpop):
        made = ast.Compare(left, [operation], [right])
    else:
        made = ast.BinOp(left, operation, right)
    return ast.unparse(made)[1:-1].strip()
