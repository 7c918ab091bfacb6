"""Change the sources one place at a time and see whether the tests notice: scripts/mutate [FILE...].

The kill rate of each gated folder must reach 95 % of the mutants that are not in tools/equivalent_mutants.txt; what is
tried of a part only must not contradict that.
See tools/mutation/ for what is changed and how it is run.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
import json
from math import comb
import os
import random
import sys
from tempfile import TemporaryDirectory
import time

from tools.mutation.equivalents import LIST, Equivalents
from tools.mutation.forks import Task, Verdict, end_with_parent, judge
from tools.mutation.fresh import import_foreign, options_for, run_fresh, steady_hypothesis
from tools.mutation.source import Source
from tools.mutation.swap import Message, SwapPlugin
from tools.mutation.tree import (
    INTEGRATION,
    TOP,
    asked_tests,
    changed_lines,
    files_of,
    gated_files,
    is_gated,
    mirrored_tests,
    room,
    source,
)


@dataclass(slots=True)
class FileResult:
    """What became of one file's mutants."""

    path: str
    source: Source
    chosen: list[int]
    equivalent: list[int]
    stages: list[list[str]]  # the tests of a later one are asked about what the earlier ones did not notice
    verdicts: dict[int, Verdict] = field(default_factory=dict)
    killers: dict[int, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def tried(self) -> int:
        """How many were judged."""
        return len(self.verdicts)

    @property
    def killed(self) -> int:
        """How many of them a test noticed."""
        return sum(verdict in {Verdict.KILLED, Verdict.TIMEOUT} for verdict in self.verdicts.values())

    @property
    def survivors(self) -> list[int]:
        """The numbers of the others."""
        return sorted(number for number, verdict in self.verdicts.items() if verdict is Verdict.SURVIVED)

    def summary(self) -> str:
        """Return the line about this file."""
        timeouts = Counter(self.verdicts.values())[Verdict.TIMEOUT]
        parts = [f"{self.tried} tried", f"{self.killed} killed"]
        parts += [f"({timeouts} by time)"] if timeouts else []
        parts += [f"{len(self.survivors)} survived", f"{len(self.equivalent)} equivalent"]
        left = len(self.chosen) - self.tried
        parts += [f"{left} not tried"] if left else []
        return f"{self.path}: {percent(self.killed, self.tried)}: {', '.join(parts)}, {self.seconds:.0f} s"


def percent(killed: int, tried: int) -> str:
    """Return a rate for people."""
    return f"{100 * killed / tried:.1f} %" if tried else "nothing tried"


def arguments(words: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="scripts/mutate", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument(
        "files", nargs="*", metavar="FILE", help="source files or folders; without: every file that is gated"
    )
    parser.add_argument(
        "--changed", nargs="?", const="", metavar="BASE", help="only lines changed since this git revision"
    )
    parser.add_argument("--sample", type=int, metavar="N", help="at most N mutants of each file, chosen by --seed")
    parser.add_argument("--seed", default="1", help="for --sample and for the order under --seconds")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, metavar="N", help="children at a time")
    parser.add_argument("--seconds", type=float, metavar="S", help="stop trying new mutants after this time")
    parser.add_argument("--rate", type=float, default=95.0, metavar="R", help="per cent that must be killed (95)")
    parser.add_argument(
        "--line", type=int, action="append", metavar="N", help="only mutants of this line (may be repeated)"
    )
    parser.add_argument("--mirrored", action="store_true", help="ask only the tests of the file's own name")
    parser.add_argument("--equivalent", action="store_true", help="try the listed ones: none may be killed")
    parser.add_argument("--list", action="store_true", help="show the mutants, try none")
    parser.add_argument("--killers", action="store_true", help="show which test noticed each mutant")
    return parser.parse_args(words)


def choose(options: argparse.Namespace, equivalents: Equivalents) -> Iterator[FileResult]:
    """Yield each file with the mutants to try. Entries of the list that fit nothing are its problems."""
    changed = changed_lines(options.changed or None) if options.changed is not None else None
    paths = [path for name in options.files for path in files_of(name)] or gated_files()
    if changed is not None:
        paths = [path for path in paths if path in changed and is_gated(path)]
    for path in paths:
        found = source(path)
        numbers = list(range(len(found.mutants)))
        problems = equivalents.stale(path, found.mutants)
        if changed is not None:
            numbers = [number for number in numbers if found.mutants[number].line in changed[path]]
        if options.line:
            numbers = [number for number in numbers if found.mutants[number].line in options.line]
        equivalent = [number for number in numbers if equivalents.reason(found.mutants[number]) is not None]
        chosen = equivalent if options.equivalent else [number for number in numbers if number not in set(equivalent)]
        chance = random.Random(f"{options.seed}:{path}")
        if options.sample is not None and options.sample < len(chosen):
            chosen = sorted(chance.sample(chosen, options.sample))
        if options.seconds is not None:
            chance.shuffle(chosen)  # what is not reached in time is no particular part
        mirrored = mirrored_tests(path)
        wider = [] if options.mirrored else [name for name in asked_tests(path) if name not in mirrored]
        stages = [tests for tests in (mirrored, wider) if tests]
        yield FileResult(path, found, chosen, equivalent, stages, problems=problems)


def judge_file(result: FileResult, jobs: int, deadline: float) -> None:
    """Try the chosen mutants of one file: the tests of its own name first, the wider ones on what survives those."""
    started = time.monotonic()
    if not result.stages:
        result.problems.append("there is no test to ask")
    left = result.chosen
    for tests in result.stages:
        for number in left:
            result.verdicts.pop(number, None)  # what is not reached in time has no verdict
        if left:
            _judge_stage(result, left, tests, jobs, deadline)
        left = result.survivors
    result.seconds = time.monotonic() - started


def _judge_stage(result: FileResult, numbers: Sequence[int], tests: Sequence[str], jobs: int, deadline: float) -> None:
    """Ask these tests about some mutants: in place first, what cannot be judged so with everything imported anew."""
    again: list[int] = []
    left_out: list[str] = []
    for message in _swap_messages(result.source, numbers, tests, jobs, deadline):
        match message["kind"]:
            case "modules":
                import_foreign(message["names"])
            case "problem" | "note":
                result.problems += [message["text"]] if message["kind"] == "problem" else []
                print(f"  {message['text']}", flush=True)
            case "left out":
                left_out.append(message["test"])
            case "killer":
                result.killers[message["number"]] = message["test"]
            case "verdict" if message["verdict"] == Verdict.AGAIN:
                again.append(message["number"])
            case "verdict":
                result.verdicts[message["number"]] = Verdict(message["verdict"])
    if again:
        _judge_fresh(result, again, [*(f"--deselect={name}" for name in left_out), *tests], jobs, deadline)


def _swap_messages(
    source: Source, numbers: Sequence[int], tests: Sequence[str], jobs: int, deadline: float
) -> Iterator[Message]:
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.close(reading)
        try:
            _silence()
            end_with_parent()
            import pytest

            def report(message: Message) -> None:
                os.write(writing, json.dumps(message).encode() + b"\n")

            plugin = SwapPlugin(source, numbers, jobs, deadline, report)
            pytest.main([*options_for(tests), *tests], plugins=[plugin])
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)
    os.waitpid(child, 0)


def _judge_fresh(result: FileResult, again: Sequence[int], tests: Sequence[str], jobs: int, deadline: float) -> None:
    filename = str(INTEGRATION / result.path)

    def task(number: int | None) -> Task:
        body = run_fresh(result.source, number, filename, tests)

        def quietly() -> int:
            _silence()
            return body()

        return Task(-1 if number is None else number, quietly, usual_seconds=20.0)

    control = dict(judge(iter([task(None)]), 1))
    if control[-1] is not Verdict.SURVIVED:
        result.problems.append("the tests fail without a change: nothing that acts on import was judged")
        return
    tasks = (task(number) for number in again if time.monotonic() < deadline)
    for number, verdict in judge(tasks, jobs):
        result.verdicts[number] = verdict


def _silence() -> None:
    nowhere = os.open(os.devnull, os.O_RDWR)
    for handle in (0, 1, 2):
        os.dup2(nowhere, handle)


def show(result: FileResult, options: argparse.Namespace) -> None:
    """Print what is to be said about one file."""
    print(result.summary(), flush=True)
    shown = result.survivors
    if options.equivalent:
        shown = [number for number in result.verdicts if number not in set(shown)]
    for number in shown:
        print(
            f"  {'not equivalent' if options.equivalent else 'survived'}: {result.source.mutants[number]}", flush=True
        )
    if options.killers:
        for number, test in sorted(result.killers.items()):
            print(f"  killed: {result.source.mutants[number]} by {test}", flush=True)


def is_too_low(killed: int, tried: int, rate: float, *, is_all: bool) -> bool:
    """Whether a rate is missed: of a part, whether it shows that the whole misses it (one error in a hundred)."""
    if is_all:
        return 100 * killed < rate * tried
    # So many survivors or more, if each mutant of the whole were killed with the probability of the rate.
    survives = 1 - rate / 100
    chance = sum(
        comb(tried, number) * survives**number * (1 - survives) ** (tried - number)
        for number in range(tried - killed, tried + 1)
    )
    return chance < 0.01


def verdict(results: Sequence[FileResult], options: argparse.Namespace) -> int:
    """Print the rates by folder; return 1 when one that is gated is too low, or something could not be judged."""
    rooms: dict[str, list[FileResult]] = {}
    for result in results:
        rooms.setdefault(room(result.path), []).append(result)
    failed = False
    # A few lines, a sample, what a time allowed: parts of a folder, whose rate says something about it within limits.
    is_all = options.changed is None and options.sample is None and options.seconds is None and not options.line
    print("\n| folder | mutants | equivalent | killed | survived | rate |\n|---|---|---|---|---|---|")
    for name, some in sorted(rooms.items()):
        tried, killed = sum(one.tried for one in some), sum(one.killed for one in some)
        equivalent = sum(len(one.equivalent) for one in some)
        cells = [f"{name}/", tried + equivalent, equivalent, killed, tried - killed, percent(killed, tried)]
        print(f"| {' | '.join(map(str, cells))} |")
        if options.equivalent:
            failed |= killed > 0
        else:
            failed |= is_gated(name + "/") and is_too_low(killed, tried, options.rate, is_all=is_all)
    for result in results:
        for problem in result.problems:
            failed = True
            print(f"{result.path}: {problem}")
    print("FAILED" if failed else "passed")
    return 1 if failed else 0


def main() -> int:
    """Run what was asked for."""
    options = arguments()
    os.chdir(TOP)
    sys.path.insert(0, str(TOP))
    results = list(choose(options, Equivalents(LIST.read_text(encoding="utf-8"))))
    if options.list:
        for result in results:
            print(*(result.source.mutants[number] for number in result.chosen), sep="\n")
        return 0
    steady_hypothesis()
    deadline = time.monotonic() + (options.seconds if options.seconds is not None else float("inf"))
    with TemporaryDirectory(prefix="mutate") as folder:
        # Children import the same modules again and again; what is changed never gets there.
        sys.pycache_prefix, sys.dont_write_bytecode = folder, False
        for result in results:
            if result.chosen and time.monotonic() < deadline:
                judge_file(result, options.jobs, deadline)
                show(result, options)
    return verdict(results, options)


if __name__ == "__main__":
    sys.exit(main())
