"""A deadline for everything that one poll or examination does, because each answer has only one of its own."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
import math

from ..const import SLOW_ANSWERS, TOTAL_TIME
from ..dlms import ResponseTimeout


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
