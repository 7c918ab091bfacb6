"""Fuzzing: damaged octets against every decoder and against the connection.

    scripts/fuzz [--seconds N] [--inputs N] [--seed S] [--target NAME] [--processes N]
    scripts/fuzz --tcp N --udp N [--seed S]
    scripts/fuzz --calls N --datagrams N [--seed S]

The second form sends malformed answers over sockets on 127.0.0.1; between them, honest exchanges must work. The third
sends hostile notifications to a listener, over connections and datagrams; between them, a meter must be heard.
Only DlmsError may come out, results must be consistent, and no input may take longer than 100 ms of processor time.
Prints seed, counts and the worst time; exit 1 when something was found. A seed repeats a run with --inputs exactly.
"""

import argparse
import asyncio
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
import os
from random import Random, SystemRandom
import sys
import time
import traceback

from custom_components.cosem.dlms.errors import DlmsError
from tests.dlms.fuzz.conversations import connection
from tests.dlms.fuzz.corpus import octets_of, samples
from tests.dlms.fuzz.exchanges import exchange
from tests.dlms.fuzz.listener import strangers_over_tcp, strangers_over_udp
from tests.dlms.fuzz.sockets import over_tcp, over_udp
from tests.dlms.fuzz.targets import TARGETS, Target

LONGEST = 0.1  # seconds of processor time
ALL: dict[str, tuple[Target, str]] = {**TARGETS, "connection": (connection, ""), "exchange": (exchange, "")}
SHOWN = 400  # octets of an input that is reported


@dataclass
class Report:
    """What one process saw."""

    inputs: Counter[str] = field(default_factory=Counter)
    accepted: Counter[str] = field(default_factory=Counter)
    worst: float = 0
    worst_of: str = ""
    findings: list[str] = field(default_factory=list)

    def add(self, other: Report) -> None:
        """Join another process's report."""
        self.inputs += other.inputs
        self.accepted += other.accepted
        self.findings += other.findings
        if other.worst > self.worst:
            self.worst, self.worst_of = other.worst, other.worst_of


def attempt(name: str, target: Target, octets: bytes, seed: int, report: Report) -> float:
    """Give one input to one target; return the seconds it took."""
    start = time.thread_time()
    try:
        target(octets, Random(seed))
        report.accepted[name] += 1
    except DlmsError:
        pass
    except Exception:  # noqa: BLE001  # that is what is looked for
        report.findings.append(f"{name}, seed {seed}: {octets[:SHOWN].hex()}\n{traceback.format_exc()}")
    return time.thread_time() - start


def fuzz(seed: int, most: int, seconds: float, names: list[str]) -> Report:
    """Run in this process until one of both is used up."""
    random = Random(seed)
    report = Report()
    deadline = time.monotonic() + seconds
    for number in range(most):
        if (number % 64 == 0 and time.monotonic() > deadline) or len(report.findings) >= 10:
            break
        name = random.choice(names)
        target, kind = ALL[name]
        octets = b"" if random.random() < 0.001 else octets_of(random, kind)
        own = random.getrandbits(32)
        taken = attempt(name, target, octets, own, report)
        if taken > LONGEST / 5:  # once may have been a collection of garbage or a busy machine; always is a finding
            taken = min(taken, *(attempt(name, target, octets, own, Report()) for _ in range(4)))
            if taken > LONGEST:
                report.findings.append(f"{name}, seed {own}: {1000 * taken:.0f} ms for {octets[:SHOWN].hex()}")
        report.inputs[name] += 1
        if taken > report.worst:
            report.worst, report.worst_of = taken, f"{name}, {len(octets)} octets"
    return report


def run(seed: int, most: int, seconds: float, names: list[str], processes: int) -> Report:
    """Share the work among processes; each has its own seed derived from the one given."""
    if processes == 1:
        return fuzz(seed, most, seconds, names)
    report = Report()
    share = -(-most // processes)
    with ProcessPoolExecutor(processes) as pool:
        jobs = [pool.submit(fuzz, seed + 1_000_003 * number, share, seconds, names) for number in range(processes)]
        for job in jobs:
            report.add(job.result())
    return report


def run_sockets(seed: int, tcp: int, udp: int) -> int:
    """Fuzz over sockets, print, return the exit code."""
    print(f"seed {seed}", flush=True)
    findings = []
    for name, play, count in (("TCP", over_tcp, tcp), ("UDP", over_udp, udp)):
        if count:
            report = asyncio.run(play(seed, count))
            findings += report.findings
            print(
                f"{name}: {report.malformed:,} malformed in {report.seconds:.0f} s; {report.refused:,} exchanges ended"
            )
            print(f"  in an error; {report.honest:,} honest exchanges between them worked")
    for finding in findings:
        print(f"\nFOUND {finding}")
    print(f"{len(findings)} findings")
    return 1 if findings else 0


def run_listener(seed: int, calls: int, datagrams: int) -> int:
    """Attack a listener, print, return the exit code."""
    print(f"seed {seed}", flush=True)
    findings = []
    for name, play, count in (
        ("connections", strangers_over_tcp, calls),
        ("datagrams", strangers_over_udp, datagrams),
    ):
        if count:
            report = asyncio.run(play(seed, count))
            findings += report.findings
            print(f"{report.malformed:,} hostile {name} in {report.seconds:.0f} s; {report.refused:,} APDUs refused or")
            print(
                f"  dropped; the meter was heard {report.honest:,} times; memory grew by {report.grown / 1024:.0f} KiB"
            )
    for finding in findings:
        print(f"\nFOUND {finding}")
    print(f"{len(findings)} findings")
    return 1 if findings else 0


def main(arguments: list[str] | None = None) -> int:
    """Parse, run, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, help="stop after so many seconds (default 30 without --inputs)")
    parser.add_argument("--inputs", type=int, help="stop after so many inputs")
    parser.add_argument("--seed", type=int, help="repeat a run")
    parser.add_argument("--target", choices=sorted(ALL), action="append", help="only this target; may be repeated")
    parser.add_argument("--tcp", type=int, default=0, help="only malformed answers over TCP, so many")
    parser.add_argument("--udp", type=int, default=0, help="only malformed datagrams over UDP, so many")
    parser.add_argument("--calls", type=int, default=0, help="only hostile connections to a listener, so many")
    parser.add_argument("--datagrams", type=int, default=0, help="only hostile datagrams to a listener, so many")
    parser.add_argument("--processes", type=int, default=min(2, os.cpu_count() or 1))
    options = parser.parse_args(arguments)
    seed = SystemRandom().getrandbits(32) if options.seed is None else options.seed
    if options.tcp or options.udp:
        return run_sockets(seed, options.tcp, options.udp)
    if options.calls or options.datagrams:
        return run_listener(seed, options.calls, options.datagrams)
    seconds = options.seconds if options.seconds is not None else (1e9 if options.inputs else 30)
    print(f"seed {seed}, {len(samples())} samples, {options.processes} processes", flush=True)
    start = time.monotonic()
    report = run(seed, options.inputs or 10**12, seconds, options.target or list(ALL), options.processes)
    total = report.inputs.total()
    print(f"{total:,} inputs in {time.monotonic() - start:.0f} s; accepted as valid: {report.accepted.total():,}")
    for name in sorted(report.inputs):
        print(f"  {name:<14} {report.inputs[name]:>10,} inputs {report.accepted[name]:>10,} valid")
    print(f"worst: {1000 * report.worst:.1f} ms ({report.worst_of})")
    for finding in report.findings:
        print(f"\nFOUND {finding}")
    print(f"{len(report.findings)} findings")
    return 1 if report.findings else 0


if __name__ == "__main__":
    sys.exit(main())
