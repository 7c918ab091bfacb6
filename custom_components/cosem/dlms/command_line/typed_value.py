"""TYPE and VALUE as they are typed, made into Data (IEC 62056-6-2).

Errors do not repeat a value: it may be a secret.
"""

from collections.abc import Callable, Mapping
from datetime import date, datetime, time
import math
import re
from typing import Final

from ..encoding.cosem_time import (
    CosemDate,
    CosemDateTime,
    CosemTime,
    encode_date,
    encode_date_time,
    encode_time,
)
from ..encoding.data import decode_data_octets
from ..encoding.data_types import DELTA_TYPES, INTEGER_RANGES, BitString, Data, DataType, DataValue
from ..errors import DecodeError, LimitExceeded, LocalProtocolError
from .options import UsageError
from .wire import parse_hex

HEX: Final = "hex"
"""Instead of a type: the value is encoded Data, with its tag."""

_WITHOUT_VALUE: Final = frozenset({DataType.NULL_DATA, DataType.DONT_CARE})
_ONLY_AS_HEX: Final = frozenset({DataType.ARRAY, DataType.STRUCTURE, DataType.COMPACT_ARRAY})
_BOOLEANS: Final = {"true": True, "1": True, "false": False, "0": False}
_MICROSECONDS: Final = 10_000
"""In a hundredth of a second."""
_LARGEST_FLOAT32: Final = (2 - 2**-23) * 2.0**127
_LARGEST_FLOAT64: Final = (2 - 2**-52) * 2.0**1023

_OF_DELTAS: Final = {kind: INTEGER_RANGES[DataType[kind.name.removeprefix("DELTA_")]] for kind in DELTA_TYPES}
_RANGES: Final[Mapping[DataType, tuple[int, int]]] = {**INTEGER_RANGES, **_OF_DELTAS, DataType.ENUM: (0, 0xFF)}


def typed_data(type_name: str, text: str | None) -> Data:
    """Return the value of a type's standard name, or of ``hex``. Raises UsageError."""
    if type_name == HEX:
        return _encoded(_needed(type_name, text))
    kind = DataType[type_name.upper().replace("-", "_")]
    if kind in _ONLY_AS_HEX:
        raise UsageError(f"a value of the type {type_name} is written as {HEX}: encoded Data")
    if kind in _WITHOUT_VALUE:
        if text:
            raise UsageError(f"the type {type_name} has no value")
        return Data(kind, None)
    return Data(kind, _value(kind, _needed(type_name, text)))


def _needed(type_name: str, text: str | None) -> str:
    if text is None:
        raise UsageError(f"the type {type_name} needs a value")
    return text


def _value(kind: DataType, text: str) -> DataValue:
    if kind in _RANGES:
        return _integer(kind, text)
    return _PARSERS[kind](text)


def _integer(kind: DataType, text: str) -> int:
    least, most = _RANGES[kind]
    number = int(text, 0) if re.fullmatch(r"-?(0|[1-9][0-9]{0,20}|0x[0-9A-Fa-f]{1,16})", text, re.ASCII) else None
    if number is None or not least <= number <= most:
        raise UsageError(f"a value of the type {kind.standard_name} is a number from {least} to {most}")
    return number


def _boolean(text: str) -> bool:
    if (value := _BOOLEANS.get(text.lower())) is None:
        raise UsageError("a value of the type boolean is true or false")
    return value


def _bit_string(text: str) -> BitString:
    try:
        return BitString.from_text(text)
    except LocalProtocolError as error:
        raise UsageError(str(error)) from None


def _bcd(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,2}", text, re.ASCII):
        raise UsageError("a value of the type bcd is two digits")
    return int(text, 16)


def _number(largest: float) -> Callable[[str], float]:
    def parse(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not abs(value) <= largest:
            raise UsageError("a floating-point value is a number such as 12.5 that fits its type")
        return value

    return parse


def _visible_string(text: str) -> str:
    if not text.isascii():
        raise UsageError("a value of the type visible-string has letters of ASCII only; see utf8-string")
    return text


def _octet_string(text: str) -> bytes:
    """Hex; also a date and time, which most attributes hold in an octet-string."""
    octets = _octets(text)
    if octets is None and "T" in text:
        octets = _iso_date_time(text)
    if octets is None:
        raise UsageError("a value of the type octet-string is hexadecimal, or a date and time in ISO 8601")
    return octets


def _octets(text: str) -> bytes | None:
    try:
        return parse_hex(text) if text else b""
    except DecodeError:
        return None


def _iso_date_time(text: str) -> bytes | None:
    """Without an offset, the deviation is not specified."""
    try:
        return encode_date_time(CosemDateTime.from_datetime(datetime.fromisoformat(text)))
    except ValueError:
        return None


def _iso_date(text: str) -> bytes | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return encode_date(CosemDate(year=day.year, month=day.month, day=day.day, weekday=day.isoweekday()))


def _iso_time(text: str) -> bytes | None:
    try:
        moment = time.fromisoformat(text)
    except ValueError:
        return None
    hundredths = moment.microsecond // _MICROSECONDS
    return encode_time(CosemTime(hour=moment.hour, minute=moment.minute, second=moment.second, hundredths=hundredths))


def _moment(name: str, size: int, parse: Callable[[str], bytes | None]) -> Callable[[str], bytes]:
    """ISO 8601, or the octets in hex: only they say what is not specified."""

    def parsed(text: str) -> bytes:
        octets = parse(text)
        if octets is None:
            octets = _octets(text)
        if octets is None or len(octets) != size:
            raise UsageError(f"a value of the type {name} is written in ISO 8601, or as {size} octets in hex")
        return octets

    return parsed


def _encoded(text: str) -> Data:
    try:
        return decode_data_octets(parse_hex(text))
    except (DecodeError, LimitExceeded) as error:
        raise UsageError(f"the value is no encoded Data: {error}") from None


_PARSERS: Final[Mapping[DataType, Callable[[str], DataValue]]] = {
    DataType.BOOLEAN: _boolean,
    DataType.BIT_STRING: _bit_string,
    DataType.OCTET_STRING: _octet_string,
    DataType.VISIBLE_STRING: _visible_string,
    DataType.UTF8_STRING: str,
    DataType.BCD: _bcd,
    DataType.FLOAT32: _number(_LARGEST_FLOAT32),
    DataType.FLOAT64: _number(_LARGEST_FLOAT64),
    DataType.DATE_TIME: _moment("date-time", 12, _iso_date_time),
    DataType.DATE: _moment("date", 5, _iso_date),
    DataType.TIME: _moment("time", 4, _iso_time),
}
