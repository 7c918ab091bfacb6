"""Profile generic objects (class 7): load profile, daily values, event log; selective access (selectors 1 and 2).

Rows are a function of their time, so weeks of history cost little.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

from custom_components.cosem.dlms.apdu.common import DataAccessResult, Selection
from custom_components.cosem.dlms.encoding.data import (
    Data,
    DataType,
    array,
    double_long_unsigned,
    enum,
    integer,
    long_unsigned,
    octet_string,
    structure,
)
from custom_components.cosem.dlms.encoding.logical_name import LogicalName
from custom_components.cosem.dlms.encoding.octets import Writer

from .buffer_forms import written
from .happenings import STANDARD
from .household import DAY, EPOCH
from .noise import scatter
from .objects import SCOPE_VIOLATED, TYPE_UNMATCHED, Answer, Attribute, CosemObject, LogicalDevice, View, constant
from .profile import BufferForm, Quirks, RangeBounds, SelectiveAccess

_CACHED_ROWS = 16_384
_SELECTORS = {SelectiveAccess.FULL: (1, 2), SelectiveAccess.RANGE: (1,), SelectiveAccess.ENTRY: (2,)}

type Times = Callable[[int], Sequence[int]]
"""Time now -> times of all rows, oldest first (UNIX seconds)."""


@dataclass(frozen=True, slots=True)
class Column:
    """A captured object, and its encoded cell at a time."""

    class_id: int
    logical_name: LogicalName
    attribute_index: int
    cell: Callable[[int], bytes]

    @property
    def definition(self) -> Data:
        """The capture_object_definition."""
        return structure(
            long_unsigned(self.class_id),
            octet_string(self.logical_name.octets),
            integer(self.attribute_index),
            long_unsigned(0),
        )


class Profile:
    """The buffer behind a Profile generic object."""

    def __init__(self, columns: tuple[Column, ...], times: Times, quirks: Quirks, period: int = 0) -> None:
        self.columns = columns
        self._oldest_first = times
        self._quirks = quirks
        self._period = period
        self._cells = lru_cache(_CACHED_ROWS)(lambda time: [column.cell(time) for column in columns])
        self._row = lru_cache(_CACHED_ROWS)(self._whole_row)

    @property
    def is_newest_first(self) -> bool:
        """Whether it is LIFO."""
        return self._quirks.newest_first

    def times(self, now: int) -> Sequence[int]:
        """Return the times of all rows in the order of their entries."""
        times = self._oldest_first(now)
        return times[::-1] if self.is_newest_first else times

    def buffer(self, view: View) -> bytes:
        """Return all rows."""
        return self._rows(self.times(view.unix), None)

    def select(self, view: View, selection: Selection) -> Answer:
        """Return the rows and columns of a range (selector 1) or of entries (selector 2)."""
        access = self._quirks.selective_access
        if access is SelectiveAccess.IGNORED:
            return self.buffer(view)
        if selection.selector not in _SELECTORS.get(access, ()):
            return DataAccessResult(self._quirks.selection_refusal)
        fields = selection.parameters.value
        if selection.parameters.type is not DataType.STRUCTURE or not isinstance(fields, tuple) or len(fields) != 4:
            return TYPE_UNMATCHED
        items = [field for field in fields if isinstance(field, Data)]
        return self._by_range(view, items) if selection.selector == 1 else self._by_entry(view, items)

    def _by_range(self, view: View, fields: list[Data]) -> Answer:
        """Both ends belong to the range."""
        restricting, first, last, selected = fields
        if restricting.value != self.columns[0].definition.value or selected.type is not DataType.ARRAY:
            return TYPE_UNMATCHED
        if not all(_is_written_as(view, self._quirks.range_bounds, bound) for bound in (first, last)):
            return b"\x01\x00" if self._quirks.odd_range_is_empty else TYPE_UNMATCHED
        bounds = [_moment(view, bound) for bound in (first, last)]
        if bounds[0] is None or bounds[1] is None or not isinstance(selected.value, tuple):
            return TYPE_UNMATCHED
        wanted: list[int] | None = None
        if selected.value:
            definitions = [column.definition for column in self.columns]
            try:
                wanted = [definitions.index(item) for item in selected.value if isinstance(item, Data)]
            except ValueError:
                return TYPE_UNMATCHED
        low, high = bounds[0], bounds[1]
        return self._rows([time for time in self.times(view.unix) if low <= time <= high], wanted)

    def _by_entry(self, view: View, fields: list[Data]) -> Answer:
        """Row and column numbers count from 1; 0 as an end means the last."""
        numbers = [field.value for field in fields if isinstance(field.value, int)]
        if len(numbers) != 4:
            return TYPE_UNMATCHED
        first, last, first_column, last_column = numbers
        times = self.times(view.unix)
        last_column = last_column or len(self.columns)
        columns = list(range(max(first_column, 1) - 1, min(last_column, len(self.columns))))
        if not columns or first_column < 1 or first < 1:
            return SCOPE_VIOLATED
        return self._rows(times[first - 1 : last or None], None if len(columns) == len(self.columns) else columns)

    def _whole_row(self, time: int) -> bytes:
        return bytes([2, len(self.columns)]) + b"".join(self._cells(time))

    def _rows(self, times: Sequence[int], columns: list[int] | None) -> bytes:
        if self._quirks.buffer_form is not BufferForm.PLAIN:
            chosen = range(len(self.columns)) if columns is None else columns
            rows = [[cells[index] for index in chosen] for cells in map(self._cells, times)]
            clock = list(chosen).index(0) if 0 in chosen else None
            return written(rows, self._quirks.buffer_form, times, clock, self._period)
        writer = Writer()
        writer.unsigned8(DataType.ARRAY)
        writer.length(len(times))
        if columns is None:
            return writer.getvalue() + b"".join(map(self._row, times))
        head = bytes([2, len(columns)])
        return writer.getvalue() + b"".join(
            [head + b"".join([cells[index] for index in columns]) for cells in map(self._cells, times)]
        )


def _is_written_as(view: View, wanted: RangeBounds, bound: Data) -> bool:
    """Return whether this meter takes a bound in this form."""
    if wanted is RangeBounds.ANY:
        return True
    if wanted is RangeBounds.SECONDS or not isinstance(bound.value, bytes):
        return wanted is RangeBounds.SECONDS and bound.type is DataType.DOUBLE_LONG_UNSIGNED
    if wanted is RangeBounds.UNSPECIFIED:
        return bound.value[9:] == b"\x80\x00\xff"
    moment = _moment(view, bound)
    return moment is not None and bound.value[9:] == view.device.time.octets(datetime.fromtimestamp(moment, UTC))[9:]


def _moment(view: View, bound: Data) -> int | None:
    """A bound is a date-time in 12 octets, or UNIX seconds."""
    if bound.type is DataType.DOUBLE_LONG_UNSIGNED and isinstance(bound.value, int):
        return bound.value
    if bound.type in {DataType.OCTET_STRING, DataType.DATE_TIME} and isinstance(bound.value, bytes):
        moment = view.device.time.instant(bound.value) if len(bound.value) == 12 else None
        return None if moment is None else int(moment.timestamp())
    return None


def profile_object(name: str, profile: Profile, *, period: int, capacity: int) -> CosemObject:
    """Return the Profile generic object (version 1) of a buffer in the order of time."""
    definitions = [column.definition for column in profile.columns]
    return CosemObject(
        class_id=7,
        version=1,
        logical_name=LogicalName.parse(name),
        attributes={
            2: Attribute(read=profile.buffer, select=profile.select),
            3: constant(array(*definitions)),
            4: constant(double_long_unsigned(period)),
            5: constant(enum(2 if profile.is_newest_first else 1)),
            6: constant(definitions[0]),
            7: Attribute(read=lambda view: double_long_unsigned(len(profile.times(view.unix)))),
            8: constant(double_long_unsigned(capacity)),
        },
        methods=2,
    )


def _clock_column(device: LogicalDevice) -> Column:
    def cell(time: int) -> bytes:
        return b"\x09\x0c" + device.time.octets(datetime.fromtimestamp(time, UTC))

    return Column(8, LogicalName.parse("0.0.1.0.0"), 2, cell)


def _energy_column(device: LogicalDevice, name: str, field: str) -> Column:
    def cell(time: int) -> bytes:
        counter: int = getattr(device.household.energies(datetime.fromtimestamp(time, UTC)), field)
        return b"\x06" + counter.to_bytes(4, "big")

    return Column(3, LogicalName.parse(name), 2, cell)


def _regular(period: int, capacity: int, shift: int = 0) -> Times:
    """``shift`` moves the grid of ``period`` seconds."""

    def times(now: int) -> Sequence[int]:
        last = (now + shift) // period * period - shift
        first = max(last - (capacity - 1) * period, (EPOCH + shift) // period * period - shift)
        return range(first, last + 1, period)

    return times


def load_profile(device: LogicalDevice, period: int, days: int) -> CosemObject:
    """Return load profile 1: clock, status, six counters every ``period`` seconds."""
    capacity = max(days * DAY // period, 1)
    status = Column(1, LogicalName.parse("0.0.96.10.1"), 2, lambda _: b"\x11\x00")
    energies = [
        _energy_column(device, name, field)
        for name, field in (
            ("1.0.1.8.0", "import_total"),
            ("1.0.2.8.0", "export_total"),
            ("1.0.3.8.0", "reactive_import"),
            ("1.0.4.8.0", "reactive_export"),
            ("1.0.1.8.1", "import_1"),
            ("1.0.1.8.2", "import_2"),
        )
    ]
    profile = Profile(
        (_clock_column(device), status, *energies),
        _regular(period, capacity),
        device.profile.quirks,
        period,
    )
    return profile_object("1.0.99.1.0", profile, period=period, capacity=capacity)


def daily_profile(device: LogicalDevice) -> CosemObject:
    """Return load profile 2: import and export at each midnight of local standard time, 62 days."""
    columns = (
        _clock_column(device),
        _energy_column(device, "1.0.1.8.0", "import_total"),
        _energy_column(device, "1.0.2.8.0", "export_total"),
    )
    times = _regular(DAY, 62, device.time.standard_offset_minutes * 60)
    profile = Profile(columns, times, device.profile.quirks, DAY)
    return profile_object("1.0.99.2.0", profile, period=DAY, capacity=62)


EVENTS = (1, 2, 3, 4, 5, 6, 47, 48, 65, 66, 67, 89)
"""1 power down, 2 power up, 3 and 4 daylight saving, 47 parameter changed ..."""


def event_log(device: LogicalDevice, log: int = STANDARD) -> CosemObject:
    """Return an event log; the standard one has a few entries a week, 100 days back."""
    columns = (
        _clock_column(device),
        Column(1, LogicalName.parse(f"0.0.96.11.{log}"), 2, lambda time: bytes([0x11, logged_code(device, time)])),
    )
    profile = Profile(columns, lambda now: logged_times(device, log, now), device.profile.quirks)
    return profile_object(f"0.0.99.98.{log}", profile, period=0, capacity=200)


def logged_times(device: LogicalDevice, log: int, now: int) -> list[int]:
    """Return the times of all entries of an event log."""
    everyday = event_times(device, now) if log == STANDARD else []
    return sorted([*everyday, *(each.row for each in device.happenings.of_log(log, now))])


def logged_code(device: LogicalDevice, time: int) -> int:
    """Return the code of the entry at this time."""
    happened = device.happenings.code_at(time)
    return event_code(device, time) if happened is None else happened


def event_times(device: LogicalDevice, now: int) -> list[int]:
    """Return when events happened in the last 100 days."""
    today = now // DAY
    candidates = [
        day * DAY + scatter(device.household.seed, 20, day, number) % DAY
        for day in range(today - 100, today + 1)
        for number in range(2)
        if scatter(device.household.seed, 21, day, number) % 4 == 0
    ]
    return sorted(time for time in candidates if EPOCH <= time <= now)


def event_code(device: LogicalDevice, time: int) -> int:
    """Return the code of the event at this time."""
    return EVENTS[scatter(device.household.seed, 22, time) % len(EVENTS)]
