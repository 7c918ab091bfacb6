"""What is wanted of a profile's rows, as they come: these columns, these times or entries, nothing twice."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from ..errors import DecodeError
from ..interface_classes.profile_columns import ProfileRow, RowMeaning
from ..interface_classes.profile_layout import Row
from .profile_definition import ProfileDefinition
from .profile_request import ProfileRequest


@dataclass(slots=True)
class ReadSoFar:
    """How far a reading came. ``last``: the latest rows, of one time."""

    rows: int = 0
    last: list[ProfileRow] = field(default_factory=list)
    time: datetime | None = None
    """Of the latest rows, if they have one."""

    def add(self, rows: Sequence[ProfileRow], clock: int | None) -> None:
        """Note rows that were handed out."""
        if not rows:
            return
        self.rows += len(rows)
        times = [None] if clock is None else [row[clock] for row in rows]
        time = times[-1]
        if not isinstance(time, datetime):
            self.last, self.time = [rows[-1]], None
            return
        same = next((count for count, each in enumerate(reversed(times)) if each != time), len(rows))
        goes_on = same == len(rows) and time == self.time
        self.last = [*(self.last if goes_on else []), *rows[-same:]]
        self.time = time


class WantedRows:
    """Takes plain rows as they come, of ``places`` or of all columns; returns what is wanted of them.

    ``entries``: numbers of the first and last entry that were asked for.
    """

    def __init__(
        self,
        request: ProfileRequest,
        definition: ProfileDefinition,
        places: Sequence[int],
        progress: ReadSoFar,
        entries: tuple[int, int] = (1, 0),
    ) -> None:
        self._request = request
        self._definition = definition
        self._places = tuple(places)
        self._progress = progress
        self._entries = entries
        self._entry = 0
        """Number of the last entry that came."""
        self._behind = progress.rows, progress.time, tuple(progress.last)
        """What an earlier association brought."""
        self._meaning: RowMeaning | None = None
        self._picked: tuple[int, ...] = ()
        self._width = 0

    def of(self, rows: Sequence[Row], total: int | None) -> list[ProfileRow]:
        """Return them. ``total``: how many come, if known. Raises DecodeError for rows of other columns."""
        if self._meaning is None:
            self._begin(len(rows[0]))
            self._entry = self._first_entry(total) - 1
        if {*map(len, rows)} != {self._width}:
            raise DecodeError(f"a row of the profile has not the {self._width} columns of the others")
        assert self._meaning is not None  # _begin() has made it
        full = self._meaning.of(rows)
        if self._picked != tuple(range(self._width)):
            full = [tuple([row[place] for place in self._picked]) for row in full]
        wanted = full if self._takes_all else [row for row in full if self._is_wanted(row)]
        self._progress.add(wanted, self._definition.clock)
        return wanted

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
        self._meaning = RowMeaning(columns, definition.capture_period, self._request.policy, self._request.zone)

    def _first_entry(self, total: int | None) -> int:
        """Settle which entry comes first. Raises DecodeError where nobody can know.

        A meter may send all although few were asked for, or take the last one for a count: more come then, from the
        first one on.
        """
        first, last = self._entries
        in_use = self._definition.entries_in_use
        most = (last or in_use or 0) - first + 1
        if total is None or total <= most or (in_use is None and not last):
            return first
        if in_use is not None and total >= in_use:
            return 1
        if in_use is None or (last and total != min(last, in_use - first + 1)):
            raise DecodeError("other entries of the profile come than were asked for")
        return first

    @property
    def _takes_all(self) -> bool:
        return self._request.entries is None and not self._request.has_times and not self._behind[0]

    def _is_wanted(self, row: ProfileRow) -> bool:
        request = self._request
        self._entry += 1
        if request.entries is not None:
            first, last = request.entries
            return self._entry >= first + self._behind[0] and (not last or self._entry <= last)
        clock = self._definition.clock
        time = None if clock is None else row[clock]
        if not isinstance(time, datetime):
            return False  # when it was is not known
        if (request.since is not None and time < request.since) or (request.until is not None and time > request.until):
            return False
        return self._is_new(row, time)

    def _is_new(self, row: ProfileRow, time: datetime) -> bool:
        rows, last, known = self._behind
        if not rows or last is None:
            return True
        if time == last:
            return row not in known
        return (time < last) is self._definition.is_descending
