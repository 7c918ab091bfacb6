"""A deadline for everything that one poll or examination does, because each answer has only one of its own."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
import math
from typing import Final

from ..const import SLOW_ANSWERS, TOTAL_TIME
from ..dlms import ResponseTimeout

OPENING_TIME: Final = 30.0
"""Seconds of a poll for its associations: a meter that answers slowly lets us in slowly, too."""


def total_time(response_timeout: float, interval: float = 0) -> float:
    """Return the seconds for a meter that answers within so many seconds and is read so often."""
    return max(TOTAL_TIME, interval, SLOW_ANSWERS * response_timeout)


@asynccontextmanager
async def async_total_deadline(what: str, seconds: float) -> AsyncIterator[None]:
    """End what is inside after so many seconds; never after infinitely many. Raises ResponseTimeout."""
    deadline = asyncio.timeout(None if math.isinf(seconds) else seconds)
    try:
        async with deadline:
            yield
    except TimeoutError:
        if not deadline.expired():
            raise
        raise ResponseTimeout(what, seconds) from None


class PollTime:
    """The time of one entry's polls, however many associations one needs; nothing else of it is ended.

    ``clock``: the event loop's; ``seconds``: for what is read.
    """

    def __init__(self, clock: Callable[[], float], seconds: float) -> None:
        self._clock = clock
        self._seconds = seconds
        self._ends_at = math.inf

    @contextmanager
    def running(self) -> Iterator[None]:
        """Let a poll begin, and end with what is inside."""
        self._ends_at = self._clock() + OPENING_TIME + self._seconds
        try:
            yield
        finally:
            self._ends_at = math.inf

    def is_left(self) -> bool:
        """Whether there is any; always outside of a poll."""
        return self._clock() < self._ends_at

    def for_opening(self) -> AbstractAsyncContextManager[None]:
        """Return what ends an opening when the poll is over. Raises ResponseTimeout."""
        return async_total_deadline("end of the poll", self._ends_at - self._clock())

    def for_reading(self) -> AbstractAsyncContextManager[None]:
        """Return what ends a reading that takes too long. Raises ResponseTimeout."""
        return async_total_deadline("end of the poll", min(self._seconds, self._ends_at - self._clock()))
