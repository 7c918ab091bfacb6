"""Where a reading goes on after a drop: behind the last row, wherever that is now.

Rows in the order of time go on behind the last time; entries, and rows in another order, behind the place of the last
rows. What was captured meanwhile may have moved them.
"""

from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from typing import Final

from ..encoding.cosem_time import in_utc
from ..errors import DecodeError
from ..interface_classes.profile_columns import ProfileRow

OVERLAP: Final = 16
"""Rows by which entries may have moved during a drop, and that are compared to find the last one again."""

_MOST_OF_ONE_TIME: Final = 4096
"""Rows that are remembered; behind more of one time no reading goes on."""


@dataclass(slots=True)
class ReadSoFar:
    """How far a reading came. Rows are kept as text: a NaN is not equal to itself."""

    rows: int = 0
    time: datetime | None = None
    """Of the latest row, in UTC, if it has one."""
    last: Counter[str] = field(default_factory=Counter)
    """The latest rows, of one time."""
    tail: deque[str] = field(default_factory=lambda: deque(maxlen=OVERLAP))
    """The latest rows."""
    rises: bool = False
    falls: bool = False
    """Whether a time was later, or earlier, than the one before."""
    _latest: datetime | None = None

    def add(self, rows: Sequence[ProfileRow], clock: int | None) -> None:
        """Note rows that were handed out."""
        if not rows:
            return
        self.rows += len(rows)
        self.tail.extend(map(repr, rows[-OVERLAP:]))
        if clock is not None:
            times = [in_utc(cell) if isinstance(cell := row[clock], datetime) else None for row in rows]
            self._watch_order([time for time in times if time is not None])
            self._note_last(rows, times)

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

    def _note_last(self, rows: Sequence[ProfileRow], times: Sequence[datetime | None]) -> None:
        time = times[-1]
        same = next((count for count, each in enumerate(reversed(times)) if each != time), len(rows))
        if same < len(rows) or time != self.time:
            self.last.clear()
        self.time = time
        if time is not None and self.last.total() <= _MOST_OF_ONE_TIME:
            self.last.update(map(repr, rows[-same:]))

    @property
    def has_place(self) -> bool:
        """Whether a time tells where to go on."""
        return self.time is not None and self.last.total() <= _MOST_OF_ONE_TIME


class BehindTime:
    """Leaves out rows up to the last one that an earlier association brought, by their time."""

    def __init__(self, progress: ReadSoFar) -> None:
        self._time = progress.time
        self._known = Counter(progress.last)
        self._rises, self._falls = progress.rises, progress.falls
        self._is_past = False

    def is_new(self, row: ProfileRow, time: datetime | None) -> bool:
        """Return whether a row is behind them; ``time`` in UTC. Rows come in the buffer's order."""
        if self._is_past:
            return True
        if time is None or self._time is None:
            return False
        if time == self._time:
            return not self._is_known(row)
        if not (self._rises or self._falls):
            return True  # there was only one time: every other one is new, on whichever side of it
        self._is_past = not (self._falls if time > self._time else self._rises)
        return self._is_past

    def _is_known(self, row: ProfileRow) -> bool:
        """Return whether it was handed out; as many equal ones were as are counted."""
        text = repr(row)
        if not self._known[text]:
            return False
        self._known[text] -= 1
        # Behind the last of them everything is new, whatever its time: a clock may have been set back.
        self._is_past = not self._known.total()
        return True


class BehindRows:
    """Leaves out rows up to the last one that an earlier association brought, by finding it again.

    ``expected``: how many rows come up to it, if none moved.
    """

    def __init__(self, tail: Sequence[str], expected: int) -> None:
        self._tail = tuple(tail)
        self._expected = expected
        self._held: list[tuple[str, ProfileRow]] = []
        self._left_out = 0
        """Rows before those that are held."""
        self._is_past = False

    def of(self, rows: Sequence[ProfileRow]) -> list[ProfileRow]:
        """Return those behind it. Raises DecodeError where it has moved too far."""
        if self._is_past:
            return [*rows]
        first = self._expected - OVERLAP - len(self._tail)
        come = self._left_out + len(self._held)
        skipped = max(0, min(first - come, len(rows))) if not self._held else 0
        self._left_out += skipped
        self._held += [(repr(row), row) for row in rows[skipped:]]
        if self._left_out + len(self._held) < self._expected + OVERLAP:
            return []
        return self.finish()

    def finish(self) -> list[ProfileRow]:
        """Return those behind it, as no more come. Raises DecodeError as of()."""
        if self._is_past:
            return []
        found = [(self._common(place), place) for place in range(len(self._held))]
        common, place = max(
            found, key=lambda each: (each[0], -abs(self._left_out + each[1] + 1 - self._expected)), default=(0, 0)
        )
        if not common:
            raise DecodeError("the last row that was read is not where it was: entries of the profile have moved")
        self._is_past = True
        behind = [row for _, row in self._held[place + 1 :]]
        self._held = []
        return behind

    def _common(self, place: int) -> int:
        """Return how many rows up to this one are the last ones; 0 where it is another row."""
        if abs(self._left_out + place + 1 - self._expected) > OVERLAP:
            return 0
        common = min(len(self._tail), place + 1)
        held = [text for text, _ in self._held[place + 1 - common : place + 1]]
        is_whole = common == len(self._tail) or not self._left_out
        return common if is_whole and held == [*self._tail[-common:]] else 0
