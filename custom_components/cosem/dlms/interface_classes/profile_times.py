"""Points in time in the rows of a profile, batch by batch (IEC 62056-6-2, Profile generic).

In an hour that the zone has twice the daylight saving bit decides; if the meter never sets it, the order of rows.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from itertools import pairwise
from typing import Final, NamedTuple

from ..encoding.cosem_time import ClockStatus, TimePolicy, fast_datetime, is_ambiguous, standard_offset
from ..encoding.data import PlainValue

_BATCH: Final = 4_096  # rows held twice at a time
_STATUS: Final = 11  # place of the clock status in a date-time
_NO_STATUS: Final = 0xFF
_NEAR: Final = timedelta(hours=1)  # what follows later says nothing about which of two hours it follows

type TimedRow = tuple[PlainValue | datetime, ...]


class RowTimes:
    """Puts aware datetimes in place of octets that name a point in time; a batch goes on from the one before."""

    def __init__(
        self, columns: Sequence[int], policy: TimePolicy, zone: tzinfo | None, *, is_event_log: bool = False
    ) -> None:
        """``columns``: of points in time. ``is_event_log``: rows follow each other at once, not by a period."""
        self._policy = policy
        self._zone = zone
        self._hours = {column: _EqualHours(zone, is_event_log=is_event_log) for column in columns}

    def put(self, rows: list[TimedRow]) -> None:
        """Replace rows in batches, so that few are held twice."""
        moments = {
            column: self._moments([row[column] if column < len(row) else None for row in rows], hours)
            for column, hours in self._hours.items()
        }
        for start in range(0, len(rows), _BATCH):
            stop = start + _BATCH
            batch = rows[start:stop]
            if len(set(map(len, batch))) > 1:
                rows[start:stop] = [
                    tuple(
                        [moments[place][start + index] if place in moments else cell for place, cell in enumerate(row)]
                    )
                    for index, row in enumerate(batch)
                ]
            elif batch[0]:
                cells: list[Sequence[PlainValue | datetime]] = [*zip(*batch, strict=True)]
                cells = [moments[place][start:stop] if place in moments else cell for place, cell in enumerate(cells)]
                rows[start:stop] = zip(*cells, strict=True)

    def _moments(self, cells: list[PlainValue | datetime], hours: _EqualHours) -> list[PlainValue | datetime]:
        policy, zone = self._policy, self._zone
        moments = [fast_datetime(cell, policy, zone) or cell if isinstance(cell, bytes) else cell for cell in cells]
        if zone is not None:
            hours.settle(cells, moments)
        return moments


class _Local(NamedTuple):
    """A local time, and where it stands."""

    row: int
    moment: datetime
    status: int
    is_twice: bool

    @property
    def told_hour(self) -> int | None:
        """Which of two equal hours the status says, if it does."""
        return self.moment.fold if self.is_twice and self.status != _NO_STATUS else None

    @property
    def wall(self) -> datetime:
        """What is on the clock."""
        return self.moment.replace(tzinfo=None)

    def in_hour(self, fold: int) -> datetime:
        """Return it in UTC, in the first (0) or second of two equal hours."""
        return self.moment.replace(fold=fold).astimezone(UTC)


type _Step = tuple[_Local, _Local]


class _EqualHours:
    """Chooses one of two equal hours in a column of local times."""

    def __init__(self, zone: tzinfo | None, *, is_event_log: bool) -> None:
        self._zone = zone
        self._is_event_log = is_event_log
        self._status_is_kept = True
        """False once a summer row came without the daylight saving bit."""
        self._falls: bool | None = None
        """Whether the newest row is the first, if that is known."""
        self._before: _Local | None = None
        """The last local time that came."""
        self._previous: datetime | None = None
        """The same in UTC, as it was settled."""

    def settle(self, cells: list[PlainValue | datetime], moments: list[PlainValue | datetime]) -> None:
        """Settle the local ones of ``moments``, which came of ``cells``."""
        local = [
            _Local(index, moment, cell[_STATUS], is_ambiguous(moment))
            for index, (moment, cell) in enumerate(zip(moments, cells, strict=True))
            if isinstance(moment, datetime) and moment.tzinfo is self._zone and isinstance(cell, bytes)
        ]
        if not local:
            return
        steps = [*pairwise([*([] if self._before is None else [self._before]), *local])]
        self._before = local[-1]
        self._watch_order(steps)
        self._watch_status(local, steps)
        start = 0 if self._previous is not None else self._settle_first(local, moments)
        for each in local[start:]:
            if each.is_twice and not self._is_told(each):
                fold = self._fold(each)
                moments[each.row] = each.moment.replace(fold=fold)
                self._previous = each.in_hour(fold)
            else:
                self._previous = each.moment.astimezone(UTC)

    def _is_told(self, each: _Local) -> bool:
        """Whether its status says which hour it is."""
        return self._status_is_kept and each.told_hour is not None

    def _watch_status(self, local: Iterable[_Local], steps: Iterable[_Step]) -> None:
        """Learn that the bit is never set: in a row of the summer, or where the order tells another hour."""
        winters: dict[int, timedelta] = {}
        for each in local:
            if not self._status_is_kept:
                return
            if each.is_twice or each.status & ClockStatus.DAYLIGHT_SAVING_ACTIVE or each.moment.tzinfo is None:
                continue
            year = each.moment.year
            if year not in winters:
                winters[year] = standard_offset(each.moment.tzinfo, year)
            self._status_is_kept = each.moment.utcoffset() == winters[year]
        self._status_is_kept = self._status_is_kept and not any(
            earlier.told_hour == later.told_hour is not None and not self._goes_on(earlier, later)
            for earlier, later in steps
        )

    def _goes_on(self, earlier: _Local, later: _Local) -> bool:
        """Whether the clock shows that both rows are of one hour. Events may be of one time."""
        if earlier.wall == later.wall:
            return self._is_event_log
        return (later.wall < earlier.wall) is self._falls

    def _watch_order(self, steps: Sequence[_Step]) -> None:
        """Learn the order. Where both of two rows are in such an hour, a step back may be the end of the first one."""
        sure = [step for step in steps if not (step[0].is_twice and step[1].is_twice)]
        if not sure and self._falls is not None:
            return
        falling = sum((later.wall < earlier.wall) - (later.wall > earlier.wall) for earlier, later in sure or steps)
        if falling or self._falls is None:
            self._falls = falling > 0

    def _fold(self, each: _Local) -> int:
        """Return which hour follows the row before; rows of one time count as one hour apart, but for events."""
        assert self._previous is not None  # settle() has seen to it
        if self._falls:
            return 1 if self._follows(self._previous, each.in_hour(1)) else 0
        return 0 if self._follows(each.in_hour(0), self._previous) else 1

    def _follows(self, later: datetime, earlier: datetime) -> bool:
        return later >= earlier if self._is_event_log else later > earlier

    def _settle_first(self, local: Sequence[_Local], moments: list[PlainValue | datetime]) -> int:
        """Settle the first rows if they are in such an hour, by what follows them; return how many."""
        run = 0
        while run < len(local) and local[run].is_twice and not self._is_told(local[run]):
            run += 1
        if not run:
            return 0
        turn = self._turn(local[:run])
        if turn is None:
            turn = run if self._ends_in_first_hour(local, run) is not self._falls else 0
        early, late = (1, 0) if self._falls else (0, 1)
        for number, each in enumerate(local[:run]):
            fold = early if number < turn else late
            moments[each.row] = each.moment.replace(fold=fold)
            self._previous = each.in_hour(fold)
        return run

    def _turn(self, run: Sequence[_Local]) -> int | None:
        """Return the number of the row with which the other hour begins, if one does."""
        for number, (earlier, later) in enumerate(pairwise(run), 1):
            if not self._goes_on(earlier, later):
                return number
        return None

    def _ends_in_first_hour(self, local: Sequence[_Local], run: int) -> bool:
        """Whether the first rows belong to the first hour, as far as what follows them tells."""
        if run == len(local):
            return True
        gaps = [abs(local[run].moment.astimezone(UTC) - local[run - 1].in_hour(fold)) for fold in (0, 1)]
        return gaps[0] <= gaps[1] or gaps[1] > _NEAR


def expand_rows(
    rows: Iterable[TimedRow], step_seconds: int | None = None, clock_column: int | None = None
) -> list[TimedRow]:
    """Rows in which null-data is replaced by the value of the row before.

    A null timestamp is the one before plus ``step_seconds``, the capture period, which is negative where the newest
    row is the first; None without it, or without a row before.
    """
    expanded: list[TimedRow] = []
    previous: TimedRow = ()
    for row in rows:
        expanded.append(_expanded(row, previous, step_seconds, clock_column) if None in row else row)
        previous = expanded[-1]
    return expanded


def _expanded(row: TimedRow, previous: TimedRow, seconds: int | None, clock_column: int | None) -> TimedRow:
    cells = list(row)
    for index, before in enumerate(previous[: len(row)]):
        if row[index] is None:
            cells[index] = _next_time(before, seconds) if index == clock_column else before
    return tuple(cells)


def _next_time(before: PlainValue | datetime, seconds: int | None) -> datetime | None:
    if not seconds or not isinstance(before, datetime):
        return None
    try:
        return (before.astimezone(UTC) + timedelta(seconds=seconds)).astimezone(before.tzinfo)
    except OverflowError:
        return None
