"""Whether another client seems to hold the meter: many serve one at a time, and say so in different ways.

Then it is asked less often (back_off.py), and nothing is kept between polls, so that both have their turns.
"""

import math
from typing import Final

from .error_mapping import may_be_of_another_client

SHARED_FOR: Final = 3600.0
"""Seconds after the last sign of another client in which no association is kept."""

CERTAIN: Final = 2
"""So many signs in a row: one may come of a meter that starts, or of another entry of our own (client/coexistence)."""


class OtherClient:
    """Of one entry's meter. ``now``: of a clock that only goes forward, in seconds."""

    def __init__(self) -> None:
        self._signs = 0
        self._shared_until = -math.inf

    @property
    def is_there(self) -> bool:
        """Whether the last attempts failed as if another client held the meter."""
        return self._signs >= CERTAIN

    def is_shared(self, now: float) -> bool:
        """Whether there was another client not long ago."""
        return now < self._shared_until

    def note_success(self) -> None:
        """Note that the meter let us in."""
        self._signs = 0

    def note_failure(self, error: BaseException, now: float, *, was_open: bool) -> bool:
        """Note why the meter was not read; return whether another client is news.

        ``was_open``: whether it had let us in before.
        """
        self._signs = 0 if was_open or not may_be_of_another_client(error) else self._signs + 1
        if not self.is_there:
            return False
        is_new = not self.is_shared(now)
        self._shared_until = now + SHARED_FOR
        return is_new
