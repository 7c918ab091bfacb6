"""Up to where an event log was told. Pure.

The place is found again by the last entries themselves: clocks are set back, rings run over, logs are cleared, and two
entries may have the same second.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
import hashlib
from itertools import takewhile
from typing import Any, Final, Self

from ..dlms import ProfileColumn, ProfileRow

TAIL: Final = 16
"""Entries by which the place is found again."""


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One row of an event log. ``time``: in UTC; None where the meter names no point in time."""

    cells: ProfileRow
    columns: tuple[ProfileColumn, ...]

    @property
    def time(self) -> datetime | None:
        """When it happened."""
        times = (cell for column, cell in zip(self.columns, self.cells, strict=True) if column.is_time)
        return next((time.astimezone(UTC) for time in times if isinstance(time, datetime)), None)

    @property
    def fingerprint(self) -> str:
        """What tells it from others. It stays when another time policy is chosen: the time is that on the clock."""
        plain = [cell.replace(tzinfo=None) if isinstance(cell, datetime) else cell for cell in self.cells]
        return hashlib.sha256(repr(plain).encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True, kw_only=True)
class LogMark:
    """``tail``: fingerprints of the last entries, oldest first. ``time``: of the last one.

    ``in_use``: the number of entries as the meter told it; None: not known to belong to the tail.
    ``newest_first``: the order of the buffer. ``counts``: that number was seen to grow with the log.
    ``lost``: the place was not found the last time; one odd answer is not believed.
    """

    tail: tuple[str, ...] = ()
    time: datetime | None = None
    in_use: int | None = None
    newest_first: bool = False
    counts: bool = False
    lost: bool = False

    def behind(self, entries: Sequence[LogEntry], in_use: int | None = None) -> Self:
        """Return the mark behind further entries, oldest first."""
        tail = (*self.tail, *(entry.fingerprint for entry in entries[-TAIL:]))[-TAIL:]
        time = entries[-1].time if entries else self.time
        return replace(self, tail=tail, time=time, in_use=in_use, lost=False)

    def new_of(self, entries: Sequence[LogEntry], grown: int | None) -> Sequence[LogEntry] | None:
        """Return the entries behind the mark; None if it is not among them.

        ``entries``: the end of the log, oldest first. ``grown``: how many are probably new, which decides between
        places that look alike.
        """
        if not self.tail:
            return entries
        prints = [entry.fingerprint for entry in entries]
        places = [(common, place) for place in range(len(prints)) if (common := self._common(prints[: place + 1]))]
        if not places:
            return None
        expected = len(prints) - 1 - (grown or 0)
        _, place = max(places, key=lambda each: (each[0], -abs(each[1] - expected)))
        return entries[place + 1 :]

    def new_without_place(self, entries: Sequence[LogEntry], *, is_cleared: bool) -> Sequence[LogEntry]:
        """Return what is new in a whole log that has none of the last entries any more: it ran over, or was cleared.

        Or its columns are others: only what is later than the mark is certainly new.
        """
        last = self.time
        if is_cleared or last is None:
            return entries
        new = sum(1 for _ in takewhile(lambda entry: entry.time is None or entry.time > last, reversed(entries)))
        return entries[len(entries) - new :]

    def _common(self, prints: Sequence[str]) -> int:
        """Return how many entries up to the last one of these are those of the tail; 0 where it is another one."""
        common = min(len(self.tail), len(prints))
        return common if [*self.tail[-common:]] == [*prints[-common:]] else 0

    def to_record(self) -> dict[str, Any]:
        """Return it for a file."""
        return {
            "tail": list(self.tail),
            "time": None if self.time is None else self.time.isoformat(),
            "in_use": self.in_use,
            "newest_first": self.newest_first,
            "counts": self.counts,
            "lost": self.lost,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """Raises on anything that ``to_record`` does not write."""
        time, in_use = record["time"], record["in_use"]
        return cls(
            tail=tuple(map(str, record["tail"])),
            time=None if time is None else datetime.fromisoformat(time).astimezone(UTC),
            in_use=None if in_use is None else int(in_use),
            newest_first=bool(record["newest_first"]),
            counts=bool(record["counts"]),
            lost=bool(record["lost"]),
        )
