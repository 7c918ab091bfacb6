"""TYPE and VALUE as they are typed, made into Data (IEC 62056-6-2).

Errors (LocalProtocolError) do not repeat a value: it may be a secret.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
import math
import re
from typing import Final

from ..encoding.cosem_time import (
    MAX_DEVIATION,
    CosemDate,
    CosemDateTime,
    CosemTime,
    decode_date,
    decode_date_time,
    decode_time,
    encode_date,
    encode_date_time,
    encode_time,
)
from ..encoding.data import decode_data_octets
from ..encoding.data_types import DELTA_TYPES, INTEGER_RANGES, BitString, Data, DataType, DataValue
from ..encoding.octets import parse_hex
from ..errors import DecodeError, LimitExceeded, LocalProtocolError

HEX: Final = "hex"
"""Instead of a type: the value is encoded Data, with its tag."""

_WITHOUT_VALUE: Final = frozenset({DataType.NULL_DATA, DataType.DONT_CARE})
_ONLY_AS_HEX: Final = frozenset({DataType.ARRAY, DataType.STRUCTURE, DataType.COMPACT_ARRAY})
_BOOLEANS: Final = {"true": True, "1": True, "false": False, "0": False}
_MICROSECONDS: Final = 10_000
"""In a hundredth of a second."""
_EXAMPLE: Final = "2026-11-28T14:03:00+01:00"

_DATE_FORM: Final = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
_TIME_FORM: Final = "[0-9]{2}:[0-9]{2}(:[0-9]{2}([.,][0-9]{1,2}0{0,4})?)?"
"""With hundredths of a second at most; further digits are 0."""
_OFFSET_FORM: Final = "(Z|[+-][0-9]{2}(:?[0-9]{2})?)"
_DATE_TIME: Final = re.compile(f"{_DATE_FORM}[T ]{_TIME_FORM}{_OFFSET_FORM}?")
_DATE: Final = re.compile(_DATE_FORM)
_TIME: Final = re.compile(_TIME_FORM)
_TIME_WITH_OFFSET: Final = re.compile(f"{_TIME_FORM}{_OFFSET_FORM}")
_LIKE_A_TIME: Final = re.compile(f"T?{_TIME_FORM}{_OFFSET_FORM}?")

_LARGEST_FLOAT32: Final = (2 - 2**-23) * 2.0**127
_LARGEST_FLOAT64: Final = (2 - 2**-52) * 2.0**1023

_OF_DELTAS: Final = {kind: INTEGER_RANGES[DataType[kind.name.removeprefix("DELTA_")]] for kind in DELTA_TYPES}
_RANGES: Final[Mapping[DataType, tuple[int, int]]] = {**INTEGER_RANGES, **_OF_DELTAS, DataType.ENUM: (0, 0xFF)}


TYPE_NAMES: Final = (*[kind.standard_name for kind in DataType], HEX)
"""What a type may be called."""


def checked_type_name(text: str) -> str:
    """Return the standard's name of a type, or ``hex``. Raises LocalProtocolError."""
    if text not in TYPE_NAMES:
        raise LocalProtocolError(
            f"what is named is no data type; there are: {', '.join(TYPE_NAMES[:-1])}, and {HEX} for encoded Data"
        )
    return text


def typed_data(type_name: str, text: str | None) -> Data:
    """Return the value of a type's standard name, or of ``hex``. Raises LocalProtocolError."""
    if checked_type_name(type_name) == HEX:
        return _encoded(_needed(type_name, text))
    kind = DataType[type_name.upper().replace("-", "_")]
    if kind in _ONLY_AS_HEX:
        raise LocalProtocolError(f"a value of the type {type_name} is written as {HEX}: encoded Data")
    if kind in _WITHOUT_VALUE:
        if text:
            raise LocalProtocolError(f"the type {type_name} has no value")
        return Data(kind, None)
    return Data(kind, _value(kind, _needed(type_name, text)))


def _needed(type_name: str, text: str | None) -> str:
    if text is None:
        raise LocalProtocolError(f"the type {type_name} needs a value")
    return text


def _value(kind: DataType, text: str) -> DataValue:
    if kind in _RANGES:
        return _integer(kind, text)
    return _PARSERS[kind](text)


def _integer(kind: DataType, text: str) -> int:
    least, most = _RANGES[kind]
    number = int(text, 0) if re.fullmatch(r"-?(0|[1-9][0-9]{0,20}|0x[0-9A-Fa-f]{1,16})", text, re.ASCII) else None
    if number is None or not least <= number <= most:
        raise LocalProtocolError(f"a value of the type {kind.standard_name} is a number from {least} to {most}")
    return number


def _boolean(text: str) -> bool:
    if (value := _BOOLEANS.get(text.lower())) is None:
        raise LocalProtocolError("a value of the type boolean is true or false")
    return value


def _bcd(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,2}", text, re.ASCII):
        raise LocalProtocolError("a value of the type bcd is two digits")
    return int(text, 16)


def _number(largest: float) -> Callable[[str], float]:
    def parse(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not abs(value) <= largest:
            raise LocalProtocolError("a floating-point value is a number such as 12.5 that fits its type")
        return value

    return parse


def _visible_string(text: str) -> str:
    if not text.isascii():
        raise LocalProtocolError("a value of the type visible-string has letters of ASCII only; see utf8-string")
    return text


def _octet_string(text: str) -> bytes:
    """Hex; also a date and time, which most attributes hold in an octet-string."""
    if _DATE_TIME.fullmatch(text):
        return _DATE_TIME_VALUE(text)
    if _LIKE_A_TIME.fullmatch(text):
        raise LocalProtocolError(
            "this may be a time, or octets: write octets without colons; octets of a time are 0E030000"
        )
    octets = _octets(text)
    if octets is None:
        raise LocalProtocolError(
            f"a value of the type octet-string is hexadecimal, or a date and time such as {_EXAMPLE}"
        )
    return octets


def _octets(text: str) -> bytes | None:
    try:
        return parse_hex(text) if text else b""
    except DecodeError:
        return None


def _iso_date_time(text: str) -> bytes:
    """Without an offset, the deviation is not specified."""
    moment = CosemDateTime.from_datetime(datetime.fromisoformat(text))
    if moment.deviation is not None and abs(moment.deviation) > MAX_DEVIATION:
        raise LocalProtocolError(f"an offset from UTC is {MAX_DEVIATION // 60} hours at most")
    return encode_date_time(moment)


def _iso_date(text: str) -> bytes:
    day = date.fromisoformat(text)
    return encode_date(CosemDate(year=day.year, month=day.month, day=day.day, weekday=day.isoweekday()))


def _iso_time(text: str) -> bytes:
    if text.startswith("24"):
        raise LocalProtocolError("a time of day ends before 24:00, which is 00:00 of the next day")
    moment = time.fromisoformat(text)
    hundredths = moment.microsecond // _MICROSECONDS
    return encode_time(CosemTime(hour=moment.hour, minute=moment.minute, second=moment.second, hundredths=hundredths))


@dataclass(frozen=True, slots=True)
class _Moment:
    """Reads ISO 8601, or the octets in hex: only they say what is not specified.

    Which of both it is does not depend on what fits: digits alone are octets, also where they could be a date or time.
    """

    name: str
    form: re.Pattern[str]
    example: str
    encode: Callable[[str], bytes]
    size: int
    decode: Callable[[bytes], object]

    def __call__(self, text: str) -> bytes:
        """Return the octets. Raises LocalProtocolError."""
        if not re.search("[-:]", text):
            return self._checked(_octets(text) or b"")
        if not self.form.fullmatch(text):
            reason = "; it has no offset" if self.form is _TIME and _TIME_WITH_OFFSET.fullmatch(text) else ""
            raise self._error(reason)
        try:
            return self.encode(text)
        except ValueError, OverflowError:
            raise self._error("; there is no such day or time") from None

    def _checked(self, octets: bytes) -> bytes:
        if len(octets) != self.size:
            raise self._error()
        try:
            self.decode(octets)
        except DecodeError:
            raise self._error("; these octets are none") from None
        return octets

    def _error(self, reason: str = "") -> LocalProtocolError:
        return LocalProtocolError(
            f"a value of the type {self.name} is written in ISO 8601, such as {self.example}, "
            f"or as {self.size} octets in hex{reason}"
        )


_DATE_TIME_VALUE: Final = _Moment("date-time", _DATE_TIME, _EXAMPLE, _iso_date_time, 12, decode_date_time)


def _encoded(text: str) -> Data:
    try:
        return decode_data_octets(parse_hex(text))
    except (DecodeError, LimitExceeded) as error:
        raise LocalProtocolError(f"the value is no encoded Data: {error}") from None


_PARSERS: Final[Mapping[DataType, Callable[[str], DataValue]]] = {
    DataType.BOOLEAN: _boolean,
    DataType.BIT_STRING: BitString.from_text,
    DataType.OCTET_STRING: _octet_string,
    DataType.VISIBLE_STRING: _visible_string,
    DataType.UTF8_STRING: str,
    DataType.BCD: _bcd,
    DataType.FLOAT32: _number(_LARGEST_FLOAT32),
    DataType.FLOAT64: _number(_LARGEST_FLOAT64),
    DataType.DATE_TIME: _DATE_TIME_VALUE,
    DataType.DATE: _Moment("date", _DATE, "2026-11-28", _iso_date, 5, decode_date),
    DataType.TIME: _Moment("time", _TIME, "14:03:00", _iso_time, 4, decode_time),
}
