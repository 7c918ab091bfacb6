"""The reviewed list of mutants that no test can notice, ``tools/equivalent_mutants.txt``.

One entry a line, parts divided by `` || ``: file below the integration, line of source, change, reason. The change is
what ``scripts/mutate`` prints; the name of an operator alone stands for all its changes of that line.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from .mutant import Mutant

EACH = "each: "
"""Begins the reason of an entry that is meant for several lines with the same text."""

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

    def problem(self, mutants: Iterable[Mutant]) -> str | None:
        """What is wrong with the entry, given all mutants of its file. None where nothing is."""
        lines = {mutant.line for mutant in mutants if self.fits(mutant)}
        if not lines:
            return "no mutant is like this any more"
        if len(lines) > 1 and not self.reason.startswith(EACH):
            return f"lines {', '.join(map(str, sorted(lines)))} are like this, and the reason does not say {EACH!r}"
        return None


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
        """Return what is wrong with the entries of one file, given its mutants."""
        known = list(mutants)
        return [
            f"{LIST.name}:{entry.number}: {problem}: {entry.text} || {entry.change}"
            for entry in self.entries
            if entry.path == path and (problem := entry.problem(known)) is not None
        ]


def _entry(number: int, line: str) -> Equivalent:
    parts = [part.strip() for part in line.split(" || ")]
    if len(parts) != 4 or not all(parts):
        raise ValueError(f"{LIST.name}:{number}: file || line || change || reason")
    return Equivalent(number, *parts)
