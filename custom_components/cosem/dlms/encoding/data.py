"""Data as tagged octets (IEC 62056-5-3; A-XDR, IEC 61334-6): decode, encode, and the plain value without types.

Decodes every type within the limits. profile_rows.py decodes profile buffers faster, with the same results.
"""

from collections.abc import Callable
import struct
from typing import Final

from ..errors import DecodeError, LimitExceeded, LocalProtocolError
from ..limits import DEFAULT_LIMITS, Limits
from .compact_array import (
    decode_compact_array,
    decode_string,
    encode_compact_array,
    encode_simple,
)
from .data_types import (
    DONT_CARE,
    FIXED_CODES,
    FIXED_STRUCTS,
    NULL,
    BitString,
    CompactArray,
    Data,
    DataType,
    DataValue,
    PlainValue,
    TypeDescription,
    array,
    bcd,
    bit_string,
    boolean,
    compact_array,
    date,
    date_time,
    double_long,
    double_long_unsigned,
    enum,
    float32,
    float64,
    integer,
    long,
    long64,
    long64_unsigned,
    long_unsigned,
    octet_string,
    structure,
    time,
    unsigned,
    utf8_string,
    visible_string,
)
from .octets import Reader, Writer

__all__ = [
    "DONT_CARE",
    "NULL",
    "BitString",
    "CompactArray",
    "Data",
    "DataType",
    "DataValue",
    "PlainValue",
    "TypeDescription",
    "array",
    "bcd",
    "bit_string",
    "boolean",
    "compact_array",
    "date",
    "date_time",
    "decode_data",
    "decode_data_octets",
    "double_long",
    "double_long_unsigned",
    "encode_data",
    "encode_data_octets",
    "enum",
    "float32",
    "float64",
    "integer",
    "long",
    "long64",
    "long64_unsigned",
    "long_unsigned",
    "octet_string",
    "plain",
    "structure",
    "time",
    "unsigned",
    "utf8_string",
    "visible_string",
]

type _Unpack = Callable[[bytes, int], tuple[DataValue, ...]]


# Octets with the tag, an unpacker that skips the tag, the type. A plain tuple, because that unpacks fastest.
type _Fixed = tuple[int, _Unpack, DataType]


def _fixed_by_tag() -> tuple[_Fixed | None, ...]:
    """Layouts by tag, of types of one size."""
    table: list[_Fixed | None] = [None] * 256
    for kind, code in FIXED_CODES.items():
        layout = struct.Struct(f">x{code}")
        table[kind] = (layout.size, layout.unpack_from, kind)
    return tuple(table)


def _known_by_tag() -> tuple[tuple[Data, ...] | None, ...]:
    """By tag of types with one octet of contents: the Data of every octet."""
    table: list[tuple[Data, ...] | None] = [None] * 256
    for kind, layout in FIXED_STRUCTS.items():
        if layout.size == 1:
            # Data is immutable and can be shared.
            table[kind] = tuple([Data(kind, layout.unpack(bytes([octet]))[0]) for octet in range(256)])
    return tuple(table)


_FIXED: Final = _fixed_by_tag()
_KNOWN: Final = _known_by_tag()
_TEXT: Final = tuple(tag in {9, 10} for tag in range(256))
# What the hot loop needs, where it is found fastest. tuple.__new__ costs half as much as calling Data.
_new: Final = tuple.__new__
_ARRAY: Final = DataType.ARRAY
_STRUCTURE: Final = DataType.STRUCTURE
_OCTET_STRING: Final = DataType.OCTET_STRING
_VISIBLE_STRING: Final = DataType.VISIBLE_STRING


def decode_data(reader: Reader) -> Data:
    """Decode one Data. Raises DecodeError, LimitExceeded."""
    octets, offset, end = reader.octets, reader.offset, reader.end
    budget = reader.elements_left - 1
    room = reader.limits.nesting_depth - reader.depth
    # A loop instead of recursion, as this is the hot path: items belong to the innermost open container.
    outer: list[tuple[list[Data], int, DataType]] = []
    items: list[Data] = []
    missing, container = 1, _ARRAY
    try:
        while True:
            tag = octets[offset]
            if known := _KNOWN[tag]:
                items.append(known[octets[offset + 1]])
                offset += 2
            elif fixed := _FIXED[tag]:
                size, unpack, kind = fixed
                (value,) = unpack(octets, offset)
                items.append(_new(Data, (kind, value)))
                offset += size
            elif _TEXT[tag] and (length := octets[offset + 1]) < 0x80 and (stop := offset + 2 + length) <= end:
                text = octets[offset + 2 : stop]
                pair = (_OCTET_STRING, text) if tag == 9 else (_VISIBLE_STRING, text.decode("latin-1"))
                items.append(_new(Data, pair))
                offset = stop
            elif not tag:
                items.append(NULL)
                offset += 1
            elif tag <= 2:
                length = octets[offset + 1]
                offset += 2
                if length >= 0x80 or length > end - offset:
                    length, offset = _checked_length(reader, offset - 1)
                budget -= length
                if room <= 0 or budget < 0:
                    raise _too_much(reader, budget, offset)
                room -= 1
                outer.append((items, missing, container))
                items, missing, container = [], length + 1, _STRUCTURE if tag == 2 else _ARRAY
            else:
                data, offset, budget = _decode_other(reader, offset, budget, len(outer))
                items.append(data)
            missing -= 1
            while not missing:
                if not outer:
                    return _finished(reader, items[0], offset, budget)
                data = _new(Data, (container, tuple(items)))
                items, missing, container = outer.pop()
                items.append(data)
                missing -= 1
                room += 1
    except IndexError, struct.error:
        raise _too_short(octets, offset) from None


def _finished(reader: Reader, data: Data, offset: int, budget: int) -> Data:
    if offset > reader.end:
        raise DecodeError("octets end too early", reader.end)
    reader.offset = offset
    reader.elements_left = budget
    return data


def _checked_length(reader: Reader, offset: int) -> tuple[int, int]:
    """A length within the octets left, and the offset behind it."""
    reader.offset = offset
    return reader.count(), reader.offset


def _too_much(reader: Reader, budget: int, offset: int) -> LimitExceeded:
    limits = reader.limits
    if budget < 0:
        return LimitExceeded("elements", limits.elements, offset)
    return LimitExceeded("levels of nesting", limits.nesting_depth, offset)


def _too_short(octets: bytes, offset: int) -> DecodeError:
    if offset >= len(octets):
        return DecodeError("octets end where a type tag is expected", offset)
    return DecodeError(f"octets end inside of {DataType(octets[offset]).standard_name}", offset)


def _decode_other(reader: Reader, offset: int, budget: int, levels: int) -> tuple[Data, int, int]:
    """Decode a type that the hot loop leaves out; also return offset and budget."""
    reader.offset = offset
    tag = reader.unsigned8()
    match tag:
        case DataType.OCTET_STRING | DataType.VISIBLE_STRING | DataType.UTF8_STRING | DataType.BIT_STRING:
            data = decode_string(DataType(tag), reader)
        case DataType.COMPACT_ARRAY:
            reader.elements_left = budget
            reader.depth += levels
            data = Data(DataType.COMPACT_ARRAY, decode_compact_array(reader))
            reader.depth -= levels
            budget = reader.elements_left
        case DataType.DONT_CARE:
            data = DONT_CARE
        case _:
            raise DecodeError(f"unknown data type {tag:02X}", offset)
    return data, reader.offset, budget


def decode_data_octets(octets: bytes, limits: Limits = DEFAULT_LIMITS) -> Data:
    """Decode one Data; octets behind it are refused."""
    reader = Reader(octets, limits=limits)
    data = decode_data(reader)
    reader.finish()
    return data


def encode_data(data: Data, writer: Writer) -> None:
    """Encode one Data. Raises LocalProtocolError for a value that does not fit."""
    kind, value = data
    writer.unsigned8(kind)
    if kind is DataType.COMPACT_ARRAY and isinstance(value, CompactArray):
        encode_compact_array(value, writer)
    elif kind is DataType.ARRAY or kind is DataType.STRUCTURE:
        if type(value) is not tuple:
            raise LocalProtocolError(f"a {kind.standard_name} cannot hold this {type(value).__name__}")
        writer.length(len(value))
        for item in value:
            encode_data(item, writer)
    else:
        encode_simple(data, writer)


def encode_data_octets(data: Data) -> bytes:
    """Encode one Data."""
    writer = Writer()
    encode_data(data, writer)
    return writer.getvalue()


def plain(data: Data) -> PlainValue:
    """The value without types; containers and compact-arrays are tuples."""
    value = data.value
    if isinstance(value, CompactArray):
        return tuple(map(plain, value.elements))
    if isinstance(value, tuple) and not isinstance(value, BitString):
        return tuple(map(plain, value))
    return value
