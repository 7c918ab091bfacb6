"""Pauses after failed polls: longer with each in a row, up to five minutes."""

import random

from ..const import BACKOFF_FACTOR, BACKOFF_JITTER, BACKOFF_MAXIMUM, RETRY_TRANSIENT


class BackOff:
    """One entry's pauses; ``interval`` in seconds."""

    def __init__(self, interval: float) -> None:
        self._interval = interval
        self._failures: int | None = None
        """In a row; None before the first success."""

    def note_success(self) -> None:
        """Begin anew."""
        self._failures = 0

    def pause_after_failure(self, asked_for: float | None, *, is_held: bool = False) -> float | None:
        """Return the seconds to wait, about ``asked_for`` if given; None for Home Assistant's own.

        ``is_held``: another client seems to hold the meter, and gets room.
        """
        failures = self._failures
        if failures is not None:
            self._failures = failures + 1
        if is_held:
            return self._room(failures or 0)
        if asked_for is not None:
            return asked_for * random.uniform(1 - BACKOFF_JITTER, 1)  # noqa: S311 - no secret
        # During the first set-up Home Assistant has its own, shorter pauses.
        if failures is None:
            return None
        steps = min(failures, 32)  # any interval has reached the maximum long before
        pause = min(self._interval * BACKOFF_FACTOR**steps, BACKOFF_MAXIMUM)
        return pause * random.uniform(1 - BACKOFF_JITTER, 1 + BACKOFF_JITTER)  # noqa: S311 - no secret

    def _room(self, failures: int) -> float:
        """Return a pause of one to five minutes, never shorter than the interval, so that others get in."""
        pause = max(self._interval, min(RETRY_TRANSIENT * BACKOFF_FACTOR ** min(failures, 32), BACKOFF_MAXIMUM))
        return pause * random.uniform(1, 1 + BACKOFF_JITTER)  # noqa: S311 - no secret
