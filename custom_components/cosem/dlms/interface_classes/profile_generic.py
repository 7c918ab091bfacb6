"""Profile generic (class 7, IEC 62056-6-2): capture objects, what cells stand for, selective access.

Times and null-data are resolved on request: that needs the capture period, the clock's column, the zone.
"""

from collections.abc import Iterable, Sequence
from datetime import tzinfo
from enum import IntEnum
from typing import NamedTuple

from ..encoding.cosem_time import TimePolicy
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
from .profile_times import RowTimes, TimedRow, expand_rows

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
    RowTimes(columns, policy, zone).put(rows)
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
    RowTimes(columns, policy, zone).put(result)
    return result
