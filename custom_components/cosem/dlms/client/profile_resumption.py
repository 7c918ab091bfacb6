"""Where a reading goes on after a drop: behind the last row, wherever that is now.

The last rows that came are looked for among those that come again. Times do not tell: a clock may have been set back
further on. What was captured meanwhile may have moved rows, or pushed them out of a full buffer.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from typing import Final

from ..encoding.cosem_time import in_utc
from ..errors import DecodeError
from ..interface_classes.profile_columns import ProfileRow

OVERLAP: Final = 16
"""Rows that are compared to find the last one again, and by which entries may have moved where few are asked for."""

_MOST_HELD: Final = 4096
"""Rows that are held back until it is certain that the place is the right one."""


@dataclass(slots=True)
class ReadSoFar:
    """How far a reading came. Rows are kept as text: a NaN is not equal to itself."""

    rows: int = 0
    tail: deque[str] = field(default_factory=lambda: deque(maxlen=OVERLAP))
    """The latest rows."""
    rises: bool = False
    falls: bool = False
    """Whether a time was later, or earlier, than the one before."""
    _latest: datetime | None = None

    def add(self, rows: Sequence[ProfileRow], clock: int | None) -> None:
        """Note rows that were handed out."""
        self.rows += len(rows)
        self.tail.extend(map(repr, rows[-OVERLAP:]))
        if clock is not None:
            self._watch_order([in_utc(cell) for row in rows if isinstance(cell := row[clock], datetime)])

    @property
    def is_mixed(self) -> bool:
        """Whether times are in no order."""
        return self.rises and self.falls

    def _watch_order(self, times: Sequence[datetime]) -> None:
        known = [*([] if self._latest is None else [self._latest]), *times]
        if not known:
            return
        self.rises = self.rises or any(later > earlier for earlier, later in pairwise(known))
        self.falls = self.falls or any(later < earlier for earlier, later in pairwise(known))
        self._latest = known[-1]


class BehindRows:
    """Leaves out rows up to the last one that an earlier association brought, by finding it again.

    ``expected``: how many rows come up to it, if none moved. ``reach``: by how many it may have moved, None for any
    number. ``is_fixed``: none can have moved, so of several places that look alike the nearest one is right.
    ``is_sorted``: by a value, so what was captured meanwhile may stand between the last rows, which stood side by side.
    """

    def __init__(
        self,
        tail: Sequence[str],
        expected: int,
        *,
        reach: int | None = OVERLAP,
        is_fixed: bool = True,
        is_sorted: bool = False,
    ) -> None:
        self._tail = [*tail]
        self._expected = expected
        self._reach = reach
        self._is_fixed = is_fixed
        self._is_sorted = is_sorted
        self._come = 0
        """Rows that came."""
        self._window: deque[str] = deque(maxlen=len(self._tail) + (OVERLAP if is_sorted else 0))
        """The latest of them."""
        self._found: tuple[int, int] | None = None
        """How much is like the last rows up to the place (see _likeness), and the place: its number, from 1 on."""
        self._held: list[ProfileRow] = []
        """Rows behind the place."""
        self._is_past = False

    def of(self, rows: Sequence[ProfileRow]) -> list[ProfileRow]:
        """Return those behind it. Raises DecodeError where it has moved too far, or may be in more than one place."""
        if self._is_past and self._is_watched:
            return [*rows]
        skipped = 0
        if self._reach is not None:  # what is far before it need not be looked at
            skipped = max(0, min(self._expected - self._reach - len(self._tail) - self._come, len(rows)))
            self._come += skipped
        behind: list[ProfileRow] = []
        for row in rows[skipped:]:
            self._take(row)
            if self._is_past:
                behind += self._released()
            elif self._found is not None and (self._is_watched or len(self._held) >= _MOST_HELD):
                behind += self.finish()
        return behind

    def finish(self) -> list[ProfileRow]:
        """Return those behind it, as no more come. Raises DecodeError as of()."""
        if self._found is None:
            raise DecodeError("the last row that was read is not where it was: entries of the profile have moved")
        self._is_past = True
        return self._released()

    @property
    def _is_watched(self) -> bool:
        """Whether all rows have come among which another place would be as likely."""
        return self._come >= self._expected + OVERLAP

    def _released(self) -> list[ProfileRow]:
        held, self._held = self._held, []
        return held

    def _take(self, row: ProfileRow) -> None:
        self._come += 1
        self._window.append(repr(row))
        if self._found is not None:
            self._held.append(row)
        likeness = self._likeness()
        if likeness and (self._reach is None or abs(self._come - self._expected) <= self._reach):
            self._note(likeness)

    def _likeness(self) -> int:
        """Return 0 where this is not the last row, else more the more rows up to it are the last ones.

        Fewer than all only where those before them are gone; all of them with others in between; all of them alone.
        """
        tail, latest = self._tail, [*self._window][-len(self._tail) :]
        if latest[-1] != tail[-1]:
            return 0
        if latest == tail:
            return len(tail) + 1
        if self._is_sorted:
            come = reversed(self._window)
            if all(row in come for row in reversed(tail)):  # each is looked for in front of the one behind it
                return len(tail)
        return self._come if self._come < len(tail) and latest == tail[-self._come :] else 0

    def _note(self, likeness: int) -> None:
        """Note a place that may be the right one."""
        best, place = self._found or (0, 0)
        if likeness < best:
            return  # the last rows came as they were, and one like the last of them behind it
        if best >= len(self._tail) or self._is_past:
            if not self._is_fixed:
                raise DecodeError("entries of the profile may have moved, and the last ones that were read look alike")
            if abs(self._come - self._expected) >= abs(place - self._expected):
                return
        self._found = likeness, self._come
        self._held = []
