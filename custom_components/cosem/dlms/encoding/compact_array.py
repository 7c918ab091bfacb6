"""Compact-array: type-description and contents, which are values without tags.

Rows could take no octets here: such rows are refused. What rows expand to is charged to one budget of the whole value
before anything is built (rules M3, M14).
"""

from collections.abc import Callable, Iterator
import struct
from typing import Final

from ..errors import DecodeError, LimitExceeded, LocalProtocolError
from ..limits import DEFAULT_LIMITS, EXECUTOR_ELEMENTS, EXECUTOR_THRESHOLD, Limits
from .data_types import FIXED_STRUCTS, BitString, CompactArray, Data, DataType, TypeDescription
from .octets import Reader, Writer

type _DecodeRow = Callable[[bytes, int], tuple[Data, int]]

_ZERO_SIZE: Final = frozenset({DataType.NULL_DATA, DataType.DONT_CARE})
_STRINGS: Final = frozenset(
    {DataType.BIT_STRING, DataType.OCTET_STRING, DataType.VISIBLE_STRING, DataType.UTF8_STRING},
)
_CONTAINERS: Final = frozenset({DataType.ARRAY, DataType.STRUCTURE})
_SIMPLE: Final = frozenset(FIXED_STRUCTS) | _ZERO_SIZE | _STRINGS
# A column takes at least one octet and its containers are few: real rows have at most two Data per octet.
_MOST_PER_OCTET: Final = 3
_MOST_TYPES: Final = 1_000  # in a description; a profile has a few dozen columns
_PYTHON_TYPES: Final[dict[DataType, type | tuple[type, ...]]] = {
    **dict.fromkeys(FIXED_STRUCTS, int),
    DataType.BOOLEAN: bool,
    DataType.FLOAT32: (float, int),
    DataType.FLOAT64: (float, int),
    DataType.DATE_TIME: bytes,
    DataType.DATE: bytes,
    DataType.TIME: bytes,
}
_TYPES: Final = {int(kind): kind for kind in _SIMPLE | _CONTAINERS}


def decode_type_description(reader: Reader) -> TypeDescription:
    """Decode a type-description."""
    start = reader.offset
    tag = reader.unsigned8()
    kind = _TYPES.get(tag)
    if kind is None:
        raise DecodeError(f"type {tag:02X} cannot stand in a type description", start)
    if kind not in _CONTAINERS:
        return TypeDescription(kind)
    reader.descend()
    if kind is DataType.ARRAY:
        count = reader.unsigned16()  # a fixed size, unlike the length that counts a structure's elements
        reader.spend(1)
        elements: tuple[TypeDescription, ...] = (decode_type_description(reader),)
    else:
        count = 0
        number = reader.count()
        reader.spend(number)
        elements = tuple([decode_type_description(reader) for _ in range(number)])
    reader.ascend()
    return TypeDescription(kind, elements, count)


def encode_type_description(description: TypeDescription, writer: Writer) -> None:
    """Encode a type-description."""
    kind, elements, count = description
    writer.unsigned8(kind)
    if kind is DataType.ARRAY:
        writer.unsigned16(count)
        encode_type_description(elements[0], writer)
    elif kind is DataType.STRUCTURE:
        writer.length(len(elements))
        for element in elements:
            encode_type_description(element, writer)


def smallest_row(description: TypeDescription) -> int:
    """Least octets that a row can take; 0 if every row takes none."""
    kind, elements, count = description
    if kind is DataType.ARRAY:
        return count * smallest_row(elements[0])
    if kind is DataType.STRUCTURE:
        return sum(map(smallest_row, elements))
    if kind in _STRINGS:
        return 1
    return FIXED_STRUCTS[kind].size if kind in FIXED_STRUCTS else 0


def elements_of_row(description: TypeDescription) -> int:
    """Number of Data in one row, containers included."""
    kind, elements, count = description
    if kind is DataType.ARRAY:
        return 1 + count * elements_of_row(elements[0])
    return 1 + sum(map(elements_of_row, elements))


def is_large(octets: bytes, limits: Limits = DEFAULT_LIMITS) -> bool:
    """Whether decoding may take more than an event loop can spare (rule M13)."""
    most = _MOST_PER_OCTET * len(octets) + limits.free_expansion if DataType.COMPACT_ARRAY in octets else 0
    return len(octets) > EXECUTOR_THRESHOLD or most > EXECUTOR_ELEMENTS


def decode_compact_head(reader: Reader, *, is_whole: bool = True) -> tuple[TypeDescription, int, int]:
    """Decode up to the contents: type-description, octets of the contents (0, or a row at least), Data per row.

    ``is_whole``: the contents are there. Raises DecodeError, also for rows without octets; LimitExceeded for too large
    an expansion.
    """
    start = reader.offset
    before = reader.elements_left
    description = decode_type_description(reader)
    if before - reader.elements_left > _MOST_TYPES:
        raise LimitExceeded("types in a type description", _MOST_TYPES, start)
    size = reader.count() if is_whole else reader.length()
    smallest = smallest_row(description)
    if not smallest:
        raise DecodeError("a compact-array whose rows take no octets has no number of rows", start)
    if 0 < size < smallest:
        raise DecodeError(f"the {size} octets of a compact-array are less than one of its rows", start)
    # Rows of null-data and empty structures: few octets could expand to much.
    expansion = elements_of_row(description)
    if size // smallest * expansion > _MOST_PER_OCTET * size:
        reader.expand(size // smallest * expansion)
    return description, size, expansion


def decode_compact_array(reader: Reader) -> CompactArray:
    """Decode what follows the tag; the contents must end with a row."""
    reader.descend()
    description, size, expansion = decode_compact_head(reader)
    if not size:  # a decoder of rows would be built for nothing
        reader.ascend()
        return CompactArray(description, ())
    octets = reader.octets
    offset = reader.offset
    stop = offset + size
    decode = _row_decoder(description, reader)  # made once: walking the description costs more than a row
    rows: list[Data] = []
    try:
        while offset < stop:
            reader.spend(expansion)
            row, offset = decode(octets, offset)
            rows.append(row)
    except struct.error:
        raise DecodeError("octets end inside a row of a compact-array", len(octets)) from None
    if offset != stop:
        raise DecodeError("the contents of the compact-array do not end with a row", stop)
    reader.offset = stop
    reader.ascend()
    return CompactArray(description, tuple(rows))


def decode_compact_rows(description: TypeDescription, octets: bytes, limits: Limits) -> Iterator[tuple[Data, int]]:
    """Yield rows of contents that may go on elsewhere, each with the octets up to its end. Raises DecodeError."""
    decode = _row_decoder(description, Reader(octets, limits=limits))
    offset = 0
    while offset < len(octets):
        try:
            row, offset = decode(octets, offset)
        except struct.error:
            raise DecodeError("octets end inside a row of a compact-array", offset) from None
        yield row, offset


def _row_decoder(description: TypeDescription, reader: Reader) -> _DecodeRow:
    """Return the decoder of one row."""
    kind, elements, count = description
    if kind in _CONTAINERS:
        times = count if kind is DataType.ARRAY else 1
        # What is repeated no time at all may repeat others without end.
        children = [_row_decoder(element, reader) for element in elements] * times if times else []

        def decode_container(octets: bytes, offset: int) -> tuple[Data, int]:
            items = []
            for child in children:
                item, offset = child(octets, offset)
                items.append(item)
            return Data(kind, tuple(items)), offset

        return decode_container
    if kind in FIXED_STRUCTS:
        size, unpack = FIXED_STRUCTS[kind].size, FIXED_STRUCTS[kind].unpack_from

        def decode_fixed(octets: bytes, offset: int) -> tuple[Data, int]:
            return Data(kind, unpack(octets, offset)[0]), offset + size

        return decode_fixed
    if kind in _ZERO_SIZE:
        nothing = Data(kind, None)
        return lambda _, offset: (nothing, offset)

    def decode_text(_: bytes, offset: int) -> tuple[Data, int]:
        reader.offset = offset
        return decode_string(kind, reader), reader.offset

    return decode_text


def decode_string(kind: DataType, reader: Reader) -> Data:
    """Decode a string or bit-string behind its tag."""
    if kind is DataType.BIT_STRING:
        return Data(kind, decode_bit_string(reader))
    octets = reader.octet_string()
    if kind is DataType.OCTET_STRING:
        return Data(kind, octets)
    if kind is DataType.VISIBLE_STRING:
        return Data(kind, octets.decode("latin-1"))
    return Data(kind, octets.decode("utf-8", "surrogateescape"))


def decode_bit_string(reader: Reader) -> BitString:
    """Decode a bit-string behind its tag; unused bits become 0."""
    start = reader.offset
    bits = reader.length()
    size = (bits + 7) // 8
    if size > reader.remaining:
        raise DecodeError(f"a bit-string of {bits} bits exceeds the {reader.remaining} octets left", start)
    return BitString(without_unused_bits(reader.take(size), bits), bits)


def without_unused_bits(octets: bytes, bits: int) -> bytes:
    """The octets with the unused bits of the last one set to 0."""
    unused = -bits % 8
    if not unused:
        return octets
    return octets[:-1] + bytes([octets[-1] >> unused << unused])


def encode_compact_array(value: CompactArray, writer: Writer) -> None:
    """Encode what follows the tag. Raises LocalProtocolError for rows that do not fit."""
    encode_type_description(value.description, writer)
    writer.octet_string(encode_contents(value))


def encode_contents(value: CompactArray) -> bytes:
    """The rows' values without tags."""
    if smallest_row(value.description) == 0:
        raise LocalProtocolError("rows of a compact-array must take octets")
    contents = Writer()
    for row in value.elements:
        _encode_row(value.description, row, contents)
    return contents.getvalue()


def _encode_row(description: TypeDescription, data: Data, writer: Writer) -> None:
    kind, elements, count = description
    if data.type is not kind:
        raise LocalProtocolError(f"the description says {kind.standard_name}, the row {data.type.standard_name}")
    if kind not in _CONTAINERS:
        encode_simple(data, writer)
        return
    items = data.value
    expected = elements * count if kind is DataType.ARRAY else elements
    if not isinstance(items, tuple) or len(items) != len(expected):
        raise LocalProtocolError(f"the description wants {len(expected)} elements in each {kind.standard_name}")
    for element, item in zip(expected, items, strict=True):
        if not isinstance(item, Data):
            raise LocalProtocolError(f"a {kind.standard_name} holds Data only")
        _encode_row(element, item, writer)


def encode_simple(data: Data, writer: Writer) -> None:
    """Encode a value that is no container. Raises LocalProtocolError if it does not fit."""
    kind, value = data
    fixed = FIXED_STRUCTS.get(kind)
    if fixed is not None:
        writer.octets(_pack(data))
    elif kind in _ZERO_SIZE and value is None:
        return
    elif kind is DataType.OCTET_STRING and isinstance(value, bytes):
        writer.octet_string(value)
    elif kind is DataType.VISIBLE_STRING and isinstance(value, str):
        writer.octet_string(_as_octets(value, "latin-1", "strict"))
    elif kind is DataType.UTF8_STRING and isinstance(value, str):
        writer.octet_string(_as_octets(value, "utf-8", "surrogateescape"))
    elif kind is DataType.BIT_STRING and isinstance(value, BitString) and len(value.octets) == (value.bits + 7) // 8:
        writer.length(value.bits)
        writer.octets(without_unused_bits(value.octets, value.bits))
    else:
        raise LocalProtocolError(f"a {kind.standard_name} cannot hold this {type(value).__name__}")


def _as_octets(text: str, encoding: str, errors: str) -> bytes:
    try:
        return text.encode(encoding, errors)
    except UnicodeEncodeError as error:
        raise LocalProtocolError(f"a character cannot be sent as {encoding}") from error


def _pack(data: Data) -> bytes:
    kind, value = data
    fixed = FIXED_STRUCTS[kind]
    if not isinstance(value, _PYTHON_TYPES[kind]) or (isinstance(value, bytes) and len(value) != fixed.size):
        raise LocalProtocolError(f"a {kind.standard_name} cannot hold this {type(value).__name__}")
    try:
        return fixed.pack(value)
    except (struct.error, OverflowError) as error:
        raise LocalProtocolError(f"a {kind.standard_name} cannot hold a number of this size") from error
