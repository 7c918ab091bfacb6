"""What can be changed in one source file so that a test ought to fail: the mutants, found in its syntax tree.

Not changed, because no test should hold it: docstrings, annotations, decorators, assertions, ``if TYPE_CHECKING``,
``__repr__`` and ``__str__``, what is logged, and the sentences of exceptions. The same text has the same mutants in
the same order.
"""

from __future__ import annotations

import ast
from collections import Counter
from dataclasses import replace
from types import CodeType

from .mutant import Around, Mutant, Names
from .statements import Finder


def enum_members(sources: list[str]) -> dict[str, list[str]]:
    """Return the members of every Enum class in these sources, for swapping."""
    found: dict[str, list[str]] = {}
    for source in sources:
        for node in ast.walk(ast.parse(source)):
            if not isinstance(node, ast.ClassDef) or not any(
                "Enum" in ast.unparse(base) or "Flag" in ast.unparse(base) for base in node.bases
            ):
                continue
            names: dict[str, str] = {}  # value -> name: a second name of a value is the same member
            for statement in node.body:
                if isinstance(statement, ast.Assign) and isinstance(target := statement.targets[0], ast.Name):
                    names.setdefault(ast.unparse(statement.value), target.id)
            members = [name for name in names.values() if not name.startswith("_")]
            if len(members) > 1:
                found[node.name] = members
    return found


class Source:
    """One file with its mutants. ``compiled`` and ``mutated_text`` may be called once: they change the tree."""

    def __init__(self, path: str, text: str, names: Names) -> None:
        self.path = path
        self._tree = ast.parse(text, path)
        finder = Finder(path, text, self._tree, names)
        finder.body(self._tree, "body", Around())
        order = sorted(range(len(finder.mutants)), key=lambda index: (finder.mutants[index].line, index))
        self.mutants = _numbered([finder.mutants[index] for index in order])
        self._changes = [finder.changes[index] for index in order]

    def compiled(self, number: int, filename: str) -> CodeType:
        """Return the module's code with this mutant."""
        self._changes[number]()
        return compile(ast.fix_missing_locations(self._tree), filename, "exec", dont_inherit=True)

    def mutated_text(self, number: int) -> str:
        """Return the text with this mutant, as unparsed."""
        self._changes[number]()
        return ast.unparse(ast.fix_missing_locations(self._tree))


def _numbered(mutants: list[Mutant]) -> list[Mutant]:
    """Tell mutants apart that look the same: the second of a kind on a line gets "(2)"."""
    seen: Counter[tuple[int, str]] = Counter()
    result = []
    for mutant in mutants:
        kind = (mutant.line, mutant.change)
        seen[kind] += 1
        result.append(replace(mutant, after=f"{mutant.after} ({seen[kind]})") if seen[kind] > 1 else mutant)
    return result
