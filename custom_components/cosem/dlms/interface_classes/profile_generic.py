"""Profile generic (class 7, IEC 62056-6-2): capture objects, what cells stand for, selective access.

Times and null-data are resolved on request: that needs the capture period, the clock's column, the zone.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from enum import IntEnum
from typing import Final, NamedTuple

from ..encoding.cosem_time import ClockStatus, TimePolicy, fast_datetime, is_ambiguous, standard_offset
from ..encoding.data import (
    Data,
    PlainValue,
    array,
    double_long_unsigned,
    integer,
    long_unsigned,
    octet_string,
    plain,
    structure,
)
from ..encoding.logical_name import LogicalName
from ..errors import DecodeError
from ..limits import DEFAULT_LIMITS, Limits
from .clock import TIME_ATTRIBUTES, ClockAttribute
from .interface_class import AttributeIndex, InterfaceClass
from .profile_layout import Row
from .profile_rows import decode_rows, decode_rows_generic

__all__ = [
    "BufferSelector",
    "CaptureObject",
    "ProfileGenericAttribute",
    "ProfileGenericMethod",
    "Row",
    "TimedRow",
    "decode_capture_objects",
    "decode_rows",
    "decode_rows_generic",
    "decode_timed_rows",
    "encode_capture_object",
    "entry_descriptor",
    "expand_rows",
    "range_descriptor",
    "rows_with_datetimes",
    "time_columns",
]


class ProfileGenericAttribute(AttributeIndex):
    """Attribute indices."""

    BUFFER = 2
    CAPTURE_OBJECTS = 3
    CAPTURE_PERIOD = 4
    SORT_METHOD = 5
    SORT_OBJECT = 6
    ENTRIES_IN_USE = 7
    PROFILE_ENTRIES = 8


class ProfileGenericMethod(IntEnum):
    """Method indices."""

    RESET = 1
    CAPTURE = 2


class BufferSelector(IntEnum):
    """Selectors of range_descriptor and entry_descriptor."""

    RANGE = 1
    ENTRY = 2


_BATCH: Final = 4_096  # rows held twice at a time
_STATUS: Final = 11  # place of the clock status in a date-time
_NO_STATUS: Final = 0xFF

type TimedRow = tuple[PlainValue | datetime, ...]


class CaptureObject(NamedTuple):
    """One column of a profile.

    attribute_index 0: all attributes. data_index 0: all of it, n: its n-th element; upper bits (a selection) are kept.
    """

    class_id: int
    logical_name: LogicalName
    attribute_index: int
    data_index: int

    @property
    def is_clock(self) -> bool:
        """True for the time of a clock: the row's timestamp."""
        return self.class_id == InterfaceClass.CLOCK and self.attribute_index == ClockAttribute.TIME


def decode_capture_objects(data: Data) -> tuple[CaptureObject, ...]:
    """Decode attribute 3, with any integer types. Raises DecodeError."""
    definitions = plain(data)
    if type(definitions) is not tuple:
        raise DecodeError("capture_objects is no array")
    return tuple(map(_capture_object, definitions))


def _capture_object(definition: PlainValue) -> CaptureObject:
    match definition:
        case (int(class_id), bytes(name), int(attribute_index), int(data_index)) if len(name) == 6:
            return CaptureObject(class_id, LogicalName(name), attribute_index, data_index)
        case _:
            raise DecodeError("a capture object is no structure of class_id, logical_name, attribute and data index")


def encode_capture_object(definition: CaptureObject) -> Data:
    """The structure in capture_objects and range descriptors."""
    return structure(
        long_unsigned(definition.class_id),
        octet_string(definition.logical_name.octets),
        integer(definition.attribute_index),
        long_unsigned(definition.data_index),
    )


def time_columns(capture_objects: Sequence[CaptureObject]) -> tuple[int, ...]:
    """Columns of points in time."""
    return tuple(
        index
        for index, column in enumerate(capture_objects)
        if (column.class_id, column.attribute_index) in TIME_ATTRIBUTES
    )


def range_descriptor(restricting: CaptureObject, start: Data, end: Data, columns: Iterable[CaptureObject] = ()) -> Data:
    """Parameters of selector 1: rows whose ``restricting`` is from ``start`` to ``end`` inclusive.

    These have the type that the meter uses there. Without columns all are meant.
    """
    return structure(encode_capture_object(restricting), start, end, array(*map(encode_capture_object, columns)))


def entry_descriptor(from_entry: int = 1, to_entry: int = 0, from_column: int = 1, to_column: int = 0) -> Data:
    """Parameters of selector 2, counted from 1; a ``to`` of 0 means the last."""
    return structure(
        double_long_unsigned(from_entry),
        double_long_unsigned(to_entry),
        long_unsigned(from_column),
        long_unsigned(to_column),
    )


def decode_timed_rows(
    octets: bytes,
    columns: Sequence[int],
    policy: TimePolicy = TimePolicy.STANDARD,
    zone: tzinfo | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> list[TimedRow]:
    """decode_rows and rows_with_datetimes in one, using less memory."""
    rows: list[TimedRow] = [*decode_rows(octets, limits)]
    _put_datetimes(rows, columns, policy, zone)
    return rows


def rows_with_datetimes(
    rows: Iterable[TimedRow],
    columns: Sequence[int],
    policy: TimePolicy = TimePolicy.STANDARD,
    zone: tzinfo | None = None,
) -> list[TimedRow]:
    """Rows with aware datetimes for the octets in ``columns`` that name a point in time.

    In an hour that the zone has twice the daylight saving bit decides; if the meter never sets it, the order of rows.
    """
    result = list(rows)
    _put_datetimes(result, columns, policy, zone)
    return result


def _put_datetimes(rows: list[TimedRow], columns: Sequence[int], policy: TimePolicy, zone: tzinfo | None) -> None:
    """Replace rows in batches, so that few are held twice."""
    moments = {
        column: _moments([row[column] if column < len(row) else None for row in rows], policy, zone)
        for column in columns
    }
    for start in range(0, len(rows), _BATCH):
        stop = start + _BATCH
        batch = rows[start:stop]
        if len(set(map(len, batch))) > 1:
            rows[start:stop] = [
                tuple([moments[place][start + index] if place in moments else cell for place, cell in enumerate(row)])
                for index, row in enumerate(batch)
            ]
        elif batch[0]:
            cells: list[Sequence[PlainValue | datetime]] = [*zip(*batch, strict=True)]
            cells = [moments[place][start:stop] if place in moments else cell for place, cell in enumerate(cells)]
            rows[start:stop] = zip(*cells, strict=True)


def _moments(
    cells: list[PlainValue | datetime], policy: TimePolicy, zone: tzinfo | None
) -> list[PlainValue | datetime]:
    moments = [fast_datetime(cell, policy, zone) or cell if isinstance(cell, bytes) else cell for cell in cells]
    if zone is not None:
        _settle_ambiguous(cells, moments, zone)
    return moments


def _settle_ambiguous(cells: list[PlainValue | datetime], moments: list[PlainValue | datetime], zone: tzinfo) -> None:
    """Choose one of two equal hours by the order of rows, where the status does not."""
    local = {
        index: (moment, cell[_STATUS])
        for index, (moment, cell) in enumerate(zip(moments, cells, strict=True))
        if isinstance(moment, datetime) and moment.tzinfo is zone and isinstance(cell, bytes)
    }
    ambiguous = {index for index, (moment, _) in local.items() if is_ambiguous(moment)}
    if not ambiguous:
        return
    trusted = _status_is_kept([entry for index, entry in local.items() if index not in ambiguous])
    order = list(local)
    if local[order[0]][0].replace(tzinfo=None) > local[order[-1]][0].replace(tzinfo=None):
        order.reverse()  # newest first
    previous: datetime | None = None
    for index in order:
        moment, status = local[index]
        if index in ambiguous and (status == _NO_STATUS or not trusted):
            moment = moment.replace(fold=0)
            # Rows of one time count as one hour apart.
            if previous is not None and moment.astimezone(UTC) <= previous:
                moment = moment.replace(fold=1)
            moments[index] = moment
        previous = moment.astimezone(UTC)


def _status_is_kept(rows: list[tuple[datetime, int]]) -> bool:
    """False if a summer row came without the daylight saving bit."""
    return not any(
        status != _NO_STATUS
        and not status & ClockStatus.DAYLIGHT_SAVING_ACTIVE
        and moment.utcoffset() != standard_offset(moment.tzinfo, moment.year)
        for moment, status in rows
        if moment.tzinfo is not None
    )


def expand_rows(
    rows: Iterable[TimedRow], capture_period_seconds: int | None = None, clock_column: int | None = None
) -> list[TimedRow]:
    """Rows of rows_with_datetimes, in which null-data is replaced by the value of the row before.

    A null timestamp is the one before plus the capture period; None without a period, or without a row before.
    """
    expanded: list[TimedRow] = []
    previous: TimedRow = ()
    for row in rows:
        expanded.append(_expanded(row, previous, capture_period_seconds, clock_column) if None in row else row)
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
