"""How long to wait after a poll that failed: longer with every failure in a row, up to five minutes."""

import random

from ..const import BACKOFF_FACTOR, BACKOFF_JITTER, BACKOFF_MAXIMUM


class BackOff:
    """The pauses of one entry."""

    def __init__(self, interval: float) -> None:
        """Begin before the first set-up; `interval` in seconds."""
        self._interval = interval
        self._failures = 0
        self._succeeded_once = False

    def note_success(self) -> None:
        """Begin anew after a good poll."""
        self._failures = 0
        self._succeeded_once = True

    def pause_after_failure(self, asked_for: float | None) -> float | None:
        """Return the seconds until the next attempt; `asked_for` are those that the kind of failure demands.

        None during the first set-up: Home Assistant has its own, shorter pauses.
        """
        failures, self._failures = self._failures, self._failures + 1
        if asked_for is not None:
            return asked_for * random.uniform(1 - BACKOFF_JITTER, 1)  # noqa: S311 - no secret
        if not self._succeeded_once:
            return None
        steps = min(failures, 32)  # any interval has reached the maximum long before
        pause = min(self._interval * BACKOFF_FACTOR**steps, BACKOFF_MAXIMUM)
        return pause * random.uniform(1 - BACKOFF_JITTER, 1 + BACKOFF_JITTER)  # noqa: S311 - no secret
