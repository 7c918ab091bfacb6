"""Reading a profile's rows while they come: by range, by entry, or whole (IEC 62056-6-2, Profile generic).

What a meter can is found by trying, and remembered. Rows are filtered here in any case: a meter that cannot select may
answer with the whole buffer. After a drop the reading goes on behind the last row.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, aclosing
from typing import Final

from ..apdu.common import AttributeDescriptor, Selection
from ..encoding.data import Data
from ..errors import DecodeError, DlmsError, LocalProtocolError, RemoteProtocolError, ServiceError, TransportError
from ..interface_classes.clock import ClockAttribute, instant
from ..interface_classes.interface_class import InterfaceClass
from ..interface_classes.profile_columns import (
    ProfileColumn,
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
from ..interface_classes.register import integer_of
from .association import Association
from .profile_definition import ProfileDefinition, read_definition
from .profile_entries import ProfileEntries
from .profile_filter import WantedRows
from .profile_limits import has_start, limits
from .profile_pieces import Batches, wanted_rows
from .profile_request import ProfileRequest, ProfileWay, ProfileWays
from .profile_resumption import OVERLAP, ReadSoFar

_MOST_DROPS: Final = 3
"""So many lost associations in a row without a new row end the reading."""

_MOST_ENDS: Final = 2
"""So many associations that one way has ended before its first row, and another way is tried."""

type Lend = Callable[[], AbstractAsyncContextManager[Association]]
"""Opens an association."""


class ProfileReading:
    """One reading. ``lend`` opens an association, again after a drop."""

    def __init__(self, lend: Lend, request: ProfileRequest, ways: ProfileWays) -> None:
        self._lend = lend
        self._request = request
        self._ways = ways
        self._definition = ProfileDefinition()
        self._progress = ReadSoFar()
        self._ended: Counter[ProfileWay] = Counter()
        """Associations that a way has ended before its first row."""
        self._giving: ProfileWay | None = None
        """The way that gave the last rows."""

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
            before, ways_out = self._progress.rows, len(self._given_up)
            asks_otherwise = False
            try:
                async with self._lend() as association:
                    try:
                        await self._define(association)
                        for part in (self._by_any_way, self._left_out):
                            async with aclosing(part(association)) as batches:
                                async for batch in batches:
                                    yield batch
                    finally:
                        asks_otherwise = association.asks_otherwise
                return
            except (TransportError, RemoteProtocolError, ServiceError) as error:
                is_new = self._progress.rows > before
                if asks_otherwise and not is_new:
                    continue  # its lists are shorter the next time
                if self._is_complete:
                    return
                if len(self._given_up) > ways_out:
                    drops = 0
                    continue  # there is another way
                drops = 1 if is_new else drops + 1
                is_known = bool(self._definition.all_columns)
                if not isinstance(error, TransportError) or not is_known or drops >= _MOST_DROPS:
                    raise

    @property
    def _is_complete(self) -> bool:
        return self._request.entries_left(self._progress.rows) == 0

    async def _define(self, association: Association) -> None:
        # Units are those of this reading: a meter may change them, and one that is refused only behind a drop, or only
        # before it, must not change what numbers mean.
        known = self._definition.all_columns if self._progress.rows else ()
        definition = await read_definition(association, self._request, known)
        if known and definition.all_columns != known:
            raise DecodeError("the profile has other columns than before")
        self._definition = definition

    async def _by_any_way(self, association: Association) -> Batches:
        refusal: ServiceError | DecodeError | LocalProtocolError | None = None
        for way in self._ways.in_order(self._possible(association)):
            if way in self._given_up:
                continue
            before = self._progress.rows
            came = False
            try:
                async with aclosing(self._by(way, association)) as batches:
                    async for batch in batches:
                        came = True
                        if batch:
                            self._giving = way
                            yield batch
            except (ServiceError, DecodeError, LocalProtocolError, TransportError) as error:
                if self._progress.rows > before:
                    raise
                if not association.is_open or isinstance(error, TransportError):
                    self._note_end(way, error)
                    raise
                has_moved = before > 0 and isinstance(error, DecodeError)
                if not has_moved:
                    self._ways.failed(way)
                refusal = error if has_moved else refusal or error
                if way is ProfileWay.WHOLE and isinstance(error, DecodeError):
                    break  # a part tells less
                continue
            if came:
                self._ways.worked(way)
                return
            if before:
                refusal = DecodeError("the rows of the profile that were read are gone")
                continue
            # Nothing came: it may be the truth, or a form that this meter does not understand.
            refusal = None
            if way is self._ways.proven or not self._definition.entries_in_use:
                return
        if refusal is not None:
            raise refusal

    async def _left_out(self, association: Association) -> Batches:
        """Yield entries that an answer has left out: some meters send only so many at once.

        That there are more is what the meter tells, and may be wrong: whatever comes instead of them is no error.
        """
        used, before = self._definition.entries_in_use or 0, 0
        may_select = association.negotiated.selects and not self._ways.fails(ProfileWay.ENTRY)
        while may_select and before < self._progress.rows < self._request.entries_until(used):
            before = self._progress.rows
            try:
                async with aclosing(self._by_entry(association)) as batches:
                    async for batch in batches:
                        yield batch
            except (ServiceError, DecodeError, TransportError) as error:
                if self._progress.rows > before and isinstance(error, TransportError):
                    raise
                self._ways.failed(ProfileWay.ENTRY)
                return

    def _note_end(self, way: ProfileWay, error: DlmsError) -> None:
        """Note that a way has ended the association: a refusal will again, a silence or a close may be the network."""
        if way in (self._ways.proven, self._giving) and isinstance(error, TransportError):
            return
        self._ended[way] += _MOST_ENDS if isinstance(error, ServiceError) else 1
        if way in self._given_up:
            self._ways.failed(way)

    @property
    def _given_up(self) -> set[ProfileWay]:
        """Ways that are not tried again; the last one always is."""
        return {way for way, ends in self._ended.items() if ends >= _MOST_ENDS and way is not ProfileWay.WHOLE}

    def _possible(self, association: Association) -> list[ProfileWay]:
        request = self._request
        selects = association.negotiated.selects
        if request.has_times and self._definition.clock is None:
            raise LocalProtocolError("the profile has no column with the time: read it by entries, or whole")
        if not selects:
            return [ProfileWay.WHOLE]
        if request.has_times:
            if not has_start(request):  # a range leaves out what came before the meter's clock was set
                return [ProfileWay.WHOLE, ProfileWay.RANGE, ProfileWay.ENTRY]
            if not self._definition.capture_period:  # few, and nothing tells that the clock was set back among them
                return [ProfileWay.RANGE, ProfileWay.WHOLE, ProfileWay.ENTRY]
            return [ProfileWay.RANGE, ProfileWay.ENTRY, ProfileWay.WHOLE]
        # Whole, and from the last row on after a drop. Who refuses the whole may give all entries by their numbers.
        is_part = request.entries is not None or self._progress.rows
        return [ProfileWay.ENTRY, ProfileWay.WHOLE] if is_part else [ProfileWay.WHOLE, ProfileWay.ENTRY]

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
        for start, end in await _range_ends(association, self._request, clock):
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
        assert clock is not None  # _possible() has seen to it
        return clock

    def _objects(self, places: Sequence[int]) -> list[CaptureObject]:
        """Return the columns to ask for; none means all."""
        objects = self._definition.capture_objects
        return [] if len(places) == len(objects) else [objects[place] for place in places]

    # -- by entry

    async def _by_entry(self, association: Association) -> Batches:
        """By one row of overlap and more behind a drop: entries may have moved."""
        entries = ProfileEntries(association, self._request, self._definition)
        first_entry: int | None = None
        if self._request.has_times:
            first, last = await entries.between(*limits(self._request))
        else:
            first, last = self._request.entries or (1, 0)
            if rows := self._progress.rows:
                first, last = max(first + rows - 1 - OVERLAP, 1), last and last + OVERLAP
            if first > 1:
                await entries.check_selection()
            first_entry = first
        places = self._definition.places
        near = range(places[0], places[-1] + 1) if places else self._everything
        columns = (1, 0) if len(near) == len(self._everything) else (near[0] + 1, near[-1] + 1)
        selection = Selection(BufferSelector.ENTRY, entry_descriptor(first, last, *columns))
        async with aclosing(self._selected(association, selection, near, first_entry)) as batches:
            async for batch in batches:
                yield batch

    async def _selected(
        self,
        association: Association,
        selection: Selection | None,
        places: Sequence[int],
        first_entry: int | None = None,
    ) -> Batches:
        """Yield what is wanted of rows as they come. ``places``: what is asked for."""
        wanted = WantedRows(self._request, self._definition, places, self._progress, first_entry)
        attribute = self._request.attribute(ProfileGenericAttribute.BUFFER)
        async with (
            aclosing(association.get_pieces(attribute, selection)) as pieces,
            aclosing(wanted_rows(pieces, wanted)) as batches,
        ):
            async for batch in batches:
                yield batch


async def _range_ends(
    association: Association, request: ProfileRequest, clock: CaptureObject
) -> list[tuple[Data, Data]]:
    """Return the two ends in the forms that may be understood."""
    policy, zone = request.policy, request.zone
    attribute = AttributeDescriptor(InterfaceClass.CLOCK, clock.logical_name, ClockAttribute.TIME)
    own = await association.get(attribute) if clock.is_clock else None
    since, until = limits(request, None if own is None else instant(own, policy, zone))
    if own is None or integer_of(own) is not None:
        return [(unix_time(since), unix_time(until))]
    return list(
        dict.fromkeys(
            (form(own, since, policy, zone), form(own, until, policy, zone))
            for form in (time_like, time_with_nothing_else)
        )
    )
