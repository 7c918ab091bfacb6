"""Data types as Python values (IEC 62056-5-3, Data; IEC 62056-6-2): tags, layouts, constructors.

A value keeps its type, because SET and selective access need the one that the meter uses.
"""

from enum import IntEnum
from struct import Struct
from typing import Final, NamedTuple, Self

from ..errors import LocalProtocolError


class DataType(IntEnum):
    """Tags of Data; 7, 8, 11 and 14 are obsolete."""

    NULL_DATA = 0
    ARRAY = 1
    STRUCTURE = 2
    BOOLEAN = 3
    BIT_STRING = 4
    DOUBLE_LONG = 5
    DOUBLE_LONG_UNSIGNED = 6
    OCTET_STRING = 9
    VISIBLE_STRING = 10
    UTF8_STRING = 12
    BCD = 13
    INTEGER = 15
    LONG = 16
    UNSIGNED = 17
    LONG_UNSIGNED = 18
    COMPACT_ARRAY = 19
    LONG64 = 20
    LONG64_UNSIGNED = 21
    ENUM = 22
    FLOAT32 = 23
    FLOAT64 = 24
    DATE_TIME = 25
    DATE = 26
    TIME = 27
    DELTA_INTEGER = 28
    DELTA_LONG = 29
    DELTA_DOUBLE_LONG = 30
    DELTA_UNSIGNED = 31
    DELTA_LONG_UNSIGNED = 32
    DELTA_DOUBLE_LONG_UNSIGNED = 33
    DONT_CARE = 255

    @property
    def standard_name(self) -> str:
        """As the standard spells it: ``double-long-unsigned``."""
        return self.name.lower().replace("_", "-")


class BitString(NamedTuple):
    """Bits in the order sent: bit 0 is the highest one of the first octet. Unused bits are 0."""

    octets: bytes
    bits: int

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Parse ``10100101``. Raises LocalProtocolError."""
        if text.strip("01"):
            raise LocalProtocolError("a bit-string is written with 0 and 1 only")
        size = (len(text) + 7) // 8
        return cls(int(text.ljust(size * 8, "0") or "0", 2).to_bytes(size, "big"), len(text))

    @property
    def text(self) -> str:
        """``10100101``, bit 0 first."""
        return "".join(f"{octet:08b}" for octet in self.octets)[: self.bits]

    def is_set(self, bit: int) -> bool:
        """True if the bit is set; False beyond the end."""
        return 0 <= bit < self.bits and bool(self.octets[bit // 8] & (0x80 >> bit % 8))


class TypeDescription(NamedTuple):
    """Type-description of a compact-array.

    elements: one per element of a structure; of an array one, for all ``array_count`` of them.
    """

    type: DataType
    elements: tuple[TypeDescription, ...] = ()
    array_count: int = 0


class CompactArray(NamedTuple):
    """Description and rows of a compact-array."""

    description: TypeDescription
    elements: tuple[Data, ...]


type DataValue = bool | int | float | str | bytes | BitString | tuple[Data, ...] | CompactArray | None

# The same without types: containers are tuples, a compact-array is the tuple of its rows.
type PlainValue = bool | int | float | str | bytes | BitString | tuple[PlainValue, ...] | None


class Data(NamedTuple):
    """One value with its type.

    None: null-data, dont-care. int: integers, enum, bcd. bytes: octet-string, date-time (12), date (5), time (4).
    str: visible-string (latin-1), utf8-string (surrogateescape). tuple of Data: array, structure. Else bool, float,
    BitString, CompactArray.
    """

    type: DataType
    value: DataValue


# struct codes of the types whose contents have one size, big-endian.
FIXED_CODES: Final[dict[DataType, str]] = {
    DataType.BOOLEAN: "?",
    DataType.DOUBLE_LONG: "i",
    DataType.DOUBLE_LONG_UNSIGNED: "I",
    DataType.BCD: "B",
    DataType.INTEGER: "b",
    DataType.LONG: "h",
    DataType.UNSIGNED: "B",
    DataType.LONG_UNSIGNED: "H",
    DataType.LONG64: "q",
    DataType.LONG64_UNSIGNED: "Q",
    DataType.ENUM: "B",
    DataType.FLOAT32: "f",
    DataType.FLOAT64: "d",
    DataType.DATE_TIME: "12s",
    DataType.DATE: "5s",
    DataType.TIME: "4s",
    DataType.DELTA_INTEGER: "b",
    DataType.DELTA_LONG: "h",
    DataType.DELTA_DOUBLE_LONG: "i",
    DataType.DELTA_UNSIGNED: "B",
    DataType.DELTA_LONG_UNSIGNED: "H",
    DataType.DELTA_DOUBLE_LONG_UNSIGNED: "I",
}

FIXED_STRUCTS: Final[dict[DataType, Struct]] = {kind: Struct(f">{code}") for kind, code in FIXED_CODES.items()}

DELTA_TYPES: Final = frozenset(kind for kind in DataType if kind.name.startswith("DELTA_"))

# Inclusive value ranges of the types a delta may build upon.
INTEGER_RANGES: Final[dict[DataType, tuple[int, int]]] = {
    DataType.INTEGER: (-(2**7), 2**7 - 1),
    DataType.LONG: (-(2**15), 2**15 - 1),
    DataType.DOUBLE_LONG: (-(2**31), 2**31 - 1),
    DataType.LONG64: (-(2**63), 2**63 - 1),
    DataType.UNSIGNED: (0, 2**8 - 1),
    DataType.LONG_UNSIGNED: (0, 2**16 - 1),
    DataType.DOUBLE_LONG_UNSIGNED: (0, 2**32 - 1),
    DataType.LONG64_UNSIGNED: (0, 2**64 - 1),
}

NULL: Final = Data(DataType.NULL_DATA, None)
DONT_CARE: Final = Data(DataType.DONT_CARE, None)


def array(*items: Data) -> Data:
    """An array."""
    return Data(DataType.ARRAY, items)


def structure(*items: Data) -> Data:
    """A structure."""
    return Data(DataType.STRUCTURE, items)


def boolean(value: bool) -> Data:
    """A boolean."""
    return Data(DataType.BOOLEAN, value)


def bit_string(text: str) -> Data:
    """A bit-string from ``10100101``."""
    return Data(DataType.BIT_STRING, BitString.from_text(text))


def double_long(value: int) -> Data:
    """32 bits, signed."""
    return Data(DataType.DOUBLE_LONG, value)


def double_long_unsigned(value: int) -> Data:
    """32 bits, unsigned."""
    return Data(DataType.DOUBLE_LONG_UNSIGNED, value)


def octet_string(value: bytes) -> Data:
    """An octet-string."""
    return Data(DataType.OCTET_STRING, value)


def visible_string(value: str) -> Data:
    """A visible-string, sent as latin-1."""
    return Data(DataType.VISIBLE_STRING, value)


def utf8_string(value: str) -> Data:
    """A utf8-string."""
    return Data(DataType.UTF8_STRING, value)


def bcd(value: int) -> Data:
    """A bcd; 0x12 for the digits 12."""
    return Data(DataType.BCD, value)


def integer(value: int) -> Data:
    """8 bits, signed."""
    return Data(DataType.INTEGER, value)


def long(value: int) -> Data:
    """16 bits, signed."""
    return Data(DataType.LONG, value)


def unsigned(value: int) -> Data:
    """8 bits, unsigned."""
    return Data(DataType.UNSIGNED, value)


def long_unsigned(value: int) -> Data:
    """16 bits, unsigned."""
    return Data(DataType.LONG_UNSIGNED, value)


def long64(value: int) -> Data:
    """64 bits, signed."""
    return Data(DataType.LONG64, value)


def long64_unsigned(value: int) -> Data:
    """64 bits, unsigned."""
    return Data(DataType.LONG64_UNSIGNED, value)


def enum(value: int) -> Data:
    """An enum."""
    return Data(DataType.ENUM, value)


def float32(value: float) -> Data:
    """An IEEE 754 single."""
    return Data(DataType.FLOAT32, value)


def float64(value: float) -> Data:
    """An IEEE 754 double."""
    return Data(DataType.FLOAT64, value)


def date_time(octets: bytes) -> Data:
    """A date-time of 12 octets; most attributes have an octet-string."""
    return Data(DataType.DATE_TIME, octets)


def date(octets: bytes) -> Data:
    """A date of 5 octets."""
    return Data(DataType.DATE, octets)


def time(octets: bytes) -> Data:
    """A time of 4 octets."""
    return Data(DataType.TIME, octets)


def compact_array(description: TypeDescription, *rows: Data) -> Data:
    """A compact-array; rows must fit the description."""
    return Data(DataType.COMPACT_ARRAY, CompactArray(description, rows))
