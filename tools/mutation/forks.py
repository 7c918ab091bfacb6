"""Forked children, several at a time, with limits: a change can make a loop endless or a list without end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
import contextlib
import ctypes
from dataclasses import dataclass
import enum
import os
from pathlib import Path
import resource
import select
import signal
import time

_MEMORY = 3 * 2**30  # octets beside what is there already
_LEAST_PROCESSOR_SECONDS = 10
_LEAST_SECONDS = 90
_SET_PARENT_DEATH_SIGNAL = 1


class Verdict(enum.StrEnum):
    """What became of one mutant."""

    KILLED = "killed"
    TIMEOUT = "timeout"  # killed, too: a test that does not end is noticed
    SURVIVED = "survived"
    AGAIN = "again"  # cannot be judged this way


SURVIVED_CODE, KILLED_CODE, AGAIN_CODE = 0, 1, 77


@dataclass(frozen=True, slots=True)
class Task:
    """One child: what it does (returning one of the codes), and how long that takes without a change."""

    number: int
    body: Callable[[], int]
    usual_seconds: float = 0.0


def judge(tasks: Iterator[Task], jobs: int) -> Iterator[tuple[int, Verdict]]:
    """Run each task in its own child, ``jobs`` at a time; yield verdicts as they end."""
    running: dict[int, tuple[Task, int, float]] = {}
    poll = select.poll()
    try:
        exhausted = False
        while running or not exhausted:
            while not exhausted and len(running) < jobs:
                task = next(tasks, None)
                if task is None:
                    exhausted = True
                    break
                child = _start(task)
                handle = os.pidfd_open(child)
                poll.register(handle, select.POLLIN)
                running[handle] = (task, child, time.monotonic() + _LEAST_SECONDS + 20 * task.usual_seconds)
            ended = {handle for handle, _ in poll.poll(1_000)} if running else set()
            for handle, (task, child, deadline) in list(running.items()):
                if handle in ended or time.monotonic() > deadline:
                    yield task.number, _end(child, late=handle not in ended)
                    poll.unregister(handle)
                    os.close(handle)
                    del running[handle]
    finally:
        for _, child, _ in running.values():
            _end(child, late=True)


def _start(task: Task) -> int:
    child = os.fork()
    if child:
        return child
    code = AGAIN_CODE
    with contextlib.suppress(BaseException):  # whatever happens, this copy of the process must not go on
        os.setpgid(0, 0)
        end_with_parent()
        seconds = int(_LEAST_PROCESSOR_SECONDS + 10 * task.usual_seconds)
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 5))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        most = _size_now() + _MEMORY
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
        code = task.body()
    os._exit(code)


def end_with_parent() -> None:
    """Let this process end when its parent does."""
    ctypes.CDLL(None).prctl(_SET_PARENT_DEATH_SIGNAL, signal.SIGKILL)


def _end(child: int, *, late: bool) -> Verdict:
    if late:
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child, signal.SIGKILL)  # what it started and left behind
    _, status = os.waitpid(child, 0)
    if late or os.WIFSIGNALED(status):
        return Verdict.TIMEOUT
    code = os.waitstatus_to_exitcode(status)
    return {SURVIVED_CODE: Verdict.SURVIVED, AGAIN_CODE: Verdict.AGAIN}.get(code, Verdict.KILLED)


def _size_now() -> int:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    return pages * resource.getpagesize()
