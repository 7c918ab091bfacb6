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


class RowRuns:
    """Decodes rows run by run: many of a known shape at once, others one by one."""

    def __init__(self) -> None:
        self._shapes: list[_Known] = []
        self._pause = self._gap = 0
        self.single: Data | None = None
        """The row, if it was decoded alone."""
        self.size = 0
        """Octets of the last row."""

    def next_rows(self, reader: Reader, left: int) -> list[Row]:
        """Return the next one to ``left`` rows; deltas are not added. Raises DecodeError, LimitExceeded."""
        self.single = None
        if self._pause:
            start = reader.offset
            self.single = decode_data(reader)
            self.size = reader.offset - start
            self._pause -= 1
            return [row_of(self.single)]
        run = self._known_rows(reader, left) or self._first_rows(reader, left)
        self._pause = self._gap = 0 if len(run) >= _WORTHWHILE else min(2 * self._gap + 1, _LONGEST_PAUSE)
        return run or self.next_rows(reader, left)

    def go_on_later(self) -> None:
        """Octets end inside a row: no sign of a shape that does not repeat."""
        self._pause = self._gap = 0

    def _known_rows(self, reader: Reader, left: int) -> list[Row]:
        """The next rows with a known shape, which moves to the front."""
        for index, known in enumerate(self._shapes):
            layout = known.layout
            window = min(left, known.window)
            rows = layout.matching(reader.octets, reader.offset, window)
            if rows:
                reader.spend(rows * layout.elements)
                known.window = min(8 * window, _LARGEST_WINDOW) if rows == window else _FIRST_WINDOW
                unpacked = layout.unpack(reader.octets, reader.offset, rows)
                reader.offset += rows * layout.fields.size
                self.size = layout.fields.size
                self._shapes.insert(0, self._shapes.pop(index))
                return unpacked
        return []

    def _first_rows(self, reader: Reader, left: int) -> list[Row]:
        """The next rows with a new shape, which is remembered."""
        layout = layout_of_row(reader)
        if layout is None:
            return []
        self._shapes.insert(0, _Known(layout))
        del self._shapes[_SHAPES:]
        return self._known_rows(reader, left)


def _array_rows(reader: Reader) -> list[Row] | None:
    """Decode an array, run by run; None with delta types."""
    reader.unsigned8()
    reader.spend(1)
    count = reader.count()
    reader.descend()
    rows: list[Row] = []
    runs = RowRuns()
    while len(rows) < count:
        rows += runs.next_rows(reader, count - len(rows))
        if runs.single is not None and has_delta(runs.single):  # needs the types of the rows before
            return None
    reader.finish()
    return rows


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
    if not any(map(has_delta, value)):
        return [row_of(row) for row in value]
    rows: list[Row] = []
    base = NULL
    for row in value:
        resolved, base = resolve_deltas(row, base)
        rows.append(row_of(resolved))
    return rows


def row_of(data: Data) -> Row:
    """Return a row; what is no container is one column."""
    value = plain(data)
    return value if type(value) is tuple else (value,)


def has_delta(data: Data) -> bool:
    """Return whether a delta is in it."""
    kind, value = data
    if type(value) is tuple:
        return any(map(has_delta, value))
    if isinstance(value, CompactArray):
        return any(map(has_delta, value.elements))
    return kind in DELTA_TYPES


def resolve_deltas(data: Data, base: Data) -> tuple[Data, Data]:
    """Return ``data`` with deltas added to ``base``, and the next base. Raises DecodeError."""
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
    if isinstance(value, CompactArray) and has_delta(data):
        raise DecodeError("a compact-array of deltas without a full value before them")
    if type(value) is not tuple:
        return data, data
    bases = base.value if base.type is kind else ()
    assert isinstance(bases, tuple)
    pairs = [resolve_deltas(item, bases[index] if index < len(bases) else NULL) for index, item in enumerate(value)]
    return (
        Data(kind, tuple([resolved for resolved, _ in pairs])),
        Data(kind, tuple([following for _, following in pairs])),
    )
