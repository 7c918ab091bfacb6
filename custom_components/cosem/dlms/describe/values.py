"""What the value of an attribute says to a person or a program: scaled numbers, ISO 8601 times, plain JSON.

Knows the classes whose attributes are defined to hold date-times or scaled numbers (IEC 62056-6-2); gets decoded Data.
"""

from ..apdu.common import AttributeDescriptor
from ..encoding.cosem_time import decode_date, decode_time
from ..encoding.data_types import CompactArray, Data, DataType
from ..errors import DecodeError
from ..interface_classes.clock import TIME_ATTRIBUTES, decode_clock_time, instant
from ..interface_classes.register import (
    ScalerUnit,
    decimal_text,
    integer_of,
    scale,
)
from .elements import Json, describe_data


def attribute_value(attribute: AttributeDescriptor, data: Data, scaler_unit: ScalerUnit | None) -> Json:
    """Return the value in a form to work with.

    With ``scaler_unit`` a number becomes a decimal string in that unit, None when it is not finite or the scaler
    cannot be true. Points in time become ISO 8601 with the offset, if the meter gave one, and None when they name no
    point in time. Octets become hex; structures and arrays lists.
    """
    if scaler_unit is not None and is_number(data):
        number = scale(data, scaler_unit)
        return None if number is None else decimal_text(number)
    if (attribute.class_id, attribute.attribute_index) in TIME_ATTRIBUTES:
        return _time_text(data)
    return _plain(data)


def raw_value(data: Data) -> Json:
    """Return the value as the meter sent it, as plain JSON: nothing scaled, octets and times as hex."""
    value = data.value
    if isinstance(value, CompactArray):
        return [raw_value(element) for element in value.elements]
    if isinstance(value, tuple) and data.type in {DataType.ARRAY, DataType.STRUCTURE}:
        return [raw_value(element) for element in value if isinstance(element, Data)]
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, float):
        return value if value - value == 0 else None  # NaN and infinities are not JSON
    return describe_data(data)["value"]


def is_number(data: Data) -> bool:
    """Return whether a scaler applies: text, null-data and times stand for themselves."""
    return integer_of(data) is not None or data.type in {DataType.FLOAT32, DataType.FLOAT64, DataType.BCD}


def _time_text(data: Data) -> Json:
    """Return a point in time; newer meters send seconds since 1970 instead of a date-time."""
    if integer_of(data) is not None:
        moment = instant(data)
        return None if moment is None else moment.isoformat()
    try:
        return decode_clock_time(data).isoformat()
    except DecodeError:
        return _plain(data)


def _plain(data: Data) -> Json:
    """Return plain JSON, with points in time as ISO 8601 where the type says that they are ones."""
    value = data.value
    if isinstance(value, CompactArray):
        return [_plain(element) for element in value.elements]
    if isinstance(value, tuple) and data.type in {DataType.ARRAY, DataType.STRUCTURE}:
        return [_plain(element) for element in value if isinstance(element, Data)]
    return _tagged_time_text(data.type, value) if isinstance(value, bytes) else raw_value(data)


def _tagged_time_text(kind: DataType, octets: bytes) -> Json:
    """Return ISO 8601 for the types date-time, date and time, hex for every other and for what names no point."""
    try:
        match kind:
            case DataType.DATE_TIME:
                return decode_clock_time(Data(kind, octets)).isoformat() or octets.hex()
            case DataType.DATE:
                day = decode_date(octets).to_date()
                return octets.hex() if day is None else day.isoformat()
            case DataType.TIME:
                moment = decode_time(octets).to_time()
                return octets.hex() if moment is None else moment.isoformat()
    except DecodeError:
        pass
    return octets.hex()
