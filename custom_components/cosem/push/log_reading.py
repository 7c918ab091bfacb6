"""Reads the end of an event log: no more than is new, as far as that is known, and the whole log where it is not."""

from collections.abc import Iterable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final, NamedTuple

from homeassistant.util import dt as dt_util

from ..dlms import (
    Association,
    AttributeDescriptor,
    Data,
    DlmsClient,
    InterfaceClass,
    LogicalName,
    ProfileGenericAttribute,
    ProfileRequest,
    ProfileRow,
    SortMethod,
    TimePolicy,
    number_of,
)
from ..meter.lent_once import LentOnce
from ..meter.objects import AttributeResult
from .log_mark import TAIL, LogEntry, LogMark

MOST_ENTRIES: Final = 1000
"""Of one log that are told at once; of more the latest."""

_OVERLAP: Final = 2 * TAIL
"""Entries that are read besides the new ones: as many may have been captured meanwhile."""

_CONDITION: Final = (
    ProfileGenericAttribute.ENTRIES_IN_USE,
    ProfileGenericAttribute.PROFILE_ENTRIES,
    ProfileGenericAttribute.SORT_METHOD,
)


class LogNews(NamedTuple):
    """``entries``: what is new, oldest first. ``left_out``: how many more there were. ``mark``: behind all of them."""

    mark: LogMark
    entries: Sequence[LogEntry] = ()
    left_out: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class LogCondition:
    """What a meter says about a log; None where it says nothing."""

    logical_name: LogicalName
    in_use: int | None = None
    capacity: int | None = None
    sort_method: int | None = None

    @classmethod
    def of(cls, log: LogicalName, answers: dict[AttributeDescriptor, AttributeResult]) -> LogCondition:
        """Take it from the answers to ``condition_attributes``."""
        in_use, capacity, sort_method = (_count(answers[attribute]) for attribute in condition_attributes(log))
        return cls(logical_name=log, in_use=in_use, capacity=capacity, sort_method=sort_method)

    def is_as_before(self, mark: LogMark | None) -> bool:
        """Whether there is certainly nothing new."""
        if mark is None or not mark.counts or mark.lost or self.in_use is None or self.capacity is None:
            return False
        return self.in_use == mark.in_use and self.in_use < self.capacity  # the number of a full ring stays

    def grown_since(self, mark: LogMark) -> int | None:
        """Return how many entries more there are, if that is known; less than 0 where the log was cleared."""
        return None if self.in_use is None or mark.in_use is None else self.in_use - mark.in_use


def condition_attributes(log: LogicalName) -> list[AttributeDescriptor]:
    """Return what tells whether there may be something new."""
    return [AttributeDescriptor(InterfaceClass.PROFILE_GENERIC, log, index) for index in _CONDITION]


def _count(answer: AttributeResult) -> int | None:
    number = number_of(answer) if isinstance(answer, Data) else None
    return None if number is None or number < 0 else int(number)


@dataclass(frozen=True, slots=True)
class _Rows:
    """``entries``: the latest ones that came, oldest first. ``count``: of all."""

    entries: list[LogEntry]
    count: int

    def left_out_of(self, new: Sequence[LogEntry]) -> int:
        """Return how many are not among the entries, although the oldest one is new."""
        return self.count - len(self.entries) if len(new) == len(self.entries) else 0


class LogReader:
    """Reads event logs in one association."""

    def __init__(self, client: DlmsClient, association: Association, policy: TimePolicy) -> None:
        self._client = client
        self._association = association
        self._policy = policy

    async def async_read(self, condition: LogCondition, mark: LogMark | None) -> LogNews | None:
        """Return what is new behind a mark; None where that cannot be known now. Raises as ProfileReading.rows()."""
        if mark is None:
            first = await self._async_first(condition)
            return None if first is None else LogNews(first)
        grown = condition.grown_since(mark)
        window = max(grown or 0, 0) + _OVERLAP
        if condition.in_use is not None and window < condition.in_use:
            rows = await self._async_last(condition, window, newest_first=mark.newest_first)
            # Some meters send fewer than they are asked for: the newest may be missing.
            if rows.count >= window and (new := mark.new_of(rows.entries, grown)) is not None:
                return _news(mark, condition, new)
        rows = await self._async_rows(condition.logical_name, (1, 0), newest_first=mark.newest_first)
        if rows.count < (condition.in_use or 0):
            return None
        if (new := mark.new_of(rows.entries, grown)) is not None:
            return _news(mark, condition, new)._replace(left_out=rows.left_out_of(new))
        return _news_without_place(mark, condition, rows)

    async def _async_first(self, condition: LogCondition) -> LogMark | None:
        """Return the first mark; times tell the order, or else the sort method."""
        log, in_use = condition.logical_name, condition.in_use or 0
        newest_first = condition.sort_method == SortMethod.LIFO
        if in_use <= _OVERLAP:
            rows = await self._async_rows(log, (1, 0), newest_first=newest_first)
            if rows.count < in_use:
                return None
            entries = rows.entries
            if _is_falling(pairwise(entries)):
                entries, newest_first = entries[::-1], not newest_first
        else:
            begin = await self._async_rows(log, (1, TAIL))
            end = await self._async_rows(log, (in_use - TAIL + 1, 0))
            if min(begin.count, end.count) < TAIL:
                return None
            steps = [*pairwise(begin.entries), *pairwise(end.entries), (begin.entries[0], end.entries[-1])]
            is_falling = _is_falling(steps)
            newest_first = newest_first if is_falling is None else is_falling
            entries = begin.entries[::-1] if newest_first else end.entries
        return LogMark(newest_first=newest_first).behind(entries, condition.in_use)

    async def _async_last(self, condition: LogCondition, count: int, *, newest_first: bool) -> _Rows:
        first = 1 if newest_first else (condition.in_use or 0) - count + 1
        last = count if newest_first else 0  # more may have been captured meanwhile
        return await self._async_rows(condition.logical_name, (first, last), newest_first=newest_first)

    async def _async_rows(self, log: LogicalName, entries: tuple[int, int], *, newest_first: bool = False) -> _Rows:
        """``newest_first``: the order in which they come."""
        request = ProfileRequest(
            logical_name=log, entries=entries, policy=self._policy, zone=dt_util.get_default_time_zone()
        )
        most = MOST_ENTRIES + _OVERLAP
        kept: list[ProfileRow] = []
        count = 0
        reading = self._client.read_profile(LentOnce(self._association), self._association.parameters.pair, request)
        async with aclosing(reading.rows()) as batches:
            async for batch in batches:
                count += len(batch)
                kept = [*kept, *batch][:most] if newest_first else [*kept, *batch][-most:]
        found = [LogEntry(row, reading.columns) for row in (reversed(kept) if newest_first else kept)]
        return _Rows(found, count)


def _is_falling(steps: Iterable[tuple[LogEntry, LogEntry]]) -> bool | None:
    """Whether most steps go back in time, None where times do not tell: a clock that was set back is one of them."""
    times = [(one.time, other.time) for one, other in steps]
    moves = [(one < other) - (one > other) for one, other in times if one is not None and other is not None]
    return sum(moves) < 0 if sum(moves) else None


def _news(mark: LogMark, condition: LogCondition, new: Sequence[LogEntry]) -> LogNews:
    grown = condition.grown_since(mark)
    counts = len(new) == grown if new or grown else mark.counts
    return LogNews(replace(mark.behind(new, condition.in_use), counts=counts), new)


def _news_without_place(mark: LogMark, condition: LogCondition, rows: _Rows) -> LogNews:
    """Believe it the second time: a meter that just starts may have only a part of its log."""
    if not mark.lost:
        return LogNews(replace(mark, lost=True))
    grown = condition.grown_since(mark)
    new = mark.new_without_place(rows.entries, is_cleared=grown is not None and grown < 0)
    behind = replace(mark, tail=(), counts=False).behind(rows.entries, condition.in_use)
    return LogNews(behind, new, rows.left_out_of(new))
