"""A console that keeps what commands write."""

from collections.abc import Sequence
import json
from typing import Any, override

from custom_components.cosem.dlms.command_line.console import Console


class KeptConsole(Console):
    """``typed``: the standard input. ``answer``: to a question; None: nobody is there."""

    def __init__(self, typed: str = "", answer: bool | None = None) -> None:
        self.typed = typed
        self.answer = answer
        self.questions: list[str] = []
        self.progresses: list[str] = []
        self.output: list[str] = []
        self.notes: list[str] = []

    @override
    def lines(self, lines: Sequence[str]) -> None:
        self.output += lines

    @override
    def note(self, text: str) -> None:
        self.notes.append(text)

    @override
    def progress(self, text: str) -> None:
        self.progresses.append(text)

    @override
    def read_all(self) -> str:
        return self.typed

    @override
    def ask(self, question: str) -> bool | None:
        self.questions.append(question)
        return self.answer

    @property
    @override
    def width(self) -> int:
        return 100

    @property
    def result(self) -> Any:
        """What was written as JSON."""
        return json.loads("\n".join(self.output))
