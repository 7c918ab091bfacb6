"""Rows of plain values from a profile's buffer (IEC 62056-6-2, Profile generic): a fast way, and a slow reference.

Deltas are added to the column's last full value. null-data stays None (see profile_generic.py).
"""

from dataclasses import dataclass
from typing import Final

from ..encoding.compact_array import decode_compact_head
from ..encoding.data import NULL, CompactArray, Data, DataType, decode_data, decode_data_octets, plain
from ..encoding.data_types import DELTA_TYPES, INTEGER_RANGES
from ..encoding.octets import Reader
from ..errors import DecodeError
from ..limits import DEFAULT_LIMITS, Limits
from .profile_layout import Row, RowLayout, layout_of_description, layout_of_row

_FIRST_WINDOW: Final = 32  # rows looked at first when a shape is new; eight times as many after each success
_LARGEST_WINDOW: Final = 4_096  # bounds what is held twice while rows are built
_SHAPES: Final = 4  # remembered at a time; a profile rarely has more than two: with and without a timestamp
_LONGEST_PAUSE: Final = 64  # rows until the next shape is tried, when shapes do not repeat
_WORTHWHILE: Final = 4  # rows of one shape in a row


def decode_rows(octets: bytes, limits: Limits = DEFAULT_LIMITS) -> list[Row]:
    """Decode an array of structures, a compact-array, or null-data; other rows are one column.

    Raises LimitExceeded and DecodeError, also for a delta without a full value, or out of its range.
    """
    reader = Reader(octets, limits=limits)
    tag = reader.peek()
    rows = None
    if tag == DataType.ARRAY:
        rows = _array_rows(reader)
    elif tag == DataType.COMPACT_ARRAY:
        rows = _compact_rows(reader)
    return decode_rows_generic(octets, limits) if rows is None else rows


@dataclass(slots=True)
class _Known:
    """A shape that was met, and how many rows to look at next time."""

    layout: RowLayout
    window: int = _FIRST_WINDOW


def _array_rows(reader: Reader) -> list[Row] | None:
    """Decode an array, run by run; None with delta types."""
    reader.unsigned8()
    reader.spend(1)
    count = reader.count()
    reader.descend()
    rows: list[Row] = []
    shapes: list[_Known] = []
    pause = gap = 0
    while len(rows) < count:
        if pause:
            pause -= 1
            data = decode_data(reader)
            if _has_delta(data):  # needs the types of the rows before
                return None
            rows.append(_row(data))
        else:
            left = count - len(rows)
            run = _known_rows(reader, shapes, left) or _first_rows(reader, shapes, left)
            rows += run
            pause = gap = 0 if len(run) >= _WORTHWHILE else min(2 * gap + 1, _LONGEST_PAUSE)
    reader.finish()
    return rows


def _known_rows(reader: Reader, shapes: list[_Known], left: int) -> list[Row]:
    """The next rows with a known shape, which moves to the front."""
    for index, known in enumerate(shapes):
        layout = known.layout
        window = min(left, known.window)
        rows = layout.matching(reader.octets, reader.offset, window)
        if rows:
            reader.spend(rows * layout.elements)
            known.window = min(8 * window, _LARGEST_WINDOW) if rows == window else _FIRST_WINDOW
            unpacked = layout.unpack(reader.octets, reader.offset, rows)
            reader.offset += rows * layout.fields.size
            shapes.insert(0, shapes.pop(index))
            return unpacked
    return []


def _first_rows(reader: Reader, shapes: list[_Known], left: int) -> list[Row]:
    """The next rows with a new shape, which is remembered."""
    layout = layout_of_row(reader)
    if layout is None:
        return []
    shapes.insert(0, _Known(layout))
    del shapes[_SHAPES:]
    return _known_rows(reader, shapes, left)


def _compact_rows(reader: Reader) -> list[Row] | None:
    """Decode rows of one size, else None."""
    reader.unsigned8()
    reader.spend(1)
    reader.descend()
    description, length, elements = decode_compact_head(reader)
    if not length:
        reader.finish()
        return []
    layout = layout_of_description(description, elements)
    if layout is None:
        return None
    count, rest = divmod(length, layout.fields.size)
    if rest:
        raise DecodeError("the contents of the compact-array do not end with a row", reader.offset + length)
    reader.spend(count * layout.elements)
    rows: list[Row] = []
    for done in range(0, count, _LARGEST_WINDOW):
        some = min(count - done, _LARGEST_WINDOW)
        rows += layout.unpack(reader.octets, reader.offset, some)
        reader.offset += some * layout.fields.size
    reader.finish()
    return rows


def decode_rows_generic(octets: bytes, limits: Limits = DEFAULT_LIMITS) -> list[Row]:
    """The slow reference for decode_rows; it also decodes deltas."""
    data = decode_data_octets(octets, limits)
    value = data.value
    if data.type is DataType.NULL_DATA:
        return []
    if isinstance(value, CompactArray):
        value = value.elements
    elif data.type is not DataType.ARRAY:
        raise DecodeError(f"a buffer is no {data.type.standard_name}")
    assert isinstance(value, tuple)
    if not any(map(_has_delta, value)):
        return [_row(row) for row in value]
    rows: list[Row] = []
    base = NULL
    for row in value:
        resolved, base = _resolve(row, base)
        rows.append(_row(resolved))
    return rows


def _row(data: Data) -> Row:
    value = plain(data)
    return value if type(value) is tuple else (value,)


def _has_delta(data: Data) -> bool:
    kind, value = data
    if type(value) is tuple:
        return any(map(_has_delta, value))
    if isinstance(value, CompactArray):
        return any(map(_has_delta, value.elements))
    return kind in DELTA_TYPES


def _resolve(data: Data, base: Data) -> tuple[Data, Data]:
    """``data`` with deltas added to ``base``, and the next base."""
    kind, value = data
    if kind in DELTA_TYPES:
        limits = INTEGER_RANGES.get(base.type)
        if limits is None:
            raise DecodeError(f"a {kind.standard_name} without a full value before it")
        assert isinstance(value, int)
        assert isinstance(base.value, int)
        total = base.value + value
        if not limits[0] <= total <= limits[1]:
            raise DecodeError(f"a {kind.standard_name} leads out of the range of {base.type.standard_name}")
        full = Data(base.type, total)
        return full, full
    if value is None:
        return data, base
    if isinstance(value, CompactArray) and _has_delta(data):
        raise DecodeError("a compact-array of deltas without a full value before them")
    if type(value) is not tuple:
        return data, data
    bases = base.value if base.type is kind else ()
    assert isinstance(bases, tuple)
    pairs = [_resolve(item, bases[index] if index < len(bases) else NULL) for index, item in enumerate(value)]
    return (
        Data(kind, tuple([resolved for resolved, _ in pairs])),
        Data(kind, tuple([following for _, following in pairs])),
    )
