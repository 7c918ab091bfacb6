"""Attributes of Extended register (class 4, IEC 62056-6-2): a Register with a status and the time of its capture.

Value and scaler_unit are read as in register.py, the capture time as in clock.py.
"""

from enum import IntEnum

from ..encoding.data import BitString, Data, DataType
from .interface_class import AttributeIndex
from .register import integer_of


class ExtendedRegisterAttribute(AttributeIndex):
    """Attributes of Extended register."""

    VALUE = 2
    SCALER_UNIT = 3
    STATUS = 4
    CAPTURE_TIME = 5


class ExtendedRegisterMethod(IntEnum):
    """Methods of Extended register."""

    RESET = 1


def status_text(data: Data) -> str | None:
    """Write a status, whose meaning is the manufacturer's, without guessing: a number in hex, bits as they come.

    A bit-string is written with its first bit first, an octet-string as hex. None when there is no status.
    """
    integer = integer_of(data)
    if integer is not None:
        return f"-0x{-integer:X}" if integer < 0 else f"0x{integer:X}"
    value = data.value
    if isinstance(value, BitString):
        return value.text
    if isinstance(value, bool):
        return "1" if value else "0"
    if data.type is DataType.OCTET_STRING and isinstance(value, bytes):
        return value.hex().upper()
    return None
