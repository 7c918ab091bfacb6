"""The reviewed list of mutants that no test can notice, ``tools/equivalent_mutants.txt``.

One entry a line, parts divided by `` || ``: file below the integration, line of source, change, reason. The change is
what ``scripts/mutate`` prints; the name of an operator alone stands for all its changes of that line.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from .mutant import Mutant

LIST = Path(__file__).parent.parent / "equivalent_mutants.txt"


@dataclass(frozen=True, slots=True)
class Equivalent:
    """One entry."""

    number: int
    path: str
    text: str
    change: str
    reason: str

    def fits(self, mutant: Mutant) -> bool:
        """Whether the entry means this mutant."""
        same_line = mutant.path == self.path and mutant.text == self.text
        return same_line and self.change in {mutant.change, mutant.operator}


class Equivalents:
    """All entries of the list."""

    def __init__(self, text: str) -> None:
        """ValueError for a line that is no entry, or has no reason."""
        self.entries = [
            _entry(number, line)
            for number, line in enumerate(text.splitlines(), 1)
            if line.strip() and not line.startswith("#")
        ]

    def reason(self, mutant: Mutant) -> str | None:
        """Return why the mutant is equivalent, or None."""
        return next((entry.reason for entry in self.entries if entry.fits(mutant)), None)

    def stale(self, path: str, mutants: Iterable[Mutant]) -> list[str]:
        """Return complaints about entries of one file that fit no mutant any more."""
        known = list(mutants)
        return [
            f"{LIST.name}:{entry.number}: no mutant is like this any more: {entry.text} || {entry.change}"
            for entry in self.entries
            if entry.path == path and not any(entry.fits(mutant) for mutant in known)
        ]


def _entry(number: int, line: str) -> Equivalent:
    parts = [part.strip() for part in line.split(" || ")]
    if len(parts) != 4 or not all(parts):
        raise ValueError(f"{LIST.name}:{number}: file || line || change || reason")
    return Equivalent(number, *parts)
