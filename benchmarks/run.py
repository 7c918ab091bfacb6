"""Speed and memory of the stack beside gurux-dlms and dlms-cosem: same octets, same process, taking turns.

    scripts/bench [--rounds N] [--check]

Each figure is the shortest processor time of N rounds, so that what else the machine does counts for none of them. The
ratios are the result; milliseconds depend on the machine. What is secured is measured in secured.py, by medians; what
meters send unasked in notified.py; a year of a load profile, and a poll over a slow line, in year.py.
--check: exit 1 when a target is missed.
"""

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
import gc
from pathlib import Path
import platform
import sys
import time
import tracemalloc

from benchmarks import libraries, notified, samples, secured, year

type Work = Callable[[bytes], object]


@dataclass(frozen=True, kw_only=True)
class Task:
    """One line of the table. Targets: at most so many of our milliseconds, at least so many times dlms-cosem."""

    name: str
    octets: bytes
    ours: Work
    gurux: Work
    dlms_cosem: Work
    most_ms: float | None = None
    least_ratio: float | None = None


def tasks() -> list[Task]:
    """Return what is measured."""
    profile = samples.load_profile(1000)
    generic = partial(Task, gurux=libraries.gurux_data, dlms_cosem=libraries.dlms_cosem_data)
    return [
        generic(
            name="1,000 rows x 8 columns, raw",
            octets=profile,
            ours=libraries.our_rows,
            most_ms=0.5,
            least_ratio=25,
        ),
        Task(
            name="1,000 rows x 8 columns, with date-times",
            octets=profile,
            ours=libraries.our_timed_rows,
            gurux=libraries.gurux_timed_rows,
            dlms_cosem=libraries.dlms_cosem_timed_rows,
            most_ms=2,
            least_ratio=12,
        ),
        generic(
            name="1,200 structures of mixed shapes, typed",
            octets=samples.mixed(1200),
            ours=libraries.our_data,
            least_ratio=3,
        ),
        generic(
            name="object list of 300 objects, typed",
            octets=samples.object_list(300),
            ours=libraries.our_data,
            least_ratio=3,
        ),
        generic(
            name="1,000 rows x 8 columns, typed, generic",
            octets=profile,
            ours=libraries.our_data,
            least_ratio=3,
        ),
    ]


def measure(task: Task, rounds: int) -> list[float]:
    """Return the shortest milliseconds of each library."""
    works = [task.ours, task.gurux, task.dlms_cosem]
    shortest = [float("inf")] * len(works)
    for _ in range(rounds):
        for index, work in enumerate(works):
            gc.collect()  # nobody pays for what another one left behind
            work(task.octets)
            start = time.thread_time()
            work(task.octets)
            shortest[index] = min(shortest[index], time.thread_time() - start)
    return [1000 * seconds for seconds in shortest]


def peak(work: Work, octets: bytes) -> float:
    """Return the most MiB allocated at a time while decoding, result included."""
    tracemalloc.start()
    result = work(octets)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    del result
    return most / 2**20


def processor() -> str:
    """Return the processor's name, as the operating system knows it."""
    file = Path("/proc/cpuinfo")
    lines = file.read_text().splitlines() if file.exists() else []
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=30, help="repetitions of each measurement (default 30)")
    parser.add_argument("--check", action="store_true", help="exit 1 when a target is missed")
    options = parser.parse_args()
    print(f"Python {platform.python_version()}, {processor()}; shortest of {options.rounds} rounds\n")
    print("| work | ours | gurux-dlms | dlms-cosem | times gurux-dlms | times dlms-cosem | target |")
    print("|---|---|---|---|---|---|---|")
    missed = False
    for task in tasks():
        ours, gurux, cosem = measure(task, options.rounds)
        good = (task.most_ms is None or ours <= task.most_ms) and cosem / ours >= (task.least_ratio or 0)
        limit = "" if task.most_ms is None else f"<= {task.most_ms:g} ms, "
        target = f"{limit}>= {task.least_ratio:g} times dlms-cosem: {'met' if good else 'MISSED'}"
        print(
            f"| {task.name} | {ours:.2f} ms | {gurux:.1f} ms | {cosem:.1f} ms "
            f"| {gurux / ours:.1f} | {cosem / ours:.1f} | {target} |"
        )
        missed |= not good
    octets = samples.load_profile(10_000)
    for name, works in (
        ("10,000 rows, raw", (libraries.our_rows, libraries.gurux_data, libraries.dlms_cosem_data)),
        (
            "10,000 rows, with date-times",
            (libraries.our_timed_rows, libraries.gurux_timed_rows, libraries.dlms_cosem_timed_rows),
        ),
    ):
        ours, gurux, cosem = (peak(work, octets) for work in works)
        good = ours <= 5
        missed |= not good
        print(
            f"| {name}: peak memory | {ours:.1f} MiB | {gurux:.1f} MiB | {cosem:.1f} MiB "
            f"| {gurux / ours:.1f} | {cosem / ours:.1f} | <= 5 MiB: {'met' if good else 'MISSED'} |"
        )
    missed |= not secured.table(options.rounds)
    missed |= not notified.table(max(options.rounds // 3, 5))
    missed |= not year.table(max(options.rounds // 5, 2))
    return 1 if missed and options.check else 0


if __name__ == "__main__":
    sys.exit(main())
