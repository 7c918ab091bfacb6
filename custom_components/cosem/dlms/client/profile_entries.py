"""Entries of a profile by their numbers: what comes for one, and which ones belong to some times."""

from collections.abc import Callable
from contextlib import aclosing
from datetime import datetime, timedelta
from itertools import pairwise

from ..apdu.common import Selection
from ..encoding.cosem_time import in_utc
from ..errors import DecodeError
from ..interface_classes.profile_columns import RowMeaning, time_column
from ..interface_classes.profile_generic import BufferSelector, ProfileGenericAttribute, entry_descriptor
from ..interface_classes.profile_layout import Row
from ..interface_classes.profile_stream import RowStream
from .association import Association
from .profile_definition import ProfileDefinition
from .profile_limits import AROUND
from .profile_request import ProfileRequest


class ProfileEntries:
    """Single entries of a profile in one association; the time of each is read once."""

    def __init__(self, association: Association, request: ProfileRequest, definition: ProfileDefinition) -> None:
        self._association = association
        self._request = request
        self._definition = definition
        self._times: dict[int, datetime] = {}

    async def check_selection(self) -> None:
        """Ask for the first two entries. Raises DecodeError where each brings the same, and as Association.get().

        A meter that takes the last entry for a count sends one for the first, too. How many there are does not tell:
        the number may be old, and entries are captured meanwhile.
        """
        rows, first = await self._ask(1)
        if rows == 1:  # it may be all
            _, second = await self._ask(2)
            rows = 2 if second == first else 1
        if rows > 1:
            raise DecodeError("other entries of the profile come than were asked for")

    async def between(self, since: datetime, until: datetime) -> tuple[int, int]:
        """Find the first and last entry by halving; a last of 0 is the last. One more on each side is named.

        All are where the order is not known. Raises DecodeError where entries are not in the order of time.
        """
        definition = self._definition
        count = definition.entries_in_use
        if not definition.is_in_order_of_time or not count:
            raise DecodeError("the entries of the profile are not in the order of time")
        ends = await self._time_of(1), await self._time_of(count)
        if ends[0] == ends[1]:
            return 1, 0
        descending = ends[0] > ends[1]
        if descending:
            first = await self._first(count, lambda time: time <= until)
            behind = await self._first(count, lambda time: time < since)
        else:
            first = await self._first(count, lambda time: time >= since)
            behind = await self._first(count, lambda time: time > until)
        self._require_order(is_descending=descending)
        # There may be more than the meter has told; and one may have been captured since.
        return max(first - 1, 1), 0 if behind > count else behind

    def _require_order(self, *, is_descending: bool) -> None:
        """Raise DecodeError where times that are known go the other way, or more slowly than rows are captured.

        Halving finds nothing else of a clock that was set back between two of them.
        """
        known = sorted(self._times.items())
        for (number, time), (later_number, later_time) in pairwise(known):
            passed = time - later_time if is_descending else later_time - time
            captured = (later_number - number) * timedelta(seconds=self._definition.capture_period)
            if passed < timedelta(0) or captured - passed > AROUND:
                raise DecodeError("the entries of the profile are not in the order of time")

    async def _time_of(self, number: int) -> datetime:
        """Return the timestamp of an entry in UTC. Raises DecodeError without one, and as Association.get()."""
        if number not in self._times:
            self._times[number] = await self._read_time(number)
        return self._times[number]

    async def _first(self, count: int, holds: Callable[[datetime], bool]) -> int:
        """Return the first entry for which it holds, and for all behind it; count + 1 if for none."""
        low, high = 1, count + 1
        while low < high:
            middle = (low + high) // 2
            if holds(await self._time_of(middle)):
                high = middle
            else:
                low = middle + 1
        return low

    async def _read_time(self, number: int) -> datetime:
        definition, request = self._definition, self._request
        count, row = await self._ask(number)
        place = time_column(definition.all_columns)
        is_all = count > 1 and count == definition.entries_in_use  # more come where a count is understood
        if row is None or is_all or place is None or place >= len(row):
            raise DecodeError(f"entry {number} of the profile is not one row")
        meaning = RowMeaning(definition.all_columns, 0, request.policy, request.zone)
        time = meaning.of([row])[0][place]
        if not isinstance(time, datetime):
            raise DecodeError(f"entry {number} of the profile has no time")
        return in_utc(time)

    async def _ask(self, number: int) -> tuple[int, Row | None]:
        """Return how many rows come, and the first one."""
        stream = RowStream()
        attribute = self._request.attribute(ProfileGenericAttribute.BUFFER)
        selection = Selection(BufferSelector.ENTRY, entry_descriptor(number, number))
        count, first = 0, None
        async with aclosing(self._association.get_pieces(attribute, selection)) as pieces:
            async for octets in pieces:
                rows = stream.feed(octets)
                count, first = count + len(rows), first or next(iter(rows), None)
        rows = stream.finish()
        return count + len(rows), first or next(iter(rows), None)
