"""An event loop with a clock of its own, so that no test depends on how fast the machine is.

Its time stands still while anything is going on and jumps to the next timer when nothing is: a deadline is missed only
by what really never comes, and costs nothing. Work handed to threads counts as going on. Only where a test has sockets
or other processes does the loop wait as any loop does, because nobody can know what is under way there; that time
counts. Where freezegun has frozen the time, its clock is the loop's, and jumps with it.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
import math
import os
import selectors
import time
from typing import Any, Final, override

import freezegun.api

_REAL: Final = {"monotonic": time.monotonic}  # freezegun replaces names in modules, not what a dict holds


class StillLoop(asyncio.SelectorEventLoop):
    """The loop of every test; `tests/conftest.py` hands it out."""

    def __init__(self) -> None:
        """Start at a time that is nobody's."""
        self._now = 1000.0
        self._jobs = 0
        self._waiting: list[asyncio.Future[bool]] = []
        self._files = _StillSelector(self)
        super().__init__(self._files)
        self._clock_resolution = 1e-6  # that of a frozen clock: a timer is due when it is reached
        self._own_files = len(self._files.get_map())

    @property  # type: ignore[override]  # Home Assistant sets the attribute to the computer's clock, which must not count
    def time(self) -> Callable[[], float]:
        """Return the clock."""
        return self._read_clock

    @time.setter
    def time(self, _clock: Callable[[], float]) -> None:
        """Keep the clock of our own."""

    def _read_clock(self) -> float:
        return time.monotonic() if freezegun.api.freeze_factories else self._now

    def pass_time(self, seconds: float) -> None:
        """Let time pass at once, as if the machine had been busy: what was due meanwhile is due now."""
        if freezegun.api.freeze_factories:
            # The frozen clock has microseconds: rounded up, so that a timer is reached.
            freezegun.api.freeze_factories[-1].tick(timedelta(microseconds=math.ceil(seconds * 1e6)))
        else:
            self._now += seconds

    async def outside(self) -> bool:
        """Return True when something came in from a thread or a socket, False when only time is left to wait for."""
        waiter: asyncio.Future[bool] = self.create_future()
        self._waiting.append(waiter)
        return await waiter

    def _wake(self, *, arrived: bool) -> None:
        for waiter in self._waiting:
            if not waiter.done():
                waiter.set_result(arrived)
        self._waiting.clear()

    @override
    def get_debug(self) -> bool:
        """Return whether futures shall note where they were made, which is half of the time that all tests take.

        Home Assistant's test plug-in has set debug mode; the checks of that (wrong thread, coroutine never awaited) are
        done all the same.
        """
        return bool(os.environ.get("PYTHONASYNCIODEBUG"))

    @override
    def run_in_executor(self, executor: Any, func: Callable[..., Any], *args: Any) -> asyncio.Future[Any]:
        job = super().run_in_executor(executor, func, *args)
        self._jobs += 1
        job.add_done_callback(self._job_done)
        return job

    def _job_done(self, _job: asyncio.Future[Any]) -> None:
        self._jobs -= 1

    @override
    async def shutdown_default_executor(self, timeout: float | None = None) -> None:
        self._jobs += 1
        try:
            await super().shutdown_default_executor(timeout)
        finally:
            self._jobs -= 1

    def _do_shutdown(self, future: asyncio.Future[None]) -> None:
        """Let the workers end by themselves, which is what `shutdown_default_executor` runs in a thread.

        Home Assistant's executor interrupts whoever has not ended within a moment: a worker that is interrupted when it
        has just taken the word to end does not pass it on, and the others wait for it for ever.
        """
        if self._default_executor is not None:
            ThreadPoolExecutor.shutdown(self._default_executor, wait=True)
        super()._do_shutdown(future)  # type: ignore[misc]  # asyncio's own, and not in its stubs

    def wait(self, select: Callable[[float | None], list[Any]], timeout: float | None) -> list[Any]:
        """Return what arrived; let time pass only when there is nothing else to wait for."""
        if timeout is not None and timeout <= 0:
            return select(0)
        if events := select(0):
            pass
        elif len(self._files.get_map()) > self._own_files:
            events = self._wait_for_others(select, timeout)
        elif self._jobs:
            events = select(timeout)  # however long that takes, it takes no time
        elif self._waiting:
            self._wake(arrived=False)
        elif timeout is None:
            events = select(None)
        else:
            self.pass_time(timeout)
        self._wake(arrived=True)
        return events

    def _wait_for_others(self, select: Callable[[float | None], list[Any]], timeout: float | None) -> list[Any]:
        """Wait for sockets and processes, by the computer's clock."""
        began = _REAL["monotonic"]()
        events = select(timeout)
        waited = _REAL["monotonic"]() - began
        if timeout is not None:
            waited = min(waited, timeout) if events else timeout
        self.pass_time(waited)
        return events


class _StillSelector(selectors.DefaultSelector):
    """Asks the loop before it waits."""

    def __init__(self, loop: StillLoop) -> None:
        super().__init__()
        self._loop = loop

    @override
    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        return self._loop.wait(super().select, timeout)


def still_loop() -> StillLoop:
    """Return the running loop of a test."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, StillLoop)
    return loop


async def quiet() -> None:
    """Return when all that can happen without time passing has happened, in threads too. Not for tests with sockets."""
    while await still_loop().outside():
        pass


async def until(condition: Callable[[], object]) -> None:
    """Let everything run that is ready, threads and sockets too, until something happened that needs no time."""
    loop = still_loop()
    idle = 0
    while not condition():
        idle = 0 if loop._ready else idle + 1
        if idle < 4:
            await asyncio.sleep(0)
        elif not await loop.outside():
            assert condition(), "it did not happen"


class LoopClock:
    """The loop's time as the clock that the stack's client can be given."""

    def monotonic(self) -> float:
        """Return the loop's time."""
        return still_loop().time()

    async def sleep(self, seconds: float) -> None:
        """Return after so many seconds of the loop."""
        await asyncio.sleep(seconds)
