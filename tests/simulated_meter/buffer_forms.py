"""The forms in which meters write the rows of a profile, besides the plain one (profile.py, BufferForm).

The first row of each answer is complete: what was not selected does not count as the row before.
"""

from collections.abc import Sequence

from custom_components.cosem.dlms.encoding.data import DataType
from custom_components.cosem.dlms.encoding.octets import Writer

from .profile import BufferForm

type Cells = Sequence[bytes]
"""Encoded Data, a column each."""

_NULL = b"\x00"
_INTEGERS = {
    DataType.DOUBLE_LONG: True,
    DataType.DOUBLE_LONG_UNSIGNED: False,
    DataType.LONG: True,
    DataType.UNSIGNED: False,
    DataType.LONG_UNSIGNED: False,
    DataType.INTEGER: True,
    DataType.LONG64: True,
    DataType.LONG64_UNSIGNED: False,
}
"""Types that a difference may build upon, and whether they are signed."""

_SIGNED_DELTAS = ((DataType.DELTA_INTEGER, 1), (DataType.DELTA_LONG, 2), (DataType.DELTA_DOUBLE_LONG, 4))
_UNSIGNED_DELTAS = (
    (DataType.DELTA_UNSIGNED, 1),
    (DataType.DELTA_LONG_UNSIGNED, 2),
    (DataType.DELTA_DOUBLE_LONG_UNSIGNED, 4),
)


def written(rows: Sequence[Cells], form: BufferForm, times: Sequence[int], clock: int | None, period: int) -> bytes:
    """Return the encoded buffer. ``clock``: the column of ``times`` (UNIX seconds); ``period``: seconds, or 0."""
    if form is BufferForm.COMPACT_ARRAY:
        return _compact(rows)
    writer = Writer()
    writer.unsigned8(DataType.ARRAY)
    writer.length(len(rows))
    for number, row in enumerate(rows):
        cells = row
        if number and form is BufferForm.DELTAS:
            cells = [_difference(cell, before) for cell, before in zip(row, rows[number - 1], strict=True)]
        elif number and form is BufferForm.NULL_DATA:
            cells = [_NULL if cell == before else cell for cell, before in zip(row, rows[number - 1], strict=True)]
            if clock is not None and period and times[number] == times[number - 1] + period:
                cells[clock] = _NULL
        writer.octets(bytes([DataType.STRUCTURE, len(cells)]) + b"".join(cells))
    return writer.getvalue()


def _difference(cell: bytes, before: bytes) -> bytes:
    """Return the shortest difference; the whole cell where it is no number, or the difference is too large."""
    if cell[0] != before[0] or cell[0] not in _INTEGERS:
        return cell
    signed = _INTEGERS[DataType(cell[0])]
    new, old = (int.from_bytes(octets[1:], "big", signed=signed) for octets in (cell, before))
    for kind, size in _SIGNED_DELTAS if new < old else _UNSIGNED_DELTAS:
        try:
            return bytes([kind]) + (new - old).to_bytes(size, "big", signed=new < old)
        except OverflowError:
            continue
    return cell


def _compact(rows: Sequence[Cells]) -> bytes:
    """Return tags once, in front, and the values behind them; the columns' types do not change."""
    if not rows:
        return bytes([DataType.ARRAY, 0])
    writer = Writer()
    writer.octets(bytes([DataType.COMPACT_ARRAY, DataType.STRUCTURE, len(rows[0])]))
    writer.octets(bytes([cell[0] for cell in rows[0]]))
    writer.octet_string(b"".join([cell[1:] for row in rows for cell in row]))
    return writer.getvalue()
