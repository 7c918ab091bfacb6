"""What is wanted of a profile's rows, as they come: these columns, these times or entries, nothing twice."""

from collections.abc import Sequence
from datetime import datetime

from ..encoding.cosem_time import in_utc
from ..errors import DecodeError
from ..interface_classes.profile_columns import ProfileRow, RowMeaning
from ..interface_classes.profile_layout import Row
from .profile_definition import ProfileDefinition
from .profile_request import ProfileRequest
from .profile_resumption import BehindRows, BehindTime, ReadSoFar


class WantedRows:
    """Takes plain rows as they come, of ``places`` or of all columns; returns what is wanted of them.

    ``first_entry``: the number of the first one that comes, where entries are asked for.
    """

    def __init__(
        self,
        request: ProfileRequest,
        definition: ProfileDefinition,
        places: Sequence[int],
        progress: ReadSoFar,
        first_entry: int = 1,
    ) -> None:
        self._request = request
        self._definition = definition
        self._places = tuple(places)
        self._progress = progress
        self._unwanted = 0
        """Entries before the first one that is asked for."""
        self._behind_time: BehindTime | None = None
        self._behind_rows: BehindRows | None = None
        if progress.rows and request.entries is not None:
            expected = request.entries[0] + progress.rows - first_entry
            self._behind_rows = BehindRows(tuple(progress.tail), expected)
        elif request.entries is not None:
            self._unwanted = request.entries[0] - first_entry
        elif progress.rows and definition.has_order_of_time(progress):
            self._behind_time = BehindTime(progress)
        elif progress.rows:
            self._behind_rows = BehindRows(tuple(progress.tail), progress.rows)
        self._meaning: RowMeaning | None = None
        self._picked: tuple[int, ...] = ()
        self._width = 0

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
        if self._request.has_times or self._behind_time is not None:
            full = [row for row in full if self._is_wanted(row)]
        if self._behind_rows is not None:
            full = self._behind_rows.of(full)
        return self._noted(full)

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
        self._meaning = RowMeaning(
            columns, definition.capture_period, request.policy, request.zone, falls=definition.falls(progress)
        )

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
        time = in_utc(cell) if isinstance(cell, datetime) else None
        if time is None and request.has_times:
            return False  # when it was is not known
        if time is not None and request.since is not None and time < request.since:
            return False
        if time is not None and request.until is not None and time > request.until:
            return False
        return self._behind_time is None or self._behind_time.is_new(row, time)
