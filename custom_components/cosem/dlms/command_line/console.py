"""What a command writes to and reads from. ``__main__`` has the terminal; only there is printed."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
import json
from typing import Final

from ..describe.elements import Json

INTERRUPTED: Final = 130
"""The exit status of a command that Ctrl-C ends."""


class Console(ABC):
    """The terminal, or the files in its place."""

    @abstractmethod
    def lines(self, lines: Sequence[str]) -> None:
        """Write lines of a result. Raises BrokenPipeError when nobody reads them."""

    @abstractmethod
    def note(self, text: str) -> None:
        """Write a line that is no result, for people."""

    @abstractmethod
    def progress(self, text: str) -> None:
        """Show how far it is, in place of the last such text; nothing where nobody looks."""

    @abstractmethod
    def read_all(self) -> str:
        """Return the whole standard input."""

    @abstractmethod
    def ask(self, question: str) -> bool | None:
        """Return the answer; None if there is nobody to ask."""

    @property
    @abstractmethod
    def width(self) -> int:
        """Characters of a line."""

    def json(self, value: Json) -> None:
        """Write a result for programs. Raises BrokenPipeError."""
        self.lines([json.dumps(value, indent=2)])

    def note_leniencies(self, leniencies: Iterable[str]) -> None:
        """Tell what was tolerated of the meter."""
        self.note(f"tolerated of this meter: {', '.join(leniencies)} (docs/meters.md)")
