"""Runs a command beside processes that keep the processors busy, to see whether it depends on the machine's speed.

    python tools/busy.py 6 .venv/bin/python -m pytest -q -n 2 tests/test_canary.py
    python tools/busy.py --times 20 6 .venv/bin/python -m pytest -q tests/faults/test_security.py

`scripts/test --busy 6` does this for all tests. The processes have the command's priority and end with it. Says how
long each run took; exits with the status of the first one that failed.
"""

import argparse
import hashlib
import multiprocessing
import os
import subprocess
import sys
import time


def keep_busy() -> None:
    """Work until the parent is gone."""
    parent = os.getppid()
    data = bytes(100_000)
    while os.getppid() == parent:
        for _ in range(200):
            data = hashlib.sha256(data).digest() * 3_000
            sum(range(10_000))


def main() -> int:
    """Run the command as often as asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("processes", type=int, help="how many busy processes")
    parser.add_argument("--times", type=int, default=1, help="how often to run the command")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    arguments = parser.parse_args()
    context = multiprocessing.get_context("spawn")
    others = [context.Process(target=keep_busy, daemon=True) for _ in range(arguments.processes)]
    for other in others:
        other.start()
    try:
        for number in range(1, arguments.times + 1):
            began = time.monotonic()
            status = subprocess.run(arguments.command, check=False).returncode
            seconds = time.monotonic() - began
            print(
                f"[busy] run {number} beside {len(others)} busy processes: status {status}, {seconds:.0f} s", flush=True
            )
            if status:
                return status
    finally:
        for other in others:
            other.kill()
    return 0


if __name__ == "__main__":
    sys.exit(main())
