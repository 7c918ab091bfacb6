"""Whether the newest row of a profile is the first, as far as times in its rows tell (IEC 62056-6-2, sort_method).

Meters tell another order than that of their rows, and clocks are set back: so a step counts that is as long as the
capture period makes it. Any other only makes what the meter tells doubtful.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from ..encoding.cosem_time import in_utc


class RowOrder:
    """Takes the times of rows as they come. ``told``: whether the newest is said to be the first, None if not said."""

    def __init__(self, capture_period: int, *, told: bool | None) -> None:
        self._period = timedelta(seconds=capture_period)
        self._told = told
        self._exact: set[bool] = set()
        """Of steps as long as so many periods as rows: whether they lead down."""
        self._other: set[bool] = set()
        self._rows = 0
        self._last: list[tuple[int, datetime]] = []
        """Number and time of the last row that had one."""

    def watch(self, times: Sequence[object]) -> None:
        """Take the times of the next rows; what is none is no time."""
        is_whole = type(None) not in {*map(type, times)}
        # Where all are there, nothing depends on the order yet.
        first = max(len(times) - 2, 0) if is_whole else 0
        known = [
            (self._rows + place, time) for place, time in enumerate(times[first:], first) if isinstance(time, datetime)
        ]
        self._rows += len(times)
        for (place, time), (later_place, later_time) in pairwise([*self._last, *known]):
            if is_whole and self._exact:
                break  # enough is known, and a year has many batches
            self._note(later_place - place, in_utc(later_time) - in_utc(time))
        self._last = known[-1:] or self._last

    def _note(self, rows: int, step: timedelta) -> None:
        if step:
            is_exact = abs(step) == rows * self._period
            (self._exact if is_exact else self._other).add(step < timedelta(0))

    @property
    def falls(self) -> bool | None:
        """Whether the newest row is the first; None if that is not known."""
        if len(self._exact) == 1:
            return True in self._exact
        is_contradicted = not self._exact and self._other == {not self._told}
        return None if is_contradicted else self._told
