"""Register (class 3, IEC 62056-6-2), and the scaled value that other classes share.

Scaling is exact: decimal numbers, never binary floats.
"""

from decimal import Context, Decimal
from enum import IntEnum
import math
import struct
from typing import Final, NamedTuple

from ..encoding.data import Data, DataType
from ..errors import DecodeError
from .interface_class import AttributeIndex
from .units import NO_UNIT, unit_symbol

MAX_SCALER: Final = 30
"""Largest believable power of ten, either way: SI prefixes end there."""


class RegisterAttribute(AttributeIndex):
    """Attribute indices."""

    VALUE = 2
    SCALER_UNIT = 3


class RegisterMethod(IntEnum):
    """Method indices."""

    RESET = 1


_INTEGERS: Final = frozenset(
    {
        DataType.DOUBLE_LONG,
        DataType.DOUBLE_LONG_UNSIGNED,
        DataType.INTEGER,
        DataType.LONG,
        DataType.UNSIGNED,
        DataType.LONG_UNSIGNED,
        DataType.LONG64,
        DataType.LONG64_UNSIGNED,
        DataType.ENUM,
    }
)
_ONE_OCTET_UNSIGNED: Final = frozenset({DataType.UNSIGNED, DataType.ENUM})

# A 64-bit integer has 20 digits and the largest double 309; nothing is ever rounded in this context.
_EXACT: Final = Context(prec=400)


class ScalerUnit(NamedTuple):
    """Value in ``unit`` (a code of units.py) = number sent x 10 ** scaler."""

    scaler: int
    unit: int

    @property
    def symbol(self) -> str | None:
        """The printed symbol, None without one."""
        return unit_symbol(self.unit)

    @property
    def is_plausible(self) -> bool:
        """False if the scaler is too large to be true; then nothing is scaled."""
        return abs(self.scaler) <= MAX_SCALER


UNSCALED: Final = ScalerUnit(0, NO_UNIT)
"""For numbers without scaler_unit."""


def integer_of(data: Data) -> int | None:
    """An integer or enum, None for other types."""
    if data.type in _INTEGERS and isinstance(data.value, int):
        return data.value
    return None


def decode_scaler_unit(data: Data) -> ScalerUnit:
    """Decode a structure of two integers of any type. Raises DecodeError."""
    elements = data.value
    if data.type is not DataType.STRUCTURE or not isinstance(elements, tuple) or len(elements) != 2:
        raise DecodeError("scaler_unit is no structure of 2 elements")
    first, second = elements
    if not isinstance(first, Data) or not isinstance(second, Data):
        raise DecodeError("scaler_unit is no structure of 2 elements")
    scaler = integer_of(first)
    unit = integer_of(second)
    if scaler is None or unit is None:
        raise DecodeError("scaler_unit holds something else than two integers")
    if first.type in _ONE_OCTET_UNSIGNED and scaler > 127:
        scaler -= 256  # two's complement: 253 is -3
    if -128 <= unit < 0:
        unit += 256  # an `integer` octet where an enum belongs
    return ScalerUnit(scaler, unit)


def number_of(data: Data) -> Decimal | None:
    """The exact number sent; None for other types, NaN, infinity, bad bcd.

    Floats become their shortest decimal: a float32 of 230.1 is 230.1.
    """
    integer = integer_of(data)
    if integer is not None:
        return Decimal(integer)
    value = data.value
    if data.type is DataType.BCD and isinstance(value, int):
        tens, ones = divmod(value, 16)
        return Decimal(10 * tens + ones) if tens <= 9 and ones <= 9 else None
    if not isinstance(value, float) or not math.isfinite(value):
        return None
    return Decimal(_shortest_float32(value) if data.type is DataType.FLOAT32 else repr(value))


def scale(value: Data, scaler_unit: ScalerUnit | None) -> Decimal | None:
    """The exact value in its unit; without ``scaler_unit`` the number itself.

    None if it is no number, not finite, or the scaler is not plausible.
    """
    number = number_of(value)
    if number is None or scaler_unit is None or scaler_unit.scaler == 0:
        return number
    if not scaler_unit.is_plausible:
        return None
    shifted = number.scaleb(scaler_unit.scaler, _EXACT)
    exponent = shifted.as_tuple().exponent
    if isinstance(exponent, int) and exponent > 0:
        return shifted.quantize(Decimal(1), context=_EXACT)  # 12 x 10**3 is 12000, not 1.2E+4
    return shifted


def decimal_text(number: Decimal) -> str:
    """Text without an exponent: ``0.00001``, ``12000``."""
    return format(number, "f")


def _shortest_float32(value: float) -> str:
    """The shortest decimal of these four octets."""
    octets = struct.pack(">f", value)
    for digits in range(6, 9):
        text = f"{value:.{digits}g}"
        if struct.pack(">f", float(text)) == octets:
            return text
    return f"{value:.9g}"  # nine digits always do (IEEE 754)
