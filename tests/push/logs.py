"""Entries of an event log, made by hand."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from typing import Protocol

from custom_components.cosem.dlms import CaptureObject, LogicalName, ProfileColumn, ProfileRequest, ProfileRow
from custom_components.cosem.push.log_mark import LogEntry

LOG = LogicalName.parse("0.0.99.98.0.255")
CODES = "0.0.96.11.0.255"
START = datetime(2026, 11, 1, tzinfo=UTC)

CLOCK_COLUMN = ProfileColumn(CaptureObject(8, LogicalName.parse("0.0.1.0.0.255"), 2, 0))
CODE_COLUMN = ProfileColumn(CaptureObject(1, LogicalName.parse(CODES), 2, 0))


def entry(*cells: object, columns: tuple[ProfileColumn, ...] = (CLOCK_COLUMN, CODE_COLUMN)) -> LogEntry:
    row: ProfileRow = tuple(cells)  # type: ignore[arg-type] # any cells
    return LogEntry(row, columns)


def at(hours: float, code: int = 1) -> LogEntry:
    """An entry so many hours after the first one."""
    return entry(START + timedelta(hours=hours), code)


def without_clock(code: int) -> LogEntry:
    """An entry of a log that has no column with the time."""
    return entry(code, columns=(CODE_COLUMN,))


class Lends(Protocol):
    """What opens an association for a reading."""

    def __call__(self) -> AbstractAsyncContextManager[object]:
        """Open it."""


class LogClient:
    """A meter's client whose meter has one log, in the order of its buffer."""

    def __init__(self, log: Sequence[LogEntry], *, most: int = 10_000) -> None:
        self.log = list(log)
        self.most = most
        self.asked: list[tuple[int, int]] = []
        self.drops: list[Exception] = []

    def read_profile(self, lend: Lends, _pair: object, request: ProfileRequest) -> LogRows:
        """Return the rows of a request; some meters give no more than ``most``."""
        assert request.entries is not None
        self.asked.append(request.entries)
        first, last = request.entries
        return LogRows(lend, self.log[first - 1 : last or None][: self.most], self.drops)


class LogRows:
    """What comes of one request, in two batches."""

    def __init__(self, lend: Lends, entries: list[LogEntry], drops: list[Exception]) -> None:
        self._lend = lend
        self._entries = entries
        self._drops = drops
        self.columns = entries[0].columns if entries else ()

    async def rows(self) -> AsyncGenerator[list[ProfileRow]]:
        """Yield them; after a drop from a new association."""
        while True:
            async with self._lend():
                if self._drops:
                    self._drops.pop()
                    continue
                rows = [each.cells for each in self._entries]
                middle = len(rows) // 2
                for batch in (rows[:middle], rows[middle:]):
                    if batch:
                        yield batch
                return
