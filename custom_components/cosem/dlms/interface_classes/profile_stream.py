"""Rows of a profile's buffer while its octets come, cut anywhere (IEC 62056-6-2, Profile generic).

The rows are those of profile_rows.decode_rows(); what is held is one block and the octets of an unfinished row.
"""

from typing import Final

from ..encoding.compact_array import decode_compact_head, decode_compact_rows
from ..encoding.data import NULL, DataType, TypeDescription, decode_data
from ..encoding.octets import Reader
from ..errors import DecodeError, LimitExceeded
from ..limits import DEFAULT_LIMITS, Limits
from .profile_layout import Row, RowLayout, layout_of_description
from .profile_rows import RowRuns, decode_rows, has_delta, resolve_deltas, row_of

_LONGEST_ROW: Final = 65_535
"""Octets; longer ones are not believed."""

_MOST_UNFINISHED: Final = 8
"""Octets of a tag and a count."""

_LONGEST_HEAD: Final = 4096
"""Octets of a type-description."""


class RowStream:
    """Feed octets; rows come out when they are complete, or a little later. Raises DecodeError, LimitExceeded."""

    def __init__(self, limits: Limits = DEFAULT_LIMITS) -> None:
        self._limits = limits
        self._octets = b""
        self._elements_left = limits.elements
        self._kind: int | None = None
        self._left = 0
        """Rows of an array, or octets of the contents of a compact-array."""
        self._runs = RowRuns()
        self._base = NULL
        self._layout: RowLayout | None = None
        """Of the rows of a compact-array, if they have one size."""
        self._description: TypeDescription | None = None
        """Of the rows of a compact-array otherwise, each with as many elements."""
        self._elements = 0

    def feed(self, octets: bytes) -> list[Row]:
        """Take octets; return the rows that are complete now."""
        self._octets += octets
        if self._kind is None and not self._begin():
            return []
        if self._kind == DataType.ARRAY:
            return self._array_rows()
        return self._contents()

    def finish(self) -> list[Row]:
        """Take the end; return the last rows. Raises DecodeError where octets are missing or too many."""
        if self._kind is None:
            return decode_rows(self._octets, self._limits)
        rows = self._array_rows(is_last=True) if self._kind == DataType.ARRAY else []
        if self._left:
            raise DecodeError("octets end inside the rows of a buffer", len(self._octets))
        if self._octets:
            raise DecodeError(f"{len(self._octets)} octets behind the rows of a buffer", 0)
        return rows

    def _begin(self) -> bool:
        """Return whether the head is complete."""
        tag = self._octets[0] if self._octets else None
        if tag == DataType.ARRAY:
            return self._begin_array()
        if tag == DataType.COMPACT_ARRAY:
            return self._begin_compact_array()
        return False  # nothing that is long

    def _begin_array(self) -> bool:
        reader = Reader(self._octets, offset=1, limits=self._limits)
        try:
            self._left = reader.length()
        except DecodeError:
            if len(self._octets) > _MOST_UNFINISHED:
                raise
            return False
        if self._left > self._limits.assembled_value:  # a row has an octet at least
            raise DecodeError(f"a count of {self._left} rows is not believed", 1)
        self._kind = DataType.ARRAY
        self._octets = self._octets[reader.offset :]
        return True

    def _begin_compact_array(self) -> bool:
        reader = Reader(self._octets, offset=1, limits=self._limits)
        reader.descend()
        try:
            description, size, elements = decode_compact_head(reader, is_whole=False)
        except DecodeError:
            if len(self._octets) > _LONGEST_HEAD:
                raise
            return False
        self._kind = DataType.COMPACT_ARRAY
        self._left, self._elements = size, elements
        self._octets = self._octets[reader.offset :]
        self._layout = layout_of_description(description, elements) if size else None
        if self._layout is None:
            self._description = description
        elif size % self._layout.fields.size:
            raise DecodeError("the contents of the compact-array do not end with a row", reader.offset + size)
        return True

    def _array_rows(self, *, is_last: bool = False) -> list[Row]:
        reader = Reader(self._octets, limits=self._limits)
        reader.elements_left = self._elements_left
        reader.descend()
        rows: list[Row] = []
        done = 0
        while self._left and done < len(self._octets):
            if not is_last and len(self._octets) - done < self._runs.size:
                break  # less than the row before: the next octets tell more than a vain attempt
            try:
                run = self._next_rows(reader)
            except DecodeError:
                if len(self._octets) - done > _LONGEST_ROW:
                    raise
                self._runs.go_on_later()
                break
            rows += run
            self._left -= len(run)
            done = reader.offset
            self._elements_left = reader.elements_left
        self._octets = self._octets[done:]
        return rows

    def _next_rows(self, reader: Reader) -> list[Row]:
        run = self._runs.next_rows(reader, self._left)
        single = self._runs.single
        if single is None:
            last = Reader(self._octets, offset=reader.offset - self._runs.size, limits=self._limits)
            self._base = resolve_deltas(decode_data(last), self._base)[1]
            return run
        resolved, self._base = resolve_deltas(single, self._base)
        return [row_of(resolved)] if has_delta(single) else run

    def _contents(self) -> list[Row]:
        if self._layout is not None:
            return self._compact_rows(self._layout)
        return [] if self._description is None else self._varied_rows(self._description)

    def _varied_rows(self, description: TypeDescription) -> list[Row]:
        """Rows of a compact-array that have more than one size, or deltas."""
        octets = self._octets[: self._left]
        rows: list[Row] = []
        done = 0
        found = decode_compact_rows(description, octets, self._limits)
        while done < len(octets):
            try:
                row, end = next(found)
            except DecodeError:
                if len(octets) - done > _LONGEST_ROW or len(octets) == self._left:
                    raise
                break
            self._spend(self._elements)
            resolved, self._base = resolve_deltas(row, self._base)
            rows.append(row_of(resolved))
            done = end
        self._left -= done
        self._octets = self._octets[done:]
        return rows

    def _spend(self, elements: int) -> None:
        self._elements_left -= elements
        if self._elements_left < 0:
            raise LimitExceeded("elements", self._limits.elements)

    def _compact_rows(self, layout: RowLayout) -> list[Row]:
        size = layout.fields.size
        count = min(len(self._octets), self._left) // size
        self._spend(count * layout.elements)
        rows = layout.unpack(self._octets, 0, count) if count else []
        self._left -= count * size
        self._octets = self._octets[count * size :]
        return rows
