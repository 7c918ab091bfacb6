"""The fast way: tests are imported and collected once, and each mutant is one function's code put in place in a child.

A pytest plugin. It first runs all tests in a child that notes which lines each of them runs, and how long it takes; a
mutant is shown only to the tests that run its statement, the quick ones first. What acts when a module is imported
cannot be judged like this: ``AGAIN`` then, and fresh.py imports everything anew.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
import gc
import json
import os
import sys
import time
from types import CodeType, FunctionType
from typing import TYPE_CHECKING, Any, Final

from .forks import AGAIN_CODE, KILLED_CODE, SURVIVED_CODE, Task, Verdict, judge
from .tree import INTEGRATION

if TYPE_CHECKING:
    import pytest

    from .source import Source

_TOOL: Final = 4  # free of the numbers that Python gives names to
_SLOW: Final = 5.0  # seconds of processor time: a test that takes longer is not asked

type Message = dict[str, Any]
type Report = Callable[[Message], None]


class Lines:
    """Which lines of one file run: on import from inside of functions, and later in each test."""

    def __init__(self, filename: str) -> None:
        """Watch everything from now on; the import of the file is still to come."""
        self.on_import: set[int] = set()
        self.now: set[int] = set()
        self._filename = filename
        sys.monitoring.use_tool_id(_TOOL, "mutate")
        sys.monitoring.register_callback(_TOOL, sys.monitoring.events.LINE, self._line)
        sys.monitoring.set_events(_TOOL, sys.monitoring.events.LINE)

    def _line(self, code: CodeType, line: int) -> object:
        if code.co_filename == self._filename and code.co_name != "<module>":
            self.on_import.add(line)
            self.now.add(line)
        return sys.monitoring.DISABLE

    def only_in(self, codes: Sequence[CodeType]) -> None:
        """Watch these functions only. Nothing is added to ``on_import`` any more."""
        self.on_import = set(self.on_import)
        sys.monitoring.set_events(_TOOL, sys.monitoring.events.NO_EVENTS)
        for code in codes:
            sys.monitoring.set_local_events(_TOOL, code, sys.monitoring.events.LINE)

    def take(self) -> set[int]:
        """Return what ran since the last time."""
        taken, self.now = self.now, set()
        sys.monitoring.restart_events()
        return taken

    def stop(self) -> None:
        """Watch no more."""
        sys.monitoring.set_events(_TOOL, sys.monitoring.events.NO_EVENTS)
        sys.monitoring.free_tool_id(_TOOL)


class SwapPlugin:
    """Judges the mutants of one source in place of running the tests."""

    def __init__(self, source: Source, chosen: Sequence[int], jobs: int, deadline: float, report: Report) -> None:
        """Judge the mutants with these numbers until the deadline (monotonic)."""
        self._source, self._chosen = source, chosen
        self._jobs, self._deadline, self._report = jobs, deadline, report
        self._filename = str(INTEGRATION / source.path)
        self._lines = Lines(self._filename)
        self._functions: dict[tuple[str, int], list[FunctionType]] = {}
        self._ran: dict[int, set[int]] = {}  # position of a test -> lines
        self._took: dict[int, float] = {}

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Do all of it."""
        if session.testsfailed:
            self._report({"kind": "problem", "text": "the tests cannot be collected"})
            return True
        self._functions = _functions_of(self._filename)
        on_import = set(self._lines.on_import)
        self._report({"kind": "modules", "names": _foreign_modules()})
        gc.collect()
        gc.freeze()
        self._first_run(session)
        self._lines.stop()
        if not self._ran:
            self._report({"kind": "problem", "text": "no test runs without a change"})
            return True
        for number, verdict in judge(self._tasks(session, on_import), self._jobs):
            self._report({"kind": "verdict", "number": number, "verdict": verdict})
        return True

    def _first_run(self, session: pytest.Session) -> None:
        """Run all tests unchanged in a child and learn their lines; tests that fail or are slow are left out."""
        reading, writing = os.pipe()
        child = os.fork()
        if not child:
            os.close(reading)
            try:
                with os.fdopen(writing, "w", encoding="utf-8") as out:
                    self._run_watched(session, out.write)
            finally:
                os._exit(0)
        os.close(writing)
        with os.fdopen(reading, encoding="utf-8") as lines:
            for line in lines:
                position, failed, seconds, ran = json.loads(line)
                name = session.items[position].nodeid
                if failed:
                    self._report({"kind": "left out", "test": name})
                    self._report({"kind": "problem", "text": f"fails without a change, left out: {name}"})
                elif seconds > _SLOW:
                    self._report({"kind": "note", "text": f"takes {seconds:.0f} s, left out: {name}"})
                else:
                    self._ran[position], self._took[position] = set(ran), seconds
        os.waitpid(child, 0)

    def _run_watched(self, session: pytest.Session, write: Callable[[str], object]) -> None:
        codes = [code for functions in self._functions.values() for one in functions for code in _nested(one.__code__)]
        self._lines.only_in(codes)
        for position, item in enumerate(session.items):
            self._lines.take()
            before, started = session.testsfailed, time.process_time()
            following = session.items[position + 1] if position + 1 < len(session.items) else None
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            seconds = time.process_time() - started
            session.shouldfail = False
            write(json.dumps([position, session.testsfailed > before, seconds, sorted(self._lines.take())]) + "\n")

    def _tasks(self, session: pytest.Session, on_import: set[int]) -> Iterator[Task]:
        for number in self._chosen:
            if time.monotonic() > self._deadline:
                return
            mutant = self._source.mutants[number]
            lines = set(range(mutant.first, mutant.last + 1))
            if not mutant.function:
                self._report({"kind": "verdict", "number": number, "verdict": Verdict.AGAIN})
                continue
            positions = self._asked(lines)
            survived = AGAIN_CODE if lines & on_import else SURVIVED_CODE
            if not positions:
                verdict = Verdict.AGAIN if lines & on_import else Verdict.SURVIVED
                self._report({"kind": "verdict", "number": number, "verdict": verdict})
                continue
            usual = sum(self._took[position] for position in positions)
            yield Task(number, self._body(session, number, positions, survived), usual)

    def _asked(self, lines: set[int]) -> list[int]:
        found = [position for position, ran in self._ran.items() if ran & lines]
        return sorted(found, key=self._took.__getitem__)

    def _body(self, session: pytest.Session, number: int, positions: list[int], survived: int) -> Callable[[], int]:
        def run() -> int:
            if not self._put_in_place(number):
                return AGAIN_CODE
            items = [session.items[position] for position in positions]
            for item, following in zip(items, [*items[1:], None], strict=True):
                item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
                if session.testsfailed:
                    self._report({"kind": "killer", "number": number, "test": item.nodeid})
                    return KILLED_CODE
            return survived

        return run

    def _put_in_place(self, number: int) -> bool:
        """Give the mutant's function its changed code. False where that cannot be done."""
        wanted = self._source.mutants[number].function
        changed = {_key(code): code for code in _nested(self._source.compiled(number, self._filename))}
        done = False
        for key, functions in self._functions.items():
            if key[0] != wanted or key not in changed:
                continue
            for function in functions:
                try:
                    function.__code__ = changed[key]
                except ValueError:  # another number of free variables
                    return False
                done = True
        return done


def _key(code: CodeType) -> tuple[str, int]:
    return code.co_qualname, code.co_firstlineno


def _nested(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _nested(constant)


def _functions_of(filename: str) -> dict[tuple[str, int], list[FunctionType]]:
    """Return the file's functions and methods, under every name it was imported."""
    found: dict[tuple[str, int], list[FunctionType]] = {}
    for function in gc.get_objects():
        if not isinstance(function, FunctionType) or function.__code__.co_filename != filename:
            continue
        if "<locals>" not in function.__code__.co_qualname:
            found.setdefault(_key(function.__code__), []).append(function)
    return found


def _foreign_modules() -> list[str]:
    own = ("custom_components", "tests", "dlms", "tools", "conftest", "__main__")
    return [name for name in sys.modules if name.partition(".")[0] not in own]
