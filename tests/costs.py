"""What work costs, told so that other processes do not matter: processor time, to compare with processor time."""

from collections.abc import Callable
import time


def cost(work: Callable[[], object], runs: int = 3) -> float:
    """Return the processor time of the quickest run, in seconds."""
    times = []
    for _ in range(runs):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return min(times)
