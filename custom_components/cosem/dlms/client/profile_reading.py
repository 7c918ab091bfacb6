"""Reading a profile's rows while they come: by range, by entry, or whole (IEC 62056-6-2, Profile generic).

What a meter can is found by trying, and remembered. Rows are filtered here in any case: a meter that cannot select may
answer with the whole buffer. After a drop the reading goes on behind the last row.
"""

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, aclosing
from datetime import UTC, datetime, timedelta
from typing import Final

from ..apdu.common import AttributeDescriptor, Selection
from ..apdu.initiate import Conformance
from ..encoding.data import Data
from ..errors import DecodeError, LocalProtocolError, RemoteProtocolError, ServiceError, TransportError
from ..interface_classes.clock import ClockAttribute
from ..interface_classes.interface_class import InterfaceClass
from ..interface_classes.profile_columns import (
    ProfileColumn,
    ProfileRow,
    RowMeaning,
    time_column,
    time_like,
    time_with_nothing_else,
    unix_time,
)
from ..interface_classes.profile_generic import (
    BufferSelector,
    CaptureObject,
    ProfileGenericAttribute,
    entry_descriptor,
    range_descriptor,
)
from ..interface_classes.profile_layout import Row
from ..interface_classes.profile_stream import RowStream
from .association import Association
from .profile_definition import ProfileDefinition, read_definition
from .profile_filter import ReadSoFar, WantedRows
from .profile_request import ProfileRequest, ProfileWay, ProfileWays

_MOST_DROPS: Final = 3
"""So many lost associations in a row without a new row end the reading."""

_AROUND: Final = timedelta(hours=1)
"""Asked for besides: what a meter means by its deviation or daylight saving may differ from what we know."""

_WORTHWHILE: Final = 256
"""Rows that are decoded together, as long as the connection lasts: block by block takes a third more."""

_LONG_AGO: Final = datetime(2000, 1, 1, tzinfo=UTC)

type Lend = Callable[[], AbstractAsyncContextManager[Association]]
"""Opens an association."""

type Batches = AsyncGenerator[list[ProfileRow]]


class ProfileReading:
    """One reading. ``lend`` opens an association, again after a drop."""

    def __init__(self, lend: Lend, request: ProfileRequest, ways: ProfileWays) -> None:
        self._lend = lend
        self._request = request
        self._ways = ways
        self._definition = ProfileDefinition()
        self._progress = ReadSoFar()

    @property
    def columns(self) -> tuple[ProfileColumn, ...]:
        """Those of the rows; known once rows() has yielded or ended."""
        return self._definition.columns

    async def rows(self) -> Batches:
        """Yield rows in the buffer's order, some at a time. Use contextlib.aclosing().

        Raises as Association.get() does; DecodeError when the columns are others after a drop; LocalProtocolError for
        times of a profile without any.
        """
        drops = 0
        while True:
            before = self._progress.rows
            asks_otherwise = False
            try:
                async with self._lend() as association:
                    try:
                        await self._define(association)
                        async with aclosing(self._by_any_way(association)) as batches:
                            async for batch in batches:
                                yield batch
                    finally:
                        asks_otherwise = association.asks_otherwise
                return
            except (TransportError, RemoteProtocolError) as error:
                is_new = self._progress.rows > before
                if asks_otherwise and not is_new:
                    continue  # its lists are shorter the next time
                drops = 1 if is_new else drops + 1
                if not isinstance(error, TransportError) or not self._can_go_on or drops >= _MOST_DROPS:
                    raise

    @property
    def _can_go_on(self) -> bool:
        return self._progress.rows > 0 and (self._progress.time is not None or self._request.entries is not None)

    async def _define(self, association: Association) -> None:
        definition = await read_definition(association, self._request, self._ways)
        if self._progress.rows and definition.capture_objects != self._definition.capture_objects:
            raise DecodeError("the profile has other columns than before")
        self._definition = definition

    async def _by_any_way(self, association: Association) -> Batches:
        refusal: ServiceError | DecodeError | LocalProtocolError | None = None
        for way in self._ways.in_order(self._possible(association)):
            before = self._progress.rows
            came = False
            try:
                async with aclosing(self._by(way, association)) as batches:
                    async for batch in batches:
                        came = True
                        if batch:
                            yield batch
            except (ServiceError, DecodeError, LocalProtocolError) as error:
                if self._progress.rows > before or not association.is_open:
                    raise
                self._ways.failed(way)
                refusal = refusal or error
                continue
            if came:
                self._ways.worked(way)
                return
            # Nothing came: it may be the truth, or a form that this meter does not understand.
            refusal = None
            if way is self._ways.proven or not self._definition.entries_in_use:
                return
        if refusal is not None:
            raise refusal

    def _possible(self, association: Association) -> list[ProfileWay]:
        request = self._request
        selects = Conformance.SELECTIVE_ACCESS in association.negotiated.conformance
        wants_times = request.has_times or self._progress.rows > 0
        if request.has_times and self._definition.clock is None:
            raise LocalProtocolError("the profile has no column with the time: read it by entries, or whole")
        if request.entries is not None and selects:
            return [ProfileWay.ENTRY, ProfileWay.WHOLE]
        if wants_times and selects and request.entries is None:
            return [ProfileWay.RANGE, ProfileWay.ENTRY, ProfileWay.WHOLE]
        return [ProfileWay.WHOLE]

    def _by(self, way: ProfileWay, association: Association) -> Batches:
        """Yield batches; an empty one where all its rows are filtered out."""
        if way is ProfileWay.RANGE:
            return self._by_range(association)
        if way is ProfileWay.ENTRY:
            return self._by_entry(association)
        return self._selected(association, None, self._everything)

    @property
    def _everything(self) -> Sequence[int]:
        return range(len(self._definition.all_columns))

    # -- by range

    async def _by_range(self, association: Association) -> Batches:
        """In the meter's own form of a time first: some take only one. With the wanted columns, then with all."""
        clock = self._definition.columns[self._clock].capture_object
        refusal: ServiceError | None = None
        for start, end in await self._ends(association, clock):
            for places in dict.fromkeys((tuple(self._definition.places), tuple(self._everything))):
                parameters = range_descriptor(clock, start, end, self._objects(places))
                came = False
                try:
                    async with aclosing(
                        self._selected(association, Selection(BufferSelector.RANGE, parameters), places)
                    ) as batches:
                        async for batch in batches:
                            came = True
                            yield batch
                except ServiceError as error:
                    if not association.is_open:
                        raise
                    refusal = error
                    continue
                if came:
                    return
                break  # without rows: another form of the time may have some
            else:
                continue
            refusal = None
        if refusal is not None:
            raise refusal

    @property
    def _clock(self) -> int:
        clock = self._definition.clock
        assert clock is not None  # _possible() has seen to it, and so has ReadSoFar.time
        return clock

    def _objects(self, places: Sequence[int]) -> list[CaptureObject]:
        """Return the columns to ask for; none means all."""
        objects = self._definition.capture_objects
        return [] if len(places) == len(objects) else [objects[place] for place in places]

    async def _ends(self, association: Association, clock: CaptureObject) -> list[tuple[Data, Data]]:
        """Return the two ends in the forms that may be understood."""
        since, until = self._limits()
        if not clock.is_clock:
            return [(unix_time(since), unix_time(until))]
        own = await association.get(AttributeDescriptor(InterfaceClass.CLOCK, clock.logical_name, ClockAttribute.TIME))
        policy, zone = self._request.policy, self._request.zone
        return list(
            dict.fromkeys(
                (form(own, since, policy, zone), form(own, until, policy, zone))
                for form in (time_like, time_with_nothing_else)
            )
        )

    def _limits(self) -> tuple[datetime, datetime]:
        """Return from when to when to ask, with what may be meant besides."""
        since = self._request.since or _LONG_AGO
        until = self._request.until or datetime.now(UTC) + timedelta(days=1)
        last = self._progress.time
        if last is not None and self._definition.is_descending:
            until = min(until, last)
        elif last is not None:
            since = max(since, last)
        return since - _AROUND, until + _AROUND

    # -- by entry

    async def _by_entry(self, association: Association) -> Batches:
        if self._request.entries is not None:
            first, last = self._request.entries
            first += self._progress.rows
        else:
            first, last = await self._entries_of_times(association)
        if last and last < first:
            return
        places = self._definition.places
        near = range(places[0], places[-1] + 1) if places else self._everything
        columns = (1, 0) if len(near) == len(self._everything) else (near[0] + 1, near[-1] + 1)
        selection = Selection(BufferSelector.ENTRY, entry_descriptor(first, last, *columns))
        async with aclosing(self._selected(association, selection, near, (first, last))) as batches:
            async for batch in batches:
                yield batch

    async def _entries_of_times(self, association: Association) -> tuple[int, int]:
        """Find the first and last entry by halving. Raises DecodeError where entries are not in the order of time."""
        definition = self._definition
        count = definition.entries_in_use
        if not definition.is_in_order_of_time or not count:
            raise DecodeError("the entries of the profile are not in the order of time")
        since, until = self._limits()
        times = _EntryTimes(self, association)
        oldest, newest = (count, 1) if definition.is_descending else (1, count)
        if await times.of(oldest) > await times.of(newest):
            raise DecodeError("the entries of the profile are not in the order of time")
        if definition.is_descending:
            first = await times.first(count, lambda time: time <= until)
            behind = await times.first(count, lambda time: time < since)
        else:
            first = await times.first(count, lambda time: time >= since)
            behind = await times.first(count, lambda time: time > until)
        # Entry 0 would mean the last one.
        return (first, behind - 1) if behind > 1 else (2, 1)

    async def time_of_entry(self, association: Association, number: int) -> datetime:
        """Return the timestamp of an entry. Raises DecodeError without one, and as Association.get()."""
        selection = Selection(BufferSelector.ENTRY, entry_descriptor(number, number))
        rows = await association.get_rows(self._request.attribute(ProfileGenericAttribute.BUFFER), selection)
        definition = self._definition
        place = time_column(definition.all_columns)
        meaning = RowMeaning(definition.all_columns, 0, self._request.policy, self._request.zone)
        is_all = len(rows) > 1 and len(rows) == definition.entries_in_use  # more come where a count is understood
        if not rows or is_all or place is None or place >= len(rows[0]):
            raise DecodeError(f"entry {number} of the profile is not one row")
        time = meaning.of(rows[:1])[0][place]
        if not isinstance(time, datetime):
            raise DecodeError(f"entry {number} of the profile has no time")
        return time

    async def _selected(
        self,
        association: Association,
        selection: Selection | None,
        places: Sequence[int],
        entries: tuple[int, int] = (1, 0),
    ) -> Batches:
        """Yield what is wanted of rows as they come. ``places``, ``entries``: what is asked for."""
        stream = RowStream()
        wanted = WantedRows(self._request, self._definition, places, self._progress, entries)
        attribute = self._request.attribute(ProfileGenericAttribute.BUFFER)
        rows: list[Row] = []
        async with aclosing(association.get_pieces(attribute, selection)) as pieces:
            try:
                async for octets in pieces:
                    rows += stream.feed(octets)
                    if len(rows) >= _WORTHWHILE:
                        yield wanted.of(rows, stream.total)
                        rows = []
            except TransportError:
                if rows:
                    yield wanted.of(rows, stream.total)
                raise
        rows += stream.finish()
        if rows:
            yield wanted.of(rows, len(rows) if stream.total is None else stream.total)


class _EntryTimes:
    """Times of entries, each read once."""

    def __init__(self, reading: ProfileReading, association: Association) -> None:
        self._reading = reading
        self._association = association
        self._known: dict[int, datetime] = {}

    async def of(self, number: int) -> datetime:
        """Return the time of an entry."""
        if number not in self._known:
            self._known[number] = await self._reading.time_of_entry(self._association, number)
        return self._known[number]

    async def first(self, count: int, holds: Callable[[datetime], bool]) -> int:
        """Return the first entry for which it holds, and for all behind it; count + 1 if for none."""
        low, high = 1, count + 1
        while low < high:
            middle = (low + high) // 2
            if holds(await self.of(middle)):
                high = middle
            else:
                low = middle + 1
        return low
