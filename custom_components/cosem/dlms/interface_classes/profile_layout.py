"""The layout of a profile's rows, to unpack many rows at once: the results of data.py, many times faster.

Rows differ in their numbers only. So octets that are the same in each (tags, counts, lengths) are compared with one
strided slice each; the others are a fixed struct.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import repeat
import struct
from typing import Final, NamedTuple, cast

from ..encoding.compact_array import without_unused_bits
from ..encoding.data import BitString, DataType, PlainValue, TypeDescription
from ..encoding.data_types import DELTA_TYPES, FIXED_CODES
from ..encoding.octets import Reader
from ..errors import DecodeError

type Row = tuple[PlainValue, ...]
# Takes the unpacked columns that it needs from the iterator and returns one value per row.
type _Build = Callable[[Iterator[Iterable[object]], int], Iterable[object]]

_CODES: Final = {int(kind): code for kind, code in FIXED_CODES.items() if kind not in DELTA_TYPES}
# Tag: struct codes of tag and value, and their octets.
_FIXED: Final = {tag: (f"x{code}", struct.calcsize(f">x{code}")) for tag, code in _CODES.items()}
_NOTHING: Final = frozenset({int(DataType.NULL_DATA), int(DataType.DONT_CARE)})
_CONTAINERS: Final = frozenset({int(DataType.ARRAY), int(DataType.STRUCTURE)})
_MAX_ELEMENTS: Final = 1_000  # in a row: beyond it the format of the struct would be larger than what it saves


class _Irregular(Exception):  # not an error and never seen outside
    """The row has no fixed layout."""


def _value(columns: Iterator[Iterable[object]], _: int) -> Iterable[object]:
    return next(columns)


def _octets(columns: Iterator[Iterable[object]]) -> Iterable[bytes]:
    return cast("Iterable[bytes]", next(columns))  # its struct code is that of octets


def _none(_: Iterator[Iterable[object]], rows: int) -> Iterable[object]:
    return repeat(None, rows)


def _latin_1(columns: Iterator[Iterable[object]], _: int) -> Iterable[object]:
    return map(str, _octets(columns), repeat("latin-1"))


def _utf_8(columns: Iterator[Iterable[object]], _: int) -> Iterable[object]:
    return map(str, _octets(columns), repeat("utf-8"), repeat("surrogateescape"))


@dataclass(frozen=True, slots=True)
class _Bits:
    """A bit-string of so many bits."""

    bits: int

    def __call__(self, columns: Iterator[Iterable[object]], _: int) -> Iterable[object]:
        bits = self.bits
        return [BitString(without_unused_bits(octets, bits), bits) for octets in _octets(columns)]


@dataclass(frozen=True, slots=True)
class _Group:
    """A structure or array."""

    children: list[_Build]

    def __call__(self, columns: Iterator[Iterable[object]], rows: int) -> Iterable[object]:
        parts = [child(columns, rows) for child in self.children]
        return zip(*parts, strict=True) if parts else repeat((), rows)


_STRINGS: Final[dict[int, _Build]] = {
    int(DataType.OCTET_STRING): _value,
    int(DataType.VISIBLE_STRING): _latin_1,
    int(DataType.UTF8_STRING): _utf_8,
}


class RowLayout(NamedTuple):
    """Rows of one shape: struct, constant octets by position, how a row is built."""

    fields: struct.Struct
    constants: tuple[tuple[int, bytes], ...]
    elements: int
    """Data in one row, containers included."""
    build: _Build | None
    """None if the unpacked tuple is the row."""

    def matching(self, octets: bytes, offset: int, rows: int) -> int:
        """Number of the next rows with this shape."""
        size = self.fields.size
        rows = min(rows, (len(octets) - offset) // size)
        for position, octet in self.constants:
            if not rows:
                break
            column = octets[offset + position : offset + rows * size : size]
            rows -= len(column.lstrip(octet))
        return rows

    def unpack(self, octets: bytes, offset: int, rows: int) -> list[Row]:
        """Unpack ``rows`` rows from ``offset``."""
        unpacked = self.fields.iter_unpack(memoryview(octets)[offset : offset + rows * self.fields.size])
        if self.build is None:
            return list(unpacked)
        columns = iter(tuple(zip(*unpacked, strict=True)))
        return list(cast("Iterable[Row]", self.build(columns, rows)))


def layout_of_row(reader: Reader) -> RowLayout | None:
    """Layout of the next row, which is not consumed.

    None if it is too long, not valid, or has delta types or a compact-array in it.
    """
    walk = _Walk(reader)
    try:
        build = walk.step()
    except _Irregular, DecodeError, IndexError:
        return None
    return _layout(walk.codes, tuple(walk.constants), walk.elements, build)


def layout_of_description(description: TypeDescription, elements: int) -> RowLayout | None:
    """Layout of rows of so many Data; None if not of one size, or with delta types."""
    if elements > _MAX_ELEMENTS:
        return None
    codes: list[str] = []
    try:
        build = _describe(description, codes)
    except _Irregular:
        return None
    return _layout(codes, (), elements, build)


def _layout(codes: list[str], constants: tuple[tuple[int, bytes], ...], elements: int, build: _Build) -> RowLayout:
    """Join the parts."""
    row = build if isinstance(build, _Group) else _Group([build])
    # Values that come straight from the struct, in one tuple, need no building.
    straight = all(child is _value for child in row.children)
    return RowLayout(struct.Struct(">" + "".join(codes)), constants, elements, None if straight else row)


class _Walk:
    """Walks one row and collects its layout."""

    def __init__(self, reader: Reader) -> None:
        self._octets = reader.octets
        self._offset = self._start = reader.offset
        self._end = reader.end
        self._levels_left = reader.limits.nesting_depth - reader.depth
        self.elements = 0
        self.constants: list[tuple[int, bytes]] = []
        self.codes: list[str] = []

    def step(self) -> _Build:
        """Walk one Data; return how its values are built."""
        offset = self._offset
        tag = self._octets[offset]
        self.elements += 1
        if self.elements > _MAX_ELEMENTS:
            raise _Irregular
        if fixed := _FIXED.get(tag):  # most columns, hence without _take()
            code, size = fixed
            self.constants.append((offset - self._start, self._octets[offset : offset + 1]))
            self.codes.append(code)
            self._offset = offset + size  # perhaps behind the end: found when rows are matched
            return _value
        if tag in _NOTHING:
            self._take(1, 0, "x")
            return _none
        reader = Reader(self._octets, offset=offset + 1, end=self._end)
        if tag in _CONTAINERS:
            count = reader.length()
            head = reader.offset - offset
            self._take(head, 0, f"{head}x")
            self._levels_left -= 1
            if self._levels_left < 0:
                raise _Irregular
            children = [self.step() for _ in range(count)]
            self._levels_left += 1
            return _Group(children)
        if tag not in _STRINGS and tag != DataType.BIT_STRING:
            raise _Irregular
        length = reader.length()
        size = (length + 7) // 8 if tag == DataType.BIT_STRING else length
        if size > reader.remaining:
            raise _Irregular
        head = reader.offset - offset
        self._take(head, size, f"{head}x{size}s")
        return _Bits(length) if tag == DataType.BIT_STRING else _STRINGS[tag]

    def _take(self, head: int, size: int, code: str) -> None:
        """Skip ``head`` octets that are constant, and ``size`` that are not."""
        octets, offset = self._octets, self._offset
        for place in range(offset, offset + head):
            self.constants.append((place - self._start, octets[place : place + 1]))
        self._offset = offset + head + size
        self.codes.append(code)


def _describe(description: TypeDescription, codes: list[str]) -> _Build:
    """Collect the struct codes; return how values are built."""
    kind, elements, count = description
    if kind is DataType.ARRAY:
        if not count:  # its element may repeat others without end
            return _Group([])
        before = len(codes)
        child = _describe(elements[0], codes)
        codes[before:] = codes[before:] * count
        return _Group([child] * count)
    if kind is DataType.STRUCTURE:
        return _Group([_describe(element, codes) for element in elements])
    if kind in _NOTHING:
        return _none
    if kind not in _CODES:
        raise _Irregular
    codes.append(_CODES[kind])
    return _value
