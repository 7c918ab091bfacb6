"""Extended register (class 4, IEC 62056-6-2): a Register with status and capture time."""

from enum import IntEnum
from typing import Final

from ..encoding.data import BitString, Data, DataType
from .interface_class import AttributeIndex
from .register import integer_of

_BITS: Final = 64
_MOST_SHOWN: Final = 256
"""Bits or octets; a state has 255 characters."""
_WIDTHS: Final = {DataType.INTEGER: 8, DataType.LONG: 16, DataType.DOUBLE_LONG: 32}
"""Of the signed types: a negative number has all bits up to there."""


class ExtendedRegisterAttribute(AttributeIndex):
    """Attribute indices."""

    VALUE = 2
    SCALER_UNIT = 3
    STATUS = 4
    CAPTURE_TIME = 5


class ExtendedRegisterMethod(IntEnum):
    """Method indices."""

    RESET = 1


def status_text(data: Data) -> str | None:
    """Text of a status: numbers and octets in hex, bits as 0 and 1, first bit first; None for other types.

    Of very long ones the beginning.
    """
    integer = integer_of(data)  # nothing is interpreted: the meaning is the manufacturer's
    if integer is not None:
        return f"-0x{-integer:X}" if integer < 0 else f"0x{integer:X}"
    value = data.value
    if isinstance(value, BitString):
        return BitString(value.octets[: _MOST_SHOWN // 8], min(value.bits, _MOST_SHOWN)).text
    if isinstance(value, bool):
        return "1" if value else "0"
    if data.type is DataType.OCTET_STRING and isinstance(value, bytes):
        return value[:_MOST_SHOWN].hex().upper()
    return None


def set_bits(data: Data) -> tuple[int, ...] | None:
    """The numbers of the bits that are set; None for other types, and for more than 64 bits.

    In numbers and octets bit 0 is the least significant one, in a bit-string it is the first.
    """
    value = data.value
    if isinstance(value, BitString):
        return tuple(index for index, bit in enumerate(value.text) if bit == "1") if value.bits <= _BITS else None
    if isinstance(value, bytes) and data.type is DataType.OCTET_STRING:
        if 8 * len(value) > _BITS:
            return None
        number = int.from_bytes(value)
    elif isinstance(value, bool):
        number = int(value)
    elif (integer := integer_of(data)) is not None:
        number = integer % (1 << _WIDTHS.get(data.type, _BITS))
    else:
        return None
    return tuple(bit for bit in range(_BITS) if number >> bit & 1)


def says_something(status: Data | None) -> bool:
    """True for a status with any bit set; what it means is the manufacturer's."""
    if status is None:
        return False
    value = status.value
    if isinstance(value, BitString):
        return any(value.octets)
    return any(value) if isinstance(value, bytes) else bool(integer_of(status) or value is True)
