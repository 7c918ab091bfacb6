"""What is wanted of a profile's rows, as they come: these columns, these times or entries, nothing twice."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from ..apdu.common import DATE_TIME_OCTETS
from ..encoding.cosem_time import in_utc
from ..errors import DecodeError
from ..interface_classes.profile_columns import ProfileRow, RowMeaning
from ..interface_classes.profile_layout import Row
from .profile_definition import ProfileDefinition
from .profile_request import ProfileRequest
from .profile_resumption import OVERLAP, BehindRows, ReadSoFar

_NO_YEAR: Final = frozenset({b"\x00\x00", b"\xff\xff"})
_NO_MONTH_OR_DAY: Final = frozenset({0, 0xFF})


class WantedRows:
    """Takes plain rows as they come, of ``places`` or of all columns; returns what is wanted of them.

    ``first_entry``: the number of the first one that comes, where entries are asked for by their numbers; None where
    all rows, or those of some times, come.
    """

    def __init__(
        self,
        request: ProfileRequest,
        definition: ProfileDefinition,
        places: Sequence[int],
        progress: ReadSoFar,
        first_entry: int | None = None,
    ) -> None:
        self._request = request
        self._definition = definition
        self._places = tuple(places)
        self._progress = progress
        wanted, comes = (request.entries or (1, 0))[0], first_entry or 1
        self._unwanted = 0 if progress.rows else wanted - comes
        """Entries before the first one that is asked for."""
        self._behind_rows = self._behind(wanted + progress.rows - comes, first_entry) if progress.rows else None
        self._meaning: RowMeaning | None = None
        self._picked: tuple[int, ...] = ()
        self._width = 0

    def _behind(self, expected: int, first_entry: int | None) -> BehindRows:
        is_fixed = self._definition.is_fixed(self._progress)
        # Where entries are asked for up to some number, only a few more are.
        is_part = first_entry is not None and self._request.entries_left(0) is not None
        reach = OVERLAP if is_fixed or is_part else None
        is_sorted = not self._definition.is_in_order_of_time
        return BehindRows(self._progress.tail, expected, reach=reach, is_fixed=is_fixed, is_sorted=is_sorted)

    def of(self, rows: Sequence[Row]) -> list[ProfileRow]:
        """Return them. Raises DecodeError for rows of other columns, and where it is not known which rows are new."""
        if self._meaning is None:
            self._begin(len(rows[0]))
        if {*map(len, rows)} != {self._width}:
            raise DecodeError(f"a row of the profile has not the {self._width} columns of the others")
        assert self._meaning is not None  # _begin() has made it
        full = self._meaning.of(rows)
        if self._picked != tuple(range(self._width)):
            full = [tuple([row[place] for place in self._picked]) for row in full]
        if self._request.has_times:
            full = [row for row in full if self._is_wanted(row)]
        if self._behind_rows is not None:
            full = self._behind_rows.of(full)
        return self._noted(full)

    @property
    def has_rows(self) -> bool:
        """Whether any row came."""
        return self._meaning is not None

    def finish(self) -> list[ProfileRow]:
        """Return the last ones, as no more come. Raises DecodeError as of()."""
        return [] if self._behind_rows is None else self._noted(self._behind_rows.finish())

    def _begin(self, width: int) -> None:
        """Settle which columns come: a meter may send all although few were asked for."""
        definition = self._definition
        everything = tuple(range(len(definition.all_columns)))
        come = next((places for places in (self._places, everything) if len(places) == width), None)
        if come is None:
            raise DecodeError(f"a row of the profile has {width} columns, not {len(everything)}")
        self._width = width
        self._picked = tuple(come.index(place) for place in definition.places)
        columns = [definition.all_columns[place] for place in come]
        request, progress = self._request, self._progress
        # Where rows are sorted by a value no time counts up to the next.
        period = definition.capture_period if definition.is_in_order_of_time else 0
        self._meaning = RowMeaning(columns, period, request.policy, request.zone, falls=definition.falls(progress))

    def _noted(self, rows: list[ProfileRow]) -> list[ProfileRow]:
        """Leave out entries before and behind those that are asked for; note the others."""
        if self._request.entries is not None:
            unwanted = min(self._unwanted, len(rows))
            self._unwanted -= unwanted
            rows = rows[unwanted:]
            left = self._request.entries_left(self._progress.rows)
            rows = rows if left is None else rows[:left]
        self._progress.add(rows, self._definition.clock)
        return rows

    def _is_wanted(self, row: ProfileRow) -> bool:
        request, clock = self._request, self._definition.clock
        cell = None if clock is None else row[clock]
        if cell is None:  # it is when the row before was, and more: that nobody could tell is no reason to leave it out
            raise DecodeError("a row of the profile has no time, and those around it do not tell it")
        if not isinstance(cell, datetime):
            if _was_not_set(cell):
                return False
            raise DecodeError("a row of the profile has something else where its time should be: read it by entries")
        time = in_utc(cell)
        if request.since is not None and time < request.since:
            return False
        return request.until is None or time <= request.until


def _was_not_set(cell: object) -> bool:
    """Return whether it is a date-time without a date: what a clock has until somebody sets it."""
    return (
        isinstance(cell, bytes)
        and len(cell) == DATE_TIME_OCTETS
        and (cell[:2] in _NO_YEAR or not _NO_MONTH_OR_DAY.isdisjoint(cell[2:4]))
    )
