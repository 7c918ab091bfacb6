"""Runs faults of the matrix: every one must be survived, with the truth check, and the next polls must read again.

    scripts/faults [--count N] [--seed S] [--processes N] [--case LINE]

One meter and one client for each fault, on an in-memory link and a clock of their own. Prints the seed, the counts by
row, and after how many polls everything was fresh again; exit 1 when a fault was not survived. Failing cases are added
to tests/faults/matrix/corpus.txt, whose lines are tried again by every run of the tests.
"""

import argparse
import asyncio
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
import os
from pathlib import Path
from random import SystemRandom
from statistics import median
import sys
import time
import traceback

from custom_components.cosem.dlms import DlmsError
from tests.faults.conftest import FAST
from tests.simulated_meter.attacks import HELP as ATTACKS
from tests.simulated_meter.datagrams import reorder
from tests.still_loop import StillLoop

from .bench import Bench
from .cases import Case, Protected, Service, Stage, distinct
from .general import KINDS as OF_GENERAL_BLOCKS, DisturbedBlocks
from .told import Violation
from .told_errors import check_error

CORPUS = Path(__file__).parent / "corpus.txt"
MOST_POLLS = 6
"""Polls during a fault, until the fault is ended by hand."""
MOST_RECOVERY = 2
_LOAD_PROFILE, _ENERGY = "1.0.99.1.0.255", "1.0.1.8.0.255"
_KINDS = {
    Service.SET: "other",
    Service.LONG_SET: "other",
    Service.GENERAL_SET: "other",
    Service.ACTION: "action",
    Service.LONG_ACTION: "action",
}
"""What the meter's security calls answers to these."""
_BY_HAND = {"restart", "cancel", "kill", "two-devices", "rival", "disk", "reorder"}


@dataclass
class Report:
    """What happened, by row."""

    injected: Counter[str] = field(default_factory=Counter)
    survived: Counter[str] = field(default_factory=Counter)
    struck: int = 0
    recoveries: list[int] = field(default_factory=list)
    findings: list[tuple[str, str]] = field(default_factory=list)

    def add(self, other: Report) -> None:
        """Join another process's report."""
        self.injected += other.injected
        self.survived += other.survived
        self.struck += other.struck
        self.recoveries += other.recoveries
        self.findings += other.findings


def _request_number(case: Case) -> int:
    """The number of the request within an association."""
    first = 3 if case.protected is Protected.HLS_GMAC else 2
    return {Stage.AARQ: 1, Stage.PROOF: 2, Stage.SERVICE: first, Stage.LATER: first + 1}.get(case.stage, 1)


class Faults:
    """The fault of one case at the meter of a bench."""

    def __init__(self, bench: Bench, case: Case) -> None:
        self._bench = bench
        self.case = case
        self.is_ended = False
        parameters = dict(case.parameters)
        self.times: int = parameters.pop("times", 1)
        self._parameters = parameters
        self._by_hand = 0
        self._fault = None
        self._blocks: DisturbedBlocks | None = None
        if case.fault in OF_GENERAL_BLOCKS:
            self._blocks = DisturbedBlocks(case.fault, self.times, **parameters)
            bench.meter.manipulator = self._blocks.begin
        elif case.fault not in _BY_HAND:
            self._fault = bench.meter.faults.add(case.fault, times=self.times, **parameters, **self._trigger())

    def _trigger(self) -> dict[str, object]:
        match self.case.stage:
            case Stage.CONNECT:
                return {}
            case Stage.ATTRIBUTE:
                return {"object": _LOAD_PROFILE if "blocks" in self.case.service else _ENERGY}
        if self.case.fault not in ATTACKS:
            return {"on": "any", "request": _request_number(self.case)}
        kind, _ = ATTACKS[self.case.fault]
        return {"on": _KINDS.get(self.case.service, kind) if kind == "get" else kind}

    @property
    def over(self) -> bool:
        """Whether it has struck as often as it should."""
        if self._blocks is not None:
            return not self._blocks.left
        return self._by_hand >= self.times if self._fault is None else self._fault.spent

    @property
    def struck(self) -> bool:
        """Whether it struck at all."""
        if self._blocks is not None:
            return self._blocks.struck > 0
        return self._by_hand > 0 if self._fault is None else self._fault.fired > 0

    def end(self) -> None:
        """End it, however often it struck."""
        self.is_ended = True
        self._by_hand = self.times
        self._bench.meter.faults.clear()
        self._bench.meter.manipulator = lambda: None
        self._fault = self._blocks = None

    async def poll(self) -> bool:
        """Poll during the fault; return whether everything is fresh."""
        if self.case.fault not in _BY_HAND or self.over:
            return await self._bench.poll(self.case.service)
        self._by_hand += 1
        by_hand = {
            "restart": self._poll_around_a_restart,
            "cancel": self._cancelled_poll,
            "kill": self._killed_poll,
            "rival": self._poll_beside_a_rival,
            "disk": self._poll_without_a_store,
            "reorder": self._poll_out_of_order,
            "two-devices": self._two_polls,
        }
        return await by_hand[self.case.fault]()

    async def _two_polls(self) -> bool:
        both = await asyncio.gather(self._bench.poll(self.case.service), self._bench.poll(self.case.service, 16))
        return all(both)

    async def _poll_around_a_restart(self) -> bool:
        task = asyncio.create_task(self._bench.poll(self.case.service))
        for _ in range(int(self._parameters["steps"])):
            await asyncio.sleep(0)
        self._bench.meter.restart(lose_counters=bool(self._parameters.get("lose_counters")))
        return await task

    async def _cancelled_poll(self) -> bool:
        task = asyncio.create_task(self._bench.poll(self.case.service))
        for _ in range(int(self._parameters["steps"])):
            await asyncio.sleep(0)
        task.cancel()
        with suppress(asyncio.CancelledError):
            return await task
        return False

    async def _killed_poll(self) -> bool:
        fresh = await self._cancelled_poll()
        await self._bench.begin_again()
        return fresh

    async def _poll_beside_a_rival(self) -> bool:
        async with self._bench.occupied():
            return await self._bench.poll(self.case.service)

    async def _poll_without_a_store(self) -> bool:
        """All that was stored is used up, and no more can be."""
        assert self._bench.state is not None
        self._bench.state.follow(max(self._bench.store.ceilings) - 1, confirmed_by_user=True)
        self._bench.store.is_full = True
        try:
            return await self._bench.poll(self.case.service)
        finally:
            self._bench.store.is_full = False

    async def _poll_out_of_order(self) -> bool:
        manipulator = reorder(int(self._parameters["seed"]), FAST.response)
        self._bench.meter.manipulator = lambda: manipulator
        return await self._bench.poll(self.case.service)


async def survive(case: Case) -> tuple[bool, int]:
    """Return whether the fault struck, and the polls after its end until everything was fresh. Raises Violation."""
    async with Bench(case.protected, case.channel) as bench:
        if not await bench.poll(case.service):
            raise Violation("the poll before the fault was not complete")
        faults = Faults(bench, case)
        fresh = False
        for _ in range(MOST_POLLS):
            fresh = await _attempt(faults)
            if faults.over:
                break
        struck = faults.struck
        faults.end()
        recovery = 0
        while not fresh:
            recovery += 1
            if recovery > MOST_RECOVERY:
                raise Violation(f"not fresh {MOST_RECOVERY} polls after the fault")
            fresh = await _attempt(faults)
        return struck, recovery


async def _attempt(faults: Faults) -> bool:
    try:
        return await faults.poll()
    except DlmsError as error:
        if not faults.is_ended:
            check_error(faults.case, error)
        return False


def run(cases: list[Case]) -> Report:
    """Run cases in this process."""
    report = Report()
    for case in cases:
        report.injected[case.row] += 1
        with asyncio.Runner(loop_factory=StillLoop) as runner:
            try:
                struck, recovery = runner.run(survive(case))
            except Exception:  # noqa: BLE001  # whatever it is: the fault was not survived
                report.findings.append((str(case), traceback.format_exc()))
                continue
        report.survived[case.row] += 1
        report.struck += struck
        report.recoveries.append(recovery)
    return report


def shared(cases: list[Case], processes: int) -> Report:
    """Share cases among processes."""
    if processes == 1:
        return run(cases)
    report = Report()
    with ProcessPoolExecutor(processes) as pool:
        for part in pool.map(run, [cases[number::processes] for number in range(processes)]):
            report.add(part)
    return report


def corpus() -> list[Case]:
    """Return the cases that failed once."""
    lines = CORPUS.read_text(encoding="utf-8").splitlines()
    return [Case.parse(line) for line in lines if line and not line.startswith("#")]


def _remember(report: Report) -> None:
    known = {str(case) for case in corpus()}
    with CORPUS.open("a", encoding="utf-8") as file:
        file.writelines(f"{line}\n" for line, _ in report.findings if line not in known)


def main(arguments: list[str] | None = None) -> int:
    """Parse, run, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=1000, help="how many different faults (default 1000)")
    parser.add_argument("--seed", type=int, help="repeat a run")
    parser.add_argument("--processes", type=int, default=min(2, os.cpu_count() or 1))
    parser.add_argument("--case", help="one case, as it was printed")
    options = parser.parse_args(arguments)
    seed = SystemRandom().getrandbits(32) if options.seed is None else options.seed
    cases = [Case.parse(options.case)] if options.case else [*corpus(), *distinct(seed, options.count)]
    print(f"seed {seed}, {len(cases)} faults, {options.processes} processes", flush=True)
    start = time.monotonic()
    report = shared(cases, options.processes)
    print(f"{report.injected.total()} faults in {time.monotonic() - start:.0f} s, {report.struck} struck")
    for row in sorted(report.injected):
        print(f"  {row}  {report.survived[row]:>5} of {report.injected[row]:>5} survived")
    recoveries = report.recoveries
    if recoveries:
        print(f"polls until all was fresh again: median {median(recoveries):g}, at most {max(recoveries)}")
    for line, found in report.findings:
        print(f"\nNOT SURVIVED {line}\n{found}")
    print(f"{report.survived.total()} of {report.injected.total()} survived")
    if report.findings and not options.case:
        _remember(report)
    return 1 if report.findings else 0


if __name__ == "__main__":
    sys.exit(main())
